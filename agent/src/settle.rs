//! Settling a conflict: a person says which of two versions is right. Both stay in the history.

use crate::{
    entry::{Author, EntryError, Rulebook, change, check_name, record_checked},
    store::{Store, conflict::OpenConflict},
};
use shared::{change::Deed, observation::Refusal};

/// Which version is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// The one that the province held: it is recorded anew, so that it counts.
    Earlier,
    /// The one that was appended after it, which counts already.
    Later,
}

/// Settles the conflict with this number in the list of open ones, from 1.
///
/// # Errors
/// When there is none, or the earlier version may not be recorded any more; nothing is written then.
pub fn settle(
    store: &mut Store,
    author: &mut Author<'_>,
    number: usize,
    keep: Keep,
) -> Result<OpenConflict, EntryError> {
    check_name(author.name)?;
    store.write(|writing| {
        let open = writing.view().open_conflicts()?;
        let conflict = number.checked_sub(1).and_then(|place| open.into_iter().nth(place));
        let conflict = conflict.ok_or(Refusal::UnknownConflict)?;
        if keep == Keep::Earlier {
            let rulebook = Rulebook::read(writing.view())?;
            let observation = conflict.earlier.observation.clone();
            rulebook.allows(&observation)?;
            record_checked(writing, author, &rulebook, observation)?;
        }
        let settled = change(writing, author, Deed::ConflictSettled(conflict.change_id))?;
        writing.append_conflict(&settled, author.now)?;
        Ok(conflict)
    })
}
