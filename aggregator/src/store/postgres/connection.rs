//! The pool, the thread that writes, and what is done when a transaction does not go through.

use super::{
    super::{
        Act, CatalogueImport, Founding, StoreCopy, StoreError,
        engine::{Connection, Error},
        sql::{CatalogueHeld, Engine, Memory, Scope, found},
    },
    address::Address,
    schema,
    session::{Condition, Session},
};
use crate::apart;
use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime as PoolRuntime,
};
use rand::Rng;
use std::{collections::HashMap, path::Path, sync::Arc, thread::JoinHandle, time::Duration};
use tokio::{
    runtime::{Builder, Handle, Runtime},
    sync::{Semaphore, mpsc, oneshot},
};

/// Writes that wait for the writing thread.
const WAITING_WRITES: usize = 64;
/// Connections that read at once.
const READERS: usize = 4;
/// The same for the staff, who do not wait for the sessions' readings.
const STAFF_READERS: usize = 2;
/// How often a transaction is begun at most.
const ATTEMPTS: u32 = 12;
/// Longest pause before the second attempt; doubled with each, up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(4);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);
/// How long a connection is waited for.
const CONNECTION: Duration = Duration::from_secs(10);
/// Most communes whose turns are remembered.
const MAX_TURNS: usize = 100_000;

const WRITES: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
const WRITES_OF_ONE_MOMENT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE";
const READS: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// A commit is on the disk when it is answered, whatever the server's default is; stricter settings stay.
const TUNE: &str = "SELECT set_config('synchronous_commit', 'on', false)
                    WHERE current_setting('synchronous_commit') IN ('off', 'local');
                    SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '300s'; SET client_min_messages = 'warning'";

/// The runtime that the connections live on; ends without waiting, wherever it is dropped.
struct Room(Option<Runtime>);

impl Drop for Room {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// What all who ask share.
struct Shared {
    pool: Pool,
    handle: Handle,
    shown: String,
    _room: Room,
}

/// What the writing thread holds.
struct Hand {
    shared: Arc<Shared>,
    memory: Memory,
    /// The turn of each commune when this process wrote it last: what is remembered of it is true as long as nobody had one since.
    turns: HashMap<String, i64>,
}

type Job = Box<dyn FnOnce(&mut Hand) + Send>;

/// See the [module](super).
pub struct PostgresStore {
    shared: Arc<Shared>,
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    /// Places to read: of sessions and commands, and of the staff.
    reading: [Arc<Semaphore>; 2],
    catalogue_held: CatalogueHeld,
}

/// Whether a transaction that failed may be begun anew.
enum Outcome<T> {
    Done(T),
    Again(StoreError),
    Failed(StoreError),
}

impl PostgresStore {
    /// Founds a province in an empty database, with its first catalogue.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when there is anything in it, and all others.
    pub async fn create(
        address: &Address,
        founding: Founding,
        catalogue: CatalogueImport,
        act: Act,
    ) -> Result<Self, StoreError> {
        Self::prepare(address, move |session, shown| {
            schema::create(session, shown)?;
            found(&Connection::Postgres(session), &founding, &catalogue, &act)
        })
        .await
    }

    /// Opens a store.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is none, [`StoreError::Newer`] when a newer program made it, and all others.
    pub async fn open(address: &Address) -> Result<Self, StoreError> {
        Self::prepare(address, schema::update).await
    }

    /// Connects, and does something with the tables before anything else.
    pub(super) async fn prepare(
        address: &Address,
        work: impl Fn(&Session<'_>, &str) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<Self, StoreError> {
        let store = Self::start(address)?;
        let shared = store.shared.clone();
        store
            .write(move |hand| {
                shared.settle(&mut || hand.shared.within(WRITES, &|session| work(session, &shared.shown)))
            })
            .await?;
        Ok(store)
    }

    fn start(address: &Address) -> Result<Self, StoreError> {
        let engine = |error: std::io::Error| StoreError::Engine(Box::new(error));
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("postgres")
            .enable_all()
            .build()
            .map_err(engine)?;
        let (config, tls) = address.parts();
        let manager = Manager::from_config(config, tls, ManagerConfig { recycling_method: RecyclingMethod::Fast });
        let tune = Hook::async_fn(|client, _| {
            Box::pin(async move { client.batch_execute(TUNE).await.map_err(HookError::Backend) })
        });
        let pool = Pool::builder(manager)
            .max_size(READERS + STAFF_READERS + 1)
            .runtime(PoolRuntime::Tokio1)
            .wait_timeout(Some(CONNECTION))
            .create_timeout(Some(CONNECTION))
            .recycle_timeout(Some(CONNECTION))
            .post_create(tune)
            .build()
            .map_err(|error| StoreError::Engine(Box::new(error)))?;
        let handle = runtime.handle().clone();
        let shared = Arc::new(Shared { pool, handle, shown: address.to_string(), _room: Room(Some(runtime)) });
        let (jobs, mut waiting) = mpsc::channel::<Job>(WAITING_WRITES);
        let mut hand = Hand { shared: shared.clone(), memory: Memory::default(), turns: HashMap::new() };
        let run = move || {
            while let Some(job) = waiting.blocking_recv() {
                job(&mut hand);
            }
        };
        let thread = std::thread::Builder::new().name("store".into()).spawn(run).map_err(engine)?;
        let reading = [READERS, STAFF_READERS].map(|places| Arc::new(Semaphore::new(places)));
        Ok(Self { shared, jobs: Some(jobs), thread: Some(thread), reading, catalogue_held: CatalogueHeld::default() })
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
}

impl Shared {
    /// Does something until it goes through or cannot.
    fn settle<T>(&self, attempt: &mut dyn FnMut() -> Outcome<T>) -> Result<T, StoreError> {
        let mut pause = FIRST_PAUSE;
        for left in (0..ATTEMPTS).rev() {
            match attempt() {
                Outcome::Done(value) => return Ok(value),
                Outcome::Failed(error) => return Err(error),
                Outcome::Again(error) if left == 0 => return Err(error),
                Outcome::Again(error) => tracing::debug!(%error, left, "a transaction is begun anew"),
            }
            // Full jitter, so that two do not meet again.
            let wait = rand::rng().random_range(Duration::ZERO..pause);
            self.handle.block_on(async { tokio::time::sleep(wait).await });
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        Err(StoreError::Busy)
    }

    /// One transaction on a connection of the pool.
    fn within<T>(&self, begin: &'static str, work: &dyn Fn(&Session<'_>) -> Result<T, StoreError>) -> Outcome<T> {
        let client = match self.handle.block_on(self.pool.get()) {
            Ok(client) => client,
            Err(error) => return Outcome::Failed(unreachable(error)),
        };
        let session = Session::new(&self.handle, &client, begin);
        let result = work(&session).and_then(|value| match begin {
            // Nothing depends on the end of one that only read.
            READS => Ok(value),
            _ => session.commit().map(|()| value).map_err(StoreError::from),
        });
        let condition = session.condition();
        match (&result, condition) {
            (_, Condition::Lost) => drop(Object::take(client)),
            (Ok(_), _) if begin != READS => {}
            _ => self.end(client),
        }
        match (result, condition) {
            (Ok(value), _) => Outcome::Done(value),
            (Err(error @ StoreError::CommitUnknown), _) => Outcome::Failed(error),
            (Err(error), Condition::InTheWay | Condition::Lost) => Outcome::Again(error),
            (Err(error), _) => Outcome::Failed(error),
        }
    }

    /// Ends a transaction of which nothing is to stay, while nobody waits; then its connection is free again.
    fn end(&self, client: Object) {
        self.handle.spawn(async move {
            match tokio::time::timeout(CONNECTION, client.batch_execute("ROLLBACK")).await {
                Ok(Ok(())) => drop(client),
                _ => drop(Object::take(client)),
            }
        });
    }
}

impl Hand {
    fn transact<I: Clone, T>(
        &mut self,
        scope: &Scope,
        input: &I,
        work: &dyn Fn(&Connection<'_>, &mut Memory, I) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let shared = self.shared.clone();
        let begin = if scope.one_moment { WRITES_OF_ONE_MOMENT } else { WRITES };
        shared.settle(&mut || {
            let kept = std::cell::RefCell::new((&mut self.memory, &mut self.turns));
            let outcome = shared.within(begin, &|session| {
                let (memory, turns) = &mut *kept.borrow_mut();
                take_turn(session, scope, memory, turns)?;
                work(&Connection::Postgres(session), memory, input.clone())
            });
            if !matches!(outcome, Outcome::Done(_)) {
                // Numbers given in a transaction that is gone must not be used again.
                self.memory.forget();
                self.turns.clear();
            }
            outcome
        })
    }
}

/// Waits until nobody else writes about the same, and forgets what others have made untrue.
fn take_turn(
    session: &Session<'_>,
    scope: &Scope,
    memory: &mut Memory,
    turns: &mut HashMap<String, i64>,
) -> Result<(), StoreError> {
    // The province's comes first, and the communes' are in order, so that nobody waits in a circle.
    let province = scope.province.then_some("");
    let wanted: Vec<&str> = province.into_iter().chain(scope.communes.iter().map(String::as_str)).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let sql = "INSERT INTO turn (commune, turn) SELECT slug, 1 FROM unnest(CAST($1 AS TEXT[])) WITH ORDINALITY AS t (slug, place)
               ORDER BY place ON CONFLICT (commune) DO UPDATE SET turn = turn.turn + 1 RETURNING commune, turn";
    for row in session.ask(sql, &[&wanted])? {
        let (slug, turn): (String, i64) = (row.get(0), row.get(1));
        if slug.is_empty() {
            continue;
        }
        if turns.get(&slug).is_none_or(|last| last + 1 != turn) {
            memory.forget_commune(&slug);
        }
        if turns.len() >= MAX_TURNS {
            turns.clear();
            memory.versions.forget();
        }
        turns.insert(slug, turn);
    }
    Ok(())
}

fn unreachable(error: deadpool_postgres::PoolError) -> StoreError {
    use deadpool_postgres::PoolError;
    match error {
        PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => Error::connecting(&error),
        PoolError::Closed => StoreError::Closed,
        error => StoreError::Unreachable(error.to_string()),
    }
}

impl Engine for PostgresStore {
    async fn transact<I: Clone + Send + 'static, T: Send + 'static>(
        &self,
        scope: Scope,
        input: I,
        work: impl Fn(&Connection<'_>, &mut Memory, I) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.write(move |hand| hand.transact(&scope, &input, &work)).await
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl Fn(&Connection<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let places = &self.reading[usize::from(apart::is_here())];
        let permit = places.clone().acquire_owned().await.map_err(|_| StoreError::Closed)?;
        let shared = self.shared.clone();
        let run = move || {
            let _permit = permit;
            shared.settle(&mut || shared.within(READS, &|session| work(&Connection::Postgres(session))))
        };
        tokio::task::spawn_blocking(run).await.map_err(|_| StoreError::Closed)?
    }

    fn catalogue_held(&self) -> &CatalogueHeld {
        &self.catalogue_held
    }

    fn is_shared(&self) -> bool {
        true
    }

    async fn copy(&self, _: &Path) -> Result<StoreCopy, StoreError> {
        Err(StoreError::NotHere("copies of a database are made by its own means (pg_dump, point-in-time recovery)"))
    }
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // Waits for the last write.
            let _ = thread.join();
        }
        self.shared.pool.close();
    }
}
