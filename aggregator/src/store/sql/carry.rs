//! What the store that a backup replaces knows more of certificates and invitations.

use super::{
    super::{Act, CertificateRecord, Enrolments, InvitationRecord, StoreError},
    adopt, audit, columns, identity,
    names::Names,
};
use crate::store::engine::{Connection, params};

/// All that a store knows of them.
pub(crate) fn enrolments(connection: &Connection) -> Result<Enrolments, StoreError> {
    let mut found = Enrolments { certificates: identity::certificates(connection, None)?, ..Enrolments::default() };
    let sql =
        "SELECT invitation.id, secret_sha256, name.text, created_at, expires_at, used_at, certificate FROM invitation
               JOIN name ON name.id = invitation.commune";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![])?;
    while let Some(row) = rows.next()? {
        let invitation = InvitationRecord {
            id: row.get(0)?,
            secret_sha256: row.get(1)?,
            commune: row.get(2)?,
            created_at: columns::to_time(row.get(3)?)?,
            expires_at: columns::to_time(row.get(4)?)?,
            used_at: columns::to_optional_time(row.get(5)?)?,
        };
        found.invitations.push((invitation, row.get(6)?));
    }
    let sql = "SELECT substr(key, length(CAST(?1 AS TEXT)) + 1), CAST(value AS BIGINT) FROM meta
         WHERE substr(key, 1, length(CAST(?1 AS TEXT))) = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([adopt::REVOKED])?;
    while let Some(row) = rows.next()? {
        found.revoked.push((row.get(0)?, columns::to_time(row.get(1)?)?));
    }
    Ok(found)
}

/// Takes them over. Of two times at which something was revoked, used or ran out the earlier one counts.
pub(super) fn carry_over(
    connection: &Connection,
    names: &mut Names,
    from: &Enrolments,
    act: &Act,
) -> Result<(), StoreError> {
    let (mut known, mut revoked, mut used) = (0, 0, 0);
    for certificate in &from.certificates {
        match identity::certificate(connection, certificate.fingerprint)? {
            None => {
                adopt::insert_between(connection, names, certificate)?;
                known += 1;
                revoked += u32::from(certificate.revoked_at.is_some());
            }
            Some(CertificateRecord { revoked_at: None, .. }) if certificate.revoked_at.is_some() => {
                let sql = "UPDATE certificate SET revoked_at = ?2 WHERE fingerprint = ?1";
                let at = certificate.revoked_at.map(columns::time);
                connection.prepare_cached(sql)?.execute(params![certificate.fingerprint, at])?;
                revoked += 1;
            }
            Some(_) => {}
        }
    }
    for (identity, at) in &from.revoked {
        adopt::note_revoked(connection, identity, *at)?;
    }
    for (invitation, certificate) in &from.invitations {
        // One that is not known here stays refused; those who hold it are invited anew.
        let sql = "UPDATE invitation SET expires_at = CASE WHEN expires_at < ?2 THEN expires_at ELSE ?2 END, used_at = coalesce(used_at, ?3),
                   certificate = coalesce(certificate, ?4) WHERE id = ?1";
        let (expires_at, used_at) = (columns::time(invitation.expires_at), invitation.used_at.map(columns::time));
        let was_open = identity::invitation(connection, &invitation.id)?.is_some_and(|one| one.used_at.is_none());
        connection.prepare_cached(sql)?.execute(params![invitation.id, expires_at, used_at, certificate])?;
        used += u32::from(was_open && used_at.is_some());
    }
    if known + revoked + used == 0 {
        return Ok(());
    }
    let detail = format!("{known} certificates, {revoked} revocations, {used} used invitations");
    audit::note(connection, act, "enrolments_kept", &detail)
}
