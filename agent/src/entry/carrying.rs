//! Evidence that goes on to a new version of the same value: a note that a check asks for does not take away the proof of the figure.
//!
//! It decides nothing about what counts: a new version awaits its own verdict (scoring rules 2026.1, "What counts"). Where the version
//! before was returned nothing is taken over: its evidence is what the reviewer did not accept.

use super::{Author, EntryError, change};
use crate::store::{Writing, figures::Figure};
use shared::{
    change::{Deed, Evidence},
    observation::{Decision, Observation},
};
use uuid::Uuid;

/// Binds the files of the version before to a new one that says the same, and answers how many. Their bytes stay where they are.
pub(super) fn carry_on(
    writing: &Writing<'_>,
    author: &mut Author<'_>,
    (previous, observation, new): (&Figure, &Observation, Uuid),
) -> Result<u32, EntryError> {
    let is_returned = previous.verdict.as_ref().is_some_and(|verdict| verdict.decision == Decision::Returned);
    if is_returned || previous.observation.value != observation.value {
        return Ok(0);
    }
    let mut count = 0;
    for file in writing.view().sound_evidence(previous.change_id)? {
        let evidence = Evidence { observation: new, ..file };
        let change = change(writing, author, Deed::Attached(evidence))?;
        writing.attach(&change, author.now)?;
        count += 1;
    }
    Ok(count)
}
