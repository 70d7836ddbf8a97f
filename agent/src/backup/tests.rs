//! There and back, what is refused, and what is never touched.

use super::*;
use crate::{
    cli::Failure,
    entry::{self, Typed},
    evidence::{Limits, keep, path_of},
    fixture::{Home, now, pdf},
    lock::Lock,
    store::StoreError,
};
use rand::{SeedableRng, rngs::StdRng};
use shared::{change::Incarnation, language::Language};
use std::{fs, path::PathBuf};
use tempfile::TempDir;

const LIMITS: Limits = Limits { file_bytes: 1 << 20, total_bytes: 1 << 30 };

/// A commune with a figure and its evidence.
fn home() -> Home {
    let mut home = Home::ready();
    home.value("CDS-2", "1").unwrap();
    attach(&mut home, "a");
    home
}

fn attach(home: &mut Home, text: &str) {
    let file = home.folder.root().join(format!("{text}.pdf"));
    fs::write(&file, pdf(text)).unwrap();
    let copies = keep(&home.folder, &[file], LIMITS).unwrap();
    let (store, mut author) = home.author();
    entry::attach(store, &mut author, ("CDS-2", "", "2026-10".parse().unwrap()), copies).unwrap();
}

fn back(folder: &Folder, from: &Path) -> Result<Restored, BackupError> {
    restore(folder, from, now(), &mut StdRng::seed_from_u64(9))
}

fn heads(folder: &Folder) -> (u64, Incarnation) {
    let store = Store::open(folder).unwrap();
    (store.view().head().unwrap().seq, store.view().belonging().unwrap().unwrap().incarnation)
}

fn contains(file: &Path, what: &[u8]) -> bool {
    fs::read(file).unwrap().windows(what.len()).any(|window| window == what)
}

fn files(root: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { all.extend(files(&path)) } else { all.push(path) }
    }
    all.sort();
    all
}

/// Everything in a folder, to compare; locks are no content.
fn content(root: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let kept = files(root).into_iter().filter(|path| path.extension().is_none_or(|word| word != "lock"));
    kept.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

#[test]
fn a_backup_is_made_while_others_write_and_holds_no_secret() {
    let mut home = home();
    let place = tempfile::tempdir().unwrap();
    let incarnation = [0xa7; 16];
    let mut own = home.store.view().belonging().unwrap().unwrap();
    own.incarnation = Incarnation(incarnation);
    home.store.write(|writing| writing.set_belonging(&own)).unwrap();
    fs::create_dir(home.folder.identity()).unwrap();
    fs::write(home.folder.identity().join("key.pem"), "-----BEGIN PRIVATE KEY-----").unwrap();
    home.store.write(|writing| writing.set_service_unfinished(true)).unwrap();
    let made = home
        .store
        .write(|writing| {
            writing.set_service_unfinished(true)?;
            Ok::<_, StoreError>(make(&home.folder, place.path(), now()).unwrap())
        })
        .unwrap();
    assert_eq!((made.manifest.head.unwrap().seq, made.new_files, made.missing_files), (2, 1, 0));
    for file in files(place.path()) {
        assert!(!contains(&file, &incarnation) && !contains(&file, b"BEGIN"), "{file:?}");
    }
    home.value("CDS-2", "2").unwrap();
    attach(&mut home, "b");
    let made = make(&home.folder, place.path(), now()).unwrap();
    assert_eq!((made.manifest.head.unwrap().seq, made.new_files, made.manifest.evidence.len()), (4, 1, 2));
    let names: Vec<_> = fs::read_dir(place.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 4, "{names:?}");
}

#[test]
fn a_store_that_somebody_has_open_is_left_alone() {
    let mut home = home();
    let place = tempfile::tempdir().unwrap();
    make(&home.folder, place.path(), now()).unwrap();
    home.value("CDS-2", "2").unwrap();
    let before = heads(&home.folder);
    let busy = back(&home.folder, place.path()).unwrap_err();
    assert!(matches!(busy, BackupError::Store(StoreError::Busy(_))), "{busy}");
    assert_eq!(heads(&home.folder), before);
    assert!(!home.folder.root().join("store.db.restoring").exists());
}

#[test]
fn it_comes_back_as_another_life_and_the_store_that_was_there_is_kept() {
    let home = home();
    let place = tempfile::tempdir().unwrap();
    make(&home.folder, place.path(), now()).unwrap();
    let (data, folder) = closed(home, |home| {
        home.value("CDS-2", "2").unwrap();
        fs::remove_dir_all(home.folder.evidence()).unwrap();
    });
    let before = heads(&folder);
    let restored = back(&folder, place.path()).unwrap();
    let aside = restored.aside.unwrap();
    assert!(aside.to_str().unwrap().ends_with("store.db.before-restore-20261016T020000Z"), "{aside:?}");
    let (seq, incarnation) = heads(&folder);
    assert_eq!((before.0, seq), (3, 2));
    assert_ne!(incarnation, before.1);
    let evidence = restored.manifest.evidence[0];
    assert_eq!(fs::read(path_of(&folder, evidence.sha256.0)).unwrap(), pdf("a"));
    let again = back(&folder, place.path()).unwrap().aside.unwrap();
    assert_ne!(again, aside, "nothing is overwritten");

    let other = Folder::at(data.path().join("another computer"));
    let restored = back(&other, place.path()).unwrap();
    assert_eq!((restored.aside, restored.has_identity), (None, false));
    assert_eq!(heads(&other).0, 2);
    fs::remove_file(folder.store()).unwrap();
    fs::rename(&aside, folder.store()).unwrap();
    assert_eq!(heads(&folder), before, "it opens as it was");
}

/// Ends everything that has the store of a home open.
fn closed(mut home: Home, work: impl FnOnce(&mut Home)) -> (TempDir, Folder) {
    work(&mut home);
    let moved = tempfile::tempdir().unwrap();
    let folder = Folder::at(moved.path().join("data"));
    let old = home.folder.root().to_owned();
    let Home { store, .. } = &mut home;
    drop(std::mem::replace(store, Store::open_or_create(&Folder::at(moved.path())).unwrap()));
    fs::rename(old, folder.root()).unwrap();
    (moved, folder)
}

#[test]
fn a_damaged_store_is_replaced_and_kept() {
    let home = home();
    let place = tempfile::tempdir().unwrap();
    make(&home.folder, place.path(), now()).unwrap();
    let (_data, folder) = closed(home, |_| {});
    fs::write(folder.store(), "no database at all, but long enough to be taken for one".repeat(100)).unwrap();
    let aside = back(&folder, place.path()).unwrap().aside.unwrap();
    assert!(fs::read(aside).unwrap().starts_with(b"no database"));
    assert_eq!(heads(&folder).0, 2);
}

#[test]
fn whoever_works_on_the_folder_is_not_disturbed() {
    let home = home();
    let place = tempfile::tempdir().unwrap();
    make(&home.folder, place.path(), now()).unwrap();
    let (_data, folder) = closed(home, |_| {});
    let before = content(folder.root());
    let service = Lock::try_take(&folder.service_lock()).unwrap();
    assert!(matches!(back(&folder, place.path()), Err(BackupError::ServiceRunning)));
    drop(service);
    let session = Lock::try_take(&folder.sync_lock()).unwrap();
    assert!(matches!(back(&folder, place.path()), Err(BackupError::SessionHeld)));
    drop(session);
    assert_eq!(content(folder.root()), before);
    let busy = Lock::try_take(&place.path().join("backup.lock")).unwrap();
    assert!(matches!(make(&folder, place.path(), now()), Err(BackupError::Place(PlaceError::Busy(_)))));
    drop(busy);
}

#[test]
fn a_damaged_part_is_noticed_and_nothing_is_changed() {
    let home = home();
    let place = tempfile::tempdir().unwrap();
    make(&home.folder, place.path(), now()).unwrap();
    let (_data, folder) = closed(home, |home| {
        home.value("CDS-2", "2").unwrap();
    });
    let before = content(folder.root());
    let parts: Vec<PathBuf> = files(place.path()).into_iter().filter(|path| !path.ends_with("backup.lock")).collect();
    assert_eq!(parts.len(), 3);
    for part in parts {
        let good = fs::read(&part).unwrap();
        let places = (0..good.len()).step_by((good.len() / 40).max(1));
        for at in places {
            let mut flipped = good.clone();
            flipped[at] ^= 0x01;
            for bad in [&flipped[..], &good[..at]] {
                fs::write(&part, bad).unwrap();
                let error = back(&folder, place.path()).unwrap_err();
                assert!(error.is_refusal(), "{part:?} at {at}: {error}");
            }
        }
        fs::remove_file(&part).unwrap();
        assert!(back(&folder, place.path()).unwrap_err().is_refusal());
        fs::write(&part, good).unwrap();
    }
    assert_eq!(content(folder.root()), before);
    let elsewhere = Folder::at(folder.root().with_file_name("new"));
    assert!(back(&elsewhere, Path::new("/nowhere")).is_err() && !elsewhere.root().exists());
    back(&folder, place.path()).unwrap();
}

#[test]
fn a_backup_whose_making_was_cut_off_leaves_the_one_before() {
    let mut home = home();
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name);
    fs::write(at("store.db.new"), "cut off").unwrap();
    fs::write(at("manifest.json.new"), "{").unwrap();
    assert!(matches!(back(&home.folder, place.path()), Err(BackupError::Place(PlaceError::Unfinished(_)))));
    make(&home.folder, place.path(), now()).unwrap();
    let first = fs::read(at("manifest.json")).unwrap();
    fs::write(at("store.db.new"), "cut off").unwrap();
    let other = Folder::at(place.path().join("../restored"));
    assert_eq!(back(&other, place.path()).unwrap().manifest.head.unwrap().seq, 2);
    fs::remove_dir_all(other.root()).unwrap();

    let first_store = fs::read(at("store.db")).unwrap();
    home.value("CDS-2", "2").unwrap();
    make(&home.folder, place.path(), now()).unwrap();
    assert_ne!(fs::read(at("manifest.json")).unwrap(), first);
    // Cut between the manifest and the store's own name.
    fs::rename(at("store.db"), at("store.db.new")).unwrap();
    fs::write(at("store.db"), first_store).unwrap();
    assert_eq!(back(&other, place.path()).unwrap().manifest.head.unwrap().seq, 3);
    fs::remove_dir_all(other.root()).unwrap();
    make(&home.folder, place.path(), now()).unwrap();
    assert!(!at("store.db.new").exists());
}

#[test]
fn only_its_own_backups_are_replaced_or_taken() {
    let home = home();
    let place = tempfile::tempdir().unwrap();
    make(&home.folder, place.path(), now()).unwrap();
    let other = Home::ready();
    let mut own = other.store.view().belonging().unwrap().unwrap();
    own.commune = "tan-phu".into();
    let mut store = Store::open(&other.folder).unwrap();
    store.write(|writing| writing.set_belonging(&own)).unwrap();
    let (replaced, taken) = (make(&other.folder, place.path(), now()), back(&other.folder, place.path()));
    for error in [replaced.unwrap_err(), taken.unwrap_err()] {
        let told = error.explain(Language::Vi);
        assert!(told.contains("dinh-quan") && told.contains("tan-phu"), "{told}");
        assert_eq!(Failure::from(error).code(), 3);
    }
    let documents = tempfile::tempdir().unwrap();
    fs::write(documents.path().join("letter.txt"), "x").unwrap();
    assert!(matches!(make(&home.folder, documents.path(), now()), Err(BackupError::Place(PlaceError::Taken(_)))));
    assert_eq!(files(documents.path()).len(), 1);
    let missing = make(&Folder::at(documents.path().join("none")), place.path(), now());
    assert!(matches!(missing, Err(BackupError::Store(StoreError::NotJoined))));
}

#[test]
fn a_file_that_is_gone_is_told_and_does_not_stop_the_rest() {
    let mut home = home();
    attach(&mut home, "b");
    fs::remove_file(path_of(&home.folder, Hash::of(&pdf("a")).0)).unwrap();
    let place = tempfile::tempdir().unwrap();
    let made = make(&home.folder, place.path(), now()).unwrap();
    assert_eq!((made.missing_files, made.manifest.evidence.len()), (1, 1));
    home.record("CDS-3", "2026-10", Typed::Value("1,5".into())).unwrap();
}

#[test]
fn a_backup_of_a_later_version_is_refused() {
    let home = home();
    let place = tempfile::tempdir().unwrap();
    let made = make(&home.folder, place.path(), now()).unwrap();
    let (_data, folder) = closed(home, |_| {});
    let before = content(folder.root());
    let store = place.path().join("store.db");
    rusqlite::Connection::open(&store).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let list = place.path().join("manifest.json");
    let later = Manifest { store: part_of(&store).unwrap(), schema: 99, ..made.manifest };
    let text = later.to_text().unwrap();
    fs::write(&list, &text).unwrap();
    let refused = back(&folder, place.path()).unwrap_err();
    assert!(matches!(refused, BackupError::Store(StoreError::Newer { found: 99, .. })), "{refused}");
    fs::write(&list, text.replace("\"format\": 1", "\"format\": 2")).unwrap();
    let told = back(&folder, place.path()).unwrap_err().explain(Language::Vi);
    assert!(told.contains("cập nhật chương trình"), "{told}");
    assert_eq!(content(folder.root()), before);
}
