//! Small pieces of several pages.

use chrono::{DateTime, NaiveDate, Utc};
use pages::{
    maud::{Markup, html},
    part,
};
use shared::{
    calendar::TIME_ZONE,
    language::Language,
    observation::ObservationKey,
    period::{Cycle, Period},
    task::Reported,
};
use std::fmt::Write;

/// A text as it can stand in a query.
pub fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a text does not fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// A day as people write it.
pub fn day(day: NaiveDate) -> String {
    day.format("%d/%m/%Y").to_string()
}

/// An instant as people write it, for those who read it and for programs.
pub fn instant(at: DateTime<Utc>) -> Markup {
    let local = at.with_timezone(&TIME_ZONE);
    html! { time datetime=(local.to_rfc3339()) { (local.format("%H:%M %d/%m/%Y")) } }
}

/// A period in words, short enough for a heading: "tháng 10/2026".
pub fn period(period: Period, language: Language) -> String {
    match period.cycle() {
        Cycle::Monthly => language.pick(
            format!("tháng {}/{}", period.last_month(), period.year()),
            format!("{:02}/{}", period.last_month(), period.year()),
        ),
        _ => period.in_words(language),
    }
}

/// How far away a day is.
pub fn away(day: NaiveDate, today: NaiveDate, language: Language) -> String {
    match (day - today).num_days() {
        0 => language.pick("hôm nay", "today").to_owned(),
        1 => language.pick("ngày mai", "tomorrow").to_owned(),
        left @ 2.. => language.pick(format!("còn {left} ngày"), format!("{left} days left")),
        past => language.pick(format!("đã qua {} ngày", -past), format!("{} days ago", -past)),
    }
}

/// The months of a plan year, as a picker.
pub fn period_choice(chosen: Period, language: Language) -> Markup {
    let months = (1..=12).rev().filter_map(|number| Period::new(chosen.year(), Cycle::Monthly, number));
    let mut options: Vec<(String, String)> = months.map(|one| (one.to_string(), period(one, language))).collect();
    if options.iter().all(|(value, _)| *value != chosen.to_string()) {
        options.push((chosen.to_string(), period(chosen, language)));
    }
    part::choice("period", language.pick("Kỳ", "Period"), &options, &chosen.to_string())
}

/// A button that only who has no scripts needs.
pub fn look_button(language: Language) -> Markup {
    html! { noscript { button { (language.pick("Xem", "Show")) } } }
}

/// The history of a figure.
pub fn history_href(indicator: &str) -> String {
    format!("/history?code={}", encoded(indicator))
}

/// Where a figure is entered.
pub fn entry_href(key: &ObservationKey) -> String {
    match Reported::of(&key.indicator) {
        Reported::Progress(task) | Reported::Disbursement(task) => {
            format!("/tasks?code={}&period={}", encoded(task), key.period)
        }
        Reported::Indicator(code) if !key.unit.is_empty() => {
            format!("/units?code={}&period={}", encoded(code), month_of(key.period))
        }
        Reported::Indicator(code) => format!("/?period={}&show=all#{}", month_of(key.period), anchor(code, "")),
    }
}

/// The month with which a period ends.
pub fn month_of(period: Period) -> Period {
    Period::new(period.year(), Cycle::Monthly, period.last_month()).unwrap_or(period)
}

/// The place of a figure's row in its page.
pub fn anchor(indicator: &str, unit: &str) -> String {
    let plain = |text: &str| text.replace(|c: char| !c.is_ascii_alphanumeric() && c != '-', "_");
    if unit.is_empty() {
        format!("row-{}", plain(indicator))
    } else {
        format!("row-{}-{}", plain(indicator), plain(unit))
    }
}

/// What a key names, for people: `CDS-17`, `CDS-17, ấp 3`.
pub fn label(indicator: &str, unit: &str, language: Language) -> String {
    let name = Reported::of(indicator).label(language);
    if unit.is_empty() { name } else { format!("{name} [{unit}]") }
}

/// The size of a file.
pub fn size(bytes: u64, language: Language) -> String {
    let tenths = |unit: u64| bytes.saturating_mul(10).div_ceil(unit);
    let shown = |tenths: u64, unit: &str| {
        let (whole, rest) = (tenths / 10, tenths % 10);
        let point = language.pick(',', '.');
        if rest == 0 || whole >= 100 { format!("{whole} {unit}") } else { format!("{whole}{point}{rest} {unit}") }
    };
    if bytes < 1024 * 1024 { shown(bytes.div_ceil(1024) * 10, "KB") } else { shown(tenths(1024 * 1024), "MB") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_others_cannot_leave_a_query_or_an_id() {
        assert_eq!(encoded("task:II.1&x=\"đ"), "task%3AII.1%26x%3D%22%C4%91");
        assert_eq!(anchor("a\" onclick=", "<b>"), "row-a__onclick_-_b_");
    }

    #[test]
    fn sizes_and_days_for_people() {
        assert_eq!(size(1, Language::Vi), "1 KB");
        assert_eq!(size(1024 * 1024 * 3 / 2, Language::Vi), "1,5 MB");
        let today = NaiveDate::from_ymd_opt(2026, 10, 16).unwrap();
        let at = |day| NaiveDate::from_ymd_opt(2026, 10, day).unwrap();
        assert_eq!(away(at(19), today, Language::Vi), "còn 3 ngày");
        assert_eq!(away(at(16), today, Language::Vi), "hôm nay");
        assert_eq!(away(at(10), today, Language::En), "6 days ago");
    }
}
