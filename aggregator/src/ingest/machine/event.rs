//! What goes into a session's machine and what comes out of it.

use crate::store::{BatchOutcome, HistoryPage, Opening, Remade};
use prost::bytes::Bytes;
use proto::{
    digest::Difference,
    sync::v1::{self, AgentFrame, AggregatorFrame},
};
use shared::{
    change::{Chain, Incarnation, LogPosition},
    digest::SetDigest,
    period::Period,
};
use std::collections::BTreeMap;

/// What happens to a session.
#[derive(Debug)]
pub enum Input {
    /// A frame came.
    Frame(AgentFrame),
    /// The agent closed its side.
    Closed,
    /// The store answered [`Output::Open`].
    Opened {
        /// Its answer.
        opening: Opening,
        /// Whether there is a place; if not, when to come back.
        admission: Admission,
        /// The province's time.
        clock_unix_ms: i64,
    },
    /// The store answered [`Output::Recall`].
    Recalled(Option<Chain>),
    /// The writer answered [`Output::Store`]; in the order of the batches.
    Stored {
        /// What became of the batch.
        outcome: BatchOutcome,
        /// When it had arrived, by the province's clock.
        received_at_unix_ms: i64,
        /// The province's word for it; from protocol 2 on.
        receipt: Option<v1::Receipt>,
    },
    /// The store answered [`Output::ReadFeed`].
    Feed(Page),
    /// [`Output::Conclude`] was done.
    Concluded,
    /// The store answered [`Output::ReadHistory`].
    History(HistoryPage),
    /// The answer to [`Output::Compare`]: where the two ends differ.
    Compared(Vec<Difference>),
    /// The store answered [`Output::Remake`].
    Remade(Remade),
    /// The answer to [`Output::Offer`] or [`Output::Keep`].
    Files(Vec<v1::HeldFile>),
    /// The session cannot go on.
    Interrupted(Interruption),
}

/// Whether there is a place for the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// There is.
    Granted,
    /// There is none; come back after this time.
    Later {
        /// How long to wait.
        retry_after_ms: u64,
    },
}

/// A receipt that an agent shows: the province has confirmed these changes before, and lost them since. Unchecked.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// The receipt.
    pub receipt: v1::Receipt,
    /// The certificate of its key, DER.
    pub certificate: Vec<u8>,
}

/// A page of the feed, ready to be sent.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// Its parts.
    pub parts: Vec<v1::FeedPart>,
    /// The feed position after it.
    pub position: u64,
    /// Whether another page follows.
    pub more: bool,
}

/// Why a session cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interruption {
    /// Nothing came for too long.
    Idle,
    /// It went on for too long.
    TooLong,
    /// The commune's agent opened a newer one.
    Replaced,
    /// Its certificate was revoked.
    Revoked,
    /// The server stops.
    Stopping,
    /// The store failed: nothing is known of what was not acknowledged.
    Store,
    /// The stream broke.
    Broken,
    /// A frame came that is too large or cannot be unpacked.
    Unreadable,
}

/// What is to be done next, in order.
#[derive(Debug, PartialEq)]
pub enum Output {
    /// Ask the store how the agent's log stands.
    Open {
        /// The agent's incarnation.
        incarnation: Incarnation,
        /// The seq of its head.
        head_seq: u64,
        /// The seq that it believes acknowledged.
        acknowledged_seq: u64,
        /// Its build version.
        build: String,
        /// What it takes for the time; none where it does not say.
        clock_unix_ms: Option<i64>,
        /// SHA-256 of each authority that it trusts.
        authorities: Vec<[u8; 32]>,
        /// The newest protocol that both speak, if there is one.
        protocol: Option<u32>,
    },
    /// Ask the store for the chain after `seq` changes of the commune's log.
    Recall {
        /// How many changes.
        seq: u64,
    },
    /// Judge these changes and hand them to the writer.
    Store {
        /// The position before the first.
        before: LogPosition,
        /// Body and chain of each.
        changes: Vec<(Bytes, Chain)>,
        /// The receipt that the agent shows for them, unchecked.
        shown: Option<Shown>,
    },
    /// Read a page of the feed.
    ReadFeed {
        /// After this position.
        after: u64,
        /// On the first page: the version of the catalogue that the agent holds.
        catalogue_version: Option<u64>,
    },
    /// Read a page of the commune's log.
    ReadHistory {
        /// After this position.
        after: LogPosition,
    },
    /// Compare the agent's digests with what the records say.
    Compare(BTreeMap<Period, SetDigest>),
    /// Take changes that were sent again, and make the records anew after the last.
    Remake {
        /// Of which period.
        period: Period,
        /// Of which indicator.
        indicator: String,
        /// Seq and body of each.
        changes: Vec<(u64, Bytes)>,
        /// Whether they are the last.
        last: bool,
    },
    /// Say of these files whether they are wanted: SHA-256 and size.
    Offer(Vec<([u8; 32], u64)>),
    /// Keep a piece of a file.
    Keep {
        /// Of which file.
        sha256: [u8; 32],
        /// Where it belongs.
        offset: u64,
        /// The bytes.
        data: Bytes,
    },
    /// Send a frame.
    Send(AggregatorFrame),
    /// Note that the session ended well, durably, before the last frame says so.
    Conclude,
    /// It is over.
    End(Ending),
}

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Everything was sent and received.
    Done,
    /// The agent closed before it had its feed.
    ClosedEarly,
    /// Turned away, and why.
    TurnedAway(v1::Verdict),
    /// The agent did what the protocol does not allow.
    Violation(&'static str),
    /// It could not go on.
    Interrupted(Interruption),
}
