//! One file on its way: what has come lies in `partial/<commune>/<sha256>`; whole and verified it moves to its place. Everything
//! here blocks. Whatever stops it, the disk holds a beginning of the file, the whole file in its place, or nothing.

use super::Evidence;
use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use shared::evidence_kind::{self, EvidenceKind};
use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// How much is read at once for a checksum.
const BLOCK_BYTES: usize = 64 * 1024;

type Outcome<T> = Result<T, (PathBuf, io::Error)>;

/// How far a file has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// So many bytes are there.
    Part(u64),
    /// It was whole and did not have its checksum; nothing of it is left.
    Damaged,
    /// It is whole and in its place; or not allowed, and then nothing of it is left.
    Whole(Option<&'static str>),
}

/// One file on its way.
#[derive(Debug, Clone)]
pub(super) struct Partial {
    coming: PathBuf,
    place: PathBuf,
    sha256: [u8; 32],
    size: u64,
}

impl Partial {
    pub(super) fn new(root: &Path, commune: &str, sha256: [u8; 32], size: u64) -> Self {
        let coming = root.join("partial").join(commune).join(hex::encode(sha256));
        Self { coming, place: Evidence::path(root, sha256), sha256, size }
    }

    /// How far it has come. What was whole when the last run stopped is finished now.
    pub(super) fn look(&self) -> Outcome<Written> {
        if is_there(&self.place, self.size)? {
            // Moved into its place, and not noted in the store any more.
            return match is_whole(&self.place, self.sha256, self.size)? {
                true => self.judge(&self.place),
                false => self.damaged(&self.place),
            };
        }
        match fs::metadata(&self.coming) {
            Ok(found) if found.len() >= self.size => self.finish(),
            Ok(found) => Ok(Written::Part(found.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Written::Part(0)),
            Err(error) => Err((self.coming.clone(), error)),
        }
    }

    /// Bytes of the commune's files on their way, this one among them.
    pub(super) fn beside(&self) -> Outcome<u64> {
        let folder = self.coming.parent().unwrap_or(&self.coming);
        let sizes = entries(folder)?.into_iter().map(|path| fs::metadata(&path).map_or(0, |found| found.len()));
        Ok(sizes.sum())
    }

    /// Adds a piece exactly where the last one ended.
    pub(super) fn write(&self, offset: u64, data: &[u8]) -> Outcome<Written> {
        let at = |error| (self.coming.clone(), error);
        make_folder(&self.coming)?;
        let is_new = !self.coming.exists();
        let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(&self.coming).map_err(at)?;
        let length = file.metadata().map_err(at)?.len();
        if length != offset || offset + data.len() as u64 > self.size {
            return Ok(Written::Part(length));
        }
        file.write_all(data).and_then(|()| file.sync_all()).map_err(at)?;
        if is_new {
            sync_folder(&self.coming)?;
        }
        let length = length + data.len() as u64;
        if length == self.size { self.finish() } else { Ok(Written::Part(length)) }
    }

    fn finish(&self) -> Outcome<Written> {
        if !is_whole(&self.coming, self.sha256, self.size)? {
            return self.damaged(&self.coming);
        }
        self.judge(&self.coming)
    }

    /// Moves a verified file into its place, if it is of a kind that is allowed.
    fn judge(&self, path: &Path) -> Outcome<Written> {
        let at = |error| (path.to_owned(), error);
        let kind = evidence_kind::detect(&mut File::open(path).map_err(at)?).map_err(at)?.map(EvidenceKind::as_str);
        if kind.is_none() {
            fs::remove_file(path).map_err(at)?;
        } else if path != self.place {
            make_folder(&self.place)?;
            fs::rename(path, &self.place).map_err(at)?;
            sync_folder(&self.place)?;
            sync_folder(path)?;
        }
        Ok(Written::Whole(kind))
    }

    fn damaged(&self, path: &Path) -> Outcome<Written> {
        fs::remove_file(path).map_err(|error| (path.to_owned(), error))?;
        Ok(Written::Damaged)
    }
}

/// Whether there is a file of this size.
pub(super) fn is_there(path: &Path, size: u64) -> Outcome<bool> {
    match fs::metadata(path) {
        Ok(found) => Ok(found.is_file() && found.len() == size),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err((path.to_owned(), error)),
    }
}

/// Whether there is a file of this size with this checksum.
pub(super) fn is_whole(path: &Path, sha256: [u8; 32], size: u64) -> Outcome<bool> {
    if !is_there(path, size)? {
        return Ok(false);
    }
    let at = |error| (path.to_owned(), error);
    let mut file = File::open(path).map_err(at)?;
    let (mut hash, mut block) = (Sha256::new(), vec![0; BLOCK_BYTES]);
    loop {
        match file.read(&mut block).map_err(at)? {
            0 => return Ok(<[u8; 32]>::from(hash.finalize()) == sha256),
            read => hash.update(&block[..read]),
        }
    }
}

/// Removes what nobody has gone on with since then; how many files.
pub(super) fn tidy(root: &Path, before: DateTime<Utc>) -> Outcome<usize> {
    let mut removed = 0;
    for folder in entries(&root.join("partial"))? {
        for path in entries(&folder)? {
            let at = |error| (path.clone(), error);
            let changed = fs::metadata(&path).and_then(|found| found.modified()).map_err(at)?;
            if DateTime::<Utc>::from(changed) < before {
                fs::remove_file(&path).map_err(at)?;
                removed += 1;
            }
        }
    }
    Ok(removed)
}

fn entries(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let at = |error| (folder.to_owned(), error);
    match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| entry.map(|entry| entry.path()).map_err(at)).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(at(error)),
    }
}

fn make_folder(path: &Path) -> Outcome<()> {
    let folder = path.parent().unwrap_or(path);
    if folder.is_dir() {
        return Ok(());
    }
    DirBuilder::new().mode(0o700).recursive(true).create(folder).map_err(|error| (folder.to_owned(), error))?;
    // The folder's own entry, and that of the one above, which may be new too.
    sync_folder(folder)?;
    folder.parent().map_or(Ok(()), sync_folder)
}

/// Makes the entry of a file in its folder durable.
fn sync_folder(path: &Path) -> Outcome<()> {
    let folder = path.parent().unwrap_or(path);
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| (folder.to_owned(), error))
}
