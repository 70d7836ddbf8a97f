//! The only place that reads the computer's clock. Everywhere else time is an argument.
//!
//! Two times: real time for certificates, tokens and waits; the province's time for deadlines and receipts. They differ only
//! in an exercise, where the province's clock can be moved.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

/// Tells real time.
pub trait Clock: Send + Sync {
    /// Now, to the millisecond.
    fn now(&self) -> DateTime<Utc>;
}

/// The computer's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods)]
    fn now(&self) -> DateTime<Utc> {
        to_the_millisecond(Utc::now())
    }
}

/// Stores and messages carry milliseconds.
fn to_the_millisecond(instant: DateTime<Utc>) -> DateTime<Utc> {
    instant.duration_trunc(TimeDelta::milliseconds(1)).unwrap_or(instant)
}

/// The province's clock: real time and, in an exercise, an offset.
#[derive(Clone)]
pub struct ProvinceClock {
    real: Arc<dyn Clock>,
    offset_ms: Arc<AtomicI64>,
}

impl ProvinceClock {
    /// A clock that is ahead of real time by `offset_ms`.
    #[must_use]
    pub fn new(real: Arc<dyn Clock>, offset_ms: i64) -> Self {
        Self { real, offset_ms: Arc::new(AtomicI64::new(offset_ms)) }
    }

    /// Real time.
    #[must_use]
    pub fn real(&self) -> DateTime<Utc> {
        self.real.now()
    }

    /// The province's time.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        let offset = TimeDelta::milliseconds(self.offset_ms.load(Ordering::Relaxed));
        let real = self.real();
        real.checked_add_signed(offset).unwrap_or(real)
    }

    /// Moves the clock for everyone who holds it.
    pub fn set_offset(&self, offset_ms: i64) {
        self.offset_ms.store(offset_ms, Ordering::Relaxed);
    }
}

/// A clock that stands still, for tests.
#[cfg(test)]
pub(crate) struct StandingClock(pub DateTime<Utc>);

#[cfg(test)]
impl Clock for StandingClock {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }
}
