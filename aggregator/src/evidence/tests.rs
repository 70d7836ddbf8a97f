//! Files in pieces: every place at which an upload can stop, every reason for which a file is not taken.

use super::*;
use crate::{
    sample::{self, batch, change, change_id, figure, moment},
    store::{Append, sqlite::SqliteStore},
};
use sha2::{Digest, Sha256};
use shared::change::{Deed, LogPosition};
use std::fs;
use tempfile::TempDir;

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
        let evidence = Evidence::new(place.path().join("evidence"), limits, store.clone());
        Self { place, store, evidence }
    }

    /// The same after a restart.
    fn again(&mut self) {
        self.evidence = Evidence::new(self.place.path().join("evidence"), self.evidence.limits, self.store.clone());
    }

    async fn offer(&self, commune: &str, bytes: &[u8]) -> HeldFile {
        let files = [(sha256(bytes), bytes.len() as u64)];
        self.evidence.offer(commune, &files, moment()).await.unwrap().remove(0)
    }

    async fn keep(&self, commune: &str, sha256: [u8; 32], offset: usize, data: &[u8]) -> HeldFile {
        let data = Bytes::copy_from_slice(data);
        self.evidence.keep(commune, sha256, offset as u64, data, moment()).await.unwrap()
    }

    fn path(&self, bytes: &[u8]) -> PathBuf {
        Evidence::path(&self.place.path().join("evidence"), sha256(bytes))
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
async fn a_crash_at_the_end_loses_nothing_and_a_lost_file_is_asked_for_again() {
    let bytes = pdf(80);
    let mut house = House::with(&[("tan-phu", &bytes)], Limits::default()).await;
    // Stopped after the last byte and before the check; and after the move and before the store was told.
    let coming = house.place.path().join("evidence/partial/tan-phu").join(hex::encode(sha256(&bytes)));
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
    let coming = house.place.path().join("evidence/partial/tan-phu").join(hex::encode(sha256(&bytes)));
    let changed: DateTime<Utc> = fs::metadata(coming).unwrap().modified().unwrap().into();
    assert_eq!(house.evidence.tidy(changed + TimeDelta::days(PARTIAL_DAYS)).await.unwrap(), 0);
    let later = changed + TimeDelta::days(PARTIAL_DAYS) + TimeDelta::seconds(1);
    assert_eq!(house.evidence.tidy(later).await.unwrap(), 1);
    assert_eq!(told(&house.offer("tan-phu", &bytes).await), (FileState::Wanted, 0, ""));
}
