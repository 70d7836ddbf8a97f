//! Order-free digests over records, so that two ends can prove that they hold the same.
//!
//! A record is an accepted version of a figure, or a file bound to one. Its hash is the SHA-256 of a canonical form that both
//! ends make from what their tables hold, so that a digest also proves the tables. The digest of a set is the sum of its hashes
//! as 256-bit numbers, modulo 2^256: adding and removing a record is one addition, whatever the order.

use crate::{
    change::Evidence,
    observation::{Observation, ObservationKey, Value},
    period::Period,
};
use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};
use std::{
    fmt::{self, Display},
    io::Write as _,
};
use uuid::Uuid;

/// The SHA-256 of a record's canonical form: a tag, then each field preceded by its length in bytes as 4 bytes, big-endian.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct RecordHash(pub [u8; 32]);

impl RecordHash {
    /// Of an accepted version of a figure. The version's number is not part of it: it follows from the order of the log.
    #[must_use]
    pub fn figure(change: Uuid, figure: &Observation, entered_by: &str, entered_at: DateTime<Utc>) -> Self {
        let ObservationKey { indicator, unit, period } = &figure.key;
        let (period, value, note) = (*period, figure.value, &*figure.note);
        FigureRecord { change, indicator, unit, period, value, note, entered_by, entered_at }.hash()
    }

    /// Of a file bound to an accepted version. The same file bound twice to one version is one record, of the first change that
    /// did so.
    #[must_use]
    pub fn evidence(evidence: &Evidence, entered_by: &str, entered_at: DateTime<Utc>) -> Self {
        let mut form = Form::begin(b'e');
        form.field(evidence.observation.as_bytes());
        form.field(&evidence.sha256);
        form.field(evidence.name.as_bytes());
        form.field(&evidence.size_bytes.to_be_bytes());
        form.field(entered_by.as_bytes());
        form.field(&entered_at.timestamp_millis().to_be_bytes());
        form.end()
    }

    fn limbs(self) -> impl Iterator<Item = u64> {
        (0..4).map(move |i| {
            let mut limb = [0; 8];
            limb.copy_from_slice(&self.0[8 * i..8 * i + 8]);
            u64::from_le_bytes(limb)
        })
    }
}

/// What counts of an accepted version of a figure, wherever it lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FigureRecord<'a> {
    /// The change that recorded it.
    pub change: Uuid,
    /// Code of the indicator.
    pub indicator: &'a str,
    /// The unit that reported, empty for the whole commune.
    pub unit: &'a str,
    /// The period it is for.
    pub period: Period,
    /// The value.
    pub value: Value,
    /// The commune's remark.
    pub note: &'a str,
    /// Who entered it.
    pub entered_by: &'a str,
    /// When.
    pub entered_at: DateTime<Utc>,
}

impl FigureRecord<'_> {
    /// As [`RecordHash::figure`].
    #[must_use]
    pub fn hash(&self) -> RecordHash {
        let mut form = Form::begin(b'f');
        form.field(self.change.as_bytes());
        form.field(self.indicator.as_bytes());
        form.field(self.unit.as_bytes());
        form.text(self.period);
        match self.value {
            Value::Ratio { numerator, denominator } => {
                form.field(b"ratio");
                form.text(numerator);
                form.text(denominator);
            }
            Value::Percent(percent) => {
                form.field(b"percent");
                form.text(percent);
            }
            Value::Count(count) => {
                form.field(b"count");
                form.text(count);
            }
            Value::Decimal(decimal) => {
                form.field(b"decimal");
                form.text(decimal);
            }
            Value::Flag(flag) => {
                form.field(b"flag");
                form.field(if flag { b"yes" } else { b"no" });
            }
        }
        form.field(self.note.as_bytes());
        form.field(self.entered_by.as_bytes());
        form.field(&self.entered_at.timestamp_millis().to_be_bytes());
        form.end()
    }
}

/// A canonical form that is being put together: each field with its length before it, four bytes, big-endian.
struct Form(Vec<u8>);

/// Most forms take less.
const FORM_BYTES: usize = 256;
const LENGTH_BYTES: usize = 4;

impl Form {
    fn begin(tag: u8) -> Self {
        let mut form = Vec::with_capacity(FORM_BYTES);
        form.push(tag);
        Self(form)
    }

    fn field(&mut self, bytes: &[u8]) {
        self.fill(|form| form.extend_from_slice(bytes));
    }

    fn text(&mut self, text: impl Display) {
        // Writing into a vector does not fail.
        self.fill(|form| drop(write!(form, "{text}")));
    }

    fn fill(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let length_at = self.0.len();
        self.0.extend_from_slice(&[0; LENGTH_BYTES]);
        write(&mut self.0);
        // No field is near 4 GiB: bodies are bounded.
        let length = u32::try_from(self.0.len() - length_at - LENGTH_BYTES).unwrap_or(u32::MAX);
        self.0[length_at..length_at + LENGTH_BYTES].copy_from_slice(&length.to_be_bytes());
    }

    fn end(self) -> RecordHash {
        RecordHash(Sha256::digest(self.0).into())
    }
}

/// The digest of a set of records, and how many they are.
#[derive(Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct SetDigest {
    sum: [u64; 4],
    records: u64,
}

impl SetDigest {
    /// The digest of nothing.
    pub const EMPTY: SetDigest = SetDigest { sum: [0; 4], records: 0 };

    /// Adds a record.
    pub fn add(&mut self, record: RecordHash) {
        self.add_sum(record.limbs());
        self.records = self.records.wrapping_add(1);
    }

    /// Takes a record out again.
    pub fn remove(&mut self, record: RecordHash) {
        let mut borrow = false;
        for (mine, theirs) in self.sum.iter_mut().zip(record.limbs()) {
            let (difference, first) = mine.overflowing_sub(theirs);
            let (difference, second) = difference.overflowing_sub(u64::from(borrow));
            *mine = difference;
            borrow = first || second;
        }
        self.records = self.records.wrapping_sub(1);
    }

    /// Adds all records of another set; the sets share none.
    pub fn merge(&mut self, other: Self) {
        self.add_sum(other.sum.into_iter());
        self.records = self.records.wrapping_add(other.records);
    }

    fn add_sum(&mut self, limbs: impl Iterator<Item = u64>) {
        let mut carry = false;
        for (mine, theirs) in self.sum.iter_mut().zip(limbs) {
            let (sum, first) = mine.overflowing_add(theirs);
            let (sum, second) = sum.overflowing_add(u64::from(carry));
            *mine = sum;
            carry = first || second;
        }
    }

    /// How many records.
    #[must_use]
    pub fn records(self) -> u64 {
        self.records
    }

    /// The sum as 32 bytes, least significant first.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (chunk, limb) in bytes.chunks_exact_mut(8).zip(self.sum) {
            chunk.copy_from_slice(&limb.to_le_bytes());
        }
        bytes
    }

    /// From a store or the wire.
    #[must_use]
    pub fn from_bytes(sum: [u8; 32], records: u64) -> Self {
        let mut digest = Self { records, ..Self::EMPTY };
        digest.add_sum(RecordHash(sum).limbs());
        digest
    }
}

impl fmt::Debug for SetDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", &hex::encode(self.to_bytes())[..12], self.records)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_order_does_not_matter_and_removing_undoes_adding(
            records in proptest::collection::vec(any::<[u8; 32]>(), 0..20),
            at in any::<prop::sample::Index>(),
        ) {
            let sum = |records: &[[u8; 32]]| {
                let mut digest = SetDigest::EMPTY;
                records.iter().for_each(|record| digest.add(RecordHash(*record)));
                digest
            };
            let mut turned = records.clone();
            turned.reverse();
            let whole = sum(&records);
            prop_assert_eq!(whole, sum(&turned));
            prop_assert_eq!(SetDigest::from_bytes(whole.to_bytes(), whole.records()), whole);
            if !records.is_empty() {
                let place = at.index(records.len());
                let (mut first, second) = (sum(&records[..place]), sum(&records[place..]));
                first.merge(second);
                prop_assert_eq!(first, whole);
                let mut fewer = records.clone();
                let gone = fewer.remove(place);
                prop_assert_ne!(whole, sum(&fewer));
                let mut digest = whole;
                digest.remove(RecordHash(gone));
                prop_assert_eq!(digest, sum(&fewer));
            }
        }
    }

    #[test]
    fn every_field_of_a_record_counts() {
        let id = |n: u8| Uuid::from_bytes([n; 16]);
        let at = |ms| DateTime::from_timestamp_millis(ms).unwrap();
        let figure = |indicator: &str, unit: &str, note: &str, value| Observation {
            key: crate::observation::ObservationKey {
                indicator: indicator.into(),
                unit: unit.into(),
                period: "2026-10".parse().unwrap(),
            },
            value,
            note: note.into(),
        };
        let plain = figure("CDS-17", "", "", Value::Count(5));
        let evidence =
            |name: &str, size_bytes| Evidence { observation: id(1), sha256: [2; 32], name: name.into(), size_bytes };
        let hashes = [
            RecordHash::figure(id(1), &plain, "An", at(1)),
            RecordHash::figure(id(2), &plain, "An", at(1)),
            RecordHash::figure(id(1), &plain, "Bình", at(1)),
            RecordHash::figure(id(1), &plain, "An", at(2)),
            RecordHash::figure(id(1), &figure("CDS-1", "7", "", Value::Count(5)), "An", at(1)),
            RecordHash::figure(id(1), &figure("CDS-17", "", "x", Value::Count(5)), "An", at(1)),
            RecordHash::figure(id(1), &figure("CDS-17", "", "", Value::Percent(5.into())), "An", at(1)),
            RecordHash::figure(id(1), &figure("CDS-17", "", "", Value::Count(6)), "An", at(1)),
            RecordHash::evidence(&evidence("a.pdf", 1), "An", at(1)),
            RecordHash::evidence(&evidence("b.pdf", 1), "An", at(1)),
            RecordHash::evidence(&evidence("a.pdf", 2), "An", at(1)),
        ];
        let distinct: std::collections::HashSet<_> = hashes.into_iter().collect();
        assert_eq!(distinct.len(), hashes.len());
        // A change of the form would make old and new programs differ; made with another language's SHA-256.
        let pinned = "0d916e7fd7b8dba7bfa27b5a17f3710293a088812c0386766565168a30554895";
        assert_eq!(hex::encode(hashes[0].0), pinned);
    }
}
