//! Figures that were entered on two branches of the log: after a restore, or in two copies of the store. Both versions are kept; a
//! person says which is right.

use super::{StoreError, View, Writing, broken, figures::Figure, figures::change_id_of, signed};
use crate::clock::instant_of_ms;
use chrono::{DateTime, Utc};
use shared::change::{Change, Conflict, Deed};
use uuid::Uuid;

/// Most conflicts that are listed at once.
const MOST_LISTED: usize = 1_000;

/// A conflict that nobody has settled yet.
#[derive(Debug, Clone)]
pub struct OpenConflict {
    /// The change that noted it.
    pub change_id: Uuid,
    /// Which versions.
    pub conflict: Conflict,
    /// The version of the branch that the province held.
    pub earlier: Figure,
    /// The version appended after it.
    pub later: Figure,
    /// When it was noted.
    pub noted_at: DateTime<Utc>,
}

impl View<'_> {
    /// The conflicts that are not settled, oldest first. One is settled by a person's word.
    ///
    /// # Errors
    /// What the store says.
    pub fn open_conflicts(&self) -> Result<Vec<OpenConflict>, StoreError> {
        let sql = "SELECT change_id, earlier, later, noted_at_ms FROM conflict WHERE settled_by IS NULL ORDER BY seq LIMIT ?1";
        let mut statement = self.0.prepare_cached(sql)?;
        let mut rows = statement.query([signed(MOST_LISTED as u64)])?;
        let mut open = Vec::new();
        while let Some(row) = rows.next()? {
            let conflict = Conflict { earlier: change_id_of(row, 1)?, later: change_id_of(row, 2)? };
            let (earlier, later) = (self.figure(conflict.earlier)?, self.figure(conflict.later)?);
            // A figure that was refused is no rival any more; one that is not there cannot be shown.
            let (Some(earlier), Some(later)) = (earlier, later) else { continue };
            if later.refusal.is_some() {
                continue;
            }
            let change_id = change_id_of(row, 0)?;
            open.push(OpenConflict { change_id, conflict, earlier, later, noted_at: instant_of_ms(row.get(3)?) });
        }
        Ok(open)
    }
}

impl Writing<'_> {
    /// Appends a conflict, or a person's word on one, with its record.
    ///
    /// # Errors
    /// What the store says.
    pub fn append_conflict(&self, change: &Change, real_now: DateTime<Utc>) -> Result<(), StoreError> {
        let head = self.append(change, real_now)?;
        match &change.deed {
            Deed::ConflictNoted(conflict) => self.insert_conflict(head.seq, change, *conflict),
            Deed::ConflictSettled(conflict) => self.mark_settled(*conflict, change.id),
            Deed::Recorded(_) | Deed::Attached(_) => Err(broken("change: no conflict")),
        }
    }

    pub(super) fn insert_conflict(&self, seq: u64, change: &Change, conflict: Conflict) -> Result<(), StoreError> {
        let sql = "INSERT INTO conflict (change_id, seq, earlier, later, noted_at_ms) VALUES (?1, ?2, ?3, ?4, ?5)";
        self.transaction.prepare_cached(sql)?.execute((
            change.id.as_bytes(),
            signed(seq),
            conflict.earlier.as_bytes(),
            conflict.later.as_bytes(),
            change.entered_at.timestamp_millis(),
        ))?;
        Ok(())
    }

    pub(super) fn mark_settled(&self, conflict: Uuid, by: Uuid) -> Result<(), StoreError> {
        let sql = "UPDATE conflict SET settled_by = ?2 WHERE change_id = ?1 AND settled_by IS NULL";
        self.transaction.prepare_cached(sql)?.execute((conflict.as_bytes(), by.as_bytes()))?;
        Ok(())
    }
}
