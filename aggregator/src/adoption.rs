//! Certificates that this province issued and no longer knows of: those of after the backup that its store was restored from.
//!
//! Agents renew every week, so after a restore most of them show a certificate that is in no table. One that a trusted authority
//! signed, that names a commune of this province, is not younger than the restore and was not revoked is recorded as if it had been
//! issued here, which it was. Every other unknown certificate stays unknown.

use crate::{
    authority::SLACK,
    store::{Act, CertificateRecord, Store, StoreError},
};
use chrono::{DateTime, Utc};
use proto::{
    identity::{Identity, Validity},
    tls::Fingerprint,
};
use rustls::pki_types::CertificateDer;
use sha2::{Digest, Sha256};
use x509_parser::prelude::{FromDer, X509Certificate};

/// The record of a certificate, adopted now where that is allowed. `trusted` is asked only when it is needed.
///
/// # Errors
/// The store's.
pub async fn known(
    store: &dyn Store,
    province: &str,
    certificate: &CertificateDer<'_>,
    trusted: impl FnOnce() -> Vec<CertificateDer<'static>>,
    now: DateTime<Utc>,
) -> Result<Option<CertificateRecord>, StoreError> {
    let fingerprint = Fingerprint::of(certificate).0;
    let record = store.certificate(fingerprint).await?;
    // A store that was never restored knows all that was issued.
    if record.is_some() || store.restored_at().await?.is_none() {
        return Ok(record);
    }
    let Some((record, not_before)) = read(certificate, province, &trusted()) else { return Ok(None) };
    let (serial, identity) = (record.serial.clone(), record.identity.clone());
    let act = Act::of(identity.clone(), now);
    if !store.adopt(record, not_before, act).await? {
        tracing::warn!(identity, serial, "an unknown certificate is not adopted");
        return Ok(None);
    }
    tracing::info!(identity, serial, "a certificate of before the restore was adopted");
    store.certificate(fingerprint).await
}

/// What a certificate says of itself, if one of these authorities issued it to a commune of this province; and since when it is valid.
fn read(
    certificate: &CertificateDer<'_>,
    province: &str,
    trusted: &[CertificateDer<'_>],
) -> Option<(CertificateRecord, DateTime<Utc>)> {
    let Ok(([], parsed)) = X509Certificate::from_der(certificate) else { return None };
    let issued_by = |authority: &&CertificateDer<'_>| {
        matches!(X509Certificate::from_der(authority), Ok(([], root))
            if root.subject() == parsed.issuer() && parsed.verify_signature(Some(root.public_key())).is_ok())
    };
    let issuer = trusted.iter().find(issued_by)?;
    let for_clients = parsed.extended_key_usage().ok().flatten().is_some_and(|usage| usage.value.client_auth);
    let identity = Identity::from_certificate(certificate).ok()?;
    let Identity::Commune { commune, .. } = &identity else { return None };
    if parsed.is_ca() || !for_clients || identity.province() != province {
        return None;
    }
    let Validity { not_before, not_after } = Validity::of(certificate).ok()?;
    let record = CertificateRecord {
        fingerprint: Fingerprint::of(certificate).0,
        serial: hex::encode(parsed.raw_serial()),
        identity: identity.to_uri(),
        commune: Some(commune.clone()),
        generation: 0,
        public_key: Some(Sha256::digest(parsed.public_key().raw).into()),
        issuer: Some(Fingerprint::of(issuer).0),
        issued_at: not_before + SLACK,
        not_after,
        revoked_at: None,
        der: Some(certificate.to_vec()),
    };
    Some((record, not_before))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        authority::{Authority, COMMUNE_DAYS, CommuneRequest, SERIAL_BYTES},
        enrol::record_of,
        sample::{self, act, moment},
        store::{Renewal, Renewed},
    };
    use chrono::TimeDelta;
    use proto::identity::signing_request;

    const TAN_PHU: &str = "urn:tiendo:dong-nai:commune:tan-phu";

    fn authority(number: u8) -> Authority {
        Authority::make("dong-nai", [number; SERIAL_BYTES], moment()).unwrap().0
    }

    fn hours(hours: i64) -> DateTime<Utc> {
        moment() + TimeDelta::hours(hours)
    }

    /// A commune's certificate with the record that was made when it was issued.
    fn issued(
        by: &Authority,
        (province, commune): (&str, &str),
        at: DateTime<Utc>,
    ) -> (CertificateDer<'static>, CertificateRecord) {
        let request = CommuneRequest::read(&signing_request().unwrap().request_der).unwrap();
        let identity = Identity::commune(province, commune).unwrap();
        let serial = crate::enrol::random();
        let issued = by.issue_commune(&identity, &request, serial, at).unwrap();
        let record = record_of(&issued, &identity, at);
        (issued.certificate, record)
    }

    const OWN: (&str, &str) = ("dong-nai", "tan-phu");

    async fn ask(store: &dyn Store, of: &CertificateDer<'_>, trusted: &[&Authority]) -> Option<CertificateRecord> {
        let trusted = || trusted.iter().map(|one| one.certificate().clone()).collect();
        known(store, "dong-nai", of, trusted, hours(30)).await.unwrap()
    }

    #[tokio::test]
    async fn after_a_restore_the_certificate_is_recorded_as_it_was() {
        let (_folder, store) = sample::store().await;
        let own = authority(1);
        let (certificate, noted) = issued(&own, OWN, moment());
        assert_eq!(ask(&store, &certificate, &[&own]).await, None, "the store was never restored");
        store.restored([1; 16], "backup", hours(24), act(hours(24))).await.unwrap();
        let adopted = ask(&store, &certificate, &[&authority(2), &own]).await.unwrap();
        assert_eq!(adopted, CertificateRecord { generation: 1, ..noted });
        assert_eq!(ask(&store, &certificate, &[]).await, Some(adopted), "it is known from now on");
        let lines = store.audit(crate::store::AuditQuestion::newest(2)).await.unwrap();
        assert_eq!(
            (lines[0].what.as_str(), lines[0].who.as_str(), lines[0].at),
            ("certificate_adopted", TAN_PHU, hours(30))
        );
        assert_eq!(lines[1].what, "restored", "noted once");
    }

    #[tokio::test]
    async fn only_what_was_issued_here_before_the_restore_is_adopted() {
        let (_folder, store) = sample::store().await;
        let (own, other) = (authority(1), authority(2));
        store.restored([1; 16], "backup", hours(24), act(hours(24))).await.unwrap();
        let staff = own.issue_staff(&Identity::staff("dong-nai", "an").unwrap(), [7; SERIAL_BYTES], moment()).unwrap();
        let server = own.issue_server(&["localhost".into()], [8; SERIAL_BYTES], moment()).unwrap();
        let mut forged = issued(&own, OWN, moment()).0.to_vec();
        *forged.last_mut().unwrap() ^= 1;
        for (why, certificate) in [
            ("of another authority of the same name", issued(&other, OWN, moment()).0),
            ("of another province", issued(&own, ("ca-mau", "tan-phu"), moment()).0),
            ("younger than the restore", issued(&own, OWN, hours(26)).0),
            ("of the staff", staff.issued.certificate),
            ("of a server", server.issued.certificate),
            ("the authority itself", own.certificate().clone()),
            ("with a damaged signature", forged.into()),
            ("nothing", CertificateDer::from(vec![1, 2, 3])),
        ] {
            assert_eq!(ask(&store, &certificate, &[&own]).await, None, "{why}");
        }
        assert!(store.certificates(None).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn what_is_revoked_after_the_restore_is_not_adopted_seen_before_or_not() {
        let (_folder, store) = sample::store().await;
        let own = authority(1);
        let (certificate, _) = issued(&own, OWN, hours(20));
        store.restored([1; 16], "backup", hours(24), act(hours(24))).await.unwrap();
        // The commune joined after the backup: nothing of it is known.
        assert_eq!(store.revoke(TAN_PHU, "stolen", act(hours(25))).await.unwrap(), 0);
        assert_eq!(ask(&store, &certificate, &[&own]).await, None);
        // Another restore, of a backup of after that, forgets nothing of it.
        store.restored([2; 16], "backup", hours(40), act(hours(40))).await.unwrap();
        assert_eq!(ask(&store, &certificate, &[&own]).await, None);
        let (invited_again, _) = issued(&own, OWN, hours(30));
        assert!(ask(&store, &invited_again, &[&own]).await.is_some());
    }

    #[tokio::test]
    async fn generations_follow_the_days_of_issue_whoever_comes_first() {
        let (_folder, store) = sample::store().await;
        let own = authority(1);
        let at = |days| moment() + TimeDelta::days(days);
        let (in_backup, noted) = issued(&own, OWN, at(0));
        store.add_certificate(noted, act(at(0))).await.unwrap();
        store.restored([1; 16], "backup", at(15), act(at(15))).await.unwrap();
        let ((second, _), (third, _)) = (issued(&own, OWN, at(7)), issued(&own, OWN, at(14)));
        // A copy of the folder of before may come first, or last.
        for one in [&third, &second] {
            ask(&store, one, &[&own]).await.unwrap();
        }
        let all = store.certificates(None).await.unwrap();
        let seen: Vec<_> = all.iter().map(|one| (one.fingerprint, one.generation, one.der.is_some())).collect();
        let of = |certificate| Fingerprint::of(certificate).0;
        assert_eq!(seen, [(of(&in_backup), 1, false), (of(&second), 2, false), (of(&third), 3, true)]);
        let (_, next) = issued(&own, OWN, at(14 + COMMUNE_DAYS));
        let renewal = Renewal { presented: of(&third), next, absent: true };
        assert_eq!(store.renew(renewal).await.unwrap(), Renewed::Now { copied: false });
    }
}
