//! Key and certificates in the data folder. They change together or not at all: a new folder takes the old one's place.

use crate::folder::{Folder, private_folder, sync_folder};
use proto::{
    MAX_AUTHORITIES,
    identity::{IdentityError, Validity},
    pem, tls,
};
use rustls::pki_types::CertificateDer;
use shared::language::Language;
use std::{
    fs, io,
    path::{Path, PathBuf},
};
use thiserror::Error;
use zeroize::Zeroizing;

/// Why there is no credential.
#[derive(Debug, Error)]
pub enum CredentialError {
    /// A file is missing or unreadable.
    #[error(transparent)]
    Pem(#[from] pem::PemError),
    /// Key and certificates do not fit together.
    #[error(transparent)]
    Tls(#[from] tls::TlsError),
    /// The certificate cannot be read.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// More authorities than are trusted at once.
    #[error("{0} authorities are too many")]
    TooMany(usize),
    /// The system refuses.
    #[error("identity: {0}")]
    Io(#[from] io::Error),
}

impl CredentialError {
    /// For the person at the commune.
    #[must_use]
    pub fn explain(&self, language: Language) -> String {
        language.pick(
            format!("chứng thư của máy này không dùng được, cần tham gia lại (join): {self}"),
            format!("this computer's certificate cannot be used, join again: {self}"),
        )
    }
}

fn key(folder: &Path) -> PathBuf {
    folder.join("key.pem")
}
fn certificate(folder: &Path) -> PathBuf {
    folder.join("certificate.pem")
}
fn authority(folder: &Path) -> PathBuf {
    folder.join("authority.pem")
}

/// TLS settings with the commune's certificate, trusting the province's authorities alone.
///
/// # Errors
/// [`CredentialError`]
pub fn client_config(folder: &Folder) -> Result<rustls::ClientConfig, CredentialError> {
    config_of(&settled(folder)?)
}

/// The folder of the credential, after finishing a switch that was cut off between its two renames.
fn settled(folder: &Folder) -> Result<PathBuf, CredentialError> {
    let identity = folder.identity();
    if !identity.exists() && beside(&identity, "new").join("certificate.pem").exists() {
        fs::rename(beside(&identity, "new"), &identity)?;
    }
    Ok(identity)
}

fn config_of(identity: &Path) -> Result<rustls::ClientConfig, CredentialError> {
    let roots = pem::read_certificates(&authority(identity))?;
    let chain = pem::read_certificates(&certificate(identity))?;
    Ok(tls::client_config(&roots, Some((chain, pem::read_key(&key(identity))?)))?)
}

/// The authorities of the province that are trusted.
///
/// # Errors
/// [`CredentialError`]
pub fn authorities(folder: &Folder) -> Result<Vec<CertificateDer<'static>>, CredentialError> {
    Ok(pem::read_certificates(&authority(&settled(folder)?))?)
}

/// Trusts these authorities and no others from now on, durably. An empty list changes nothing: it would lock this computer out.
/// The list must have come from the province itself.
///
/// # Errors
/// [`CredentialError`]; what was trusted before stays then.
pub fn trust(folder: &Folder, authorities: &[CertificateDer<'static>]) -> Result<(), CredentialError> {
    if authorities.is_empty() || self::authorities(folder)? == authorities {
        return Ok(());
    }
    bounded(authorities)?;
    // Only certificates that can be trusted at all.
    tls::client_config(authorities, None)?;
    Ok(pem::write_certificates(&authority(&settled(folder)?), authorities)?)
}

/// From when until when the commune's certificate is valid.
///
/// # Errors
/// [`CredentialError`]
pub fn validity(folder: &Folder) -> Result<Validity, CredentialError> {
    Ok(Validity::of(&leaf(&settled(folder)?)?)?)
}

/// The commune's certificate and its key (PKCS#8, PEM).
///
/// # Errors
/// [`CredentialError`]
pub fn enrolled(folder: &Folder) -> Result<(CertificateDer<'static>, Zeroizing<String>), CredentialError> {
    let identity = settled(folder)?;
    Ok((leaf(&identity)?, Zeroizing::new(fs::read_to_string(key(&identity))?)))
}

fn leaf(identity: &Path) -> Result<CertificateDer<'static>, CredentialError> {
    let chain = pem::read_certificates(&certificate(identity))?;
    Ok(chain.into_iter().next().ok_or(IdentityError::NoCertificate)?)
}

fn bounded(authorities: &[CertificateDer<'_>]) -> Result<(), CredentialError> {
    if authorities.len() > MAX_AUTHORITIES { Err(CredentialError::TooMany(authorities.len())) } else { Ok(()) }
}

/// Keeps a new credential with the authorities to trust, if its parts fit together.
///
/// # Errors
/// [`CredentialError`]; the old one stays then.
pub fn keep(
    folder: &Folder,
    key_pem: &str,
    chain: &[CertificateDer<'static>],
    authorities: &[CertificateDer<'static>],
) -> Result<(), CredentialError> {
    bounded(authorities)?;
    let identity = settled(folder)?;
    let (new, old) = (beside(&identity, "new"), beside(&identity, "old"));
    remove(&new)?;
    private_folder(&new)?;
    pem::write_key(&key(&new), key_pem)?;
    pem::write_certificates(&authority(&new), authorities)?;
    pem::write_certificates(&certificate(&new), chain)?;
    config_of(&new)?;
    remove(&old)?;
    if identity.exists() {
        fs::rename(&identity, &old)?;
    }
    fs::rename(&new, &identity)?;
    sync_folder(folder.root())?;
    Ok(remove(&old)?)
}

fn beside(identity: &Path, word: &str) -> PathBuf {
    identity.with_extension(word)
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::tls::Fingerprint;

    /// Self-signed certificates, as authorities are, and one of them with its key as a credential.
    fn made(name: &str) -> (CertificateDer<'static>, String) {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::default();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Constrained(0));
        (params.self_signed(&key).unwrap().der().clone(), key.serialize_pem())
    }

    fn joined() -> (tempfile::TempDir, Folder, CertificateDer<'static>) {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::at(place.path());
        let (certificate, key) = made("a");
        keep(&folder, &key, std::slice::from_ref(&certificate), std::slice::from_ref(&certificate)).unwrap();
        (place, folder, certificate)
    }

    #[test]
    fn authorities_come_and_go_but_never_all() {
        let (_place, folder, first) = joined();
        let (second, _) = made("b");
        let trusted = || authorities(&folder).unwrap().iter().map(|one| Fingerprint::of(one)).collect::<Vec<_>>();
        trust(&folder, &[first.clone(), second.clone()]).unwrap();
        assert_eq!(trusted(), [Fingerprint::of(&first), Fingerprint::of(&second)]);
        trust(&folder, &[]).unwrap();
        assert_eq!(trusted().len(), 2);
        assert!(matches!(trust(&folder, &vec![second.clone(); 5]), Err(CredentialError::TooMany(5))));
        assert!(trust(&folder, &[vec![1, 2].into()]).is_err());
        assert_eq!(trusted().len(), 2);
        trust(&folder, std::slice::from_ref(&second)).unwrap();
        assert_eq!(trusted(), [Fingerprint::of(&second)]);
        assert!(client_config(&folder).is_ok());
    }

    #[test]
    fn a_switch_that_was_cut_off_is_finished_and_what_does_not_fit_is_refused() {
        let (_place, folder, first) = joined();
        let (second, key) = made("b");
        fs::rename(folder.identity(), beside(&folder.identity(), "new")).unwrap();
        assert_eq!(enrolled(&folder).unwrap().0, first);
        let other = made("c").1;
        assert!(keep(&folder, &other, std::slice::from_ref(&second), std::slice::from_ref(&first)).is_err());
        assert_eq!(enrolled(&folder).unwrap().0, first);
        keep(&folder, &key, std::slice::from_ref(&second), std::slice::from_ref(&first)).unwrap();
        assert_eq!(enrolled(&folder).unwrap(), (second, Zeroizing::new(key)));
        assert!(validity(&folder).is_ok());
    }
}
