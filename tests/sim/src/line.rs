//! The line: sessions between computers and the aggregator, frame by frame, each side's frames in order and the two sides' in any order,
//! until one is cut.

use crate::{
    computer::Computer,
    province::{Running, agent_of},
    tally::Tally,
    world::Hand,
};
use agent::{
    clock::Clock,
    uplink::{
        exchange::{Exchange, Surroundings},
        line::Sizes,
        outcome::End,
    },
};
use aggregator::ingest::session::hold;
use anyhow::Result;
use proto::sync::v1::{AgentFrame, AggregatorFrame, agent_frame::Frame as Up, aggregator_frame::Frame as Down};
use std::collections::VecDeque;
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

/// Where a session is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// It is not.
    Never,
    /// After so many frames that arrived at either end.
    After(u32),
}

struct Conversation<'a> {
    name: String,
    exchange: Exchange<'a>,
    up: VecDeque<AgentFrame>,
    down: VecDeque<AggregatorFrame>,
    inbound: Option<mpsc::Sender<Result<AgentFrame, Status>>>,
    outbound: mpsc::Receiver<Result<AggregatorFrame, Status>>,
    task: JoinHandle<()>,
    left: Option<u32>,
    /// The province has ended the stream.
    ended: bool,
}

/// Holds sessions at the same time. How each ended; `None` where it was cut.
pub async fn talk(
    running: &Running,
    computers: &mut [(&mut Computer, Cut)],
    hand: &Hand,
    tally: &mut Tally,
) -> Result<Vec<Option<End>>> {
    let clocks: Vec<Clock> = computers.iter().map(|_| clock(hand)).collect();
    let mut hands: Vec<Hand> = computers.iter().map(|_| hand.clone()).collect();
    let authority = proto::pem::read_certificates(&running.authority())?;
    let mut conversations = Vec::new();
    for (((computer, cut), clock), random) in computers.iter_mut().zip(&clocks).zip(&mut hands) {
        tally.count("sessions");
        let (name, commune) = (computer.name.clone(), computer.commune.clone());
        let (folder, store) = computer.parts()?;
        let most = Sizes { chunk_bytes: 100_000, ..Sizes::LARGEST };
        let around = Surroundings { folder, clock, authorities: authority.clone(), most, random };
        let (exchange, first) = Exchange::begin(store, around)?;
        let (inbound, frames) = mpsc::channel(1);
        let (answers, outbound) = mpsc::channel(64);
        let task = tokio::spawn(hold(running.ingest.clone(), agent_of(&commune), ReceiverStream::new(frames), answers));
        let left = if let Cut::After(left) = cut { Some(*left) } else { None };
        let (up, down) = (first.into(), VecDeque::new());
        let inbound = Some(inbound);
        conversations.push(Conversation { name, exchange, up, down, inbound, outbound, task, left, ended: false });
    }
    loop {
        let open: Vec<usize> = (0..conversations.len()).filter(|one| conversations[*one].is_open()).collect();
        let Some(one) = (!open.is_empty()).then(|| open[hand.below(open.len())]) else { break };
        conversations[one].step(hand, tally).await;
    }
    let mut ends = Vec::new();
    for mut conversation in conversations {
        let end = conversation.exchange.outcome().map(|outcome| outcome.end);
        tally.trace(format_args!(
            "{} ends: {end:?} {:?}",
            conversation.name,
            conversation.exchange.outcome().map(|outcome| &outcome.detail)
        ));
        tally.count(&end.map_or("sessions cut".into(), |end| format!("sessions that ended '{}'", end.as_str())));
        let moved = conversation.exchange.tally();
        tally.add("changes sent", moved.sent);
        tally.add("changes taken back", moved.taken_back);
        tally.add("records healed", moved.healed);
        conversation.inbound = None;
        while conversation.outbound.recv().await.is_some() {}
        conversation.task.await?;
        ends.push(end);
    }
    Ok(ends)
}

/// A computer's clock is wrong by up to some minutes.
fn clock(hand: &Hand) -> Clock {
    let skew_ms = i64::try_from(hand.below(600_000)).unwrap_or_default() - 300_000;
    Computer::clock(hand, skew_ms)
}

impl Conversation<'_> {
    fn is_open(&self) -> bool {
        self.inbound.is_some() && self.exchange.outcome().is_none()
    }

    /// One frame arrives at one end, or the line is cut.
    async fn step(&mut self, hand: &Hand, tally: &mut Tally) {
        if self.left == Some(0) {
            self.inbound = None;
            // What was under way towards the agent is lost.
            tally.trace(format_args!("{} is cut", self.name));
            return;
        }
        self.left = self.left.map(|left| left - 1);
        let upwards = match (self.up.is_empty() || self.ended, self.down.is_empty()) {
            (true, true) => {
                self.exchange.closed();
                return;
            }
            (true, false) => false,
            (false, true) => true,
            (false, false) => hand.below(2) == 0,
        };
        if upwards {
            if let Some(frame) = self.up.pop_front() {
                self.deliver_up(frame, tally).await;
            }
        } else if let Some(frame) = self.down.pop_front() {
            tally.trace(format_args!("{} <- {}", self.name, said_down(&frame)));
            tally.count("frames");
            let answers = self.exchange.take(frame);
            self.up.extend(answers);
        }
    }

    async fn deliver_up(&mut self, frame: AgentFrame, tally: &mut Tally) {
        tally.trace(format_args!("{} -> {}", self.name, said_up(&frame)));
        tally.count("frames");
        let asked = frame.frame.clone();
        let Some(inbound) = &self.inbound else { return };
        if inbound.send(Ok(frame)).await.is_err() {
            self.ended = true;
        }
        while !self.ended && is_answered(asked.as_ref()) {
            match self.outbound.recv().await {
                Some(Ok(frame)) => {
                    let last = is_last(asked.as_ref(), frame.frame.as_ref());
                    self.down.push_back(frame);
                    if last {
                        return;
                    }
                }
                Some(Err(_)) | None => self.ended = true,
            }
        }
    }
}

/// Whether the aggregator answers a frame at all.
fn is_answered(asked: Option<&Up>) -> bool {
    !matches!(asked, Some(Up::Resend(resend)) if !resend.last)
}

/// Whether an answer is the last one to a frame.
fn is_last(asked: Option<&Up>, answer: Option<&Down>) -> bool {
    matches!(
        (asked, answer),
        (Some(Up::Hello(_)), Some(Down::Welcome(_) | Down::TurnedAway(_)))
            | (Some(Up::HistoryWanted(_)), Some(Down::HistoryPage(_)))
            | (Some(Up::Batch(_)), Some(Down::Acknowledgement(_) | Down::TurnedAway(_)))
            | (Some(Up::FeedWanted(_)), Some(Down::FeedEnd(_)))
            | (Some(Up::Digests(_)), Some(Down::DigestReport(_)))
            | (Some(Up::Resend(_)), Some(Down::Resent(_)))
            | (Some(Up::EvidenceOffer(_) | Up::EvidenceChunk(_)), Some(Down::EvidenceState(_)))
    )
}

fn said_up(frame: &AgentFrame) -> String {
    match &frame.frame {
        Some(Up::Hello(hello)) => {
            let seq = |position: &Option<proto::sync::v1::LogPosition>| position.as_ref().map_or(0, |one| one.seq);
            format!("hello head {} acknowledged {}", seq(&hello.head), seq(&hello.acknowledged))
        }
        Some(Up::Batch(batch)) => format!("batch {}+{}", batch.first_seq, batch.changes.len()),
        Some(Up::FeedWanted(wanted)) => format!("feed wanted {}", wanted.position),
        Some(Up::HistoryWanted(wanted)) => format!("history wanted {:?}", wanted.after.as_ref().map(|one| one.seq)),
        Some(Up::Digests(digests)) => format!("digests of {} periods", digests.periods.len()),
        Some(Up::Resend(resend)) => format!("resend {} {} {}", resend.indicator, resend.period, resend.changes.len()),
        Some(Up::EvidenceOffer(offer)) => format!("offer of {} files", offer.files.len()),
        Some(Up::EvidenceChunk(chunk)) => format!("chunk {}+{}", chunk.offset, chunk.data.len()),
        None => "nothing".into(),
    }
}

fn said_down(frame: &AggregatorFrame) -> String {
    match &frame.frame {
        Some(Down::Welcome(welcome)) => {
            format!("welcome {} {:?}", welcome.verdict().as_str_name(), welcome.position.as_ref().map(|one| one.seq))
        }
        Some(Down::TurnedAway(away)) => format!("turned away {}", away.verdict().as_str_name()),
        Some(Down::Acknowledgement(ack)) => {
            format!("acknowledgement {:?} refused {}", ack.position.as_ref().map(|one| one.seq), ack.refused.len())
        }
        Some(Down::FeedPart(_)) => "feed part".into(),
        Some(Down::FeedEnd(end)) => format!("feed end {}", end.position),
        Some(Down::HistoryPage(page)) => format!("history {}+{}", page.first_seq, page.changes.len()),
        Some(Down::DigestReport(report)) => format!("{} periods differ", report.differences.len()),
        Some(Down::Resent(resent)) => format!("resent, repaired {}", resent.repaired),
        Some(Down::EvidenceState(state)) => {
            let files: Vec<_> = state.files.iter().map(|file| (file.state().as_str_name(), file.held_bytes)).collect();
            format!("files {files:?}")
        }
        None => "nothing".into(),
    }
}
