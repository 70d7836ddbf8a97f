//! Reading single fields: each check is written once and names the field that fails it.

use crate::WireError;
use chrono::{DateTime, NaiveDate, Utc};
use shared::{amount::Amount, change::MAX_BODY_BYTES, period::Period};
use uuid::{Uuid, Variant};

/// Longest code of an indicator, unit, task or commune, in characters.
pub(crate) const MAX_CODE_CHARS: usize = 64;
/// Largest number that every store can hold.
pub(crate) const MAX_NUMBER: u64 = i64::MAX as u64;
/// 10000-01-01, the first instant with a year of five digits.
const END_OF_TIME_UNIX_MS: i64 = 253_402_300_800_000;

/// A text of bounded length.
pub(crate) fn text(field: &'static str, value: String, limit: usize) -> Result<String, WireError> {
    // A character takes at least one byte, so most texts need no counting.
    if value.len() > limit && value.chars().count() > limit {
        Err(WireError::TooLong { field, limit })
    } else {
        Ok(value)
    }
}

/// A text of bounded length on one line: nothing in it can move a cursor.
pub(crate) fn line(field: &'static str, value: String, limit: usize) -> Result<String, WireError> {
    if value.chars().any(char::is_control) {
        return Err(WireError::field(field, "control character"));
    }
    text(field, value, limit)
}

/// A text of bounded length in which only line breaks and tabs are allowed beside what can be seen.
pub(crate) fn lines(field: &'static str, value: String, limit: usize) -> Result<String, WireError> {
    if value.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err(WireError::field(field, "control character"));
    }
    text(field, value, limit)
}

/// A code that must be there.
pub(crate) fn code(field: &'static str, value: String) -> Result<String, WireError> {
    if value.is_empty() {
        return Err(WireError::field(field, "missing"));
    }
    line(field, value, MAX_CODE_CHARS)
}

/// An exact decimal.
pub(crate) fn amount(field: &'static str, value: &str) -> Result<Amount, WireError> {
    value.parse().map_err(|error| WireError::field(field, error))
}

/// An exact decimal, or nothing.
pub(crate) fn optional_amount(field: &'static str, value: &str) -> Result<Option<Amount>, WireError> {
    if value.is_empty() { Ok(None) } else { amount(field, value).map(Some) }
}

/// A period.
pub(crate) fn period(field: &'static str, value: &str) -> Result<Period, WireError> {
    value.parse().map_err(|error| WireError::field(field, error))
}

/// A day as `YYYY-MM-DD`, or nothing.
pub(crate) fn optional_day(field: &'static str, value: &str) -> Result<Option<NaiveDate>, WireError> {
    if value.is_empty() {
        return Ok(None);
    }
    let day: Option<NaiveDate> = value.parse().ok();
    // Printed again it must be the same: the parser alone takes "2026-1-2" and "+2026-01-02" too.
    day.filter(|day| day.to_string() == value)
        .map(Some)
        .ok_or_else(|| WireError::field(field, "not a day (YYYY-MM-DD)"))
}

/// An instant, from 1970 to the year 9999.
pub(crate) fn instant(field: &'static str, unix_ms: i64) -> Result<DateTime<Utc>, WireError> {
    let known = (0..END_OF_TIME_UNIX_MS).contains(&unix_ms);
    let instant = known.then(|| DateTime::from_timestamp_millis(unix_ms)).flatten();
    instant.ok_or_else(|| WireError::field(field, format!("not a time: {unix_ms}")))
}

/// A UUID of version 7.
pub(crate) fn change_id(field: &'static str, bytes: &[u8]) -> Result<Uuid, WireError> {
    let id = Uuid::from_slice(bytes).map_err(|_| WireError::field(field, format!("{} bytes, not 16", bytes.len())))?;
    if id.get_version_num() == 7 && id.get_variant() == Variant::RFC4122 {
        Ok(id)
    } else {
        Err(WireError::field(field, "not a uuid of version 7"))
    }
}

/// Bytes of a fixed length.
pub(crate) fn bytes<const N: usize>(field: &'static str, bytes: &[u8]) -> Result<[u8; N], WireError> {
    bytes.try_into().map_err(|_| WireError::field(field, format!("{} bytes, not {N}", bytes.len())))
}

/// A number that every store can hold.
pub(crate) fn number(field: &'static str, value: u64) -> Result<u64, WireError> {
    if value > MAX_NUMBER { Err(WireError::field(field, "number too large")) } else { Ok(value) }
}

/// A word of a closed list.
pub(crate) fn word<T>(field: &'static str, value: &str, read: impl Fn(&str) -> Option<T>) -> Result<T, WireError> {
    read(value).ok_or_else(|| {
        let shown: String = value.chars().take(MAX_CODE_CHARS).collect();
        WireError::field(field, format!("unknown word {shown:?}"))
    })
}

/// Bytes that are small enough to be looked at.
pub(crate) fn bounded_body<'a>(field: &'static str, bytes: &'a [u8]) -> Result<&'a [u8], WireError> {
    if bytes.len() > MAX_BODY_BYTES {
        return Err(WireError::field(field, format!("{} bytes, at most {MAX_BODY_BYTES}", bytes.len())));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_one_form() {
        assert_eq!(optional_day("d", "").unwrap(), None);
        assert_eq!(optional_day("d", "2026-10-19").unwrap().unwrap().to_string(), "2026-10-19");
        for wrong in ["2026-1-2", "2026-02-30", "+2026-01-02", "19/10/2026", " 2026-10-19"] {
            assert!(optional_day("d", wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn texts_are_counted_in_characters() {
        assert!(text("t", "đ".repeat(10), 10).is_ok());
        assert_eq!(text("t", "đ".repeat(11), 10), Err(WireError::TooLong { field: "t", limit: 10 }));
        assert!(line("t", "a\u{1b}[2Jb".into(), 10).is_err());
        assert!(lines("t", "a\r\n\tb".into(), 10).is_ok());
        assert!(lines("t", "a\0b".into(), 10).is_err());
    }

    #[test]
    fn instants_have_years_of_four_digits() {
        assert!(instant("t", 0).is_ok());
        assert_eq!(
            instant("t", END_OF_TIME_UNIX_MS - 1).unwrap().to_rfc3339().len(),
            "9999-12-31T23:59:59.999+00:00".len()
        );
        for wrong in [-1, END_OF_TIME_UNIX_MS, i64::MIN, i64::MAX] {
            assert!(instant("t", wrong).is_err());
        }
    }

    #[test]
    fn change_ids_are_of_version_7() {
        let id = Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, 1_790_000_000, 0));
        assert_eq!(change_id("id", id.as_bytes()).unwrap(), id);
        assert!(change_id("id", &[0; 16]).is_err());
        assert!(change_id("id", &id.as_bytes()[..15]).is_err());
    }
}
