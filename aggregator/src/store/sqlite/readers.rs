//! Who reads: threads, each with a connection of its own, and those who answer the staff, on their own threads where it is a row or two.
//!
//! The threads stay: on threads that come and go SQLite would take its pages from as many heaps, which all keep what was once asked of
//! them. Whoever answers the staff has a thread that others hardly wait for ([`apart`]) and reads short things on it: handing the question
//! to another thread and taking the answer from it would be to wait twice for a processor that is busy. What reads whole tables is handed
//! over: it would hold up whoever else is answered or greeted there.

use super::{super::StoreError, schema};
use crate::apart;
use rusqlite::Connection;
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    thread::{Builder, JoinHandle},
};
use tokio::sync::{mpsc, oneshot};

/// Reads that wait for one of them.
const WAITING_READS: usize = 64;

type Job = Box<dyn FnOnce(&mut Reader) + Send>;

/// See the module.
pub(super) struct Readers {
    jobs: Option<mpsc::Sender<Job>>,
    threads: Vec<JoinHandle<()>>,
}

/// A connection that reads.
struct Reader {
    path: PathBuf,
    /// Opened when it is first needed.
    connection: Option<Connection>,
}

impl Reader {
    /// One read transaction.
    fn read<T>(&mut self, work: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => schema::open_reader(&self.path)?,
        };
        // One that does not begin is not kept: the next read opens another.
        let transaction = connection.transaction()?;
        let done = work(&transaction);
        drop(transaction);
        self.connection = Some(connection);
        done
    }
}

/// The connections of those who read on their own threads; as many as ever read at once.
pub(super) struct Desk {
    path: PathBuf,
    idle: Mutex<Vec<Reader>>,
}

impl Desk {
    /// Nothing is opened yet.
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), idle: Mutex::default() }
    }

    /// One read transaction, here and now: everything in it is of the same moment.
    pub(super) fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = idle().pop();
        let mut reader = taken.unwrap_or_else(|| Reader { path: self.path.clone(), connection: None });
        let done = reader.read(work);
        idle().push(reader);
        done
    }
}

impl Readers {
    /// Starts so many threads, which [give way](apart::give_way) to others or not; nothing is opened yet.
    pub(super) fn start(path: &Path, number: usize, gives_way: bool) -> Result<Self, StoreError> {
        let (jobs, waiting) = mpsc::channel::<Job>(WAITING_READS);
        let waiting = Arc::new(Mutex::new(waiting));
        let mut readers = Self { jobs: Some(jobs), threads: Vec::new() };
        for _ in 0..number {
            let (waiting, mut reader) = (waiting.clone(), Reader { path: path.to_owned(), connection: None });
            let run = move || {
                if gives_way {
                    apart::give_way();
                }
                while let Some(job) = next(&waiting) {
                    job(&mut reader);
                }
            };
            let thread = Builder::new().name("store-read".into()).spawn(run);
            readers.threads.push(thread.map_err(|error| StoreError::Engine(Box::new(error)))?);
        }
        Ok(readers)
    }

    /// One read transaction: everything in it is of the same moment.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |reader| {
            if !answer.is_closed() {
                // Fails only when nobody waits any more.
                let _ = answer.send(reader.read(work));
            }
        });
        self.jobs.as_ref().ok_or(StoreError::Closed)?.send(job).await.map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)?
    }
}

/// Whoever has the queue waits for the next job, the others for the queue. None at the end.
fn next(waiting: &Mutex<mpsc::Receiver<Job>>) -> Option<Job> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv()
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.jobs = None;
        for thread in self.threads.drain(..) {
            // Waits for what is being read, so that the file is closed when this returns.
            let _ = thread.join();
        }
    }
}
