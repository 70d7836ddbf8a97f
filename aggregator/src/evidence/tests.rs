//! Files in pieces: every place at which an upload can stop, every reason for which a file is not taken.

use super::*;
use crate::{
    sample::{self, batch, change, change_id, figure, moment},
    store::{Append, Flaw, OpeningQuestion, sqlite::SqliteStore},
};
use chrono::TimeDelta;
use sha2::{Digest, Sha256};
use shared::change::{Deed, Incarnation, LogPosition};
use std::fs;
use tempfile::TempDir;

mod bucket;
mod marking;

struct House {
    place: TempDir,
    store: Arc<SqliteStore>,
    evidence: Evidence,
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

fn pdf(size: usize) -> Vec<u8> {
    let mut bytes = b"%PDF-1.7\n".to_vec();
    let end = b"\n%%EOF\n";
    bytes.extend((bytes.len()..size.saturating_sub(end.len())).map(|n| (n % 251) as u8));
    bytes.extend_from_slice(end);
    bytes
}

impl House {
    /// A province in which each commune has named its files.
    async fn with(files: &[(&str, &[u8])], limits: Limits) -> Self {
        let (place, store) = sample::store().await;
        let mut heads = std::collections::HashMap::new();
        for (number, (commune, bytes)) in (0u64..).zip(files) {
            let named = shared::change::Evidence {
                observation: change_id(10 * number + 1),
                sha256: sha256(bytes),
                name: "bien-ban.pdf".into(),
                size_bytes: bytes.len() as u64,
            };
            let changes = vec![figure(10 * number + 1, "2026-10", 1), change(10 * number + 2, Deed::Attached(named))];
            let head = heads.entry(*commune).or_insert(LogPosition::START);
            let batch = batch(commune, 1, *head, changes);
            *head = batch.after();
            store.append(Append { batches: vec![batch], notes: Vec::new() }).await.unwrap();
        }
        let store = Arc::new(store);
        let evidence = Evidence::new(Shelf::at(place.path().join("evidence")), limits, store.clone());
        Self { place, store, evidence }
    }

    /// The same after a restart.
    fn again(&mut self) {
        self.evidence = self.beside();
    }

    /// The same as another process has it.
    fn beside(&self) -> Evidence {
        Evidence::new(self.evidence.shelf().clone(), self.evidence.limits, self.store.clone())
    }

    async fn offer(&self, commune: &str, bytes: &[u8]) -> HeldFile {
        let files = [(sha256(bytes), bytes.len() as u64)];
        self.evidence.offer(commune, &files, moment()).await.unwrap().remove(0)
    }

    async fn keep(&self, commune: &str, sha256: [u8; 32], offset: usize, data: &[u8]) -> HeldFile {
        let data = Bytes::copy_from_slice(data);
        self.evidence.keep(commune, sha256, offset as u64, data, moment()).await.unwrap()
    }

    fn coming(&self, commune: &str, bytes: &[u8]) -> PathBuf {
        let name = format!("{}.{}", hex::encode(sha256(bytes)), bytes.len());
        self.place.path().join("evidence/partial").join(commune).join(name)
    }

    fn path(&self, bytes: &[u8]) -> PathBuf {
        self.evidence.shelf().path(sha256(bytes))
    }
}

fn told(file: &HeldFile) -> (FileState, u64, &str) {
    (file.state(), file.held_bytes, &file.code)
}

#[tokio::test]
async fn an_upload_goes_on_where_it_was_cut() {
    let bytes = pdf(1_000);
    for piece in [1, 333, 999, 1_000] {
        let mut house = House::with(&[("tan-phu", &bytes)], Limits::default()).await;
        let mut held = 0;
        while held < bytes.len() {
            assert_eq!(told(&house.offer("tan-phu", &bytes).await), (FileState::Wanted, held as u64, ""));
            // A piece that belongs elsewhere changes nothing, and tells where to go on.
            let elsewhere = house.keep("tan-phu", sha256(&bytes), held + 1, b"x").await;
            assert_eq!(told(&elsewhere), (FileState::Wanted, held as u64, ""));
            let end = (held + piece).min(bytes.len());
            let state = house.keep("tan-phu", sha256(&bytes), held, &bytes[held..end]).await;
            held = end;
            if held < bytes.len() {
                assert_eq!(told(&state), (FileState::Wanted, held as u64, ""));
            } else {
                assert_eq!(told(&state), (FileState::Held, held as u64, ""));
            }
            if piece > 1 {
                house.again();
            }
        }
        assert_eq!(fs::read(house.path(&bytes)).unwrap(), bytes);
        assert_eq!(told(&house.offer("tan-phu", &bytes).await), (FileState::Held, 1_000, ""));
        assert_eq!(house.store.evidence_files().await.unwrap()[0].kind, "pdf");
        assert_eq!(house.store.contacts().await.unwrap()[0].evidence_pending_bytes, 0);
        assert!(house.evidence.verify().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn what_is_not_what_was_named_is_not_taken() {
    let (good, text) = (pdf(100), b"no document at all, whatever its name says".to_vec());
    let house = House::with(&[("tan-phu", &good), ("tan-phu", &text), ("tan-phu", b"")], Limits::default()).await;
    assert_eq!(told(&house.offer("tan-phu", b"").await), (FileState::Refused, 0, "kind_not_allowed"));
    // Another commune's, nobody's, and another size.
    assert_eq!(told(&house.offer("loc-tan", &good).await), (FileState::Refused, 0, "not_evidence"));
    assert_eq!(told(&house.keep("loc-tan", sha256(&good), 0, &good).await).2, "not_evidence");
    assert_eq!(told(&house.offer("tan-phu", b"unheard of").await).2, "not_evidence");
    let wrong_size = house.evidence.offer("tan-phu", &[(sha256(&good), 99)], moment()).await.unwrap();
    assert_eq!(told(&wrong_size[0]).2, "not_evidence");
    // Other bytes of the same length: wanted again from the beginning.
    let forged = vec![7; good.len()];
    assert_eq!(told(&house.keep("tan-phu", sha256(&good), 0, &forged[..60]).await), (FileState::Wanted, 60, ""));
    // More than there is to come changes nothing.
    assert_eq!(told(&house.keep("tan-phu", sha256(&good), 60, &forged[..41]).await), (FileState::Wanted, 60, ""));
    let state = house.keep("tan-phu", sha256(&good), 60, &forged[60..]).await;
    assert_eq!(told(&state), (FileState::Wanted, 0, "checksum"));
    assert_eq!(told(&house.keep("tan-phu", sha256(&good), 0, &good).await).0, FileState::Held);
    // Of a kind that is not allowed: refused, and not asked for again.
    let pending = house.store.contacts().await.unwrap()[0].evidence_pending_bytes;
    assert_eq!(pending, text.len() as u64);
    assert_eq!(told(&house.keep("tan-phu", sha256(&text), 0, &text).await).2, "kind_not_allowed");
    assert_eq!(told(&house.offer("tan-phu", &text).await), (FileState::Refused, 0, "kind_not_allowed"));
    assert_eq!(house.store.contacts().await.unwrap()[0].evidence_pending_bytes, 0);
    assert!(!house.path(&text).exists());
}

#[tokio::test]
async fn the_same_bytes_of_two_communes_are_kept_once() {
    let bytes = pdf(50);
    let house = House::with(&[("tan-phu", &bytes), ("loc-tan", &bytes)], Limits::default()).await;
    house.keep("tan-phu", sha256(&bytes), 0, &bytes).await;
    assert_eq!(told(&house.offer("loc-tan", &bytes).await).0, FileState::Held);
    assert_eq!(house.store.evidence_files().await.unwrap().len(), 1);
}

#[tokio::test]
async fn there_are_limits_for_a_file_and_for_a_commune() {
    let mib = |seed: u8, size: usize| [b"%PDF-1.7\n".to_vec(), vec![seed; size - 16], b"\n%%EOF\n".to_vec()].concat();
    let (first, second, large) = (mib(1, MIB as usize), mib(2, MIB as usize), mib(3, MIB as usize + 1));
    let limits = Limits { max_file_mib: 1, max_commune_mib: 1 };
    let files = [("tan-phu", &first[..]), ("tan-phu", &second), ("tan-phu", &large), ("loc-tan", &second)];
    let house = House::with(&files, limits).await;
    assert_eq!(told(&house.offer("tan-phu", &large).await), (FileState::Refused, 0, "file_too_large"));
    assert_eq!(told(&house.keep("tan-phu", sha256(&first), 0, &first).await).0, FileState::Held);
    assert_eq!(told(&house.offer("tan-phu", &second).await), (FileState::Refused, 0, "commune_full"));
    assert_eq!(told(&house.offer("loc-tan", &second).await).0, FileState::Wanted);
}

#[tokio::test]
async fn a_file_has_its_room_from_its_first_piece_on() {
    let mib = |seed: u8| [b"%PDF-1.7\n".to_vec(), vec![seed; MIB as usize - 16], b"\n%%EOF\n".to_vec()].concat();
    let all = [mib(1), mib(2), mib(3)];
    let files = all.iter().map(|bytes| ("tan-phu", &bytes[..])).collect::<Vec<_>>();
    let house = House::with(&files, Limits { max_file_mib: 1, max_commune_mib: 2 }).await;
    let offered = all.iter().map(|bytes| (sha256(bytes), bytes.len() as u64)).collect::<Vec<_>>();
    let states = house.evidence.offer("tan-phu", &offered, moment()).await.unwrap();
    assert_eq!(states.iter().map(|file| told(file).2).collect::<Vec<_>>(), ["", "", "commune_full"]);
    // One byte of the third, which was not promised any room, and one of the first: the second has no room any more.
    for bytes in [&all[2], &all[0]] {
        assert_eq!(told(&house.keep("tan-phu", sha256(bytes), 0, &bytes[..1]).await), (FileState::Wanted, 1, ""));
    }
    let late = house.keep("tan-phu", sha256(&all[1]), 0, &all[1]).await;
    assert_eq!(told(&late), (FileState::Refused, 0, "commune_full"));
    for bytes in [&all[2], &all[0]] {
        assert_eq!(told(&house.keep("tan-phu", sha256(bytes), 1, &bytes[1..]).await).0, FileState::Held);
    }
    assert_eq!(told(&house.offer("tan-phu", &all[1]).await).2, "commune_full");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_processes_write_to_one_file_and_neither_spoils_it() {
    let bytes = pdf(4_000);
    let house = House::with(&[("tan-phu", &bytes), ("loc-tan", &bytes)], Limits::default()).await;
    let upload = async |evidence: &Evidence, commune: &str| {
        let (mut at, mut pieces) = (0, 0);
        loop {
            let end = (at + 7).min(bytes.len());
            let data = Bytes::copy_from_slice(&bytes[at..end]);
            let state = evidence.keep(commune, sha256(&bytes), at as u64, data, moment()).await.unwrap();
            assert_ne!(told(&state).2, "checksum");
            match state.state() {
                FileState::Wanted => at = usize::try_from(state.held_bytes).unwrap(),
                FileState::Held => return,
                other => panic!("{other:?}"),
            }
            pieces += 1;
            assert!(pieces <= 4_000);
        }
    };
    let (first, second) = (house.beside(), house.beside());
    tokio::join!(
        upload(&first, "tan-phu"),
        upload(&second, "tan-phu"),
        upload(&house.evidence, "tan-phu"),
        upload(&house.evidence, "loc-tan")
    );
    assert_eq!(fs::read(house.path(&bytes)).unwrap(), bytes);
    assert!(house.evidence.verify().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_damaged_file_is_put_away_and_asked_for_again() {
    let (bytes, other) = (pdf(80), pdf(90));
    let house = House::with(&[("tan-phu", &bytes), ("tan-phu", &other)], Limits::default()).await;
    for bytes in [&bytes, &other] {
        house.keep("tan-phu", sha256(bytes), 0, bytes).await;
    }
    let act = sample::act(moment());
    assert_eq!(house.evidence.repair(&act).await.unwrap(), 0);
    fs::write(house.path(&bytes), vec![0; 80]).unwrap();
    assert_eq!(told(&house.offer("tan-phu", &bytes).await).0, FileState::Held, "the size says nothing");
    assert_eq!(house.evidence.repair(&act).await.unwrap(), 1);
    let question = OpeningQuestion {
        commune: "tan-phu".into(),
        certificate: [0; 32],
        incarnation: Incarnation([1; 16]),
        head_seq: 0,
        acknowledged_seq: 0,
    };
    assert_eq!(house.store.opening(question).await.unwrap().evidence_losses, 1);
    assert_eq!(house.store.audit(crate::store::AuditQuestion::newest(1)).await.unwrap()[0].what, "evidence_lost");
    assert_eq!(house.store.contacts().await.unwrap()[0].evidence_pending_bytes, 80);
    let aside = house.place.path().join("evidence/damaged").join(hex::encode(sha256(&bytes)));
    assert_eq!(fs::read(&aside).unwrap(), vec![0; 80]);
    assert_eq!(told(&house.offer("tan-phu", &bytes).await), (FileState::Wanted, 0, ""));
    // What lies in its place although nothing is held is looked at, too.
    fs::write(house.path(&bytes), vec![1; 80]).unwrap();
    assert_eq!(told(&house.keep("tan-phu", sha256(&bytes), 0, &bytes).await).0, FileState::Held);
    assert_eq!((fs::read(house.path(&bytes)).unwrap(), fs::read(aside).unwrap()), (bytes, vec![1; 80]));
    assert!(house.evidence.verify().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_crash_at_the_end_loses_nothing_and_a_lost_file_is_asked_for_again() {
    let bytes = pdf(80);
    let mut house = House::with(&[("tan-phu", &bytes)], Limits::default()).await;
    // Stopped after the last byte and before the check; and after the move and before the store was told.
    let coming = house.coming("tan-phu", &bytes);
    for path in [coming, house.path(&bytes)] {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &bytes).unwrap();
        house.again();
        assert_eq!(told(&house.offer("tan-phu", &bytes).await).0, FileState::Held, "{}", path.display());
        assert!(house.path(&bytes).exists());
        // Lost from the disk although the store has it.
        fs::remove_file(house.path(&bytes)).unwrap();
        assert_eq!(house.evidence.verify().await.unwrap()[0].flaw, Flaw::File);
        assert_eq!(told(&house.offer("tan-phu", &bytes).await), (FileState::Wanted, 0, ""));
    }
    house.keep("tan-phu", sha256(&bytes), 0, &bytes).await;
    fs::write(house.path(&bytes), vec![0; 80]).unwrap();
    assert_eq!(house.evidence.verify().await.unwrap().len(), 1, "other bytes of the same length");
}

#[tokio::test]
async fn what_nobody_goes_on_with_is_given_up() {
    let bytes = pdf(80);
    let house = House::with(&[("tan-phu", &bytes)], Limits::default()).await;
    assert_eq!(house.evidence.tidy(moment()).await.unwrap(), 0, "nothing is there yet");
    house.keep("tan-phu", sha256(&bytes), 0, &bytes[..10]).await;
    let coming = house.coming("tan-phu", &bytes);
    let changed: DateTime<Utc> = fs::metadata(coming).unwrap().modified().unwrap().into();
    assert_eq!(house.evidence.tidy(changed + TimeDelta::days(tidying::PARTIAL_DAYS)).await.unwrap(), 0);
    let later = changed + TimeDelta::days(tidying::PARTIAL_DAYS) + TimeDelta::seconds(1);
    assert_eq!(house.evidence.tidy(later).await.unwrap(), 1);
    assert_eq!(told(&house.offer("tan-phu", &bytes).await), (FileState::Wanted, 0, ""));
}
