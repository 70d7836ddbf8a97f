//! How domain values lie in columns: compact, exact, and in an order that SQL can use.

use super::super::{StoreError, StoredObservation};
use crate::store::engine::{Cell, CellRef, Row, ToCell};
use chrono::{DateTime, Utc};
use shared::{
    amount::Amount,
    observation::{Decision, ObservationKey, Value},
    period::{Cycle, Period},
};
use uuid::Uuid;

/// Milliseconds since 1970.
pub(super) fn time(instant: DateTime<Utc>) -> i64 {
    instant.timestamp_millis()
}

/// Reads milliseconds since 1970.
pub(super) fn to_time(ms: i64) -> Result<DateTime<Utc>, StoreError> {
    DateTime::from_timestamp_millis(ms).ok_or(StoreError::Unreadable("time"))
}

/// Reads milliseconds that may be null.
pub(super) fn to_optional_time(ms: Option<i64>) -> Result<Option<DateTime<Utc>>, StoreError> {
    ms.map(to_time).transpose()
}

/// A period as `year · 256 + cycle · 16 + number`.
pub(super) fn period(period: Period) -> i64 {
    let number = period.last_month() / period.cycle().months();
    let cycle = match period.cycle() {
        Cycle::Monthly => 0,
        Cycle::Quarterly => 1,
        Cycle::HalfYearly => 2,
        Cycle::Yearly => 3,
    };
    i64::from(period.year()) * 256 + cycle * 16 + i64::from(number)
}

/// Reads [`period`].
pub(super) fn to_period(packed: i64) -> Result<Period, StoreError> {
    let read = || {
        let cycle = *Cycle::ALL.get(usize::try_from(packed / 16 % 16).ok()?)?;
        Period::new(i32::try_from(packed / 256).ok()?, cycle, u32::try_from(packed % 16).ok()?)
    };
    read().ok_or(StoreError::Unreadable("period"))
}

/// The packed periods of a year, first and last.
pub(super) fn year_range(year: i64) -> (i64, i64) {
    (year * 256, year * 256 + 255)
}

/// The columns `kind`, `amount` and `denominator` of a value.
pub(super) fn value(value: Value) -> (i64, Exact, Exact) {
    let whole = |number: i64| Exact::Small(Some(number));
    match value {
        Value::Ratio { numerator, denominator } => (0, amount(numerator), amount(denominator)),
        Value::Percent(percent) => (1, amount(percent), Exact::Small(None)),
        Value::Count(count) => (2, whole(i64::try_from(count).unwrap_or(i64::MAX)), Exact::Small(None)),
        Value::Decimal(decimal) => (3, amount(decimal), Exact::Small(None)),
        Value::Flag(flag) => (4, whole(i64::from(flag)), Exact::Small(None)),
    }
}

/// A whole number of any size, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Exact {
    /// One that 64 bits hold.
    Small(Option<i64>),
    /// A larger one, with its digits.
    Large(i128, String),
}

impl ToCell for Exact {
    fn cell(&self) -> Cell<'_> {
        match self {
            Exact::Small(None) => Cell::Null,
            Exact::Small(Some(number)) => Cell::Integer(*number),
            Exact::Large(number, digits) => Cell::Large(*number, digits),
        }
    }
}

/// Millionths: an integer where 64 bits hold them, else text.
fn amount(amount: Amount) -> Exact {
    match i64::try_from(amount.micros()) {
        Ok(micros) => Exact::Small(Some(micros)),
        Err(_) => Exact::Large(amount.micros(), amount.micros().to_string()),
    }
}

/// Reads [`value`] from three columns, the first at `at`.
pub(super) fn to_value(row: Row<'_>, at: usize) -> Result<Value, StoreError> {
    let whole = || row.get::<i64>(at + 1).map_err(StoreError::from);
    Ok(match row.get::<i64>(at)? {
        0 => Value::Ratio { numerator: to_amount(row.cell(at + 1)?)?, denominator: to_amount(row.cell(at + 2)?)? },
        1 => Value::Percent(to_amount(row.cell(at + 1)?)?),
        2 => Value::Count(u64::try_from(whole()?).map_err(|_| StoreError::Unreadable("count"))?),
        3 => Value::Decimal(to_amount(row.cell(at + 1)?)?),
        4 => Value::Flag(whole()? != 0),
        _ => return Err(StoreError::Unreadable("kind of value")),
    })
}

fn to_amount(cell: CellRef<'_>) -> Result<Amount, StoreError> {
    let micros = match cell {
        CellRef::Integer(micros) => Some(i128::from(micros)),
        CellRef::Text(digits) => digits.parse().ok(),
        _ => None,
    };
    micros.and_then(Amount::from_micros).ok_or(StoreError::Unreadable("amount"))
}

/// Reads a figure's key from three columns, the first at `at`: texts, and a packed period.
pub(super) fn to_key(row: Row<'_>, at: usize) -> Result<ObservationKey, StoreError> {
    Ok(ObservationKey { indicator: row.get(at)?, unit: row.get(at + 1)?, period: to_period(row.get(at + 2)?)? })
}

/// Reads a version of a figure from nine columns, the first at `at`: `version`, `change_id`, the three of its [`value`], `note`,
/// `entered_by`, `entered_at`, `received_at`. Nothing is known of evidence and verdict then.
pub(super) fn to_observation(
    row: Row<'_>,
    at: usize,
    commune: String,
    key: ObservationKey,
) -> Result<StoredObservation, StoreError> {
    Ok(StoredObservation {
        commune,
        key,
        version: row.get(at)?,
        change_id: to_uuid(&row.get::<[u8; 16]>(at + 1)?)?,
        value: to_value(row, at + 2)?,
        note: row.get(at + 5)?,
        entered_by: row.get(at + 6)?,
        entered_at: to_time(row.get(at + 7)?)?,
        received_at: to_time(row.get(at + 8)?)?,
        evidence_count: 0,
        verdict: None,
    })
}

/// Reads what was decided, if anything was.
pub(super) fn to_decision(word: Option<String>) -> Result<Option<Decision>, StoreError> {
    word.map(|word| Decision::from_word(&word).ok_or(StoreError::Unreadable("verdict"))).transpose()
}

/// Reads a 16-byte id.
pub(super) fn to_uuid(bytes: &[u8]) -> Result<Uuid, StoreError> {
    Uuid::from_slice(bytes).map_err(|_| StoreError::Unreadable("id"))
}

/// Reads a count that is never negative.
pub(super) fn to_u64(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| StoreError::Unreadable("count"))
}

/// Writes a count. Counts of this program stay far below 2^63.
pub(super) fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_come_back() {
        for text in ["2026-01", "2026-12", "2026-Q4", "2026-H2", "2026", "2199-12"] {
            let given: Period = text.parse().unwrap();
            assert_eq!(to_period(period(given)).unwrap(), given);
            let (first, last) = year_range(i64::from(given.year()));
            assert!((first..=last).contains(&period(given)));
        }
        for packed in [-1, 0, 2026 * 256 + 13, 2026 * 256 + 64 + 1, 2026 * 256] {
            assert!(to_period(packed).is_err(), "{packed}");
        }
    }
}
