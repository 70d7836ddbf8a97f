//! Answers about a closed period: made from what was frozen, and said to be so.

use super::{
    answer::answer,
    figures::Figures,
    question::{AskError, ExportTable, Question, Subject},
};
use crate::{
    closing::Frozen,
    store::{Closing, Reopening},
};
use chrono::{DateTime, Utc};
use shared::{
    calendar::local_day,
    language::Language,
    listing::{Form, Listing, for_people},
};

/// The closing whose figures answer a question, with the question about just its period; none where the present figures do.
///
/// # Errors
/// The period has no such closing, or lies outside the plan year.
pub fn closing_of(figures: &Figures, question: &Question) -> Result<Option<(Closing, Question)>, AskError> {
    let is_present = match question.subject {
        // What was reported of tasks and by units is not frozen beyond what the rankings need.
        Subject::Communes
        | Subject::Due(_)
        | Subject::UnitsDue(_)
        | Subject::Alerts(_)
        | Subject::Queue(_)
        | Subject::Reviews
        | Subject::Tasks(_)
        | Subject::Units(_)
        | Subject::Checks(_)
        | Subject::History(_)
        | Subject::Quality => true,
        Subject::Rankings(_)
        | Subject::Schemes
        | Subject::Explain(_)
        | Subject::Detail(_)
        | Subject::Indicator(_)
        | Subject::WhatIf(_)
        | Subject::Export(ExportTable::Rankings | ExportTable::Explain) => false,
        // Inputs without a period: the whole plan year.
        Subject::Export(_) => question.period.is_none(),
    };
    if is_present {
        return Ok(None);
    }
    let period = figures.period(question.period)?;
    let closing = figures.closing(period, question.edition)?;
    Ok(closing.map(|closing| (closing.clone(), Question { period: Some(period), ..question.clone() })))
}

/// Answers from the figures of a closing.
///
/// # Errors
/// What was asked did not exist then.
pub fn answer_closed(frozen: &Frozen, question: &Question) -> Result<Listing, AskError> {
    let mut report = answer(&frozen.figures, Some(&frozen.inputs), question)?;
    let (closing, language) = (&frozen.closing, question.language);
    if !report.title.is_empty() {
        let day = local_day(closing.closed_at);
        let (number, vi, en) = (closing.revision, day.format("%d/%m/%Y"), day);
        report.title = language.pick(
            format!("{} · đã chốt lần {number} ngày {vi}", report.title),
            format!("{} · closed on {en}, revision {number}", report.title),
        );
    }
    report.notes.extend(told(closing, language));
    Ok(report)
}

fn time(at: DateTime<Utc>, language: Language) -> String {
    for_people(Form::Time, &shared::calendar::rfc3339(at), language)
}

fn told(closing: &Closing, language: Language) -> Vec<String> {
    let digest = closing.digest.map(hex::encode).unwrap_or_default();
    let (at, by) = (time(closing.closed_at, language), &closing.closed_by);
    let mut notes = vec![language.pick(
        format!("Số liệu như khi chốt: {at}, người chốt {by}; mã băm {digest}. Số liệu hiện tại: --revision present."),
        format!("Figures as closed: {at} by {by}; digest {digest}. The present ones: --revision present."),
    )];
    if let Some(Reopening { at, by, reason }) = &closing.reopened {
        let at = time(*at, language);
        notes.push(language.pick(
            format!("Lần chốt này đã được mở lại {at}, người mở {by}: {reason}"),
            format!("This closing was reopened {at} by {by}: {reason}"),
        ));
    }
    notes
}
