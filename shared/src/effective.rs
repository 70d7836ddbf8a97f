//! The observation that counts, made of the versions of a figure: read from one of them, or rolled up over units.
//!
//! A [`Series`] is what is kept of the versions of one figure; a cell is all series of one commune for one indicator or task.
//!
//! Source: scoring rules 2026.1, "Units".

use crate::{
    achievement::Measure,
    amount::{Amount, MICROS},
    book::Version,
    fraction::Fraction,
    observation::{Decision, Value},
    period::Period,
    text::Text,
};
use chrono::{DateTime, NaiveDate, Utc};
use std::cmp::Ordering;

/// What is kept of the versions of one figure: one unit (or the whole commune), one indicator, one period.
#[derive(Debug, Clone)]
pub struct Series {
    /// Unit code, empty for the whole commune.
    pub unit: Text,
    /// Period.
    pub period: Period,
    /// When the first version was received.
    pub first_received: Option<DateTime<Utc>>,
    /// The newest version.
    pub version: u32,
    /// Its value.
    pub value: Value,
    /// Its evidence files.
    pub evidence: u32,
    /// The verdict on it.
    pub verdict: Option<Decision>,
}

impl Series {
    /// Of a figure's first version that is known.
    pub(crate) fn of(given: &Version<'_>, unit: Text) -> Self {
        Self {
            unit,
            period: given.period,
            first_received: (given.version == 1).then_some(given.received_at),
            version: given.version,
            value: given.value,
            evidence: given.evidence,
            verdict: given.verdict,
        }
    }

    /// Whether a version is of this figure, among those of its indicator.
    pub(crate) fn is_of(&self, given: &Version<'_>) -> bool {
        self.period == given.period && self.unit == *given.unit
    }

    /// Takes in one version of this figure, in any order and any number of times.
    pub(crate) fn take(&mut self, given: &Version<'_>) {
        let first_received = (given.version == 1).then_some(given.received_at);
        self.first_received = first_received.or(self.first_received);
        match given.version.cmp(&self.version) {
            Ordering::Less => {}
            // The same version again, perhaps late: what was learnt of it since is kept.
            Ordering::Equal => {
                self.evidence = self.evidence.max(given.evidence);
                self.verdict = given.verdict.or(self.verdict);
            }
            Ordering::Greater => {
                self.version = given.version;
                self.value = given.value;
                self.evidence = given.evidence;
                self.verdict = given.verdict;
            }
        }
    }
}

/// The effective observation of a cell: of the whole commune, else rolled up over its units. `from` leaves out what was reported for
/// periods that end before it.
pub(crate) fn of_cell(cell: &[Series], period: Period, from: Option<NaiveDate>) -> Option<Effective> {
    let fits = |s: &&Series| {
        s.period.year() == period.year()
            && s.period.ends_by(period)
            && from.is_none_or(|from| s.period.last_day() >= from)
    };
    let whole = cell.iter().filter(fits).filter(|s| s.unit.is_empty()).max_by(|a, b| a.period.by_recency(b.period));
    match whole {
        Some(series) => {
            let (measure, parts) = measured(series.value)?;
            Some(Effective {
                measure,
                parts,
                period: series.period,
                evidence: series.evidence,
                verdict: series.verdict,
                rolled_up: false,
            })
        }
        None => over_units(cell, period, from),
    }
}

/// The roll-up over the units of a cell, also where a value for the whole commune takes precedence over it.
pub(crate) fn over_units(cell: &[Series], period: Period, from: Option<NaiveDate>) -> Option<Effective> {
    let of_units = || {
        cell.iter().filter(|s| {
            !s.unit.is_empty()
                && s.period.year() == period.year()
                && s.period.ends_by(period)
                && from.is_none_or(|from| s.period.last_day() >= from)
        })
    };
    let latest = of_units().map(|s| s.period).max_by(|a, b| a.by_recency(*b))?;
    roll_up(&of_units().filter(|s| s.period == latest).collect::<Vec<_>>(), latest)
}

/// The observation that counts for a commune, an indicator and a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// Its value, ready to be compared.
    pub measure: Measure,
    /// Numerator and denominator in millionths, where both exist.
    pub parts: Option<(i128, i128)>,
    /// The period it was reported for.
    pub period: Period,
    /// Evidence files.
    pub evidence: u32,
    /// The verdict.
    pub verdict: Option<Decision>,
    /// Whether it is the roll-up over units.
    pub rolled_up: bool,
}

/// A value as a number to compare, and its parts. `None` for a ratio with denominator zero.
#[must_use]
pub fn measured(value: Value) -> Option<(Measure, Option<(i128, i128)>)> {
    Some(match value {
        Value::Ratio { numerator, denominator } => {
            let (n, d) = (numerator.micros(), denominator.micros());
            let ratio = match numerator.whole().zip(denominator.whole()) {
                Some((n, d)) => Fraction::new(100 * n, d)?,
                None => Fraction::new(100 * n, d)?,
            };
            (Measure::Number(ratio), Some((n, d)))
        }
        Value::Percent(amount) | Value::Decimal(amount) => (Measure::Number(amount.into()), None),
        Value::Count(count) => (Measure::Number(Fraction::new(i128::from(count), 1)?), None),
        Value::Flag(yes) => (Measure::Flag(yes), None),
    })
}

/// What a value measures, for programs: a number with six decimals (for a ratio its percentage), yes or no. `None` for a ratio with
/// denominator zero.
#[must_use]
pub fn measure_text(value: Value) -> Option<String> {
    Some(match measured(value)?.0 {
        Measure::Number(number) => number.to_decimals(6),
        Measure::Flag(yes) => if yes { "yes" } else { "no" }.to_owned(),
    })
}

/// The commune's value over its units: a ratio Σn/Σd, a count the sum, a flag yes only if all say yes, a decimal the mean.
fn roll_up(units: &[&Series], period: Period) -> Option<Effective> {
    let count = i128::try_from(units.len()).ok()?;
    let (measure, parts) = match units.first()?.value {
        Value::Ratio { .. } | Value::Percent(_) => {
            let parts = units.iter().filter_map(|s| measured(s.value)?.1);
            let (n, d) = parts.fold((0, 0), |sum, part| (sum.0 + part.0, sum.1 + part.1));
            (Measure::Number(Fraction::new(100 * n, d)?), Some((n, d)))
        }
        Value::Count(_) => {
            let sum = units.iter().map(|s| if let Value::Count(n) = s.value { i128::from(n) } else { 0 }).sum();
            (Measure::Number(Fraction::new(sum, 1)?), None)
        }
        Value::Decimal(_) => {
            let value = |s: &&Series| if let Value::Decimal(x) = s.value { x } else { Amount::ZERO };
            (Measure::Number(Fraction::new(units.iter().map(|s| value(s).micros()).sum(), count * MICROS)?), None)
        }
        Value::Flag(_) => (Measure::Flag(units.iter().all(|s| s.value == Value::Flag(true))), None),
    };
    let verdict = if units.iter().any(|s| s.verdict == Some(Decision::Returned)) {
        Some(Decision::Returned)
    } else if units.iter().all(|s| s.verdict == Some(Decision::Accepted)) {
        Some(Decision::Accepted)
    } else {
        None
    };
    let evidence = units.iter().map(|s| s.evidence).sum();
    Some(Effective { measure, parts, period, evidence, verdict, rolled_up: true })
}
