//! Bundles: a commune's session that came as a file. Its frames go through the same session as those of the network: the same
//! machine, checks, writer and receipts; the answers go back as a file.
//!
//! It decides nothing about figures, and believes nothing but the certificate that signed the file.

use crate::{
    access::Agent,
    folder::{Folder, FolderError},
    ingest::session::{Ingest, hold},
    store::{Store, StoreError},
};
use chrono::{DateTime, TimeDelta, Utc};
use prost::Message;
use proto::{
    bundle::{BundleError, Content, Opened, OpeningKey},
    identity::Identity,
    sync::v1::{AgentFrame, AggregatorFrame, agent_frame, aggregator_frame::Frame},
    tls::Fingerprint,
};
use std::{fs, sync::Arc};
use thiserror::Error;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

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
}

/// The province's key for bundles; made when it is missing.
///
/// # Errors
/// [`TakeError`]
pub fn opening_key(folder: &Folder) -> Result<OpeningKey, TakeError> {
    let path = folder.bundle_key();
    let io = |source| FolderError::Io { path: path.clone(), source };
    if !path.exists() {
        if let Some(parent) = path.parent() {
            Folder::create_private(parent)?;
        }
        let key = OpeningKey::generate()?;
        match Folder::create_file(&path, hex::encode(key.expose()).as_bytes()) {
            Err(FolderError::Io { source, .. }) if source.kind() == std::io::ErrorKind::AlreadyExists => {}
            done => done?,
        }
    }
    let text = fs::read_to_string(&path).map_err(io)?;
    Ok(OpeningKey::from_slice(&hex::decode(text.trim()).map_err(|_| BundleError::Key)?)?)
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

/// Reads a bundle and finds out who signed it.
///
/// # Errors
/// [`TakeError`]
pub async fn read(
    opened: &Opened,
    store: &dyn Store,
    province: &str,
    now: DateTime<Utc>,
) -> Result<Question, TakeError> {
    let content = opened.question()?;
    let fingerprint = Fingerprint::of(&opened.certificate).0;
    let record = store.certificate(fingerprint).await?.ok_or(TakeError::UnknownSigner)?;
    let identity = Identity::from_certificate(&opened.certificate).map_err(|_| TakeError::UnknownSigner)?;
    let Identity::Commune { commune, .. } = &identity else { return Err(TakeError::UnknownSigner) };
    if record.revoked_at.is_some() {
        return Err(TakeError::Revoked(commune.clone()));
    }
    if record.not_after + LONGEST_ABSENCE < now {
        return Err(TakeError::Expired(commune.clone(), record.not_after));
    }
    if content.commune != *commune || content.province != province || identity.province() != province {
        return Err(TakeError::OtherName);
    }
    let frames = content.frames.iter().enumerate().map(|(number, frame)| {
        AgentFrame::decode(&frame[..]).ok().filter(|frame| frame.frame.is_some()).ok_or(TakeError::Frame(number + 1))
    });
    let frames = frames.collect::<Result<_, _>>()?;
    Ok(Question { agent: Agent { commune: commune.clone(), certificate: fingerprint }, content, frames })
}

/// What came of a bundle.
#[derive(Debug, Default)]
pub struct Answer {
    /// The frames for the commune, in order.
    pub frames: Vec<AggregatorFrame>,
    /// Why the session ended before the last frame, in the words of the protocol.
    pub cut_short: Option<String>,
}

/// Holds the session of a bundle. Each frame is handed over when the one before was answered, as an agent at a thin line would.
pub async fn take(ingest: Arc<Ingest>, question: Question) -> Answer {
    let (frames, inbound) = mpsc::channel(1);
    let (outbound, mut answers) = mpsc::channel(WAITING_ANSWERS);
    let session = tokio::spawn(hold(ingest, question.agent, ReceiverStream::new(inbound), outbound));
    let mut answer = Answer::default();
    for frame in question.frames {
        let asked = frame.frame.clone();
        if frames.send(Ok(frame)).await.is_err() || !collect(asked.as_ref(), &mut answers, &mut answer).await {
            break;
        }
    }
    drop(frames);
    while let Some(Ok(frame)) = answers.recv().await {
        answer.frames.push(frame);
    }
    if session.await.is_err() {
        answer.cut_short = Some("the session failed".into());
    }
    answer
}

/// Collects until the frame is answered; false when nothing more comes or the agent must not go on.
async fn collect(
    asked: Option<&agent_frame::Frame>,
    answers: &mut mpsc::Receiver<Result<AggregatorFrame, tonic::Status>>,
    answer: &mut Answer,
) -> bool {
    while let Some(next) = answers.recv().await {
        match next {
            Ok(frame) => {
                let (answered, goes_on) = settles(asked, frame.frame.as_ref());
                answer.frames.push(frame);
                if !goes_on {
                    return false;
                }
                if answered {
                    return true;
                }
            }
            Err(status) => {
                answer.cut_short = Some(status.message().to_owned());
                return false;
            }
        }
    }
    false
}

/// Whether an answer is the last one to a frame, and whether the session goes on after it.
fn settles(asked: Option<&agent_frame::Frame>, answer: Option<&Frame>) -> (bool, bool) {
    use agent_frame::Frame as Asked;
    use proto::sync::v1::Verdict;
    match (asked, answer) {
        (_, Some(Frame::TurnedAway(_)) | None) => (true, false),
        // A log that is not the one held here has to be healed first, in a session with questions and answers.
        (Some(Asked::Hello(_)), Some(Frame::Welcome(welcome))) => {
            (true, matches!(welcome.verdict(), Verdict::Ok | Verdict::ServerBehind))
        }
        (Some(Asked::Batch(_)), Some(Frame::Acknowledgement(_)))
        | (Some(Asked::FeedWanted(_)), Some(Frame::FeedEnd(_)))
        | (Some(Asked::EvidenceOffer(_) | Asked::EvidenceChunk(_)), Some(Frame::EvidenceState(_))) => (true, true),
        _ => (false, true),
    }
}
