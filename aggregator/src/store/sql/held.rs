//! Every version of a figure with its evidence, its verdict and the life of the log that it came from.

use super::{
    super::{HeldVerdict, HeldVersion, StoreError, VersionsWanted},
    columns, names,
};
use crate::store::engine::{Connection, OptionalRow, params};
use shared::{
    change::Incarnation,
    observation::{Decision, ObservationKey},
    review::Reason,
};

/// Most versions of one indicator that are told; the oldest are left out.
const MAX_VERSIONS: u32 = 20_000;

/// The versions wanted, by period, unit and version.
pub(super) fn versions(connection: &Connection, wanted: &VersionsWanted) -> Result<Vec<HeldVersion>, StoreError> {
    let Some(commune) = names::find(connection, &wanted.commune)? else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for code in &wanted.codes {
        if let Some(indicator) = names::find(connection, code)? {
            of_indicator(connection, (commune, indicator, code), wanted, &mut found)?;
        }
    }
    found.sort_by(|a, b| {
        let order = |one: &HeldVersion| (one.key.indicator.clone(), one.key.unit.clone(), one.version);
        a.key.period.by_recency(b.key.period).then_with(|| order(a).cmp(&order(b)))
    });
    Ok(found)
}

fn of_indicator(
    connection: &Connection,
    (commune, indicator, code): (i64, i64, &str),
    wanted: &VersionsWanted,
    found: &mut Vec<HeldVersion>,
) -> Result<(), StoreError> {
    let sql = "SELECT unit, period, version, kind, amount, denominator, note, entered_by, entered_at, received_at, seq
               FROM observation WHERE commune = ?1 AND indicator = ?2 AND (period = ?3 OR ?3 IS NULL)
               ORDER BY received_at DESC, unit, period, version LIMIT ?4";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![commune, indicator, wanted.period.map(columns::period), MAX_VERSIONS])?;
    while let Some(row) = rows.next()? {
        let (unit, period, version): (i64, i64, u32) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let place = (commune, indicator, unit, period, version);
        found.push(HeldVersion {
            key: ObservationKey {
                indicator: code.to_owned(),
                unit: names::text(connection, unit)?,
                period: columns::to_period(period)?,
            },
            version,
            value: columns::to_value(row, 3)?,
            note: row.get(6)?,
            entered_by: row.get(7)?,
            entered_at: columns::to_time(row.get(8)?)?,
            received_at: columns::to_time(row.get(9)?)?,
            incarnation: life(connection, commune, row.get(10)?)?,
            evidence: files(connection, place)?,
            verdict: verdict(connection, place)?,
        });
    }
    Ok(())
}

/// Commune, indicator, unit, packed period, version.
type Place = (i64, i64, i64, i64, u32);

/// Each life of a log goes on behind the one before.
fn life(connection: &Connection, commune: i64, seq: i64) -> Result<Option<Incarnation>, StoreError> {
    let sql = "SELECT incarnation FROM incarnation WHERE commune = ?1 AND from_seq <= ?2 ORDER BY place DESC LIMIT 1";
    let mut statement = connection.prepare_cached(sql)?;
    let found: Option<[u8; 16]> = statement.query_row([commune, seq], |row| row.get(0)).optional()?;
    Ok(found.map(Incarnation))
}

fn files(
    connection: &Connection,
    (commune, indicator, unit, period, version): Place,
) -> Result<Vec<String>, StoreError> {
    let sql =
        "SELECT name FROM evidence WHERE commune = ?1 AND indicator = ?2 AND unit = ?3 AND period = ?4 AND version = ?5
               ORDER BY received_at, sha256";
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_map(params![commune, indicator, unit, period, version], |row| row.get(0))?)
}

fn verdict(
    connection: &Connection,
    (commune, indicator, unit, period, version): Place,
) -> Result<Option<HeldVerdict>, StoreError> {
    let sql = "SELECT decision, reason_code, reason, reviewer, decided_at FROM verdict
               WHERE commune = ?1 AND indicator = ?2 AND unit = ?3 AND period = ?4 AND version = ?5";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![commune, indicator, unit, period, version])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(HeldVerdict {
        decision: Decision::from_word(&row.get::<String>(0)?).ok_or(StoreError::Unreadable("verdict"))?,
        code: row.get::<Option<String>>(1)?.and_then(|word| Reason::from_word(&word)),
        reason: row.get(2)?,
        reviewer: row.get(3)?,
        decided_at: columns::to_time(row.get(4)?)?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        sample::{self, act, batch, evidence, figure, moment},
        store::{Append, ReviewRequest, Reviewed, Store},
    };
    use shared::change::LogPosition;

    #[tokio::test]
    async fn each_version_comes_with_what_belongs_to_it() {
        let (_folder, store) = sample::store().await;
        let first = batch("tan-phu", 1, LogPosition::START, vec![figure(1, "2026-09", 1), evidence(2, 1, 7)]);
        let (head, key) = (
            first.after(),
            ObservationKey { indicator: "CDS-17".into(), unit: String::new(), period: "2026-09".parse().unwrap() },
        );
        let second = batch("tan-phu", 2, head, vec![figure(3, "2026-09", 2)]);
        for batch in [first, second] {
            store.append(Append { batches: vec![batch], notes: Vec::new() }).await.unwrap();
            let request = ReviewRequest {
                commune: "tan-phu".into(),
                key: key.clone(),
                version: None,
                decision: Decision::Returned,
                reason: "biểu 2".into(),
                code: Some(Reason::Mismatch),
                first: false,
            };
            if store.versions(wanted()).await.unwrap().len() == 1 {
                assert!(matches!(store.review(request, act(moment())).await.unwrap(), Reviewed::Done { version: 1 }));
            }
        }
        let all = store.versions(wanted()).await.unwrap();
        let lives: Vec<_> = all.iter().map(|one| (one.version, one.incarnation.map(|life| life.0[0]))).collect();
        assert_eq!(lives, [(1, Some(1)), (2, Some(2))], "another computer took over");
        assert_eq!((all[0].evidence.len(), all[1].evidence.len()), (1, 0));
        let verdict = all[0].verdict.as_ref().unwrap();
        assert_eq!((verdict.reason.as_str(), verdict.code), ("biểu 2", Some(Reason::Mismatch)));
        assert!(all[1].verdict.is_none());
        let other = VersionsWanted { period: Some("2026-10".parse().unwrap()), ..wanted() };
        assert!(store.versions(other).await.unwrap().is_empty());
    }

    fn wanted() -> VersionsWanted {
        VersionsWanted { commune: "tan-phu".into(), codes: vec!["CDS-17".into()], period: None }
    }
}
