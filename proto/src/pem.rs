//! Key and certificate files. Written whole or not at all: a new file beside the old one, synced, then renamed over it.

use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};
use thiserror::Error;
use zeroize::Zeroizing;

/// Largest key or certificate file that is read, in bytes.
pub const MAX_FILE_BYTES: u64 = 256 * 1024;

/// Why a file cannot be read or written.
#[derive(Debug, Error)]
pub enum PemError {
    /// The system refuses.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It does not hold what it should.
    #[error("{}: {reason}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

impl PemError {
    fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| PemError::Io { path: path.into(), source }
    }
    fn content(path: &Path, reason: impl Into<String>) -> Self {
        PemError::Content { path: path.into(), reason: reason.into() }
    }
}

/// Certificates as PEM text.
#[must_use]
pub fn certificates_to_pem(certificates: &[CertificateDer<'_>]) -> String {
    let config = ::pem::EncodeConfig::new().set_line_ending(::pem::LineEnding::LF);
    let block = |der: &CertificateDer<'_>| ::pem::encode_config(&::pem::Pem::new("CERTIFICATE", der.to_vec()), config);
    certificates.iter().map(block).collect()
}

/// Reads one or more certificates from PEM text.
///
/// # Errors
/// What is wrong with it.
pub fn certificates_from_pem(pem: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    match read {
        Ok(certificates) if certificates.is_empty() => Err("no certificate".into()),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(error.to_string()),
    }
}

/// Reads one private key from PEM text.
///
/// # Errors
/// What is wrong with it.
pub fn key_from_pem(pem: &str) -> Result<PrivateKeyDer<'static>, String> {
    PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|error| error.to_string())
}

/// Reads one or more certificates.
///
/// # Errors
/// [`PemError`]
pub fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, PemError> {
    certificates_from_pem(&read(path)?).map_err(|reason| PemError::content(path, reason))
}

/// Reads one private key.
///
/// # Errors
/// [`PemError`]
pub fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, PemError> {
    key_from_pem(&read(path)?).map_err(|reason| PemError::content(path, reason))
}

/// Writes certificates.
///
/// # Errors
/// [`PemError`]
pub fn write_certificates(path: &Path, certificates: &[CertificateDer<'_>]) -> Result<(), PemError> {
    replace(path, certificates_to_pem(certificates).as_bytes(), 0o644).map_err(PemError::io(path))
}

/// Writes a key that only the owner can read (mode 0600 from its creation).
///
/// # Errors
/// [`PemError`]; [`PemError::Content`] when the text is not a key.
pub fn write_key(path: &Path, pem: &str) -> Result<(), PemError> {
    key_from_pem(pem).map_err(|reason| PemError::content(path, reason))?;
    replace(path, pem.as_bytes(), 0o600).map_err(PemError::io(path))
}

fn read(path: &Path) -> Result<Zeroizing<String>, PemError> {
    let file = File::open(path).map_err(PemError::io(path))?;
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(PemError::io(path))?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(PemError::content(path, format!("larger than {MAX_FILE_BYTES} bytes")));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| PemError::content(path, "not a text"))?;
    Ok(Zeroizing::new(text.into()))
}

fn replace(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let name = path.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "not a file name"))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let fresh = folder.join(format!(".{}.{}.new", name.to_string_lossy(), std::process::id()));
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let written = write_new(&fresh, bytes, mode).and_then(|()| fs::rename(&fresh, path));
    if written.is_err() {
        // The failure is told; what could not be written is only in the way.
        let _ = fs::remove_file(&fresh);
        return written;
    }
    File::open(folder)?.sync_all()
}

#[cfg_attr(not(unix), allow(unused_variables))]
fn write_new(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{authority::Authority, identity::signing_request};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn certificates_and_keys_survive_their_files() {
        let folder = tempfile::tempdir().unwrap();
        let (chain, _) = Authority::new().server(&["localhost"]);
        let path = folder.path().join("certificate.pem");
        write_certificates(&path, &chain[..1]).unwrap();
        write_certificates(&path, &chain).unwrap();
        assert_eq!(read_certificates(&path).unwrap(), chain);
        let path = folder.path().join("key.pem");
        let made = signing_request().unwrap();
        write_key(&path, &made.key_pem).unwrap();
        assert_eq!(read_key(&path).unwrap(), key_from_pem(&made.key_pem).unwrap());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn other_files_are_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.pem");
        assert!(read_key(&path).unwrap_err().to_string().contains("x.pem"));
        let large = "A".repeat(usize::try_from(MAX_FILE_BYTES).unwrap() + 1);
        let broken = "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n";
        for content in ["", "nonsense", broken, large.as_str()] {
            fs::write(&path, content).unwrap();
            assert!(read_key(&path).is_err());
            assert!(matches!(read_certificates(&path), Err(PemError::Content { .. })));
        }
        fs::write(&path, [0xff, 0xfe]).unwrap();
        assert!(read_certificates(&path).is_err());
        assert!(write_key(&path, "nonsense").is_err());
        assert_eq!(fs::read(&path).unwrap(), [0xff, 0xfe]);
    }
}
