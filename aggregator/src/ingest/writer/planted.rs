//! A writer that confirms first and commits with the next group: what the simulation must notice. Never in a release.

use super::{Entry, Reply};
use crate::store::{Append, BatchOutcome, Store};

/// Answers as if everything were stored, and stores what the group before brought.
pub(super) async fn commit(store: &dyn Store, late: &mut Option<Append>, group: &mut Vec<Entry>) {
    let mut append = Append::default();
    for entry in group.drain(..) {
        match entry {
            Entry::Batch { batch, reply, .. } => {
                let (position, received_at) = (batch.after(), batch.received_at);
                let outcome = Ok(BatchOutcome::Committed { position, refused: Vec::new(), received_at });
                let _ = reply.try_send(Reply { outcome, received_at });
                append.batches.push(batch);
            }
            Entry::Note { note, noted } => {
                append.notes.push(note);
                if let Some(noted) = noted {
                    let _ = noted.send(());
                }
            }
        }
    }
    if let Some(before) = late.replace(append)
        && let Err(error) = store.append(before).await
    {
        tracing::error!(%error, "a late transaction failed");
    }
}
