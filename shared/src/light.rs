//! The traffic light of a target, and why it is red or yellow.
//!
//! Source: scoring rules 2026.1, "Lights"; plan of xã Tân Lợi, V.2.3 (red), plan of xã Định Quán, IV.3.2 (red and yellow).

use crate::{
    achievement::{FULL, Micros},
    fraction::decimals,
    language::Language,
    listing::number_for_people,
    period::Cycle,
    vietnamese::trimmed,
};
use chrono::{Datelike, NaiveDate};

/// Day of the last month of a period that the lights' time roadmap is measured at (the default calendar).
pub const ROADMAP_DAY: u32 = 19;
/// A deadline this near makes an unmet target yellow.
pub const NEAR_DEADLINE_DAYS: i64 = 15;

/// A traffic light (đèn).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Light {
    /// Đỏ.
    Red,
    /// Vàng.
    Yellow,
    /// Xanh.
    Green,
    /// Xám: no scored target.
    Grey,
}

impl Light {
    /// All lights.
    pub const ALL: [Light; 4] = [Light::Red, Light::Yellow, Light::Green, Light::Grey];

    /// The word in exports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Light::Red => "red",
            Light::Yellow => "yellow",
            Light::Green => "green",
            Light::Grey => "grey",
        }
    }

    /// The word for people.
    #[must_use]
    pub fn label(self, language: Language) -> &'static str {
        match self {
            Light::Red => language.pick("đỏ", "red"),
            Light::Yellow => language.pick("vàng", "yellow"),
            Light::Green => language.pick("xanh", "green"),
            Light::Grey => language.pick("xám", "grey"),
        }
    }
}

/// What a light is judged by, for a scored target.
#[derive(Debug, Clone, Copy)]
pub struct LightFacts {
    /// Achievement, 0 when nothing is reported.
    pub achieved: Micros,
    /// Whether the verdict on the effective observation is returned.
    pub returned: bool,
    /// d: the cut-off day of the period in the default calendar.
    pub roadmap_day: NaiveDate,
    /// The target's deadline, if it has one.
    pub deadline: Option<NaiveDate>,
    /// Whether something was reported for the period itself.
    pub reported: bool,
    /// The cycle in which it is reported, where no such period ends with this one.
    pub off_cycle: Option<Cycle>,
    /// Whether the commune's cut-off day of the period has passed.
    pub cutoff_passed: bool,
}

/// Why a light is red or yellow: the first rule that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The reviewer returned the effective observation.
    Returned,
    /// The deadline has passed and the target is not reached.
    DeadlinePassed(NaiveDate),
    /// Less than half of the time roadmap τ.
    FarBehind {
        /// Achievement.
        achieved: Micros,
        /// τ, cut to millionths.
        roadmap: Micros,
    },
    /// Less than the time roadmap τ.
    Behind {
        /// Achievement.
        achieved: Micros,
        /// τ, cut to millionths.
        roadmap: Micros,
    },
    /// Nothing is reported for the period and its cut-off day has passed.
    NotReported,
    /// The same, where the indicator is reported in a longer cycle, none of which ends with the period.
    NotReportedInCycle(Cycle),
    /// The deadline is near and the target is not reached.
    DeadlineNear(NaiveDate),
}

impl Cause {
    /// A stable word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Cause::Returned => "returned",
            Cause::DeadlinePassed(_) => "deadline_passed",
            Cause::FarBehind { .. } => "far_behind",
            Cause::Behind { .. } => "behind",
            Cause::NotReported | Cause::NotReportedInCycle(_) => "not_reported",
            Cause::DeadlineNear(_) => "deadline_near",
        }
    }

    /// For people.
    #[must_use]
    pub fn explain(self, language: Language) -> String {
        let day = |day: NaiveDate| language.pick(day.format("%d/%m/%Y").to_string(), day.to_string());
        // 31 %, 31,4 %: one decimal, cut, so that nothing is shown as reached that is not.
        let percent = |share: Micros| {
            let text = decimals(i128::from(share / 1_000), 1);
            format!("{} %", number_for_people(trimmed(&text), language))
        };
        match self {
            Cause::Returned => {
                language.pick("số liệu bị trả lại sau thẩm định, chờ hoàn thiện", "returned by the reviewer").to_owned()
            }
            Cause::DeadlinePassed(deadline) => language.pick(
                format!("quá hạn {} mà chưa đạt", day(deadline)),
                format!("the deadline {} has passed, not reached", day(deadline)),
            ),
            Cause::FarBehind { achieved, roadmap } => language.pick(
                format!(
                    "thấp hơn 50 % so với lộ trình thời gian: đạt {}, lộ trình {}",
                    percent(achieved),
                    percent(roadmap)
                ),
                format!("below 50 % of the time roadmap: {} of {}", percent(achieved), percent(roadmap)),
            ),
            Cause::Behind { achieved, roadmap } => language.pick(
                format!("chậm so với lộ trình thời gian: đạt {}, lộ trình {}", percent(achieved), percent(roadmap)),
                format!("behind the time roadmap: {} of {}", percent(achieved), percent(roadmap)),
            ),
            Cause::NotReported => language
                .pick(
                    "đã hết hạn nộp mà kỳ này chưa có số liệu",
                    "nothing reported for the period, its due day has passed",
                )
                .to_owned(),
            Cause::NotReportedInCycle(cycle) => language.pick(
                format!("kỳ này chưa có số liệu riêng (chỉ tiêu báo cáo theo {})", cycle.label(language)),
                format!("no figure of the period itself (the indicator is reported {})", cycle.label(language)),
            ),
            Cause::DeadlineNear(deadline) => language.pick(
                format!("sắp đến hạn {} mà chưa đạt", day(deadline)),
                format!("the deadline {} is near, not reached", day(deadline)),
            ),
        }
    }
}

/// What a stable word of [`Cause::as_str`] says without its numbers, for lists of what was; the word itself where it is not known.
#[must_use]
pub fn cause_label(word: &str, language: Language) -> &str {
    let (vi, en) = match word {
        "returned" => ("bị trả lại, chờ hoàn thiện", "returned by the reviewer"),
        "deadline_passed" => ("quá hạn mà chưa đạt", "the deadline has passed, not reached"),
        "far_behind" => ("thấp hơn 50 % so với lộ trình thời gian", "below 50 % of the time roadmap"),
        "behind" => ("chậm so với lộ trình thời gian", "behind the time roadmap"),
        "not_reported" => ("kỳ này chưa có số liệu", "nothing reported for the period"),
        "deadline_near" => ("sắp đến hạn mà chưa đạt", "the deadline is near, not reached"),
        _ => return word,
    };
    language.pick(vi, en)
}

/// The light of a scored target, and why where it is red or yellow. Deadlines are judged on day d, so that a published month keeps its
/// lights.
#[must_use]
pub fn judge(facts: LightFacts) -> (Light, Option<Cause>) {
    let d = facts.roadmap_day;
    let a = u64::from(facts.achieved);
    let unmet = facts.achieved < FULL;
    // τ = day of the year / days in the year, in millionths times days in the year to stay whole.
    let days = if d.leap_year() { 366 } else { 365 };
    let elapsed = u64::from(d.ordinal()) * u64::from(FULL);
    let (achieved, roadmap) = (facts.achieved, Micros::try_from(elapsed / days).unwrap_or(FULL));
    let passed = facts.deadline.filter(|deadline| *deadline < d && unmet);
    let is_near = |deadline: &NaiveDate| (0..=NEAR_DEADLINE_DAYS).contains(&(*deadline - d).num_days());
    let near = facts.deadline.filter(|deadline| is_near(deadline) && unmet);
    let red = |cause| (Light::Red, Some(cause));
    let yellow = |cause| (Light::Yellow, Some(cause));
    if facts.returned {
        red(Cause::Returned)
    } else if let Some(deadline) = passed {
        red(Cause::DeadlinePassed(deadline))
    } else if 2 * a * days < elapsed {
        red(Cause::FarBehind { achieved, roadmap })
    } else if a * days < elapsed {
        yellow(Cause::Behind { achieved, roadmap })
    } else if !facts.reported && facts.cutoff_passed {
        yellow(facts.off_cycle.map_or(Cause::NotReported, Cause::NotReportedInCycle))
    } else if let Some(deadline) = near {
        yellow(Cause::DeadlineNear(deadline))
    } else {
        (Light::Green, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lights_by_the_first_rule_that_holds() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let facts = |achieved| LightFacts {
            achieved,
            returned: false,
            roadmap_day: day("2026-10-19"),
            deadline: None,
            reported: true,
            off_cycle: None,
            cutoff_passed: true,
        };
        // τ = 292/365 = 0.8 exactly.
        let cases = [
            (facts(399_999), Light::Red),
            (facts(400_000), Light::Yellow),
            (facts(799_999), Light::Yellow),
            (facts(800_000), Light::Green),
            (LightFacts { returned: true, ..facts(FULL) }, Light::Red),
            (LightFacts { deadline: Some(day("2026-10-18")), ..facts(999_999) }, Light::Red),
            (LightFacts { deadline: Some(day("2026-10-18")), ..facts(FULL) }, Light::Green),
            (LightFacts { deadline: Some(day("2026-10-19")), ..facts(999_999) }, Light::Yellow),
            (LightFacts { deadline: Some(day("2026-11-03")), ..facts(999_999) }, Light::Yellow),
            (LightFacts { deadline: Some(day("2026-11-04")), ..facts(999_999) }, Light::Green),
            (LightFacts { reported: false, ..facts(FULL) }, Light::Yellow),
            (LightFacts { reported: false, cutoff_passed: false, ..facts(FULL) }, Light::Green),
        ];
        for (facts, expected) in cases {
            let (light, cause) = judge(facts);
            assert_eq!(light, expected, "{facts:?}");
            assert_eq!(cause.is_none(), light == Light::Green, "{facts:?}");
        }
    }

    #[test]
    fn a_reason_says_what_is_and_what_should_be() {
        let day: NaiveDate = "2026-10-19".parse().unwrap();
        for (cause, vi) in [
            (
                Cause::FarBehind { achieved: 314_159, roadmap: 800_000 },
                "thấp hơn 50 % so với lộ trình thời gian: đạt 31,4 %, lộ trình 80 %",
            ),
            (
                Cause::Behind { achieved: 799_999, roadmap: 800_000 },
                "chậm so với lộ trình thời gian: đạt 79,9 %, lộ trình 80 %",
            ),
            (Cause::NotReportedInCycle(Cycle::Quarterly), "kỳ này chưa có số liệu riêng (chỉ tiêu báo cáo theo quý)"),
            (Cause::DeadlinePassed(day), "quá hạn 19/10/2026 mà chưa đạt"),
            (Cause::DeadlineNear(day), "sắp đến hạn 19/10/2026 mà chưa đạt"),
        ] {
            assert_eq!(cause.explain(Language::Vi), vi);
            assert_ne!(cause.explain(Language::En), vi);
        }
    }
}
