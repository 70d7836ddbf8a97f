//! A copy of all that a commune entered, for the day on which its computer is lost; and the way back.
//!
//! A backup holds the store and the files of evidence. It holds no credentials and no incarnation: a store that comes back
//! from it is another life of the commune's log, so the province notices what it lost. `backup` works while the service runs.

mod fault;
mod restore;

pub use fault::BackupError;
pub use restore::{Restored, restore};

use crate::{
    evidence,
    folder::Folder,
    store::{Store, StoreError},
    uplink::BUILD,
};
use chrono::{DateTime, Utc};
use safekeeping::{Owner, Place, PlaceError, Rotation, copying::part_of};
use shared::manifest::{FORMAT, Hash, Head, Manifest, Part};
use std::path::{Path, PathBuf};

/// What this program calls itself in a manifest.
const PROGRAM: &str = "commune-agent";

/// A backup that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// What lies in it.
    pub manifest: Manifest,
    /// Files of evidence that were not in an earlier backup there.
    pub new_files: usize,
    /// Files that figures name and of which there is no whole copy on this computer.
    pub missing_files: usize,
}

/// Makes a backup in a folder of its own within `root`, and takes away all but the newest `keep`; where it lies, and how many went.
///
/// # Errors
/// [`BackupError`]; nothing was taken away then, unless taking away is what failed.
pub fn make_beside(
    folder: &Folder,
    root: &Path,
    keep: usize,
    now: DateTime<Utc>,
) -> Result<(Made, PathBuf, usize), BackupError> {
    let own = Store::open(folder)?.view().belonging()?.ok_or(StoreError::NotJoined)?;
    let rotation = Rotation::new(root, owner(&own.province, &own.commune));
    let place = rotation.begin(now)?;
    let made = make(folder, &place, now)?;
    let gone = rotation.prune(keep)?;
    Ok((made, place, gone.len()))
}

/// Makes a backup in a folder that is new, empty, or holds an older backup of the same commune.
///
/// # Errors
/// [`BackupError`]; an older backup stays as it was then.
pub fn make(folder: &Folder, place: &Path, now: DateTime<Utc>) -> Result<Made, BackupError> {
    let mut store = Store::open(folder)?;
    let own = store.view().belonging()?.ok_or(StoreError::NotJoined)?;
    let place = Place::take(place, owner(&own.province, &own.commune))?;
    let draft = place.store_draft();
    let copy = store.copy_to(&draft)?;
    let (mut evidence, mut new_files, mut missing_files) = (Vec::new(), 0, 0);
    for (sha256, size_bytes) in copy.evidence {
        let part = Part { sha256: Hash(sha256), size_bytes };
        match place.keep_evidence(&evidence::path_of(folder, sha256), part) {
            Ok(is_new) => {
                new_files += usize::from(is_new);
                evidence.push(part);
            }
            Err(PlaceError::Damaged(_)) => missing_files += 1,
            Err(error) => return Err(error.into()),
        }
    }
    let manifest = Manifest {
        format: FORMAT,
        program: PROGRAM.into(),
        build: BUILD.into(),
        province: own.province,
        commune: Some(own.commune),
        name: own.commune_name,
        created_at: now,
        schema: copy.schema,
        head: Some(Head { seq: copy.head.seq, chain: Hash(copy.head.chain.0) }),
        store: part_of(&draft)?,
        settings: None,
        evidence,
    };
    place.finish(&manifest)?;
    Ok(Made { manifest, new_files, missing_files })
}

fn owner<'a>(province: &'a str, commune: &'a str) -> Owner<'a> {
    Owner { program: PROGRAM, province, commune: Some(commune) }
}

#[cfg(test)]
mod tests;
