//! The adapter itself; what every adapter must do is told in `story`.

use super::{
    super::{BatchOutcome, story},
    *,
};
use crate::sample::{self, act, batch, figure, moment};
use rusqlite::Connection;
use shared::change::LogPosition;

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
    other.close_period("2026-01".parse().unwrap(), act(moment())).await.unwrap();
    assert_eq!(store.decisions().await.unwrap(), quiet + 1);
    drop((store, other));
    let store = SqliteStore::open(&path).unwrap();
    store.check().await.unwrap();
    assert!(matches!(store.append(append(position, 2)).await.unwrap().outcomes[0], BatchOutcome::Committed { .. }));
    assert_eq!(store.observations().await.unwrap().len(), 2);
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
    let found = store.transact(|transaction, _| names::find(transaction, "new-name")).await.unwrap();
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
        let done = store.transact(move |transaction, _| Ok(transaction.execute(sql, [])?)).await;
        assert!(done.is_err(), "{sql}");
    }
}
