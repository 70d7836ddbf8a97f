//! The lives of a commune's store in the order in which they appended to its one log.

use super::{
    super::{Lineage, StoreError},
    columns,
};
use crate::store::engine::{Connection, OptionalRow, params};
use chrono::{DateTime, Utc};
use shared::change::Incarnation;

/// The life that appended last, and its place in the order.
fn current(connection: &Connection, commune: i64) -> Result<Option<(Incarnation, i64)>, StoreError> {
    let sql = "SELECT incarnation, place FROM incarnation WHERE commune = ?1 ORDER BY place DESC LIMIT 1";
    let mut statement = connection.prepare_cached(sql)?;
    let row = statement.query_row([commune], |row| Ok((Incarnation(row.get(0)?), row.get(1)?))).optional()?;
    Ok(row)
}

/// The life that appended last.
pub(super) fn newest(connection: &Connection, commune: i64) -> Result<Option<Incarnation>, StoreError> {
    Ok(current(connection, commune)?.map(|(incarnation, _)| incarnation))
}

/// How a life stands to the others of its commune.
pub(super) fn of(connection: &Connection, commune: i64, incarnation: Incarnation) -> Result<Lineage, StoreError> {
    beside(connection, newest(connection, commune)?, commune, incarnation)
}

/// The same where the life that appended last is known.
pub(super) fn beside(
    connection: &Connection,
    newest: Option<Incarnation>,
    commune: i64,
    incarnation: Incarnation,
) -> Result<Lineage, StoreError> {
    match newest {
        None => return Ok(Lineage::New),
        Some(newest) if newest == incarnation => return Ok(Lineage::Current),
        Some(_) => {}
    }
    let sql = "SELECT 1 FROM incarnation WHERE commune = ?1 AND incarnation = ?2";
    let known = connection.prepare_cached(sql)?.exists(params![commune, incarnation.0])?;
    Ok(if known { Lineage::Superseded } else { Lineage::New })
}

/// A life takes the place of the one before.
pub(super) fn begin(
    connection: &Connection,
    commune: i64,
    incarnation: Incarnation,
    from_seq: u64,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let place = current(connection, commune)?.map_or(1, |(_, place)| place + 1);
    let sql = "INSERT INTO incarnation (commune, place, incarnation, from_seq, first_seen) VALUES (?1, ?2, ?3, ?4, ?5)";
    let (from_seq, at) = (columns::count(from_seq), columns::time(at));
    connection.prepare_cached(sql)?.execute(params![commune, place, incarnation.0, from_seq, at])?;
    Ok(())
}

/// A life was seen again although another one had taken its place: two copies are alive.
pub(super) fn returned(
    connection: &Connection,
    commune: i64,
    incarnation: Incarnation,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let sql = "UPDATE incarnation SET returned_at = ?3 WHERE commune = ?1 AND incarnation = ?2";
    connection.prepare_cached(sql)?.execute(params![commune, incarnation.0, columns::time(at)])?;
    Ok(())
}
