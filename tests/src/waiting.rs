//! Waiting for a condition, with a bound.

use std::{
    sync::mpsc,
    time::{Duration, Instant},
};

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(50);

/// Looks until something is so; how long that took.
///
/// # Panics
/// When it does not come about in time.
pub fn until(what: &str, longest: Duration, mut is_so: impl FnMut() -> bool) -> Duration {
    let (_nobody, nothing) = mpsc::channel::<()>();
    let begun = Instant::now();
    loop {
        if is_so() {
            return begun.elapsed();
        }
        assert!(begun.elapsed() < longest, "not within {longest:?}: {what}");
        // Nobody says anything: a pause.
        let _ = nothing.recv_timeout(PAUSE);
    }
}
