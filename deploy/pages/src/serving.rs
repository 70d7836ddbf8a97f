//! Connections of browsers: accepted, encrypted where asked, and bounded in number, in time and in what their heads may take.
//!
//! Who connects waits among `MAX_WAITING` until it has greeted, so that connections that never speak, or speak a byte a second, hold up
//! nobody who does. Then a stranger takes up one of [`MAX_CONNECTIONS`] places for its handshake and [`HEAD_TIME`] after it, no more.

use arc_swap::ArcSwap;
use axum::{Router, body::Body, extract::ConnectInfo, http::Request};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{
        conn::auto,
        graceful::{GracefulShutdown, Watcher},
    },
    service::TowerToHyperService,
};
use rustls::{ServerConfig, server::Acceptor};
use std::{
    future::Future,
    io::{self, IoSlice},
    net::SocketAddr,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::{Sleep, sleep, timeout},
};
use tokio_rustls::LazyConfigAcceptor;
use tower::ServiceExt;

/// Connections that have greeted, at once; further ones wait for a place.
pub const MAX_CONNECTIONS: usize = 512;
/// Connections that wait until they have greeted, or for a place; further ones wait to be accepted. Each takes some kilobytes.
const MAX_WAITING: usize = 2_048;
/// Longest greeting (`ClientHello`), wait for a place after it, and rest of the TLS handshake.
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
/// Longest wait for the head of a request, also of the next one on a connection.
pub const HEAD_TIME: Duration = Duration::from_secs(30);
/// Largest head of a request, in bytes.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// Most requests at once on one connection.
const MAX_STREAMS: u32 = 64;
/// Pause after the system refused to accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long requests may go on after the end was signalled.
const DEADLINE: Duration = Duration::from_secs(5);

/// So many bytes tell HTTP/2 from HTTP/1 (RFC 9113, section 3.4); only then the protocol's own limits on time begin.
const OPENING_BYTES: usize = 24;

/// How the bytes go over the line.
#[derive(Clone)]
pub enum Transport {
    /// As they are: only for loopback.
    Plain,
    /// TLS; the settings are read anew for each connection.
    Tls(Arc<ArcSwap<ServerConfig>>),
}

/// Serves until `stop` resolves, then lets requests that are under way end within a few seconds. Handlers get the other end's address as
/// `ConnectInfo<SocketAddr>`. Streams that do not end by themselves have to listen to `stop` too.
pub async fn serve(listener: TcpListener, transport: Transport, router: Router, stop: impl Future<Output = ()>) {
    serve_within(listener, transport, router, stop, HEAD_TIME, MAX_CONNECTIONS).await;
}

/// `time`: as [`HEAD_TIME`]; `places`: as [`MAX_CONNECTIONS`].
async fn serve_within(
    listener: TcpListener,
    transport: Transport,
    router: Router,
    stop: impl Future<Output = ()>,
    time: Duration,
    places: usize,
) {
    let (waiting, places) = (Arc::new(Semaphore::new(MAX_WAITING)), Arc::new(Semaphore::new(places)));
    let (end, ending) = watch::channel(false);
    let graceful = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = accept(&listener, &waiting) => accepted,
        };
        let (stream, address, turn) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let (transport, router, mut ending, watcher) =
            (transport.clone(), router.clone(), ending.clone(), graceful.watcher());
        let places = places.clone();
        tokio::spawn(async move {
            let talk = async {
                match transport {
                    Transport::Plain => {
                        // Its first byte is its greeting.
                        if let Ok(Ok(1..)) = timeout(time, stream.peek(&mut [0])).await
                            && let Some(_place) = place_after(turn, places).await
                        {
                            converse(stream, address, router, watcher, time).await;
                        }
                    }
                    Transport::Tls(config) => {
                        let greeting = LazyConfigAcceptor::new(Acceptor::default(), stream);
                        if let Ok(Ok(greeting)) = timeout(HANDSHAKE_TIME, greeting).await
                            && let Some(_place) = place_after(turn, places).await
                            && let Ok(Ok(stream)) =
                                timeout(HANDSHAKE_TIME, greeting.into_stream(config.load_full())).await
                        {
                            converse(stream, address, router, watcher, time).await;
                        }
                    }
                }
            };
            tokio::select! {
                () = talk => {}
                // Fails only when the server is gone, which is an end too.
                _ = ending.wait_for(|ending| *ending) => {}
            }
        });
    }
    drop(listener);
    // Whoever is not done by then is cut off.
    let _ = timeout(DEADLINE, graceful.shutdown()).await;
    end.send_replace(true);
}

async fn accept(
    listener: &TcpListener,
    waiting: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let turn = waiting.clone().acquire_owned().await.map_err(io::Error::other)?;
    let (stream, address) = listener.accept().await?;
    // Without it answers only come a little later.
    let _ = stream.set_nodelay(true);
    Ok((stream, address, turn))
}

/// A place for one that has greeted; then another may wait in its turn. Who has waited too long is most likely gone.
async fn place_after(turn: OwnedSemaphorePermit, places: Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
    let place = timeout(HANDSHAKE_TIME, places.acquire_owned()).await.ok()?.ok()?;
    drop(turn);
    Some(place)
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    address: SocketAddr,
    router: Router,
    watcher: Watcher,
    time: Duration,
) {
    let service = tower::service_fn(move |request: Request<hyper::body::Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(address));
        router.clone().oneshot(request)
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(time)
        .max_buf_size(MAX_HEAD_BYTES)
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(u32::try_from(MAX_HEAD_BYTES).unwrap_or(u32::MAX))
        .keep_alive_interval(time)
        .keep_alive_timeout(time);
    let opening = Opening::of(stream, time);
    let connection = builder.serve_connection(TokioIo::new(opening), TowerToHyperService::new(service));
    if let Err(error) = watcher.watch(connection.into_owned()).await {
        tracing::debug!(%address, error, "a connection ended");
    }
}

/// A connection that has to say its first bytes in time.
struct Opening<S> {
    stream: S,
    /// What is still to come, and until when.
    missing: Option<(usize, Pin<Box<Sleep>>)>,
}

impl<S> Opening<S> {
    fn of(stream: S, time: Duration) -> Self {
        Self { stream, missing: Some((OPENING_BYTES, Box::pin(sleep(time)))) }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Opening<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(context, buffer);
        let Some((missing, deadline)) = &mut this.missing else { return read };
        *missing = missing.saturating_sub(buffer.filled().len() - before);
        if *missing == 0 {
            this.missing = None;
        } else if read.is_pending() && deadline.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "nothing was asked")));
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Opening<S> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    /// What a client reads that says this and then nothing, until its connection is closed.
    async fn said(words: &[u8]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/", axum::routing::get(async || "here"));
        let (time, never) = (Duration::from_millis(100), std::future::pending());
        let serving = tokio::spawn(serve_within(listener, Transport::Plain, router, never, time, MAX_CONNECTIONS));
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(words).await.unwrap();
        let mut read = Vec::new();
        // A reset is an end too.
        let _ = stream.read_to_end(&mut read).await;
        serving.abort();
        String::from_utf8_lossy(&read).into_owned()
    }

    #[tokio::test]
    async fn who_has_not_greeted_takes_no_place() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/", axum::routing::get(async || "here"));
        let never = std::future::pending();
        let serving = tokio::spawn(serve_within(listener, Transport::Plain, router, never, HEAD_TIME, 1));
        // Accepted before the one that asks.
        let silent = TcpStream::connect(address).await.unwrap();
        let mut asking = TcpStream::connect(address).await.unwrap();
        asking.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        timeout(HANDSHAKE_TIME / 2, asking.read_to_string(&mut answer)).await.unwrap().unwrap();
        assert!(answer.ends_with("here"), "{answer}");
        serving.abort();
        drop(silent);
    }

    #[tokio::test]
    async fn who_does_not_ask_loses_the_place_in_time() {
        // Each of these would wait for ever if nothing ended its connection.
        for words in ["", "P", "G", "PRI * HTTP/2.0\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX-Slow: "] {
            let answer = said(words.as_bytes()).await;
            assert!(!answer.contains("here"), "{words:?}: {answer}");
        }
        // The same for the next request on a connection, and after the opening of HTTP/2.
        assert!(said(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.ends_with("here"));
        said(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await;
    }
}
