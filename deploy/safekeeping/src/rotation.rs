//! Several backups beside each other, each whole, and the oldest taken away: `DIR/20261127T023000Z/`, one for each time.
//!
//! A file of evidence is on the disk once: a new backup begins with links to those of the newest one. Only what this program
//! made is taken away, and only after the new backup is whole.

use crate::{
    Owner,
    fault::{PlaceError, on},
    place,
};
use chrono::{DateTime, NaiveDateTime, Utc};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

const NAME: &str = "%Y%m%dT%H%M%SZ";

/// A folder that holds several backups.
#[derive(Debug)]
pub struct Rotation<'a> {
    root: &'a Path,
    owner: Owner<'a>,
}

impl<'a> Rotation<'a> {
    /// Of a folder that is there, or is made with the first backup.
    #[must_use]
    pub fn new(root: &'a Path, owner: Owner<'a>) -> Self {
        Self { root, owner }
    }

    /// Where the backup of a moment goes. It begins with the evidence of the newest one, where files can be linked.
    ///
    /// # Errors
    /// What the system says.
    pub fn begin(&self, now: DateTime<Utc>) -> Result<PathBuf, PlaceError> {
        let target = self.root.join(now.format(NAME).to_string());
        if !self.root.exists() {
            crate::copying::private_folder(self.root).map_err(on(self.root))?;
        }
        let newest = self.whole()?.pop();
        if let Some(newest) = newest.filter(|newest| *newest != target && !target.exists()) {
            crate::copying::private_folder(&target).map_err(on(&target))?;
            // Where the disk knows no links, all files are copied.
            let _ = link_evidence(&newest.join("evidence"), &target.join("evidence"));
        }
        Ok(target)
    }

    /// Takes away all but the newest `keep` whole backups, and what was cut off before the newest of them; which were taken away.
    ///
    /// # Errors
    /// What the system says.
    pub fn prune(&self, keep: usize) -> Result<Vec<PathBuf>, PlaceError> {
        let whole = self.whole()?;
        let Some(newest) = whole.last().cloned() else { return Ok(Vec::new()) };
        let mut gone: Vec<PathBuf> = whole[..whole.len().saturating_sub(keep.max(1))].to_vec();
        gone.extend(self.dated()?.into_iter().filter(|folder| *folder < newest && place::is_cut_off(folder)));
        gone.sort();
        for folder in &gone {
            fs::remove_dir_all(folder).map_err(on(folder))?;
        }
        Ok(gone)
    }

    /// The backups of this owner whose manifest is there, oldest first.
    fn whole(&self) -> Result<Vec<PathBuf>, PlaceError> {
        let mut folders = self.dated()?;
        folders.retain(|folder| place::belongs(folder, self.owner));
        Ok(folders)
    }

    /// The folders with a name of ours, oldest first.
    fn dated(&self) -> Result<Vec<PathBuf>, PlaceError> {
        let mut folders = Vec::new();
        for entry in fs::read_dir(self.root).map_err(on(self.root))? {
            let entry = entry.map_err(on(self.root))?;
            let is_ours =
                entry.file_name().to_str().is_some_and(|name| NaiveDateTime::parse_from_str(name, NAME).is_ok());
            // Not through a link: what lies behind it is somebody else's.
            if is_ours && entry.file_type().map_err(on(self.root))?.is_dir() {
                folders.push(entry.path());
            }
        }
        folders.sort();
        Ok(folders)
    }
}

fn link_evidence(from: &Path, to: &Path) -> io::Result<()> {
    for shelf in fs::read_dir(from)? {
        let shelf = shelf?;
        if !shelf.file_type()?.is_dir() {
            continue;
        }
        let target = to.join(shelf.file_name());
        crate::copying::private_folder(to)?;
        crate::copying::private_folder(&target)?;
        for file in fs::read_dir(shelf.path())? {
            let file = file?;
            if file.file_type()?.is_file() {
                fs::hard_link(file.path(), target.join(file.file_name()))?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Place, copying::part_of};
    use shared::manifest::{FORMAT, Hash, Manifest, Part};
    use std::os::unix::fs::MetadataExt;

    const OWNER: Owner<'static> = Owner { program: "x", province: "dong-nai", commune: None };

    fn at(day: u32) -> DateTime<Utc> {
        format!("2026-11-{day:02}T02:30:00Z").parse().unwrap()
    }

    /// A backup with one file of evidence.
    fn back_up(root: &Path, day: u32, owner: Owner<'static>) -> PathBuf {
        let folder = Rotation::new(root, owner).begin(at(day)).unwrap();
        let place = Place::take(&folder, owner).unwrap();
        fs::write(place.store_draft(), format!("store {day}")).unwrap();
        let source = root.with_extension("pdf");
        fs::write(&source, b"evidence").unwrap();
        let part = Part { sha256: Hash::of(b"evidence"), size_bytes: 8 };
        place.keep_evidence(&source, part).unwrap();
        let manifest = Manifest {
            format: FORMAT,
            program: owner.program.into(),
            build: "x/1".into(),
            province: owner.province.into(),
            commune: None,
            name: "Tỉnh Đồng Nai".into(),
            created_at: at(day),
            schema: 1,
            head: None,
            store: part_of(&place.store_draft()).unwrap(),
            settings: None,
            evidence: vec![part],
        };
        place.finish(&manifest).unwrap();
        folder
    }

    #[test]
    fn the_newest_stay_whole_and_nothing_of_others_is_taken_away() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().join("backups");
        for day in 1..=4 {
            back_up(&root, day, OWNER);
        }
        let other = Owner { program: "y", ..OWNER };
        let foreign = back_up(&root, 5, other);
        fs::create_dir(root.join("photos")).unwrap();
        fs::create_dir(root.join("20261101T000000Z")).unwrap();
        fs::write(root.join("20261101T000000Z/letter.txt"), "x").unwrap();
        let cut_off = root.join("20261102T000000Z");
        fs::create_dir(&cut_off).unwrap();
        fs::write(cut_off.join("store.db.new"), "half").unwrap();

        let gone = Rotation::new(&root, OWNER).prune(2).unwrap();
        let names: Vec<_> = gone.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["20261101T023000Z", "20261102T000000Z", "20261102T023000Z"]);
        for kept in ["20261103T023000Z", "20261104T023000Z"] {
            crate::Whole::open(&root.join(kept)).unwrap();
        }
        assert!(foreign.exists() && root.join("photos").exists() && root.join("20261101T000000Z/letter.txt").exists());
        assert_eq!(Rotation::new(&root, OWNER).prune(0).unwrap().len(), 1, "the last one always stays");
    }

    #[test]
    fn evidence_is_on_the_disk_once() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().join("backups");
        let (first, second) = (back_up(&root, 1, OWNER), back_up(&root, 2, OWNER));
        let sha256 = Hash::of(b"evidence");
        let [first, second] = [first, second].map(|folder| {
            let whole = crate::Whole::open(&folder).unwrap();
            fs::metadata(whole.evidence(sha256)).unwrap().ino()
        });
        assert_eq!(first, second);
    }
}
