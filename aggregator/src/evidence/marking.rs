//! Whose place an object store is. Any bucket that can be written to answers like the right one, so the right one carries a mark: an object
//! with the province's id and a random id of this installation, which the store keeps. A place with another id is another installation's,
//! whatever the province is called. Without an id on either side the place is taken for the right one only if most of the files are there
//! that should be, or if there are none yet, and is then marked; a mark from before there were ids is given one when it is first met.

use super::{EvidenceError, partial};
use crate::{
    evidence_shelf::Shelf,
    objects::{Bucket, ObjectsError},
    store::{EvidenceFile, Founding, Store},
};
use std::sync::Arc;
use tokio::task::spawn_blocking;

/// Most files that are looked for where there is no mark.
const MOST_LOOKED: usize = 64;

/// Where whole files lie, and whose it is.
pub struct Place {
    shelf: Shelf,
    store: Arc<dyn Store>,
}

/// The random id of an installation.
type Id = [u8; 16];

/// Whose mark was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// None at all.
    Absent,
    /// This province's, from before there were ids.
    OfBefore,
    /// This province's, of the installation with this id.
    With(Id),
    /// Something else.
    Foreign,
}

/// What is left to do where a place is this installation's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Nothing,
    /// The place is to be marked.
    Mark,
    /// The place is marked, and its id is to be noted in the store.
    Note(Id),
}

/// Which of the files that are held are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counted {
    /// Those that do not lie in the folder.
    NotInFolder,
    /// All.
    All,
}

/// What the mark says.
fn line(founding: &Founding, id: Option<Id>) -> String {
    let Founding { province, exercise, .. } = founding;
    match id {
        None => format!("tiendo-evidence 1 province {province} exercise {exercise}"),
        Some(id) => format!("tiendo-evidence 2 province {province} exercise {exercise} id {}", hex::encode(id)),
    }
}

impl Mark {
    fn read(found: Option<&str>, founding: &Founding) -> Self {
        let Some(found) = found else { return Self::Absent };
        if found == line(founding, None) {
            return Self::OfBefore;
        }
        let mut id = Id::default();
        let told = found.rsplit_once(' ').map(|(_, told)| hex::decode_to_slice(told, &mut id));
        if told == Some(Ok(())) && found == line(founding, Some(id)) { Self::With(id) } else { Self::Foreign }
    }
}

impl Place {
    /// The place of a shelf's files. Nothing is asked of it yet.
    #[must_use]
    pub fn new(shelf: Shelf, store: Arc<dyn Store>) -> Self {
        Self { shelf, store }
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
        self.look().await.map(|_| ())
    }

    /// The same, and marks the place where nobody has done so.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub async fn mark(&self) -> Result<(), EvidenceError> {
        let Some(bucket) = self.shelf.bucket() else { return Ok(()) };
        match self.look().await? {
            Next::Nothing => {}
            Next::Mark => {
                // Of several servers that meet it first, one's id is kept by all.
                let id = self.store.name_evidence_place(rand::random()).await?;
                bucket.put_mark(&line(&self.store.founding().await?, Some(id))).await?;
            }
            Next::Note(id) => {
                let kept = self.store.name_evidence_place(id).await?;
                if kept != id {
                    let founding = self.store.founding().await?;
                    let (found, mark) = (line(&founding, Some(id)), line(&founding, Some(kept)));
                    return Err(ObjectsError::OtherInstallation { at: bucket.to_string(), found, mark }.into());
                }
            }
        }
        Ok(())
    }

    /// What this place still lacks; an error where it is another place.
    async fn look(&self) -> Result<Next, EvidenceError> {
        let Some(bucket) = self.shelf.bucket() else { return Ok(Next::Nothing) };
        let (founding, own) = (self.store.founding().await?, self.store.evidence_place().await?);
        let found = bucket.mark().await?;
        let mark = Mark::read(found.as_deref(), &founding);
        let (at, found) = (|| bucket.to_string(), found.unwrap_or_default());
        let other = |found, own| ObjectsError::OtherInstallation { at: at(), found, mark: line(&founding, own) };
        match (mark, own) {
            (Mark::Foreign, _) => Err(ObjectsError::OtherProvince { at: at(), found }.into()),
            (Mark::With(id), Some(own)) if id == own => Ok(Next::Nothing),
            (Mark::With(_), Some(_)) => Err(other(found, own).into()),
            // A store that was restored from before it had an id knows the place by its files.
            // Where all lies in the folder as well, as after `evidence move` without `--remove`, it is looked for there all the same.
            (Mark::With(id), None) => {
                for counted in [Counted::NotInFolder, Counted::All] {
                    let (looked, missing) = self.missing(bucket, counted).await?;
                    if looked > 0 && missing * 2 <= looked {
                        return Ok(Next::Note(id));
                    }
                }
                Err(other(found, own).into())
            }
            (Mark::OfBefore, None) => Ok(Next::Mark),
            (Mark::OfBefore | Mark::Absent, _) => match self.missing(bucket, Counted::NotInFolder).await? {
                (looked, missing) if missing * 2 > looked => {
                    Err(ObjectsError::Unmarked { at: at(), missing, looked, mark: line(&founding, own) }.into())
                }
                _ => Ok(Next::Mark),
            },
        }
    }

    /// How many files that should be in the object store were looked for, and how many of them are not there.
    async fn missing(&self, bucket: &Bucket, counted: Counted) -> Result<(usize, usize), EvidenceError> {
        let (mut looked, mut missing) = (0, 0);
        for EvidenceFile { sha256, size_bytes, .. } in self.store.evidence_files().await? {
            // Before `evidence move`, files lie in the folder.
            if counted == Counted::NotInFolder && self.is_in_folder(sha256, size_bytes).await? {
                continue;
            }
            looked += 1;
            missing += usize::from(bucket.size(sha256).await? != Some(size_bytes));
            if looked == MOST_LOOKED {
                break;
            }
        }
        Ok((looked, missing))
    }

    /// Whether a file of this size is in the folder.
    async fn is_in_folder(&self, sha256: [u8; 32], size: u64) -> Result<bool, EvidenceError> {
        let path = self.shelf.path(sha256);
        let looked = spawn_blocking(move || partial::is_there(&path, size)).await;
        looked.map_err(|_| EvidenceError::Stopping)?.map_err(|(path, source)| EvidenceError::Io { path, source })
    }
}
