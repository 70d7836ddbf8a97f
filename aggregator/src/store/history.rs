//! What the store knows of every version of a figure, for those who ask how it came about.

use chrono::{DateTime, Utc};
use shared::{
    change::Incarnation,
    observation::{Decision, ObservationKey, Value},
    period::Period,
    review::Reason,
};

/// Which versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionsWanted {
    /// Commune slug.
    pub commune: String,
    /// Codes of an indicator, or of what is reported of a task.
    pub codes: Vec<String>,
    /// Only of this period.
    pub period: Option<Period>,
}

/// A version with all that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldVersion {
    /// Indicator, unit and period.
    pub key: ObservationKey,
    /// Counts from 1 for each key.
    pub version: u32,
    /// The value.
    pub value: Value,
    /// Words of explanation.
    pub note: String,
    /// Who entered it.
    pub entered_by: String,
    /// When, by the agent's clock.
    pub entered_at: DateTime<Utc>,
    /// When the aggregator received it.
    pub received_at: DateTime<Utc>,
    /// The life of the commune's log that it came from: another one for each computer, and after each restore.
    pub incarnation: Option<Incarnation>,
    /// Names of the files bound to it.
    pub evidence: Vec<String>,
    /// The reviewer's decision.
    pub verdict: Option<HeldVerdict>,
}

/// A verdict with its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldVerdict {
    /// The decision.
    pub decision: Decision,
    /// Which of the usual reasons it is.
    pub code: Option<Reason>,
    /// Why.
    pub reason: String,
    /// By whom.
    pub reviewer: String,
    /// When, by the province's clock.
    pub decided_at: DateTime<Utc>,
}
