//! Joining: a commune's agent shows its token and gets a certificate for its key. The only call without a client certificate.

use crate::{
    authority::{Authority, AuthorityError, Issued},
    province::Province,
    store::{CertificateRecord, StoreError},
    token::Token,
};
use proto::{
    enrolment::v1::{JoinRequest, JoinResponse, enrolment_service_server::EnrolmentService},
    identity::Identity,
    tls::Fingerprint,
};
use std::sync::Arc;
use tokio::sync::Semaphore;
use tonic::{Request, Response, Status};

/// Requests that are signed at once; strangers can ask, so it is bounded.
const JOINS_AT_ONCE: usize = 16;
/// Longest token text looked at.
const MAX_TOKEN_CHARS: usize = 200;

/// The enrolment service.
pub struct Enrolment {
    province: Arc<Province>,
    authority: Arc<Authority>,
    at_once: Semaphore,
}

impl Enrolment {
    /// A service that issues through this authority.
    #[must_use]
    pub fn new(province: Arc<Province>, authority: Arc<Authority>) -> Self {
        Self { province, authority, at_once: Semaphore::new(JOINS_AT_ONCE) }
    }

    async fn admit(&self, request: &JoinRequest) -> Result<JoinResponse, Status> {
        let now = self.province.clock.real();
        let token: Token = request
            .token
            .get(..MAX_TOKEN_CHARS.min(request.token.len()))
            .unwrap_or_default()
            .parse()
            .map_err(|_| refused())?;
        let invitation = self.province.store.invitation(&token.id()).await.map_err(|e| unavailable(&e))?;
        let invitation = invitation.filter(|invitation| token.opens(invitation, now)).ok_or_else(refused)?;
        let slug = &invitation.commune;
        let rulebook = self.province.rulebook();
        let commune = rulebook.catalogue.commune(slug).ok_or_else(refused)?;
        let identity = Identity::commune(&self.province.id, slug).map_err(|error| {
            tracing::error!(%error, commune = %slug, "a commune has no identity");
            Status::internal("no identity")
        })?;
        let issued = self
            .authority
            .issue_commune(&identity, &request.signing_request, random(), now)
            .map_err(|error| not_issued(&error))?;
        let record = record_of(&issued, &identity, now);
        // The token is used up and the certificate recorded together, or neither.
        if !self.province.store.redeem(&invitation.id, record).await.map_err(|e| unavailable(&e))? {
            return Err(refused());
        }
        tracing::info!(commune = %slug, serial = %issued.serial, build = %printable(&request.build), "joined");
        Ok(JoinResponse {
            certificates: vec![issued.certificate.to_vec(), self.authority.certificate().to_vec()],
            province: self.province.id.clone(),
            commune: slug.clone(),
            commune_name: commune.name.clone(),
        })
    }
}

#[tonic::async_trait]
impl EnrolmentService for Enrolment {
    async fn join(&self, request: Request<JoinRequest>) -> Result<Response<JoinResponse>, Status> {
        let _turn =
            self.at_once.try_acquire().map_err(|_| Status::resource_exhausted("too many are joining, try again"))?;
        self.admit(request.get_ref()).await.map(Response::new)
    }
}

/// The record of a client certificate.
#[must_use]
pub fn record_of(issued: &Issued, identity: &Identity, now: chrono::DateTime<chrono::Utc>) -> CertificateRecord {
    let commune = match identity {
        Identity::Commune { commune, .. } => Some(commune.clone()),
        Identity::Staff { .. } => None,
    };
    CertificateRecord {
        fingerprint: Fingerprint::of(&issued.certificate).0,
        serial: issued.serial.clone(),
        identity: identity.to_uri(),
        commune,
        issued_at: now,
        not_after: issued.not_after,
        revoked_at: None,
    }
}

/// Random bytes from the system, for serial numbers and tokens.
#[must_use]
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::RngCore::fill_bytes(&mut rand::rng(), &mut bytes);
    bytes
}

/// Unknown, used and expired look the same from outside.
fn refused() -> Status {
    Status::unauthenticated("the token is not valid")
}

fn unavailable(error: &StoreError) -> Status {
    tracing::error!(%error, "the store failed while an agent joined");
    Status::unavailable("the store does not answer")
}

fn not_issued(error: &AuthorityError) -> Status {
    match error {
        AuthorityError::Request(_) => Status::invalid_argument(error.to_string()),
        AuthorityError::Own(_) | AuthorityError::Signing(_) => {
            tracing::error!(%error, "a certificate could not be issued");
            Status::internal("no certificate")
        }
    }
}

/// A stranger's text for a log line.
#[must_use]
pub fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}
