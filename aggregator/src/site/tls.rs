//! The certificate that browsers see: one of another authority where the settings name it, else the server's own. Looked at again and
//! again, so that a renewed one needs no restart.

use crate::{config::Pages, folder::Folder};
use arc_swap::ArcSwap;
use proto::{pem, tls};
use rustls::ServerConfig;
use std::{path::PathBuf, sync::Arc, time::Duration};
use thiserror::Error;
use tokio::sync::watch;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(60);

/// Why the pages cannot be served over TLS.
#[derive(Debug, Error)]
#[error("the certificate of the pages: {0}")]
pub struct TlsError(String);

/// See the [module](self).
pub struct Certificate {
    chain: PathBuf,
    key: PathBuf,
    settings: Arc<ArcSwap<ServerConfig>>,
    seen: Vec<u8>,
}

impl Certificate {
    /// Reads it.
    ///
    /// # Errors
    /// [`TlsError`] names what cannot be used.
    pub fn open(folder: &Folder, pages: &Pages) -> Result<Self, TlsError> {
        let chain = pages.certificate.clone().unwrap_or_else(|| folder.server_certificate());
        let key = pages.key.clone().unwrap_or_else(|| folder.server_key());
        let seen = std::fs::read(&chain).unwrap_or_default();
        let settings = Arc::new(ArcSwap::from_pointee(read(&chain, &key)?));
        Ok(Self { chain, key, settings, seen })
    }

    /// The settings in force, swapped when the files change.
    #[must_use]
    pub fn settings(&self) -> Arc<ArcSwap<ServerConfig>> {
        self.settings.clone()
    }

    /// Looks until the end is signalled. What cannot be read now is tried again; the settings in force stay.
    pub async fn follow(mut self, mut ending: watch::Receiver<bool>) {
        let mut ticks = tokio::time::interval(LOOK);
        loop {
            tokio::select! {
                () = async { drop(ending.wait_for(|ending| *ending).await) } => return,
                _ = ticks.tick() => {}
            }
            let now = std::fs::read(&self.chain).unwrap_or_default();
            if now == self.seen {
                continue;
            }
            match read(&self.chain, &self.key) {
                Ok(settings) => {
                    tracing::info!("the certificate of the pages changed");
                    self.settings.store(Arc::new(settings));
                    self.seen = now;
                }
                Err(error) => tracing::warn!(%error, "the new certificate cannot be used yet"),
            }
        }
    }
}

fn read(chain: &std::path::Path, key: &std::path::Path) -> Result<ServerConfig, TlsError> {
    let why = |error: &dyn std::fmt::Display| TlsError(error.to_string());
    let chain = pem::read_certificates(chain).map_err(|error| why(&error))?;
    let key = pem::read_key(key).map_err(|error| why(&error))?;
    let mut settings = ServerConfig::builder_with_provider(tls::provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|error| why(&error))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| why(&error))?;
    settings.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(settings)
}
