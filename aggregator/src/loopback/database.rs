//! A province in a PostgreSQL database: founded there, or moved there.

use super::*;
use crate::store::{
    postgres::{Address, cluster},
    sqlite::SqliteStore,
    story::twins,
};

#[tokio::test]
async fn a_province_is_founded_served_and_decided_in_a_database() {
    let place = tempfile::tempdir().unwrap();
    let (data, url) = (place.path().join("province"), cluster::database());
    let catalogue = sample::catalogue_folder().to_str().unwrap();
    let init = ["init", "--catalogue", catalogue, "--exercise", "--store", &url];
    command(&data, &init).await.unwrap();
    assert!(!data.join("store.db").exists());
    let again = command(&place.path().join("another"), &init).await.unwrap_err();
    assert!(again.contains("already") && !place.path().join("another").exists(), "{again}");
    let house = House::serve(place, data).await;
    let credential = house.join("tan-phu").await;
    let log = bodies(&[figure(1, "2026-09", 10), figure(2, "2026-10", 20), sample::evidence(3, 2, 7)]);
    let mut agent = house.agent(&credential).await;
    agent.hello(1, after(&log), LogPosition::START).await;
    agent.push(1, &log).await;
    let data = house.data.clone();
    for words in [
        &["exception", "tan-phu", "--period", "2026-09", "--cutoff", "2026-10-25", "--reason", "lũ"][..],
        &["review", "tan-phu", "CDS-17", "--period", "2026-09", "--return", "thiếu"],
        &["period", "close", "2026-01"],
        &["rankings", "--period", "2026-09"],
        &["verify"],
        &["audit", "--verify"],
    ] {
        command(&data, words).await.unwrap_or_else(|error| panic!("{words:?}: {error}"));
    }
    let backup = data.parent().unwrap().join("backup");
    for words in [["backup", backup.to_str().unwrap()], ["restore", backup.to_str().unwrap()], ["migrate", "--to"]] {
        let words = if words[0] == "migrate" { vec!["migrate", "--to", &url] } else { words.to_vec() };
        assert!(command(&data, &words).await.is_err(), "{words:?}");
    }
    assert!(!backup.exists());
    let told = command(&data, &["backup", backup.to_str().unwrap()]).await.unwrap_err();
    assert!(told.contains("pg_dump"), "{told}");
    house.stop().await;
}

#[tokio::test]
async fn a_province_moves_to_a_database_whole_or_not_at_all() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("province");
    let catalogue = sample::catalogue_folder().to_str().unwrap();
    command(&data, &["init", "--catalogue", catalogue, "--exercise"]).await.unwrap();
    let file = data.join("store.db");
    let store = SqliteStore::open(&file).unwrap();
    twins::month(&store).await;
    let before = twins::everything(&store).await;
    drop(store);
    let url = cluster::database();
    let migrate = ["migrate", "--to", &url];
    let serving = Folder::open(&data).unwrap().lock().unwrap();
    assert!(command(&data, &migrate).await.unwrap_err().contains("another serve runs"));
    drop(serving);
    cluster::outside(&url, "CREATE TABLE somebody_elses (id BIGINT)");
    assert!(command(&data, &migrate).await.unwrap_err().contains("already"));
    cluster::outside(&url, "DROP TABLE somebody_elses");
    command(&data, &migrate).await.unwrap();
    assert!(command(&data, &migrate).await.unwrap_err().contains("already"), "once");
    let store = SqliteStore::open(&file).unwrap();
    assert!(twins::everything(&store).await == before, "the file is as it was");
    drop(store);
    let moved = cluster::open(&url).await;
    for (moved, before) in twins::everything(&moved).await.lines().zip(before.lines()) {
        assert_eq!(moved, before);
    }
    // It goes on there: numbers of names, of the feed and of the history follow those of the file.
    let batch = sample::batch("minh-hung", 9, LogPosition::START, vec![figure(500, "2026-10", 1)]);
    moved.append(crate::store::Append { batches: vec![batch], notes: Vec::new() }).await.unwrap();
    moved.note("after", "", Act::of("an", SystemClock.now())).await.unwrap();
    drop(moved);
    let config = data.join("aggregator.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, format!("{text}\n[store]\nurl = \"{url}\"\n")).unwrap();
    command(&data, &["exception", "minh-hung", "--period", "2026-10", "--cutoff", "2026-11-01", "--reason", "lũ"])
        .await
        .unwrap();
    let address = Address::read(&url, None).unwrap();
    let moved = crate::store::postgres::PostgresStore::open(&address).await.unwrap();
    assert_eq!(moved.verify().await.unwrap(), []);
    assert_eq!(moved.verify_audit().await.unwrap().1, []);
    let audit = moved.audit(crate::store::AuditQuestion::newest(2)).await.unwrap();
    assert_eq!(audit.iter().map(|line| line.what.as_str()).collect::<Vec<_>>(), ["exception_set", "after"]);
}
