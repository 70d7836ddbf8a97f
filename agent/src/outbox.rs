//! What is to be sent: pages of the change log, within the limits of the wire.

use crate::store::{StoreError, View, log::Page};
use proto::{MAX_BATCH_BYTES, sync::v1};

/// Most changes in one batch: keeps the province's transactions and this process's memory small.
pub const MAX_BATCH_CHANGES: usize = 1_000;

/// The changes after a position, or `None` when there are no more. What the province has confirmed before, and lost, goes out in the
/// same pieces again, each with the province's own receipt.
///
/// # Errors
/// What the store says.
pub fn page(view: View<'_>, after_seq: u64, most_bytes: usize) -> Result<Option<Page>, StoreError> {
    let confirmed = view.next_receipt(after_seq)?;
    let piece = confirmed.as_ref().and_then(|(seq, ..)| usize::try_from(seq - after_seq).ok());
    let most_changes = piece.map_or(MAX_BATCH_CHANGES, |changes| changes.min(MAX_BATCH_CHANGES));
    let mut page = view.page(after_seq, most_bytes.min(MAX_BATCH_BYTES), most_changes)?;
    if let (Some(page), Some((seq, receipt, certificate))) = (&mut page, confirmed)
        && page.end.seq == seq
    {
        page.confirmed_before = Some((receipt, certificate));
    }
    Ok(page)
}

/// A page as a batch of the wire.
#[must_use]
pub fn batch(page: Page) -> v1::Batch {
    let changes = page.bodies.into_iter().map(|body| v1::Change { body: body.into() }).collect();
    let (receipt, receipt_certificate) = page.confirmed_before.unzip();
    v1::Batch {
        first_seq: page.first_seq,
        changes,
        receipt,
        receipt_certificate: receipt_certificate.unwrap_or_default(),
    }
}
