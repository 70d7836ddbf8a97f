//! What the store keeps of alerts: when a target's light turned red or yellow, and when it was right again.

use chrono::{DateTime, Utc};
use shared::{light::Light, period::Period};

/// A light that is red or yellow now.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Alert {
    /// Commune slug.
    pub commune: String,
    /// The target, by its place in the commune's plan.
    pub plan_ref: String,
    /// Red or yellow.
    pub light: Light,
    /// Why, a stable word: `returned`, `far_behind`, …
    pub cause: String,
}

/// An alert from when it was raised until it was cleared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertEvent {
    /// What was raised, with the cause that it had then.
    pub alert: Alert,
    /// The period that it was judged by.
    pub period: Period,
    /// When it was raised, by the province's clock.
    pub raised_at: DateTime<Utc>,
    /// When it was cleared; none while it stands.
    pub cleared_at: Option<DateTime<Utc>>,
}
