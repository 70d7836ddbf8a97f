//! Key and certificates in the data folder. They change together or not at all: a new folder takes the old one's place.

use crate::folder::{Folder, private_folder, sync_folder};
use proto::{pem, tls};
use shared::language::Language;
use std::{
    fs, io,
    path::{Path, PathBuf},
};
use thiserror::Error;

/// Why there is no credential.
#[derive(Debug, Error)]
pub enum CredentialError {
    /// A file is missing or unreadable.
    #[error(transparent)]
    Pem(#[from] pem::PemError),
    /// Key and certificates do not fit together.
    #[error(transparent)]
    Tls(#[from] tls::TlsError),
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

/// TLS settings with the commune's certificate, trusting the province's authority alone.
///
/// # Errors
/// [`CredentialError`]
pub fn client_config(folder: &Folder) -> Result<rustls::ClientConfig, CredentialError> {
    let identity = folder.identity();
    if !identity.exists() && beside(&identity, "new").join("certificate.pem").exists() {
        // The last join was cut off between its two renames.
        fs::rename(beside(&identity, "new"), &identity)?;
    }
    config_of(&identity)
}

fn config_of(identity: &Path) -> Result<rustls::ClientConfig, CredentialError> {
    let roots = pem::read_certificates(&authority(identity))?;
    let chain = pem::read_certificates(&certificate(identity))?;
    Ok(tls::client_config(&roots, Some((chain, pem::read_key(&key(identity))?)))?)
}

/// Keeps a new credential, if its parts fit together.
///
/// # Errors
/// [`CredentialError`]; the old one stays then.
pub fn keep(
    folder: &Folder,
    key_pem: &str,
    chain: &[rustls::pki_types::CertificateDer<'static>],
    root: &rustls::pki_types::CertificateDer<'static>,
) -> Result<(), CredentialError> {
    let identity = folder.identity();
    let (new, old) = (beside(&identity, "new"), beside(&identity, "old"));
    remove(&new)?;
    private_folder(&new)?;
    pem::write_key(&key(&new), key_pem)?;
    pem::write_certificates(&authority(&new), std::slice::from_ref(root))?;
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
