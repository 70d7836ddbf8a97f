//! What the store keeps, in the words of the domain. No SQL, no wire types.

use chrono::{DateTime, NaiveDate, Utc};
use shared::{
    catalogue::Catalogue,
    feed::FeedItem,
    observation::{Decision, ObservationKey, Value},
    period::Period,
    review::Reason,
};
use std::collections::BTreeMap;
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

/// What became of taking an exception back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withdrawn {
    /// The usual day holds again.
    Done,
    /// There is no such exception.
    Nothing,
    /// The period is closed; nothing is taken back.
    PeriodClosed,
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
    /// The protocol of its last session.
    pub protocol: Option<u32>,
    /// How far its clock was ahead of real time, in milliseconds.
    pub clock_skew_ms: Option<i64>,
    /// SHA-256 of each authority that it trusts, as it said last.
    pub authorities: Vec<[u8; 32]>,
    /// When the digests of both ends were compared last.
    pub digests_at: Option<DateTime<Utc>>,
    /// Since when they differ; none when they were the same.
    pub digests_differ_since: Option<DateTime<Utc>>,
    /// How many records were made anew because the digests differed.
    pub healed: u64,
    /// When that was, the last time.
    pub healed_at: Option<DateTime<Utc>>,
    /// When a copy of the store was seen whose place another one had taken: two are alive.
    pub copy_seen_at: Option<DateTime<Utc>>,
    /// Bytes of named evidence that are still awaited.
    pub evidence_pending_bytes: u64,
}

/// Who does something at the province, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// A person or program.
    pub who: String,
    /// When.
    pub at: DateTime<Utc>,
    /// From where: account and computer; empty where that is not known.
    pub origin: String,
}

impl Act {
    /// Something done by someone, from a place that is not known.
    #[must_use]
    pub fn of(who: impl Into<String>, at: DateTime<Utc>) -> Self {
        Self { who: who.into(), at, origin: String::new() }
    }
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
    /// Which of the usual reasons it is.
    pub code: Option<Reason>,
}

/// A verdict as passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredVerdict {
    /// Commune slug.
    pub commune: String,
    /// The figure.
    pub key: ObservationKey,
    /// Its version.
    pub version: u32,
    /// The decision.
    pub decision: Decision,
    /// Which of the usual reasons it is.
    pub code: Option<Reason>,
    /// By whom.
    pub reviewer: String,
    /// When, by the province's clock.
    pub decided_at: DateTime<Utc>,
}

/// What a reviewer decided of a version, in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    /// The decision.
    pub decision: Decision,
    /// Which of the usual reasons it is.
    pub code: Option<Reason>,
    /// Why, in words.
    pub reason: String,
    /// By whom.
    pub reviewer: String,
    /// When, by the province's clock.
    pub decided_at: DateTime<Utc>,
}

/// A version of a figure with what was decided of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FigureVersion {
    /// The version.
    pub observation: StoredObservation,
    /// The decision, if there is one.
    pub ruling: Option<Ruling>,
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
}

/// Which lines of the audit history are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditQuestion {
    /// From this moment on.
    pub from: Option<DateTime<Utc>>,
    /// Before this moment.
    pub until: Option<DateTime<Utc>>,
    /// With this word.
    pub what: Option<String>,
    /// With this text in who did it or on what, whatever the diacritics.
    pub search: Option<String>,
    /// At most so many.
    pub limit: u32,
}

impl AuditQuestion {
    /// The newest lines.
    #[must_use]
    pub fn newest(limit: u32) -> Self {
        Self { limit, ..Self::default() }
    }
}

/// How far the audit history goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditHead {
    /// Number of the last line.
    pub lines: u64,
    /// The chain after it.
    pub chain: [u8; 32],
}

/// One line of the audit history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLine {
    /// Counts from 1.
    pub number: u64,
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub who: String,
    /// What was done, a stable word: `catalogue_imported`, `exception_set`, …
    pub what: String,
    /// On what, and why.
    pub detail: String,
    /// From where: account and computer; empty where that is not known.
    pub origin: String,
    /// The chain after it: SHA-256.
    pub chain: [u8; 32],
}
