//! A province's file that is being moved: read at one moment, while nobody else may write to it.

use super::{super::StoreError, schema};
use rusqlite::{Connection, TransactionState};
use std::path::Path;

/// The file. Others can read it and cannot write to it as long as this lives.
pub struct Source {
    connection: Connection,
}

impl Source {
    /// Takes the file of a province.
    ///
    /// # Errors
    /// [`StoreError::Missing`]; [`StoreError::Older`] and [`StoreError::Newer`] when another version of this program made it, since
    /// nothing in it is to change; [`StoreError::Busy`] when somebody writes to it.
    pub fn take(path: &Path) -> Result<Self, StoreError> {
        if !path.exists() {
            return Err(StoreError::Missing(path.display().to_string()));
        }
        let connection = schema::open_reader(path)?;
        let (found, known) = (schema::version(&connection)?, schema::known());
        if found > known {
            return Err(StoreError::Newer { found, known });
        }
        if found < known {
            return Err(StoreError::Older { found, known });
        }
        connection.pragma_update(None, "query_only", false)?;
        connection.execute_batch("BEGIN IMMEDIATE")?;
        debug_assert_eq!(connection.transaction_state::<&str>(None).ok(), Some(TransactionState::Write));
        Ok(Self { connection })
    }

    /// What it is read by.
    pub(in crate::store) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// How many rows a table has.
    ///
    /// # Errors
    /// The engine's.
    pub fn rows(&self, table: &str) -> Result<u64, StoreError> {
        let count: i64 = self.connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))?;
        Ok(u64::try_from(count).unwrap_or_default())
    }
}
