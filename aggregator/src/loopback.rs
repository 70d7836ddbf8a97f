//! The whole server on a loopback port against a fake agent that speaks the protocol through the proto crate. Tests only.

mod commands;
mod database;
mod healing;
mod servers;
mod sessions;

use crate::{
    authority::Authority,
    cli::{Cli, run},
    clock::{Clock, SystemClock},
    config::{Config, Pages},
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
        let config = Config {
            listen: ([127, 0, 0, 1], 0).into(),
            pages: Pages { enabled: false, ..Pages::default() },
            max_sessions: 8,
            ..Config::read(&folder.config()).unwrap()
        };
        let authority = load_authority(&folder).unwrap();
        let store = open_store(&folder).await.unwrap();
        let province = Arc::new(Province::load(store.clone(), Arc::new(SystemClock)).await.unwrap());
        let server = Server::bind(folder, config, Arc::new(SystemClock), shared::language::Language::Vi).await.unwrap();
        let url = server.url();
        let (stop, stopped) = oneshot::channel();
        let followers = Followers { standings: Arc::new(NoStandings), live: None, reminding: None };
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
        self.store.add_invitation(invitation, Act::of("an", now)).await.unwrap();
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

    /// An agent that can heal.
    async fn healing_agent(&self, credential: &Credential) -> Agent {
        Agent { protocol: 2, ..self.agent(credential).await }
    }

    async fn contact(&self, commune: &str) -> Contact {
        let contacts = self.store.contacts().await.unwrap();
        contacts.into_iter().find(|contact| contact.commune == commune).unwrap()
    }
}

/// The agent's end of one session.
pub(crate) struct Agent {
    pub(crate) protocol: u32,
    frames: mpsc::Sender<AgentFrame>,
    answers: Streaming<AggregatorFrame>,
}

impl Agent {
    pub(crate) async fn connect(channel: Channel) -> Result<Self, Status> {
        let mut client = SyncServiceClient::new(channel)
            .send_compressed(tonic::codec::CompressionEncoding::Zstd)
            .accept_compressed(tonic::codec::CompressionEncoding::Zstd)
            .max_encoding_message_size(64 * 1024 * 1024);
        let (frames, outbound) = mpsc::channel(16);
        let answers = client.session(ReceiverStream::new(outbound)).await?.into_inner();
        Ok(Self { protocol: 1, frames, answers })
    }

    pub(crate) async fn send(&self, frame: agent_frame::Frame) {
        self.frames.send(AgentFrame { frame: Some(frame) }).await.unwrap();
    }

    pub(crate) async fn answer(&mut self) -> Result<aggregator_frame::Frame, Status> {
        match self.answers.message().await? {
            Some(frame) => Ok(frame.frame.unwrap()),
            None => Err(Status::ok("the end")),
        }
    }

    pub(crate) async fn hello(
        &mut self,
        incarnation: u8,
        head: LogPosition,
        acknowledged: LogPosition,
    ) -> aggregator_frame::Frame {
        let hello = v1::Hello {
            protocol_min: 1,
            protocol_max: self.protocol,
            build: "test 1".into(),
            province: "dong-nai".into(),
            incarnation: vec![incarnation; 16],
            head: Some(position::to_wire(head)),
            acknowledged: Some(position::to_wire(acknowledged)),
            clock_unix_ms: 60_000,
            authorities: vec![vec![9; 32]],
        };
        self.send(agent_frame::Frame::Hello(hello)).await;
        self.answer().await.unwrap()
    }

    pub(crate) async fn push(&mut self, first_seq: u64, bodies: &[Bytes]) -> v1::Acknowledgement {
        self.send(batch(first_seq, bodies)).await;
        match self.answer().await.unwrap() {
            aggregator_frame::Frame::Acknowledgement(ack) => ack,
            other => panic!("not acknowledged: {other:?}"),
        }
    }
}

fn batch(first_seq: u64, bodies: &[Bytes]) -> agent_frame::Frame {
    let changes = bodies.iter().map(|body| v1::Change { body: body.clone() }).collect();
    agent_frame::Frame::Batch(v1::Batch { first_seq, changes, ..v1::Batch::default() })
}

pub(crate) fn bodies(changes: &[Change]) -> Vec<Bytes> {
    changes.iter().map(|change| proto::change::encode(change).into()).collect()
}

pub(crate) fn after(bodies: &[Bytes]) -> LogPosition {
    bodies.iter().fold(LogPosition::START, |position, body| position.then(body))
}

pub(crate) fn is_welcome(frame: &aggregator_frame::Frame, seq: u64) -> bool {
    matches!(frame, aggregator_frame::Frame::Welcome(welcome) if welcome.position.as_ref().unwrap().seq == seq)
}
