//! Challenges for agents whose certificates expired: a nonce to sign. Nothing is kept of them; each carries its time and a code of
//! this process, so that strangers who ask for many take up nothing.
//!
//! `time (8 bytes, milliseconds) ‖ random (16) ‖ HMAC-SHA256 (32)`. A challenge can be answered several times within its life: the
//! answer names one key, and the same key gets the same certificate.

use chrono::{DateTime, TimeDelta, Utc};
use ring::hmac::{self, HMAC_SHA256, Key};

/// How long a challenge can be answered.
pub const LIFE: TimeDelta = TimeDelta::minutes(2);
/// Random bytes of the key and of a challenge.
pub const KEY_BYTES: usize = 32;
/// Random bytes of a challenge.
pub const RANDOM_BYTES: usize = 16;
const DOMAIN: &[u8] = b"tiendo challenge 1\0";
const TIME_BYTES: usize = 8;
const OPEN_BYTES: usize = TIME_BYTES + RANDOM_BYTES;

/// Makes challenges and knows its own again.
pub struct Challenger(Key);

impl Challenger {
    /// With a key of random bytes.
    #[must_use]
    pub fn new(key: [u8; KEY_BYTES]) -> Self {
        Self(Key::new(HMAC_SHA256, &key))
    }

    /// A challenge of this moment.
    #[must_use]
    pub fn make(&self, random: [u8; RANDOM_BYTES], now: DateTime<Utc>) -> Vec<u8> {
        let mut nonce = now.timestamp_millis().to_be_bytes().to_vec();
        nonce.extend(random);
        let code = hmac::sign(&self.0, &coded(&nonce));
        nonce.extend(code.as_ref());
        nonce
    }

    /// Whether this is one of its challenges and can still be answered. Compares in constant time.
    #[must_use]
    pub fn knows(&self, nonce: &[u8], now: DateTime<Utc>) -> bool {
        let Some((open, code)) = nonce.split_at_checked(OPEN_BYTES) else { return false };
        let Some((time, _)) = open.split_first_chunk::<TIME_BYTES>() else { return false };
        let made = DateTime::from_timestamp_millis(i64::from_be_bytes(*time));
        let known = hmac::verify(&self.0, &coded(open), code).is_ok();
        known && made.is_some_and(|made| (TimeDelta::zero()..LIFE).contains(&(now - made)))
    }
}

fn coded(open: &[u8]) -> Vec<u8> {
    [DOMAIN, open].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::moment;

    #[test]
    fn a_challenge_is_known_for_a_while_by_the_one_who_made_it() {
        let challenger = Challenger::new([1; KEY_BYTES]);
        let nonce = challenger.make([2; RANDOM_BYTES], moment());
        assert!(challenger.knows(&nonce, moment()));
        assert!(challenger.knows(&nonce, moment() + LIFE - TimeDelta::milliseconds(1)));
        assert!(!challenger.knows(&nonce, moment() + LIFE));
        assert!(!challenger.knows(&nonce, moment() - TimeDelta::milliseconds(1)), "of the future");
        assert!(!Challenger::new([3; KEY_BYTES]).knows(&nonce, moment()), "of another process");
        assert_ne!(nonce, challenger.make([3; RANDOM_BYTES], moment()));
    }

    #[test]
    fn a_challenge_that_was_changed_is_unknown() {
        let challenger = Challenger::new([1; KEY_BYTES]);
        let nonce = challenger.make([2; RANDOM_BYTES], moment());
        for bit in 0..nonce.len() * 8 {
            let mut changed = nonce.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(!challenger.knows(&changed, moment()), "bit {bit}");
        }
        for end in 0..nonce.len() {
            assert!(!challenger.knows(&nonce[..end], moment()), "{end} bytes");
        }
        assert!(!challenger.knows(&[nonce.as_slice(), &[0]].concat(), moment()));
    }
}
