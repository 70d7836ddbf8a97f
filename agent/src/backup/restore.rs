//! The way back: a backup becomes the store of a data folder. The present store is kept aside, never deleted.

use super::{
    BackupError, PROGRAM, is_of,
    place::{Whole, copy, on},
};
use crate::{
    evidence,
    folder::{Folder, sync_folder},
    lock::Lock,
    store::{Store, StoreError, backup},
};
use chrono::{DateTime, Utc};
use proto::{identity::Identity, pem};
use rand::RngCore;
use shared::{change::Incarnation, manifest::Manifest};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Names tried for a store that is put aside.
const MAX_ASIDE: u32 = 100;

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
    let commune = whole.manifest.commune.clone().filter(|_| whole.manifest.program == PROGRAM);
    let Some(commune) = commune else {
        return Err(BackupError::OtherOwner { found: whole.manifest.program, own: PROGRAM.into() });
    };
    folder.create()?;
    let take = |path: &Path| Lock::try_take(path).map_err(on(path));
    let _service = take(&folder.service_lock())?.ok_or(BackupError::ServiceRunning)?;
    let _session = take(&folder.sync_lock())?.ok_or(BackupError::SessionHeld)?;
    let has_identity = check_owner(folder, &whole.manifest)?;

    let draft = folder.root().join("store.db.restoring");
    backup::discard(&draft).map_err(on(&draft))?;
    let mut incarnation = [0; 16];
    random.fill_bytes(&mut incarnation);
    let adopted = copy(&whole.store, &draft, whole.manifest.store)
        .and_then(|()| Ok(backup::adopt(&draft, (&whole.manifest.province, &commune), Incarnation(incarnation))?));
    let aside = match adopted.and_then(|()| bring_evidence(folder, &whole)).and_then(|()| put_aside(folder, now)) {
        Ok(aside) => aside,
        Err(error) => {
            // Half-made; the reason it was not finished matters more than what the system says to this.
            let _ = backup::discard(&draft);
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
                is_of(manifest, &own.province, &own.commune)?;
            }
        }
        // The very reason to restore; it is kept aside.
        Err(StoreError::NotJoined | StoreError::Damaged(_)) => {}
        Err(error) => return Err(error.into()),
    }
    let certificates = pem::read_certificates(&folder.identity().join("certificate.pem"));
    let identity = certificates.ok().and_then(|chain| Identity::from_certificate(chain.first()?).ok());
    match identity {
        Some(Identity::Commune { province, commune }) => is_of(manifest, &province, &commune).map(|()| true),
        _ => Ok(false),
    }
}

fn bring_evidence(folder: &Folder, whole: &Whole) -> Result<(), BackupError> {
    for part in &whole.manifest.evidence {
        let target = evidence::path_of(folder, part.sha256.0);
        if !target.exists() || super::part_of(&target)? != *part {
            copy(&whole.evidence(part.sha256), &target, *part)?;
        }
    }
    Ok(())
}

/// Keeps the present store, with what belongs to it, under another name.
fn put_aside(folder: &Folder, now: DateTime<Utc>) -> Result<Option<PathBuf>, BackupError> {
    let store = folder.store();
    if !store.exists() {
        return Ok(None);
    }
    match backup::quiesce(&store) {
        Ok(()) | Err(StoreError::Damaged(_)) => {}
        Err(error) => return Err(error.into()),
    }
    let aside = aside_name(&store, now);
    // First what a new store must not find beside it.
    for companion in ["-wal", "-shm"] {
        let path = with_suffix(&store, companion);
        if path.exists() {
            fs::rename(&path, with_suffix(&aside, companion)).map_err(on(&path))?;
        }
    }
    // A second name, so that there is a store at every moment; not every file system has that.
    fs::hard_link(&store, &aside).or_else(|_| fs::rename(&store, &aside)).map_err(on(&store))?;
    Ok(Some(aside))
}

/// A name that nothing has.
fn aside_name(store: &Path, now: DateTime<Utc>) -> PathBuf {
    let name = format!(".before-restore-{}", now.format("%Y%m%dT%H%M%SZ"));
    let first = with_suffix(store, &name);
    let further = (2..MAX_ASIDE).map(|number| with_suffix(store, &format!("{name}-{number}")));
    std::iter::once(first.clone()).chain(further).find(|path| !path.exists()).unwrap_or(first)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
