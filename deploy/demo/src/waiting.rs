//! The only place that waits for time to pass: it looks, and looks again, until a condition holds or a limit is reached.

use crate::failure::Failure;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// Looks until there is something.
///
/// # Errors
/// [`Failure::TooLong`] after the limit, or what looking says.
pub async fn until<T>(
    what: &str,
    limit: Duration,
    mut look: impl AsyncFnMut() -> Result<Option<T>, Failure>,
) -> Result<T, Failure> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        if Instant::now() >= deadline {
            return Err(Failure::TooLong { what: what.to_owned(), limit_seconds: limit.as_secs() });
        }
        sleep(PAUSE).await;
    }
}

/// Looks until something is wrong, however long that takes.
pub async fn trouble(mut look: impl FnMut() -> Result<(), Failure>) -> Failure {
    loop {
        if let Err(failure) = look() {
            return failure;
        }
        sleep(PAUSE).await;
    }
}
