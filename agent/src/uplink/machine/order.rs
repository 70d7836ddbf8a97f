//! What goes into the machine and what comes out of it: the province's frames and the store's answers, our frames and orders to the store.

use crate::{
    store::{
        figures::StoredRefusal,
        file::{EvidenceFile, FileState},
        history::HeldChange,
        log::Page,
        replay::LoggedChange,
    },
    uplink::outcome::Outcome,
};
use proto::{digest::Difference, sync::v1};
use rustls::pki_types::CertificateDer;
use shared::{
    change::{Incarnation, LogPosition},
    digest::SetDigest,
    feed::FeedItem,
    period::Period,
};
use std::collections::BTreeMap;
use uuid::Uuid;

/// What the store knows when a session begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// What this program calls itself.
    pub build: String,
    /// Province id.
    pub province: String,
    /// Commune slug.
    pub commune: String,
    /// The authorities trusted, DER.
    pub authorities: Vec<CertificateDer<'static>>,
    /// The epoch that the feed position belongs to.
    pub epoch: Option<Vec<u8>>,
    /// The store's life.
    pub incarnation: Incarnation,
    /// End of our log.
    pub head: LogPosition,
    /// What the province has confirmed.
    pub acknowledged: LogPosition,
    /// Feed position held.
    pub feed_position: u64,
    /// Catalogue version held.
    pub catalogue_version: u64,
    /// Our clock.
    pub clock_unix_ms: i64,
    /// When the province's frames come as a file: the bundle that they answer.
    pub carried: Option<Box<Carried>>,
}

/// A bundle that was made, as the machine has to know it when the answer comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// The last change in it.
    pub end: u64,
    /// The feed position that it asked from.
    pub feed_position: u64,
    /// The epoch of that position.
    pub epoch: Option<Vec<u8>>,
}

/// How far a session has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Stage {
    /// Figures are sent, or the feed is taken over.
    #[default]
    Delivering,
    /// All figures are confirmed and the feed is taken over; the digests are compared.
    Comparing,
    /// What is left is evidence.
    Uploading,
}

/// What happens.
#[derive(Debug)]
pub enum Input {
    /// The session begins.
    Started(Facts),
    /// The province said something.
    Frame(Box<v1::AggregatorFrame>),
    /// The answer to [`Output::CheckPosition`].
    Position {
        /// Whether our own log has this chain at this place.
        agrees: bool,
    },
    /// The answer to [`Output::ReadPage`].
    Page(Option<Page>),
    /// The answer to the `Store…`, `Stage…`, `Note…` and `SwitchFeed` orders that ask for one: it is durable.
    Stored,
    /// The answer to [`Output::BeginHealing`]: from where on the province's log is wanted.
    Healing(LogPosition),
    /// The answer to [`Output::Rebase`]: the store as it is now.
    Rebased(Box<Facts>),
    /// The answer to [`Output::ReadDigests`].
    Digests(BTreeMap<Period, SetDigest>),
    /// The answer to [`Output::FindDifferences`]: where our own records still differ, having been made anew from our log.
    Differing(Vec<(Period, String)>),
    /// The answer to [`Output::ReadChangesAbout`].
    ChangesAbout(Vec<LoggedChange>),
    /// The answer to [`Output::ReadOffer`].
    Offer(Vec<EvidenceFile>),
    /// The answer to [`Output::ReadChunk`]; `None` when the file is not here any more.
    Chunk(Option<Vec<u8>>),
    /// The answer to [`Output::CheckCopy`].
    Copy {
        /// Whether it is here and has the bytes of its hash.
        is_whole: bool,
    },
    /// The province ended the stream.
    Closed,
}

/// A change that the province did not take.
pub type Refused = (u64, Uuid, StoredRefusal);

/// What to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Say this.
    Send(v1::AgentFrame),
    /// Compare with our own log; answered by [`Input::Position`].
    CheckPosition(LogPosition),
    /// Take over the province's clock, exercise, epoch, keys and authorities. No answer.
    NoteWelcome(Box<v1::Welcome>),
    /// Read the changes after a place; answered by [`Input::Page`].
    ReadPage {
        /// Where to begin.
        after_seq: u64,
        /// Most bytes of bodies.
        most_bytes: usize,
    },
    /// Mark as confirmed; answered by [`Input::Stored`].
    StoreAcknowledgement {
        /// What was confirmed before.
        after_seq: u64,
        /// What is now.
        position: LogPosition,
        /// Which of them were refused.
        refused: Vec<Refused>,
        /// The province's signed word on it, checked.
        receipt: Option<v1::Receipt>,
    },
    /// Make ready to take back the province's log; answered by [`Input::Healing`].
    BeginHealing {
        /// Both logs agree up to here.
        common: LogPosition,
        /// The end of the province's log.
        goal: LogPosition,
    },
    /// Keep a page of the province's log aside; answered by [`Input::Stored`].
    StageHistory {
        /// What it follows. At the beginning of the log, or where it does not follow what is kept, that is forgotten.
        after: LogPosition,
        /// The changes.
        changes: Vec<HeldChange>,
    },
    /// Make the store anew from what was kept aside, which ends here; answered by [`Input::Rebased`].
    Rebase {
        /// The end of the province's log.
        goal: LogPosition,
    },
    /// Read the sums of all periods; answered by [`Input::Digests`].
    ReadDigests,
    /// Make our own records of what differs anew from our log, and compare again; answered by [`Input::Differing`].
    FindDifferences(Vec<Difference>),
    /// Read all changes about one indicator and period; answered by [`Input::ChangesAbout`].
    ReadChangesAbout {
        /// The period.
        period: Period,
        /// The indicator.
        indicator: String,
    },
    /// The province made its records of these changes anew; take over which are refused. Answered by [`Input::Stored`].
    StoreResent {
        /// What was sent again.
        changes: Vec<u64>,
        /// Which of them are refused.
        refused: Vec<Refused>,
        /// Records that it wrote, changed or removed.
        repaired: u64,
    },
    /// Note how the digests compared; answered by [`Input::Stored`].
    NoteComparison {
        /// Whether both ends hold the same.
        equal: bool,
    },
    /// Read the files to be sent behind a place; answered by [`Input::Offer`].
    ReadOffer {
        /// The place.
        after: Option<[u8; 32]>,
    },
    /// Read a piece of a file; answered by [`Input::Chunk`].
    ReadChunk {
        /// The file.
        sha256: [u8; 32],
        /// From where.
        offset: u64,
        /// Most bytes.
        most_bytes: usize,
    },
    /// Read our copy of a file whole and compare its hash; answered by [`Input::Copy`].
    CheckCopy {
        /// The file.
        sha256: [u8; 32],
        /// Its size.
        size_bytes: u64,
    },
    /// Note where a file stands. No answer.
    NoteFile {
        /// The file.
        sha256: [u8; 32],
        /// Where it stands.
        state: FileState,
        /// How much the province holds.
        held_bytes: u64,
        /// Why it is refused.
        code: String,
    },
    /// Keep aside. No answer.
    StageFeed(FeedItem),
    /// Switch to what was kept aside; answered by [`Input::Stored`].
    SwitchFeed {
        /// The feed's position.
        position: u64,
    },
    /// The session is over.
    Finish(Outcome),
}
