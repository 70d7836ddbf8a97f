//! The table of digests: one row for each commune and period, kept with each write and made anew from the records where they
//! were made anew.

use super::{
    super::{RecordDigests, StoreError},
    columns, names,
    records::{self, Part, Records},
};
use crate::store::engine::{Connection, OptionalRow, params};
use shared::{digest::SetDigest, period::Period};
use std::collections::BTreeMap;

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
    let held = Records::of_tables(connection, commune, Part::Period(period))?.digests();
    let digest = records::whole(held.get(&period));
    write(connection, commune, columns::period(period), digest)
}

/// Makes all digests anew from the records.
pub(crate) fn rebuild(connection: &Connection) -> Result<(), StoreError> {
    connection.execute("DELETE FROM digest", params![])?;
    let mut statement = connection.prepare_cached("SELECT DISTINCT commune FROM observation")?;
    let communes: Vec<i64> = statement.query_map(params![], |row| row.get(0))?;
    for commune in communes {
        for (period, indicators) in Records::of_tables(connection, commune, Part::Whole)?.digests() {
            write(connection, commune, columns::period(period), records::whole(Some(&indicators)))?;
        }
    }
    Ok(())
}

/// The digests of a commune's records, made from the records themselves.
pub(super) fn of_records(connection: &Connection, commune: &str) -> Result<RecordDigests, StoreError> {
    match names::find(connection, commune)? {
        Some(commune) => Ok(Records::of_tables(connection, commune, Part::Whole)?.digests()),
        None => Ok(RecordDigests::new()),
    }
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
