//! The machine and the store together: the province's frames in, our frames out. No network here, so that a test can play
//! the province.

use super::{
    BUILD,
    machine::{Facts, Input, Machine, Output},
    outcome::{End, Outcome},
};
use crate::{
    clock::Clock,
    outbox,
    store::{Store, StoreError, meta::Exercise},
};
use proto::sync::v1::{AgentFrame, AggregatorFrame};
use shared::feed::FeedItem;
use std::collections::VecDeque;

/// What a session moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Changes sent.
    pub sent: u64,
    /// Changes confirmed, refused ones included.
    pub acknowledged: u64,
    /// Of these, refused.
    pub refused: u64,
    /// Parts of the feed taken over.
    pub received: u64,
    /// The province's clock minus ours, in milliseconds; `None` in an exercise.
    pub skew_ms: Option<i64>,
}

/// One session with the store at hand.
pub struct Exchange<'a> {
    store: &'a mut Store,
    clock: &'a Clock,
    machine: Machine,
    staged: Vec<FeedItem>,
    tally: Tally,
    outcome: Option<Outcome>,
}

impl<'a> Exchange<'a> {
    /// Begins; what is to be said first comes with it.
    ///
    /// # Errors
    /// What the store says.
    pub fn begin(store: &'a mut Store, clock: &'a Clock) -> Result<(Self, Vec<AgentFrame>), StoreError> {
        let view = store.view();
        let belonging = view.belonging()?.ok_or(StoreError::NotJoined)?;
        let facts = Facts {
            build: BUILD.into(),
            province: belonging.province,
            incarnation: belonging.incarnation,
            head: view.head()?,
            acknowledged: view.acknowledged()?,
            feed_position: view.feed_position()?,
            catalogue_version: view.catalogue_version()?,
            clock_unix_ms: clock.now().timestamp_millis(),
        };
        let (machine, staged, tally) = (Machine::default(), Vec::new(), Tally::default());
        let mut exchange = Self { store, clock, machine, staged, tally, outcome: None };
        let frames = exchange.drive(Input::Started(facts));
        Ok((exchange, frames))
    }

    /// Takes what the province said; what is to be answered comes back.
    pub fn take(&mut self, frame: AggregatorFrame) -> Vec<AgentFrame> {
        self.drive(Input::Frame(Box::new(frame)))
    }

    /// The province ended the stream.
    pub fn closed(&mut self) {
        self.drive(Input::Closed);
    }

    /// How it ended, once it has.
    #[must_use]
    pub fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    /// Whether everything is confirmed and only the feed is still to come.
    #[must_use]
    pub fn waits_for_feed(&self) -> bool {
        self.machine.waits_for_feed()
    }

    /// What was moved so far.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// Steps the machine and carries out its orders until it waits for the province.
    fn drive(&mut self, first: Input) -> Vec<AgentFrame> {
        let mut frames = Vec::new();
        let mut inputs = VecDeque::from([first]);
        while let Some(input) = inputs.pop_front() {
            for output in self.machine.step(input) {
                match self.carry_out(output, &mut frames) {
                    Ok(answer) => inputs.extend(answer),
                    Err(error) => {
                        self.outcome = Some(Outcome::of(End::Store, error.to_string()));
                        return frames;
                    }
                }
            }
        }
        frames
    }

    fn carry_out(&mut self, output: Output, frames: &mut Vec<AgentFrame>) -> Result<Option<Input>, StoreError> {
        match output {
            Output::Send(frame) => {
                frames.push(frame);
                Ok(None)
            }
            Output::CheckPosition(position) => {
                let ours = self.store.view().position_at(position.seq)?;
                Ok(Some(Input::Position { agrees: ours == Some(position) }))
            }
            Output::NoteWelcome { clock_unix_ms, exercise } => {
                self.note_welcome(clock_unix_ms, exercise).map(|()| None)
            }
            Output::ReadPage { after_seq, most_bytes } => {
                let page = outbox::page(self.store.view(), after_seq, most_bytes)?;
                self.tally.sent += page.as_ref().map_or(0, |page| page.bodies.len() as u64);
                Ok(Some(Input::Page(page)))
            }
            Output::StoreAcknowledgement { after_seq, position, refused } => {
                self.store.write(|writing| writing.acknowledge(after_seq, position, &refused))?;
                self.tally.acknowledged += position.seq - after_seq.min(position.seq);
                self.tally.refused += refused.len() as u64;
                Ok(Some(Input::Stored))
            }
            Output::StageFeed(item) => {
                self.staged.push(item);
                Ok(None)
            }
            Output::SwitchFeed { position } => {
                let staged = std::mem::take(&mut self.staged);
                self.store.write(|writing| writing.switch_feed(&staged, position))?;
                self.tally.received = staged.len() as u64;
                Ok(Some(Input::Stored))
            }
            Output::Finish(outcome) => {
                self.outcome = Some(outcome);
                Ok(None)
            }
        }
    }

    fn note_welcome(&mut self, clock_unix_ms: i64, on: bool) -> Result<(), StoreError> {
        let skew_ms = clock_unix_ms.saturating_sub(self.clock.now().timestamp_millis());
        let exercise = Exercise { on, offset_ms: if on { skew_ms } else { 0 } };
        self.tally.skew_ms = (!on).then_some(skew_ms);
        if self.store.view().exercise()? != exercise {
            self.store.write(|writing| writing.set_exercise(exercise))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
