//! The wire: what travels between a commune's agent and the province, and how each end proves who it is.
//!
//! | module | noun |
//! | --- | --- |
//! | [`sync`], [`enrolment`], [`query`] | generated from `proto/tiendo/**`, never edited |
//! | [`change`], [`position`], [`catalogue`], [`feed`], [`digest`] | wire <-> domain; bad input is refused with a [`WireError`], never dropped |
//! | [`identity`] | who a certificate names; signing requests |
//! | [`tls`] | TLS settings of both ends, fingerprints |
//! | [`accept`], [`connect`] | TLS under gRPC, on the server and at the agent |
//! | [`receipt`] | the province's signed word that it holds a log |
//! | [`bundle`] | a session as a file, signed and sealed |
//! | [`publication`] | a closed period as a file, signed by its province |
//! | [`renewal`] | what an agent with an expired certificate signs |
//! | [`pem`] | key and certificate files |
//!
//! It decides nothing: which figure is allowed is the domain's word, who may call what is each service's.

pub mod accept;
#[cfg(test)]
mod authority;
pub mod bundle;
pub mod catalogue;
pub mod change;
pub mod connect;
pub mod digest;
mod error;
pub mod feed;
mod field;
#[cfg(test)]
mod golden;
pub mod identity;
#[cfg(test)]
mod loopback;
pub mod pem;
#[cfg(feature = "planted-faults")]
pub mod plant;
pub mod position;
pub mod publication;
pub mod receipt;
pub mod renewal;
pub mod tls;

pub use error::WireError;

/// Oldest protocol that this program speaks.
pub const PROTOCOL_MIN: u32 = 1;
/// Newest protocol that this program speaks: 2 added receipts, taking history back, digests and the bytes of evidence.
pub const PROTOCOL_MAX: u32 = 2;
/// Most bytes of change bodies in one batch.
pub const MAX_BATCH_BYTES: usize = 512 * 1024;
/// Largest message in either direction, decompressed, in bytes. Set it on every client and service.
pub const MAX_FRAME_BYTES: usize = 4 * 1024 * 1024;
/// Most bytes of one chunk of evidence.
pub const MAX_CHUNK_BYTES: usize = 256 * 1024;
/// Most files in one offer of evidence.
pub const MAX_OFFERED_FILES: usize = 256;
/// The code of a file that has come whole and is on its way to where it is kept: there is nothing to send, and it is not held yet.
pub const BEING_STORED: &str = "being_stored";
/// Most periods in one report of digests.
pub const MAX_DIGEST_PERIODS: usize = 400;
/// Most indicators in which one period is reported to differ; what is beyond is compared in the next session.
pub const MAX_DIGEST_INDICATORS: usize = 1_000;
/// Most changes in one page of history, and in one frame of changes sent again.
pub const MAX_PAGE_CHANGES: usize = 1_000;
/// Most authorities that are trusted at once.
pub const MAX_AUTHORITIES: usize = 4;
/// Most batches sent and not yet acknowledged.
pub const MAX_BATCHES_IN_FLIGHT: usize = 4;

/// All definitions as a descriptor set, for gRPC reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// Moving a commune's change log up and the province's decisions down.
pub mod sync {
    /// Package `tiendo.sync.v1`.
    #[allow(
        missing_docs,
        clippy::all,
        clippy::pedantic,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::needless_pass_by_value
    )]
    pub mod v1 {
        tonic::include_proto!("tiendo.sync.v1");
    }
}

/// Getting an agent's certificate and keeping it valid.
pub mod enrolment {
    /// Package `tiendo.enrolment.v1`.
    #[allow(
        missing_docs,
        clippy::all,
        clippy::pedantic,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::needless_pass_by_value
    )]
    pub mod v1 {
        tonic::include_proto!("tiendo.enrolment.v1");
    }
}

/// A session as a file.
mod bundles {
    /// Package `tiendo.bundle.v1`.
    #[allow(missing_docs, clippy::all, clippy::pedantic)]
    pub mod v1 {
        tonic::include_proto!("tiendo.bundle.v1");
    }
}

/// A closed period as a file.
mod publications {
    /// Package `tiendo.publication.v1`.
    #[allow(missing_docs, clippy::all, clippy::pedantic)]
    pub mod v1 {
        tonic::include_proto!("tiendo.publication.v1");
    }
}

/// What province staff ask.
pub mod query {
    /// Package `tiendo.query.v1`.
    #[allow(
        missing_docs,
        clippy::all,
        clippy::pedantic,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::needless_pass_by_value
    )]
    pub mod v1 {
        tonic::include_proto!("tiendo.query.v1");
    }
}
