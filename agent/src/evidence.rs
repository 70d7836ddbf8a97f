//! Copies of evidence files, by content: `evidence/ab/abcdef…`. All files given together are judged before any is copied; a
//! copy is whole and durable before anything names it; the same bytes are kept once. It writes no record.

mod fault;
mod nature;

pub use fault::EvidenceError;
pub use nature::Nature;

use crate::{
    entry::Copied,
    folder::{Folder, private_folder, sync_folder},
};
use sha2::{Digest, Sha256};
use shared::{
    evidence_kind::{self, EvidenceKind},
    observation::MAX_FILE_NAME_CHARS,
};
use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
};

/// Most that the copies of a commune take together.
pub const MAX_TOTAL_BYTES: u64 = 2 * 1024 * 1024 * 1024;
const BUFFER_BYTES: usize = 64 * 1024;

/// How large evidence may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// One file.
    pub file_bytes: u64,
    /// All files of the commune.
    pub total_bytes: u64,
}

/// Where the bytes of a hash lie.
#[must_use]
pub fn path_of(folder: &Folder, sha256: [u8; 32]) -> PathBuf {
    let name = hex::encode(sha256);
    folder.evidence().join(&name[..2]).join(name)
}

/// The kind of a copy; `None` when there is no copy, or it cannot be read.
#[must_use]
pub fn kind_of_copy(folder: &Folder, sha256: [u8; 32]) -> Option<EvidenceKind> {
    evidence_kind::detect(&mut File::open(path_of(folder, sha256)).ok()?).ok()?
}

/// Copies files into the folder, durably: all of them, or none.
///
/// # Errors
/// [`EvidenceError`]; nothing is left in the folder then that was not there before.
pub fn keep(folder: &Folder, paths: &[PathBuf], limits: Limits) -> Result<Vec<Copied>, EvidenceError> {
    keep_by(folder, paths, limits, sync_folder)
}

/// `sync` makes the names within a folder durable.
fn keep_by(
    folder: &Folder,
    paths: &[PathBuf],
    limits: Limits,
    mut sync: impl FnMut(&Path) -> io::Result<()>,
) -> Result<Vec<Copied>, EvidenceError> {
    let judged = paths.iter().map(|path| judge(path, limits)).collect::<Result<Vec<_>, _>>()?;
    let new = fitting(folder, paths, &judged, limits)?;
    private_folder(&folder.evidence()).map_err(EvidenceError::Copy)?;
    let mut drafts = Vec::with_capacity(new.len());
    for (number, (path, copied)) in new.into_iter().enumerate() {
        let draft = Draft::begin(folder, number)?;
        let mut source = open(path)?;
        if read(&mut source, path, limits, |bytes| (&draft.file).write_all(bytes))?
            != (copied.sha256, copied.size_bytes)
        {
            return Err(EvidenceError::Changed(path.to_owned()));
        }
        draft.file.sync_all().map_err(EvidenceError::Copy)?;
        drafts.push((draft, path_of(folder, copied.sha256)));
    }
    for (draft, target) in drafts {
        draft.settle(&target).map_err(EvidenceError::Copy)?;
    }
    for named in folders_that_name(folder, &judged) {
        sync(&named).map_err(EvidenceError::Copy)?;
    }
    Ok(judged)
}

/// The folders whose entries lead to these copies, the innermost first. Those of copies that were there are among them: what made them
/// may have been cut off before they were durable.
fn folders_that_name(folder: &Folder, copies: &[Copied]) -> Vec<PathBuf> {
    let shelves = copies.iter().filter_map(|copy| path_of(folder, copy.sha256).parent().map(Path::to_owned));
    let shelves: BTreeSet<PathBuf> = shelves.collect();
    shelves.into_iter().chain([folder.evidence(), folder.root().to_owned()]).collect()
}

/// What a file is, when it may be evidence.
fn judge(path: &Path, limits: Limits) -> Result<Copied, EvidenceError> {
    let unreadable = |source| EvidenceError::Unreadable { path: path.to_owned(), source };
    let about = fs::metadata(path).map_err(unreadable)?;
    if !about.is_file() {
        return Err(EvidenceError::NotAFile(path.to_owned()));
    }
    if about.len() > limits.file_bytes {
        return Err(EvidenceError::TooLarge { path: path.to_owned(), limit_bytes: limits.file_bytes });
    }
    if about.len() == 0 {
        return Err(EvidenceError::Empty(path.to_owned()));
    }
    let name = name_of(path).ok_or_else(|| EvidenceError::Name(path.to_owned()))?;
    let mut source = open(path)?;
    if evidence_kind::detect(&mut source).map_err(unreadable)?.is_none() {
        let nature = Nature::of(&mut source).map_err(unreadable)?;
        return Err(EvidenceError::Kind { path: path.to_owned(), nature });
    }
    source.rewind().map_err(unreadable)?;
    let (sha256, size_bytes) = read(&mut source, path, limits, |_| Ok(()))?;
    Ok(Copied { sha256, name, size_bytes })
}

/// Whether the copy of a file is here and has its bytes.
///
/// # Errors
/// When the system refuses.
pub fn is_whole(folder: &Folder, sha256: [u8; 32], size_bytes: u64) -> io::Result<bool> {
    let mut file = match File::open(path_of(folder, sha256)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    if file.metadata()?.len() != size_bytes {
        return Ok(false);
    }
    let mut hash = Sha256::new();
    io::copy(&mut file, &mut hash)?;
    Ok(<[u8; 32]>::from(hash.finalize()) == sha256)
}

/// A piece of a copy; `None` when there is no such copy, or it is shorter than it was.
///
/// # Errors
/// When the system refuses.
pub fn read_chunk(folder: &Folder, sha256: [u8; 32], offset: u64, most_bytes: usize) -> io::Result<Option<Vec<u8>>> {
    let mut file = match File::open(path_of(folder, sha256)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    file.seek(io::SeekFrom::Start(offset))?;
    let mut chunk = Vec::new();
    file.take(most_bytes as u64).read_to_end(&mut chunk)?;
    Ok((!chunk.is_empty()).then_some(chunk))
}

fn open(path: &Path) -> Result<File, EvidenceError> {
    File::open(path).map_err(|source| EvidenceError::Unreadable { path: path.to_owned(), source })
}

fn name_of(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let fits = name.chars().count() <= MAX_FILE_NAME_CHARS
        && !name.contains(|c: char| c.is_control() || matches!(c, '/' | '\\'));
    fits.then(|| name.to_owned())
}

/// The files of which there is no whole copy yet, if they fit beside those that are there.
fn fitting<'a>(
    folder: &Folder,
    paths: &'a [PathBuf],
    judged: &'a [Copied],
    limits: Limits,
) -> Result<Vec<(&'a Path, &'a Copied)>, EvidenceError> {
    let mut needed_bytes = total(&folder.evidence()).map_err(EvidenceError::Copy)?;
    let (mut new, mut met) = (Vec::new(), BTreeSet::new());
    for (path, copied) in paths.iter().zip(judged) {
        if met.contains(&copied.sha256) {
            continue;
        }
        met.insert(copied.sha256);
        // A disk may have changed it: the good file takes the place of a copy that is not it any more.
        if is_whole(folder, copied.sha256, copied.size_bytes).unwrap_or(false) {
            continue;
        }
        let replaced_bytes = fs::metadata(path_of(folder, copied.sha256)).map_or(0, |copy| copy.len());
        needed_bytes = (needed_bytes + copied.size_bytes).saturating_sub(replaced_bytes);
        if needed_bytes > limits.total_bytes {
            return Err(EvidenceError::Full { path: path.clone(), needed_bytes, limit_bytes: limits.total_bytes });
        }
        new.push((path.as_path(), copied));
    }
    Ok(new)
}

/// The bytes of all copies.
fn total(evidence: &Path) -> io::Result<u64> {
    if !evidence.exists() {
        return Ok(0);
    }
    let mut bytes = 0;
    for shelf in fs::read_dir(evidence)? {
        let shelf = shelf?;
        if shelf.file_type()?.is_dir() {
            for copy in fs::read_dir(shelf.path())? {
                bytes += copy?.metadata()?.len();
            }
        }
    }
    Ok(bytes)
}

/// Reads a file to its end: its hash and size. It may have grown since it was looked at.
fn read(
    source: &mut impl Read,
    path: &Path,
    limits: Limits,
    mut take: impl FnMut(&[u8]) -> io::Result<()>,
) -> Result<([u8; 32], u64), EvidenceError> {
    let (mut hash, mut size_bytes) = (Sha256::new(), 0);
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let count = match source.read(&mut buffer) {
            Ok(0) => return Ok((hash.finalize().into(), size_bytes)),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(source) => return Err(EvidenceError::Unreadable { path: path.to_owned(), source }),
        };
        size_bytes += count as u64;
        if size_bytes > limits.file_bytes {
            return Err(EvidenceError::TooLarge { path: path.to_owned(), limit_bytes: limits.file_bytes });
        }
        hash.update(&buffer[..count]);
        take(&buffer[..count]).map_err(EvidenceError::Copy)?;
    }
}

/// A copy that has no name yet; removed when it does not get one.
struct Draft {
    path: PathBuf,
    file: File,
}

impl Draft {
    fn begin(folder: &Folder, number: usize) -> Result<Self, EvidenceError> {
        let path = folder.evidence().join(format!("draft-{}-{number}", std::process::id()));
        let mut options = OpenOptions::new();
        options.create(true).truncate(true).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(EvidenceError::Copy)?;
        Ok(Self { path, file })
    }

    fn settle(&self, target: &Path) -> io::Result<()> {
        if let Some(parent) = target.parent() {
            private_folder(parent)?;
            fs::rename(&self.path, target)?;
        }
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Gone already when it was settled.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests;
