//! A copy of all that the province holds, made while `serve` runs; and the way back.
//!
//! A backup holds the store, the settings and the files of evidence that lie in the data folder; those in an object store are kept by
//! its own means. It holds no keys: those of the authority, the server and
//! the receipts are kept apart, since whoever has them is the province.

mod fault;
mod restore;

pub use fault::BackupError;
pub(crate) use restore::take_authority;
pub use restore::{Request, Restored, restore};

use crate::{evidence::moving::whole_files, folder::Folder, store::Store};
use chrono::{DateTime, Utc};
use safekeeping::{Owner, Place, PlaceError, Rotation, copying::part_of, fault::on};
use shared::manifest::{FORMAT, Hash, Manifest, Part};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// What this program calls itself in a manifest.
const PROGRAM: &str = "province-aggregator";
const BUILD: &str = concat!("province-aggregator/", env!("CARGO_PKG_VERSION"));

/// A backup that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// What lies in it.
    pub manifest: Manifest,
    /// Files of evidence that were not in an earlier backup there.
    pub new_files: usize,
    /// Files of evidence that are not what their name says, and not in the backup.
    pub damaged_files: usize,
}

fn owner(province: &str) -> Owner<'_> {
    Owner { program: PROGRAM, province, commune: None }
}

/// Makes a backup in a folder of its own within `root`, and takes away all but the newest `keep`; where it lies, and how many went.
///
/// # Errors
/// [`BackupError`]; nothing was taken away then, unless taking away is what failed.
pub async fn make_beside(
    folder: &Folder,
    store: &dyn Store,
    root: &Path,
    keep: usize,
    now: DateTime<Utc>,
) -> Result<(Made, PathBuf, usize), BackupError> {
    let province = store.founding().await?.province;
    let rotation = Rotation::new(root, owner(&province));
    let place = rotation.begin(now)?;
    let made = make(folder, store, &place, now).await?;
    let gone = rotation.prune(keep)?;
    Ok((made, place, gone.len()))
}

/// Makes a backup in a folder that is new, empty, or holds an older backup of the same province.
///
/// # Errors
/// [`BackupError`]; an older backup stays as it was then.
pub async fn make(folder: &Folder, store: &dyn Store, place: &Path, now: DateTime<Utc>) -> Result<Made, BackupError> {
    let province = store.founding().await?.province;
    let (_, catalogue) = store.catalogue().await?;
    let place = Place::take(place, owner(&province))?;
    let draft = place.store_draft();
    let copy = store.backup(&draft).await?;
    let path = folder.config();
    let settings = place.keep_settings(&fs::read(&path).map_err(on(&path))?)?;
    // After the store: what it knows to be held is there by now.
    let (mut evidence, mut new_files, mut damaged_files) = (Vec::new(), 0, 0);
    let files = whole_files(&folder.evidence()).map_err(|(path, source)| PlaceError::Io { path, source })?;
    for (path, sha256) in files {
        let sha256 = Hash(sha256);
        let size_bytes = fs::metadata(&path).map_err(on(&path))?.len();
        let part = Part { sha256, size_bytes };
        match place.keep_evidence(&path, part) {
            Ok(is_new) => {
                new_files += usize::from(is_new);
                evidence.push(part);
            }
            Err(PlaceError::Damaged(_)) => damaged_files += 1,
            Err(error) => return Err(error.into()),
        }
    }
    let manifest = Manifest {
        format: FORMAT,
        program: PROGRAM.into(),
        build: BUILD.into(),
        province,
        commune: None,
        name: catalogue.province.name.clone(),
        created_at: now,
        schema: copy.schema,
        head: None,
        store: part_of(&draft)?,
        settings: Some(settings),
        evidence,
    };
    place.finish(&manifest)?;
    Ok(Made { manifest, new_files, damaged_files })
}

#[cfg(test)]
mod tests;
