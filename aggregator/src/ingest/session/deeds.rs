//! What a session does for its machine: asks the store, hands batches to the writer, signs receipts, keeps files.

use super::Session;
use crate::{
    access::Carrier,
    evidence::EvidenceError,
    ingest::{
        check, comparison,
        live::Admitted,
        machine::{Admission, Input, Interruption, PROTOCOL_HEALING, Shown},
    },
    store::{
        BatchOutcome, CheckedBatch, CheckedChange, DigestNote, Lineage, Note, OpeningQuestion, Remade, Resending,
        SessionNote, StoreError,
    },
};
use chrono::{DateTime, Utc};
use prost::bytes::Bytes;
use proto::{
    digest::Difference,
    receipt::{ReceiptVerifier, Statement},
    sync::v1,
};
use rustls::pki_types::CertificateDer;
use shared::{
    change::{Chain, LogPosition},
    digest::SetDigest,
    period::Period,
};
use std::{collections::BTreeMap, time::Duration};

/// An agent for which there is no place comes back after this time and up to as much again.
const RETRY_AFTER_MS: u64 = 15_000;
/// So long an agent waits for a place before it is told to come later: sessions are short, and coming back costs another handshake.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// One whose copy is in a session comes back after this time and up to twice as much more: that session is short.
const RETRY_COPY_MS: u64 = 5_000;

impl Session {
    pub(super) async fn open(
        &mut self,
        head_seq: u64,
        acknowledged_seq: u64,
        protocol: Option<u32>,
    ) -> Result<Input, StoreError> {
        let question = OpeningQuestion {
            commune: self.agent.commune.clone(),
            certificate: self.agent.certificate,
            incarnation: self.incarnation,
            head_seq,
            acknowledged_seq,
        };
        let opening = self.ingest.province.store.opening(question).await?;
        // Neither a revoked certificate nor a copied store that cannot heal, which are turned away, may end the session that is
        // going on.
        let heals = protocol.is_some_and(|protocol| protocol >= PROTOCOL_HEALING);
        let own_log = opening.head.is_none_or(|(incarnation, _)| incarnation == self.incarnation);
        let mut admission = Admission::Granted;
        if opening.certificate_valid {
            self.ingest.province.store.note_authorities(&self.commune, &self.trusted).await?;
        }
        if opening.certificate_valid && (own_log || heals) {
            admission = self.admit().await;
        }
        // An old file says nothing of which copies still live.
        let lives = opening.certificate_valid && self.agent.by == Carrier::Line;
        if lives && opening.lineage == Lineage::Superseded {
            self.returned = Some(self.incarnation);
        }
        let clock_unix_ms = self.ingest.province.clock.now().timestamp_millis();
        Ok(Input::Opened { opening, admission, clock_unix_ms })
    }

    async fn admit(&mut self) -> Admission {
        if let Some(place) = &self.place {
            // It healed, and greets anew.
            place.reborn(self.incarnation);
            return Admission::Granted;
        }
        let (certificate, stop) = (self.agent.certificate, self.stop.clone());
        let room = self.ingest.live.room(LONGEST_WAIT).await;
        match self.ingest.live.admit(&self.commune, certificate, self.incarnation, stop, room) {
            Admitted::Yes(place) => {
                self.place = Some(place);
                Admission::Granted
            }
            Admitted::Full => {
                Admission::Later { retry_after_ms: RETRY_AFTER_MS + rand::random_range(0..RETRY_AFTER_MS) }
            }
            Admitted::OtherCopy => {
                Admission::Later { retry_after_ms: RETRY_COPY_MS + rand::random_range(0..2 * RETRY_COPY_MS) }
            }
        }
    }

    /// The province's word for what is durable now.
    pub(super) fn receipt(&self, outcome: &BatchOutcome) -> Option<v1::Receipt> {
        let BatchOutcome::Committed { position, received_at, .. } = outcome else { return None };
        (self.machine.protocol() >= PROTOCOL_HEALING).then(|| {
            self.signer.sign(&Statement {
                province: self.ingest.province.id.clone(),
                commune: self.commune.to_string(),
                incarnation: self.incarnation,
                position: *position,
                received_at: *received_at,
            })
        })
    }

    pub(super) async fn compare(
        &mut self,
        theirs: &BTreeMap<Period, SetDigest>,
    ) -> Result<Vec<Difference>, StoreError> {
        let held = self.ingest.province.store.record_digests(&self.commune).await?;
        let differences = comparison::differences(held, theirs);
        if !differences.is_empty() {
            let periods: Vec<_> = differences.iter().map(|one| one.period.to_string()).collect();
            tracing::warn!(commune = %self.commune, ?periods, "the digests differ");
        }
        let at = self.ingest.province.clock.real();
        let note = DigestNote { commune: self.commune.clone(), at, differ: !differences.is_empty() };
        self.healed_records_follow().await;
        self.ingest.writer.note(Note::Digests(note)).await;
        Ok(differences)
    }

    pub(super) async fn remake(
        &mut self,
        period: Period,
        indicator: String,
        changes: Vec<(u64, Bytes)>,
        last: bool,
    ) -> Result<Remade, StoreError> {
        let commune = self.agent.commune.clone();
        let at = self.ingest.province.clock.real();
        let resending = Resending { commune, indicator, period, changes, last, at };
        let before = std::mem::replace(&mut self.healed, true);
        // If this session is cut off here, the records may be made anew all the same.
        let remade = self.ingest.province.store.remake(resending).await?;
        self.healed = before;
        if remade.foreign > 0 {
            tracing::warn!(commune = %self.commune, changes = remade.foreign, "changes sent again were never acknowledged");
        }
        if remade.repaired > 0 {
            tracing::warn!(commune = %self.commune, %period, records = remade.repaired, "records were made anew");
        }
        self.healed |= remade.repaired > 0;
        Ok(remade)
    }

    /// Records that were made anew changed under the standings; they are read again, once for all.
    pub(super) async fn healed_records_follow(&mut self) {
        if std::mem::take(&mut self.healed) {
            self.ingest.follower.healed().await;
        }
    }

    pub(super) fn files(&self, done: Result<Vec<v1::HeldFile>, EvidenceError>) -> Result<Input, StoreError> {
        match done {
            Ok(files) => Ok(Input::Files(files)),
            Err(EvidenceError::Store(error)) => Err(error),
            Err(error) => {
                tracing::error!(commune = %self.commune, %error, "evidence cannot be kept, the session ends");
                Ok(Input::Interrupted(Interruption::Store))
            }
        }
    }

    pub(super) async fn store(
        &mut self,
        before: LogPosition,
        changes: Vec<(Bytes, Chain)>,
        shown: Option<Shown>,
    ) -> Result<(), Interruption> {
        let now = self.ingest.province.clock.now();
        let after = changes
            .last()
            .map_or(before, |(_, chain)| LogPosition { seq: before.seq + changes.len() as u64, chain: *chain });
        let confirmed_at = shown.and_then(|shown| self.confirmed_before(&shown, after)).map(|at| at.min(now));
        let rulebook = self.ingest.province.rulebook();
        let changes = changes.into_iter().map(|(body, chain)| {
            let judged = check::judge(&rulebook, &self.commune, &body);
            CheckedChange { hash: check::record_hash(&judged), judged, body, chain }
        });
        let batch = CheckedBatch {
            commune: self.commune.clone(),
            incarnation: self.incarnation,
            before,
            changes: changes.collect(),
            received_at: confirmed_at.unwrap_or(now),
        };
        self.ingest.writer.submit(batch, self.reply.clone()).await.map_err(|_| Interruption::Store)
    }

    /// When this province received changes that it lost since, by its own receipt; none when the receipt is not for exactly these.
    fn confirmed_before(&self, shown: &Shown, after: LogPosition) -> Option<DateTime<Utc>> {
        let authorities = self.ingest.keyring.look().of_receipts();
        let certificate = CertificateDer::from(shown.certificate.as_slice());
        let verifier = ReceiptVerifier::new(&self.ingest.province.id, &certificate, &authorities);
        match verifier.and_then(|verifier| verifier.check(&shown.receipt)) {
            Ok(said) if *said.commune == *self.commune && said.position == after => Some(said.received_at),
            Ok(_) => None,
            Err(error) => {
                tracing::warn!(commune = %self.commune, %error, "a receipt was shown that proves nothing");
                None
            }
        }
    }

    pub(super) fn store_failed(&self, error: &StoreError) -> Input {
        tracing::error!(commune = %self.commune, %error, "the store failed, the session ends");
        Input::Interrupted(Interruption::Store)
    }

    pub(super) async fn note(&self, failure: Option<&'static str>) {
        let at = self.ingest.province.clock.real();
        let note = SessionNote {
            commune: self.commune.clone(),
            at,
            failure,
            build: self.build.clone(),
            protocol: Some(self.machine.protocol()).filter(|protocol| *protocol > 0),
            clock_skew_ms: self.clock_skew_ms,
            authorities: self.authorities.clone(),
            returned: self.returned,
        };
        self.ingest.writer.note(Note::Session(note)).await;
    }
}
