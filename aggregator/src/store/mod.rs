//! The port: everything the aggregator keeps, in domain types. One method is one transaction.
//!
//! `sql` does it, once, over an engine; engines: [`sqlite`] and [`postgres`]. The story in `story.rs` runs on each.
//! No SQL above this line of the house, no wire or screen below it.

mod account;
mod alert;
mod batch;
mod chosen;
mod closing;
mod credential;
mod engine;
mod history;
mod level;
pub mod postgres;
mod proof;
mod record;
mod safekeeping;
mod sql;
pub mod sqlite;
#[cfg(test)]
pub(crate) mod story;

pub use account::*;
pub use alert::*;
pub use batch::*;
pub use chosen::ChosenStore;
pub use closing::*;
pub use credential::*;
pub use history::*;
pub use level::*;
pub use proof::*;
pub use record::*;
pub use safekeeping::*;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use shared::{
    catalogue::Catalogue,
    change::{Chain, LogPosition},
    observation::ObservationKey,
    period::Period,
    snapshot::Snapshot,
};
use std::{path::Path, sync::Arc, time::Duration};
use thiserror::Error;

/// Why the store did not do something.
#[derive(Debug, Error)]
pub enum StoreError {
    /// There is none in this place.
    #[error("there is no store at {0}")]
    Missing(String),
    /// There is one already.
    #[error("there is a store already at {0}")]
    Exists(String),
    /// Made by a newer version of this program.
    #[error("the store is of version {found}, this program knows versions up to {known}")]
    Newer {
        /// Of the store.
        found: usize,
        /// Of this program.
        known: usize,
    },
    /// Made by an older version of this program, and not to be changed now.
    #[error(
        "the store is of version {found}, this program would first have to make it one of version {known}: run `serve` once"
    )]
    Older {
        /// Of the store.
        found: usize,
        /// Of this program.
        known: usize,
    },
    /// SQLite before 3.51.3 can damage a database in WAL mode.
    #[error("SQLite {0} is too old, 3.51.3 or later is needed")]
    EngineTooOld(&'static str),
    /// Another process holds the store for too long.
    #[error("the store is busy")]
    Busy,
    /// No space is left.
    #[error("no space is left for the store")]
    Full,
    /// It cannot be written to.
    #[error("the store cannot be written to")]
    ReadOnly,
    /// Its file is damaged.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// A value in it is not one that this program writes.
    #[error("the store holds an unreadable {0}")]
    Unreadable(&'static str),
    /// The database does not answer, or the connection to it was lost.
    #[error("the database cannot be reached: {0}")]
    Unreachable(String),
    /// It answers, and refuses.
    #[error("the database refuses: {0}")]
    Refused(String),
    /// The connection was lost when the commit was on its way: whether it was committed has to be looked up.
    #[error("it is not known whether the last write was committed")]
    CommitUnknown,
    /// This kind of store has no such thing.
    #[error("not on this kind of store: {0}")]
    NotHere(&'static str),
    /// It was closed.
    #[error("the store is closed")]
    Closed,
    /// Anything else.
    #[error("the store failed")]
    Engine(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl StoreError {
    /// Whether trying again later is of no use.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        !matches!(
            self,
            StoreError::Busy
                | StoreError::Full
                | StoreError::Unreachable(_)
                | StoreError::CommitUnknown
                | StoreError::Engine(_)
        )
    }
}

/// The aggregator's store.
#[async_trait]
pub trait Store: Send + Sync {
    /// What the folder was founded as.
    async fn founding(&self) -> Result<Founding, StoreError>;
    /// Moves the province's clock, in an exercise.
    async fn set_clock_offset(&self, offset_ms: i64, act: Act) -> Result<(), StoreError>;

    /// The current catalogue and its version.
    async fn catalogue(&self) -> Result<(u64, Arc<Catalogue>), StoreError>;
    /// A version of the catalogue, if there is one.
    async fn catalogue_at(&self, version: u64) -> Result<Option<Catalogue>, StoreError>;
    /// The current catalogue with its files.
    async fn current_catalogue(&self) -> Result<CurrentCatalogue, StoreError>;
    /// Makes a new version current, unless its fingerprint is the current one's. Figures are not touched.
    async fn import_catalogue(&self, import: CatalogueImport, act: Act) -> Result<Imported, StoreError>;

    /// Keeps a new invitation.
    async fn add_invitation(&self, invitation: InvitationRecord, act: Act) -> Result<(), StoreError>;
    /// An invitation by the public part of its token.
    async fn invitation(&self, id: &str) -> Result<Option<InvitationRecord>, StoreError>;
    /// Uses an invitation up and records the certificate given for it; once, but the same key gets the same answer again.
    async fn redeem(&self, id: &str, certificate: CertificateRecord) -> Result<Redeemed, StoreError>;
    /// Records a commune's next certificate, unless the one it has allows none.
    async fn renew(&self, renewal: Renewal) -> Result<Renewed, StoreError>;
    /// Records a certificate that was issued by a command.
    async fn add_certificate(&self, certificate: CertificateRecord, act: Act) -> Result<(), StoreError>;
    /// Records a commune's certificate that this store does not know, if it was restored after the certificate became valid, and the
    /// commune's certificates were not revoked after it was issued; whether it is known now.
    async fn adopt(
        &self,
        certificate: CertificateRecord,
        not_before: DateTime<Utc>,
        act: Act,
    ) -> Result<bool, StoreError>;
    /// A certificate by its SHA-256.
    async fn certificate(&self, fingerprint: [u8; 32]) -> Result<Option<CertificateRecord>, StoreError>;
    /// The certificates, by identity and generation; with a time only those neither expired nor revoked then.
    async fn certificates(&self, live_at: Option<DateTime<Utc>>) -> Result<Vec<CertificateRecord>, StoreError>;
    /// Revokes every certificate of an identity and its unused invitations; how many certificates were not revoked before.
    async fn revoke(&self, identity: &str, reason: &str, act: Act) -> Result<u32, StoreError>;
    /// The communes whose certificates were used from two copies.
    async fn noted_copies(&self) -> Result<Vec<NotedCopies>, StoreError>;
    /// Keeps which authorities a commune's agent says it trusts (SHA-256 of their certificates). Writes only what is new.
    async fn note_authorities(&self, commune: &str, authorities: &[[u8; 32]]) -> Result<(), StoreError>;
    /// What the agents said of the authorities, of every commune that can still come back with the certificate it has: not revoked
    /// and valid after `since`.
    async fn trust_reports(&self, since: DateTime<Utc>) -> Result<Vec<TrustReport>, StoreError>;

    /// What a session needs to know before its verdict.
    async fn opening(&self, question: OpeningQuestion) -> Result<Opening, StoreError>;
    /// The chain of a commune's log after `seq` changes.
    async fn chain_at(&self, commune: &str, seq: u64) -> Result<Option<Chain>, StoreError>;
    /// Journals and applies batches with their new heads, durably, all in one transaction.
    async fn append(&self, append: Append) -> Result<Appended, StoreError>;

    /// A page of a commune's log: what follows `after` where the log has that position, else what follows its beginning. At most so
    /// many bytes of bodies and changes, but at least one change if there is one.
    async fn history(
        &self,
        commune: &str,
        after: LogPosition,
        max_bytes: usize,
        max_changes: usize,
    ) -> Result<HistoryPage, StoreError>;
    /// The digests of what the record tables hold of a commune, made from the records themselves.
    async fn record_digests(&self, commune: &str) -> Result<RecordDigests, StoreError>;
    /// Takes changes that were sent again. The last of them has the records that they are about made anew from the journal.
    async fn remake(&self, resending: Resending) -> Result<Remade, StoreError>;

    /// How many kinds of change, and which schema of them, the program knew that looked at the parked changes last.
    async fn known_kinds(&self) -> Result<(u32, u32), StoreError>;
    /// Notes what this program knows.
    async fn note_known_kinds(&self, known: (u32, u32)) -> Result<(), StoreError>;
    /// Changes that were kept raw, behind a place, in the order of their logs.
    async fn parked(&self, after: ParkedPlace, limit: u32) -> Result<Vec<ParkedChange>, StoreError>;
    /// Applies parked changes, or notes why not; how many are parked no more.
    async fn take_up(&self, changes: Vec<TakenUp>) -> Result<u32, StoreError>;

    /// Conflicts between branches of the communes' logs, open ones first.
    async fn conflicts(&self) -> Result<Vec<ConflictRecord>, StoreError>;
    /// What is known of each file that a commune offers.
    async fn evidence_claims(&self, commune: &str, files: Vec<[u8; 32]>) -> Result<Vec<EvidenceClaim>, StoreError>;
    /// Bytes of a commune's evidence that are held.
    async fn evidence_held_bytes(&self, commune: &str) -> Result<u64, StoreError>;
    /// A file of evidence is held from now on.
    async fn keep_evidence(&self, file: EvidenceFile) -> Result<(), StoreError>;
    /// A file of evidence came whole and is not allowed, and why.
    async fn refuse_evidence(&self, file: EvidenceFile, code: &'static str) -> Result<(), StoreError>;
    /// A file of evidence that was held is lost; agents are told so in their next session.
    async fn lose_evidence(&self, sha256: [u8; 32], act: Act) -> Result<(), StoreError>;
    /// The file of evidence with this SHA-256, if it is held.
    async fn evidence_file(&self, sha256: [u8; 32]) -> Result<Option<EvidenceFile>, StoreError>;
    /// The id by which the object store of evidence is known to be this installation's, if it has one.
    async fn evidence_place(&self) -> Result<Option<[u8; 16]>, StoreError>;
    /// Keeps that id, unless there is one; the one that is kept.
    async fn name_evidence_place(&self, id: [u8; 16]) -> Result<[u8; 16], StoreError>;
    /// All files of evidence that are held.
    async fn evidence_files(&self) -> Result<Vec<EvidenceFile>, StoreError>;

    /// Of which life of this store positions of the feed are.
    async fn epoch(&self) -> Result<[u8; 16], StoreError>;
    /// Proves everything held from itself; what does not agree.
    async fn verify(&self) -> Result<Vec<Finding>, StoreError>;
    /// How many bytes it takes.
    async fn size_bytes(&self) -> Result<u64, StoreError>;
    /// Makes the digest that is kept of a commune's period what the records say.
    async fn remake_digest(&self, commune: &str, period: Period, act: Act) -> Result<(), StoreError>;

    /// What the province decided for a commune after a feed position, at most `limit` rows looked at.
    async fn feed(&self, commune: &str, after: u64, limit: u32) -> Result<FeedPage, StoreError>;

    /// Sets a commune's cut-off day for a period; false, and nothing is set, when the period is closed.
    async fn set_exception(&self, exception: Exception, act: Act) -> Result<bool, StoreError>;
    /// Takes an exception back: the usual day holds again.
    async fn withdraw_exception(
        &self,
        commune: &str,
        period: Period,
        reason: &str,
        act: Act,
    ) -> Result<Withdrawn, StoreError>;
    /// The newest version of a figure, whole.
    async fn newest(&self, commune: &str, key: &ObservationKey) -> Result<Option<StoredObservation>, StoreError>;
    /// Passes a verdict on one version of a figure.
    async fn review(&self, request: ReviewRequest, act: Act) -> Result<Reviewed, StoreError>;
    /// Closes a period and keeps its snapshot, all of one moment.
    async fn close_period(&self, period: Period, freeze: Freeze, act: Act) -> Result<Closed, StoreError>;
    /// Opens a closed period again; false when it is not closed. Its snapshot stays.
    async fn reopen_period(&self, period: Period, reason: &str, act: Act) -> Result<bool, StoreError>;
    /// All closings, oldest period first, each period's in order.
    async fn closings(&self) -> Result<Vec<Closing>, StoreError>;
    /// The snapshot of a closing; none where there is no such closing, or it has none.
    async fn snapshot(&self, period: Period, revision: u32) -> Result<Option<Snapshot>, StoreError>;
    /// Brings the record of alerts level with those that stand at a moment.
    async fn note_alerts(&self, period: Period, alerts: Vec<Alert>, at: DateTime<Utc>) -> Result<(), StoreError>;
    /// The alerts that stand, and those that were cleared at or after an instant, oldest first.
    async fn alert_events(&self, since: DateTime<Utc>) -> Result<Vec<AlertEvent>, StoreError>;
    /// Whether a reminder was delivered, by its key and way.
    async fn is_reminded(&self, key: &str) -> Result<bool, StoreError>;
    /// Notes that a reminder was delivered.
    async fn note_reminder(&self, key: &str, at: DateTime<Utc>) -> Result<(), StoreError>;
    /// The rankings, and nothing else, of each period that is closed now.
    async fn frozen_rankings(&self) -> Result<Vec<Snapshot>, StoreError>;

    /// Every version of every figure of the plan year, by commune, indicator, unit, period and version.
    async fn observations(&self) -> Result<Vec<StoredObservation>, StoreError>;
    /// The versions of a commune's figures in the plan year, of one indicator or task or of all, by figure and version.
    async fn figure_versions(&self, commune: &str, indicator: Option<&str>) -> Result<Vec<FigureVersion>, StoreError>;
    /// Every version of a commune's figures of one indicator in the plan year, by unit, period and version.
    async fn observations_of(&self, commune: &str, indicator: &str) -> Result<Vec<StoredObservation>, StoreError>;
    /// The verdicts on a commune's figures of one indicator in the plan year, oldest first.
    async fn verdicts_of(&self, commune: &str, indicator: &str) -> Result<Vec<StoredVerdict>, StoreError>;
    /// The verdicts of the plan year, oldest first.
    async fn verdicts(&self) -> Result<Vec<StoredVerdict>, StoreError>;
    /// Every version of a figure with its evidence and its verdict, by period, unit and version.
    async fn versions(&self, wanted: VersionsWanted) -> Result<Vec<HeldVersion>, StoreError>;
    /// The exceptions of the plan year, by commune and period.
    async fn exceptions(&self) -> Result<Vec<Exception>, StoreError>;
    /// What is known of the agents, by commune.
    async fn contacts(&self) -> Result<Vec<Contact>, StoreError>;
    /// Adds a line to the audit history about something that is not kept here; `what` is a stable word.
    async fn note(&self, what: &'static str, detail: &str, act: Act) -> Result<(), StoreError>;
    /// A commune's bundle was taken in; a running server in another process notices by [`decisions`](Self::decisions).
    async fn note_bundle(&self, commune: &str, id: &str, act: Act) -> Result<(), StoreError>;
    /// Lines of the audit history, newest first.
    async fn audit(&self, question: AuditQuestion) -> Result<Vec<AuditLine>, StoreError>;
    /// The chain after a line of the audit history.
    async fn audit_chain(&self, number: u64) -> Result<Option<[u8; 32]>, StoreError>;
    /// Proves the audit history from itself, and by it what was decided: how far it goes, the lines that do not fit, and the closings,
    /// verdicts and exceptions that are not what it says.
    async fn verify_audit(&self) -> Result<(AuditHead, Vec<Finding>), StoreError>;

    /// Copies the store as it is at this moment into a new file, whole and checked. Nobody who writes waits for it.
    async fn backup(&self, path: &Path) -> Result<StoreCopy, StoreError>;
    /// Begins another life of a store that came from a backup, at `real` time; `detail` stands in the audit history.
    async fn restored(&self, epoch: [u8; 16], detail: &str, real: DateTime<Utc>, act: Act) -> Result<(), StoreError>;
    /// When that was last (real time); none for a store that never came from a backup.
    async fn restored_at(&self) -> Result<Option<DateTime<Utc>>, StoreError>;
    /// Takes over what another copy of this store knows more of certificates and invitations. What is revoked or used up in one of
    /// them is so afterwards.
    async fn carry_over(&self, from: Enrolments, act: Act) -> Result<(), StoreError>;
    /// Files attached to figures, by commune, indicator, period and version; at most `limit`.
    async fn evidence(&self, wanted: EvidenceWanted, limit: u32) -> Result<Vec<StoredEvidence>, StoreError>;

    /// All accounts, by name.
    async fn accounts(&self) -> Result<Vec<Account>, StoreError>;
    /// One account.
    async fn account(&self, name: &str) -> Result<Option<Account>, StoreError>;
    /// The account whose link has this SHA-256.
    async fn account_by_link(&self, link: [u8; 32]) -> Result<Option<Account>, StoreError>;
    /// Makes an account without a password; false when there is one of that name, or [`MAX_ACCOUNTS`].
    async fn add_account(&self, account: Account, act: Act) -> Result<bool, StoreError>;
    /// Changes an account; false when there is none of that name, the one-time code was used before, or nobody would be left who can sign
    /// in as an administrator.
    async fn change_account(&self, name: &str, change: AccountChange, act: Act) -> Result<bool, StoreError>;
    /// Somebody signed in.
    async fn open_web_session(&self, session: WebSession, act: Act) -> Result<(), StoreError>;
    /// The session of a token's SHA-256, with its account.
    async fn web_session(&self, token: [u8; 32]) -> Result<Option<(WebSession, Account)>, StoreError>;
    /// A session was used.
    async fn use_web_session(&self, token: [u8; 32], at: DateTime<Utc>) -> Result<(), StoreError>;
    /// Ends one session of an account, or all; how many.
    async fn end_web_sessions(&self, account: &str, token: Option<[u8; 32]>, act: Act) -> Result<u32, StoreError>;
    /// Forgets sessions that were not used since a moment, or opened before another.
    async fn forget_web_sessions(
        &self,
        used_before: DateTime<Utc>,
        opened_before: DateTime<Utc>,
    ) -> Result<(), StoreError>;
    /// Keeps a new token of a program.
    async fn add_api_token(&self, token: ApiToken, act: Act) -> Result<(), StoreError>;
    /// All tokens of programs, by account.
    async fn api_tokens(&self) -> Result<Vec<ApiToken>, StoreError>;
    /// The token with this SHA-256, with its account.
    async fn api_token(&self, token: [u8; 32]) -> Result<Option<(ApiToken, Account)>, StoreError>;
    /// A token was used.
    async fn use_api_token(&self, token: [u8; 32], at: DateTime<Utc>) -> Result<(), StoreError>;
    /// Ends a token; false when there is none.
    async fn remove_api_token(&self, token: [u8; 32], act: Act) -> Result<bool, StoreError>;

    /// How many decisions the province has made, in whichever process: catalogues, exceptions, verdicts, closed periods, moves of
    /// the clock, revocations; and how many bundles it has taken. Never waits for a write.
    async fn decisions(&self) -> Result<u64, StoreError>;

    /// Whether several `serve` may write to it at once: a database, not a file.
    fn is_shared(&self) -> bool;
    /// How far all communes' logs are together. One small read.
    async fn level(&self) -> Result<Level, StoreError>;
    /// How far each commune's log is.
    async fn reaches(&self) -> Result<Vec<Reach>, StoreError>;
    /// What each of these logs brought after its place.
    async fn since(&self, places: Vec<Reach>) -> Result<Vec<CaughtUp>, StoreError>;
    /// Takes a duty for so long at most, by the database's clock; false while another `serve` has it.
    async fn take_duty(&self, duty: Duty, longest: Duration) -> Result<bool, StoreError>;
    /// The duty is done: nobody takes it for so long.
    async fn rest_duty(&self, duty: Duty, pause: Duration) -> Result<(), StoreError>;
}
