//! The folder of a backup: what lies where, and in which order it comes to be there.
//!
//! ```text
//! manifest.json      the list of all parts; with its rename a backup is made
//! store.db           the store (store.db.new until the manifest names it)
//! evidence/ab/…      files of evidence, by hash; they stay from one backup to the next
//! backup.lock        held while a backup is written
//! ```
//!
//! At every moment the manifest that is there names parts that are there. It knows nothing of what the parts mean.

use super::BackupError;
use crate::{
    folder::{private_folder, sync_folder},
    lock::Lock,
    store::backup::discard,
};
use sha2::{Digest, Sha256};
use shared::manifest::{Hash, MAX_MANIFEST_BYTES, Manifest, Part};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

const MANIFEST: &str = "manifest.json";
const STORE: &str = "store.db";
const STORE_DRAFT: &str = "store.db.new";
const OWN_NAMES: [&str; 8] = [
    MANIFEST,
    "manifest.json.new",
    STORE,
    STORE_DRAFT,
    "store.db.new-journal",
    "evidence",
    "backup.lock",
    // Every fresh disk has it.
    "lost+found",
];
const BUFFER_BYTES: usize = 64 * 1024;

/// An error of the system on a path.
pub fn on(path: &Path) -> impl FnOnce(io::Error) -> BackupError + '_ {
    |source| BackupError::Io { path: path.to_owned(), source }
}

/// A folder in which a backup is written.
#[derive(Debug)]
pub struct Place {
    root: PathBuf,
    _alone: Lock,
}

impl Place {
    /// Takes a folder that is empty, or holds a backup that `is_own` knows, whole or cut off.
    ///
    /// # Errors
    /// [`BackupError`]; nothing in the folder was changed then.
    pub fn take(root: &Path, is_own: impl FnOnce(&Manifest) -> Result<(), BackupError>) -> Result<Self, BackupError> {
        if !root.exists() {
            private_folder(root).map_err(on(root))?;
        }
        let held = match read_manifest(root) {
            Ok(manifest) => {
                is_own(&manifest)?;
                Some(manifest)
            }
            Err(BackupError::Unfinished(_)) if is_ours(root).map_err(on(root))? => None,
            Err(BackupError::Unfinished(_)) => return Err(BackupError::Taken(root.to_owned())),
            Err(error) => return Err(error),
        };
        let lock = root.join("backup.lock");
        let alone = Lock::try_take(&lock).map_err(on(&lock))?.ok_or_else(|| BackupError::Busy(root.to_owned()))?;
        let place = Self { root: root.to_owned(), _alone: alone };
        if let Some(manifest) = held
            && store_of(root, &manifest)? == place.store_draft()
        {
            place.settle_store()?;
        }
        let draft = place.store_draft();
        discard(&draft).map_err(on(&draft))?;
        Ok(place)
    }

    /// Where the copy of the store is written.
    #[must_use]
    pub fn store_draft(&self) -> PathBuf {
        self.root.join(STORE_DRAFT)
    }

    /// Copies a file of evidence, unless it is there, whole. False when it was.
    ///
    /// # Errors
    /// [`BackupError::Damaged`] when the file is not what its name says.
    pub fn keep_evidence(&self, from: &Path, part: Part) -> Result<bool, BackupError> {
        let target = evidence_in(&self.root, part.sha256);
        if target.exists() && part_of(&target)? == part {
            return Ok(false);
        }
        copy(from, &target, part)?;
        Ok(true)
    }

    /// Writes the manifest: from here on this is the backup.
    ///
    /// # Errors
    /// What the system says; the backup before stays then.
    pub fn finish(&self, manifest: &Manifest) -> Result<(), BackupError> {
        let (draft, target) = (self.root.join("manifest.json.new"), self.root.join(MANIFEST));
        let text = manifest.to_text().map_err(|error| on(&draft)(error.into()))?;
        let write = || {
            let mut file = private(&draft)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&draft, &target)?;
            sync_folder(&self.root)
        };
        write().map_err(on(&draft))?;
        self.settle_store()
    }

    fn settle_store(&self) -> Result<(), BackupError> {
        let (draft, target) = (self.store_draft(), self.root.join(STORE));
        fs::rename(&draft, &target).and_then(|()| sync_folder(&self.root)).map_err(on(&target))
    }
}

/// A backup that is whole: every part was read and is what the manifest says.
#[derive(Debug)]
pub struct Whole {
    root: PathBuf,
    /// Its list.
    pub manifest: Manifest,
    /// Where its store lies.
    pub store: PathBuf,
}

impl Whole {
    /// Reads a backup to its last byte. Nothing is written.
    ///
    /// # Errors
    /// [`BackupError`]
    pub fn open(root: &Path) -> Result<Self, BackupError> {
        let manifest = read_manifest(root)?;
        let store = store_of(root, &manifest)?;
        for part in &manifest.evidence {
            let file = evidence_in(root, part.sha256);
            if !file.exists() || part_of(&file)? != *part {
                return Err(BackupError::Damaged(file));
            }
        }
        Ok(Self { root: root.to_owned(), manifest, store })
    }

    /// Where a file of evidence lies.
    #[must_use]
    pub fn evidence(&self, sha256: Hash) -> PathBuf {
        evidence_in(&self.root, sha256)
    }
}

/// The file that the manifest names as the store: the one in place, or the draft when its rename was cut off.
fn store_of(root: &Path, manifest: &Manifest) -> Result<PathBuf, BackupError> {
    for path in [STORE, STORE_DRAFT].map(|name| root.join(name)) {
        if path.exists() && part_of(&path)? == manifest.store {
            return Ok(path);
        }
    }
    Err(BackupError::Damaged(root.join(STORE)))
}

fn read_manifest(root: &Path) -> Result<Manifest, BackupError> {
    let path = root.join(MANIFEST);
    let file = match File::open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(BackupError::Unfinished(root.to_owned())),
        file => file.map_err(on(&path))?,
    };
    let mut bytes = Vec::new();
    file.take(MAX_MANIFEST_BYTES).read_to_end(&mut bytes).map_err(on(&path))?;
    Manifest::read(&bytes).map_err(|error| BackupError::Manifest { path: root.to_owned(), error })
}

fn is_ours(root: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(root)? {
        if !entry?.file_name().to_str().is_some_and(|name| OWN_NAMES.contains(&name)) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn evidence_in(root: &Path, sha256: Hash) -> PathBuf {
    let name = hex::encode(sha256.0);
    root.join("evidence").join(&name[..2]).join(name)
}

/// Size and hash of a file.
///
/// # Errors
/// What the system says.
pub fn part_of(path: &Path) -> Result<Part, BackupError> {
    let mut file = File::open(path).map_err(on(path))?;
    pass(&mut file, |_| Ok(())).map_err(on(path))
}

/// Copies a file durably, and gives it its name only when it is what is expected.
///
/// # Errors
/// [`BackupError::Damaged`] when it is not.
pub fn copy(from: &Path, to: &Path, expected: Part) -> Result<(), BackupError> {
    let mut source = match File::open(from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(BackupError::Damaged(from.to_owned())),
        file => file.map_err(on(from))?,
    };
    let folder = to.parent().unwrap_or(to);
    if !folder.exists() {
        private_folder(folder).map_err(on(folder))?;
    }
    let draft = to.with_extension("part");
    let mut write = || {
        let mut file = private(&draft)?;
        let found = pass(&mut source, |bytes| file.write_all(bytes))?;
        file.sync_all()?;
        Ok(found)
    };
    let found = write().map_err(on(&draft));
    if found.as_ref().is_ok_and(|found| *found == expected) {
        return fs::rename(&draft, to).and_then(|()| sync_folder(folder)).map_err(on(to));
    }
    // It is of no use, whatever the system says to this.
    let _ = fs::remove_file(&draft);
    Err(found.err().unwrap_or_else(|| BackupError::Damaged(from.to_owned())))
}

fn pass(source: &mut impl Read, mut take: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<Part> {
    let (mut hash, mut size_bytes) = (Sha256::new(), 0);
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        match source.read(&mut buffer) {
            Ok(0) => return Ok(Part { sha256: Hash(hash.finalize().into()), size_bytes }),
            Ok(count) => {
                hash.update(&buffer[..count]);
                take(&buffer[..count])?;
                size_bytes += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// A new file that only its owner can read; what was there is cut.
fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
