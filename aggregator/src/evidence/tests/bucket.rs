//! The same with an object store: a real server that speaks S3, which goes away, comes back, and lets nobody in with wrong keys.

use super::*;
use crate::{
    evidence::moving::{Moved, move_files},
    evidence_shelf::ShelfError,
    monitoring::Metrics,
    objects::ObjectsError,
};
use object_server::{BUCKET, Gate, KEY, ObjectServer, SECRET};
use safekeeping::PlaceError;
use std::os::unix::fs::PermissionsExt;

/// Of a file of 1,000 bytes.
const STORING: (FileState, u64, &str) = (FileState::Wanted, 999, BEING_STORED);

pub(super) fn settings(house: &House, server: &ObjectServer, secret: &str) -> Settings {
    let path = house.place.path().join(format!("keys-{secret}"));
    fs::write(&path, format!("aws_access_key_id = {KEY}\naws_secret_access_key = {secret}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let settings = Settings {
        url: Some(format!("s3://{BUCKET}/dong-nai")),
        endpoint: Some(server.endpoint()),
        credentials_file: Some(path),
        ..Settings::default()
    };
    assert_eq!(settings.fault(), None);
    settings
}

/// As another aggregator with a disk of its own has it.
pub(super) fn aggregator(house: &House, server: &ObjectServer, name: &str, secret: &str) -> Evidence {
    let folder = crate::folder::Folder::at(&house.place.path().join(name));
    let shelf = Shelf::open(&folder, &settings(house, server, secret)).unwrap();
    Evidence::new(shelf, Limits::default(), house.store.clone())
}

pub(super) async fn house(files: &[(&str, &[u8])]) -> (House, ObjectServer) {
    let mut house = House::with(files, Limits::default()).await;
    let server = ObjectServer::start(&house.place.path().join("objects"));
    house.evidence = aggregator(&house, &server, "first", SECRET);
    (house, server)
}

fn object(server: &ObjectServer, bytes: &[u8]) -> PathBuf {
    let name = hex::encode(sha256(bytes));
    server.object(&format!("dong-nai/{}/{name}", &name[..2]))
}

fn coming(house: &House, bytes: &[u8]) -> PathBuf {
    let name = format!("{}.{}", hex::encode(sha256(bytes)), bytes.len());
    house.place.path().join("first/evidence/partial/tan-phu").join(name)
}

pub(super) async fn piece(
    evidence: &Evidence,
    bytes: &[u8],
    from: usize,
    to: usize,
) -> Result<HeldFile, EvidenceError> {
    let data = Bytes::copy_from_slice(&bytes[from..to]);
    evidence.keep("tan-phu", sha256(bytes), from as u64, data, moment()).await
}

#[tokio::test]
async fn an_upload_goes_on_after_every_restart_and_is_held_when_the_store_has_it() {
    let bytes = pdf(1_000);
    let (mut house, server) = house(&[("tan-phu", &bytes)]).await;
    let mut at = 0;
    for end in [1, 400, 999, 1_000] {
        assert_eq!(told(&house.offer("tan-phu", &bytes).await), (FileState::Wanted, at as u64, ""));
        let state = piece(&house.evidence, &bytes, at, end).await.unwrap();
        at = end;
        let expected = if end < 1_000 { FileState::Wanted } else { FileState::Held };
        assert_eq!(told(&state), (expected, end as u64, ""));
        house.again();
    }
    assert_eq!(fs::read(object(&server, &bytes)).unwrap(), bytes);
    assert!(!coming(&house, &bytes).exists() && !house.path(&bytes).exists(), "nothing is left here");
    assert_eq!(told(&house.offer("tan-phu", &bytes).await).0, FileState::Held);
    assert!(house.evidence.verify().await.unwrap().is_empty());
    let mut opened = house.evidence.shelf().open_file(sha256(&bytes), 1_000).await.unwrap().unwrap();
    let mut read = Vec::new();
    io::Read::read_to_end(&mut opened.file, &mut read).unwrap();
    assert_eq!(read, bytes);
    let reading = house.place.path().join("first/evidence/partial/.reading");
    assert_eq!(fs::read_dir(&reading).unwrap().count(), 0, "what is read has no name here");
    drop(opened);
    // Readers that go away before they have it leave nothing.
    let shelf = house.evidence.shelf();
    for polls in 0..40 {
        let mut asked = Box::pin(shelf.open_file(sha256(&bytes), 1_000));
        for _ in 0..polls {
            if futures::poll!(&mut asked).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
    }
    let again = shelf.open_file(sha256(&bytes), 1_000).await.unwrap();
    assert!(again.is_some());
    // A file that is being made and unlinked by a hand of the runtime is out of the way with it.
    tokio::time::timeout(std::time::Duration::from_secs(20), async {
        while fs::read_dir(&reading).unwrap().count() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn while_the_store_is_away_nothing_is_said_to_be_held_and_then_it_goes_on() {
    let bytes = pdf(1_000);
    let (mut house, mut server) = house(&[("tan-phu", &bytes)]).await;
    piece(&house.evidence, &bytes, 0, 500).await.unwrap();
    server.gone();
    let last = piece(&house.evidence, &bytes, 500, 1_000).await.unwrap();
    assert_eq!(told(&last), STORING);
    assert!(house.store.evidence_file(sha256(&bytes)).await.unwrap().is_none(), "nothing is held");
    assert_eq!(house.store.contacts().await.unwrap()[0].evidence_pending_bytes, 1_000);
    house.again();
    let metrics = Arc::new(Metrics::default());
    house.evidence = house.evidence.counted(metrics.clone());
    let counts =
        |line: &str| metrics.exposition().lines().any(|found| found == format!("tiendo_aggregator_evidence_{line}"));
    let files = [(sha256(&bytes), 1_000)];
    assert_eq!(told(&house.offer("tan-phu", &bytes).await), STORING);
    assert!(counts("being_stored_files 1") && !counts("puts_total{outcome=\"failed\"} 0"));
    assert!(house.evidence.verify().await.is_err() && house.evidence.repair(&sample::act(moment())).await.is_err());
    server.back();
    // Every byte is here: the offer alone finishes it.
    assert_eq!(told(&house.offer("tan-phu", &bytes).await), (FileState::Held, 1_000, ""));
    assert_eq!(fs::read(object(&server, &bytes)).unwrap(), bytes);
    house.evidence.storing().end(PATIENCE).await;
    assert!(counts("being_stored_files 0") && counts("puts_total{outcome=\"done\"} 1"));
    house.again();
    // A store that is away afterwards is not taken for one that lost the file.
    server.gone();
    assert!(house.evidence.offer("tan-phu", &files, moment()).await.is_err());
    server.back();
    assert_eq!(told(&house.offer("tan-phu", &bytes).await).0, FileState::Held);
}

/// Blocks until the object store holds back what comes to it.
async fn reached(gate: &Gate) {
    let gate = gate.clone();
    tokio::task::spawn_blocking(move || gate.wait_until_reached()).await.unwrap();
}

/// Offers until the file is held: each time another session.
async fn held_at_last(evidence: &Evidence, commune: &str, bytes: &[u8]) {
    let files = [(sha256(bytes), bytes.len() as u64)];
    let asked = async {
        loop {
            let state = evidence.offer(commune, &files, moment()).await.unwrap().remove(0);
            if state.state() == FileState::Held {
                return;
            }
            assert_eq!(told(&state), (FileState::Wanted, bytes.len() as u64 - 1, BEING_STORED));
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), asked).await.unwrap();
}

#[tokio::test]
async fn a_file_whose_way_into_the_store_outlasts_its_session_is_held_in_a_later_one() {
    // More than a piece, so that it goes in parts.
    let bytes = pdf(9 * MIB as usize);
    let (mut house, server) = house(&[("tan-phu", &bytes), ("loc-tan", &bytes)]).await;
    house.evidence.patience = Duration::ZERO;
    let (gate, last) = (server.gate(), bytes.len() - 1);
    gate.close_after(8 * MIB);
    piece(&house.evidence, &bytes, 0, last).await.unwrap();
    let storing = (FileState::Wanted, last as u64, BEING_STORED);
    let end = piece(&house.evidence, &bytes, last, bytes.len()).await.unwrap();
    assert_eq!(told(&end), storing);
    reached(&gate).await;
    // Who asks meanwhile, with the offer or the last byte, and whoever else has the file, is told the same; nothing is held.
    let other = house.evidence.keep("loc-tan", sha256(&bytes), 0, bytes.clone().into(), moment()).await.unwrap();
    assert_eq!(told(&other), storing);
    assert_eq!(told(&piece(&house.evidence, &bytes, last, bytes.len()).await.unwrap()), storing);
    for commune in ["tan-phu", "loc-tan"] {
        assert_eq!(told(&house.offer(commune, &bytes).await), storing);
    }
    assert!(house.store.evidence_file(sha256(&bytes)).await.unwrap().is_none());
    assert!(coming(&house, &bytes).exists() && !object(&server, &bytes).exists());
    gate.open();
    for commune in ["tan-phu", "loc-tan"] {
        held_at_last(&house.evidence, commune, &bytes).await;
    }
    assert_eq!(fs::read(object(&server, &bytes)).unwrap(), bytes);
    assert!(!coming(&house, &bytes).exists() && house.evidence.verify().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_restart_amid_the_way_into_the_store_begins_it_anew() {
    let bytes = pdf(1_000);
    let (mut house, server) = house(&[("tan-phu", &bytes)]).await;
    house.evidence.patience = Duration::ZERO;
    let gate = server.gate();
    gate.close_after(10);
    assert_eq!(told(&piece(&house.evidence, &bytes, 0, 1_000).await.unwrap()), STORING);
    reached(&gate).await;
    // The server's end waits no longer than it is told, and begins nothing any more.
    house.evidence.storing().end(Duration::ZERO).await;
    assert!(house.evidence.storing().find((sha256(&bytes), 1_000)).is_none());
    assert_eq!(told(&house.offer("tan-phu", &bytes).await), STORING);
    assert!(house.evidence.storing().find((sha256(&bytes), 1_000)).is_none());
    gate.open();
    house.again();
    assert_eq!(told(&house.offer("tan-phu", &bytes).await).0, FileState::Held);
}

#[tokio::test]
async fn what_could_not_be_put_is_tried_again_without_anybody_asking() {
    let bytes = pdf(1_000);
    let (house, mut server) = house(&[("tan-phu", &bytes)]).await;
    server.gone();
    assert_eq!(told(&piece(&house.evidence, &bytes, 0, 1_000).await.unwrap()), STORING);
    let (files, since) = house.evidence.being_stored().await.unwrap().unwrap();
    let written: DateTime<Utc> = fs::metadata(coming(&house, &bytes)).unwrap().modified().unwrap().into();
    assert_eq!((files, since), (1, written));
    server.back();
    let held = async {
        while house.store.evidence_file(sha256(&bytes)).await.unwrap().is_none() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), held).await.unwrap();
    assert!(house.evidence.being_stored().await.unwrap().is_none());
}

#[tokio::test]
async fn a_server_that_ends_waits_for_a_file_that_is_being_put() {
    let bytes = pdf(1_000);
    let (mut house, server) = house(&[("tan-phu", &bytes)]).await;
    house.evidence.patience = Duration::ZERO;
    let gate = server.gate();
    gate.close_after(10);
    piece(&house.evidence, &bytes, 0, 1_000).await.unwrap();
    reached(&gate).await;
    let storing = house.evidence.storing();
    let end = tokio::spawn(async move { storing.end(Duration::from_secs(60)).await });
    gate.open();
    end.await.unwrap();
    assert!(house.store.evidence_file(sha256(&bytes)).await.unwrap().is_some());
}

#[tokio::test]
async fn a_copy_that_is_spoiled_on_its_way_is_asked_for_again() {
    let bytes = pdf(1_000);
    let (mut house, server) = house(&[("tan-phu", &bytes)]).await;
    house.evidence.patience = Duration::ZERO;
    let gate = server.gate();
    gate.close_after(10);
    piece(&house.evidence, &bytes, 0, 1_000).await.unwrap();
    reached(&gate).await;
    // The mark is looked for first; the file is read after it.
    fs::write(coming(&house, &bytes), vec![7; 1_000]).unwrap();
    let errand = house.evidence.storing().find((sha256(&bytes), 1_000)).unwrap();
    gate.open();
    assert!(!errand.is_held(Instant::now() + Duration::from_secs(60)).await);
    assert!(!object(&server, &bytes).exists());
    assert_eq!(told(&house.offer("tan-phu", &bytes).await), (FileState::Wanted, 0, "checksum"));
}

#[tokio::test]
async fn with_wrong_keys_nothing_is_held_and_the_error_says_so() {
    let bytes = pdf(80);
    let (house, server) = house(&[("tan-phu", &bytes)]).await;
    let wrong = aggregator(&house, &server, "first", "sai");
    assert_eq!(told(&piece(&wrong, &bytes, 0, 80).await.unwrap()), (FileState::Wanted, 79, BEING_STORED));
    let Err(EvidenceError::Objects(error @ ObjectsError::Denied { .. })) = wrong.place().check().await else {
        panic!("let in")
    };
    assert!(error.advise(shared::language::Language::Vi).contains("evidence.credentials_file"));
    assert!(house.store.evidence_file(sha256(&bytes)).await.unwrap().is_none());
    assert!(wrong.verify().await.is_err());
    assert_eq!(told(&house.offer("tan-phu", &bytes).await).0, FileState::Held, "the right keys go on");
}

#[tokio::test]
async fn a_crash_between_the_store_and_the_note_changes_nothing() {
    let bytes = pdf(80);
    let (house, _server) = house(&[("tan-phu", &bytes)]).await;
    // Put, and not noted.
    let staged = coming(&house, &bytes);
    fs::create_dir_all(staged.parent().unwrap()).unwrap();
    fs::write(&staged, &bytes).unwrap();
    house.evidence.shelf().bucket().unwrap().put(&staged, sha256(&bytes), 80).await.unwrap();
    assert_eq!(told(&house.offer("tan-phu", &bytes).await).0, FileState::Held);
    // Noted, and still here.
    fs::write(&staged, &bytes).unwrap();
    assert_eq!(told(&house.offer("tan-phu", &bytes).await).0, FileState::Held);
    assert!(!staged.exists());
}

#[tokio::test]
async fn several_aggregators_share_a_bucket() {
    let bytes = pdf(1_000);
    let (house, server) = house(&[("tan-phu", &bytes)]).await;
    let other = aggregator(&house, &server, "second", SECRET);
    piece(&house.evidence, &bytes, 0, 500).await.unwrap();
    let whole = async |evidence: &Evidence, from| piece(evidence, &bytes, from, 1_000).await.unwrap();
    let (here, there) = tokio::join!(whole(&house.evidence, 500), whole(&other, 0));
    assert_eq!((told(&here).0, told(&there).0), (FileState::Held, FileState::Held));
    let files = [(sha256(&bytes), 1_000)];
    for evidence in [&house.evidence, &other] {
        assert_eq!(told(&evidence.offer("tan-phu", &files, moment()).await.unwrap()[0]).0, FileState::Held);
        assert!(evidence.verify().await.unwrap().is_empty());
    }
    assert_eq!(fs::read(object(&server, &bytes)).unwrap(), bytes);
}

#[tokio::test]
async fn what_is_damaged_or_gone_there_is_asked_for_again() {
    let (bytes, other) = (pdf(80), pdf(90));
    let (house, server) = house(&[("tan-phu", &bytes), ("tan-phu", &other)]).await;
    for bytes in [&bytes, &other] {
        piece(&house.evidence, bytes, 0, bytes.len()).await.unwrap();
    }
    fs::write(object(&server, &bytes), vec![0; 80]).unwrap();
    fs::remove_file(object(&server, &other)).unwrap();
    let read = house.evidence.shelf().open_file(sha256(&bytes), 80).await;
    assert!(matches!(read, Err(ShelfError::Place(PlaceError::Damaged(_)))), "other bytes are not handed out");
    assert_eq!(house.evidence.verify().await.unwrap().len(), 2);
    assert_eq!(house.evidence.repair(&sample::act(moment())).await.unwrap(), 2);
    for bytes in [&bytes, &other] {
        assert_eq!(told(&house.offer("tan-phu", bytes).await), (FileState::Wanted, 0, ""));
        assert_eq!(told(&piece(&house.evidence, bytes, 0, bytes.len()).await.unwrap()).0, FileState::Held);
    }
    assert!(house.evidence.verify().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_folder_moves_to_a_bucket_and_every_file_is_compared() {
    let (bytes, other, bad) = (pdf(80), pdf(90), pdf(100));
    let files = [("tan-phu", &bytes[..]), ("tan-phu", &other), ("tan-phu", &bad)];
    let folder = House::with(&files, Limits::default()).await;
    for bytes in [&bytes, &other, &bad] {
        folder.keep("tan-phu", sha256(bytes), 0, bytes).await;
    }
    fs::write(folder.path(&bad), vec![0; 100]).unwrap();
    let server = ObjectServer::start(&folder.place.path().join("objects"));
    let shelf = Shelf::open(&crate::folder::Folder::at(folder.place.path()), &settings(&folder, &server, SECRET));
    let moving = Evidence::new(shelf.unwrap(), Limits::default(), folder.store.clone());
    // Before anything was moved it is read from where it lies.
    assert_eq!(moving.verify().await.unwrap().len(), 1);
    let moved = move_files(moving.place(), false).await.unwrap().unwrap();
    assert_eq!(moved, Moved { files: 2, new_files: 2, damaged_files: 1, removed_files: 0 });
    let again = move_files(moving.place(), true).await.unwrap().unwrap();
    assert_eq!(again, Moved { files: 2, new_files: 0, damaged_files: 1, removed_files: 2 });
    assert!(!folder.path(&bytes).exists() && folder.path(&bad).exists());
    assert_eq!(fs::read(object(&server, &other)).unwrap(), other);
    assert_eq!(moving.verify().await.unwrap().len(), 1, "the damaged one");
    assert!(move_files(folder.evidence.place(), true).await.unwrap().is_none(), "there is nowhere to move to");
}

#[tokio::test]
async fn a_wrong_size_under_the_right_hash_does_not_share_its_way() {
    let bytes = pdf(1_000);
    let (mut house, server) = house(&[("tan-phu", &bytes)]).await;
    house.evidence.patience = Duration::ZERO;
    let gate = server.gate();
    gate.close_after(10);
    assert_eq!(told(&piece(&house.evidence, &bytes, 0, 1_000).await.unwrap()), STORING);
    reached(&gate).await;
    let named = shared::change::Evidence {
        observation: change_id(101),
        sha256: sha256(&bytes),
        name: "bien-ban.pdf".into(),
        size_bytes: 999,
    };
    let changes = vec![figure(101, "2026-10", 1), change(102, Deed::Attached(named))];
    let wrong = batch("loc-tan", 1, LogPosition::START, changes);
    house.store.append(Append { batches: vec![wrong], notes: Vec::new() }).await.unwrap();
    let state = house.evidence.offer("loc-tan", &[(sha256(&bytes), 999)], moment()).await.unwrap().remove(0);
    assert_eq!(told(&state), (FileState::Wanted, 0, ""));
    gate.open();
    held_at_last(&house.evidence, "tan-phu", &bytes).await;
}

#[tokio::test]
async fn a_copy_that_another_process_has_brought_meanwhile_is_held() {
    let (bytes, other) = (pdf(1_000), pdf(80));
    let (mut house, server) = house(&[("tan-phu", &bytes), ("tan-phu", &other)]).await;
    // The place is marked, so that what is noted below does not make it look emptied.
    assert_eq!(told(&piece(&house.evidence, &other, 0, 80).await.unwrap()).0, FileState::Held);
    house.evidence.patience = Duration::ZERO;
    let gate = server.gate();
    gate.close_after(10);
    piece(&house.evidence, &bytes, 0, 1_000).await.unwrap();
    reached(&gate).await;
    let errand = house.evidence.storing().find((sha256(&bytes), 1_000)).unwrap();
    let file = EvidenceFile { sha256: sha256(&bytes), size_bytes: 1_000, kind: "pdf".into(), received_at: moment() };
    house.store.keep_evidence(file).await.unwrap();
    fs::remove_file(coming(&house, &bytes)).unwrap();
    gate.open();
    assert!(errand.is_held(Instant::now() + Duration::from_secs(60)).await);
}

#[tokio::test]
async fn who_is_patient_waits_through_tries_that_fail() {
    let bytes = pdf(1_000);
    let (house, mut server) = house(&[("tan-phu", &bytes)]).await;
    let patient = house.beside().patient(Duration::from_secs(60));
    server.gone();
    let answer = tokio::spawn({
        let bytes = bytes.clone();
        let patient = Arc::new(patient);
        async move { piece(&patient, &bytes, 0, 1_000).await }
    });
    let others = coming(&house, &bytes);
    let came = async {
        while !fs::metadata(&others).is_ok_and(|found| found.len() == 1_000) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), came).await.unwrap();
    server.back();
    assert_eq!(told(&answer.await.unwrap().unwrap()), (FileState::Held, 1_000, ""));
    // The time is over for all that follows, too.
    let over = house.beside().patient(Duration::ZERO);
    assert_eq!(over.until(), over.until());
}

#[tokio::test]
async fn what_waits_whole_after_a_restart_is_spared_and_goes_on_by_itself() {
    let (bytes, unnamed) = (pdf(1_000), pdf(900));
    let (mut house, mut server) = house(&[("tan-phu", &bytes)]).await;
    server.gone();
    assert_eq!(told(&piece(&house.evidence, &bytes, 0, 1_000).await.unwrap()), STORING);
    fs::write(coming(&house, &unnamed), &unnamed).unwrap();
    house.evidence.storing().end(Duration::ZERO).await;
    house.again();
    server.back();
    let changed: DateTime<Utc> = fs::metadata(coming(&house, &unnamed)).unwrap().modified().unwrap().into();
    let later = changed + TimeDelta::days(tidying::PARTIAL_DAYS + 1);
    assert_eq!(house.evidence.tidy(later).await.unwrap(), 1, "what nobody names is given up");
    let held = async {
        while house.store.evidence_file(sha256(&bytes)).await.unwrap().is_none() || coming(&house, &bytes).exists() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), held).await.unwrap();
    assert_eq!(fs::read(object(&server, &bytes)).unwrap(), bytes);
}
