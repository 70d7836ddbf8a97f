//! Making records anew from the journal: after changes were sent again, or when a change that was parked is applied. Nothing is
//! judged here; what the journal says was applied is applied.

use super::{
    super::{Remade, Resending, StoreError},
    columns, contact, digests, journal, level,
    names::{self, Names},
    records::{Part, Records, Spot},
    versions::KnownVersions,
};
use crate::store::engine::{Connection, OptionalRow, params};
use shared::period::Period;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Takes changes that were sent again; with the last of them the records that they are about are made anew.
pub(super) fn resent(
    connection: &Connection,
    names: &mut Names,
    versions: &mut KnownVersions,
    resending: &Resending,
) -> Result<Remade, StoreError> {
    let mut remade = Remade::default();
    let Some(commune) = names::find(connection, &resending.commune)? else { return Ok(remade) };
    let Some((log, _)) = journal::head(connection, commune)? else { return Ok(remade) };
    for (seq, body) in &resending.changes {
        remade.foreign += u32::from(!mend(connection, log, *seq, body)?);
    }
    if resending.last {
        versions.forget_commune(commune);
        let Resending { indicator, period, .. } = resending;
        remade.repaired = records(connection, names, log, commune, indicator, *period)?;
        if remade.repaired > 0 {
            contact::healed(connection, commune, remade.repaired, resending.at)?;
            level::remade(connection)?;
        }
        remade.refused = journal::refused_about(connection, log, indicator, *period)?;
    }
    Ok(remade)
}

/// Whether a body is the one that was acknowledged: the chain tells. One that was damaged here since then is put right.
fn mend(connection: &Connection, log: i64, seq: u64, body: &[u8]) -> Result<bool, StoreError> {
    let Some(before) = seq.checked_sub(1) else { return Ok(false) };
    let sql = "SELECT chain, body = ?3 FROM journal WHERE log = ?1 AND seq = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let row: Option<([u8; 32], bool)> = statement
        .query_row(params![log, columns::count(seq), body], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (Some((chain, same)), Some(before)) = (row, journal::chain(connection, log, before)?) else {
        return Ok(false);
    };
    if before.then(body).0 != chain {
        return Ok(false);
    }
    if !same {
        let sql = "UPDATE journal SET body = ?3 WHERE log = ?1 AND seq = ?2";
        connection.prepare_cached(sql)?.execute(params![log, columns::count(seq), body])?;
    }
    Ok(true)
}

/// Makes the records of an indicator and period what the journal says; how many were written, changed or removed. Verdicts stay
/// where they are: the order of the log gives each version its number again. Where the journal itself was damaged and has not been
/// mended, the records are the better witness, and stay.
pub(super) fn records(
    connection: &Connection,
    names: &mut Names,
    log: i64,
    commune: i64,
    indicator: &str,
    period: Period,
) -> Result<u32, StoreError> {
    let part = Part::Indicator(indicator, period);
    let (held, wanted) = (Records::of_tables(connection, commune, part)?, Records::of_journal(connection, log, part)?);
    if held.figures.values().any(|figure| wanted.damaged.contains(&figure.seq)) {
        tracing::error!(log, indicator, %period, "the journal of these records is damaged, they are left as they are");
        digests::set(connection, commune, period)?;
        return Ok(0);
    }
    let indicator = match names::find(connection, indicator)? {
        Some(number) => number,
        // A name that no record has and the journal does not know either is not worth a number.
        None if wanted.figures.is_empty() => return Ok(0),
        None => names.number(connection, indicator)?,
    };
    let place = (commune, indicator, columns::period(period));
    let differing = wanted.differences(&held).len();
    // Rows that cannot be read may be of this indicator; they go with the rest.
    let unreadable = rows(connection, place)?.saturating_sub(held.figures.len() + held.evidence.len());
    if differing + unreadable > 0 {
        write(connection, names, place, &wanted)?;
    }
    digests::set(connection, commune, period)?;
    Ok(u32::try_from(differing.max(unreadable)).unwrap_or(u32::MAX))
}

/// Commune, indicator and packed period.
type Place = (i64, i64, i64);

fn rows(connection: &Connection, (commune, indicator, period): Place) -> Result<usize, StoreError> {
    let sql = "SELECT (SELECT count(*) FROM observation WHERE commune = ?1 AND indicator = ?2 AND period = ?3)
               + (SELECT count(*) FROM evidence WHERE commune = ?1 AND indicator = ?2 AND period = ?3)";
    let count: i64 = connection.prepare_cached(sql)?.query_row([commune, indicator, period], |row| row.get(0))?;
    Ok(usize::try_from(count).unwrap_or(0))
}

fn write(
    connection: &Connection,
    names: &mut Names,
    (commune, indicator, period): Place,
    wanted: &Records,
) -> Result<(), StoreError> {
    for sql in [
        "DELETE FROM observation WHERE commune = ?1 AND indicator = ?2 AND period = ?3",
        "DELETE FROM evidence WHERE commune = ?1 AND indicator = ?2 AND period = ?3",
    ] {
        connection.prepare_cached(sql)?.execute([commune, indicator, period])?;
    }
    let sql = "INSERT INTO observation (commune, indicator, unit, period, version, change_id, kind, amount, denominator, note,
               entered_by, entered_at, received_at, seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
    for ((key, version), figure) in &wanted.figures {
        let unit = names.number(connection, &key.unit)?;
        let (kind, amount, denominator) = columns::value(figure.observation.value);
        connection.prepare_cached(sql)?.execute(params![
            commune,
            indicator,
            unit,
            period,
            version,
            figure.change.as_bytes(),
            kind,
            amount,
            denominator,
            figure.observation.note,
            figure.entered_by,
            columns::time(figure.entered_at),
            columns::time(figure.received_at),
            columns::count(figure.seq),
        ])?;
    }
    let sql = "INSERT INTO evidence (commune, indicator, unit, period, version, sha256, name, size_bytes, entered_by, entered_at,
               received_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    for (((key, version), sha256), file) in &wanted.evidence {
        let unit = names.number(connection, &key.unit)?;
        connection.prepare_cached(sql)?.execute(params![
            commune,
            indicator,
            unit,
            period,
            version,
            sha256,
            file.name,
            columns::count(file.size_bytes),
            file.entered_by,
            columns::time(file.entered_at),
            columns::time(file.received_at),
        ])?;
    }
    Ok(())
}

/// Where a version has another number than by the journal as it was, because a change before it is applied only now, its verdict
/// goes with it.
pub(super) fn move_verdicts(
    connection: &Connection,
    names: &mut Names,
    log: i64,
    commune: i64,
    part: (&str, Period),
    former: &Records,
) -> Result<(), StoreError> {
    let wanted = Records::of_journal(connection, log, Part::Indicator(part.0, part.1))?;
    let (indicator, period) = (names.number(connection, part.0)?, columns::period(part.1));
    let now: BTreeMap<Uuid, &Spot> = wanted.figures.iter().map(|(spot, figure)| (figure.change, spot)).collect();
    let moved = former.figures.iter().filter_map(|(spot, figure)| {
        let to = *now.get(&figure.change)?;
        (to.0 == spot.0 && to.1 != spot.1).then_some((spot, to.1))
    });
    // Versions only ever get larger numbers here, so the last is moved first.
    for ((key, from), to) in moved.collect::<Vec<_>>().into_iter().rev() {
        let unit = names.number(connection, &key.unit)?;
        let sql = "UPDATE verdict SET version = ?6
                   WHERE commune = ?1 AND indicator = ?2 AND unit = ?3 AND period = ?4 AND version = ?5";
        connection.prepare_cached(sql)?.execute(params![commune, indicator, unit, period, from, to])?;
    }
    Ok(())
}
