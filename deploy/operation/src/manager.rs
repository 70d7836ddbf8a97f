//! The service manager is told that a service is ready, alive and ending: systemd over its socket, nobody elsewhere.
//!
//! Without `NOTIFY_SOCKET` nothing is said, so that a service started by hand behaves the same.

use std::{future::Future, pin::pin, time::Duration};

/// What a service says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// It serves.
    Ready,
    /// It is alive.
    Alive,
    /// It was told to end.
    Ending,
}

/// Says it. What cannot be said is no reason to stop serving.
pub fn say(word: Word) {
    #[cfg(target_os = "linux")]
    {
        use sd_notify::NotifyState;
        let state = match word {
            Word::Ready => NotifyState::Ready,
            Word::Alive => NotifyState::Watchdog,
            Word::Ending => NotifyState::Stopping,
        };
        if let Err(error) = sd_notify::notify(&[state]) {
            tracing::debug!(%error, ?word, "the service manager could not be told");
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = word;
}

/// How often the service manager wants to hear that the service is alive: half of its patience. None when it does not watch.
#[must_use]
pub fn interval() -> Option<Duration> {
    #[cfg(target_os = "linux")]
    {
        sd_notify::watchdog_enabled().map(|patience| patience / 2)
    }
    #[cfg(not(target_os = "linux"))]
    None
}

/// Does some work and says meanwhile that the service is alive, from the same task: a loop that is stuck says nothing.
pub async fn alive_while<T>(work: impl Future<Output = T>) -> T {
    let Some(interval) = interval() else { return work.await };
    let mut work = pin!(work);
    let mut ticks = tokio::time::interval(interval);
    loop {
        tokio::select! {
            biased;
            done = &mut work => return done,
            _ = ticks.tick() => say(Word::Alive),
        }
    }
}
