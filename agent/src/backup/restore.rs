//! The way back: a backup becomes the store of a data folder. The present store is kept aside, never deleted.

use super::{BackupError, owner};
use crate::{
    evidence,
    folder::{Folder, sync_folder},
    lock::Lock,
    store::{Store, StoreError, backup},
};
use chrono::{DateTime, Utc};
use proto::{identity::Identity, pem};
use rand::RngCore;
use safekeeping::{
    Owner, PlaceError, Whole,
    aside::{discard, put_aside},
    copying::{copy, part_of},
    fault::on,
};
use shared::{change::Incarnation, manifest::Manifest};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// A backup that became the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// What lay in the backup.
    pub manifest: Manifest,
    /// Where the store that was there lies now.
    pub aside: Option<PathBuf>,
    /// Whether this computer has a certificate; else it has to join.
    pub has_identity: bool,
}

/// Makes a backup the store of a data folder, with an incarnation of its own.
///
/// # Errors
/// [`BackupError`]; the present store is as it was then.
pub fn restore(
    folder: &Folder,
    from: &Path,
    now: DateTime<Utc>,
    random: &mut dyn RngCore,
) -> Result<Restored, BackupError> {
    let whole = Whole::open(from)?;
    let found = Owner::of(&whole.manifest);
    let commune = found.commune.unwrap_or_default();
    owner(found.province, commune).check(&whole.manifest)?;
    folder.create()?;
    let take = |path: &Path| Lock::try_take(path).map_err(on(path));
    let _service = take(&folder.service_lock())?.ok_or(BackupError::ServiceRunning)?;
    let _session = take(&folder.sync_lock())?.ok_or(BackupError::SessionHeld)?;
    let has_identity = check_owner(folder, &whole.manifest)?;

    let draft = folder.root().join("store.db.restoring");
    discard(&draft)?;
    let mut incarnation = [0; 16];
    random.fill_bytes(&mut incarnation);
    let adopt = || -> Result<_, BackupError> {
        copy(&whole.store, &draft, whole.manifest.store)?;
        backup::adopt(&draft, (found.province, commune), Incarnation(incarnation))?;
        bring_evidence(folder, &whole)?;
        keep_present(folder, now)
    };
    let aside = match adopt() {
        Ok(aside) => aside,
        Err(error) => {
            // Half-made; the reason it was not finished matters more than what the system says to this.
            let _ = discard(&draft);
            return Err(error);
        }
    };
    let target = folder.store();
    fs::rename(&draft, &target).and_then(|()| sync_folder(folder.root())).map_err(on(&target))?;
    Ok(Restored { manifest: whole.manifest, aside, has_identity })
}

/// The data folder must be of the commune of the backup, or of nobody. Whether it has an identity.
fn check_owner(folder: &Folder, manifest: &Manifest) -> Result<bool, BackupError> {
    match Store::open(folder) {
        Ok(store) => {
            if let Some(own) = store.view().belonging()? {
                owner(&own.province, &own.commune).check(manifest)?;
            }
        }
        // The very reason to restore; it is kept aside.
        Err(StoreError::NotJoined | StoreError::Damaged(_)) => {}
        Err(error) => return Err(error.into()),
    }
    let certificates = pem::read_certificates(&folder.identity().join("certificate.pem"));
    let identity = certificates.ok().and_then(|chain| Identity::from_certificate(chain.first()?).ok());
    match identity {
        Some(Identity::Commune { province, commune }) => {
            owner(&province, &commune).check(manifest)?;
            Ok(true)
        }
        _ => Ok(false),
    }
}

fn bring_evidence(folder: &Folder, whole: &Whole) -> Result<(), PlaceError> {
    for part in &whole.manifest.evidence {
        let target = evidence::path_of(folder, part.sha256.0);
        if !target.exists() || part_of(&target)? != *part {
            copy(&whole.evidence(part.sha256), &target, *part)?;
        }
    }
    Ok(())
}

/// Keeps the present store under another name, unless somebody has it open.
fn keep_present(folder: &Folder, now: DateTime<Utc>) -> Result<Option<PathBuf>, BackupError> {
    let store = folder.store();
    if store.exists() {
        match backup::quiesce(&store) {
            Ok(()) | Err(StoreError::Damaged(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(put_aside(&store, now)?)
}
