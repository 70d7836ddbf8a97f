//! Certificates that were issued after the backup that the store came from.

use super::{
    super::{Act, CertificateRecord, StoreError},
    audit, columns, decide, identity,
    names::Names,
};
use crate::store::engine::{Connection, OptionalRow, params};
use chrono::{DateTime, Utc};

/// When the store was last restored, in real time, as milliseconds since 1970.
const RESTORED_AT: &str = "restored_at";
/// Before the identity: when all that it had was revoked, whether it was known here or not.
pub(super) const REVOKED: &str = "revoked ";

fn note_restore(connection: &Connection, at: DateTime<Utc>) -> Result<(), StoreError> {
    decide::set_meta(connection, RESTORED_AT, &columns::time(at).to_string())
}

/// Another life of the store begins: what agents know of positions in its feed is void.
pub(super) fn restored(
    connection: &Connection,
    epoch: [u8; 16],
    detail: &str,
    real: DateTime<Utc>,
    act: &Act,
) -> Result<(), StoreError> {
    note_restore(connection, real)?;
    decide::set_meta(connection, "epoch", &hex::encode(epoch))?;
    audit::note(connection, act, "restored", detail)
}

pub(super) fn note_revoked(connection: &Connection, identity: &str, at: DateTime<Utc>) -> Result<(), StoreError> {
    let key = format!("{REVOKED}{identity}");
    let last = noted_time(connection, &key)?.map_or(at, |before| before.max(at));
    decide::set_meta(connection, &key, &columns::time(last).to_string())
}

pub(super) fn restored_at(connection: &Connection) -> Result<Option<DateTime<Utc>>, StoreError> {
    noted_time(connection, RESTORED_AT)
}

fn noted_time(connection: &Connection, key: &str) -> Result<Option<DateTime<Utc>>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
    let text: Option<String> = statement.query_row([key], |row| row.get(0)).optional()?;
    let Some(text) = text else { return Ok(None) };
    Ok(Some(columns::to_time(text.parse().map_err(|_| StoreError::Unreadable("time"))?)?))
}

/// Records a certificate that is not known, unless it is younger than the restore, or was revoked. True when it is known now.
pub(super) fn adopt(
    connection: &Connection,
    names: &mut Names,
    record: &CertificateRecord,
    not_before: DateTime<Utc>,
    act: &Act,
) -> Result<bool, StoreError> {
    if identity::certificate(connection, record.fingerprint)?.is_some() {
        return Ok(true);
    }
    if restored_at(connection)?.is_none_or(|restored| not_before > restored) {
        return Ok(false);
    }
    let sql = "SELECT max(revoked_at) FROM certificate WHERE identity = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let revoked: Option<i64> = statement.query_row([&record.identity], |row| row.get(0))?;
    let revoked = columns::to_optional_time(revoked)?;
    let noted = noted_time(connection, &format!("{REVOKED}{}", record.identity))?;
    // Whoever revokes an identity means every certificate that it has by then, also those that nobody here knows of.
    if revoked.max(noted).is_some_and(|revoked| record.issued_at <= revoked) {
        return Ok(false);
    }
    insert_between(connection, names, record)?;
    let detail = format!("{} certificate {}", record.identity, record.serial);
    audit::note(connection, act, "certificate_adopted", &detail)?;
    Ok(true)
}

/// Records a certificate with the generation that its day of issue gives it; the later ones move up.
pub(super) fn insert_between(
    connection: &Connection,
    names: &mut Names,
    record: &CertificateRecord,
) -> Result<(), StoreError> {
    let at = columns::time(record.issued_at);
    let sql = "SELECT min(generation) FROM certificate WHERE identity = ?1 AND issued_at > ?2";
    let place: Option<u32> =
        connection.prepare_cached(sql)?.query_row(params![record.identity, at], |row| row.get(0))?;
    let Some(place) = place else { return identity::insert_certificate(connection, names, record) };
    // In two steps, since no two may have the same generation in between.
    let sql = "UPDATE certificate SET generation = -1 - generation WHERE identity = ?1 AND generation >= ?2";
    connection.prepare_cached(sql)?.execute(params![record.identity, place])?;
    let sql = "UPDATE certificate SET generation = -generation WHERE identity = ?1 AND generation < 0";
    connection.prepare_cached(sql)?.execute([&record.identity])?;
    // Only the newest is kept itself.
    let record = CertificateRecord { der: None, generation: place, ..record.clone() };
    identity::insert_row(connection, names, &record)
}
