//! Whose place an object store is. Any bucket that can be written to answers like the right one, so the right one carries a mark: an object
//! with the province's id. Without it the place is taken for the right one only if most of the files are there that should be, or if there
//! are none yet, and is then marked.

use super::{EvidenceError, partial};
use crate::{
    evidence_shelf::Shelf,
    objects::ObjectsError,
    store::{EvidenceFile, Store},
};
use std::sync::Arc;
use tokio::{sync::OnceCell, task::spawn_blocking};

/// Most files that are looked for where there is no mark.
const MOST_LOOKED: usize = 64;

/// Where whole files lie, and whose it is.
pub struct Place {
    shelf: Shelf,
    store: Arc<dyn Store>,
    /// It was seen to be this province's before anything was put there.
    is_own: OnceCell<()>,
}

impl Place {
    /// The place of a shelf's files. Nothing is asked of it yet.
    #[must_use]
    pub fn new(shelf: Shelf, store: Arc<dyn Store>) -> Self {
        Self { shelf, store, is_own: OnceCell::new() }
    }

    /// The shelf.
    #[must_use]
    pub fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    /// Whether the object store, where there is one, is this province's place; nothing is written.
    ///
    /// # Errors
    /// It is not, or does not answer.
    pub async fn check(&self) -> Result<(), EvidenceError> {
        self.missing_mark().await.map(|_| ())
    }

    /// The same, and marks the place where nobody has done so.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub async fn mark(&self) -> Result<(), EvidenceError> {
        if let (Some(mark), Some(bucket)) = (self.missing_mark().await?, self.shelf.bucket()) {
            bucket.put_mark(&mark).await?;
        }
        Ok(())
    }

    /// The same, once for all that is put there.
    pub(super) async fn mark_once(&self) -> Result<(), EvidenceError> {
        self.is_own.get_or_try_init(|| self.mark()).await?;
        Ok(())
    }

    /// The mark that this place should have and does not; an error where it is another place.
    async fn missing_mark(&self) -> Result<Option<String>, EvidenceError> {
        let Some(bucket) = self.shelf.bucket() else { return Ok(None) };
        let founding = self.store.founding().await?;
        let mark = format!("tiendo-evidence 1 province {} exercise {}", founding.province, founding.exercise);
        match bucket.mark().await? {
            Some(found) if found == mark => return Ok(None),
            Some(found) => return Err(ObjectsError::OtherProvince { at: bucket.to_string(), found }.into()),
            None => {}
        }
        let (mut looked, mut missing) = (0, 0);
        for EvidenceFile { sha256, size_bytes, .. } in self.store.evidence_files().await? {
            // Before `evidence move`, files lie in the folder.
            if self.is_in_folder(sha256, size_bytes).await? {
                continue;
            }
            looked += 1;
            missing += usize::from(bucket.size(sha256).await? != Some(size_bytes));
            if looked == MOST_LOOKED {
                break;
            }
        }
        if missing * 2 > looked {
            return Err(ObjectsError::Unmarked { at: bucket.to_string(), missing, looked, mark }.into());
        }
        Ok(Some(mark))
    }

    /// Whether a file of this size is in the folder.
    async fn is_in_folder(&self, sha256: [u8; 32], size: u64) -> Result<bool, EvidenceError> {
        let path = self.shelf.path(sha256);
        let looked = spawn_blocking(move || partial::is_there(&path, size)).await;
        looked.map_err(|_| EvidenceError::Stopping)?.map_err(|(path, source)| EvidenceError::Io { path, source })
    }
}
