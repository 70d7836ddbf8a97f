//! Accepting connections: TCP, then TLS, each handshake on its own and within bounds.
//!
//! Who connects waits among [`Limits::waiting`] until it has said a whole greeting (`ClientHello`) and a place is free, so that
//! connections that never speak, or speak a byte a second, hold up nobody who does. Then a stranger can take up one of
//! [`Limits::handshakes`] places for [`Limits::handshake`], no more: greeting and handshake have that long each, and then the opening
//! of HTTP/2 once more. Without a certificate the connection ends after [`Limits::stranger`]; what else comes after is bounded by
//! [`server`].

use crate::{
    identity::{Identity, IdentityError},
    tls::Fingerprint,
};
use arc_swap::ArcSwap;
use rustls::{ServerConfig, pki_types::CertificateDer, server::Acceptor};
use std::{
    io::{self, IoSlice},
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    task::{AbortHandle, JoinSet},
    time::{Sleep, sleep, timeout},
};
use tokio_rustls::{LazyConfigAcceptor, server::TlsStream};
use tokio_stream::Stream;
use tonic::transport::server::{Connected, Server};

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
/// Connections with finished handshakes that wait for the server to take them.
const MAX_WAITING: usize = 64;
/// Pause after the system refused to accept (most often: no file descriptors left).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Length of the fixed opening of HTTP/2 (RFC 9113, section 3.4).
const PREFACE_BYTES: usize = 24;

/// Bounds on what strangers can take up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest wait for the greeting, for a place after it, for the handshake, and for the opening of HTTP/2 after that.
    pub handshake: Duration,
    /// Handshakes at once.
    pub handshakes: usize,
    /// Connections that wait for their greeting or for a place; further ones wait to be accepted. Each takes some kilobytes.
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
            handshakes: 256,
            waiting: 4_096,
            connections: 384,
            stranger: Duration::from_secs(60),
            strangers: 64,
        }
    }
}

/// What a request knows of its connection: `request.extensions().get::<PeerCertificates>()`.
#[derive(Debug, Clone)]
pub struct PeerCertificates(Arc<Peer>);

#[derive(Debug)]
struct Peer {
    address: SocketAddr,
    leaf: Option<CertificateDer<'static>>,
    identity: Result<Identity, IdentityError>,
}

impl PeerCertificates {
    /// As from a connection from `address` with this certificate; the transport makes it, and tests of services do.
    #[must_use]
    pub fn new(address: SocketAddr, leaf: Option<CertificateDer<'static>>) -> Self {
        let identity = leaf.as_ref().ok_or(IdentityError::NoCertificate).and_then(Identity::from_certificate);
        Self(Arc::new(Peer { address, leaf, identity }))
    }

    /// Where the connection comes from.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.0.address
    }

    /// The client's certificate, issued by one of the client roots; none if it showed none.
    #[must_use]
    pub fn leaf(&self) -> Option<&CertificateDer<'static>> {
        self.0.leaf.as_ref()
    }

    /// Its fingerprint.
    #[must_use]
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        self.leaf().map(|leaf| Fingerprint::of(leaf))
    }

    /// Whom it names, read once when the connection came.
    ///
    /// # Errors
    /// [`IdentityError::NoCertificate`] without one, others when it names nobody.
    pub fn identity(&self) -> Result<&Identity, &IdentityError> {
        self.0.identity.as_ref()
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
    /// Not: the other end does not speak TLS, knows another authority, or went away.
    Failed,
    /// It took too long.
    TimedOut,
}

/// Is told how each handshake ended.
pub type Observer = Arc<dyn Fn(Handshake) + Send + Sync>;

/// Accepted connections, handshake done, for `serve_with_incoming`. Dropping it stops accepting. Must be called within a runtime.
/// `config` is read anew for each connection, so certificates and roots can be swapped.
#[must_use = "nothing is served unless the stream is polled"]
pub fn incoming(listener: TcpListener, config: Arc<ArcSwap<ServerConfig>>, limits: Limits) -> Incoming {
    observed(listener, config, limits, Arc::new(|_| {}))
}

/// As [`incoming`], and someone counts the handshakes.
#[must_use = "nothing is served unless the stream is polled"]
pub fn observed(
    listener: TcpListener,
    config: Arc<ArcSwap<ServerConfig>>,
    limits: Limits,
    observer: Observer,
) -> Incoming {
    let (sender, connections) = mpsc::channel(MAX_WAITING);
    let accepting = tokio::spawn(accept(listener, config, limits, sender, observer)).abort_handle();
    Incoming { connections, accepting }
}

/// See [`incoming`].
pub struct Incoming {
    connections: mpsc::Receiver<TlsConnection>,
    accepting: AbortHandle,
}

impl Stream for Incoming {
    type Item = io::Result<TlsConnection>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.connections.poll_recv(context).map(|connection| connection.map(Ok))
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Accepts for ever; ends by being aborted, and the handshakes with it.
async fn accept(
    listener: TcpListener,
    config: Arc<ArcSwap<ServerConfig>>,
    limits: Limits,
    sender: mpsc::Sender<TlsConnection>,
    observer: Observer,
) {
    let waiting = Arc::new(Semaphore::new(limits.waiting));
    let places = Places {
        connections: Arc::new(Semaphore::new(limits.connections)),
        handshakes: Arc::new(Semaphore::new(limits.handshakes)),
        strangers: Arc::new(Semaphore::new(limits.strangers)),
    };
    let mut running = JoinSet::new();
    loop {
        let Ok(turn) = Arc::clone(&waiting).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, address)) => {
                let (config, places) = (config.clone(), places.clone());
                let (sender, observer) = (sender.clone(), observer.clone());
                running.spawn(async move {
                    let Some(shaken) = places.receive(stream, address, &config, limits.handshake, turn).await else {
                        return;
                    };
                    observer(shaken.as_ref().map_or_else(|how| *how, |_| Handshake::Done));
                    if let Ok((stream, connection, handshake)) = shaken {
                        let Some(accepted) = TlsConnection::new(stream, address, limits, connection, &places.strangers)
                        else {
                            tracing::debug!(%address, "there are as many connections without a certificate as may be");
                            return;
                        };
                        // Fails only when the server is gone, and with it the connection.
                        let _ = sender.send(accepted).await;
                        drop(handshake);
                    }
                });
            }
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                sleep(ACCEPT_PAUSE).await;
            }
        }
        while running.try_join_next().is_some() {}
    }
}

/// What those who have greeted wait for.
#[derive(Clone)]
struct Places {
    connections: Arc<Semaphore>,
    handshakes: Arc<Semaphore>,
    strangers: Arc<Semaphore>,
}

/// A connection under TLS, its place, and the place of its handshake.
type Received = (TlsStream<TcpStream>, OwnedSemaphorePermit, OwnedSemaphorePermit);

impl Places {
    /// Listens to the greeting, waits for a place, and shakes hands. `turn` is the place among those who wait; none when the server ends.
    async fn receive(
        &self,
        stream: TcpStream,
        address: SocketAddr,
        config: &ArcSwap<ServerConfig>,
        limit: Duration,
        turn: OwnedSemaphorePermit,
    ) -> Option<Result<Received, Handshake>> {
        let failed = |error: &io::Error| {
            tracing::debug!(%address, %error, "handshake failed");
            Handshake::Failed
        };
        let late = || {
            tracing::debug!(%address, "handshake took too long");
            Handshake::TimedOut
        };
        if let Err(error) = stream.set_nodelay(true) {
            return Some(Err(failed(&error)));
        }
        let greeting = match timeout(limit, LazyConfigAcceptor::new(Acceptor::default(), stream)).await {
            Ok(Ok(greeting)) => greeting,
            Ok(Err(error)) => return Some(Err(failed(&error))),
            Err(_) => return Some(Err(late())),
        };
        let places = async {
            let connection = Arc::clone(&self.connections).acquire_owned().await.ok()?;
            Some((connection, Arc::clone(&self.handshakes).acquire_owned().await.ok()?))
        };
        // Who has waited so long is most likely gone, and will come again.
        let (connection, handshake) = match timeout(limit, places).await {
            Ok(places) => places?,
            Err(_) => return Some(Err(late())),
        };
        drop(turn);
        Some(match timeout(limit, greeting.into_stream(config.load_full())).await {
            Ok(Ok(stream)) => Ok((stream, connection, handshake)),
            Ok(Err(error)) => Err(failed(&error)),
            Err(_) => Err(late()),
        })
    }
}

/// A connection under TLS.
pub struct TlsConnection {
    stream: TlsStream<TcpStream>,
    peer: PeerCertificates,
    opening: Option<Opening>,
    stranger: Option<Pin<Box<Sleep>>>,
    _permit: OwnedSemaphorePermit,
    /// Its place among those without a certificate.
    _as_stranger: Option<OwnedSemaphorePermit>,
}

/// What is still to come of the opening of HTTP/2, and until when: the keepalive sets in only after it.
struct Opening {
    missing_bytes: usize,
    deadline: Pin<Box<Sleep>>,
}

impl TlsConnection {
    /// None where there are too many without a certificate.
    fn new(
        stream: TlsStream<TcpStream>,
        address: SocketAddr,
        limits: Limits,
        permit: OwnedSemaphorePermit,
        strangers: &Arc<Semaphore>,
    ) -> Option<Self> {
        let leaf = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
        let peer = PeerCertificates::new(address, leaf.map(|leaf| leaf.clone().into_owned()));
        let opening = Some(Opening { missing_bytes: PREFACE_BYTES, deadline: Box::pin(sleep(limits.handshake)) });
        let (stranger, as_stranger) = match peer.leaf() {
            Some(_) => (None, None),
            None => (Some(Box::pin(sleep(limits.stranger))), Some(Arc::clone(strangers).try_acquire_owned().ok()?)),
        };
        Some(Self { stream, peer, opening, stranger, _permit: permit, _as_stranger: as_stranger })
    }
}

impl Connected for TlsConnection {
    type ConnectInfo = PeerCertificates;

    fn connect_info(&self) -> PeerCertificates {
        self.peer.clone()
    }
}

impl AsyncRead for TlsConnection {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(context, buffer);
        if let Some(deadline) = &mut this.stranger
            && read.is_pending()
            && deadline.as_mut().poll(context).is_ready()
        {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "no certificate, and the time is over")));
        }
        let Some(opening) = &mut this.opening else { return read };
        opening.missing_bytes = opening.missing_bytes.saturating_sub(buffer.filled().len() - before);
        if opening.missing_bytes == 0 {
            this.opening = None;
        } else if read.is_pending() && opening.deadline.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "nothing was asked after the handshake")));
        }
        read
    }
}

impl AsyncWrite for TlsConnection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
