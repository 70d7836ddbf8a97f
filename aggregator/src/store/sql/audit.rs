//! The history of what the province did: only ever added to, each line chained to the one before.
//!
//! The chain after a line is SHA-256 over a fixed word, the chain before it, its number, its time and its three texts, each text after its
//! length; then the text that says from where, where there is one. So whoever noted a chain once can prove later that the history still begins with what was there then.

use super::{
    super::{Act, AuditHead, AuditLine, AuditQuestion, Finding, Flaw, StoreError},
    columns,
};
use crate::store::engine::{Connection, Error, OptionalRow, Row, params};
use sha2::{Digest, Sha256};
use shared::vietnamese;

const WORD: &[u8] = b"tiendo audit 1";
const START: [u8; 32] = [0; 32];
const COLUMNS: &str = "SELECT id, at, who, what, detail, chain, origin FROM audit";

/// What stands in one row.
struct Written {
    number: i64,
    at: i64,
    who: String,
    what: String,
    detail: String,
    origin: String,
}

impl Written {
    fn of(row: Row<'_>) -> Result<(Self, Option<[u8; 32]>), Error> {
        let written = Self {
            number: row.get(0)?,
            at: row.get(1)?,
            who: row.get(2)?,
            what: row.get(3)?,
            detail: row.get(4)?,
            origin: row.get(6)?,
        };
        Ok((written, row.get(5)?))
    }

    fn chain(&self, before: [u8; 32]) -> [u8; 32] {
        let mut hash = Sha256::new_with_prefix(WORD);
        hash.update(before);
        hash.update(self.number.to_be_bytes());
        hash.update(self.at.to_be_bytes());
        // Lines of before have no origin, and keep their chain.
        let origin = (!self.origin.is_empty()).then_some(&self.origin);
        for text in [&self.who, &self.what, &self.detail].into_iter().chain(origin) {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        }
        hash.finalize().into()
    }
}

/// Adds a line.
pub(super) fn note(connection: &Connection, act: &Act, what: &str, detail: &str) -> Result<(), StoreError> {
    let (last, before) = last(connection)?;
    let line = Written {
        number: last + 1,
        at: columns::time(act.at),
        who: act.who.clone(),
        what: what.to_owned(),
        detail: detail.to_owned(),
        origin: act.origin.clone(),
    };
    connection
        .prepare_cached(
            "INSERT INTO audit (id, at, who, what, detail, chain, origin) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![line.number, line.at, line.who, line.what, line.detail, line.chain(before), line.origin])?;
    connection.note_given(line.number)?;
    Ok(())
}

fn last(connection: &Connection) -> Result<(i64, [u8; 32]), StoreError> {
    let mut statement = connection.prepare_cached("SELECT id, chain FROM audit ORDER BY id DESC LIMIT 1")?;
    Ok(statement.query_row(params![], |row| Ok((row.get(0)?, row.get(1)?))).optional()?.unwrap_or((0, START)))
}

/// Chains the lines of a store of before, which say nothing of where.
pub(crate) fn chain_all(connection: &Connection) -> Result<(), StoreError> {
    let sql = "SELECT id, at, who, what, detail, chain, '' FROM audit ORDER BY id";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![])?;
    let mut chain = START;
    while let Some(row) = rows.next()? {
        let (line, _) = Written::of(row)?;
        chain = line.chain(chain);
        connection.prepare_cached("UPDATE audit SET chain = ?2 WHERE id = ?1")?.execute(params![line.number, chain])?;
    }
    Ok(())
}

/// Lines, newest first. Texts are searched without diacritics.
pub(super) fn lines(connection: &Connection, question: &AuditQuestion) -> Result<Vec<AuditLine>, StoreError> {
    let sql = format!(
        "{COLUMNS} WHERE (at >= ?1 OR ?1 IS NULL) AND (at < ?2 OR ?2 IS NULL) AND (what = ?3 OR ?3 IS NULL) ORDER BY id DESC"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let (from, until) = (question.from.map(columns::time), question.until.map(columns::time));
    let mut rows = statement.query(params![from, until, question.what])?;
    let wanted = question.search.as_deref().map(vietnamese::folded);
    let mut lines = Vec::new();
    while let Some(row) = rows.next()? {
        if lines.len() >= question.limit as usize {
            break;
        }
        let (line, chain) = Written::of(row)?;
        let is_wanted = wanted.as_ref().is_none_or(|wanted| {
            [&line.who, &line.detail, &line.origin].iter().any(|text| vietnamese::folded(text).contains(wanted))
        });
        if is_wanted {
            lines.push(AuditLine {
                number: columns::to_u64(line.number)?,
                at: columns::to_time(line.at)?,
                who: line.who,
                what: line.what,
                detail: line.detail,
                origin: line.origin,
                chain: chain.ok_or(StoreError::Unreadable("chain of the history"))?,
            });
        }
    }
    Ok(lines)
}

/// The chain after a line.
pub(super) fn chain(connection: &Connection, number: u64) -> Result<Option<[u8; 32]>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT chain FROM audit WHERE id = ?1")?;
    Ok(statement.query_row([columns::count(number)], |row| row.get(0)).optional()?.flatten())
}

/// Follows the chain from the first line; the head, and every line that does not fit.
pub(super) fn verify(connection: &Connection) -> Result<(AuditHead, Vec<Finding>), StoreError> {
    let mut statement = connection.prepare_cached(&format!("{COLUMNS} ORDER BY id"))?;
    let mut rows = statement.query(params![])?;
    let (mut head, mut findings) = (AuditHead { lines: 0, chain: START }, Vec::new());
    let mut expected = 1;
    while let Some(row) = rows.next()? {
        let number = row.get::<i64>(0)?;
        let written = Written::of(row).ok();
        let fits = written.as_ref().is_some_and(|(line, chain)| *chain == Some(line.chain(head.chain)));
        if !fits || number != expected {
            findings.push(Finding { commune: String::new(), flaw: Flaw::Audit, place: number.to_string() });
        }
        // Goes on from what is noted, so that one altered line is one finding.
        head = AuditHead {
            lines: columns::to_u64(number)?,
            chain: written.and_then(|(_, chain)| chain).unwrap_or(head.chain),
        };
        expected = number + 1;
    }
    // Numbers are never given again: lines that were cut off at the end are missed.
    let given = connection.largest_given()?;
    if given >= expected {
        findings.push(Finding { commune: String::new(), flaw: Flaw::Audit, place: format!("{expected}–{given}") });
    }
    Ok((head, findings))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        sample::{self, act, moment},
        store::Store,
    };
    use chrono::TimeDelta;

    const STAYS: [&str; 2] = ["DROP TRIGGER audit_stays", "DROP TRIGGER audit_is_kept"];

    async fn noted() -> (tempfile::TempDir, crate::store::sqlite::SqliteStore) {
        let (folder, store) = sample::store().await;
        for (minutes, detail) in ["Định Quán 2026-09", "Tân Phú", "Lộc Tấn"].iter().enumerate() {
            let at = moment() + TimeDelta::minutes(minutes as i64);
            let origin = if minutes == 1 { "lan@may-1".to_owned() } else { String::new() };
            store.note("bundle_taken", detail, Act { origin, ..act(at) }).await.unwrap();
        }
        (folder, store)
    }

    #[tokio::test]
    async fn whatever_is_altered_is_found() {
        let (_folder, store) = noted().await;
        let (head, findings) = store.verify_audit().await.unwrap();
        assert_eq!((head.lines, findings.len()), (5, 0));
        for (sql, places) in [
            ("UPDATE audit SET detail = 'x' WHERE id = 2", vec!["2"]),
            ("UPDATE audit SET at = at + 1 WHERE id = 3", vec!["3"]),
            ("UPDATE audit SET origin = 'lan@may-2' WHERE id = 4", vec!["4"]),
            ("UPDATE audit SET origin = '' WHERE id = 4", vec!["4"]),
            ("UPDATE audit SET who = 'x', chain = randomblob(32) WHERE id = 2", vec!["2", "3"]),
            ("UPDATE audit SET chain = NULL WHERE id = 1", vec!["1", "2"]),
            ("DELETE FROM audit WHERE id = 2", vec!["3"]),
            ("DELETE FROM audit WHERE id >= 4", vec!["4–5"]),
            ("DELETE FROM audit WHERE id = 1", vec!["2"]),
        ] {
            let found = store
                .transact(move |transaction, _| {
                    STAYS.iter().try_for_each(|sql| transaction.execute(sql, params![]).map(drop))?;
                    transaction.execute(sql, params![])?;
                    let (_, findings) = verify(transaction)?;
                    // Nothing of it stays.
                    transaction.execute_batch("ROLLBACK; BEGIN")?;
                    Ok(findings.into_iter().map(|finding| finding.place).collect::<Vec<_>>())
                })
                .await
                .unwrap();
            assert_eq!(found, places, "{sql}");
        }
        assert!(store.verify().await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn lines_are_found_by_time_word_and_text() {
        let (_folder, store) = noted().await;
        let all = AuditQuestion { limit: 10, ..AuditQuestion::default() };
        let found = async |question: AuditQuestion| {
            let lines = store.audit(question).await.unwrap();
            lines.into_iter().map(|line| line.number).collect::<Vec<_>>()
        };
        assert_eq!(found(all.clone()).await, [5, 4, 3, 2, 1]);
        assert_eq!(found(AuditQuestion { limit: 2, ..all.clone() }).await, [5, 4]);
        assert_eq!(found(AuditQuestion { search: Some("dinh quan".into()), ..all.clone() }).await, [3]);
        assert_eq!(found(AuditQuestion { what: Some("founded".into()), ..all.clone() }).await, [1]);
        let from = Some(moment() + TimeDelta::minutes(1));
        assert_eq!(found(AuditQuestion { from, until: Some(moment() + TimeDelta::minutes(2)), ..all }).await, [4]);
    }
}
