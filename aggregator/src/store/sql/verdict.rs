//! Verdicts: each on one version of one figure, told to the commune by the feed.

use super::{
    super::{Act, ReviewRequest, Reviewed, StoreError, StoredVerdict},
    audit::note,
    columns, decide,
    decided::verdict_words,
    names, read,
};
use crate::store::engine::{Connection, OptionalRow, Row, params};
use shared::{
    feed::FeedItem,
    observation::{Decision, ObservationKey},
    review::Reason,
};
use uuid::Uuid;

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
    if request.first
        && let Some((by, decision)) = passed(connection, place, newest)?
    {
        return Ok(Reviewed::Decided { by, decision });
    }
    pass_verdict(connection, place, newest, request, act)?;
    let item = FeedItem::Verdict {
        observation: Uuid::from_bytes(change),
        decision: request.decision,
        reason: request.reason.clone(),
        reviewer: act.who.clone(),
        decided_at: act.at,
    };
    decide::announce(connection, commune, Some(&item))?;
    let ReviewRequest { commune, key, decision, reason, .. } = request;
    let figure = format!("{commune} {} {} {} version {newest}", key.indicator, key.unit, key.period);
    let words = verdict_words(decision.as_str(), reason, request.code.map(Reason::as_str));
    note(connection, act, "reviewed", &format!("{figure}: {words}"))?;
    Ok(Reviewed::Done { version: newest })
}

/// By whom a version was reviewed, and how.
fn passed(connection: &Connection, place: [i64; 4], version: u32) -> Result<Option<(String, Decision)>, StoreError> {
    let sql = "SELECT reviewer, decision FROM verdict
               WHERE commune = ?1 AND indicator = ?2 AND unit = ?3 AND period = ?4 AND version = ?5";
    let [commune, indicator, unit, period] = place;
    let mut statement = connection.prepare_cached(sql)?;
    let read = |row: Row<'_>| Ok((row.get(0)?, row.get::<String>(1)?));
    let found = statement.query_row(params![commune, indicator, unit, period, version], read).optional()?;
    let Some((by, word)) = found else { return Ok(None) };
    Ok(Some((by, Decision::from_word(&word).ok_or(StoreError::Unreadable("verdict"))?)))
}

fn pass_verdict(
    connection: &Connection,
    [commune, indicator, unit, period]: [i64; 4],
    version: u32,
    request: &ReviewRequest,
    act: &Act,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO verdict (commune, indicator, unit, period, version, decision, reason, reviewer, decided_at, reason_code)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (commune, indicator, unit, period, version)
               DO UPDATE SET decision = ?6, reason = ?7, reviewer = ?8, decided_at = ?9, reason_code = ?10";
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
        at,
        request.code.map(Reason::as_str)
    ])?;
    Ok(())
}

/// The verdicts of the plan year, oldest first.
pub(super) fn all(connection: &Connection) -> Result<Vec<StoredVerdict>, StoreError> {
    stored(connection, None)
}

/// Those on a commune's figures of one indicator.
pub(super) fn of_figures(
    connection: &Connection,
    commune: &str,
    indicator: &str,
) -> Result<Vec<StoredVerdict>, StoreError> {
    match (names::find(connection, commune)?, names::find(connection, indicator)?) {
        (Some(commune), Some(indicator)) => stored(connection, Some((commune, indicator))),
        _ => Ok(Vec::new()),
    }
}

fn stored(connection: &Connection, only: Option<(i64, i64)>) -> Result<Vec<StoredVerdict>, StoreError> {
    let (first, last) = read::plan_year(connection)?;
    let names = names::all(connection)?;
    let (commune, indicator) = only.unzip();
    let name = |id: i64| names.get(&id).cloned().ok_or(StoreError::Unreadable("name"));
    let sql =
        "SELECT commune, indicator, unit, period, version, decision, reason_code, reviewer, decided_at, reason FROM verdict
               WHERE period BETWEEN ?1 AND ?2 AND (commune = ?3 OR ?3 IS NULL) AND (indicator = ?4 OR ?4 IS NULL) 
               ORDER BY decided_at, commune, indicator, unit, period, version";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![first, last, commune, indicator])?;
    let mut verdicts = Vec::new();
    while let Some(row) = rows.next()? {
        let decision = Decision::from_word(&row.get::<String>(5)?).ok_or(StoreError::Unreadable("verdict"))?;
        verdicts.push(StoredVerdict {
            commune: name(row.get(0)?)?,
            key: ObservationKey {
                indicator: name(row.get(1)?)?,
                unit: name(row.get(2)?)?,
                period: columns::to_period(row.get(3)?)?,
            },
            version: row.get(4)?,
            decision,
            code: row.get::<Option<String>>(6)?.and_then(|word| Reason::from_word(&word)),
            reason: row.get(9)?,
            reviewer: row.get(7)?,
            decided_at: columns::to_time(row.get(8)?)?,
        });
    }
    Ok(verdicts)
}
