//! A store that makes room for another one and is kept.

use crate::fault::{PlaceError, on};
use chrono::{DateTime, Utc};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Names tried for a store that is put aside in the same second.
const MAX_NAMES: u32 = 100;
/// What SQLite may keep beside a store.
const COMPANIONS: [&str; 3] = ["-journal", "-wal", "-shm"];

/// Gives a store, with what belongs to it, the name `<name>.before-restore-<time>`; `None` when there is no store. Nothing is
/// overwritten or deleted, and where the file system allows it the store keeps its first name too, until another takes it.
///
/// # Errors
/// What the system says.
pub fn put_aside(store: &Path, now: DateTime<Utc>) -> Result<Option<PathBuf>, PlaceError> {
    if !store.exists() {
        return Ok(None);
    }
    let aside = free_name(store, now);
    // First what a new store must not find beside it.
    for companion in COMPANIONS {
        let path = with_suffix(store, companion);
        if path.exists() {
            fs::rename(&path, with_suffix(&aside, companion)).map_err(on(&path))?;
        }
    }
    fs::hard_link(store, &aside).or_else(|_| fs::rename(store, &aside)).map_err(on(store))?;
    Ok(Some(aside))
}

fn free_name(store: &Path, now: DateTime<Utc>) -> PathBuf {
    let name = format!(".before-restore-{}", now.format("%Y%m%dT%H%M%SZ"));
    let first = with_suffix(store, &name);
    let further = (2..MAX_NAMES).map(|number| with_suffix(store, &format!("{name}-{number}")));
    std::iter::once(first.clone()).chain(further).find(|path| !path.exists()).unwrap_or(first)
}

/// Removes a copy of a store that will not be used, with what SQLite left beside it.
///
/// # Errors
/// What the system says.
pub fn discard(store: &Path) -> Result<(), PlaceError> {
    for companion in std::iter::once("").chain(COMPANIONS) {
        let path = with_suffix(store, companion);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(on(&path)(error)),
            _ => {}
        }
    }
    Ok(())
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_overwritten() {
        let home = tempfile::tempdir().unwrap();
        let store = home.path().join("store.db");
        let now = "2026-10-16T02:00:00Z".parse().unwrap();
        assert_eq!(put_aside(&store, now).unwrap(), None);
        let mut kept = Vec::new();
        for content in ["one", "two"] {
            fs::write(&store, content).unwrap();
            fs::write(with_suffix(&store, "-wal"), content).unwrap();
            let aside = put_aside(&store, now).unwrap().unwrap();
            assert!(store.exists() && !with_suffix(&store, "-wal").exists());
            discard(&store).unwrap();
            kept.push((aside, content));
        }
        for (aside, content) in kept {
            assert_eq!(fs::read_to_string(with_suffix(&aside, "-wal")).unwrap(), content);
            assert_eq!(fs::read_to_string(aside).unwrap(), content);
        }
    }
}
