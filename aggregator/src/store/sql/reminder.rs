//! Which reminders were delivered, each by its key and way, so that none goes out twice.

use super::{super::StoreError, columns};
use crate::store::engine::{Connection, OptionalRow, params};
use chrono::{DateTime, Utc};

pub(super) fn is_noted(connection: &Connection, key: &str) -> Result<bool, StoreError> {
    let mut statement = connection.prepare_cached("SELECT 1 FROM reminder WHERE key = ?1")?;
    Ok(statement.query_row([key], |_| Ok(())).optional()?.is_some())
}

pub(super) fn note(connection: &Connection, key: &str, at: DateTime<Utc>) -> Result<(), StoreError> {
    let mut statement =
        connection.prepare_cached("INSERT INTO reminder (key, at) VALUES (?1, ?2) ON CONFLICT (key) DO NOTHING")?;
    statement.execute(params![key, columns::time(at)])?;
    Ok(())
}
