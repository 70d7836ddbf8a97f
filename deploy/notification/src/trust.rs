//! Which servers are believed: those of public authorities, and of an office's own where it names one.
//!
//! The public authorities are Mozilla's, compiled in: the same on every machine, whatever is installed there.

use crate::{
    notifier::Channel,
    secret::{self, FileFault},
    setup_error::SetupError,
};
use lettre::transport::smtp::client::{Certificate, CertificateStore, TlsParameters};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};
use std::{path::Path, sync::Arc};
use tokio_rustls::TlsConnector;

const MAX_FILE_BYTES: u64 = 1024 * 1024;

pub(crate) struct Trust {
    channel: Channel,
    config: Arc<ClientConfig>,
    /// The office's own authorities.
    own: Vec<CertificateDer<'static>>,
}

impl Trust {
    /// Public authorities, and those of a file.
    pub(crate) fn read(channel: Channel, ca_file: Option<&Path>) -> Result<Self, SetupError> {
        let mut roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        let mut own = Vec::new();
        if let Some(path) = ca_file {
            own = certificates(path, &mut roots).map_err(|fault| SetupError::File {
                channel,
                path: path.to_owned(),
                fault,
            })?;
        }
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| SetupError::Tls { channel, reason: error.to_string() })?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { channel, config: Arc::new(config), own })
    }

    /// For a connection that is protected from its first byte.
    pub(crate) fn connector(&self) -> TlsConnector {
        TlsConnector::from(Arc::clone(&self.config))
    }

    /// For one that becomes so by STARTTLS.
    pub(crate) fn parameters(&self, host: &str) -> Result<TlsParameters, SetupError> {
        let tls = |error: lettre::transport::smtp::Error| SetupError::Tls {
            channel: self.channel,
            reason: error.to_string(),
        };
        let mut builder = TlsParameters::builder(host.to_owned()).certificate_store(CertificateStore::WebpkiRoots);
        for certificate in &self.own {
            builder = builder.add_root_certificate(Certificate::from_der(certificate.to_vec()).map_err(tls)?);
        }
        builder.build_rustls().map_err(tls)
    }
}

fn certificates(path: &Path, roots: &mut RootCertStore) -> Result<Vec<CertificateDer<'static>>, FileFault> {
    let pem = secret::content(path, MAX_FILE_BYTES, false)?;
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let read = read.map_err(|_| FileFault::NotCertificates)?;
    if read.is_empty() {
        return Err(FileFault::NotCertificates);
    }
    for certificate in &read {
        roots.add(certificate.clone()).map_err(|_| FileFault::NotCertificates)?;
    }
    Ok(read)
}
