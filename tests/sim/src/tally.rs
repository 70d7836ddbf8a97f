//! What was injected and what was moved, and the trace of a seed.

use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, fmt};

/// Counts by name, and a hash over everything that happened in its order.
#[derive(Debug, Default)]
pub struct Tally {
    counts: BTreeMap<String, u64>,
    trace: Sha256,
    told: bool,
}

impl Tally {
    /// One that also prints what happens.
    pub fn telling(told: bool) -> Self {
        Self { told, ..Self::default() }
    }

    /// Something happened that is counted.
    pub fn count(&mut self, name: &str) {
        self.add(name, 1);
    }

    /// So many.
    pub fn add(&mut self, name: &str, number: u64) {
        *self.counts.entry(name.to_owned()).or_default() += number;
    }

    /// Something happened; part of the trace.
    pub fn trace(&mut self, what: impl fmt::Display) {
        let line = what.to_string();
        if self.told {
            println!("{line}");
        }
        self.trace.update(line.as_bytes());
        self.trace.update(b"\n");
    }

    /// The hash of the trace, and the counts.
    pub fn finish(self) -> (String, BTreeMap<String, u64>) {
        (hex::encode(&self.trace.finalize()[..12]), self.counts)
    }
}
