//! The closings of periods: whether a period can be closed, closing it with proof, and all closings, their proofs and what came after as
//! lists. The commands `period` and the pages say the same by it.

use super::{asking::AskingError, figures::Figures, question::AskError};
use crate::{
    closing::{self, Frozen, Lateness, late},
    store::{Act, Closed, Closing, Finding, Flaw, Store, StoreError, StoredObservation},
};
use chrono::NaiveDate;
use shared::{
    calendar::rfc3339,
    due,
    language::Language,
    listing::{Column, Form, Listing},
    period::Period,
    ranking::{Scheme, Scope, previous_in_year},
    snapshot::{Mismatch, Snapshot},
    tables::write::value_cells,
};

/// Why a period should not, or cannot, be closed now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// It has not begun.
    NotBegun,
    /// A commune has still time to report; who insists may close it early.
    BeforeCutoff {
        /// The last day of the one that has most time.
        day: NaiveDate,
        /// Its name.
        commune: String,
    },
}

/// What stands in the way of closing a period on the day of the figures. `early` closes it before its last cut-off day.
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

/// A period after this one that is closed already: its movement was measured against this one when it was open. In words, for the one who
/// closes this one; none where there is no such period.
#[must_use]
pub fn measured_while_open(figures: &Figures, period: Period, language: Language) -> Option<String> {
    let in_force = figures.closings.iter().filter(|closing| closing.is_in_force());
    let later = in_force.map(|closing| closing.period).find(|later| previous_in_year(*later) == Some(period))?;
    Some(language.pick(
        format!("Lưu ý: kỳ {later} đã chốt trước; cột tăng, giảm của kỳ đó so với kỳ {period} khi chưa chốt. Muốn so với bản chốt này: mở lại kỳ {later} rồi chốt lại."),
        format!("Note: {later} was closed before; its movement was measured against {period} while that was open. To measure it against this closing, reopen {later} and close it again."),
    ))
}

/// What came of closing a period.
#[derive(Debug)]
pub enum Outcome {
    /// It is closed, and what was kept is what was computed.
    Done {
        /// The closing.
        closing: Closing,
        /// How many communes are ranked.
        ranked: usize,
        /// How many versions of figures are frozen.
        observations: usize,
        /// How many results count without having been reviewed.
        provisional: u32,
    },
    /// It was closed before; nothing is changed.
    Before(Closing),
    /// It is closed, but what was kept does not agree with itself.
    Unproved,
}

impl Outcome {
    /// For the one who closed it; none where something is wrong.
    #[must_use]
    pub fn words(&self, language: Language) -> Option<String> {
        match self {
            Outcome::Unproved => None,
            Outcome::Before(Closing { period, revision, .. }) => Some(language.pick(
                format!("Kỳ {period} đã chốt từ trước (lần {revision}), không thay đổi gì."),
                format!("{period} was closed before (revision {revision}), nothing is changed."),
            )),
            Outcome::Done { closing, ranked, observations, provisional } => {
                let Closing { period, revision, digest, .. } = closing;
                let digest = digest.map(hex::encode).unwrap_or_default();
                Some(language.pick(
                    format!(
                        "Đã chốt kỳ {period}, lần {revision}: {ranked} xã, phường được xếp hạng từ {observations} phiên bản số liệu; \
                         {provisional} kết quả đạt còn tạm tính vì chưa thẩm định.\nMã băm SHA-256: {digest}"
                    ),
                    format!(
                        "Closed {period}, revision {revision}: {ranked} communes ranked from {observations} versions of figures; \
                         {provisional} met results are provisional, not yet reviewed.\nDigest (SHA-256): {digest}"
                    ),
                ))
            }
        }
    }
}

/// Closes a period, and reads back from the disk what is said of it.
///
/// # Errors
/// The store's; no snapshot can be made of it.
pub async fn close(store: &dyn Store, period: Period, act: Act) -> Result<Outcome, AskingError> {
    let closing = match closing::close(store, period, act).await? {
        Closed::Done(closing) => closing,
        Closed::Before(closing) => return Ok(Outcome::Before(closing)),
        Closed::Unfit(error) => return Err(AskError::BadSnapshot(period, error.to_string()).into()),
    };
    if !proved(store, &closing).await?.is_empty() {
        return Ok(Outcome::Unproved);
    }
    let frozen = Frozen::load(store, closing.clone()).await?;
    let rows = frozen.figures.standings.ranking(Scheme::Own, period, &Scope::default());
    let ranked = rows.iter().filter(|row| row.rank.is_some()).count();
    let provisional = rows.iter().map(|row| row.provisional).sum();
    Ok(Outcome::Done { closing, ranked, observations: frozen.inputs.observations.len(), provisional })
}

/// What of a closing does not agree with what was noted.
///
/// # Errors
/// The store's.
pub async fn proved(store: &dyn Store, closing: &Closing) -> Result<Vec<Mismatch>, StoreError> {
    let Some(digest) = closing.digest else { return Ok(Vec::new()) };
    Ok(match store.snapshot(closing.period, closing.revision).await {
        Ok(Some(snapshot)) => snapshot.verify(&digest),
        Ok(None) => vec![Mismatch::Digest],
        Err(StoreError::Unreadable(what)) => vec![Mismatch::Table(what.into(), None)],
        Err(error) => return Err(error),
    })
}

/// The closings that do not agree with their digests or with what they compute to.
///
/// # Errors
/// The store's.
pub async fn disagreeing(store: &dyn Store) -> Result<Vec<Finding>, StoreError> {
    let mut bad = Vec::new();
    for closing in store.closings().await? {
        if !proved(store, &closing).await?.is_empty() {
            let place = format!("{}, revision {}", closing.period, closing.revision);
            bad.push(Finding { commune: String::new(), flaw: Flaw::Snapshot, place });
        }
    }
    Ok(bad)
}

/// The closing of a period that is in force, or one of its closings by number.
///
/// # Errors
/// The store's; none where there is no such closing.
pub async fn closing_of(
    store: &dyn Store,
    period: Period,
    revision: Option<u32>,
) -> Result<Option<Closing>, StoreError> {
    let mut of_period = store.closings().await?.into_iter().filter(|closing| closing.period == period);
    Ok(match revision {
        Some(number) => of_period.find(|closing| closing.revision == number),
        None => of_period.find(Closing::is_in_force),
    })
}

/// A word for people, or its stable form.
fn word(for_people: bool, (vi, en): (&str, &str), stable: &str, language: Language) -> String {
    if for_people { language.pick(vi, en).to_owned() } else { stable.to_owned() }
}

/// All closings, with how much came after each that is in force. `for_people`: words in their language, not the stable ones.
///
/// # Errors
/// The store's; a snapshot that cannot be read.
pub async fn listing(store: &dyn Store, for_people: bool, language: Language) -> Result<Listing, AskingError> {
    let column = |name: &str, vi: &str, en: &str, form| Column::new(name, language.pick(vi, en), form);
    let held = store.observations().await?;
    let mut rows = Vec::new();
    for closing in store.closings().await? {
        let late = match store.snapshot(closing.period, closing.revision).await? {
            Some(snapshot) if closing.is_in_force() => count_late(&snapshot, held.clone())?.to_string(),
            _ => String::new(),
        };
        let (words, stable) = if closing.is_in_force() {
            (("đã chốt", "closed"), "closed")
        } else {
            (("đã mở lại", "reopened"), "reopened")
        };
        let reopened = closing.reopened.as_ref();
        rows.push(vec![
            closing.period.to_string(),
            closing.revision.to_string(),
            word(for_people, words, stable, language),
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

/// The closings computed again from what was frozen; how many do not agree.
///
/// # Errors
/// The store's.
pub async fn proofs(
    store: &dyn Store,
    closings: Vec<Closing>,
    for_people: bool,
    language: Language,
) -> Result<(Listing, usize), StoreError> {
    let column = |name: &str, vi: &str, en: &str, form| Column::new(name, language.pick(vi, en), form);
    let (mut rows, mut bad) = (Vec::new(), 0);
    let of_history = store.verify_audit().await?.1;
    for closing in closings {
        let mut findings = proved(store, &closing).await?;
        let is_other = |found: &Finding| {
            found.flaw == Flaw::Snapshot && found.place == format!("{}, revision {}", closing.period, closing.revision)
        };
        if findings.is_empty() && of_history.iter().any(is_other) {
            findings.push(Mismatch::Digest);
        }
        let (words, stable) = match (closing.digest, findings.is_empty()) {
            (None, _) => (("không có bản chốt", "no_snapshot"), "no_snapshot"),
            (_, true) => (("khớp", "equal"), "equal"),
            (_, false) => (("KHÁC", "differs"), "differs"),
        };
        bad += usize::from(!findings.is_empty());
        let detail = findings.iter().map(|finding| match finding {
            Mismatch::Digest => {
                language.pick("mã băm khác lúc chốt", "another digest than when it was closed").to_owned()
            }
            Mismatch::Table(name, None) => {
                language.pick(format!("{name} tính lại ra khác"), format!("{name} comes out differently"))
            }
            Mismatch::Table(name, Some(why)) => {
                language.pick(format!("{name} không tính lại được: {why}"), format!("{name} cannot be computed: {why}"))
            }
        });
        rows.push(vec![
            closing.period.to_string(),
            closing.revision.to_string(),
            closing.digest.map(hex::encode).unwrap_or_default(),
            word(for_people, words, stable, language),
            detail.collect::<Vec<_>>().join("; "),
        ]);
    }
    let list = Listing {
        title: language.pick("Kiểm chứng các lần chốt", "Closings proved").to_owned(),
        notes: Vec::new(),
        columns: vec![
            column("period", "Kỳ", "Period", Form::Text),
            column("revision", "Lần", "Revision", Form::Number),
            column("digest", "Mã băm", "Digest", Form::Text),
            column("result", "Kết quả", "Result", Form::Text),
            column("detail", "Chi tiết", "Detail", Form::Text),
        ],
        rows,
    };
    Ok((list, bad))
}

/// What came after a closing: figures, evidence, verdicts.
///
/// # Errors
/// The store's; a snapshot that cannot be read.
pub async fn late_list(
    store: &dyn Store,
    closing: Closing,
    for_people: bool,
    language: Language,
) -> Result<Listing, AskingError> {
    let period = closing.period;
    let frozen = Frozen::load(store, closing).await?;
    let found = late(&frozen.inputs, period, store.observations().await?);
    let column = |name: &str, vi: &str, en: &str, form| Column::new(name, language.pick(vi, en), form);
    let rows = found.iter().map(|(why, late)| {
        let (words, stable) = match why {
            Lateness::Figure => (("số liệu", "figure"), "figure"),
            Lateness::Evidence => (("minh chứng", "evidence"), "evidence"),
            Lateness::Verdict => (("thẩm định", "verdict"), "verdict"),
        };
        let [numerator, denominator, value] = value_cells(late.value);
        vec![
            late.commune.clone(),
            late.key.indicator.clone(),
            late.key.unit.clone(),
            late.key.period.to_string(),
            late.version.to_string(),
            word(for_people, words, stable, language),
            numerator,
            denominator,
            value,
            rfc3339(late.received_at),
            late.entered_by.clone(),
        ]
    });
    Ok(Listing {
        title: language.pick(format!("Đến sau khi chốt kỳ {period}"), format!("Came after {period} was closed")),
        notes: vec![
            language
                .pick(
                    "Được giữ lại, tính vào các kỳ còn mở; vào kỳ này khi mở lại (`period reopen`) và chốt lần sau.",
                    "Kept, and counted in the periods that are open; in this one after `period reopen` and the next closing.",
                )
                .to_owned(),
        ],
        columns: vec![
            column("commune", "Xã, phường", "Commune", Form::Text),
            column("indicator", "Mã", "Code", Form::Text),
            column("unit", "Đơn vị", "Unit", Form::Text),
            column("period", "Kỳ số liệu", "Figure of", Form::Text),
            column("version", "Bản", "Version", Form::Number),
            column("late", "Đến sau", "Late", Form::Text),
            column("numerator", "Tử số", "Numerator", Form::Number),
            column("denominator", "Mẫu số", "Denominator", Form::Number),
            column("value", "Giá trị", "Value", Form::Value),
            column("received_at", "Nhận lúc", "Received", Form::Time),
            column("entered_by", "Người nhập", "By", Form::Text),
        ],
        rows: rows.collect(),
    })
}
