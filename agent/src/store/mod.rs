//! The agent's store: one SQLite file, shared by the service and the commands. All SQL is in this folder.
//!
//! | file | noun |
//! | --- | --- |
//! | `schema` | tables and their versions |
//! | [`meta`] | who this store belongs to, and single facts |
//! | [`log`] | the change log and its chain |
//! | [`figures`] | figures with all their versions |
//! | [`evidence`], [`attachments`], [`mod@file`] | files bound to figures, their list, and their bytes on the way |
//! | [`digest`] | sums over the records, to prove that both ends hold the same |
//! | [`history`] | the province's log on its way back, and the store made anew from it |
//! | [`replay`] | records made from the bodies of the log |
//! | [`conflict`] | figures that were entered on two branches |
//! | [`receipt`] | the province's signed word |
//! | [`bundle`] | sessions that were made as files |
//! | [`verify`] | whether chain, records and sums still fit together |
//! | [`backup`] | copies of the store |
//! | [`feed`] | what came down from the province |
//! | [`runs`] | the sessions held |
//! | [`draft`], [`account`] | what was typed and not reported yet; who may sign in to the page |
//!
//! Reads are methods of [`View`], writes of [`Writing`]: one transaction that begins `IMMEDIATE`, so that a read never
//! turns into a write half-way and `busy_timeout` covers the whole wait. It decides nothing about figures.

pub mod account;
pub mod attachments;
pub mod backup;
pub mod bundle;
pub mod conflict;
pub mod digest;
pub mod draft;
pub mod evidence;
pub mod feed;
pub mod figures;
pub mod file;
pub mod history;
pub mod log;
pub mod meta;
pub mod receipt;
pub mod replay;
pub mod runs;
mod schema;
pub mod verify;

use crate::{folder::Folder, lock::Lock};
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior, ffi};
use shared::language::Language;
use std::{fs::OpenOptions, io, path::Path, time::Duration};
use thiserror::Error;

/// How long a command waits for another process's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// SQLite before this version can corrupt a database when a WAL is reset.
const OLDEST_SQLITE: i32 = 3_051_003;
/// Page cache of a connection: an idle service should be small.
const CACHE_KIB: i32 = 1024;

/// Why the store does not do what it is asked. Nothing was changed.
#[derive(Debug, Error)]
pub enum StoreError {
    /// There is no store: the commune has not joined yet.
    #[error("no store: not joined yet")]
    NotJoined,
    /// The disk is full.
    #[error("the disk is full")]
    Full(#[source] rusqlite::Error),
    /// The file or folder cannot be written.
    #[error("the store is read-only")]
    ReadOnly(#[source] rusqlite::Error),
    /// The file is not what it should be.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// Another process holds it for too long.
    #[error("the store is busy")]
    Busy(#[source] rusqlite::Error),
    /// Written by a later version of this program.
    #[error("the store has version {found}, this program knows up to {known}")]
    Newer {
        /// Version found.
        found: i64,
        /// Newest version known.
        known: i64,
    },
    /// The SQLite library is too old to be safe.
    #[error("sqlite {0} is too old, 3.51.3 is needed")]
    OldSqlite(&'static str),
    /// Anything else that SQLite says.
    #[error("store: {0}")]
    Sqlite(#[source] rusqlite::Error),
    /// The schema could not be made.
    #[error("store schema: {0}")]
    Schema(#[from] rusqlite_migration::Error),
    /// The system refuses.
    #[error("store: {0}")]
    Io(#[from] io::Error),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            // There is no room for the file that processes share while the store is open.
            _ if error.sqlite_error().is_some_and(|told| told.extended_code == ffi::SQLITE_IOERR_SHMSIZE) => {
                Self::Full(error)
            }
            Some(ErrorCode::DiskFull) => Self::Full(error),
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Self::ReadOnly(error),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged(error.to_string()),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy(error),
            _ => Self::Sqlite(error),
        }
    }
}

impl StoreError {
    /// For the person at the commune: what is wrong and what to do.
    #[must_use]
    pub fn explain(&self, language: Language) -> String {
        match self {
            Self::NotJoined => language
                .pick(
                    "máy này chưa tham gia hệ thống: chạy `commune-agent join` với mã mời của tỉnh",
                    "this computer has not joined yet: run `commune-agent join` with the province's invitation",
                )
                .into(),
            Self::Full(_) => language
                .pick(
                    "ổ đĩa đã đầy, chưa ghi gì cả: giải phóng dung lượng rồi nhập lại",
                    "the disk is full, nothing was written: free some space and enter it again",
                )
                .into(),
            Self::ReadOnly(_) => language
                .pick(
                    "không ghi được vào kho dữ liệu, chưa ghi gì cả: kiểm tra quyền của thư mục dữ liệu",
                    "the store cannot be written, nothing was changed: check the permissions of the data folder",
                )
                .into(),
            Self::Damaged(what) => language.pick(
                format!("kho dữ liệu bị hỏng ({what}): đừng nhập thêm, giữ nguyên thư mục và liên hệ tỉnh"),
                format!("the store is damaged ({what}): enter nothing more, keep the folder and call the province"),
            ),
            Self::Busy(_) => language
                .pick(
                    "kho dữ liệu đang bận, chưa ghi gì cả: thử lại sau ít phút",
                    "the store is busy, nothing was written: try again in a moment",
                )
                .into(),
            Self::Newer { .. } => language
                .pick(
                    "kho dữ liệu do phiên bản mới hơn của chương trình tạo ra: cập nhật chương trình",
                    "the store was written by a later version of this program: update the program",
                )
                .into(),
            Self::OldSqlite(_) | Self::Sqlite(_) | Self::Schema(_) | Self::Io(_) => {
                language.pick(format!("kho dữ liệu: {self}"), self.to_string())
            }
        }
    }
}

/// What a row holds is not what this program wrote.
fn broken(what: &'static str) -> StoreError {
    StoreError::Damaged(format!("unreadable {what}"))
}

/// A count or position as SQLite keeps it.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A count or position from SQLite.
fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

/// How a store is opened on a disk that is full to the last byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OnFullDisk {
    /// By one process at a time, until it closes it: what was entered can still be read.
    Alone,
    /// Not.
    Refused,
}

/// The store, open.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
}

impl Store {
    /// Opens the store of a folder.
    ///
    /// # Errors
    /// [`StoreError::NotJoined`] when there is none, [`StoreError::Newer`], or what the system says.
    pub fn open(folder: &Folder) -> Result<Self, StoreError> {
        Self::open_as(folder, OnFullDisk::Alone)
    }

    /// The same for one that keeps it open: others want it too, also when there is room again.
    ///
    /// # Errors
    /// As [`Store::open`]; [`StoreError::Full`] where a disk is so full that only one process at a time could read.
    pub fn open_to_keep(folder: &Folder) -> Result<Self, StoreError> {
        Self::open_as(folder, OnFullDisk::Refused)
    }

    fn open_as(folder: &Folder, on_full_disk: OnFullDisk) -> Result<Self, StoreError> {
        if !folder.store().exists() {
            return Err(StoreError::NotJoined);
        }
        let store = Self::connect(folder, OpenFlags::SQLITE_OPEN_READ_WRITE, on_full_disk)?;
        // A store whose making was cut off belongs to nobody yet.
        if store.view().belonging()?.is_none() { Err(StoreError::NotJoined) } else { Ok(store) }
    }

    /// Opens the store, or makes an empty one that belongs to nobody yet.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_or_create(folder: &Folder) -> Result<Self, StoreError> {
        make_private(&folder.store())?;
        Self::connect(folder, OpenFlags::SQLITE_OPEN_READ_WRITE, OnFullDisk::Refused)
    }

    fn connect(folder: &Folder, flags: OpenFlags, on_full_disk: OnFullDisk) -> Result<Self, StoreError> {
        if rusqlite::version_number() < OLDEST_SQLITE {
            return Err(StoreError::OldSqlite(rusqlite::version()));
        }
        let (mut connection, found) = match Self::reach(folder, flags, false) {
            Err(StoreError::Full(_)) if on_full_disk == OnFullDisk::Alone => Self::reach(folder, flags, true)?,
            reached => reached?,
        };
        if found > schema::NEWEST {
            return Err(StoreError::Newer { found, known: schema::NEWEST });
        }
        connection.pragma_update(None, "journal_mode", "WAL")?;
        // A commit must survive a power cut: its sequence number may already have been sent.
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
        if found < schema::NEWEST {
            let _alone = Lock::take(&folder.store_lock())?;
            schema::bring_up_to_date(&mut connection)?;
        }
        let mut store = Self { connection };
        store.catch_up()?;
        Ok(store)
    }

    /// A connection, and the version of the store. `alone`: what processes share while the store is open is kept in memory.
    fn reach(folder: &Folder, flags: OpenFlags, alone: bool) -> Result<(Connection, i64), StoreError> {
        let connection = Connection::open_with_flags(folder.store(), flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        if alone {
            connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        }
        let found = schema::version(&connection)?;
        Ok((connection, found))
    }

    /// Once after the program learnt to keep digests, or to read further kinds of change: makes what an older one could not.
    fn catch_up(&mut self) -> Result<(), StoreError> {
        if self.view().change_kinds()? == shared::change::CHANGE_KINDS {
            return Ok(());
        }
        self.write(|writing| {
            writing.replay_unread()?;
            writing.sum_anew()?;
            writing.set_change_kinds(shared::change::CHANGE_KINDS)
        })
    }

    /// Reads.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        View(&self.connection)
    }

    /// One transaction: all that `work` writes, or nothing of it when it fails.
    ///
    /// # Errors
    /// What `work` says, or why the transaction could not begin or end.
    pub fn write<T, E: From<StoreError>>(&mut self, work: impl FnOnce(&Writing<'_>) -> Result<T, E>) -> Result<T, E> {
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(StoreError::from)?;
        let writing = Writing { transaction };
        let result = work(&writing)?;
        writing.transaction.commit().map_err(StoreError::from)?;
        Ok(result)
    }

    /// Looks at every page of the file; slow, for the start after an unclean end.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] with the first fault found.
    pub fn check_integrity(&self) -> Result<(), StoreError> {
        let verdict: String = self.connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        if verdict == "ok" { Ok(()) } else { Err(StoreError::Damaged(verdict)) }
    }

    /// Gives back memory that is not needed while nothing happens.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn rest(&self) -> Result<(), StoreError> {
        self.connection.flush_prepared_statement_cache();
        Ok(self.connection.execute_batch("PRAGMA shrink_memory")?)
    }
}

/// Makes an empty file that only its owner can read, if there is none; SQLite gives its companions the same mode.
fn make_private(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// What can be read.
#[derive(Debug, Clone, Copy)]
pub struct View<'a>(&'a Connection);

/// One transaction that writes.
#[derive(Debug)]
pub struct Writing<'a> {
    transaction: Transaction<'a>,
}

impl Writing<'_> {
    /// Reads within the transaction.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        View(&self.transaction)
    }
}

#[cfg(test)]
mod tests;
