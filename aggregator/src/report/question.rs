//! What can be asked. A question is read whole before anything is looked up.

use crate::store::HeldVersion;
use chrono::NaiveDate;
use shared::{
    catalogue::{CommuneKind, find::FindError},
    language::Language,
    light::Light,
    observation::Refusal,
    period::Period,
    ranking::{Scheme, Scope},
};
use std::{
    fmt::{self, Display, Formatter},
    str::FromStr,
};
use thiserror::Error;

/// Which report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ExportTable {
    /// Communes with targets.
    Communes,
    /// The catalogue of indicators.
    Indicators,
    /// The targets of all plans.
    Targets,
    /// Cut-off exceptions.
    Exceptions,
    /// Every version of every figure.
    Observations,
    /// The ranking.
    Rankings,
    /// What each line of the ranking is made of.
    Explain,
}

impl ExportTable {
    /// All tables.
    pub const ALL: [ExportTable; 7] = [
        ExportTable::Communes,
        ExportTable::Indicators,
        ExportTable::Targets,
        ExportTable::Exceptions,
        ExportTable::Observations,
        ExportTable::Rankings,
        ExportTable::Explain,
    ];
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// The ranking, or a part of it.
    Rankings(Scope),
    /// The three schemes side by side.
    Schemes,
    /// One commune's line explained; the commune as typed.
    Explain(String),
    /// One target of a commune explained down to its roots.
    Detail(DetailAsked),
    /// Every version of a commune's figure.
    History(HistoryAsked),
    /// The league table of an indicator and the province's own figure; the code as typed.
    Indicator(String),
    /// The communes and their agents.
    Communes,
    /// What is expected in the period and what is missing, of all communes or of one as typed.
    Due(Option<String>),
    /// What the units of a commune, as typed, owe it in the period and what is missing.
    UnitsDue(String),
    /// Red and yellow lights, or what changed of them.
    Alerts(AlertsAsked),
    /// Results that await a reviewer.
    Queue(QueueAsked),
    /// How many results were reviewed, how and how fast.
    Reviews,
    /// The tasks of the plans and how far they are.
    Tasks(TasksAsked),
    /// The units of a commune by rank, or an indicator by units.
    Units(UnitsAsked),
    /// Figures that should be looked at again; of all communes or of one as typed.
    Checks(Option<String>),
    /// How completely, how punctually and how steadily each commune reports.
    Quality,
    /// What would lift a commune, or where everyone would stand.
    WhatIf(WhatIfAsked),
    /// A table of the exports.
    Export(ExportTable),
}

/// Which target.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DetailAsked {
    /// The commune, as typed.
    pub commune: String,
    /// The indicator, as typed.
    pub indicator: String,
    /// The versions of its figure: looked up before it is answered.
    pub known: Option<Vec<HeldVersion>>,
}

/// Which figure.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HistoryAsked {
    /// The commune, as typed.
    pub commune: String,
    /// The indicator or task, as typed.
    pub indicator: String,
    /// Only of this unit, by code; empty: only of the whole commune.
    pub unit: Option<String>,
    /// Its versions: looked up before it is answered.
    pub known: Option<Vec<HeldVersion>>,
}

/// Which alerts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AlertsAsked {
    /// Only of this commune, as typed.
    pub commune: Option<String>,
    /// Only of this lead unit: its code, or words of its name, whatever the diacritics.
    pub unit: Option<String>,
    /// Only this light.
    pub light: Option<Light>,
    /// Not those that stand, but what was raised and cleared since then.
    pub changes: Option<Since>,
}

/// Since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// The beginning of yesterday.
    Yesterday,
    /// The beginning of a day.
    Day(NaiveDate),
}

impl FromStr for Since {
    type Err = AskError;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        if word == "yesterday" {
            return Ok(Since::Yesterday);
        }
        word.parse().map(Since::Day).map_err(|_| AskError::UnknownWord("day", word.chars().take(40).collect()))
    }
}

impl Display for Since {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Since::Yesterday => f.write_str("yesterday"),
            Since::Day(day) => day.fmt(f),
        }
    }
}

/// Which tasks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TasksAsked {
    /// Only of this commune, as typed.
    pub commune: Option<String>,
    /// Only of this owner: its code, or words of its name, whatever the diacritics.
    pub unit: Option<String>,
    /// Only this light.
    pub light: Option<Light>,
}

/// Which units.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UnitsAsked {
    /// The commune, as typed.
    pub commune: String,
    /// This indicator by units; none for the ranks of the units.
    pub indicator: Option<String>,
}

/// Which results that await a reviewer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QueueAsked {
    /// Only of this commune, as typed.
    pub commune: Option<String>,
    /// Only of this indicator, as typed.
    pub indicator: Option<String>,
    /// Also results with evidence that do not reach their target.
    pub all: bool,
}

/// What is supposed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WhatIfAsked {
    /// The commune, as typed.
    pub commune: String,
    /// Results of it, each `CODE=VALUE`, taken as proved and accepted.
    pub set: Vec<String>,
    /// Indicators of which its result is returned.
    pub returned: Vec<String>,
    /// Points of indicators, each `CODE=POINTS`.
    pub points: Vec<String>,
}

/// Which figures of a closed period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Edition {
    /// Those of the closing in force; of an open period the present ones.
    #[default]
    InForce,
    /// The present ones, with what came after the closing.
    Present,
    /// Those of this closing, counted from 1, also after the period was opened again.
    Revision(u32),
}

impl FromStr for Edition {
    type Err = AskError;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "" => Ok(Edition::InForce),
            "present" => Ok(Edition::Present),
            _ => match word.parse() {
                Ok(number) if number > 0 => Ok(Edition::Revision(number)),
                _ => Err(AskError::UnknownWord("revision (1, 2, …, present)", word.chars().take(40).collect())),
            },
        }
    }
}

impl Display for Edition {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Edition::InForce => Ok(()),
            Edition::Present => f.write_str("present"),
            Edition::Revision(number) => number.fmt(f),
        }
    }
}

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What is asked for.
    pub subject: Subject,
    /// The period; none for the latest month that something was reported for.
    pub period: Option<Period>,
    /// The scheme.
    pub scheme: Scheme,
    /// Which figures, where the period is closed.
    pub edition: Edition,
    /// Language of headings and notes.
    pub language: Language,
}

/// Why a question cannot be answered.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum AskError {
    /// No commune, or more than one, fits what was typed.
    #[error(transparent)]
    Commune(#[from] FindError),
    /// The commune has no targets in the plan year.
    #[error("{0} has no targets in the plan year")]
    NoTargets(String),
    /// No such indicator.
    #[error("unknown indicator {0:?}")]
    UnknownIndicator(String),
    /// The commune's plan has no target for it.
    #[error("{0} has no target for {1} under this scheme")]
    NoTarget(String, String),
    /// No such group.
    #[error("unknown group {0:?}, known are {1}")]
    UnknownGroup(String, String),
    /// The period lies outside the plan year.
    #[error("period {0} lies outside the plan year {1}")]
    OutsidePlanYear(Period, i32),
    /// A supposition that cannot be read.
    #[error("cannot read the supposition {0:?}: CODE=VALUE, like CDS-17=79/99, CDS-17=85.5 or CDS-19=yes")]
    Supposition(String),
    /// A supposed result that could not be entered.
    #[error("{0}")]
    Refused(Refusal),
    /// Nothing was reported that could be returned.
    #[error("nothing is reported for {0} that could be returned")]
    NothingToReturn(String),
    /// The period has no such closing.
    #[error("{0} has no closing number {1}")]
    NoRevision(Period, u32),
    /// It was closed by a program that kept no snapshots.
    #[error("{0} was closed without a snapshot; reopen it and close it again")]
    NoSnapshot(Period),
    /// The snapshot cannot be read.
    #[error("the snapshot of {0} cannot be used: {1}")]
    BadSnapshot(Period, String),
    /// A word that is not known, and what it is for.
    #[error("unknown {0} {1:?}")]
    UnknownWord(&'static str, String),
}

impl AskError {
    /// For people.
    #[must_use]
    pub fn explain(&self, language: Language) -> String {
        let vi = match self {
            AskError::Commune(error) => return error.explain(language),
            AskError::NoTargets(name) => format!("{name} chưa có mục tiêu trong năm kế hoạch"),
            AskError::UnknownIndicator(code) => format!("không có chỉ tiêu {code:?}; xem lệnh `export indicators`"),
            AskError::NoTarget(name, code) => format!("{name} không có mục tiêu {code} theo cách chấm này"),
            AskError::UnknownGroup(group, known) => format!("không có nhóm {group:?}; các nhóm: {known}"),
            AskError::OutsidePlanYear(period, year) => format!("kỳ {period} nằm ngoài năm kế hoạch {year}"),
            AskError::Supposition(text) => {
                format!("không hiểu giả định {text:?}: ghi MÃ=GIÁ_TRỊ, ví dụ CDS-17=79/99, CDS-17=85,5 hoặc CDS-19=có")
            }
            AskError::Refused(refusal) => return refusal.explain(language),
            AskError::NothingToReturn(code) => format!("chưa có số liệu {code} nào để giả định bị trả lại"),
            AskError::NoRevision(period, number) => {
                format!("kỳ {period} không có lần chốt {number}; xem lệnh `period list`")
            }
            AskError::NoSnapshot(period) => {
                format!("kỳ {period} được chốt khi chưa có bản lưu; mở lại (`period reopen`) rồi chốt lại")
            }
            AskError::BadSnapshot(period, why) => format!("không dùng được bản chốt của kỳ {period}: {why}"),
            AskError::UnknownWord(what, word) => format!("không hiểu {what} {word:?}"),
        };
        language.pick(vi, self.to_string())
    }
}

/// Reads `xa` or `phuong`; nothing for empty.
///
/// # Errors
/// [`AskError::UnknownWord`] for anything else.
pub fn kind(word: &str) -> Result<Option<CommuneKind>, AskError> {
    match word {
        "" => Ok(None),
        _ => CommuneKind::from_word(word)
            .map(Some)
            .ok_or_else(|| AskError::UnknownWord("kind (xa, phuong)", word.chars().take(40).collect())),
    }
}

/// Reads `red` or `yellow`; nothing for empty.
///
/// # Errors
/// [`AskError::UnknownWord`] for anything else.
pub fn light(word: &str) -> Result<Option<Light>, AskError> {
    match word {
        "" => Ok(None),
        _ => [Light::Red, Light::Yellow]
            .into_iter()
            .find(|light| light.as_str() == word)
            .map(Some)
            .ok_or_else(|| AskError::UnknownWord("light (red, yellow)", word.chars().take(40).collect())),
    }
}

/// Reads any light, of a task; nothing for empty.
///
/// # Errors
/// [`AskError::UnknownWord`] for anything else.
pub fn any_light(word: &str) -> Result<Option<Light>, AskError> {
    match word {
        "" => Ok(None),
        _ => {
            Light::ALL.into_iter().find(|light| light.as_str() == word).map(Some).ok_or_else(|| {
                AskError::UnknownWord("light (red, yellow, green, grey)", word.chars().take(40).collect())
            })
        }
    }
}
