//! Carries a session's frames and commands over gRPC. Decides nothing: what happens next is the machine's word.

mod deeds;
mod ended;

use super::{
    StandingsHook,
    follow::Follower,
    greeting::{Hospitality, Sizes},
    live::{LiveSessions, Place, Stop},
    machine::{Ending, Input, Interruption, Machine, Output},
    writer::{Reply, Writer},
};
use crate::{
    access::{Access, Agent, Carrier},
    evidence::Evidence,
    feed,
    keyring::Keyring,
    notice::Notices,
    province::Province,
    receipts::ReceiptKey,
};
use ended::{failure_of, outcome_of, status_of};
use proto::{
    MAX_AUTHORITIES, MAX_BATCH_BYTES, MAX_BATCHES_IN_FLIGHT,
    receipt::ReceiptSigner,
    sync::v1::{AgentFrame, AggregatorFrame, agent_frame, sync_service_server::SyncService},
};
use shared::change::Incarnation;
use std::{pin::pin, sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, watch},
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
    /// The key that signs receipts.
    pub receipts: ReceiptKey,
    /// The key for which agents seal bundles.
    pub bundle_key: [u8; 32],
    /// How much goes into one frame.
    pub sizes: Sizes,
    /// The communes' files.
    pub evidence: Evidence,
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
        let agent = self.access.agent(request.extensions()).await?;
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
    signer: Arc<ReceiptSigner>,
    frames: mpsc::Sender<Result<AggregatorFrame, Status>>,
    replies: mpsc::Receiver<Reply>,
    reply: mpsc::Sender<Reply>,
    place: Option<Place>,
    /// Tells this session to end.
    stop: Stop,
    incarnation: Incarnation,
    build: Arc<str>,
    /// SHA-256 of the authorities that the agent says it trusts.
    trusted: Vec<[u8; 32]>,
    clock_skew_ms: Option<i64>,
    authorities: Vec<[u8; 32]>,
    returned: Option<Incarnation>,
    /// Records were made anew, and the standings do not know yet.
    healed: bool,
    begun: Instant,
}

impl Session {
    fn new(ingest: Arc<Ingest>, agent: Agent, frames: mpsc::Sender<Result<AggregatorFrame, Status>>) -> Self {
        let (reply, replies) = mpsc::channel(MAX_BATCHES_IN_FLIGHT);
        let authorities = ingest.keyring.look();
        let signer = ingest.receipts.under(&authorities.current);
        let machine = Machine::new(Hospitality {
            province: ingest.province.id.clone(),
            exercise: ingest.province.exercise,
            receipt_certificate: signer.certificate().to_vec(),
            authorities: authorities.told(),
            bundle_key: ingest.bundle_key.to_vec(),
            sizes: ingest.sizes,
        });
        Self {
            commune: agent.commune.as_str().into(),
            ingest,
            agent,
            machine,
            signer,
            frames,
            replies,
            reply,
            place: None,
            stop: Stop::default(),
            incarnation: Incarnation([0; 16]),
            build: "".into(),
            trusted: Vec::new(),
            clock_skew_ms: None,
            authorities: Vec::new(),
            returned: None,
            healed: false,
            begun: Instant::now(),
        }
    }

    async fn run(mut self, mut inbound: impl Stream<Item = Result<AgentFrame, Status>> + Unpin) {
        // Races with everything that waits, also for a slow reader in the middle of a feed.
        let mut interrupted = pin!(interrupted(self.ingest.ending.clone(), self.stop.subscribe()));
        let ending = loop {
            let next = async {
                let input = self.next(&mut inbound).await;
                self.step(input).await
            };
            let ended = tokio::select! {
                biased;
                why = &mut interrupted => Some(Ending::Interrupted(why)),
                ended = next => ended,
            };
            if let Some(ending) = ended {
                break ending;
            }
        };
        self.end(ending).await;
    }

    /// Waits for what happens next.
    async fn next(&mut self, inbound: &mut (impl Stream<Item = Result<AgentFrame, Status>> + Unpin)) -> Input {
        let (waiting, takes) = (self.machine.is_waiting_for_writer(), self.machine.takes_frames());
        tokio::select! {
            biased;
            Some(reply) = self.replies.recv(), if waiting => match reply.outcome {
                Ok(outcome) => {
                    let receipt = self.receipt(&outcome);
                    Input::Stored { outcome, received_at_unix_ms: reply.received_at.timestamp_millis(), receipt }
                }
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

    async fn end(mut self, ending: Ending) {
        self.healed_records_follow().await;
        // A newer session of this commune need not wait until a slow reader has heard why this one ends.
        self.place = None;
        self.ingest.province.metrics.session_ended(outcome_of(ending), self.begun.elapsed());
        let commune = &self.commune;
        match ending {
            Ending::Done => tracing::debug!(%commune, "session done"),
            _ => tracing::info!(%commune, ?ending, build = %self.build, "session ended"),
        }
        if let Some(status) = status_of(ending) {
            // The agent may be gone.
            let _ = timeout(SLOWEST_READER, self.frames.send(Err(status))).await;
        }
        if let Some(failure) = failure_of(ending).filter(|_| self.agent.by == Carrier::Line) {
            let mut noting = pin!(self.note(Some(failure)));
            // When the server stops, the writer ends after all sessions; a note is not worth waiting long for.
            let _ = timeout(SLOWEST_READER, noting.as_mut()).await;
        }
    }

    /// Takes in what was decided. Where it cannot be read now, which the log says, a commune's figures are taken all the same: its feed
    /// has the decisions the next time.
    async fn look(&self) {
        let _ = self.ingest.notices.look().await;
    }

    async fn perform(&mut self, output: Output) -> Performed {
        let answer = match output {
            Output::Open { incarnation, head_seq, acknowledged_seq, build, clock_unix_ms, authorities, protocol } => {
                self.incarnation = incarnation;
                self.authorities = authorities;
                self.build = build.as_str().into();
                let real = self.ingest.province.clock.real().timestamp_millis();
                self.clock_skew_ms = clock_unix_ms.map(|theirs| theirs - real);
                self.look().await;
                self.open(head_seq, acknowledged_seq, protocol).await
            }
            Output::Recall { seq } => {
                let chain = self.ingest.province.store.chain_at(&self.commune, seq).await;
                chain.map(Input::Recalled)
            }
            Output::ReadHistory { after } => {
                let store = &self.ingest.province.store;
                let page = store.history(&self.commune, after, MAX_BATCH_BYTES, self.ingest.sizes.page_changes).await;
                page.map(Input::History)
            }
            Output::Compare(theirs) => self.compare(&theirs).await.map(Input::Compared),
            Output::Remake { period, indicator, changes, last } => {
                self.remake(period, indicator, changes, last).await.map(Input::Remade)
            }
            Output::Offer(files) => {
                let now = self.ingest.province.clock.now();
                self.files(self.ingest.evidence.offer(&self.commune, &files, now).await)
            }
            Output::Keep { sha256, offset, data } => {
                let (now, size) = (self.ingest.province.clock.now(), data.len());
                let kept = self.ingest.evidence.keep(&self.commune, sha256, offset, data, now).await;
                if kept.is_ok() {
                    self.ingest.province.metrics.evidence_received(size);
                }
                self.files(kept.map(|file| vec![file]))
            }
            Output::Store { before, changes, shown } => {
                return match self.store(before, changes, shown).await {
                    Ok(()) => Performed::Nothing,
                    Err(interruption) => Performed::Answer(Box::new(Input::Interrupted(interruption))),
                };
            }
            Output::ReadFeed { after, catalogue_version } => {
                self.look().await;
                // Otherwise it is told an older place of its own; the log says so.
                let _ = self.ingest.follower.settled().await;
                let (province, standings) = (&self.ingest.province, &*self.ingest.standings);
                feed::page(province, standings, &self.commune, after, catalogue_version).await.map(Input::Feed)
            }
            Output::Send(frame) => {
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
}

/// Resolves when the session has to end, whatever it is doing.
async fn interrupted(
    mut ending: watch::Receiver<bool>,
    mut stop: watch::Receiver<Option<Interruption>>,
) -> Interruption {
    let told = async {
        match stop.wait_for(Option::is_some).await {
            Ok(why) => *why,
            Err(_) => None,
        }
    };
    tokio::select! {
        biased;
        _ = ending.wait_for(|ending| *ending) => Interruption::Stopping,
        why = told => why.unwrap_or(Interruption::Broken),
        () = tokio::time::sleep(LONGEST) => Interruption::TooLong,
    }
}

enum Performed {
    Nothing,
    Answer(Box<Input>),
    Ended(Ending),
}
