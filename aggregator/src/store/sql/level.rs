//! How far the communes' logs are, and what came after a place of each.

use super::{
    super::{Accepted, AcceptedFigure, CaughtUp, Level, Reach, StoreError},
    columns, decide, journal, names,
};
use crate::store::engine::{Connection, params};
use shared::text::Texts;
use std::sync::Arc;

/// What counts records that were made anew from the journal: no log goes on by that.
const REMADE: &str = "records_remade";

pub(super) fn level(connection: &Connection) -> Result<Level, StoreError> {
    let sql = "SELECT CAST(coalesce(sum(seq), 0) AS BIGINT),
               coalesce((SELECT CAST(value AS BIGINT) FROM meta WHERE key = ?1), 0) FROM head";
    let (changes, remade): (i64, i64) =
        connection.prepare_cached(sql)?.query_row([REMADE], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(Level { changes: columns::to_u64(changes)?, remade: columns::to_u64(remade)? })
}

/// Records were made anew: whoever holds figures ready has to read them again.
pub(super) fn remade(connection: &Connection) -> Result<(), StoreError> {
    decide::count(connection, REMADE)
}

pub(super) fn reaches(connection: &Connection) -> Result<Vec<Reach>, StoreError> {
    let sql = "SELECT name.text, head.seq FROM head JOIN name ON name.id = head.commune";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![])?;
    let mut reaches = Vec::new();
    while let Some(row) = rows.next()? {
        reaches.push(Reach { commune: row.get(0)?, seq: columns::to_u64(row.get(1)?)? });
    }
    Ok(reaches)
}

/// What came after these places.
pub(super) fn since(connection: &Connection, places: &[Reach]) -> Result<Vec<CaughtUp>, StoreError> {
    let mut caught = Vec::with_capacity(places.len());
    for Reach { commune, seq } in places {
        let Some(number) = names::find(connection, commune)? else { continue };
        let Some((_, head)) = journal::head(connection, number)? else { continue };
        let mut accepted = figures(connection, commune, number, *seq)?;
        accepted.extend(evidence(connection, commune, number)?);
        caught.push(CaughtUp { reach: Reach { commune: commune.clone(), seq: head.seq }, accepted });
    }
    Ok(caught)
}

// The empty unit, the whole commune, has no row of its own.
fn figures(connection: &Connection, slug: &str, commune: i64, after: u64) -> Result<Vec<Accepted>, StoreError> {
    let sql = "SELECT i.text, coalesce(u.text, ''), period, version, kind, amount, denominator, received_at,
               (SELECT count(*) FROM evidence e WHERE (e.commune, e.indicator, e.unit, e.period, e.version)
                = (o.commune, o.indicator, o.unit, o.period, o.version)),
               (SELECT decision FROM verdict v WHERE (v.commune, v.indicator, v.unit, v.period, v.version)
                = (o.commune, o.indicator, o.unit, o.period, o.version))
               FROM observation o JOIN name i ON i.id = o.indicator LEFT JOIN name u ON u.id = o.unit
               WHERE commune = ?1 AND seq > ?2 ORDER BY seq";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([commune, columns::count(after)])?;
    let (mut accepted, mut codes, commune_slug) = (Vec::new(), Texts::default(), Arc::from(slug));
    while let Some(row) = rows.next()? {
        accepted.push(Accepted::Figure(AcceptedFigure {
            commune: Arc::clone(&commune_slug),
            indicator: codes.share(&row.get::<String>(0)?),
            unit: codes.share(&row.get::<String>(1)?),
            period: columns::to_period(row.get(2)?)?,
            version: row.get(3)?,
            value: columns::to_value(row, 4)?,
            received_at: columns::to_time(row.get(7)?)?,
            evidence_count: row.get(8)?,
            verdict: columns::to_decision(row.get(9)?)?,
        }));
    }
    Ok(accepted)
}

/// Files have no place in the log of their own: how many there are is read for all versions of the commune.
fn evidence(connection: &Connection, slug: &str, commune: i64) -> Result<Vec<Accepted>, StoreError> {
    let sql = "SELECT i.text, coalesce(u.text, ''), period, version, count(*) FROM evidence e
               JOIN name i ON i.id = e.indicator LEFT JOIN name u ON u.id = e.unit
               WHERE commune = ?1 GROUP BY i.text, u.text, period, version";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([commune])?;
    let mut accepted = Vec::new();
    while let Some(row) = rows.next()? {
        accepted.push(Accepted::Evidence {
            commune: slug.into(),
            key: columns::to_key(row, 0)?.into(),
            version: row.get(3)?,
            evidence_count: row.get(4)?,
        });
    }
    Ok(accepted)
}
