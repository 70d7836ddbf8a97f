//! Periods as people and spreadsheets write them.

use chrono::{Datelike, NaiveDate};
use shared::{period::Period, vietnamese};

/// Reads `2026-10`, `2026-Q4`, `2026-H2`, `2026`; also `10/2026`, `10-2026`, `T10/2026`, `tháng 10/2026`, `tháng 10 năm 2026`, `quý 4/2026`,
/// `Q4/2026`, `năm 2026`, and a day, which stands for its month: that is what a spreadsheet makes of a month.
pub(super) fn typed(text: &str) -> Option<Period> {
    let plain = text.trim();
    if let Ok(period) = plain.parse() {
        return Some(period);
    }
    if let Ok(day) = plain.parse::<NaiveDate>() {
        return format!("{:04}-{:02}", day.year(), day.month()).parse().ok();
    }
    // "tháng 10 năm 2026" is "tháng 10/2026".
    let folded = vietnamese::folded(plain).replace(" nam ", "/");
    let numbers = |text: &str| -> Option<Vec<u32>> {
        // A day with dashes was read before this.
        let split = if text.matches('-').count() == 1 { '-' } else { '/' };
        text.split(split).map(|part| part.trim().parse().ok()).collect()
    };
    if let Some(quarter) = folded.strip_prefix("quy").or_else(|| folded.strip_prefix('q')) {
        return match numbers(quarter)?[..] {
            [quarter, year] => format!("{year:04}-Q{quarter}").parse().ok(),
            _ => None,
        };
    }
    if let Some(year) = folded.strip_prefix("nam") {
        return year.trim().parse().ok();
    }
    let month = folded.strip_prefix("thang").or_else(|| folded.strip_prefix('t')).unwrap_or(&folded);
    match numbers(month)?[..] {
        [month, year] | [_, month, year] => format!("{year:04}-{month:02}").parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_read_however_it_is_written() {
        for (text, expected) in [
            ("2026-10", "2026-10"),
            (" 10/2026 ", "2026-10"),
            ("Tháng 10/2026", "2026-10"),
            ("tháng 9/2026", "2026-09"),
            ("2026-10-01", "2026-10"),
            ("01/10/2026", "2026-10"),
            ("Quý 4/2026", "2026-Q4"),
            ("Q3/2026", "2026-Q3"),
            ("2026-H2", "2026-H2"),
            ("Năm 2026", "2026"),
            ("Tháng 11 năm 2026", "2026-11"),
            ("quý 4 năm 2026", "2026-Q4"),
            ("T11/2026", "2026-11"),
            ("11-2026", "2026-11"),
        ] {
            assert_eq!(typed(text).map(|period| period.to_string()).as_deref(), Some(expected), "{text}");
        }
        for text in ["", "13/2026", "quý 5/2026", "tháng mười", "13-2026", "2026-10-01-02", "1/2/3/4", "năm nay"]
        {
            assert_eq!(typed(text), None, "{text}");
        }
    }
}
