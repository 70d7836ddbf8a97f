//! Drafts on their way into the log: all of a period or the sound ones, with the files that wait for them.

use super::{Fault, is_returned};
use crate::{
    entry::{Author, Copied, EntryError, Form, Recorded, Rulebook, bind, check_name, record_checked},
    ledger::Ledger,
    store::{Store, StoreError, Writing, figures::Figure},
};
use shared::{
    calendar::local_day,
    observation::{Observation, ObservationKey},
    period::Period,
    plausibility::Doubt,
};
use std::collections::BTreeSet;

/// Whether a note says why the value is right: the note of another value says nothing of this one.
#[must_use]
pub fn is_explained(observation: &Observation, previous: Option<&Figure>) -> bool {
    let is_of_before = previous
        .map(|figure| &figure.observation)
        .is_some_and(|before| before.note == observation.note && before.value != observation.value);
    !observation.note.is_empty() && !is_of_before
}

/// What came of sending.
#[derive(Debug, Default)]
pub struct Sent {
    /// The figures reported, each with what should be looked at again.
    pub recorded: Vec<(Recorded, Vec<Doubt>)>,
    /// The drafts that stay, with the reason.
    pub faults: Vec<(ObservationKey, Fault)>,
}

/// Why a transaction is not committed.
enum Stop {
    Undo,
    Error(EntryError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Error(error.into())
    }
}

impl From<EntryError> for Stop {
    fn from(error: EntryError) -> Self {
        Self::Error(error)
    }
}

/// Reports the drafts of a period. Where one of them cannot be sent nothing is, unless only the sound ones are asked for.
///
/// # Errors
/// Not about a draft: no catalogue, or the store says no.
pub fn send(store: &mut Store, author: &mut Author<'_>, period: Period, only_sound: bool) -> Result<Sent, EntryError> {
    check_name(author.name)?;
    let mut left: BTreeSet<ObservationKey> = BTreeSet::new();
    let mut faults = Vec::new();
    loop {
        let mut sent = Sent::default();
        match store.write(|writing| attempt(writing, author, period, &left, &mut sent)) {
            Err(Stop::Error(error)) => return Err(error),
            Ok(()) => {
                sent.faults = faults;
                return Ok(sent);
            }
            Err(Stop::Undo) if !only_sound => return Ok(Sent { faults: sent.faults, recorded: Vec::new() }),
            // Each round leaves at least one more behind, so that this ends.
            Err(Stop::Undo) => {
                left.extend(sent.faults.iter().map(|(key, _)| key.clone()));
                faults.append(&mut sent.faults);
            }
        }
    }
}

fn attempt(
    writing: &Writing<'_>,
    author: &mut Author<'_>,
    period: Period,
    left: &BTreeSet<ObservationKey>,
    sent: &mut Sent,
) -> Result<(), Stop> {
    let rulebook = Rulebook::read(writing.view())?;
    for draft in writing.view().drafts(period)?.into_iter().filter(|draft| !left.contains(&draft.key)) {
        let observation = match draft.fields.check(&rulebook, &draft.key) {
            Ok(observation) => observation,
            Err(fault) => {
                sent.faults.push((draft.key, fault));
                continue;
            }
        };
        let recorded = report(writing, author, &rulebook, observation, draft.evidence)?;
        sent.recorded.push((recorded, Vec::new()));
    }
    let today = local_day(writing.view().exercise()?.time(author.now));
    let ledger = Ledger::read(writing.view(), &rulebook.catalogue, today)?;
    for (recorded, doubts) in &mut sent.recorded {
        let observation = &recorded.observation;
        *doubts = ledger.doubts_of(&observation.key);
        if !is_explained(observation, recorded.previous.as_ref()) && doubts.iter().any(Doubt::asks_for_a_note) {
            let asking = doubts.iter().filter(|doubt| doubt.asks_for_a_note()).cloned().collect();
            sent.faults.push((observation.key.clone(), Fault::NeedsNote(asking)));
        }
    }
    if sent.faults.is_empty() { Ok(()) } else { Err(Stop::Undo) }
}

/// Reports a figure with the files that wait for it; its draft is done.
fn report(
    writing: &Writing<'_>,
    author: &mut Author<'_>,
    rulebook: &Rulebook,
    observation: Observation,
    files: Vec<Copied>,
) -> Result<Recorded, EntryError> {
    let recorded = record_checked(writing, author, rulebook, observation)?;
    if !files.is_empty() {
        let figure = writing.view().figure(recorded.change_id)?;
        let figure = figure.ok_or_else(|| StoreError::Damaged("unreadable figure".into()))?;
        bind(writing, author, &figure, files)?;
    }
    writing.drop_draft(&recorded.observation.key)?;
    Ok(recorded)
}

/// Reports figures that were typed and sent at once, all of them or none; files that wait with a draft of one of them go with it. What
/// says the same as what is held is left alone, unless a reviewer returned that or files wait.
///
/// # Errors
/// [`EntryError`]; nothing is written then.
pub fn send_at_once(store: &mut Store, author: &mut Author<'_>, forms: &[Form]) -> Result<(), EntryError> {
    check_name(author.name)?;
    store.write(|writing| {
        let rulebook = Rulebook::read(writing.view())?;
        for form in forms {
            let observation = rulebook.check(form)?;
            let held = writing.view().newest(&observation.key)?;
            let files = writing.view().draft_evidence(&observation.key)?;
            let is_new = held.is_none_or(|held| held.observation != observation || is_returned(&held));
            if is_new || !files.is_empty() {
                report(writing, author, &rulebook, observation, files)?;
            }
        }
        Ok(())
    })
}
