//! How often somebody may try: after a few failures each further try has to wait, twice as long each time.
//!
//! Kept in memory: a restart forgets it, which costs an attacker more than it gives. The number of keys is bounded.

use chrono::{DateTime, TimeDelta, Utc};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// Failures that cost nothing.
const FREE: u32 = 4;
/// The first wait.
const FIRST_WAIT_SECONDS: i64 = 2;
/// The longest wait.
const LONGEST_WAIT_SECONDS: i64 = 15 * 60;
/// Failures are forgotten after this long.
const FORGOTTEN: TimeDelta = TimeDelta::hours(1);
/// Most keys remembered; beyond that the oldest is forgotten.
const MAX_KEYS: usize = 10_000;

/// Failures by key (an account, an address).
#[derive(Debug, Default)]
pub struct Throttle {
    failures: Mutex<HashMap<String, Failures>>,
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last: DateTime<Utc>,
}

impl Throttle {
    /// How long the keys have to wait before the next try; none when they may try now.
    #[must_use]
    pub fn wait(&self, keys: &[&str], now: DateTime<Utc>) -> Option<TimeDelta> {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = keys.iter().filter_map(|key| failures.get(*key)).map(|failures| failures.until() - now);
        waits.filter(|wait| *wait > TimeDelta::zero()).max()
    }

    /// A try failed.
    pub fn failed(&self, keys: &[&str], now: DateTime<Utc>) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.retain(|_, failures| now - failures.last < FORGOTTEN);
        for key in keys {
            if failures.len() >= MAX_KEYS && !failures.contains_key(*key) {
                let oldest = failures.iter().min_by_key(|(_, failures)| failures.last).map(|(key, _)| key.clone());
                oldest.and_then(|oldest| failures.remove(&oldest));
            }
            let count = failures.get(*key).map_or(0, |failures| failures.count);
            failures.insert((*key).to_owned(), Failures { count: count.saturating_add(1), last: now });
        }
    }

    /// A try succeeded.
    pub fn succeeded(&self, keys: &[&str]) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        for key in keys {
            failures.remove(*key);
        }
    }
}

impl Failures {
    fn until(&self) -> DateTime<Utc> {
        let beyond = self.count.saturating_sub(FREE);
        if beyond == 0 {
            return self.last;
        }
        let seconds = FIRST_WAIT_SECONDS << (beyond - 1).min(12);
        self.last + TimeDelta::seconds(seconds.min(LONGEST_WAIT_SECONDS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_beyond_the_free_ones_doubles_the_wait() {
        let throttle = Throttle::default();
        let start = DateTime::<Utc>::UNIX_EPOCH;
        for _ in 0..FREE {
            throttle.failed(&["lan"], start);
            assert_eq!(throttle.wait(&["lan"], start), None);
        }
        for seconds in [2, 4, 8, 16] {
            throttle.failed(&["lan"], start);
            assert_eq!(throttle.wait(&["lan", "other"], start), Some(TimeDelta::seconds(seconds)));
            assert_eq!(throttle.wait(&["lan"], start + TimeDelta::seconds(seconds)), None);
        }
        assert_eq!(throttle.wait(&["other"], start), None);
        for _ in 0..40 {
            throttle.failed(&["lan"], start);
        }
        assert_eq!(throttle.wait(&["lan"], start), Some(TimeDelta::seconds(LONGEST_WAIT_SECONDS)));
        throttle.succeeded(&["lan"]);
        assert_eq!(throttle.wait(&["lan"], start), None);
    }

    #[test]
    fn a_flood_of_names_is_bounded() {
        let throttle = Throttle::default();
        for number in 0..MAX_KEYS + 50 {
            let second = i64::try_from(number).unwrap();
            throttle.failed(&[&format!("n{number}")], DateTime::UNIX_EPOCH + TimeDelta::milliseconds(second));
        }
        assert_eq!(throttle.failures.lock().unwrap().len(), MAX_KEYS);
    }
}
