//! A commune's log on its way in: what a session asks, what it hands over, and what became of it. No SQL, no wire types.

use super::{Moved, StoredObservation};
use chrono::{DateTime, Utc};
use shared::{
    book::Version,
    change::{Chain, Change, Incarnation, LogPosition},
    digest::RecordHash,
    observation::{Decision, ObservationKey, Refusal, Value},
    period::Period,
    text::Text,
};
use std::sync::Arc;
use uuid::Uuid;

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
    /// The commune's log as held, and the life that appended last.
    pub head: Option<(Incarnation, LogPosition)>,
    /// How the agent's life stands to the others of its commune.
    pub lineage: Lineage,
    /// The chain held at the agent's head seq.
    pub chain_at_head: Option<Chain>,
    /// The chain held at the acknowledged seq.
    pub chain_at_acknowledged: Option<Chain>,
    /// Of which life of this store positions of the feed are.
    pub epoch: [u8; 16],
    /// How many files of evidence that were held are known to have been lost, ever.
    pub evidence_losses: u64,
}

/// How one life of a commune's store stands to the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lineage {
    /// It has not appended anything yet.
    #[default]
    New,
    /// It appended last.
    Current,
    /// It appended once, and another one after it.
    Superseded,
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
    /// The hash of the record that it makes, for one that is fit and makes one.
    pub hash: Option<RecordHash>,
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
    /// When the batch arrived, by the province's clock; for one that was confirmed before, when it arrived first.
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
        /// When the last of it was received, for the first time.
        received_at: DateTime<Utc>,
    },
    /// The log held has another chain, or another life has taken the place of the batch's.
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

/// A new version of a figure, as those see it who follow: without who entered it, and why. Tens of thousands of a night wait to be
/// followed, so that one is small.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedFigure {
    /// Commune slug.
    pub commune: Arc<str>,
    /// Indicator code, or the code under which a task is reported.
    pub indicator: Text,
    /// Unit code, empty for the whole commune.
    pub unit: Text,
    /// Period.
    pub period: Period,
    /// Its version.
    pub version: u32,
    /// The value.
    pub value: Value,
    /// When the aggregator received it.
    pub received_at: DateTime<Utc>,
    /// How many files are bound to it.
    pub evidence_count: u32,
    /// The reviewer's decision on it.
    pub verdict: Option<Decision>,
}

impl AcceptedFigure {
    /// As the scoring rules look at it.
    #[must_use]
    pub fn version(&self) -> Version<'_> {
        Version {
            commune: &self.commune,
            indicator: &self.indicator,
            unit: &self.unit,
            period: self.period,
            version: self.version,
            value: self.value,
            received_at: self.received_at,
            evidence: self.evidence_count,
            verdict: self.verdict,
        }
    }
}

impl From<&StoredObservation> for AcceptedFigure {
    fn from(stored: &StoredObservation) -> Self {
        Self {
            commune: stored.commune.as_str().into(),
            indicator: (&stored.key.indicator).into(),
            unit: (&stored.key.unit).into(),
            period: stored.key.period,
            version: stored.version,
            value: stored.value,
            received_at: stored.received_at,
            evidence_count: stored.evidence_count,
            verdict: stored.verdict,
        }
    }
}

/// What an append brought that is new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
    /// A new version of a figure.
    Figure(AcceptedFigure),
    /// A file bound to a version.
    Evidence {
        /// Commune slug.
        commune: Arc<str>,
        /// The figure's key; on its own, for files are few beside figures.
        key: Box<ObservationKey>,
        /// Its version.
        version: u32,
        /// How many files it has now.
        evidence_count: u32,
    },
}

impl Accepted {
    /// Of which commune.
    #[must_use]
    pub fn commune(&self) -> &str {
        match self {
            Accepted::Figure(figure) => &figure.commune,
            Accepted::Evidence { commune, .. } => commune,
        }
    }
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
    /// The protocol agreed on, if it came to that.
    pub protocol: Option<u32>,
    /// How far the agent's clock was ahead of real time, in milliseconds.
    pub clock_skew_ms: Option<i64>,
    /// SHA-256 of each authority that the agent trusts; none when it did not say.
    pub authorities: Vec<[u8; 32]>,
    /// The agent's life, when another one has taken its place.
    pub returned: Option<Incarnation>,
}

/// What comparing the digests of both ends found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestNote {
    /// Commune slug.
    pub commune: Arc<str>,
    /// When (real time).
    pub at: DateTime<Utc>,
    /// Whether they differ.
    pub differ: bool,
}

/// Something to be noted of a commune's agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// A session ended.
    Session(SessionNote),
    /// Digests were compared.
    Digests(DigestNote),
}

impl Note {
    /// Of which commune's agent.
    #[must_use]
    pub fn commune(&self) -> &str {
        match self {
            Note::Session(note) => &note.commune,
            Note::Digests(note) => &note.commune,
        }
    }
}

/// What one transaction of the writer takes in.
#[derive(Debug, Clone, Default)]
pub struct Append {
    /// Batches, in order.
    pub batches: Vec<CheckedBatch>,
    /// What is noted of the agents.
    pub notes: Vec<Note>,
}

/// What one transaction of the writer did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Appended {
    /// One for each batch, in order.
    pub outcomes: Vec<BatchOutcome>,
    /// What is new.
    pub accepted: Vec<Accepted>,
    /// The logs that went on, batch by batch.
    pub moved: Vec<Moved>,
}
