//! All services behind one TLS port, from the start to an orderly end.
//!
//! Client certificates are optional at the handshake, since an agent that joins has none; each service checks who calls.

use crate::{
    access::{Access, any_certificate},
    alerts,
    apart::Apart,
    authorities::{Authorities, KeysError},
    authority::Authority,
    bundle::TakeError,
    bundle_key::opening_key,
    clock::Clock,
    config::{Config, StorePlace, address_of},
    enrol::Enrolment,
    evidence::Evidence,
    evidence_shelf::Shelf,
    folder::{Folder, FolderError},
    ingest::{
        StandingsHook,
        follow::Follower,
        greeting::Sizes,
        live::LiveSessions,
        session::{Ingest, Sessions},
        writer::Writer,
    },
    keyring::Keyring,
    monitoring::{Probes, Stage, Watched},
    notice::Notices,
    objects::ObjectsError,
    province::Province,
    receipts::{ReceiptKey, ReceiptsError},
    reminding::{self, Reminding},
    report::service::Queries,
    site::{Site, TlsError},
    staff::StaffOnly,
    standing::Live,
    store::{Accepted, ChosenStore, Moved, Store, StoreError, postgres::PostgresStore, sqlite::SqliteStore},
};
use async_trait::async_trait;
use operation::manager::{self, Word};
use proto::{
    MAX_FRAME_BYTES,
    accept::{self, Divided},
    enrolment::v1::enrolment_service_server::EnrolmentServiceServer,
    query::v1::query_service_server::QueryServiceServer,
    sync::v1::sync_service_server::SyncServiceServer,
};
use shared::{feed::Standing, language::Language};
use std::{
    error::Error,
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};
use thiserror::Error;
use tokio::{net::TcpSocket, sync::watch, task::JoinHandle, time::timeout};
use tonic::{
    codec::CompressionEncoding,
    service::{Routes, RoutesBuilder, interceptor::InterceptedService},
};

/// How often half-sent evidence is looked through.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How long sessions and connections have to end in good order.
const DEADLINE: Duration = Duration::from_secs(10);
/// Connections that wait to be accepted.
const WAITING_CONNECTIONS: u32 = 4_096;
/// Connections beside those of the sessions: agents that wait for a place, agents that join, staff.
const OTHER_CONNECTIONS: usize = 64;
/// Largest request of an agent that joins, in bytes.
const MAX_JOIN_BYTES: usize = 64 * 1024;
/// Largest question of the staff, in bytes.
const MAX_QUESTION_BYTES: usize = 64 * 1024;

/// Why the server does not start, or ended.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The data folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Keys and certificates.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The key that signs receipts.
    #[error(transparent)]
    Receipts(#[from] ReceiptsError),
    /// The object store of evidence.
    #[error("evidence: {0}")]
    Objects(#[from] ObjectsError),
    /// The key that opens bundles.
    #[error("the key of bundles: {0}")]
    Bundles(#[from] TakeError),
    /// The port cannot be used.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The threads that answer the staff.
    #[error("no threads to answer the staff: {0}")]
    Threads(#[source] io::Error),
    /// What serves ended by itself, which it never should: whoever watches this server starts it anew.
    #[error("what serves {0} ended by itself")]
    Ended(&'static str),
    /// The transport failed.
    #[error("the transport failed")]
    Transport(#[from] tonic::transport::Error),
    /// The certificate of the pages.
    #[error(transparent)]
    Pages(#[from] TlsError),
    /// The figures do not fit together.
    #[error("the standings could not be computed")]
    Standings(#[source] Box<dyn Error + Send + Sync>),
    /// Reflection could not be set up.
    #[error("reflection could not be set up: {0}")]
    Reflection(String),
}

/// What follows the accepted figures, and what answers the staff from it.
pub struct Followers {
    /// Follows, and knows each commune's place.
    pub standings: Arc<dyn StandingsHook>,
    /// Answers the staff; without it there is no query service.
    pub live: Option<Arc<Live>>,
    /// Reminds the staff, where a way is connected.
    pub reminding: Option<Reminding>,
}

impl Followers {
    /// The standings of the province.
    #[must_use]
    pub fn new(live: Arc<Live>) -> Self {
        Self { standings: live.clone(), live: Some(live), reminding: None }
    }
}

#[async_trait]
impl StandingsHook for Live {
    async fn apply(&self, accepted: &[Accepted], moved: &[Moved]) {
        self.apply(accepted, moved).await;
    }

    async fn catch_up(&self) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(self.catch_up().await?)
    }

    async fn reload(&self) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(self.reload().await?)
    }

    async fn own_standings(&self, commune: &str) -> Vec<Standing> {
        self.own_standings(commune).await
    }
}

/// A server that is bound and ready to run.
pub struct Server {
    folder: Folder,
    config: Config,
    clock: Arc<dyn Clock>,
    keyring: Arc<Keyring>,
    listener: TcpListener,
    address: SocketAddr,
    /// Of the pages; none where they are turned off.
    pages: Option<TcpListener>,
    language: Language,
    probes: Option<Probes>,
}

impl Server {
    /// Prepares certificates and binds the port.
    ///
    /// # Errors
    /// [`ServeError`]
    pub async fn bind(
        folder: Folder,
        config: Config,
        clock: Arc<dyn Clock>,
        language: Language,
    ) -> Result<Self, ServeError> {
        let keyring = Arc::new(Keyring::open(folder.clone(), config.hosts.clone(), clock.clone())?);
        let listening = listen(config.listen).and_then(|listener| {
            let address = listener.local_addr()?;
            Ok((listener, address))
        });
        let (listener, address) = listening.map_err(|source| ServeError::Listen { address: config.listen, source })?;
        let pages = match config.pages.enabled {
            false => None,
            true => {
                let address = config.pages.listen;
                Some(listen(address).map_err(|source| ServeError::Listen { address, source })?)
            }
        };
        Ok(Self { folder, config, clock, keyring, listener, address, pages, language, probes: None })
    }

    /// Whom to tell how far it is.
    #[must_use]
    pub fn watched_by(mut self, probes: Option<Probes>) -> Self {
        self.probes = probes;
        self
    }

    /// Where the pages are: the name that the certificate carries first, the port actually bound.
    #[must_use]
    pub fn pages_url(&self) -> Option<String> {
        let address = self.pages.as_ref().and_then(|pages| pages.local_addr().ok())?;
        let host = self.config.hosts.first().map_or("localhost", String::as_str);
        Some(address_of(host, address.port()))
    }

    /// Where it listens: the port actually bound.
    #[must_use]
    pub fn url(&self) -> String {
        address_of(&self.address.ip().to_string(), self.address.port())
    }

    /// The address that agents are given in invitations.
    #[must_use]
    pub fn public_url(&self) -> String {
        let ip = self.address.ip().to_string();
        if self.config.address.is_none() && self.config.hosts.contains(&ip) {
            return self.url();
        }
        self.config.public_address(self.address.port())
    }

    fn watched(&self, province: &Arc<Province>, ingest: &Ingest) -> Watched {
        let clock = self.clock.clone();
        Watched {
            metrics: province.metrics.clone(),
            store: province.store.clone(),
            folder: self.folder.clone(),
            live: ingest.live.clone(),
            follower: ingest.follower.clone(),
            now: Box::new(move || clock.now()),
        }
    }

    /// Serves until `stop` resolves; then ends sessions, writes what waits, and returns within the deadline.
    ///
    /// # Errors
    /// [`ServeError::Transport`] and what services need at their start.
    pub async fn run(
        self,
        province: Arc<Province>,
        followers: Followers,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), ServeError> {
        let (public, pages_url) = (self.public_url(), self.pages_url());
        let (end, ending) = watch::channel(false);
        let Followers { standings, live: queries, reminding } = followers;
        let keys = (self.keyring.clone(), self.clock.clone());
        let (ingest, writing) = ingest(&self.folder, &self.config, keys, &province, standings, ending.clone()).await?;
        let notices = ingest.notices.clone();
        let ingest = Arc::new(ingest);
        let watching = self.probes.as_ref().map(|probes| {
            let watched = Arc::new(self.watched(&province, &ingest));
            let watching = tokio::spawn(watched.clone().watch(ending.clone()));
            probes.tell(Stage::Serving(watched));
            watching
        });
        let tidying = tokio::spawn(tidy(ingest.clone()));
        let alerting = queries.clone().map(|live| tokio::spawn(alerts::watch(live, ending.clone())));
        let reminding = reminding.zip(queries.clone()).map(|(reminding, live)| {
            let (store, clock) = (province.store.clone(), province.clock.clone());
            tokio::spawn(reminding::watch(reminding, store, live, Arc::new(move || clock.now()), ending.clone()))
        });
        let apart = Apart::start().map_err(ServeError::Threads)?;
        let pages = match (self.pages, queries.clone()) {
            (Some(listener), Some(live)) => {
                let held = (self.folder.clone(), self.config.clone(), ingest.evidence.shelf().clone());
                let site = Site::new((province.clone(), live), held, self.language, notices.clone(), ending.clone());
                let listener = apart.listener(listener);
                let listener = listener.map_err(|source| ServeError::Listen { address: self.address, source })?;
                Some(site.serve(listener, apart.handle())?)
            }
            _ => None,
        };
        let storing = ingest.evidence.storing();
        let routes = routes(ingest, &province, &self.keyring, queries).await?;
        let noticing = tokio::spawn(notices.run(ending.clone()));
        let keys = tokio::spawn(self.keyring.clone().run(province.store.clone(), ending.clone()));
        self.folder.note_address(Some(&public))?;
        self.folder.note_pages(pages_url.as_deref())?;
        manager::say(Word::Ready);
        let beating = tokio::spawn(beat(province.store.clone()));
        let metrics = province.metrics.clone();
        let connections = self.config.max_sessions + OTHER_CONNECTIONS;
        let limits = accept::Limits { connections, ..accept::Limits::default() };
        let observer: accept::Observer = Arc::new(move |how| metrics.handshake(how));
        let divided = accept::divided(self.listener, self.keyring.tls(), limits, observer, apart.handle());
        let Divided { sessions, asking } =
            divided.map_err(|source| ServeError::Listen { address: self.address, source })?;
        let answering = accept::server().add_routes(routes.clone());
        let mut answering =
            apart.handle().spawn(answering.serve_with_incoming_shutdown(asking, signalled(ending.clone())));
        let serving = accept::server().add_routes(routes).serve_with_incoming_shutdown(sessions, signalled(ending));
        let mut serving = Box::pin(serving);
        let result = tokio::select! {
            result = &mut serving => result.map_err(ServeError::from).and(Err(ServeError::Ended("the agents"))),
            ended = &mut answering => {
                tracing::error!(?ended, "what answers the staff ended");
                Err(ServeError::Ended("the staff"))
            }
            () = stop => {
                tracing::info!("stopping");
                manager::say(Word::Ending);
                if let Some(probes) = &self.probes {
                    probes.tell(Stage::Ending);
                }
                end.send_replace(true);
                // A shutdown can hang on a connection that does not close; the deadline is hard.
                timeout(DEADLINE, &mut serving).await.unwrap_or(Ok(())).map_err(ServeError::from)
            }
        };
        end.send_replace(true);
        drop(serving);
        let answered = async {
            // What one of them came to does not change that this is the end.
            if !answering.is_finished() {
                let _ = answering.await;
            }
            if let Some(pages) = pages {
                let _ = pages.await;
            }
        };
        if timeout(DEADLINE, answered).await.is_err() {
            tracing::warn!("questions were not answered in time");
        }
        // Whoever is still being answered is cut off here.
        drop(apart);
        // It has a share of what the writer waits for.
        tidying.abort();
        let (written, ()) = tokio::join!(timeout(DEADLINE, writing), storing.end(DEADLINE));
        if written.is_err() {
            tracing::warn!("sessions did not end in time");
        }
        noticing.abort();
        for task in [alerting, reminding, watching].into_iter().flatten() {
            task.abort();
        }
        keys.abort();
        beating.abort();
        self.folder.note_address(None)?;
        self.folder.note_pages(None)?;
        self.folder.note_authorities(None)?;
        result
    }
}

/// What sessions share, with its writer running. The writer ends when all of it is dropped.
///
/// # Errors
/// What keys there are cannot be used.
pub async fn ingest(
    folder: &Folder,
    config: &Config,
    (keyring, clock): (Arc<Keyring>, Arc<dyn Clock>),
    province: &Arc<Province>,
    standings: Arc<dyn StandingsHook>,
    ending: watch::Receiver<bool>,
) -> Result<(Ingest, JoinHandle<()>), ServeError> {
    let follower = Follower::start(standings.clone());
    let (writer, writing) = Writer::start(province.store.clone(), follower.clone(), province.metrics.clone());
    let receipts = ReceiptKey::open(folder.clone(), &province.id, &keyring.look().current, clock)?;
    let live = LiveSessions::new(config.max_sessions);
    let ingest = Ingest {
        province: province.clone(),
        writer,
        notices: Arc::new(Notices::new(province.clone(), standings.clone(), follower.clone(), live.clone())),
        follower,
        standings,
        keyring,
        receipts,
        sizes: Sizes::default(),
        bundle_key: opening_key(folder, &*province.store).await?.sealing_key().map_err(TakeError::from)?,
        evidence: Evidence::new(
            Shelf::open(folder, &config.evidence)?,
            config.evidence.limits(),
            province.store.clone(),
        )
        .counted(province.metrics.clone()),
        live,
        ending,
    };
    Ok((ingest, writing))
}

/// Resolves when the end is signalled.
async fn signalled(mut ending: watch::Receiver<bool>) {
    // Fails only when the sender is gone, which is an end too.
    let _ = ending.wait_for(|ending| *ending).await;
}

/// Binds the port with room for all agents of a nation that wake in the same minute: with the usual 128 places the
/// others' connections would be dropped, and tried again only a second later.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(WAITING_CONNECTIONS)?.into_std()
}

/// Gives up parts of evidence that nobody goes on with, and takes up what waits whole, now and every day. What fails is done the next time.
async fn tidy(ingest: Arc<Ingest>) {
    let mut days = tokio::time::interval(DAY);
    loop {
        days.tick().await;
        match ingest.evidence.tidy(ingest.province.clock.real()).await {
            Ok(0) => {}
            Ok(files) => tracing::info!(files, "half-sent evidence was given up"),
            Err(error) => tracing::warn!(%error, "half-sent evidence cannot be looked through"),
        }
    }
}

/// Tells the service manager that this server is alive, as long as its store answers; an error is an answer, since a full disk does not
/// pass by starting anew.
async fn beat(store: Arc<dyn Store>) {
    let Some(interval) = manager::interval() else { return };
    let mut ticks = tokio::time::interval(interval);
    loop {
        ticks.tick().await;
        match timeout(interval, store.decisions()).await {
            Ok(_) => manager::say(Word::Alive),
            Err(_) => tracing::error!("the store does not answer, the service manager is not told that all is well"),
        }
    }
}

/// Every service with its bounds. None tells anything of the communes without checking who calls.
async fn routes(
    ingest: Arc<Ingest>,
    province: &Arc<Province>,
    keyring: &Arc<Keyring>,
    live: Option<Arc<Live>>,
) -> Result<Routes, ServeError> {
    let access = Access::new(province.store.clone(), &province.id, keyring.clone());
    let notices = ingest.notices.clone();
    let zstd = CompressionEncoding::Zstd;
    // What agents send comes compressed. What they are told is not: each of a session's many short frames would need a context of more
    // than a megabyte of its own, made and cleared anew, which was two fifths of the processor time of a session of 500 changes.
    let sync = SyncServiceServer::new(Sessions::new(ingest, access.clone()))
        .accept_compressed(zstd)
        .max_decoding_message_size(MAX_FRAME_BYTES)
        .max_encoding_message_size(MAX_FRAME_BYTES);
    let enrolment = EnrolmentServiceServer::new(Enrolment::new(province.clone(), access.clone(), keyring.clone()))
        .max_decoding_message_size(MAX_JOIN_BYTES);
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter.set_serving::<SyncServiceServer<Sessions>>().await;
    reporter.set_serving::<EnrolmentServiceServer<Enrolment>>().await;
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(proto::DESCRIPTORS)
        .build_v1()
        .map_err(|error| ServeError::Reflection(error.to_string()))?;
    let mut routes = RoutesBuilder::default();
    routes.add_service(sync).add_service(enrolment).add_service(health);
    routes.add_service(InterceptedService::new(reflection, any_certificate));
    if let Some(live) = live {
        let (queries, metrics) = (Queries::new(live), province.metrics.clone());
        let staff = StaffOnly { access, notices, queries, metrics };
        let queries = QueryServiceServer::new(staff)
            .send_compressed(zstd)
            .max_decoding_message_size(MAX_QUESTION_BYTES)
            .max_encoding_message_size(MAX_FRAME_BYTES);
        reporter.set_serving::<QueryServiceServer<StaffOnly>>().await;
        routes.add_service(queries);
    }
    Ok(routes.routes())
}

/// The authority of a data folder.
///
/// # Errors
/// When its files are missing or do not fit.
pub fn load_authority(folder: &Folder) -> Result<Authority, ServeError> {
    Ok(Authorities::open(folder)?.current)
}

/// Opens the store that the settings choose.
///
/// # Errors
/// The store's; [`StoreError::Refused`] for a database that is not spoken to.
pub async fn open_chosen(folder: &Folder, place: &StorePlace) -> Result<ChosenStore, StoreError> {
    match place.database().map_err(|error| StoreError::Refused(error.to_string()))? {
        Some(address) => Ok(ChosenStore::Postgres(PostgresStore::open(&address).await?)),
        None => Ok(ChosenStore::Sqlite(SqliteStore::open(&folder.store())?)),
    }
}

/// Opens the store for a server; after a crash it is looked through for damage first.
///
/// # Errors
/// The store's.
pub async fn open_store(folder: &Folder) -> Result<Arc<dyn Store>, StoreError> {
    let config = Config::read(&folder.config()).map_err(|error| StoreError::Engine(Box::new(error)))?;
    let store = open_chosen(folder, &config.store).await?;
    if folder.address().is_some() {
        tracing::warn!("the last serve did not end in good order, checking the store");
        store.check().await?;
    }
    Ok(Arc::new(store))
}
