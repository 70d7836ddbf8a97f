//! How several `serve` on one database keep level with each other: how far the communes' logs are, what came since, and who does what
//! is done by time.

use super::Accepted;

/// How far all logs are together. Who finds the same twice has missed no figure in between: the numbers only grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Level {
    /// Changes of all logs.
    pub changes: u64,
    /// How often records were made anew from the journal.
    pub remade: u64,
}

/// How far a commune's log is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// Commune slug.
    pub commune: String,
    /// Changes of its log.
    pub seq: u64,
}

/// A commune's log went on by one batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Commune slug.
    pub commune: std::sync::Arc<str>,
    /// The seq before it.
    pub from: u64,
    /// The seq after it.
    pub to: u64,
}

/// What a commune's log brought after a place, and how far it was then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaughtUp {
    /// How far it is.
    pub reach: Reach,
    /// Figures recorded since, and how much evidence each version of the commune's figures has.
    pub accepted: Vec<Accepted>,
}

/// What is done by time, by one `serve` of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duty {
    /// Reminders to the staff.
    Reminders,
    /// The record of alerts.
    Alerts,
}

impl Duty {
    /// Its stable word; no commune's slug, which has no colon.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Duty::Reminders => "duty:reminders",
            Duty::Alerts => "duty:alerts",
        }
    }
}
