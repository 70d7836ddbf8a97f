//! The port's methods, each one transaction: which tables it writes, and who does it.

use super::{
    super::{
        Account, AccountChange, Act, Alert, AlertEvent, ApiToken, Append, Appended, AuditHead, AuditLine,
        AuditQuestion, CatalogueImport, CaughtUp, CertificateRecord, Closed, Closing, ConflictRecord, Contact,
        CurrentCatalogue, Duty, Enrolments, EvidenceClaim, EvidenceFile, EvidenceWanted, Exception, FeedPage,
        FigureVersion, Finding, Founding, Freeze, HeldVersion, HistoryPage, Imported, InvitationRecord, Level, Note,
        NotedCopies, Opening, OpeningQuestion, ParkedChange, ParkedPlace, Reach, RecordDigests, Redeemed, Remade,
        Renewal, Renewed, Resending, ReviewRequest, Reviewed, Store, StoreCopy, StoreError, StoredEvidence,
        StoredObservation, StoredVerdict, TakenUp, TrustReport, VersionsWanted, WebSession, Withdrawn,
    },
    Engine, Scope, account, adopt, alert, append, attachments, audit, carry, closing, columns, conflict, contact,
    decide, decided, digests, files, held, identity, journal, level, names, parked, read, remake, reminder, reported,
    verdict, verify,
};
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

#[async_trait]
impl<E: Engine> Store for E {
    async fn founding(&self) -> Result<Founding, StoreError> {
        self.read(read::founding).await
    }

    async fn set_clock_offset(&self, offset_ms: i64, act: Act) -> Result<(), StoreError> {
        self.transact(Scope::PROVINCE, (), move |transaction, _, ()| {
            decide::set_clock_offset(transaction, offset_ms, &act)
        })
        .await
    }

    async fn catalogue(&self) -> Result<(u64, Arc<Catalogue>), StoreError> {
        let held = self.catalogue_held().get();
        let (version, fingerprint, catalogue) =
            self.read(move |connection| read::catalogue(connection, held.as_ref())).await?;
        self.catalogue_held().set(fingerprint, &catalogue);
        Ok((version, catalogue))
    }

    async fn catalogue_at(&self, version: u64) -> Result<Option<Catalogue>, StoreError> {
        self.read(move |connection| read::catalogue_at(connection, version)).await
    }

    async fn current_catalogue(&self) -> Result<CurrentCatalogue, StoreError> {
        self.read(read::current_catalogue).await
    }

    async fn import_catalogue(&self, import: CatalogueImport, act: Act) -> Result<Imported, StoreError> {
        self.transact(Scope::PROVINCE, (), move |transaction, _, ()| {
            decide::import_catalogue(transaction, &import, &act)
        })
        .await
    }

    async fn add_invitation(&self, invitation: InvitationRecord, act: Act) -> Result<(), StoreError> {
        self.transact(Scope::PROVINCE, (), move |transaction, memory, ()| {
            identity::add_invitation(transaction, &mut memory.names, &invitation, &act)
        })
        .await
    }

    async fn invitation(&self, id: &str) -> Result<Option<InvitationRecord>, StoreError> {
        let id = id.to_owned();
        self.read(move |connection| identity::invitation(connection, &id)).await
    }

    async fn redeem(&self, id: &str, certificate: CertificateRecord) -> Result<Redeemed, StoreError> {
        let id = id.to_owned();
        self.transact(Scope::PROVINCE, (), move |transaction, memory, ()| {
            identity::redeem(transaction, &mut memory.names, &id, &certificate)
        })
        .await
    }

    async fn renew(&self, renewal: Renewal) -> Result<Renewed, StoreError> {
        self.transact(Scope::PROVINCE, (), move |transaction, memory, ()| {
            identity::renew(transaction, &mut memory.names, &renewal)
        })
        .await
    }

    async fn add_certificate(&self, certificate: CertificateRecord, act: Act) -> Result<(), StoreError> {
        self.transact(Scope::PROVINCE, (), move |transaction, memory, ()| {
            identity::add_certificate(transaction, &mut memory.names, &certificate, &act)
        })
        .await
    }

    async fn adopt(
        &self,
        certificate: CertificateRecord,
        not_before: DateTime<Utc>,
        act: Act,
    ) -> Result<bool, StoreError> {
        self.transact(Scope::PROVINCE, (), move |transaction, memory, ()| {
            adopt::adopt(transaction, &mut memory.names, &certificate, not_before, &act)
        })
        .await
    }

    async fn certificate(&self, fingerprint: [u8; 32]) -> Result<Option<CertificateRecord>, StoreError> {
        self.read_briefly(move |connection| identity::certificate(connection, fingerprint)).await
    }

    async fn certificates(&self, live_at: Option<DateTime<Utc>>) -> Result<Vec<CertificateRecord>, StoreError> {
        self.read(move |connection| identity::certificates(connection, live_at)).await
    }

    async fn revoke(&self, identity: &str, reason: &str, act: Act) -> Result<u32, StoreError> {
        let (identity, reason) = (identity.to_owned(), reason.to_owned());
        self.transact(Scope::PROVINCE, (), move |transaction, _, ()| {
            identity::revoke(transaction, &identity, &reason, &act)
        })
        .await
    }

    async fn noted_copies(&self) -> Result<Vec<NotedCopies>, StoreError> {
        self.read(identity::noted_copies).await
    }

    async fn note_authorities(&self, commune: &str, authorities: &[[u8; 32]]) -> Result<(), StoreError> {
        let (slug, said) = (commune.to_owned(), authorities.to_vec());
        if self.read(move |connection| identity::has_said(connection, &slug, &said)).await? {
            return Ok(());
        }
        let (slug, said) = (commune.to_owned(), authorities.to_vec());
        self.transact(Scope::communes([commune]), (), move |transaction, memory, ()| {
            identity::note_authorities(transaction, &mut memory.names, &slug, &said)
        })
        .await
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
        let batches = append.batches.iter().map(|batch| &*batch.commune);
        let scope = Scope::communes(batches.chain(append.notes.iter().map(Note::commune)));
        self.transact(scope, append, append::append).await
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
        let scope = Scope::communes([resending.commune.as_str()]);
        self.transact(scope, resending, |transaction, memory, resending| {
            remake::resent(transaction, &mut memory.names, &mut memory.versions, &resending)
        })
        .await
    }

    async fn known_kinds(&self) -> Result<(u32, u32), StoreError> {
        self.read(parked::known).await
    }

    async fn note_known_kinds(&self, known: (u32, u32)) -> Result<(), StoreError> {
        self.transact(Scope::PROVINCE, (), move |transaction, _, ()| parked::note_known(transaction, known)).await
    }

    async fn parked(&self, after: ParkedPlace, limit: u32) -> Result<Vec<ParkedChange>, StoreError> {
        self.read(move |connection| parked::after(connection, after, limit)).await
    }

    async fn take_up(&self, changes: Vec<TakenUp>) -> Result<u32, StoreError> {
        // Verdicts may go with the versions that they were passed on.
        let scope = Scope::communes(changes.iter().map(|change| change.commune.as_str())).and_province();
        self.transact(scope, changes, |transaction, memory, changes| {
            parked::take_up(transaction, &mut memory.names, &mut memory.versions, changes)
        })
        .await
    }

    async fn conflicts(&self) -> Result<Vec<ConflictRecord>, StoreError> {
        self.read(conflict::all).await
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
        self.transact(Scope::NOTHING, (), move |transaction, _, ()| files::keep(transaction, &file)).await
    }

    async fn refuse_evidence(&self, file: EvidenceFile, code: &'static str) -> Result<(), StoreError> {
        self.transact(Scope::NOTHING, (), move |transaction, _, ()| files::refuse(transaction, &file, code)).await
    }

    async fn lose_evidence(&self, sha256: [u8; 32], act: Act) -> Result<(), StoreError> {
        self.transact(Scope::PROVINCE, (), move |transaction, _, ()| files::lose(transaction, sha256, &act)).await
    }

    async fn evidence_file(&self, sha256: [u8; 32]) -> Result<Option<EvidenceFile>, StoreError> {
        self.read(move |connection| files::held(connection, sha256)).await
    }

    async fn evidence_place(&self) -> Result<Option<[u8; 16]>, StoreError> {
        self.read(files::place).await
    }

    async fn name_evidence_place(&self, id: [u8; 16]) -> Result<[u8; 16], StoreError> {
        self.transact(Scope::NOTHING, (), move |transaction, _, ()| files::name_place(transaction, id)).await
    }

    async fn evidence_files(&self) -> Result<Vec<EvidenceFile>, StoreError> {
        self.read(files::all).await
    }

    async fn size_bytes(&self) -> Result<u64, StoreError> {
        self.read(|connection| columns::to_u64(connection.size_bytes()?)).await
    }

    async fn remake_digest(&self, commune: &str, period: Period, act: Act) -> Result<(), StoreError> {
        let slug = commune.to_owned();
        self.transact(Scope::communes([commune]).and_province(), slug, move |transaction, _, slug| {
            let Some(commune) = names::find(transaction, &slug)? else { return Ok(()) };
            digests::set(transaction, commune, period)?;
            audit::note(transaction, &act, "digest_remade", &format!("{slug} {period}"))
        })
        .await
    }

    async fn epoch(&self) -> Result<[u8; 16], StoreError> {
        self.read(read::epoch).await
    }

    async fn verify(&self) -> Result<Vec<Finding>, StoreError> {
        self.read(verify::verify).await
    }

    async fn feed(&self, commune: &str, after: u64, limit: u32) -> Result<FeedPage, StoreError> {
        let commune = commune.to_owned();
        self.read(move |connection| read::feed(connection, &commune, after, limit)).await
    }

    async fn set_exception(&self, exception: Exception, act: Act) -> Result<bool, StoreError> {
        self.transact(Scope::PROVINCE, (), move |transaction, memory, ()| {
            decide::set_exception(transaction, &mut memory.names, &exception, &act)
        })
        .await
    }

    async fn withdraw_exception(
        &self,
        commune: &str,
        period: Period,
        reason: &str,
        act: Act,
    ) -> Result<Withdrawn, StoreError> {
        let (commune, reason) = (commune.to_owned(), reason.to_owned());
        self.transact(Scope::PROVINCE, (), move |transaction, _, ()| {
            decide::withdraw_exception(transaction, &commune, period, &reason, &act)
        })
        .await
    }

    async fn newest(&self, commune: &str, key: &ObservationKey) -> Result<Option<StoredObservation>, StoreError> {
        let (commune, key) = (commune.to_owned(), key.clone());
        self.read(move |connection| read::newest(connection, commune.clone(), key.clone())).await
    }

    async fn review(&self, request: ReviewRequest, act: Act) -> Result<Reviewed, StoreError> {
        self.transact(Scope::PROVINCE, (), move |transaction, _, ()| verdict::review(transaction, &request, &act)).await
    }

    async fn close_period(&self, period: Period, freeze: Freeze, act: Act) -> Result<Closed, StoreError> {
        self.transact(Scope::MOMENT, (), move |transaction, _, ()| closing::close(transaction, period, &freeze, &act))
            .await
    }

    async fn reopen_period(&self, period: Period, reason: &str, act: Act) -> Result<bool, StoreError> {
        let reason = reason.to_owned();
        self.transact(Scope::PROVINCE, (), move |transaction, _, ()| {
            closing::reopen(transaction, period, &reason, &act)
        })
        .await
    }

    async fn closings(&self) -> Result<Vec<Closing>, StoreError> {
        self.read(closing::closings).await
    }

    async fn snapshot(&self, period: Period, revision: u32) -> Result<Option<Snapshot>, StoreError> {
        self.read(move |connection| closing::snapshot(connection, period, revision)).await
    }

    async fn note_alerts(&self, period: Period, alerts: Vec<Alert>, at: DateTime<Utc>) -> Result<(), StoreError> {
        let differing = self.read(move |connection| alert::differing(connection, alerts.clone())).await?;
        for some in differing.chunks(alert::COMMUNES_AT_ONCE) {
            self.transact(Scope::PROVINCE, some.to_vec(), move |transaction, memory, some| {
                alert::note(transaction, &mut memory.names, period, &some, at)
            })
            .await?;
        }
        Ok(())
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
        self.transact(Scope::NOTHING, (), move |transaction, _, ()| reminder::note(transaction, &key, at)).await
    }

    async fn frozen_rankings(&self) -> Result<Vec<Snapshot>, StoreError> {
        self.read(closing::frozen_rankings).await
    }

    async fn observations(&self) -> Result<Vec<StoredObservation>, StoreError> {
        self.read(read::observations).await
    }

    async fn figure_versions(&self, commune: &str, indicator: Option<&str>) -> Result<Vec<FigureVersion>, StoreError> {
        let (commune, indicator) = (commune.to_owned(), indicator.map(str::to_owned));
        self.read(move |connection| reported::of_commune(connection, &commune, indicator.as_deref())).await
    }

    async fn observations_of(&self, commune: &str, indicator: &str) -> Result<Vec<StoredObservation>, StoreError> {
        let (commune, indicator) = (commune.to_owned(), indicator.to_owned());
        self.read(move |connection| read::observations_of(connection, &commune, &indicator)).await
    }

    async fn verdicts_of(&self, commune: &str, indicator: &str) -> Result<Vec<StoredVerdict>, StoreError> {
        let (commune, indicator) = (commune.to_owned(), indicator.to_owned());
        self.read(move |connection| verdict::of_figures(connection, &commune, &indicator)).await
    }

    async fn verdicts(&self) -> Result<Vec<StoredVerdict>, StoreError> {
        self.read(verdict::all).await
    }

    async fn versions(&self, wanted: VersionsWanted) -> Result<Vec<HeldVersion>, StoreError> {
        self.read(move |connection| held::versions(connection, &wanted)).await
    }

    async fn exceptions(&self) -> Result<Vec<Exception>, StoreError> {
        self.read(read::exceptions).await
    }

    async fn contacts(&self) -> Result<Vec<Contact>, StoreError> {
        self.read(contact::all).await
    }

    async fn note(&self, what: &'static str, detail: &str, act: Act) -> Result<(), StoreError> {
        let detail = detail.to_owned();
        self.transact(Scope::PROVINCE, (), move |transaction, _, ()| audit::note(transaction, &act, what, &detail))
            .await
    }

    async fn note_bundle(&self, commune: &str, id: &str, act: Act) -> Result<(), StoreError> {
        let (commune, id) = (commune.to_owned(), id.to_owned());
        self.transact(Scope::PROVINCE, (), move |transaction, _, ()| {
            decide::note_bundle(transaction, &commune, &id, &act)
        })
        .await
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
        self.copy(path).await
    }

    async fn restored(&self, epoch: [u8; 16], detail: &str, real: DateTime<Utc>, act: Act) -> Result<(), StoreError> {
        let detail = detail.to_owned();
        self.transact(Scope::PROVINCE, (), move |transaction, _, ()| {
            adopt::restored(transaction, epoch, &detail, real, &act)
        })
        .await
    }

    async fn restored_at(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        self.read(adopt::restored_at).await
    }

    async fn carry_over(&self, from: Enrolments, act: Act) -> Result<(), StoreError> {
        self.transact(Scope::PROVINCE, (), move |transaction, memory, ()| {
            carry::carry_over(transaction, &mut memory.names, &from, &act)
        })
        .await
    }

    async fn evidence(&self, wanted: EvidenceWanted, limit: u32) -> Result<Vec<StoredEvidence>, StoreError> {
        self.read(move |connection| attachments::evidence(connection, &wanted, limit)).await
    }

    async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        self.read(account::all).await
    }

    async fn account(&self, name: &str) -> Result<Option<Account>, StoreError> {
        let name = name.to_owned();
        self.read_briefly(move |connection| account::one(connection, &name)).await
    }

    async fn account_by_link(&self, link: [u8; 32]) -> Result<Option<Account>, StoreError> {
        self.read(move |connection| account::by_link(connection, link)).await
    }

    async fn add_account(&self, account: Account, act: Act) -> Result<bool, StoreError> {
        self.transact(Scope::PROVINCE, (), move |transaction, _, ()| account::add(transaction, &account, &act)).await
    }

    async fn change_account(&self, name: &str, change: AccountChange, act: Act) -> Result<bool, StoreError> {
        let name = name.to_owned();
        self.transact(Scope::PROVINCE, (), move |transaction, _, ()| account::change(transaction, &name, &change, &act))
            .await
    }

    async fn open_web_session(&self, session: WebSession, act: Act) -> Result<(), StoreError> {
        self.transact(Scope::PROVINCE, (), move |transaction, _, ()| account::open_session(transaction, &session, &act))
            .await
    }

    async fn web_session(&self, token: [u8; 32]) -> Result<Option<(WebSession, Account)>, StoreError> {
        self.read_briefly(move |connection| account::session(connection, token)).await
    }

    async fn use_web_session(&self, token: [u8; 32], at: DateTime<Utc>) -> Result<(), StoreError> {
        self.transact(Scope::NOTHING, (), move |transaction, _, ()| account::use_session(transaction, token, at)).await
    }

    async fn end_web_sessions(&self, account: &str, token: Option<[u8; 32]>, act: Act) -> Result<u32, StoreError> {
        let account = account.to_owned();
        self.transact(Scope::PROVINCE, (), move |transaction, _, ()| {
            account::end_sessions(transaction, &account, token, &act)
        })
        .await
    }

    async fn forget_web_sessions(
        &self,
        used_before: DateTime<Utc>,
        opened_before: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.transact(Scope::NOTHING, (), move |transaction, _, ()| {
            account::forget_sessions(transaction, used_before, opened_before)
        })
        .await
    }

    async fn add_api_token(&self, token: ApiToken, act: Act) -> Result<(), StoreError> {
        self.transact(Scope::PROVINCE, (), move |transaction, _, ()| account::add_token(transaction, &token, &act))
            .await
    }

    async fn api_tokens(&self) -> Result<Vec<ApiToken>, StoreError> {
        self.read(account::tokens).await
    }

    async fn api_token(&self, token: [u8; 32]) -> Result<Option<(ApiToken, Account)>, StoreError> {
        self.read_briefly(move |connection| account::token(connection, token)).await
    }

    async fn use_api_token(&self, token: [u8; 32], at: DateTime<Utc>) -> Result<(), StoreError> {
        self.transact(Scope::NOTHING, (), move |transaction, _, ()| account::use_token(transaction, token, at)).await
    }

    async fn remove_api_token(&self, token: [u8; 32], act: Act) -> Result<bool, StoreError> {
        self.transact(Scope::PROVINCE, (), move |transaction, _, ()| account::remove_token(transaction, token, &act))
            .await
    }

    async fn decisions(&self) -> Result<u64, StoreError> {
        self.read_briefly(read::decisions).await
    }

    fn is_shared(&self) -> bool {
        Engine::is_shared(self)
    }

    async fn level(&self) -> Result<Level, StoreError> {
        self.read(level::level).await
    }

    async fn reaches(&self) -> Result<Vec<Reach>, StoreError> {
        self.read(level::reaches).await
    }

    async fn since(&self, places: Vec<Reach>) -> Result<Vec<CaughtUp>, StoreError> {
        self.read(move |connection| level::since(connection, &places)).await
    }

    async fn take_duty(&self, duty: Duty, longest: Duration) -> Result<bool, StoreError> {
        self.transact(Scope::NOTHING, (), move |transaction, _, ()| Ok(transaction.take_duty(duty.word(), longest)?))
            .await
    }

    async fn rest_duty(&self, duty: Duty, pause: Duration) -> Result<(), StoreError> {
        self.transact(Scope::NOTHING, (), move |transaction, _, ()| Ok(transaction.rest_duty(duty.word(), pause)?))
            .await
    }
}
