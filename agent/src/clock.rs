//! The only place that reads the time of day. Everything else is given an instant, or this clock.

use chrono::{DateTime, TimeDelta, Utc};
use std::sync::{Arc, Mutex, PoisonError};

/// Where instants come from: the system, or a hand set by a test.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    hand: Option<Arc<Mutex<DateTime<Utc>>>>,
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that stands still until it is set.
    #[must_use]
    pub fn standing_at(instant: DateTime<Utc>) -> Self {
        Self { hand: Some(Arc::new(Mutex::new(instant))) }
    }

    /// Moves a standing clock; does nothing to the system's.
    pub fn advance(&self, by: TimeDelta) {
        if let Some(hand) = &self.hand {
            *hand.lock().unwrap_or_else(PoisonError::into_inner) += by;
        }
    }

    /// Now, to the millisecond (the precision of the wire).
    #[must_use]
    #[allow(clippy::disallowed_methods)]
    pub fn now(&self) -> DateTime<Utc> {
        let instant = match &self.hand {
            Some(hand) => *hand.lock().unwrap_or_else(PoisonError::into_inner),
            None => Utc::now(),
        };
        instant_of_ms(instant.timestamp_millis())
    }
}

/// The instant of milliseconds since 1970; the ends of time where they lie outside what can be told.
#[must_use]
pub fn instant_of_ms(unix_ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(unix_ms).unwrap_or(if unix_ms < 0 {
        DateTime::<Utc>::MIN_UTC
    } else {
        DateTime::<Utc>::MAX_UTC
    })
}
