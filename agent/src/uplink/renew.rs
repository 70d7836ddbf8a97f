//! The way to the province with a certificate that is kept valid: renewed at about half of its life over the connection that it
//! opens, or, when the province does not take it any more, by a challenge signed with its key.
//!
//! Whether a certificate has expired is the province's word: this computer's clock may be wrong. It only decides when to ask early.

use super::{
    BUILD,
    credential::{self, CredentialError},
    outcome::{End, Outcome},
    pending::{self, PendingError, Purpose},
    session::{failed, not_connected},
};
use crate::{folder::Folder, store::meta::Belonging};
use chrono::{DateTime, Utc};
use proto::{
    MAX_FRAME_BYTES,
    connect::{self, ConnectError},
    enrolment::v1::{
        ChallengeRequest, RenewAbsentRequest, RenewRequest, RenewResponse,
        enrolment_service_client::EnrolmentServiceClient,
    },
    identity::{Identity, SigningRequest, Validity},
    renewal, tls,
};
use rustls::pki_types::CertificateDer;
use sha2::{Digest, Sha256};
use std::{future::Future, time::Duration};
use tokio::time::timeout;
use tonic::{Code, Response, Status, transport::Channel};

/// Longest wait for an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// Most certificates in an answer.
pub(super) const MAX_CERTIFICATES: usize = 8;

/// Whether a certificate should be renewed: after half of its life and up to a tenth of it more, a share that is the commune's own, so
/// that not all communes ask on the same day.
#[must_use]
pub fn due(valid: Validity, now: DateTime<Utc>, commune: &str) -> bool {
    let hash = Sha256::digest(commune);
    let share = i32::from(u16::from_be_bytes([hash[0], hash[1]]));
    let life = valid.not_after - valid.not_before;
    let jitter = life / 10 / (1 << 16) * share;
    now >= valid.not_before + life / 2 + jitter
}

/// Connects to the province, with a new certificate where it is time for one. A renewal that fails is a warning while the province
/// takes the certificate that there is.
///
/// # Errors
/// How the session ends without a connection.
pub async fn channel(
    folder: &Folder,
    server: &str,
    belonging: &Belonging,
    now: DateTime<Utc>,
) -> Result<Channel, Outcome> {
    let by = Renewal { folder, server, belonging };
    match by.connect().await? {
        Ok(channel) => {
            let valid = credential::validity(folder).map_err(|error| unusable(&error))?;
            if !due(valid, now, &belonging.commune) {
                return Ok(channel);
            }
            match by.over(channel.clone()).await {
                Ok(()) => {
                    tracing::info!("certificate renewed");
                    by.connect().await?.map_err(|error| not_connected(&error))
                }
                Err(error) => {
                    tracing::warn!(%error, not_after = %valid.not_after, "the certificate could not be renewed, trying again at the next session");
                    Ok(channel)
                }
            }
        }
        Err(ConnectError::CertificateRefused(why)) => {
            tracing::warn!(why, "the province does not take the certificate any more, renewing it by a challenge");
            by.challenged().await.map_err(|error| error.outcome())?;
            tracing::info!("certificate renewed");
            by.connect().await?.map_err(|error| not_connected(&error))
        }
        Err(error) => Err(not_connected(&error)),
    }
}

/// Why a certificate was not renewed.
#[derive(Debug, thiserror::Error)]
enum RenewalFailure {
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error("{}: {}", .0.code(), .0.message())]
    Refused(Box<Status>),
    #[error("no answer in time")]
    TimedOut,
    #[error("unusable answer: {0}")]
    Answer(String),
    #[error(transparent)]
    Pending(#[from] PendingError),
    #[error(transparent)]
    Credential(#[from] CredentialError),
}

impl RenewalFailure {
    /// How a session ends that needed the renewal.
    fn outcome(&self) -> Outcome {
        match self {
            Self::Connect(error) => not_connected(error),
            // A province of the version before knows no challenges: its word on the certificate stands.
            Self::Refused(status) if status.code() == Code::Unimplemented => {
                Outcome::of(End::IdentityRefused, "the certificate is refused and cannot be renewed by a challenge")
            }
            Self::Refused(status) => failed(status),
            Self::TimedOut => Outcome::of(End::TimedOut, self.to_string()),
            Self::Answer(_) => Outcome::of(End::Protocol, self.to_string()),
            Self::Pending(_) | Self::Credential(_) => Outcome::of(End::IdentityRefused, self.to_string()),
        }
    }
}

fn unusable(error: &CredentialError) -> Outcome {
    Outcome::of(End::IdentityRefused, error.to_string())
}

struct Renewal<'a> {
    folder: &'a Folder,
    server: &'a str,
    belonging: &'a Belonging,
}

impl Renewal<'_> {
    /// With the certificate that there is; a session without one ends.
    async fn connect(&self) -> Result<Result<Channel, ConnectError>, Outcome> {
        let settings = credential::client_config(self.folder).map_err(|error| unusable(&error))?;
        Ok(connect::channel(self.server, settings).await)
    }

    /// Over a connection that the certificate opened.
    async fn over(&self, channel: Channel) -> Result<(), RenewalFailure> {
        let request = self.request()?;
        let asked = RenewRequest { signing_request: request.request_der.clone(), build: BUILD.into() };
        let answer = answered(client(channel).renew(asked)).await?;
        self.keep(&request, &answer)
    }

    /// Over a connection without a certificate, whose server is trusted as ever.
    async fn challenged(&self) -> Result<(), RenewalFailure> {
        let (leaf, key_pem) = credential::enrolled(self.folder)?;
        let roots = credential::authorities(self.folder)?;
        let settings = tls::client_config(&roots, None).map_err(CredentialError::from)?;
        let mut client = client(connect::channel(self.server, settings).await?);
        let nonce = answered(client.challenge(ChallengeRequest {})).await?.nonce;
        let request = self.request()?;
        let signature = renewal::sign(&key_pem, &nonce, &request.request_der)
            .map_err(|error| RenewalFailure::Answer(error.to_string()))?;
        let asked = RenewAbsentRequest {
            certificate: leaf.to_vec(),
            nonce,
            signing_request: request.request_der.clone(),
            signature,
            build: BUILD.into(),
        };
        let answer = answered(client.renew_absent(asked)).await?;
        self.keep(&request, &answer)
    }

    /// The request of a key that is kept already, so that a lost answer is asked for again.
    fn request(&self) -> Result<SigningRequest, RenewalFailure> {
        let request = pending::request(self.folder, Purpose::Renewal)?;
        let (_, enrolled) = credential::enrolled(self.folder)?;
        if *request.key_pem != *enrolled {
            return Ok(request);
        }
        // The last renewal was cut off after the switch: its key is in use.
        pending::forget(self.folder).map_err(PendingError::from)?;
        Ok(pending::request(self.folder, Purpose::Renewal)?)
    }

    fn keep(&self, request: &SigningRequest, answer: &RenewResponse) -> Result<(), RenewalFailure> {
        let wrong = |what: &str| RenewalFailure::Answer(what.into());
        if answer.certificates.len() > MAX_CERTIFICATES {
            return Err(wrong("too many certificates"));
        }
        let chain = ders(&answer.certificates);
        let leaf = chain.first().ok_or_else(|| wrong("no certificate"))?;
        let Belonging { province, commune, .. } = self.belonging;
        if Identity::from_certificate(leaf) != Identity::commune(province, commune) {
            return Err(wrong("the certificate names someone else"));
        }
        let roots = match ders(&answer.authorities) {
            told if told.is_empty() => credential::authorities(self.folder)?,
            told => told,
        };
        credential::keep(self.folder, &request.key_pem, &chain, &roots)?;
        Ok(pending::forget(self.folder).map_err(PendingError::from)?)
    }
}

pub(super) fn ders(certificates: &[Vec<u8>]) -> Vec<CertificateDer<'static>> {
    certificates.iter().map(|der| CertificateDer::from(der.clone())).collect()
}

fn client(channel: Channel) -> EnrolmentServiceClient<Channel> {
    EnrolmentServiceClient::new(channel).max_decoding_message_size(MAX_FRAME_BYTES)
}

async fn answered<T>(call: impl Future<Output = Result<Response<T>, Status>>) -> Result<T, RenewalFailure> {
    let answer = timeout(ANSWER_TIMEOUT, call).await.map_err(|_| RenewalFailure::TimedOut)?;
    Ok(answer.map_err(|status| RenewalFailure::Refused(Box::new(status)))?.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;
    use std::collections::BTreeSet;

    fn valid() -> Validity {
        let not_before: DateTime<Utc> = "2026-10-01T00:00:00Z".parse().unwrap();
        Validity { not_before, not_after: not_before + TimeDelta::days(14) }
    }

    #[test]
    fn it_is_due_after_half_of_its_life_and_a_share_of_its_own() {
        let valid = valid();
        let (half, latest) = (TimeDelta::days(7), TimeDelta::days(7) + TimeDelta::minutes(14 * 24 * 6));
        let mut days = BTreeSet::new();
        for number in 0..200 {
            let commune = format!("xa-{number}");
            assert!(!due(valid, valid.not_before, &commune));
            assert!(!due(valid, valid.not_before + half - TimeDelta::milliseconds(1), &commune));
            assert!(due(valid, valid.not_before + latest, &commune));
            assert!(due(valid, valid.not_after + TimeDelta::days(100), &commune));
            let hour = (0..).find(|hour| due(valid, valid.not_before + half + TimeDelta::hours(*hour), &commune));
            days.insert(hour.unwrap());
        }
        assert!(days.len() > 25, "they are spread: {days:?}");
    }

    #[test]
    fn a_life_of_nothing_is_due() {
        let valid = Validity { not_after: valid().not_before, ..valid() };
        assert!(due(valid, valid.not_before, "tan-phu"));
        assert!(
            !due(valid, valid.not_before - TimeDelta::hours(5), "tan-phu"),
            "a clock that is behind waits for the server's word"
        );
    }
}
