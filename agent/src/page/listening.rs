//! Where the page is served, and what is refused before: to other computers only with TLS and accounts.

use super::{Desk, Door, router};
use crate::{
    bell::Bell,
    clock::Clock,
    config::{Config, PageConfig},
    folder::{Folder, private_folder},
    lock::Lock,
    store::{Store, StoreError},
};
use arc_swap::ArcSwap;
use axum::Router;
use pages::serving::{self, Transport};
use proto::pem::{PemError, read_certificates, read_key};
use rustls::ServerConfig;
use shared::{language::Language, system_words::reason};
use std::{fs, future::Future, io, net::SocketAddr, path::PathBuf, sync::Arc};
use thiserror::Error;
use tokio::net::TcpListener;

/// Why the page is not served.
#[derive(Debug, Error)]
pub enum ListenError {
    /// Other computers could reach it without encryption.
    #[error("page.listen {0} is not on this computer alone: set page.certificate and page.key")]
    NotEncrypted(SocketAddr),
    /// Other computers could reach it and nobody has an account.
    #[error(
        "page.listen {0} is not on this computer alone and there is no account: add one with `commune-agent account add`"
    )]
    NoAccount(SocketAddr),
    /// Another program has the port.
    #[error("page.listen {0} is taken by another program")]
    Taken(SocketAddr),
    /// The system refuses.
    #[error("page.listen {listen}: {source}")]
    System {
        /// Where.
        listen: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// Certificate or key cannot be read.
    #[error("page.certificate, page.key: {0}")]
    Credential(#[from] PemError),
    /// Certificate and key do not fit.
    #[error("page.certificate, page.key: {0}")]
    Tls(#[from] rustls::Error),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The data folder.
    #[error("data folder: {0}")]
    Folder(#[source] io::Error),
}

impl ListenError {
    /// For the person who starts the service.
    #[must_use]
    pub fn explain(&self, language: Language) -> String {
        match self {
            Self::NotEncrypted(listen) => language.pick(
                format!("page.listen = {listen} mở cho máy khác: phải có page.certificate và page.key (TLS) trong agent.toml, hoặc đặt lại 127.0.0.1"),
                format!("page.listen = {listen} is open to other computers: set page.certificate and page.key (TLS) in agent.toml, or 127.0.0.1"),
            ),
            Self::NoAccount(listen) => language.pick(
                format!("page.listen = {listen} mở cho máy khác mà chưa có tài khoản nào: chạy `commune-agent account add TÊN` trước"),
                format!("page.listen = {listen} is open to other computers and there is no account: run `commune-agent account add NAME` first"),
            ),
            Self::Taken(listen) => language.pick(
                format!("cổng của trang ({listen}) đang do chương trình khác dùng: đổi page.listen trong agent.toml, hoặc page.enabled = false"),
                format!("the page's port ({listen}) is taken by another program: change page.listen in agent.toml, or set page.enabled = false"),
            ),
            Self::System { listen, source } => language.pick(
                format!("không mở được trang ở {listen} (page.listen): {}", reason(source, language)),
                format!("the page cannot be opened at {listen} (page.listen): {source}"),
            ),
            Self::Credential(_) | Self::Tls(_) => {
                language.pick(format!("không dùng được chứng thư của trang: {self}"), format!("the page's certificate: {self}"))
            }
            Self::Store(error) => error.explain(language),
            Self::Folder(error) => language
                .pick(format!("thư mục dữ liệu: {}", reason(error, language)), format!("data folder: {error}")),
        }
    }
}

/// Where the page of a folder is served; none while no service runs. A service that was killed leaves its address behind.
#[must_use]
pub fn address(folder: &Folder) -> Option<String> {
    let address = fs::read_to_string(folder.page_address()).ok().filter(|address| address.len() <= 200)?;
    let is_served = matches!(Lock::try_take(&folder.service_lock()), Ok(None));
    is_served.then_some(address)
}

/// The page, ready to be served.
pub struct Page {
    listener: TcpListener,
    transport: Transport,
    router: Router,
    /// Where, as a browser asks for it.
    pub address: String,
    file: PathBuf,
}

/// Opens the page as the settings say.
///
/// # Errors
/// [`ListenError`]; nothing listens then.
pub async fn open(
    folder: &Folder,
    config: &Config,
    clock: &Clock,
    language: Language,
    bell: Arc<Bell>,
) -> Result<Page, ListenError> {
    let PageConfig { listen, tls, .. } = &config.page;
    let (listen, is_loopback) = (*listen, listen.ip().is_loopback());
    if !is_loopback && tls.is_none() {
        return Err(ListenError::NotEncrypted(listen));
    }
    if !is_loopback && Store::open(folder)?.view().account_count()? == 0 {
        return Err(ListenError::NoAccount(listen));
    }
    let transport = match tls {
        Some((certificate, key)) => {
            let mut server = ServerConfig::builder_with_provider(proto::tls::provider())
                .with_safe_default_protocol_versions()?
                .with_no_client_auth()
                .with_single_cert(read_certificates(certificate)?, read_key(key)?)?;
            server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
            Transport::Tls(Arc::new(ArcSwap::from_pointee(server)))
        }
        None => Transport::Plain,
    };
    let listener = TcpListener::bind(listen).await.map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => ListenError::Taken(listen),
        _ => ListenError::System { listen, source },
    })?;
    let bound = listener.local_addr().map_err(|source| ListenError::System { listen, source })?;
    // What an earlier service left half done.
    if let Err(error) = fs::remove_dir_all(folder.incoming())
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(ListenError::Folder(error));
    }
    private_folder(&folder.incoming()).map_err(ListenError::Folder)?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let address = format!("{scheme}://{bound}");
    let file = folder.page_address();
    fs::write(&file, &address).map_err(ListenError::Folder)?;
    let door = Door { is_secure: tls.is_some(), is_loopback, port: bound.port() };
    let desk = Desk::new(folder.clone(), config.clone(), clock.clone(), language, door, bell);
    Ok(Page { listener, transport, router: router(Arc::new(desk)), address, file })
}

impl Page {
    /// Serves it until `stop` resolves.
    pub async fn serve(self, stop: impl Future<Output = ()>) {
        serving::serve(self.listener, self.transport, self.router, stop).await;
        if let Err(error) = fs::remove_file(&self.file) {
            tracing::warn!(%error, "the page's address stays behind");
        }
    }
}
