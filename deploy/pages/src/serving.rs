//! Connections of browsers: accepted, encrypted where asked, and bounded in number, in time and in what their heads may take.
//!
//! A stranger that never speaks takes up one of [`MAX_CONNECTIONS`] places for [`HEAD_TIME`], no more.

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
use rustls::ServerConfig;
use std::{future::Future, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

/// Connections at once; further ones wait to be accepted.
pub const MAX_CONNECTIONS: usize = 512;
/// Longest TLS handshake.
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
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let (end, ending) = watch::channel(false);
    let graceful = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = accept(&listener, &places) => accepted,
        };
        let (stream, address, place) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let (transport, router, mut ending, watcher) =
            (transport.clone(), router.clone(), ending.clone(), graceful.watcher());
        tokio::spawn(async move {
            let talk = async {
                match transport {
                    Transport::Plain => converse(stream, address, router, watcher).await,
                    Transport::Tls(config) => {
                        let acceptor = TlsAcceptor::from(config.load_full());
                        if let Ok(Ok(stream)) = timeout(HANDSHAKE_TIME, acceptor.accept(stream)).await {
                            converse(stream, address, router, watcher).await;
                        }
                    }
                }
            };
            tokio::select! {
                () = talk => {}
                // Fails only when the server is gone, which is an end too.
                _ = ending.wait_for(|ending| *ending) => {}
            }
            drop(place);
        });
    }
    drop(listener);
    // Whoever is not done by then is cut off.
    let _ = timeout(DEADLINE, graceful.shutdown()).await;
    end.send_replace(true);
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let place = places.clone().acquire_owned().await.map_err(io::Error::other)?;
    let (stream, address) = listener.accept().await?;
    // Without it answers only come a little later.
    let _ = stream.set_nodelay(true);
    Ok((stream, address, place))
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    address: SocketAddr,
    router: Router,
    watcher: Watcher,
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
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(MAX_HEAD_BYTES)
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(u32::try_from(MAX_HEAD_BYTES).unwrap_or(u32::MAX))
        .keep_alive_interval(HEAD_TIME)
        .keep_alive_timeout(HEAD_TIME);
    let connection = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    if let Err(error) = watcher.watch(connection.into_owned()).await {
        tracing::debug!(%address, error, "a connection ended");
    }
}
