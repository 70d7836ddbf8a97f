//! What the port says about copies of the store and about files of evidence.

use super::{CertificateRecord, InvitationRecord};
use chrono::{DateTime, Utc};
use shared::{observation::ObservationKey, period::Period};

/// A copy of the store in a file of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreCopy {
    /// Version of its tables.
    pub schema: u64,
}

/// Who was let in and who was shut out, as one store knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Enrolments {
    /// All certificates.
    pub certificates: Vec<CertificateRecord>,
    /// All invitations, with the certificate (SHA-256) given for a used one.
    pub invitations: Vec<(InvitationRecord, Option<[u8; 32]>)>,
    /// When all certificates of an identity were revoked, by identity.
    pub revoked: Vec<(String, DateTime<Utc>)>,
}

/// Which files of evidence are asked for; what is `None` is not asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EvidenceWanted {
    /// Commune slug.
    pub commune: Option<String>,
    /// Indicator code.
    pub indicator: Option<String>,
    /// Period.
    pub period: Option<Period>,
    /// Of the file's bytes.
    pub sha256: Option<[u8; 32]>,
}

/// A file that a commune attached to a version of a figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvidence {
    /// Commune slug.
    pub commune: String,
    /// The figure.
    pub key: ObservationKey,
    /// Its version.
    pub version: u32,
    /// File name, as the commune gave it.
    pub name: String,
    /// Of its bytes.
    pub sha256: [u8; 32],
    /// Its size.
    pub size_bytes: u64,
    /// Who attached it.
    pub entered_by: String,
    /// When its record came.
    pub received_at: DateTime<Utc>,
}
