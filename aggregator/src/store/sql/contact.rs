//! What is known of the communes' agents: how their sessions ended, what they said of themselves, what is still awaited.

use super::{
    super::{Contact, Note, StoreError},
    columns, lineage,
    names::Names,
};
use crate::store::engine::{Connection, params};
use chrono::{DateTime, Utc};

/// Notes the end of a session, or what a comparison found.
pub(super) fn note(connection: &Connection, names: &mut Names, note: &Note) -> Result<(), StoreError> {
    match note {
        Note::Session(note) => {
            let commune = names.number(connection, &note.commune)?;
            let sql = "INSERT INTO contact (commune, last_attempt, last_success, last_failure, build, protocol, clock_skew_ms,
                       authorities) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                       ON CONFLICT (commune) DO UPDATE SET last_attempt = ?2, last_success = coalesce(?3, contact.last_success),
                       last_failure = ?4, build = CASE WHEN ?5 = '' THEN contact.build ELSE ?5 END, protocol = coalesce(?6, contact.protocol),
                       clock_skew_ms = coalesce(?7, contact.clock_skew_ms), authorities = coalesce(?8, contact.authorities)";
            let at = columns::time(note.at);
            let success = note.failure.is_none().then_some(at);
            let (build, failure) = (&*note.build, note.failure);
            connection.prepare_cached(sql)?.execute(params![
                commune,
                at,
                success,
                failure,
                build,
                note.protocol,
                note.clock_skew_ms,
                (!note.authorities.is_empty()).then(|| note.authorities.concat())
            ])?;
            match note.returned {
                Some(incarnation) => lineage::returned(connection, commune, incarnation, note.at),
                None => Ok(()),
            }
        }
        Note::Digests(note) => {
            let commune = names.number(connection, &note.commune)?;
            let sql = "UPDATE contact SET digests_at = ?2,
                       digests_differ_since = CASE WHEN ?3 THEN coalesce(digests_differ_since, ?2) END WHERE commune = ?1";
            let at = columns::time(note.at);
            connection.prepare_cached(sql)?.execute(params![commune, at, note.differ])?;
            Ok(())
        }
    }
}

/// Counts records of a commune that were made anew.
pub(super) fn healed(connection: &Connection, commune: i64, records: u32, at: DateTime<Utc>) -> Result<(), StoreError> {
    let sql = "UPDATE contact SET healed = healed + ?2, healed_at = ?3 WHERE commune = ?1";
    connection.prepare_cached(sql)?.execute(params![commune, records, columns::time(at)])?;
    Ok(())
}

/// All agents, by commune.
pub(super) fn all(connection: &Connection) -> Result<Vec<Contact>, StoreError> {
    let sql = "SELECT name.text, (SELECT min(issued_at) FROM certificate WHERE commune = name.id), last_success, last_attempt,
               last_failure, coalesce(build, ''), coalesce(head.seq, 0), protocol, clock_skew_ms, digests_at,
               digests_differ_since, coalesce(healed, 0), healed_at,
               (SELECT max(returned_at) FROM incarnation WHERE incarnation.commune = name.id),
               (SELECT CAST(coalesce(sum(size_bytes), 0) AS BIGINT) FROM (
                  SELECT DISTINCT sha256, size_bytes FROM evidence AS named WHERE named.commune = name.id
                  AND NOT EXISTS (SELECT 1 FROM evidence_file AS held WHERE held.sha256 = named.sha256
                    AND held.size_bytes = named.size_bytes)
                  AND NOT EXISTS (SELECT 1 FROM evidence_refused AS refused WHERE refused.sha256 = named.sha256
                    AND refused.size_bytes = named.size_bytes)) AS awaited), authorities
               FROM name LEFT JOIN contact ON contact.commune = name.id LEFT JOIN head ON head.commune = name.id
               WHERE name.id IN (SELECT commune FROM contact UNION SELECT commune FROM head UNION SELECT commune FROM invitation
               UNION SELECT commune FROM certificate) ORDER BY name.text";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![])?;
    let mut contacts = Vec::new();
    while let Some(row) = rows.next()? {
        let time = |at| columns::to_optional_time(row.get(at)?);
        contacts.push(Contact {
            commune: row.get(0)?,
            enrolled: time(1)?,
            last_success: time(2)?,
            last_attempt: time(3)?,
            last_failure: row.get(4)?,
            build: row.get(5)?,
            head_seq: columns::to_u64(row.get(6)?)?,
            protocol: row.get(7)?,
            clock_skew_ms: row.get(8)?,
            digests_at: time(9)?,
            digests_differ_since: time(10)?,
            healed: columns::to_u64(row.get(11)?)?,
            healed_at: time(12)?,
            copy_seen_at: time(13)?,
            evidence_pending_bytes: columns::to_u64(row.get(14)?)?,
            authorities: authorities(&row.get::<Option<Vec<u8>>>(15)?.unwrap_or_default()),
        });
    }
    Ok(contacts)
}

fn authorities(joined: &[u8]) -> Vec<[u8; 32]> {
    joined.as_chunks::<32>().0.to_vec()
}
