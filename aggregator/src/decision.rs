//! What the province decides by hand: the bounds of reasons and cut-off days, and what has to be looked at before a result is accepted.

use crate::report::figures::Figures;
use chrono::{NaiveDate, TimeDelta};
use shared::{
    evaluation::State,
    fraction::Fraction,
    observation::{MAX_NOTE_CHARS, ObservationKey, Value},
    period::Period,
    ranking::{Scheme, explain},
    task::Reported,
};
use std::ops::RangeInclusive;

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

/// Whether a version claims completion, has no evidence, and evidence is required: then it is accepted only by someone who says that it is
/// meant. The rule of the command `review` and of the pages.
#[must_use]
pub fn lacks_evidence(figures: &Figures, commune: &str, key: &ObservationKey, value: Value, evidence: u32) -> bool {
    if evidence > 0 {
        return false;
    }
    let book = figures.standings.book();
    match Reported::of(&key.indicator) {
        Reported::Progress(_) => {
            let full = Fraction::new(100, 1);
            let percent = match value {
                Value::Ratio { numerator, denominator } => {
                    Fraction::new(100 * numerator.micros(), denominator.micros())
                }
                Value::Percent(percent) => Some(percent.into()),
                _ => None,
            };
            percent >= full
        }
        Reported::Disbursement(_) => false,
        Reported::Indicator(code) => {
            let (Some(number), Some(indicator)) = (book.commune_number(commune), book.indicator_number(code)) else {
                return false;
            };
            let board = figures.standings.board(Scheme::Own, key.period);
            let rows = explain::explain(book, &board, number, figures.today);
            let is_it = |row: &explain::ExplainRow| {
                row.indicator == indicator
                    && row.state == State::AwaitingEvidence
                    && row.effective.as_ref().is_some_and(|effective| effective.rolled_up != key.unit.is_empty())
            };
            rows.iter().any(is_it)
        }
    }
}
