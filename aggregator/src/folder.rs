//! The data folder: where everything lies, and who may look inside.
//!
//! ```text
//! aggregator.toml    settings (0600, as all files but certificates)
//! store.db           the store, where the settings name no database
//! authority/         key.pem (0600) and certificate.pem of the certificate authority; see `authorities` for what a rotation adds;
//!                    bundle.key (0600) opens bundles
//! server/            key.pem (0600) and certificate.pem of the server, issued anew by `serve`
//! receipts/          key.pem (0600) and certificate.pem of the key that signs receipts
//! evidence/          the communes' files by their SHA-256; partial/ holds what is still on its way
//! serve.lock         held by the one running `serve`
//! serve.address      where it listens; left behind only by a crash
//! serve.authorities  the fingerprints of the authorities in force there
//! ```

use crate::{authorities::BUNDLE_KEY, config::Config};
use safekeeping::copying::{missing, sync_folder};
use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};
use thiserror::Error;

/// Why the data folder cannot be used.
#[derive(Debug, Error)]
pub enum FolderError {
    /// There is something in it already.
    #[error("{0} exists and is not empty")]
    Taken(PathBuf),
    /// It was never made.
    #[error("{0} is not a data folder")]
    NotFounded(PathBuf),
    /// Another `serve` runs on it.
    #[error("another serve runs on this data folder, stop it first (systemctl stop province-aggregator)")]
    Served,
    /// The system refuses.
    #[error("{path}: {source}")]
    Io {
        /// On what.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A data folder.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
}

/// Held while `serve` runs; let go when dropped, also by a crash.
#[derive(Debug)]
pub struct Serving {
    _own: File,
    /// Of the folder in which the store lies, where that is another.
    _elsewhere: Option<File>,
}

impl Folder {
    /// A folder at a path, whatever is there; nothing is touched.
    #[must_use]
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// A folder that was founded.
    ///
    /// # Errors
    /// [`FolderError::NotFounded`] when it was not.
    pub fn open(root: &Path) -> Result<Self, FolderError> {
        let folder = Self { root: root.to_owned() };
        // Where the settings name a database, or cannot be read, whoever opens the store says the rest.
        let is_elsewhere = || {
            folder.config().exists() && Config::read(&folder.config()).map_or(true, |config| config.store.url.is_some())
        };
        if folder.store().exists() || is_elsewhere() {
            Ok(folder)
        } else {
            Err(FolderError::NotFounded(root.to_owned()))
        }
    }

    /// An empty folder beside the one wanted, to be filled and then [moved into place](Self::settle), so that a failure leaves
    /// nothing behind that looks founded. `suffix` keeps two attempts apart.
    ///
    /// # Errors
    /// [`FolderError::Taken`] when the place is taken.
    pub fn prepare(wanted: &Path, suffix: &str) -> Result<Self, FolderError> {
        if is_taken(wanted) {
            return Err(FolderError::Taken(wanted.to_owned()));
        }
        let mut name = wanted.file_name().unwrap_or_default().to_owned();
        name.push(format!(".new-{suffix}"));
        let folder = Self { root: wanted.with_file_name(name) };
        if let Some(parent) = folder.root.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            let made = missing(parent);
            fs::create_dir_all(parent).map_err(|source| FolderError::Io { path: parent.to_owned(), source })?;
            for above in made.iter().filter_map(|folder| folder.parent()) {
                Self::sync(above)?;
            }
        }
        for path in [folder.root.clone(), folder.root.join("authority"), folder.root.join("server")] {
            DirBuilder::new().mode(0o700).create(&path).map_err(|source| FolderError::Io { path, source })?;
        }
        Ok(folder)
    }

    /// Moves a prepared folder into its place, durably and with all folders in it.
    ///
    /// # Errors
    /// When the place was taken in the meantime.
    pub fn settle(self, wanted: &Path) -> Result<Self, FolderError> {
        sync_whole(&self.root)?;
        fs::rename(&self.root, wanted).map_err(|source| FolderError::Io { path: wanted.to_owned(), source })?;
        Self::sync(wanted.parent().unwrap_or(wanted))?;
        Ok(Self { root: wanted.to_owned() })
    }

    /// Removes a prepared folder that will not be used.
    pub fn discard(self) {
        if let Err(error) = fs::remove_dir_all(&self.root) {
            tracing::warn!(path = %self.root.display(), %error, "a half-made folder could not be removed");
        }
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.root.join("aggregator.toml")
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> PathBuf {
        self.root.join("store.db")
    }

    /// The folder of the authorities.
    #[must_use]
    pub fn authority(&self) -> PathBuf {
        self.root.join("authority")
    }

    /// The authority's key.
    #[must_use]
    pub fn authority_key(&self) -> PathBuf {
        self.root.join("authority/key.pem")
    }

    /// The authority's certificate.
    #[must_use]
    pub fn authority_certificate(&self) -> PathBuf {
        self.root.join("authority/certificate.pem")
    }

    /// The server's key.
    #[must_use]
    pub fn server_key(&self) -> PathBuf {
        self.root.join("server/key.pem")
    }

    /// The server's certificates, leaf first.
    #[must_use]
    pub fn server_certificate(&self) -> PathBuf {
        self.root.join("server/certificate.pem")
    }

    /// The key that opens bundles.
    #[must_use]
    pub fn bundle_key(&self) -> PathBuf {
        self.authority().join(BUNDLE_KEY)
    }

    /// Where it lay before.
    #[must_use]
    pub fn former_bundle_key(&self) -> PathBuf {
        self.root.join("bundle/key")
    }

    /// Makes what was named in a folder durable.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn sync(path: &Path) -> Result<(), FolderError> {
        #[cfg(test)]
        tests::note(path);
        sync_folder(path).map_err(|source| FolderError::Io { path: path.to_owned(), source })
    }

    /// Makes a folder that only the owner can look into, if there is none.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn create_private(path: &Path) -> Result<(), FolderError> {
        match DirBuilder::new().mode(0o700).create(path) {
            Err(source) if source.kind() != io::ErrorKind::AlreadyExists => {
                Err(FolderError::Io { path: path.to_owned(), source })
            }
            _ => Ok(()),
        }
    }

    /// The key that signs receipts.
    #[must_use]
    pub fn receipts_key(&self) -> PathBuf {
        self.root.join("receipts/key.pem")
    }

    /// Its certificate.
    #[must_use]
    pub fn receipts_certificate(&self) -> PathBuf {
        self.root.join("receipts/certificate.pem")
    }

    /// Makes the folder of the key that signs receipts, if there is none.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn make_receipts(&self) -> Result<(), FolderError> {
        let path = self.root.join("receipts");
        let made = DirBuilder::new().mode(0o700).recursive(true).create(&path);
        made.map_err(|source| FolderError::Io { path, source })
    }

    /// The communes' files of evidence.
    #[must_use]
    pub fn evidence(&self) -> PathBuf {
        self.root.join("evidence")
    }

    /// Makes a new file that only the owner can read, with this content, durably.
    ///
    /// # Errors
    /// When it exists or the system refuses.
    pub fn create_file(path: &Path, content: &[u8]) -> Result<(), FolderError> {
        let written = private().create_new(true).open(path).and_then(|mut file| {
            file.write_all(content)?;
            file.sync_all()
        });
        written.map_err(|source| FolderError::Io { path: path.to_owned(), source })?;
        Self::sync(path.parent().unwrap_or(path))
    }

    /// Takes the folder for a `serve`.
    ///
    /// # Errors
    /// [`FolderError::Served`] when another one runs.
    pub fn lock(&self) -> Result<Serving, FolderError> {
        let own = lock(&self.root)?;
        // A store that is only linked to from here belongs to whoever serves it where it lies.
        let lies = fs::canonicalize(self.store()).ok().and_then(|store| store.parent().map(Path::to_owned));
        let here = fs::canonicalize(&self.root).ok();
        let elsewhere = lies.filter(|lies| Some(lies) != here.as_ref()).map(|lies| lock(&lies)).transpose()?;
        Ok(Serving { _own: own, _elsewhere: elsewhere })
    }

    /// Notes where `serve` listens, for the commands that name the address; none when it ended in good order.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn note_address(&self, address: Option<&str>) -> Result<(), FolderError> {
        self.note("serve.address", address)
    }

    /// Notes which authorities are in force in `serve`, for the commands that change them; none when it ended in good order.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn note_authorities(&self, fingerprints: Option<&str>) -> Result<(), FolderError> {
        self.note("serve.authorities", fingerprints)
    }

    /// Notes where `serve` serves its pages; none when it ended in good order.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn note_pages(&self, address: Option<&str>) -> Result<(), FolderError> {
        self.note("pages.address", address)
    }

    /// Where `serve` serves its pages, or served them before a crash.
    #[must_use]
    pub fn pages_address(&self) -> Option<String> {
        fs::read_to_string(self.root.join("pages.address")).ok()
    }

    fn note(&self, name: &str, text: Option<&str>) -> Result<(), FolderError> {
        let path = self.root.join(name);
        let done = match text {
            Some(text) => {
                private().create(true).truncate(true).open(&path).and_then(|mut file| file.write_all(text.as_bytes()))
            }
            None => match fs::remove_file(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                done => done,
            },
        };
        done.map_err(|source| FolderError::Io { path, source })
    }

    /// The authorities in force in `serve`, as it noted them.
    #[must_use]
    pub fn authorities_in_force(&self) -> Option<String> {
        fs::read_to_string(self.root.join("serve.authorities")).ok()
    }

    /// Where `serve` listens, or listened before a crash.
    #[must_use]
    pub fn address(&self) -> Option<String> {
        fs::read_to_string(self.root.join("serve.address")).ok()
    }
}

/// Holds the lock of a folder.
fn lock(folder: &Path) -> Result<File, FolderError> {
    let path = folder.join("serve.lock");
    let io = |source| FolderError::Io { path: path.clone(), source };
    let file = private().create(true).truncate(false).open(&path).map_err(io)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(FolderError::Served),
        Err(TryLockError::Error(source)) => Err(io(source)),
    }
}

/// Makes the names in a folder and in those below it durable.
fn sync_whole(folder: &Path) -> Result<(), FolderError> {
    let io = |source| FolderError::Io { path: folder.to_owned(), source };
    for entry in fs::read_dir(folder).map_err(io)? {
        let entry = entry.map_err(io)?;
        if entry.file_type().map_err(io)?.is_dir() {
            sync_whole(&entry.path())?;
        }
    }
    Folder::sync(folder)
}

/// Options for files that only the owner can read.
fn private() -> OpenOptions {
    let mut options = File::options();
    options.write(true).mode(0o600);
    options
}

/// A file, or a folder with something in it. A place that may not be looked at fails later, with its own reason.
fn is_taken(path: &Path) -> bool {
    path.is_file() || fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{cell::RefCell, os::unix::fs::PermissionsExt};

    thread_local! {
        static SYNCED: RefCell<Vec<PathBuf>> = const { RefCell::new(Vec::new()) };
    }

    pub(super) fn note(path: &Path) {
        SYNCED.with_borrow_mut(|synced| synced.push(path.to_owned()));
    }

    #[test]
    fn a_folder_in_its_place_and_a_new_file_outlive_the_power() {
        let place = tempfile::tempdir().unwrap();
        let above = place.path().join("a/b");
        let folder = Folder::prepare(&above.join("province"), "a").unwrap();
        assert_eq!(SYNCED.take(), [place.path().join("a"), place.path().to_owned()]);
        Folder::create_file(&folder.config(), b"x").unwrap();
        assert_eq!(SYNCED.take(), [folder.root()]);
        let draft = folder.root().to_owned();
        folder.settle(&above.join("province")).unwrap();
        let mut synced = SYNCED.take();
        assert_eq!(synced.pop(), Some(above), "the name itself, at last");
        assert_eq!(synced.pop(), Some(draft.clone()));
        synced.sort();
        assert_eq!(synced, [draft.join("authority"), draft.join("server")]);
    }

    #[test]
    fn a_folder_is_founded_whole_or_not_at_all() {
        let place = tempfile::tempdir().unwrap();
        let wanted = place.path().join("province");
        assert!(matches!(Folder::open(&wanted), Err(FolderError::NotFounded(_))));
        Folder::prepare(&wanted, "a").unwrap().discard();
        assert!(!wanted.exists());
        let folder = Folder::prepare(&wanted, "b").unwrap();
        fs::write(folder.store(), b"").unwrap();
        let folder = folder.settle(&wanted).unwrap();
        assert_eq!(fs::metadata(folder.root()).unwrap().permissions().mode() & 0o777, 0o700);
        assert!(Folder::open(&wanted).is_ok());
        assert!(matches!(Folder::prepare(&wanted, "c"), Err(FolderError::Taken(_))));
    }

    #[test]
    fn one_serve_at_a_time() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder { root: place.path().to_owned() };
        let serving = folder.lock().unwrap();
        assert!(matches!(folder.lock(), Err(FolderError::Served)));
        drop(serving);
        assert!(folder.lock().is_ok());
    }
}
