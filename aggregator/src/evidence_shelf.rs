//! The communes' files of evidence as they lie in the data folder, for those who read them. It puts nothing there.

use crate::{folder::Folder, store::StoredEvidence};
use safekeeping::{PlaceError, copying::copy_new};
use shared::{
    evidence_kind::{self, EvidenceKind},
    manifest::{Hash, Part},
};
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};
use thiserror::Error;

/// Why a file was not written.
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
}

/// Where the bytes of a hash lie; complete files alone have such a name.
#[must_use]
pub fn path_of(folder: &Folder, sha256: [u8; 32]) -> PathBuf {
    let name = hex::encode(sha256);
    folder.root().join("evidence").join(&name[..2]).join(name)
}

/// Whether the province holds the bytes.
#[must_use]
pub fn is_held(folder: &Folder, file: &StoredEvidence) -> bool {
    fs::metadata(path_of(folder, file.sha256)).is_ok_and(|about| about.is_file() && about.len() == file.size_bytes)
}

/// The kind of the bytes that are held.
#[must_use]
pub fn kind_of(folder: &Folder, file: &StoredEvidence) -> Option<EvidenceKind> {
    evidence_kind::detect(&mut File::open(path_of(folder, file.sha256)).ok()?).ok()?
}

/// Writes a file into a folder under its own name, readable by its owner alone; where it is another file's name, under one that
/// begins with its hash. Nothing is overwritten.
///
/// # Errors
/// [`ShelfError`]; no file is left then.
pub fn write_out(folder: &Folder, file: &StoredEvidence, out: &Path, taken: &[PathBuf]) -> Result<PathBuf, ShelfError> {
    if !is_held(folder, file) {
        return Err(ShelfError::NotHeld { name: file.name.clone(), commune: file.commune.clone() });
    }
    if !is_file_name(&file.name) {
        return Err(ShelfError::Name(file.name.clone()));
    }
    let mut target = out.join(&file.name);
    if taken.contains(&target) {
        target = out.join(format!("{}-{}", &hex::encode(file.sha256)[..8], file.name));
    }
    copy_new(&path_of(folder, file.sha256), &target, Part { sha256: Hash(file.sha256), size_bytes: file.size_bytes })?;
    Ok(target)
}

/// A name within a folder, and nothing that leads elsewhere or hides.
fn is_file_name(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(|c: char| c.is_control() || matches!(c, '/' | '\\'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::moment;
    use sha2::{Digest, Sha256};
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

    fn hold(folder: &Folder, file: &StoredEvidence, bytes: &[u8]) {
        let path = path_of(folder, file.sha256);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    #[test]
    fn files_come_out_whole_private_and_beside_what_is_there() {
        let (data, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let folder = Folder::at(data.path());
        let file = stored("bien ban.pdf", PDF);
        assert!(matches!(write_out(&folder, &file, out.path(), &[]), Err(ShelfError::NotHeld { .. })));
        hold(&folder, &file, PDF);
        assert_eq!((is_held(&folder, &file), kind_of(&folder, &file)), (true, Some(EvidenceKind::Pdf)));
        let first = write_out(&folder, &file, out.path(), &[]).unwrap();
        assert_eq!(fs::read(&first).unwrap(), PDF);
        assert_eq!(fs::metadata(&first).unwrap().permissions().mode() & 0o777, 0o600);
        let again = write_out(&folder, &file, out.path(), &[]);
        assert!(matches!(again, Err(ShelfError::Place(PlaceError::Io { .. }))), "nothing is overwritten");
        let second = write_out(&folder, &file, out.path(), &[first]).unwrap();
        assert!(second.file_name().unwrap().to_str().unwrap().ends_with("-bien ban.pdf"));
    }

    #[test]
    fn a_damaged_file_and_a_name_that_leads_elsewhere_are_refused() {
        let (data, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let folder = Folder::at(data.path());
        let file = stored("a.pdf", PDF);
        hold(&folder, &file, &PDF.to_ascii_lowercase());
        let damaged = write_out(&folder, &file, out.path(), &[]);
        assert!(matches!(damaged, Err(ShelfError::Place(PlaceError::Damaged(_)))));
        hold(&folder, &file, PDF);
        for name in ["../a.pdf", "/etc/passwd", "a\\b", "..", ".ssh", "", "a\u{1b}b"] {
            let named = StoredEvidence { name: name.into(), ..file.clone() };
            assert!(matches!(write_out(&folder, &named, out.path(), &[]), Err(ShelfError::Name(_))), "{name:?}");
        }
        assert_eq!(fs::read_dir(out.path()).unwrap().count(), 0);
    }
}
