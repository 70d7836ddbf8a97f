//! Which files of evidence are named, held and refused.

use super::{
    super::{Act, EvidenceClaim, EvidenceFile, StoreError},
    audit, columns, decide, names,
};
use crate::store::engine::{Connection, OptionalRow, params};

/// How many files were lost, among the facts of the store.
const LOSSES: &str = "evidence_losses";

/// The id of the object store's mark, among the facts of the store.
const PLACE: &str = "evidence_place";

/// What is known of each file that a commune offers.
pub(super) fn claims(
    connection: &Connection,
    commune: &str,
    files: &[[u8; 32]],
) -> Result<Vec<EvidenceClaim>, StoreError> {
    // A commune without a number has named nothing; there is no row of the number that nobody has.
    let commune = names::find(connection, commune)?.unwrap_or(names::NOBODY);
    let sql = "SELECT DISTINCT size_bytes FROM evidence WHERE commune = ?1 AND sha256 = ?2 ORDER BY size_bytes";
    let mut statement = connection.prepare_cached(sql)?;
    let mut claims = Vec::with_capacity(files.len());
    for sha256 in files {
        let mut rows = statement.query(params![commune, sha256])?;
        let mut named_sizes = Vec::new();
        while let Some(row) = rows.next()? {
            named_sizes.push(columns::to_u64(row.get(0)?)?);
        }
        let (held, refused) = (held(connection, *sha256)?, refused(connection, *sha256)?);
        claims.push(EvidenceClaim { sha256: *sha256, named_sizes, held, refused });
    }
    Ok(claims)
}

/// Bytes of a commune's evidence that are held.
pub(super) fn held_bytes(connection: &Connection, commune: &str) -> Result<u64, StoreError> {
    let commune = names::find(connection, commune)?.unwrap_or(names::NOBODY);
    let sql = "SELECT CAST(coalesce(sum(file.size_bytes), 0) AS BIGINT)
               FROM (SELECT DISTINCT sha256, size_bytes FROM evidence WHERE commune = ?1) named
               JOIN evidence_file file ON file.sha256 = named.sha256 AND file.size_bytes = named.size_bytes";
    columns::to_u64(connection.prepare_cached(sql)?.query_row([commune], |row| row.get(0))?)
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
    let mut rows = statement.query(params![])?;
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
    let sql = "INSERT INTO evidence_refused (sha256, size_bytes, code, refused_at) VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT (sha256) DO UPDATE SET size_bytes = ?2, code = ?3, refused_at = ?4";
    let (size, at) = (columns::count(file.size_bytes), columns::time(file.received_at));
    connection.prepare_cached(sql)?.execute(params![file.sha256, size, code, at])?;
    Ok(())
}

/// A file that was held is so no more.
pub(super) fn lose(connection: &Connection, sha256: [u8; 32], act: &Act) -> Result<(), StoreError> {
    connection.prepare_cached("DELETE FROM evidence_file WHERE sha256 = ?1")?.execute([sha256])?;
    decide::count(connection, LOSSES)?;
    audit::note(connection, act, "evidence_lost", &hex::encode(sha256))
}

/// How many files that were held are known to have been lost, ever.
pub(super) fn losses(connection: &Connection) -> Result<u64, StoreError> {
    let mut statement = connection.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
    let text: Option<String> = statement.query_row([LOSSES], |row| row.get(0)).optional()?;
    text.map_or(Ok(0), |text| text.parse().map_err(|_| StoreError::Unreadable("number of losses")))
}

/// The id by which the object store is known to be this installation's.
pub(super) fn place(connection: &Connection) -> Result<Option<[u8; 16]>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
    let text: Option<String> = statement.query_row([PLACE], |row| row.get(0)).optional()?;
    let read = |text: String| {
        let mut id = [0; 16];
        hex::decode_to_slice(text, &mut id).map(|()| id).map_err(|_| StoreError::Unreadable("id of the object store"))
    };
    text.map(read).transpose()
}

/// Keeps it, unless there is one; the one that is kept.
pub(super) fn name_place(connection: &Connection, id: [u8; 16]) -> Result<[u8; 16], StoreError> {
    let sql = "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO NOTHING";
    connection.prepare_cached(sql)?.execute(params![PLACE, hex::encode(id)])?;
    place(connection)?.ok_or(StoreError::Unreadable("id of the object store"))
}
