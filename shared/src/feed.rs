//! The feed: what the province decides and each commune's agent takes over.

use crate::{catalogue::view::CommuneView, observation::Decision, period::Period};
use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

/// One thing that comes down to a commune.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedItem {
    /// A whole catalogue; replaces the one held.
    Catalogue(Box<CommuneView>),
    /// Another cut-off day for one period.
    Exception {
        /// The period.
        period: Period,
        /// Last day, inclusive; `None` when the exception was withdrawn.
        cutoff: Option<NaiveDate>,
        /// Why.
        reason: String,
    },
    /// A reviewer's decision on one version of a figure.
    Verdict {
        /// The change that recorded the version.
        observation: Uuid,
        /// Accepted or returned.
        decision: Decision,
        /// Why; of a returned figure never empty.
        reason: String,
        /// Who.
        reviewer: String,
        /// When, by the province's clock.
        decided_at: DateTime<Utc>,
    },
    /// A period was closed, or opened again.
    Closed {
        /// The period.
        period: Period,
        /// False when it was opened again.
        closed: bool,
    },
    /// The commune's own line of a ranking.
    Standing(Standing),
}

/// The commune's own line of a ranking, and what it is made of. Figures are text in the form of the exports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// `own`, `common` or `standard`.
    pub scheme: String,
    /// As of this period.
    pub period: Period,
    /// Place, from 1; `None` when not ranked.
    pub rank: Option<u32>,
    /// How many communes are ranked.
    pub ranked_communes: u32,
    /// Composite score.
    pub score: String,
    /// Targets met.
    pub met: u32,
    /// Targets that are scored.
    pub scored: u32,
    /// Share reported on time.
    pub on_time: String,
    /// Places won (positive) or lost; empty when there was no rank in the period before.
    pub movement: String,
    /// Figures that are still provisional.
    pub provisional: u32,
    /// When it was computed, by the province's clock.
    pub computed_at: DateTime<Utc>,
    /// Target by target, in the plan's order.
    pub lines: Vec<StandingLine>,
}

/// What one target adds to a score. Texts are in the form of the exports, empty where there is nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StandingLine {
    /// Section and number in the plan.
    pub plan_ref: String,
    /// Indicator code.
    pub indicator: String,
    /// Effective value.
    pub value: String,
    /// Sign of the operator.
    pub operator: String,
    /// Target value, the low end of a range.
    pub target: String,
    /// High end of a range.
    pub high: String,
    /// Achievement.
    pub achievement: String,
    /// State.
    pub state: String,
    /// What counts.
    pub counted: String,
    /// Weight.
    pub points: String,
    /// Points earned.
    pub earned: String,
    /// Light.
    pub light: String,
}
