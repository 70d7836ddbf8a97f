//! What a session does next. Pure: messages, storage results and time go in, frames and storage commands come out; the
//! gRPC layer (`session`) only carries them.
//!
//! ```text
//! Greeting --Hello--> Opening --Opened--> Taking <--Batch/Stored--> Taking --FeedWanted--> Feeding --> Concluding --> Over
//! ```
//! From protocol 2 on an agent whose log is not the one held reads it (Taking <--HistoryWanted--> Reading) and greets anew, and
//! after the feed the session stays open (Settling) for digests, what differs, and evidence, until the agent closes.
//!
//! | file | noun |
//! | --- | --- |
//! | `event` | what goes in and what comes out |
//! | `taking` | the agent's log on its way in, and the held one on its way back |
//! | `settling` | digests, resent changes and evidence, after the feed |
//!
//! Every way out ends in exactly one [`Output::End`].

mod event;
mod settling;
mod taking;

pub use event::{Admission, Ending, Input, Interruption, Output, Page, Shown};
pub use taking::MAX_BATCH_CHANGES;

use super::greeting::{Greeting, Hospitality};
use crate::store::Opening;
use prost::bytes::Bytes;
use proto::{
    feed::Checksum,
    sync::v1::{self, AgentFrame, AggregatorFrame, agent_frame, aggregator_frame},
};
use settling::Settling;
use shared::change::LogPosition;
use std::mem;
use taking::Taking;

/// No further page of the feed is begun in a session after so many items; the next session goes on.
pub const MAX_FEED_ITEMS: u32 = 20_000;
/// The first protocol with history, digests, receipts and evidence.
pub const PROTOCOL_HEALING: u32 = 2;
/// Most hellos on one stream: an agent heals once, and once more if its log moved meanwhile.
const MAX_HELLOS: u32 = 3;

/// A session, from the aggregator's side.
#[derive(Debug, Clone)]
pub struct Machine {
    hospitality: Hospitality,
    hellos: u32,
    protocol: u32,
    state: State,
}

#[derive(Debug, Clone)]
enum State {
    Greeting,
    Opening(Box<Greeting>),
    Taking(Taking),
    Recalling(Taking, Vec<Bytes>, u64, Option<Shown>),
    Reading(Taking),
    Feeding(Checksum, u32),
    Concluding(v1::FeedEnd),
    Settling(Settling),
    /// The same, while an answer is awaited.
    Working(Settling),
    Over,
}

impl Machine {
    /// A new session of a province's aggregator.
    #[must_use]
    pub fn new(hospitality: Hospitality) -> Self {
        Self { hospitality, hellos: 0, protocol: 0, state: State::Greeting }
    }

    /// Whether a frame can be taken now. While not, none is read, so that a fast agent waits.
    #[must_use]
    pub fn takes_frames(&self) -> bool {
        matches!(self.state, State::Greeting | State::Taking(_) | State::Settling(_))
    }

    /// Whether batches wait for the writer.
    #[must_use]
    pub fn is_waiting_for_writer(&self) -> bool {
        matches!(&self.state, State::Taking(taking) if taking.in_flight > 0)
    }

    /// The protocol agreed on; 0 before the welcome.
    #[must_use]
    pub fn protocol(&self) -> u32 {
        self.protocol
    }

    /// One step.
    pub fn step(&mut self, input: Input) -> Vec<Output> {
        let state = mem::replace(&mut self.state, State::Over);
        match (state, input) {
            (State::Over, _) => Vec::new(),
            (_, Input::Interrupted(reason)) => vec![Output::End(Ending::Interrupted(reason))],
            (State::Settling(_), Input::Closed) => vec![Output::End(Ending::Done)],
            (_, Input::Closed) => vec![Output::End(Ending::ClosedEarly)],
            (State::Greeting, Input::Frame(frame)) => match frame.frame {
                Some(agent_frame::Frame::Hello(hello)) => self.greeted(hello),
                _ => violation("the first frame is not a hello"),
            },
            (State::Opening(greeting), Input::Opened { opening, admission, clock_unix_ms }) => {
                self.opened(&greeting, &opening, admission, clock_unix_ms)
            }
            (State::Taking(taking), Input::Frame(frame)) => self.taken(taking, frame),
            (State::Recalling(taking, bodies, first_seq, shown), Input::Recalled(chain)) => match chain {
                Some(chain) => self.store(taking, LogPosition { seq: first_seq - 1, chain }, bodies, shown),
                None => violation("a batch before the position that is not held"),
            },
            (State::Taking(taking), Input::Stored { outcome, received_at_unix_ms, receipt }) => {
                self.stored(taking, outcome, received_at_unix_ms, receipt)
            }
            (State::Reading(taking), Input::History(page)) => {
                self.state = State::Taking(taking);
                vec![send(aggregator_frame::Frame::HistoryPage(taking::page_to_wire(page)))]
            }
            (State::Feeding(checksum, sent), Input::Feed(page)) => self.page(checksum, sent, page),
            (State::Concluding(end), Input::Concluded) => self.concluded(end),
            (State::Settling(settling), Input::Frame(frame)) => self.settle(settling, frame),
            (State::Working(settling), answer) => self.settled(settling, answer),
            _ => violation("a frame out of order"),
        }
    }

    fn greeted(&mut self, hello: v1::Hello) -> Vec<Output> {
        let greeting = match Greeting::read(hello) {
            Ok(greeting) => greeting,
            Err(reason) => return violation(reason),
        };
        self.hellos += 1;
        if self.hellos > MAX_HELLOS {
            return violation("too many hellos");
        }
        let open = Output::Open {
            incarnation: greeting.incarnation,
            head_seq: greeting.head.seq,
            acknowledged_seq: greeting.acknowledged.seq,
            build: greeting.build.clone(),
            clock_unix_ms: greeting.clock_unix_ms,
            authorities: greeting.authorities.clone(),
            protocol: greeting.protocol(),
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
        match self.hospitality.decide(greeting, opening, admission, clock_unix_ms) {
            Ok(welcome) => {
                self.protocol = welcome.protocol;
                let expected = opening.head.map_or(LogPosition::START, |(_, head)| head);
                self.state = State::Taking(Taking::new(expected, welcome.verdict()));
                vec![send(aggregator_frame::Frame::Welcome(welcome))]
            }
            Err(turned_away) => {
                let verdict = turned_away.verdict();
                vec![send(aggregator_frame::Frame::TurnedAway(turned_away)), Output::End(Ending::TurnedAway(verdict))]
            }
        }
    }

    fn taken(&mut self, taking: Taking, frame: AgentFrame) -> Vec<Output> {
        let heals = self.protocol >= PROTOCOL_HEALING;
        match frame.frame {
            Some(agent_frame::Frame::Batch(batch)) => self.batch(taking, batch),
            Some(agent_frame::Frame::FeedWanted(wanted)) => self.feed_wanted(taking, &wanted),
            Some(agent_frame::Frame::HistoryWanted(wanted)) if heals => self.history_wanted(taking, wanted),
            Some(agent_frame::Frame::Hello(hello)) if heals && taking.may_greet_anew() => self.greeted(hello),
            Some(agent_frame::Frame::Hello(_)) => violation("a second hello"),
            _ => violation("an empty or unknown frame"),
        }
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

    fn concluded(&mut self, end: v1::FeedEnd) -> Vec<Output> {
        let end = send(aggregator_frame::Frame::FeedEnd(end));
        if self.protocol >= PROTOCOL_HEALING {
            self.state = State::Settling(Settling::default());
            return vec![end];
        }
        vec![end, Output::End(Ending::Done)]
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
