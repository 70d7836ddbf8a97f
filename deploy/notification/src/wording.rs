//! What a reminder says: to a commune what it still has to report, to the province who has not.

use crate::{Reminder, occasion::Occasion};
use chrono::{DateTime, NaiveDate, Utc};
use shared::{language::Language, period::Period};
use std::fmt::Write;

/// Most lines that a reminder lists; the command names them all.
const MOST_LINES: usize = 60;

/// What a commune is reminded of.
#[derive(Debug, Clone)]
pub struct CommuneDue<'a> {
    /// Its name.
    pub commune: &'a str,
    /// The period.
    pub period: Period,
    /// Its cut-off day.
    pub cutoff: NaiveDate,
    /// The day that it usually is.
    pub usual: NaiveDate,
    /// How many figures are expected.
    pub expected: usize,
    /// Those that are missing: code, name, lead unit.
    pub missing: Vec<[String; 3]>,
    /// How many tasks have no report for the period.
    pub silent_tasks: usize,
    /// Whether all figures are simulated.
    pub is_simulated: bool,
}

/// What the province is reminded of.
#[derive(Debug, Clone)]
pub struct ProvinceDue<'a> {
    /// Its name.
    pub province: &'a str,
    /// The period.
    pub period: Period,
    /// The cut-off day: the usual one, or the latest of those who miss something and have another.
    pub cutoff: NaiveDate,
    /// The usual one.
    pub usual: NaiveDate,
    /// Communes that miss something: name, how many figures, how many are expected, their own cut-off day.
    pub missing: Vec<(String, usize, usize, NaiveDate)>,
    /// How many communes are expected to report.
    pub communes: usize,
    /// Whether all figures are simulated.
    pub is_simulated: bool,
}

fn day(day: NaiveDate, language: Language) -> String {
    language.pick(day.format("%d/%m/%Y").to_string(), day.to_string())
}

fn banner(is_simulated: bool, language: Language) -> &'static str {
    if is_simulated {
        language.pick("*** SỐ LIỆU MÔ PHỎNG ***\n\n", "*** SIMULATED FIGURES ***\n\n")
    } else {
        ""
    }
}

/// When, in the subject.
fn moment(occasion: Occasion, cutoff: NaiveDate, language: Language) -> String {
    let last = day(cutoff, language);
    match occasion {
        Occasion::Before => language.pick(format!("sắp đến hạn {last}"), format!("due on {last}")),
        Occasion::UnitsLastDay => language.pick(
            format!("hôm nay là hạn các đơn vị gửi về xã, xã nộp hết ngày {last}"),
            format!("units report today, the commune by {last}"),
        ),
        Occasion::LastDay => language.pick("hôm nay là ngày cuối".to_owned(), "today is the last day".to_owned()),
        Occasion::Overdue => language.pick(format!("đã quá hạn {last}"), format!("was due on {last}")),
    }
}

/// The reminder to a commune.
#[must_use]
pub fn to_commune(due: &CommuneDue<'_>, occasion: Occasion, language: Language, at: DateTime<Utc>) -> Reminder {
    let CommuneDue { commune, period, cutoff, usual, expected, missing, silent_tasks, .. } = due;
    let (count, when) = (missing.len(), moment(occasion, *cutoff, language));
    let subject = language.pick(
        format!("{commune}: còn thiếu {count}/{expected} số liệu kỳ {period}, {when}"),
        format!("{commune}: {count} of {expected} figures missing for {period}, {when}"),
    );
    let mut text = banner(due.is_simulated, language).to_owned();
    text += &language.pick(
        format!(
            "Kỳ {period}: phải báo cáo {expected} chỉ tiêu, còn thiếu {count}. Hạn: hết ngày {}.\n",
            day(*cutoff, language)
        ),
        format!(
            "{period}: {expected} indicators expected, {count} missing. Due by the end of {}.\n",
            day(*cutoff, language)
        ),
    );
    for [code, name, lead] in missing.iter().take(MOST_LINES) {
        let lead = if lead.is_empty() { String::new() } else { format!(" ({lead})") };
        // Writing to a text does not fail.
        let _ = writeln!(text, "- {code} {name}{lead}");
    }
    if count > MOST_LINES {
        let _ = writeln!(text, "… +{}", count - MOST_LINES);
    }
    if *silent_tasks > 0 {
        text += &language.pick(
            format!("\n{silent_tasks} nhiệm vụ chưa báo cáo tiến độ kỳ này.\n"),
            format!("\n{silent_tasks} tasks without progress for the period.\n"),
        );
    }
    text += &language.pick(
        format!("\nXem: commune-agent due --period {period}\n"),
        format!("\nSee: commune-agent due --period {period}\n"),
    );
    Reminder { key: occasion.key(*period, *cutoff, *usual), subject: cut(&subject), text, language, at }
}

/// The reminder to the province.
#[must_use]
pub fn to_province(due: &ProvinceDue<'_>, occasion: Occasion, language: Language, at: DateTime<Utc>) -> Reminder {
    let ProvinceDue { province, period, cutoff, usual, missing, communes, .. } = due;
    let (count, when) = (missing.len(), moment(occasion, *cutoff, language));
    let subject = language.pick(
        format!("{province}: {count}/{communes} xã, phường còn thiếu số liệu kỳ {period}, {when}"),
        format!("{province}: {count} of {communes} communes miss figures for {period}, {when}"),
    );
    let mut text = banner(due.is_simulated, language).to_owned();
    text += &language.pick(
        format!("Kỳ {period}: {count}/{communes} xã, phường còn thiếu số liệu.\n"),
        format!("{period}: {count} of {communes} communes miss figures.\n"),
    );
    for (name, lacks, expected, own) in missing.iter().take(MOST_LINES) {
        let own = day(*own, language);
        let _ = writeln!(
            text,
            "{}",
            language.pick(
                format!("- {name}: thiếu {lacks}/{expected}, hạn {own}"),
                format!("- {name}: {lacks} of {expected}, due {own}"),
            )
        );
    }
    if count > MOST_LINES {
        let _ = writeln!(text, "… +{}", count - MOST_LINES);
    }
    text += &language.pick(
        format!("\nXem: province-aggregator due --period {period}\n"),
        format!("\nSee: province-aggregator due --period {period}\n"),
    );
    Reminder { key: occasion.key(*period, *cutoff, *usual), subject: cut(&subject), text, language, at }
}

/// A reminder that only tries the ways.
#[must_use]
pub fn trial(sender: &str, language: Language, at: DateTime<Utc>) -> Reminder {
    Reminder {
        key: "trial".into(),
        subject: cut(&language.pick(format!("{sender}: thử gửi nhắc việc"), format!("{sender}: a trial of reminders"))),
        text: language
            .pick("Tin này chỉ để thử; không phải làm gì.\n", "This is only a trial; there is nothing to do.\n")
            .into(),
        language,
        at,
    }
}

fn cut(subject: &str) -> String {
    subject.chars().filter(|sign| !sign.is_control()).take(crate::reminder::MAX_SUBJECT_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reminder_names_what_is_missing_and_by_when_and_fits() {
        let due = CommuneDue {
            commune: "Xã Tân Phú",
            period: "2026-10".parse().unwrap(),
            cutoff: "2026-10-19".parse().unwrap(),
            usual: "2026-10-19".parse().unwrap(),
            expected: 34,
            missing: (0..70).map(|n| [format!("CDS-{n:02}"), "Chỉ tiêu".into(), String::new()]).collect(),
            silent_tasks: 2,
            is_simulated: true,
        };
        let at = "2026-10-19T01:00:00Z".parse().unwrap();
        for occasion in [Occasion::Before, Occasion::UnitsLastDay, Occasion::LastDay, Occasion::Overdue] {
            for language in [Language::Vi, Language::En] {
                let reminder = to_commune(&due, occasion, language, at);
                assert_eq!(reminder.check(), Ok(()));
                assert!(reminder.text.contains("CDS-59") && !reminder.text.contains("CDS-60"));
            }
        }
        let reminder = to_commune(&due, Occasion::LastDay, Language::Vi, at);
        assert_eq!(reminder.subject, "Xã Tân Phú: còn thiếu 70/34 số liệu kỳ 2026-10, hôm nay là ngày cuối");
        assert!(reminder.text.starts_with("*** SỐ LIỆU MÔ PHỎNG ***"));
        let province = ProvinceDue {
            province: "Tỉnh Đồng Nai",
            period: due.period,
            cutoff: due.cutoff,
            usual: due.usual,
            missing: vec![("Xã Tân Phú".into(), 1, 34, due.cutoff)],
            communes: 5,
            is_simulated: false,
        };
        let reminder = to_province(&province, Occasion::Overdue, Language::Vi, at);
        assert!(reminder.check().is_ok() && reminder.text.contains("- Xã Tân Phú: thiếu 1/34, hạn 19/10/2026"));
        assert_eq!(trial("Xã Tân Phú", Language::Vi, at).check(), Ok(()));
    }
}
