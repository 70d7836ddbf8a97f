//! Closing periods: the snapshot is made and kept in the transaction that closes, and stays when the period is opened again.

use super::{
    super::{Act, Closed, Closing, Freeze, Freezing, Reopening, StoreError},
    audit::note,
    columns, decide, names, read,
};
use crate::store::engine::{Connection, OptionalRow, Row, params};
use shared::{
    feed::FeedItem,
    period::Period,
    ranking::{Scheme, previous_in_year},
    snapshot::{Head, Snapshot, rankings_table},
};

/// Largest table of a snapshot, in bytes.
const MAX_TABLE_BYTES: u64 = 4 << 30;
/// How hard tables are compressed: fast, and a tenth of the size.
const LEVEL: i32 = 3;

pub(super) fn close(connection: &Connection, period: Period, freeze: &Freeze, act: &Act) -> Result<Closed, StoreError> {
    let before = closings_of(connection, period)?;
    if let Some(closing) = before.iter().find(|closing| closing.is_in_force()) {
        return Ok(Closed::Before(closing.clone()));
    }
    let current = read::current_catalogue(connection)?;
    let previous = match previous_in_year(period) {
        Some(previous) => in_force(connection, previous)?
            .map(|closing| tables(connection, &closing, |name| name.starts_with("rankings-")))
            .transpose()?
            .flatten(),
        None => None,
    };
    let freezing = Freezing {
        province: read::founding(connection)?.province,
        catalogue: current.catalogue,
        observations: read::observations(connection)?,
        exceptions: read::exceptions(connection)?,
        previous,
    };
    let snapshot = match freeze(freezing) {
        Ok(snapshot) => snapshot,
        Err(error) => return Ok(Closed::Unfit(error)),
    };
    let closing = Closing {
        period,
        revision: before.last().map_or(1, |last| last.revision + 1),
        closed_at: act.at,
        closed_by: act.who.clone(),
        catalogue_version: current.version,
        digest: Some(snapshot.digest()),
        reopened: None,
    };
    keep(connection, &closing, &snapshot)?;
    decide::announce(connection, names::NOBODY, Some(&FeedItem::Closed { period, closed: true }))?;
    note(connection, act, "period_closed", &closing.words())?;
    Ok(Closed::Done(closing))
}

fn keep(connection: &Connection, closing: &Closing, snapshot: &Snapshot) -> Result<(), StoreError> {
    let (period, Head { rules, as_of, .. }) = (columns::period(closing.period), &snapshot.head);
    connection
        .prepare_cached(
            "INSERT INTO closing (period, revision, closed_at, closed_by, catalogue_version, rules, as_of, digest)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            period,
            closing.revision,
            columns::time(closing.closed_at),
            closing.closed_by,
            columns::count(closing.catalogue_version),
            rules,
            as_of.to_string(),
            closing.digest
        ])?;
    let sql = "INSERT INTO snapshot_table (period, revision, name, size, bytes) VALUES (?1, ?2, ?3, ?4, ?5)";
    let mut statement = connection.prepare_cached(sql)?;
    for (name, bytes) in &snapshot.tables {
        let packed = zstd::bulk::compress(bytes, LEVEL).map_err(|error| StoreError::Engine(Box::new(error)))?;
        statement.execute(params![period, closing.revision, name, columns::count(bytes.len() as u64), packed])?;
    }
    Ok(())
}

pub(super) fn reopen(connection: &Connection, period: Period, reason: &str, act: &Act) -> Result<bool, StoreError> {
    let sql = "UPDATE closing SET reopened_at = ?2, reopened_by = ?3, reopen_reason = ?4
               WHERE period = ?1 AND reopened_at IS NULL";
    let (packed, at) = (columns::period(period), columns::time(act.at));
    if connection.prepare_cached(sql)?.execute(params![packed, at, act.who, reason])? == 0 {
        return Ok(false);
    }
    decide::announce(connection, names::NOBODY, Some(&FeedItem::Closed { period, closed: false }))?;
    note(connection, act, "period_reopened", &format!("{period}: {reason}"))?;
    Ok(true)
}

const COLUMNS: &str =
    "SELECT period, revision, closed_at, closed_by, catalogue_version, digest, reopened_at, reopened_by,
                       reopen_reason FROM closing";

fn closing(row: Row<'_>) -> Result<Closing, StoreError> {
    let reopened = match row.get::<Option<i64>>(6)? {
        Some(at) => Some(Reopening { at: columns::to_time(at)?, by: row.get(7)?, reason: row.get(8)? }),
        None => None,
    };
    Ok(Closing {
        period: columns::to_period(row.get(0)?)?,
        revision: row.get(1)?,
        closed_at: columns::to_time(row.get(2)?)?,
        closed_by: row.get(3)?,
        catalogue_version: columns::to_u64(row.get(4)?)?,
        digest: row.get(5)?,
        reopened,
    })
}

/// All closings, by the last day of their periods and by revision.
pub(super) fn closings(connection: &Connection) -> Result<Vec<Closing>, StoreError> {
    let mut statement = connection.prepare_cached(&format!("{COLUMNS} ORDER BY revision"))?;
    let mut rows = statement.query(params![])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(closing(row)?);
    }
    found.sort_by(|a, b| a.period.by_recency(b.period));
    Ok(found)
}

fn closings_of(connection: &Connection, period: Period) -> Result<Vec<Closing>, StoreError> {
    Ok(closings(connection)?.into_iter().filter(|closing| closing.period == period).collect())
}

/// The closing by which a period is closed now.
pub(super) fn in_force(connection: &Connection, period: Period) -> Result<Option<Closing>, StoreError> {
    Ok(closings_of(connection, period)?.into_iter().find(Closing::is_in_force))
}

/// The tables of a snapshot that are wanted; none where a closing has no snapshot.
fn tables(
    connection: &Connection,
    closing: &Closing,
    wanted: impl Fn(&str) -> bool,
) -> Result<Option<Snapshot>, StoreError> {
    let period = columns::period(closing.period);
    let place = params![period, closing.revision];
    let sql = "SELECT rules, as_of FROM closing WHERE period = ?1 AND revision = ?2 AND digest IS NOT NULL";
    let head: Option<(String, String)> =
        connection.prepare_cached(sql)?.query_row(place, |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let Some((rules, as_of)) = head else { return Ok(None) };
    let head = Head {
        province: read::founding(connection)?.province,
        period: closing.period,
        rules,
        as_of: as_of.parse().map_err(|_| StoreError::Unreadable("day"))?,
    };
    let mut snapshot = Snapshot { head, tables: std::collections::BTreeMap::new() };
    let sql = "SELECT name, size, bytes FROM snapshot_table WHERE period = ?1 AND revision = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(place)?;
    let unreadable = || StoreError::Unreadable("snapshot");
    while let Some(row) = rows.next()? {
        let name: String = row.get(0)?;
        if !wanted(&name) {
            continue;
        }
        let size = columns::to_u64(row.get(1)?)?;
        let size = usize::try_from(size).ok().filter(|_| size <= MAX_TABLE_BYTES).ok_or_else(unreadable)?;
        let packed: &[u8] = row.get(2).map_err(|_| unreadable())?;
        let bytes = zstd::bulk::decompress(packed, size).map_err(|_| unreadable())?;
        snapshot.tables.insert(name, bytes);
    }
    Ok(Some(snapshot))
}

pub(super) fn snapshot(connection: &Connection, period: Period, revision: u32) -> Result<Option<Snapshot>, StoreError> {
    let found = closings_of(connection, period)?.into_iter().find(|closing| closing.revision == revision);
    found.map_or(Ok(None), |closing| tables(connection, &closing, |_| true))
}

pub(super) fn frozen_rankings(connection: &Connection) -> Result<Vec<Snapshot>, StoreError> {
    let names = Scheme::ALL.map(rankings_table);
    let mut frozen = Vec::new();
    for closing in closings(connection)?.iter().filter(|closing| closing.is_in_force()) {
        frozen.extend(tables(connection, closing, |name| names.iter().any(|one| one == name))?);
    }
    Ok(frozen)
}
