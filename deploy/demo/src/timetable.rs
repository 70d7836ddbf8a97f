//! When things happen, in the province's simulated time. Pure.

use chrono::NaiveDate;
use shared::period::{Cycle, Period};

/// Everyone joins.
pub const JOIN_DAY: u32 = 4;
/// Communes enter their figures: well before the usual cut-off day, the 19th.
pub const ENTRY_DAY: u32 = 12;
/// The commune that was offline is back, where there is only one month.
pub const BACK_THE_SAME_MONTH_DAY: u32 = 15;
/// The same where there are several: a day of the second month.
pub const BACK_THE_NEXT_MONTH_DAY: u32 = 3;
/// The province grants an exception.
pub const EXCEPTION_DAY: u32 = 18;
/// Until when the exception runs.
pub const EXCEPTION_UNTIL_DAY: u32 = 24;
/// Late communes enter their figures: after the usual cut-off day.
pub const LATE_DAY: u32 = 22;
/// The province reviews.
pub const REVIEW_DAY: u32 = 23;
/// The ranking is read.
pub const RANKING_DAY: u32 = 25;
/// The returned figure is reported anew.
pub const RESUBMISSION_DAY: u32 = 26;
/// The month is closed.
pub const CLOSING_DAY: u32 = 28;
/// Months that are played: the one asked for and those before it that movement needs.
const MONTHS: u32 = 3;

/// The months that are played, the one asked for last. Never before January: the plan year begins there.
#[must_use]
pub fn months(asked: Period) -> Vec<Period> {
    let last = asked.last_month();
    (last.saturating_sub(MONTHS - 1).max(1)..=last)
        .filter_map(|n| Period::new(asked.year(), Cycle::Monthly, n))
        .collect()
}

/// A day of a month.
#[must_use]
pub fn day(month: Period, day: u32) -> NaiveDate {
    month.day_in_last_month(day)
}

/// Nine in the morning of a day in the province, as `exercise clock` takes it.
#[must_use]
pub fn morning(day: NaiveDate) -> String {
    format!("{day}T09:00:00+07:00")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_year_begins_in_january() {
        let months = |asked: &str| months(asked.parse().unwrap()).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(months("2026-10"), ["2026-08", "2026-09", "2026-10"]);
        assert_eq!(months("2026-02"), ["2026-01", "2026-02"]);
        assert_eq!(months("2026-01"), ["2026-01"]);
        assert_eq!(months("2026-12"), ["2026-10", "2026-11", "2026-12"]);
    }

    #[test]
    fn instants_are_in_the_provinces_time() {
        let month = "2026-02".parse().unwrap();
        assert_eq!(morning(day(month, ENTRY_DAY)), "2026-02-12T09:00:00+07:00");
        let instant: chrono::DateTime<chrono::Utc> = morning(day(month, ENTRY_DAY)).parse().unwrap();
        assert_eq!(instant.to_rfc3339(), "2026-02-12T02:00:00+00:00");
    }
}
