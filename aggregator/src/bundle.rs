//! Bundles: a commune's session that came as a file. Its frames go through the same session as those of the network: the same
//! machine, checks, writer and receipts; the answers go back as a file.
//!
//! It decides nothing about figures, and believes nothing but the certificate that signed the file.

use crate::{
    access::{Agent, Carrier},
    adoption,
    authorities::KeysError,
    folder::FolderError,
    ingest::session::{Ingest, hold},
    store::{CertificateRecord, Store, StoreError},
};
use chrono::{DateTime, TimeDelta, Utc};
use prost::Message;
use proto::{
    bundle::{BundleError, Content, Opened},
    identity::Identity,
    position,
    sync::v1::{
        AgentFrame, AggregatorFrame, FileState, HeldFile, HistoryWanted, Verdict, agent_frame, aggregator_frame::Frame,
    },
    tls::Fingerprint,
};
use rustls::pki_types::CertificateDer;
use shared::change::LogPosition;
use std::{collections::HashMap, sync::Arc};
use thiserror::Error;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

/// How long after its certificate ran out a commune may still sign a bundle: it could not renew without a line.
const LONGEST_ABSENCE: TimeDelta = TimeDelta::days(400);
/// Answers that wait to be collected.
const WAITING_ANSWERS: usize = 64;

/// Why a bundle is not taken. Nothing of it was stored.
#[derive(Debug, Error)]
pub enum TakeError {
    /// The file itself.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// It was signed with a certificate that this authority did not issue to a commune.
    #[error("signed with a certificate that is not known here")]
    UnknownSigner,
    /// It was signed with a certificate that was revoked.
    #[error("the certificate of {0} was revoked")]
    Revoked(String),
    /// The commune's certificate ran out too long ago.
    #[error("the certificate of {0} ran out on {1}, too long ago: invite the commune anew")]
    Expired(String, DateTime<Utc>),
    /// The commune's certificate ran out, and a later one of another key has taken its place.
    #[error("the certificate of {0} ran out, and was replaced by a later one")]
    Replaced(String),
    /// It says to be of another commune or province than its certificate.
    #[error("the bundle names another commune or province than its certificate")]
    OtherName,
    /// A frame in it cannot be read.
    #[error("frame {0} of the bundle cannot be read")]
    Frame(usize),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key's file.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The authority's folder, where the key lies.
    #[error(transparent)]
    Keys(#[from] KeysError),
}

/// A bundle whose signer is known.
#[derive(Debug)]
pub struct Question {
    /// Who signed it.
    pub agent: Agent,
    /// What it carries.
    pub content: Content,
    frames: Vec<AgentFrame>,
}

/// Reads a bundle and finds out who signed it. `trusted` are the authorities: a restored store asks them for what it does not know.
///
/// # Errors
/// [`TakeError`]
pub async fn read(
    opened: &Opened,
    store: &dyn Store,
    province: &str,
    trusted: &[CertificateDer<'static>],
    now: DateTime<Utc>,
) -> Result<Question, TakeError> {
    let content = opened.question()?;
    let fingerprint = Fingerprint::of(&opened.certificate).0;
    let record = adoption::known(store, province, &opened.certificate, || trusted.to_vec(), now).await?;
    let record = record.ok_or(TakeError::UnknownSigner)?;
    let identity = Identity::from_certificate(&opened.certificate).map_err(|_| TakeError::UnknownSigner)?;
    let Identity::Commune { commune, .. } = &identity else { return Err(TakeError::UnknownSigner) };
    if record.revoked_at.is_some() {
        return Err(TakeError::Revoked(commune.clone()));
    }
    if record.not_after + LONGEST_ABSENCE < now {
        return Err(TakeError::Expired(commune.clone(), record.not_after));
    }
    // Whoever has an old copy of the commune's folder has its expired key for ever; as for a renewal in absence only the newest counts.
    if record.not_after < now && replaced(store, &record).await? {
        return Err(TakeError::Replaced(commune.clone()));
    }
    if content.commune != *commune || content.province != province || identity.province() != province {
        return Err(TakeError::OtherName);
    }
    let frames = content.frames.iter().enumerate().map(|(number, frame)| {
        AgentFrame::decode(&frame[..]).ok().filter(|frame| frame.frame.is_some()).ok_or(TakeError::Frame(number + 1))
    });
    let frames = frames.collect::<Result<_, _>>()?;
    Ok(Question {
        agent: Agent { commune: commune.clone(), certificate: fingerprint, by: Carrier::File },
        content,
        frames,
    })
}

/// Whether the identity has a later certificate of another key.
async fn replaced(store: &dyn Store, record: &CertificateRecord) -> Result<bool, StoreError> {
    let all = store.certificates(None).await?;
    Ok(all.iter().any(|one| {
        let same_key = one.public_key.is_some() && one.public_key == record.public_key;
        one.identity == record.identity && one.generation > record.generation && !same_key
    }))
}

/// What came of a bundle.
#[derive(Debug, Default)]
pub struct Answer {
    /// The frames for the commune, in order.
    pub frames: Vec<AggregatorFrame>,
    /// Why the session ended before the last frame, in the words of the protocol.
    pub cut_short: Option<String>,
}

/// Holds the session of a bundle. Each frame is handed over when the one before was answered, as an agent at a thin line would. A log
/// that is not the one held here is answered with the one that is, so that the commune can heal.
pub async fn take(ingest: Arc<Ingest>, question: Question) -> Answer {
    let (frames, inbound) = mpsc::channel(1);
    let (outbound, answers) = mpsc::channel(WAITING_ANSWERS);
    let session = tokio::spawn(hold(ingest, question.agent, ReceiverStream::new(inbound), outbound));
    let mut courier = Courier { frames, answers, answer: Answer::default(), stands: HashMap::new() };
    for frame in question.frames {
        let Some(frame) = courier.fitting(frame) else { continue };
        if !courier.carry(frame).await {
            break;
        }
    }
    courier.bring_history().await;
    let Courier { frames, mut answers, mut answer, .. } = courier;
    drop(frames);
    while let Some(Ok(frame)) = answers.recv().await {
        answer.frames.push(frame);
    }
    if session.await.is_err() {
        answer.cut_short = Some("the session failed".into());
    }
    answer
}

/// Carries the frames of a bundle into a session, and collects the answers.
struct Courier {
    frames: mpsc::Sender<Result<AgentFrame, Status>>,
    answers: mpsc::Receiver<Result<AggregatorFrame, Status>>,
    answer: Answer,
    /// What is held of the files under way: all of it, or so many bytes.
    stands: HashMap<Vec<u8>, HeldFile>,
}

impl Courier {
    /// Hands a frame over and collects until it is answered; false when the session must not go on.
    async fn carry(&mut self, frame: AgentFrame) -> bool {
        let asked = frame.frame.clone();
        if self.frames.send(Ok(frame)).await.is_err() {
            return false;
        }
        while let Some(next) = self.answers.recv().await {
            match next {
                Ok(frame) => {
                    if let Some(Frame::EvidenceState(state)) = &frame.frame {
                        let stands = state.files.iter().map(|file| (file.sha256.clone(), file.clone()));
                        self.stands.extend(stands);
                    }
                    let (answered, goes_on) = settles(asked.as_ref(), frame.frame.as_ref());
                    self.answer.frames.push(frame);
                    if answered || !goes_on {
                        return goes_on;
                    }
                }
                Err(status) => {
                    self.answer.cut_short = Some(status.message().to_owned());
                    return false;
                }
            }
        }
        false
    }

    /// A piece of evidence without what is held already; none when it is not wanted at all.
    fn fitting(&self, mut frame: AgentFrame) -> Option<AgentFrame> {
        let Some(agent_frame::Frame::EvidenceChunk(chunk)) = &mut frame.frame else { return Some(frame) };
        let file = self.stands.get(&chunk.sha256)?;
        if file.state() != FileState::Wanted {
            return None;
        }
        let held = usize::try_from(file.held_bytes.saturating_sub(chunk.offset)).ok()?;
        if held >= chunk.data.len() || file.held_bytes < chunk.offset {
            return None;
        }
        chunk.data.drain(..held);
        chunk.offset += held as u64;
        Some(frame)
    }

    /// Asks for the log held here on behalf of an agent that has to take it back.
    async fn bring_history(&mut self) {
        let Some(Frame::Welcome(welcome)) = self.answer.frames.last().and_then(|frame| frame.frame.clone()) else {
            return;
        };
        if !heals(welcome.verdict()) {
            return;
        }
        let ends = (position::from_wire(welcome.common), position::from_wire(welcome.position));
        let (Ok(mut at), Ok(goal)) = ends else { return };
        while at.seq < goal.seq {
            let wanted = HistoryWanted { after: Some(position::to_wire(at)) };
            let frame = AgentFrame { frame: Some(agent_frame::Frame::HistoryWanted(wanted)) };
            if !self.carry(frame).await {
                return;
            }
            let Some(Frame::HistoryPage(page)) = self.answer.frames.last().and_then(|frame| frame.frame.as_ref())
            else {
                return;
            };
            if page.changes.is_empty() {
                return;
            }
            if page.first_seq == 1 {
                at = LogPosition::START;
            }
            at = page.changes.iter().fold(at, |at, change| at.then(&change.body));
        }
    }
}

/// Whether the agent has to take back the log held here.
fn heals(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::AgentBehind | Verdict::Fork)
}

/// Whether an answer is the last one to a frame, and whether the session goes on after it.
fn settles(asked: Option<&agent_frame::Frame>, answer: Option<&Frame>) -> (bool, bool) {
    use agent_frame::Frame as Asked;
    match (asked, answer) {
        (_, Some(Frame::TurnedAway(_)) | None) => (true, false),
        (Some(Asked::Hello(_)), Some(Frame::Welcome(welcome))) => (true, !heals(welcome.verdict())),
        (Some(Asked::Batch(_)), Some(Frame::Acknowledgement(_)))
        | (Some(Asked::HistoryWanted(_)), Some(Frame::HistoryPage(_)))
        | (Some(Asked::FeedWanted(_)), Some(Frame::FeedEnd(_)))
        | (Some(Asked::EvidenceOffer(_) | Asked::EvidenceChunk(_)), Some(Frame::EvidenceState(_))) => (true, true),
        _ => (false, true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        authority::{Authority, COMMUNE_DAYS, CommuneRequest, SERIAL_BYTES},
        enrol::{random, record_of},
        sample::{self, act, moment},
    };
    use proto::{
        bundle::{OpeningKey, open, seal_question},
        identity::{SigningRequest, signing_request},
        pem,
    };

    fn days(days: i64) -> DateTime<Utc> {
        moment() + TimeDelta::days(days)
    }

    struct House {
        authority: Authority,
        key: OpeningKey,
        store: crate::store::sqlite::SqliteStore,
        _folder: tempfile::TempDir,
    }

    impl House {
        async fn new() -> Self {
            let (_folder, store) = sample::store().await;
            let (authority, _) = Authority::make("dong-nai", [1; SERIAL_BYTES], moment()).unwrap();
            Self { authority, key: OpeningKey::generate().unwrap(), store, _folder }
        }

        /// A certificate for this key, and its record.
        fn issue(&self, request: &SigningRequest, at: DateTime<Utc>) -> (CertificateDer<'static>, CertificateRecord) {
            let identity = Identity::commune("dong-nai", "tan-phu").unwrap();
            let read = CommuneRequest::read(&request.request_der).unwrap();
            let issued = self.authority.issue_commune(&identity, &read, random(), at).unwrap();
            let record = record_of(&issued, &identity, at);
            (issued.certificate, record)
        }

        async fn enrol(&self, request: &SigningRequest, at: DateTime<Utc>) -> CertificateDer<'static> {
            let (certificate, record) = self.issue(request, at);
            self.store.add_certificate(record, act(at)).await.unwrap();
            certificate
        }

        /// What becomes of a bundle signed with this certificate.
        async fn read(
            &self,
            request: &SigningRequest,
            certificate: &CertificateDer<'_>,
            now: DateTime<Utc>,
        ) -> Result<Question, TakeError> {
            let content = Content {
                province: "dong-nai".into(),
                commune: "tan-phu".into(),
                id: [1; 16],
                made_at: moment(),
                answer_key: Some(self.key.sealing_key().unwrap()),
                frames: Vec::new(),
            };
            let key = pem::key_from_pem(&request.key_pem).unwrap();
            let sealed = seal_question(content, &key, certificate, &self.key.sealing_key().unwrap()).unwrap();
            let opened = open(&sealed, &self.key).unwrap();
            read(&opened, &self.store, "dong-nai", &[self.authority.certificate().clone()], now).await
        }
    }

    #[tokio::test]
    async fn with_an_expired_certificate_only_the_newest_key_signs() {
        let house = House::new().await;
        let (old, new) = (signing_request().unwrap(), signing_request().unwrap());
        let first = house.enrol(&old, days(0)).await;
        let late = days(COMMUNE_DAYS + 1);
        assert!(house.read(&old, &first, late).await.is_ok(), "it could not renew without a line");
        house.enrol(&old, days(7)).await;
        assert!(house.read(&old, &first, late).await.is_ok(), "renewed for the same key");
        house.enrol(&new, days(8)).await;
        assert!(house.read(&old, &first, days(9)).await.is_ok(), "what is valid is valid");
        let refused = house.read(&old, &first, late).await.unwrap_err();
        assert!(matches!(&refused, TakeError::Replaced(commune) if commune == "tan-phu"), "{refused}");
    }

    #[tokio::test]
    async fn after_a_restore_the_signer_is_known_by_the_authority() {
        let house = House::new().await;
        let request = signing_request().unwrap();
        let (certificate, _) = house.issue(&request, days(0));
        let late = days(COMMUNE_DAYS + 1);
        let refused = house.read(&request, &certificate, late).await.unwrap_err();
        assert!(matches!(refused, TakeError::UnknownSigner), "{refused}");
        house.store.restored([1; 16], "backup", days(1), act(days(1))).await.unwrap();
        assert_eq!(house.read(&request, &certificate, late).await.unwrap().agent.commune, "tan-phu");
        assert_eq!(
            house.store.audit(crate::store::AuditQuestion::newest(1)).await.unwrap()[0].what,
            "certificate_adopted"
        );
    }
}
