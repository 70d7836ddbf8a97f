//! What the store keeps of closed periods.

use super::{Exception, StoredObservation};
use chrono::{DateTime, Utc};
use shared::{
    catalogue::Catalogue,
    period::Period,
    snapshot::{Snapshot, SnapshotError},
};

/// One closing of a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// The period.
    pub period: Period,
    /// Counts from 1 for each period.
    pub revision: u32,
    /// When.
    pub closed_at: DateTime<Utc>,
    /// By whom.
    pub closed_by: String,
    /// Version of the catalogue that was in force.
    pub catalogue_version: u64,
    /// Of the snapshot: SHA-256. None where a program of before snapshots closed it.
    pub digest: Option<[u8; 32]>,
    /// That it was opened again.
    pub reopened: Option<Reopening>,
}

impl Closing {
    /// Whether the period is closed by it now.
    #[must_use]
    pub fn is_in_force(&self) -> bool {
        self.reopened.is_none()
    }

    /// What the history says of it.
    #[must_use]
    pub fn words(&self) -> String {
        let digest = self.digest.map(hex::encode).unwrap_or_default();
        format!("{} revision {}, digest {digest}", self.period, self.revision)
    }
}

/// That a closed period was opened again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reopening {
    /// When.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// Everything that a snapshot is made from, of one moment.
#[derive(Debug)]
pub struct Freezing {
    /// Province id.
    pub province: String,
    /// The catalogue in force.
    pub catalogue: Catalogue,
    /// Every version of every figure of the plan year.
    pub observations: Vec<StoredObservation>,
    /// The exceptions of the plan year.
    pub exceptions: Vec<Exception>,
    /// The snapshot of the period before, if that is closed.
    pub previous: Option<Snapshot>,
}

/// Makes the snapshot of a period. Called within the transaction that closes it, so nothing comes in between; again, where that has to be
/// begun anew.
pub type Freeze = Box<dyn Fn(Freezing) -> Result<Snapshot, SnapshotError> + Send + Sync>;

/// What came of closing a period.
#[derive(Debug)]
pub enum Closed {
    /// It is closed now.
    Done(Closing),
    /// It was closed before.
    Before(Closing),
    /// No snapshot can be made of it; it is as open as before.
    Unfit(SnapshotError),
}
