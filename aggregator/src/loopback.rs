//! The whole server on a loopback port against a fake agent that speaks the protocol through the proto crate. Tests only.

use crate::{
    authority::Authority,
    cli::{Cli, run},
    clock::{Clock, SystemClock},
    config::Config,
    enrol::random,
    folder::Folder,
    ingest::NoStandings,
    province::Province,
    sample::{self, act, evidence, figure},
    serve::{Followers, Server, load_authority, open_store},
    store::{Act, Contact, InvitationRecord, Store},
    token::Token,
};
use chrono::TimeDelta;
use clap::Parser;
use prost::bytes::Bytes;
use proto::{
    connect,
    enrolment::v1::{JoinRequest, enrolment_service_client::EnrolmentServiceClient},
    identity::{Identity, signing_request},
    pem, position,
    sync::v1::{
        self, AgentFrame, AggregatorFrame, agent_frame, aggregator_frame, sync_service_client::SyncServiceClient,
    },
    tls::{client_config, pinned_client_config},
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use shared::change::{Change, LogPosition};
use std::{path::PathBuf, sync::Arc};
use tempfile::TempDir;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status, Streaming, transport::Channel};

/// A running server in a folder of its own.
struct House {
    _place: TempDir,
    data: PathBuf,
    authority: Authority,
    store: Arc<dyn Store>,
    url: String,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

type Credential = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

async fn command(data: &std::path::Path, words: &[&str]) -> Result<(), String> {
    let mut line = vec!["province-aggregator", "--lang", "en", "--by", "an", "--data", data.to_str().unwrap()];
    line.extend(words);
    let cli = Cli::try_parse_from(line).map_err(|error| error.to_string())?;
    run(cli, Arc::new(SystemClock)).await.map_err(|failure| failure.to_string())
}

impl House {
    async fn found() -> Self {
        let place = tempfile::tempdir().unwrap();
        let data = place.path().join("province");
        let catalogue = sample::catalogue_folder().to_str().unwrap();
        command(&data, &["init", "--catalogue", catalogue, "--exercise"]).await.unwrap();
        Self::serve(place, data).await
    }

    async fn serve(place: TempDir, data: PathBuf) -> Self {
        let folder = Folder::open(&data).unwrap();
        let config =
            Config { listen: ([127, 0, 0, 1], 0).into(), max_sessions: 8, ..Config::read(&folder.config()).unwrap() };
        let authority = load_authority(&folder).unwrap();
        let store = open_store(&folder).await.unwrap();
        let province = Arc::new(Province::load(store.clone(), Arc::new(SystemClock)).await.unwrap());
        let server = Server::bind(folder, config, Arc::new(SystemClock)).await.unwrap();
        let url = server.url();
        let (stop, stopped) = oneshot::channel();
        let followers = Followers { standings: Arc::new(NoStandings), live: None };
        let serving = async move {
            let stopped = async { drop(stopped.await) };
            server.run(province, followers, stopped).await.unwrap();
        };
        Self { _place: place, data, authority, store, url, stop, serving: tokio::spawn(serving) }
    }

    async fn stop(self) -> (TempDir, PathBuf) {
        self.stop.send(()).unwrap();
        self.serving.await.unwrap();
        (self._place, self.data)
    }

    async fn token(&self, commune: &str, hours: i64) -> String {
        let (token, now) = (Token::new(random()), SystemClock.now());
        let invitation = InvitationRecord {
            id: token.id(),
            secret_sha256: token.secret_sha256(),
            commune: commune.into(),
            created_at: now,
            expires_at: now + TimeDelta::hours(hours),
            used_at: None,
        };
        self.store.add_invitation(invitation, Act { who: "an".into(), at: now }).await.unwrap();
        token.to_string()
    }

    async fn enrol(&self, token: &str) -> Result<(Credential, String), Status> {
        let config = pinned_client_config(self.authority.fingerprint()).unwrap();
        let channel = connect::channel(&self.url, config).await.unwrap();
        let made = signing_request().unwrap();
        let request = JoinRequest { token: token.into(), signing_request: made.request_der, build: "test".into() };
        let answer = EnrolmentServiceClient::new(channel).join(request).await?.into_inner();
        let chain = answer.certificates.into_iter().map(CertificateDer::from).collect();
        Ok(((chain, pem::key_from_pem(&made.key_pem).unwrap()), answer.commune))
    }

    async fn join(&self, commune: &str) -> Credential {
        let token = self.token(commune, 1).await;
        let (credential, joined) = self.enrol(&token).await.unwrap();
        assert_eq!(joined, commune);
        credential
    }

    async fn channel(&self, credential: Option<&Credential>) -> Channel {
        let credential = credential.map(|(chain, key)| (chain.clone(), key.clone_key()));
        let roots = [self.authority.certificate().clone()];
        connect::channel(&self.url, client_config(&roots, credential).unwrap()).await.unwrap()
    }

    async fn agent(&self, credential: &Credential) -> Agent {
        Agent::connect(self.channel(Some(credential)).await).await.unwrap()
    }

    async fn contact(&self, commune: &str) -> Contact {
        let contacts = self.store.contacts().await.unwrap();
        contacts.into_iter().find(|contact| contact.commune == commune).unwrap()
    }
}

/// The agent's end of one session.
struct Agent {
    frames: mpsc::Sender<AgentFrame>,
    answers: Streaming<AggregatorFrame>,
}

impl Agent {
    async fn connect(channel: Channel) -> Result<Self, Status> {
        let mut client = SyncServiceClient::new(channel)
            .send_compressed(tonic::codec::CompressionEncoding::Zstd)
            .accept_compressed(tonic::codec::CompressionEncoding::Zstd)
            .max_encoding_message_size(64 * 1024 * 1024);
        let (frames, outbound) = mpsc::channel(16);
        let answers = client.session(ReceiverStream::new(outbound)).await?.into_inner();
        Ok(Self { frames, answers })
    }

    async fn send(&self, frame: agent_frame::Frame) {
        self.frames.send(AgentFrame { frame: Some(frame) }).await.unwrap();
    }

    async fn answer(&mut self) -> Result<aggregator_frame::Frame, Status> {
        match self.answers.message().await? {
            Some(frame) => Ok(frame.frame.unwrap()),
            None => Err(Status::ok("the end")),
        }
    }

    async fn hello(
        &mut self,
        incarnation: u8,
        head: LogPosition,
        acknowledged: LogPosition,
    ) -> aggregator_frame::Frame {
        let hello = v1::Hello {
            protocol_min: 1,
            protocol_max: 1,
            build: "test 1".into(),
            province: "dong-nai".into(),
            incarnation: vec![incarnation; 16],
            head: Some(position::to_wire(head)),
            acknowledged: Some(position::to_wire(acknowledged)),
            clock_unix_ms: 0,
            ..v1::Hello::default()
        };
        self.send(agent_frame::Frame::Hello(hello)).await;
        self.answer().await.unwrap()
    }

    async fn push(&mut self, first_seq: u64, bodies: &[Bytes]) -> v1::Acknowledgement {
        self.send(batch(first_seq, bodies)).await;
        match self.answer().await.unwrap() {
            aggregator_frame::Frame::Acknowledgement(ack) => ack,
            other => panic!("not acknowledged: {other:?}"),
        }
    }
}

fn batch(first_seq: u64, bodies: &[Bytes]) -> agent_frame::Frame {
    let changes = bodies.iter().map(|body| v1::Change { body: body.clone() }).collect();
    agent_frame::Frame::Batch(v1::Batch { first_seq, changes })
}

fn bodies(changes: &[Change]) -> Vec<Bytes> {
    changes.iter().map(|change| proto::change::encode(change).into()).collect()
}

fn after(bodies: &[Bytes]) -> LogPosition {
    bodies.iter().fold(LogPosition::START, |position, body| position.then(body))
}

fn is_welcome(frame: &aggregator_frame::Frame, seq: u64) -> bool {
    matches!(frame, aggregator_frame::Frame::Welcome(welcome) if welcome.position.as_ref().unwrap().seq == seq)
}

#[tokio::test]
async fn an_agent_joins_pushes_and_gets_its_feed() {
    let house = House::found().await;
    let credential = house.join("tan-phu").await;
    let log = bodies(&[figure(1, "2026-09", 10), figure(2, "2026-10", 20), evidence(3, 2, 1), figure(4, "2025-10", 1)]);
    let mut agent = house.agent(&credential).await;
    assert!(is_welcome(&agent.hello(1, after(&log), LogPosition::START).await, 0));
    let ack = agent.push(1, &log[..2]).await;
    assert_eq!(ack.position, Some(position::to_wire(after(&log[..2]))));
    let ack = agent.push(3, &log[2..]).await;
    assert_eq!(ack.position, Some(position::to_wire(after(&log))));
    assert_eq!(
        ack.refused.iter().map(|one| (one.seq, one.code.as_str())).collect::<Vec<_>>(),
        [(4, "outside_plan_year")]
    );
    let again = agent.push(1, &log).await;
    assert_eq!((again.position, again.refused), (ack.position, ack.refused), "a replay is acknowledged the same");
    agent.send(agent_frame::Frame::FeedWanted(v1::FeedWanted { position: 0, catalogue_version: 0 })).await;
    let aggregator_frame::Frame::FeedPart(part) = agent.answer().await.unwrap() else { panic!("no part") };
    let shared::feed::FeedItem::Catalogue(view) = proto::feed::from_wire(&part).unwrap() else {
        panic!("no catalogue")
    };
    assert_eq!((view.commune.slug.as_str(), view.version), ("tan-phu", 1));
    assert!(view.targets.iter().all(|target| target.commune == "tan-phu"));
    let aggregator_frame::Frame::FeedEnd(end) = agent.answer().await.unwrap() else { panic!("no end") };
    assert_eq!((end.parts, end.position), (1, 1));
    assert_eq!(agent.answer().await.unwrap_err().code(), Code::Ok);
    let kept = house.store.observations().await.unwrap();
    assert_eq!(kept.iter().map(|o| (o.version, o.evidence_count)).collect::<Vec<_>>(), [(1, 0), (1, 1)]);
    let contact = house.contact("tan-phu").await;
    assert!(contact.last_success.is_some() && contact.enrolled.is_some());
    assert_eq!((contact.head_seq, contact.build.as_str()), (4, "test 1"));
    house.stop().await;
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_restart() {
    let house = House::found().await;
    let credential = house.join("tan-phu").await;
    let log = bodies(&[figure(1, "2026-09", 10), figure(2, "2026-10", 20)]);
    let mut agent = house.agent(&credential).await;
    agent.hello(1, after(&log), LogPosition::START).await;
    agent.push(1, &log[..1]).await;
    // Stopped in mid-session: the agent is told, and comes back.
    let (place, data) = house.stop().await;
    assert!(matches!(agent.answer().await, Err(status) if status.code() != Code::Ok));
    let house = House::serve(place, data).await;
    let mut agent = house.agent(&credential).await;
    assert!(is_welcome(&agent.hello(1, after(&log), after(&log[..1])).await, 1));
    agent.push(2, &log[1..]).await;
    assert_eq!(house.store.observations().await.unwrap().len(), 2);
    let house = house.stop().await;
    drop(house);
}

#[tokio::test]
async fn only_a_commune_of_this_authority_may_sync() {
    let house = House::found().await;
    let refused = async |credential: Option<&Credential>| match Agent::connect(house.channel(credential).await).await {
        Ok(_) => panic!("let in"),
        Err(status) => status.code(),
    };
    assert_eq!(refused(None).await, Code::Unauthenticated);
    let now = SystemClock.now();
    let staff = |authority: &Authority| {
        let made = authority.issue_staff(&Identity::staff("dong-nai", "an").unwrap(), random(), now).unwrap();
        (vec![made.issued.certificate], pem::key_from_pem(&made.key_pem).unwrap())
    };
    assert_eq!(refused(Some(&staff(&house.authority))).await, Code::PermissionDenied);
    let foreign = Authority::make("dong-nai", random(), now).unwrap().0;
    // With TLS 1.3 the client learns of it when it connects or with its first call.
    let roots = [house.authority.certificate().clone()];
    match connect::channel(&house.url, client_config(&roots, Some(staff(&foreign))).unwrap()).await {
        Err(error) => assert!(matches!(error, connect::ConnectError::CertificateRefused(_)), "{error}"),
        Ok(channel) => assert!(Agent::connect(channel).await.is_err()),
    }
    house.stop().await;
}

#[tokio::test]
async fn a_token_opens_once_for_its_commune_and_in_time() {
    let house = House::found().await;
    let refused = async |token: &str| house.enrol(token).await.map(|_| ()).unwrap_err().code();
    let token = house.token("tan-phu", 1).await;
    assert_eq!(house.enrol(&token).await.unwrap().1, "tan-phu", "the commune is the token's");
    let late = house.token("tan-phu", 0).await;
    let unknown = Token::new(random()).to_string();
    let stranger = house.token("atlantis", 1).await;
    for token in [&token, &late, &unknown, &stranger, "", &"x".repeat(10_000), "đ".repeat(150).as_str()] {
        assert_eq!(refused(token).await, Code::Unauthenticated, "{token}");
    }
    house.stop().await;
}

#[tokio::test]
async fn a_revoked_agent_and_a_second_life_are_turned_away() {
    let house = House::found().await;
    let credential = house.join("tan-phu").await;
    let log = bodies(&[figure(1, "2026-09", 10)]);
    let verdict = |frame| match frame {
        aggregator_frame::Frame::TurnedAway(away) => away.verdict(),
        other => panic!("not turned away: {other:?}"),
    };
    let mut agent = house.agent(&credential).await;
    agent.hello(1, after(&log), LogPosition::START).await;
    agent.push(1, &log).await;
    let mut second = house.agent(&credential).await;
    assert_eq!(verdict(second.hello(2, after(&log), LogPosition::START).await), v1::Verdict::AgentBehind);
    // The copy that was turned away ended nothing; a newer session of the same life ends the older one.
    let more = bodies(&[figure(1, "2026-09", 10), figure(2, "2026-10", 20)]);
    agent.push(2, &more[1..]).await;
    let mut newer = house.agent(&credential).await;
    let welcome = newer.hello(1, after(&more), after(&more)).await;
    assert!(matches!(welcome, aggregator_frame::Frame::Welcome(_)), "{welcome:?}");
    assert!(matches!(agent.answer().await, Err(status) if status.code() == Code::Aborted));
    let identity = Identity::commune("dong-nai", "tan-phu").unwrap().to_uri();
    house.store.revoke(&identity, "lost", act(SystemClock.now())).await.unwrap();
    let mut agent = house.agent(&credential).await;
    assert_eq!(verdict(agent.hello(1, after(&more), after(&more)).await), v1::Verdict::Revoked);
    assert_eq!(agent.answer().await.unwrap_err().code(), Code::Ok);
    house.stop().await;
}

#[tokio::test]
async fn hostile_frames_end_their_own_session_only() {
    let house = House::found().await;
    let (hostile, good) = (house.join("loc-tan").await, house.join("tan-phu").await);
    let log = bodies(&[figure(1, "2026-09", 10)]);
    let mut peaceful = house.agent(&good).await;
    peaceful.hello(1, after(&log), LogPosition::START).await;
    // Larger than any frame, small on the wire: the limit is on what it unpacks to.
    let large = [Bytes::from(vec![0; 5 * 1024 * 1024])];
    let cases = [
        (batch(1, &large), Code::OutOfRange),
        (batch(1, &vec![Bytes::from(vec![0; 1024]); 700]), Code::InvalidArgument),
        (batch(9, &log), Code::InvalidArgument),
        (batch(1, &[]), Code::InvalidArgument),
    ];
    for (frame, expected) in cases {
        let mut agent = house.agent(&hostile).await;
        assert!(is_welcome(&agent.hello(1, after(&log), LogPosition::START).await, 0));
        agent.send(frame).await;
        let code = agent.answer().await.unwrap_err().code();
        assert!(code == expected || code == Code::Internal, "{code:?} instead of {expected:?}");
    }
    // Bodies that are no changes are refused one by one, the rest goes on.
    let mixed = [Bytes::from_static(b"\xff\xff"), Bytes::new(), log[0].clone(), Bytes::from(vec![7; 100_000])];
    let mut agent = house.agent(&hostile).await;
    agent.hello(1, after(&mixed), LogPosition::START).await;
    let ack = agent.push(1, &mixed).await;
    assert!(ack.refused.iter().all(|one| one.code == "unreadable"), "{:?}", ack.refused);
    assert_eq!(house.contact("loc-tan").await.last_failure.as_deref(), Some("protocol_violation"));
    peaceful.push(1, &log).await;
    assert_eq!(house.store.observations().await.unwrap().len(), 2);
    house.stop().await;
}

#[tokio::test]
async fn the_commands_write_to_a_running_province() {
    let house = House::found().await;
    let credential = house.join("tan-phu").await;
    let log = bodies(&[figure(1, "2026-09", 10)]);
    let mut agent = house.agent(&credential).await;
    agent.hello(1, after(&log), LogPosition::START).await;
    agent.push(1, &log).await;
    let data = &house.data;
    command(data, &["exception", "tan-phu", "--period", "2026-09", "--cutoff", "2026-10-25", "--reason", "lũ"])
        .await
        .unwrap();
    command(data, &["review", "tan-phu", "CDS-17", "--period", "2026-09", "--return", "thiếu"]).await.unwrap();
    command(data, &["period", "close", "2026-01"]).await.unwrap();
    command(data, &["period", "list", "--format", "csv"]).await.unwrap();
    command(data, &["exercise", "clock", "2026-10-16T09:00:00+07:00"]).await.unwrap();
    command(data, &["invite", "tan-phu", "--format", "json"]).await.unwrap();
    for wrong in [
        &["exception", "nowhere", "--period", "2026-09", "--cutoff", "2026-10-25", "--reason", "x"][..],
        &["exception", "tan-phu", "--period", "2027-09", "--cutoff", "2026-10-25", "--reason", "x"],
        &["review", "tan-phu", "CDS-17", "--period", "2026-09", "--accept", "--version", "2"],
        &["review", "tan-phu", "XXX-17", "--period", "2026-09", "--accept"],
        &["review", "tan-phu", "CDS-17", "--period", "2026-09"],
        &["init", "--catalogue", "."],
    ] {
        assert!(command(data, wrong).await.is_err(), "{wrong:?}");
    }
    agent.send(agent_frame::Frame::FeedWanted(v1::FeedWanted { position: 1, catalogue_version: 1 })).await;
    let mut kinds = Vec::new();
    while let aggregator_frame::Frame::FeedPart(part) = agent.answer().await.unwrap() {
        kinds.push(match proto::feed::from_wire(&part).unwrap() {
            shared::feed::FeedItem::Exception { .. } => "exception",
            shared::feed::FeedItem::Verdict { .. } => "verdict",
            shared::feed::FeedItem::Closed { .. } => "closed",
            other => panic!("not asked for: {other:?}"),
        });
    }
    assert_eq!(kinds, ["exception", "verdict", "closed"]);
    house.stop().await;
}

#[tokio::test]
async fn the_catalogue_is_kept_in_files() {
    let place = tempfile::tempdir().unwrap();
    let (data, out) = (place.path().join("province"), place.path().join("out"));
    let (source, out) = (sample::catalogue_folder().to_str().unwrap(), out.to_str().unwrap());
    command(&data, &["init", "--catalogue", source]).await.unwrap();
    for mode in ["store.db", "aggregator.toml", "authority/key.pem", "server/key.pem"] {
        let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(data.join(mode)).unwrap());
        assert_eq!(mode & 0o777, 0o600);
    }
    command(&data, &["exercise", "clock", "2026-10-16T09:00:00+07:00"]).await.unwrap_err();
    command(&data, &["catalogue", "check", source]).await.unwrap();
    command(&data, &["catalogue", "export", out]).await.unwrap();
    command(&data, &["catalogue", "export", out]).await.unwrap_err();
    for name in shared::catalogue::read::FILES {
        let read = |folder: &str| std::fs::read(std::path::Path::new(folder).join(name)).unwrap();
        assert_eq!(read(out), read(source), "{name}");
    }
    command(&data, &["catalogue", "import", out]).await.unwrap();
    command(&data, &["catalogue", "adopt-standard", out, "an-loc", "25333"]).await.unwrap_err();
    command(&data, &["catalogue", "adopt-standard", out, "25333", "bao-vinh"]).await.unwrap();
    command(&data, &["catalogue", "diff", out]).await.unwrap();
    command(&data, &["catalogue", "import", out]).await.unwrap();
    let targets = std::path::Path::new(out).join("targets.csv");
    let text = std::fs::read_to_string(&targets).unwrap();
    std::fs::write(&targets, text.replacen("CDS-17", "CDS-99", 1)).unwrap();
    assert_eq!(command(&data, &["catalogue", "import", out]).await.unwrap_err(), "the catalogue has 1 faults");
    let store = crate::store::sqlite::SqliteStore::open(&data.join("store.db")).unwrap();
    let (version, catalogue) = store.catalogue().await.unwrap();
    assert_eq!(version, 2);
    assert!(catalogue.targets_of("an-loc").count() > 0 && catalogue.targets_of("bao-vinh").count() > 0);
}
