//! Whole files on their way from the folder to an object store: put there, read back, compared with their SHA-256, and only then, if that
//! is wanted, removed here. It can be stopped at any moment and begun again.

use super::{EvidenceError, Place};
use crate::objects::{Bucket, ObjectsError};
use safekeeping::copying::sync_folder;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// What was moved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moved {
    /// Files that are in the object store now, each compared.
    pub files: usize,
    /// Of them, those that it did not have before.
    pub new_files: usize,
    /// Files here that are not what their name says; they stay.
    pub damaged_files: usize,
    /// Files that were removed here.
    pub removed_files: usize,
}

/// A whole file, and its SHA-256.
pub type WholeFile = (PathBuf, [u8; 32]);

/// The whole files in a folder of evidence, by hash. What is on its way, or was put away, is none of them.
///
/// # Errors
/// The system's.
pub fn whole_files(root: &Path) -> Result<Vec<WholeFile>, (PathBuf, io::Error)> {
    let mut files = Vec::new();
    for shelf in entries(root)? {
        if !shelf.is_dir() {
            continue;
        }
        for file in entries(&shelf)? {
            let mut hash = [0; 32];
            let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if hex::decode_to_slice(name, &mut hash).is_ok() && shelf.file_name() == Some(name[..2].as_ref()) {
                files.push((file, hash));
            }
        }
    }
    files.sort_by_key(|(_, hash)| *hash);
    Ok(files)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, (PathBuf, io::Error)> {
    let at = |error| (folder.to_owned(), error);
    match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| entry.map(|entry| entry.path()).map_err(at)).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(at(error)),
    }
}

/// Moves every whole file of a shelf's folder to its object store, which is marked first; none where there is no object store.
///
/// # Errors
/// [`EvidenceError`]; what was moved before stays moved, and every other file stays here.
pub async fn move_files(place: &Place, remove: bool) -> Result<Option<Moved>, EvidenceError> {
    let shelf = place.shelf();
    let Some(bucket) = shelf.bucket() else { return Ok(None) };
    bucket.probe().await?;
    place.mark().await?;
    let io = |(path, source)| EvidenceError::Io { path, source };
    let mut moved = Moved::default();
    for (path, sha256) in whole_files(shelf.root()).map_err(io)? {
        match bring(bucket, &path, sha256).await {
            Ok(is_new) => {
                moved.files += 1;
                moved.new_files += usize::from(is_new);
            }
            Err(ObjectsError::Differs(path)) => {
                tracing::warn!(path = %path.display(), "a file of evidence is damaged and was not moved");
                moved.damaged_files += 1;
                continue;
            }
            Err(error) => return Err(error.into()),
        }
        if remove {
            let folder = path.parent().unwrap_or(&path);
            fs::remove_file(&path).and_then(|()| sync_folder(folder)).map_err(|error| io((path.clone(), error)))?;
            moved.removed_files += 1;
        }
    }
    Ok(Some(moved))
}

/// Puts a file, unless it is there whole already; whether it was not. It is read back in any case.
async fn bring(bucket: &Bucket, path: &Path, sha256: [u8; 32]) -> Result<bool, ObjectsError> {
    let size = fs::metadata(path).map_err(|source| ObjectsError::Io { path: path.to_owned(), source })?.len();
    if bucket.is_whole(sha256, size).await? == Some(true) {
        return Ok(false);
    }
    bucket.put(path, sha256, size).await?;
    match bucket.is_whole(sha256, size).await? {
        Some(true) => Ok(true),
        _ => Err(ObjectsError::Strange { at: bucket.to_string() }),
    }
}
