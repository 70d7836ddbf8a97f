//! What the province writes: catalogue, exceptions, verdicts. Each with a line in the audit history, and
//! one in the feed where communes must know.

use super::{
    super::{Act, CatalogueImport, Exception, Founding, Imported, StoreError, Withdrawn},
    audit::note,
    closing, columns,
    names::{self, Names},
    read,
};
use crate::store::engine::{Connection, Counted, params};
use prost::Message;
use shared::{feed::FeedItem, period::Period};

/// Adds an item to the feed; none stands for a new catalogue.
pub(super) fn announce(connection: &Connection, commune: i64, item: Option<&FeedItem>) -> Result<(), StoreError> {
    let payload = item.map(|item| proto::feed::to_wire(item).encode_to_vec());
    connection
        .prepare_cached("INSERT INTO feed (position, commune, payload) VALUES (?1, ?2, ?3)")?
        .execute(params![connection.next(Counted::Feed)?, commune, payload])?;
    Ok(())
}

pub(super) fn set_meta(connection: &Connection, key: &str, value: &str) -> Result<(), StoreError> {
    let sql = "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2";
    connection.prepare_cached(sql)?.execute([key, value])?;
    Ok(())
}

pub(crate) fn found(
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
               ON CONFLICT (key) DO UPDATE SET value = CAST(CAST(meta.value AS BIGINT) + 1 AS TEXT)";
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

/// Takes an exception back. To the commune it travels as an exception without a day, which every agent takes as its end.
pub(super) fn withdraw_exception(
    connection: &Connection,
    commune: &str,
    period: Period,
    reason: &str,
    act: &Act,
) -> Result<Withdrawn, StoreError> {
    if closing::in_force(connection, period)?.is_some() {
        return Ok(Withdrawn::PeriodClosed);
    }
    let Some(number) = names::find(connection, commune)? else { return Ok(Withdrawn::Nothing) };
    let sql = "DELETE FROM exception WHERE commune = ?1 AND period = ?2";
    if connection.prepare_cached(sql)?.execute(params![number, columns::period(period)])? == 0 {
        return Ok(Withdrawn::Nothing);
    }
    let item = FeedItem::Exception { period, cutoff: None, reason: reason.to_owned() };
    announce(connection, number, Some(&item))?;
    note(connection, act, "exception_withdrawn", &format!("{commune} {period}: {reason}"))?;
    Ok(Withdrawn::Done)
}
