//! Proving what the province decided by what its history says of it: closings with their digests, verdicts, exceptions. The history is
//! chained, the tables are not, so that a row that was altered is found by its line.

use super::{
    super::{Closing, Finding, Flaw, StoreError},
    closing, columns,
    names::{self, NOBODY},
};
use crate::store::engine::{Connection, params};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What a line says was decided: the words, by whom, when.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Said {
    words: String,
    who: String,
    at: i64,
}

/// What the lines of one kind say, the newest of each last.
fn lines(connection: &Connection, what: &str) -> Result<Vec<(String, Said)>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT what, detail, who, at FROM audit WHERE what LIKE ?1 ORDER BY id")?;
    Ok(statement
        .query_map([what], |row| Ok((row.get(0)?, Said { words: row.get(1)?, who: row.get(2)?, at: row.get(3)? })))?)
}

/// Everything decided that is not what the history says of it.
pub(super) fn verify(connection: &Connection) -> Result<Vec<Finding>, StoreError> {
    let mut findings = closings(connection)?;
    let names = names::all(connection)?;
    findings.extend(verdicts(connection, &names)?);
    findings.extend(exceptions(connection, &names)?);
    Ok(findings)
}

/// How a closing is named in findings.
pub(super) fn place_of(closing: &Closing) -> String {
    format!("{}, revision {}", closing.period, closing.revision)
}

fn closings(connection: &Connection) -> Result<Vec<Finding>, StoreError> {
    let held = closing::closings(connection)?;
    let mut said: BTreeSet<Said> = lines(connection, "period_closed")?
        .into_iter()
        .map(|(_, said)| said)
        // A program of before snapshots noted no digest.
        .filter(|said| said.words.contains(", digest "))
        .collect();
    let mut opened: BTreeSet<Said> = lines(connection, "period_reopened")?.into_iter().map(|(_, said)| said).collect();
    let mut places = BTreeSet::new();
    for closing in &held {
        let line =
            Said { words: closing.words(), who: closing.closed_by.clone(), at: columns::time(closing.closed_at) };
        if closing.digest.is_some() && !said.remove(&line) {
            places.insert(place_of(closing));
        }
        let reopening = closing.reopened.as_ref().map(|reopening| Said {
            words: format!("{}: {}", closing.period, reopening.reason),
            who: reopening.by.clone(),
            at: columns::time(reopening.at),
        });
        if reopening.is_some_and(|line| !opened.remove(&line)) {
            places.insert(place_of(closing));
        }
    }
    // What the history says and no row does.
    places.extend(said.into_iter().chain(opened).map(|said| said.words));
    Ok(places.into_iter().map(|place| Finding { commune: String::new(), flaw: Flaw::Snapshot, place }).collect())
}

/// Verdicts on one figure by version, as rows or as lines.
type ByVersion<T> = BTreeMap<String, BTreeMap<u32, T>>;

/// What is decided on a figure of a version, as the history words it; with the code of the reason in lines of now.
pub(super) fn verdict_words(decision: &str, reason: &str, code: Option<&str>) -> String {
    match code {
        Some(code) => format!("{decision} {reason} [{code}]"),
        None => format!("{decision} {reason}"),
    }
}

fn verdicts(connection: &Connection, names: &HashMap<i64, String>) -> Result<Vec<Finding>, StoreError> {
    let mut said: ByVersion<Said> = BTreeMap::new();
    for (_, Said { words, who, at }) in lines(connection, "reviewed")? {
        let read = || {
            let (place, words) = words.split_once(": ")?;
            let (figure, version) = place.rsplit_once(" version ")?;
            Some((figure.to_owned(), version.parse().ok()?, words.to_owned()))
        };
        if let Some((figure, version, words)) = read() {
            said.entry(figure).or_default().insert(version, Said { words, who, at });
        }
    }
    // Each row in the words of now and in those of before codes.
    let mut held: ByVersion<[Said; 2]> = BTreeMap::new();
    let sql = "SELECT commune, indicator, unit, period, version, decision, reason, reviewer, decided_at, reason_code FROM verdict";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![])?;
    let name = |id: i64| names.get(&id).cloned().unwrap_or_else(|| "?".to_owned());
    while let Some(row) = rows.next()? {
        let (commune, indicator, unit) = (name(row.get(0)?), name(row.get(1)?), name(row.get(2)?));
        let figure = format!("{commune} {indicator} {unit} {}", columns::to_period(row.get(3)?)?);
        let (decision, reason): (String, String) = (row.get(5)?, row.get(6)?);
        let code: Option<String> = row.get(9)?;
        let in_words = |code: Option<&str>| -> Result<Said, StoreError> {
            Ok(Said { words: verdict_words(&decision, &reason, code), who: row.get(7)?, at: row.get(8)? })
        };
        let both = [in_words(code.as_deref())?, in_words(None)?];
        held.entry(figure).or_default().insert(row.get(4)?, both);
    }
    let (nothing_held, nothing_said) = (BTreeMap::new(), BTreeMap::new());
    let figures: BTreeSet<&String> = said.keys().chain(held.keys()).collect();
    let differing = figures.into_iter().filter(|figure| {
        let (held, said) = (held.get(*figure).unwrap_or(&nothing_held), said.get(*figure).unwrap_or(&nothing_said));
        !agree(held, said)
    });
    Ok(differing.map(|figure| finding(figure, Flaw::Decision)).collect())
}

/// A version gets a larger number where a change before it is applied only later, and its verdict goes with it: so numbers may differ, but
/// not the order, and what counts is the newest.
fn agree(held: &BTreeMap<u32, [Said; 2]>, said: &BTreeMap<u32, Said>) -> bool {
    let is = |both: &[Said; 2], said: &Said| both.contains(said);
    let newest = match (held.values().next_back(), said.values().next_back()) {
        (None, None) => true,
        (Some(held), Some(said)) => is(held, said),
        _ => false,
    };
    let mut lines = said.values();
    newest && held.values().all(|row| lines.any(|line| is(row, line)))
}

fn exceptions(connection: &Connection, names: &HashMap<i64, String>) -> Result<Vec<Finding>, StoreError> {
    let mut said: BTreeMap<String, Said> = BTreeMap::new();
    // Any other word for exceptions ends the one that was set.
    for (what, line) in lines(connection, "exception%")? {
        let key: Vec<&str> = line.words.split(' ').map(|word| word.trim_end_matches([':', ','])).take(2).collect();
        let key = key.join(" ");
        match what.as_str() {
            "exception_set" => drop(said.insert(key, line)),
            _ => drop(said.remove(&key)),
        }
    }
    let mut statement =
        connection.prepare_cached("SELECT commune, period, cutoff, reason, decided_by, decided_at FROM exception")?;
    let mut rows = statement.query(params![])?;
    let mut places = BTreeSet::new();
    while let Some(row) = rows.next()? {
        let commune = names.get(&row.get(0)?).or(names.get(&NOBODY)).cloned().unwrap_or_default();
        let key = format!("{commune} {}", columns::to_period(row.get(1)?)?);
        let (cutoff, reason): (String, String) = (row.get(2)?, row.get(3)?);
        let line = Said { words: format!("{key} until {cutoff}: {reason}"), who: row.get(4)?, at: row.get(5)? };
        if said.remove(&key) != Some(line) {
            places.insert(key);
        }
    }
    places.extend(said.into_keys());
    Ok(places.iter().map(|place| finding(place, Flaw::Decision)).collect())
}

/// A finding at a place that begins with a commune.
fn finding(place: &str, flaw: Flaw) -> Finding {
    let (commune, rest) = place.split_once(' ').unwrap_or((place, ""));
    let rest = rest.split_whitespace().collect::<Vec<_>>().join(" ");
    Finding { commune: commune.to_owned(), flaw, place: rest }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        closing,
        sample::{self, act, batch, figure, moment},
        store::{Append, Exception, ReviewRequest, Reviewed, Store, sqlite::SqliteStore},
    };
    use chrono::TimeDelta;
    use shared::{change::LogPosition, observation::Decision, review::Reason};

    async fn decided() -> (tempfile::TempDir, SqliteStore) {
        let (folder, store) = sample::store().await;
        let first = batch("tan-phu", 1, LogPosition::START, vec![figure(1, "2026-09", 1), figure(2, "2026-10", 2)]);
        let appended = store.append(Append { batches: vec![first], notes: Vec::new() }).await.unwrap();
        assert_eq!(appended.outcomes.len(), 1);
        for (period, decision, code) in
            [("2026-09", Decision::Accepted, None), ("2026-10", Decision::Returned, Some(Reason::Mismatch))]
        {
            let key = figure(1, period, 1).deed;
            let shared::change::Deed::Recorded(observation) = key else { unreachable!() };
            let request = ReviewRequest {
                commune: "tan-phu".into(),
                key: observation.key,
                version: None,
                decision,
                code,
                reason: "biểu 2: xem lại".into(),
                first: false,
            };
            let reviewed = store.review(request, act(moment() + TimeDelta::minutes(5))).await.unwrap();
            assert!(matches!(reviewed, Reviewed::Done { .. }));
        }
        let exception = Exception {
            commune: "tan-phu".into(),
            period: "2026-10".parse().unwrap(),
            cutoff: "2026-10-24".parse().unwrap(),
            reason: "mưa bão".into(),
        };
        assert!(store.set_exception(exception, act(moment())).await.unwrap());
        for minutes in [10, 20] {
            let at = act(moment() + TimeDelta::minutes(minutes));
            drop(closing::close(&store, "2026-09".parse().unwrap(), at.clone()).await.unwrap());
            assert!(store.reopen_period("2026-09".parse().unwrap(), "nộp muộn", at).await.unwrap());
        }
        (folder, store)
    }

    #[tokio::test]
    async fn what_was_decided_is_what_the_history_says() {
        let (_folder, store) = decided().await;
        assert_eq!(store.verify_audit().await.unwrap().1, []);
        for (sql, places) in [
            ("UPDATE verdict SET decision = 'returned' WHERE decision = 'accepted'", vec!["CDS-17 2026-09"]),
            ("UPDATE verdict SET reason = 'x' WHERE decision = 'returned'", vec!["CDS-17 2026-10"]),
            ("UPDATE verdict SET reason_code = NULL WHERE decision = 'returned'", vec!["CDS-17 2026-10"]),
            ("UPDATE verdict SET reviewer = 'x'", vec!["CDS-17 2026-09", "CDS-17 2026-10"]),
            ("DELETE FROM verdict WHERE decision = 'returned'", vec!["CDS-17 2026-10"]),
            ("UPDATE verdict SET version = 3", vec![]),
            ("UPDATE exception SET cutoff = '2026-10-30'", vec!["2026-10"]),
            ("DELETE FROM exception", vec!["2026-10"]),
            ("UPDATE closing SET revision = 3 - revision + 10; UPDATE closing SET revision = revision - 10", vec![]),
            ("UPDATE closing SET digest = zeroblob(32) WHERE revision = 1", vec!["2026-09, revision 1"]),
            ("UPDATE closing SET closed_by = 'x' WHERE revision = 2", vec!["2026-09, revision 2"]),
            (
                "UPDATE closing SET reopened_at = NULL, reopened_by = NULL, reopen_reason = NULL WHERE revision = 2",
                vec!["2026-09: nộp muộn"],
            ),
        ] {
            let found = store
                .transact(move |transaction, _| {
                    transaction.execute_batch(sql)?;
                    let found = verify(transaction)?;
                    transaction.execute_batch("ROLLBACK; BEGIN")?;
                    Ok(found)
                })
                .await
                .unwrap();
            let found: BTreeSet<_> = found.into_iter().map(|finding| finding.place).collect();
            if sql.contains("+ 10") {
                assert!(found.contains("2026-09, revision 1") && found.contains("2026-09, revision 2"), "{found:?}");
                continue;
            }
            for place in places.iter().copied() {
                assert!(found.contains(place), "{sql}: {found:?}");
            }
            assert!(!places.is_empty() || found.is_empty(), "{sql}: {found:?}");
        }
    }
}
