//! Accepting connections: TCP, then TLS, each handshake on its own and within bounds.
//!
//! | module | noun |
//! | --- | --- |
//! | `connection` | one connection: who is at its other end, and how long it may take to begin |
//! | `incoming` | those who come: greeted, divided, given a place, and shaken hands with |
//!
//! Who connects waits among [`Limits::waiting`] until it has said a whole greeting (`ClientHello`) and a place is free, so that
//! connections that never speak, or speak a byte a second, hold up nobody who does. Then a stranger can take up one of
//! [`Limits::handshakes`] places for [`Limits::handshake`], no more: greeting and handshake have that long each, and then the opening
//! of HTTP/2 once more. Between greeting and handshake everybody waits in the order of the greetings, at most [`Limits::place`]. Without a certificate the connection ends after [`Limits::stranger`]; what else comes after is bounded by
//! [`server`].
//!
//! A member of the staff who asks says so in the greeting ([`tls::asking`](crate::tls::asking)), and can be served apart
//! ([`divided`]): a question then does not wait its turn behind the sessions of a nation that wakes. The word decides which queue it
//! is, no more: without a staff certificate that connection is closed after its handshake.

mod connection;
mod incoming;

pub use connection::{PeerCertificates, TlsConnection};
pub use incoming::{Divided, Incoming, divided, incoming};

use crate::connect::ANSWER_TIMEOUT;
use std::{sync::Arc, time::Duration};
use tonic::transport::server::Server;

/// Oldest a connection grows before the server asks for a new one: certificates are checked at handshakes only.
pub const CONNECTION_AGE: Duration = Duration::from_secs(60 * 60);
/// How long calls may go on after that.
pub const CONNECTION_AGE_GRACE: Duration = Duration::from_secs(15 * 60);
/// Most calls at once on one connection.
pub const MAX_CALLS_PER_CONNECTION: u32 = 16;
const MAX_HEADER_BYTES: u32 = 16 * 1024;
const MAX_PENDING_RESETS: usize = 20;
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(30);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(20);

/// Bounds on what strangers can take up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest wait for the greeting, for the handshake, and for the opening of HTTP/2 after that.
    pub handshake: Duration,
    /// Longest wait for a place after the greeting: about as long as whoever connects waits ([`ANSWER_TIMEOUT`]).
    ///
    /// [`ANSWER_TIMEOUT`]: crate::connect::ANSWER_TIMEOUT
    pub place: Duration,
    /// Handshakes at once; where staff who ask are served apart, so many handshakes and connections of theirs besides.
    pub handshakes: usize,
    /// Connections that wait for their greeting or for a place; further ones wait to be accepted. All but [`Limits::handshakes`] of them
    /// can wait for a place, and who has greeted beyond that is closed. Each takes some kilobytes.
    pub waiting: usize,
    /// Connections at once, handshakes included; further ones wait for a place. Each takes about 100 KiB, so that this bounds
    /// what a nation that wakes in one minute takes.
    pub connections: usize,
    /// Longest connection without a client certificate: enough to join, not to keep a place.
    pub stranger: Duration,
    /// Of the connections, those without a client certificate; further ones are closed, so that strangers leave room for agents.
    pub strangers: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            place: ANSWER_TIMEOUT,
            handshakes: 256,
            waiting: 12_288,
            connections: 384,
            stranger: Duration::from_secs(60),
            strangers: 64,
        }
    }
}

/// A server with this project's bounds (keepalive, connection age, calls, headers), to add services to.
#[must_use]
pub fn server() -> Server {
    Server::builder()
        .http2_keepalive_interval(Some(KEEPALIVE_INTERVAL))
        .http2_keepalive_timeout(Some(KEEPALIVE_TIMEOUT))
        .max_connection_age(CONNECTION_AGE)
        .max_connection_age_grace(CONNECTION_AGE_GRACE)
        .max_concurrent_streams(MAX_CALLS_PER_CONNECTION)
        .http2_max_header_list_size(MAX_HEADER_BYTES)
        .http2_max_pending_accept_reset_streams(Some(MAX_PENDING_RESETS))
}

/// How a handshake ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handshake {
    /// Well.
    Done,
    /// Not: the other end does not speak TLS, knows another authority, or went away, or too many wait already.
    Failed,
    /// It took too long.
    TimedOut,
}

/// Is told how each handshake ended.
pub type Observer = Arc<dyn Fn(Handshake) + Send + Sync>;
