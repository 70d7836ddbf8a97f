//! Whole files on their way from this disk into the object store: a task of its own for each, by its SHA-256 and size, whoever sent it. It goes on
//! when the session that brought the last piece is over, and tries again by itself; whoever asks meanwhile waits for it as long as an
//! answer may take. A file is held when the object store has said that it holds every byte and the store of the province has noted it; until
//! then it lies whole in `partial`; after a restart, or when it was given up, the agent's next offer or the daily look (`tidying`) begins its way
//! anew.

use super::{EvidenceError, Place, partial::Partial};
use crate::{
    monitoring::Metrics,
    objects::ObjectsError,
    store::{EvidenceFile, Store},
};
use std::{
    collections::HashMap,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{Notify, Semaphore, watch},
    task::{JoinSet, spawn_blocking},
    time::{Instant, timeout, timeout_at},
};

/// Files that are put at once: each has a piece in memory.
const MOST_AT_ONCE: usize = 4;
/// Files on their way, those that wait for their turn included. One more begins its way when its agent asks again.
const MOST_WAITING: usize = 1_024;
/// The first pause after a try that failed, and the longest; each is twice the one before.
const PAUSES: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(15 * 60));
/// Tries in a row after which a file waits for its agent to ask again.
const MOST_TRIES: u32 = 12;

/// How far a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// It waits for its turn, or is being put.
    Going,
    /// The last try failed; the next one follows.
    Failed,
    /// It was given up until the agent offers it again.
    Over,
    /// The object store and the store have it.
    Held,
}

/// One file on its way, for those who wait for it.
#[derive(Debug)]
pub(super) struct Errand {
    way: watch::Sender<Way>,
    /// Somebody asks: the pause is over.
    asked: Notify,
}

/// A file as communes name it: its SHA-256 and its size. A wrong size under the right hash is another file, which nobody can have.
type Named = ([u8; 32], u64);

type Errands = Mutex<HashMap<Named, Arc<Errand>>>;

/// The files on their way.
pub struct Storing {
    shared: Arc<Shared>,
    /// None any more when the server has ended.
    tasks: Mutex<Option<JoinSet<()>>>,
    ending: watch::Sender<bool>,
}

struct Shared {
    place: Arc<Place>,
    store: Arc<dyn Store>,
    metrics: Arc<Metrics>,
    turns: Semaphore,
    errands: Errands,
}

/// Takes a file off the list, however its task ends, and tells those who wait.
struct Listed {
    shared: Arc<Shared>,
    named: Named,
    errand: Arc<Errand>,
}

impl Drop for Listed {
    fn drop(&mut self) {
        locked(&self.shared.errands).remove(&self.named);
        self.shared.metrics.evidence_being_stored.dec();
        self.errand.way.send_if_modified(|way| *way != Way::Held && std::mem::replace(way, Way::Over) != Way::Over);
    }
}

/// Whoever panics with such a lock has changed nothing half.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Storing {
    pub(super) fn new(place: Arc<Place>, store: Arc<dyn Store>, metrics: Arc<Metrics>) -> Self {
        let (turns, errands) = (Semaphore::new(MOST_AT_ONCE), Errands::default());
        Self {
            shared: Arc::new(Shared { place, store, metrics, turns, errands }),
            tasks: Mutex::new(Some(JoinSet::new())),
            ending: watch::Sender::new(false),
        }
    }

    /// A file's way, if it is on it.
    pub(super) fn find(&self, named: Named) -> Option<Arc<Errand>> {
        locked(&self.shared.errands).get(&named).cloned()
    }

    /// Whether one more can begin its way.
    pub(super) fn has_room(&self) -> bool {
        locked(&self.shared.errands).len() < MOST_WAITING
    }

    /// A whole file's way, begun if it is not on it; none where there is no place for one more.
    pub(super) fn begin(&self, partial: &Partial, file: EvidenceFile) -> Option<Arc<Errand>> {
        let mut tasks = locked(&self.tasks);
        let tasks = tasks.as_mut()?;
        while tasks.try_join_next().is_some() {}
        let (named, mut errands) = ((file.sha256, file.size_bytes), locked(&self.shared.errands));
        if let Some(errand) = errands.get(&named) {
            return Some(errand.clone());
        }
        if errands.len() >= MOST_WAITING {
            return None;
        }
        let errand = Arc::new(Errand { way: watch::Sender::new(Way::Going), asked: Notify::new() });
        errands.insert(named, errand.clone());
        self.shared.metrics.evidence_being_stored.inc();
        let listed = Listed { shared: self.shared.clone(), named, errand: errand.clone() };
        let (partial, mut ending) = (partial.clone(), self.ending.subscribe());
        tasks.spawn(async move { listed.shared.carry(&listed.errand, &partial, file, &mut ending).await });
        Some(errand)
    }

    /// Lets files that are being put arrive, but not for longer than this, and begins no other. What does not arrive lies whole on the disk.
    pub async fn end(&self, longest: Duration) {
        self.ending.send_replace(true);
        let Some(mut tasks) = locked(&self.tasks).take() else { return };
        let arrived = timeout(longest, async { while tasks.join_next().await.is_some() {} }).await;
        if arrived.is_err() {
            let files = tasks.len();
            tracing::warn!(
                files,
                "evidence did not reach the object store in time; it goes on when its agents ask again, or serve starts"
            );
        }
        tasks.shutdown().await;
    }
}

impl Errand {
    /// Waits until the file is held, a try fails, or that time has come; whether it is held. Where the last try failed, the next is at once.
    pub(super) async fn is_held(&self, until: Instant) -> bool {
        self.comes_to(until, |way| *way != Way::Going).await
    }

    /// The same, but waits through tries that fail.
    pub(super) async fn is_held_at_last(&self, until: Instant) -> bool {
        self.comes_to(until, |way| matches!(way, Way::Over | Way::Held)).await
    }

    async fn comes_to(&self, until: Instant, is_told: impl Fn(&Way) -> bool) -> bool {
        let mut way = self.way.subscribe();
        if self.way.send_if_modified(|way| *way == Way::Failed && std::mem::replace(way, Way::Going) == Way::Failed) {
            self.asked.notify_one();
        }
        matches!(timeout_at(until, way.wait_for(|way| is_told(way))).await, Ok(Ok(way)) if *way == Way::Held)
    }
}

impl Shared {
    /// Tries until the file is held, and not too often while nobody asks for it.
    async fn carry(&self, errand: &Errand, partial: &Partial, file: EvidenceFile, ending: &mut watch::Receiver<bool>) {
        let (name, mut pause) = (hex::encode(file.sha256), PAUSES.0);
        for tries in 1..=MOST_TRIES {
            let turn = tokio::select! {
                biased;
                _ = ending.wait_for(|ending| *ending) => return,
                turn = self.turns.acquire() => turn,
            };
            let put = self.put(partial, &file).await;
            drop(turn);
            let put = match put {
                Err(error) if is_gone(&error) => self.look_whether_held(&file, error).await,
                put => put,
            };
            self.metrics.evidence_put(put.is_ok());
            let Err(error) = put else {
                tracing::debug!(file = name, "a file of evidence is in the object store");
                errand.way.send_replace(Way::Held);
                return;
            };
            let is_over = tries == MOST_TRIES || is_permanent(&error);
            let next = (!is_over).then_some(pause.as_secs());
            tracing::error!(file = name, tries, next_try_s = ?next, %error, "a file of evidence is not in the object store yet");
            errand.way.send_replace(Way::Failed);
            if is_over {
                return;
            }
            tokio::select! {
                biased;
                _ = ending.wait_for(|ending| *ending) => return,
                // Asked for, or the pause is over.
                _ = timeout(pause, errand.asked.notified()) => {}
            }
            pause = (pause * 2).min(PAUSES.1);
            errand.way.send_replace(Way::Going);
        }
    }

    /// The copy here is gone: another process with this folder may have brought the file where it belongs.
    async fn look_whether_held(&self, file: &EvidenceFile, error: EvidenceError) -> Result<(), EvidenceError> {
        match self.store.evidence_file(file.sha256).await? {
            Some(held) if held.size_bytes == file.size_bytes => Ok(()),
            _ => Err(error),
        }
    }

    async fn put(&self, partial: &Partial, file: &EvidenceFile) -> Result<(), EvidenceError> {
        self.place.mark().await?;
        if let Some(bucket) = self.place.shelf().bucket() {
            bucket.put(partial.coming(), file.sha256, file.size_bytes).await?;
        }
        self.store.keep_evidence(file.clone()).await?;
        let partial = partial.clone();
        if let Ok(Err((path, error))) = spawn_blocking(move || partial.forget()).await {
            tracing::warn!(path = %path.display(), %error, "evidence that is held stays here too");
        }
        Ok(())
    }
}

/// The copy on this disk is gone or is not the file any more: the agent has to send it again.
fn is_permanent(error: &EvidenceError) -> bool {
    is_gone(error) || matches!(error, EvidenceError::Objects(ObjectsError::Differs(_)))
}

/// The copy on this disk is not there any more.
fn is_gone(error: &EvidenceError) -> bool {
    matches!(error, EvidenceError::Objects(ObjectsError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound)
}
