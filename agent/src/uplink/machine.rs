//! The agent's side of a session, pure: messages and answers of the store in, messages and orders to the store out.
//!
//! The caller carries out the outputs in their order and hands back each answer that an order asks for (marked at
//! [`Output`]) before it takes the next frame. Nothing here touches a network, a store or a clock.
//!
//! ```text
//! Greeting ── Welcome ──> Aligning ── our chain agrees ──> Sending ── all confirmed ──> Feeding ── FeedEnd ──> Switching ──> Over
//! ```
//!
//! The verdicts `agent_behind` and `fork` end the session here; healing them is a further state between Greeting and Sending.

use super::outcome::{End, Outcome};
use crate::{outbox, store::figures::StoredRefusal, store::log::Page};
use prost::Message;
use proto::{
    MAX_BATCH_BYTES, MAX_BATCHES_IN_FLIGHT, PROTOCOL_MAX, PROTOCOL_MIN, WireError,
    feed::Checksum,
    position,
    sync::v1::{self, Verdict, agent_frame, aggregator_frame::Frame},
};
use shared::{
    change::{Incarnation, LogPosition},
    feed::FeedItem,
};
use std::{collections::VecDeque, time::Duration};
use uuid::Uuid;

/// Most bytes of a feed that are staged.
pub const MAX_FEED_BYTES: usize = 32 * 1024 * 1024;

/// What the store knows when a session begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// What this program calls itself.
    pub build: String,
    /// Province id.
    pub province: String,
    /// The store's life.
    pub incarnation: Incarnation,
    /// End of our log.
    pub head: LogPosition,
    /// What the province has confirmed.
    pub acknowledged: LogPosition,
    /// Feed position held.
    pub feed_position: u64,
    /// Catalogue version held.
    pub catalogue_version: u64,
    /// Our clock.
    pub clock_unix_ms: i64,
}

/// What happens.
#[derive(Debug)]
pub enum Input {
    /// The session begins.
    Started(Facts),
    /// The province said something.
    Frame(Box<v1::AggregatorFrame>),
    /// The answer to [`Output::CheckPosition`].
    Position {
        /// Whether our own log has this chain at this place.
        agrees: bool,
    },
    /// The answer to [`Output::ReadPage`].
    Page(Option<Page>),
    /// The answer to the `Store…` and `SwitchFeed` orders: it is durable.
    Stored,
    /// The province ended the stream.
    Closed,
}

/// A change that the province did not take.
pub type Refused = (u64, Uuid, StoredRefusal);

/// What to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Say this.
    Send(v1::AgentFrame),
    /// Compare with our own log; answered by [`Input::Position`].
    CheckPosition(LogPosition),
    /// Take over the province's clock and exercise. No answer.
    NoteWelcome {
        /// The province's clock.
        clock_unix_ms: i64,
        /// Whether it is an exercise.
        exercise: bool,
    },
    /// Read the changes after a place; answered by [`Input::Page`].
    ReadPage {
        /// Where to begin.
        after_seq: u64,
        /// Most bytes of bodies.
        most_bytes: usize,
    },
    /// Mark as confirmed; answered by [`Input::Stored`].
    StoreAcknowledgement {
        /// What was confirmed before.
        after_seq: u64,
        /// What is now.
        position: LogPosition,
        /// Which of them were refused.
        refused: Vec<Refused>,
    },
    /// Keep aside. No answer.
    StageFeed(FeedItem),
    /// Switch to what was kept aside; answered by [`Input::Stored`].
    SwitchFeed {
        /// The feed's position.
        position: u64,
    },
    /// The session is over.
    Finish(Outcome),
}

#[derive(Debug)]
enum State {
    Fresh,
    Greeting,
    Aligning(Box<v1::Welcome>, LogPosition),
    Sending,
    Feeding,
    Switching,
    Over,
}

/// What an acknowledgement says, once its chain is checked.
#[derive(Debug)]
struct Claim {
    position: LogPosition,
    refused: Vec<Refused>,
}

/// One session.
#[derive(Debug)]
pub struct Machine {
    state: State,
    feed_position: u64,
    catalogue_version: u64,
    head_seq: u64,
    /// Confirmed, and stored as confirmed here.
    confirmed: u64,
    sent: u64,
    in_flight: VecDeque<u64>,
    most_bytes: usize,
    most_in_flight: usize,
    claim: Option<Claim>,
    checksum: Checksum,
    staged_parts: u32,
    staged_bytes: usize,
}

impl Default for Machine {
    fn default() -> Self {
        Self {
            state: State::Fresh,
            feed_position: 0,
            catalogue_version: 0,
            head_seq: 0,
            confirmed: 0,
            sent: 0,
            in_flight: VecDeque::new(),
            most_bytes: MAX_BATCH_BYTES,
            most_in_flight: 1,
            claim: None,
            checksum: Checksum::default(),
            staged_parts: 0,
            staged_bytes: 0,
        }
    }
}

impl Machine {
    /// What follows from what happened.
    pub fn step(&mut self, input: Input) -> Vec<Output> {
        match self.follow(input) {
            Ok(outputs) => outputs,
            Err(outcome) => {
                self.state = State::Over;
                vec![Output::Finish(outcome)]
            }
        }
    }

    /// Whether everything is confirmed and only the feed is still to come.
    #[must_use]
    pub fn waits_for_feed(&self) -> bool {
        matches!(self.state, State::Feeding)
    }

    fn follow(&mut self, input: Input) -> Result<Vec<Output>, Outcome> {
        match (&self.state, input) {
            (State::Over, _) => Ok(Vec::new()),
            (_, Input::Closed) => Err(Outcome::of(End::Unreachable, "the stream ended early")),
            (State::Fresh, Input::Started(facts)) => Ok(self.greet(facts)),
            (State::Aligning(..), Input::Position { agrees }) => self.align(agrees),
            (State::Sending, Input::Page(page)) => Ok(self.send(page)),
            (State::Sending, Input::Position { agrees }) => self.believe(agrees),
            (State::Sending, Input::Stored) => Ok(self.go_on()),
            (State::Switching, Input::Stored) => Ok(self.switched()),
            (_, Input::Frame(frame)) => match (&self.state, frame.frame) {
                (State::Greeting, Some(Frame::Welcome(welcome))) => self.welcome(welcome),
                (State::Sending, Some(Frame::Acknowledgement(ack))) => self.acknowledged(ack),
                (State::Feeding, Some(Frame::FeedPart(part))) => self.stage(&part),
                (State::Feeding, Some(Frame::FeedEnd(end))) => self.end_feed(&end),
                // Instead of a welcome, and at any time after: another copy of this agent, a revoked certificate.
                (_, Some(Frame::TurnedAway(away))) => Err(turned_away(&away)),
                _ => Err(protocol("a frame out of turn")),
            },
            _ => Err(protocol("an answer out of turn")),
        }
    }

    fn greet(&mut self, facts: Facts) -> Vec<Output> {
        self.feed_position = facts.feed_position;
        self.catalogue_version = facts.catalogue_version;
        self.head_seq = facts.head.seq;
        self.confirmed = facts.acknowledged.seq;
        self.state = State::Greeting;
        vec![send(agent_frame::Frame::Hello(v1::Hello {
            protocol_min: PROTOCOL_MIN,
            protocol_max: PROTOCOL_MAX,
            build: facts.build,
            province: facts.province,
            incarnation: facts.incarnation.0.to_vec(),
            head: Some(position::to_wire(facts.head)),
            acknowledged: Some(position::to_wire(facts.acknowledged)),
            clock_unix_ms: facts.clock_unix_ms,
            ..v1::Hello::default()
        }))]
    }

    fn welcome(&mut self, welcome: v1::Welcome) -> Result<Vec<Output>, Outcome> {
        if !matches!(welcome.verdict(), Verdict::Ok | Verdict::ServerBehind) {
            return Err(protocol(format!("welcomed with verdict {}", welcome.verdict)));
        }
        if !(PROTOCOL_MIN..=PROTOCOL_MAX).contains(&welcome.protocol) {
            return Err(Outcome::of(End::UpgradeRequired, format!("protocol {}", welcome.protocol)));
        }
        let held = position::from_wire(welcome.position.clone()).map_err(|error| unreadable(&error))?;
        let noted = Output::NoteWelcome { clock_unix_ms: welcome.clock_unix_ms, exercise: welcome.exercise };
        self.state = State::Aligning(Box::new(welcome), held);
        Ok(vec![noted, Output::CheckPosition(held)])
    }

    fn align(&mut self, agrees: bool) -> Result<Vec<Output>, Outcome> {
        let State::Aligning(welcome, held) = std::mem::replace(&mut self.state, State::Sending) else {
            return Err(protocol("an answer out of turn"));
        };
        if !agrees {
            let end = if held.seq > self.head_seq { End::AgentBehind } else { End::Fork };
            return Err(Outcome::of(end, format!("our log does not have the province's chain at {}", held.seq)));
        }
        // Where the province holds more than we know of, an acknowledgement was lost on the way: what it was about is sent
        // again, and answered again with what was refused of it.
        self.sent = held.seq.min(self.confirmed);
        let most_bytes = usize::try_from(welcome.max_batch_bytes).unwrap_or(usize::MAX);
        self.most_bytes = if most_bytes == 0 { MAX_BATCH_BYTES } else { most_bytes.min(MAX_BATCH_BYTES) };
        let most_in_flight = usize::try_from(welcome.max_batches_in_flight).unwrap_or(usize::MAX);
        self.most_in_flight = most_in_flight.clamp(1, MAX_BATCHES_IN_FLIGHT);
        if held.seq < self.confirmed {
            // The province was restored: what it lost is not confirmed any more, and is sent again.
            self.confirmed = held.seq;
            return Ok(vec![Output::StoreAcknowledgement { after_seq: held.seq, position: held, refused: Vec::new() }]);
        }
        Ok(vec![self.read_on()])
    }

    fn read_on(&self) -> Output {
        Output::ReadPage { after_seq: self.sent, most_bytes: self.most_bytes }
    }

    fn go_on(&self) -> Vec<Output> {
        if self.in_flight.len() < self.most_in_flight { vec![self.read_on()] } else { Vec::new() }
    }

    fn send(&mut self, page: Option<Page>) -> Vec<Output> {
        match page {
            Some(page) => {
                self.sent = page.end.seq;
                self.in_flight.push_back(page.end.seq);
                let mut outputs = vec![send(agent_frame::Frame::Batch(outbox::batch(page)))];
                outputs.extend(self.go_on());
                outputs
            }
            None if self.in_flight.is_empty() => {
                self.state = State::Feeding;
                vec![send(agent_frame::Frame::FeedWanted(v1::FeedWanted {
                    position: self.feed_position,
                    catalogue_version: self.catalogue_version,
                }))]
            }
            None => Vec::new(),
        }
    }

    fn acknowledged(&mut self, ack: v1::Acknowledgement) -> Result<Vec<Output>, Outcome> {
        let position = position::from_wire(ack.position).map_err(|error| unreadable(&error))?;
        if position.seq <= self.confirmed {
            return Err(protocol(format!("no progress: {} confirmed again, after {}", position.seq, self.confirmed)));
        }
        if position.seq > self.sent {
            return Err(protocol(format!("{} confirmed, but only {} sent", position.seq, self.sent)));
        }
        let confirmed = self.confirmed;
        let refused = ack.refused.into_iter().map(|refused| {
            let fits = refused.seq > confirmed && refused.seq <= position.seq;
            let id = Uuid::from_slice(&refused.change_id).ok().filter(|_| fits);
            let id = id.ok_or_else(|| protocol(format!("a refusal that fits no change: {}", refused.seq)))?;
            Ok((refused.seq, id, StoredRefusal { code: bounded(&refused.code), detail: bounded(&refused.detail) }))
        });
        self.claim = Some(Claim { position, refused: refused.collect::<Result<_, _>>()? });
        Ok(vec![Output::CheckPosition(position)])
    }

    fn believe(&mut self, agrees: bool) -> Result<Vec<Output>, Outcome> {
        let Claim { position, refused } = self.claim.take().ok_or_else(|| protocol("an answer out of turn"))?;
        if !agrees {
            return Err(protocol(format!("confirmed with another chain than ours at {}", position.seq)));
        }
        let after_seq = std::mem::replace(&mut self.confirmed, position.seq);
        self.in_flight.retain(|end| *end > position.seq);
        Ok(vec![Output::StoreAcknowledgement { after_seq, position, refused }])
    }

    fn stage(&mut self, part: &v1::FeedPart) -> Result<Vec<Output>, Outcome> {
        self.staged_parts = self.staged_parts.saturating_add(1);
        self.staged_bytes = self.staged_bytes.saturating_add(part.encoded_len());
        if self.staged_parts > proto::feed::MAX_PARTS || self.staged_bytes > MAX_FEED_BYTES {
            return Err(protocol("the feed is too large"));
        }
        self.checksum.add(part);
        let item = proto::feed::from_wire(part).map_err(|error| unreadable(&error))?;
        Ok(vec![Output::StageFeed(item)])
    }

    fn end_feed(&mut self, end: &v1::FeedEnd) -> Result<Vec<Output>, Outcome> {
        std::mem::take(&mut self.checksum).check(end).map_err(|error| unreadable(&error))?;
        self.state = State::Switching;
        Ok(vec![Output::SwitchFeed { position: end.position }])
    }

    fn switched(&mut self) -> Vec<Output> {
        self.state = State::Over;
        vec![Output::Finish(Outcome::done())]
    }
}

fn send(frame: agent_frame::Frame) -> Output {
    Output::Send(v1::AgentFrame { frame: Some(frame) })
}

fn protocol(detail: impl Into<String>) -> Outcome {
    Outcome::of(End::Protocol, detail)
}

fn unreadable(error: &WireError) -> Outcome {
    protocol(error.to_string())
}

/// Texts of the province that are kept, cut to a size.
fn bounded(text: &str) -> String {
    text.chars().take(200).collect()
}

fn turned_away(away: &v1::TurnedAway) -> Outcome {
    let end = match away.verdict() {
        Verdict::AgentBehind => End::AgentBehind,
        Verdict::Fork => End::Fork,
        Verdict::WrongProvince => End::WrongProvince,
        Verdict::UpgradeRequired => End::UpgradeRequired,
        Verdict::Revoked => End::IdentityRefused,
        Verdict::RetryLater => End::RetryLater,
        Verdict::Unspecified | Verdict::Ok | Verdict::ServerBehind => End::Protocol,
    };
    let retry_after = (away.retry_after_ms > 0).then(|| Duration::from_millis(away.retry_after_ms));
    Outcome { end, detail: bounded(&away.detail), retry_after }
}

#[cfg(test)]
mod tests;
