//! The province's certificate authority: makes itself, and issues certificates for the server, the communes and the staff.
//!
//! ECDSA P-256. What a certificate may be used for and whom it names is decided here alone; of a signing request only the key
//! is taken. Randomness and time are arguments, except for new keys.

use chrono::{DateTime, TimeDelta, Utc};
use proto::{identity::Identity, tls::Fingerprint};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PublicKeyData, SanType, SerialNumber,
    SubjectPublicKeyInfo,
};
use rustls::pki_types::{CertificateDer, CertificateSigningRequestDer};
use sha2::{Digest, Sha256};
use std::{collections::BTreeSet, net::IpAddr, time::Duration};
use thiserror::Error;
use x509_parser::extensions::GeneralName;

/// How long the authority itself is valid.
pub const AUTHORITY_DAYS: i64 = 3_650;
/// How long a server certificate is valid.
pub const SERVER_DAYS: i64 = 90;
/// `serve` issues a new server certificate when the old one has less than this left.
pub const SERVER_RENEWAL_DAYS: i64 = 30;
/// How long a commune's certificate is valid; its agent renews it at about half of that.
pub const COMMUNE_DAYS: i64 = 14;
/// How long a staff certificate is valid.
pub const STAFF_DAYS: i64 = 30;
/// How long the certificate of the key that signs receipts is valid. Receipts are checked without asking for it.
pub const RECEIPTS_DAYS: i64 = 3_650;
/// Certificates are valid from this long before they were issued: the communes' clocks are not exact.
pub const SLACK: TimeDelta = TimeDelta::hours(1);
/// Largest signing request, in bytes.
const MAX_REQUEST_BYTES: usize = 8 * 1024;
/// Random bytes of a serial number.
pub const SERIAL_BYTES: usize = 16;

/// Why there is no certificate.
#[derive(Debug, Error)]
pub enum AuthorityError {
    /// The signing request is damaged, not signed by its own key, or its key is not P-256.
    #[error("bad signing request: {0}")]
    Request(String),
    /// The authority's own key or certificate cannot be used.
    #[error("authority key or certificate: {0}")]
    Own(#[source] rcgen::Error),
    /// Signing failed.
    #[error("signing failed: {0}")]
    Signing(#[source] rcgen::Error),
}

/// The authority, ready to issue.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
}

/// A certificate that was issued.
#[derive(Debug, Clone)]
pub struct Issued {
    /// DER.
    pub certificate: CertificateDer<'static>,
    /// Hexadecimal.
    pub serial: String,
    /// Last moment of validity.
    pub not_after: DateTime<Utc>,
    /// SHA-256 of the key it is for (`SubjectPublicKeyInfo`, DER).
    pub key_sha256: [u8; 32],
    /// SHA-256 of the authority's certificate.
    pub issuer: Fingerprint,
}

/// A commune's signing request, signed by its own key. Names in it are ignored.
pub struct CommuneRequest {
    public_key: SubjectPublicKeyInfo,
    /// SHA-256 of the key (`SubjectPublicKeyInfo`, DER), by which two requests of one key are known.
    pub key_sha256: [u8; 32],
}

impl CommuneRequest {
    /// Reads a PKCS#10 request (DER).
    ///
    /// # Errors
    /// [`AuthorityError::Request`] when the request is not one of a P-256 key, signed by it.
    pub fn read(request: &[u8]) -> Result<Self, AuthorityError> {
        if request.len() > MAX_REQUEST_BYTES {
            return Err(AuthorityError::Request(format!("larger than {MAX_REQUEST_BYTES} bytes")));
        }
        let request = CertificateSigningRequestParams::from_der(&CertificateSigningRequestDer::from(request))
            .map_err(|error| AuthorityError::Request(error.to_string()))?;
        if request.public_key.algorithm() != &PKCS_ECDSA_P256_SHA256 {
            return Err(AuthorityError::Request("the key is not ECDSA P-256".into()));
        }
        // Encoded anew, so that no two spellings of one key have two hashes.
        let der = request.public_key.subject_public_key_info();
        let public_key =
            SubjectPublicKeyInfo::from_der(&der).map_err(|error| AuthorityError::Request(error.to_string()))?;
        Ok(Self { public_key, key_sha256: Sha256::digest(&der).into() })
    }
}

/// A certificate with its new key.
pub struct IssuedWithKey {
    /// The certificate.
    pub issued: Issued,
    /// PKCS#8, PEM.
    pub key_pem: String,
}

impl Authority {
    /// Makes a new authority; also returns its key (PKCS#8, PEM).
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn make(
        province: &str,
        serial: [u8; SERIAL_BYTES],
        now: DateTime<Utc>,
    ) -> Result<(Self, String), AuthorityError> {
        let key = new_key()?;
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, format!("Tien Do {province}"));
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        validity(&mut params, serial, now, AUTHORITY_DAYS);
        let certificate = params.self_signed(&key).map_err(AuthorityError::Signing)?;
        let key_pem = key.serialize_pem();
        Ok((Self { issuer: Issuer::new(params, key), certificate: certificate.der().clone() }, key_pem))
    }

    /// The authority from its certificate and key (PKCS#8, PEM).
    ///
    /// # Errors
    /// When they do not fit.
    pub fn load(certificate: CertificateDer<'static>, key_pem: &str) -> Result<Self, AuthorityError> {
        let key = KeyPair::from_pem(key_pem).map_err(AuthorityError::Own)?;
        let issuer = Issuer::from_ca_cert_der(&certificate, key).map_err(AuthorityError::Own)?;
        Ok(Self { issuer, certificate })
    }

    /// Its own certificate.
    #[must_use]
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// What people compare before they trust it.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.certificate)
    }

    /// A certificate for the server under these names and addresses, with a new key.
    ///
    /// # Errors
    /// When a host cannot stand in a certificate.
    pub fn issue_server(
        &self,
        hosts: &[String],
        serial: [u8; SERIAL_BYTES],
        now: DateTime<Utc>,
    ) -> Result<IssuedWithKey, AuthorityError> {
        let key = new_key()?;
        let mut params = CertificateParams::new(hosts.to_vec()).map_err(AuthorityError::Signing)?;
        params.distinguished_name.push(DnType::CommonName, "province-aggregator");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let issued = self.sign(params, &key, serial, now, SERVER_DAYS)?;
        Ok(IssuedWithKey { issued, key_pem: key.serialize_pem() })
    }

    /// A client certificate with a new key, for a member of the staff.
    ///
    /// # Errors
    /// When the identity cannot stand in a certificate.
    pub fn issue_staff(
        &self,
        identity: &Identity,
        serial: [u8; SERIAL_BYTES],
        now: DateTime<Utc>,
    ) -> Result<IssuedWithKey, AuthorityError> {
        let key = new_key()?;
        let issued = self.sign(client(identity)?, &key, serial, now, STAFF_DAYS)?;
        Ok(IssuedWithKey { issued, key_pem: key.serialize_pem() })
    }

    /// A certificate with a new Ed25519 key, for signing a province's receipts and nothing else.
    ///
    /// # Errors
    /// When the province cannot stand in a certificate.
    pub fn issue_receipts(
        &self,
        province: &str,
        serial: [u8; SERIAL_BYTES],
        now: DateTime<Utc>,
    ) -> Result<IssuedWithKey, AuthorityError> {
        let key = KeyPair::generate_for(&PKCS_ED25519).map_err(AuthorityError::Signing)?;
        let mut params = CertificateParams::default();
        let uri = proto::receipt::key_name(province).try_into().map_err(AuthorityError::Signing)?;
        params.subject_alt_names = vec![SanType::URI(uri)];
        params.distinguished_name = rcgen::DistinguishedName::new();
        let issued = self.sign(params, &key, serial, now, RECEIPTS_DAYS)?;
        Ok(IssuedWithKey { issued, key_pem: key.serialize_pem() })
    }

    /// A client certificate for the key of a commune's signing request.
    ///
    /// # Errors
    /// When the identity cannot stand in a certificate.
    pub fn issue_commune(
        &self,
        identity: &Identity,
        request: &CommuneRequest,
        serial: [u8; SERIAL_BYTES],
        now: DateTime<Utc>,
    ) -> Result<Issued, AuthorityError> {
        self.sign(client(identity)?, &request.public_key, serial, now, COMMUNE_DAYS)
    }

    fn sign(
        &self,
        mut params: CertificateParams,
        key: &impl PublicKeyData,
        serial: [u8; SERIAL_BYTES],
        now: DateTime<Utc>,
        days: i64,
    ) -> Result<Issued, AuthorityError> {
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let (serial, not_after) = validity(&mut params, serial, now, days);
        let certificate = params.signed_by(key, &self.issuer).map_err(AuthorityError::Signing)?;
        let key_sha256 = Sha256::digest(key.subject_public_key_info()).into();
        let issuer = self.fingerprint();
        Ok(Issued { certificate: certificate.der().clone(), serial, not_after, key_sha256, issuer })
    }
}

/// Whether a server certificate should be issued anew: little time is left, it is for other hosts, or its time has not begun, since it
/// was issued while the clock was ahead.
#[must_use]
pub fn server_is_due(certificate: &CertificateDer<'_>, hosts: &[String], now: DateTime<Utc>) -> bool {
    let Ok((_, read)) = x509_parser::parse_x509_certificate(certificate) else { return true };
    let renewal = (now + TimeDelta::days(SERVER_RENEWAL_DAYS)).timestamp();
    let valid = read.validity();
    if valid.not_after.timestamp() < renewal || valid.not_before.timestamp() > now.timestamp() {
        return true;
    }
    let Ok(Some(names)) = read.subject_alternative_name() else { return true };
    let named: BTreeSet<String> = names.value.general_names.iter().filter_map(host_of).collect();
    named != hosts.iter().map(|host| canonical(host)).collect()
}

/// A name of a certificate as a host.
fn host_of(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some(canonical(name)),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => <[u8; 4]>::try_from(*bytes).ok().map(|bytes| IpAddr::from(bytes).to_string()),
            _ => <[u8; 16]>::try_from(*bytes).ok().map(|bytes| IpAddr::from(bytes).to_string()),
        },
        _ => None,
    }
}

fn canonical(host: &str) -> String {
    host.parse::<IpAddr>().map_or_else(|_| host.to_ascii_lowercase(), |address| address.to_string())
}

/// What stands in every client certificate.
fn client(identity: &Identity) -> Result<CertificateParams, AuthorityError> {
    let mut params = CertificateParams::default();
    let uri = identity.to_uri().try_into().map_err(AuthorityError::Signing)?;
    params.subject_alt_names = vec![SanType::URI(uri)];
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    Ok(params)
}

/// Sets serial number and validity; returns both for the record.
fn validity(
    params: &mut CertificateParams,
    mut serial: [u8; SERIAL_BYTES],
    now: DateTime<Utc>,
    days: i64,
) -> (String, DateTime<Utc>) {
    // Positive and never short: the first bits are 01.
    serial[0] = serial[0] & 0x3f | 0x40;
    let (not_before, not_after) = (now - SLACK, now + TimeDelta::days(days));
    let since_1970 = |instant: DateTime<Utc>| Duration::from_secs(u64::try_from(instant.timestamp()).unwrap_or(0));
    params.not_before = rcgen::date_time_ymd(1970, 1, 1) + since_1970(not_before);
    params.not_after = rcgen::date_time_ymd(1970, 1, 1) + since_1970(not_after);
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    (hex::encode(serial), not_after)
}

fn new_key() -> Result<KeyPair, AuthorityError> {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(AuthorityError::Signing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::identity::signing_request;

    fn now() -> DateTime<Utc> {
        "2026-11-01T00:00:00Z".parse().unwrap()
    }

    fn authority() -> (Authority, String) {
        Authority::make("dong-nai", [1; SERIAL_BYTES], now()).unwrap()
    }

    #[test]
    fn what_it_issues_names_the_identity_and_nothing_else() {
        let (authority, _) = authority();
        let identity = Identity::commune("dong-nai", "tan-phu").unwrap();
        let request = signing_request().unwrap();
        let read = CommuneRequest::read(&request.request_der).unwrap();
        let issued = authority.issue_commune(&identity, &read, [9; SERIAL_BYTES], now()).unwrap();
        assert_eq!((issued.key_sha256, issued.issuer), (read.key_sha256, authority.fingerprint()));
        assert_eq!(Identity::from_certificate(&issued.certificate), Ok(identity));
        assert_eq!(issued.not_after, now() + TimeDelta::days(COMMUNE_DAYS));
        let (_, read) = x509_parser::parse_x509_certificate(&issued.certificate).unwrap();
        let (_, root) = x509_parser::parse_x509_certificate(authority.certificate()).unwrap();
        assert!(read.verify_signature(Some(root.public_key())).is_ok());
        assert!(!read.is_ca() && root.is_ca());
        let usage = read.extended_key_usage().unwrap().unwrap().value;
        assert!(usage.client_auth && !usage.server_auth);
        assert_eq!(hex::encode(read.raw_serial()), issued.serial);
    }

    #[test]
    fn a_damaged_request_gets_nothing() {
        let good = signing_request().unwrap().request_der;
        let mut forged = good.clone();
        let last = forged.len() - 1;
        forged[last] ^= 1;
        let long = vec![0; MAX_REQUEST_BYTES + 1];
        for request in [&[][..], &good[..10], &forged, &long] {
            assert!(matches!(CommuneRequest::read(request), Err(AuthorityError::Request(_))));
        }
    }

    #[test]
    fn it_comes_back_from_its_files() {
        let (made, key) = authority();
        let loaded = Authority::load(made.certificate().clone(), &key).unwrap();
        assert_eq!(loaded.fingerprint(), made.fingerprint());
        let identity = Identity::staff("dong-nai", "an").unwrap();
        let staff = loaded.issue_staff(&identity, [3; SERIAL_BYTES], now()).unwrap();
        let (_, read) = x509_parser::parse_x509_certificate(&staff.issued.certificate).unwrap();
        let (_, root) = x509_parser::parse_x509_certificate(made.certificate()).unwrap();
        assert!(read.verify_signature(Some(root.public_key())).is_ok());
        assert_eq!(read.issuer(), root.subject());
    }

    #[test]
    fn the_server_certificate_is_renewed_in_time_and_for_new_hosts() {
        let (authority, _) = authority();
        let hosts = ["Localhost", "127.0.0.1", "::1"].map(String::from);
        let issued = authority.issue_server(&hosts, [2; SERIAL_BYTES], now()).unwrap().issued;
        let after = |days| now() + TimeDelta::days(days);
        assert!(!server_is_due(&issued.certificate, &hosts, after(59)));
        assert!(server_is_due(&issued.certificate, &hosts, after(61)));
        assert!(server_is_due(&issued.certificate, &hosts, after(-365)), "the clock was a year ahead");
        assert!(server_is_due(&issued.certificate, &hosts[..2], now()));
        let other = ["localhost", "127.0.0.1", "::2"].map(String::from);
        assert!(server_is_due(&issued.certificate, &other, now()));
    }
}
