//! The key of a certificate that was asked for but has not come: kept before asking, so that after a lost answer the same key asks
//! again and gets the same certificate. Never used for anything else.

use crate::folder::{Folder, private_file, private_folder, sync_folder};
use proto::{
    identity::{self, IdentityError, SigningRequest},
    pem::{self, PemError},
};
use sha2::{Digest, Sha256};
use std::{fs, io, path::PathBuf};
use thiserror::Error;
use zeroize::Zeroizing;

/// Why there is no key to ask with.
#[derive(Debug, Error)]
pub enum PendingError {
    /// It cannot be written.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// Key or request could not be made.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The system refuses.
    #[error("pending identity: {0}")]
    Io(#[from] io::Error),
}

/// What a key is to be certified for.
#[derive(Debug, Clone, Copy)]
pub enum Purpose<'a> {
    /// Joining with this token.
    Join(&'a str),
    /// Renewing the certificate.
    Renewal,
}

impl Purpose<'_> {
    /// As a line in a file; a token is not kept.
    fn line(self) -> String {
        match self {
            Purpose::Join(token) => format!("join {}\n", hex::encode(Sha256::digest(token))),
            Purpose::Renewal => "renewal\n".into(),
        }
    }
}

/// The request to ask with: of the key that asked before for the same purpose, or of a new one, which is durable when this returns.
///
/// # Errors
/// [`PendingError`]
pub fn request(folder: &Folder, purpose: Purpose<'_>) -> Result<SigningRequest, PendingError> {
    let line = purpose.line();
    let (key, told) = (key(folder), folder.pending().join("purpose"));
    if fs::read_to_string(&told).is_ok_and(|told| told == line)
        && let Ok(text) = fs::read_to_string(&key).map(Zeroizing::new)
        && let Ok(request) = identity::signing_request_for(&text)
    {
        return Ok(request);
    }
    forget(folder)?;
    let request = identity::signing_request()?;
    private_folder(&folder.pending())?;
    pem::write_key(&key, &request.key_pem)?;
    // Last: a key without it is not used again.
    private_file(&told, line.as_bytes())?;
    sync_folder(folder.root())?;
    Ok(request)
}

/// Forgets the key: the answer came, and is kept.
///
/// # Errors
/// When the system refuses.
pub fn forget(folder: &Folder) -> io::Result<()> {
    match fs::remove_dir_all(folder.pending()) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn key(folder: &Folder) -> PathBuf {
    folder.pending().join("key.pem")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_purpose_asks_with_the_same_key() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::at(place.path());
        let ask = |purpose| request(&folder, purpose).unwrap().key_pem;
        let first = ask(Purpose::Join("t-1"));
        assert_eq!(first, ask(Purpose::Join("t-1")));
        let second = ask(Purpose::Join("t-2"));
        assert_ne!(first, second);
        let renewal = ask(Purpose::Renewal);
        assert_ne!(renewal, second);
        assert_eq!(renewal, ask(Purpose::Renewal));
        assert!(!fs::read_to_string(folder.pending().join("purpose")).unwrap().contains("t-"));
        fs::write(key(&folder), "torn").unwrap();
        let fresh = ask(Purpose::Renewal);
        assert_ne!(fresh, renewal);
        forget(&folder).unwrap();
        forget(&folder).unwrap();
        assert_ne!(ask(Purpose::Renewal), fresh);
    }

    #[test]
    #[cfg(unix)]
    fn nobody_else_can_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::at(place.path());
        request(&folder, Purpose::Renewal).unwrap();
        for (path, mode) in [(key(&folder), 0o600), (folder.pending(), 0o700)] {
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, mode);
        }
    }
}
