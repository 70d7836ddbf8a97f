//! Getting a certificate and keeping it valid: a commune's agent joins with a token, renews with its certificate, or, when that has
//! expired, with a challenge signed by its enrolled key.
//!
//! Strangers can ask, so the work that goes on at once is bounded. What an invitation or a certificate still allows is decided by the
//! store, in one transaction with the record of what is given for it.

use crate::{
    access::Access,
    adoption,
    authorities::Authorities,
    authority::{AuthorityError, CommuneRequest, Issued},
    challenge::Challenger,
    keyring::Keyring,
    province::Province,
    store::{CertificateRecord, Redeemed, Renewal, Renewed, StoreError},
    token::Token,
};
use chrono::{DateTime, TimeDelta, Utc};
use proto::{
    enrolment::v1::{
        ChallengeRequest, ChallengeResponse, JoinRequest, JoinResponse, RenewAbsentRequest, RenewRequest,
        RenewResponse, enrolment_service_server::EnrolmentService,
    },
    identity::Identity,
    renewal,
    tls::Fingerprint,
};
use rustls::pki_types::CertificateDer;
use std::sync::Arc;
use tokio::sync::{Semaphore, SemaphorePermit};
use tonic::{Request, Response, Status};

/// Requests that are answered at once.
const AT_ONCE: usize = 16;
/// Longest token text looked at.
const MAX_TOKEN_CHARS: usize = 200;
/// Largest certificate shown in a message, in bytes.
const MAX_CERTIFICATE_BYTES: usize = 8 * 1024;
/// How long after it expired a certificate can be renewed.
pub const LONGEST_ABSENCE: TimeDelta = TimeDelta::days(400);

/// The enrolment service.
pub struct Enrolment {
    province: Arc<Province>,
    access: Access,
    keyring: Arc<Keyring>,
    challenger: Challenger,
    at_once: Semaphore,
}

impl Enrolment {
    /// A service that issues through the authority of this keyring.
    #[must_use]
    pub fn new(province: Arc<Province>, access: Access, keyring: Arc<Keyring>) -> Self {
        let challenger = Challenger::new(random());
        Self { province, access, keyring, challenger, at_once: Semaphore::new(AT_ONCE) }
    }

    fn turn(&self) -> Result<SemaphorePermit<'_>, Status> {
        self.at_once.try_acquire().map_err(|_| Status::resource_exhausted("too many are asking, try again"))
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
        let authorities = self.keyring.look();
        let signed = self.sign(&authorities, slug, &request.signing_request, now)?;
        let (leaf, serial) = (signed.der.clone().unwrap_or_default(), signed.serial.clone());
        let leaf = match self.province.store.redeem(&invitation.id, signed).await.map_err(|e| unavailable(&e))? {
            Redeemed::Now => leaf,
            Redeemed::Before(leaf) => leaf,
            Redeemed::Refused => return Err(refused()),
        };
        tracing::info!(commune = %slug, serial, build = %printable(&request.build), "joined");
        Ok(JoinResponse {
            certificates: chain(leaf, &authorities),
            authorities: authorities.told(),
            province: self.province.id.clone(),
            commune: slug.clone(),
            commune_name: commune.name.clone(),
        })
    }

    async fn renewed(&self, asked: Asked<'_>) -> Result<RenewResponse, Status> {
        let now = self.province.clock.real();
        let authorities = self.keyring.look();
        let commune = asked.commune;
        let next = self.sign(&authorities, commune, asked.signing_request, now)?;
        let (leaf, serial) = (next.der.clone().unwrap_or_default(), next.serial.clone());
        let renewal = Renewal { presented: asked.certificate, next, absent: asked.absent };
        let leaf = match self.province.store.renew(renewal).await.map_err(|e| unavailable(&e))? {
            Renewed::Now { copied } => {
                if copied {
                    tracing::warn!(commune, serial, "a certificate was used from two copies");
                }
                leaf
            }
            Renewed::Before(leaf) => leaf,
            Renewed::Early => return Err(Status::failed_precondition("too early, the certificate is young")),
            Renewed::Revoked => return Err(Status::permission_denied("the certificate was revoked")),
            Renewed::Replaced => return Err(Status::permission_denied("the certificate was replaced by a later one")),
        };
        tracing::info!(commune, serial, build = %printable(asked.build), absent = asked.absent, "certificate renewed");
        Ok(RenewResponse { certificates: chain(leaf, &authorities), authorities: authorities.told() })
    }

    async fn renewed_absent(&self, request: &RenewAbsentRequest) -> Result<RenewResponse, Status> {
        let now = self.province.clock.real();
        if !self.challenger.knows(&request.nonce, now) {
            return Err(Status::aborted("the challenge is unknown or out of date"));
        }
        if request.certificate.len() > MAX_CERTIFICATE_BYTES {
            return Err(not_renewable());
        }
        let certificate = CertificateDer::from(request.certificate.as_slice());
        renewal::verify(&certificate, &request.nonce, &request.signing_request, &request.signature)
            .map_err(|_| not_renewable())?;
        let fingerprint = Fingerprint::of(&certificate).0;
        // A certificate that is in the table was issued here, whatever it says of itself; so was one that can be adopted.
        let (store, trusted) = (&*self.province.store, || self.keyring.look().trusted());
        let record = adoption::known(store, &self.province.id, &certificate, trusted, now).await;
        let record = record.map_err(|e| unavailable(&e))?;
        let record = record.filter(|record| now < record.not_after + LONGEST_ABSENCE).ok_or_else(not_renewable)?;
        let commune = record.commune.as_deref().ok_or_else(not_renewable)?;
        let (signing_request, build) = (&request.signing_request, &request.build);
        self.renewed(Asked { commune, certificate: fingerprint, signing_request, build, absent: true }).await
    }

    /// A certificate for the key of a commune's signing request, not yet recorded.
    fn sign(
        &self,
        authorities: &Authorities,
        slug: &str,
        signing_request: &[u8],
        now: DateTime<Utc>,
    ) -> Result<CertificateRecord, Status> {
        let identity = Identity::commune(&self.province.id, slug).map_err(|error| {
            tracing::error!(%error, commune = %slug, "a commune has no identity");
            Status::internal("no identity")
        })?;
        let issued = CommuneRequest::read(signing_request)
            .and_then(|request| authorities.issuing().issue_commune(&identity, &request, random(), now))
            .map_err(|error| not_issued(&error))?;
        Ok(record_of(&issued, &identity, now))
    }
}

/// What a renewal is asked with, whoever it was that proved to be the commune.
struct Asked<'a> {
    commune: &'a str,
    certificate: [u8; 32],
    signing_request: &'a [u8],
    build: &'a str,
    absent: bool,
}

#[tonic::async_trait]
impl EnrolmentService for Enrolment {
    async fn join(&self, request: Request<JoinRequest>) -> Result<Response<JoinResponse>, Status> {
        let _turn = self.turn()?;
        self.admit(request.get_ref()).await.map(Response::new)
    }

    async fn renew(&self, request: Request<RenewRequest>) -> Result<Response<RenewResponse>, Status> {
        let agent = self.access.agent(request.extensions()).await?;
        let _turn = self.turn()?;
        let RenewRequest { signing_request, build } = request.get_ref();
        let (commune, certificate) = (agent.commune.as_str(), agent.certificate);
        let asked = Asked { commune, certificate, signing_request, build, absent: false };
        self.renewed(asked).await.map(Response::new)
    }

    async fn challenge(&self, _request: Request<ChallengeRequest>) -> Result<Response<ChallengeResponse>, Status> {
        let nonce = self.challenger.make(random(), self.province.clock.real());
        Ok(Response::new(ChallengeResponse { nonce }))
    }

    async fn renew_absent(&self, request: Request<RenewAbsentRequest>) -> Result<Response<RenewResponse>, Status> {
        let _turn = self.turn()?;
        self.renewed_absent(request.get_ref()).await.map(Response::new)
    }
}

/// The leaf with the authorities after it: agents of before look for the one that they pinned there.
fn chain(leaf: Vec<u8>, authorities: &Authorities) -> Vec<Vec<u8>> {
    [leaf].into_iter().chain(authorities.told()).collect()
}

/// The record of a client certificate.
#[must_use]
pub fn record_of(issued: &Issued, identity: &Identity, now: DateTime<Utc>) -> CertificateRecord {
    let commune = match identity {
        Identity::Commune { commune, .. } => Some(commune.clone()),
        Identity::Staff { .. } => None,
    };
    CertificateRecord {
        fingerprint: Fingerprint::of(&issued.certificate).0,
        serial: issued.serial.clone(),
        identity: identity.to_uri(),
        commune,
        generation: 0,
        public_key: Some(issued.key_sha256),
        issuer: Some(issued.issuer.0),
        issued_at: now,
        not_after: issued.not_after,
        revoked_at: None,
        der: Some(issued.certificate.to_vec()),
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

/// Unknown, foreign and expired for too long look the same from outside.
fn not_renewable() -> Status {
    Status::permission_denied("the certificate cannot be renewed")
}

fn unavailable(error: &StoreError) -> Status {
    tracing::error!(%error, "the store failed while an agent asked for a certificate");
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
