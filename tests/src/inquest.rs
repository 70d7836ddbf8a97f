//! Both ends' store files read directly and held against each other and against what clerks were told is stored. Its own reading of the
//! tables: nothing of the programs' code is trusted here.

use rusqlite::{Connection, OpenFlags};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, path::Path};

/// What was found in both stores.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Found {
    /// Changes in the agents' logs.
    pub changes: usize,
    /// Figures at the province.
    pub figures: usize,
    /// Receipts kept by the agents.
    pub receipts: i64,
}

/// A log: body and chain of each change, by seq.
type Log = BTreeMap<i64, (Vec<u8>, Vec<u8>)>;

fn open(path: &Path) -> Connection {
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("a store")
}

fn number(store: &Connection, sql: &str) -> i64 {
    store.query_row(sql, [], |row| row.get(0)).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

fn log(store: &Connection, sql: &str, commune: &str) -> Log {
    let mut statement = store.prepare(sql).expect("a log");
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, (row.get(1)?, row.get(2)?)));
    let rows = if statement.parameter_count() == 0 {
        statement.query_map([], read)
    } else {
        statement.query_map([commune], read)
    };
    rows.expect("rows").collect::<Result<_, _>>().expect("changes")
}

fn check_chain(log: &Log, whose: &str) {
    let mut chain = vec![0; 32];
    for (expected, (seq, (body, held))) in (1..).zip(log) {
        assert_eq!(*seq, expected, "{whose}: a change is missing");
        chain = Sha256::new().chain_update(&chain).chain_update(body).finalize().to_vec();
        assert_eq!(chain, *held, "{whose}: the chain breaks at {seq}");
    }
}

fn is_whole(store: &Connection, whose: &str) {
    let verdict: String = store.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).expect("a verdict");
    assert_eq!(verdict, "ok", "{whose}");
}

fn count(length: usize) -> i64 {
    i64::try_from(length).expect("a count")
}

/// Looks through a province's store and one commune's, once both are quiet. `notes` are the notes of all figures whose entry was said to
/// have succeeded; each is unique.
///
/// # Panics
/// When a promise is broken.
pub fn hold(province: &Path, commune: &str, agent: &Path, notes: &[String]) -> Found {
    let (ours, theirs) = (open(agent), open(province));
    is_whole(&ours, commune);
    is_whole(&theirs, "province");
    let own = log(&ours, "SELECT seq, body, chain FROM change ORDER BY seq", commune);
    let held = log(
        &theirs,
        "SELECT journal.seq, body, journal.chain FROM journal JOIN head ON head.log = journal.log
         JOIN name ON name.id = head.commune WHERE name.text = ?1 ORDER BY journal.seq",
        commune,
    );
    check_chain(&own, commune);
    check_chain(&held, "province");
    assert_eq!(own, held, "{commune}: the two logs differ");
    let changes = count(own.len());
    let acknowledged = number(&ours, "SELECT coalesce((SELECT value FROM meta WHERE name = 'acknowledged_seq'), 0)");
    assert_eq!(acknowledged, changes, "{commune}: not everything is acknowledged");
    let without = "SELECT (SELECT count(*) FROM figure WHERE seq NOT IN (SELECT seq FROM change))
                        + (SELECT count(*) FROM evidence WHERE seq NOT IN (SELECT seq FROM change))";
    assert_eq!(number(&ours, without), 0, "{commune}: a record without its change");
    let refused = number(&ours, "SELECT count(*) FROM figure WHERE refusal_code IS NOT NULL");
    let mut statement = theirs
        .prepare(
            "SELECT note, count(*) FROM observation JOIN name ON name.id = commune WHERE name.text = ?1 GROUP BY note",
        )
        .expect("figures");
    let rows = statement.query_map([commune], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)));
    let stored: BTreeMap<String, i64> = rows.expect("rows").collect::<Result<_, _>>().expect("figures");
    assert!(stored.values().all(|count| *count == 1), "{commune}: stored twice: {stored:?}");
    let lost: Vec<_> = notes.iter().filter(|note| !stored.contains_key(*note)).collect();
    assert!(count(lost.len()) <= refused, "{commune}: lost: {lost:?}, {refused} refused");
    let mut statement = theirs
        .prepare("SELECT count(*) FROM evidence JOIN name ON name.id = commune WHERE name.text = ?1")
        .expect("files");
    let attached: i64 = statement.query_row([commune], |row| row.get(0)).expect("files");
    assert_eq!(count(stored.len()) + attached + refused, changes, "{commune}: records at the province and changes");
    let receipts = number(&ours, "SELECT count(*) FROM receipt");
    let last = number(&ours, "SELECT coalesce(max(seq), 0) FROM receipt");
    assert_eq!(last, changes, "{commune}: no receipt for the last change");
    Found { changes: own.len(), figures: stored.len(), receipts }
}
