//! Who calls: the identity comes from the client certificate, never from a message, and revoked certificates are refused
//! on every call.

use crate::{
    adoption,
    keyring::Keyring,
    store::{Store, StoreError},
};
use proto::{accept::PeerCertificates, identity::Identity};
use std::sync::Arc;
use tokio::sync::OnceCell;
use tonic::{Extensions, Request, Status};

/// Decides who may call what.
#[derive(Clone)]
pub struct Access {
    store: Arc<dyn Store>,
    province: Arc<str>,
    keyring: Arc<Keyring>,
    /// Asked once: nobody restores a store that is served.
    restored: Arc<OnceCell<bool>>,
}

/// A commune's agent, known by its certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// Commune slug.
    pub commune: String,
    /// SHA-256 of the certificate.
    pub certificate: [u8; 32],
    /// How its frames come.
    pub by: Carrier,
}

/// What brings an agent's frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// A connection, now.
    Line,
    /// A file that was made some time ago, and may be older than what came over the line since.
    File,
}

impl Access {
    /// For one province.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, province: &str, keyring: Arc<Keyring>) -> Self {
        Self { store, province: province.into(), keyring, restored: Arc::default() }
    }

    /// The commune that calls. Whether its certificate was revoked is the session's question, which answers it with a verdict. In a
    /// restored store a certificate of after the backup is recorded when it is first seen.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` without a certificate, `PERMISSION_DENIED` with someone else's, `UNAVAILABLE` when the store does not answer.
    pub async fn agent(&self, extensions: &Extensions) -> Result<Agent, Status> {
        let (identity, certificate) = self.identity(extensions)?;
        let Identity::Commune { commune, .. } = identity else {
            return Err(Status::permission_denied("a commune's certificate is needed"));
        };
        let restored =
            self.restored.get_or_try_init(|| async { self.store.restored_at().await.map(|at| at.is_some()) });
        if *restored.await.map_err(|error| unavailable(&error))?
            && let Some(leaf) = extensions.get::<PeerCertificates>().and_then(PeerCertificates::leaf)
        {
            let trusted = || self.keyring.look().trusted();
            let known = adoption::known(&*self.store, &self.province, leaf, trusted, self.keyring.now()).await;
            known.map_err(|error| unavailable(&error))?;
        }
        Ok(Agent { commune, certificate, by: Carrier::Line })
    }

    /// The member of the staff that calls. Every call of the query service asks this first.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` without a certificate, `PERMISSION_DENIED` with someone else's or a revoked one.
    pub async fn staff(&self, extensions: &Extensions) -> Result<String, Status> {
        let (identity, certificate) = self.identity(extensions)?;
        let Identity::Staff { name, .. } = identity else {
            return Err(Status::permission_denied("a staff certificate is needed"));
        };
        let record = self.store.certificate(certificate).await.map_err(|error| unavailable(&error))?;
        match record {
            Some(record) if record.revoked_at.is_none() => Ok(name),
            _ => Err(Status::permission_denied("the certificate was revoked")),
        }
    }

    fn identity(&self, extensions: &Extensions) -> Result<(Identity, [u8; 32]), Status> {
        let peer = extensions.get::<PeerCertificates>();
        let (peer, certificate) = peer
            .and_then(|peer| Some((peer, peer.fingerprint()?)))
            .ok_or_else(|| Status::unauthenticated("a client certificate is needed"))?;
        let identity = peer.identity().map_err(|error| Status::permission_denied(error.to_string()))?;
        if identity.province() != &*self.province {
            return Err(Status::permission_denied("the certificate is of another province"));
        }
        Ok((identity.clone(), certificate.0))
    }
}

fn unavailable(error: &StoreError) -> Status {
    tracing::error!(%error, "a certificate could not be looked up");
    Status::unavailable("the store does not answer")
}

/// Lets a request pass that comes with any certificate of this authority; for services that tell nothing of the communes.
///
/// # Errors
/// `UNAUTHENTICATED` without one.
#[allow(clippy::result_large_err)]
pub fn any_certificate(request: Request<()>) -> Result<Request<()>, Status> {
    match request.extensions().get::<PeerCertificates>().and_then(PeerCertificates::leaf) {
        Some(_) => Ok(request),
        None => Err(Status::unauthenticated("a client certificate is needed")),
    }
}
