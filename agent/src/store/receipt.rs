//! The province's signed word that it holds our log up to a place. Kept for ever, as it came.

use super::{StoreError, View, Writing, broken, signed, unsigned};
use crate::clock::instant_of_ms;
use chrono::{DateTime, Utc};
use proto::{receipt::Statement, sync::v1};
use rusqlite::{OptionalExtension, Row};
use shared::change::{Chain, Incarnation, LogPosition};

/// A receipt that is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptReceipt {
    /// What it says.
    pub position: LogPosition,
    /// The life of the store that sent the changes.
    pub incarnation: Incarnation,
    /// When the province received them, by its clock.
    pub received_at: DateTime<Utc>,
    /// The receipt.
    pub receipt: v1::Receipt,
}

/// The certificate of a key and of the authority that vouched for it (DER).
pub type KeptKey = (Vec<u8>, Vec<u8>);

const COLUMNS: &str = "SELECT seq, chain, incarnation, received_at_ms, statement, signature, key FROM receipt";

impl View<'_> {
    /// The newest receipts, newest first.
    ///
    /// # Errors
    /// What the store says.
    pub fn receipts(&self, most: usize) -> Result<Vec<KeptReceipt>, StoreError> {
        let mut statement = self.0.prepare(&format!("{COLUMNS} ORDER BY id DESC LIMIT ?1"))?;
        let mut rows = statement.query([signed(most as u64)])?;
        let mut receipts = Vec::new();
        while let Some(row) = rows.next()? {
            receipts.push(receipt_of(row)?);
        }
        Ok(receipts)
    }

    /// How many receipts are kept.
    ///
    /// # Errors
    /// What the store says.
    pub fn receipt_count(&self) -> Result<u64, StoreError> {
        Ok(unsigned(self.0.query_row("SELECT count(*) FROM receipt", [], |row| row.get(0))?))
    }

    /// The first receipt for a later place of our log than this one, if there is any: its place, the receipt, and the certificate of
    /// its key.
    ///
    /// # Errors
    /// What the store says.
    pub fn next_receipt(&self, after_seq: u64) -> Result<Option<(u64, v1::Receipt, Vec<u8>)>, StoreError> {
        let sql = "SELECT r.seq, r.statement, r.signature, r.key, k.certificate FROM receipt r
                   JOIN receipt_key k ON k.key = r.key JOIN change c ON c.seq = r.seq AND c.chain = r.chain
                   WHERE r.seq > ?1 ORDER BY r.seq, r.received_at_ms LIMIT 1";
        let mut statement = self.0.prepare_cached(sql)?;
        let found = statement.query_row([signed(after_seq)], |row| {
            let receipt = v1::Receipt { statement: row.get(1)?, signature: row.get(2)?, key: row.get(3)? };
            Ok((unsigned(row.get(0)?), receipt, row.get(4)?))
        });
        Ok(found.optional()?)
    }

    /// The certificates of the keys that signed them, each with the authority that vouched for it (DER).
    ///
    /// # Errors
    /// What the store says.
    pub fn receipt_keys(&self) -> Result<Vec<KeptKey>, StoreError> {
        let mut statement = self.0.prepare("SELECT certificate, authority FROM receipt_key ORDER BY key")?;
        Ok(statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?)
    }
}

impl Writing<'_> {
    /// Keeps the certificate of a key with the authority that vouches for it.
    ///
    /// # Errors
    /// What the store says.
    pub fn keep_receipt_key(&self, key: [u8; 32], certificate: &[u8], authority: &[u8]) -> Result<(), StoreError> {
        let sql = "INSERT OR IGNORE INTO receipt_key (key, certificate, authority) VALUES (?1, ?2, ?3)";
        self.transaction.prepare_cached(sql)?.execute((key, certificate, authority))?;
        Ok(())
    }

    /// Keeps a receipt that was checked.
    pub(super) fn keep_receipt(&self, receipt: &v1::Receipt) -> Result<(), StoreError> {
        let said = Statement::read(receipt).map_err(|_| broken("receipt"))?;
        let sql = "INSERT OR IGNORE INTO receipt (seq, incarnation, chain, received_at_ms, statement, signature, key)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        self.transaction.prepare_cached(sql)?.execute((
            signed(said.position.seq),
            said.incarnation.0,
            said.position.chain.0,
            said.received_at.timestamp_millis(),
            &receipt.statement,
            &receipt.signature,
            &receipt.key,
        ))?;
        Ok(())
    }
}

fn receipt_of(row: &Row<'_>) -> Result<KeptReceipt, StoreError> {
    Ok(KeptReceipt {
        position: LogPosition { seq: unsigned(row.get(0)?), chain: Chain(row.get(1)?) },
        incarnation: Incarnation(row.get(2)?),
        received_at: instant_of_ms(row.get(3)?),
        receipt: v1::Receipt { statement: row.get(4)?, signature: row.get(5)?, key: row.get(6)? },
    })
}
