//! Our changes on their way: pages of the log go out, and each acknowledgement is checked against our chain and its receipt before
//! anything counts as confirmed.

use super::{Machine, Outcome, Output, Refused, State, bounded, protocol, send, unreadable};
use crate::{outbox, store::figures::StoredRefusal, store::log::Page};
use proto::{
    position,
    sync::v1::{self, agent_frame},
};
use shared::change::LogPosition;
use uuid::Uuid;

/// What an acknowledgement says, once its chain is checked.
#[derive(Debug)]
pub(super) struct Claim {
    position: LogPosition,
    refused: Vec<Refused>,
    receipt: Option<v1::Receipt>,
}

impl Machine {
    pub(super) fn read_on(&self) -> Output {
        Output::ReadPage { after_seq: self.sent, most_bytes: self.most_bytes }
    }

    pub(super) fn go_on(&mut self) -> Vec<Output> {
        if self.errand.is_some() {
            self.wait_for_carried();
            return Vec::new();
        }
        if self.in_flight.len() < self.most_in_flight { vec![self.read_on()] } else { Vec::new() }
    }

    pub(super) fn send(&mut self, page: Option<Page>) -> Vec<Output> {
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

    pub(super) fn acknowledged(&mut self, ack: v1::Acknowledgement) -> Result<Vec<Output>, Outcome> {
        let position = position::from_wire(ack.position).map_err(|error| unreadable(&error))?;
        if position.seq <= self.confirmed && self.errand.is_some() {
            return Ok(Vec::new());
        }
        if position.seq <= self.confirmed {
            return Err(protocol(format!("no progress: {} confirmed again, after {}", position.seq, self.confirmed)));
        }
        if position.seq > self.sent {
            return Err(protocol(format!("{} confirmed, but only {} sent", position.seq, self.sent)));
        }
        let confirmed = self.confirmed;
        let refused = refusals(ack.refused, |seq| seq > confirmed && seq <= position.seq)?;
        let receipt = self.checked_receipt(ack.receipt, position)?;
        self.claim = Some(Claim { position, refused, receipt });
        Ok(vec![Output::CheckPosition(position)])
    }

    pub(super) fn believe(&mut self, agrees: bool) -> Result<Vec<Output>, Outcome> {
        let Claim { position, refused, receipt } =
            self.claim.take().ok_or_else(|| protocol("an answer out of turn"))?;
        if !agrees {
            return Err(protocol(format!("confirmed with another chain than ours at {}", position.seq)));
        }
        let after_seq = std::mem::replace(&mut self.confirmed, position.seq);
        self.in_flight.retain(|end| *end > position.seq);
        Ok(vec![Output::StoreAcknowledgement { after_seq, position, refused, receipt }])
    }

    /// A receipt must say exactly what is acknowledged, or the acknowledgement is not believed.
    fn checked_receipt(
        &self,
        receipt: Option<v1::Receipt>,
        position: LogPosition,
    ) -> Result<Option<v1::Receipt>, Outcome> {
        let Some(verifier) = &self.verifier else { return Ok(None) };
        let receipt = receipt.ok_or_else(|| protocol("an acknowledgement without a receipt"))?;
        let said = verifier.check(&receipt).map_err(|error| protocol(error.to_string()))?;
        if said.commune != self.commune || said.incarnation != self.incarnation || said.position != position {
            return Err(protocol("a receipt for something else"));
        }
        Ok(Some(receipt))
    }
}

/// Reads refusals of changes whose places fit.
pub(super) fn refusals(refused: Vec<v1::RefusedChange>, fits: impl Fn(u64) -> bool) -> Result<Vec<Refused>, Outcome> {
    let read = refused.into_iter().map(|refused| {
        let id = Uuid::from_slice(&refused.change_id).ok().filter(|_| fits(refused.seq));
        let id = id.ok_or_else(|| protocol(format!("a refusal that fits no change: {}", refused.seq)))?;
        Ok((refused.seq, id, StoredRefusal { code: bounded(&refused.code), detail: bounded(&refused.detail) }))
    });
    read.collect()
}
