//! Files copied durably, and known by their hash.

use crate::fault::{PlaceError, on};
use sha2::{Digest, Sha256};
use shared::manifest::{Hash, Part};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

const BUFFER_BYTES: usize = 64 * 1024;

/// Size and hash of a file.
///
/// # Errors
/// What the system says.
pub fn part_of(path: &Path) -> Result<Part, PlaceError> {
    let mut file = File::open(path).map_err(on(path))?;
    pass(&mut file, |_| Ok(())).map_err(on(path))
}

/// Copies a file durably, and gives it its name only when it is what is expected. What had the name is replaced.
///
/// # Errors
/// [`PlaceError::Damaged`] when it is not.
pub fn copy(from: &Path, to: &Path, expected: Part) -> Result<(), PlaceError> {
    let folder = to.parent().unwrap_or(to);
    private_folder(folder).map_err(on(folder))?;
    let mut draft = to.as_os_str().to_owned();
    draft.push(".part");
    let draft = PathBuf::from(draft);
    fill(from, &draft, private(&draft), expected)?;
    fs::rename(&draft, to).and_then(|()| sync_folder(folder)).map_err(on(to))
}

/// Copies a file durably to a name that nothing has, if it is what is expected.
///
/// # Errors
/// [`PlaceError::Io`] when there is something; [`PlaceError::Damaged`].
pub fn copy_new(from: &Path, to: &Path, expected: Part) -> Result<(), PlaceError> {
    let mut options = OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(to).map_err(on(to))?;
    fill(from, to, Ok(file), expected)?;
    to.parent().map_or(Ok(()), sync_folder).map_err(on(to))
}

/// Fills a file; removes it when it does not become what is expected.
fn fill(from: &Path, to: &Path, made: io::Result<File>, expected: Part) -> Result<(), PlaceError> {
    let mut file = made.map_err(on(to))?;
    let mut write = || {
        let mut source = match File::open(from) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            source => source?,
        };
        let found = pass(&mut source, |bytes| file.write_all(bytes))?;
        file.sync_all()?;
        Ok(Some(found))
    };
    let found = write().map_err(on(to));
    if found.as_ref().is_ok_and(|found| *found == Some(expected)) {
        return Ok(());
    }
    // It is of no use, whatever the system says to this.
    let _ = fs::remove_file(to);
    Err(found.err().unwrap_or_else(|| PlaceError::Damaged(from.to_owned())))
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
pub(crate) fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes a folder that only its owner can read, and those above it, durably; one that is there stays as it is.
pub(crate) fn private_folder(path: &Path) -> io::Result<()> {
    let made = missing(path);
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)?;
    sync_above(&made)
}

/// The folders that would have to be made for this one, itself first.
#[must_use]
pub fn missing(path: &Path) -> Vec<&Path> {
    path.ancestors().take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists()).collect()
}

/// Makes folders that were made durable: a synced file in a folder whose own name is lost is lost too.
///
/// # Errors
/// What the system says.
pub fn sync_above(made: &[&Path]) -> io::Result<()> {
    made.iter().filter_map(|folder| folder.parent()).try_for_each(sync_folder)
}

/// Makes what was named within a folder durable.
///
/// # Errors
/// What the system says.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    // The folder of a bare name.
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    #[cfg(test)]
    tests::note(path);
    if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    thread_local! {
        static SYNCED: RefCell<Vec<PathBuf>> = const { RefCell::new(Vec::new()) };
    }

    pub(super) fn note(path: &Path) {
        SYNCED.with_borrow_mut(|synced| synced.push(path.to_owned()));
    }

    #[test]
    fn the_folders_made_for_a_file_are_as_durable_as_the_file() {
        let place = tempfile::tempdir().unwrap();
        let from = place.path().join("from");
        fs::write(&from, "content").unwrap();
        let evidence = place.path().join("evidence");
        copy(&from, &evidence.join("ab/abcd"), part_of(&from).unwrap()).unwrap();
        let synced = || SYNCED.take();
        assert_eq!(synced(), [evidence.clone(), place.path().to_owned(), evidence.join("ab")]);
        copy(&from, &evidence.join("ab/abce"), part_of(&from).unwrap()).unwrap();
        assert_eq!(synced(), [evidence.join("ab")], "nothing above is new");
        assert!(missing(Path::new("a bare name"))[0].ends_with("a bare name"));
        sync_above(&[Path::new("a bare name")]).unwrap();
        assert_eq!(synced(), [Path::new(".")]);
    }
}
