//! Carries a session's frames and commands over gRPC. Decides nothing: what happens next is the machine's word.

use super::{
    StandingsHook, check,
    follow::Follower,
    live::{LiveSessions, Place},
    machine::{Admission, Ending, Input, Interruption, Machine, Output},
    writer::{Reply, Writer},
};
use crate::{
    access::{Access, Agent},
    feed,
    keyring::Keyring,
    notice::Notices,
    province::Province,
    store::{CheckedBatch, CheckedChange, OpeningQuestion, SessionNote, StoreError},
};
use prost::bytes::Bytes;
use proto::{
    MAX_AUTHORITIES, MAX_BATCHES_IN_FLIGHT,
    sync::v1::{AgentFrame, AggregatorFrame, Verdict, agent_frame, aggregator_frame, sync_service_server::SyncService},
};
use shared::change::{Chain, Incarnation, LogPosition};
use std::{pin::pin, sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, timeout},
};
use tokio_stream::{Stream, StreamExt, wrappers::ReceiverStream};
use tonic::{Code, Request, Response, Status, Streaming};

/// Longest silence of an agent.
pub const IDLE: Duration = Duration::from_secs(60);
/// Longest session.
pub const LONGEST: Duration = Duration::from_secs(15 * 60);
/// Longest that an agent lets a frame wait.
const SLOWEST_READER: Duration = Duration::from_secs(30);
/// Frames that wait to be sent.
const WAITING_FRAMES: usize = 8;
/// An agent for which there is no place comes back after this time and up to as much again.
const RETRY_AFTER_MS: u64 = 15_000;

/// Everything that sessions share.
pub struct Ingest {
    /// The province.
    pub province: Arc<Province>,
    /// The group commit.
    pub writer: Writer,
    /// What follows it.
    pub follower: Follower,
    /// The standings themselves.
    pub standings: Arc<dyn StandingsHook>,
    /// What other processes wrote.
    pub notices: Arc<Notices>,
    /// The authorities that agents are told to trust.
    pub keyring: Arc<Keyring>,
    /// The sessions going on.
    pub live: LiveSessions,
    /// True when the server stops.
    pub ending: watch::Receiver<bool>,
}

/// The sync service.
pub struct Sessions {
    ingest: Arc<Ingest>,
    access: Access,
}

impl Sessions {
    /// A service over what sessions share.
    #[must_use]
    pub fn new(ingest: Arc<Ingest>, access: Access) -> Self {
        Self { ingest, access }
    }
}

#[tonic::async_trait]
impl SyncService for Sessions {
    type SessionStream = ReceiverStream<Result<AggregatorFrame, Status>>;

    async fn session(&self, request: Request<Streaming<AgentFrame>>) -> Result<Response<Self::SessionStream>, Status> {
        let agent = self.access.agent(request.extensions())?;
        let (frames, outbound) = mpsc::channel(WAITING_FRAMES);
        tokio::spawn(hold(self.ingest.clone(), agent, request.into_inner(), frames));
        Ok(Response::new(ReceiverStream::new(outbound)))
    }
}

/// Holds one session of an agent whose certificate was checked: its frames come in, the answers go out. The same for a stream
/// of the network and for the frames of a bundle.
pub async fn hold(
    ingest: Arc<Ingest>,
    agent: Agent,
    inbound: impl Stream<Item = Result<AgentFrame, Status>> + Unpin,
    outbound: mpsc::Sender<Result<AggregatorFrame, Status>>,
) {
    Session::new(ingest, agent, outbound).run(inbound).await;
}

struct Session {
    ingest: Arc<Ingest>,
    agent: Agent,
    commune: Arc<str>,
    machine: Machine,
    frames: mpsc::Sender<Result<AggregatorFrame, Status>>,
    replies: mpsc::Receiver<Reply>,
    reply: mpsc::Sender<Reply>,
    place: Option<(Place, oneshot::Receiver<()>)>,
    incarnation: Incarnation,
    build: Arc<str>,
    /// SHA-256 of the authorities that the agent says it trusts.
    trusted: Vec<[u8; 32]>,
}

impl Session {
    fn new(ingest: Arc<Ingest>, agent: Agent, frames: mpsc::Sender<Result<AggregatorFrame, Status>>) -> Self {
        let (reply, replies) = mpsc::channel(MAX_BATCHES_IN_FLIGHT);
        let machine = Machine::new(&ingest.province.id, ingest.province.exercise);
        let commune = agent.commune.as_str().into();
        let (incarnation, build) = (Incarnation([0; 16]), "".into());
        Self {
            ingest,
            agent,
            commune,
            machine,
            frames,
            replies,
            reply,
            place: None,
            incarnation,
            build,
            trusted: Vec::new(),
        }
    }

    async fn run(mut self, mut inbound: impl Stream<Item = Result<AgentFrame, Status>> + Unpin) {
        let started = Instant::now();
        loop {
            let input = self.next(&mut inbound, started).await;
            if let Some(ending) = self.step(input).await {
                self.end(ending).await;
                return;
            }
        }
    }

    /// Waits for what happens next.
    async fn next(
        &mut self,
        inbound: &mut (impl Stream<Item = Result<AgentFrame, Status>> + Unpin),
        started: Instant,
    ) -> Input {
        let mut ending = self.ingest.ending.clone();
        let (waiting, takes) = (self.machine.is_waiting_for_writer(), self.machine.takes_frames());
        let replaced = async {
            match &mut self.place {
                Some((_, replaced)) => replaced.await.is_ok(),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            _ = ending.wait_for(|ending| *ending) => Input::Interrupted(Interruption::Stopping),
            () = tokio::time::sleep_until(started + LONGEST) => Input::Interrupted(Interruption::TooLong),
            true = replaced => Input::Interrupted(Interruption::Replaced),
            Some(reply) = self.replies.recv(), if waiting => match reply.outcome {
                Ok(outcome) => Input::Stored { outcome, received_at_unix_ms: reply.received_at.timestamp_millis() },
                Err(_) => Input::Interrupted(Interruption::Store),
            },
            frame = timeout(IDLE, inbound.next()), if takes => match frame {
                Ok(Some(Ok(frame))) => Input::Frame(frame),
                Ok(None) => Input::Closed,
                Ok(Some(Err(status))) => {
                    tracing::debug!(commune = %self.commune, code = ?status.code(), "the stream broke");
                    Input::Interrupted(match status.code() {
                        Code::OutOfRange | Code::ResourceExhausted | Code::Unimplemented => Interruption::Unreadable,
                        _ => Interruption::Broken,
                    })
                }
                Err(_) => Input::Interrupted(Interruption::Idle),
            },
            // Not reached: the machine either takes frames or was given what it waits for by `step`.
            else => Input::Interrupted(Interruption::Idle),
        }
    }

    /// Lets the machine decide and does what it says; the answers of the store go back in. `Some` when it is over.
    async fn step(&mut self, input: Input) -> Option<Ending> {
        if let Input::Frame(AgentFrame { frame: Some(agent_frame::Frame::Hello(hello)) }) = &input {
            let said = hello.authorities.iter().take(MAX_AUTHORITIES);
            self.trusted = said.filter_map(|sha256| sha256.as_slice().try_into().ok()).collect();
        }
        let mut input = Some(input);
        while let Some(now) = input.take() {
            for output in self.machine.step(now) {
                match self.perform(output).await {
                    Performed::Nothing => {}
                    Performed::Answer(answer) => input = Some(*answer),
                    Performed::Ended(ending) => return Some(ending),
                }
            }
        }
        None
    }

    async fn perform(&mut self, output: Output) -> Performed {
        let answer = match output {
            Output::Open { incarnation, head_seq, acknowledged_seq, build } => {
                self.incarnation = incarnation;
                self.build = build.as_str().into();
                self.ingest.notices.look().await;
                self.open(head_seq, acknowledged_seq).await
            }
            Output::Recall { seq } => {
                let chain = self.ingest.province.store.chain_at(&self.commune, self.incarnation, seq).await;
                chain.map(Input::Recalled)
            }
            Output::Store { before, changes } => {
                return match self.store(before, changes).await {
                    Ok(()) => Performed::Nothing,
                    Err(interruption) => Performed::Answer(Box::new(Input::Interrupted(interruption))),
                };
            }
            Output::ReadFeed { after, catalogue_version } => {
                self.ingest.notices.look().await;
                self.ingest.follower.settled().await;
                let (province, standings) = (&self.ingest.province, &*self.ingest.standings);
                feed::page(province, standings, &self.commune, after, catalogue_version).await.map(Input::Feed)
            }
            Output::Send(mut frame) => {
                if let Some(aggregator_frame::Frame::Welcome(welcome)) = &mut frame.frame {
                    welcome.authorities = self.ingest.keyring.look().told();
                }
                return match timeout(SLOWEST_READER, self.frames.send(Ok(frame))).await {
                    Ok(Ok(())) => Performed::Nothing,
                    Ok(Err(_)) | Err(_) => Performed::Ended(Ending::Interrupted(Interruption::Broken)),
                };
            }
            Output::Conclude => {
                self.note(None).await;
                Ok(Input::Concluded)
            }
            Output::End(ending) => return Performed::Ended(ending),
        };
        Performed::Answer(Box::new(answer.unwrap_or_else(|error| self.store_failed(&error))))
    }

    async fn open(&mut self, head_seq: u64, acknowledged_seq: u64) -> Result<Input, StoreError> {
        let question = OpeningQuestion {
            commune: self.agent.commune.clone(),
            certificate: self.agent.certificate,
            incarnation: self.incarnation,
            head_seq,
            acknowledged_seq,
        };
        let opening = self.ingest.province.store.opening(question).await?;
        // Neither a revoked certificate nor a copied store, which are turned away, may end the session that is going on.
        let own_log = opening.head.is_none_or(|(incarnation, _)| incarnation == self.incarnation);
        let mut admission = Admission::Granted;
        if opening.certificate_valid {
            self.ingest.province.store.note_authorities(&self.commune, &self.trusted).await?;
        }
        if opening.certificate_valid && own_log {
            self.place = self.ingest.live.admit(&self.commune);
            if self.place.is_none() {
                let retry_after_ms = RETRY_AFTER_MS + rand::random_range(0..RETRY_AFTER_MS);
                admission = Admission::Later { retry_after_ms };
            }
        }
        let clock_unix_ms = self.ingest.province.clock.now().timestamp_millis();
        Ok(Input::Opened { opening, admission, clock_unix_ms })
    }

    async fn store(&mut self, before: LogPosition, changes: Vec<(Bytes, Chain)>) -> Result<(), Interruption> {
        let received_at = self.ingest.province.clock.now();
        let rulebook = self.ingest.province.rulebook();
        let changes = changes.into_iter().map(|(body, chain)| CheckedChange {
            judged: check::judge(&rulebook, &self.commune, &body),
            body,
            chain,
        });
        let batch = CheckedBatch {
            commune: self.commune.clone(),
            incarnation: self.incarnation,
            before,
            changes: changes.collect(),
            received_at,
        };
        self.ingest.writer.submit(batch, self.reply.clone()).await.map_err(|_| Interruption::Store)
    }

    fn store_failed(&self, error: &StoreError) -> Input {
        tracing::error!(commune = %self.commune, %error, "the store failed, the session ends");
        Input::Interrupted(Interruption::Store)
    }

    async fn note(&self, failure: Option<&'static str>) {
        let at = self.ingest.province.clock.real();
        let note = SessionNote { commune: self.commune.clone(), at, failure, build: self.build.clone() };
        self.ingest.writer.note(note).await;
    }

    async fn end(self, ending: Ending) {
        let commune = &self.commune;
        match ending {
            Ending::Done => tracing::debug!(%commune, "session done"),
            _ => tracing::info!(%commune, ?ending, build = %self.build, "session ended"),
        }
        if let Some(status) = status_of(ending) {
            // The agent may be gone.
            let _ = timeout(SLOWEST_READER, self.frames.send(Err(status))).await;
        }
        if let Some(failure) = failure_of(ending) {
            let mut noting = pin!(self.note(Some(failure)));
            // When the server stops, the writer ends after all sessions; a note is not worth waiting long for.
            let _ = timeout(SLOWEST_READER, noting.as_mut()).await;
        }
    }
}

enum Performed {
    Nothing,
    Answer(Box<Input>),
    Ended(Ending),
}

/// What the stream ends with, where it does not end well by itself.
fn status_of(ending: Ending) -> Option<Status> {
    match ending {
        Ending::Done | Ending::TurnedAway(_) | Ending::ClosedEarly => None,
        Ending::Violation(what) => Some(Status::invalid_argument(what)),
        Ending::Interrupted(Interruption::Idle) => Some(Status::deadline_exceeded("nothing came for too long")),
        Ending::Interrupted(Interruption::TooLong) => Some(Status::deadline_exceeded("the session took too long")),
        Ending::Interrupted(Interruption::Replaced) => Some(Status::aborted("a newer session of this commune")),
        Ending::Interrupted(Interruption::Stopping) => Some(Status::unavailable("the server stops")),
        Ending::Interrupted(Interruption::Store) => Some(Status::unavailable("the store does not answer")),
        // Most often nobody is there to read it.
        Ending::Interrupted(Interruption::Broken) => Some(Status::aborted("the stream broke")),
        Ending::Interrupted(Interruption::Unreadable) => Some(Status::out_of_range("a frame too large or unreadable")),
    }
}

/// The stable reason for the list of communes; none where there is nothing to note.
fn failure_of(ending: Ending) -> Option<&'static str> {
    Some(match ending {
        // Noted before its last frame; and under load, or by a newer session, nothing is added to the writer's work.
        Ending::Done | Ending::TurnedAway(Verdict::RetryLater) | Ending::Interrupted(Interruption::Replaced) => {
            return None;
        }
        Ending::TurnedAway(Verdict::AgentBehind) => "agent_behind",
        Ending::TurnedAway(Verdict::Fork) => "fork",
        Ending::TurnedAway(Verdict::WrongProvince) => "wrong_province",
        Ending::TurnedAway(Verdict::UpgradeRequired) => "upgrade_required",
        Ending::TurnedAway(Verdict::Revoked) => "revoked",
        Ending::TurnedAway(Verdict::Unspecified | Verdict::Ok | Verdict::ServerBehind) => "turned_away",
        Ending::ClosedEarly | Ending::Interrupted(Interruption::Broken) => "stream_broken",
        Ending::Violation(_) | Ending::Interrupted(Interruption::Unreadable) => "protocol_violation",
        Ending::Interrupted(Interruption::Idle | Interruption::TooLong) => "time_limit",
        Ending::Interrupted(Interruption::Stopping) => "server_stopped",
        Ending::Interrupted(Interruption::Store) => "store_failed",
    })
}
