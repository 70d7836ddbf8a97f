//! The agent's log on its way in, batch by batch, and the held one on its way back to an agent that does not have it.

use super::{Ending, Interruption, Machine, Output, PROTOCOL_HEALING, Shown, State, send, violation};
use crate::store::{BatchOutcome, HistoryPage, RefusedChange};
use prost::bytes::Bytes;
use proto::{
    MAX_BATCH_BYTES, MAX_BATCHES_IN_FLIGHT,
    feed::Checksum,
    position,
    sync::v1::{self, Verdict, aggregator_frame},
};
use shared::change::LogPosition;

/// Most changes in one batch.
pub const MAX_BATCH_CHANGES: usize = 16_384;
/// A batch may be larger than agreed by one change of the largest size: an agent fills up to the limit.
const MAX_BATCH_SLACK: usize = shared::change::MAX_BODY_BYTES;

/// Where the agent's log stands in this session.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taking {
    /// After everything handed to the writer.
    expected: LogPosition,
    pub(super) in_flight: usize,
    /// The agent has the log that is held, as far as its hello tells.
    agrees: bool,
    /// The agent has asked for history in this greeting.
    read_history: bool,
    begun: bool,
}

impl Taking {
    pub(super) fn new(expected: LogPosition, verdict: Verdict) -> Self {
        let agrees = matches!(verdict, Verdict::Ok | Verdict::ServerBehind);
        Self { expected, in_flight: 0, agrees, read_history: false, begun: false }
    }

    /// An agent greets anew when it has another log than before, and before it sends any of it.
    pub(super) fn may_greet_anew(&self) -> bool {
        !self.begun && (self.read_history || !self.agrees)
    }
}

impl Machine {
    pub(super) fn history_wanted(&mut self, taking: Taking, wanted: v1::HistoryWanted) -> Vec<Output> {
        if taking.begun {
            return violation("history is wanted after the first batch");
        }
        let Ok(after) = position::from_wire(wanted.after) else {
            return violation("history: position");
        };
        self.state = State::Reading(Taking { read_history: true, ..taking });
        vec![Output::ReadHistory { after }]
    }

    pub(super) fn batch(&mut self, taking: Taking, batch: v1::Batch) -> Vec<Output> {
        if !taking.agrees {
            return violation("a batch of another log");
        }
        let shown = batch.receipt.map(|receipt| Shown { receipt, certificate: batch.receipt_certificate });
        let bodies: Vec<Bytes> = batch.changes.into_iter().map(|change| change.body).collect();
        if taking.in_flight >= MAX_BATCHES_IN_FLIGHT {
            return violation("too many batches in flight");
        }
        if bodies.is_empty() || bodies.len() > MAX_BATCH_CHANGES {
            return violation("a batch without changes, or with too many");
        }
        if bodies.iter().map(Bytes::len).sum::<usize>() > MAX_BATCH_BYTES + MAX_BATCH_SLACK {
            return violation("a batch larger than agreed");
        }
        let next = taking.expected.seq + 1;
        if batch.first_seq == 0 || batch.first_seq > next {
            return violation("a batch that leaves a gap");
        }
        let taking = Taking { begun: true, ..taking };
        if batch.first_seq == next {
            return self.store(taking, taking.expected, bodies, shown);
        }
        // Something that came before, again: it must be the same, which the chain tells.
        self.state = State::Recalling(taking, bodies, batch.first_seq, shown);
        vec![Output::Recall { seq: batch.first_seq - 1 }]
    }

    pub(super) fn store(
        &mut self,
        taking: Taking,
        before: LogPosition,
        bodies: Vec<Bytes>,
        shown: Option<Shown>,
    ) -> Vec<Output> {
        let mut after = before;
        let mut changes = Vec::with_capacity(bodies.len());
        for body in bodies {
            after = after.then(&body);
            changes.push((body, after.chain));
        }
        let expected = if after.seq > taking.expected.seq { after } else { taking.expected };
        self.state = State::Taking(Taking { expected, in_flight: taking.in_flight + 1, ..taking });
        vec![Output::Store { before, changes, shown }]
    }

    pub(super) fn stored(
        &mut self,
        taking: Taking,
        outcome: BatchOutcome,
        received_at_unix_ms: i64,
        receipt: Option<v1::Receipt>,
    ) -> Vec<Output> {
        match outcome {
            BatchOutcome::Committed { position, refused, received_at } => {
                self.state = State::Taking(Taking { in_flight: taking.in_flight.saturating_sub(1), ..taking });
                let heals = self.protocol >= PROTOCOL_HEALING;
                vec![send(aggregator_frame::Frame::Acknowledgement(v1::Acknowledgement {
                    position: Some(position::to_wire(position)),
                    // A replay does not make a report any later.
                    received_at_unix_ms: if heals { received_at.timestamp_millis() } else { received_at_unix_ms },
                    refused: refused.into_iter().map(refused_to_wire).collect(),
                    receipt,
                }))]
            }
            BatchOutcome::Fork { head } => {
                let verdict = Verdict::Fork;
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

    pub(super) fn feed_wanted(&mut self, taking: Taking, wanted: &v1::FeedWanted) -> Vec<Output> {
        if !taking.agrees {
            return violation("the feed is wanted before the log is the one held");
        }
        if taking.in_flight > 0 {
            return violation("the feed is wanted before all batches are acknowledged");
        }
        self.state = State::Feeding(Checksum::default(), 0);
        vec![Output::ReadFeed { after: wanted.position, catalogue_version: Some(wanted.catalogue_version) }]
    }
}

/// A refusal to the wire.
pub(super) fn refused_to_wire(change: RefusedChange) -> v1::RefusedChange {
    v1::RefusedChange {
        seq: change.seq,
        change_id: change.change_id.as_bytes().to_vec(),
        code: change.code,
        detail: change.detail,
    }
}

/// A page of history to the wire.
pub(super) fn page_to_wire(page: HistoryPage) -> v1::HistoryPage {
    let changes = page.changes.into_iter().map(|change| {
        let refusal_detail = change.refusal.unwrap_or_default();
        let refusal_code = refusal_detail.split(':').next().unwrap_or_default().to_owned();
        v1::HeldChange { body: change.body.into(), refusal_code, refusal_detail }
    });
    v1::HistoryPage { first_seq: page.first_seq, changes: changes.collect() }
}
