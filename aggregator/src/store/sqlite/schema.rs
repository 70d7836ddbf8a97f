//! The tables, their migrations, and what is asked of the engine before any of them is touched.
//!
//! Times are milliseconds since 1970; periods are packed (see `columns`); slugs and codes are numbered in `name`.

use super::super::{
    StoreError,
    engine::Connection as Asked,
    sql::{chain_audit, rebuild_digests},
};
use rusqlite::{Connection, OpenFlags, Transaction};
use rusqlite_migration::{HookError, M, Migrations};
use std::{fs::OpenOptions, os::unix::fs::OpenOptionsExt, path::Path, time::Duration};

/// How long a connection waits for another process's write.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Before 3.51.3 a WAL reset can damage the database.
const OLDEST_ENGINE: i32 = 3_051_003;
/// Prepared statements kept by a connection.
const STATEMENTS: usize = 128;
/// Page cache of the connection that writes, in KiB: room for the pages that a night's communes write to in turn.
const WRITER_CACHE_KIB: u32 = 8 * 1024;
/// Page cache of a connection that reads, in KiB.
const READER_CACHE_KIB: u32 = 1024;
/// The WAL is copied back after this many pages.
const CHECKPOINT_PAGES: u32 = 4_000;

const FIRST: &str = "
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID, STRICT;
-- Slugs, indicator codes and unit codes by number. 0 stands for 'all communes' and 'the whole commune'.
CREATE TABLE name (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;

-- One change log for each incarnation of a commune's store.
CREATE TABLE log (
  id INTEGER PRIMARY KEY, commune INTEGER NOT NULL, incarnation BLOB NOT NULL, UNIQUE (commune, incarnation)
) STRICT;
CREATE TABLE head (
  commune INTEGER PRIMARY KEY, log INTEGER NOT NULL, seq INTEGER NOT NULL, chain BLOB NOT NULL, updated_at INTEGER NOT NULL
) STRICT;
-- Every change as it came. refusal: null when applied, 'parked' for a kind not known yet, else the reason.
CREATE TABLE journal (
  log INTEGER NOT NULL, seq INTEGER NOT NULL, body BLOB NOT NULL, chain BLOB NOT NULL, received_at INTEGER NOT NULL,
  refusal TEXT, PRIMARY KEY (log, seq)
) WITHOUT ROWID, STRICT;

-- Every version. amount: the numerator of a ratio, else the value; in millionths where it is an amount (text beyond 64 bits).
CREATE TABLE observation (
  commune INTEGER NOT NULL, indicator INTEGER NOT NULL, unit INTEGER NOT NULL, period INTEGER NOT NULL, version INTEGER NOT NULL,
  change_id BLOB NOT NULL, kind INTEGER NOT NULL, amount ANY NOT NULL, denominator ANY, note TEXT NOT NULL,
  entered_by TEXT NOT NULL, entered_at INTEGER NOT NULL, received_at INTEGER NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (commune, indicator, unit, period, version)
) WITHOUT ROWID, STRICT;
-- Bound to one version of one figure, as a verdict is.
CREATE TABLE evidence (
  commune INTEGER NOT NULL, indicator INTEGER NOT NULL, unit INTEGER NOT NULL, period INTEGER NOT NULL, version INTEGER NOT NULL,
  sha256 BLOB NOT NULL, name TEXT NOT NULL, size_bytes INTEGER NOT NULL, entered_by TEXT NOT NULL, entered_at INTEGER NOT NULL,
  received_at INTEGER NOT NULL, PRIMARY KEY (commune, indicator, unit, period, version, sha256)
) WITHOUT ROWID, STRICT;

CREATE TABLE verdict (
  commune INTEGER NOT NULL, indicator INTEGER NOT NULL, unit INTEGER NOT NULL, period INTEGER NOT NULL, version INTEGER NOT NULL,
  decision TEXT NOT NULL, reason TEXT NOT NULL, reviewer TEXT NOT NULL, decided_at INTEGER NOT NULL,
  PRIMARY KEY (commune, indicator, unit, period, version)
) WITHOUT ROWID, STRICT;
CREATE TABLE exception (
  commune INTEGER NOT NULL, period INTEGER NOT NULL, cutoff TEXT NOT NULL, reason TEXT NOT NULL, decided_by TEXT NOT NULL,
  decided_at INTEGER NOT NULL, PRIMARY KEY (commune, period)
) WITHOUT ROWID, STRICT;
CREATE TABLE closed_period (period INTEGER PRIMARY KEY, closed_at INTEGER NOT NULL, closed_by TEXT NOT NULL) STRICT;

-- What goes down to the communes, in the order of its commits. The payload is an encoded FeedPart; null: the catalogue.
CREATE TABLE feed (position INTEGER PRIMARY KEY AUTOINCREMENT, commune INTEGER NOT NULL, payload BLOB) STRICT;
CREATE INDEX feed_by_commune ON feed (commune, position);

CREATE TABLE catalogue_version (
  version INTEGER PRIMARY KEY, imported_at INTEGER NOT NULL, imported_by TEXT NOT NULL, fingerprint TEXT NOT NULL,
  plan_year INTEGER NOT NULL
) STRICT;
CREATE TABLE catalogue_file (
  version INTEGER NOT NULL, name TEXT NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (version, name)
) STRICT;

CREATE TABLE invitation (
  id TEXT PRIMARY KEY, secret_sha256 BLOB NOT NULL, commune INTEGER NOT NULL, created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL, used_at INTEGER
) WITHOUT ROWID, STRICT;
CREATE TABLE certificate (
  fingerprint BLOB PRIMARY KEY, serial TEXT NOT NULL, identity TEXT NOT NULL, commune INTEGER, issued_at INTEGER NOT NULL,
  not_after INTEGER NOT NULL, revoked_at INTEGER
) WITHOUT ROWID, STRICT;
CREATE INDEX certificate_by_commune ON certificate (commune, issued_at);
CREATE INDEX certificate_by_identity ON certificate (identity);

-- How the last sessions of a commune's agent ended.
CREATE TABLE contact (
  commune INTEGER PRIMARY KEY, last_attempt INTEGER NOT NULL, last_success INTEGER, last_failure TEXT, build TEXT NOT NULL
) STRICT;
-- Every write of the province, only ever added to.
CREATE TABLE audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL, detail TEXT NOT NULL
) STRICT;
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit BEGIN SELECT raise(ABORT, 'the audit history is only added to'); END;
CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit BEGIN SELECT raise(ABORT, 'the audit history is only added to'); END;
";

/// Certificates that renew themselves.
const RENEWAL: &str = "
-- generation: counts from 1 for each identity. public_key, issuer: SHA-256, null for those issued before. der: of the newest only.
ALTER TABLE certificate ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;
ALTER TABLE certificate ADD COLUMN public_key BLOB;
ALTER TABLE certificate ADD COLUMN issuer BLOB;
ALTER TABLE certificate ADD COLUMN der BLOB;
UPDATE certificate SET generation = (
  SELECT count(*) FROM certificate AS earlier WHERE earlier.identity = certificate.identity
  AND (earlier.issued_at, earlier.fingerprint) <= (certificate.issued_at, certificate.fingerprint)
);
DROP INDEX certificate_by_identity;
CREATE UNIQUE INDEX certificate_by_generation ON certificate (identity, generation);
-- SHA-256 of the certificate given for it.
ALTER TABLE invitation ADD COLUMN certificate BLOB;
-- copies: how often the commune's certificate was seen in use from two copies. authorities: those its agent trusts, 32 bytes each.
CREATE TABLE enrolment (
  commune INTEGER PRIMARY KEY, copies INTEGER NOT NULL DEFAULT 0, last_copy INTEGER, authorities BLOB
) STRICT;
";

/// The commune's log goes on under a new incarnation, so the incarnations get a table of their own; `log` keeps the first.
const PROOF: &str = "
-- The lives of a commune's store in the order in which they appended to its one log. returned_at: when it was last seen again
-- after a later one had taken its place, which means that two copies are alive.
CREATE TABLE incarnation (
  commune INTEGER NOT NULL, place INTEGER NOT NULL, incarnation BLOB NOT NULL, from_seq INTEGER NOT NULL,
  first_seen INTEGER NOT NULL, returned_at INTEGER, PRIMARY KEY (commune, place), UNIQUE (commune, incarnation)
) WITHOUT ROWID, STRICT;
INSERT INTO incarnation (commune, place, incarnation, from_seq, first_seen)
  SELECT head.commune, 1, log.incarnation, 1,
    coalesce((SELECT received_at FROM journal WHERE journal.log = head.log AND journal.seq = 1), head.updated_at)
  FROM head JOIN log ON log.id = head.log;

-- The digest of a commune's records of a period, kept with each write; what the records themselves say must be the same.
CREATE TABLE digest (
  commune INTEGER NOT NULL, period INTEGER NOT NULL, sum BLOB NOT NULL, records INTEGER NOT NULL,
  PRIMARY KEY (commune, period)
) WITHOUT ROWID, STRICT;

-- Versions entered on two branches of a commune's log, by the change that noted it.
CREATE TABLE conflict (
  commune INTEGER NOT NULL, change_id BLOB NOT NULL, earlier BLOB NOT NULL, later BLOB NOT NULL, noted_by TEXT NOT NULL,
  noted_at INTEGER NOT NULL, settled_by TEXT, settled_at INTEGER, PRIMARY KEY (commune, change_id)
) WITHOUT ROWID, STRICT;

-- Files of evidence that are held, whole and verified; and those that were whole and not allowed.
CREATE TABLE evidence_file (
  sha256 BLOB PRIMARY KEY, size_bytes INTEGER NOT NULL, kind TEXT NOT NULL, received_at INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX evidence_by_file ON evidence (commune, sha256, size_bytes);
CREATE TABLE evidence_refused (
  sha256 BLOB PRIMARY KEY, size_bytes INTEGER NOT NULL, code TEXT NOT NULL, refused_at INTEGER NOT NULL
) WITHOUT ROWID, STRICT;

ALTER TABLE contact ADD COLUMN protocol INTEGER;
ALTER TABLE contact ADD COLUMN clock_skew_ms INTEGER;
-- SHA-256 of each authority that the agent trusts, one after the other.
ALTER TABLE contact ADD COLUMN authorities BLOB;
ALTER TABLE contact ADD COLUMN digests_at INTEGER;
ALTER TABLE contact ADD COLUMN digests_differ_since INTEGER;
ALTER TABLE contact ADD COLUMN healed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE contact ADD COLUMN healed_at INTEGER;

INSERT INTO meta (key, value) VALUES ('epoch', lower(hex(randomblob(16))));
";

/// The audit history is chained; a line is changed this once.
const AUDIT: &str = "
DROP TRIGGER audit_stays;
ALTER TABLE audit ADD COLUMN chain BLOB;
";
const AUDIT_STAYS: &str = "
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit BEGIN SELECT raise(ABORT, 'the audit history is only added to'); END;
";

/// Closings with their snapshots. A period that was closed before has none.
const CLOSING: &str = "
CREATE TABLE closing (
    period INTEGER NOT NULL, revision INTEGER NOT NULL, closed_at INTEGER NOT NULL, closed_by TEXT NOT NULL,
    catalogue_version INTEGER NOT NULL, rules TEXT, as_of TEXT, digest BLOB,
    reopened_at INTEGER, reopened_by TEXT, reopen_reason TEXT,
    PRIMARY KEY (period, revision)
) STRICT, WITHOUT ROWID;
CREATE TABLE snapshot_table (
    period INTEGER NOT NULL, revision INTEGER NOT NULL, name TEXT NOT NULL, size INTEGER NOT NULL, bytes BLOB NOT NULL,
    UNIQUE (period, revision, name)
) STRICT;
INSERT INTO closing (period, revision, closed_at, closed_by, catalogue_version)
    SELECT period, 1, closed_at, closed_by, 0 FROM closed_period;
DROP TABLE closed_period;
";

/// When lights turned red or yellow, and when they were right again.
const ALERT: &str = "
CREATE TABLE alert (
    id INTEGER PRIMARY KEY, commune INTEGER NOT NULL, plan_ref TEXT NOT NULL, light TEXT NOT NULL, cause TEXT NOT NULL,
    period INTEGER NOT NULL, raised_at INTEGER NOT NULL, cleared_at INTEGER
) STRICT;
CREATE INDEX alert_standing ON alert (commune) WHERE cleared_at IS NULL;
";

/// From where something was done.
const ORIGIN: &str = "
ALTER TABLE audit ADD COLUMN origin TEXT NOT NULL DEFAULT '';
";

/// People who use the pages, their sessions, and tokens of programs. Only hashes of passwords and tokens are kept.
const ACCOUNT: &str = "
CREATE TABLE account (
    name TEXT PRIMARY KEY, person TEXT NOT NULL, role TEXT NOT NULL, commune TEXT, password TEXT,
    totp BLOB, totp_step INTEGER NOT NULL DEFAULT 0, link BLOB, link_until INTEGER,
    created_at INTEGER NOT NULL, signed_in_at INTEGER, disabled_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX account_by_link ON account (link) WHERE link IS NOT NULL;
CREATE TABLE web_session (
    token BLOB PRIMARY KEY, account TEXT NOT NULL, opened_at INTEGER NOT NULL, used_at INTEGER NOT NULL, origin TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX web_session_by_account ON web_session (account, opened_at);
CREATE TABLE api_token (
    token BLOB PRIMARY KEY, label TEXT NOT NULL, account TEXT NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT, WITHOUT ROWID;
";

/// How many certificates are revoked is asked before every session and every answer: without looking at those that are not.
const REVOKED: &str = "CREATE INDEX certificate_revoked ON certificate (revoked_at) WHERE revoked_at IS NOT NULL;";

/// Migrations in order; released ones are never changed.
fn migrations() -> Vec<M<'static>> {
    vec![
        M::up(FIRST),
        M::up(RENEWAL),
        M::up_with_hook(PROOF, |transaction: &Transaction<'_>| {
            rebuild_digests(&Asked::Sqlite(transaction)).map_err(|error| HookError::Hook(error.to_string()))
        }),
        M::up_with_hook(AUDIT, |transaction: &Transaction<'_>| {
            chain_audit(&Asked::Sqlite(transaction)).map_err(|error| HookError::Hook(error.to_string()))?;
            Ok(transaction.execute_batch(AUDIT_STAYS)?)
        }),
        M::up(CLOSING),
        M::up(ALERT),
        M::up("ALTER TABLE verdict ADD COLUMN reason_code TEXT;"),
        M::up(ORIGIN),
        M::up("CREATE TABLE reminder (key TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;"),
        M::up(ACCOUNT),
        M::up(REVOKED),
    ]
}

/// Opens a connection that writes. `create` makes the file.
pub(super) fn open_writer(path: &Path, create: bool) -> Result<Connection, StoreError> {
    if rusqlite::version_number() < OLDEST_ENGINE {
        return Err(StoreError::EngineTooOld(rusqlite::version()));
    }
    match (create, path.exists()) {
        (true, true) => return Err(StoreError::Exists(path.display().to_string())),
        (false, false) => return Err(StoreError::Missing(path.display().to_string())),
        _ => {}
    }
    if create {
        // Made here, so that nobody else can read it from its first byte on; the WAL takes over its mode.
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        made.map_err(|error| StoreError::Engine(Box::new(error)))?;
    }
    let mut connection = Connection::open_with_flags(path, flags())?;
    tune(&connection, WRITER_CACHE_KIB)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    migrate(&mut connection)?;
    Ok(connection)
}

/// Opens a connection that only reads.
pub(super) fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(path, flags())?;
    tune(&connection, READER_CACHE_KIB)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

fn flags() -> OpenFlags {
    OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX
}

fn tune(connection: &Connection, cache_kib: u32) -> Result<(), StoreError> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "cache_size", -i64::from(cache_kib))?;
    connection.pragma_update(None, "trusted_schema", false)?;
    Ok(())
}

/// The version of an open store.
pub(super) fn version(connection: &Connection) -> Result<usize, StoreError> {
    let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(found as usize)
}

/// The newest version that this program knows.
pub(super) fn known() -> usize {
    migrations().len()
}

fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let (found, known) = (version(connection)?, known());
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    if found < known {
        let engine = |error| StoreError::Engine(Box::new(error));
        Migrations::new(migrations()).to_latest(connection).map_err(engine)?;
    }
    Ok(())
}

/// Makes a store as an earlier version would have left it: its tables alone, with the rows of another one. Which tables, with their columns.
#[cfg(test)]
pub(crate) fn earlier_version(path: &Path, rows_of: &Path, version: usize) -> Vec<(String, String)> {
    let mut connection = Connection::open(path).unwrap();
    Migrations::new(migrations()).to_version(&mut connection, version).unwrap();
    connection.execute("ATTACH ?1 AS now", [rows_of.to_str().unwrap()]).unwrap();
    connection.execute("DELETE FROM main.meta", []).unwrap();
    let texts = |sql: &str| -> Vec<String> {
        let mut statement = connection.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    // What is not kept any more was empty.
    let now = texts("SELECT name FROM now.sqlite_master WHERE type = 'table'");
    let mut filled = Vec::new();
    for table in texts("SELECT name FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'") {
        if !now.contains(&table) {
            continue;
        }
        let columns = texts(&format!("SELECT name FROM pragma_table_info('{table}', 'main')")).join(", ");
        let sql = format!("INSERT INTO main.{table} ({columns}) SELECT {columns} FROM now.{table}");
        connection.execute(&sql, []).unwrap();
        filled.push((table, columns));
    }
    let younger = if version < 3 { "'epoch', 'change_kinds', 'change_schema'" } else { "''" };
    connection.execute(&format!("DELETE FROM main.meta WHERE key IN ({younger})"), []).unwrap();
    filled
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        sample::{self, batch, evidence, figure, session_note},
        store::{Append, Lineage, OpeningQuestion, Store, sqlite::SqliteStore, story::twins},
    };
    use shared::change::{Incarnation, LogPosition};

    /// What a table of an earlier version holds in a store, row by row in an order of its own.
    fn rows(connection: &Connection, schema: &str, (table, columns): &(String, String)) -> Vec<String> {
        let listed = columns.replace(", ", ") || '|' || quote(");
        let epochs = if table == "meta" { "WHERE key NOT IN ('epoch', 'change_kinds', 'change_schema')" } else { "" };
        let sql = format!("SELECT quote({listed}) FROM {schema}.{table} {epochs} ORDER BY 1");
        let mut statement = connection.prepare(&sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    #[tokio::test]
    async fn a_store_of_every_version_before_is_upgraded_with_all_that_it_held() {
        let (folder, store) = sample::store().await;
        twins::month(&store).await;
        let told = twins::everything(&store).await;
        drop(store);
        let now = folder.path().join("store.db");
        for version in 1..known() {
            let path = folder.path().join(format!("version-{version}.db"));
            let tables = earlier_version(&path, &now, version);
            assert_eq!(super::version(&Connection::open(&path).unwrap()).unwrap(), version);
            let store = SqliteStore::open(&path).unwrap();
            assert_eq!(store.verify().await.unwrap(), [], "version {version}");
            if version == known() - 1 {
                assert_eq!(store.verify_audit().await.unwrap().1, []);
                // The last one made no place for anything new.
                assert_eq!(twins::everything(&store).await, told);
            }
            drop(store);
            let connection = Connection::open(&path).unwrap();
            assert_eq!(super::version(&connection).unwrap(), known());
            connection.execute("ATTACH ?1 AS now", [now.to_str().unwrap()]).unwrap();
            for table in &tables {
                assert_eq!(rows(&connection, "main", table), rows(&connection, "now", table), "{version}: {table:?}");
            }
        }
    }

    #[tokio::test]
    async fn what_the_first_version_held_is_held_and_proved() {
        let (folder, store) = sample::store().await;
        let changes =
            vec![figure(1, "2026-09", 1), figure(2, "2026-10", 2), evidence(3, 2, 1), figure(4, "2026-10", 3)];
        let whole = batch("tan-phu", 1, LogPosition::START, changes);
        let other = batch("loc-tan", 2, LogPosition::START, vec![figure(9, "2026-10", 1)]);
        let head = whole.after();
        let notes = vec![session_note("tan-phu", None)];
        store.append(Append { batches: vec![whole, other], notes }).await.unwrap();
        let (figures, digests) = (store.observations().await.unwrap(), store.record_digests("tan-phu").await.unwrap());
        drop(store);
        let path = folder.path().join("old.db");
        earlier_version(&path, &folder.path().join("store.db"), 1);
        let store = SqliteStore::open(&path).unwrap();
        assert_eq!(store.observations().await.unwrap(), figures);
        assert_eq!(store.record_digests("tan-phu").await.unwrap(), digests);
        assert!(store.verify().await.unwrap().is_empty(), "digests were made for what was there");
        assert_eq!(store.known_kinds().await.unwrap(), (2, 1));
        let epoch = store.epoch().await.unwrap();
        let question = OpeningQuestion {
            commune: "tan-phu".into(),
            certificate: [0; 32],
            incarnation: Incarnation([1; 16]),
            head_seq: 4,
            acknowledged_seq: 4,
        };
        let opening = store.opening(question).await.unwrap();
        assert_eq!((opening.lineage, opening.head), (Lineage::Current, Some((Incarnation([1; 16]), head))));
        // The log goes on, and a second opening changes nothing.
        let next = batch("tan-phu", 1, head, vec![figure(5, "2026-10", 4)]);
        store.append(Append { batches: vec![next], notes: Vec::new() }).await.unwrap();
        drop(store);
        let store = SqliteStore::open(&path).unwrap();
        assert_eq!((store.epoch().await.unwrap(), store.observations().await.unwrap().len()), (epoch, 6 - 1));
        assert!(store.verify().await.unwrap().is_empty());
    }

    #[test]
    fn certificates_of_before_get_their_generations() {
        let mut connection = Connection::open_in_memory().unwrap();
        Migrations::new(migrations().drain(..1).collect()).to_latest(&mut connection).unwrap();
        for (fingerprint, identity, issued_at) in [("a", "x", 20), ("b", "x", 10), ("c", "y", 10), ("d", "x", 20)] {
            let sql = "INSERT INTO certificate VALUES (cast(?1 AS BLOB), '', ?2, 1, ?3, 99, NULL)";
            connection.execute(sql, rusqlite::params![fingerprint, identity, issued_at]).unwrap();
        }
        migrate(&mut connection).unwrap();
        let mut statement = connection
            .prepare("SELECT cast(fingerprint AS TEXT), generation FROM certificate ORDER BY identity, generation")
            .unwrap();
        let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, u32>(1)?))).unwrap();
        let seen: Vec<_> = rows.map(Result::unwrap).collect();
        assert_eq!(seen, [("b", 1), ("a", 2), ("d", 3), ("c", 1)].map(|(a, b)| (a.to_owned(), b)));
    }
}
