//! Certificates over the whole server on a loopback port: renewed, expired, copied, revoked, and under a new authority. The server's
//! clock is set by hand; TLS itself knows only real time, so certificates that are to be old are issued in the past. Tests only.

mod in_session;

use crate::{
    authorities::Authorities,
    cli::{Cli, run},
    clock::{Clock, SystemClock},
    config::{Config, Pages},
    enrol::random,
    folder::Folder,
    ingest::NoStandings,
    keyring::former_is_needed,
    province::Province,
    sample::{self, act},
    serve::{Followers, Server, open_store},
    store::{Act, InvitationRecord, Store},
    token::Token,
};
use chrono::{DateTime, TimeDelta, Utc};
use clap::Parser;
use proto::{
    connect::{self, ConnectError},
    enrolment::v1::{
        ChallengeRequest, JoinRequest, JoinResponse, RenewAbsentRequest, RenewRequest, RenewResponse,
        enrolment_service_client::EnrolmentServiceClient,
    },
    identity::{Identity, SigningRequest, Validity, signing_request},
    pem, renewal,
    tls::{Fingerprint, client_config, pinned_client_config},
};
use rustls::pki_types::CertificateDer;
use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
};
use tempfile::TempDir;
use tokio::{sync::oneshot, task::JoinHandle};
use tonic::{Code, Status, transport::Channel};

type Client = EnrolmentServiceClient<Channel>;

/// A clock that the test sets.
struct Hand(Mutex<DateTime<Utc>>);

impl Clock for Hand {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

/// A running server in a folder of its own.
struct House {
    _place: TempDir,
    data: PathBuf,
    store: Arc<dyn Store>,
    clock: Arc<Hand>,
    url: String,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

/// What an agent keeps.
#[derive(Clone)]
struct Enrolled {
    leaf: CertificateDer<'static>,
    key_pem: String,
    roots: Vec<CertificateDer<'static>>,
}

impl Enrolled {
    fn new(request: &SigningRequest, certificates: &[Vec<u8>], authorities: &[Vec<u8>]) -> Self {
        let roots = authorities.iter().map(|der| CertificateDer::from(der.clone())).collect();
        Self { leaf: certificates[0].clone().into(), key_pem: request.key_pem.to_string(), roots }
    }
}

fn real() -> DateTime<Utc> {
    SystemClock.now()
}

async fn command(data: &std::path::Path, clock: Arc<dyn Clock>, words: &[&str]) -> Result<(), String> {
    let mut line = vec!["province-aggregator", "--lang", "en", "--by", "an", "--data", data.to_str().unwrap()];
    line.extend(words);
    let cli = Cli::try_parse_from(line).map_err(|error| error.to_string())?;
    run(cli, clock).await.map_err(|failure| failure.to_string())
}

impl House {
    /// A server whose clock stands some days before the real one.
    async fn found(days_ago: i64) -> Self {
        Self::found_before(TimeDelta::days(days_ago)).await
    }

    async fn found_before(ago: TimeDelta) -> Self {
        let place = tempfile::tempdir().unwrap();
        let data = place.path().join("province");
        let catalogue = sample::catalogue_folder().to_str().unwrap();
        let clock = Arc::new(Hand(Mutex::new(real() - ago)));
        command(&data, clock.clone(), &["init", "--catalogue", catalogue, "--exercise"]).await.unwrap();
        let folder = Folder::open(&data).unwrap();
        let config = Config {
            listen: ([127, 0, 0, 1], 0).into(),
            pages: Pages { enabled: false, ..Pages::default() },
            ..Config::read(&folder.config()).unwrap()
        };
        let store = open_store(&folder).await.unwrap();
        let province = Arc::new(Province::load(store.clone(), clock.clone()).await.unwrap());
        let server = Server::bind(folder, config, clock.clone(), shared::language::Language::Vi).await.unwrap();
        let url = server.url();
        let (stop, stopped) = oneshot::channel();
        let followers = Followers { standings: Arc::new(NoStandings), live: None, reminding: None };
        let serving = async move {
            let stopped = async { drop(stopped.await) };
            server.run(province, followers, stopped).await.unwrap();
        };
        Self { _place: place, data, store, clock, url, stop, serving: tokio::spawn(serving) }
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        self.serving.await.unwrap();
    }

    fn set_clock(&self, now: DateTime<Utc>) {
        *self.clock.0.lock().unwrap() = now;
    }

    fn authorities(&self) -> Authorities {
        Authorities::open(&Folder::open(&self.data).unwrap()).unwrap()
    }

    async fn command(&self, words: &[&str]) -> Result<(), String> {
        command(&self.data, self.clock.clone(), words).await
    }

    async fn token(&self, commune: &str) -> String {
        let (token, now) = (Token::new(random()), self.clock.now());
        let invitation = InvitationRecord {
            id: token.id(),
            secret_sha256: token.secret_sha256(),
            commune: commune.into(),
            created_at: now,
            expires_at: now + TimeDelta::hours(1),
            used_at: None,
        };
        self.store.add_invitation(invitation, Act::of("an", now)).await.unwrap();
        token.to_string()
    }

    async fn ask(&self, token: &str, request: &SigningRequest) -> Result<JoinResponse, Status> {
        let config = pinned_client_config(self.authorities().current.fingerprint()).unwrap();
        let channel = connect::channel(&self.url, config).await.unwrap();
        let signing_request = request.request_der.clone();
        let asked = JoinRequest { token: token.into(), signing_request, build: "test".into() };
        Ok(EnrolmentServiceClient::new(channel).join(asked).await?.into_inner())
    }

    async fn join(&self, commune: &str) -> Enrolled {
        let request = signing_request().unwrap();
        let answer = self.ask(&self.token(commune).await, &request).await.unwrap();
        Enrolled::new(&request, &answer.certificates, &answer.authorities)
    }

    async fn channel(&self, enrolled: &Enrolled) -> Result<Channel, ConnectError> {
        let credential = (vec![enrolled.leaf.clone()], pem::key_from_pem(&enrolled.key_pem).unwrap());
        let config = client_config(&enrolled.roots, Some(credential)).unwrap();
        connect::channel(&self.url, config).await
    }

    async fn connect(&self, enrolled: &Enrolled) -> Result<Client, ConnectError> {
        Ok(EnrolmentServiceClient::new(self.channel(enrolled).await?))
    }

    async fn renew(&self, enrolled: &Enrolled, request: &SigningRequest) -> Result<Enrolled, Status> {
        let asked = RenewRequest { signing_request: request.request_der.clone(), build: "test".into() };
        let RenewResponse { certificates, authorities } =
            self.connect(enrolled).await.unwrap().renew(asked).await?.into_inner();
        Ok(Enrolled::new(request, &certificates, &authorities))
    }

    /// Without a client certificate.
    async fn stranger(&self, enrolled: &Enrolled) -> Client {
        let config = client_config(&enrolled.roots, None).unwrap();
        EnrolmentServiceClient::new(connect::channel(&self.url, config).await.unwrap())
    }

    async fn answer(&self, enrolled: &Enrolled, request: &SigningRequest) -> RenewAbsentRequest {
        let nonce = self.stranger(enrolled).await.challenge(ChallengeRequest {}).await.unwrap().into_inner().nonce;
        let signing_request = request.request_der.clone();
        let signature = renewal::sign(&enrolled.key_pem, &nonce, &signing_request).unwrap();
        let certificate = enrolled.leaf.to_vec();
        RenewAbsentRequest { certificate, nonce, signing_request, signature, build: "test".into() }
    }

    async fn renew_absent(&self, enrolled: &Enrolled, request: &SigningRequest) -> Result<Enrolled, Status> {
        let answer = self.answer(enrolled, request).await;
        let given = self.stranger(enrolled).await.renew_absent(answer).await?.into_inner();
        Ok(Enrolled::new(request, &given.certificates, &given.authorities))
    }
}

fn code<T>(answer: Result<T, Status>) -> Code {
    answer.map(|_| ()).unwrap_err().code()
}

#[tokio::test]
async fn a_join_whose_answer_was_lost_is_answered_again() {
    let house = House::found(0).await;
    let (token, request) = (house.token("tan-phu").await, signing_request().unwrap());
    let first = house.ask(&token, &request).await.unwrap();
    assert_eq!(house.ask(&token, &request).await.unwrap(), first);
    assert_eq!(code(house.ask(&token, &signing_request().unwrap()).await), Code::Unauthenticated);
    house.set_clock(real() + TimeDelta::hours(2));
    assert_eq!(code(house.ask(&token, &request).await), Code::Unauthenticated, "the invitation is out of date");
    house.stop().await;
}

#[tokio::test]
async fn a_certificate_is_renewed_and_two_copies_are_noted() {
    let house = House::found(8).await;
    let joined = house.join("tan-phu").await;
    assert_eq!(code(house.renew(&joined, &signing_request().unwrap()).await), Code::FailedPrecondition);
    house.set_clock(real());
    let request = signing_request().unwrap();
    let renewed = house.renew(&joined, &request).await.unwrap();
    assert_eq!(house.renew(&joined, &request).await.unwrap().leaf, renewed.leaf, "a lost answer");
    let valid = Validity::of(&renewed.leaf).unwrap();
    assert!(valid.not_after > real() + TimeDelta::days(13));
    assert_eq!(Identity::from_certificate(&renewed.leaf), Identity::commune("dong-nai", "tan-phu"));
    house.connect(&renewed).await.unwrap();
    assert!(house.store.noted_copies().await.unwrap().is_empty());
    // Another computer with a copy of the folder renews what it has.
    let copy = house.renew(&joined, &signing_request().unwrap()).await.unwrap();
    assert_ne!(copy.leaf, renewed.leaf);
    assert_eq!(house.store.noted_copies().await.unwrap()[0].commune, "tan-phu");
    house.command(&["certificates", "--all", "--format", "json"]).await.unwrap();
    house.stop().await;
}

#[tokio::test]
async fn an_expired_certificate_is_renewed_by_its_key_alone() {
    let house = House::found(20).await;
    let (joined, other) = (house.join("tan-phu").await, house.join("loc-tan").await);
    house.set_clock(real());
    let refused = house.connect(&joined).await.unwrap_err();
    assert!(matches!(refused, ConnectError::CertificateRefused(_)), "{refused}");
    let request = signing_request().unwrap();
    let good = house.answer(&joined, &request).await;
    let tampered = |change: &dyn Fn(&mut RenewAbsentRequest)| {
        let mut answer = good.clone();
        change(&mut answer);
        answer
    };
    let ask = async |answer| house.stranger(&joined).await.renew_absent(answer).await;
    for answer in [
        tampered(&|answer| answer.certificate = other.leaf.to_vec()),
        tampered(&|answer| answer.signature[8] ^= 1),
        tampered(&|answer| answer.signing_request = signing_request().unwrap().request_der),
        tampered(&|answer| answer.certificate = vec![0; 20_000]),
        tampered(&|answer| answer.certificate.clear()),
    ] {
        assert_eq!(code(ask(answer).await), Code::PermissionDenied);
    }
    assert_eq!(code(ask(tampered(&|answer| answer.nonce[0] ^= 1)).await), Code::Aborted);
    assert_eq!(code(ask(RenewAbsentRequest::default()).await), Code::Aborted);
    house.set_clock(real() + TimeDelta::minutes(3));
    assert_eq!(code(ask(good).await), Code::Aborted, "the challenge is out of date");
    house.set_clock(real());
    let renewed = house.renew_absent(&joined, &request).await.unwrap();
    assert_eq!(house.renew_absent(&joined, &request).await.unwrap().leaf, renewed.leaf, "a lost answer");
    house.connect(&renewed).await.unwrap();
    let copy = signing_request().unwrap();
    assert_eq!(code(house.renew_absent(&joined, &copy).await), Code::PermissionDenied, "replaced by a later one");
    house.set_clock(real() + TimeDelta::days(395));
    assert_eq!(code(house.renew_absent(&other, &copy).await), Code::PermissionDenied, "gone for too long");
    house.stop().await;
}

#[tokio::test]
async fn a_certificate_issued_while_the_clock_was_a_year_ahead_is_replaced_by_its_key() {
    let house = House::found(8).await;
    let joined = house.join("tan-phu").await;
    // The server's own certificate is of before; with one of the future nobody connects.
    house.set_clock(real() + TimeDelta::days(365));
    let ahead = house.renew(&joined, &signing_request().unwrap()).await.unwrap();
    house.set_clock(real());
    let refused = house.connect(&ahead).await.unwrap_err();
    assert!(matches!(refused, ConnectError::CertificateRefused(_)), "{refused}");
    let right = house.renew_absent(&ahead, &signing_request().unwrap()).await.unwrap();
    house.connect(&right).await.unwrap();
    assert!(Validity::of(&right.leaf).unwrap().not_after < real() + TimeDelta::days(15));
    house.stop().await;
}

#[tokio::test]
async fn a_revoked_commune_gets_nothing_on_any_way() {
    let house = House::found(8).await;
    let (token, request) = (house.token("tan-phu").await, signing_request().unwrap());
    let answer = house.ask(&token, &request).await.unwrap();
    let joined = Enrolled::new(&request, &answer.certificates, &answer.authorities);
    let other = house.join("loc-tan").await;
    house.command(&["revoke", "tan phu", "--reason", "stolen"]).await.unwrap();
    for wrong in [&["revoke", "dinh-quan"][..], &["revoke", "staff:lan"], &["revoke", "staff:L AN"]] {
        assert!(house.command(wrong).await.is_err(), "{wrong:?}");
    }
    assert_eq!(code(house.ask(&token, &request).await), Code::Unauthenticated);
    house.set_clock(real());
    let fresh = signing_request().unwrap();
    assert_eq!(code(house.renew(&joined, &fresh).await), Code::PermissionDenied);
    assert_eq!(code(house.renew_absent(&joined, &fresh).await), Code::PermissionDenied);
    assert_eq!(code(house.renew_absent(&joined, &request).await), Code::PermissionDenied);
    house.renew(&other, &fresh).await.unwrap();
    let line = house.store.audit(crate::store::AuditQuestion::newest(1)).await.unwrap().remove(0);
    assert_eq!((line.what.as_str(), line.detail.ends_with(": stolen")), ("revoked", true));
    house.stop().await;
}

#[tokio::test]
async fn after_a_restore_agents_are_known_by_their_certificates() {
    let house = House::found(8).await;
    let (first, second) = (house.join("tan-phu").await, house.join("loc-tan").await);
    let stolen = house.join("dinh-quan").await;
    // As a store is that comes from a backup of before.
    let connection = rusqlite::Connection::open(Folder::open(&house.data).unwrap().store()).unwrap();
    connection.execute("DELETE FROM certificate", []).unwrap();
    house.set_clock(real());
    let refused = house.renew_absent(&second, &signing_request().unwrap()).await;
    assert_eq!(code(refused), Code::PermissionDenied, "it was never restored");
    house.store.restored([1; 16], "backup", real(), act(real())).await.unwrap();
    house.command(&["revoke", "dinh-quan"]).await.unwrap();
    let renewed = house.renew(&first, &signing_request().unwrap()).await.unwrap();
    house.connect(&renewed).await.unwrap();
    house.renew_absent(&second, &signing_request().unwrap()).await.unwrap();
    for refused in [
        house.renew(&stolen, &signing_request().unwrap()).await,
        house.renew_absent(&stolen, &signing_request().unwrap()).await,
    ] {
        assert_eq!(code(refused), Code::PermissionDenied);
    }
    // Others may come that are not known yet: the former authority stays until the last of them has expired.
    let needed = async |days| {
        let (authorities, at) = (house.authorities(), real() + TimeDelta::days(days));
        former_is_needed(&*house.store, &authorities, at).await.unwrap()
    };
    assert!(needed(29).await && !needed(31).await);
    let audit = house.store.audit(crate::store::AuditQuestion::newest(10)).await.unwrap();
    assert_eq!(audit.iter().filter(|line| line.what == "certificate_adopted").count(), 2, "{audit:?}");
    house.stop().await;
}

#[tokio::test]
async fn staff_certificates_are_not_renewed() {
    let house = House::found(8).await;
    let joined = house.join("tan-phu").await;
    let now = real();
    let identity = Identity::staff("dong-nai", "lan").unwrap();
    let made = house.authorities().current.issue_staff(&identity, random(), now).unwrap();
    let record = crate::enrol::record_of(&made.issued, &identity, now);
    house.store.add_certificate(record, act(now)).await.unwrap();
    let staff = Enrolled { leaf: made.issued.certificate, key_pem: made.key_pem, roots: joined.roots.clone() };
    let request = signing_request().unwrap();
    assert_eq!(code(house.renew(&staff, &request).await), Code::PermissionDenied);
    assert_eq!(code(house.renew_absent(&staff, &request).await), Code::PermissionDenied);
    let stranger = house.stranger(&joined).await.renew(RenewRequest::default()).await;
    assert_eq!(code(stranger), Code::Unauthenticated);
    house.stop().await;
}

#[tokio::test]
async fn a_new_authority_takes_over_while_the_server_runs() {
    let house = House::found(8).await;
    let (first, second) = (house.join("tan-phu").await, house.join("loc-tan").await);
    let old = house.authorities().current.fingerprint();
    house.set_clock(real());
    house.command(&["authority", "finish"]).await.unwrap_err();
    house.command(&["authority", "rotate"]).await.unwrap();
    house.command(&["authority", "rotate"]).await.unwrap_err();
    let new = house.authorities().issuing().fingerprint();
    // Whoever renews is told of both, and gets a certificate of the next one that is taken at once.
    let renewed = house.renew(&first, &signing_request().unwrap()).await.unwrap();
    let told: Vec<_> = renewed.roots.iter().map(|root| Fingerprint::of(root)).collect();
    assert_eq!(told, [old, new]);
    house.connect(&renewed).await.unwrap();
    let third = house.join("dinh-quan").await;
    house.connect(&third).await.unwrap();
    house.connect(&second).await.unwrap();

    let refused = house.command(&["authority", "finish"]).await.unwrap_err();
    assert!(["tan-phu", "loc-tan", "dinh-quan"].iter().all(|slug| refused.contains(slug)), "{refused}");
    for commune in ["tan-phu", "dinh-quan"] {
        house.store.note_authorities(commune, &[old.0, new.0]).await.unwrap();
    }
    house.store.note_authorities("loc-tan", &[old.0]).await.unwrap();
    let refused = house.command(&["authority", "finish"]).await.unwrap_err();
    assert!(refused.ends_with(": loc-tan"), "{refused}");
    house.command(&["authority", "status", "--format", "json"]).await.unwrap();
    house.command(&["authority", "finish", "--force"]).await.unwrap();
    assert_eq!(house.authorities().fingerprints(), [new, old]);

    // The server shows a certificate of the new one; certificates of the old one are still taken.
    house.connect(&renewed).await.unwrap();
    let learnt = Enrolled { roots: renewed.roots.clone(), ..second.clone() };
    house.connect(&learnt).await.unwrap();
    assert!(matches!(house.connect(&second).await, Err(ConnectError::ServerNotTrusted(_))), "it never learnt of it");
    house.join("tan-loi").await;
    let needed = house.command(&["authority", "finish"]).await.unwrap_err();
    assert!(needed.contains("still needed"), "{needed}");
    // With the last certificate that it issued the former authority goes; its key's holder comes back by a challenge.
    house.set_clock(real() + TimeDelta::days(7));
    house.command(&["authority", "finish"]).await.unwrap();
    assert_eq!(house.authorities().fingerprints(), [new]);
    assert!(matches!(house.connect(&learnt).await, Err(ConnectError::CertificateRefused(_))));
    let last = house.renew_absent(&learnt, &signing_request().unwrap()).await.unwrap();
    assert_eq!(last.roots.iter().map(|root| Fingerprint::of(root)).collect::<Vec<_>>(), [new]);
    house.stop().await;
}
