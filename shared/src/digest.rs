//! Order-free digests over records, so that two ends can prove that they hold the same.
//!
//! The digest of a set is the sum of the SHA-256 of its records as 256-bit numbers, modulo 2^256: adding and removing a
//! record is one addition, whatever the order. Both ends must use the same canonical bytes for a record.

use sha2::{Digest as _, Sha256};
use std::fmt;

/// The digest of a set of records.
#[derive(Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct SetDigest([u64; 4]);

impl SetDigest {
    /// The digest of nothing.
    pub const EMPTY: SetDigest = SetDigest([0; 4]);

    /// Adds a record by its canonical bytes.
    pub fn add(&mut self, record: &[u8]) {
        let mut carry = false;
        for (mine, theirs) in self.0.iter_mut().zip(limbs(record)) {
            let (sum, first) = mine.overflowing_add(theirs);
            let (sum, second) = sum.overflowing_add(u64::from(carry));
            *mine = sum;
            carry = first || second;
        }
    }

    /// Takes a record out again.
    pub fn remove(&mut self, record: &[u8]) {
        let mut borrow = false;
        for (mine, theirs) in self.0.iter_mut().zip(limbs(record)) {
            let (difference, first) = mine.overflowing_sub(theirs);
            let (difference, second) = difference.overflowing_sub(u64::from(borrow));
            *mine = difference;
            borrow = first || second;
        }
    }

    /// The 32 bytes, least significant first.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (chunk, limb) in bytes.chunks_exact_mut(8).zip(self.0) {
            chunk.copy_from_slice(&limb.to_le_bytes());
        }
        bytes
    }
}

fn limbs(record: &[u8]) -> impl Iterator<Item = u64> {
    let hash: [u8; 32] = Sha256::digest(record).into();
    (0..4).map(move |i| {
        let mut limb = [0; 8];
        limb.copy_from_slice(&hash[8 * i..8 * i + 8]);
        u64::from_le_bytes(limb)
    })
}

impl fmt::Debug for SetDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.to_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_order_does_not_matter_and_removing_undoes_adding(
            records in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..20), 0..20),
            at in any::<prop::sample::Index>(),
        ) {
            let sum = |records: &[Vec<u8>]| {
                let mut digest = SetDigest::EMPTY;
                records.iter().for_each(|record| digest.add(record));
                digest
            };
            let mut turned = records.clone();
            turned.reverse();
            prop_assert_eq!(sum(&records), sum(&turned));
            if !records.is_empty() {
                let mut fewer = records.clone();
                let gone = fewer.remove(at.index(records.len()));
                prop_assert_ne!(sum(&records), sum(&fewer));
                let mut digest = sum(&records);
                digest.remove(&gone);
                prop_assert_eq!(digest, sum(&fewer));
            }
        }
    }
}
