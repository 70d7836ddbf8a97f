//! TLS settings of both ends: TLS 1.3 only, HTTP/2 only, the ring provider named explicitly, no resumption.
//!
//! A resumed session would bring back a client certificate without checking it again, so every connection is a full handshake.

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, ServerConfig,
    SignatureScheme,
    client::{
        Resumption, WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime},
    server::{NoServerSessionStorage, WebPkiClientVerifier},
    version::TLS13,
};
use sha2::{Digest, Sha256};
use std::{fmt, str::FromStr, sync::Arc};
use thiserror::Error as ThisError;

/// Never chosen: it only says in the greeting what the connection is for.
const ASKING: &[u8] = b"tiendo-asking";

/// Why TLS settings cannot be made.
#[derive(Debug, ThisError)]
pub enum TlsError {
    /// A certificate or key that rustls does not take.
    #[error("certificate or key: {0}")]
    Rustls(#[from] Error),
    /// Client roots that do not make a verifier.
    #[error("client roots: {0}")]
    Roots(#[from] rustls::server::VerifierBuilderError),
}

/// SHA-256 of a certificate's DER, which people compare. Reads hex in either case, with or without colons, spaces and `sha256:`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub [u8; 32]);

/// Why a text is not a fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[error("not a fingerprint: 64 hexadecimal digits are needed")]
pub struct FingerprintError;

impl Fingerprint {
    /// Of a certificate.
    #[must_use]
    pub fn of(certificate: &CertificateDer<'_>) -> Self {
        Self(Sha256::digest(certificate).into())
    }
}

impl fmt::Display for Fingerprint {
    /// 64 lower-case hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        let text = text.trim();
        let digits = match text.get(..7) {
            Some(prefix) if prefix.eq_ignore_ascii_case("sha256:") => &text[7..],
            _ => text,
        };
        let digits: String = digits.chars().filter(|c| !matches!(c, ':' | ' ')).collect();
        let bytes = hex::decode(digits).map_err(|_| FingerprintError)?;
        bytes.try_into().map(Self).map_err(|_| FingerprintError)
    }
}

/// The cryptography both ends use.
#[must_use]
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// A server's settings. `chain` is leaf first and ends with the authority's own certificate, which a joining agent pins.
/// Client certificates are optional here and must come from `client_roots` if given; the services check identities.
///
/// # Errors
/// [`TlsError`] when chain, key or roots do not fit.
pub fn server_config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    client_roots: &[CertificateDer<'static>],
) -> Result<ServerConfig, TlsError> {
    let roots = Arc::new(root_store(client_roots)?);
    let clients = WebPkiClientVerifier::builder_with_provider(roots, provider()).allow_unauthenticated().build()?;
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])?
        .with_client_cert_verifier(clients)
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

/// A client's settings: the server must come from `roots`. `credential` is the client's chain, leaf first, and key.
///
/// # Errors
/// [`TlsError`] when roots, chain or key do not fit.
pub fn client_config(
    roots: &[CertificateDer<'static>],
    credential: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
) -> Result<ClientConfig, TlsError> {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])?
        .with_root_certificates(root_store(roots)?);
    let config = match credential {
        Some((chain, key)) => builder.with_client_auth_cert(chain, key)?,
        None => builder.with_no_client_auth(),
    };
    Ok(finished(config))
}

/// The same settings for a member of the staff who asks: the greeting says so, and the server can take questions up apart from the
/// agents' sessions. It still chooses HTTP/2; a server that does not know the word serves all alike.
#[must_use]
pub fn asking(mut config: ClientConfig) -> ClientConfig {
    config.alpn_protocols.push(ASKING.to_vec());
    config
}

/// Whether a greeting with these protocols (ALPN) is of one who asks.
pub(crate) fn asks<'a>(mut protocols: impl Iterator<Item = &'a [u8]>) -> bool {
    protocols.any(|protocol| protocol == ASKING)
}

/// Settings for a client that knows only the authority's fingerprint: the last certificate that the server shows must
/// have it, and the server's own must be issued by that one, valid, and for the name asked.
///
/// # Errors
/// [`TlsError`] when the provider lacks TLS 1.3.
pub fn pinned_client_config(fingerprint: Fingerprint) -> Result<ClientConfig, TlsError> {
    let provider = provider();
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(PinnedAuthority { fingerprint, provider }))
        .with_no_client_auth();
    Ok(finished(config))
}

fn root_store(roots: &[CertificateDer<'static>]) -> Result<RootCertStore, Error> {
    let mut store = RootCertStore::empty();
    for root in roots {
        store.add(root.clone())?;
    }
    Ok(store)
}

fn finished(mut config: ClientConfig) -> ClientConfig {
    config.alpn_protocols = vec![b"h2".to_vec()];
    config.resumption = Resumption::disabled();
    config
}

/// Takes the last certificate of a chain as the root if it has the fingerprint, then verifies as always.
#[derive(Debug)]
struct PinnedAuthority {
    fingerprint: Fingerprint,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for PinnedAuthority {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let unknown = Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let Some((authority, between)) = chain.split_last() else {
            return Err(unknown);
        };
        if Fingerprint::of(authority) != self.fingerprint {
            return Err(unknown);
        }
        let roots = Arc::new(root_store(&[authority.clone().into_owned()])?);
        let verifier = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&self.provider))
            .build()
            .map_err(|error| Error::General(error.to_string()))?;
        verifier.verify_server_cert(leaf, between, name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, leaf, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, leaf, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }

    fn root_hint_subjects(&self) -> Option<&[DistinguishedName]> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_in_the_forms_people_paste() {
        let fingerprint = Fingerprint([0xab; 32]);
        let plain = fingerprint.to_string();
        let colons = ["AB"; 32].join(":");
        for text in [&plain, &colons, &format!("sha256:{plain}"), &format!(" SHA256:{colons}\n")] {
            assert_eq!(text.parse(), Ok(fingerprint), "{text}");
        }
        for text in ["", "sha256:", &plain[1..], &format!("{plain}00"), &plain.replace('a', "x"), "sha256é"] {
            assert!(text.parse::<Fingerprint>().is_err(), "{text}");
        }
    }
}
