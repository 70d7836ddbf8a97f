//! The keys of the province on their way to another server of the same store, and into its folder.
//!
//! What is handed over is the folder of the authorities: by it agents know the server, and bundles are opened. The certificate of the
//! server and the key of receipts are each server's own, issued by the authority.

use super::{
    Authorities, BUNDLE_KEY, KeysError, Place, alone, alone_and_settled, finish_switch, past, remove, rename, sync,
};
use crate::{
    backup::{BackupError, take_authority},
    folder::{Folder, FolderError},
    keyring,
    store::{Store, StoreError},
};
use chrono::{DateTime, Utc};
use proto::tls::Fingerprint;
use std::{
    fs::{self, DirBuilder},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};
use thiserror::Error;

/// Why keys are not handed over.
#[derive(Debug, Error)]
pub enum HandingError {
    /// There is something in the place already.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// They cannot be used.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// They cannot be copied.
    #[error(transparent)]
    Copy(#[from] BackupError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key of bundles is not among them.
    #[error("{0}: no key of bundles in it")]
    Incomplete(PathBuf),
    /// Agents have certificates of an authority that is not among them.
    #[error("certificates in use were issued by the authority {0}, which is not among these keys")]
    Foreign(Fingerprint),
}

/// Copies the keys of a folder into a new one that only the owner can look into.
///
/// # Errors
/// [`HandingError`]; nothing is left behind then.
pub fn export(folder: &Folder, to: &Path) -> Result<(), HandingError> {
    if to.is_file() || fs::read_dir(to).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(FolderError::Taken(to.to_owned()).into());
    }
    let _alone = alone_and_settled(folder)?;
    let draft = to.with_extension("part");
    remove(&draft)?;
    DirBuilder::new().mode(0o700).recursive(true).create(&draft).map_err(KeysError::io(&draft))?;
    let done = take_authority(&folder.authority(), &draft).map_err(HandingError::from).and_then(|()| {
        check_whole(&draft)?;
        Ok(rename(&draft, to)?)
    });
    if done.is_err() {
        remove(&draft)?;
    }
    done
}

/// The keys in a folder that was handed over, if they are those of the province in the store: every certificate in use comes from
/// one of their authorities.
///
/// # Errors
/// [`HandingError`]
pub async fn check(from: &Path, store: &dyn Store, now: DateTime<Utc>) -> Result<Authorities, HandingError> {
    let authorities = check_whole(from)?;
    match keyring::foreign(store, &authorities, now).await? {
        Some(foreign) => Err(HandingError::Foreign(foreign)),
        None => Ok(authorities),
    }
}

/// Puts them in the place of a folder's own, with one rename; a running `serve` takes them over. Receipts of former authorities stay good.
///
/// # Errors
/// [`HandingError`]; the folder's own are as they were then.
pub fn replace(folder: &Folder, from: &Path) -> Result<(), HandingError> {
    let _alone = alone(folder)?;
    finish_switch(folder)?;
    let place = Place::of(folder);
    remove(&place.fresh)?;
    fill(&place.fresh, from)?;
    past::keep(&place.fresh, &past::read(&place.current)?)?;
    sync(folder.root())?;
    remove(&place.old)?;
    rename(&place.current, &place.old)?;
    Ok(finish_switch(folder)?)
}

/// Brings them into a folder that is being founded.
///
/// # Errors
/// [`HandingError`]
pub fn bring(folder: &Folder, from: &Path) -> Result<(), HandingError> {
    Ok(take_authority(from, &folder.authority())?)
}

fn fill(to: &Path, from: &Path) -> Result<(), HandingError> {
    DirBuilder::new().mode(0o700).create(to).map_err(KeysError::io(to))?;
    Ok(take_authority(from, to)?)
}

fn check_whole(folder: &Path) -> Result<Authorities, HandingError> {
    let authorities = Authorities::within(folder)?;
    if folder.join(BUNDLE_KEY).is_file() { Ok(authorities) } else { Err(HandingError::Incomplete(folder.to_owned())) }
}
