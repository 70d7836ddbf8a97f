//! The way up to the province and back.
//!
//! | file | noun |
//! | --- | --- |
//! | [`machine`] | what to say next; pure |
//! | [`exchange`] | the machine and the store: frames in, frames out, no network |
//! | [`session`] | one gRPC stream that carries the frames |
//! | [`address`] | where the province is, of several servers which first |
//! | [`credential`] | key and certificates in the data folder |
//! | [`join`], [`renew`] | getting them, and keeping the certificate valid |
//! | [`trust`] | the province's authorities, said and learnt in each session |
//! | [`pending`] | the key of a certificate that has not come yet |
//! | [`mod@line`] | how much is sent at once |
//! | [`outcome`] | how a session ended, in words |

pub mod address;
pub mod credential;
pub mod exchange;
pub mod join;
pub mod line;
pub mod machine;
pub mod outcome;
pub mod pending;
pub mod renew;
pub mod session;
pub mod trust;

/// What this program calls itself.
pub const BUILD: &str = concat!("commune-agent/", env!("CARGO_PKG_VERSION"));
