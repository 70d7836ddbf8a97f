//! What the store keeps, in the words of the domain. No SQL, no wire types.

use chrono::{DateTime, NaiveDate, Utc};
use shared::{
    catalogue::Catalogue,
    change::{Chain, Change, Incarnation, LogPosition},
    feed::FeedItem,
    observation::{Decision, ObservationKey, Refusal, Value},
    period::Period,
};
use std::{collections::BTreeMap, sync::Arc};
use uuid::Uuid;

/// One version of a figure, as accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredObservation {
    /// Commune slug.
    pub commune: String,
    /// Indicator, unit and period.
    pub key: ObservationKey,
    /// Counts from 1 for each key.
    pub version: u32,
    /// The change that recorded it.
    pub change_id: Uuid,
    /// The value.
    pub value: Value,
    /// Words of explanation.
    pub note: String,
    /// Who entered it.
    pub entered_by: String,
    /// When, by the agent's clock.
    pub entered_at: DateTime<Utc>,
    /// When the aggregator received it; what "on time" is measured against.
    pub received_at: DateTime<Utc>,
    /// How many files are bound to this version.
    pub evidence_count: u32,
    /// The reviewer's decision on this version.
    pub verdict: Option<Decision>,
}

/// Another cut-off day for one commune and period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// Commune slug.
    pub commune: String,
    /// Period.
    pub period: Period,
    /// The last day, inclusive.
    pub cutoff: NaiveDate,
    /// Why.
    pub reason: String,
}

/// What is known of one commune's agent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contact {
    /// Commune slug.
    pub commune: String,
    /// When its first certificate was issued; none when it was only invited.
    pub enrolled: Option<DateTime<Utc>>,
    /// When the last session ended well.
    pub last_success: Option<DateTime<Utc>>,
    /// When the last session ended, well or not.
    pub last_attempt: Option<DateTime<Utc>>,
    /// Why the last session that failed did so; empty again after a success.
    pub last_failure: Option<String>,
    /// The agent's build version.
    pub build: String,
    /// How many changes are held.
    pub head_seq: u64,
}

/// Who does something at the province, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// A person or program.
    pub who: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// What the data folder was founded as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Founding {
    /// Province id, `dong-nai`.
    pub province: String,
    /// A training province: all figures are simulated.
    pub exercise: bool,
    /// How far the province's clock is ahead of real time; always 0 outside an exercise.
    pub clock_offset_ms: i64,
}

/// The files of a catalogue, by name, as they were imported.
pub type CatalogueFiles = BTreeMap<String, Vec<u8>>;

/// A version of the catalogue on its way in.
#[derive(Debug, Clone)]
pub struct CatalogueImport {
    /// The files, already checked.
    pub files: CatalogueFiles,
    /// SHA-256 over the canonical form.
    pub fingerprint: String,
    /// The plan year.
    pub plan_year: i32,
}

/// What an import did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Imported {
    /// The same catalogue is already the current one.
    Unchanged(u64),
    /// It is the current one now.
    New(u64),
}

/// The current catalogue.
#[derive(Debug, Clone)]
pub struct CurrentCatalogue {
    /// Counts from 1.
    pub version: u64,
    /// SHA-256 over the canonical form.
    pub fingerprint: String,
    /// The files as imported.
    pub files: CatalogueFiles,
    /// What they say.
    pub catalogue: Catalogue,
}

/// What a session asks of the store before its verdict.
#[derive(Debug, Clone)]
pub struct OpeningQuestion {
    /// Commune slug, from the certificate.
    pub commune: String,
    /// SHA-256 of the certificate presented.
    pub certificate: [u8; 32],
    /// The agent's incarnation.
    pub incarnation: Incarnation,
    /// The seq of the agent's head.
    pub head_seq: u64,
    /// The seq up to which the agent believes it was acknowledged.
    pub acknowledged_seq: u64,
}

/// The store's answer to [`OpeningQuestion`], from one read transaction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Opening {
    /// The certificate is known and not revoked.
    pub certificate_valid: bool,
    /// The commune's log as held.
    pub head: Option<(Incarnation, LogPosition)>,
    /// The chain held at the agent's head seq, in this incarnation.
    pub chain_at_head: Option<Chain>,
    /// The chain held at the acknowledged seq, in this incarnation.
    pub chain_at_acknowledged: Option<Chain>,
}

/// A change as the session judged it, before any database.
#[derive(Debug, Clone)]
pub enum Judged {
    /// It keeps the rules.
    Fit(Change),
    /// It breaks one: journalled, not applied. The id is nil where it could not be read.
    Refused {
        /// Its change id.
        change_id: Uuid,
        /// Which rule.
        refusal: Refusal,
    },
    /// Of a kind that this version does not know: journalled raw, applied after an upgrade.
    Parked,
}

/// One change of a batch with the chain after it.
#[derive(Debug, Clone)]
pub struct CheckedChange {
    /// The bytes as they came.
    pub body: prost::bytes::Bytes,
    /// The chain after it.
    pub chain: Chain,
    /// What was found.
    pub judged: Judged,
}

impl CheckedChange {
    /// Its id; nil where it could not be read.
    #[must_use]
    pub fn id(&self) -> Uuid {
        match &self.judged {
            Judged::Fit(change) => change.id,
            Judged::Refused { change_id, .. } => *change_id,
            Judged::Parked => Uuid::nil(),
        }
    }
}

/// Consecutive changes of one commune, checked and ready to be stored.
#[derive(Debug, Clone)]
pub struct CheckedBatch {
    /// Commune slug, from the certificate.
    pub commune: Arc<str>,
    /// The agent's incarnation.
    pub incarnation: Incarnation,
    /// The position before the first change.
    pub before: LogPosition,
    /// The changes; at least one.
    pub changes: Vec<CheckedChange>,
    /// When the batch arrived, by the province's clock.
    pub received_at: DateTime<Utc>,
}

impl CheckedBatch {
    /// The position after the last change.
    #[must_use]
    pub fn after(&self) -> LogPosition {
        self.changes.last().map_or(self.before, |last| LogPosition {
            seq: self.before.seq + self.changes.len() as u64,
            chain: last.chain,
        })
    }
}

/// A change that was journalled but not applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedChange {
    /// Its seq.
    pub seq: u64,
    /// Its id; nil where it could not be read.
    pub change_id: Uuid,
    /// Stable code, see [`Refusal::code`].
    pub code: String,
    /// For logs, in English.
    pub detail: String,
}

/// What became of a batch; only [`Committed`](BatchOutcome::Committed) means that it is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BatchOutcome {
    /// Durable, now or already before (a replay).
    Committed {
        /// The position after the batch.
        position: LogPosition,
        /// Changes of this batch that are not applied.
        refused: Vec<RefusedChange>,
    },
    /// The log held has another chain, or is of another incarnation.
    Fork {
        /// The head as held.
        head: LogPosition,
    },
    /// The log held ends before this batch begins.
    Gap {
        /// The head as held.
        head: LogPosition,
    },
}

/// What an append brought that is new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
    /// A new version of a figure.
    Observation(StoredObservation),
    /// A file bound to a version.
    Evidence {
        /// Commune slug.
        commune: String,
        /// The figure's key.
        key: ObservationKey,
        /// Its version.
        version: u32,
        /// How many files it has now.
        evidence_count: u32,
    },
}

/// How a session ended, for the list of communes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionNote {
    /// Commune slug.
    pub commune: Arc<str>,
    /// When (real time).
    pub at: DateTime<Utc>,
    /// None when it ended well, else a stable reason.
    pub failure: Option<&'static str>,
    /// The agent's build version; empty when it never said.
    pub build: Arc<str>,
}

/// What one transaction of the writer takes in.
#[derive(Debug, Clone, Default)]
pub struct Append {
    /// Batches, in order.
    pub batches: Vec<CheckedBatch>,
    /// Ends of sessions.
    pub notes: Vec<SessionNote>,
}

/// What one transaction of the writer did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Appended {
    /// One for each batch, in order.
    pub outcomes: Vec<BatchOutcome>,
    /// What is new.
    pub accepted: Vec<Accepted>,
}

/// A page of what the province has decided for one commune.
#[derive(Debug, Clone)]
pub struct FeedPage {
    /// The position of the last item looked at; the asked one when there was none.
    pub position: u64,
    /// The items for this commune.
    pub items: Vec<FeedItem>,
    /// Whether more follow.
    pub more: bool,
}

/// Which version of a figure a reviewer speaks of.
#[derive(Debug, Clone)]
pub struct ReviewRequest {
    /// Commune slug.
    pub commune: String,
    /// The figure.
    pub key: ObservationKey,
    /// The version meant; the newest when none is given.
    pub version: Option<u32>,
    /// The decision.
    pub decision: Decision,
    /// Why; needed when it is returned.
    pub reason: String,
}

/// What became of a review.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reviewed {
    /// The verdict stands on this version.
    Done {
        /// The version.
        version: u32,
    },
    /// A newer version than the one meant was reported.
    Outdated {
        /// The newest version.
        newest: u32,
    },
    /// There is no such figure.
    Nothing,
    /// The period is closed.
    Closed,
}

/// A period that takes no more changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedPeriod {
    /// The period.
    pub period: Period,
    /// Since when.
    pub closed_at: DateTime<Utc>,
    /// By whom.
    pub closed_by: String,
}

/// One line of the audit history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLine {
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub who: String,
    /// What was done, a stable word: `catalogue_imported`, `exception_set`, …
    pub what: String,
    /// On what, and why.
    pub detail: String,
}
