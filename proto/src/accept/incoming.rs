//! Those who come: greeted in the order they speak, divided by whom they are served, given a place, and shaken hands with.

use super::{Handshake, Limits, Observer, TlsConnection};
use crate::{identity::Identity, tls};
use arc_swap::ArcSwap;
use rustls::{
    ServerConfig,
    server::{Accepted, Acceptor},
};
use std::{
    io,
    net::{SocketAddr, TcpListener as StdListener, TcpStream as StdStream},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    task::{AbortHandle, JoinSet},
    time::{Instant, sleep, timeout, timeout_at},
};
use tokio_rustls::{LazyConfigAcceptor, StartHandshake, server::TlsStream};
use tokio_stream::Stream;

/// Connections with finished handshakes that wait for the server.
const MAX_WAITING: usize = 64;
/// Pause after the system refused to accept (most often: no file descriptors left).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Accepted connections, handshake done, for `serve_with_incoming`. Dropping it stops accepting. Must be called within a runtime.
/// `config` is read anew for each connection, so certificates and roots can be swapped; `observer` is told how each handshake ended.
#[must_use = "nothing is served unless the stream is polled"]
pub fn incoming(
    listener: TcpListener,
    config: Arc<ArcSwap<ServerConfig>>,
    limits: Limits,
    observer: Observer,
) -> Incoming {
    let (sender, greeted) = mpsc::channel(queue(limits));
    let listening = tokio::spawn(listen(listener, limits, observer.clone(), sender, None)).abort_handle();
    let hall = Hall { config, observer, limits, places: Places::of_all(limits), only_staff: false };
    Incoming::new(&Handle::current(), hall, greeted, vec![listening])
}

/// How many wait for a place among the sessions, behind the one whose turn it is: fewer than can be greeted, so that whoever asks is
/// always heard.
fn queue(limits: Limits) -> usize {
    limits.waiting.saturating_sub(limits.handshakes + 1).max(1)
}

/// Those who come to one port, by whom they are served.
pub struct Divided {
    /// Everybody but those of [`Divided::asking`]. Dropping it stops accepting.
    pub sessions: Incoming,
    /// Staff who said in their greeting that they ask: for a server on the runtime that `divided` was given.
    pub asking: Incoming,
}

/// As [`incoming`], with the staff's questions apart: all are greeted on the runtime `apart`, where those who ask go on; the others
/// come on the runtime within which this is called.
///
/// # Errors
/// The listener cannot be used.
pub fn divided(
    listener: StdListener,
    config: Arc<ArcSwap<ServerConfig>>,
    limits: Limits,
    observer: Observer,
    apart: &Handle,
) -> io::Result<Divided> {
    let (sender, greeted) = mpsc::channel(queue(limits));
    let (asking, asked) = mpsc::channel(limits.handshakes);
    let listener = {
        let _within = apart.enter();
        TcpListener::from_std(listener)?
    };
    let listening = apart.spawn(listen(listener, limits, observer.clone(), sender, Some(asking))).abort_handle();
    let hall = Hall { config, observer, limits, places: Places::of_all(limits), only_staff: false };
    let desk = Hall { places: Places::of_staff(limits), only_staff: true, ..hall.clone() };
    Ok(Divided {
        sessions: Incoming::new(&Handle::current(), hall, greeted, vec![listening]),
        asking: Incoming::new(apart, desk, asked, Vec::new()),
    })
}

/// See [`incoming`].
pub struct Incoming {
    connections: mpsc::Receiver<TlsConnection>,
    accepting: Vec<AbortHandle>,
}

impl Incoming {
    fn new(runtime: &Handle, hall: Hall, greeted: mpsc::Receiver<Greeted>, mut accepting: Vec<AbortHandle>) -> Self {
        let (sender, connections) = mpsc::channel(MAX_WAITING);
        accepting.push(runtime.spawn(hall.take_up(greeted, sender)).abort_handle());
        Self { connections, accepting }
    }
}

impl Stream for Incoming {
    type Item = io::Result<TlsConnection>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.connections.poll_recv(context).map(|connection| connection.map(Ok))
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        for task in &self.accepting {
            task.abort();
        }
    }
}

/// Who has greeted, and holds its place among those who wait. Not bound to a runtime yet, and no task of its own: thousands wait.
struct Greeted {
    greeting: Accepted,
    stream: StdStream,
    address: SocketAddr,
    turn: OwnedSemaphorePermit,
    /// How long it waits.
    until: Instant,
}

/// Accepts and hears greetings for ever; ends by being aborted, and with it whoever has not greeted.
async fn listen(
    listener: TcpListener,
    limits: Limits,
    observer: Observer,
    others: mpsc::Sender<Greeted>,
    asking: Option<mpsc::Sender<Greeted>>,
) {
    let waiting = Arc::new(Semaphore::new(limits.waiting));
    let mut running = JoinSet::new();
    loop {
        let Ok(turn) = Arc::clone(&waiting).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, address)) => {
                let (observer, others, asking) = (observer.clone(), others.clone(), asking.clone());
                running.spawn(async move {
                    match greet(stream, address, limits, turn).await {
                        Ok(greeted) => {
                            let asks = || greeted.greeting.client_hello().alpn().is_some_and(tls::asks);
                            let queue = asking.filter(|_| asks()).unwrap_or(others);
                            // Whoever does not wait for a place gives back the turn to greet: there is always one for the next.
                            if queue.try_send(greeted).is_err() {
                                tracing::debug!(%address, "too many wait, or the server is gone");
                                observer(Handshake::Failed);
                            }
                        }
                        Err(how) => observer(how),
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

/// Hears the greeting. `turn` is the place among those who wait.
async fn greet(
    stream: TcpStream,
    address: SocketAddr,
    limits: Limits,
    turn: OwnedSemaphorePermit,
) -> Result<Greeted, Handshake> {
    let heard = async {
        stream.set_nodelay(true)?;
        let heard = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
        Ok((heard.accepted, heard.io.into_std()?))
    };
    let (greeting, stream) = in_time(limits.handshake, address, heard).await?;
    Ok(Greeted { greeting, stream, address, turn, until: Instant::now() + limits.place })
}

/// What a step of the handshake came to within its time.
async fn in_time<T>(
    limit: Duration,
    address: SocketAddr,
    step: impl Future<Output = io::Result<T>>,
) -> Result<T, Handshake> {
    match timeout(limit, step).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => {
            tracing::debug!(%address, %error, "handshake failed");
            Err(Handshake::Failed)
        }
        Err(_) => {
            tracing::debug!(%address, "handshake took too long");
            Err(Handshake::TimedOut)
        }
    }
}

/// What those who have greeted wait for.
#[derive(Clone)]
struct Places {
    connections: Arc<Semaphore>,
    handshakes: Arc<Semaphore>,
    strangers: Arc<Semaphore>,
}

impl Places {
    fn of(connections: usize, handshakes: usize, strangers: usize) -> Self {
        let places = |number| Arc::new(Semaphore::new(number));
        Self { connections: places(connections), handshakes: places(handshakes), strangers: places(strangers) }
    }

    fn of_all(limits: Limits) -> Self {
        Self::of(limits.connections, limits.handshakes, limits.strangers)
    }

    /// Nobody without a certificate has a place here, and no agent keeps one: what is bounded is how many try.
    fn of_staff(limits: Limits) -> Self {
        Self::of(limits.handshakes, limits.handshakes, 0)
    }

    /// A place of a connection and one of a handshake, when both are free. None when the server ends.
    async fn taken(&self) -> Option<(OwnedSemaphorePermit, OwnedSemaphorePermit)> {
        let connection = Arc::clone(&self.connections).acquire_owned().await.ok()?;
        Some((connection, Arc::clone(&self.handshakes).acquire_owned().await.ok()?))
    }
}

/// Where hands are shaken.
#[derive(Clone)]
struct Hall {
    config: Arc<ArcSwap<ServerConfig>>,
    observer: Observer,
    limits: Limits,
    places: Places,
    /// Whether others than the staff are sent away.
    only_staff: bool,
}

impl Hall {
    /// Takes up who has greeted, in that order, until nobody can come any more.
    async fn take_up(self, mut greeted: mpsc::Receiver<Greeted>, sender: mpsc::Sender<TlsConnection>) {
        let mut running = JoinSet::new();
        while let Some(one) = greeted.recv().await {
            let Ok(places) = timeout_at(one.until, self.places.taken()).await else {
                // Who has waited so long is most likely gone, and will come again.
                tracing::debug!(address = %one.address, "no place in time");
                (self.observer)(Handshake::TimedOut);
                continue;
            };
            let Some((connection, handshake)) = places else { return };
            let (hall, sender) = (self.clone(), sender.clone());
            running.spawn(async move {
                let address = one.address;
                let shaken = hall.shake_hands(one).await;
                (hall.observer)(shaken.as_ref().map_or_else(|how| *how, |_| Handshake::Done));
                if let Ok(stream) = shaken {
                    let accepted = TlsConnection::new(stream, address, hall.limits, connection, &hall.places.strangers);
                    match accepted.filter(|one| !hall.only_staff || is_staff(one)) {
                        // Fails only when the server is gone, and with it the connection.
                        Some(accepted) => drop(sender.send(accepted).await),
                        None => {
                            tracing::debug!(%address, "too many strangers, or this is not the staff");
                        }
                    }
                }
                drop(handshake);
            });
            while running.try_join_next().is_some() {}
        }
        while running.join_next().await.is_some() {}
    }

    async fn shake_hands(&self, greeted: Greeted) -> Result<TlsStream<TcpStream>, Handshake> {
        let Greeted { greeting, stream, address, turn, .. } = greeted;
        // Others may be greeted in its place.
        drop(turn);
        let shaking = async {
            let greeted = StartHandshake::from_parts(greeting, TcpStream::from_std(stream)?);
            greeted.into_stream(self.config.load_full()).await
        };
        in_time(self.limits.handshake, address, shaking).await
    }
}

fn is_staff(connection: &TlsConnection) -> bool {
    matches!(connection.peer().identity(), Ok(Identity::Staff { .. }))
}
