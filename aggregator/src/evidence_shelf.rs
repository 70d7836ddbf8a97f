//! The communes' files of evidence where they lie whole, for those who read them: in the data folder, or in an object store. It puts
//! nothing there.
//!
//! A file from an object store is brought here whole and compared before a byte of it is handed out; meanwhile it has no name, so that it is
//! gone with whoever reads it. With an object store, what still lies in the folder from before is read from there, until `evidence move` has moved it.

use crate::{
    evidence::Settings,
    folder::Folder,
    objects::{Bucket, ObjectsError, Pieces},
    store::StoredEvidence,
};
use futures::TryStreamExt;
use safekeeping::{PlaceError, copying::copy_new, fault::on};
use sha2::{Digest, Sha256};
use shared::{
    evidence_kind::{self, EvidenceKind},
    manifest::{Hash, Part},
};
use std::{
    fs::{self, DirBuilder, File},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use thiserror::Error;
use tokio::{
    io::{AsyncSeekExt, AsyncWriteExt},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::spawn_blocking,
    time::timeout,
};

/// Where files from an object store are while they are brought here; what a crash leaves is given up like half-sent files.
const READING: &str = "partial/.reading";
/// Files from an object store that are brought here and read at once.
const MOST_READ: usize = 32;
/// How long one more waits for its turn.
const TURN: Duration = Duration::from_secs(20);

/// Why a file was not read or written.
#[derive(Debug, Error)]
pub enum ShelfError {
    /// The province does not hold the bytes yet.
    #[error("{name} of {commune} is not held yet")]
    NotHeld {
        /// Its name.
        name: String,
        /// Whose it is.
        commune: String,
    },
    /// Its name is none of a file.
    #[error("{0:?} is no file name")]
    Name(String),
    /// It cannot be read whole, or not be written.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The object store.
    #[error(transparent)]
    Objects(#[from] ObjectsError),
}

/// Where whole files lie.
#[derive(Debug, Clone)]
pub struct Shelf {
    root: PathBuf,
    bucket: Option<Arc<Bucket>>,
    /// Of files from the object store.
    readers: Arc<Semaphore>,
}

/// A file that is read from its start. What was brought here for it is gone when it is dropped.
#[derive(Debug)]
pub struct Opened {
    /// Its bytes.
    pub file: File,
    turn: Option<OwnedSemaphorePermit>,
}

impl Opened {
    /// Its bytes, and what is to be kept while they are read.
    #[must_use]
    pub fn into_parts(self) -> (File, Option<OwnedSemaphorePermit>) {
        (self.file, self.turn)
    }
}

/// Where the bytes of a hash lie in the folder of evidence; complete files alone have such a name.
#[must_use]
pub fn in_folder(root: &Path, sha256: [u8; 32]) -> PathBuf {
    let name = hex::encode(sha256);
    root.join(&name[..2]).join(name)
}

impl Shelf {
    /// Where the settings put files. Nothing is asked of an object store yet.
    ///
    /// # Errors
    /// A setting that cannot be, or a file that cannot be read.
    pub fn open(folder: &Folder, settings: &Settings) -> Result<Self, ObjectsError> {
        Ok(Self { bucket: settings.bucket()?.map(Arc::new), ..Self::at(folder.evidence()) })
    }

    /// Files in this folder alone.
    #[must_use]
    pub fn at(root: PathBuf) -> Self {
        Self { root, bucket: None, readers: Arc::new(Semaphore::new(MOST_READ)) }
    }

    /// The folder: of all files, or of those on their way.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The object store, where there is one.
    #[must_use]
    pub fn bucket(&self) -> Option<&Bucket> {
        self.bucket.as_deref()
    }

    /// Where a file lies in the folder, or would.
    #[must_use]
    pub fn path(&self, sha256: [u8; 32]) -> PathBuf {
        in_folder(&self.root, sha256)
    }

    /// Whether the bytes lie in the folder.
    #[must_use]
    pub fn has_here(&self, file: &StoredEvidence) -> bool {
        fs::metadata(self.path(file.sha256)).is_ok_and(|about| about.is_file() && about.len() == file.size_bytes)
    }

    /// The kind of the bytes that lie in the folder.
    #[must_use]
    pub fn kind_here(&self, file: &StoredEvidence) -> Option<EvidenceKind> {
        evidence_kind::detect(&mut File::open(self.path(file.sha256)).ok()?).ok()?
    }

    /// A file of just this size; none where there is none. From an object store it is brought here whole and compared with its hash.
    ///
    /// # Errors
    /// [`PlaceError::Damaged`] where the object store has other bytes; the disk, and an object store that does not answer or from which
    /// as many files are read as can be.
    pub async fn open_file(&self, sha256: [u8; 32], size: u64) -> Result<Option<Opened>, ShelfError> {
        if let Some(bucket) = self.bucket() {
            let turn = timeout(TURN, self.readers.clone().acquire_owned()).await.ok().and_then(Result::ok);
            let turn = turn.ok_or_else(|| ObjectsError::Busy { at: bucket.to_string() })?;
            if let Some((found, pieces)) = bucket.read(sha256).await? {
                if found != size {
                    return Ok(None);
                }
                let path = self.root.join(READING).join(hex::encode(rand::random::<[u8; 16]>()));
                let place = path.clone();
                let file = blocking(move || nameless(&place)).await?;
                let file = bring(pieces, file, &path, sha256).await?;
                return Ok(Some(Opened { file, turn: Some(turn) }));
            }
        }
        let path = self.path(sha256);
        blocking(move || match File::open(&path) {
            Ok(file) => {
                let found = file.metadata().map_err(on(&path))?.len();
                Ok((found == size).then_some(Opened { file, turn: None }))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(on(&path)(error)),
        })
        .await
    }

    /// Writes a file into a folder under its own name, readable by its owner alone; where it is another file's name, under one that
    /// begins with its hash. Nothing is overwritten.
    ///
    /// # Errors
    /// [`ShelfError`]; no file is left then.
    pub async fn write_out(&self, file: &StoredEvidence, out: &Path, taken: &[PathBuf]) -> Result<PathBuf, ShelfError> {
        let not_held = || ShelfError::NotHeld { name: file.name.clone(), commune: file.commune.clone() };
        let is_here = self.has_here(file);
        if self.bucket.is_none() && !is_here {
            return Err(not_held());
        }
        if !is_file_name(&file.name) {
            return Err(ShelfError::Name(file.name.clone()));
        }
        let mut target = out.join(&file.name);
        if taken.contains(&target) {
            target = out.join(format!("{}-{}", &hex::encode(file.sha256)[..8], file.name));
        }
        if is_here {
            let part = Part { sha256: Hash(file.sha256), size_bytes: file.size_bytes };
            let (from, to) = (self.path(file.sha256), target.clone());
            blocking(move || copy_new(&from, &to, part)).await?;
        } else if let Some(bucket) = self.bucket() {
            let (_, pieces) = bucket.read(file.sha256).await?.ok_or_else(not_held)?;
            let place = target.clone();
            let fresh = blocking(move || create(&place)).await?;
            let whole = async {
                let file = bring(pieces, fresh, &target, file.sha256).await?;
                let place = target.clone();
                blocking(move || file.sync_all().map_err(on(&place))).await
            };
            if let Err(error) = whole.await {
                // Half of it, or another: the reason matters more than what the system says to this.
                let _ = fs::remove_file(&target);
                return Err(error);
            }
        }
        Ok(target)
    }
}

/// Work on files, apart from what answers the network.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PlaceError> + Send + 'static,
) -> Result<T, ShelfError> {
    let stopped = |error| PlaceError::Io { path: PathBuf::new(), source: io::Error::other(error) };
    Ok(spawn_blocking(work).await.map_err(stopped)??)
}

/// A new file that its owner alone reads.
fn create(path: &Path) -> Result<File, PlaceError> {
    File::options().read(true).write(true).create_new(true).mode(0o600).open(path).map_err(on(path))
}

/// A new file without a name: it is gone when it is closed, whoever goes away.
fn nameless(path: &Path) -> Result<File, PlaceError> {
    let folder = path.parent().unwrap_or(path);
    DirBuilder::new().mode(0o700).recursive(true).create(folder).map_err(on(folder))?;
    let file = create(path)?;
    fs::remove_file(path).map_err(on(path))?;
    Ok(file)
}

/// Writes what comes into a file and compares it; it is read from its start then. `path` is what errors speak of.
async fn bring(mut pieces: Pieces, file: File, path: &Path, sha256: [u8; 32]) -> Result<File, ShelfError> {
    let (mut file, mut hash) = (tokio::fs::File::from_std(file), Sha256::new());
    while let Some(piece) = pieces.try_next().await? {
        hash.update(&piece);
        file.write_all(&piece).await.map_err(on(path))?;
    }
    file.flush().await.map_err(on(path))?;
    file.rewind().await.map_err(on(path))?;
    match <[u8; 32]>::from(hash.finalize()) == sha256 {
        true => Ok(file.into_std().await),
        false => Err(PlaceError::Damaged(path.to_owned()).into()),
    }
}

/// A name within a folder, and nothing that leads elsewhere or hides.
fn is_file_name(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(|c: char| c.is_control() || matches!(c, '/' | '\\'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::moment;
    use shared::observation::ObservationKey;
    use std::os::unix::fs::PermissionsExt;

    const PDF: &[u8] = b"%PDF-1.4\n%%EOF\n";

    fn stored(name: &str, bytes: &[u8]) -> StoredEvidence {
        StoredEvidence {
            commune: "tan-phu".into(),
            key: ObservationKey { indicator: "CDS-17".into(), unit: String::new(), period: "2026-10".parse().unwrap() },
            version: 1,
            name: name.into(),
            sha256: Sha256::digest(bytes).into(),
            size_bytes: bytes.len() as u64,
            entered_by: "Bình".into(),
            received_at: moment(),
        }
    }

    fn hold(shelf: &Shelf, file: &StoredEvidence, bytes: &[u8]) {
        let path = shelf.path(file.sha256);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    #[tokio::test]
    async fn files_come_out_whole_private_and_beside_what_is_there() {
        let (data, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let shelf = Shelf::at(data.path().to_owned());
        let file = stored("bien ban.pdf", PDF);
        assert!(matches!(shelf.write_out(&file, out.path(), &[]).await, Err(ShelfError::NotHeld { .. })));
        hold(&shelf, &file, PDF);
        assert_eq!((shelf.has_here(&file), shelf.kind_here(&file)), (true, Some(EvidenceKind::Pdf)));
        let first = shelf.write_out(&file, out.path(), &[]).await.unwrap();
        assert_eq!(fs::read(&first).unwrap(), PDF);
        assert_eq!(fs::metadata(&first).unwrap().permissions().mode() & 0o777, 0o600);
        let again = shelf.write_out(&file, out.path(), &[]).await;
        assert!(matches!(again, Err(ShelfError::Place(PlaceError::Io { .. }))), "nothing is overwritten");
        let second = shelf.write_out(&file, out.path(), &[first]).await.unwrap();
        assert!(second.file_name().unwrap().to_str().unwrap().ends_with("-bien ban.pdf"));
    }

    #[tokio::test]
    async fn a_damaged_file_and_a_name_that_leads_elsewhere_are_refused() {
        let (data, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let shelf = Shelf::at(data.path().to_owned());
        let file = stored("a.pdf", PDF);
        hold(&shelf, &file, &PDF.to_ascii_lowercase());
        let damaged = shelf.write_out(&file, out.path(), &[]).await;
        assert!(matches!(damaged, Err(ShelfError::Place(PlaceError::Damaged(_)))));
        hold(&shelf, &file, PDF);
        for name in ["../a.pdf", "/etc/passwd", "a\\b", "..", ".ssh", "", "a\u{1b}b"] {
            let named = StoredEvidence { name: name.into(), ..file.clone() };
            let refused = shelf.write_out(&named, out.path(), &[]).await;
            assert!(matches!(refused, Err(ShelfError::Name(_))), "{name:?}");
        }
        assert_eq!(fs::read_dir(out.path()).unwrap().count(), 0);
    }
}
