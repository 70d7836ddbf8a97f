//! The machine and the store together: the province's frames in, our frames out. No network here, so that a test can play
//! the province.

mod filing;

pub use filing::reconsider;

use super::{
    BUILD,
    line::Sizes,
    machine::{Facts, Input, MAX_PLACES, Machine, Output, Stage, order::Carried},
    outcome::{End, Outcome},
};
use crate::{
    clock::Clock,
    evidence,
    folder::Folder,
    outbox,
    store::{
        Store, StoreError, View, Writing,
        meta::Exercise,
        replay::{Changes, Place},
    },
};
use proto::{
    digest::Difference,
    receipt::ReceiptVerifier,
    sync::v1::{self, AgentFrame, AggregatorFrame},
    tls::Fingerprint,
};
use rand::RngCore;
use rustls::pki_types::CertificateDer;
use shared::{
    change::{Incarnation, LogPosition},
    feed::FeedItem,
};
use std::collections::{BTreeSet, VecDeque};

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
    /// Changes that were taken back from the province.
    pub taken_back: u64,
    /// Records that were made anew at either end because the digests differed.
    pub healed: u64,
    /// Bytes of evidence sent.
    pub evidence_bytes: u64,
    /// Bytes of evidence that the province holds now and, as far as we knew, did not before.
    pub held_bytes: u64,
    /// How far it came.
    pub stage: Stage,
    /// The province's clock minus ours, in milliseconds; `None` in an exercise.
    pub skew_ms: Option<i64>,
}

/// What a session needs beside the store.
pub struct Surroundings<'a> {
    /// Where the files of evidence lie.
    pub folder: &'a Folder,
    /// The time.
    pub clock: &'a Clock,
    /// The authorities trusted, DER.
    pub authorities: Vec<CertificateDer<'static>>,
    /// Most that is sent at once, where the province would take more.
    pub most: Sizes,
    /// For a new life of the store.
    pub random: &'a mut (dyn RngCore + Send),
}

/// One session with the store at hand.
pub struct Exchange<'a> {
    store: &'a mut Store,
    around: Surroundings<'a>,
    machine: Machine,
    staged: Vec<FeedItem>,
    tally: Tally,
    outcome: Option<Outcome>,
    carried: Option<Carried>,
    /// What is to be sent again.
    differing: Changes,
}

/// What the store knows when a session begins.
///
/// # Errors
/// [`StoreError::NotJoined`] before `join`, and what the store says.
pub(crate) fn facts(
    view: View<'_>,
    authorities: Vec<CertificateDer<'static>>,
    clock_unix_ms: i64,
) -> Result<Facts, StoreError> {
    let belonging = view.belonging()?.ok_or(StoreError::NotJoined)?;
    let feed_position = view.feed_position()?;
    Ok(Facts {
        build: BUILD.into(),
        province: belonging.province,
        commune: belonging.commune,
        authorities,
        epoch: view.epoch()?,
        incarnation: belonging.incarnation,
        head: view.head()?,
        acknowledged: view.acknowledged()?,
        feed_position,
        // Where another life of the province's store begins, its catalogue may be another one under the same number.
        catalogue_version: if feed_position == 0 { 0 } else { view.catalogue_version()? },
        clock_unix_ms,
        carried: None,
    })
}

impl<'a> Exchange<'a> {
    /// Begins; what is to be said first comes with it.
    ///
    /// # Errors
    /// What the store says.
    pub fn begin(store: &'a mut Store, around: Surroundings<'a>) -> Result<(Self, Vec<AgentFrame>), StoreError> {
        let (machine, staged, tally) = (Machine::default(), Vec::new(), Tally::default());
        let mut exchange =
            Self { store, around, machine, staged, tally, outcome: None, carried: None, differing: Changes::new() };
        let facts = exchange.facts()?;
        let frames = exchange.drive(Input::Started(facts));
        Ok((exchange, frames))
    }

    /// Begins with answers that come as a file; see [`carried`](super::machine). What the machine would send is of no use then.
    ///
    /// # Errors
    /// What the store says.
    pub fn begin_carried(store: &'a mut Store, around: Surroundings<'a>, carried: Carried) -> Result<Self, StoreError> {
        let (machine, staged, tally) = (Machine::default(), Vec::new(), Tally::default());
        let mut exchange = Self {
            store,
            around,
            machine,
            staged,
            tally,
            outcome: None,
            carried: Some(carried),
            differing: Changes::new(),
        };
        let facts = exchange.facts()?;
        exchange.drive(Input::Started(facts));
        Ok(exchange)
    }

    fn facts(&self) -> Result<Facts, StoreError> {
        let around = &self.around;
        let facts = facts(self.store.view(), around.authorities.clone(), around.clock.now().timestamp_millis())?;
        Ok(Facts { carried: self.carried.clone().map(Box::new), ..facts })
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
        self.tally.stage = self.tally.stage.max(self.machine.reached());
        frames
    }

    fn carry_out(&mut self, output: Output, frames: &mut Vec<AgentFrame>) -> Result<Option<Input>, StoreError> {
        match output {
            Output::Send(frame) => {
                frames.push(frame);
                Ok(None)
            }
            Output::CheckPosition(position) => {
                #[cfg(feature = "planted-faults")]
                if proto::plant::is_planted(proto::plant::Plant::NoChainCheck) {
                    return Ok(Some(Input::Position { agrees: true }));
                }
                let ours = self.store.view().position_at(position.seq)?;
                Ok(Some(Input::Position { agrees: ours == Some(position) }))
            }
            Output::NoteWelcome(welcome) => self.note_welcome(&welcome).map(|()| None),
            Output::ReadPage { after_seq, most_bytes } => {
                let page = outbox::page(self.store.view(), after_seq, most_bytes.min(self.around.most.batch_bytes))?;
                self.tally.sent += page.as_ref().map_or(0, |page| page.bodies.len() as u64);
                Ok(Some(Input::Page(page)))
            }
            Output::StoreAcknowledgement { after_seq, position, refused, receipt } => {
                self.store.write(|writing| writing.acknowledge(after_seq, position, &refused, receipt.as_ref()))?;
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
            Output::BeginHealing { common, goal } => self.begin_healing(common, goal).map(Some),
            Output::StageHistory { after, changes } => {
                self.store.write(|writing| {
                    if writing.view().staged_end(after.seq)? != Some(after) {
                        writing.drop_staged()?;
                    }
                    writing.stage(after, &changes)
                })?;
                Ok(Some(Input::Stored))
            }
            Output::Rebase { goal } => self.rebase(goal).map(Some),
            // From the records, not from the sums that are kept: a record that was changed behind our back must be noticed.
            // And only of what is confirmed: a person may have entered something while the feed came.
            Output::ReadDigests => {
                let view = self.store.view();
                Ok(Some(Input::Digests(view.digests_anew(view.acknowledged_seq()?)?)))
            }
            Output::FindDifferences(differences) => self.find_differences(&differences).map(Some),
            Output::ReadChangesAbout { period, indicator } => {
                Ok(Some(Input::ChangesAbout(self.differing.remove(&(period, indicator)).unwrap_or_default())))
            }
            Output::StoreResent { changes, refused, repaired } => {
                self.store.write(|writing| writing.take_refusals(&changes, &refused))?;
                self.tally.healed += repaired;
                Ok(Some(Input::Stored))
            }
            Output::NoteComparison { equal } => {
                let (now, healed) = (self.around.clock.now(), self.tally.healed);
                self.store.write(|writing| {
                    writing.set_comparison(equal, now, healed)?;
                    if equal { writing.mend_sums() } else { Ok(()) }
                })?;
                Ok(Some(Input::Stored))
            }
            Output::ReadOffer { after } => self.offer(after).map(|files| Some(Input::Offer(files))),
            Output::ReadChunk { sha256, offset, most_bytes } => {
                let most_bytes = most_bytes.min(self.around.most.chunk_bytes);
                let chunk = evidence::read_chunk(self.around.folder, sha256, offset, most_bytes)?;
                self.tally.evidence_bytes += chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
                Ok(Some(Input::Chunk(chunk)))
            }
            Output::CheckCopy { sha256, size_bytes } => {
                Ok(Some(Input::Copy { is_whole: evidence::is_whole(self.around.folder, sha256, size_bytes)? }))
            }
            Output::NoteFile { sha256, state, held_bytes, code } => {
                self.note_file(sha256, state, held_bytes, &code).map(|()| None)
            }
            Output::Finish(outcome) => {
                self.outcome = Some(outcome);
                Ok(None)
            }
        }
    }

    fn begin_healing(&mut self, common: LogPosition, goal: LogPosition) -> Result<Input, StoreError> {
        // What an earlier session staged is gone on with, if it follows our log and the province's did not become shorter or another one
        // since. A file goes on with nothing.
        let staged = if self.carried.is_none() { self.store.view().staged_end(common.seq)? } else { None };
        let at = match staged.filter(|end| end.seq < goal.seq || *end == goal) {
            Some(end) => end,
            None => {
                self.store.write(|writing| {
                    writing.drop_staged()?;
                    Ok::<_, StoreError>(())
                })?;
                common
            }
        };
        Ok(Input::Healing(at))
    }

    fn rebase(&mut self, goal: LogPosition) -> Result<Input, StoreError> {
        let mut incarnation = [0; 16];
        self.around.random.fill_bytes(&mut incarnation);
        let now = self.around.clock.now();
        let rebased = self.store.write(|writing| writing.rebase(goal, Incarnation(incarnation), now))?;
        tracing::warn!(
            taken_back = rebased.taken_back,
            appended = rebased.appended,
            conflicts = rebased.conflicts,
            "the province's log was taken back"
        );
        self.tally.taken_back += rebased.taken_back;
        Ok(Input::Rebased(Box::new(self.facts()?)))
    }

    /// Makes our own records of what differs anew from our log; what still differs then is to be sent again.
    fn find_differences(&mut self, differences: &[Difference]) -> Result<Input, StoreError> {
        let view = self.store.view();
        let confirmed = view.acknowledged_seq()?;
        let mut places = BTreeSet::new();
        for difference in differences {
            let own = view.indicator_digests(difference.period, confirmed)?;
            let names: BTreeSet<&String> = own.keys().chain(difference.indicators.keys()).collect();
            let differing = names.into_iter().filter(|name| own.get(*name) != difference.indicators.get(*name));
            places.extend(differing.map(|name| (difference.period, name.clone())));
        }
        // What is beyond waits for the next session.
        let places: BTreeSet<Place> = places.into_iter().take(MAX_PLACES).collect();
        // Where no indicator differs, the sum itself was wrong here; it is made anew with the records.
        let healed = self.store.write(|writing| writing.remake(&places))?;
        self.tally.healed += healed;
        tracing::warn!(places = places.len(), healed, "the digests differ, sending again");
        let mut differing = BTreeSet::new();
        for difference in differences {
            let own = self.store.view().indicator_digests(difference.period, confirmed)?;
            let here = places.iter().filter(|(period, _)| *period == difference.period);
            differing.extend(here.filter(|(_, name)| own.get(name) != difference.indicators.get(name)).cloned());
        }
        self.differing = self.store.view().changes_about(&differing, confirmed)?;
        Ok(Input::Differing(differing.into_iter().collect()))
    }

    fn note_welcome(&mut self, welcome: &v1::Welcome) -> Result<(), StoreError> {
        let voucher = self.voucher(welcome);
        if let Some(carried) = &self.carried {
            // An answer that was long on its way says nothing about clocks, and of the epoch only what is news here.
            return self.store.write(|writing| {
                if writing.view().epoch()? == carried.epoch {
                    take_over_epoch(writing, welcome)?;
                }
                keep_receipt_key(writing, welcome, voucher.as_ref())
            });
        }
        let on = welcome.exercise;
        let skew_ms = welcome.clock_unix_ms.saturating_sub(self.around.clock.now().timestamp_millis());
        let exercise = Exercise { on, offset_ms: if on { skew_ms } else { 0 } };
        self.tally.skew_ms = (!on).then_some(skew_ms);
        self.store.write(|writing| {
            if writing.view().exercise()? != exercise {
                writing.set_exercise(exercise)?;
            }
            take_over_epoch(writing, welcome)?;
            if !welcome.bundle_key.is_empty() {
                writing.set_bundle_key(&welcome.bundle_key)?;
            }
            keep_receipt_key(writing, welcome, voucher.as_ref())
        })
    }

    /// The authority that vouches for the key of receipts.
    fn voucher(&self, welcome: &v1::Welcome) -> Option<CertificateDer<'static>> {
        let province = self.store.view().belonging().ok()??.province;
        let told = welcome.authorities.iter().cloned().map(CertificateDer::from);
        let certificate = CertificateDer::from(welcome.receipt_certificate.as_slice());
        self.around
            .authorities
            .iter()
            .cloned()
            .chain(told)
            .find(|authority| ReceiptVerifier::new(&province, &certificate, std::slice::from_ref(authority)).is_ok())
    }
}

fn take_over_epoch(writing: &Writing<'_>, welcome: &v1::Welcome) -> Result<(), StoreError> {
    if welcome.epoch.is_empty() {
        return Ok(());
    }
    let view = writing.view();
    if view.epoch()?.is_some_and(|epoch| epoch != welcome.epoch) || view.evidence_losses()? != welcome.evidence_losses {
        // Another life of the province's store may hold fewer files, and this one says that it lost some.
        writing.offer_all_files()?;
        writing.set_evidence_losses(welcome.evidence_losses)?;
    }
    writing.set_epoch(&welcome.epoch)
}

fn keep_receipt_key(
    writing: &Writing<'_>,
    welcome: &v1::Welcome,
    voucher: Option<&CertificateDer<'_>>,
) -> Result<(), StoreError> {
    let Some(authority) = voucher else { return Ok(()) };
    let key = Fingerprint::of(&CertificateDer::from(welcome.receipt_certificate.as_slice())).0;
    writing.keep_receipt_key(key, &welcome.receipt_certificate, authority)
}

#[cfg(test)]
mod tests;
