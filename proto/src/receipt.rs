//! Receipts: the province's signed word that it holds a commune's log up to a position.
//!
//! Ed25519, under a certificate that the province's authority issued for this use alone, so that whoever knows the authority can
//! check a receipt without asking anyone. A receipt proves what was reported and when; it never says whether it was right.

use crate::{WireError, field, position, sync::v1, tls::Fingerprint};
use chrono::{DateTime, Utc};
use prost::Message;
use ring::signature::{ED25519, Ed25519KeyPair, UnparsedPublicKey};
use rustls::pki_types::CertificateDer;
use shared::change::{Incarnation, LogPosition};
use std::fmt;
use thiserror::Error;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

/// What stands before the statement when it is signed: whatever else the key signs (answers to bundles, publications) cannot be taken for a receipt.
const DOMAIN: &[u8] = b"tiendo receipt 1\0";

/// Why a receipt proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReceiptError {
    /// It cannot be read.
    #[error("unreadable receipt: {0}")]
    Unreadable(#[from] WireError),
    /// It names another key than the one given.
    #[error("signed by another key")]
    OtherKey,
    /// The signature does not fit.
    #[error("the signature does not fit the statement")]
    Signature,
    /// The key's certificate does not come from an authority that is trusted, or is not for receipts of the province named.
    #[error("the certificate of the key: {0}")]
    Certificate(&'static str),
}

/// What a receipt says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Province id.
    pub province: String,
    /// Commune slug.
    pub commune: String,
    /// The life of the commune's store that sent it.
    pub incarnation: Incarnation,
    /// Held, durably, up to here.
    pub position: LogPosition,
    /// When the last of it was received, by the province's clock.
    pub received_at: DateTime<Utc>,
}

impl Statement {
    fn encode(&self) -> Vec<u8> {
        let wire = v1::ReceiptStatement {
            province: self.province.clone(),
            commune: self.commune.clone(),
            incarnation: self.incarnation.0.to_vec(),
            position: Some(position::to_wire(self.position)),
            received_at_unix_ms: self.received_at.timestamp_millis(),
        };
        wire.encode_to_vec()
    }

    /// Reads what a receipt says, without believing it.
    ///
    /// # Errors
    /// [`WireError`]
    pub fn read(receipt: &v1::Receipt) -> Result<Self, WireError> {
        let bytes = field::bounded_body("statement", &receipt.statement)?;
        let wire = v1::ReceiptStatement::decode(bytes).map_err(|error| WireError::Unreadable(error.to_string()))?;
        Ok(Self {
            province: field::code("province", wire.province)?,
            commune: field::code("commune", wire.commune)?,
            incarnation: position::incarnation(&wire.incarnation)?,
            position: position::from_wire(wire.position)?,
            received_at: field::instant("received_at", wire.received_at_unix_ms)?,
        })
    }
}

/// The name in the certificate of a province's receipt key.
#[must_use]
pub fn key_name(province: &str) -> String {
    format!("urn:tiendo:{province}:receipts")
}

/// The key that signs a province's receipts.
pub struct ReceiptSigner {
    pair: Ed25519KeyPair,
    certificate: CertificateDer<'static>,
    key: Fingerprint,
}

impl fmt::Debug for ReceiptSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReceiptSigner({})", self.key)
    }
}

impl ReceiptSigner {
    /// From the key (PKCS#8, DER) and its certificate.
    ///
    /// # Errors
    /// [`ReceiptError::Certificate`] when they do not fit together.
    pub fn new(pkcs8: &[u8], certificate: CertificateDer<'static>) -> Result<Self, ReceiptError> {
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8)
            .map_err(|_| ReceiptError::Certificate("the key is not an Ed25519 key"))?;
        let named = public_key(&certificate)?;
        if named != *ring::signature::KeyPair::public_key(&pair).as_ref() {
            return Err(ReceiptError::Certificate("the key is another one"));
        }
        Ok(Self { pair, key: Fingerprint::of(&certificate), certificate })
    }

    /// The certificate of the key.
    #[must_use]
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// Signs. The same statement always gives the same receipt.
    #[must_use]
    pub fn sign(&self, statement: &Statement) -> v1::Receipt {
        let statement = statement.encode();
        let signature = self.pair.sign(&signed(&statement)).as_ref().to_vec();
        v1::Receipt { statement, signature, key: self.key.0.to_vec() }
    }

    /// Signs something else; `message` begins with a domain of its own.
    pub(crate) fn sign_bytes(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_vec()
    }
}

/// A certificate of a receipt key that an authority vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptVerifier {
    province: String,
    public_key: Vec<u8>,
    key: Fingerprint,
}

impl ReceiptVerifier {
    /// Takes a certificate if one of the authorities (DER) issued it for the receipts of this province. How long it is valid is not
    /// asked: receipts are to be checked years later.
    ///
    /// # Errors
    /// [`ReceiptError::Certificate`]
    pub fn new(
        province: &str,
        certificate: &CertificateDer<'_>,
        authorities: &[CertificateDer<'_>],
    ) -> Result<Self, ReceiptError> {
        let read = parse(certificate)?;
        let issued = authorities.iter().any(|authority| {
            parse(authority).is_ok_and(|root| {
                root.subject() == read.issuer() && read.verify_signature(Some(root.public_key())).is_ok()
            })
        });
        if !issued {
            return Err(ReceiptError::Certificate("not issued by an authority that is trusted"));
        }
        let names = read.subject_alternative_name().ok().flatten();
        let wanted = key_name(province);
        let named = names
            .is_some_and(|names| matches!(names.value.general_names[..], [GeneralName::URI(uri)] if uri == wanted));
        if !named || read.is_ca() {
            return Err(ReceiptError::Certificate("not for receipts of this province"));
        }
        Ok(Self {
            province: province.to_owned(),
            public_key: public_key(certificate)?,
            key: Fingerprint::of(certificate),
        })
    }

    /// SHA-256 of the certificate; receipts name their key by it.
    #[must_use]
    pub fn key(&self) -> Fingerprint {
        self.key
    }

    /// Checks a signature over something else.
    pub(crate) fn check_bytes(&self, message: &[u8], signature: &[u8]) -> Result<(), ReceiptError> {
        UnparsedPublicKey::new(&ED25519, &self.public_key)
            .verify(message, signature)
            .map_err(|_| ReceiptError::Signature)
    }

    /// Checks a receipt and reads it.
    ///
    /// # Errors
    /// [`ReceiptError`]
    pub fn check(&self, receipt: &v1::Receipt) -> Result<Statement, ReceiptError> {
        if receipt.key != self.key.0 {
            return Err(ReceiptError::OtherKey);
        }
        self.check_bytes(&signed(&receipt.statement), &receipt.signature)?;
        let statement = Statement::read(receipt)?;
        if statement.province != self.province {
            return Err(ReceiptError::Certificate("of another province"));
        }
        Ok(statement)
    }
}

fn signed(statement: &[u8]) -> Vec<u8> {
    [DOMAIN, statement].concat()
}

fn parse<'a>(certificate: &'a CertificateDer<'_>) -> Result<X509Certificate<'a>, ReceiptError> {
    match X509Certificate::from_der(certificate) {
        Ok(([], read)) => Ok(read),
        _ => Err(ReceiptError::Certificate("unreadable")),
    }
}

fn public_key(certificate: &CertificateDer<'_>) -> Result<Vec<u8>, ReceiptError> {
    let read = parse(certificate)?;
    let key = read.public_key();
    if key.algorithm.algorithm != x509_parser::oid_registry::OID_SIG_ED25519 {
        return Err(ReceiptError::Certificate("not of an Ed25519 key"));
    }
    Ok(key.subject_public_key.data.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, PKCS_ED25519, SanType};

    fn authority(name: &str) -> (Issuer<'static, KeyPair>, CertificateDer<'static>) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        let certificate = params.self_signed(&key).unwrap().der().clone();
        (Issuer::new(params, key), certificate)
    }

    fn signer(issuer: &Issuer<'static, KeyPair>, province: &str) -> ReceiptSigner {
        let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
        let mut params = CertificateParams::default();
        params.subject_alt_names = vec![SanType::URI(key_name(province).try_into().unwrap())];
        let certificate = params.signed_by(&key, issuer).unwrap().der().clone();
        ReceiptSigner::new(&key.serialize_der(), certificate).unwrap()
    }

    fn statement() -> Statement {
        Statement {
            province: "dong-nai".into(),
            commune: "tan-phu".into(),
            incarnation: Incarnation([7; 16]),
            position: LogPosition::START.then(b"a"),
            received_at: DateTime::from_timestamp_millis(1_790_000_000_000).unwrap(),
        }
    }

    #[test]
    fn a_receipt_is_checked_with_the_authority_alone() {
        let (issuer, root) = authority("Tien Do dong-nai");
        let signer = signer(&issuer, "dong-nai");
        let receipt = signer.sign(&statement());
        assert_eq!(receipt, signer.sign(&statement()));
        let verifier = ReceiptVerifier::new("dong-nai", signer.certificate(), std::slice::from_ref(&root)).unwrap();
        assert_eq!(verifier.check(&receipt), Ok(statement()));
    }

    #[test]
    fn every_changed_bit_is_noticed() {
        let (issuer, root) = authority("Tien Do dong-nai");
        let signer = signer(&issuer, "dong-nai");
        let verifier = ReceiptVerifier::new("dong-nai", signer.certificate(), &[root]).unwrap();
        let good = signer.sign(&statement());
        for part in 0..3 {
            let length = [&good.statement, &good.signature, &good.key][part].len();
            for bit in 0..length * 8 {
                let mut bad = good.clone();
                [&mut bad.statement, &mut bad.signature, &mut bad.key][part][bit / 8] ^= 1 << (bit % 8);
                assert!(verifier.check(&bad).is_err(), "part {part}, bit {bit}");
            }
        }
        let none = v1::Receipt::default();
        assert!(verifier.check(&none).is_err());
    }

    #[test]
    fn only_a_certificate_for_receipts_of_this_province_is_taken() {
        let (issuer, root) = authority("Tien Do dong-nai");
        let (_, other) = authority("Tien Do dong-nai");
        let own = signer(&issuer, "dong-nai");
        let refused = |province, certificate: &CertificateDer<'_>, roots: &[CertificateDer<'_>]| {
            ReceiptVerifier::new(province, certificate, roots).is_err()
        };
        assert!(!refused("dong-nai", own.certificate(), &[other.clone(), root.clone()]));
        assert!(refused("dong-nai", own.certificate(), &[other]));
        assert!(refused("dong-nai", own.certificate(), &[]));
        assert!(refused("ca-mau", own.certificate(), std::slice::from_ref(&root)));
        assert!(refused("dong-nai", &root, std::slice::from_ref(&root)));
        assert!(refused("dong-nai", &CertificateDer::from(vec![1, 2, 3]), &[root]));
    }
}
