//! One file on its way: what has come lies in `partial/<commune>/<sha256>.<size>`; whole and verified it moves to its place, or stays
//! there until it is in the object store. Everything here blocks. Whatever stops it, the disk holds a beginning of the file, the whole file in its place, or nothing.
//!
//! `serve` and `bundle take` may work on the same file at the same time: whoever looks at it or writes to it holds its lock.

use crate::evidence_shelf::{Shelf, in_folder};
use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use shared::evidence_kind::{self, EvidenceKind};
use std::{
    collections::HashSet,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// How much is read at once for a checksum.
const BLOCK_BYTES: usize = 64 * 1024;
/// Folder of the files on their way, by commune.
const COMING: &str = "partial";
/// Folder of what lay in a file's place and was not that file.
const DAMAGED: &str = "damaged";
/// Folder of the locks.
const LOCKS: &str = "locks";

type Outcome<T> = Result<T, (PathBuf, io::Error)>;

/// A file that has come and lies here still.
#[derive(Debug)]
pub(super) struct WholeFile {
    /// Of whom it came.
    pub(super) commune: String,
    /// Its hash.
    pub(super) sha256: [u8; 32],
    /// Its size.
    pub(super) size: u64,
    /// The time of its last piece.
    pub(super) came: DateTime<Utc>,
}

/// How far a file has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// So many bytes are there.
    Part(u64),
    /// It was whole and did not have its checksum; nothing of it is left.
    Damaged,
    /// It is whole, and in its place where that is in the folder; or not allowed, and then nothing of it is left.
    Whole(Option<&'static str>),
}

/// One file on its way.
#[derive(Debug, Clone)]
pub(super) struct Partial {
    root: PathBuf,
    coming: PathBuf,
    /// In the folder; none where whole files go to an object store.
    place: Option<PathBuf>,
    sha256: [u8; 32],
    size: u64,
}

impl Partial {
    pub(super) fn new(shelf: &Shelf, commune: &str, sha256: [u8; 32], size: u64) -> Self {
        let root = shelf.root();
        let coming = root.join(COMING).join(commune).join(format!("{}.{size}", hex::encode(sha256)));
        let place = shelf.bucket().is_none().then(|| shelf.path(sha256));
        Self { root: root.to_owned(), coming, place, sha256, size }
    }

    /// Where it lies while it comes.
    pub(super) fn coming(&self) -> &Path {
        &self.coming
    }

    /// Its name and its size.
    pub(super) fn named(&self) -> ([u8; 32], u64) {
        (self.sha256, self.size)
    }

    /// Nothing of it is needed here any more.
    pub(super) fn forget(&self) -> Outcome<()> {
        let _alone = lock(&self.root, self.sha256)?;
        match fs::remove_file(&self.coming) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err((self.coming.clone(), error)),
            _ => Ok(()),
        }
    }

    /// How far it has come. What was whole when the last run stopped is finished now.
    pub(super) fn look(&self) -> Outcome<Written> {
        let _alone = lock(&self.root, self.sha256)?;
        self.look_alone()
    }

    /// Adds a piece exactly where the last one ended.
    pub(super) fn write(&self, offset: u64, data: &[u8]) -> Outcome<Written> {
        let _alone = lock(&self.root, self.sha256)?;
        let length = match self.look_alone()? {
            Written::Part(length) if length == offset && data.len() as u64 <= self.size - offset => length,
            other => return Ok(other),
        };
        let at = |error| (self.coming.clone(), error);
        let is_new = !self.coming.exists();
        if is_new {
            make_folder(&self.coming)?;
        }
        let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(&self.coming).map_err(at)?;
        file.write_all(data).and_then(|()| file.sync_all()).map_err(at)?;
        if is_new {
            settle(&self.coming, &self.root)?;
        }
        let length = length + data.len() as u64;
        if length == self.size { self.finish() } else { Ok(Written::Part(length)) }
    }

    fn look_alone(&self) -> Outcome<Written> {
        if let Some(place) = &self.place
            && is_there(place, self.size)?
        {
            // Moved into its place, and not noted in the store any more.
            if is_whole(place, self.sha256, self.size)? {
                return self.judge(place);
            }
            set_aside(&self.root, place)?;
        }
        match fs::metadata(&self.coming) {
            Ok(found) if found.len() >= self.size => self.finish(),
            Ok(found) => Ok(Written::Part(found.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Written::Part(0)),
            Err(error) => Err((self.coming.clone(), error)),
        }
    }

    fn finish(&self) -> Outcome<Written> {
        if !is_whole(&self.coming, self.sha256, self.size)? {
            remove(&self.coming)?;
            return Ok(Written::Damaged);
        }
        self.judge(&self.coming)
    }

    /// Moves a verified file into its place, if it is of a kind that is allowed.
    fn judge(&self, path: &Path) -> Outcome<Written> {
        let at = |error| (path.to_owned(), error);
        let kind = evidence_kind::detect(&mut File::open(path).map_err(at)?).map_err(at)?.map(EvidenceKind::as_str);
        if kind.is_none() {
            remove(path)?;
        } else if let Some(place) = self.place.as_deref().filter(|place| *place != path) {
            make_folder(place)?;
            fs::rename(path, place).map_err(at)?;
            settle(place, &self.root)?;
            sync_folder(path)?;
        }
        Ok(Written::Whole(kind))
    }
}

/// Bytes of a commune's files on their way when they have come, besides this one.
pub(super) fn expected_beside(root: &Path, commune: &str, sha256: [u8; 32]) -> Outcome<u64> {
    let own = hex::encode(sha256);
    let sizes = entries(&root.join(COMING).join(commune))?.into_iter().filter_map(|path| {
        let name = path.file_name()?.to_str()?;
        let (file, size) = name.split_once('.')?;
        (file != own).then(|| size.parse::<u64>().ok()).flatten()
    });
    Ok(sizes.sum())
}

/// The files that have come whole and lie here still. Nothing of them is read.
pub(super) fn whole(root: &Path) -> Outcome<Vec<WholeFile>> {
    let mut files = Vec::new();
    for path in entries(&root.join(COMING))?.iter().map(|folder| entries(folder)).collect::<Outcome<Vec<_>>>()?.concat()
    {
        let named = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.split_once('.'));
        let mut sha256 = [0; 32];
        let Some((name, Ok(size))) = named.map(|(name, size)| (name, size.parse::<u64>())) else { continue };
        if hex::decode_to_slice(name, &mut sha256).is_err() {
            continue;
        }
        match fs::metadata(&path).and_then(|found| Ok((found.len(), found.modified()?))) {
            Ok((length, changed)) if length == size => {
                let commune = path.parent().and_then(Path::file_name).and_then(|name| name.to_str());
                let commune = commune.unwrap_or_default().to_owned();
                files.push(WholeFile { commune, sha256, size, came: changed.into() });
            }
            Ok(_) => {}
            // It has arrived just now.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err((path, error)),
        }
    }
    Ok(files)
}

/// Puts away what lies in the place of a file that is held, unless it is that file; whether it was.
pub(super) fn put_away_damaged(root: &Path, sha256: [u8; 32], size: u64) -> Outcome<bool> {
    let _alone = lock(root, sha256)?;
    let place = in_folder(root, sha256);
    let damaged = !is_whole(&place, sha256, size)?;
    if damaged && place.exists() {
        set_aside(root, &place)?;
    }
    Ok(damaged)
}

/// Keeps other sessions and processes from looking at a file and writing to it, until it is dropped.
fn lock(root: &Path, sha256: [u8; 32]) -> Outcome<File> {
    let path = root.join(LOCKS).join(hex::encode(&sha256[..1]));
    make_folder(&path)?;
    let file = File::options().write(true).create(true).truncate(false).mode(0o600).open(&path);
    file.and_then(|file| file.lock().map(|()| file)).map_err(|error| (path, error))
}

/// What is no file of evidence is kept for a while: a person may want to know what became of it.
fn set_aside(root: &Path, place: &Path) -> Outcome<()> {
    let aside = root.join(DAMAGED).join(place.file_name().unwrap_or_default());
    make_folder(&aside)?;
    fs::rename(place, &aside).map_err(|error| (place.to_owned(), error))?;
    sync_folder(&aside)?;
    sync_folder(place)
}

fn remove(path: &Path) -> Outcome<()> {
    fs::remove_file(path).map_err(|error| (path.to_owned(), error))
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

/// Removes what nobody has gone on with since then, but for these, and what was set aside before; how many files.
pub(super) fn tidy(root: &Path, before: DateTime<Utc>, spared: &HashSet<PathBuf>) -> Outcome<usize> {
    let mut removed = 0;
    let mut folders = entries(&root.join(COMING))?;
    folders.push(root.join(DAMAGED));
    for path in folders.iter().map(|folder| entries(folder)).collect::<Outcome<Vec<_>>>()?.concat() {
        let changed = match fs::metadata(&path).and_then(|found| found.modified()) {
            // It has arrived just now.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            changed => changed.map_err(|error| (path.clone(), error))?,
        };
        if DateTime::<Utc>::from(changed) < before && !spared.contains(&path) {
            match fs::remove_file(&path) {
                // Another server with the same folder was quicker.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                done => done.map_err(|error| (path.clone(), error))?,
            }
            removed += 1;
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
    DirBuilder::new().mode(0o700).recursive(true).create(folder).map_err(|error| (folder.to_owned(), error))
}

/// Makes the way to a file durable, whoever made its folders: up to the folder that holds the root.
fn settle(path: &Path, root: &Path) -> Outcome<()> {
    path.ancestors().take_while(|one| one.starts_with(root)).try_for_each(sync_folder)
}

/// Makes the entry of a file in its folder durable.
fn sync_folder(path: &Path) -> Outcome<()> {
    let folder = path.parent().unwrap_or(path);
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| (folder.to_owned(), error))
}
