//! Making the report of a period and its annex from a store: the command `report` and the pages give the same bytes by it.

use super::{Before, LISTS, Means, Sources, mean, province_values};
use crate::{
    closing::Frozen,
    report::{
        answer::answer,
        cli::ReportError,
        held::Held,
        question::{Edition, Question, QueueAsked, Subject, TasksAsked},
    },
    store::Store,
};
use chrono::{DateTime, Utc};
use document::office::Office;
use shared::{
    language::Language,
    listing::Listing,
    period::{Cycle, Period},
    ranking::{Scheme, Scope, previous_in_year},
    task::Reported,
};
use std::{
    collections::BTreeMap,
    io::{self, Cursor},
    sync::Arc,
};
use thiserror::Error;

/// A report with its annex.
#[derive(Debug)]
pub struct Made {
    /// DOCX.
    pub report: Vec<u8>,
    /// XLSX.
    pub annex: Vec<u8>,
}

/// Why there is no report.
#[derive(Debug, Error)]
pub enum MakingError {
    /// Nothing was reported in the period.
    #[error("nothing was reported for {0}")]
    NothingReported(Period),
    /// What it is made from.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// Something does not fit into a document.
    #[error(transparent)]
    Document(#[from] document::Error),
    /// The annex cannot be written.
    #[error("the annex: {0}")]
    Workbook(io::Error),
}

/// Makes both.
///
/// # Errors
/// [`MakingError`]
pub async fn make(
    store: Arc<dyn Store>,
    office: Office,
    period: Period,
    now: DateTime<Utc>,
) -> Result<Made, MakingError> {
    let mut held = Held::load(store, now).await?;
    let mut lists: BTreeMap<&'static str, Listing> = BTreeMap::new();
    for (name, _) in LISTS {
        lists.insert(name, held.ask(&asked(name, period)).await?);
    }
    let reported = |list: &Listing| {
        let at = list.columns.iter().position(|column| column.name == "reported");
        list.rows.iter().any(|row| at.and_then(|at| row.get(at)).is_some_and(|cell| cell != "0"))
    };
    if !lists.get("quality").is_some_and(reported) {
        return Err(MakingError::NothingReported(period));
    }
    let (before, means) = as_closed(&mut held, period).await?;
    match held.frozen(Some(period), Edition::InForce).await? {
        Some(frozen) => {
            closed_lists(frozen, period, &mut lists)?;
            let figures = &frozen.figures;
            made(&Sources { figures, lists, period, is_closed: true, before, means }, office)
        }
        None => {
            let figures = &held.figures;
            made(&Sources { figures, lists, period, is_closed: false, before, means }, office)
        }
    }
}

/// What the closed months before it were closed with: the province's own figures of the period before, and the mean scores.
async fn as_closed(held: &mut Held, of: Period) -> Result<(Option<Before>, Means), ReportError> {
    let before = previous_in_year(of);
    let in_force = held.figures.closings.iter().filter(|closing| closing.is_in_force());
    let earlier = |period: &Period| {
        period.ends_by(of) && *period != of && (period.cycle() == Cycle::Monthly || Some(*period) == before)
    };
    let periods: Vec<Period> = in_force.map(|closing| closing.period).filter(earlier).collect();
    let (mut figures, mut means) = (None, Means::new());
    for period in periods {
        let Some(frozen) = held.frozen(Some(period), Edition::InForce).await? else { continue };
        means.insert(period, mean(&frozen.figures, period));
        if Some(period) == before {
            figures = Some(province_values(&frozen.figures, period));
        }
    }
    Ok((figures, means))
}

/// Lights, due days and quality of a closed period are those of its closing. What is reported of tasks is not frozen: its lights stay.
fn closed_lists(
    frozen: &Frozen,
    period: Period,
    lists: &mut BTreeMap<&'static str, Listing>,
) -> Result<(), ReportError> {
    for name in ["alerts", "due", "quality"] {
        let mut list = answer(&frozen.figures, Some(&frozen.inputs), &asked(name, period))?;
        if name == "alerts" {
            let code = list.columns.iter().position(|column| column.name == "indicator").unwrap_or_default();
            let is_task = |row: &Vec<String>| row.get(code).is_some_and(|code| Reported::of(code).is_task());
            list.rows.retain(|row| !is_task(row));
            let present = lists.get(name).into_iter().flat_map(|present| &present.rows);
            list.rows.extend(present.filter(|row| is_task(row)).cloned());
            list.notes.clear();
            list.notes.push("Mục tiêu: như khi chốt; nhiệm vụ: theo số liệu hiện tại.".to_owned());
        }
        lists.insert(name, list);
    }
    Ok(())
}

fn asked(list: &str, period: Period) -> Question {
    Question {
        subject: subject(list),
        period: Some(period),
        scheme: Scheme::Own,
        edition: Edition::InForce,
        // An official document is in Vietnamese.
        language: Language::Vi,
    }
}

/// Both documents whole, before a file is made.
fn made(sources: &Sources<'_>, office: Office) -> Result<Made, MakingError> {
    let mut report = Cursor::new(Vec::new());
    sources.compose(office)?.write(&mut report)?;
    let mut annex = Cursor::new(Vec::new());
    let annexes = sources.annexes();
    let sheets: Vec<(&str, &Listing)> = annexes.iter().map(|(name, list)| (*name, &**list)).collect();
    workbook::listing::write_sheets(&sheets, Language::Vi, &mut annex)
        .map_err(io::Error::other)
        .map_err(MakingError::Workbook)?;
    Ok(Made { report: report.into_inner(), annex: annex.into_inner() })
}

fn subject(list: &str) -> Subject {
    match list {
        "rankings" => Subject::Rankings(Scope::default()),
        "alerts" => Held::alerts(),
        "due" => Subject::Due(None),
        "quality" => Subject::Quality,
        "reviews" => Subject::Reviews,
        "tasks" => Subject::Tasks(TasksAsked::default()),
        "checks" => Subject::Checks(None),
        _ => Subject::Queue(QueueAsked::default()),
    }
}
