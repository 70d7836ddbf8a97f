//! What is to be sent: pages of the change log, within the limits of the wire.

use crate::store::{StoreError, View, log::Page};
use proto::{MAX_BATCH_BYTES, sync::v1};

/// Most changes in one batch: keeps the province's transactions and this process's memory small.
pub const MAX_BATCH_CHANGES: usize = 1_000;

/// The changes after a position, or `None` when there are no more.
///
/// # Errors
/// What the store says.
pub fn page(view: View<'_>, after_seq: u64, most_bytes: usize) -> Result<Option<Page>, StoreError> {
    view.page(after_seq, most_bytes.min(MAX_BATCH_BYTES), MAX_BATCH_CHANGES)
}

/// A page as a batch of the wire.
#[must_use]
pub fn batch(page: Page) -> v1::Batch {
    let changes = page.bodies.into_iter().map(|body| v1::Change { body: body.into() }).collect();
    v1::Batch { first_seq: page.first_seq, changes }
}
