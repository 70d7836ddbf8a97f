//! Group commit: whatever batches wait when the disk is ready go into one transaction; then all of them are answered.

#[cfg(feature = "planted-faults")]
mod planted;

use super::follow::Follower;
use crate::{
    monitoring::Metrics,
    store::{Append, BatchOutcome, CheckedBatch, Note, Store},
};
use chrono::{DateTime, Utc};
use std::sync::Arc;
use thiserror::Error;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot},
    time::Instant,
};

/// Batches and notes that wait for the writer.
const WAITING: usize = 256;
/// Most entries in one transaction.
pub const MAX_GROUP: usize = 64;
/// No further batch is added to a transaction that has this many changes.
pub const MAX_GROUP_CHANGES: usize = 20_000;
/// Bytes of change bodies that may be between their arrival and their commit, all sessions together.
const MAX_WAITING_BYTES: usize = 64 * 1024 * 1024;
/// What a permit stands for.
const PERMIT_BYTES: usize = 1024;

/// The writer is gone or the store failed: nothing is known to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the store did not take it")]
pub struct NotStored;

/// What a session is told of its batch.
#[derive(Debug, PartialEq, Eq)]
pub struct Reply {
    /// What became of it.
    pub outcome: Result<BatchOutcome, NotStored>,
    /// When the batch had arrived.
    pub received_at: DateTime<Utc>,
}

enum Entry {
    Batch { batch: CheckedBatch, reply: mpsc::Sender<Reply>, bytes: OwnedSemaphorePermit },
    Note { note: Note, noted: Option<oneshot::Sender<()>> },
}

/// Hands batches to the writing task. Cheap to clone.
#[derive(Clone)]
pub struct Writer {
    entries: mpsc::Sender<Entry>,
    bytes: Arc<Semaphore>,
}

impl Writer {
    /// Starts the writing task. It ends, everything written, when every clone is dropped.
    #[must_use]
    pub fn start(
        store: Arc<dyn Store>,
        follower: Follower,
        metrics: Arc<Metrics>,
    ) -> (Self, tokio::task::JoinHandle<()>) {
        let (entries, waiting) = mpsc::channel(WAITING);
        let task = tokio::spawn(run(store, follower, metrics, waiting));
        (Self { entries, bytes: Arc::new(Semaphore::new(MAX_WAITING_BYTES / PERMIT_BYTES)) }, task)
    }

    /// Hands over a batch; waits while too many bytes wait. The reply channel must have room for it.
    ///
    /// # Errors
    /// [`NotStored`] when the writer is gone.
    pub async fn submit(&self, batch: CheckedBatch, reply: mpsc::Sender<Reply>) -> Result<(), NotStored> {
        let size: usize = batch.changes.iter().map(|change| change.body.len()).sum();
        let permits = u32::try_from(size / PERMIT_BYTES + 1).map_err(|_| NotStored)?;
        let bytes = self.bytes.clone().acquire_many_owned(permits).await.map_err(|_| NotStored)?;
        self.entries.send(Entry::Batch { batch, reply, bytes }).await.map_err(|_| NotStored)
    }

    /// Notes something of a commune's agent; returns when it is durable or could not be noted.
    pub async fn note(&self, note: Note) {
        let (noted, done) = oneshot::channel();
        if self.entries.send(Entry::Note { note, noted: Some(noted) }).await.is_ok() {
            // The note is for the list of communes; a lost one is not worth a failed session.
            let _ = done.await;
        }
    }
}

async fn run(store: Arc<dyn Store>, follower: Follower, metrics: Arc<Metrics>, mut waiting: mpsc::Receiver<Entry>) {
    let mut group = Vec::with_capacity(MAX_GROUP);
    #[cfg(feature = "planted-faults")]
    let mut late = None;
    while let Some(first) = waiting.recv().await {
        gather(first, &mut waiting, &mut group);
        #[cfg(feature = "planted-faults")]
        if proto::plant::is_planted(proto::plant::Plant::AcknowledgeBeforeCommit) {
            planted::commit(&*store, &mut late, &mut group).await;
            continue;
        }
        commit(&*store, &follower, &metrics, &mut group).await;
    }
}

/// What goes into one transaction: the first entry and what waits behind it, within bounds.
fn gather(first: Entry, waiting: &mut mpsc::Receiver<Entry>, group: &mut Vec<Entry>) {
    let mut changes = size(&first);
    group.push(first);
    while group.len() < MAX_GROUP && changes < MAX_GROUP_CHANGES {
        let Ok(next) = waiting.try_recv() else { break };
        changes += size(&next);
        group.push(next);
    }
}

fn size(entry: &Entry) -> usize {
    match entry {
        Entry::Batch { batch, .. } => batch.changes.len(),
        Entry::Note { .. } => 0,
    }
}

/// One transaction, then all answers.
async fn commit(store: &dyn Store, follower: &Follower, metrics: &Metrics, group: &mut Vec<Entry>) {
    let mut append = Append::default();
    let mut replies = Vec::with_capacity(group.len());
    let mut noted = Vec::new();
    for entry in group.drain(..) {
        match entry {
            Entry::Batch { batch, reply, bytes } => {
                replies.push((reply, batch.received_at, batch.changes.len(), bytes));
                append.batches.push(batch);
            }
            Entry::Note { note, noted: waiting } => {
                append.notes.push(note);
                noted.extend(waiting);
            }
        }
    }
    let changes: usize = append.batches.iter().map(|batch| batch.changes.len()).sum();
    let (mut followed, begun) = (None, Instant::now());
    let appended = store.append(append).await;
    metrics.committed(changes, begun.elapsed());
    let outcomes: Vec<_> = match appended {
        Ok(appended) => {
            tracing::debug!(batches = replies.len(), changes, "committed");
            followed = follower.announce(appended.accepted, appended.moved);
            appended.outcomes.into_iter().map(Ok).collect()
        }
        Err(error) => {
            tracing::error!(%error, batches = replies.len(), "a transaction failed, its sessions end");
            replies.iter().map(|_| Err(NotStored)).collect()
        }
    };
    for ((reply, received_at, changes, _bytes), outcome) in replies.into_iter().zip(outcomes) {
        metrics.batch(changes, outcome.as_ref().ok());
        // The session may have ended; what it sent is stored all the same.
        let _ = reply.try_send(Reply { outcome, received_at });
    }
    for waiting in noted {
        let _ = waiting.send(());
    }
    // Nobody waits for the standings to learn that what was sent is durable.
    if let Some(followed) = followed {
        followed.publish().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ingest::{NoStandings, StandingsHook},
        sample::{self, batch, figure},
        store::{Accepted, Moved},
    };
    use async_trait::async_trait;
    use shared::{change::LogPosition, feed::Standing};
    use std::{error::Error, sync::Mutex};

    fn entry(changes: u64) -> Entry {
        let changes = (1..=changes).map(|number| figure(number, "2026-10", 1)).collect();
        let bytes = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
        Entry::Batch { batch: batch("tan-phu", 1, LogPosition::START, changes), reply: mpsc::channel(1).0, bytes }
    }

    #[test]
    fn a_group_is_bounded_by_batches_and_by_changes() {
        for (size, waiting, expected) in [(1, 0, 1), (1, 10, 11), (1, 100, MAX_GROUP), (4_000, 10, 5), (20_000, 3, 1)] {
            let (entries, mut queue) = mpsc::channel(WAITING);
            for _ in 0..waiting {
                assert!(entries.try_send(entry(size)).is_ok());
            }
            let mut group = Vec::new();
            gather(entry(size), &mut queue, &mut group);
            assert_eq!(group.len(), expected, "{waiting} batches of {size} wait");
        }
    }

    #[derive(Default)]
    struct Seen(Mutex<usize>);

    #[async_trait]
    impl StandingsHook for Seen {
        async fn apply(&self, accepted: &[Accepted], _: &[Moved]) {
            *self.0.lock().unwrap() += accepted.len();
        }
        async fn reload(&self) -> Result<(), Box<dyn Error + Send + Sync>> {
            Ok(())
        }
        async fn catch_up(&self) -> Result<(), Box<dyn Error + Send + Sync>> {
            Ok(())
        }
        async fn own_standings(&self, _commune: &str) -> Vec<Standing> {
            Vec::new()
        }
    }

    #[tokio::test]
    async fn every_session_gets_its_own_answer_and_the_standings_follow() {
        let (_folder, store) = sample::store().await;
        let seen = Arc::new(Seen::default());
        let follower = Follower::start(seen.clone());
        let (writer, task) = Writer::start(Arc::new(store), follower.clone(), Arc::default());
        let mut sessions = Vec::new();
        for (commune, number) in ["tan-phu", "loc-tan", "dinh-quan"].into_iter().zip(1u8..) {
            let (reply, replies) = mpsc::channel(4);
            let changes = vec![figure(u64::from(number), "2026-10", 1), figure(u64::from(number) + 10, "2026-09", 1)];
            let batch = batch(commune, number, LogPosition::START, changes);
            let after = batch.after();
            writer.submit(batch, reply).await.unwrap();
            sessions.push((replies, after));
        }
        let note = sample::session_note("tan-phu", None);
        writer.note(note).await;
        for (mut replies, after) in sessions {
            let reply = replies.recv().await.unwrap();
            assert_eq!(
                reply.outcome,
                Ok(BatchOutcome::Committed { position: after, refused: Vec::new(), received_at: reply.received_at })
            );
        }
        follower.settled().await.unwrap();
        assert_eq!(*seen.0.lock().unwrap(), 6);
        drop(writer);
        task.await.unwrap();
    }

    #[tokio::test]
    async fn what_was_handed_over_is_written_although_its_session_is_gone() {
        let (_folder, store) = sample::store().await;
        let store: Arc<dyn Store> = Arc::new(store);
        let (writer, task) = Writer::start(store.clone(), Follower::start(Arc::new(NoStandings)), Arc::default());
        let (reply, replies) = mpsc::channel(4);
        drop(replies);
        writer.submit(batch("tan-phu", 1, LogPosition::START, vec![figure(1, "2026-10", 1)]), reply).await.unwrap();
        drop(writer);
        task.await.unwrap();
        assert_eq!(store.observations().await.unwrap().len(), 1);
    }
}
