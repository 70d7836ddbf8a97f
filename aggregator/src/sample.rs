//! Samples for tests: the real catalogue, changes, stores in a temporary folder. No randomness, no clock.

use crate::{
    ingest::check,
    store::{
        Act, CatalogueFiles, CatalogueImport, CheckedBatch, CheckedChange, Closed, Founding, Judged, Note, SessionNote,
        Store, sqlite::SqliteStore,
    },
};
use chrono::{DateTime, TimeDelta, Utc};
use prost::bytes::Bytes;
use shared::{
    amount::Amount,
    catalogue::{Catalogue, read},
    change::{Change, Deed, Evidence, Incarnation, LogPosition},
    observation::{Observation, ObservationKey, Value},
};
use std::{fs, path::Path};
use tempfile::TempDir;
use uuid::Uuid;

/// A moment that all samples start from.
pub fn moment() -> DateTime<Utc> {
    "2026-10-16T02:00:00Z".parse().unwrap()
}

/// Someone at the province.
pub fn act(at: DateTime<Utc>) -> Act {
    Act::of("an", at)
}

/// Closes a period; whether it was open before.
pub async fn close(store: &dyn Store, period: &str) -> bool {
    let closed = crate::closing::close(store, period.parse().unwrap(), act(moment())).await.unwrap();
    assert!(!matches!(closed, Closed::Unfit(_)), "{closed:?}");
    matches!(closed, Closed::Done(_))
}

/// The folder of the province's real catalogue.
pub fn catalogue_folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/catalogue/dong-nai-2026"))
}

/// The province's real catalogue.
pub fn catalogue() -> (Catalogue, CatalogueImport) {
    let file = |name: &str| (name.to_owned(), fs::read(catalogue_folder().join(name)).unwrap());
    import_of(read::FILES.into_iter().map(file).collect())
}

/// Catalogue files as an import.
pub fn import_of(files: CatalogueFiles) -> (Catalogue, CatalogueImport) {
    let catalogue = read::read(&files).unwrap();
    let fingerprint = hex::encode(catalogue.fingerprint());
    let plan_year = catalogue.province.plan_year;
    (catalogue, CatalogueImport { files, fingerprint, plan_year })
}

/// What a test province is founded as.
pub fn founding() -> Founding {
    Founding { province: "dong-nai".into(), exercise: true, clock_offset_ms: 0 }
}

/// A new store; it goes with the folder.
pub async fn store() -> (TempDir, SqliteStore) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = SqliteStore::create(&path, founding(), catalogue().1, act(moment())).await.unwrap();
    (folder, store)
}

/// The end of a session.
pub fn session_note(commune: &str, failure: Option<&'static str>) -> Note {
    Note::Session(SessionNote {
        commune: commune.into(),
        at: moment(),
        failure,
        build: "0.1.0".into(),
        protocol: None,
        clock_skew_ms: None,
        authorities: Vec::new(),
        returned: None,
    })
}

/// A change id that is the `number`-th in time.
pub fn change_id(number: u64) -> Uuid {
    let mut bytes = [0; 16];
    bytes[..6].copy_from_slice(&(1_760_000_000_000 + number).to_be_bytes()[2..]);
    bytes[6] = 0x70;
    bytes[8] = 0x80;
    bytes[9..16].copy_from_slice(&number.to_be_bytes()[1..]);
    Uuid::from_bytes(bytes)
}

/// A figure of CDS-17, a ratio that every plan has.
pub fn figure(number: u64, period: &str, numerator: u32) -> Change {
    let value = Value::Ratio { numerator: Amount::from(numerator), denominator: Amount::from(100_000) };
    let key = ObservationKey { indicator: "CDS-17".into(), unit: String::new(), period: period.parse().unwrap() };
    change(number, Deed::Recorded(Observation { key, value, note: "ghi chú".into() }))
}

/// Evidence for an earlier change.
pub fn evidence(number: u64, of: u64, content: u8) -> Change {
    let evidence =
        Evidence { observation: change_id(of), sha256: [content; 32], name: "bc.pdf".into(), size_bytes: 10 };
    change(number, Deed::Attached(evidence))
}

/// A change that is the `number`-th in time.
pub fn change(number: u64, deed: Deed) -> Change {
    let entered_at = moment() + TimeDelta::seconds(i64::try_from(number).unwrap());
    Change { id: change_id(number), entered_at, entered_by: "Bình".into(), deed }
}

/// A batch of these changes after `before`, all fit.
pub fn batch(commune: &str, incarnation: u8, before: LogPosition, changes: Vec<Change>) -> CheckedBatch {
    let mut position = before;
    let changes = changes.into_iter().map(|change| {
        let body = Bytes::from(proto::change::encode(&change));
        position = position.then(&body);
        let judged = Judged::Fit(change);
        CheckedChange { body, chain: position.chain, hash: check::record_hash(&judged), judged }
    });
    CheckedBatch {
        commune: commune.into(),
        incarnation: Incarnation([incarnation; 16]),
        before,
        changes: changes.collect(),
        received_at: moment() + TimeDelta::minutes(1),
    }
}
