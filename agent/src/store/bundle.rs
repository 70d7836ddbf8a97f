//! The bundles that were made, for the day on which their answers come.

use super::{StoreError, View, Writing, broken, signed, unsigned};
use crate::clock::instant_of_ms;
use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, Row};
use shared::change::Incarnation;

/// How many are remembered. An answer to an older one is not taken: the province gives it again for a new bundle.
const MAX_KEPT: u64 = 100;

/// A bundle that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeBundle {
    /// Random.
    pub id: [u8; 16],
    /// When.
    pub made_at: DateTime<Utc>,
    /// The life of the store that made it.
    pub incarnation: Incarnation,
    /// The last change in it, or before it.
    pub end: u64,
    /// The feed position that it asks from.
    pub feed_position: u64,
    /// The epoch of that position.
    pub epoch: Option<Vec<u8>>,
    /// When an answer was taken, first.
    pub answered_at: Option<DateTime<Utc>>,
}

const COLUMNS: &str = "SELECT id, made_at_ms, incarnation, end_seq, feed_position, epoch, answered_at_ms FROM bundle";

impl View<'_> {
    /// A bundle by its id.
    ///
    /// # Errors
    /// What the store says.
    pub fn bundle(&self, id: [u8; 16]) -> Result<Option<MadeBundle>, StoreError> {
        let mut statement = self.0.prepare_cached(&format!("{COLUMNS} WHERE id = ?1"))?;
        statement.query_row([id], |row| Ok(read(row))).optional()?.transpose()
    }

    /// The newest bundle.
    ///
    /// # Errors
    /// What the store says.
    pub fn newest_bundle(&self) -> Result<Option<MadeBundle>, StoreError> {
        let mut statement = self.0.prepare_cached(&format!("{COLUMNS} ORDER BY made_at_ms DESC LIMIT 1"))?;
        statement.query_row([], |row| Ok(read(row))).optional()?.transpose()
    }
}

impl Writing<'_> {
    /// Remembers a bundle; the oldest beyond what is kept are forgotten.
    ///
    /// # Errors
    /// What the store says.
    pub fn add_bundle(&self, bundle: &MadeBundle) -> Result<(), StoreError> {
        let sql = "INSERT INTO bundle (id, made_at_ms, incarnation, end_seq, feed_position, epoch) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        self.transaction.prepare_cached(sql)?.execute((
            bundle.id,
            bundle.made_at.timestamp_millis(),
            bundle.incarnation.0,
            signed(bundle.end),
            signed(bundle.feed_position),
            &bundle.epoch,
        ))?;
        let sql = "DELETE FROM bundle WHERE id NOT IN (SELECT id FROM bundle ORDER BY made_at_ms DESC LIMIT ?1)";
        self.transaction.prepare_cached(sql)?.execute([signed(MAX_KEPT)])?;
        Ok(())
    }

    /// Notes that an answer was taken.
    ///
    /// # Errors
    /// What the store says.
    pub fn note_answered(&self, id: [u8; 16], at: DateTime<Utc>) -> Result<(), StoreError> {
        let sql = "UPDATE bundle SET answered_at_ms = coalesce(answered_at_ms, ?2) WHERE id = ?1";
        self.transaction.prepare_cached(sql)?.execute((id, at.timestamp_millis()))?;
        Ok(())
    }
}

fn read(row: &Row<'_>) -> Result<MadeBundle, StoreError> {
    let incarnation: Vec<u8> = row.get(2)?;
    Ok(MadeBundle {
        id: row.get(0)?,
        made_at: instant_of_ms(row.get(1)?),
        incarnation: Incarnation::from_slice(&incarnation).ok_or_else(|| broken("incarnation of a bundle"))?,
        end: unsigned(row.get(3)?),
        feed_position: unsigned(row.get(4)?),
        epoch: row.get(5)?,
        answered_at: row.get::<_, Option<i64>>(6)?.map(instant_of_ms),
    })
}
