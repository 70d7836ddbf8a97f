//! A connection, within bounds, to a host that may be spoken to.

use crate::delivery_error::Fault;
use hyper::Uri;
use lettre::transport::smtp::client::AsyncTokioStream;
use std::{
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpStream, lookup_host},
};

/// Most that a server may say in one delivery.
const MAX_HEARD_BYTES: usize = 256 * 1024;
const MAX_URL_BYTES: usize = 2_048;

/// Where a web service is.
pub(crate) struct Address {
    pub(crate) protected: bool,
    pub(crate) host: String,
    pub(crate) port: u16,
    /// As the service is asked for it: host, and port where it is stated.
    pub(crate) authority: String,
    /// May hold a secret.
    pub(crate) path: String,
}

impl Address {
    pub(crate) fn parse(url: &str) -> Option<Self> {
        if url.len() > MAX_URL_BYTES {
            return None;
        }
        let uri: Uri = url.parse().ok()?;
        let protected = match uri.scheme_str()? {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let authority = uri.authority()?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        // A user or password in it would be sent to nobody, and printed.
        if host.is_empty() || authority.as_str().contains('@') {
            return None;
        }
        Some(Self {
            protected,
            host: host.to_owned(),
            port: uri.port_u16().unwrap_or(if protected { 443 } else { 80 }),
            authority: authority.as_str().to_owned(),
            path: uri.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
        })
    }
}

/// Whether a host is this computer by its name.
pub(crate) fn is_here(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// Connects; without protection only to this computer, whatever its name resolves to.
pub(crate) async fn connect(host: &str, port: u16, protected: bool) -> Result<TcpStream, Fault> {
    let unreachable = |source| Fault::Unreachable { host: host.to_owned(), source };
    let found = lookup_host((host, port)).await.map_err(unreachable)?;
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in found.filter(|address: &SocketAddr| protected || address.ip().is_loopback()) {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(unreachable(last))
}

/// What an error within a conversation means.
pub(crate) fn broken(error: &(dyn std::error::Error + 'static)) -> Fault {
    let mut next = Some(error);
    while let Some(cause) = next {
        let inner = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        let tls = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()).or_else(|| cause.downcast_ref());
        if let Some(rustls::Error::InvalidCertificate(_)) = tls {
            return Fault::Untrusted(cause.to_string());
        }
        next = cause.source();
    }
    Fault::Broken(error.to_string())
}

/// A stream that ends when its other end has said too much.
#[derive(Debug)]
pub(crate) struct Measured<S> {
    stream: S,
    left: usize,
    peer: SocketAddr,
}

impl<S> Measured<S> {
    pub(crate) fn new(stream: S, peer: SocketAddr) -> Self {
        Self { stream, left: MAX_HEARD_BYTES, peer }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Measured<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        let heard = buffer.filled().len() - before;
        match self.left.checked_sub(heard) {
            Some(left) => self.left = left,
            None => return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, "the server says too much"))),
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Measured<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin + std::fmt::Debug> AsyncTokioStream for Measured<S> {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}
