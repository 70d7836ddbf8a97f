//! Passwords and tokens: read from files that only their owner can read, never printed, wiped when they are no longer needed.

use std::{
    fmt,
    fs::{self, File},
    io::{self, Read},
    path::Path,
};
use thiserror::Error;
use zeroize::Zeroizing;

const MAX_BYTES: u64 = 4_096;

/// Why a file of a secret, or of certificates, is not used.
#[derive(Debug, Error)]
pub enum FileFault {
    /// The system refuses.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Others than its owner can read it.
    #[error("others than its owner can read it: chmod 600")]
    Exposed,
    /// Not what it should be.
    #[error("it does not hold one line of printable text")]
    NotLine,
    /// Not what it should be.
    #[error("it holds no certificates in PEM")]
    NotCertificates,
}

/// A password or token.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(Zeroizing<String>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    /// Reads the one line of a file.
    pub(crate) fn read(path: &Path) -> Result<Self, FileFault> {
        let bytes = Zeroizing::new(content(path, MAX_BYTES, true)?);
        let line = std::str::from_utf8(&bytes).map_err(|_| FileFault::NotLine)?;
        let line = line.strip_suffix('\n').unwrap_or(line);
        let line = line.strip_suffix('\r').unwrap_or(line);
        if line.is_empty() || line.chars().any(char::is_control) {
            return Err(FileFault::NotLine);
        }
        Ok(Self(Zeroizing::new(line.to_owned())))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The bytes of a regular file, within bounds.
pub(crate) fn content(path: &Path, max_bytes: u64, own: bool) -> Result<Vec<u8>, FileFault> {
    // Asked before it is opened: opening a pipe would wait for somebody to write.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a file").into());
    }
    let file = File::open(path)?;
    #[cfg(unix)]
    if own && std::os::unix::fs::PermissionsExt::mode(&file.metadata()?.permissions()) & 0o077 != 0 {
        return Err(FileFault::Exposed);
    }
    #[cfg(not(unix))]
    let _ = own;
    // Grown in place: a vector that moves leaves copies behind.
    let mut bytes = Vec::with_capacity(usize::try_from(max_bytes).unwrap_or_default() + 1);
    file.take(max_bytes + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max_bytes {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "too large").into());
    }
    Ok(bytes)
}
