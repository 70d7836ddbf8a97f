//! The table of digests: one row for each commune and period, kept with each write and made anew from the records where they
//! were made anew.

use super::{
    super::{RecordDigests, StoreError},
    columns, names,
    records::{self, Known},
};
use crate::store::engine::{CellRef, Connection, OptionalRow, Row, params};
use chrono::{DateTime, Utc};
use shared::{
    change::Evidence,
    digest::{FigureRecord, RecordHash, SetDigest},
    period::Period,
};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// Adds new records to a commune's digests.
pub(super) fn add(connection: &Connection, commune: i64, fresh: &BTreeMap<i64, SetDigest>) -> Result<(), StoreError> {
    for (period, added) in fresh {
        let mut digest = read(connection, commune, *period)?;
        digest.merge(*added);
        write(connection, commune, *period, digest)?;
    }
    Ok(())
}

/// Sets the digest of a period to what the records say.
pub(super) fn set(connection: &Connection, commune: i64, period: Period) -> Result<(), StoreError> {
    let held = hashed(connection, commune, Some(period))?;
    let digest = records::whole(held.get(&period));
    write(connection, commune, columns::period(period), digest)
}

/// Makes all digests anew from the records.
pub(crate) fn rebuild(connection: &Connection) -> Result<(), StoreError> {
    connection.execute("DELETE FROM digest", params![])?;
    let mut statement = connection.prepare_cached("SELECT DISTINCT commune FROM observation")?;
    let communes: Vec<i64> = statement.query_map(params![], |row| row.get(0))?;
    for commune in communes {
        for (period, indicators) in hashed(connection, commune, None)? {
            write(connection, commune, columns::period(period), records::whole(Some(&indicators)))?;
        }
    }
    Ok(())
}

/// The digests of a commune's records, made from the records themselves.
pub(super) fn of_records(connection: &Connection, commune: &str) -> Result<RecordDigests, StoreError> {
    match names::find(connection, commune)? {
        Some(commune) => hashed(connection, commune, None),
        None => Ok(RecordDigests::new()),
    }
}

/// The digests of what a commune's record tables hold, of one period or all, row by row: of a record nothing is kept but its hash. A row
/// that cannot be read, and a file of a version that is not there, count for nothing.
pub(super) fn hashed(connection: &Connection, commune: i64, only: Option<Period>) -> Result<RecordDigests, StoreError> {
    let mut names = Known::of(connection, commune)?;
    let (first, last) = only.map_or((i64::MIN, i64::MAX), |only| (columns::period(only), columns::period(only)));
    let mut files: HashMap<Spot, Vec<Attached>> = HashMap::new();
    let sql = "SELECT indicator, unit, period, version, sha256, name, size_bytes, entered_by, entered_at, received_at
               FROM evidence WHERE commune = ?1 AND period BETWEEN ?2 AND ?3";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![commune, first, last])?;
    while let Some(row) = rows.next()? {
        if let Ok((spot, file)) = attached(row) {
            files.entry(spot).or_default().push(file);
        }
    }
    let mut digests: HashMap<(i64, i64), SetDigest> = HashMap::new();
    let sql =
        "SELECT indicator, unit, period, version, change_id, kind, amount, denominator, note, entered_by, entered_at,
               received_at, seq FROM observation WHERE commune = ?1 AND period BETWEEN ?2 AND ?3";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![commune, first, last])?;
    while let Some(row) = rows.next()? {
        let Ok((spot, change, hash)) = figure(row, &mut names) else { continue };
        let digest = digests.entry((spot.2, spot.0)).or_default();
        digest.add(hash);
        for file in files.remove(&spot).into_iter().flatten() {
            digest.add(file.hash(change));
        }
    }
    let mut told = RecordDigests::new();
    for ((period, indicator), digest) in digests {
        let indicator = names.text(indicator).to_owned();
        told.entry(columns::to_period(period)?).or_default().insert(indicator, digest);
    }
    Ok(told)
}

/// A figure's place and version: the numbers of its indicator and unit, the packed period.
type Spot = (i64, i64, i64, u32);

fn spot(row: Row<'_>) -> Result<Spot, StoreError> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
}

fn figure(row: Row<'_>, names: &mut Known<'_>) -> Result<(Spot, Uuid, RecordHash), StoreError> {
    let spot = spot(row)?;
    let (note, entered_by) = (row.cell(8)?, row.cell(9)?);
    let (CellRef::Text(note), CellRef::Text(entered_by)) = (&note, &entered_by) else {
        return Err(StoreError::Unreadable("text"));
    };
    // Not part of the hash, but of a row that can be read.
    let _ = (columns::to_time(row.get(11)?)?, columns::to_u64(row.get(12)?)?);
    let change = columns::to_uuid(&row.get::<[u8; 16]>(4)?)?;
    names.learn([spot.0, spot.1])?;
    let record = FigureRecord {
        change,
        indicator: names.text(spot.0),
        unit: names.text(spot.1),
        period: columns::to_period(spot.2)?,
        value: columns::to_value(row, 5)?,
        note,
        entered_by,
        entered_at: columns::to_time(row.get(10)?)?,
    };
    Ok((spot, change, record.hash()))
}

/// A file of a version.
struct Attached {
    sha256: [u8; 32],
    name: String,
    size_bytes: u64,
    entered_by: String,
    entered_at: DateTime<Utc>,
}

impl Attached {
    fn hash(self, observation: Uuid) -> RecordHash {
        let Self { sha256, name, size_bytes, entered_by, entered_at } = self;
        RecordHash::evidence(&Evidence { observation, sha256, name, size_bytes }, &entered_by, entered_at)
    }
}

fn attached(row: Row<'_>) -> Result<(Spot, Attached), StoreError> {
    let file = Attached {
        sha256: row.get(4)?,
        name: row.get(5)?,
        size_bytes: columns::to_u64(row.get(6)?)?,
        entered_by: row.get(7)?,
        entered_at: columns::to_time(row.get(8)?)?,
    };
    let _ = columns::to_time(row.get(9)?)?;
    Ok((spot(row)?, file))
}

/// All digests kept for a commune; those of nothing left out.
pub(super) fn kept(connection: &Connection, commune: i64) -> Result<BTreeMap<Period, SetDigest>, StoreError> {
    let sql = "SELECT period, sum, records FROM digest WHERE commune = ?1 AND records > 0";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([commune])?;
    let mut kept = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let digest = SetDigest::from_bytes(row.get(1)?, columns::to_u64(row.get(2)?)?);
        kept.insert(columns::to_period(row.get(0)?)?, digest);
    }
    Ok(kept)
}

fn read(connection: &Connection, commune: i64, period: i64) -> Result<SetDigest, StoreError> {
    let sql = "SELECT sum, records FROM digest WHERE commune = ?1 AND period = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let row: Option<([u8; 32], i64)> =
        statement.query_row([commune, period], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    match row {
        Some((sum, records)) => Ok(SetDigest::from_bytes(sum, columns::to_u64(records)?)),
        None => Ok(SetDigest::EMPTY),
    }
}

fn write(connection: &Connection, commune: i64, period: i64, digest: SetDigest) -> Result<(), StoreError> {
    let sql = "INSERT INTO digest (commune, period, sum, records) VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT (commune, period) DO UPDATE SET sum = ?3, records = ?4";
    let records = columns::count(digest.records());
    connection.prepare_cached(sql)?.execute(params![commune, period, digest.to_bytes(), records])?;
    Ok(())
}
