//! Invitations and certificates.

use super::{
    super::{
        Act, CertificateRecord, InvitationRecord, NotedCopies, Redeemed, Renewal, Renewed, StoreError, TrustReport,
    },
    adopt, audit, columns,
    names::{self, Names},
};
use crate::store::engine::{Connection, OptionalRow, Row, params};
use chrono::{DateTime, Utc};

pub(super) fn add_invitation(
    connection: &Connection,
    names: &mut Names,
    invitation: &InvitationRecord,
    act: &Act,
) -> Result<(), StoreError> {
    let commune = names.number(connection, &invitation.commune)?;
    let sql = "INSERT INTO invitation (id, secret_sha256, commune, created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)";
    connection.prepare_cached(sql)?.execute(params![
        invitation.id,
        invitation.secret_sha256,
        commune,
        columns::time(invitation.created_at),
        columns::time(invitation.expires_at)
    ])?;
    audit::note(connection, act, "invited", &format!("{} token {}", invitation.commune, invitation.id))
}

pub(super) fn invitation(connection: &Connection, id: &str) -> Result<Option<InvitationRecord>, StoreError> {
    let sql = "SELECT secret_sha256, name.text, created_at, expires_at, used_at FROM invitation
               JOIN name ON name.id = invitation.commune WHERE invitation.id = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([id])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(InvitationRecord {
        id: id.to_owned(),
        secret_sha256: row.get(0)?,
        commune: row.get(1)?,
        created_at: columns::to_time(row.get(2)?)?,
        expires_at: columns::to_time(row.get(3)?)?,
        used_at: columns::to_optional_time(row.get(4)?)?,
    }))
}

pub(super) fn redeem(
    connection: &Connection,
    names: &mut Names,
    id: &str,
    certificate: &CertificateRecord,
) -> Result<Redeemed, StoreError> {
    let at = columns::time(certificate.issued_at);
    let sql =
        "UPDATE invitation SET used_at = ?2, certificate = ?3 WHERE id = ?1 AND used_at IS NULL AND expires_at > ?2";
    if connection.prepare_cached(sql)?.execute(params![id, at, certificate.fingerprint])? == 0 {
        return given_before(connection, id, certificate);
    }
    insert_certificate(connection, names, certificate)?;
    let act = Act::of(certificate.identity.clone(), certificate.issued_at);
    audit::note(connection, &act, "joined", &format!("token {id}, certificate {}", certificate.serial))?;
    Ok(Redeemed::Now)
}

/// What the same key got for an invitation that is used up but has not expired.
fn given_before(connection: &Connection, id: &str, asked: &CertificateRecord) -> Result<Redeemed, StoreError> {
    let sql = "SELECT der FROM invitation JOIN certificate ON certificate.fingerprint = invitation.certificate
               WHERE id = ?1 AND expires_at > ?2 AND public_key = ?3 AND revoked_at IS NULL";
    let mut statement = connection.prepare_cached(sql)?;
    let given: Option<Option<Vec<u8>>> = statement
        .query_row(params![id, columns::time(asked.issued_at), asked.public_key], |row| row.get(0))
        .optional()?;
    Ok(given.flatten().map_or(Redeemed::Refused, Redeemed::Before))
}

/// The newest certificate of an identity.
fn newest(connection: &Connection, identity: &str) -> Result<Option<CertificateRecord>, StoreError> {
    let sql = format!("{CERTIFICATE} WHERE identity = ?1 ORDER BY generation DESC LIMIT 1");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([identity])?;
    rows.next()?.map(certificate_of).transpose()
}

pub(super) fn renew(connection: &Connection, names: &mut Names, renewal: &Renewal) -> Result<Renewed, StoreError> {
    let next = &renewal.next;
    let presented = certificate(connection, renewal.presented)?;
    let presented = presented.filter(|one| one.revoked_at.is_none() && one.identity == next.identity);
    let (Some(presented), Some(newest)) = (presented, newest(connection, &next.identity)?) else {
        return Ok(Renewed::Revoked);
    };
    let same_key = newest.public_key.is_some() && newest.public_key == next.public_key;
    let (age, life) = (next.issued_at - newest.issued_at, newest.not_after - newest.issued_at);
    if let (true, true, None, Some(der)) = (same_key, age < life / 2, newest.revoked_at, newest.der) {
        return Ok(Renewed::Before(der));
    }
    let is_newest = presented.generation == newest.generation;
    if is_newest && !renewal.absent && age < life / 4 {
        return Ok(Renewed::Early);
    }
    let copied = !is_newest && !same_key;
    if copied && renewal.absent {
        return Ok(Renewed::Replaced);
    }
    insert_certificate(connection, names, next)?;
    if copied {
        note_copy(connection, names, next, presented.generation, newest.generation)?;
    }
    Ok(Renewed::Now { copied })
}

fn note_copy(
    connection: &Connection,
    names: &mut Names,
    next: &CertificateRecord,
    presented: u32,
    newest: u32,
) -> Result<(), StoreError> {
    let commune = names.number(connection, next.commune.as_deref().unwrap_or_default())?;
    let sql = "INSERT INTO enrolment (commune, copies, last_copy) VALUES (?1, 1, ?2)
               ON CONFLICT (commune) DO UPDATE SET copies = enrolment.copies + 1, last_copy = ?2";
    connection.prepare_cached(sql)?.execute(params![commune, columns::time(next.issued_at)])?;
    let act = Act::of(next.identity.clone(), next.issued_at);
    let detail = format!("generation {presented} renewed with another key, the newest was {newest}");
    audit::note(connection, &act, "certificate_copied", &detail)
}

pub(super) fn add_certificate(
    connection: &Connection,
    names: &mut Names,
    certificate: &CertificateRecord,
    act: &Act,
) -> Result<(), StoreError> {
    insert_certificate(connection, names, certificate)?;
    let detail = format!("{} certificate {}", certificate.identity, certificate.serial);
    audit::note(connection, act, "certificate_issued", &detail)
}

/// Records a certificate as the newest of its identity.
pub(super) fn insert_certificate(
    connection: &Connection,
    names: &mut Names,
    certificate: &CertificateRecord,
) -> Result<(), StoreError> {
    let sql = "UPDATE certificate SET der = NULL WHERE identity = ?1 AND der IS NOT NULL";
    connection.prepare_cached(sql)?.execute([&certificate.identity])?;
    let sql = "SELECT coalesce(max(generation), 0) + 1 FROM certificate WHERE identity = ?1";
    let generation = connection.prepare_cached(sql)?.query_row([&certificate.identity], |row| row.get(0))?;
    insert_row(connection, names, &CertificateRecord { generation, ..certificate.clone() })
}

/// Records a certificate with the generation that it has; no other of its identity may have it.
pub(super) fn insert_row(
    connection: &Connection,
    names: &mut Names,
    certificate: &CertificateRecord,
) -> Result<(), StoreError> {
    let commune = certificate.commune.as_deref().map(|slug| names.number(connection, slug)).transpose()?;
    let sql = "INSERT INTO certificate (fingerprint, serial, identity, commune, issued_at, not_after, public_key, issuer, der, generation,
               revoked_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    connection.prepare_cached(sql)?.execute(params![
        certificate.fingerprint,
        certificate.serial,
        certificate.identity,
        commune,
        columns::time(certificate.issued_at),
        columns::time(certificate.not_after),
        certificate.public_key,
        certificate.issuer,
        certificate.der,
        certificate.generation,
        certificate.revoked_at.map(columns::time)
    ])?;
    Ok(())
}

const CERTIFICATE: &str =
    "SELECT fingerprint, serial, identity, name.text, generation, public_key, issuer, issued_at, not_after,
    revoked_at, der FROM certificate LEFT JOIN name ON name.id = certificate.commune";

fn certificate_of(row: Row<'_>) -> Result<CertificateRecord, StoreError> {
    Ok(CertificateRecord {
        fingerprint: row.get(0)?,
        serial: row.get(1)?,
        identity: row.get(2)?,
        commune: row.get(3)?,
        generation: row.get(4)?,
        public_key: row.get(5)?,
        issuer: row.get(6)?,
        issued_at: columns::to_time(row.get(7)?)?,
        not_after: columns::to_time(row.get(8)?)?,
        revoked_at: columns::to_optional_time(row.get(9)?)?,
        der: row.get(10)?,
    })
}

pub(super) fn certificate(
    connection: &Connection,
    fingerprint: [u8; 32],
) -> Result<Option<CertificateRecord>, StoreError> {
    let sql = format!("{CERTIFICATE} WHERE fingerprint = ?1");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([fingerprint])?;
    rows.next()?.map(certificate_of).transpose()
}

pub(super) fn certificates(
    connection: &Connection,
    live_at: Option<DateTime<Utc>>,
) -> Result<Vec<CertificateRecord>, StoreError> {
    let sql = format!(
        "{CERTIFICATE} WHERE (not_after > ?1 AND revoked_at IS NULL) OR ?1 IS NULL ORDER BY identity, generation"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([live_at.map(columns::time)])?;
    let mut certificates = Vec::new();
    while let Some(row) = rows.next()? {
        certificates.push(certificate_of(row)?);
    }
    Ok(certificates)
}

pub(super) fn revoke(connection: &Connection, identity: &str, reason: &str, act: &Act) -> Result<u32, StoreError> {
    let at = columns::time(act.at);
    // An invitation that was not used yet may be in the same wrong hands.
    let sql = "UPDATE invitation SET expires_at = ?2 WHERE used_at IS NULL AND expires_at > ?2
               AND commune IN (SELECT commune FROM certificate WHERE identity = ?1)";
    connection.prepare_cached(sql)?.execute(params![identity, at])?;
    let sql = "UPDATE certificate SET revoked_at = ?2 WHERE identity = ?1 AND revoked_at IS NULL";
    let revoked = connection.prepare_cached(sql)?.execute(params![identity, at])?;
    adopt::note_revoked(connection, identity, act.at)?;
    audit::note(connection, act, "revoked", &format!("{identity}: {revoked} certificates: {reason}"))?;
    Ok(u32::try_from(revoked).unwrap_or(u32::MAX))
}

pub(super) fn noted_copies(connection: &Connection) -> Result<Vec<NotedCopies>, StoreError> {
    let sql = "SELECT name.text, copies, last_copy FROM enrolment JOIN name ON name.id = enrolment.commune
               WHERE copies > 0 ORDER BY name.text";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![])?;
    let mut noted = Vec::new();
    while let Some(row) = rows.next()? {
        noted.push(NotedCopies { commune: row.get(0)?, times: row.get(1)?, last: columns::to_time(row.get(2)?)? });
    }
    Ok(noted)
}

/// Whether this is what the commune's agent said last.
pub(super) fn has_said(connection: &Connection, commune: &str, authorities: &[[u8; 32]]) -> Result<bool, StoreError> {
    let Some(commune) = names::find(connection, commune)? else { return Ok(false) };
    let mut statement = connection.prepare_cached("SELECT authorities = ?2 FROM enrolment WHERE commune = ?1")?;
    let said: Option<Option<bool>> =
        statement.query_row(params![commune, authorities.as_flattened()], |row| row.get(0)).optional()?;
    Ok(said.flatten().unwrap_or(authorities.is_empty()))
}

pub(super) fn note_authorities(
    connection: &Connection,
    names: &mut Names,
    commune: &str,
    authorities: &[[u8; 32]],
) -> Result<(), StoreError> {
    let commune = names.number(connection, commune)?;
    let sql = "INSERT INTO enrolment (commune, authorities) VALUES (?1, ?2)
               ON CONFLICT (commune) DO UPDATE SET authorities = ?2";
    connection.prepare_cached(sql)?.execute(params![commune, authorities.as_flattened()])?;
    Ok(())
}

pub(super) fn trust_reports(connection: &Connection, since: DateTime<Utc>) -> Result<Vec<TrustReport>, StoreError> {
    let sql = "SELECT name.text, authorities FROM certificate JOIN name ON name.id = certificate.commune
               LEFT JOIN enrolment ON enrolment.commune = certificate.commune
               WHERE revoked_at IS NULL AND not_after > ?1 GROUP BY certificate.commune, name.text, enrolment.authorities ORDER BY name.text";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([columns::time(since)])?;
    let mut reports = Vec::new();
    while let Some(row) = rows.next()? {
        let said: Vec<u8> = row.get::<Option<Vec<u8>>>(1)?.unwrap_or_default();
        let (authorities, []) = said.as_chunks::<32>() else { return Err(StoreError::Unreadable("authorities")) };
        reports.push(TrustReport { commune: row.get(0)?, authorities: authorities.to_vec() });
    }
    Ok(reports)
}
