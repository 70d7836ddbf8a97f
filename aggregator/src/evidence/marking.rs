//! Whose place an object store is. Any bucket that can be written to answers like the right one, so the right one carries a mark: an object
//! with the province's id. Without it the place is taken for the right one only if most of the files are there that should be, or if there
//! are none yet, and is then marked.

use super::{Evidence, EvidenceError};
use crate::{objects::ObjectsError, store::EvidenceFile};

/// Most files that are looked for where there is no mark.
const MOST_LOOKED: usize = 64;

impl Evidence {
    /// Whether the object store, where there is one, is this province's place; nothing is written.
    ///
    /// # Errors
    /// It is not, or does not answer.
    pub async fn check_place(&self) -> Result<(), EvidenceError> {
        self.missing_mark().await.map(|_| ())
    }

    /// The same, and marks the place where nobody has done so.
    pub(super) async fn mark_place(&self) -> Result<(), EvidenceError> {
        if let (Some(mark), Some(bucket)) = (self.missing_mark().await?, self.shelf.bucket()) {
            bucket.put_mark(&mark).await?;
        }
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
}
