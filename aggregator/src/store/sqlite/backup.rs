//! Copies of the store, made while others write to it; and a copy that becomes the store.

use super::{
    super::{
        Enrolments, Founding, StoreCopy, StoreError,
        engine::Connection as Asked,
        sql::{enrolments, founding},
    },
    schema,
};
use rusqlite::{
    Connection, OpenFlags,
    backup::{Backup, StepResult},
};
use std::{fs::OpenOptions, os::unix::fs::OpenOptionsExt, path::Path};

/// Pages copied at a time.
const STEP_PAGES: i32 = 1_024;

/// Copies what a read transaction sees into a new file, whole and checked. All pages are of one moment, however long it takes;
/// nobody who writes waits for it.
pub(super) fn copy(moment: &Connection, path: &Path) -> Result<StoreCopy, StoreError> {
    // The transaction begins with its first read.
    founding(&Asked::Sqlite(moment))?;
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    made.map_err(|error| StoreError::Engine(Box::new(error)))?;
    let mut copy = Connection::open_with_flags(path, flags())?;
    {
        let backup = Backup::new(moment, &mut copy)?;
        loop {
            match backup.step(STEP_PAGES)? {
                StepResult::Done => break,
                StepResult::More => {}
                _ => return Err(StoreError::Busy),
            }
        }
    }
    alone(&copy)?;
    check(&copy)?;
    Ok(StoreCopy { schema: schema::version(&copy)? as u64 })
}

/// What a store was founded as, without bringing it up to date or writing to it.
///
/// # Errors
/// [`StoreError::Newer`], [`StoreError::Damaged`], and all others.
pub fn founding_of(path: &Path) -> Result<Founding, StoreError> {
    let connection = Connection::open_with_flags(path, flags())?;
    let found = schema::version(&connection)?;
    if found > schema::known() {
        return Err(StoreError::Newer { found, known: schema::known() });
    }
    founding(&Asked::Sqlite(&connection))
}

/// What a store of this version knows of certificates and invitations, without writing to it.
///
/// # Errors
/// All; also for a store of another version: its tables are not these.
pub fn enrolments_of(path: &Path) -> Result<Enrolments, StoreError> {
    let connection = Connection::open_with_flags(path, flags())?;
    let found = schema::version(&connection)?;
    if found > schema::known() {
        return Err(StoreError::Newer { found, known: schema::known() });
    }
    enrolments(&Asked::Sqlite(&connection))
}

/// Looks at every page of a file that nobody has open.
///
/// # Errors
/// [`StoreError::Damaged`] with the first fault.
pub fn check_whole(path: &Path) -> Result<(), StoreError> {
    check(&Connection::open_with_flags(path, flags())?)
}

/// Brings all that was written into the one file, and fails as long as another process has it open.
///
/// # Errors
/// [`StoreError::Busy`], [`StoreError::Damaged`], and all others.
pub fn quiesce(path: &Path) -> Result<(), StoreError> {
    alone(&Connection::open_with_flags(path, flags())?)
}

/// One file without companions.
fn alone(connection: &Connection) -> Result<(), StoreError> {
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "DELETE", |row| row.get(0))?;
    if mode == "delete" { Ok(()) } else { Err(StoreError::Busy) }
}

fn check(connection: &Connection) -> Result<(), StoreError> {
    let verdict: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if verdict == "ok" { Ok(()) } else { Err(StoreError::Damaged(verdict)) }
}

fn flags() -> OpenFlags {
    OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX
}
