//! The store: whole transactions, two processes side by side, confirmation and refusal, stores that cannot be used.

use super::{figures::StoredRefusal, runs::Run, *};
use crate::fixture::{Home, now};
use shared::{
    change::LogPosition,
    feed::{FeedItem, Standing},
    observation::Value,
};
use std::time::Duration;
use uuid::Uuid;

fn refused(seq: u64, change_id: Uuid) -> (u64, Uuid, StoredRefusal) {
    (seq, change_id, StoredRefusal { code: "unknown_unit".into(), detail: "unknown_unit: \"ap-1\"".into() })
}

fn versions(home: &Home) -> Vec<Option<u32>> {
    home.store.view().history("CDS-2").unwrap().iter().map(|figure| figure.version).collect()
}

#[test]
fn a_record_and_its_change_are_written_together_or_not() {
    let mut home = Home::ready();
    home.value("CDS-2", "1").unwrap();
    let before = home.store.view().head().unwrap();
    let undone: Result<(), StoreError> = home.store.write(|writing| {
        let page = writing.view().page(0, 1 << 20, 10)?.unwrap();
        let mut change = proto::change::decode(&page.bodies[0]).unwrap();
        change.id = Uuid::from_bytes([9; 16]);
        assert_eq!(writing.record(&change, now())?, 2);
        assert_eq!(writing.view().head()?.seq, 2);
        Err(broken("something later"))
    });
    assert!(undone.is_err());
    assert_eq!(home.store.view().head().unwrap(), before);
    assert_eq!(versions(&home), [Some(1)]);
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_the_store() {
    use std::os::unix::fs::PermissionsExt;
    let mut home = Home::ready();
    home.value("CDS-2", "1").unwrap();
    for ending in ["", "-wal", "-shm"] {
        let file = home.folder.root().join(format!("store.db{ending}"));
        assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600, "{ending}");
    }
}

#[test]
fn the_log_is_a_chain_and_its_pages_end_where_they_should() {
    let mut home = Home::ready();
    assert_eq!(home.store.view().page(0, 1000, 10).unwrap(), None);
    for count in 1..=6 {
        home.value("CDS-2", &count.to_string()).unwrap();
    }
    let view = home.store.view();
    let mut position = LogPosition::START;
    for most in [1, 2, 3, 5, 6, 7] {
        let page = view.page(0, 1 << 20, most).unwrap().unwrap();
        assert_eq!(page.bodies.len(), most.min(6));
        position = page.bodies.iter().fold(LogPosition::START, |position, body| position.then(body));
        assert_eq!(page.end, position);
        assert_eq!(view.position_at(position.seq).unwrap(), Some(position));
    }
    assert_eq!(view.head().unwrap(), position);
    assert_eq!(view.page(6, 1 << 20, 10).unwrap(), None);
    let first_bytes = view.page(0, 1 << 20, 1).unwrap().unwrap().bodies[0].len();
    for (most_bytes, count) in [(0, 1), (first_bytes, 1), (first_bytes * 2 - 1, 1), (first_bytes * 2, 2)] {
        assert_eq!(view.page(0, most_bytes, 10).unwrap().unwrap().bodies.len(), count, "{most_bytes}");
    }
}

#[test]
fn two_processes_work_side_by_side() {
    let mut home = Home::ready();
    let mut service = Store::open(&home.folder).unwrap();
    home.value("CDS-2", "1").unwrap();
    assert_eq!(service.view().head().unwrap().seq, 1);
    let head = service.view().head().unwrap();
    service.write(|writing| writing.acknowledge(0, head, &[], None)).unwrap();
    assert_eq!(home.store.view().acknowledged().unwrap(), head);
    // Writers take turns; each sees what the other has written.
    let folder = home.folder.clone();
    let other = std::thread::spawn(move || {
        let mut store = Store::open(&folder).unwrap();
        for _ in 0..50 {
            store
                .write(|writing| {
                    let page = writing.view().page(0, 1 << 20, 1)?.unwrap();
                    let mut change = proto::change::decode(&page.bodies[0]).unwrap();
                    change.id = Uuid::from_u128(u128::from(writing.view().head()?.seq));
                    writing.record(&change, now())
                })
                .map_err(|error: StoreError| error)
                .unwrap();
        }
    });
    for count in 0..50 {
        home.value("CDS-2", &count.to_string()).unwrap();
    }
    other.join().unwrap();
    let view = home.store.view();
    assert_eq!(view.head().unwrap().seq, 101);
    assert_eq!(view.page(0, 1 << 30, 1000).unwrap().unwrap().end, view.head().unwrap());
    assert_eq!(versions(&home), (1..=101).map(Some).collect::<Vec<_>>());
}

#[test]
fn refusals_stay_with_their_version_and_the_others_are_counted_anew() {
    let mut home = Home::ready();
    let ids: Vec<Uuid> = (1..=3).map(|count| home.value("CDS-2", &count.to_string()).unwrap().change_id).collect();
    let at = |home: &Home, seq| home.store.view().position_at(seq).unwrap().unwrap();
    let position = at(&home, 2);
    home.store.write(|writing| writing.acknowledge(0, position, &[refused(1, ids[0])], None)).unwrap();
    assert_eq!(versions(&home), [None, Some(1), Some(2)]);
    assert_eq!(home.store.view().refused_count().unwrap(), 1);
    assert!(home.store.view().refused_figures().unwrap().is_empty(), "entered anew since");
    let position = at(&home, 3);
    home.store.write(|writing| writing.acknowledge(2, position, &[refused(3, ids[2])], None)).unwrap();
    assert_eq!(versions(&home), [None, Some(1), None]);
    let open = home.store.view().refused_figures().unwrap();
    assert_eq!(open[0].observation.value, Value::Count(3));
    assert_eq!(open[0].refusal.as_ref().unwrap().code, "unknown_unit");
    assert_eq!(home.value("CDS-2", "4").unwrap().version, 2);
    assert!(home.store.view().refused_figures().unwrap().is_empty());
    // A province restored from a backup may take what it refused before.
    home.store.write(|writing| writing.acknowledge(0, LogPosition::START, &[], None)).unwrap();
    let position = at(&home, 4);
    home.store.write(|writing| writing.acknowledge(0, position, &[refused(3, Uuid::nil())], None)).unwrap();
    assert_eq!(versions(&home), [Some(1), Some(2), None, Some(3)]);
}

#[test]
fn a_refusal_of_something_else_changes_nothing() {
    let mut home = Home::ready();
    home.value("CDS-2", "1").unwrap();
    let head = home.store.view().head().unwrap();
    let stranger = [refused(1, Uuid::from_bytes([1; 16]))];
    assert!(home.store.write(|writing| writing.acknowledge(0, head, &stranger, None)).is_err());
    assert_eq!(home.store.view().acknowledged_seq().unwrap(), 0);
}

#[test]
fn the_feed_replaces_what_was_held() {
    let mut home = Home::ready();
    let october = "2026-10".parse().unwrap();
    let standing = |period: &str, score: &str| Standing {
        scheme: "own".into(),
        period: period.parse().unwrap(),
        rank: Some(2),
        ranked_communes: 5,
        score: score.into(),
        met: 1,
        scored: 4,
        on_time: "1.0000".into(),
        movement: String::new(),
        provisional: 1,
        computed_at: now(),
        lines: Vec::new(),
    };
    home.receive(&[
        FeedItem::Closed { period: october, closed: true },
        FeedItem::Exception { period: october, cutoff: Some("2026-10-22".parse().unwrap()), reason: "bão".into() },
        FeedItem::Standing(standing("2026-09", "50.00")),
        FeedItem::Standing(standing("2026-10", "60.00")),
        FeedItem::Standing(standing("2026-10", "61.00")),
    ]);
    let view = home.store.view();
    assert!(view.closed_periods().unwrap().contains(&october));
    assert_eq!(view.exceptions().unwrap()[0].cutoff, "2026-10-22");
    assert_eq!(view.standing("own", None).unwrap().unwrap(), standing("2026-10", "61.00"));
    assert_eq!(view.standing("own", Some("2026-09".parse().unwrap())).unwrap().unwrap().score, "50.00");
    assert_eq!(view.standing("common", None).unwrap(), None);
    assert_eq!((view.catalogue_version().unwrap(), view.feed_position().unwrap()), (3, 1));
    home.receive(&[
        FeedItem::Closed { period: october, closed: false },
        FeedItem::Exception { period: october, cutoff: None, reason: String::new() },
    ]);
    home.receive(&[FeedItem::Standing(standing("2026-09", "52.00"))]);
    assert_eq!(
        home.store.view().standing("own", None).unwrap().unwrap().score,
        "52.00",
        "the later month is out of date"
    );
    assert!(home.store.view().closed_periods().unwrap().is_empty());
    assert!(home.store.view().exceptions().unwrap().is_empty());
}

#[test]
fn another_life_of_the_province_begins_with_nothing_decided() {
    let mut home = Home::ready();
    let october = "2026-10".parse().unwrap();
    home.store.write(|writing| writing.set_epoch(&[1; 16])).unwrap();
    home.receive(&[FeedItem::Closed { period: october, closed: true }]);
    home.store.write(|writing| writing.set_epoch(&[1; 16])).unwrap();
    assert_eq!(home.store.view().feed_position().unwrap(), 1);
    home.store.write(|writing| writing.set_epoch(&[2; 16])).unwrap();
    // The stream may be cut here: nothing is lost until the whole feed has come, and all of it is asked for.
    assert!(home.store.view().closed_periods().unwrap().contains(&october));
    let asked = crate::uplink::exchange::facts(home.store.view(), Vec::new(), 0).unwrap();
    assert_eq!((asked.feed_position, asked.catalogue_version), (0, 0));
    home.receive(&[FeedItem::Exception {
        period: october,
        cutoff: Some("2026-10-22".parse().unwrap()),
        reason: "bão".into(),
    }]);
    let view = home.store.view();
    assert!(view.closed_periods().unwrap().is_empty());
    assert_eq!((view.exceptions().unwrap().len(), view.catalogue_version().unwrap()), (1, 3));
}

#[test]
fn the_last_sessions_are_remembered() {
    let mut home = Home::joined();
    let run = |minute: i64, outcome: &str| Run {
        started_at: now() + chrono::TimeDelta::minutes(minute),
        ended_at: now() + chrono::TimeDelta::minutes(minute),
        outcome: outcome.into(),
        detail: String::new(),
        sent: 1,
        acknowledged: 1,
        refused: 0,
        skew_ms: Some(minute),
        wait: Some(Duration::from_secs(5)),
    };
    // Whatever counts as good is kept, not only what went through to its end.
    for (begin, good) in [(0, "done"), (1_000, "evidence_pending"), (2_000, "not_compared")] {
        home.store.write(|writing| writing.add_run(&run(begin, good))).unwrap();
        for minute in begin + 1..=begin + 250 {
            home.store.write(|writing| writing.add_run(&run(minute, "unreachable"))).unwrap();
        }
        let view = home.store.view();
        assert_eq!(view.last_run().unwrap(), Some(run(begin + 250, "unreachable")));
        assert_eq!(view.last_success().unwrap(), Some(run(begin, good)));
        assert_eq!(view.last_skew_ms().unwrap(), Some(begin + 250));
        let kept: i64 = view.0.query_row("SELECT count(*) FROM sync_run", [], |row| row.get(0)).unwrap();
        assert_eq!(kept, 201);
    }
}

#[test]
fn stores_that_cannot_be_used_are_refused_plainly() {
    let home = tempfile::tempdir().unwrap();
    let folder = Folder::at(home.path());
    assert!(matches!(Store::open(&folder), Err(StoreError::NotJoined)));
    drop(Store::open_or_create(&folder).unwrap());
    assert!(matches!(Store::open(&folder), Err(StoreError::NotJoined)), "belongs to nobody yet");
    let connection = Connection::open(folder.store()).unwrap();
    connection.pragma_update(None, "user_version", schema::NEWEST + 1).unwrap();
    drop(connection);
    let newer = Store::open(&folder).unwrap_err();
    assert!(matches!(newer, StoreError::Newer { .. }));
    std::fs::write(folder.store(), b"this is no database, it only looks like a file").unwrap();
    assert!(matches!(Store::open(&folder), Err(StoreError::Damaged(_))));
    assert!(newer.explain(Language::Vi).contains("cập nhật"));
}

/// What a table holds, row by row in an order of its own.
fn rows(connection: &Connection, (table, columns): &(String, String)) -> Vec<String> {
    let listed = columns.replace(", ", ") || '|' || quote(");
    let own = if table == "meta" { "WHERE name NOT LIKE 'change_%'" } else { "" };
    let mut statement = connection.prepare(&format!("SELECT quote({listed}) FROM {table} {own} ORDER BY 1")).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn a_store_of_every_version_before_is_upgraded_with_all_that_it_held() {
    let mut home = Home::ready();
    for value in ["1", "2", "3"] {
        home.value("CDS-2", value).unwrap();
    }
    let file = crate::entry::Copied { sha256: [1; 32], name: "a.pdf".into(), size_bytes: 3 };
    let (store, mut author) = home.author();
    crate::entry::attach(store, &mut author, ("CDS-2", "", "2026-10".parse().unwrap()), vec![file]).unwrap();
    let head = home.store.view().head().unwrap();
    home.store.write(|writing| writing.acknowledge(0, head, &[], None)).unwrap();
    let history = home.store.view().history("CDS-2").unwrap();
    let now = home.folder.root().join("now.db");
    home.store.connection.execute("VACUUM INTO ?1", [now.to_str().unwrap()]).unwrap();
    let held = Connection::open(&now).unwrap();
    for version in 1..schema::NEWEST {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::at(place.path());
        let tables = schema::earlier_version(&folder.store(), &now, usize::try_from(version).unwrap());
        let store = Store::open(&folder).unwrap();
        assert_eq!(schema::version(&store.connection).unwrap(), schema::NEWEST);
        assert_eq!(store.view().history("CDS-2").unwrap(), history, "version {version}");
        assert_eq!(store.view().head().unwrap(), head);
        assert!(store.view().verify().unwrap().findings.is_empty(), "version {version}");
        for table in &tables {
            assert_eq!(rows(&store.connection, table), rows(&held, table), "{version}: {table:?}");
        }
    }
}

#[test]
fn a_full_disk_is_said_and_nothing_is_lost() {
    let mut home = Home::ready();
    home.value("CDS-2", "1").unwrap();
    let pages: i64 = home.store.connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    home.store.connection.pragma_update(None, "max_page_count", pages).unwrap();
    let full = (0..10_000).find_map(|count| home.value("CDS-2", &count.to_string()).err()).unwrap();
    assert!(matches!(full, crate::entry::EntryError::Store(StoreError::Full(_))), "{full:?}");
    let view = home.store.view();
    assert_eq!(view.head().unwrap().seq, view.history("CDS-2").unwrap().len() as u64);
    home.store.check_integrity().unwrap();
}
