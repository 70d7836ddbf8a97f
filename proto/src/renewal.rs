//! What an agent whose certificate expired signs to get a new one: a challenge and its signing request, by the enrolled key.
//!
//! It proves that the signer holds the key, nothing more: whether the certificate may still be renewed is the province's word.

use crate::pem;
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, UnparsedPublicKey},
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use thiserror::Error;
use x509_parser::{
    oid_registry::OID_KEY_TYPE_EC_PUBLIC_KEY,
    prelude::{FromDer, X509Certificate},
};

/// What stands before the message when it is signed: no handshake and no certificate looks like it.
const DOMAIN: &[u8] = b"tiendo renewal 1\0";

/// Why there is no proof.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RenewalError {
    /// The key cannot be used.
    #[error("the key cannot sign: {0}")]
    Key(String),
    /// The certificate cannot be read, or is not of a P-256 key.
    #[error("the certificate: {0}")]
    Certificate(&'static str),
    /// The signature does not fit.
    #[error("the signature does not fit")]
    Signature,
}

/// Signs with the enrolled key (PKCS#8, PEM).
///
/// # Errors
/// [`RenewalError::Key`]
pub fn sign(key_pem: &str, nonce: &[u8], signing_request: &[u8]) -> Result<Vec<u8>, RenewalError> {
    let failed = |error: String| RenewalError::Key(error);
    let PrivateKeyDer::Pkcs8(key) = pem::key_from_pem(key_pem).map_err(failed)? else {
        return Err(RenewalError::Key("not PKCS#8".into()));
    };
    let random = SystemRandom::new();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, key.secret_pkcs8_der(), &random)
        .map_err(|error| failed(error.to_string()))?;
    let signature = pair.sign(&random, &signed(nonce, signing_request));
    Ok(signature.map_err(|_| failed("no randomness".into()))?.as_ref().to_vec())
}

/// Checks that the key of this certificate signed.
///
/// # Errors
/// [`RenewalError`]
pub fn verify(
    certificate: &CertificateDer<'_>,
    nonce: &[u8],
    signing_request: &[u8],
    signature: &[u8],
) -> Result<(), RenewalError> {
    let Ok(([], read)) = X509Certificate::from_der(certificate) else {
        return Err(RenewalError::Certificate("unreadable"));
    };
    let key = read.public_key();
    if key.algorithm.algorithm != OID_KEY_TYPE_EC_PUBLIC_KEY {
        return Err(RenewalError::Certificate("not of a P-256 key"));
    }
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &key.subject_public_key.data)
        .verify(&signed(nonce, signing_request), signature)
        .map_err(|_| RenewalError::Signature)
}

fn signed(nonce: &[u8], signing_request: &[u8]) -> Vec<u8> {
    let mut message = DOMAIN.to_vec();
    for part in [nonce, signing_request] {
        // Both are bounded by the largest frame, far below what four bytes can count.
        message.extend(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        message.extend(part);
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authority::Authority;
    use rustls::pki_types::pem::PemObject;

    fn enrolled() -> (CertificateDer<'static>, String) {
        let (chain, key) = Authority::new().client(&["urn:tiendo:dong-nai:commune:tan-phu"]);
        let text = ::pem::encode(&::pem::Pem::new("PRIVATE KEY", key.secret_der().to_vec()));
        assert!(PrivateKeyDer::from_pem_slice(text.as_bytes()).is_ok());
        (chain[0].clone(), text)
    }

    #[test]
    fn only_the_enrolled_key_proves_itself_and_only_for_what_it_signed() {
        let ((certificate, key), (other, _)) = (enrolled(), enrolled());
        let signature = sign(&key, b"nonce", b"request").unwrap();
        assert_eq!(verify(&certificate, b"nonce", b"request", &signature), Ok(()));
        for (certificate, nonce, request) in [
            (&other, &b"nonce"[..], &b"request"[..]),
            (&certificate, b"noncf", b"request"),
            (&certificate, b"nonce", b"requesu"),
            (&certificate, b"noncer", b"equest"),
            (&certificate, b"", b"noncerequest"),
        ] {
            assert_eq!(verify(certificate, nonce, request, &signature), Err(RenewalError::Signature));
        }
        for end in 0..signature.len() {
            assert!(verify(&certificate, b"nonce", b"request", &signature[..end]).is_err());
        }
    }

    #[test]
    fn what_is_no_certificate_and_no_key_is_refused() {
        let (certificate, key) = enrolled();
        let signature = sign(&key, b"n", b"r").unwrap();
        assert!(matches!(verify(&vec![1, 2].into(), b"n", b"r", &signature), Err(RenewalError::Certificate(_))));
        let mut longer = certificate.to_vec();
        longer.push(0);
        assert!(matches!(verify(&longer.into(), b"n", b"r", &signature), Err(RenewalError::Certificate(_))));
        assert!(matches!(sign("nonsense", b"n", b"r"), Err(RenewalError::Key(_))));
    }
}
