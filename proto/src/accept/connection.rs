//! One connection under TLS: who is at its other end, and how long it may take to begin.

use super::Limits;
use crate::{
    identity::{Identity, IdentityError},
    tls::Fingerprint,
};
use rustls::pki_types::CertificateDer;
use std::{
    io::{self, IoSlice},
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Sleep, sleep},
};
use tokio_rustls::server::TlsStream;
use tonic::transport::server::Connected;

/// Length of the fixed opening of HTTP/2 (RFC 9113, section 3.4).
const PREFACE_BYTES: usize = 24;

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
    pub(super) fn new(
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

impl TlsConnection {
    /// Who is at its other end.
    pub(super) fn peer(&self) -> &PeerCertificates {
        &self.peer
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
