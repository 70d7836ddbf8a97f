//! What differs when the province's frames come as a file: they answer a bundle that was made before, nothing can be asked, and the
//! store may have moved on over the line since. Then whatever is older than what is known here changes nothing.

use super::{End, Machine, Outcome, Output, State, order::Carried};
use crate::store::file::FileState;
use proto::sync::v1::{self, Verdict};
use shared::change::LogPosition;

/// A bundle that is being answered.
#[derive(Debug)]
pub(super) struct Errand {
    carried: Carried,
    /// Whether the answer is of the life of the province's store that we know.
    is_of_our_epoch: bool,
    /// Whether its feed goes on from where ours ends.
    goes_on: bool,
    /// Both logs agree up to the first, and the province's ends at the second: what there is to heal.
    gap: Option<(LogPosition, LogPosition)>,
}

impl Errand {
    pub(super) fn of(carried: Carried) -> Self {
        Self { carried, is_of_our_epoch: false, goes_on: false, gap: None }
    }

    /// The province may have known more only because a later bundle reached it before this one.
    pub(super) fn ask_before_healing(&mut self, common: LogPosition, held: LogPosition) -> Vec<Output> {
        self.gap = Some((common, held));
        vec![Output::CheckPosition(held)]
    }

    /// Whether the feed of the answer brings ours on: it ends where ours is or behind.
    pub(super) fn takes_feed(&self, ends_at: u64, ours: u64) -> bool {
        self.goes_on && ends_at >= ours
    }
}

impl Machine {
    pub(super) fn align_carried(
        &mut self,
        agrees: bool,
        welcome: &v1::Welcome,
        held: LogPosition,
    ) -> Result<Vec<Output>, Outcome> {
        if !agrees {
            return Err(Outcome::of(End::Fork, format!("our log does not have the province's chain at {}", held.seq)));
        }
        let Some(errand) = &mut self.errand else { return Ok(Vec::new()) };
        self.sent = errand.carried.end;
        // The epoch was taken over with the welcome, if nothing happened here since the bundle was made.
        let changed = self.epoch.as_ref().is_some_and(|epoch| *epoch != welcome.epoch);
        errand.is_of_our_epoch = !changed || self.epoch == errand.carried.epoch;
        let asked_for_all = errand.carried.feed_position == 0;
        let asked_of_this = errand.carried.epoch.as_ref() == Some(&welcome.epoch);
        errand.goes_on = errand.is_of_our_epoch
            && (asked_for_all || asked_of_this)
            && errand.carried.feed_position <= self.feed_position;
        if welcome.verdict() == Verdict::ServerBehind && held.seq < self.confirmed {
            // The province was restored: what it lost is not confirmed any more, and goes into the next bundle.
            self.confirmed = held.seq;
            let (after_seq, refused, receipt) = (held.seq, Vec::new(), None);
            return Ok(vec![Output::StoreAcknowledgement { after_seq, position: held, refused, receipt }]);
        }
        self.wait_for_carried();
        Ok(Vec::new())
    }

    pub(super) fn heal_carried(&mut self, agrees: bool) -> Result<Vec<Output>, Outcome> {
        let Some(errand) = &mut self.errand else { return Ok(Vec::new()) };
        let Some((common, held)) = errand.gap.take() else { return Ok(Vec::new()) };
        if agrees && held.seq > errand.carried.end { Ok(self.finish()) } else { self.begin_healing(common, held) }
    }

    /// Everything in the bundle was sent; the feed follows when all of it is confirmed.
    pub(super) fn wait_for_carried(&mut self) {
        if self.confirmed >= self.sent {
            self.state = State::Feeding;
        }
    }

    /// Takes over which files have arrived.
    pub(super) fn carried_files(&mut self, state: &v1::EvidenceState) -> Result<Vec<Output>, Outcome> {
        if !self.errand.as_ref().is_some_and(|errand| errand.is_of_our_epoch) {
            return Ok(Vec::new());
        }
        let arrived = state.files.iter().filter_map(|file| {
            let state = match file.state() {
                v1::FileState::Held => FileState::Held,
                v1::FileState::Refused => FileState::Refused,
                // Another answer may have said more.
                v1::FileState::Wanted | v1::FileState::Unspecified => return None,
            };
            let code = file.code.chars().take(64).collect();
            Some(Output::NoteFile {
                sha256: file.sha256.as_slice().try_into().ok()?,
                state,
                held_bytes: file.held_bytes,
                code,
            })
        });
        Ok(arrived.collect())
    }
}
