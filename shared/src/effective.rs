//! The observation that counts, made of the versions of a figure: read from one of them, or rolled up over units.
//!
//! Source: scoring rules 2026.1, "Units".

use crate::{
    achievement::Measure,
    amount::{Amount, MICROS},
    fraction::Fraction,
    observation::{Decision, Value},
    period::Period,
};
use chrono::{DateTime, Utc};

/// The versions of one figure: one unit (or the whole commune), one indicator, one period.
#[derive(Debug, Clone)]
pub(crate) struct Series {
    pub(crate) unit: Box<str>,
    pub(crate) period: Period,
    pub(crate) first_received: Option<DateTime<Utc>>,
    pub(crate) version: u32,
    pub(crate) value: Value,
    pub(crate) evidence: u32,
    pub(crate) verdict: Option<Decision>,
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
pub(crate) fn measured(value: Value) -> Option<(Measure, Option<(i128, i128)>)> {
    Some(match value {
        Value::Ratio { numerator, denominator } => {
            let (n, d) = (numerator.micros(), denominator.micros());
            let ratio = match (n % MICROS, d % MICROS) {
                (0, 0) => Fraction::new(100 * (n / MICROS), d / MICROS)?,
                _ => Fraction::new(100 * n, d)?,
            };
            (Measure::Number(ratio), Some((n, d)))
        }
        Value::Percent(amount) | Value::Decimal(amount) => (Measure::Number(amount.into()), None),
        Value::Count(count) => (Measure::Number(Fraction::new(i128::from(count), 1)?), None),
        Value::Flag(yes) => (Measure::Flag(yes), None),
    })
}

/// The commune's value over its units: a ratio Σn/Σd, a count the sum, a flag yes only if all say yes, a decimal the mean.
pub(crate) fn roll_up(units: &[&Series], period: Period) -> Option<Effective> {
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
