//! From an effective observation to its state, what counts and its light.
//!
//! Source: scoring rules 2026.1, "What counts" and "Lights".

use crate::{
    achievement::{FULL, Micros},
    language::Language,
    observation::Decision,
};
use chrono::{Datelike, NaiveDate};

/// Day of the last month of a period that the lights' time roadmap is measured at (the default calendar).
pub const ROADMAP_DAY: u32 = 19;
/// A deadline this near makes an unmet target yellow.
pub const NEAR_DEADLINE_DAYS: i64 = 15;

/// The state of a target's effective observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Chưa báo cáo.
    Missing,
    /// Đang thực hiện.
    InProgress,
    /// Chờ minh chứng.
    AwaitingEvidence,
    /// Chờ thẩm định.
    AwaitingReview,
    /// Đạt.
    Met,
    /// Chờ hoàn thiện.
    Returned,
    /// Theo dõi: no scored target.
    Untracked,
}

impl State {
    /// All states.
    pub const ALL: [State; 7] = [
        State::Missing,
        State::InProgress,
        State::AwaitingEvidence,
        State::AwaitingReview,
        State::Met,
        State::Returned,
        State::Untracked,
    ];

    /// The word in exports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            State::Missing => "missing",
            State::InProgress => "in_progress",
            State::AwaitingEvidence => "awaiting_evidence",
            State::AwaitingReview => "awaiting_review",
            State::Met => "met",
            State::Returned => "returned",
            State::Untracked => "untracked",
        }
    }

    /// The words for people.
    #[must_use]
    pub fn label(self, language: Language) -> &'static str {
        match self {
            State::Missing => language.pick("chưa báo cáo", "not reported"),
            State::InProgress => language.pick("đang thực hiện", "in progress"),
            State::AwaitingEvidence => language.pick("chờ minh chứng", "awaiting evidence"),
            State::AwaitingReview => language.pick("chờ thẩm định", "awaiting review"),
            State::Met => language.pick("đạt", "met"),
            State::Returned => language.pick("chờ hoàn thiện", "returned"),
            State::Untracked => language.pick("theo dõi", "tracked only"),
        }
    }
}

/// What is known of the effective observation beside its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proof {
    /// Number of evidence files.
    pub evidence: u32,
    /// The reviewer's decision on this version.
    pub verdict: Option<Decision>,
    /// Whether a completed figure needs evidence.
    pub required: bool,
}

/// The state and what counts of it, for a scored target; `achieved` is `None` when nothing is reported.
#[must_use]
pub fn state_and_counted(achieved: Option<Micros>, proof: Proof) -> (State, Micros) {
    let Some(a) = achieved else { return (State::Missing, 0) };
    match proof.verdict {
        Some(Decision::Returned) => (State::Returned, 0),
        _ if a < FULL => (State::InProgress, a),
        Some(Decision::Accepted) => (State::Met, FULL),
        None if !proof.required => (State::Met, FULL),
        None if proof.evidence == 0 => (State::AwaitingEvidence, 0),
        None => (State::AwaitingReview, FULL),
    }
}

/// A traffic light (đèn).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
    /// Whether the commune's cut-off day of the period has passed.
    pub cutoff_passed: bool,
}

/// The light of a scored target. Deadlines are judged on day d, so that a published month keeps its lights.
#[must_use]
pub fn light(facts: LightFacts) -> Light {
    let d = facts.roadmap_day;
    let a = u64::from(facts.achieved);
    let unmet = facts.achieved < FULL;
    // τ = day of the year / days in the year, in millionths times days in the year to stay whole.
    let days = if d.leap_year() { 366 } else { 365 };
    let roadmap = u64::from(d.ordinal()) * u64::from(FULL);
    let deadline_passed = facts.deadline.is_some_and(|deadline| deadline < d);
    if facts.returned || (deadline_passed && unmet) || 2 * a * days < roadmap {
        return Light::Red;
    }
    let near = facts.deadline.is_some_and(|deadline| (0..=NEAR_DEADLINE_DAYS).contains(&(deadline - d).num_days()));
    if a * days < roadmap || (!facts.reported && facts.cutoff_passed) || (near && unmet) {
        return Light::Yellow;
    }
    Light::Green
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proof(evidence: u32, verdict: Option<Decision>, required: bool) -> Proof {
        Proof { evidence, verdict, required }
    }

    #[test]
    fn what_counts_as_in_the_table() {
        use Decision::{Accepted, Returned};
        let cases = [
            (None, proof(0, None, true), State::Missing, 0),
            (Some(400_000), proof(0, None, true), State::InProgress, 400_000),
            (Some(FULL), proof(0, None, false), State::Met, FULL),
            (Some(FULL), proof(0, None, true), State::AwaitingEvidence, 0),
            (Some(FULL), proof(1, None, true), State::AwaitingReview, FULL),
            (Some(FULL), proof(0, Some(Accepted), true), State::Met, FULL),
            (Some(999_999), proof(3, Some(Accepted), true), State::InProgress, 999_999),
            (Some(400_000), proof(1, Some(Returned), true), State::Returned, 0),
            (Some(FULL), proof(1, Some(Returned), false), State::Returned, 0),
        ];
        for (a, proof, state, counted) in cases {
            assert_eq!(state_and_counted(a, proof), (state, counted), "{a:?} {proof:?}");
        }
    }

    #[test]
    fn lights_by_the_first_rule_that_holds() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let facts = |achieved| LightFacts {
            achieved,
            returned: false,
            roadmap_day: day("2026-10-19"),
            deadline: None,
            reported: true,
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
            assert_eq!(light(facts), expected, "{facts:?}");
        }
    }
}
