//! What the province writes: catalogue, exceptions, verdicts. Each with a line in the audit history, and
//! one in the feed where communes must know.

use super::{
    super::{Act, CatalogueImport, Exception, Founding, Imported, ReviewRequest, Reviewed, StoreError},
    audit::note,
    closing, columns,
    names::{self, Names},
    read,
};
use prost::Message;
use rusqlite::{Connection, OptionalExtension, params};
use shared::feed::FeedItem;
use uuid::Uuid;

/// Adds an item to the feed; none stands for a new catalogue.
pub(super) fn announce(connection: &Connection, commune: i64, item: Option<&FeedItem>) -> Result<(), StoreError> {
    let payload = item.map(|item| proto::feed::to_wire(item).encode_to_vec());
    connection
        .prepare_cached("INSERT INTO feed (commune, payload) VALUES (?1, ?2)")?
        .execute(params![commune, payload])?;
    Ok(())
}

pub(super) fn set_meta(connection: &Connection, key: &str, value: &str) -> Result<(), StoreError> {
    let sql = "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2";
    connection.prepare_cached(sql)?.execute([key, value])?;
    Ok(())
}

pub(super) fn found(
    connection: &Connection,
    founding: &Founding,
    catalogue: &CatalogueImport,
    act: &Act,
) -> Result<(), StoreError> {
    set_meta(connection, "province", &founding.province)?;
    set_meta(connection, "exercise", if founding.exercise { "true" } else { "false" })?;
    set_meta(connection, "clock_offset_ms", &founding.clock_offset_ms.to_string())?;
    note(connection, act, "founded", &founding.province)?;
    import_catalogue(connection, catalogue, act)?;
    Ok(())
}

pub(super) fn set_clock_offset(connection: &Connection, offset_ms: i64, act: &Act) -> Result<(), StoreError> {
    set_meta(connection, "clock_offset_ms", &offset_ms.to_string())?;
    count(connection, "clock_moves")?;
    note(connection, act, "clock_moved", &format!("offset {offset_ms} ms"))
}

pub(super) fn note_bundle(connection: &Connection, commune: &str, id: &str, act: &Act) -> Result<(), StoreError> {
    count(connection, "bundles_taken")?;
    note(connection, act, "bundle_taken", &format!("{commune}, bundle {id}"))
}

/// Counts up what has no row in the feed, so that it is noticed; see `read::decisions` and `files::losses`.
pub(super) fn count(connection: &Connection, key: &str) -> Result<(), StoreError> {
    let sql = "INSERT INTO meta (key, value) VALUES (?1, '1')
               ON CONFLICT (key) DO UPDATE SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT)";
    connection.prepare_cached(sql)?.execute([key])?;
    Ok(())
}

pub(super) fn import_catalogue(
    connection: &Connection,
    import: &CatalogueImport,
    act: &Act,
) -> Result<Imported, StoreError> {
    let current = read::current_version(connection)?;
    if let Some((version, fingerprint, _)) = &current
        && *fingerprint == import.fingerprint
    {
        return Ok(Imported::Unchanged(columns::to_u64(*version)?));
    }
    let version = current.map_or(0, |(version, _, _)| version) + 1;
    connection
        .prepare_cached(
            "INSERT INTO catalogue_version (version, imported_at, imported_by, fingerprint, plan_year) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![version, columns::time(act.at), act.who, import.fingerprint, import.plan_year])?;
    for (name, bytes) in &import.files {
        connection
            .prepare_cached("INSERT INTO catalogue_file (version, name, bytes) VALUES (?1, ?2, ?3)")?
            .execute(params![version, name, bytes])?;
    }
    announce(connection, names::NOBODY, None)?;
    note(connection, act, "catalogue_imported", &format!("version {version}, {}", import.fingerprint))?;
    Ok(Imported::New(columns::to_u64(version)?))
}

pub(super) fn set_exception(
    connection: &Connection,
    names: &mut Names,
    exception: &Exception,
    act: &Act,
) -> Result<bool, StoreError> {
    if closing::in_force(connection, exception.period)?.is_some() {
        return Ok(false);
    }
    let commune = names.number(connection, &exception.commune)?;
    let sql = "INSERT INTO exception (commune, period, cutoff, reason, decided_by, decided_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
               ON CONFLICT (commune, period) DO UPDATE SET cutoff = ?3, reason = ?4, decided_by = ?5, decided_at = ?6";
    connection.prepare_cached(sql)?.execute(params![
        commune,
        columns::period(exception.period),
        exception.cutoff.to_string(),
        exception.reason,
        act.who,
        columns::time(act.at)
    ])?;
    let item = FeedItem::Exception {
        period: exception.period,
        cutoff: Some(exception.cutoff),
        reason: exception.reason.clone(),
    };
    announce(connection, commune, Some(&item))?;
    let Exception { commune, period, cutoff, reason } = exception;
    note(connection, act, "exception_set", &format!("{commune} {period} until {cutoff}: {reason}"))?;
    Ok(true)
}

pub(super) fn review(connection: &Connection, request: &ReviewRequest, act: &Act) -> Result<Reviewed, StoreError> {
    let number = |name: &str| names::find(connection, name);
    let (Some(commune), Some(indicator), Some(unit)) =
        (number(&request.commune)?, number(&request.key.indicator)?, number(&request.key.unit)?)
    else {
        return Ok(Reviewed::Nothing);
    };
    let place = [commune, indicator, unit, columns::period(request.key.period)];
    let sql =
        "SELECT version, change_id FROM observation WHERE commune = ?1 AND indicator = ?2 AND unit = ?3 AND period = ?4
               ORDER BY version DESC LIMIT 1";
    let mut statement = connection.prepare_cached(sql)?;
    let newest: Option<(u32, [u8; 16])> =
        statement.query_row(place, |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let Some((newest, change)) = newest else { return Ok(Reviewed::Nothing) };
    match request.version {
        Some(version) if version > newest => return Ok(Reviewed::Nothing),
        Some(version) if version < newest => return Ok(Reviewed::Outdated { newest }),
        _ => {}
    }
    pass_verdict(connection, place, newest, request, act)?;
    let item = FeedItem::Verdict {
        observation: Uuid::from_bytes(change),
        decision: request.decision,
        reason: request.reason.clone(),
        reviewer: act.who.clone(),
        decided_at: act.at,
    };
    announce(connection, commune, Some(&item))?;
    let ReviewRequest { commune, key, decision, reason, .. } = request;
    let figure = format!("{commune} {} {} {} version {newest}", key.indicator, key.unit, key.period);
    note(connection, act, "reviewed", &format!("{figure}: {} {reason}", decision.as_str()))?;
    Ok(Reviewed::Done { version: newest })
}

fn pass_verdict(
    connection: &Connection,
    [commune, indicator, unit, period]: [i64; 4],
    version: u32,
    request: &ReviewRequest,
    act: &Act,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO verdict (commune, indicator, unit, period, version, decision, reason, reviewer, decided_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (commune, indicator, unit, period, version)
               DO UPDATE SET decision = ?6, reason = ?7, reviewer = ?8, decided_at = ?9";
    let (decision, at) = (request.decision.as_str(), columns::time(act.at));
    connection.prepare_cached(sql)?.execute(params![
        commune,
        indicator,
        unit,
        period,
        version,
        decision,
        request.reason,
        act.who,
        at
    ])?;
    Ok(())
}
