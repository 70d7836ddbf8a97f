//! The store on SQLite: one thread that writes, a few connections that read. The only SQL of the aggregator.
//!
//! WAL and `synchronous = FULL`: when a write returns, it is on the disk. Every write begins with `BEGIN IMMEDIATE`.
//! Commands of other processes may read and write the same file at the same time.

mod append;
mod attachments;
pub mod backup;
mod columns;
mod decide;
mod identity;
mod names;
mod read;
mod schema;
mod versions;

use super::{
    Act, Append, Appended, AuditLine, CatalogueImport, CertificateRecord, ClosedPeriod, Contact, CurrentCatalogue,
    EvidenceWanted, Exception, FeedPage, Founding, Imported, InvitationRecord, Opening, OpeningQuestion, ReviewRequest,
    Reviewed, Store, StoreCopy, StoreError, StoredEvidence, StoredObservation,
};
use async_trait::async_trait;
use names::Names;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use shared::{
    catalogue::Catalogue,
    change::{Chain, Incarnation},
    period::Period,
};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
};
use tokio::sync::{Semaphore, mpsc, oneshot};
use versions::KnownVersions;

/// Writes that wait for the writing thread.
const WAITING_WRITES: usize = 64;
/// Connections that read at once.
const READERS: usize = 4;

/// What the writing thread holds.
pub(crate) struct Hand {
    connection: Connection,
    names: Names,
    versions: KnownVersions,
}

impl Hand {
    /// One transaction; on an error nothing of it stays.
    fn transact<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>, &mut Names, &mut KnownVersions) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let done = || {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = work(&transaction, &mut self.names, &mut self.versions)?;
            transaction.commit()?;
            Ok(value)
        };
        let result = { done }();
        if result.is_err() {
            // Numbers given in a transaction that is gone must not be used again.
            self.names.forget();
            self.versions.forget();
        }
        result
    }
}

type Job = Box<dyn FnOnce(&mut Hand) + Send>;

/// See the [module](self).
pub struct SqliteStore {
    path: PathBuf,
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    readers: Arc<Mutex<Vec<Connection>>>,
    reading: Arc<Semaphore>,
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
            .write(move |hand| {
                hand.transact(|transaction, _, _| decide::found(transaction, &founding, &catalogue, &act))
            })
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
        self.read(|connection| {
            let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
            if verdict == "ok" { Ok(()) } else { Err(StoreError::Damaged(verdict)) }
        })
        .await
    }

    fn start(path: &Path, connection: Connection) -> Result<Self, StoreError> {
        let (jobs, mut waiting) = mpsc::channel::<Job>(WAITING_WRITES);
        let mut hand = Hand { connection, names: Names::default(), versions: KnownVersions::default() };
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
            path: path.to_owned(),
            jobs: Some(jobs),
            thread: Some(thread),
            readers: Arc::default(),
            reading: Arc::new(Semaphore::new(READERS)),
        })
    }

    async fn write<T: Send + 'static>(
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
    async fn transact<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>, &mut Names) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.write(move |hand| hand.transact(|transaction, names, _| work(transaction, names))).await
    }

    /// One read transaction: everything in it is of the same moment.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let permit = self.reading.clone().acquire_owned().await.map_err(|_| StoreError::Closed)?;
        let (readers, path) = (self.readers.clone(), self.path.clone());
        let run = move || {
            let _permit = permit;
            let idle = readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut connection = match idle {
                Some(connection) => connection,
                None => schema::open_reader(&path)?,
            };
            let result = {
                let transaction = connection.transaction()?;
                work(&transaction)
            };
            readers.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            result
        };
        tokio::task::spawn_blocking(run).await.map_err(|_| StoreError::Closed)?
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // Waits for the last write, so that the file is whole and closed when this returns.
            let _ = thread.join();
        }
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn founding(&self) -> Result<Founding, StoreError> {
        self.read(|connection| read::founding(connection)).await
    }

    async fn set_clock_offset(&self, offset_ms: i64, act: Act) -> Result<(), StoreError> {
        self.transact(move |transaction, _| decide::set_clock_offset(transaction, offset_ms, &act)).await
    }

    async fn catalogue(&self) -> Result<(u64, Catalogue), StoreError> {
        let current = self.current_catalogue().await?;
        Ok((current.version, current.catalogue))
    }

    async fn current_catalogue(&self) -> Result<CurrentCatalogue, StoreError> {
        self.read(|connection| read::current_catalogue(connection)).await
    }

    async fn import_catalogue(&self, import: CatalogueImport, act: Act) -> Result<Imported, StoreError> {
        self.transact(move |transaction, _| decide::import_catalogue(transaction, &import, &act)).await
    }

    async fn add_invitation(&self, invitation: InvitationRecord, act: Act) -> Result<(), StoreError> {
        self.transact(move |transaction, names| identity::add_invitation(transaction, names, &invitation, &act)).await
    }

    async fn invitation(&self, id: &str) -> Result<Option<InvitationRecord>, StoreError> {
        let id = id.to_owned();
        self.read(move |connection| identity::invitation(connection, &id)).await
    }

    async fn redeem(&self, id: &str, certificate: CertificateRecord) -> Result<bool, StoreError> {
        let id = id.to_owned();
        self.transact(move |transaction, names| identity::redeem(transaction, names, &id, &certificate)).await
    }

    async fn add_certificate(&self, certificate: CertificateRecord, act: Act) -> Result<(), StoreError> {
        self.transact(move |transaction, names| identity::add_certificate(transaction, names, &certificate, &act)).await
    }

    async fn certificate(&self, fingerprint: [u8; 32]) -> Result<Option<CertificateRecord>, StoreError> {
        self.read(move |connection| identity::certificate(connection, fingerprint)).await
    }

    async fn revoke(&self, identity: &str, act: Act) -> Result<u32, StoreError> {
        let identity = identity.to_owned();
        self.transact(move |transaction, _| identity::revoke(transaction, &identity, &act)).await
    }

    async fn opening(&self, question: OpeningQuestion) -> Result<Opening, StoreError> {
        self.read(move |connection| read::opening(connection, &question)).await
    }

    async fn chain_at(&self, commune: &str, incarnation: Incarnation, seq: u64) -> Result<Option<Chain>, StoreError> {
        let commune = commune.to_owned();
        self.read(move |connection| read::chain_at(connection, &commune, incarnation, seq)).await
    }

    async fn append(&self, append: Append) -> Result<Appended, StoreError> {
        self.write(move |hand| {
            hand.transact(|transaction, names, versions| append::append(transaction, names, versions, append))
        })
        .await
    }

    async fn feed(&self, commune: &str, after: u64, limit: u32) -> Result<FeedPage, StoreError> {
        let commune = commune.to_owned();
        self.read(move |connection| read::feed(connection, &commune, after, limit)).await
    }

    async fn set_exception(&self, exception: Exception, act: Act) -> Result<bool, StoreError> {
        self.transact(move |transaction, names| decide::set_exception(transaction, names, &exception, &act)).await
    }

    async fn review(&self, request: ReviewRequest, act: Act) -> Result<Reviewed, StoreError> {
        self.transact(move |transaction, _| decide::review(transaction, &request, &act)).await
    }

    async fn close_period(&self, period: Period, act: Act) -> Result<bool, StoreError> {
        self.transact(move |transaction, _| decide::close_period(transaction, period, &act)).await
    }

    async fn observations(&self) -> Result<Vec<StoredObservation>, StoreError> {
        self.read(|connection| read::observations(connection)).await
    }

    async fn exceptions(&self) -> Result<Vec<Exception>, StoreError> {
        self.read(|connection| read::exceptions(connection)).await
    }

    async fn contacts(&self) -> Result<Vec<Contact>, StoreError> {
        self.read(|connection| read::contacts(connection)).await
    }

    async fn closed_periods(&self) -> Result<Vec<ClosedPeriod>, StoreError> {
        self.read(|connection| read::closed_periods(connection)).await
    }

    async fn audit(&self, limit: u32) -> Result<Vec<AuditLine>, StoreError> {
        self.read(move |connection| read::audit(connection, limit)).await
    }

    async fn backup(&self, path: &Path) -> Result<StoreCopy, StoreError> {
        let path = path.to_owned();
        self.read(move |connection| backup::copy(connection, &path)).await
    }

    async fn restored(&self, epoch: [u8; 16], detail: &str, act: Act) -> Result<(), StoreError> {
        let detail = detail.to_owned();
        self.transact(move |transaction, _| backup::restored(transaction, epoch, &detail, &act)).await
    }

    async fn evidence(&self, wanted: EvidenceWanted, limit: u32) -> Result<Vec<StoredEvidence>, StoreError> {
        self.read(move |connection| attachments::evidence(connection, &wanted, limit)).await
    }

    async fn decisions(&self) -> Result<u64, StoreError> {
        self.read(|connection| read::decisions(connection)).await
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy,
            Some(ErrorCode::DiskFull) => StoreError::Full,
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => StoreError::ReadOnly,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Damaged(error.to_string()),
            _ => StoreError::Engine(Box::new(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{BatchOutcome, story},
        *,
    };
    use crate::sample::{self, act, batch, figure, moment};
    use shared::change::LogPosition;

    #[tokio::test]
    async fn it_tells_every_story() {
        story::every_story(sample::store).await;
    }

    #[tokio::test]
    async fn what_was_written_is_there_after_a_restart_and_others_are_noticed() {
        let (folder, store) = sample::store().await;
        let path = folder.path().join("store.db");
        let quiet = store.decisions().await.unwrap();
        let append = |before, number| Append {
            batches: vec![batch("tan-phu", 1, before, vec![figure(number, "2026-10", 1)])],
            notes: Vec::new(),
        };
        let outcomes = store.append(append(LogPosition::START, 1)).await.unwrap().outcomes;
        assert_eq!(store.decisions().await.unwrap(), quiet, "figures are no decisions");
        let BatchOutcome::Committed { position, .. } = outcomes[0] else { panic!("not committed") };
        let other = SqliteStore::open(&path).unwrap();
        other.close_period("2026-01".parse().unwrap(), act(moment())).await.unwrap();
        assert_eq!(store.decisions().await.unwrap(), quiet + 1);
        drop((store, other));
        let store = SqliteStore::open(&path).unwrap();
        store.check().await.unwrap();
        assert!(matches!(store.append(append(position, 2)).await.unwrap().outcomes[0], BatchOutcome::Committed { .. }));
        assert_eq!(store.observations().await.unwrap().len(), 2);
    }

    #[tokio::test]
    async fn a_failed_transaction_leaves_nothing_behind() {
        let (_folder, store) = sample::store().await;
        let failed: Result<(), StoreError> = store
            .transact(|transaction, names| {
                names.number(transaction, "new-name")?;
                Err(StoreError::Full)
            })
            .await;
        assert!(matches!(failed, Err(StoreError::Full)));
        let found = store.transact(|transaction, _| names::find(transaction, "new-name")).await.unwrap();
        assert_eq!(found, None);
        let numbers = store
            .transact(|transaction, names| Ok((names.number(transaction, "a")?, names.number(transaction, "b")?)))
            .await
            .unwrap();
        assert_ne!(numbers.0, numbers.1);
    }

    #[tokio::test]
    async fn refuses_a_newer_store_a_missing_one_and_a_damaged_one() {
        let (folder, store) = sample::store().await;
        drop(store);
        let path = folder.path().join("store.db");
        assert!(matches!(SqliteStore::open(&folder.path().join("none.db")), Err(StoreError::Missing(_))));
        let again = SqliteStore::create(&path, sample::founding(), sample::catalogue().1, act(moment())).await;
        assert!(matches!(again, Err(StoreError::Exists(_))));
        let connection = Connection::open(&path).unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        drop(connection);
        assert!(matches!(SqliteStore::open(&path), Err(StoreError::Newer { found: 99, known: 1 })));
        let torn = folder.path().join("torn.db");
        std::fs::write(
            &torn,
            b"this is no database, whatever its name says; it is long enough to be read as one, though",
        )
        .unwrap();
        assert!(matches!(SqliteStore::open(&torn), Err(StoreError::Damaged(_))));
    }

    #[tokio::test]
    async fn the_audit_history_is_only_added_to() {
        let (_folder, store) = sample::store().await;
        for sql in ["DELETE FROM audit", "UPDATE audit SET who = 'x'"] {
            let done = store.transact(move |transaction, _| Ok(transaction.execute(sql, [])?)).await;
            assert!(done.is_err(), "{sql}");
        }
    }
}
