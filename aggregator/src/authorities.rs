//! The authorities of a province on the disk: the current one, the next one while a rotation goes on, and the former one until the
//! last certificate that it issued has expired.
//!
//! ```text
//! authority/key.pem, certificate.pem   the current one; it issues the server's certificate
//! authority/next/                      the same of the next one; from its making on it issues all client certificates
//! authority/former.pem                 certificate of the former one
//! authority/past.pem                   certificates of all there ever were, for receipts alone; never forgotten
//! authority/bundle.key                 opens bundles; see `bundle_key`
//! ```
//!
//! Each step of a rotation takes effect with one rename; a step that was cut off between its two is finished at the next opening. A
//! running `serve` only reads ([`Authorities::read`]) and never repairs. Whether a step may be taken is the command's word.
//! [`handing`] carries all of it to another server of the same store.

pub mod handing;
mod past;

pub use past::BUNDLE_KEY;

use crate::{
    authority::{Authority, AuthorityError},
    folder::Folder,
};
use proto::{
    pem::{self, PemError},
    tls::{Fingerprint, TlsError},
};
use rustls::pki_types::CertificateDer;
use std::{
    fs::{self, DirBuilder, File},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};
use thiserror::Error;

/// The next authority's folder in the folder of the authorities.
pub const NEXT: &str = "next";
/// The certificate of the former one in it.
const FORMER: &str = "former.pem";

/// Why keys and certificates cannot be used or changed.
#[derive(Debug, Error)]
pub enum KeysError {
    /// A file.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// An authority.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// TLS.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The system refuses.
    #[error("{path}: {source}")]
    Io {
        /// On what.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A rotation goes on already.
    #[error("a rotation of the authority goes on already")]
    Rotating,
    /// The former authority is still needed.
    #[error("the former authority is still needed: certificates that it issued have not expired")]
    FormerNeeded,
    /// No rotation goes on.
    #[error("no rotation of the authority goes on")]
    NotRotating,
}

impl KeysError {
    fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| KeysError::Io { path: path.to_owned(), source }
    }
}

/// The authorities of a province.
pub struct Authorities {
    /// Issues the server's certificate; its fingerprint stands in invitations.
    pub current: Authority,
    /// Issues client certificates while there is one.
    pub next: Option<Authority>,
    /// Trusted for client certificates only.
    pub former: Option<CertificateDer<'static>>,
    /// Trusted for receipts only: all that there ever were.
    past: Vec<CertificateDer<'static>>,
}

impl Authorities {
    /// Reads them, after finishing a step that was cut off.
    ///
    /// # Errors
    /// [`KeysError`] when files are missing or do not fit.
    pub fn open(folder: &Folder) -> Result<Self, KeysError> {
        let _alone = alone(folder)?;
        finish_switch(folder)?;
        Self::read(folder)
    }

    /// Reads them as they are.
    ///
    /// # Errors
    /// [`KeysError`] when files are missing or do not fit.
    pub fn read(folder: &Folder) -> Result<Self, KeysError> {
        Self::within(&folder.authority())
    }

    /// Reads them from the folder that holds them.
    fn within(current: &Path) -> Result<Self, KeysError> {
        let (next, former) = (current.join(NEXT), current.join(FORMER));
        let next = next.join("certificate.pem").exists().then(|| load(&next)).transpose()?;
        let former = former.exists().then(|| first_certificate(&former)).transpose()?;
        Ok(Self { current: load(current)?, next, former, past: past::read(current)? })
    }

    /// The one that issues client certificates.
    #[must_use]
    pub fn issuing(&self) -> &Authority {
        self.next.as_ref().unwrap_or(&self.current)
    }

    /// All that are trusted, the current one first.
    #[must_use]
    pub fn trusted(&self) -> Vec<CertificateDer<'static>> {
        let next = self.next.as_ref().map(|next| next.certificate().clone());
        [self.current.certificate().clone()].into_iter().chain(next).chain(self.former.clone()).collect()
    }

    /// What receipts are checked with: those that are trusted, and all there were before. A receipt is shown years later, when its
    /// authority is long gone.
    #[must_use]
    pub fn of_receipts(&self) -> Vec<CertificateDer<'static>> {
        past::united(self.trusted(), &self.past)
    }

    /// The same as [`Authorities::trusted`] for a message: what agents are to trust from now on (DER).
    #[must_use]
    pub fn told(&self) -> Vec<Vec<u8>> {
        self.trusted().iter().map(|certificate| certificate.to_vec()).collect()
    }

    /// Their fingerprints, in the same order.
    #[must_use]
    pub fn fingerprints(&self) -> Vec<Fingerprint> {
        self.trusted().iter().map(|certificate| Fingerprint::of(certificate)).collect()
    }
}

/// The certificate files as they are, to see whether they changed.
pub type Seen = [Option<Vec<u8>>; 3];

/// Reads the certificate files; three small reads.
#[must_use]
pub fn seen(folder: &Folder) -> Seen {
    let place = Place::of(folder);
    [place.current.join("certificate.pem"), place.next.join("certificate.pem"), place.former]
        .map(|path| fs::read(path).ok())
}

/// Begins a rotation: keeps the next authority.
///
/// # Errors
/// [`KeysError::Rotating`], [`KeysError::FormerNeeded`] when the last rotation has not ended.
pub fn begin(folder: &Folder, next: &Authority, key_pem: &str) -> Result<(), KeysError> {
    let _alone = alone(folder)?;
    finish_switch(folder)?;
    let place = Place::of(folder);
    if place.next.exists() {
        return Err(KeysError::Rotating);
    }
    if place.former.exists() {
        return Err(KeysError::FormerNeeded);
    }
    past::keep(
        &place.current,
        &[first_certificate(&place.current.join("certificate.pem"))?, next.certificate().clone()],
    )?;
    let fresh = place.current.join("next.new");
    write(&fresh, key_pem, next.certificate())?;
    rename(&fresh, &place.next)?;
    sync(&place.current)
}

/// The next authority becomes the current one, the current one the former; its key is gone then.
///
/// # Errors
/// [`KeysError::NotRotating`]
pub fn switch(folder: &Folder) -> Result<(), KeysError> {
    let _alone = alone(folder)?;
    finish_switch(folder)?;
    let place = Place::of(folder);
    if !place.next.exists() {
        return Err(KeysError::NotRotating);
    }
    let key = place.next.join("key.pem");
    let key_pem = fs::read_to_string(&key).map_err(KeysError::io(&key))?;
    write(&place.fresh, &key_pem, &first_certificate(&place.next.join("certificate.pem"))?)?;
    let former = first_certificate(&place.current.join("certificate.pem"))?;
    pem::write_certificates(&place.fresh.join(FORMER), std::slice::from_ref(&former))?;
    past::take_along(&place.current, &place.fresh)?;
    past::keep(&place.fresh, &[former])?;
    sync(folder.root())?;
    remove(&place.old)?;
    rename(&place.current, &place.old)?;
    finish_switch(folder)
}

/// Forgets the former authority. False when there is none.
///
/// # Errors
/// When the system refuses.
pub fn drop_former(folder: &Folder) -> Result<bool, KeysError> {
    let _alone = alone(folder)?;
    let place = Place::of(folder);
    if place.former.exists() {
        past::keep(&place.current, &[first_certificate(&place.former)?])?;
    }
    match fs::remove_file(&place.former) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(KeysError::io(&place.former)(error)),
        Ok(()) => sync(&place.current).map(|()| true),
    }
}

/// Where the files lie.
struct Place {
    current: PathBuf,
    next: PathBuf,
    former: PathBuf,
    /// Takes the current folder's place in a switch.
    fresh: PathBuf,
    /// Where the current folder goes.
    old: PathBuf,
}

impl Place {
    fn of(folder: &Folder) -> Self {
        let current = folder.authority();
        let beside = |word: &str| current.with_extension(word);
        let (next, former) = (current.join(NEXT), current.join(FORMER));
        Self { next, former, fresh: beside("new"), old: beside("old"), current }
    }
}

/// The second rename of a switch, and what it leaves to be removed. Does nothing when no switch was begun.
fn finish_switch(folder: &Folder) -> Result<(), KeysError> {
    let place = Place::of(folder);
    if !place.current.exists() && place.fresh.exists() {
        rename(&place.fresh, &place.current)?;
        sync(folder.root())?;
    }
    if place.current.exists() {
        remove(&place.old)?;
        remove(&place.fresh)?;
    }
    Ok(())
}

/// Keeps other processes from changing the authorities until it is dropped, after finishing a step that was cut off.
///
/// # Errors
/// When the system refuses.
pub fn alone_and_settled(folder: &Folder) -> Result<File, KeysError> {
    let alone = alone(folder)?;
    finish_switch(folder)?;
    Ok(alone)
}

/// One process at a time changes the authorities.
fn alone(folder: &Folder) -> Result<File, KeysError> {
    let path = folder.root().join("authority.lock");
    let locked = File::options().write(true).create(true).truncate(false).mode(0o600).open(&path).and_then(|file| {
        file.lock()?;
        Ok(file)
    });
    locked.map_err(KeysError::io(&path))
}

fn load(folder: &Path) -> Result<Authority, KeysError> {
    let certificate = first_certificate(&folder.join("certificate.pem"))?;
    let path = folder.join("key.pem");
    let key = fs::read_to_string(&path).map_err(KeysError::io(&path))?;
    Ok(Authority::load(certificate, &key)?)
}

fn first_certificate(path: &Path) -> Result<CertificateDer<'static>, KeysError> {
    let missing = || PemError::Content { path: path.to_owned(), reason: "no certificate".into() };
    Ok(pem::read_certificates(path)?.into_iter().next().ok_or_else(missing)?)
}

fn write(folder: &Path, key_pem: &str, certificate: &CertificateDer<'static>) -> Result<(), KeysError> {
    remove(folder)?;
    DirBuilder::new().mode(0o700).create(folder).map_err(KeysError::io(folder))?;
    pem::write_key(&folder.join("key.pem"), key_pem)?;
    Ok(pem::write_certificates(&folder.join("certificate.pem"), std::slice::from_ref(certificate))?)
}

fn rename(from: &Path, to: &Path) -> Result<(), KeysError> {
    fs::rename(from, to).map_err(KeysError::io(to))
}

fn remove(folder: &Path) -> Result<(), KeysError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(KeysError::io(folder)(error)),
        _ => Ok(()),
    }
}

fn sync(folder: &Path) -> Result<(), KeysError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(KeysError::io(folder))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{authority::SERIAL_BYTES, sample::moment};
    use std::os::unix::fs::PermissionsExt;

    fn made(number: u8) -> (Authority, String) {
        Authority::make("dong-nai", [number; SERIAL_BYTES], moment()).unwrap()
    }

    fn founded() -> (tempfile::TempDir, Folder) {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::prepare(&place.path().join("province"), "a").unwrap();
        let (first, key) = made(1);
        pem::write_key(&folder.authority_key(), &key).unwrap();
        pem::write_certificates(&folder.authority_certificate(), &[first.certificate().clone()]).unwrap();
        (place, folder)
    }

    #[test]
    fn a_rotation_goes_step_by_step() {
        let (_place, folder) = founded();
        let first = Authorities::open(&folder).unwrap().current.fingerprint();
        assert!(matches!(switch(&folder), Err(KeysError::NotRotating)));
        let (next, key) = made(2);
        begin(&folder, &next, &key).unwrap();
        assert!(matches!(begin(&folder, &next, &key), Err(KeysError::Rotating)));
        let both = Authorities::open(&folder).unwrap();
        assert_eq!(both.fingerprints(), [first, next.fingerprint()]);
        assert_eq!((both.current.fingerprint(), both.issuing().fingerprint()), (first, next.fingerprint()));
        switch(&folder).unwrap();
        let after = Authorities::open(&folder).unwrap();
        assert_eq!(after.fingerprints(), [next.fingerprint(), first]);
        assert_eq!(after.issuing().fingerprint(), next.fingerprint());
        let mode = fs::metadata(folder.authority_key()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(matches!(begin(&folder, &next, &key), Err(KeysError::FormerNeeded)));
        assert!(drop_former(&folder).unwrap() && !drop_former(&folder).unwrap());
        assert_eq!(Authorities::open(&folder).unwrap().fingerprints(), [next.fingerprint()]);
        let (third, key) = made(3);
        begin(&folder, &third, &key).unwrap();
        // Receipts of all of them are good for ever.
        let all: Vec<_> =
            Authorities::open(&folder).unwrap().of_receipts().iter().map(|one| Fingerprint::of(one)).collect();
        assert_eq!(all, [next.fingerprint(), third.fingerprint(), first]);
        let text = fs::read_to_string(folder.authority().join("past.pem")).unwrap();
        assert!(text.matches("BEGIN CERTIFICATE").count() == 3 && !text.contains("KEY"), "{text}");
    }

    #[test]
    fn a_step_that_was_cut_off_is_finished_or_has_not_been() {
        let (_place, folder) = founded();
        let first = Authorities::open(&folder).unwrap().current.fingerprint();
        let (next, key) = made(2);
        // Cut off while the next one was written: as if nothing had been done.
        write(&folder.authority().join("next.new"), &key, next.certificate()).unwrap();
        assert_eq!(Authorities::open(&folder).unwrap().fingerprints(), [first]);
        begin(&folder, &next, &key).unwrap();
        // Cut off while the new folder was written.
        write(&folder.root().join("authority.new"), &key, next.certificate()).unwrap();
        assert_eq!(Authorities::open(&folder).unwrap().fingerprints(), [first, next.fingerprint()]);
        // Cut off between the two renames: a running serve sees nothing, the next opening finishes it.
        let fresh = folder.root().join("authority.new");
        write(&fresh, &key, next.certificate()).unwrap();
        pem::write_certificates(
            &fresh.join("former.pem"),
            &[first_certificate(&folder.authority_certificate()).unwrap()],
        )
        .unwrap();
        fs::rename(folder.authority(), folder.root().join("authority.old")).unwrap();
        assert!(Authorities::read(&folder).is_err());
        assert_eq!(Authorities::open(&folder).unwrap().fingerprints(), [next.fingerprint(), first]);
        assert!(!folder.root().join("authority.old").exists(), "with it the former key is gone");
    }
}
