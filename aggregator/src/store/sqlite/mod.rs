//! The store on SQLite: one thread that writes, a few connections that read. The only SQL of the aggregator.
//!
//! WAL and `synchronous = FULL`: when a write returns, it is on the disk. Every write begins with `BEGIN IMMEDIATE`.
//! Commands of other processes may read and write the same file at the same time.

mod account;
mod adopt;
mod alert;
mod append;
mod attachments;
mod audit;
pub mod backup;
mod carry;
mod closing;
mod columns;
mod conflict;
mod connection;
mod contact;
mod decide;
mod decided;
mod digests;
mod files;
mod held;
mod identity;
mod journal;
mod lineage;
mod names;
mod parked;
mod read;
mod records;
mod remake;
mod reminder;
mod reported;
mod schema;
#[cfg(test)]
mod tests;
mod verdict;
mod verify;
mod versions;

use super::{
    Account, AccountChange, Act, Alert, AlertEvent, ApiToken, Append, Appended, AuditHead, AuditLine, AuditQuestion,
    CatalogueImport, CertificateRecord, Closed, Closing, ConflictRecord, Contact, CurrentCatalogue, Enrolments,
    EvidenceClaim, EvidenceFile, EvidenceWanted, Exception, FeedPage, FigureVersion, Finding, Founding, Freeze,
    HeldVersion, HistoryPage, Imported, InvitationRecord, NotedCopies, Opening, OpeningQuestion, ParkedChange,
    ParkedPlace, RecordDigests, Redeemed, Remade, Renewal, Renewed, Resending, ReviewRequest, Reviewed, Store,
    StoreCopy, StoreError, StoredEvidence, StoredObservation, StoredVerdict, TakenUp, TrustReport, VersionsWanted,
    WebSession, Withdrawn,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
pub use connection::SqliteStore;
use shared::{
    catalogue::Catalogue,
    change::{Chain, LogPosition},
    observation::ObservationKey,
    period::Period,
    snapshot::Snapshot,
};
use std::path::Path;

#[async_trait]
impl Store for SqliteStore {
    async fn founding(&self) -> Result<Founding, StoreError> {
        self.read(|connection| read::founding(connection)).await
    }

    async fn set_clock_offset(&self, offset_ms: i64, act: Act) -> Result<(), StoreError> {
        self.transact(move |transaction, _| decide::set_clock_offset(transaction, offset_ms, &act)).await
    }

    async fn catalogue(&self) -> Result<(u64, Catalogue), StoreError> {
        let current = self.current_catalogue().await?;
        Ok((current.version, current.catalogue))
    }

    async fn catalogue_at(&self, version: u64) -> Result<Option<Catalogue>, StoreError> {
        self.read(move |connection| read::catalogue_at(connection, version)).await
    }

    async fn current_catalogue(&self) -> Result<CurrentCatalogue, StoreError> {
        self.read(|connection| read::current_catalogue(connection)).await
    }

    async fn import_catalogue(&self, import: CatalogueImport, act: Act) -> Result<Imported, StoreError> {
        self.transact(move |transaction, _| decide::import_catalogue(transaction, &import, &act)).await
    }

    async fn add_invitation(&self, invitation: InvitationRecord, act: Act) -> Result<(), StoreError> {
        self.transact(move |transaction, names| identity::add_invitation(transaction, names, &invitation, &act)).await
    }

    async fn invitation(&self, id: &str) -> Result<Option<InvitationRecord>, StoreError> {
        let id = id.to_owned();
        self.read(move |connection| identity::invitation(connection, &id)).await
    }

    async fn redeem(&self, id: &str, certificate: CertificateRecord) -> Result<Redeemed, StoreError> {
        let id = id.to_owned();
        self.transact(move |transaction, names| identity::redeem(transaction, names, &id, &certificate)).await
    }

    async fn renew(&self, renewal: Renewal) -> Result<Renewed, StoreError> {
        self.transact(move |transaction, names| identity::renew(transaction, names, &renewal)).await
    }

    async fn add_certificate(&self, certificate: CertificateRecord, act: Act) -> Result<(), StoreError> {
        self.transact(move |transaction, names| identity::add_certificate(transaction, names, &certificate, &act)).await
    }

    async fn adopt(
        &self,
        certificate: CertificateRecord,
        not_before: DateTime<Utc>,
        act: Act,
    ) -> Result<bool, StoreError> {
        self.transact(move |transaction, names| adopt::adopt(transaction, names, &certificate, not_before, &act)).await
    }

    async fn certificate(&self, fingerprint: [u8; 32]) -> Result<Option<CertificateRecord>, StoreError> {
        self.read(move |connection| identity::certificate(connection, fingerprint)).await
    }

    async fn certificates(&self, live_at: Option<DateTime<Utc>>) -> Result<Vec<CertificateRecord>, StoreError> {
        self.read(move |connection| identity::certificates(connection, live_at)).await
    }

    async fn revoke(&self, identity: &str, reason: &str, act: Act) -> Result<u32, StoreError> {
        let (identity, reason) = (identity.to_owned(), reason.to_owned());
        self.transact(move |transaction, _| identity::revoke(transaction, &identity, &reason, &act)).await
    }

    async fn noted_copies(&self) -> Result<Vec<NotedCopies>, StoreError> {
        self.read(|connection| identity::noted_copies(connection)).await
    }

    async fn note_authorities(&self, commune: &str, authorities: &[[u8; 32]]) -> Result<(), StoreError> {
        let (slug, said) = (commune.to_owned(), authorities.to_vec());
        if self.read(move |connection| identity::has_said(connection, &slug, &said)).await? {
            return Ok(());
        }
        let (slug, said) = (commune.to_owned(), authorities.to_vec());
        self.transact(move |transaction, names| identity::note_authorities(transaction, names, &slug, &said)).await
    }

    async fn trust_reports(&self, since: DateTime<Utc>) -> Result<Vec<TrustReport>, StoreError> {
        self.read(move |connection| identity::trust_reports(connection, since)).await
    }

    async fn opening(&self, question: OpeningQuestion) -> Result<Opening, StoreError> {
        self.read(move |connection| read::opening(connection, &question)).await
    }

    async fn chain_at(&self, commune: &str, seq: u64) -> Result<Option<Chain>, StoreError> {
        let commune = commune.to_owned();
        self.read(move |connection| journal::chain_at(connection, &commune, seq)).await
    }

    async fn append(&self, append: Append) -> Result<Appended, StoreError> {
        self.write(move |hand| {
            hand.transact(|transaction, names, versions| append::append(transaction, names, versions, append))
        })
        .await
    }

    async fn history(
        &self,
        commune: &str,
        after: LogPosition,
        max_bytes: usize,
        max_changes: usize,
    ) -> Result<HistoryPage, StoreError> {
        let commune = commune.to_owned();
        self.read(move |connection| journal::history(connection, &commune, after, max_bytes, max_changes)).await
    }

    async fn record_digests(&self, commune: &str) -> Result<RecordDigests, StoreError> {
        let commune = commune.to_owned();
        self.read(move |connection| digests::of_records(connection, &commune)).await
    }

    async fn remake(&self, resending: Resending) -> Result<Remade, StoreError> {
        self.write(move |hand| {
            hand.transact(|transaction, names, versions| remake::resent(transaction, names, versions, &resending))
        })
        .await
    }

    async fn known_kinds(&self) -> Result<(u32, u32), StoreError> {
        self.read(|connection| parked::known(connection)).await
    }

    async fn note_known_kinds(&self, known: (u32, u32)) -> Result<(), StoreError> {
        self.transact(move |transaction, _| parked::note_known(transaction, known)).await
    }

    async fn parked(&self, after: ParkedPlace, limit: u32) -> Result<Vec<ParkedChange>, StoreError> {
        self.read(move |connection| parked::after(connection, after, limit)).await
    }

    async fn take_up(&self, changes: Vec<TakenUp>) -> Result<u32, StoreError> {
        self.write(move |hand| {
            hand.transact(|transaction, names, versions| parked::take_up(transaction, names, versions, changes))
        })
        .await
    }

    async fn conflicts(&self) -> Result<Vec<ConflictRecord>, StoreError> {
        self.read(|connection| conflict::all(connection)).await
    }

    async fn evidence_claims(&self, commune: &str, files: Vec<[u8; 32]>) -> Result<Vec<EvidenceClaim>, StoreError> {
        let commune = commune.to_owned();
        self.read(move |connection| files::claims(connection, &commune, &files)).await
    }

    async fn evidence_held_bytes(&self, commune: &str) -> Result<u64, StoreError> {
        let commune = commune.to_owned();
        self.read(move |connection| files::held_bytes(connection, &commune)).await
    }

    async fn keep_evidence(&self, file: EvidenceFile) -> Result<(), StoreError> {
        self.transact(move |transaction, _| files::keep(transaction, &file)).await
    }

    async fn refuse_evidence(&self, file: EvidenceFile, code: &'static str) -> Result<(), StoreError> {
        self.transact(move |transaction, _| files::refuse(transaction, &file, code)).await
    }

    async fn lose_evidence(&self, sha256: [u8; 32], act: Act) -> Result<(), StoreError> {
        self.transact(move |transaction, _| files::lose(transaction, sha256, &act)).await
    }

    async fn evidence_file(&self, sha256: [u8; 32]) -> Result<Option<EvidenceFile>, StoreError> {
        self.read(move |connection| files::held(connection, sha256)).await
    }

    async fn evidence_files(&self) -> Result<Vec<EvidenceFile>, StoreError> {
        self.read(|connection| files::all(connection)).await
    }

    async fn epoch(&self) -> Result<[u8; 16], StoreError> {
        self.read(|connection| read::epoch(connection)).await
    }

    async fn verify(&self) -> Result<Vec<Finding>, StoreError> {
        self.read(|connection| verify::verify(connection)).await
    }

    async fn feed(&self, commune: &str, after: u64, limit: u32) -> Result<FeedPage, StoreError> {
        let commune = commune.to_owned();
        self.read(move |connection| read::feed(connection, &commune, after, limit)).await
    }

    async fn set_exception(&self, exception: Exception, act: Act) -> Result<bool, StoreError> {
        self.transact(move |transaction, names| decide::set_exception(transaction, names, &exception, &act)).await
    }

    async fn withdraw_exception(
        &self,
        commune: &str,
        period: Period,
        reason: &str,
        act: Act,
    ) -> Result<Withdrawn, StoreError> {
        let (commune, reason) = (commune.to_owned(), reason.to_owned());
        self.transact(move |transaction, _| decide::withdraw_exception(transaction, &commune, period, &reason, &act))
            .await
    }

    async fn newest(&self, commune: &str, key: &ObservationKey) -> Result<Option<StoredObservation>, StoreError> {
        let (commune, key) = (commune.to_owned(), key.clone());
        self.read(move |connection| read::newest(connection, commune, key)).await
    }

    async fn review(&self, request: ReviewRequest, act: Act) -> Result<Reviewed, StoreError> {
        self.transact(move |transaction, _| verdict::review(transaction, &request, &act)).await
    }

    async fn close_period(&self, period: Period, freeze: Freeze, act: Act) -> Result<Closed, StoreError> {
        self.transact(move |transaction, _| closing::close(transaction, period, freeze, &act)).await
    }

    async fn reopen_period(&self, period: Period, reason: &str, act: Act) -> Result<bool, StoreError> {
        let reason = reason.to_owned();
        self.transact(move |transaction, _| closing::reopen(transaction, period, &reason, &act)).await
    }

    async fn closings(&self) -> Result<Vec<Closing>, StoreError> {
        self.read(|connection| closing::closings(connection)).await
    }

    async fn snapshot(&self, period: Period, revision: u32) -> Result<Option<Snapshot>, StoreError> {
        self.read(move |connection| closing::snapshot(connection, period, revision)).await
    }

    async fn note_alerts(&self, period: Period, alerts: Vec<Alert>, at: DateTime<Utc>) -> Result<(), StoreError> {
        self.transact(move |transaction, names| alert::note(transaction, names, period, alerts, at)).await
    }

    async fn alert_events(&self, since: DateTime<Utc>) -> Result<Vec<AlertEvent>, StoreError> {
        self.read(move |connection| alert::events(connection, since)).await
    }

    async fn is_reminded(&self, key: &str) -> Result<bool, StoreError> {
        let key = key.to_owned();
        self.read(move |connection| reminder::is_noted(connection, &key)).await
    }

    async fn note_reminder(&self, key: &str, at: DateTime<Utc>) -> Result<(), StoreError> {
        let key = key.to_owned();
        self.transact(move |transaction, _| reminder::note(transaction, &key, at)).await
    }

    async fn frozen_rankings(&self) -> Result<Vec<Snapshot>, StoreError> {
        self.read(|connection| closing::frozen_rankings(connection)).await
    }

    async fn observations(&self) -> Result<Vec<StoredObservation>, StoreError> {
        self.read(|connection| read::observations(connection)).await
    }

    async fn figure_versions(&self, commune: &str, indicator: Option<&str>) -> Result<Vec<FigureVersion>, StoreError> {
        let (commune, indicator) = (commune.to_owned(), indicator.map(str::to_owned));
        self.read(move |connection| reported::of_commune(connection, &commune, indicator.as_deref())).await
    }

    async fn verdicts(&self) -> Result<Vec<StoredVerdict>, StoreError> {
        self.read(|connection| verdict::all(connection)).await
    }

    async fn versions(&self, wanted: VersionsWanted) -> Result<Vec<HeldVersion>, StoreError> {
        self.read(move |connection| held::versions(connection, &wanted)).await
    }

    async fn exceptions(&self) -> Result<Vec<Exception>, StoreError> {
        self.read(|connection| read::exceptions(connection)).await
    }

    async fn contacts(&self) -> Result<Vec<Contact>, StoreError> {
        self.read(|connection| contact::all(connection)).await
    }

    async fn note(&self, what: &'static str, detail: &str, act: Act) -> Result<(), StoreError> {
        let detail = detail.to_owned();
        self.transact(move |transaction, _| audit::note(transaction, &act, what, &detail)).await
    }

    async fn note_bundle(&self, commune: &str, id: &str, act: Act) -> Result<(), StoreError> {
        let (commune, id) = (commune.to_owned(), id.to_owned());
        self.transact(move |transaction, _| decide::note_bundle(transaction, &commune, &id, &act)).await
    }

    async fn audit(&self, question: AuditQuestion) -> Result<Vec<AuditLine>, StoreError> {
        self.read(move |connection| audit::lines(connection, &question)).await
    }

    async fn audit_chain(&self, number: u64) -> Result<Option<[u8; 32]>, StoreError> {
        self.read(move |connection| audit::chain(connection, number)).await
    }

    async fn verify_audit(&self) -> Result<(AuditHead, Vec<Finding>), StoreError> {
        self.read(|connection| {
            let (head, mut findings) = audit::verify(connection)?;
            findings.extend(decided::verify(connection)?);
            Ok((head, findings))
        })
        .await
    }

    async fn backup(&self, path: &Path) -> Result<StoreCopy, StoreError> {
        let path = path.to_owned();
        self.read(move |connection| backup::copy(connection, &path)).await
    }

    async fn restored(&self, epoch: [u8; 16], detail: &str, real: DateTime<Utc>, act: Act) -> Result<(), StoreError> {
        let detail = detail.to_owned();
        self.transact(move |transaction, _| backup::restored(transaction, epoch, &detail, real, &act)).await
    }

    async fn restored_at(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        self.read(|connection| adopt::restored_at(connection)).await
    }

    async fn carry_over(&self, from: Enrolments, act: Act) -> Result<(), StoreError> {
        self.transact(move |transaction, names| carry::carry_over(transaction, names, &from, &act)).await
    }

    async fn evidence(&self, wanted: EvidenceWanted, limit: u32) -> Result<Vec<StoredEvidence>, StoreError> {
        self.read(move |connection| attachments::evidence(connection, &wanted, limit)).await
    }

    async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        self.read(|connection| account::all(connection)).await
    }

    async fn account(&self, name: &str) -> Result<Option<Account>, StoreError> {
        let name = name.to_owned();
        self.read(move |connection| account::one(connection, &name)).await
    }

    async fn account_by_link(&self, link: [u8; 32]) -> Result<Option<Account>, StoreError> {
        self.read(move |connection| account::by_link(connection, link)).await
    }

    async fn add_account(&self, account: Account, act: Act) -> Result<bool, StoreError> {
        self.transact(move |transaction, _| account::add(transaction, &account, &act)).await
    }

    async fn change_account(&self, name: &str, change: AccountChange, act: Act) -> Result<bool, StoreError> {
        let name = name.to_owned();
        self.transact(move |transaction, _| account::change(transaction, &name, &change, &act)).await
    }

    async fn open_web_session(&self, session: WebSession, act: Act) -> Result<(), StoreError> {
        self.transact(move |transaction, _| account::open_session(transaction, &session, &act)).await
    }

    async fn web_session(&self, token: [u8; 32]) -> Result<Option<(WebSession, Account)>, StoreError> {
        self.read(move |connection| account::session(connection, token)).await
    }

    async fn use_web_session(&self, token: [u8; 32], at: DateTime<Utc>) -> Result<(), StoreError> {
        self.transact(move |transaction, _| account::use_session(transaction, token, at)).await
    }

    async fn end_web_sessions(&self, account: &str, token: Option<[u8; 32]>, act: Act) -> Result<u32, StoreError> {
        let account = account.to_owned();
        self.transact(move |transaction, _| account::end_sessions(transaction, &account, token, &act)).await
    }

    async fn forget_web_sessions(
        &self,
        used_before: DateTime<Utc>,
        opened_before: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.transact(move |transaction, _| account::forget_sessions(transaction, used_before, opened_before)).await
    }

    async fn add_api_token(&self, token: ApiToken, act: Act) -> Result<(), StoreError> {
        self.transact(move |transaction, _| account::add_token(transaction, &token, &act)).await
    }

    async fn api_tokens(&self) -> Result<Vec<ApiToken>, StoreError> {
        self.read(|connection| account::tokens(connection)).await
    }

    async fn api_token(&self, token: [u8; 32]) -> Result<Option<(ApiToken, Account)>, StoreError> {
        self.read(move |connection| account::token(connection, token)).await
    }

    async fn use_api_token(&self, token: [u8; 32], at: DateTime<Utc>) -> Result<(), StoreError> {
        self.transact(move |transaction, _| account::use_token(transaction, token, at)).await
    }

    async fn remove_api_token(&self, token: [u8; 32], act: Act) -> Result<bool, StoreError> {
        self.transact(move |transaction, _| account::remove_token(transaction, token, &act)).await
    }

    async fn decisions(&self) -> Result<u64, StoreError> {
        self.read(|connection| read::decisions(connection)).await
    }
}
