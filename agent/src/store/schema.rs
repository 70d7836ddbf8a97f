//! The tables of the store, version by version. A published version is never edited; a change is a new one.

use super::StoreError;
use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};

const VERSIONS: &[M<'static>] = &[M::up(FIRST)];

/// Version of the newest schema, `PRAGMA user_version`.
pub const NEWEST: i64 = VERSIONS.len() as i64;

const FIRST: &str = "
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value ANY NOT NULL
) STRICT, WITHOUT ROWID;

-- The change log. seq is contiguous from 1; chain = SHA-256(chain before || body).
CREATE TABLE change (
    seq INTEGER PRIMARY KEY,
    change_id BLOB NOT NULL UNIQUE,
    body BLOB NOT NULL,
    chain BLOB NOT NULL,
    created_at_ms INTEGER NOT NULL
) STRICT;

-- Every version of every figure. version is null when the province refused it: it is not counted.
CREATE TABLE figure (
    change_id BLOB PRIMARY KEY,
    seq INTEGER NOT NULL UNIQUE REFERENCES change (seq),
    indicator TEXT NOT NULL,
    unit TEXT NOT NULL,
    period TEXT NOT NULL,
    version INTEGER,
    kind TEXT NOT NULL,
    numerator TEXT,
    denominator TEXT,
    value TEXT,
    note TEXT NOT NULL,
    entered_by TEXT NOT NULL,
    entered_at_ms INTEGER NOT NULL,
    refusal_code TEXT,
    refusal_detail TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX figure_key ON figure (indicator, unit, period, version);
CREATE INDEX figure_refused ON figure (seq) WHERE refusal_code IS NOT NULL;

CREATE TABLE evidence (
    change_id BLOB PRIMARY KEY,
    seq INTEGER NOT NULL UNIQUE REFERENCES change (seq),
    observation BLOB NOT NULL REFERENCES figure (change_id),
    sha256 BLOB NOT NULL,
    name TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    entered_by TEXT NOT NULL,
    entered_at_ms INTEGER NOT NULL,
    refusal_code TEXT,
    refusal_detail TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX evidence_observation ON evidence (observation, sha256);

-- What came down from the province.
CREATE TABLE catalogue (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL,
    body BLOB NOT NULL
) STRICT;
CREATE TABLE verdict (
    observation BLOB PRIMARY KEY,
    decision TEXT NOT NULL,
    reason TEXT NOT NULL,
    reviewer TEXT NOT NULL,
    decided_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE cutoff_exception (
    period TEXT PRIMARY KEY,
    cutoff TEXT NOT NULL,
    reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE closed_period (
    period TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
CREATE TABLE standing (
    scheme TEXT NOT NULL,
    period TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (scheme, period)
) STRICT, WITHOUT ROWID;

-- The last sessions.
CREATE TABLE sync_run (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    started_at_ms INTEGER NOT NULL,
    ended_at_ms INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    detail TEXT NOT NULL,
    sent INTEGER NOT NULL,
    acknowledged INTEGER NOT NULL,
    refused INTEGER NOT NULL,
    skew_ms INTEGER,
    wait_ms INTEGER
) STRICT;
";

/// The version of an open store.
pub fn version(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}

/// Brings the schema to [`NEWEST`]. The caller keeps other processes away.
pub fn bring_up_to_date(connection: &mut Connection) -> Result<(), StoreError> {
    Ok(Migrations::from_slice(VERSIONS).to_latest(connection)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_valid() {
        Migrations::from_slice(VERSIONS).validate().unwrap();
    }
}
