//! How long to wait after a session that failed: exponential backoff with full jitter.
//!
//! The only file that uses the crate `backoff`; the rest of the program knows [`Retry`].

use backoff::{SystemClock, backoff::Backoff, exponential::ExponentialBackoff};
use rand::{Rng, RngCore};
use std::time::Duration;

/// The first ceiling, and the shortest wait.
pub const SHORTEST: Duration = Duration::from_secs(1);
/// The last ceiling.
pub const LONGEST: Duration = Duration::from_secs(15 * 60);

/// Ceilings that double from [`SHORTEST`] to [`LONGEST`]; each wait is drawn evenly from below the ceiling.
pub struct Retry {
    ceilings: ExponentialBackoff<SystemClock>,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            ceilings: ExponentialBackoff {
                current_interval: SHORTEST,
                initial_interval: SHORTEST,
                max_interval: LONGEST,
                multiplier: 2.0,
                // The jitter is drawn here, from the randomness given, and over the whole range.
                randomization_factor: 0.0,
                max_elapsed_time: None,
                ..ExponentialBackoff::default()
            },
        }
    }
}

impl Retry {
    /// The wait after one more failure.
    pub fn next_wait(&mut self, random: &mut dyn RngCore) -> Duration {
        let ceiling = self.ceilings.next_backoff().unwrap_or(LONGEST).clamp(SHORTEST, LONGEST);
        let ceiling_ms = u64::try_from(ceiling.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(random.random_range(0..=ceiling_ms)).max(SHORTEST)
    }

    /// Begins anew, after a session that went well.
    pub fn reset(&mut self) {
        self.ceilings.reset();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{SeedableRng, rngs::StdRng};

    #[test]
    fn waits_stay_within_growing_ceilings() {
        let mut random = StdRng::seed_from_u64(1);
        let mut longest = [Duration::ZERO; 12];
        for _ in 0..300 {
            let mut retry = Retry::default();
            for (attempt, longest) in longest.iter_mut().enumerate() {
                let wait = retry.next_wait(&mut random);
                let ceiling = LONGEST.min(SHORTEST * 2u32.pow(u32::try_from(attempt).unwrap()));
                assert!(wait >= SHORTEST && wait <= ceiling, "attempt {attempt}: {wait:?}");
                *longest = wait.max(*longest);
            }
        }
        assert!(longest[11] > LONGEST / 2, "the whole range is used");
    }

    #[test]
    fn a_good_session_begins_anew() {
        let mut random = StdRng::seed_from_u64(2);
        let mut retry = Retry::default();
        for _ in 0..20 {
            retry.next_wait(&mut random);
        }
        retry.reset();
        assert_eq!(retry.next_wait(&mut random), SHORTEST);
    }
}
