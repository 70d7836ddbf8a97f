//! The reporting calendar: when figures of a period are due, and what "on time" is measured against.
//!
//! Source: `Reporting calendar` of the catalogue; default days from the plans of Định Quán (rule 000-16) and Tân Phú.

use crate::period::{Cycle, Period};
use chrono::{DateTime, NaiveDate, TimeZone, Utc};
use chrono_tz::{Asia::Ho_Chi_Minh, Tz};

/// The province's time zone. It has no daylight saving.
pub const TIME_ZONE: Tz = Ho_Chi_Minh;

/// The days of a month on which things are due; each inclusive, 1 to 31.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueDays {
    /// Last day for the commune's own units ("trước ngày 18" is 17).
    pub units_cutoff: u8,
    /// Last day for the commune: figures received until the end of it are on time ("trước ngày 20" is 19).
    pub cutoff: u8,
    /// The day the report goes out (25).
    pub report: u8,
}

impl Default for DueDays {
    fn default() -> Self {
        Self { units_cutoff: 17, cutoff: 19, report: 25 }
    }
}

/// When one commune reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommuneCalendar {
    /// The commune's own cycle, for indicators that have none.
    pub cycle: Cycle,
    /// Its due days.
    pub days: DueDays,
}

impl CommuneCalendar {
    /// The cut-off day of a period: the due day of its last month.
    #[must_use]
    pub fn cutoff(&self, period: Period) -> NaiveDate {
        period.day_in_last_month(u32::from(self.days.cutoff))
    }
}

/// The local day of an instant.
#[must_use]
pub fn local_day(instant: DateTime<Utc>) -> NaiveDate {
    instant.with_timezone(&TIME_ZONE).date_naive()
}

/// The instant at which a local day ends: what was received before it came in on that day or earlier.
#[must_use]
pub fn end_of_day(day: NaiveDate) -> DateTime<Utc> {
    let midnight = day.succ_opt().unwrap_or(day).and_time(chrono::NaiveTime::MIN);
    // The time zone has no daylight saving, so every local midnight exists once.
    TIME_ZONE.from_local_datetime(&midnight).earliest().map_or(DateTime::<Utc>::MAX_UTC, |end| end.to_utc())
}

/// RFC 3339 with the province's offset, to the millisecond, as in the exports.
#[must_use]
pub fn rfc3339(instant: DateTime<Utc>) -> String {
    TIME_ZONE.from_utc_datetime(&instant.naive_utc()).to_rfc3339_opts(chrono::SecondsFormat::Millis, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cutoff_day_ends_at_local_midnight() {
        let calendar = CommuneCalendar { cycle: Cycle::Monthly, days: DueDays::default() };
        let cutoff = calendar.cutoff("2026-Q4".parse().unwrap());
        assert_eq!(cutoff.to_string(), "2026-12-19");
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        assert_eq!(end_of_day(cutoff), at("2026-12-19T17:00:00Z"));
        assert_eq!(local_day(at("2026-12-19T16:59:59.999Z")), cutoff);
        assert_eq!(rfc3339(at("2026-12-19T17:00:00Z")), "2026-12-20T00:00:00.000+07:00");
    }
}
