//! The folder of a backup: what lies where, and in which order it comes to be there.
//!
//! ```text
//! manifest.json      the list of all parts; with its rename a backup is made
//! store.db           the store (store.db.new until the manifest names it)
//! aggregator.toml    the province's settings (the same)
//! evidence/ab/…      files of evidence, by hash; they stay from one backup to the next
//! backup.lock        held while a backup is written
//! ```
//!
//! At every moment the manifest that is there names parts that are there. It knows nothing of what the parts mean.

use crate::{
    Owner,
    aside::discard,
    copying::{copy, part_of, private, private_folder, sync_folder},
    fault::{PlaceError, on},
};
use shared::manifest::{Hash, MAX_MANIFEST_BYTES, Manifest, Part};
use std::{
    fs::{self, File, TryLockError},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

const MANIFEST: &str = "manifest.json";
const STORE: &str = "store.db";
const SETTINGS: &str = "aggregator.toml";
const LOCK: &str = "backup.lock";
const OWN_NAMES: [&str; 10] = [
    MANIFEST,
    "manifest.json.new",
    STORE,
    "store.db.new",
    "store.db.new-journal",
    "evidence",
    LOCK,
    SETTINGS,
    "aggregator.toml.new",
    // Every fresh disk has it.
    "lost+found",
];

/// A folder in which a backup is written.
#[derive(Debug)]
pub struct Place {
    root: PathBuf,
    _alone: File,
}

impl Place {
    /// Takes a folder that is empty, or holds a backup of this owner, whole or cut off.
    ///
    /// # Errors
    /// [`PlaceError`]; nothing in the folder was changed then.
    pub fn take(root: &Path, owner: Owner<'_>) -> Result<Self, PlaceError> {
        if !root.exists() {
            private_folder(root).map_err(on(root))?;
        }
        match read_manifest(root) {
            Ok(manifest) => owner.check(&manifest)?,
            Err(PlaceError::Unfinished(_)) if is_ours(root).map_err(on(root))? => {}
            Err(PlaceError::Unfinished(_)) => return Err(PlaceError::Taken(root.to_owned())),
            Err(error) => return Err(error),
        }
        let place = Self { root: root.to_owned(), _alone: alone(root)? };
        // What the last backup left when it was cut off behind its manifest belongs to it; anything else is of no use.
        let held = read_manifest(root).ok();
        for (name, part) in [(STORE, held.as_ref().map(|held| held.store)), (SETTINGS, held.and_then(|h| h.settings))] {
            let draft = place.draft(name);
            if part.is_some() && draft.exists() && part == Some(part_of(&draft)?) {
                place.settle(name)?;
            }
            discard(&draft)?;
        }
        Ok(place)
    }

    /// Where the copy of the store is written.
    #[must_use]
    pub fn store_draft(&self) -> PathBuf {
        self.draft(STORE)
    }

    /// Keeps the settings.
    ///
    /// # Errors
    /// What the system says.
    pub fn keep_settings(&self, text: &[u8]) -> Result<Part, PlaceError> {
        let draft = self.draft(SETTINGS);
        write(&draft, text).map_err(on(&draft))?;
        Ok(Part { sha256: Hash::of(text), size_bytes: text.len() as u64 })
    }

    /// Copies a file of evidence, unless it is there, whole. False when it was.
    ///
    /// # Errors
    /// [`PlaceError::Damaged`] when the file is not what its name says.
    pub fn keep_evidence(&self, from: &Path, part: Part) -> Result<bool, PlaceError> {
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
    pub fn finish(&self, manifest: &Manifest) -> Result<(), PlaceError> {
        let (draft, target) = (self.root.join("manifest.json.new"), self.root.join(MANIFEST));
        let text = manifest.to_text().map_err(|error| on(&draft)(error.into()))?;
        if text.len() as u64 >= MAX_MANIFEST_BYTES {
            // Written, it could not be read back.
            return Err(on(&draft)(io::ErrorKind::FileTooLarge.into()));
        }
        let named = write(&draft, text.as_bytes()).and_then(|()| fs::rename(&draft, &target));
        named.and_then(|()| sync_folder(&self.root)).map_err(on(&draft))?;
        self.settle(STORE)?;
        if manifest.settings.is_some() { self.settle(SETTINGS) } else { Ok(()) }
    }

    /// What is written and not named yet.
    fn draft(&self, name: &str) -> PathBuf {
        self.root.join(draft_name(name))
    }

    fn settle(&self, name: &str) -> Result<(), PlaceError> {
        let target = self.root.join(name);
        fs::rename(self.draft(name), &target).and_then(|()| sync_folder(&self.root)).map_err(on(&target))
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
    /// Where its settings lie, if it has any.
    pub settings: Option<PathBuf>,
}

impl Whole {
    /// Reads a backup to its last byte. Nothing is written.
    ///
    /// # Errors
    /// [`PlaceError`]
    pub fn open(root: &Path) -> Result<Self, PlaceError> {
        let manifest = read_manifest(root)?;
        let store = named(root, STORE, manifest.store)?;
        let settings = manifest.settings.map(|part| named(root, SETTINGS, part)).transpose()?;
        for part in &manifest.evidence {
            let file = evidence_in(root, part.sha256);
            if !file.exists() || part_of(&file)? != *part {
                return Err(PlaceError::Damaged(file));
            }
        }
        Ok(Self { root: root.to_owned(), manifest, store, settings })
    }

    /// Where a file of evidence lies.
    #[must_use]
    pub fn evidence(&self, sha256: Hash) -> PathBuf {
        evidence_in(&self.root, sha256)
    }
}

/// Whether a folder holds a backup of this owner whose manifest is there.
pub(crate) fn belongs(root: &Path, owner: Owner<'_>) -> bool {
    read_manifest(root).is_ok_and(|manifest| owner.check(&manifest).is_ok())
}

/// Whether a folder holds a backup that never had a manifest, and nothing else.
pub(crate) fn is_cut_off(root: &Path) -> bool {
    matches!(read_manifest(root), Err(PlaceError::Unfinished(_))) && is_ours(root).unwrap_or(false)
}

/// The file that the manifest means: the one in place, or the draft when its rename was cut off.
fn named(root: &Path, name: &str, part: Part) -> Result<PathBuf, PlaceError> {
    for path in [root.join(name), root.join(draft_name(name))] {
        if path.exists() && part_of(&path)? == part {
            return Ok(path);
        }
    }
    Err(PlaceError::Damaged(root.join(name)))
}

fn draft_name(name: &str) -> String {
    format!("{name}.new")
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = private(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn read_manifest(root: &Path) -> Result<Manifest, PlaceError> {
    let path = root.join(MANIFEST);
    let file = match File::open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(PlaceError::Unfinished(root.to_owned())),
        file => file.map_err(on(&path))?,
    };
    let mut bytes = Vec::new();
    file.take(MAX_MANIFEST_BYTES).read_to_end(&mut bytes).map_err(on(&path))?;
    Manifest::read(&bytes).map_err(|error| PlaceError::Manifest { path: root.to_owned(), error })
}

/// Taken as long as a backup is written; the system frees it however the program ends.
fn alone(root: &Path) -> Result<File, PlaceError> {
    let path = root.join(LOCK);
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(on(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(PlaceError::Busy(root.to_owned())),
        Err(TryLockError::Error(error)) => Err(on(&path)(error)),
    }
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
