//! The adapter itself; what every adapter must do is told in `story`.

use super::{
    super::{Append, BatchOutcome, Resending, ReviewRequest, Store, StoreError, engine::params, sql::find_name, story},
    *,
};
use crate::sample::{self, act, batch, evidence, figure, moment};
use proptest::prelude::*;
use rusqlite::Connection;
use shared::{
    change::{Change, LogPosition},
    observation::{Decision, ObservationKey},
};

#[tokio::test]
async fn it_tells_every_story() {
    story::every_story(sample::store).await;
}

#[tokio::test]
async fn what_was_written_is_there_after_a_restart_and_others_are_noticed() {
    let (folder, store) = sample::store().await;
    let path = folder.path().join("store.db");
    let quiet = store.decisions().await.unwrap();
    let append = |before, number| Append {
        batches: vec![batch("tan-phu", 1, before, vec![figure(number, "2026-10", 1)])],
        notes: Vec::new(),
    };
    let outcomes = store.append(append(LogPosition::START, 1)).await.unwrap().outcomes;
    assert_eq!(store.decisions().await.unwrap(), quiet, "figures are no decisions");
    let BatchOutcome::Committed { position, .. } = outcomes[0] else { panic!("not committed") };
    let other = SqliteStore::open(&path).unwrap();
    sample::close(&other, "2026-01").await;
    assert_eq!(store.decisions().await.unwrap(), quiet + 1);
    drop((store, other));
    let store = SqliteStore::open(&path).unwrap();
    store.check().await.unwrap();
    assert!(matches!(store.append(append(position, 2)).await.unwrap().outcomes[0], BatchOutcome::Committed { .. }));
    assert_eq!(store.observations().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_full_store_takes_nothing_and_goes_on_when_there_is_room() {
    let (_folder, store) = sample::store().await;
    // As many pages as there are, and not one more.
    let bound = async |pages: &'static str| {
        store
            .transact(move |transaction, _| Ok(transaction.query_row(pages, params![], |row| row.get::<i64>(0))?))
            .await
    };
    bound("PRAGMA max_page_count = 1").await.unwrap();
    let append = |before, number| Append {
        batches: vec![batch("tan-phu", 1, before, vec![figure(number, "2026-10", 1)])],
        notes: Vec::new(),
    };
    let (mut position, mut taken) = (LogPosition::START, 0);
    let full = loop {
        match store.append(append(position, taken + 1)).await {
            Ok(done) => {
                let BatchOutcome::Committed { position: after, .. } = done.outcomes[0] else { panic!("not committed") };
                (position, taken) = (after, taken + 1);
            }
            Err(error) => break error,
        }
        assert!(taken < 100_000, "never full");
    };
    assert!(matches!(full, StoreError::Full) && !full.is_permanent(), "{full:?}");
    assert_eq!(store.observations().await.unwrap().len() as u64, taken, "reading goes on");
    assert!(matches!(store.note("x", &"x".repeat(9_000), act(moment())).await, Err(StoreError::Full)));
    bound("PRAGMA max_page_count = 1000000").await.unwrap();
    let done = store.append(append(position, taken + 1)).await.unwrap();
    assert!(matches!(done.outcomes[0], BatchOutcome::Committed { .. }));
    assert_eq!(store.verify().await.unwrap(), []);
    assert_eq!(store.verify_audit().await.unwrap().1, []);
}

#[tokio::test]
async fn a_failed_transaction_leaves_nothing_behind() {
    let (_folder, store) = sample::store().await;
    let failed: Result<(), StoreError> = store
        .transact(|transaction, names| {
            names.number(transaction, "new-name")?;
            Err(StoreError::Full)
        })
        .await;
    assert!(matches!(failed, Err(StoreError::Full)));
    let found = store.transact(|transaction, _| find_name(transaction, "new-name")).await.unwrap();
    assert_eq!(found, None);
    let numbers = store
        .transact(|transaction, names| Ok((names.number(transaction, "a")?, names.number(transaction, "b")?)))
        .await
        .unwrap();
    assert_ne!(numbers.0, numbers.1);
}

#[tokio::test]
async fn refuses_a_newer_store_a_missing_one_and_a_damaged_one() {
    let (folder, store) = sample::store().await;
    drop(store);
    let path = folder.path().join("store.db");
    assert!(matches!(SqliteStore::open(&folder.path().join("none.db")), Err(StoreError::Missing(_))));
    let again = SqliteStore::create(&path, sample::founding(), sample::catalogue().1, act(moment())).await;
    assert!(matches!(again, Err(StoreError::Exists(_))));
    let connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    assert!(matches!(SqliteStore::open(&path), Err(StoreError::Newer { found: 99, .. })));
    let torn = folder.path().join("torn.db");
    std::fs::write(&torn, b"this is no database, whatever its name says; it is long enough to be read as one, though")
        .unwrap();
    assert!(matches!(SqliteStore::open(&torn), Err(StoreError::Damaged(_))));
}

#[tokio::test]
async fn the_audit_history_is_only_added_to() {
    let (_folder, store) = sample::store().await;
    for sql in ["DELETE FROM audit", "UPDATE audit SET who = 'x'"] {
        let done = store.transact(move |transaction, _| Ok(transaction.execute(sql, params![])?)).await;
        assert!(done.is_err(), "{sql}");
    }
}

#[tokio::test]
async fn records_outlive_damage_to_their_journal_and_strange_names_get_no_number() {
    let (folder, store) = sample::store().await;
    let changes = vec![figure(1, "2026-10", 1), evidence(2, 1, 1), figure(3, "2026-10", 2)];
    let whole = batch("tan-phu", 1, LogPosition::START, changes);
    store.append(Append { batches: vec![whole.clone()], notes: Vec::new() }).await.unwrap();
    let before = store.observations().await.unwrap();
    let outside = Connection::open(folder.path().join("store.db")).unwrap();
    let other = proto::change::encode(&figure(3, "2026-10", 99));
    outside.execute("UPDATE journal SET body = ?1 WHERE seq = 3", [other]).unwrap();
    let resending = |indicator: &str, changes| Resending {
        commune: "tan-phu".into(),
        indicator: indicator.into(),
        period: "2026-10".parse().unwrap(),
        changes,
        last: true,
        at: moment(),
    };
    assert_eq!(store.remake(resending("CDS-17", Vec::new())).await.unwrap().repaired, 0);
    assert_eq!(store.observations().await.unwrap(), before, "another figure than the one that was acknowledged");
    // Sent again, the journal is mended; from then on it can mend the records.
    outside.execute("UPDATE observation SET amount = 7 WHERE version = 2", []).unwrap();
    let remade = store.remake(resending("CDS-17", vec![(3, whole.changes[2].body.clone())])).await.unwrap();
    assert_eq!((remade.repaired, remade.foreign), (1, 0));
    assert_eq!(store.observations().await.unwrap(), before);
    assert!(store.verify().await.unwrap().is_empty());
    store.remake(resending("NO-SUCH", Vec::new())).await.unwrap();
    let names: i64 =
        outside.query_row("SELECT count(*) FROM name WHERE text = 'NO-SUCH'", [], |row| row.get(0)).unwrap();
    assert_eq!(names, 0);
}

/// What can happen to the record tables outside this program.
const DAMAGES: [&str; 9] = [
    "DELETE FROM observation WHERE seq % 3 = 0",
    "UPDATE observation SET amount = amount + 1 WHERE seq % 2 = 0",
    "UPDATE observation SET amount = 'much' WHERE version = 2",
    "UPDATE OR REPLACE observation SET period = period + 1 WHERE version = 1",
    "UPDATE OR REPLACE observation SET version = version + 1",
    "UPDATE observation SET change_id = randomblob(16) WHERE seq % 2 = 1",
    "UPDATE evidence SET name = 'khac.pdf'",
    "UPDATE OR REPLACE evidence SET version = 7",
    "UPDATE digest SET records = records + 1",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever comes, again, from another life, refused or not: what is kept proves itself. Whatever then happens to the
    /// records: made anew from the journal they are the same as before.
    #[test]
    fn what_is_kept_proves_itself_and_is_made_anew(
        steps in prop::collection::vec((1..4u8, 0..4usize, 1..5u64, any::<bool>()), 1..12),
        damages in prop::sample::subsequence(DAMAGES.to_vec(), 0..4),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (folder, store) = sample::store().await;
            let mut held: Vec<(LogPosition, Change)> = Vec::new();
            for (life, back, count, closes) in steps {
                let from = held.len().saturating_sub(back);
                let before = from.checked_sub(1).map_or(LogPosition::START, |last| held[last].0);
                let mut changes: Vec<Change> = held[from..].iter().map(|(_, change)| change.clone()).collect();
                for number in held.len() as u64 + 1..=held.len() as u64 + count {
                    changes.push(match number % 4 {
                        0 => evidence(number, number - 1, 1),
                        1 => figure(number, "2026-09", 1),
                        _ => figure(number, "2026-10", 2),
                    });
                }
                let whole = batch("tan-phu", life, before, changes.clone());
                let append = Append { batches: vec![whole.clone()], notes: Vec::new() };
                if let BatchOutcome::Committed { .. } = store.append(append).await.unwrap().outcomes[0] {
                    held.truncate(from);
                    let mut position = before;
                    for (change, checked) in changes.into_iter().zip(whole.changes) {
                        position = position.then(&checked.body);
                        held.push((position, change));
                    }
                }
                if closes && held.len() > 8 {
                    sample::close(&store, "2026-09").await;
                }
            }
            for period in ["2026-09", "2026-10"] {
                let key = ObservationKey {
                    indicator: "CDS-17".into(),
                    unit: String::new(),
                    period: period.parse().unwrap(),
                };
                let (commune, decision, reason) = ("tan-phu".into(), Decision::Accepted, String::new());
                let request = ReviewRequest { commune, key, version: None, decision, reason, code: None, first: false };
                store.review(request, act(moment())).await.unwrap();
            }
            assert_eq!(store.verify().await.unwrap(), []);
            let before = (store.observations().await.unwrap(), store.record_digests("tan-phu").await.unwrap());
            let outside = Connection::open(folder.path().join("store.db")).unwrap();
            for damage in damages {
                outside.execute(damage, []).unwrap();
            }
            for period in ["2026-09", "2026-10", "2026-11"] {
                let resending = Resending {
                    commune: "tan-phu".into(),
                    indicator: "CDS-17".into(),
                    period: period.parse().unwrap(),
                    changes: Vec::new(),
                    last: true,
                    at: moment(),
                };
                store.remake(resending).await.unwrap();
            }
            assert_eq!(store.verify().await.unwrap(), []);
            let after = (store.observations().await.unwrap(), store.record_digests("tan-phu").await.unwrap());
            assert_eq!(after, before);
        });
    }
}
