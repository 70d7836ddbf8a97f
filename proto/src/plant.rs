//! Faults that are planted to see whether the simulation notices them. Only in builds with the feature `planted-faults`, which no program
//! of this project is released with.

use std::sync::atomic::{AtomicU8, Ordering};

static PLANTED: AtomicU8 = AtomicU8::new(0);

/// A fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Plant {
    /// The aggregator confirms what it commits only later.
    AcknowledgeBeforeCommit = 1,
    /// The aggregator stores again what came before.
    NoDuplicateCheck = 2,
    /// Neither end looks at the other's chain.
    NoChainCheck = 3,
}

/// Plants a fault in this process.
pub fn plant(fault: Plant) {
    PLANTED.store(fault as u8, Ordering::SeqCst);
}

/// Whether this fault is planted.
#[must_use]
pub fn is_planted(fault: Plant) -> bool {
    PLANTED.load(Ordering::SeqCst) == fault as u8
}
