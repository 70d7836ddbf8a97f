//! Copies of evidence files, by content: `evidence/ab/abcdef…`. A copy is whole and durable before anything names it; the
//! same bytes are kept once.

use crate::{
    entry::Copied,
    folder::{Folder, private_folder, sync_folder},
};
use sha2::{Digest, Sha256};
use shared::{language::Language, observation::MAX_FILE_NAME_CHARS};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
};
use thiserror::Error;

/// Largest evidence file.
pub const MAX_EVIDENCE_BYTES: u64 = 50 * 1024 * 1024;
const BUFFER_BYTES: usize = 64 * 1024;

/// Why a file is not taken as evidence.
#[derive(Debug, Error)]
pub enum EvidenceError {
    /// It cannot be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Not an ordinary file.
    #[error("{}: not a file", .0.display())]
    NotAFile(PathBuf),
    /// Larger than [`MAX_EVIDENCE_BYTES`].
    #[error("{}: larger than {MAX_EVIDENCE_BYTES} bytes", .0.display())]
    TooLarge(PathBuf),
    /// Nothing in it.
    #[error("{}: empty", .0.display())]
    Empty(PathBuf),
    /// Its name cannot be kept.
    #[error("{}: name too long, or with characters that cannot be kept", .0.display())]
    Name(PathBuf),
    /// The copy cannot be written.
    #[error("copy of evidence: {0}")]
    Copy(#[source] io::Error),
}

impl EvidenceError {
    /// For the person who attaches the file.
    #[must_use]
    pub fn explain(&self, language: Language) -> String {
        match self {
            Self::Unreadable { path, source } => language.pick(
                format!("không đọc được tệp {}: {source}", path.display()),
                format!("the file {} cannot be read: {source}", path.display()),
            ),
            Self::NotAFile(path) => language
                .pick(format!("{} không phải là tệp", path.display()), format!("{} is not a file", path.display())),
            Self::TooLarge(path) => language.pick(
                format!("{} lớn hơn 50 MiB: nén hoặc chia nhỏ rồi gắn lại", path.display()),
                format!("{} is larger than 50 MiB: compress or split it", path.display()),
            ),
            Self::Empty(path) => {
                language.pick(format!("{} là tệp rỗng", path.display()), format!("{} is empty", path.display()))
            }
            Self::Name(path) => language.pick(
                format!("tên tệp {path:?} quá dài hoặc có ký tự không dùng được (\\, / hay ký tự điều khiển): đổi tên rồi gắn lại"),
                format!("the file name of {path:?} is too long or holds a character that cannot be kept (\\, / or a control character): rename it"),
            ),
            Self::Copy(error) => language.pick(
                format!("không lưu được bản sao minh chứng, chưa gắn gì cả: {error}"),
                format!("the copy could not be kept, nothing was attached: {error}"),
            ),
        }
    }
}

/// Where the bytes of a hash lie.
#[must_use]
pub fn path_of(folder: &Folder, sha256: [u8; 32]) -> PathBuf {
    let name = hex::encode(sha256);
    folder.evidence().join(&name[..2]).join(name)
}

/// Copies a file into the folder, durably.
///
/// # Errors
/// [`EvidenceError`]; what is left of an unfinished copy is removed.
pub fn keep(folder: &Folder, path: &Path) -> Result<Copied, EvidenceError> {
    let unreadable = |source| EvidenceError::Unreadable { path: path.to_owned(), source };
    let about = fs::metadata(path).map_err(unreadable)?;
    if !about.is_file() {
        return Err(EvidenceError::NotAFile(path.to_owned()));
    }
    if about.len() > MAX_EVIDENCE_BYTES {
        return Err(EvidenceError::TooLarge(path.to_owned()));
    }
    let name = name_of(path).ok_or_else(|| EvidenceError::Name(path.to_owned()))?;
    let mut source = File::open(path).map_err(unreadable)?.take(MAX_EVIDENCE_BYTES + 1);
    private_folder(&folder.evidence()).map_err(EvidenceError::Copy)?;
    let draft = Draft::begin(folder)?;
    let (sha256, size_bytes) = draft.fill(&mut source, path)?;
    if size_bytes > MAX_EVIDENCE_BYTES {
        return Err(EvidenceError::TooLarge(path.to_owned()));
    }
    if size_bytes == 0 {
        return Err(EvidenceError::Empty(path.to_owned()));
    }
    draft.settle(&path_of(folder, sha256)).map_err(EvidenceError::Copy)?;
    Ok(Copied { sha256, name, size_bytes })
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

fn name_of(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let fits = name.chars().count() <= MAX_FILE_NAME_CHARS
        && !name.contains(|c: char| c.is_control() || matches!(c, '/' | '\\'));
    fits.then(|| name.to_owned())
}

/// A copy that has no name yet; removed when it does not get one.
struct Draft {
    path: PathBuf,
    file: File,
}

impl Draft {
    fn begin(folder: &Folder) -> Result<Self, EvidenceError> {
        let path = folder.evidence().join(format!("draft-{}", std::process::id()));
        let mut options = OpenOptions::new();
        options.create(true).truncate(true).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(EvidenceError::Copy)?;
        Ok(Self { path, file })
    }

    fn fill(&self, source: &mut impl Read, path: &Path) -> Result<([u8; 32], u64), EvidenceError> {
        let mut hash = Sha256::new();
        let mut size_bytes = 0;
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            let count = match source.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(source) => return Err(EvidenceError::Unreadable { path: path.to_owned(), source }),
            };
            hash.update(&buffer[..count]);
            (&self.file).write_all(&buffer[..count]).map_err(EvidenceError::Copy)?;
            size_bytes += count as u64;
        }
        self.file.sync_all().map_err(EvidenceError::Copy)?;
        Ok((hash.finalize().into(), size_bytes))
    }

    fn settle(&self, target: &Path) -> io::Result<()> {
        if let Some(parent) = target.parent() {
            private_folder(parent)?;
            fs::rename(&self.path, target)?;
            sync_folder(parent)?;
            parent.parent().map_or(Ok(()), sync_folder)?;
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
mod tests {
    use super::*;

    #[test]
    fn copies_lie_by_hash_and_are_kept_once() {
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::at(home.path().join("data"));
        let file = home.path().join("Biên bản.pdf");
        fs::write(&file, b"abc").unwrap();
        let copied = keep(&folder, &file).unwrap();
        assert_eq!((copied.name.as_str(), copied.size_bytes), ("Biên bản.pdf", 3));
        assert_eq!(keep(&folder, &file).unwrap(), copied);
        let copy = path_of(&folder, copied.sha256);
        assert!(copy.ends_with("ba/ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
        assert_eq!(fs::read(copy).unwrap(), b"abc");
        assert_eq!(fs::read_dir(folder.evidence()).unwrap().count(), 1, "no draft is left");
    }

    #[test]
    fn what_cannot_be_evidence_leaves_nothing() {
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::at(home.path().join("data"));
        let file = home.path().join("x");
        File::create(&file).unwrap().set_len(MAX_EVIDENCE_BYTES + 1).unwrap();
        assert!(matches!(keep(&folder, &file), Err(EvidenceError::TooLarge(_))));
        File::create(&file).unwrap();
        assert!(matches!(keep(&folder, &file), Err(EvidenceError::Empty(_))));
        assert!(matches!(keep(&folder, home.path()), Err(EvidenceError::NotAFile(_))));
        assert!(matches!(keep(&folder, Path::new("/nowhere/at/all")), Err(EvidenceError::Unreadable { .. })));
        assert_eq!(fs::read_dir(folder.evidence()).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn a_name_that_the_wire_refuses_is_refused_here() {
        let home = tempfile::tempdir().unwrap();
        let folder = Folder::at(home.path().join("data"));
        for name in ["a\\b.pdf", "a\u{1b}[2J.pdf", "a\nb.pdf"] {
            let file = home.path().join(name);
            fs::write(&file, b"abc").unwrap();
            let error = keep(&folder, &file).unwrap_err();
            assert!(matches!(error, EvidenceError::Name(_)), "{name:?}");
            assert!(!error.explain(Language::Vi).contains(char::is_control));
        }
        assert!(!folder.evidence().exists());
    }
}
