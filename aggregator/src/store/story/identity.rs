//! The stories of invitations and certificates.

use super::super::{CertificateRecord, InvitationRecord, Redeemed, Renewal, Renewed, Store, TrustReport};
use crate::sample::{act, moment};
use chrono::{DateTime, TimeDelta, Utc};

const TAN_PHU: &str = "urn:tiendo:dong-nai:commune:tan-phu";

/// Every one of them on a fresh store each.
pub async fn every_story<S: Store, G>(fresh: &impl AsyncFn() -> (G, S)) {
    let (_guard, store) = fresh().await;
    a_token_is_used_once(&store).await;
    let (_guard, store) = fresh().await;
    a_lost_answer_is_given_again_to_the_same_key(&store).await;
    let (_guard, store) = fresh().await;
    a_renewal_raises_the_generation(&store).await;
    let (_guard, store) = fresh().await;
    a_certificate_in_two_copies_is_noted(&store).await;
    let (_guard, store) = fresh().await;
    what_is_revoked_stays_so(&store).await;
    let (_guard, store) = fresh().await;
    agents_say_whom_they_trust(&store).await;
}

fn invitation(id: &str) -> InvitationRecord {
    InvitationRecord {
        id: id.into(),
        secret_sha256: [1; 32],
        commune: "tan-phu".into(),
        created_at: moment(),
        expires_at: moment() + TimeDelta::hours(1),
        used_at: None,
    }
}

/// The `number`-th certificate, for the `key`-th key.
fn certificate(number: u8, key: u8, at: DateTime<Utc>) -> CertificateRecord {
    CertificateRecord {
        fingerprint: [number; 32],
        serial: format!("{number:02x}"),
        identity: TAN_PHU.into(),
        commune: Some("tan-phu".into()),
        generation: 0,
        public_key: Some([key; 32]),
        issuer: Some([9; 32]),
        issued_at: at,
        not_after: at + TimeDelta::days(14),
        revoked_at: None,
        der: Some(vec![number]),
    }
}

fn days(days: i64) -> DateTime<Utc> {
    moment() + TimeDelta::days(days)
}

async fn join(store: &impl Store) {
    store.add_invitation(invitation("a"), act(moment())).await.unwrap();
    assert_eq!(store.redeem("a", certificate(1, 1, moment())).await.unwrap(), Redeemed::Now);
}

async fn renew(store: &impl Store, presented: u8, next: CertificateRecord) -> Renewed {
    store.renew(Renewal { presented: [presented; 32], next, absent: false }).await.unwrap()
}

async fn renew_absent(store: &impl Store, presented: u8, next: CertificateRecord) -> Renewed {
    store.renew(Renewal { presented: [presented; 32], next, absent: true }).await.unwrap()
}

const NOW: Renewed = Renewed::Now { copied: false };

async fn a_token_is_used_once(store: &impl Store) {
    for id in ["a", "b"] {
        store.add_invitation(invitation(id), act(moment())).await.unwrap();
    }
    assert_eq!(store.invitation("a").await.unwrap(), Some(invitation("a")));
    assert_eq!(store.invitation("z").await.unwrap(), None);
    let redeem = async |certificate| store.redeem("a", certificate).await.unwrap();
    assert_eq!(redeem(certificate(1, 1, moment() + TimeDelta::hours(1))).await, Redeemed::Refused, "expired");
    assert_eq!(redeem(certificate(2, 2, moment())).await, Redeemed::Now);
    assert_eq!(redeem(certificate(3, 3, moment())).await, Redeemed::Refused, "used");
    let kept = CertificateRecord { generation: 1, ..certificate(2, 2, moment()) };
    assert_eq!(store.certificate([2; 32]).await.unwrap(), Some(kept));
    assert_eq!(store.certificate([3; 32]).await.unwrap(), None, "nothing of a refused one is kept");
    assert_eq!(store.invitation("a").await.unwrap().unwrap().used_at, Some(moment()));
    let contacts = store.contacts().await.unwrap();
    assert_eq!((contacts[0].commune.as_str(), contacts[0].enrolled), ("tan-phu", Some(moment())));
}

async fn a_lost_answer_is_given_again_to_the_same_key(store: &impl Store) {
    join(store).await;
    let again = moment() + TimeDelta::minutes(59);
    assert_eq!(store.redeem("a", certificate(2, 1, again)).await.unwrap(), Redeemed::Before(vec![1]));
    let late = certificate(2, 1, moment() + TimeDelta::hours(1));
    assert_eq!(store.redeem("a", late).await.unwrap(), Redeemed::Refused, "the invitation is out of date");
    assert_eq!(store.certificates(None).await.unwrap().len(), 1);
    assert_eq!(renew(store, 1, certificate(3, 3, days(7))).await, NOW);
    assert_eq!(renew(store, 1, certificate(4, 3, days(8))).await, Renewed::Before(vec![3]));
    assert_eq!(renew_absent(store, 1, certificate(4, 3, days(13))).await, Renewed::Before(vec![3]));
    // A certificate whose life is half over would not help the one who asks.
    assert_eq!(renew_absent(store, 1, certificate(5, 3, days(20))).await, NOW);
    assert_eq!(store.redeem("a", certificate(6, 1, again)).await.unwrap(), Redeemed::Refused, "it has been replaced");
    assert!(store.noted_copies().await.unwrap().is_empty());
}

async fn a_renewal_raises_the_generation(store: &impl Store) {
    join(store).await;
    assert_eq!(renew(store, 1, certificate(2, 2, days(1))).await, Renewed::Early, "a clock that is ahead");
    assert_eq!(renew(store, 1, certificate(2, 2, days(7))).await, NOW);
    assert_eq!(renew_absent(store, 2, certificate(3, 3, days(40))).await, NOW);
    let staff = CertificateRecord {
        identity: "urn:tiendo:dong-nai:staff:an".into(),
        commune: None,
        ..certificate(9, 9, days(40))
    };
    store.add_certificate(staff, act(days(40))).await.unwrap();
    let all = store.certificates(None).await.unwrap();
    let seen: Vec<_> = all.iter().map(|one| (one.fingerprint[0], one.generation, one.der.is_some())).collect();
    assert_eq!(seen, [(1, 1, false), (2, 2, false), (3, 3, true), (9, 1, true)]);
    let live = store.certificates(Some(days(41))).await.unwrap();
    assert_eq!(live.iter().map(|one| one.fingerprint[0]).collect::<Vec<_>>(), [3, 9]);
    assert_eq!(renew(store, 7, certificate(4, 4, days(41))).await, Renewed::Revoked, "unknown");
    assert_eq!(renew(store, 9, certificate(4, 4, days(41))).await, Renewed::Revoked, "of someone else");
}

async fn a_certificate_in_two_copies_is_noted(store: &impl Store) {
    join(store).await;
    assert_eq!(renew(store, 1, certificate(2, 2, days(7))).await, NOW);
    assert_eq!(renew(store, 1, certificate(3, 3, days(8))).await, Renewed::Now { copied: true });
    assert_eq!(renew(store, 2, certificate(4, 4, days(14))).await, Renewed::Now { copied: true });
    let noted = store.noted_copies().await.unwrap();
    assert_eq!((noted.len(), noted[0].commune.as_str(), noted[0].times, noted[0].last), (1, "tan-phu", 2, days(14)));
    let audit: Vec<_> =
        store.audit(crate::store::AuditQuestion::newest(2)).await.unwrap().into_iter().map(|line| line.what).collect();
    assert_eq!(audit, ["certificate_copied", "certificate_copied"]);
    // Without a valid certificate only the newest can be renewed.
    assert_eq!(renew_absent(store, 3, certificate(5, 5, days(40))).await, Renewed::Replaced);
    assert_eq!(renew_absent(store, 4, certificate(5, 5, days(40))).await, NOW);
    assert_eq!(renew_absent(store, 4, certificate(6, 5, days(41))).await, Renewed::Before(vec![5]));
}

async fn what_is_revoked_stays_so(store: &impl Store) {
    join(store).await;
    store.add_invitation(invitation("b"), act(moment())).await.unwrap();
    assert_eq!(renew(store, 1, certificate(2, 2, days(7))).await, NOW);
    assert_eq!(store.revoke(TAN_PHU, "lost", act(moment())).await.unwrap(), 2);
    assert_eq!(store.revoke(TAN_PHU, "lost", act(moment())).await.unwrap(), 0);
    assert!(store.audit(crate::store::AuditQuestion::newest(1)).await.unwrap()[0].detail.ends_with(": lost"));
    assert_eq!(store.certificate([2; 32]).await.unwrap().unwrap().revoked_at, Some(moment()));
    for presented in [1, 2] {
        assert_eq!(renew(store, presented, certificate(3, 3, days(1))).await, Renewed::Revoked);
        assert_eq!(renew_absent(store, presented, certificate(3, 3, days(1))).await, Renewed::Revoked);
        assert_eq!(renew(store, presented, certificate(3, 2, days(1))).await, Renewed::Revoked, "also with its key");
    }
    let soon = moment() + TimeDelta::minutes(1);
    assert_eq!(store.redeem("a", certificate(3, 1, soon)).await.unwrap(), Redeemed::Refused);
    assert_eq!(store.redeem("b", certificate(3, 3, soon)).await.unwrap(), Redeemed::Refused, "open invitations too");
    // A new invitation lets the commune in again, the revoked certificates stay out.
    let fresh = InvitationRecord { created_at: days(1), expires_at: days(2), ..invitation("c") };
    store.add_invitation(fresh, act(days(1))).await.unwrap();
    assert_eq!(store.redeem("c", certificate(3, 3, days(1))).await.unwrap(), Redeemed::Now);
    assert_eq!(renew(store, 2, certificate(4, 4, days(1))).await, Renewed::Revoked);
    assert_eq!(renew(store, 3, certificate(4, 4, days(8))).await, NOW);
}

async fn agents_say_whom_they_trust(store: &impl Store) {
    join(store).await;
    let report = async |since| store.trust_reports(since).await.unwrap();
    let said =
        |authorities: &[[u8; 32]]| vec![TrustReport { commune: "tan-phu".into(), authorities: authorities.into() }];
    assert_eq!(report(moment()).await, said(&[]));
    store.note_authorities("tan-phu", &[[1; 32]]).await.unwrap();
    store.note_authorities("tan-phu", &[[1; 32], [2; 32]]).await.unwrap();
    store.note_authorities("tan-phu", &[[1; 32], [2; 32]]).await.unwrap();
    assert_eq!(report(days(13)).await, said(&[[1; 32], [2; 32]]));
    assert!(report(days(14)).await.is_empty(), "expired for too long");
    store.revoke(TAN_PHU, "", act(moment())).await.unwrap();
    assert!(report(moment()).await.is_empty());
}
