//! One thread that writes, those that read, and how work reaches them.

use super::{
    super::{
        Act, CatalogueImport, Founding, StoreCopy, StoreError,
        engine::Connection as Asked,
        sql::{CatalogueHeld, Engine, Memory, Scope, found},
    },
    backup,
    readers::{Desk, Readers},
    schema,
};
use crate::apart;
#[cfg(test)]
use crate::store::sql::Names;
use rusqlite::{Connection, TransactionBehavior, ffi};
use std::{path::Path, thread::JoinHandle};
use tokio::sync::{mpsc, oneshot};

/// Writes that wait for the writing thread.
const WAITING_WRITES: usize = 64;
/// Threads that read for sessions and commands, and for the staff.
const READERS: usize = 4;
const STAFF_READERS: usize = 2;

/// What the writing thread holds.
pub(crate) struct Hand {
    connection: Connection,
    memory: Memory,
    /// What SQLite counts up when another connection has written.
    others: i64,
}

impl Hand {
    /// One transaction; on an error nothing of it stays.
    pub(super) fn transact<T>(
        &mut self,
        work: impl FnOnce(&Asked<'_>, &mut Memory) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let done = || {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let others = transaction.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?;
            if std::mem::replace(&mut self.others, others) != others {
                // Another process has written: it may have recorded versions. Numbers of names never change.
                self.memory.versions.forget();
            }
            let value = work(&Asked::Sqlite(&transaction), &mut self.memory)?;
            transaction.commit()?;
            Ok(value)
        };
        let result = { done }();
        if result.is_err() {
            // Numbers given in a transaction that is gone must not be used again.
            self.memory.forget();
        }
        result
    }
}

type Job = Box<dyn FnOnce(&mut Hand) + Send>;

/// See the [module](super).
pub struct SqliteStore {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    /// For sessions and commands, and for the staff: a question does not wait for hundreds of sessions' readings.
    readers: Option<(Readers, Readers)>,
    desk: Desk,
    catalogue_held: CatalogueHeld,
}

impl SqliteStore {
    /// Makes a new store with its first catalogue.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when there is one, and all others.
    pub async fn create(
        path: &Path,
        founding: Founding,
        catalogue: CatalogueImport,
        act: Act,
    ) -> Result<Self, StoreError> {
        let store = Self::start(path, schema::open_writer(path, true)?)?;
        store
            .write(move |hand| hand.transact(|transaction, _| found(transaction, &founding, &catalogue, &act)))
            .await?;
        Ok(store)
    }

    /// Opens a store.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is none, [`StoreError::Newer`] when a newer program made it, and all others.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::start(path, schema::open_writer(path, false)?)
    }

    /// Looks for damage; slow on a large store. For the start after a crash.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] with the first fault.
    pub async fn check(&self) -> Result<(), StoreError> {
        self.ask(|connection| {
            let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
            if verdict == "ok" { Ok(()) } else { Err(StoreError::Damaged(verdict)) }
        })
        .await
    }

    fn start(path: &Path, connection: Connection) -> Result<Self, StoreError> {
        let (jobs, mut waiting) = mpsc::channel::<Job>(WAITING_WRITES);
        let mut hand = Hand { connection, memory: Memory::default(), others: 0 };
        let run = move || {
            while let Some(job) = waiting.blocking_recv() {
                job(&mut hand);
            }
        };
        let thread = std::thread::Builder::new()
            .name("store".into())
            .spawn(run)
            .map_err(|error| StoreError::Engine(Box::new(error)))?;
        Ok(Self {
            jobs: Some(jobs),
            thread: Some(thread),
            readers: Some((Readers::start(path, READERS, true)?, Readers::start(path, STAFF_READERS, false)?)),
            desk: Desk::new(path),
            catalogue_held: CatalogueHeld::default(),
        })
    }

    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Hand) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |hand| {
            // Nobody may be waiting any more; the work is done all the same.
            let _ = answer.send(work(hand));
        });
        self.jobs.as_ref().ok_or(StoreError::Closed)?.send(job).await.map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)?
    }

    /// One write transaction.
    #[cfg(test)]
    pub(in crate::store) async fn transact<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Asked<'_>, &mut Names) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.write(move |hand| hand.transact(|transaction, memory| work(transaction, &mut memory.names))).await
    }

    /// One read transaction: everything in it is of the same moment.
    async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (readers, staff) = self.readers.as_ref().ok_or(StoreError::Closed)?;
        if apart::is_here() { staff.ask(work).await } else { readers.ask(work).await }
    }
}

impl Engine for SqliteStore {
    async fn transact<I: Clone + Send + 'static, T: Send + 'static>(
        &self,
        _: Scope,
        input: I,
        work: impl Fn(&Asked<'_>, &mut Memory, I) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.write(move |hand| hand.transact(|transaction, memory| work(transaction, memory, input))).await
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl Fn(&Asked<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.ask(move |connection| work(&Asked::Sqlite(connection))).await
    }

    async fn read_briefly<T: Send + 'static>(
        &self,
        work: impl Fn(&Asked<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        match apart::is_here() {
            true => self.desk.read(|connection| work(&Asked::Sqlite(connection))),
            false => self.read(work).await,
        }
    }

    fn catalogue_held(&self) -> &CatalogueHeld {
        &self.catalogue_held
    }

    fn is_shared(&self) -> bool {
        false
    }

    async fn copy(&self, path: &Path) -> Result<StoreCopy, StoreError> {
        let path = path.to_owned();
        self.ask(move |connection| backup::copy(connection, &path)).await
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.readers = None;
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // Waits for the last write, so that the file is whole and closed when this returns.
            let _ = thread.join();
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match error.sqlite_error_code() {
            // There is no room for the file that processes share while the store is open.
            _ if error.sqlite_error().is_some_and(|told| told.extended_code == ffi::SQLITE_IOERR_SHMSIZE) => {
                StoreError::Full
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy,
            Some(ErrorCode::DiskFull) => StoreError::Full,
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => StoreError::ReadOnly,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Damaged(error.to_string()),
            _ => StoreError::Engine(Box::new(error)),
        }
    }
}
