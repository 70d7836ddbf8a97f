//! Which files of evidence are named, held and refused.

use super::{
    super::{EvidenceClaim, EvidenceClaims, EvidenceFile, StoreError},
    columns, names,
};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::BTreeMap;

/// What is known of files that a commune offers, and how many bytes of its evidence are held.
pub(super) fn claims(connection: &Connection, commune: &str, files: &[[u8; 32]]) -> Result<EvidenceClaims, StoreError> {
    // A commune without a number has named nothing; there is no row of the number that nobody has.
    let commune = names::find(connection, commune)?.unwrap_or(names::NOBODY);
    // One look at the commune's evidence: offers are long, and files have no index by their content.
    let mut named: BTreeMap<[u8; 32], Vec<u64>> = BTreeMap::new();
    let sql = "SELECT DISTINCT sha256, size_bytes FROM evidence WHERE commune = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([commune])?;
    while let Some(row) = rows.next()? {
        named.entry(row.get(0)?).or_default().push(columns::to_u64(row.get(1)?)?);
    }
    let mut claims = EvidenceClaims::default();
    for (sha256, sizes) in &named {
        if let Some(held) = held(connection, *sha256)?.filter(|held| sizes.contains(&held.size_bytes)) {
            claims.held_bytes += held.size_bytes;
        }
    }
    for sha256 in files {
        claims.files.push(EvidenceClaim {
            sha256: *sha256,
            named_sizes: named.get(sha256).cloned().unwrap_or_default(),
            held: held(connection, *sha256)?,
            refused: refused(connection, *sha256)?,
        });
    }
    Ok(claims)
}

/// A file that is held.
pub(super) fn held(connection: &Connection, sha256: [u8; 32]) -> Result<Option<EvidenceFile>, StoreError> {
    let sql = "SELECT size_bytes, kind, received_at FROM evidence_file WHERE sha256 = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([sha256])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(EvidenceFile {
        sha256,
        size_bytes: columns::to_u64(row.get(0)?)?,
        kind: row.get(1)?,
        received_at: columns::to_time(row.get(2)?)?,
    }))
}

/// All files that are held.
pub(super) fn all(connection: &Connection) -> Result<Vec<EvidenceFile>, StoreError> {
    let sql = "SELECT sha256, size_bytes, kind, received_at FROM evidence_file ORDER BY sha256";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    let mut files = Vec::new();
    while let Some(row) = rows.next()? {
        files.push(EvidenceFile {
            sha256: row.get(0)?,
            size_bytes: columns::to_u64(row.get(1)?)?,
            kind: row.get(2)?,
            received_at: columns::to_time(row.get(3)?)?,
        });
    }
    Ok(files)
}

fn refused(connection: &Connection, sha256: [u8; 32]) -> Result<Option<String>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT code FROM evidence_refused WHERE sha256 = ?1")?;
    Ok(statement.query_row([sha256], |row| row.get(0)).optional()?)
}

/// A file is held from now on.
pub(super) fn keep(connection: &Connection, file: &EvidenceFile) -> Result<(), StoreError> {
    let sql = "INSERT INTO evidence_file (sha256, size_bytes, kind, received_at) VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT (sha256) DO UPDATE SET size_bytes = ?2, kind = ?3";
    let (size, at) = (columns::count(file.size_bytes), columns::time(file.received_at));
    connection.prepare_cached(sql)?.execute(params![file.sha256, size, file.kind, at])?;
    connection.prepare_cached("DELETE FROM evidence_refused WHERE sha256 = ?1")?.execute([file.sha256])?;
    Ok(())
}

/// A file came whole and is of a kind that is not allowed.
pub(super) fn refuse(connection: &Connection, file: &EvidenceFile, code: &str) -> Result<(), StoreError> {
    let sql = "INSERT OR REPLACE INTO evidence_refused (sha256, size_bytes, code, refused_at) VALUES (?1, ?2, ?3, ?4)";
    let (size, at) = (columns::count(file.size_bytes), columns::time(file.received_at));
    connection.prepare_cached(sql)?.execute(params![file.sha256, size, code, at])?;
    Ok(())
}
