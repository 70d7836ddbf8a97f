//! The folder of a nation.
//!
//! ```text
//! nation.toml                                     its name, and whether it is an exercise
//! nation.lock                                     held by whoever writes
//! provinces/dong-nai/province.toml                its name
//! provinces/dong-nai/authorities/<fingerprint>.pem  by whom it is known; several while it changes its authority
//! provinces/dong-nai/000001-2026-09-1.publication as it came: number in the province's chain, period, revision
//! ```

use super::NationError;
use safekeeping::copying::sync_folder;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// Most entries of a folder that are looked at.
const MAX_ENTRIES: usize = 10_000;
/// Largest settings file, in bytes.
const MAX_TOML_BYTES: u64 = 64 * 1024;

/// What `nation.toml` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nation {
    /// Its name.
    pub name: String,
    /// Whether it takes training provinces, and no others.
    pub exercise: bool,
}

/// The folder.
#[derive(Debug, Clone)]
pub struct NationPlace {
    root: PathBuf,
}

/// Held while something is written.
#[derive(Debug)]
pub(super) struct Writing {
    _lock: File,
}

pub(super) fn on(path: &Path) -> impl FnOnce(io::Error) -> NationError + '_ {
    |source| NationError::Io { path: path.to_owned(), source }
}

impl NationPlace {
    /// Founds a nation in a new or empty folder.
    ///
    /// # Errors
    /// [`NationError::Taken`]
    pub fn found(root: &Path, nation: &Nation) -> Result<Self, NationError> {
        if root.is_file() || fs::read_dir(root).is_ok_and(|mut entries| entries.next().is_some()) {
            return Err(NationError::Taken(root.to_owned()));
        }
        make_folder(root)?;
        let place = Self { root: root.to_owned() };
        make_folder(&place.provinces())?;
        write(&place.root.join("nation.toml"), to_toml(nation).as_bytes())?;
        if let Some(above) = root.parent().filter(|above| !above.as_os_str().is_empty()) {
            sync_folder(above).map_err(on(above))?;
        }
        Ok(place)
    }

    /// A nation that was founded.
    ///
    /// # Errors
    /// [`NationError::NotFounded`]
    pub fn open(root: &Path) -> Result<(Self, Nation), NationError> {
        let path = root.join("nation.toml");
        if !path.is_file() {
            return Err(NationError::NotFounded(root.to_owned()));
        }
        Ok((Self { root: root.to_owned() }, read_toml(&path)?))
    }

    /// Keeps other commands from writing until it is dropped.
    pub(super) fn write_alone(&self) -> Result<Writing, NationError> {
        let path = self.root.join("nation.lock");
        let file =
            File::options().write(true).create(true).truncate(false).mode(0o600).open(&path).map_err(on(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Writing { _lock: file }),
            Err(TryLockError::WouldBlock) => Err(NationError::Busy),
            Err(TryLockError::Error(source)) => Err(NationError::Io { path, source }),
        }
    }

    pub(super) fn provinces(&self) -> PathBuf {
        self.root.join("provinces")
    }

    pub(super) fn province(&self, code: &str) -> PathBuf {
        self.provinces().join(code)
    }
}

pub(super) fn make_folder(path: &Path) -> Result<(), NationError> {
    DirBuilder::new().mode(0o700).recursive(true).create(path).map_err(on(path))
}

/// What lies in a folder, by name; nothing where there is none.
pub(super) fn entries(folder: &Path) -> Result<Vec<PathBuf>, NationError> {
    let read = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        read => read.map_err(on(folder))?,
    };
    let mut found = Vec::new();
    for entry in read.take(MAX_ENTRIES) {
        found.push(entry.map_err(on(folder))?.path());
    }
    found.sort();
    Ok(found)
}

/// Writes a file whole or not at all, durably.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), NationError> {
    let fresh = path.with_extension("new");
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh).map_err(on(&fresh))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(on(&fresh))?;
    fs::rename(&fresh, path).map_err(on(path))?;
    let folder = path.parent().unwrap_or(path);
    sync_folder(folder).map_err(on(folder))
}

/// The bytes of a file, within bounds.
pub(super) fn read(path: &Path, most: u64) -> Result<Vec<u8>, NationError> {
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(most + 1).read_to_end(&mut bytes)).map_err(on(path))?;
    if bytes.len() as u64 > most { Err(NationError::TooLarge(path.to_owned())) } else { Ok(bytes) }
}

pub(super) fn to_toml(what: &impl Serialize) -> String {
    // Texts and switches alone: there is nothing that could not be written.
    toml::to_string(what).unwrap_or_default()
}

pub(super) fn read_toml<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<T, NationError> {
    let unreadable = |reason: String| NationError::Unreadable { path: path.to_owned(), reason };
    let text = String::from_utf8(read(path, MAX_TOML_BYTES)?).map_err(|error| unreadable(error.to_string()))?;
    toml::from_str(&text).map_err(|error| unreadable(error.to_string()))
}
