//! Bundles: a session as a file, signed by its sender and sealed for its receiver. See `tiendo/bundle/v1/bundle.proto`.
//!
//! It only makes and opens the file. What its frames do is decided by the same machines as in a session over the network.

use crate::{
    WireError,
    bundles::v1,
    field,
    receipt::{ReceiptError, ReceiptSigner, ReceiptVerifier},
};
use chrono::{DateTime, Utc};
use hpke::{
    Deserializable, Kem as _, OpModeR, OpModeS, Serializable, aead::ChaCha20Poly1305, kdf::HkdfSha256,
    kem::X25519HkdfSha256, single_shot_open, single_shot_seal,
};
use prost::Message;
use ring::{
    rand::{SecureRandom, SystemRandom},
    signature::{ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, UnparsedPublicKey},
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fmt;
use thiserror::Error;
use x509_parser::prelude::{FromDer, X509Certificate};
use zeroize::Zeroizing;

/// Largest bundle, in bytes.
pub const MAX_BUNDLE_BYTES: usize = 64 * 1024 * 1024;
/// Most frames in a bundle.
pub const MAX_BUNDLE_FRAMES: usize = 100_000;
/// The first line of the file.
const MAGIC: &[u8] = b"TIENDO BUNDLE 1\n";
/// What stands before the content when it is signed.
const DOMAIN: &[u8] = b"tiendo bundle 1\0";
const INFO: &[u8] = b"tiendo bundle 1";
const KEY_BYTES: usize = 32;

type Kem = X25519HkdfSha256;

/// Why a bundle is not made or not taken.
#[derive(Debug, Error)]
pub enum BundleError {
    /// Not a bundle, or of a later version.
    #[error("not a bundle that this program knows")]
    NotABundle,
    /// Too large to be looked at.
    #[error("larger than {MAX_BUNDLE_BYTES} bytes")]
    TooLarge,
    /// Sealed for someone else, or damaged on the way.
    #[error("sealed for another receiver, or damaged")]
    Sealed,
    /// The signature does not fit, or nobody known made it.
    #[error("the signature: {0}")]
    Signature(&'static str),
    /// The province's answer is not signed by its key.
    #[error("the province's signature: {0}")]
    Province(#[from] ReceiptError),
    /// Signed, but what it says cannot be read.
    #[error(transparent)]
    Content(#[from] WireError),
    /// A key cannot be used.
    #[error("the key cannot be used")]
    Key,
}

/// The key that opens what is sealed for its holder.
pub struct OpeningKey(Zeroizing<[u8; KEY_BYTES]>);

impl fmt::Debug for OpeningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpeningKey")
    }
}

impl OpeningKey {
    /// A new one.
    ///
    /// # Errors
    /// [`BundleError::Key`] when the system gives no randomness.
    pub fn generate() -> Result<Self, BundleError> {
        let mut seed = Zeroizing::new([0; KEY_BYTES]);
        SystemRandom::new().fill(&mut *seed).map_err(|_| BundleError::Key)?;
        let (private, _) = Kem::derive_keypair(&*seed);
        Self::from_slice(&private.to_bytes())
    }

    /// From a file.
    ///
    /// # Errors
    /// [`BundleError::Key`] unless 32 bytes.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, BundleError> {
        Ok(Self(Zeroizing::new(bytes.try_into().map_err(|_| BundleError::Key)?)))
    }

    /// For a file that only its owner can read.
    #[must_use]
    pub fn expose(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    /// What others seal with.
    ///
    /// # Errors
    /// [`BundleError::Key`]
    pub fn sealing_key(&self) -> Result<[u8; KEY_BYTES], BundleError> {
        let private = <Kem as hpke::Kem>::PrivateKey::from_bytes(&*self.0).map_err(|_| BundleError::Key)?;
        Kem::sk_to_pk(&private).to_bytes().as_slice().try_into().map_err(|_| BundleError::Key)
    }
}

/// What a bundle carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Province id.
    pub province: String,
    /// Commune slug.
    pub commune: String,
    /// Random; an answer has that of its question.
    pub id: [u8; 16],
    /// When, by the sender's clock.
    pub made_at: DateTime<Utc>,
    /// For whom the answer is sealed; none in an answer.
    pub answer_key: Option<[u8; KEY_BYTES]>,
    /// Encoded frames in the order of a session.
    pub frames: Vec<Vec<u8>>,
}

/// A bundle that was opened; nothing in it is believed yet.
#[derive(Debug, Clone)]
pub struct Opened {
    content: Vec<u8>,
    signature: Vec<u8>,
    /// The certificate of the one who signed, DER.
    pub certificate: CertificateDer<'static>,
}

/// Makes an agent's bundle. `key` and `certificate` are those of the commune, `receiver` is the province's sealing key.
///
/// # Errors
/// [`BundleError::Key`], [`BundleError::TooLarge`]
pub fn seal_question(
    content: Content,
    key: &PrivateKeyDer<'_>,
    certificate: &CertificateDer<'_>,
    receiver: &[u8],
) -> Result<Vec<u8>, BundleError> {
    let content = encode(content, false);
    let random = SystemRandom::new();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, key.secret_der(), &random)
        .map_err(|_| BundleError::Key)?;
    let signature = pair.sign(&random, &signed(&content)).map_err(|_| BundleError::Key)?.as_ref().to_vec();
    seal(content, signature, certificate, receiver)
}

/// Makes the province's answer.
///
/// # Errors
/// [`BundleError::Key`], [`BundleError::TooLarge`]
pub fn seal_answer(content: Content, signer: &ReceiptSigner, receiver: &[u8]) -> Result<Vec<u8>, BundleError> {
    let content = encode(content, true);
    let signature = signer.sign_bytes(&signed(&content));
    seal(content, signature, signer.certificate(), receiver)
}

fn encode(content: Content, answer: bool) -> Vec<u8> {
    let wire = v1::BundleContent {
        province: content.province,
        commune: content.commune,
        id: content.id.to_vec(),
        made_at_unix_ms: content.made_at.timestamp_millis(),
        answer_key: content.answer_key.map(|key| key.to_vec()).unwrap_or_default(),
        frames: content.frames,
        answer,
    };
    wire.encode_to_vec()
}

fn signed(content: &[u8]) -> Vec<u8> {
    [DOMAIN, content].concat()
}

fn seal(
    content: Vec<u8>,
    signature: Vec<u8>,
    certificate: &CertificateDer<'_>,
    receiver: &[u8],
) -> Result<Vec<u8>, BundleError> {
    let plain = v1::SignedBundle { content, signature, certificate: certificate.to_vec() }.encode_to_vec();
    let receiver = <Kem as hpke::Kem>::PublicKey::from_bytes(receiver).map_err(|_| BundleError::Key)?;
    let (key, sealed) =
        single_shot_seal::<ChaCha20Poly1305, HkdfSha256, Kem>(&OpModeS::Base, &receiver, INFO, &plain, MAGIC)
            .map_err(|_| BundleError::Key)?;
    let bundle = [MAGIC, key.to_bytes().as_slice(), &sealed].concat();
    if bundle.len() > MAX_BUNDLE_BYTES { Err(BundleError::TooLarge) } else { Ok(bundle) }
}

/// Opens a bundle.
///
/// # Errors
/// [`BundleError`]
pub fn open(bundle: &[u8], key: &OpeningKey) -> Result<Opened, BundleError> {
    if bundle.len() > MAX_BUNDLE_BYTES {
        return Err(BundleError::TooLarge);
    }
    let rest = bundle.strip_prefix(MAGIC).ok_or(BundleError::NotABundle)?;
    let (encapsulated, sealed) = rest.split_at_checked(KEY_BYTES).ok_or(BundleError::NotABundle)?;
    let encapsulated = <Kem as hpke::Kem>::EncappedKey::from_bytes(encapsulated).map_err(|_| BundleError::Sealed)?;
    let private = <Kem as hpke::Kem>::PrivateKey::from_bytes(&*key.0).map_err(|_| BundleError::Key)?;
    let plain = single_shot_open::<ChaCha20Poly1305, HkdfSha256, Kem>(
        &OpModeR::Base,
        &private,
        &encapsulated,
        INFO,
        sealed,
        MAGIC,
    )
    .map_err(|_| BundleError::Sealed)?;
    let read = v1::SignedBundle::decode(&*plain).map_err(|error| WireError::Unreadable(error.to_string()))?;
    Ok(Opened { content: read.content, signature: read.signature, certificate: CertificateDer::from(read.certificate) })
}

impl Opened {
    /// Reads an agent's bundle, if the key of its certificate signed it. Whose certificate it is, and whether it is still good, is
    /// for the caller to look up.
    ///
    /// # Errors
    /// [`BundleError`]
    pub fn question(&self) -> Result<Content, BundleError> {
        let unreadable = BundleError::Signature("the certificate is unreadable");
        let (_, read) = X509Certificate::from_der(&self.certificate).map_err(|_| unreadable)?;
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &read.public_key().subject_public_key.data)
            .verify(&signed(&self.content), &self.signature)
            .map_err(|_| BundleError::Signature("does not fit"))?;
        self.read(false)
    }

    /// Reads the province's answer.
    ///
    /// # Errors
    /// [`BundleError`]
    pub fn answer(&self, province: &str, authorities: &[CertificateDer<'_>]) -> Result<Content, BundleError> {
        ReceiptVerifier::new(province, &self.certificate, authorities)?
            .check_bytes(&signed(&self.content), &self.signature)?;
        let content = self.read(true)?;
        if content.province != province {
            return Err(BundleError::Signature("of another province"));
        }
        Ok(content)
    }

    fn read(&self, answer: bool) -> Result<Content, BundleError> {
        let wire =
            v1::BundleContent::decode(&*self.content).map_err(|error| WireError::Unreadable(error.to_string()))?;
        if wire.answer != answer {
            return Err(BundleError::Signature("a bundle in the other direction"));
        }
        if wire.frames.len() > MAX_BUNDLE_FRAMES {
            return Err(BundleError::TooLarge);
        }
        let answer_key = match &wire.answer_key[..] {
            [] => None,
            key => Some(field::bytes("answer_key", key)?),
        };
        if answer_key.is_none() != answer {
            return Err(WireError::field("answer_key", "missing, or not expected").into());
        }
        Ok(Content {
            province: field::code("province", wire.province)?,
            commune: field::code("commune", wire.commune)?,
            id: field::bytes("id", &wire.id)?,
            made_at: field::instant("made_at", wire.made_at_unix_ms)?,
            answer_key,
            frames: wire.frames,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::signing_request;
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, PKCS_ED25519, SanType};

    fn content(answer_key: Option<[u8; 32]>) -> Content {
        Content {
            province: "dong-nai".into(),
            commune: "tan-phu".into(),
            id: [3; 16],
            made_at: DateTime::from_timestamp_millis(1_790_000_000_000).unwrap(),
            answer_key,
            frames: vec![b"hello".to_vec(), Vec::new(), vec![7; 70_000]],
        }
    }

    struct Commune {
        key: PrivateKeyDer<'static>,
        certificate: CertificateDer<'static>,
    }

    fn commune() -> Commune {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::default().self_signed(&key).unwrap().der().clone();
        Commune { key: PrivateKeyDer::try_from(key.serialize_der()).unwrap(), certificate }
    }

    #[test]
    fn a_question_reaches_its_receiver_and_nobody_else() {
        let (commune, province) = (commune(), OpeningKey::generate().unwrap());
        let question = content(Some(OpeningKey::generate().unwrap().sealing_key().unwrap()));
        let receiver = province.sealing_key().unwrap();
        let bundle = seal_question(question.clone(), &commune.key, &commune.certificate, &receiver).unwrap();
        let opened = open(&bundle, &OpeningKey::from_slice(province.expose()).unwrap()).unwrap();
        assert_eq!(opened.certificate, commune.certificate);
        assert_eq!(opened.question().unwrap(), question);
        assert!(matches!(open(&bundle, &OpeningKey::generate().unwrap()), Err(BundleError::Sealed)));
        assert!(!bundle.windows(7).any(|bytes| bytes == b"tan-phu"), "nobody on the way reads it");
        for place in (0..bundle.len()).step_by(997).chain(0..60) {
            let mut damaged = bundle.clone();
            damaged[place] ^= 0x40;
            assert!(open(&damaged, &province).is_err(), "byte {place}");
            assert!(open(&bundle[..place], &province).is_err(), "cut at {place}");
        }
    }

    #[test]
    fn only_the_holder_of_the_certificates_key_can_sign() {
        let (own, other, province) = (commune(), commune(), OpeningKey::generate().unwrap());
        let receiver = province.sealing_key().unwrap();
        let question = content(Some(receiver));
        let forged = seal_question(question, &other.key, &own.certificate, &receiver).unwrap();
        assert!(matches!(open(&forged, &province).unwrap().question(), Err(BundleError::Signature(_))));
        // The key of a real agent can be used.
        let request = signing_request().unwrap();
        let key = crate::pem::key_from_pem(&request.key_pem).unwrap();
        assert!(seal_question(content(Some(receiver)), &key, &own.certificate, &receiver).is_ok());
    }

    #[test]
    fn the_answer_is_the_provinces_and_never_a_question() {
        let root_key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "Tien Do dong-nai");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        let root = params.self_signed(&root_key).unwrap().der().clone();
        let issuer = Issuer::new(params, root_key);
        let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
        let mut params = CertificateParams::default();
        params.subject_alt_names = vec![SanType::URI(crate::receipt::key_name("dong-nai").try_into().unwrap())];
        let certificate = params.signed_by(&key, &issuer).unwrap().der().clone();
        let signer = ReceiptSigner::new(&key.serialize_der(), certificate).unwrap();

        let agent = OpeningKey::generate().unwrap();
        let bundle = seal_answer(content(None), &signer, &agent.sealing_key().unwrap()).unwrap();
        let opened = open(&bundle, &agent).unwrap();
        assert_eq!(opened.answer("dong-nai", std::slice::from_ref(&root)).unwrap(), content(None));
        assert!(opened.answer("ca-mau", std::slice::from_ref(&root)).is_err());
        assert!(opened.answer("dong-nai", &[]).is_err());
        assert!(opened.question().is_err());
    }
}
