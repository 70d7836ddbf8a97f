//! What fits on the line. A frame that takes longer than the province is waited for never arrives, however often it is sent: after such a
//! session the frames of the next are half as large, and when sessions go well they grow again.

use super::{exchange::Tally, outcome::End};
use crate::store::{Store, StoreError};
use proto::{MAX_BATCH_BYTES, MAX_CHUNK_BYTES};

/// Sizes are divided by this at most: batches of 8 KiB, pieces of 4 KiB.
const LARGEST_DIVISOR: u32 = 64;

/// Most bytes of what is sent at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Of a batch of changes. One change is sent whole, however large.
    pub batch_bytes: usize,
    /// Of a piece of evidence.
    pub chunk_bytes: usize,
}

impl Sizes {
    /// As large as the protocol allows.
    pub const LARGEST: Sizes = Sizes { batch_bytes: MAX_BATCH_BYTES, chunk_bytes: MAX_CHUNK_BYTES };

    /// Sizes for a line that was found to be so thin; pieces of evidence are limited besides.
    #[must_use]
    pub fn of(divisor: u32, most_chunk_bytes: usize) -> Self {
        let divisor = usize::try_from(divisor).unwrap_or(usize::MAX).max(1);
        Self {
            batch_bytes: MAX_BATCH_BYTES / divisor,
            chunk_bytes: (MAX_CHUNK_BYTES / divisor).min(most_chunk_bytes).max(1),
        }
    }
}

/// Remembers what a session says of the line. `end`: how it ended, wherever it had come to.
///
/// # Errors
/// What the store says.
pub fn learn(store: &mut Store, end: End, tally: &Tally) -> Result<(), StoreError> {
    let divisor = store.view().line_divisor()?;
    let next = next_divisor(divisor, end, tally);
    if next == divisor {
        return Ok(());
    }
    tracing::info!(divisor = next, "the size of what is sent at once changes");
    store.write(|writing| writing.set_line_divisor(next))
}

fn next_divisor(divisor: u32, end: End, tally: &Tally) -> u32 {
    // A province that does not answer before anything was sent says nothing of sizes.
    let has_sent = tally.sent > 0 || tally.evidence_bytes > 0;
    match end {
        End::TimedOut if has_sent && !tally.has_moved() => (divisor * 2).min(LARGEST_DIVISOR),
        End::Done => (divisor / 2).max(1),
        _ => divisor.min(LARGEST_DIVISOR),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Home;

    #[test]
    fn a_line_on_which_nothing_arrives_gets_smaller_frames_until_it_does() {
        let mut home = Home::joined();
        let mut after = |end, tally: Tally| {
            learn(&mut home.store, end, &tally).unwrap();
            home.store.view().line_divisor().unwrap()
        };
        let nothing = Tally::default();
        let sent = Tally { sent: 5, ..nothing };
        let evidence = Tally { evidence_bytes: 5, ..nothing };
        assert_eq!(after(End::TimedOut, nothing), 1, "nothing was sent");
        assert_eq!((after(End::TimedOut, sent), after(End::TimedOut, evidence)), (2, 4));
        for moved in [Tally { acknowledged: 1, ..sent }, Tally { held_bytes: 1, ..evidence }] {
            assert_eq!(after(End::TimedOut, moved), 4, "it is small enough");
        }
        for other in End::ALL.into_iter().filter(|end| !matches!(end, End::Done | End::TimedOut)) {
            assert_eq!(after(other, sent), 4, "{other:?}");
        }
        assert_eq!(after(End::Done, nothing), 2);
        let most = (0..10).map(|_| after(End::TimedOut, sent)).last();
        assert_eq!(most, Some(LARGEST_DIVISOR));
        let grown: Vec<u32> = (0..7).map(|_| after(End::Done, sent)).collect();
        assert_eq!(grown, [32, 16, 8, 4, 2, 1, 1]);
    }

    #[test]
    fn sizes_follow_the_line_and_the_limit() {
        assert_eq!(Sizes::of(1, usize::MAX), Sizes::LARGEST);
        assert_eq!(Sizes::of(0, usize::MAX), Sizes::LARGEST);
        let smallest = Sizes { batch_bytes: 8 * 1024, chunk_bytes: 4 * 1024 };
        assert_eq!(Sizes::of(LARGEST_DIVISOR, usize::MAX), smallest);
        assert_eq!(Sizes::of(2, 1_000).chunk_bytes, 1_000);
        assert_eq!(Sizes::of(2, 0).chunk_bytes, 1);
    }
}
