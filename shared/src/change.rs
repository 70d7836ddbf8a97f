//! Entries of an agent's change log, and the chain that ties each to all before it.

use crate::observation::Observation;
use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use std::fmt;
use uuid::Uuid;

/// The schema version of change bodies that this program writes.
pub const CHANGE_SCHEMA: u32 = 1;
/// How many kinds of change this program knows. A store notes the number with which it last looked at what it could not apply; it
/// looks again when the program knows more.
pub const CHANGE_KINDS: u32 = 4;
/// Largest encoded change body, in bytes. Larger ones are refused as unreadable.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// The chain after a change: `SHA-256(chain before ‖ body)`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Chain(pub [u8; 32]);

impl Chain {
    /// The chain of an empty log.
    pub const START: Chain = Chain([0; 32]);

    /// The chain after one more body.
    #[must_use]
    pub fn then(self, body: &[u8]) -> Self {
        Self(Sha256::new().chain_update(self.0).chain_update(body).finalize().into())
    }

    /// From the wire or a store; `None` unless 32 bytes.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", &hex::encode(self.0)[..12])
    }
}

/// A place in a change log: after `seq` changes the chain has this value. Seq 0 is the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogPosition {
    /// How many changes came before, contiguous from 1.
    pub seq: u64,
    /// The chain after them.
    pub chain: Chain,
}

impl LogPosition {
    /// The beginning of every log.
    pub const START: LogPosition = LogPosition { seq: 0, chain: Chain::START };

    /// The position after one more change.
    #[must_use]
    pub fn then(self, body: &[u8]) -> Self {
        Self { seq: self.seq + 1, chain: self.chain.then(body) }
    }
}

/// The random 128-bit id of a store's life: made when it is created or restored, never in a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Incarnation(pub [u8; 16]);

impl Incarnation {
    /// From the wire or a store; `None` unless 16 bytes.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl fmt::Display for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// A file bound to one version of one observation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The change that recorded the version.
    pub observation: Uuid,
    /// SHA-256 of the bytes.
    pub sha256: [u8; 32],
    /// File name as the clerk knows it.
    pub name: String,
    /// Size in bytes.
    pub size_bytes: u64,
}

/// Two versions of one figure that were entered on two branches of the commune's log. Both are kept, the later counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Conflict {
    /// The change that recorded the version of the branch that the province held.
    pub earlier: Uuid,
    /// The change that recorded the version appended after it.
    pub later: Uuid,
}

/// What a change does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// A new version of a figure.
    Recorded(Observation),
    /// Evidence for a version.
    Attached(Evidence),
    /// A person has to look at two versions of a figure.
    ConflictNoted(Conflict),
    /// A person has looked; names the change that noted the conflict.
    ConflictSettled(Uuid),
}

impl Deed {
    /// The earlier change that it names and cannot be without.
    #[must_use]
    pub fn about(&self) -> Option<Uuid> {
        match self {
            Deed::Attached(evidence) => Some(evidence.observation),
            Deed::ConflictSettled(conflict) => Some(*conflict),
            Deed::Recorded(_) | Deed::ConflictNoted(_) => None,
        }
    }
}

/// A change, decoded. Its bytes are what the chain is over, so both are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// UUID version 7.
    pub id: Uuid,
    /// When, by the agent's clock.
    pub entered_at: DateTime<Utc>,
    /// Who.
    pub entered_by: String,
    /// What.
    pub deed: Deed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chain_is_sha256_of_the_chain_before_and_the_body() {
        let first = LogPosition::START.then(b"abc");
        assert_eq!(first.seq, 1);
        let mut bytes = vec![0u8; 32];
        bytes.extend_from_slice(b"abc");
        assert_eq!(first.chain.0, <[u8; 32]>::from(Sha256::digest(&bytes)));
        assert_ne!(first.then(b"x").chain, LogPosition::START.then(b"x").chain);
    }
}
