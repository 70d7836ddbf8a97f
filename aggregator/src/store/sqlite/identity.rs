//! Invitations and certificates.

use super::{
    super::{Act, CertificateRecord, InvitationRecord, StoreError},
    columns, decide,
    names::Names,
};
use rusqlite::{Connection, params};

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
    decide::note(connection, act, "invited", &format!("{} token {}", invitation.commune, invitation.id))
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
) -> Result<bool, StoreError> {
    let at = columns::time(certificate.issued_at);
    let sql = "UPDATE invitation SET used_at = ?2 WHERE id = ?1 AND used_at IS NULL AND expires_at > ?2";
    if connection.prepare_cached(sql)?.execute(params![id, at])? == 0 {
        return Ok(false);
    }
    insert_certificate(connection, names, certificate)?;
    let act = Act { who: certificate.identity.clone(), at: certificate.issued_at };
    decide::note(connection, &act, "joined", &format!("token {id}, certificate {}", certificate.serial))?;
    Ok(true)
}

pub(super) fn add_certificate(
    connection: &Connection,
    names: &mut Names,
    certificate: &CertificateRecord,
    act: &Act,
) -> Result<(), StoreError> {
    insert_certificate(connection, names, certificate)?;
    let detail = format!("{} certificate {}", certificate.identity, certificate.serial);
    decide::note(connection, act, "certificate_issued", &detail)
}

fn insert_certificate(
    connection: &Connection,
    names: &mut Names,
    certificate: &CertificateRecord,
) -> Result<(), StoreError> {
    let commune = certificate.commune.as_deref().map(|slug| names.number(connection, slug)).transpose()?;
    let sql = "INSERT INTO certificate (fingerprint, serial, identity, commune, issued_at, not_after)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    connection.prepare_cached(sql)?.execute(params![
        certificate.fingerprint,
        certificate.serial,
        certificate.identity,
        commune,
        columns::time(certificate.issued_at),
        columns::time(certificate.not_after)
    ])?;
    Ok(())
}

pub(super) fn certificate(
    connection: &Connection,
    fingerprint: [u8; 32],
) -> Result<Option<CertificateRecord>, StoreError> {
    let sql = "SELECT serial, identity, name.text, issued_at, not_after, revoked_at FROM certificate
               LEFT JOIN name ON name.id = certificate.commune WHERE fingerprint = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([fingerprint])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(CertificateRecord {
        fingerprint,
        serial: row.get(0)?,
        identity: row.get(1)?,
        commune: row.get(2)?,
        issued_at: columns::to_time(row.get(3)?)?,
        not_after: columns::to_time(row.get(4)?)?,
        revoked_at: columns::to_optional_time(row.get(5)?)?,
    }))
}

pub(super) fn revoke(connection: &Connection, identity: &str, act: &Act) -> Result<u32, StoreError> {
    let sql = "UPDATE certificate SET revoked_at = ?2 WHERE identity = ?1 AND revoked_at IS NULL";
    let revoked = connection.prepare_cached(sql)?.execute(params![identity, columns::time(act.at)])?;
    decide::note(connection, act, "revoked", &format!("{identity}: {revoked} certificates"))?;
    Ok(u32::try_from(revoked).unwrap_or(u32::MAX))
}
