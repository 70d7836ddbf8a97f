//! What is held, on its way back and under examination: history, digests, records made anew, conflicts, files of evidence,
//! findings. No SQL, no wire types.

use super::{Judged, RefusedChange};
use chrono::{DateTime, Utc};
use prost::bytes::Bytes;
use shared::{digest::SetDigest, observation::ObservationKey, period::Period};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A page of a commune's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryPage {
    /// The seq of the first change.
    pub first_seq: u64,
    /// The changes; none when there are no more.
    pub changes: Vec<HeldChange>,
}

/// A change as it is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldChange {
    /// The bytes as they came.
    pub body: Bytes,
    /// Why it is not applied, in English and beginning with the stable code; none when it is, or is parked.
    pub refusal: Option<String>,
}

/// The digests of a commune's records, by period and indicator; those of nothing left out.
pub type RecordDigests = BTreeMap<Period, BTreeMap<String, SetDigest>>;

/// Changes that an agent sends again, all about one indicator and period.
#[derive(Debug, Clone)]
pub struct Resending {
    /// Commune slug.
    pub commune: String,
    /// Indicator code.
    pub indicator: String,
    /// Period.
    pub period: Period,
    /// Seq and body of each.
    pub changes: Vec<(u64, Bytes)>,
    /// Whether they are the last: then the records are made anew.
    pub last: bool,
    /// When (real time).
    pub at: DateTime<Utc>,
}

/// What became of changes that were sent again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remade {
    /// Those of them that are not applied.
    pub refused: Vec<RefusedChange>,
    /// Those of them that were never acknowledged; they are not taken.
    pub foreign: u32,
    /// Records that were written, changed or removed.
    pub repaired: u32,
}

/// Where a parked change lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ParkedPlace {
    /// The log.
    pub(crate) log: i64,
    /// Its seq.
    pub(crate) seq: i64,
}

/// A change that was kept raw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedChange {
    /// Where it lies.
    pub place: ParkedPlace,
    /// Commune slug.
    pub commune: String,
    /// The bytes as they came.
    pub body: Bytes,
}

/// A parked change as it is judged now.
#[derive(Debug, Clone)]
pub struct TakenUp {
    /// Where it lies.
    pub place: ParkedPlace,
    /// Commune slug.
    pub commune: String,
    /// What was found.
    pub judged: Judged,
}

/// Two versions entered on two branches of a commune's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConflictRecord {
    /// Commune slug.
    pub commune: String,
    /// The change that noted it.
    pub id: Uuid,
    /// The figure, where one of the versions was accepted.
    pub key: Option<ObservationKey>,
    /// The change of the branch that was held, and the version it made.
    pub earlier: (Uuid, Option<u32>),
    /// The change that was appended after it, and the version it made.
    pub later: (Uuid, Option<u32>),
    /// In whose name it was noted.
    pub noted_by: String,
    /// When, by the agent's clock.
    pub noted_at: DateTime<Utc>,
    /// Who settled it.
    pub settled_by: Option<String>,
    /// When, by the agent's clock.
    pub settled_at: Option<DateTime<Utc>>,
}

/// A file of evidence that is held, whole and verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceFile {
    /// SHA-256 of the bytes.
    pub sha256: [u8; 32],
    /// Size in bytes.
    pub size_bytes: u64,
    /// What it is, by its content: `pdf`, `png`, …
    pub kind: String,
    /// When it was whole.
    pub received_at: DateTime<Utc>,
}

/// What is known of a file that a commune offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceClaim {
    /// SHA-256 of the bytes.
    pub sha256: [u8; 32],
    /// The sizes under which accepted evidence of the commune names it; none when it does not.
    pub named_sizes: Vec<u64>,
    /// The file, if it is held.
    pub held: Option<EvidenceFile>,
    /// Why it is not allowed, if it came whole once.
    pub refused: Option<String>,
}

/// What is wrong with something held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flaw {
    /// Changes are missing from a log.
    Missing,
    /// A change does not fit its chain.
    Chain,
    /// The head is not where the log ends.
    Head,
    /// A record is not what the journal says.
    Record,
    /// Records hold something that cannot be read.
    Unreadable,
    /// A digest is not that of the records.
    Digest,
    /// A file of evidence is missing or not what it was.
    File,
    /// A line of the audit history is missing or not what it was.
    Audit,
    /// The snapshot of a closed period is not what it was.
    Snapshot,
    /// A verdict or an exception is not what the audit history says.
    Decision,
}

impl Flaw {
    /// A stable word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Flaw::Missing => "missing",
            Flaw::Chain => "chain",
            Flaw::Head => "head",
            Flaw::Record => "record",
            Flaw::Unreadable => "unreadable",
            Flaw::Digest => "digest",
            Flaw::File => "file",
            Flaw::Audit => "audit",
            Flaw::Snapshot => "snapshot",
            Flaw::Decision => "decision",
        }
    }
}

/// Something that does not agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Commune slug; empty where it is nobody's alone.
    pub commune: String,
    /// What is wrong.
    pub flaw: Flaw,
    /// Where: seqs, a figure and its version, a period, a file.
    pub place: String,
}
