//! What the province decides by hand: the bounds of reasons and cut-off days, for commands, pages and the API.

use chrono::{NaiveDate, TimeDelta};
use shared::{
    catalogue::{Catalogue, Commune},
    language::Language,
    observation::MAX_NOTE_CHARS,
    period::Period,
};
use std::ops::RangeInclusive;
use thiserror::Error;

/// How long after its period a cut-off day may lie.
const LATEST_CUTOFF: TimeDelta = TimeDelta::days(366);

/// A reason as it is kept: one to some thousand characters.
#[must_use]
pub fn reason(text: &str) -> Option<String> {
    // What a browser sends ends its lines with both signs.
    let text = text.trim().replace("\r\n", "\n");
    let plain = !text.chars().any(|c| c.is_control() && c != '\n');
    (!text.is_empty() && text.chars().count() <= MAX_NOTE_CHARS && plain).then_some(text)
}

/// The days that can be the cut-off day of a period.
#[must_use]
pub fn cutoffs(period: Period) -> RangeInclusive<NaiveDate> {
    period.first_day()..=period.last_day() + LATEST_CUTOFF
}

/// Why a commune is not given a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DayFault {
    /// It has no targets.
    #[error("it has no targets in the plan year")]
    NoPlan,
    /// The day does not belong to the period.
    #[error("the day lies outside {0} to {1}")]
    Outside(NaiveDate, NaiveDate),
    /// It is earlier than the day that holds without an exception.
    #[error("it is earlier than the usual day {0}")]
    Earlier(NaiveDate),
}

impl DayFault {
    /// What is wrong, for the one who grants it.
    #[must_use]
    pub fn explain(self, language: Language) -> String {
        let day = |day: NaiveDate| language.pick(day.format("%d/%m/%Y").to_string(), day.to_string());
        match self {
            DayFault::NoPlan => language
                .pick("Xã này chưa có kế hoạch, không có gì để gia hạn.", "The commune has no plan, so nothing is due.")
                .to_owned(),
            DayFault::Outside(from, to) => language.pick(
                format!("Ngày phải từ {} đến {}.", day(from), day(to)),
                format!("From {} to {}.", day(from), day(to)),
            ),
            DayFault::Earlier(usual) => language.pick(
                format!("Sớm hơn hạn thường lệ ({}).", day(usual)),
                format!("Earlier than the usual day ({}).", day(usual)),
            ),
        }
    }
}

/// Whether a commune can be given a day: it has a plan, and the day is a later one that belongs to the period.
///
/// # Errors
/// Why not.
pub fn check_day(catalogue: &Catalogue, commune: &Commune, period: Period, day: NaiveDate) -> Result<(), DayFault> {
    if catalogue.targets_of(&commune.slug).next().is_none() {
        return Err(DayFault::NoPlan);
    }
    let days = cutoffs(period);
    if !days.contains(&day) {
        return Err(DayFault::Outside(*days.start(), *days.end()));
    }
    let usual = commune.calendar(&catalogue.province).cutoff(period);
    if day < usual { Err(DayFault::Earlier(usual)) } else { Ok(()) }
}
