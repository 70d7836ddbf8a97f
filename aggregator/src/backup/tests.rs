//! There and back, into the same folder and a new one; what is refused changes nothing.

use super::*;
use crate::{
    authorities::{self, Authorities},
    authority::{Authority, SERIAL_BYTES},
    bundle_key,
    cli::{self, Cli, Failure},
    clock::StandingClock,
    config::Config,
    sample::{act, batch, catalogue_folder, evidence, figure, moment},
    serve::load_authority,
    store::{
        Append, CertificateRecord, InvitationRecord, Redeemed, Renewal, Renewed,
        sqlite::{SqliteStore, earlier_version},
    },
};
use chrono::TimeDelta;
use clap::Parser;
use rusqlite::Connection;
use sha2::{Digest, Sha256};
use shared::{change::LogPosition, language::Language};
use std::sync::Arc;
use tempfile::TempDir;

const EPOCH: [u8; 16] = [0xe1; 16];

/// A province with a figure, its evidence and a file of it.
struct Home {
    home: TempDir,
    folder: Folder,
}

impl Home {
    async fn founded() -> Self {
        let home = tempfile::tempdir().unwrap();
        let data = home.path().join("data");
        found(&data, &["--exercise"]).await;
        let folder = Folder::open(&data).unwrap();
        let store = SqliteStore::open(&folder.store()).unwrap();
        enter(&store, LogPosition::START, 1).await;
        hold(&folder, b"first");
        Self { home, folder }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    async fn make(&self, place: &Path) -> Result<Made, BackupError> {
        let store = SqliteStore::open(&self.folder.store()).unwrap();
        make(&self.folder, &store, place, moment()).await
    }
}

async fn found(data: &Path, more: &[&str]) {
    let words = ["province-aggregator", "--data", data.to_str().unwrap(), "init", "--catalogue"];
    let line = [&words[..], &[catalogue_folder().to_str().unwrap()], more].concat();
    cli::run(Cli::try_parse_from(line).unwrap(), Arc::new(StandingClock(moment()))).await.unwrap();
}

async fn enter(store: &SqliteStore, before: LogPosition, number: u64) {
    let changes = vec![figure(number, "2026-10", 1), evidence(number + 1, number, 7)];
    let append = Append { batches: vec![batch("tan-phu", 1, before, changes)], notes: Vec::new() };
    store.append(append).await.unwrap();
}

fn hold(folder: &Folder, bytes: &[u8]) -> PathBuf {
    let name = hex::encode(Sha256::digest(bytes));
    let shelf = folder.root().join("evidence").join(&name[..2]);
    fs::create_dir_all(&shelf).unwrap();
    fs::write(shelf.join(&name), bytes).unwrap();
    shelf.join(name)
}

async fn back(data: &Path, from: &Path, authority: Option<&Path>) -> Result<Restored, BackupError> {
    let clock = Arc::new(StandingClock(moment()));
    restore(Request { data, from, authority, who: "an", clock, epoch: EPOCH }).await
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

async fn figures(folder: &Folder) -> usize {
    SqliteStore::open(&folder.store()).unwrap().observations().await.unwrap().len()
}

fn epoch(folder: &Folder) -> Option<String> {
    let store = Connection::open(folder.store()).unwrap();
    store.query_row("SELECT value FROM meta WHERE key = 'epoch'", [], |row| row.get(0)).ok()
}

#[tokio::test]
async fn a_backup_is_made_while_others_write_and_holds_no_key() {
    let home = Home::founded().await;
    let place = home.at("backup");
    let writing = Connection::open(home.folder.store()).unwrap();
    writing.execute_batch("BEGIN IMMEDIATE; INSERT INTO name (text) VALUES ('not yet')").unwrap();
    fs::write(home.folder.root().join("evidence/unfinished"), "x").unwrap();
    let made = home.make(&place).await.unwrap();
    writing.execute_batch("COMMIT").unwrap();
    assert_eq!((made.new_files, made.damaged_files, made.manifest.evidence.len()), (1, 0, 1));
    let names: Vec<_> = fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 5, "{names:?}");
    for file in files(&place) {
        let bytes = fs::read(&file).unwrap();
        assert!(!bytes.windows(5).any(|window| window == b"BEGIN") || file.ends_with("store.db"), "{file:?}");
        assert!(!bytes.windows(11).any(|window| window == b"PRIVATE KEY"), "{file:?}");
    }
    let damaged = hold(&home.folder, b"second");
    fs::write(damaged, "other").unwrap();
    let made = home.make(&place).await.unwrap();
    assert_eq!((made.new_files, made.damaged_files, made.manifest.evidence.len()), (0, 1, 1));
}

#[tokio::test]
async fn it_comes_back_where_it_was_and_keeps_keys_and_the_store_that_was_there() {
    let home = Home::founded().await;
    let (place, root) = (home.at("backup"), home.folder.root().to_owned());
    home.make(&place).await.unwrap();
    let store = SqliteStore::open(&home.folder.store()).unwrap();
    crate::sample::close(&store, "2026-01").await;
    drop(store);
    fs::remove_dir_all(root.join("evidence")).unwrap();
    let fingerprint = load_authority(&home.folder).unwrap().fingerprint();
    let restored = back(&root, &place, None).await.unwrap();
    let aside = restored.aside.unwrap();
    assert!(aside.to_str().unwrap().ends_with("store.db.before-restore-20261016T020000Z"), "{aside:?}");
    assert_eq!(load_authority(&home.folder).unwrap().fingerprint(), fingerprint);
    assert_eq!(epoch(&home.folder), Some(hex::encode(EPOCH)));
    let store = SqliteStore::open(&home.folder.store()).unwrap();
    assert!(store.closings().await.unwrap().is_empty());
    let line = store.audit(crate::store::AuditQuestion::newest(1)).await.unwrap().remove(0);
    assert_eq!((line.what.as_str(), line.who.as_str()), ("restored", "an"));
    assert!(line.detail.contains("2026-10-16"), "{}", line.detail);
    assert_eq!(files(&root.join("evidence")).len(), 1);
    assert_eq!(SqliteStore::open(&aside).unwrap().closings().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_new_folder_needs_the_authority() {
    let home = Home::founded().await;
    let (place, new) = (home.at("backup"), home.at("new"));
    home.make(&place).await.unwrap();
    let refused = back(&new, &place, None).await.unwrap_err();
    assert!(matches!(refused, BackupError::AuthorityNeeded(_)));
    assert!(Failure::from(refused).explain(Language::Vi).contains("--authority"));
    assert!(back(&new, &place, Some(&home.at("nowhere"))).await.is_err());
    assert!(
        !new.exists()
            && !fs::read_dir(home.home.path())
                .unwrap()
                .any(|entry| { entry.unwrap().file_name().to_str().unwrap().contains(".new-") })
    );
    let keys = home.folder.root().join("authority");
    let restored = back(&new, &place, Some(&keys)).await.unwrap();
    assert!(restored.is_new && restored.aside.is_none());
    let folder = Folder::open(&new).unwrap();
    assert_eq!(load_authority(&folder).unwrap().fingerprint(), load_authority(&home.folder).unwrap().fingerprint());
    // What communes without a line have sealed for the province can be opened there too.
    let [key, same] = [&home.folder, &folder].map(|folder| bundle_key::load_or_make(folder).unwrap());
    assert!(*key.0.expose() == *same.0.expose() && !key.1 && !same.1);
    assert!(Config::read(&folder.config()).is_ok() && folder.server_certificate().exists());
    assert_eq!((figures(&folder).await, files(&new.join("evidence")).len()), (1, 1));
    let taken = back(&new, &place, Some(&keys)).await;
    assert!(matches!(taken, Err(BackupError::AuthorityGiven(_))));
}

#[tokio::test]
async fn a_rotation_goes_on_where_it_comes_back() {
    let home = Home::founded().await;
    let (place, keys) = (home.at("backup"), home.folder.root().join("authority"));
    home.make(&place).await.unwrap();
    let (next, key) = Authority::make("dong-nai", [3; SERIAL_BYTES], moment()).unwrap();
    authorities::begin(&home.folder, &next, &key).unwrap();
    let new = home.at("new");
    back(&new, &place, Some(&keys)).await.unwrap();
    let there = Authorities::open(&Folder::open(&new).unwrap()).unwrap();
    assert_eq!(there.fingerprints(), Authorities::open(&home.folder).unwrap().fingerprints());
    assert_eq!(there.issuing().fingerprint(), next.fingerprint());
    for strange in ["next/deeper", "other"] {
        fs::create_dir(keys.join(strange)).unwrap();
        let refused = back(&home.at("another"), &place, Some(&keys)).await.unwrap_err();
        assert!(matches!(&refused, BackupError::AuthorityStrange(path) if path.ends_with(strange)), "{refused}");
        assert!(!home.at("another").exists());
        fs::remove_dir(keys.join(strange)).unwrap();
    }
}

#[tokio::test]
async fn whoever_works_on_the_folder_is_not_disturbed() {
    let home = Home::founded().await;
    let place = home.at("backup");
    home.make(&place).await.unwrap();
    let before = content(home.folder.root());
    let serving = home.folder.lock().unwrap();
    let refused = back(home.folder.root(), &place, None).await;
    assert!(matches!(refused, Err(BackupError::Folder(crate::folder::FolderError::Served))));
    drop(serving);
    assert_eq!(content(home.folder.root()), before);
    let store = SqliteStore::open(&home.folder.store()).unwrap();
    let refused = back(home.folder.root(), &place, None).await;
    assert!(matches!(refused, Err(BackupError::Store(crate::store::StoreError::Busy))), "{refused:?}");
    drop(store);
    assert_eq!(content(home.folder.root()), before);
}

#[tokio::test]
async fn a_damaged_part_is_noticed_and_nothing_is_changed() {
    let home = Home::founded().await;
    let place = home.at("backup");
    home.make(&place).await.unwrap();
    let before = content(home.folder.root());
    let parts: Vec<PathBuf> = files(&place).into_iter().filter(|path| !path.ends_with("backup.lock")).collect();
    assert_eq!(parts.len(), 4);
    for part in parts {
        let good = fs::read(&part).unwrap();
        for at in (0..good.len()).step_by((good.len() / 8).max(1)) {
            let mut flipped = good.clone();
            flipped[at] ^= 0x01;
            for bad in [&flipped[..], &good[..at]] {
                fs::write(&part, bad).unwrap();
                let refused = back(home.folder.root(), &place, None).await.unwrap_err();
                assert!(matches!(&refused, BackupError::Place(error) if error.is_refusal()), "{part:?}: {refused}");
            }
        }
        fs::remove_file(&part).unwrap();
        assert!(back(home.folder.root(), &place, None).await.is_err());
        fs::write(&part, good).unwrap();
    }
    assert_eq!(content(home.folder.root()), before);
    back(home.folder.root(), &place, None).await.unwrap();
}

#[tokio::test]
async fn only_its_own_backups_are_taken_and_a_training_province_stays_one() {
    let home = Home::founded().await;
    let place = home.at("backup");
    home.make(&place).await.unwrap();
    let real = home.at("real");
    found(&real, &[]).await;
    let before = content(&real);
    assert!(matches!(back(&real, &place, None).await, Err(BackupError::OtherPurpose)));
    assert_eq!(content(&real), before);
    assert!(matches!(back(&real, &home.at("none"), None).await, Err(BackupError::Place(PlaceError::Unfinished(_)))));
    fs::write(real.join("store.db"), "no database at all, but long enough to be taken for one".repeat(20)).unwrap();
    let aside = back(&real, &place, None).await.unwrap().aside.unwrap();
    assert!(fs::read(aside).unwrap().starts_with(b"no database"));
}

#[tokio::test]
async fn a_backup_of_the_version_before_is_taken_back_and_upgraded() {
    let home = Home::founded().await;
    let place = home.at("backup");
    let made = home.make(&place).await.unwrap();
    let figures = SqliteStore::open(&home.folder.store()).unwrap().observations().await.unwrap();
    // As the program before made it.
    let (store, before) = (place.join("store.db"), made.manifest.schema - 1);
    let now = home.at("now.db");
    fs::rename(&store, &now).unwrap();
    earlier_version(&store, &now, usize::try_from(before).unwrap());
    let list = Manifest { store: part_of(&store).unwrap(), schema: before, ..made.manifest };
    fs::write(place.join("manifest.json"), list.to_text().unwrap()).unwrap();
    back(home.folder.root(), &place, None).await.unwrap();
    let store = SqliteStore::open(&home.folder.store()).unwrap();
    assert_eq!(store.observations().await.unwrap(), figures);
    assert_eq!(store.verify().await.unwrap(), []);
}

#[tokio::test]
async fn a_backup_of_a_later_version_is_refused() {
    let home = Home::founded().await;
    let place = home.at("backup");
    let made = home.make(&place).await.unwrap();
    let before = content(home.folder.root());
    let store = place.join("store.db");
    Connection::open(&store).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let later = Manifest { store: part_of(&store).unwrap(), schema: 99, ..made.manifest };
    fs::write(place.join("manifest.json"), later.to_text().unwrap()).unwrap();
    let refused = back(home.folder.root(), &place, None).await.unwrap_err();
    assert!(matches!(refused, BackupError::Store(crate::store::StoreError::Newer { found: 99, .. })), "{refused}");
    assert_eq!(content(home.folder.root()), before);
}

/// A commune's `number`-th certificate, so many days after the beginning.
fn certificate(commune: &str, number: u8, days: i64) -> CertificateRecord {
    let issued_at = moment() + TimeDelta::days(days);
    CertificateRecord {
        fingerprint: [number; 32],
        serial: format!("{number:02x}"),
        identity: format!("urn:tiendo:dong-nai:commune:{commune}"),
        commune: Some(commune.into()),
        generation: 0,
        public_key: Some([number; 32]),
        issuer: Some([9; 32]),
        issued_at,
        not_after: issued_at + TimeDelta::days(14),
        revoked_at: None,
        der: Some(vec![number]),
    }
}

fn invitation(id: &str, commune: &str) -> InvitationRecord {
    InvitationRecord {
        id: id.into(),
        secret_sha256: [1; 32],
        commune: commune.into(),
        created_at: moment(),
        expires_at: moment() + TimeDelta::days(3),
        used_at: None,
    }
}

#[tokio::test]
async fn who_was_let_in_and_shut_out_after_the_backup_stays_so() {
    let home = Home::founded().await;
    let (place, root) = (home.at("backup"), home.folder.root().to_owned());
    let open = || SqliteStore::open(&home.folder.store()).unwrap();
    let store = open();
    for (id, commune) in [("a", "tan-phu"), ("b", "loc-tan"), ("c", "dinh-quan")] {
        store.add_invitation(invitation(id, commune), act(moment())).await.unwrap();
    }
    assert_eq!(store.redeem("a", certificate("tan-phu", 1, 0)).await.unwrap(), Redeemed::Now);
    drop(store);
    home.make(&place).await.unwrap();
    // After the backup: one renews, one joins, one is let in and shut out again.
    let store = open();
    let renewal = Renewal { presented: [1; 32], next: certificate("tan-phu", 2, 7), absent: false };
    assert_eq!(store.renew(renewal.clone()).await.unwrap(), Renewed::Now { copied: false });
    assert_eq!(store.redeem("b", certificate("loc-tan", 3, 1)).await.unwrap(), Redeemed::Now);
    for identity in ["tan-phu", "dinh-quan"].map(|commune| certificate(commune, 0, 0).identity) {
        store.revoke(&identity, "stolen", act(moment() + TimeDelta::days(8))).await.unwrap();
    }
    let certificates = store.certificates(None).await.unwrap();
    assert_eq!(certificates.len(), 3);
    drop(store);
    let restored = back(&root, &place, None).await.unwrap();
    assert!(restored.carries);
    let store = open();
    assert_eq!(store.certificates(None).await.unwrap(), certificates);
    assert_eq!(store.renew(renewal).await.unwrap(), Renewed::Revoked);
    assert_eq!(store.redeem("b", certificate("loc-tan", 4, 1)).await.unwrap(), Redeemed::Refused, "used once");
    let same_key = CertificateRecord { public_key: Some([3; 32]), ..certificate("loc-tan", 4, 1) };
    assert_eq!(store.redeem("b", same_key).await.unwrap(), Redeemed::Before(vec![3]), "a lost answer");
    let line = store.audit(crate::store::AuditQuestion::newest(1)).await.unwrap().remove(0);
    assert_eq!(
        (line.what.as_str(), line.detail.as_str()),
        ("enrolments_kept", "2 certificates, 2 revocations, 1 used invitations")
    );
    let unknown = certificate("dinh-quan", 5, -1);
    assert!(!store.adopt(unknown.clone(), unknown.issued_at, act(moment())).await.unwrap(), "revoked while unknown");
    drop(store);
    // A store that cannot be read takes its revocations with it; whoever restores is told.
    fs::write(home.folder.store(), "no database at all, but long enough to be taken for one".repeat(20)).unwrap();
    assert!(!back(&root, &place, None).await.unwrap().carries);
}
