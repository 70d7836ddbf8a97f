//! What the store keeps of invitations and certificates, and what it says when one is used. No SQL, no wire types.

use chrono::{DateTime, Utc};

/// A one-time invitation. The secret itself is not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitationRecord {
    /// Public part of the token, by which it is found.
    pub id: String,
    /// SHA-256 of the secret part.
    pub secret_sha256: [u8; 32],
    /// Commune slug.
    pub commune: String,
    /// When it was made (real time).
    pub created_at: DateTime<Utc>,
    /// From when on it is refused (real time).
    pub expires_at: DateTime<Utc>,
    /// When it was used.
    pub used_at: Option<DateTime<Utc>>,
}

/// A client certificate that the authority issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateRecord {
    /// SHA-256 of the certificate.
    pub fingerprint: [u8; 32],
    /// Serial number, hexadecimal.
    pub serial: String,
    /// The identity as a URI.
    pub identity: String,
    /// The commune it names, for a commune's certificate.
    pub commune: Option<String>,
    /// Counts from 1 for each identity; given by the store when the certificate is recorded.
    pub generation: u32,
    /// SHA-256 of its key (`SubjectPublicKeyInfo`, DER); none where an earlier version of this program issued it.
    pub public_key: Option<[u8; 32]>,
    /// SHA-256 of the authority's certificate; none as before.
    pub issuer: Option<[u8; 32]>,
    /// When it was issued (real time).
    pub issued_at: DateTime<Utc>,
    /// Until when it is valid (real time).
    pub not_after: DateTime<Utc>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// The certificate itself (DER), so that a lost answer can be given again; kept for the newest of an identity.
    pub der: Option<Vec<u8>>,
}

/// What became of an invitation that was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redeemed {
    /// It was used now, the certificate is recorded.
    Now,
    /// It was used before with the same key; this certificate (DER) was given for it.
    Before(Vec<u8>),
    /// It was used before, expired or does not exist; nothing is recorded.
    Refused,
}

/// A commune's wish for its next certificate.
#[derive(Debug, Clone)]
pub struct Renewal {
    /// SHA-256 of the certificate that it has.
    pub presented: [u8; 32],
    /// The next one, signed but not yet recorded.
    pub next: CertificateRecord,
    /// The one that it has was shown in a message, since it may have expired: then a later one must not exist.
    pub absent: bool,
}

/// What became of it. Only `Now` and `Before` give a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Renewed {
    /// The next one is recorded. `copied`: the one presented had been replaced before, by another key, so there are two copies.
    Now {
        /// Used from two copies.
        copied: bool,
    },
    /// The newest certificate (DER) is of the same key and has most of its life before it: the answer was lost.
    Before(Vec<u8>),
    /// The one presented is the newest and has most of its life before it: the one who asks has a wrong clock.
    Early,
    /// The one presented is not known, or was revoked.
    Revoked,
    /// The one presented was replaced by a later one of another key.
    Replaced,
}

/// A commune whose certificate was used from two copies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotedCopies {
    /// Commune slug.
    pub commune: String,
    /// How often that was seen.
    pub times: u32,
    /// When last (real time).
    pub last: DateTime<Utc>,
}

/// Which authorities a commune's agent says it trusts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustReport {
    /// Commune slug.
    pub commune: String,
    /// SHA-256 of their certificates; empty when it never said.
    pub authorities: Vec<[u8; 32]>,
}
