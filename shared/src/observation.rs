//! An observation (số liệu): what a commune reports for one indicator and one period, and the rules it must keep.
//!
//! The same [`EntryRules::check`] runs at the agent when a figure is entered and at the aggregator when it arrives.

use crate::{
    amount::Amount, catalogue::Kind, fraction::Fraction, language::Language, listing::number_for_people,
    period::Period, task::Reported, vietnamese::trimmed,
};
use std::fmt;

/// Longest note, in characters.
pub const MAX_NOTE_CHARS: usize = 2_000;
/// Longest name of a person, in characters.
pub const MAX_NAME_CHARS: usize = 200;
/// Longest name of an evidence file, in characters.
pub const MAX_FILE_NAME_CHARS: usize = 255;
/// Largest count: a thousand billion.
pub const MAX_COUNT: u64 = 1_000_000_000_000;

/// A reported value. Construct it freely; [`EntryRules::check`] decides whether it may be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Value {
    /// A ratio by its parts.
    Ratio {
        /// Not negative, at most the denominator.
        numerator: Amount,
        /// Above zero.
        denominator: Amount,
    },
    /// A ratio of which only the percentage is known, 0 to 100.
    Percent(Amount),
    /// Year to date, whole, not negative.
    Count(u64),
    /// A plain number.
    Decimal(Amount),
    /// Yes or no.
    Flag(bool),
}

impl Value {
    /// The kind of indicator that takes it.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Value::Ratio { .. } | Value::Percent(_) => Kind::Ratio,
            Value::Count(_) => Kind::Count,
            Value::Decimal(_) => Kind::Decimal,
            Value::Flag(_) => Kind::Flag,
        }
    }
}

impl Value {
    /// For people: "9.120/11.830 (77,09 %)", "12,5 %", "27", "có".
    #[must_use]
    pub fn for_people(self, language: Language) -> String {
        let number = |amount: Amount| number_for_people(trimmed(&amount.to_string()), language);
        match self {
            Value::Ratio { numerator, denominator } => {
                let share = Fraction::new(100 * numerator.micros(), denominator.micros());
                let share = share.map(|share| number_for_people(trimmed(&share.to_decimals(2)), language));
                let share = share.map(|share| format!(" ({share} %)")).unwrap_or_default();
                format!("{}/{}{share}", number(numerator), number(denominator))
            }
            Value::Percent(percent) => format!("{} %", number(percent)),
            Value::Count(count) => number_for_people(&count.to_string(), language),
            Value::Decimal(decimal) => number(decimal),
            Value::Flag(true) => language.pick("có", "yes").to_owned(),
            Value::Flag(false) => language.pick("không", "no").to_owned(),
        }
    }
}

/// Where a figure belongs: the key of its versions within a commune.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObservationKey {
    /// Indicator code, or the code under which a task is reported (see [`Reported`]).
    pub indicator: String,
    /// Unit code, empty for the whole commune.
    pub unit: String,
    /// Period.
    pub period: Period,
}

/// A figure as entered, before it has a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// Its key.
    pub key: ObservationKey,
    /// The value.
    pub value: Value,
    /// Words of explanation.
    pub note: String,
}

/// A provincial reviewer's decision on one version (thẩm định).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Decision {
    /// Accepted.
    Accepted,
    /// Returned with a reason.
    Returned,
}

impl Decision {
    /// The word in exports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Decision::Accepted => "accepted",
            Decision::Returned => "returned",
        }
    }
    /// Reads the word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Decision::Accepted, Decision::Returned].into_iter().find(|decision| decision.as_str() == word)
    }
}

/// Why a figure, or another change, is refused. `code` is stable on the wire and in stores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The catalogue has no such indicator, and the commune's plan no such task.
    UnknownIndicator(String),
    /// The commune has no such unit.
    UnknownUnit(String),
    /// The value is of another kind than the one asked.
    WrongKind {
        /// What is asked.
        asked: Kind,
        /// What was given.
        given: Kind,
    },
    /// Numerator above denominator.
    NumeratorOverDenominator,
    /// Denominator zero or below.
    DenominatorNotPositive,
    /// A ratio's part, a percentage or a count is negative.
    Negative,
    /// A percentage above 100.
    PercentOver100,
    /// A unit must give numerator and denominator, so that they can be added up.
    UnitNeedsParts,
    /// A count above [`MAX_COUNT`].
    CountTooLarge,
    /// The period lies outside the plan year.
    OutsidePlanYear(i32),
    /// A text is too long.
    TextTooLong(&'static str),
    /// A text holds characters that cannot be shown.
    TextNotPlain(&'static str),
    /// Evidence for an observation that is not there.
    UnknownObservation,
    /// A conflict is settled that was never noted.
    UnknownConflict,
    /// The change could not be read; the reason is for logs.
    Unreadable(String),
}

impl Refusal {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Refusal::UnknownIndicator(_) => "unknown_indicator",
            Refusal::UnknownUnit(_) => "unknown_unit",
            Refusal::WrongKind { .. } => "wrong_kind",
            Refusal::NumeratorOverDenominator => "numerator_over_denominator",
            Refusal::DenominatorNotPositive => "denominator_not_positive",
            Refusal::Negative => "negative",
            Refusal::PercentOver100 => "percent_over_100",
            Refusal::UnitNeedsParts => "unit_needs_parts",
            Refusal::CountTooLarge => "count_too_large",
            Refusal::OutsidePlanYear(_) => "outside_plan_year",
            Refusal::TextTooLong(_) => "text_too_long",
            Refusal::TextNotPlain(_) => "text_not_plain",
            Refusal::UnknownObservation => "unknown_observation",
            Refusal::UnknownConflict => "unknown_conflict",
            Refusal::Unreadable(_) => "unreadable",
        }
    }

    /// What the person who entered the figure reads: what is wrong and what to do.
    #[must_use]
    pub fn explain(&self, language: Language) -> String {
        match self {
            Refusal::UnknownIndicator(code) => language.pick(
                format!("không có chỉ tiêu hay nhiệm vụ {code}; xem các mã bằng lệnh `commune-agent targets` và `commune-agent tasks`"),
                format!("there is no indicator or task {code}; see the codes with `commune-agent targets` and `commune-agent tasks`"),
            ),
            Refusal::UnknownUnit(code) => language.pick(
                format!("xã không có đơn vị {code}; xem các mã bằng lệnh `commune-agent units`, hoặc bỏ --unit để báo cáo cho toàn xã"),
                format!("the commune has no unit {code}; see the codes with `commune-agent units`, or leave out --unit to report for the whole commune"),
            ),
            Refusal::WrongKind { asked, given } => language.pick(
                format!("chỉ tiêu này cần {}, không phải {}", kind_vi(*asked), kind_vi(*given)),
                format!("this indicator takes {}, not {}", kind_en(*asked), kind_en(*given)),
            ),
            Refusal::NumeratorOverDenominator => language
                .pick(
                    "tử số lớn hơn mẫu số; kiểm tra lại hai số",
                    "the numerator is larger than the denominator; check both",
                )
                .into(),
            Refusal::DenominatorNotPositive => {
                language.pick("mẫu số phải lớn hơn 0", "the denominator must be above zero").into()
            }
            Refusal::Negative => language.pick("số liệu không được âm", "the figure must not be negative").into(),
            Refusal::PercentOver100 => {
                language.pick("tỷ lệ phải từ 0 đến 100", "a percentage lies between 0 and 100").into()
            }
            Refusal::UnitNeedsParts => language
                .pick(
                    "số liệu của đơn vị phải có tử số và mẫu số (--ratio N/D) để cộng dồn cho toàn xã",
                    "a unit's figure needs numerator and denominator (--ratio N/D), so that it can be added up",
                )
                .into(),
            Refusal::CountTooLarge => language
                .pick("số đếm quá lớn; kiểm tra đơn vị tính", "the count is too large; check the unit of measure")
                .into(),
            Refusal::OutsidePlanYear(year) => language.pick(
                format!("kỳ báo cáo nằm ngoài năm kế hoạch {year}"),
                format!("the period lies outside the plan year {year}"),
            ),
            Refusal::TextTooLong(field) => {
                language.pick(format!("nội dung quá dài: {field}"), format!("text too long: {field}"))
            }
            Refusal::TextNotPlain(field) => language.pick(
                format!("nội dung có ký tự không hiển thị được: {field}; hãy gõ lại"),
                format!("the text holds characters that cannot be shown: {field}; type it again"),
            ),
            Refusal::UnknownObservation => language
                .pick(
                    "chưa có số liệu để gắn minh chứng; nhập số liệu trước",
                    "there is no figure to attach evidence to; record the figure first",
                )
                .into(),
            Refusal::UnknownConflict => language
                .pick(
                    "không có trùng lặp nào như vậy; xem lại bằng lệnh `commune-agent conflicts`",
                    "there is no such conflict; see them with `commune-agent conflicts`",
                )
                .into(),
            Refusal::Unreadable(_) => language
                .pick(
                    "tỉnh không đọc được thay đổi này; cập nhật phần mềm rồi nhập lại",
                    "the province could not read this change; update the program and enter it again",
                )
                .into(),
        }
    }
}

impl fmt::Display for Refusal {
    /// For logs: the code and what it is about.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())?;
        match self {
            Refusal::UnknownIndicator(what) | Refusal::UnknownUnit(what) | Refusal::Unreadable(what) => {
                write!(f, ": {what:?}")
            }
            Refusal::WrongKind { asked, given } => write!(f, ": asked {}, given {}", asked.as_str(), given.as_str()),
            Refusal::OutsidePlanYear(year) => write!(f, ": plan year {year}"),
            Refusal::TextTooLong(field) | Refusal::TextNotPlain(field) => write!(f, ": {field}"),
            _ => Ok(()),
        }
    }
}

impl std::error::Error for Refusal {}

fn kind_vi(kind: Kind) -> &'static str {
    match kind {
        Kind::Ratio => "tỷ lệ (--ratio TỬ/MẪU, hoặc --value PHẦN_TRĂM)",
        Kind::Count => "số đếm nguyên (--value N)",
        Kind::Decimal => "một số (--value V)",
        Kind::Flag => "có/không (--yes hoặc --no)",
    }
}

fn kind_en(kind: Kind) -> &'static str {
    match kind {
        Kind::Ratio => "a ratio (--ratio N/D, or --value PERCENT)",
        Kind::Count => "a whole count (--value N)",
        Kind::Decimal => "a number (--value V)",
        Kind::Flag => "yes or no (--yes or --no)",
    }
}

/// What a figure of one commune is checked against.
#[derive(Debug, Clone, Copy)]
pub struct EntryRules {
    /// The plan year.
    pub plan_year: i32,
    /// The kind of value asked; none where the catalogue has no such indicator and the commune's plan no such task.
    pub asked: Option<Kind>,
    /// Whether the commune has the unit named (true for the whole commune).
    pub unit_known: bool,
}

impl EntryRules {
    /// Checks a figure.
    ///
    /// # Errors
    /// The first rule it breaks.
    pub fn check(&self, observation: &Observation) -> Result<(), Refusal> {
        let key = &observation.key;
        let asked = self.asked.ok_or_else(|| Refusal::UnknownIndicator(key.indicator.clone()))?;
        if !self.unit_known {
            return Err(Refusal::UnknownUnit(key.unit.clone()));
        }
        if key.period.year() != self.plan_year {
            return Err(Refusal::OutsidePlanYear(self.plan_year));
        }
        if observation.value.kind() != asked {
            return Err(Refusal::WrongKind { asked, given: observation.value.kind() });
        }
        if observation.note.chars().count() > MAX_NOTE_CHARS {
            return Err(Refusal::TextTooLong("note"));
        }
        if observation.note.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            return Err(Refusal::TextNotPlain("note"));
        }
        match observation.value {
            Value::Ratio { numerator, denominator } => {
                if numerator.is_negative() {
                    return Err(Refusal::Negative);
                }
                if denominator <= Amount::ZERO {
                    return Err(Refusal::DenominatorNotPositive);
                }
                if numerator > denominator {
                    return Err(Refusal::NumeratorOverDenominator);
                }
            }
            Value::Percent(_) if !key.unit.is_empty() => return Err(Refusal::UnitNeedsParts),
            Value::Percent(percent) if percent.is_negative() => return Err(Refusal::Negative),
            Value::Percent(percent) if percent > Amount::from(100) => return Err(Refusal::PercentOver100),
            Value::Decimal(amount)
                if amount.is_negative() && matches!(Reported::of(&key.indicator), Reported::Disbursement(_)) =>
            {
                return Err(Refusal::Negative);
            }
            Value::Count(count) if count > MAX_COUNT => return Err(Refusal::CountTooLarge),
            Value::Percent(_) | Value::Count(_) | Value::Decimal(_) | Value::Flag(_) => {}
        }
        Ok(())
    }
}
