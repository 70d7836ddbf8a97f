//! The tables, their migrations, and what is asked of the engine before any of them is touched.
//!
//! Times are milliseconds since 1970; periods are packed (see `columns`); slugs and codes are numbered in `name`.

use super::super::StoreError;
use rusqlite::{Connection, OpenFlags};
use rusqlite_migration::{M, Migrations};
use std::{fs::OpenOptions, os::unix::fs::OpenOptionsExt, path::Path, time::Duration};

/// How long a connection waits for another process's write.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Before 3.51.3 a WAL reset can damage the database.
const OLDEST_ENGINE: i32 = 3_051_003;
/// Prepared statements kept by a connection.
const STATEMENTS: usize = 64;
/// Page cache of the connection that writes, in KiB: room for the pages that a night's communes write to in turn.
const WRITER_CACHE_KIB: u32 = 64 * 1024;
/// Page cache of a connection that reads, in KiB.
const READER_CACHE_KIB: u32 = 8 * 1024;
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

/// Migrations in order; released ones are never changed.
const MIGRATIONS: [M<'static>; 1] = [M::up(FIRST)];

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
    MIGRATIONS.len()
}

fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let (found, known) = (version(connection)?, known());
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    if found < known {
        let engine = |error| StoreError::Engine(Box::new(error));
        Migrations::from_slice(&MIGRATIONS).to_latest(connection).map_err(engine)?;
    }
    Ok(())
}
