//! Values, goals and instants in the reader's words; what is said of a closed period.

use crate::store::{attachments::FileState, figures::Figure};
use chrono::{DateTime, Utc};
use shared::{
    amount::Amount,
    calendar::TIME_ZONE,
    catalogue::{Goal, Operator},
    language::Language,
    listing::number_for_people,
    observation::{Decision, Value},
    period::Period,
    vietnamese::trimmed,
};

/// The banner of an exercise.
pub fn banner(exercise: bool, language: Language) -> &'static str {
    if exercise {
        language.pick("*** SỐ LIỆU MÔ PHỎNG ***\n", "*** SIMULATED FIGURES (SỐ LIỆU MÔ PHỎNG) ***\n")
    } else {
        ""
    }
}

/// What is said when something is entered for a period that the province has closed.
pub fn closed(period: Period, language: Language) -> String {
    language.pick(
        format!("Lưu ý: tỉnh đã chốt kỳ {period}. Số liệu vẫn được gửi và giữ, nhưng chỉ vào xếp hạng kỳ đó khi tỉnh mở lại và chốt lần sau.\n"),
        format!("Note: the province has closed {period}. This is sent and kept, but enters that period's ranking only when the province reopens it and closes it again.\n"),
    )
}

/// A text that others wrote, on one line and without anything that moves a cursor or changes a terminal.
pub fn plain(text: &str) -> String {
    text.replace(char::is_control, " ")
}

/// As [`plain`], with its line breaks.
pub fn plain_lines(text: &str) -> String {
    text.replace(|c: char| c.is_control() && c != '\n', " ")
}

/// A value with its unit of measure.
pub fn value(value: Value, language: Language) -> String {
    let number = |amount: Amount| number_for_people(&amount.to_string(), language);
    match value {
        Value::Ratio { numerator, denominator } => {
            let share =
                percent(numerator, denominator).map(|share| format!(" = {} %", number(share))).unwrap_or_default();
            format!("{}/{}{share}", number(numerator), number(denominator))
        }
        Value::Percent(percent) => format!("{} %", number(percent)),
        Value::Count(count) => number_for_people(&count.to_string(), language),
        Value::Decimal(decimal) => number(decimal),
        Value::Flag(flag) => yes_or_no(flag, language).into(),
    }
}

/// Yes or no.
pub fn yes_or_no(flag: bool, language: Language) -> &'static str {
    match flag {
        true => language.pick("có", "yes"),
        false => language.pick("không", "no"),
    }
}

/// A share of 1, in machine form, as a percentage.
pub fn share(machine: &str, language: Language) -> String {
    let percent =
        machine.parse::<Amount>().ok().and_then(|share| Amount::from_micros(share.micros().checked_mul(100)?));
    percent.map_or_else(
        || machine.to_owned(),
        |percent| format!("{} %", number_for_people(&percent.to_string(), language)),
    )
}

/// A share in percent, cut to two decimals; shown only, never computed with.
fn percent(numerator: Amount, denominator: Amount) -> Option<Amount> {
    let hundredths = numerator.micros().checked_mul(10_000)?.checked_div(denominator.micros())?;
    Amount::from_micros(hundredths.checked_mul(10_000)?)
}

/// A value in machine form: numerator, denominator, value.
pub fn machine(value: Value) -> [String; 3] {
    let one = |text: String| [String::new(), String::new(), text];
    match value {
        Value::Ratio { numerator, denominator } => [numerator.to_string(), denominator.to_string(), String::new()],
        Value::Percent(amount) | Value::Decimal(amount) => one(amount.to_string()),
        Value::Count(count) => one(count.to_string()),
        Value::Flag(flag) => one(if flag { "yes" } else { "no" }.into()),
    }
}

/// What is asked.
pub fn goal(goal: Goal, unit: &str, language: Language) -> String {
    let machine = |amount: Option<Amount>| amount.map(|amount| amount.to_string()).unwrap_or_default();
    let text = asked(goal.operator(), &machine(goal.value()), &machine(goal.high()), language);
    match (goal.operator(), unit) {
        (Operator::Yes | Operator::Unspecified, _) | (_, "") => text,
        (_, "%") => text + " %",
        (_, unit) => format!("{text} {unit}"),
    }
}

/// An operator with its values, in machine form.
pub fn asked(operator: Operator, value: &str, high: &str, language: Language) -> String {
    let number = |machine: &str| number_for_people(trimmed(machine), language);
    match operator {
        Operator::AtLeast => format!("≥ {}", number(value)),
        Operator::Equal => number(value),
        Operator::AtMost => format!("≤ {}", number(value)),
        Operator::Range => format!("{}–{}", number(value), number(high)),
        Operator::Yes => language.pick("có", "yes").into(),
        Operator::Unspecified => language.pick("theo dõi", "tracked only").into(),
    }
}

/// What has become of a figure, in Vietnamese and English. `confirmed` is how far the province has confirmed the log.
pub fn state_of(figure: &Figure, confirmed: u64) -> (&'static str, &'static str) {
    match (&figure.refusal, &figure.verdict) {
        (Some(_), _) => ("bị từ chối", "refused"),
        (None, Some(verdict)) if verdict.decision == Decision::Returned => ("bị trả lại", "returned"),
        (None, Some(_)) => ("đã thẩm định", "accepted"),
        (None, None) if figure.seq > confirmed => ("chờ gửi", "pending"),
        (None, None) => ("tỉnh đã nhận", "acknowledged"),
    }
}

/// Where the bytes of a file of evidence are, in Vietnamese and English.
pub fn state_of_file(state: &FileState) -> (&'static str, &'static str) {
    match state {
        FileState::Pending { .. } => ("chờ gửi", "pending"),
        FileState::Held => ("tỉnh đã nhận", "held"),
        FileState::Missing { .. } => ("mất tệp, cần gắn lại", "missing"),
        FileState::Refused(_) => ("bị từ chối", "refused"),
    }
}

/// An instant in the province's local time, to the minute.
pub fn instant(instant: DateTime<Utc>) -> String {
    instant.with_timezone(&TIME_ZONE).format("%d/%m/%Y %H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_others_do_nothing_to_a_terminal() {
        assert_eq!(plain("a\u{1b}[2J\u{9b}b\nc"), "a [2J b c");
        assert_eq!(plain_lines("a\r\u{1b}b\nc"), "a  b\nc");
    }

    #[test]
    fn values_for_people_and_programs() {
        let amount = |text: &str| text.parse::<Amount>().unwrap();
        let ratio = Value::Ratio { numerator: amount("2"), denominator: amount("3") };
        assert_eq!(value(ratio, Language::Vi), "2/3 = 66,66 %");
        assert_eq!(value(ratio, Language::En), "2/3 = 66.66 %");
        assert_eq!(value(Value::Count(12_345), Language::Vi), "12.345");
        assert_eq!(share("0.6667", Language::Vi), "66,67 %");
        let range = Goal::Range { low: amount("50"), high: amount("60.5") };
        assert_eq!(goal(range, "%", Language::Vi), "50–60,5 %");
        assert_eq!(goal(Goal::AtMost(amount("0")), "vụ", Language::En), "≤ 0 vụ");
        assert_eq!(machine(ratio), ["2", "3", ""]);
        assert_eq!(machine(Value::Flag(true))[2], "yes");
        let huge = Value::Ratio { numerator: amount("999999999999999"), denominator: amount("999999999999999") };
        assert!(value(huge, Language::Vi).ends_with("= 100 %"));
    }
}
