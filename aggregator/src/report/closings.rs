//! The closings of periods as a list, and what stands in the way of another one.

use super::{asking::AskingError, figures::Figures, question::AskError};
use crate::{
    closing::late,
    store::{Store, StoredObservation},
};
use chrono::NaiveDate;
use shared::{
    calendar::rfc3339,
    due,
    language::Language,
    listing::{Column, Form, Listing},
    period::Period,
    snapshot::Snapshot,
};

/// Why a period is not to be closed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// It lies in the future.
    NotBegun,
    /// Somebody may still report in time.
    BeforeCutoff {
        /// The last cut-off day.
        day: NaiveDate,
        /// A commune that has it.
        commune: String,
    },
}

/// What stands in the way of closing a period today. `early` closes it before its last cut-off day.
#[must_use]
pub fn obstacle(figures: &Figures, period: Period, early: bool) -> Option<Obstacle> {
    if period.first_day() > figures.today {
        return Some(Obstacle::NotBegun);
    }
    let last = last_cutoff(figures, period).filter(|(day, _)| *day >= figures.today && !early);
    last.map(|(day, commune)| Obstacle::BeforeCutoff { day, commune })
}

/// The last cut-off day of those who have to report in a period, and a commune that has it.
fn last_cutoff(figures: &Figures, period: Period) -> Option<(NaiveDate, String)> {
    let book = figures.standings.book();
    let all = (0..).zip(book.members()).filter(|(commune, _)| due::duties(book, *commune, period).next().is_some());
    all.map(|(commune, member)| (book.cutoff(commune, period), member.row.name.clone())).max()
}

/// All closings, with how much came after those in force; `in_words` for people, else with words for programs.
///
/// # Errors
/// The store's, or a snapshot that cannot be read.
pub async fn listing(store: &dyn Store, in_words: bool, language: Language) -> Result<Listing, AskingError> {
    let column = |name: &str, vi: &str, en: &str, form| Column::new(name, language.pick(vi, en), form);
    let held = store.observations().await?;
    let mut rows = Vec::new();
    for closing in store.closings().await? {
        let late = match store.snapshot(closing.period, closing.revision).await? {
            Some(snapshot) if closing.is_in_force() => count_late(&snapshot, held.clone())?.to_string(),
            _ => String::new(),
        };
        let state = if closing.is_in_force() { ("đã chốt", "closed") } else { ("đã mở lại", "reopened") };
        let reopened = closing.reopened.as_ref();
        rows.push(vec![
            closing.period.to_string(),
            closing.revision.to_string(),
            if in_words { language.pick(state.0, state.1) } else { state.1 }.to_owned(),
            rfc3339(closing.closed_at),
            closing.closed_by.clone(),
            late,
            closing.digest.map(hex::encode).unwrap_or_default(),
            reopened.map(|reopened| rfc3339(reopened.at)).unwrap_or_default(),
            reopened.map(|reopened| reopened.by.clone()).unwrap_or_default(),
            reopened.map(|reopened| reopened.reason.clone()).unwrap_or_default(),
        ]);
    }
    Ok(Listing {
        title: language.pick("Các lần chốt", "Closings").to_owned(),
        notes: Vec::new(),
        columns: vec![
            column("period", "Kỳ", "Period", Form::Text),
            column("revision", "Lần", "Revision", Form::Number),
            column("state", "Tình trạng", "State", Form::Text),
            column("closed_at", "Lúc", "At", Form::Time),
            column("closed_by", "Người chốt", "By", Form::Text),
            column("late", "Đến sau", "Late", Form::Number),
            column("digest", "", "", Form::Text),
            column("reopened_at", "Mở lại lúc", "Reopened", Form::Time),
            column("reopened_by", "Người mở", "By", Form::Text),
            column("reason", "Lý do", "Reason", Form::Text),
        ],
        rows,
    })
}

fn count_late(snapshot: &Snapshot, held: Vec<StoredObservation>) -> Result<usize, AskError> {
    let period = snapshot.head.period;
    let inputs = snapshot.inputs().map_err(|error| AskError::BadSnapshot(period, error.to_string()))?;
    Ok(late(&inputs, period, held).len())
}
