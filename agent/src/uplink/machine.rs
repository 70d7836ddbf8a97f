//! The agent's side of a session, pure: messages and answers of the store in, messages and orders to the store out.
//!
//! The caller carries out the outputs in their order and hands back each answer that an order asks for (marked at
//! [`Output`]) before it takes the next frame. Nothing here touches a network, a store or a clock.
//!
//! ```text
//! Greeting ── Welcome ──> Aligning ── our chain agrees ──> Sending ── all confirmed ──> Feeding ── FeedEnd ──> Switching
//!    ^                       └── it does not ──> Healing ──┐                                                       │
//!    └──────────────── in a new life of the store ─────────┘       Over <── Uploading <── Comparing <── protocol 2 ─┘
//! ```
//!
//! | file | states |
//! | --- | --- |
//! | `machine.rs` | from the greeting to the feed |
//! | [`order`] | what goes in and what comes out |
//! | `machine/sending.rs` | our changes go out and are confirmed |
//! | `machine/healing.rs` | the province's log is taken back |
//! | `machine/comparing.rs` | digests are compared, what differs is sent again |
//! | `machine/uploading.rs` | the bytes of evidence |
//! | `machine/carried.rs` | what differs when the answers come as a file |

mod carried;
mod comparing;
mod healing;
pub mod order;
mod sending;
mod uploading;

use super::outcome::{End, Outcome};
use carried::Errand;
use comparing::Comparing;
pub use comparing::MAX_PLACES;
use healing::Healing;
pub use order::{Facts, Input, Output, Refused, Stage};
use prost::Message;
use proto::{
    MAX_AUTHORITIES, MAX_BATCH_BYTES, MAX_BATCHES_IN_FLIGHT, MAX_CHUNK_BYTES, PROTOCOL_MAX, PROTOCOL_MIN, WireError,
    feed::Checksum,
    position,
    receipt::ReceiptVerifier,
    sync::v1::{self, Verdict, agent_frame, aggregator_frame::Frame},
    tls::Fingerprint,
};
use rustls::pki_types::CertificateDer;
use sending::Claim;
use shared::change::{Incarnation, LogPosition};
use std::{collections::VecDeque, time::Duration};
use uploading::Uploading;

/// Most bytes of a feed that are staged.
pub const MAX_FEED_BYTES: usize = 32 * 1024 * 1024;
/// The protocol from which on receipts are given, history is taken back, digests are compared and evidence is sent.
const PROVEN: u32 = 2;
const EPOCH_BYTES: usize = 16;
const EARLY: &str = "the stream ended early";

#[derive(Debug)]
enum State {
    Fresh,
    Greeting,
    Aligning(Box<v1::Welcome>, LogPosition),
    Healing(Box<Healing>),
    Sending,
    Feeding,
    Switching,
    Comparing(Comparing),
    Uploading(Uploading),
    Over,
}

/// One session.
#[derive(Debug)]
pub struct Machine {
    state: State,
    protocol: u32,
    province: String,
    commune: String,
    incarnation: Incarnation,
    authorities: Vec<CertificateDer<'static>>,
    epoch: Option<Vec<u8>>,
    verifier: Option<ReceiptVerifier>,
    healings: u32,
    most_chunk_bytes: usize,
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
    errand: Option<Errand>,
}

impl Default for Machine {
    fn default() -> Self {
        Self {
            state: State::Fresh,
            protocol: PROTOCOL_MIN,
            province: String::new(),
            commune: String::new(),
            incarnation: Incarnation([0; 16]),
            authorities: Vec::new(),
            epoch: None,
            verifier: None,
            healings: 0,
            most_chunk_bytes: 0,
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
            errand: None,
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

    /// How far it has come; once it is over that is not known any more.
    #[must_use]
    pub fn reached(&self) -> Stage {
        match self.state {
            State::Comparing(_) => Stage::Comparing,
            State::Uploading(_) => Stage::Uploading,
            _ => Stage::Delivering,
        }
    }

    fn follow(&mut self, input: Input) -> Result<Vec<Output>, Outcome> {
        match (&self.state, input) {
            (State::Over, _) => Ok(Vec::new()),
            (_, Input::Closed) if self.errand.is_some() => Ok(self.finish()),
            (State::Comparing(_), Input::Closed) => Err(Outcome::of(End::NotCompared, EARLY)),
            (State::Uploading(_), Input::Closed) => Err(Outcome::of(End::EvidencePending, EARLY)),
            (_, Input::Closed) => Err(Outcome::of(End::Unreachable, EARLY)),
            (State::Fresh, Input::Started(facts)) => Ok(self.greet(facts)),
            (State::Aligning(..), Input::Position { agrees }) => self.align(agrees),
            (State::Greeting, Input::Position { agrees }) => self.heal_carried(agrees),
            (State::Sending, Input::Page(page)) => Ok(self.send(page)),
            (State::Sending, Input::Position { agrees }) => self.believe(agrees),
            (State::Sending, Input::Stored) => Ok(self.go_on()),
            (State::Switching, Input::Stored) => Ok(self.switched()),
            (State::Healing(_), input @ (Input::Healing(_) | Input::Stored | Input::Rebased(_))) => self.heal(input),
            (
                State::Comparing(_),
                input @ (Input::Digests(_) | Input::Differing(_) | Input::ChangesAbout(_) | Input::Stored),
            ) => self.compare(input),
            (State::Uploading(_), input @ (Input::Offer(_) | Input::Chunk(_) | Input::Copy { .. })) => {
                self.upload(input)
            }
            (_, Input::Frame(frame)) => match (&self.state, frame.frame) {
                (State::Greeting, Some(Frame::Welcome(welcome))) => self.welcome(welcome),
                (State::Sending, Some(Frame::Acknowledgement(ack))) => self.acknowledged(ack),
                (State::Feeding, Some(Frame::Acknowledgement(_))) if self.errand.is_some() => Ok(Vec::new()),
                (State::Feeding, Some(Frame::FeedPart(part))) => self.stage(&part),
                (State::Feeding, Some(Frame::FeedEnd(end))) => self.end_feed(&end),
                (State::Healing(_), Some(Frame::HistoryPage(page))) => self.take_back(page),
                (State::Comparing(_), Some(Frame::DigestReport(report))) => self.compared(report),
                (State::Comparing(_), Some(Frame::Resent(resent))) => self.resent(resent),
                (State::Uploading(_), Some(Frame::EvidenceState(state))) if self.errand.is_some() => {
                    self.carried_files(&state)
                }
                (State::Uploading(_), Some(Frame::EvidenceState(state))) => self.file_states(state),
                // Instead of a welcome, and at any time after: another copy of this agent, a revoked certificate.
                (_, Some(Frame::TurnedAway(away))) => Err(turned_away(&away)),
                _ => Err(protocol("a frame out of turn")),
            },
            _ => Err(protocol("an answer out of turn")),
        }
    }

    fn greet(&mut self, facts: Facts) -> Vec<Output> {
        let authorities = facts.authorities.iter().map(|authority| Fingerprint::of(authority).0.to_vec()).collect();
        self.province.clone_from(&facts.province);
        self.commune = facts.commune;
        self.incarnation = facts.incarnation;
        self.authorities = facts.authorities;
        self.epoch = facts.epoch;
        self.feed_position = facts.feed_position;
        self.catalogue_version = facts.catalogue_version;
        self.head_seq = facts.head.seq;
        self.confirmed = facts.acknowledged.seq;
        self.errand = facts.carried.map(|carried| Errand::of(*carried));
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
            authorities,
        }))]
    }

    fn welcome(&mut self, welcome: v1::Welcome) -> Result<Vec<Output>, Outcome> {
        if !(PROTOCOL_MIN..=PROTOCOL_MAX).contains(&welcome.protocol) {
            return Err(Outcome::of(End::UpgradeRequired, format!("protocol {}", welcome.protocol)));
        }
        self.protocol = welcome.protocol;
        let proven = self.protocol >= PROVEN;
        match welcome.verdict() {
            Verdict::Ok | Verdict::ServerBehind => {}
            Verdict::AgentBehind | Verdict::Fork if proven => {}
            _ => return Err(protocol(format!("welcomed with verdict {}", welcome.verdict))),
        }
        let held = position::from_wire(welcome.position.clone()).map_err(|error| unreadable(&error))?;
        if proven {
            self.trust(&welcome)?;
        }
        let noted = Output::NoteWelcome(Box::new(welcome.clone()));
        if matches!(welcome.verdict(), Verdict::AgentBehind | Verdict::Fork) {
            let common = position::from_wire(welcome.common).map_err(|error| unreadable(&error))?;
            let mut outputs = vec![noted];
            outputs.extend(match &mut self.errand {
                Some(errand) => errand.ask_before_healing(common, held),
                None => self.begin_healing(common, held)?,
            });
            return Ok(outputs);
        }
        self.state = State::Aligning(Box::new(welcome), held);
        Ok(vec![noted, Output::CheckPosition(held)])
    }

    /// Takes over what the province says of itself: the key of its receipts, its epoch, its limits.
    fn trust(&mut self, welcome: &v1::Welcome) -> Result<(), Outcome> {
        let mut authorities = self.authorities.clone();
        // The next authority's word comes over a connection under the one that is trusted.
        authorities.extend(welcome.authorities.iter().take(MAX_AUTHORITIES).cloned().map(CertificateDer::from));
        let certificate = CertificateDer::from(welcome.receipt_certificate.as_slice());
        let verifier = ReceiptVerifier::new(&self.province, &certificate, &authorities);
        self.verifier = Some(verifier.map_err(|error| protocol(error.to_string()))?);
        if welcome.epoch.len() != EPOCH_BYTES {
            return Err(protocol("an epoch that is not 16 bytes"));
        }
        if self.epoch.as_ref().is_some_and(|epoch| *epoch != welcome.epoch) {
            // What another life of the province's store has numbered means nothing now.
            (self.feed_position, self.catalogue_version) = (0, 0);
        }
        let most = usize::try_from(welcome.max_chunk_bytes).unwrap_or(usize::MAX);
        self.most_chunk_bytes = most.clamp(1, MAX_CHUNK_BYTES);
        Ok(())
    }

    fn align(&mut self, agrees: bool) -> Result<Vec<Output>, Outcome> {
        let State::Aligning(welcome, held) = std::mem::replace(&mut self.state, State::Sending) else {
            return Err(protocol("an answer out of turn"));
        };
        if self.errand.is_some() {
            return self.align_carried(agrees, &welcome, held);
        }
        if !agrees && self.protocol >= PROVEN {
            // The province could not know it: it has less than we do, and not ours.
            return self.begin_healing(LogPosition::START, held);
        }
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
            let (after_seq, refused, receipt) = (held.seq, Vec::new(), None);
            return Ok(vec![Output::StoreAcknowledgement { after_seq, position: held, refused, receipt }]);
        }
        Ok(vec![self.read_on()])
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
        if self.errand.as_ref().is_some_and(|errand| !errand.takes_feed(end.position, self.feed_position)) {
            return Ok(self.switched());
        }
        Ok(vec![Output::SwitchFeed { position: end.position }])
    }

    fn switched(&mut self) -> Vec<Output> {
        if self.errand.is_some() {
            // Digests are compared over the line: what is still to be sent would differ.
            self.state = State::Uploading(Uploading::default());
            return Vec::new();
        }
        if self.protocol >= PROVEN { self.begin_comparing() } else { self.finish() }
    }

    fn finish(&mut self) -> Vec<Output> {
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
