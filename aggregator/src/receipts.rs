//! The key that signs the province's receipts, in the data folder: made once, under a certificate of the authority. It signs
//! answers to bundles and publications of closed periods too, each under a domain of its own, and never leaves the folder.

use crate::{
    authority::{Authority, AuthorityError},
    clock::Clock,
    enrol::random,
    folder::{Folder, FolderError},
};
use proto::{
    pem::{self, PemError},
    receipt::{ReceiptError, ReceiptSigner, ReceiptVerifier},
    tls::Fingerprint,
};
use std::sync::{Arc, Mutex, PoisonError};
use thiserror::Error;

/// Why there is no key.
#[derive(Debug, Error)]
pub enum ReceiptsError {
    /// The folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// Its files cannot be read or written.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// No certificate could be issued.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// Key and certificate do not fit.
    #[error("the key of receipts: {0}")]
    Key(#[from] ReceiptError),
}

/// The key of a running server. When another authority becomes the current one, it is certified by that one from the next session on.
pub struct ReceiptKey {
    folder: Folder,
    province: String,
    clock: Arc<dyn Clock>,
    held: Mutex<(Fingerprint, Arc<ReceiptSigner>)>,
}

impl ReceiptKey {
    /// Loads the key, or makes it.
    ///
    /// # Errors
    /// [`ReceiptsError`]
    pub fn open(
        folder: Folder,
        province: &str,
        authority: &Authority,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ReceiptsError> {
        let signer = Arc::new(load_or_make(&folder, province, authority, &*clock)?);
        let held = Mutex::new((authority.fingerprint(), signer));
        Ok(Self { folder, province: province.to_owned(), clock, held })
    }

    /// The key under the authority that is current now. Where none can be made, the one before goes on: agents trust its authority
    /// as long as it is told to them.
    #[must_use]
    pub fn under(&self, authority: &Authority) -> Arc<ReceiptSigner> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let fingerprint = authority.fingerprint();
        if held.0 != fingerprint {
            match load_or_make(&self.folder, &self.province, authority, &*self.clock) {
                Ok(signer) => *held = (fingerprint, Arc::new(signer)),
                Err(error) => tracing::error!(%error, "no key of receipts under the new authority, trying again"),
            }
        }
        held.1.clone()
    }
}

/// Makes the key and its certificate.
///
/// # Errors
/// [`ReceiptsError`]
pub fn make(folder: &Folder, province: &str, authority: &Authority, clock: &dyn Clock) -> Result<(), ReceiptsError> {
    let made = authority.issue_receipts(province, random(), clock.now())?;
    folder.make_receipts()?;
    pem::write_key(&folder.receipts_key(), &made.key_pem)?;
    pem::write_certificates(&folder.receipts_certificate(), &[made.issued.certificate])?;
    Ok(())
}

/// The key; made where there is none, or where it does not come from this authority. Receipts that another key signed stay good:
/// whoever has one has the certificate too.
///
/// # Errors
/// [`ReceiptsError`]
pub fn load_or_make(
    folder: &Folder,
    province: &str,
    authority: &Authority,
    clock: &dyn Clock,
) -> Result<ReceiptSigner, ReceiptsError> {
    match load(folder, province, authority) {
        Ok(signer) => return Ok(signer),
        Err(error) if folder.receipts_key().exists() => {
            tracing::warn!(%error, "the key of receipts cannot be used, making another one");
        }
        Err(_) => tracing::info!("making the key of receipts"),
    }
    make(folder, province, authority, clock)?;
    load(folder, province, authority)
}

fn load(folder: &Folder, province: &str, authority: &Authority) -> Result<ReceiptSigner, ReceiptsError> {
    let path = folder.receipts_certificate();
    let certificate = pem::read_certificates(&path)?.into_iter().next();
    let certificate = certificate.ok_or(ReceiptError::Certificate("missing"))?;
    ReceiptVerifier::new(province, &certificate, std::slice::from_ref(authority.certificate()))?;
    let key = pem::read_key(&folder.receipts_key())?;
    Ok(ReceiptSigner::new(key.secret_der(), certificate)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::StandingClock;
    use crate::sample::moment;
    use std::{fs, os::unix::fs::PermissionsExt};

    #[test]
    fn it_is_made_once_and_anew_only_for_another_authority() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::prepare(&place.path().join("province"), "a").unwrap();
        let clock = StandingClock(moment());
        let authority = Authority::make("dong-nai", random(), moment()).unwrap().0;
        let load = |authority: &Authority| load_or_make(&folder, "dong-nai", authority, &clock).unwrap();
        let first = load(&authority).certificate().clone();
        assert_eq!(*load(&authority).certificate(), first);
        let mode = fs::metadata(folder.receipts_key()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let other = Authority::make("dong-nai", random(), moment()).unwrap().0;
        let second = load(&other).certificate().clone();
        assert_ne!(second, first);
        ReceiptVerifier::new("dong-nai", &second, &[other.certificate().clone()]).unwrap();
        // Stopped between writing the key and writing the certificate.
        fs::write(folder.receipts_key(), "nothing").unwrap();
        assert_ne!(*load(&other).certificate(), second);
    }
}
