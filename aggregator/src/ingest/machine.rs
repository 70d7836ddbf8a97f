//! What a session does next. Pure: messages, storage results and time go in, frames and storage commands come out; the
//! gRPC layer (`session`) only carries them.
//!
//! ```text
//! Greeting --Hello--> Opening --Opened--> Taking <--Batch/Stored--> Taking --FeedWanted--> Feeding --> Concluding --> Over
//! ```
//! Every way out ends in exactly one [`Output::End`].

use super::greeting::{Greeting, Verdicts};
use crate::store::{BatchOutcome, Opening};
use prost::bytes::Bytes;
use proto::{
    MAX_BATCH_BYTES, MAX_BATCHES_IN_FLIGHT,
    feed::Checksum,
    position,
    sync::v1::{self, AgentFrame, AggregatorFrame, agent_frame, aggregator_frame},
};
use shared::change::{Chain, Incarnation, LogPosition};
use std::mem;

/// Most changes in one batch.
pub const MAX_BATCH_CHANGES: usize = 16_384;
/// A batch may be larger than agreed by one change of the largest size: an agent fills up to the limit.
const MAX_BATCH_SLACK: usize = shared::change::MAX_BODY_BYTES;
/// No further page of the feed is begun in a session after so many items; the next session goes on.
pub const MAX_FEED_ITEMS: u32 = 20_000;

/// What happens to a session.
#[derive(Debug)]
pub enum Input {
    /// A frame came.
    Frame(AgentFrame),
    /// The agent closed its side.
    Closed,
    /// The store answered [`Output::Open`].
    Opened {
        /// Its answer.
        opening: Opening,
        /// Whether there is a place; if not, when to come back.
        admission: Admission,
        /// The province's time.
        clock_unix_ms: i64,
    },
    /// The store answered [`Output::Recall`].
    Recalled(Option<Chain>),
    /// The writer answered [`Output::Store`]; in the order of the batches.
    Stored {
        /// What became of the batch.
        outcome: BatchOutcome,
        /// When it had arrived, by the province's clock.
        received_at_unix_ms: i64,
    },
    /// The store answered [`Output::ReadFeed`].
    Feed(Page),
    /// [`Output::Conclude`] was done.
    Concluded,
    /// The session cannot go on.
    Interrupted(Interruption),
}

/// Whether there is a place for the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// There is.
    Granted,
    /// There is none; come back after this time.
    Later {
        /// How long to wait.
        retry_after_ms: u64,
    },
}

/// A page of the feed, ready to be sent.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// Its parts.
    pub parts: Vec<v1::FeedPart>,
    /// The feed position after it.
    pub position: u64,
    /// Whether another page follows.
    pub more: bool,
}

/// Why a session cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interruption {
    /// Nothing came for too long.
    Idle,
    /// It went on for too long.
    TooLong,
    /// The commune's agent opened a newer one.
    Replaced,
    /// The server stops.
    Stopping,
    /// The store failed: nothing is known of what was not acknowledged.
    Store,
    /// The stream broke.
    Broken,
    /// A frame came that is too large or cannot be unpacked.
    Unreadable,
}

/// What is to be done next, in order.
#[derive(Debug, PartialEq)]
pub enum Output {
    /// Ask the store how the agent's log stands.
    Open {
        /// The agent's incarnation.
        incarnation: Incarnation,
        /// The seq of its head.
        head_seq: u64,
        /// The seq that it believes acknowledged.
        acknowledged_seq: u64,
        /// Its build version.
        build: String,
    },
    /// Ask the store for the chain after `seq` changes of this session's incarnation.
    Recall {
        /// How many changes.
        seq: u64,
    },
    /// Judge these changes and hand them to the writer.
    Store {
        /// The position before the first.
        before: LogPosition,
        /// Body and chain of each.
        changes: Vec<(Bytes, Chain)>,
    },
    /// Read a page of the feed.
    ReadFeed {
        /// After this position.
        after: u64,
        /// On the first page: the version of the catalogue that the agent holds.
        catalogue_version: Option<u64>,
    },
    /// Send a frame.
    Send(AggregatorFrame),
    /// Note that the session ended well, durably, before the last frame says so.
    Conclude,
    /// It is over.
    End(Ending),
}

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Everything was sent and received.
    Done,
    /// The agent closed before it had its feed.
    ClosedEarly,
    /// Turned away, and why.
    TurnedAway(v1::Verdict),
    /// The agent did what the protocol does not allow.
    Violation(&'static str),
    /// It could not go on.
    Interrupted(Interruption),
}

/// A session, from the aggregator's side.
#[derive(Debug)]
pub struct Machine {
    verdicts: Verdicts,
    state: State,
}

#[derive(Debug)]
enum State {
    Greeting,
    Opening(Box<Greeting>),
    Taking(Log),
    Recalling(Log, Vec<Bytes>, u64),
    Feeding(Checksum, u32),
    Concluding(v1::FeedEnd),
    Over,
}

/// Where the agent's log stands in this session.
#[derive(Debug, Clone, Copy)]
struct Log {
    /// After everything handed to the writer.
    expected: LogPosition,
    in_flight: usize,
}

impl Machine {
    /// A new session of a province's aggregator.
    #[must_use]
    pub fn new(province: &str, exercise: bool) -> Self {
        Self { verdicts: Verdicts { province: province.to_owned(), exercise }, state: State::Greeting }
    }

    /// Whether a frame can be taken now. While not, none is read, so that a fast agent waits.
    #[must_use]
    pub fn takes_frames(&self) -> bool {
        matches!(self.state, State::Greeting | State::Taking(_))
    }

    /// Whether batches wait for the writer.
    #[must_use]
    pub fn is_waiting_for_writer(&self) -> bool {
        matches!(self.state, State::Taking(log) if log.in_flight > 0)
    }

    /// One step.
    pub fn step(&mut self, input: Input) -> Vec<Output> {
        let state = mem::replace(&mut self.state, State::Over);
        match (state, input) {
            (State::Over, _) => Vec::new(),
            (_, Input::Interrupted(reason)) => vec![Output::End(Ending::Interrupted(reason))],
            (_, Input::Closed) => vec![Output::End(Ending::ClosedEarly)],
            (State::Greeting, Input::Frame(frame)) => self.greeted(frame),
            (State::Opening(greeting), Input::Opened { opening, admission, clock_unix_ms }) => {
                self.opened(&greeting, &opening, admission, clock_unix_ms)
            }
            (State::Taking(log), Input::Frame(frame)) => match frame.frame {
                Some(agent_frame::Frame::Batch(batch)) => self.batch(log, batch),
                Some(agent_frame::Frame::FeedWanted(wanted)) => self.feed_wanted(log, wanted),
                Some(agent_frame::Frame::Hello(_)) => violation("a second hello"),
                _ => violation("an empty or unknown frame"),
            },
            (State::Recalling(log, bodies, first_seq), Input::Recalled(chain)) => match chain {
                Some(chain) => self.store(log, LogPosition { seq: first_seq - 1, chain }, bodies),
                None => violation("a batch before the position that is not held"),
            },
            (State::Taking(log), Input::Stored { outcome, received_at_unix_ms }) => {
                self.stored(log, outcome, received_at_unix_ms)
            }
            (State::Feeding(checksum, sent), Input::Feed(page)) => self.page(checksum, sent, page),
            (State::Concluding(end), Input::Concluded) => {
                vec![send(aggregator_frame::Frame::FeedEnd(end)), Output::End(Ending::Done)]
            }
            _ => violation("a frame out of order"),
        }
    }

    fn greeted(&mut self, frame: AgentFrame) -> Vec<Output> {
        let Some(agent_frame::Frame::Hello(hello)) = frame.frame else {
            return violation("the first frame is not a hello");
        };
        let greeting = match Greeting::read(hello) {
            Ok(greeting) => greeting,
            Err(reason) => return violation(reason),
        };
        let open = Output::Open {
            incarnation: greeting.incarnation,
            head_seq: greeting.head.seq,
            acknowledged_seq: greeting.acknowledged.seq,
            build: greeting.build.clone(),
        };
        self.state = State::Opening(Box::new(greeting));
        vec![open]
    }

    fn opened(
        &mut self,
        greeting: &Greeting,
        opening: &Opening,
        admission: Admission,
        clock_unix_ms: i64,
    ) -> Vec<Output> {
        match self.verdicts.decide(greeting, opening, admission, clock_unix_ms) {
            Ok(welcome) => {
                let expected = opening.head.map_or(LogPosition::START, |(_, head)| head);
                self.state = State::Taking(Log { expected, in_flight: 0 });
                vec![send(aggregator_frame::Frame::Welcome(welcome))]
            }
            Err(turned_away) => {
                let verdict = turned_away.verdict();
                vec![send(aggregator_frame::Frame::TurnedAway(turned_away)), Output::End(Ending::TurnedAway(verdict))]
            }
        }
    }

    fn batch(&mut self, log: Log, batch: v1::Batch) -> Vec<Output> {
        let bodies: Vec<Bytes> = batch.changes.into_iter().map(|change| change.body).collect();
        if log.in_flight >= MAX_BATCHES_IN_FLIGHT {
            return violation("too many batches in flight");
        }
        if bodies.is_empty() || bodies.len() > MAX_BATCH_CHANGES {
            return violation("a batch without changes, or with too many");
        }
        if bodies.iter().map(Bytes::len).sum::<usize>() > MAX_BATCH_BYTES + MAX_BATCH_SLACK {
            return violation("a batch larger than agreed");
        }
        let next = log.expected.seq + 1;
        if batch.first_seq == 0 || batch.first_seq > next {
            return violation("a batch that leaves a gap");
        }
        if batch.first_seq == next {
            return self.store(log, log.expected, bodies);
        }
        // Something that came before, again: it must be the same, which the chain tells.
        self.state = State::Recalling(log, bodies, batch.first_seq);
        vec![Output::Recall { seq: batch.first_seq - 1 }]
    }

    fn store(&mut self, log: Log, before: LogPosition, bodies: Vec<Bytes>) -> Vec<Output> {
        let mut after = before;
        let mut changes = Vec::with_capacity(bodies.len());
        for body in bodies {
            after = after.then(&body);
            changes.push((body, after.chain));
        }
        let expected = if after.seq > log.expected.seq { after } else { log.expected };
        self.state = State::Taking(Log { expected, in_flight: log.in_flight + 1 });
        vec![Output::Store { before, changes }]
    }

    fn stored(&mut self, log: Log, outcome: BatchOutcome, received_at_unix_ms: i64) -> Vec<Output> {
        match outcome {
            BatchOutcome::Committed { position, refused } => {
                self.state = State::Taking(Log { in_flight: log.in_flight.saturating_sub(1), ..log });
                let refused = refused.into_iter().map(|change| v1::RefusedChange {
                    seq: change.seq,
                    change_id: change.change_id.as_bytes().to_vec(),
                    code: change.code,
                    detail: change.detail,
                });
                vec![send(aggregator_frame::Frame::Acknowledgement(v1::Acknowledgement {
                    position: Some(position::to_wire(position)),
                    received_at_unix_ms,
                    refused: refused.collect(),
                    receipt: None,
                }))]
            }
            BatchOutcome::Fork { head } => {
                let verdict = v1::Verdict::Fork;
                let turned_away = v1::TurnedAway {
                    verdict: verdict.into(),
                    detail: "the log held has another chain".into(),
                    retry_after_ms: 0,
                    position: Some(position::to_wire(head)),
                    clock_unix_ms: received_at_unix_ms,
                };
                vec![send(aggregator_frame::Frame::TurnedAway(turned_away)), Output::End(Ending::TurnedAway(verdict))]
            }
            // The store went back behind what this session saw; the next session starts from what it holds.
            BatchOutcome::Gap { .. } => vec![Output::End(Ending::Interrupted(Interruption::Store))],
        }
    }

    fn feed_wanted(&mut self, log: Log, wanted: v1::FeedWanted) -> Vec<Output> {
        if log.in_flight > 0 {
            return violation("the feed is wanted before all batches are acknowledged");
        }
        self.state = State::Feeding(Checksum::default(), 0);
        vec![Output::ReadFeed { after: wanted.position, catalogue_version: Some(wanted.catalogue_version) }]
    }

    fn page(&mut self, mut checksum: Checksum, sent: u32, page: Page) -> Vec<Output> {
        let sent = sent.saturating_add(u32::try_from(page.parts.len()).unwrap_or(u32::MAX));
        let mut outputs = Vec::with_capacity(page.parts.len() + 1);
        for part in page.parts {
            checksum.add(&part);
            outputs.push(send(aggregator_frame::Frame::FeedPart(part)));
        }
        if page.more && sent < MAX_FEED_ITEMS {
            self.state = State::Feeding(checksum, sent);
            outputs.push(Output::ReadFeed { after: page.position, catalogue_version: None });
        } else {
            self.state = State::Concluding(checksum.end(page.position));
            outputs.push(Output::Conclude);
        }
        outputs
    }
}

fn violation(what: &'static str) -> Vec<Output> {
    vec![Output::End(Ending::Violation(what))]
}

fn send(frame: aggregator_frame::Frame) -> Output {
    Output::Send(AggregatorFrame { frame: Some(frame) })
}

#[cfg(test)]
mod tests;
