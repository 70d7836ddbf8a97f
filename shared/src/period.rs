//! Reporting periods (kỳ): a month `2026-10`, a quarter `2026-Q4`, a half-year `2026-H2` or a year `2026`.

use crate::language::Language;
use chrono::{Datelike, NaiveDate};
use std::{cmp::Ordering, fmt, str::FromStr};
use thiserror::Error;

/// How long a period is, and so how often something is reported (chu kỳ).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cycle {
    /// Hàng tháng.
    Monthly,
    /// Hàng quý.
    Quarterly,
    /// Sáu tháng.
    HalfYearly,
    /// Hàng năm.
    Yearly,
}

impl Cycle {
    /// All cycles, shortest first.
    pub const ALL: [Cycle; 4] = [Cycle::Monthly, Cycle::Quarterly, Cycle::HalfYearly, Cycle::Yearly];

    /// Months in one period of this length.
    #[must_use]
    pub fn months(self) -> u32 {
        match self {
            Cycle::Monthly => 1,
            Cycle::Quarterly => 3,
            Cycle::HalfYearly => 6,
            Cycle::Yearly => 12,
        }
    }

    /// The word in catalogues and exports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Cycle::Monthly => "monthly",
            Cycle::Quarterly => "quarterly",
            Cycle::HalfYearly => "half_yearly",
            Cycle::Yearly => "yearly",
        }
    }

    /// Reads the word; `None` for anything else.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cycle| cycle.as_str() == word)
    }

    /// For people: "quý".
    #[must_use]
    pub fn label(self, language: Language) -> &'static str {
        let (vi, en) = match self {
            Cycle::Monthly => ("tháng", "monthly"),
            Cycle::Quarterly => ("quý", "quarterly"),
            Cycle::HalfYearly => ("6 tháng", "half-yearly"),
            Cycle::Yearly => ("năm", "yearly"),
        };
        language.pick(vi, en)
    }

    /// Whether a period of this cycle ends on the last day of `period` ("whose cycle ends in p").
    #[must_use]
    pub fn ends_in(self, period: Period) -> bool {
        period.last_month().is_multiple_of(self.months())
    }
}

/// One reporting period. The field order is not the reporting order; see [`Period::by_recency`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Period {
    year: u16,
    cycle: Cycle,
    /// Counts from 1 within the year.
    number: u8,
}

/// Why a text is not a period.
#[derive(Debug, Error, PartialEq, Eq, Clone)]
#[error("not a period: {0:?} (write 2026-10, 2026-Q4, 2026-H2 or 2026)")]
pub struct PeriodError(pub String);

impl Period {
    /// The `number`-th period of a length in a year, counted from 1; `None` outside the year or the years 2000–2199.
    #[must_use]
    pub fn new(year: i32, cycle: Cycle, number: u32) -> Option<Self> {
        let year = u16::try_from(year).ok().filter(|year| (2000..2200).contains(year))?;
        let number = u8::try_from(number).ok().filter(|n| (1..=12 / cycle.months()).contains(&u32::from(*n)))?;
        Some(Self { year, cycle, number })
    }

    /// The period of this length that contains a day; `None` outside the years 2000–2199.
    #[must_use]
    pub fn containing(day: NaiveDate, cycle: Cycle) -> Option<Self> {
        Self::new(day.year(), cycle, (day.month() - 1) / cycle.months() + 1)
    }

    /// The year it lies in.
    #[must_use]
    pub fn year(self) -> i32 {
        i32::from(self.year)
    }

    /// Its length.
    #[must_use]
    pub fn cycle(self) -> Cycle {
        self.cycle
    }

    /// Its last month, 1 to 12.
    #[must_use]
    pub fn last_month(self) -> u32 {
        u32::from(self.number) * self.cycle.months()
    }

    /// Its first day.
    #[must_use]
    pub fn first_day(self) -> NaiveDate {
        day_of(self.year(), self.last_month() - self.cycle.months() + 1, 1)
    }

    /// Its last day.
    #[must_use]
    pub fn last_day(self) -> NaiveDate {
        let (year, month) =
            if self.last_month() == 12 { (self.year() + 1, 1) } else { (self.year(), self.last_month() + 1) };
        day_of(year, month, 1).pred_opt().unwrap_or_default()
    }

    /// The day with this number in its last month, or that month's last day if it is shorter.
    #[must_use]
    pub fn day_in_last_month(self, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(self.year(), self.last_month(), day).unwrap_or_else(|| self.last_day())
    }

    /// In words, as a document says it: "tháng 10 năm 2026", "quý IV năm 2026".
    #[must_use]
    pub fn in_words(self, language: Language) -> String {
        let (year, number) = (self.year, usize::from(self.number));
        let roman = ["I", "II", "III", "IV"].get(number.saturating_sub(1)).copied().unwrap_or_default();
        match self.cycle {
            Cycle::Monthly => language.pick(format!("tháng {number} năm {year}"), format!("month {number} of {year}")),
            Cycle::Quarterly => language.pick(format!("quý {roman} năm {year}"), format!("quarter {number} of {year}")),
            Cycle::HalfYearly if number == 1 => {
                language.pick(format!("6 tháng đầu năm {year}"), format!("the first half of {year}"))
            }
            Cycle::HalfYearly => {
                language.pick(format!("6 tháng cuối năm {year}"), format!("the second half of {year}"))
            }
            Cycle::Yearly => language.pick(format!("năm {year}"), format!("{year}")),
        }
    }

    /// The period of the same length before this one; `None` before the year 2000.
    #[must_use]
    pub fn previous(self) -> Option<Self> {
        if self.number > 1 {
            Some(Self { number: self.number - 1, ..self })
        } else {
            Self::new(self.year() - 1, self.cycle, 12 / self.cycle.months())
        }
    }

    /// Compares by last day; on the same last day the shorter period is the later one (it wins as effective observation).
    #[must_use]
    pub fn by_recency(self, other: Self) -> Ordering {
        (self.year, self.last_month()).cmp(&(other.year, other.last_month())).then(other.cycle.cmp(&self.cycle))
    }

    /// Whether it ends no later than `other` ends.
    #[must_use]
    pub fn ends_by(self, other: Self) -> bool {
        (self.year, self.last_month()) <= (other.year, other.last_month())
    }

    /// Whether both end on the same day.
    #[must_use]
    pub fn ends_with(self, other: Self) -> bool {
        (self.year, self.last_month()) == (other.year, other.last_month())
    }
}

/// A day whose year and month are known to be valid.
fn day_of(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default()
}

impl FromStr for Period {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Self, PeriodError> {
        let error = || PeriodError(text.chars().take(20).collect());
        let digits = |part: &str, len: usize| -> Result<u32, PeriodError> {
            if part.len() == len && part.bytes().all(|b| b.is_ascii_digit()) {
                part.parse().map_err(|_| error())
            } else {
                Err(error())
            }
        };
        let (year, rest) = match text.split_once('-') {
            None => (text, None),
            Some((year, rest)) => (year, Some(rest)),
        };
        let year = i32::try_from(digits(year, 4)?).map_err(|_| error())?;
        let (cycle, number) = match rest {
            None => (Cycle::Yearly, 1),
            Some(rest) => match (rest.strip_prefix('Q'), rest.strip_prefix('H')) {
                (Some(quarter), _) => (Cycle::Quarterly, digits(quarter, 1)?),
                (_, Some(half)) => (Cycle::HalfYearly, digits(half, 1)?),
                _ => (Cycle::Monthly, digits(rest, 2)?),
            },
        };
        Self::new(year, cycle, number).ok_or_else(error)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, number) = (self.year, self.number);
        match self.cycle {
            Cycle::Monthly => write!(f, "{year}-{number:02}"),
            Cycle::Quarterly => write!(f, "{year}-Q{number}"),
            Cycle::HalfYearly => write!(f, "{year}-H{number}"),
            Cycle::Yearly => write!(f, "{year}"),
        }
    }
}

impl fmt::Debug for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(text: &str) -> Period {
        text.parse().unwrap()
    }

    #[test]
    fn reads_and_prints_the_four_forms() {
        for text in ["2026-10", "2026-Q4", "2026-H2", "2026", "2024-02"] {
            assert_eq!(period(text).to_string(), text);
        }
        for text in [
            "",
            "26-10",
            "2026-13",
            "2026-00",
            "2026-Q5",
            "2026-H0",
            "2026-1",
            "2026-Q",
            "2026-10-01",
            "1999",
            "２０２６",
        ] {
            assert!(text.parse::<Period>().is_err(), "{text}");
        }
    }

    #[test]
    fn knows_its_days() {
        for (text, first, last) in [
            ("2024-02", "2024-02-01", "2024-02-29"),
            ("2026-Q3", "2026-07-01", "2026-09-30"),
            ("2026-H2", "2026-07-01", "2026-12-31"),
            ("2026", "2026-01-01", "2026-12-31"),
        ] {
            assert_eq!(period(text).first_day().to_string(), first);
            assert_eq!(period(text).last_day().to_string(), last);
        }
        assert_eq!(period("2026-02").day_in_last_month(30).to_string(), "2026-02-28");
        assert_eq!(period("2026-Q4").day_in_last_month(19).to_string(), "2026-12-19");
    }

    #[test]
    fn the_period_before_has_the_same_length() {
        for (text, before) in [("2026-01", "2025-12"), ("2026-Q1", "2025-Q4"), ("2026-H2", "2026-H1"), ("2026", "2025")]
        {
            assert_eq!(period(text).previous().unwrap().to_string(), before);
        }
        assert_eq!(period("2000").previous(), None);
    }

    #[test]
    fn on_the_same_last_day_the_shorter_period_is_later() {
        let mut all = ["2026", "2026-Q4", "2026-12", "2026-H2", "2026-11", "2026-Q3"].map(period);
        all.sort_by(|a, b| a.by_recency(*b));
        assert_eq!(all.map(|p| p.to_string()), ["2026-Q3", "2026-11", "2026", "2026-H2", "2026-Q4", "2026-12"]);
    }

    #[test]
    fn cycles_end_in_periods() {
        assert!(Cycle::Monthly.ends_in(period("2026-08")));
        assert!(!Cycle::Quarterly.ends_in(period("2026-08")));
        assert!(Cycle::Quarterly.ends_in(period("2026-09")));
        assert!(Cycle::Quarterly.ends_in(period("2026-Q3")));
        assert!(!Cycle::HalfYearly.ends_in(period("2026-Q3")));
        assert!(Cycle::Yearly.ends_in(period("2026-H2")));
    }
}
