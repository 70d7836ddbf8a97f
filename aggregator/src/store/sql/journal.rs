//! Reading a commune's log: positions, pages of history, what was applied.

use super::{
    super::{HeldChange, HistoryPage, RefusedChange, StoreError},
    columns, names,
};
use crate::store::engine::{Connection, OptionalRow, params};
use chrono::{DateTime, Utc};
use prost::bytes::Bytes;
use shared::{
    change::{Chain, Change, Deed, LogPosition},
    period::Period,
};
use std::collections::{BTreeSet, HashSet};
use uuid::Uuid;

/// What the journal notes for a change of a kind that this version does not know.
pub(super) const PARKED: &str = "parked";

/// Most refusals told of one indicator and period.
const MAX_REFUSED: usize = 10_000;

/// The stable code of what the journal notes for a refused change.
pub(super) fn code(refusal: &str) -> &str {
    refusal.split(':').next().unwrap_or_default()
}

/// A commune's log and its head.
pub(super) fn head(connection: &Connection, commune: i64) -> Result<Option<(i64, LogPosition)>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT log, seq, chain FROM head WHERE commune = ?1")?;
    let row = statement
        .query_row([commune], |row| Ok((row.get(0)?, row.get::<i64>(1)?, row.get::<[u8; 32]>(2)?)))
        .optional()?;
    row.map(|(log, seq, chain)| Ok((log, LogPosition { seq: columns::to_u64(seq)?, chain: Chain(chain) }))).transpose()
}

/// The same by the commune's slug.
pub(super) fn head_of(connection: &Connection, commune: &str) -> Result<Option<(i64, LogPosition)>, StoreError> {
    match names::find(connection, commune)? {
        Some(commune) => head(connection, commune),
        None => Ok(None),
    }
}

/// The chain after `seq` changes of a log.
pub(super) fn chain(connection: &Connection, log: i64, seq: u64) -> Result<Option<Chain>, StoreError> {
    if seq == 0 {
        return Ok(Some(Chain::START));
    }
    let mut statement = connection.prepare_cached("SELECT chain FROM journal WHERE log = ?1 AND seq = ?2")?;
    let chain: Option<[u8; 32]> =
        statement.query_row(params![log, columns::count(seq)], |row| row.get(0)).optional()?;
    Ok(chain.map(Chain))
}

/// The chain that a commune's log has after `seq` changes.
pub(super) fn chain_at(connection: &Connection, commune: &str, seq: u64) -> Result<Option<Chain>, StoreError> {
    match head_of(connection, commune)? {
        Some((log, _)) => chain(connection, log, seq),
        None => Ok(None),
    }
}

/// When a change came.
pub(super) fn received_at(connection: &Connection, log: i64, seq: u64) -> Result<Option<DateTime<Utc>>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT received_at FROM journal WHERE log = ?1 AND seq = ?2")?;
    let at: Option<i64> = statement.query_row(params![log, columns::count(seq)], |row| row.get(0)).optional()?;
    columns::to_optional_time(at)
}

/// A page of a commune's log: what follows `after` where the log has that position, else what follows its beginning. At least one
/// change, if there is one.
pub(super) fn history(
    connection: &Connection,
    commune: &str,
    after: LogPosition,
    max_bytes: usize,
    max_changes: usize,
) -> Result<HistoryPage, StoreError> {
    let Some((log, _)) = head_of(connection, commune)? else {
        return Ok(HistoryPage { first_seq: 1, changes: Vec::new() });
    };
    let known = chain(connection, log, after.seq)? == Some(after.chain);
    let after = if known { after.seq } else { 0 };
    let mut page = HistoryPage { first_seq: after + 1, changes: Vec::new() };
    let sql = "SELECT body, refusal FROM journal WHERE log = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3";
    let mut statement = connection.prepare_cached(sql)?;
    let limit = columns::count(max_changes as u64);
    let mut rows = statement.query(params![log, columns::count(after), limit])?;
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        let (body, refusal): (Vec<u8>, Option<String>) = (row.get(0)?, row.get(1)?);
        bytes += body.len();
        if bytes > max_bytes && !page.changes.is_empty() {
            break;
        }
        let refusal = refusal.filter(|refusal| refusal != PARKED);
        page.changes.push(HeldChange { body: Bytes::from(body), refusal });
    }
    Ok(page)
}

/// Every change of a log that was applied, in order. Which of their bodies are not what was acknowledged is the answer; the chain tells.
pub(super) fn applied(
    connection: &Connection,
    log: i64,
    mut each: impl FnMut(u64, DateTime<Utc>, Change),
) -> Result<BTreeSet<u64>, StoreError> {
    let sql = "SELECT seq, received_at, body, chain, refusal IS NULL FROM journal WHERE log = ?1 ORDER BY seq";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([log])?;
    let (mut before, mut damaged) = (Chain::START, BTreeSet::new());
    while let Some(row) = rows.next()? {
        let (seq, body) = (columns::to_u64(row.get(0)?)?, row.bytes(2)?);
        let chain = Chain(row.get(3)?);
        let is_whole = before.then(body) == chain;
        before = chain;
        if !row.get::<bool>(4)? {
            continue;
        }
        match proto::change::decode(body) {
            Ok(change) if is_whole => each(seq, columns::to_time(row.get(1)?)?, change),
            _ => {
                damaged.insert(seq);
            }
        }
    }
    Ok(damaged)
}

/// The changes about an indicator and period that are not applied, in order.
pub(super) fn refused_about(
    connection: &Connection,
    log: i64,
    indicator: &str,
    period: Period,
) -> Result<Vec<RefusedChange>, StoreError> {
    let sql = "SELECT seq, body, refusal FROM journal WHERE log = ?1 ORDER BY seq";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([log])?;
    let mut figures: HashSet<Uuid> = HashSet::new();
    let mut refused = Vec::new();
    while let Some(row) = rows.next()? {
        let Ok(change) = proto::change::decode(row.bytes(1)?) else { continue };
        let about = match &change.deed {
            Deed::Recorded(figure) => figure.key.indicator == indicator && figure.key.period == period,
            Deed::Attached(evidence) => figures.contains(&evidence.observation),
            Deed::ConflictNoted(_) | Deed::ConflictSettled(_) => false,
        };
        if !about {
            continue;
        }
        figures.insert(change.id);
        let detail: Option<String> = row.get(2)?;
        if let Some(detail) = detail.filter(|detail| detail != PARKED && refused.len() < MAX_REFUSED) {
            let (seq, code) = (columns::to_u64(row.get(0)?)?, code(&detail).to_owned());
            refused.push(RefusedChange { seq, change_id: change.id, code, detail });
        }
    }
    Ok(refused)
}
