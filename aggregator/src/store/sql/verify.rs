//! Proving the store from itself: every chain from the bodies, every record from the journal, every digest from the records.

use super::{
    super::{Finding, Flaw, StoreError},
    columns, digests, journal,
    records::{self, Part, Records},
};
use crate::store::engine::{Connection, params};
use shared::change::{Chain, LogPosition};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that does not agree, commune by commune.
pub(super) fn verify(connection: &Connection) -> Result<Vec<Finding>, StoreError> {
    let sql = "SELECT name.id, name.text FROM name
               WHERE id IN (SELECT commune FROM head UNION SELECT commune FROM observation) ORDER BY name.text";
    let mut statement = connection.prepare_cached(sql)?;
    let communes: Vec<(i64, String)> = statement.query_map(params![], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut findings = Vec::new();
    for (commune, slug) in communes {
        let mut found = Vec::new();
        let head = journal::head(connection, commune)?;
        if let Some((log, head)) = head {
            chains(connection, log, head, &mut found)?;
        }
        tables(connection, commune, head.map(|(log, _)| log), &mut found)?;
        let finding = |(flaw, place)| Finding { commune: slug.clone(), flaw, place };
        findings.extend(found.into_iter().map(finding));
    }
    Ok(findings)
}

/// Follows a log from its beginning to its head.
fn chains(
    connection: &Connection,
    log: i64,
    head: LogPosition,
    found: &mut Vec<(Flaw, String)>,
) -> Result<(), StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT seq, body, chain FROM journal WHERE log = ?1 ORDER BY seq")?;
    let mut rows = statement.query([log])?;
    let mut last = LogPosition::START;
    while let Some(row) = rows.next()? {
        let seq = columns::to_u64(row.get(0)?)?;
        if seq != last.seq + 1 {
            found.push((Flaw::Missing, format!("{}–{}", last.seq + 1, seq.saturating_sub(1))));
        } else if last.chain.then(row.bytes(1)?).0 != row.get::<[u8; 32]>(2)? {
            found.push((Flaw::Chain, seq.to_string()));
        }
        // Goes on from what is noted, so that one damaged body is one finding.
        last = LogPosition { seq, chain: Chain(row.get(2)?) };
    }
    if last != head {
        found.push((Flaw::Head, format!("{} / {}", last.seq, head.seq)));
    }
    Ok(())
}

/// Compares the record tables with the journal, and the digests with the record tables.
fn tables(
    connection: &Connection,
    commune: i64,
    log: Option<i64>,
    found: &mut Vec<(Flaw, String)>,
) -> Result<(), StoreError> {
    let held = Records::of_tables(connection, commune, Part::Whole)?;
    let wanted = match log {
        Some(log) => Records::of_journal(connection, log, Part::Whole)?,
        None => Records::default(),
    };
    let spots: BTreeSet<_> = wanted.differences(&held).into_iter().collect();
    for (key, version) in spots {
        found.push((Flaw::Record, format!("{} {} {} v{version}", key.indicator, key.unit, key.period)));
    }
    if held.unreadable > 0 {
        found.push((Flaw::Unreadable, held.unreadable.to_string()));
    }
    let now = digests::hashed(connection, commune, None)?;
    let now: BTreeMap<_, _> = now.iter().map(|(period, all)| (*period, records::whole(Some(all)))).collect();
    let kept = digests::kept(connection, commune)?;
    let periods: BTreeSet<_> = now.keys().chain(kept.keys()).copied().collect();
    let differing = periods.into_iter().filter(|period| now.get(period) != kept.get(period));
    found.extend(differing.map(|period| (Flaw::Digest, period.to_string())));
    Ok(())
}
