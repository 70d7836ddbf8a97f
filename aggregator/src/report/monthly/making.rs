//! Making the report of a period and its annex from a store: the command `report` and the pages give the same bytes by it.

use super::{LISTS, Sources};
use crate::{
    report::{
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
    period::Period,
    ranking::{Scheme, Scope},
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
        let question = Question {
            subject: subject(name),
            period: Some(period),
            scheme: Scheme::Own,
            edition: Edition::InForce,
            // An official document is in Vietnamese.
            language: Language::Vi,
        };
        lists.insert(name, held.ask(&question).await?);
    }
    let reported = |list: &Listing| {
        let at = list.columns.iter().position(|column| column.name == "reported");
        list.rows.iter().any(|row| at.and_then(|at| row.get(at)).is_some_and(|cell| cell != "0"))
    };
    if !lists.get("quality").is_some_and(reported) {
        return Err(MakingError::NothingReported(period));
    }
    let frozen = held.frozen(Some(period), Edition::InForce).await?.is_some();
    let figures = match held.frozen(Some(period), Edition::InForce).await? {
        Some(frozen) => &frozen.figures,
        None => &held.figures,
    };
    made(&Sources { figures, lists, period, is_closed: frozen }, office)
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
