//! Connecting to the province: TCP, then TLS, then HTTP/2.
//!
//! With TLS 1.3 a client has finished its handshake before the server looks at its certificate, so the connection waits
//! for the server's first bytes: a refused certificate is found here and not in the middle of a call.

use hyper_util::rt::TokioIo;
use rustls::{AlertDescription, ClientConfig, pki_types::ServerName};
use std::{error::Error, io, sync::Arc, time::Duration};
use thiserror::Error as ThisError;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tonic::transport::{Channel, Endpoint, Uri};

/// Longest wait for a connection: name and TCP.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest wait for TLS and the server's first bytes after that: a nation that wakes in one minute waits its turn, and going away means
/// to wait again.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(20);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(20);
const DEFAULT_PORT: u16 = 443;
/// Calls that wait for the connection.
const MAX_WAITING_CALLS: usize = 16;
const MAX_HEADER_BYTES: u32 = 16 * 1024;
/// Errors within errors that are looked at.
const MAX_SOURCES: usize = 16;

/// Why there is no connection.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
pub enum ConnectError {
    /// Not `https://host[:port]`.
    #[error("not an address: {0:?} (https://host:port is needed)")]
    Url(String),
    /// No answer, or the connection broke: try again later.
    #[error("unreachable: {0}")]
    Unreachable(String),
    /// The server is not the one expected: another authority, another name, or out of date.
    #[error("server not trusted: {0}")]
    ServerNotTrusted(String),
    /// The server does not take this client's certificate: foreign or out of date.
    #[error("client certificate refused: {0}")]
    CertificateRefused(String),
}

impl ConnectError {
    /// Whether trying again is of little use before a person did something.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        !matches!(self, ConnectError::Unreachable(_))
    }

    /// Finds what broke a connection in an error and its sources, also in a [`tonic::Status`] of a later call, for which
    /// the channel connected anew. `None` when it is no matter of the connection.
    #[must_use]
    pub fn within(error: &(dyn Error + 'static)) -> Option<Self> {
        let mut next = Some(error);
        for _ in 0..MAX_SOURCES {
            let error = next?;
            if let Some(known) = error.downcast_ref::<ConnectError>() {
                return Some(known.clone());
            }
            if let Some(error) = error.downcast_ref::<io::Error>() {
                return Some(Self::of(error));
            }
            next = error.source();
        }
        None
    }

    fn of(error: &io::Error) -> Self {
        let inner = error.get_ref();
        if let Some(known) = inner.and_then(|inner| inner.downcast_ref::<ConnectError>()) {
            return known.clone();
        }
        match inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(error @ (rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented)) => {
                ConnectError::ServerNotTrusted(error.to_string())
            }
            Some(error @ rustls::Error::AlertReceived(alert)) if refuses_certificate(*alert) => {
                ConnectError::CertificateRefused(error.to_string())
            }
            _ => ConnectError::Unreachable(error.to_string()),
        }
    }
}

fn refuses_certificate(alert: AlertDescription) -> bool {
    use AlertDescription as Alert;
    matches!(
        alert,
        Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::CertificateRequired
            | Alert::UnknownCA
            | Alert::AccessDenied
            | Alert::DecryptError
    )
}

/// Whether a text is an address that [`channel`] takes: `https://host[:port]`.
#[must_use]
pub fn is_address(url: &str) -> bool {
    Address::read(url).is_some()
}

/// Connects. The channel connects again by itself if it breaks.
///
/// # Errors
/// [`ConnectError`]
pub async fn channel(url: &str, tls: ClientConfig) -> Result<Channel, ConnectError> {
    channel_over(url, tls, |stream| stream).await
}

/// The same over what is made of each TCP connection, which may count or delay what goes over it.
///
/// # Errors
/// [`ConnectError`]
pub async fn channel_over<S>(
    url: &str,
    tls: ClientConfig,
    over: impl Fn(TcpStream) -> S + Clone + Send + Sync + 'static,
) -> Result<Channel, ConnectError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let server = Arc::new(Address::read(url).ok_or_else(|| ConnectError::Url(url.chars().take(200).collect()))?);
    let connector = TlsConnector::from(Arc::new(tls));
    // The scheme is tonic's: it must not look for TLS of its own, which lies below.
    let endpoint = Endpoint::from_shared(format!("http://{}", server.authority))
        .and_then(|endpoint| endpoint.user_agent(concat!("tiendo/", env!("CARGO_PKG_VERSION"))))
        .map_err(|_| ConnectError::Url(server.authority.clone()))?
        .http2_keep_alive_interval(KEEPALIVE_INTERVAL)
        .keep_alive_timeout(KEEPALIVE_TIMEOUT)
        .http2_max_header_list_size(MAX_HEADER_BYTES)
        .buffer_size(MAX_WAITING_CALLS);
    let connect = tower::service_fn(move |_: Uri| {
        let (server, connector, over) = (Arc::clone(&server), connector.clone(), over.clone());
        async move {
            let stream = in_time(CONNECT_TIMEOUT, dial(&server)).await?;
            in_time(ANSWER_TIMEOUT, shake_hands(&server, &connector, over(stream))).await.map(TokioIo::new)
        }
    });
    let connected = endpoint.connect_with_connector(connect).await;
    connected.map_err(|error| ConnectError::within(&error).unwrap_or(ConnectError::Unreachable(error.to_string())))
}

async fn in_time<T>(limit: Duration, step: impl Future<Output = io::Result<T>>) -> Result<T, ConnectError> {
    let late = |_| ConnectError::Unreachable(format!("no answer within {} s", limit.as_secs()));
    timeout(limit, step).await.map_err(late)?.map_err(|error| ConnectError::of(&error))
}

async fn dial(server: &Address) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((server.host.as_str(), server.port)).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn shake_hands<S: AsyncRead + AsyncWrite + Unpin>(
    server: &Address,
    connector: &TlsConnector,
    stream: S,
) -> io::Result<TlsStream<S>> {
    let mut stream = connector.connect(server.name.clone(), stream).await?;
    // Left in the buffer for HTTP/2 to read: the server's settings, which it sends of its own accord.
    if stream.fill_buf().await?.is_empty() {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "closed by the server"));
    }
    Ok(stream)
}

#[derive(Debug, PartialEq, Eq)]
struct Address {
    authority: String,
    host: String,
    port: u16,
    name: ServerName<'static>,
}

impl Address {
    fn read(url: &str) -> Option<Self> {
        let uri: Uri = url.trim().parse().ok()?;
        let authority = uri.authority()?;
        let bare = uri.scheme_str() == Some("https") && uri.path() == "/" && uri.query().is_none();
        if !bare || authority.as_str().contains('@') || url.contains('#') {
            return None;
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        // Not `Authority::port`, which passes over a number that is no port.
        let port = match authority.as_str().strip_prefix(authority.host())? {
            "" => DEFAULT_PORT,
            port => port.strip_prefix(':')?.parse().ok().filter(|port| *port != 0)?,
        };
        let name = ServerName::try_from(host.clone()).ok()?;
        Some(Self { authority: authority.to_string(), host, port, name })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_strictly() {
        for (url, host, port) in [
            ("https://localhost:8443", "localhost", 8443),
            ("https://tiendo.dongnai.gov.vn", "tiendo.dongnai.gov.vn", 443),
            ("https://127.0.0.1:1/", "127.0.0.1", 1),
            (" https://[::1]:8443 ", "::1", 8443),
        ] {
            let address = Address::read(url).unwrap();
            assert_eq!((address.host.as_str(), address.port), (host, port));
        }
        for url in [
            "",
            "localhost:8443",
            "http://localhost:8443",
            "https://",
            "https://localhost:0",
            "https://localhost:99999",
            "https://localhost:",
            "https://a@localhost",
            "https://localhost/x",
            "https://localhost/?x",
            "https://local host",
            "https://a_b..c",
        ] {
            assert_eq!(Address::read(url), None, "{url}");
        }
    }

    #[test]
    fn a_broken_connection_is_found_within_other_errors() {
        let refused = || rustls::Error::AlertReceived(AlertDescription::UnknownCA);
        let io = io::Error::new(io::ErrorKind::InvalidData, refused());
        let status = tonic::Status::from_error(Box::new(io));
        assert!(matches!(ConnectError::within(&status), Some(ConnectError::CertificateRefused(_))));
        let known = ConnectError::ServerNotTrusted("x".into());
        assert_eq!(ConnectError::within(&io::Error::other(known.clone())), Some(known.clone()));
        assert_eq!(ConnectError::within(&tonic::Status::from_error(Box::new(known.clone()))), Some(known));
        let reset = io::Error::from(io::ErrorKind::ConnectionReset);
        assert!(matches!(ConnectError::within(&reset), Some(ConnectError::Unreachable(_))));
        assert_eq!(ConnectError::within(&tonic::Status::not_found("x")), None);
    }
}
