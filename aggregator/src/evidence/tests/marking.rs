//! Whose place a bucket is: each that is not this installation's is refused by all that would write there or take files for lost.

use super::{
    bucket::{aggregator, house, piece, settings},
    *,
};
use crate::{evidence::moving::move_files, objects::ObjectsError};
use object_server::{BUCKET, ObjectServer, SECRET};

/// The mark from before there were ids.
const OF_BEFORE: &str = "tiendo-evidence 1 province dong-nai exercise true";

fn with_id(id: [u8; 16]) -> String {
    format!("tiendo-evidence 2 province dong-nai exercise true id {}", hex::encode(id))
}

async fn marked(evidence: &Evidence) -> Option<String> {
    evidence.shelf().bucket().unwrap().mark().await.unwrap()
}

async fn mark(evidence: &Evidence, line: &str) {
    evidence.shelf().bucket().unwrap().put_mark(line).await.unwrap();
}

async fn own_id(house: &House) -> [u8; 16] {
    house.store.evidence_place().await.unwrap().unwrap()
}

/// What everybody is told who would write there, or would take files for lost.
async fn refusals(house: &House, evidence: &Evidence) -> Vec<ObjectsError> {
    let before = (marked(evidence).await, house.store.evidence_place().await.unwrap());
    let held = house.store.evidence_files().await.unwrap();
    let mut told = Vec::new();
    for refused in [
        evidence.verify().await.map(|_| ()),
        evidence.repair(&sample::act(moment())).await.map(|_| ()),
        evidence.place().check().await,
        move_files(evidence.place(), true).await.map(|_| ()),
    ] {
        let Err(EvidenceError::Objects(error)) = refused else { panic!("{refused:?}") };
        assert!(error.is_of_the_place(), "{error}");
        assert!(error.advise(shared::language::Language::Vi).contains("evidence.url"));
        told.push(error);
    }
    if let Some(file) = held.first() {
        let asked = evidence.offer("tan-phu", &[(file.sha256, file.size_bytes)], moment()).await;
        let looked = evidence.shelf().bucket().unwrap().size(file.sha256).await.unwrap();
        // What is there is held, whatever the mark says; what is not is no loss.
        assert_eq!(asked.is_err(), looked != Some(file.size_bytes), "{asked:?}");
    }
    assert_eq!((marked(evidence).await, house.store.evidence_place().await.unwrap()), before, "nothing was written");
    assert_eq!(house.store.evidence_files().await.unwrap(), held);
    told
}

async fn holding(files: &[&[u8]]) -> (House, ObjectServer) {
    let named = files.iter().map(|bytes| ("tan-phu", *bytes)).collect::<Vec<_>>();
    let (house, server) = house(&named).await;
    for bytes in files {
        assert_eq!(told(&piece(&house.evidence, bytes, 0, bytes.len()).await.unwrap()).0, FileState::Held);
    }
    (house, server)
}

#[tokio::test]
async fn a_bucket_that_lacks_the_files_is_not_taken_for_one_that_lost_them() {
    let (bytes, other) = (pdf(80), pdf(90));
    let (house, server) = holding(&[&bytes, &other]).await;
    let own = with_id(own_id(&house).await);
    assert_eq!(marked(&house.evidence).await, Some(own.clone()));
    let url = Some(format!("s3://{BUCKET}/dong-nay"));
    let wrong = Settings { url, ..settings(&house, &server, SECRET) };
    let folder = crate::folder::Folder::at(&house.place.path().join("first"));
    let evidence = Evidence::new(Shelf::open(&folder, &wrong).unwrap(), Limits::default(), house.store.clone());
    // Unmarked; and, since ours has an id, with the mark of before as well.
    for line in [None, Some(OF_BEFORE)] {
        if let Some(line) = line {
            mark(&evidence, line).await;
        }
        for error in refusals(&house, &evidence).await {
            let ObjectsError::Unmarked { missing: 2, looked: 2, mark, .. } = &error else { panic!("{error}") };
            assert_eq!(*mark, own);
        }
    }
    for foreign in ["tiendo-evidence 1 province tay-ninh exercise true", "tiendo-evidence 2 province dong-nai id 7", ""]
    {
        mark(&evidence, foreign).await;
        for error in refusals(&house, &evidence).await {
            assert!(matches!(error, ObjectsError::OtherProvince { .. }), "{error}");
        }
    }
    // Really lost, as a person has said by the mark.
    mark(&evidence, &own).await;
    assert_eq!(evidence.repair(&sample::act(moment())).await.unwrap(), 2);
}

#[tokio::test]
async fn a_bucket_of_another_installation_is_not_ours_whatever_its_province_is_called() {
    let (bytes, other) = (pdf(80), pdf(90));
    let (first, server) = holding(&[&bytes]).await;
    let theirs = with_id(own_id(&first).await);
    let told_so = |told: Vec<ObjectsError>, expected: &str| {
        for error in told {
            let ObjectsError::OtherInstallation { found, mark, .. } = &error else { panic!("{error}") };
            assert_eq!((found, mark.as_str()), (&theirs, expected));
            assert!(error.explain(shared::language::Language::Vi).ends_with(&format!("{expected:?}")), "{error}");
        }
    };
    // Founded anew under the same name: it has never had a bucket, and holds nothing.
    let (mut second, own_server) = house(&[("tan-phu", &other)]).await;
    let at_first = aggregator(&second, &server, "first", SECRET);
    told_so(refusals(&second, &at_first).await, OF_BEFORE);
    second.evidence = at_first;
    second.evidence.patience = Duration::ZERO;
    let storing = piece(&second.evidence, &other, 0, 90).await.unwrap();
    assert_eq!(told(&storing).2, BEING_STORED);
    let errand = second.evidence.storing().find((sha256(&other), 90));
    if let Some(errand) = errand {
        assert!(!errand.is_held(Instant::now() + Duration::from_secs(60)).await);
    }
    assert!(second.store.evidence_files().await.unwrap().is_empty(), "nothing is put there");
    // With a bucket and an id of its own, also where the other has the file that it holds.
    second.evidence = aggregator(&second, &own_server, "third", SECRET);
    piece(&second.evidence, &other, 0, 90).await.unwrap();
    let at_first = aggregator(&second, &server, "fourth", SECRET);
    told_so(refusals(&second, &at_first).await, &with_id(own_id(&second).await));
    let file = second.store.evidence_files().await.unwrap().remove(0);
    let path = second.place.path().join("copy");
    fs::write(&path, &other).unwrap();
    at_first.shelf().bucket().unwrap().put(&path, file.sha256, 90).await.unwrap();
    told_so(refusals(&second, &at_first).await, &with_id(own_id(&second).await));
    // Ours was emptied, and another has begun to use it.
    fs::remove_dir_all(server.object("dong-nai")).unwrap();
    let third = with_id([3; 16]);
    mark(&first.evidence, &third).await;
    for error in refusals(&first, &first.evidence).await {
        assert!(matches!(&error, ObjectsError::OtherInstallation { found, .. } if *found == third), "{error}");
    }
}

#[tokio::test]
async fn marks_of_before_and_restored_stores_go_on() {
    let (bytes, other) = (pdf(80), pdf(90));
    // Marked before there were ids: known by its name when it is first met, whatever is missing.
    let (second, server) = house(&[("tan-phu", &bytes), ("tan-phu", &other)]).await;
    mark(&second.evidence, OF_BEFORE).await;
    second.evidence.place().check().await.unwrap();
    assert_eq!(marked(&second.evidence).await.as_deref(), Some(OF_BEFORE), "who only looks writes nothing");
    assert!(second.store.evidence_place().await.unwrap().is_none());
    piece(&second.evidence, &bytes, 0, 80).await.unwrap();
    let own = with_id(own_id(&second).await);
    assert_eq!(marked(&second.evidence).await, Some(own.clone()));
    // Never marked, or marked by the program of before after a way back: known by its files.
    fs::remove_file(server.object("dong-nai/province.txt")).unwrap();
    assert!(second.evidence.verify().await.unwrap().is_empty());
    assert_eq!(marked(&second.evidence).await, Some(own.clone()));
    mark(&second.evidence, OF_BEFORE).await;
    assert!(second.evidence.verify().await.unwrap().is_empty());
    assert_eq!(marked(&second.evidence).await, Some(own));
    // A store restored from before it had an id takes it from the bucket that has its files.
    let (restored, _) = house(&[("tan-phu", &bytes)]).await;
    let held = second.store.evidence_files().await.unwrap().remove(0);
    restored.store.keep_evidence(held).await.unwrap();
    let evidence = aggregator(&restored, &server, "fifth", SECRET);
    evidence.place().check().await.unwrap();
    assert!(restored.store.evidence_place().await.unwrap().is_none(), "who only looks writes nothing");
    assert!(evidence.verify().await.unwrap().is_empty());
    assert_eq!(own_id(&restored).await, own_id(&second).await);
    assert_eq!(restored.store.name_evidence_place([9; 16]).await.unwrap(), own_id(&second).await, "the first stays");
}

#[tokio::test]
async fn a_restored_store_knows_its_bucket_where_the_folder_has_the_files_as_well() {
    let (bytes, other) = (pdf(80), pdf(90));
    let (first, server) = holding(&[&bytes]).await;
    let (restored, _own) = house(&[("tan-phu", &bytes), ("tan-phu", &other)]).await;
    let held = first.store.evidence_files().await.unwrap().remove(0);
    restored.store.keep_evidence(held.clone()).await.unwrap();
    let evidence = aggregator(&restored, &server, "sixth", SECRET);
    let place = |bytes: &[u8]| evidence.shelf().path(sha256(bytes));
    let put_here = |bytes: &[u8]| {
        fs::create_dir_all(place(bytes).parent().unwrap()).unwrap();
        fs::write(place(bytes), bytes).unwrap();
    };
    put_here(&bytes);
    evidence.place().check().await.unwrap();
    // What lies here alone, and was never moved there, does not make it another's.
    put_here(&other);
    restored.store.keep_evidence(EvidenceFile { sha256: sha256(&other), size_bytes: 90, ..held }).await.unwrap();
    evidence.place().mark().await.unwrap();
    assert_eq!(own_id(&restored).await, own_id(&first).await);
    // None of its files there: another's.
    fs::remove_file(object_of(&server, &bytes)).unwrap();
    let (stranger, _own) = house(&[("tan-phu", &bytes)]).await;
    let files = restored.store.evidence_files().await.unwrap();
    for file in files {
        stranger.store.keep_evidence(file).await.unwrap();
    }
    let evidence = aggregator(&stranger, &server, "seventh", SECRET);
    for bytes in [&bytes, &other] {
        let path = evidence.shelf().path(sha256(bytes));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    assert!(evidence.place().check().await.is_err());
}

fn object_of(server: &ObjectServer, bytes: &[u8]) -> PathBuf {
    let name = hex::encode(sha256(bytes));
    server.object(&format!("dong-nai/{}/{name}", &name[..2]))
}
