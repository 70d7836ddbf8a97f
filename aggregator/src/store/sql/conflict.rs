//! Conflicts between two branches of a commune's log: noted and settled by the commune, listed for the province.

use super::{
    super::{ConflictRecord, StoreError},
    columns, names,
};
use crate::store::engine::{Connection, OptionalRow, params};
use chrono::{DateTime, Utc};
use shared::{
    change::Conflict,
    observation::{ObservationKey, Refusal},
};
use uuid::Uuid;

/// Who did it, and when, by the agent's clock.
pub(super) struct Hand<'a> {
    pub(super) by: &'a str,
    pub(super) at: DateTime<Utc>,
}

/// Notes a conflict; once, whatever comes again.
pub(super) fn note(
    connection: &Connection,
    commune: i64,
    id: Uuid,
    conflict: &Conflict,
    hand: &Hand<'_>,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO conflict (commune, change_id, earlier, later, noted_by, noted_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (commune, change_id) DO NOTHING";
    let (earlier, later) = (conflict.earlier.as_bytes(), conflict.later.as_bytes());
    connection.prepare_cached(sql)?.execute(params![
        commune,
        id.as_bytes(),
        earlier,
        later,
        hand.by,
        columns::time(hand.at)
    ])?;
    Ok(())
}

/// Settles a conflict; the first time counts.
pub(super) fn settle(
    connection: &Connection,
    commune: i64,
    conflict: Uuid,
    hand: &Hand<'_>,
) -> Result<Option<Refusal>, StoreError> {
    let sql = "UPDATE conflict SET settled_by = coalesce(settled_by, ?3), settled_at = coalesce(settled_at, ?4)
               WHERE commune = ?1 AND change_id = ?2";
    let found = connection.prepare_cached(sql)?.execute(params![
        commune,
        conflict.as_bytes(),
        hand.by,
        columns::time(hand.at)
    ])?;
    Ok((found == 0).then_some(Refusal::UnknownConflict))
}

/// Whether a conflict was noted by this change.
pub(super) fn is_noted(connection: &Connection, commune: i64, conflict: Uuid) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM conflict WHERE commune = ?1 AND change_id = ?2";
    Ok(connection.prepare_cached(sql)?.exists(params![commune, conflict.as_bytes()])?)
}

/// All conflicts, open ones first, then by commune and time.
pub(super) fn all(connection: &Connection) -> Result<Vec<ConflictRecord>, StoreError> {
    let sql =
        "SELECT conflict.commune, name.text, change_id, earlier, later, noted_by, noted_at, settled_by, settled_at
               FROM conflict JOIN name ON name.id = conflict.commune
               ORDER BY settled_at IS NOT NULL, name.text, noted_at, change_id";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![])?;
    let mut conflicts = Vec::new();
    while let Some(row) = rows.next()? {
        let commune: i64 = row.get(0)?;
        let id = |at| columns::to_uuid(&row.get::<[u8; 16]>(at)?);
        let (earlier, later) = (id(3)?, id(4)?);
        let later_spot = spot(connection, commune, later)?;
        let earlier_spot = spot(connection, commune, earlier)?;
        conflicts.push(ConflictRecord {
            commune: row.get(1)?,
            id: id(2)?,
            key: later_spot.as_ref().or(earlier_spot.as_ref()).map(|(key, _)| key.clone()),
            earlier: (earlier, earlier_spot.map(|(_, version)| version)),
            later: (later, later_spot.map(|(_, version)| version)),
            noted_by: row.get(5)?,
            noted_at: columns::to_time(row.get(6)?)?,
            settled_by: row.get(7)?,
            settled_at: columns::to_optional_time(row.get(8)?)?,
        });
    }
    Ok(conflicts)
}

/// The version that a change recorded; conflicts are few, so figures need no index for it.
fn spot(connection: &Connection, commune: i64, change: Uuid) -> Result<Option<(ObservationKey, u32)>, StoreError> {
    let sql = "SELECT indicator, unit, period, version FROM observation WHERE commune = ?1 AND change_id = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let row: Option<(i64, i64, i64, u32)> = statement
        .query_row(params![commune, change.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .optional()?;
    let Some((indicator, unit, period, version)) = row else { return Ok(None) };
    let (indicator, unit) = (names::text(connection, indicator)?, names::text(connection, unit)?);
    Ok(Some((ObservationKey { indicator, unit, period: columns::to_period(period)? }, version)))
}
