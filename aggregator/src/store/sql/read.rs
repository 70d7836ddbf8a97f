//! Reading: what sessions, the feed and the reports ask. Nothing here writes.

use super::{
    super::{
        CatalogueFiles, CurrentCatalogue, Exception, FeedPage, Founding, Opening, OpeningQuestion, StoreError,
        StoredObservation,
    },
    columns, files, journal, lineage, names,
};
use crate::store::engine::{Connection, Error, OptionalRow, Row, Rows, Statement, params};
use prost::Message;
use proto::sync::v1::FeedPart;
use shared::{
    catalogue::{Catalogue, read as catalogue_files},
    observation::{Decision, ObservationKey},
};
use std::{collections::HashMap, sync::Arc};

pub(crate) fn founding(connection: &Connection) -> Result<Founding, StoreError> {
    let value = |key: &str| -> Result<String, StoreError> {
        let mut statement = connection.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
        let value: Option<String> = statement.query_row([key], |row| row.get(0)).optional()?;
        value.ok_or(StoreError::Unreadable("founding"))
    };
    Ok(Founding {
        province: value("province")?,
        exercise: value("exercise")? == "true",
        clock_offset_ms: value("clock_offset_ms")?.parse().map_err(|_| StoreError::Unreadable("clock offset"))?,
    })
}

/// The feed has a row for each decision but the moves of the clock, the bundles taken and the certificates revoked, which are counted
/// apart. All only grow.
pub(super) fn decisions(connection: &Connection) -> Result<u64, StoreError> {
    let sql = "SELECT (SELECT coalesce(max(position), 0) FROM feed)
               + coalesce((SELECT CAST(sum(CAST(value AS BIGINT)) AS BIGINT) FROM meta WHERE key IN ('clock_moves', 'bundles_taken')), 0)
               + (SELECT count(*) FROM certificate WHERE revoked_at IS NOT NULL)";
    columns::to_u64(connection.prepare_cached(sql)?.query_row(params![], |row| row.get(0))?)
}

/// The current version: number, fingerprint and plan year.
pub(super) fn current_version(connection: &Connection) -> Result<Option<(i64, String, i64)>, StoreError> {
    let sql = "SELECT version, fingerprint, plan_year FROM catalogue_version ORDER BY version DESC LIMIT 1";
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_row(params![], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?)
}

pub(super) fn current_catalogue(connection: &Connection) -> Result<CurrentCatalogue, StoreError> {
    let (version, fingerprint, _) = current_version(connection)?.ok_or(StoreError::Unreadable("catalogue"))?;
    let kept = catalogue_files_of(connection, version)?;
    let catalogue = catalogue_files::read_kept(&kept).map_err(|_| StoreError::Unreadable("catalogue"))?;
    Ok(CurrentCatalogue { version: columns::to_u64(version)?, fingerprint, files: kept, catalogue })
}

/// The current catalogue: version, fingerprint and content; the one that is held where it is the same.
pub(super) fn catalogue(
    connection: &Connection,
    held: Option<&(String, Arc<Catalogue>)>,
) -> Result<(u64, String, Arc<Catalogue>), StoreError> {
    let (version, fingerprint, _) = current_version(connection)?.ok_or(StoreError::Unreadable("catalogue"))?;
    if let Some((_, catalogue)) = held.filter(|(held, _)| *held == fingerprint) {
        return Ok((columns::to_u64(version)?, fingerprint, catalogue.clone()));
    }
    let current = current_catalogue(connection)?;
    Ok((current.version, current.fingerprint, Arc::new(current.catalogue)))
}

fn catalogue_files_of(connection: &Connection, version: i64) -> Result<CatalogueFiles, StoreError> {
    let mut statement = connection.prepare_cached("SELECT name, bytes FROM catalogue_file WHERE version = ?1")?;
    Ok(statement.query_map([version], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

pub(super) fn catalogue_at(connection: &Connection, version: u64) -> Result<Option<Catalogue>, StoreError> {
    let kept = catalogue_files_of(connection, columns::count(version))?;
    if kept.is_empty() {
        return Ok(None);
    }
    catalogue_files::read_kept(&kept).map(Some).map_err(|_| StoreError::Unreadable("catalogue"))
}

/// The packed periods of the plan year, first and last.
pub(super) fn plan_year(connection: &Connection) -> Result<(i64, i64), StoreError> {
    let (_, _, year) = current_version(connection)?.ok_or(StoreError::Unreadable("catalogue"))?;
    Ok(columns::year_range(year))
}

pub(super) fn epoch(connection: &Connection) -> Result<[u8; 16], StoreError> {
    let mut statement = connection.prepare_cached("SELECT value FROM meta WHERE key = 'epoch'")?;
    let text: Option<String> = statement.query_row(params![], |row| row.get(0)).optional()?;
    let bytes = text.and_then(|text| hex::decode(text).ok()).and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or(StoreError::Unreadable("epoch"))
}

pub(super) fn opening(connection: &Connection, question: &OpeningQuestion) -> Result<Opening, StoreError> {
    let mut opening =
        Opening { epoch: epoch(connection)?, evidence_losses: files::losses(connection)?, ..Opening::default() };
    let mut statement =
        connection.prepare_cached("SELECT revoked_at IS NULL FROM certificate WHERE fingerprint = ?1")?;
    let valid: Option<bool> = statement.query_row([question.certificate], |row| row.get(0)).optional()?;
    opening.certificate_valid = valid.unwrap_or(false);
    let Some(commune) = names::find(connection, &question.commune)? else {
        return Ok(opening);
    };
    opening.lineage = lineage::of(connection, commune, question.incarnation)?;
    if let Some((log, head)) = journal::head(connection, commune)? {
        let newest = lineage::newest(connection, commune)?.ok_or(StoreError::Unreadable("incarnation"))?;
        opening.head = Some((newest, head));
        opening.chain_at_head = journal::chain(connection, log, question.head_seq)?;
        opening.chain_at_acknowledged = journal::chain(connection, log, question.acknowledged_seq)?;
    }
    Ok(opening)
}

pub(super) fn feed(connection: &Connection, commune: &str, after: u64, limit: u32) -> Result<FeedPage, StoreError> {
    let commune = names::find(connection, commune)?.unwrap_or(names::NOBODY);
    let newest: i64 = connection
        .prepare_cached("SELECT coalesce(max(position), 0) FROM feed")?
        .query_row(params![], |row| row.get(0))?;
    // An agent that is ahead of us has seen a feed that was lost (we were restored from a backup): it gets ours whole.
    let newest = columns::to_u64(newest)?;
    let after = if after > newest { 0 } else { after };
    let sql =
        "SELECT position, payload FROM feed WHERE commune IN (0, ?1) AND position > ?2 ORDER BY position LIMIT ?3";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![commune, columns::count(after), i64::from(limit) + 1])?;
    let mut page = FeedPage { position: newest, items: Vec::new(), more: false };
    let mut looked_at = 0;
    let mut last = after;
    while let Some(row) = rows.next()? {
        if looked_at == limit {
            page.more = true;
            page.position = last;
            break;
        }
        looked_at += 1;
        last = columns::to_u64(row.get(0)?)?;
        let Some(payload) = row.get::<Option<&[u8]>>(1).ok().flatten() else { continue };
        let part = FeedPart::decode(payload).map_err(|_| StoreError::Unreadable("feed item"))?;
        page.items.push(proto::feed::from_wire(&part).map_err(|_| StoreError::Unreadable("feed item"))?);
    }
    Ok(page)
}

pub(super) fn observations(connection: &Connection) -> Result<Vec<StoredObservation>, StoreError> {
    stored(connection, None)
}

/// Those of a commune's figures of one indicator.
pub(super) fn observations_of(
    connection: &Connection,
    commune: &str,
    indicator: &str,
) -> Result<Vec<StoredObservation>, StoreError> {
    match (names::find(connection, commune)?, names::find(connection, indicator)?) {
        (Some(commune), Some(indicator)) => stored(connection, Some([commune, indicator])),
        _ => Ok(Vec::new()),
    }
}

/// All, or those of one commune and indicator.
fn stored(connection: &Connection, only: Option<[i64; 2]>) -> Result<Vec<StoredObservation>, StoreError> {
    let (first, last) = plan_year(connection)?;
    let names = names::all(connection)?;
    let name = |id: i64| names.get(&id).cloned().ok_or(StoreError::Unreadable("name"));
    let evidence = evidence_counts(connection, only)?;
    let verdicts = verdicts(connection, only)?;
    let sql = format!(
        "SELECT commune, indicator, unit, period, version, change_id, kind, amount, denominator, note, entered_by,
               entered_at, received_at FROM observation {} AND period BETWEEN {first} AND {last}",
        of(only)
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = asked(&mut statement, only)?;
    let mut observations = Vec::new();
    while let Some(row) = rows.next()? {
        let place: Place = place_of(row)?;
        let (commune, indicator, unit, period, _) = place;
        let key =
            ObservationKey { indicator: name(indicator)?, unit: name(unit)?, period: columns::to_period(period)? };
        observations.push(StoredObservation {
            evidence_count: evidence.get(&place).copied().unwrap_or(0),
            verdict: verdicts.get(&place).copied(),
            ..columns::to_observation(row, 4, name(commune)?, key)?
        });
    }
    observations.sort_unstable_by(|a, b| (&a.commune, &a.key, a.version).cmp(&(&b.commune, &b.key, b.version)));
    Ok(observations)
}

/// The newest version of a figure.
pub(super) fn newest(
    connection: &Connection,
    commune: String,
    key: ObservationKey,
) -> Result<Option<StoredObservation>, StoreError> {
    let number = |name: &str| names::find(connection, name);
    let (Some(slug), Some(indicator), Some(unit)) = (number(&commune)?, number(&key.indicator)?, number(&key.unit)?)
    else {
        return Ok(None);
    };
    let sql = "SELECT version, change_id, kind, amount, denominator, note, entered_by, entered_at, received_at,
               (SELECT count(*) FROM evidence e WHERE (e.commune, e.indicator, e.unit, e.period, e.version)
                = (o.commune, o.indicator, o.unit, o.period, o.version)),
               (SELECT decision FROM verdict v WHERE (v.commune, v.indicator, v.unit, v.period, v.version)
                = (o.commune, o.indicator, o.unit, o.period, o.version))
               FROM observation o WHERE commune = ?1 AND indicator = ?2 AND unit = ?3 AND period = ?4
               ORDER BY version DESC LIMIT 1";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![slug, indicator, unit, columns::period(key.period)])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(StoredObservation {
        evidence_count: row.get(9)?,
        verdict: columns::to_decision(row.get(10)?)?,
        ..columns::to_observation(row, 0, commune, key)?
    }))
}

/// Commune, indicator, unit, packed period, version.
type Place = (i64, i64, i64, i64, u32);

/// Reads a place from the first five columns.
fn place_of(row: Row<'_>) -> Result<Place, Error> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
}

/// Which rows of a table: all, or those of one commune and indicator.
fn of(only: Option<[i64; 2]>) -> &'static str {
    if only.is_some() { "WHERE commune = ?1 AND indicator = ?2" } else { "WHERE true" }
}

/// Asks for the rows [`of`] somebody.
fn asked<'a>(statement: &'a mut Statement<'_>, only: Option<[i64; 2]>) -> Result<Rows<'a>, StoreError> {
    Ok(match only {
        Some(place) => statement.query(place)?,
        None => statement.query(params![])?,
    })
}

fn evidence_counts(connection: &Connection, only: Option<[i64; 2]>) -> Result<HashMap<Place, u32>, StoreError> {
    let sql = format!(
        "SELECT commune, indicator, unit, period, version, count(*) FROM evidence {}
         GROUP BY commune, indicator, unit, period, version",
        of(only)
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = asked(&mut statement, only)?;
    let mut counts = HashMap::new();
    while let Some(row) = rows.next()? {
        counts.insert(place_of(row)?, row.get(5)?);
    }
    Ok(counts)
}

fn verdicts(connection: &Connection, only: Option<[i64; 2]>) -> Result<HashMap<Place, Decision>, StoreError> {
    let sql = format!("SELECT commune, indicator, unit, period, version, decision FROM verdict {}", of(only));
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = asked(&mut statement, only)?;
    let mut verdicts = HashMap::new();
    while let Some(row) = rows.next()? {
        let word: String = row.get(5)?;
        let decision = Decision::from_word(&word).ok_or(StoreError::Unreadable("verdict"))?;
        verdicts.insert(place_of(row)?, decision);
    }
    Ok(verdicts)
}

pub(super) fn exceptions(connection: &Connection) -> Result<Vec<Exception>, StoreError> {
    let (first, last) = plan_year(connection)?;
    let sql = "SELECT name.text, period, cutoff, reason FROM exception JOIN name ON name.id = exception.commune
               WHERE period BETWEEN ?1 AND ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([first, last])?;
    let mut exceptions = Vec::new();
    while let Some(row) = rows.next()? {
        let cutoff: String = row.get(2)?;
        exceptions.push(Exception {
            commune: row.get(0)?,
            period: columns::to_period(row.get(1)?)?,
            cutoff: cutoff.parse().map_err(|_| StoreError::Unreadable("day"))?,
            reason: row.get(3)?,
        });
    }
    exceptions.sort_unstable_by(|a, b| (&a.commune, a.period).cmp(&(&b.commune, b.period)));
    Ok(exceptions)
}
