//! When there is something to remind of: which days of a month, and that each occasion is taken once.
//!
//! Source: plan of xã Định Quán, IV.3.1 and plan of xã Tân Phú, IV.1 and IV.2 (units before the 18th, commune before the 20th, report on the 25th).

use chrono::{Days, NaiveDate};
use shared::period::Period;

/// How long after the cut-off day what is missing is still reminded of, in days.
pub const LONGEST_AFTER_DAYS: u64 = 7;

/// The days of a period that are reminded of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReminderDays {
    /// The last day for the units of a commune; none where units do not report to the one who is reminded.
    pub units: Option<NaiveDate>,
    /// The last day for the commune.
    pub cutoff: NaiveDate,
    /// How many days before it the first reminder goes out; 0 for none.
    pub before: u8,
}

/// Why a reminder goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Occasion {
    /// Some days before the cut-off day.
    Before,
    /// The last day for the units.
    UnitsLastDay,
    /// The cut-off day itself.
    LastDay,
    /// The cut-off day has passed.
    Overdue,
}

impl Occasion {
    /// A stable word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Occasion::Before => "before",
            Occasion::UnitsLastDay => "units-last-day",
            Occasion::LastDay => "last-day",
            Occasion::Overdue => "overdue",
        }
    }

    /// The occasion that has come last by a day, if it is not too long ago: a computer that was off on the day itself takes it when it is
    /// on again, and none of those before.
    #[must_use]
    pub fn of(days: &ReminderDays, today: NaiveDate) -> Option<Self> {
        if today > days.cutoff + Days::new(LONGEST_AFTER_DAYS) {
            return None;
        }
        let before = (days.before > 0).then(|| days.cutoff - Days::new(days.before.into()));
        let all = [
            (before, Occasion::Before),
            (days.units, Occasion::UnitsLastDay),
            (Some(days.cutoff), Occasion::LastDay),
            (Some(days.cutoff + Days::new(1)), Occasion::Overdue),
        ];
        let come =
            all.into_iter().filter_map(|(day, occasion)| Some((day?, occasion))).filter(|(day, _)| *day <= today);
        come.max_by_key(|(day, occasion)| (*day, *occasion)).map(|(_, occasion)| occasion)
    }

    /// What a reminder says on a day that is no occasion, where somebody asks for one.
    #[must_use]
    pub fn asked_for(days: &ReminderDays, today: NaiveDate) -> Self {
        if today > days.cutoff { Occasion::Overdue } else { Occasion::Before }
    }

    /// The key of its reminder for a period and its cut-off day; another day than the usual one makes other reminders, so that what was
    /// said of the usual one is said again of the new one.
    #[must_use]
    pub fn key(self, period: Period, cutoff: NaiveDate, usual: NaiveDate) -> String {
        let key = format!("due-{period}-{}", self.as_str());
        if cutoff == usual { key } else { format!("{key}-{cutoff}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_day_has_the_occasion_that_came_last() {
        let day = |number: u32| NaiveDate::from_ymd_opt(2026, 10, number).unwrap();
        let days = ReminderDays { units: Some(day(17)), cutoff: day(19), before: 3 };
        let of = |number| Occasion::of(&days, day(number));
        let expected = [
            (15, None),
            (16, Some(Occasion::Before)),
            (17, Some(Occasion::UnitsLastDay)),
            (18, Some(Occasion::UnitsLastDay)),
            (19, Some(Occasion::LastDay)),
            (20, Some(Occasion::Overdue)),
            (26, Some(Occasion::Overdue)),
            (27, None),
        ];
        for (number, occasion) in expected {
            assert_eq!(of(number), occasion, "{number}");
        }
        assert_eq!(Occasion::of(&ReminderDays { units: None, before: 0, ..days }, day(18)), None);
        assert_eq!([2, 28].map(|n| Occasion::asked_for(&days, day(n))), [Occasion::Before, Occasion::Overdue]);
        let key = |cutoff| Occasion::LastDay.key("2026-10".parse().unwrap(), cutoff, day(19));
        assert_eq!([key(day(19)), key(day(24))], ["due-2026-10-last-day", "due-2026-10-last-day-2026-10-24"]);
    }
}
