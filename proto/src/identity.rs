//! Who a certificate names, in a URI name: `urn:tiendo:<province>:commune:<slug>` or `urn:tiendo:<province>:staff:<name>`.
//!
//! Reading a name proves nothing: that the certificate was issued by the province's authority is checked by [`crate::tls`].

use chrono::{DateTime, Utc};
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::pki_types::CertificateDer;
use std::{fmt, str::FromStr};
use thiserror::Error;
use x509_parser::{extensions::GeneralName, parse_x509_certificate, time::ASN1Time};
use zeroize::Zeroizing;

const URN: &str = "urn:tiendo";
/// Longest part of an identity, in characters.
pub const MAX_PART_CHARS: usize = 64;

/// Who a certificate names. Made by [`Identity::commune`], [`Identity::staff`] or read, so that the parts are checked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Identity {
    /// A commune's agent.
    Commune {
        /// Province id.
        province: String,
        /// Commune slug.
        commune: String,
    },
    /// A member of the province's staff.
    Staff {
        /// Province id.
        province: String,
        /// Name, in the letters of a slug.
        name: String,
    },
}

/// Why there is no identity.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum IdentityError {
    /// The connection came without a client certificate.
    #[error("no client certificate")]
    NoCertificate,
    /// The certificate cannot be read.
    #[error("unreadable certificate")]
    Unreadable,
    /// It has none, or more than one.
    #[error("certificate with {0} uri names, not one")]
    NotOne(usize),
    /// The name, or a part of it, is not of the form.
    #[error("not an identity: {0:?}")]
    NotAnIdentity(String),
    /// A key or signing request could not be made.
    #[error("no signing request: {0}")]
    SigningRequest(String),
}

impl Identity {
    /// A commune's agent.
    ///
    /// # Errors
    /// [`IdentityError::NotAnIdentity`] unless both parts are 1 to 64 of a–z, 0–9, `-`, `.`, `_`, beginning with a letter or digit.
    pub fn commune(province: &str, commune: &str) -> Result<Self, IdentityError> {
        Ok(Identity::Commune { province: part(province)?, commune: part(commune)? })
    }

    /// A member of the province's staff.
    ///
    /// # Errors
    /// As [`Identity::commune`].
    pub fn staff(province: &str, name: &str) -> Result<Self, IdentityError> {
        Ok(Identity::Staff { province: part(province)?, name: part(name)? })
    }

    /// The province.
    #[must_use]
    pub fn province(&self) -> &str {
        match self {
            Identity::Commune { province, .. } | Identity::Staff { province, .. } => province,
        }
    }

    /// The URI name.
    #[must_use]
    pub fn to_uri(&self) -> String {
        self.to_string()
    }

    /// Reads the one URI name of a certificate. Says nothing about who issued it.
    ///
    /// # Errors
    /// [`IdentityError`] unless there is exactly one URI name and it is an identity.
    pub fn from_certificate(certificate: &CertificateDer<'_>) -> Result<Self, IdentityError> {
        let (rest, certificate) = parse_x509_certificate(certificate).map_err(|_| IdentityError::Unreadable)?;
        if !rest.is_empty() {
            return Err(IdentityError::Unreadable);
        }
        let names = certificate.subject_alternative_name().map_err(|_| IdentityError::Unreadable)?;
        let names = names.map(|extension| extension.value.general_names.as_slice()).unwrap_or_default();
        let mut uris = names.iter().filter_map(|name| match name {
            GeneralName::URI(uri) => Some(*uri),
            _ => None,
        });
        match (uris.next(), uris.count()) {
            (Some(uri), 0) => uri.parse(),
            (first, more) => Err(IdentityError::NotOne(usize::from(first.is_some()) + more)),
        }
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Identity::Commune { province, commune } => write!(f, "{URN}:{province}:commune:{commune}"),
            Identity::Staff { province, name } => write!(f, "{URN}:{province}:staff:{name}"),
        }
    }
}

impl FromStr for Identity {
    type Err = IdentityError;

    fn from_str(uri: &str) -> Result<Self, IdentityError> {
        let parts = uri.strip_prefix(URN).and_then(|rest| rest.strip_prefix(':'));
        let mut parts = parts.unwrap_or_default().split(':');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(province), Some("commune"), Some(commune), None) => Self::commune(province, commune),
            (Some(province), Some("staff"), Some(name), None) => Self::staff(province, name),
            _ => Err(not_an_identity(uri)),
        }
    }
}

fn part(text: &str) -> Result<String, IdentityError> {
    let letter = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    let good = bytes.len() <= MAX_PART_CHARS
        && bytes.first().is_some_and(letter)
        && bytes.iter().all(|byte| letter(byte) || b"-._".contains(byte));
    if good { Ok(text.into()) } else { Err(not_an_identity(text)) }
}

fn not_an_identity(text: &str) -> IdentityError {
    IdentityError::NotAnIdentity(text.chars().take(2 * MAX_PART_CHARS).collect())
}

/// A new key and the request to have it certified.
pub struct SigningRequest {
    /// The key, PKCS#8, PEM; wiped when dropped.
    pub key_pem: Zeroizing<String>,
    /// PKCS#10, DER.
    pub request_der: Vec<u8>,
}

/// Makes a key (ECDSA P-256) and a signing request without names: whoever signs decides on those.
///
/// # Errors
/// [`IdentityError::SigningRequest`] when the system gives no randomness.
pub fn signing_request() -> Result<SigningRequest, IdentityError> {
    request_of(&KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(|error| no_request(&error))?)
}

/// The request for a key that was made before (PKCS#8, PEM).
///
/// # Errors
/// [`IdentityError::SigningRequest`] when it is not a key.
pub fn signing_request_for(key_pem: &str) -> Result<SigningRequest, IdentityError> {
    request_of(&KeyPair::from_pem(key_pem).map_err(|error| no_request(&error))?)
}

fn request_of(key: &KeyPair) -> Result<SigningRequest, IdentityError> {
    let request = CertificateParams::default().serialize_request(key).map_err(|error| no_request(&error))?;
    Ok(SigningRequest { key_pem: Zeroizing::new(key.serialize_pem()), request_der: request.der().to_vec() })
}

fn no_request(error: &rcgen::Error) -> IdentityError {
    IdentityError::SigningRequest(error.to_string())
}

/// From when until when a certificate is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// First moment.
    pub not_before: DateTime<Utc>,
    /// Last moment.
    pub not_after: DateTime<Utc>,
}

impl Validity {
    /// Of a certificate.
    ///
    /// # Errors
    /// [`IdentityError::Unreadable`]
    pub fn of(certificate: &CertificateDer<'_>) -> Result<Self, IdentityError> {
        let (_, read) = parse_x509_certificate(certificate).map_err(|_| IdentityError::Unreadable)?;
        let time = |time: ASN1Time| DateTime::from_timestamp(time.timestamp(), 0).ok_or(IdentityError::Unreadable);
        Ok(Self { not_before: time(read.validity().not_before)?, not_after: time(read.validity().not_after)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authority::Authority;
    use proptest::prelude::*;

    #[test]
    fn identities_survive_their_uri() {
        let commune = Identity::commune("dong-nai", "dinh-quan").unwrap();
        assert_eq!(commune.to_uri(), "urn:tiendo:dong-nai:commune:dinh-quan");
        let staff = Identity::staff("dong-nai", "an.nguyen").unwrap();
        assert_eq!(staff.to_uri(), "urn:tiendo:dong-nai:staff:an.nguyen");
        for identity in [commune, staff] {
            assert_eq!(identity.to_uri().parse(), Ok(identity));
        }
    }

    #[test]
    fn other_uris_are_refused() {
        let long = format!("urn:tiendo:dong-nai:commune:{}", "a".repeat(65));
        for uri in [
            "",
            "urn:tiendo",
            "urn:tiendo:dong-nai",
            "urn:tiendo:dong-nai:commune:",
            "urn:tiendo:dong-nai:commune:a:b",
            "urn:tiendo:dong-nai:commune:../a",
            "urn:tiendo:dong-nai:commune:Dinh-Quan",
            "urn:tiendo:dong-nai:mayor:a",
            "urn:tiendo::commune:a",
            "urn:tiendox:commune:a",
            "urn:other:dong-nai:commune:a",
            "URN:TIENDO:dong-nai:commune:a",
            &long,
        ] {
            assert!(uri.parse::<Identity>().is_err(), "{uri}");
        }
    }

    #[test]
    fn a_certificate_names_exactly_one() {
        let authority = Authority::new();
        let one = Identity::commune("dong-nai", "dinh-quan").unwrap();
        let two = Identity::staff("dong-nai", "an").unwrap();
        let read = |uris: &[&str]| Identity::from_certificate(&authority.client(uris).0[0]);
        assert_eq!(read(&[&one.to_uri()]), Ok(one.clone()));
        assert_eq!(read(&[]), Err(IdentityError::NotOne(0)));
        assert_eq!(read(&[&one.to_uri(), &two.to_uri()]), Err(IdentityError::NotOne(2)));
        assert!(matches!(read(&["https://example.org/"]), Err(IdentityError::NotAnIdentity(_))));
        assert_eq!(Identity::from_certificate(&vec![0x30, 0x80, 1].into()), Err(IdentityError::Unreadable));
    }

    #[test]
    fn a_signing_request_verifies_and_its_key_can_be_read() {
        let made = signing_request().unwrap();
        let request = made.request_der.as_slice().into();
        assert!(rcgen::CertificateSigningRequestParams::from_der(&request).is_ok());
        assert!(crate::pem::key_from_pem(&made.key_pem).is_ok());
        assert_ne!(*made.key_pem, *signing_request().unwrap().key_pem);
        let again = signing_request_for(&made.key_pem).unwrap();
        assert_eq!(*again.key_pem, *made.key_pem);
        let key = |request: &SigningRequest| {
            let read =
                rcgen::CertificateSigningRequestParams::from_der(&request.request_der.as_slice().into()).unwrap();
            rcgen::PublicKeyData::subject_public_key_info(&read.public_key)
        };
        assert_eq!(key(&again), key(&made));
        assert!(signing_request_for("nonsense").is_err());
    }

    #[test]
    fn a_certificate_says_how_long_it_is_valid() {
        let expired = Authority::new().expired_client("urn:tiendo:dong-nai:commune:dinh-quan").0.remove(0);
        let validity = Validity::of(&expired).unwrap();
        assert_eq!(validity.not_before, "2020-01-01T00:00:00Z".parse::<DateTime<Utc>>().unwrap());
        assert_eq!(validity.not_after, "2020-01-15T00:00:00Z".parse::<DateTime<Utc>>().unwrap());
        assert!(Validity::of(&vec![1].into()).is_err());
    }

    proptest! {
        #[test]
        fn any_text_and_any_bytes_are_read_or_refused(text in ".{0,80}", bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = format!("urn:tiendo:{text}").parse::<Identity>();
            let _ = Identity::from_certificate(&bytes.into());
        }

        #[test]
        fn a_damaged_certificate_is_read_or_refused(place in any::<proptest::sample::Index>(), byte in any::<u8>()) {
            let mut der = SAMPLE.with(Clone::clone);
            let place = place.index(der.len());
            der[place] = byte;
            let _ = Identity::from_certificate(&der.into());
        }
    }

    thread_local! {
        static SAMPLE: Vec<u8> = Authority::new().client(&["urn:tiendo:dong-nai:commune:dinh-quan"]).0[0].to_vec();
    }
}
