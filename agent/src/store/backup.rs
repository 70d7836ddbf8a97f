//! Copies of the store, made while others write to it, and a copy that becomes a store.

use super::{Store, StoreError, View, make_private, schema, unsigned};
use rusqlite::{
    Connection, ErrorCode, OpenFlags,
    backup::{Backup, StepResult},
    ffi,
};
use shared::change::{Incarnation, LogPosition};
use std::path::Path;

/// Pages copied at a time.
const STEP_PAGES: i32 = 1_024;

/// What a copy holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreCopy {
    /// The end of its log.
    pub head: LogPosition,
    /// Version of its tables.
    pub schema: u64,
    /// Files bound to figures and to drafts: hash and size, each once.
    pub evidence: Vec<([u8; 32], u64)>,
}

impl Store {
    /// Copies the store as it is at this moment into a new file, whole and checked, without what makes this store the one
    /// that the province knows: its incarnation, and the mark of a running service. Nobody waits for it.
    ///
    /// # Errors
    /// What SQLite says; [`StoreError::Damaged`] when the copy, and so the store, is damaged.
    pub fn copy_to(&mut self, path: &Path) -> Result<StoreCopy, StoreError> {
        make_private(path)?;
        let mut copy = Connection::open_with_flags(path, flags())?;
        {
            // A read transaction: all pages are of one moment, however long it takes and whoever writes meanwhile.
            let moment = self.connection.transaction()?;
            moment.query_row("SELECT count(*) FROM meta", [], |_| Ok(()))?;
            let backup = Backup::new(&moment, &mut copy)?;
            loop {
                match backup.step(STEP_PAGES)? {
                    StepResult::Done => break,
                    StepResult::More => {}
                    _ => return Err(busy()),
                }
            }
        }
        alone(&copy)?;
        copy.execute("DELETE FROM meta WHERE name IN ('incarnation', 'service_unfinished')", [])?;
        // Nobody stays signed in to a copy.
        copy.execute("DELETE FROM visit", [])?;
        // What was deleted must not stay in a free place of the file.
        copy.execute_batch("VACUUM")?;
        check(&copy)?;
        let view = View(&copy);
        Ok(StoreCopy { head: view.head()?, schema: unsigned(schema::version(&copy)?), evidence: evidence(&copy)? })
    }
}

fn evidence(copy: &Connection) -> Result<Vec<([u8; 32], u64)>, StoreError> {
    let sql = "SELECT sha256, size_bytes FROM evidence WHERE refusal_code IS NULL
               UNION SELECT sha256, size_bytes FROM draft_evidence ORDER BY sha256, size_bytes";
    let mut statement = copy.prepare(sql)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, unsigned(row.get(1)?))))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Makes the copy of a backup a store that can be opened: of this commune, up to date, with an incarnation of its own.
///
/// # Errors
/// [`StoreError::Newer`], [`StoreError::Damaged`], or what SQLite says.
pub fn adopt(path: &Path, owner: (&str, &str), incarnation: Incarnation) -> Result<(), StoreError> {
    let mut connection = Connection::open_with_flags(path, flags())?;
    let found = schema::version(&connection)?;
    if found > schema::NEWEST {
        return Err(StoreError::Newer { found, known: schema::NEWEST });
    }
    check(&connection)?;
    schema::bring_up_to_date(&mut connection)?;
    let set = "INSERT INTO meta (name, value) VALUES ('incarnation', ?1)
               ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    connection.execute(set, [incarnation.0])?;
    let belonging = View(&connection).belonging()?;
    if belonging.is_none_or(|own| (own.province.as_str(), own.commune.as_str()) != owner) {
        return Err(StoreError::Damaged("the store of the backup is of somebody else".into()));
    }
    alone(&connection)
}

/// Brings all that was written into the one file, and fails as long as another process has it open.
///
/// # Errors
/// [`StoreError::Busy`], [`StoreError::Damaged`], or what SQLite says.
pub fn quiesce(path: &Path) -> Result<(), StoreError> {
    let connection = Connection::open_with_flags(path, flags())?;
    alone(&connection)
}

/// One file without companions.
fn alone(connection: &Connection) -> Result<(), StoreError> {
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "DELETE", |row| row.get(0))?;
    if mode == "delete" { Ok(()) } else { Err(busy()) }
}

fn check(connection: &Connection) -> Result<(), StoreError> {
    let verdict: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if verdict == "ok" { Ok(()) } else { Err(StoreError::Damaged(verdict)) }
}

fn busy() -> StoreError {
    let error = ffi::Error { code: ErrorCode::DatabaseBusy, extended_code: ffi::SQLITE_BUSY };
    StoreError::Busy(rusqlite::Error::SqliteFailure(error, None))
}

fn flags() -> OpenFlags {
    OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX
}
