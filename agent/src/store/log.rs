//! The change log: appended to with every edit, read in order by the outbox, confirmed by the province.

use super::{StoreError, View, Writing, broken, signed, unsigned};
use crate::clock::instant_of_ms;
use chrono::{DateTime, Utc};
use proto::{change::encode, sync::v1};
use rusqlite::OptionalExtension;
use shared::change::{Chain, Change, LogPosition};
use uuid::Uuid;

/// Consecutive bodies of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Sequence number of the first.
    pub first_seq: u64,
    /// At least one.
    pub bodies: Vec<Vec<u8>>,
    /// The position after the last.
    pub end: LogPosition,
    /// The province's receipt for exactly these, if it has confirmed them before: receipt and the certificate of its key.
    pub confirmed_before: Option<(v1::Receipt, Vec<u8>)>,
}

impl View<'_> {
    /// The end of the log.
    ///
    /// # Errors
    /// What the store says.
    pub fn head(&self) -> Result<LogPosition, StoreError> {
        let mut statement = self.0.prepare_cached("SELECT seq, chain FROM change ORDER BY seq DESC LIMIT 1")?;
        let head = statement.query_row([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?))).optional()?;
        head.map_or(Ok(LogPosition::START), |(seq, chain)| position(seq, &chain))
    }

    /// The position after `seq` changes, if there are so many.
    ///
    /// # Errors
    /// What the store says.
    pub fn position_at(&self, seq: u64) -> Result<Option<LogPosition>, StoreError> {
        if seq == 0 {
            return Ok(Some(LogPosition::START));
        }
        let mut statement = self.0.prepare_cached("SELECT seq, chain FROM change WHERE seq = ?1")?;
        let found = statement
            .query_row([signed(seq)], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?)))
            .optional()?;
        found.map(|(seq, chain)| position(seq, &chain)).transpose()
    }

    /// The position that the province has confirmed.
    ///
    /// # Errors
    /// What the store says.
    pub fn acknowledged(&self) -> Result<LogPosition, StoreError> {
        self.position_at(self.acknowledged_seq()?)?.ok_or_else(|| broken("acknowledged position"))
    }

    /// Whether the change at a place has this id; a nil id fits any.
    pub(super) fn has_change(&self, seq: u64, id: Uuid) -> Result<bool, StoreError> {
        let mut statement = self.0.prepare_cached("SELECT 1 FROM change WHERE seq = ?1 AND (change_id = ?2 OR ?3)")?;
        Ok(statement.query_row((signed(seq), id.as_bytes(), id.is_nil()), |_| Ok(())).optional()?.is_some())
    }

    /// When the newest change was appended, by the real clock.
    ///
    /// # Errors
    /// What the store says.
    pub fn last_append(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let mut statement = self.0.prepare_cached("SELECT created_at_ms FROM change ORDER BY seq DESC LIMIT 1")?;
        Ok(statement.query_row([], |row| row.get(0)).optional()?.map(instant_of_ms))
    }

    /// The changes after a position: as many as fit the limits, but at least one; `None` at the end of the log.
    ///
    /// # Errors
    /// What the store says.
    pub fn page(&self, after_seq: u64, most_bytes: usize, most_changes: usize) -> Result<Option<Page>, StoreError> {
        let mut statement =
            self.0.prepare_cached("SELECT seq, body, chain FROM change WHERE seq > ?1 ORDER BY seq LIMIT ?2")?;
        let mut rows = statement.query((signed(after_seq), signed(most_changes as u64)))?;
        let mut page: Option<Page> = None;
        let mut size_bytes = 0;
        while let Some(row) = rows.next()? {
            let body: Vec<u8> = row.get(1)?;
            size_bytes += body.len();
            if page.is_some() && size_bytes > most_bytes {
                break;
            }
            let end = position(row.get(0)?, row.get_ref(2)?.as_blob().map_err(|_| broken("chain"))?)?;
            let page = page.get_or_insert_with(|| Page {
                first_seq: end.seq,
                bodies: Vec::new(),
                end,
                confirmed_before: None,
            });
            if end.seq != page.first_seq + page.bodies.len() as u64 {
                return Err(broken("change log: a change is missing"));
            }
            page.bodies.push(body);
            page.end = end;
        }
        match &page {
            Some(page) if page.first_seq != after_seq + 1 => Err(broken("change log: a change is missing")),
            _ => Ok(page),
        }
    }
}

impl Writing<'_> {
    /// Appends a change; its record is written in the same transaction by the caller. Returns the new head.
    ///
    /// # Errors
    /// What the store says.
    pub(super) fn append(&self, change: &Change, real_now: DateTime<Utc>) -> Result<LogPosition, StoreError> {
        let body = encode(change);
        let head = self.view().head()?.then(&body);
        let mut statement = self.transaction.prepare_cached(
            "INSERT INTO change (seq, change_id, body, chain, created_at_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        let id = change.id.as_bytes();
        statement.execute((signed(head.seq), id, body, head.chain.0, real_now.timestamp_millis()))?;
        Ok(head)
    }
}

fn position(seq: i64, chain: &[u8]) -> Result<LogPosition, StoreError> {
    Ok(LogPosition { seq: unsigned(seq), chain: Chain::from_slice(chain).ok_or_else(|| broken("chain"))? })
}
