//! Cursors, and the lists that are read page by page.
//!
//! A cursor names a place in one edition of a list, by the SHA-256 of its rows. The list is kept for the pages to come, so that a reader
//! gets every row exactly once while figures go on changing; where it is not kept any more and the rows changed, the reader is told so.

use super::problem::{Fault, Problem};
use sha2::{Digest, Sha256};
use shared::listing::Listing;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

/// Most rows of a page.
pub const MAX_LIMIT: u32 = 1_000;
/// Rows of a page where none are asked for.
pub(super) const USUAL_LIMIT: u32 = 200;
/// How many lists are kept for their readers.
const MAX_BOOKS: usize = 4;
/// Largest list that is kept, in cells; a larger one is made anew for each of its pages.
const MAX_CELLS: usize = 500_000;

/// An edition of a list.
pub(super) type Mark = [u8; 16];

/// A list with what stands around its rows.
#[derive(Debug)]
pub(super) struct Book {
    /// The whole list.
    pub(super) listing: Listing,
    /// Its edition.
    pub(super) mark: Mark,
    /// What of the envelope belongs to it.
    pub(super) head: serde_json::Map<String, serde_json::Value>,
}

/// Lists that are being read, by what was asked and by whom.
#[derive(Debug, Default)]
pub struct Books {
    held: Mutex<VecDeque<(String, Arc<Book>)>>,
}

impl Books {
    /// The edition that a cursor means, if it is kept.
    pub(super) fn find(&self, key: &str, mark: &Mark) -> Option<Arc<Book>> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.iter().find(|(known, book)| known == key && book.mark == *mark).map(|(_, book)| book.clone())
    }

    /// Keeps a list for its further pages.
    pub(super) fn keep(&self, key: String, book: &Arc<Book>) {
        if book.listing.rows.len() * book.listing.columns.len() > MAX_CELLS {
            return;
        }
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|(known, one)| *known != key || one.mark != book.mark);
        held.truncate(MAX_BOOKS - 1);
        held.push_front((key, book.clone()));
    }
}

/// The edition of a list: what its rows are.
pub(super) fn mark(listing: &Listing) -> Mark {
    let mut hash = Sha256::new();
    for cell in listing.rows.iter().flatten() {
        hash.update(u64::try_from(cell.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(cell);
    }
    let mut mark = Mark::default();
    mark.copy_from_slice(&hash.finalize()[..16]);
    mark
}

/// A place in an edition as text.
pub(super) fn cursor(mark: &Mark, place: usize) -> String {
    let place = u32::try_from(place).unwrap_or(u32::MAX).to_be_bytes();
    hex::encode([&mark[..], &place].concat())
}

/// Reads a cursor.
///
/// # Errors
/// [`Fault::BadParameter`]
pub(super) fn read(text: &str) -> Result<(Mark, usize), Problem> {
    let place = || {
        let bytes = hex::decode(text).ok()?;
        let (mark, place) = bytes.split_at_checked(16)?;
        Some((mark.try_into().ok()?, u32::from_be_bytes(place.try_into().ok()?) as usize))
    };
    place().ok_or_else(|| Problem::new(Fault::BadParameter, "after"))
}
