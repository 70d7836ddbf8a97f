//! The communes' files of evidence: kept by their SHA-256, taken in pieces, believed only when whole and verified.
//!
//! | file | noun |
//! | --- | --- |
//! | `partial` | one file on its way, on the disk |
//! | `settings` | how much is taken, and where whole files go |
//! | `marking` | whose place an object store is |
//! | `moving` | whole files on their way from the folder to an object store |
//! | `proving` | whether what is held is there, and what is not asked for again |
//! | `storing` | whole files that came, on their way into an object store |
//! | `tidying` | what waits on the disk: given up, or taken up again |
//!
//! Only a file that accepted evidence of the commune names is taken. The same bytes of two communes are kept once. Nothing is said
//! to be held before it is on the disk, or in the object store, and in the store. With an object store, files come in pieces to this
//! disk all the same, and go there when they are whole, each by a task that outlives the session: until the object store has said that it holds
//! them, nobody is told so, and they stay here. An object store is marked as this province's place before anything is put there, and what is not its place is neither
//! written to nor taken for one that lost its files (`marking`).

mod marking;
pub mod moving;
mod partial;
mod proving;
mod settings;
pub mod storing;
mod tidying;

pub use marking::Place;
pub use settings::Settings;

use crate::evidence_shelf::Shelf;
use crate::monitoring::Metrics;
use crate::objects::ObjectsError;
use crate::store::{EvidenceClaim, EvidenceFile, Store, StoreError};
use chrono::{DateTime, Utc};
use partial::{Partial, Written};
use prost::bytes::Bytes;
use proto::{
    BEING_STORED,
    sync::v1::{FileState, HeldFile},
};
use serde::{Deserialize, Serialize};
use std::{io, path::PathBuf, sync::Arc, time::Duration};
use storing::{Errand, Storing};
use thiserror::Error;
use tokio::{
    sync::{Mutex, Semaphore},
    time::Instant,
};

/// Pieces of work on files at once.
const HANDS: usize = 4;
/// Locks that keep two sessions from writing to one file; files share them.
const LOCKS: usize = 64;
/// How long one answer may wait for an object store: an agent waits half a minute for it.
const PATIENCE: Duration = Duration::from_secs(5);
/// One MiB.
const MIB: u64 = 1024 * 1024;

/// How much evidence is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Largest file, in MiB.
    pub max_file_mib: u64,
    /// Most of one commune, in MiB.
    pub max_commune_mib: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_file_mib: 20, max_commune_mib: 2_048 }
    }
}

/// Why nothing can be said of a file now.
#[derive(Debug, Error)]
pub enum EvidenceError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The disk.
    #[error("{path}: {source}")]
    Io {
        /// On what.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The object store.
    #[error("the object store: {0}")]
    Objects(#[from] ObjectsError),
    /// The server stops.
    #[error("the server stops")]
    Stopping,
}

/// The files of all communes.
pub struct Evidence {
    shelf: Shelf,
    limits: Limits,
    store: Arc<dyn Store>,
    hands: Semaphore,
    locks: Vec<Mutex<()>>,
    place: Arc<Place>,
    storing: Arc<Storing>,
    /// How long one answer may wait for the object store.
    patience: Duration,
    /// Until when all answers together may wait for it, through tries that fail, where nobody waits for each.
    deadline: Option<Instant>,
}

/// What follows from how far a file has come.
enum Stands {
    /// This is the answer.
    So(HeldFile),
    /// It is whole, and on its way into the object store, or waits for a place on it.
    Storing(Option<Arc<Errand>>),
}

impl Evidence {
    /// The files on this shelf; its folder is made with the first.
    #[must_use]
    pub fn new(shelf: Shelf, limits: Limits, store: Arc<dyn Store>) -> Self {
        let locks = (0..LOCKS).map(|_| Mutex::default()).collect();
        let place = Arc::new(Place::new(shelf.clone(), store.clone()));
        let storing = Arc::new(Storing::new(place.clone(), store.clone(), Arc::default()));
        Self {
            shelf,
            limits,
            store,
            hands: Semaphore::new(HANDS),
            locks,
            place,
            storing,
            patience: PATIENCE,
            deadline: None,
        }
    }

    /// The same, counted by these metrics; before the first file comes.
    #[must_use]
    pub fn counted(self, metrics: Arc<Metrics>) -> Self {
        let storing = Arc::new(Storing::new(self.place.clone(), self.store.clone(), metrics));
        Self { storing, ..self }
    }

    /// The same where all answers together may take so long, from now on: a bundle is answered once.
    #[must_use]
    pub fn patient(self, longest: Duration) -> Self {
        Self { deadline: Some(Instant::now() + longest), ..self }
    }

    /// Until when an answer that begins now may wait for the object store.
    fn until(&self) -> Instant {
        self.deadline.unwrap_or_else(|| Instant::now() + self.patience)
    }

    /// Where whole files lie.
    #[must_use]
    pub fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// Whose place that is.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The files on their way into the object store.
    #[must_use]
    pub fn storing(&self) -> Arc<Storing> {
        self.storing.clone()
    }

    /// Says of each file that a commune offers whether it is wanted.
    ///
    /// # Errors
    /// [`EvidenceError`]
    pub async fn offer(
        &self,
        commune: &str,
        files: &[([u8; 32], u64)],
        now: DateTime<Utc>,
    ) -> Result<Vec<HeldFile>, EvidenceError> {
        let claims = self.store.evidence_claims(commune, files.iter().map(|(sha256, _)| *sha256).collect()).await?;
        let (mut states, mut promised) = (Vec::with_capacity(files.len()), 0);
        let (mut room, until) = (None, self.until());
        for (claim, (_, size)) in claims.iter().zip(files) {
            let partial = Partial::new(&self.shelf, commune, claim.sha256, *size);
            if let Some(settled) = self.settled(claim, *size).await? {
                if settled.state() == FileState::Held {
                    // It came by another aggregator, or from another commune.
                    self.work(move || partial.forget()).await?;
                }
                states.push(Stands::So(settled));
                continue;
            }
            if let Some(errand) = self.storing.find(partial.named()) {
                states.push(Stands::Storing(Some(errand)));
                continue;
            }
            let _alone = self.lock(claim.sha256).await;
            let look = partial.clone();
            let written = self.work(move || look.look()).await?;
            if written == Written::Part(0) {
                let room = match room {
                    Some(room) => room,
                    None => *room.insert(self.room(commune, [0; 32]).await?),
                };
                if promised + size > room {
                    states.push(Stands::So(refused(claim.sha256, "commune_full")));
                    continue;
                }
                promised += size;
            }
            states.push(self.written(&partial, commune, (claim.sha256, *size), written, now).await?);
        }
        let mut answers = Vec::with_capacity(states.len());
        for (stands, (sha256, size)) in states.into_iter().zip(files) {
            answers.push(self.answer(stands, &Partial::new(&self.shelf, commune, *sha256, *size), until).await?);
        }
        Ok(answers)
    }

    /// Takes a piece of a file that was offered. It is on the disk when this returns.
    ///
    /// # Errors
    /// [`EvidenceError`]
    pub async fn keep(
        &self,
        commune: &str,
        sha256: [u8; 32],
        offset: u64,
        data: Bytes,
        now: DateTime<Utc>,
    ) -> Result<HeldFile, EvidenceError> {
        let claims = self.store.evidence_claims(commune, vec![sha256]).await?;
        let named = claims.first().and_then(|claim| Some((claim, *claim.named_sizes.first()?)));
        let Some((claim, size)) = named else { return Ok(refused(sha256, "not_evidence")) };
        if let Some(settled) = self.settled(claim, size).await? {
            return Ok(settled);
        }
        let until = self.until();
        let partial = Partial::new(&self.shelf, commune, sha256, size);
        if let Some(errand) = self.storing.find(partial.named()) {
            return self.answer(Stands::Storing(Some(errand)), &partial, until).await;
        }
        let alone = self.lock(sha256).await;
        // What has begun has its room already.
        if offset == 0 && size > self.room(commune, sha256).await? {
            return Ok(refused(sha256, "commune_full"));
        }
        let write = partial.clone();
        let written = self.work(move || write.write(offset, &data)).await?;
        let stands = self.written(&partial, commune, (sha256, size), written, now).await?;
        drop(alone);
        self.answer(stands, &partial, until).await
    }

    /// Whether a file of this size is on the shelf.
    async fn is_there(&self, sha256: [u8; 32], size: u64) -> Result<bool, EvidenceError> {
        if let Some(bucket) = self.shelf.bucket()
            && let Some(found) = bucket.size(sha256).await?
        {
            return Ok(found == size);
        }
        let path = self.shelf.path(sha256);
        self.work(move || partial::is_there(&path, size)).await
    }

    /// The answer to a file of which no piece is needed: held, or not wanted.
    async fn settled(&self, claim: &EvidenceClaim, size: u64) -> Result<Option<HeldFile>, EvidenceError> {
        let sha256 = claim.sha256;
        if !claim.named_sizes.contains(&size) {
            return Ok(Some(refused(sha256, "not_evidence")));
        }
        if claim.held.as_ref().is_some_and(|held| held.size_bytes == size) {
            if self.is_there(sha256, size).await? {
                return Ok(Some(held(sha256, size)));
            }
            // Each time: a bucket can be emptied while this runs.
            self.place.mark().await?;
            tracing::error!(file = %hex::encode(sha256), "a file of evidence that was held is gone, it is asked for again");
        } else if claim.refused.is_some() || size == 0 {
            // A file without bytes is of no kind, and there is no piece of it to send.
            return Ok(Some(refused(sha256, "kind_not_allowed")));
        }
        Ok((size > self.limits.max_file_mib * MIB).then(|| refused(sha256, "file_too_large")))
    }

    /// How many bytes of a commune's files may still begin to come, this one not counted.
    async fn room(&self, commune: &str, sha256: [u8; 32]) -> Result<u64, EvidenceError> {
        let held = self.store.evidence_held_bytes(commune).await?;
        let (root, commune) = (self.shelf.root().to_owned(), commune.to_owned());
        let expected = self.work(move || partial::expected_beside(&root, &commune, sha256)).await?;
        Ok((self.limits.max_commune_mib * MIB).saturating_sub(held + expected))
    }

    /// What follows from how far a file has come.
    async fn written(
        &self,
        partial: &Partial,
        commune: &str,
        (sha256, size_bytes): ([u8; 32], u64),
        written: Written,
        now: DateTime<Utc>,
    ) -> Result<Stands, EvidenceError> {
        let file = |kind: &str| EvidenceFile { sha256, size_bytes, kind: kind.into(), received_at: now };
        Ok(match written {
            Written::Part(held_bytes) => Stands::So(wanted(sha256, held_bytes, "")),
            Written::Damaged => {
                tracing::warn!(commune, file = %hex::encode(sha256), "a file of evidence does not have its checksum");
                Stands::So(wanted(sha256, 0, "checksum"))
            }
            Written::Whole(Some(kind)) if self.shelf.bucket().is_some() => {
                Stands::Storing(self.storing.begin(partial, file(kind)))
            }
            Written::Whole(Some(kind)) => {
                self.store.keep_evidence(file(kind)).await?;
                Stands::So(held(sha256, size_bytes))
            }
            Written::Whole(None) => {
                self.store.refuse_evidence(file(""), "kind_not_allowed").await?;
                Stands::So(refused(sha256, "kind_not_allowed"))
            }
        })
    }

    /// What an agent is told. Of a file that is still on its way into the object store when the time is over, its last byte stays wanted:
    /// the agent asks again.
    async fn answer(&self, stands: Stands, partial: &Partial, until: Instant) -> Result<HeldFile, EvidenceError> {
        let (sha256, size) = partial.named();
        let errand = match stands {
            Stands::So(answer) => return Ok(answer),
            Stands::Storing(errand) => errand,
        };
        let is_held = match errand {
            Some(errand) if self.deadline.is_some() => errand.is_held_at_last(until).await,
            Some(errand) => errand.is_held(until).await,
            None => false,
        };
        if is_held {
            // It may have come from another commune.
            let partial = partial.clone();
            self.work(move || partial.forget()).await?;
            return Ok(held(sha256, size));
        }
        Ok(wanted(sha256, size.saturating_sub(1), BEING_STORED))
    }

    /// One session at a time works on a file, whoever's it is: the same bytes of two communes have one place.
    async fn lock(&self, sha256: [u8; 32]) -> tokio::sync::MutexGuard<'_, ()> {
        self.locks[usize::from(sha256[0]) % LOCKS].lock().await
    }

    /// Work on files: apart from what answers the network, and not too much of it at once.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, (PathBuf, io::Error)> + Send + 'static,
    ) -> Result<T, EvidenceError> {
        let _hand = self.hands.acquire().await.map_err(|_| EvidenceError::Stopping)?;
        let done = tokio::task::spawn_blocking(work).await.map_err(|_| EvidenceError::Stopping)?;
        done.map_err(|(path, source)| EvidenceError::Io { path, source })
    }
}

fn held(sha256: [u8; 32], held_bytes: u64) -> HeldFile {
    HeldFile { sha256: sha256.to_vec(), state: FileState::Held.into(), held_bytes, code: String::new() }
}

fn wanted(sha256: [u8; 32], held_bytes: u64, code: &str) -> HeldFile {
    HeldFile { sha256: sha256.to_vec(), state: FileState::Wanted.into(), held_bytes, code: code.into() }
}

fn refused(sha256: [u8; 32], code: &str) -> HeldFile {
    HeldFile { sha256: sha256.to_vec(), state: FileState::Refused.into(), held_bytes: 0, code: code.into() }
}

#[cfg(test)]
mod tests;
