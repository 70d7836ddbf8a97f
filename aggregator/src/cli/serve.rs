//! `serve`: runs the server until it is told to stop.

use super::{Context, Failure, say};
use crate::{
    config::Config,
    folder::Folder,
    monitoring::Probes,
    parked,
    province::Province,
    reminding::Reminding,
    serve::{Followers, ServeError, Server, open_store},
    standing::Live,
};
use clap::Args;
use operation::{open_files, reloading::Reloading, settings::Refused};
use std::{io, net::SocketAddr, path::PathBuf, sync::Arc};
use tokio::signal::unix::{SignalKind, signal};

/// The command.
#[derive(Debug, Args)]
pub struct Serve {
    /// Địa chỉ và cổng lắng nghe, thay cho cấu hình; cổng 0 là cổng trống bất kỳ
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// Địa chỉ và cổng của các trang (HTTPS), thay cho cấu hình
    #[arg(long, value_name = "LISTEN")]
    pages: Option<SocketAddr>,
}

impl Serve {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let folder = Folder::open(&context.data)?;
        let mut config = Config::read(&folder.config())?;
        config.listen = self.listen.unwrap_or(config.listen);
        config.pages.listen = self.pages.unwrap_or(config.pages.listen);
        let stop = stop_signal().map_err(Failure::Signals)?;
        open_files::allow_many();
        let reloading = tokio::spawn(reloading(folder.config())?);
        let _serving = folder.lock()?;
        // Before the store is opened, which can take long after a crash: whoever asks is told that it starts.
        let probes = match config.metrics.listen {
            Some(address) => Some(probes(address).await?),
            None => None,
        };
        let store = open_store(&folder).await?;
        let province = Arc::new(Province::load(store.clone(), context.clock.clone()).await?);
        parked::take_up(&province).await?;
        let clock = province.clock.clone();
        let live = Live::start(store, Arc::new(move || clock.now())).await;
        let live = live.map_err(|error| ServeError::Standings(Box::new(error)))?;
        let reminding = Reminding::open(&config.reminders, context.language)?;
        let server = Server::bind(folder, config, context.clock.clone(), context.language).await?.watched_by(probes);
        say(&format!("listening on {}", server.url()))?;
        if let Some(pages) = server.pages_url() {
            say(&format!("pages on {pages}"))?;
        }
        let served = server.run(province, Followers { reminding, ..Followers::new(Arc::new(live)) }, stop).await;
        reloading.abort();
        Ok(served?)
    }
}

/// Reads the settings anew whenever it is asked to, from now on. Certificates on the disk are looked at by themselves.
fn reloading(path: PathBuf) -> Result<impl Future<Output = ()>, Failure> {
    let read = move || {
        let layers = Config::layers(&path);
        let config = Config::of(&layers.read()?).map_err(|error| error.refused())?;
        Ok((layers.effective()?, config.log))
    };
    let (settings, _) = read().map_err(|refused: Refused| Failure::Config(refused.into()))?;
    Reloading::of(&settings).follow(read).map_err(Failure::Signals)
}

async fn probes(address: SocketAddr) -> Result<Probes, Failure> {
    let probes = Probes::listen(address).await.map_err(|source| ServeError::Listen { address, source })?;
    say(&format!("metrics on http://{}/metrics", probes.address()))?;
    Ok(probes)
}

/// Resolves at SIGTERM or SIGINT.
fn stop_signal() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
