//! From an effective observation to its state and what counts.
//!
//! Source: scoring rules 2026.1, "What counts".

use crate::{
    achievement::{FULL, Micros},
    language::Language,
    observation::Decision,
};

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
}
