//! What an authority's folder keeps through every rotation: the certificates of all authorities that there ever were, for the receipts
//! that they vouch for, and the key of bundles.

use super::KeysError;
use proto::{pem, tls::Fingerprint};
use rustls::pki_types::CertificateDer;
use std::{
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

/// The certificates, in the folder of the authorities. Only ever added to; trusted for receipts alone.
const CERTIFICATES: &str = "past.pem";
/// The key of bundles, in the same folder.
pub const BUNDLE_KEY: &str = "bundle.key";

/// The certificates kept in a folder.
pub(super) fn read(folder: &Path) -> Result<Vec<CertificateDer<'static>>, KeysError> {
    let path = folder.join(CERTIFICATES);
    if path.exists() { Ok(pem::read_certificates(&path)?) } else { Ok(Vec::new()) }
}

/// Keeps these certificates too.
pub(super) fn keep(folder: &Path, more: &[CertificateDer<'static>]) -> Result<(), KeysError> {
    let kept = read(folder)?;
    let all = united(kept.clone(), more);
    if all.len() == kept.len() {
        return Ok(());
    }
    Ok(pem::write_certificates(&folder.join(CERTIFICATES), &all)?)
}

/// Brings it all into the folder that takes the place of another.
pub(super) fn take_along(from: &Path, to: &Path) -> Result<(), KeysError> {
    keep(to, &read(from)?)?;
    let (kept, path) = (from.join(BUNDLE_KEY), to.join(BUNDLE_KEY));
    let key = match fs::read(&kept) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        read => read.map_err(KeysError::io(&kept))?,
    };
    let made = File::options().write(true).create_new(true).mode(0o600).open(&path);
    made.and_then(|mut file| file.write_all(&key).and_then(|()| file.sync_all())).map_err(KeysError::io(&path))
}

/// One list and what another has more, each once.
pub(super) fn united(
    mut all: Vec<CertificateDer<'static>>,
    more: &[CertificateDer<'static>],
) -> Vec<CertificateDer<'static>> {
    for certificate in more {
        if !all.iter().any(|one| Fingerprint::of(one) == Fingerprint::of(certificate)) {
            all.push(certificate.clone());
        }
    }
    all
}
