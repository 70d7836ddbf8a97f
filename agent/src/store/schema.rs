//! The tables of the store, version by version. A published version is never edited; a change is a new one.

use super::StoreError;
use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};

const VERSIONS: &[M<'static>] = &[M::up(FIRST), M::up(PROOF), M::up(BUNDLE), M::up(PAGE)];

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

const PROOF: &str = "
-- The province's signed word, as it came, and the certificates of the keys that signed.
-- authority: the one that vouched for the key when it was first seen; it may have been replaced since.
CREATE TABLE receipt_key (
    key BLOB PRIMARY KEY, certificate BLOB NOT NULL, authority BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE receipt (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    seq INTEGER NOT NULL,
    incarnation BLOB NOT NULL,
    chain BLOB NOT NULL,
    received_at_ms INTEGER NOT NULL,
    statement BLOB NOT NULL,
    signature BLOB NOT NULL,
    key BLOB NOT NULL REFERENCES receipt_key (key),
    UNIQUE (seq, incarnation, received_at_ms)
) STRICT;

-- The province's log on its way back to a store that is behind or beside it. Empty otherwise.
CREATE TABLE history (
    seq INTEGER PRIMARY KEY,
    body BLOB NOT NULL,
    chain BLOB NOT NULL,
    refusal_code TEXT NOT NULL,
    refusal_detail TEXT NOT NULL
) STRICT;

-- Two versions of a figure that were entered on two branches. settled_by: the change by which a person said so.
CREATE TABLE conflict (
    change_id BLOB PRIMARY KEY,
    seq INTEGER NOT NULL UNIQUE REFERENCES change (seq),
    earlier BLOB NOT NULL,
    later BLOB NOT NULL,
    noted_at_ms INTEGER NOT NULL,
    settled_by BLOB
) STRICT, WITHOUT ROWID;

-- The sum of the hashes of all accepted records of a period; see the domain's `digest`.
CREATE TABLE digest (period TEXT PRIMARY KEY, sum BLOB NOT NULL, records INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- The bytes of evidence on their way. state: pending, held, refused, missing.
CREATE TABLE evidence_file (
    sha256 BLOB PRIMARY KEY,
    size_bytes INTEGER NOT NULL,
    state TEXT NOT NULL,
    held_bytes INTEGER NOT NULL,
    code TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO evidence_file (sha256, size_bytes, state, held_bytes, code)
    SELECT sha256, size_bytes, 'pending', 0, '' FROM evidence WHERE refusal_code IS NULL;
";

const BUNDLE: &str = "
-- The last bundles that were made, for their answers. end_seq: the last change in it.
CREATE TABLE bundle (
    id BLOB PRIMARY KEY,
    made_at_ms INTEGER NOT NULL,
    incarnation BLOB NOT NULL,
    end_seq INTEGER NOT NULL,
    feed_position INTEGER NOT NULL,
    epoch BLOB,
    answered_at_ms INTEGER
) STRICT, WITHOUT ROWID;
";

const PAGE: &str = "
-- What was typed into the page and is not reported yet, as it was typed.
CREATE TABLE draft (
    indicator TEXT NOT NULL,
    unit TEXT NOT NULL,
    period TEXT NOT NULL,
    numerator TEXT NOT NULL,
    denominator TEXT NOT NULL,
    value TEXT NOT NULL,
    note TEXT NOT NULL,
    edited_by TEXT NOT NULL,
    edited_at_ms INTEGER NOT NULL,
    PRIMARY KEY (indicator, unit, period)
) STRICT, WITHOUT ROWID;
-- Files that are bound to the figure once the draft is reported.
CREATE TABLE draft_evidence (
    indicator TEXT NOT NULL,
    unit TEXT NOT NULL,
    period TEXT NOT NULL,
    sha256 BLOB NOT NULL,
    name TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    PRIMARY KEY (indicator, unit, period, sha256),
    FOREIGN KEY (indicator, unit, period) REFERENCES draft ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Who may sign in to the page. password: Argon2id, PHC string.
CREATE TABLE account (
    name TEXT PRIMARY KEY,
    full_name TEXT NOT NULL,
    password TEXT NOT NULL,
    made_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- Who is signed in, by the SHA-256 of the token in the browser's cookie.
CREATE TABLE visit (
    token BLOB PRIMARY KEY,
    account TEXT NOT NULL REFERENCES account (name) ON DELETE CASCADE,
    begun_at_ms INTEGER NOT NULL,
    seen_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX visit_account ON visit (account);
";

/// The version of an open store.
pub fn version(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}

/// Brings the schema to [`NEWEST`]. The caller keeps other processes away.
pub fn bring_up_to_date(connection: &mut Connection) -> Result<(), StoreError> {
    Ok(Migrations::from_slice(VERSIONS).to_latest(connection)?)
}

/// Makes a store as an earlier version would have left it: its tables alone, with the rows of another one. Which tables, with their columns.
#[cfg(test)]
pub fn earlier_version(path: &std::path::Path, rows_of: &std::path::Path, version: usize) -> Vec<(String, String)> {
    let mut connection = Connection::open(path).unwrap();
    Migrations::from_slice(VERSIONS).to_version(&mut connection, version).unwrap();
    connection.execute("ATTACH ?1 AS now", [rows_of.to_str().unwrap()]).unwrap();
    let texts = |sql: &str| -> Vec<String> {
        let mut statement = connection.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let mut filled = Vec::new();
    for table in texts("SELECT name FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'") {
        let columns = texts(&format!("SELECT name FROM pragma_table_info('{table}', 'main')")).join(", ");
        connection.execute(&format!("DELETE FROM main.{table}"), []).unwrap();
        let sql = format!("INSERT INTO main.{table} ({columns}) SELECT {columns} FROM now.{table}");
        connection.execute(&sql, []).unwrap();
        filled.push((table, columns));
    }
    if version < 2 {
        // What the first version did not know yet.
        connection.execute("DELETE FROM main.meta WHERE name = 'change_kinds'", []).unwrap();
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_valid() {
        Migrations::from_slice(VERSIONS).validate().unwrap();
    }
}
