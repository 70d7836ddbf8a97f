//! Both ends together over the loopback interface: who gets in, who is refused, and what a stranger can hold up.

use crate::{
    accept::{self, Handshake, Limits, PeerCertificates},
    authority::{Authority, Credential},
    connect::{self, ConnectError},
    enrolment::v1::{
        ChallengeRequest, ChallengeResponse, JoinRequest, JoinResponse, RenewAbsentRequest, RenewRequest,
        RenewResponse,
        enrolment_service_client::EnrolmentServiceClient,
        enrolment_service_server::{EnrolmentService, EnrolmentServiceServer},
    },
    identity::Identity,
    tls::{self, Fingerprint},
};
use arc_swap::ArcSwap;
use rustls::{ClientConfig, ServerConfig, pki_types::CertificateDer};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::Handle,
    task::JoinHandle,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_stream::StreamExt;
use tonic::{Request, Response, Status};

const COMMUNE: &str = "urn:tiendo:dong-nai:commune:dinh-quan";

/// Answers with whom it sees.
struct Mirror;

#[tonic::async_trait]
impl EnrolmentService for Mirror {
    async fn join(&self, request: Request<JoinRequest>) -> Result<Response<JoinResponse>, Status> {
        let peer = request.extensions().get::<PeerCertificates>().ok_or_else(|| Status::internal("no peer"))?;
        let commune = peer.identity().map_or_else(ToString::to_string, Identity::to_uri);
        let certificates = peer.leaf().map(|leaf| leaf.to_vec()).into_iter().collect();
        Ok(Response::new(JoinResponse { commune, certificates, ..JoinResponse::default() }))
    }

    async fn renew(&self, _: Request<RenewRequest>) -> Result<Response<RenewResponse>, Status> {
        Err(Status::unimplemented("a mirror"))
    }

    async fn challenge(&self, _: Request<ChallengeRequest>) -> Result<Response<ChallengeResponse>, Status> {
        Err(Status::unimplemented("a mirror"))
    }

    async fn renew_absent(&self, _: Request<RenewAbsentRequest>) -> Result<Response<RenewResponse>, Status> {
        Err(Status::unimplemented("a mirror"))
    }
}

struct Running {
    address: SocketAddr,
    config: Arc<ArcSwap<ServerConfig>>,
    serving: JoinHandle<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn settings((chain, key): Credential, clients: &Authority) -> ServerConfig {
    tls::server_config(chain, key, &[clients.root()]).unwrap()
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

fn unobserved() -> accept::Observer {
    Arc::new(|_| {})
}

async fn serve(config: ServerConfig, limits: Limits) -> Running {
    let (listener, address) = listen().await;
    let config = Arc::new(ArcSwap::from_pointee(config));
    let incoming = accept::incoming(listener, Arc::clone(&config), limits, unobserved());
    let serving = tokio::spawn(async move {
        accept::server().serve_with_incoming(EnrolmentServiceServer::new(Mirror), incoming).await.unwrap();
    });
    Running { address, config, serving }
}

async fn serve_for(authority: &Authority) -> Running {
    serve(settings(authority.server(&["localhost", "127.0.0.1"]), authority), Limits::default()).await
}

impl Running {
    async fn ask(&self, tls: ClientConfig) -> Result<JoinResponse, ConnectError> {
        let channel = connect::channel(&format!("https://localhost:{}", self.address.port()), tls).await?;
        let answer = EnrolmentServiceClient::new(channel).join(JoinRequest::default()).await;
        Ok(answer.expect("connected, so it answers").into_inner())
    }
}

fn trusting(authority: &Authority, credential: Option<Credential>) -> ClientConfig {
    tls::client_config(&[authority.root()], credential).unwrap()
}

async fn shake_hands(address: SocketAddr, tls: ClientConfig) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    TlsConnector::from(Arc::new(tls)).connect("localhost".try_into().unwrap(), stream).await
}

#[tokio::test]
async fn a_commune_is_known_by_its_certificate() {
    let authority = Authority::new();
    let server = serve_for(&authority).await;
    let credential = authority.client(&[COMMUNE]);
    let leaf = credential.0[0].to_vec();
    let answer = server.ask(trusting(&authority, Some(credential))).await.unwrap();
    assert_eq!((answer.commune.as_str(), answer.certificates), (COMMUNE, vec![leaf]));
    let staff = authority.client(&["urn:tiendo:dong-nai:staff:an"]);
    let answer = server.ask(trusting(&authority, Some(staff))).await.unwrap();
    assert_eq!(answer.commune, "urn:tiendo:dong-nai:staff:an");
}

#[tokio::test]
async fn a_client_without_certificate_gets_in_as_nobody() {
    let authority = Authority::new();
    let server = serve_for(&authority).await;
    let answer = server.ask(trusting(&authority, None)).await.unwrap();
    assert_eq!((answer.commune.as_str(), answer.certificates.len()), ("no client certificate", 0));
    let nameless = server.ask(trusting(&authority, Some(authority.client(&[])))).await.unwrap();
    assert_eq!(nameless.commune, "certificate with 0 uri names, not one");
}

#[tokio::test]
async fn a_foreign_and_an_expired_client_certificate_are_refused_when_connecting() {
    let (authority, foreign) = (Authority::new(), Authority::new());
    let server = serve_for(&authority).await;
    for credential in [foreign.client(&[COMMUNE]), authority.expired_client(COMMUNE), authority.server(&["localhost"])]
    {
        let error = server.ask(trusting(&authority, Some(credential))).await.unwrap_err();
        assert!(matches!(error, ConnectError::CertificateRefused(_)) && error.is_permanent(), "{error}");
    }
    server.ask(trusting(&authority, None)).await.unwrap();
}

#[tokio::test]
async fn a_server_of_another_authority_or_name_is_not_trusted() {
    let (authority, foreign) = (Authority::new(), Authority::new());
    let server = serve_for(&authority).await;
    let elsewhere = serve(settings(authority.server(&["example.org"]), &authority), Limits::default()).await;
    let client = serve(settings(authority.client(&[COMMUNE]), &authority), Limits::default()).await;
    for error in [
        server.ask(trusting(&foreign, None)).await.unwrap_err(),
        elsewhere.ask(trusting(&authority, None)).await.unwrap_err(),
        client.ask(trusting(&authority, None)).await.unwrap_err(),
    ] {
        assert!(matches!(error, ConnectError::ServerNotTrusted(_)) && error.is_permanent(), "{error}");
    }
}

#[tokio::test]
async fn a_pinned_authority_is_trusted_and_no_other() {
    let (authority, foreign) = (Authority::new(), Authority::new());
    let pinned = |certificate: &CertificateDer<'_>| tls::pinned_client_config(Fingerprint::of(certificate)).unwrap();
    let server = serve_for(&authority).await;
    server.ask(pinned(&authority.root())).await.unwrap();

    // A foreign leaf under the pinned authority's certificate, which anyone can have copied.
    let (mut chain, key) = foreign.server(&["localhost"]);
    chain[1] = authority.root();
    let copied = serve(settings((chain, key), &foreign), Limits::default()).await;
    // The right authority, another name.
    let elsewhere = serve(settings(authority.server(&["example.org"]), &authority), Limits::default()).await;
    // No authority at the end of the chain, though the leaf itself is named.
    let (chain, key) = authority.server(&["localhost"]);
    let leaf = chain[0].clone();
    let alone = serve(settings((chain[..1].to_vec(), key), &authority), Limits::default()).await;
    for error in [
        server.ask(pinned(&foreign.root())).await.unwrap_err(),
        copied.ask(pinned(&authority.root())).await.unwrap_err(),
        elsewhere.ask(pinned(&authority.root())).await.unwrap_err(),
        alone.ask(pinned(&authority.root())).await.unwrap_err(),
        alone.ask(pinned(&leaf)).await.unwrap_err(),
    ] {
        assert!(matches!(error, ConnectError::ServerNotTrusted(_)), "{error}");
    }
}

#[tokio::test]
async fn roots_and_certificates_are_swapped_without_a_restart() {
    let (old, new) = (Authority::new(), Authority::new());
    let server = serve_for(&old).await;
    server.ask(trusting(&old, Some(old.client(&[COMMUNE])))).await.unwrap();
    server.config.store(Arc::new(settings(new.server(&["localhost"]), &new)));
    assert!(server.ask(trusting(&old, None)).await.is_err());
    let refused = server.ask(trusting(&new, Some(old.client(&[COMMUNE])))).await.unwrap_err();
    assert!(matches!(refused, ConnectError::CertificateRefused(_)), "{refused}");
    server.ask(trusting(&new, Some(new.client(&[COMMUNE])))).await.unwrap();
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let authority = Authority::new();
    let (listener, address) = listen().await;
    drop(listener);
    let error = connect::channel(&format!("https://{address}"), trusting(&authority, None)).await.unwrap_err();
    assert!(matches!(error, ConnectError::Unreachable(_)) && !error.is_permanent(), "{error}");
    assert!(matches!(connect::channel("http://x", trusting(&authority, None)).await, Err(ConnectError::Url(_))));
}

#[tokio::test]
async fn something_that_is_no_tls_server_is_unreachable() {
    let authority = Authority::new();
    let (listener, address) = listen().await;
    let plain = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
    });
    let error = connect::channel(&format!("https://{address}"), trusting(&authority, None)).await.unwrap_err();
    assert!(matches!(error, ConnectError::Unreachable(_)), "{error}");
    plain.await.unwrap();
}

#[tokio::test]
async fn silent_and_garbled_clients_hold_nobody_up() {
    let authority = Authority::new();
    let limits = Limits { handshakes: 8, ..Limits::default() };
    let server = serve(settings(authority.server(&["localhost"]), &authority), limits).await;
    let mut silent = Vec::new();
    for _ in 0..limits.handshakes - 1 {
        silent.push(TcpStream::connect(server.address).await.unwrap());
    }
    server.ask(trusting(&authority, None)).await.unwrap();
    let mut garbled = silent.pop().unwrap();
    garbled.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    garbled.read_to_end(&mut Vec::new()).await.unwrap();
    server.ask(trusting(&authority, None)).await.unwrap();
}

#[tokio::test]
async fn silent_clients_lose_their_place_before_and_after_the_handshake() {
    let authority = Authority::new();
    let limits = Limits {
        handshake: Duration::from_millis(100),
        waiting: 1,
        handshakes: 1,
        connections: 2,
        ..Limits::default()
    };
    let server = serve(settings(authority.server(&["localhost"]), &authority), limits).await;
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    let mut byte = [0; 1];
    // It ends with the connection closed, in whichever way: the wait is for that alone.
    let _ = silent.read(&mut byte).await;
    let mut idle = shake_hands(server.address, trusting(&authority, None)).await.unwrap();
    idle.write_all(b"PRI * HTTP/2.0").await.unwrap();
    let _ = idle.read_to_end(&mut Vec::new()).await;
    server.ask(trusting(&authority, None)).await.unwrap();
}

#[tokio::test]
async fn who_never_ends_the_greeting_holds_up_nobody_who_does() {
    let authority = Authority::new();
    // None of them times out within the test.
    let limits = Limits { handshake: Duration::from_secs(600), handshakes: 1, ..Limits::default() };
    let server = serve(settings(authority.server(&["localhost"]), &authority), limits).await;
    let mut idle = Vec::new();
    for number in 0..60 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        // Nothing at all, or the beginning of a record that is to hold a greeting.
        stream.write_all(&[0x16, 3, 1, 2, 0, 1][..number % 7]).await.unwrap();
        idle.push(stream);
    }
    server.ask(trusting(&authority, Some(authority.client(&[COMMUNE])))).await.unwrap();
    drop(idle);
}

#[tokio::test]
async fn connections_above_the_bound_wait_for_a_place() {
    let authority = Authority::new();
    let elsewhere = serve_for(&authority).await;
    let (listener, address) = listen().await;
    let config = settings(authority.server(&["localhost"]), &authority);
    let limits = Limits { connections: 1, ..Limits::default() };
    let mut incoming = accept::incoming(listener, Arc::new(ArcSwap::from_pointee(config)), limits, unobserved());
    let _first_client = shake_hands(address, trusting(&authority, None)).await.unwrap();
    let first = incoming.next().await.unwrap().unwrap();
    let second_client = tokio::spawn(shake_hands(address, trusting(&authority, None)));
    let second = tokio::spawn(async move { incoming.next().await.unwrap().unwrap() });
    // Whole conversations elsewhere: time enough for the second to get in if nothing held it.
    for _ in 0..5 {
        elsewhere.ask(trusting(&authority, None)).await.unwrap();
    }
    assert!(!second_client.is_finished() && !second.is_finished());
    drop(first);
    second.await.unwrap();
    second_client.await.unwrap().unwrap();
}

#[tokio::test]
async fn who_has_waited_too_long_for_a_place_goes_and_the_next_one_is_taken_up() {
    let authority = Authority::new();
    let (listener, address) = listen().await;
    let config = Arc::new(ArcSwap::from_pointee(settings(authority.server(&["localhost"]), &authority)));
    let limits = Limits { connections: 1, place: Duration::from_millis(100), ..Limits::default() };
    let (told, mut telling) = tokio::sync::mpsc::unbounded_channel();
    let observer: accept::Observer = Arc::new(move |how| told.send(how).unwrap());
    let mut incoming = accept::incoming(listener, config, limits, observer);
    let _first_client = shake_hands(address, trusting(&authority, None)).await.unwrap();
    let first = incoming.next().await.unwrap().unwrap();
    // Two wait, and both have waited too long when their turn comes.
    let waiting = [(); 2].map(|()| tokio::spawn(shake_hands(address, trusting(&authority, None))));
    for one in waiting {
        assert!(one.await.unwrap().is_err());
    }
    drop(first);
    let _second_client = shake_hands(address, trusting(&authority, None)).await.unwrap();
    incoming.next().await.unwrap().unwrap();
    let mut heard = Vec::new();
    while let Ok(how) = telling.try_recv() {
        heard.push(how);
    }
    assert_eq!(heard, [Handshake::Done, Handshake::TimedOut, Handshake::TimedOut, Handshake::Done]);
}

#[tokio::test]
async fn who_asks_is_heard_however_many_wait_for_the_sessions() {
    let authority = Authority::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let config = Arc::new(ArcSwap::from_pointee(settings(authority.server(&["localhost"]), &authority)));
    let limits = Limits { waiting: 3, handshakes: 1, connections: 1, ..Limits::default() };
    let (told, mut telling) = tokio::sync::mpsc::unbounded_channel();
    let observer: accept::Observer = Arc::new(move |how| told.send(how).unwrap());
    let divided = accept::divided(listener, config.clone(), limits, observer, &Handle::current()).unwrap();
    let serving = tokio::spawn(async move {
        accept::server().serve_with_incoming(EnrolmentServiceServer::new(Mirror), divided.asking).await.unwrap();
    });
    let server = Running { address, config, serving };
    // Nobody serves the sessions: one has the place, one is next, one waits, and whoever comes then is closed.
    let commune = || trusting(&authority, Some(authority.client(&[COMMUNE])));
    let _first = shake_hands(address, commune()).await.unwrap();
    let mut crowd: tokio::task::JoinSet<_> = (0..8).map(|_| shake_hands(address, commune())).collect();
    let mut closed = 0;
    while closed < 6 {
        closed += usize::from(telling.recv().await.unwrap() == Handshake::Failed);
    }
    let staff = trusting(&authority, Some(authority.client(&["urn:tiendo:dong-nai:staff:an"])));
    assert!(server.ask(tls::asking(staff)).await.unwrap().commune.ends_with(":staff:an"));
    for _ in 0..6 {
        assert!(crowd.join_next().await.unwrap().unwrap().is_err());
    }
    assert!(crowd.try_join_next().is_none(), "two wait");
}

#[tokio::test]
async fn the_end_of_the_stream_frees_the_port() {
    let authority = Authority::new();
    let (listener, address) = listen().await;
    let config = settings(authority.server(&["localhost"]), &authority);
    let incoming = accept::incoming(listener, Arc::new(ArcSwap::from_pointee(config)), Limits::default(), unobserved());
    let mut waiting = TcpStream::connect(address).await.unwrap();
    drop(incoming);
    let _ = waiting.read_to_end(&mut Vec::new()).await;
    TcpListener::bind(address).await.unwrap();
}

#[tokio::test]
async fn a_stranger_cannot_keep_a_connection_and_a_commune_can() {
    let authority = Authority::new();
    let limits = Limits { stranger: Duration::from_millis(200), connections: 2, ..Limits::default() };
    let server = serve(settings(authority.server(&["localhost"]), &authority), limits).await;
    let known = shake_hands(server.address, trusting(&authority, Some(authority.client(&[COMMUNE])))).await.unwrap();
    let mut stranger = shake_hands(server.address, trusting(&authority, None)).await.unwrap();
    // The opening and empty settings: from here on the keepalive of HTTP/2 would keep it open.
    stranger.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    // Ends when the server ends it; a reset is an end too.
    let _ = stranger.read_to_end(&mut Vec::new()).await;
    // Its place is free again, and the other's is not.
    server.ask(trusting(&authority, Some(authority.client(&[COMMUNE])))).await.unwrap();
    drop(known);
}

#[tokio::test]
async fn strangers_leave_room_for_communes() {
    let authority = Authority::new();
    let limits = Limits { strangers: 1, connections: 3, ..Limits::default() };
    let server = serve(settings(authority.server(&["localhost"]), &authority), limits).await;
    let open = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    let mut first = shake_hands(server.address, trusting(&authority, None)).await.unwrap();
    first.write_all(open).await.unwrap();
    // Whoever has a place is told the server's settings.
    first.read_exact(&mut [0; 9]).await.unwrap();
    let mut second = shake_hands(server.address, trusting(&authority, None)).await.unwrap();
    // May be gone already.
    let _ = second.write_all(open).await;
    let mut told = Vec::new();
    let _ = second.read_to_end(&mut told).await;
    assert_eq!(told, b"", "closed without a word");
    server.ask(trusting(&authority, Some(authority.client(&[COMMUNE])))).await.unwrap();
    drop(first);
}

#[tokio::test]
async fn staff_who_ask_do_not_wait_for_the_sessions_and_nobody_else_gets_ahead_by_their_word() {
    let authority = Authority::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let config = Arc::new(ArcSwap::from_pointee(settings(authority.server(&["localhost"]), &authority)));
    // Nothing goes on there before its thread does.
    let sessions = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let apart = Handle::current();
    let divided = {
        let _within = sessions.enter();
        accept::divided(listener, config.clone(), Limits::default(), unobserved(), &apart).unwrap()
    };
    let answer = async |incoming| {
        accept::server().serve_with_incoming(EnrolmentServiceServer::new(Mirror), incoming).await.unwrap();
    };
    let serving = tokio::spawn(answer(divided.asking));
    sessions.spawn(answer(divided.sessions));
    let server = Running { address, config, serving };

    let staff = || trusting(&authority, Some(authority.client(&["urn:tiendo:dong-nai:staff:an"])));
    let commune = || trusting(&authority, Some(authority.client(&[COMMUNE])));
    assert!(server.ask(tls::asking(staff())).await.unwrap().commune.ends_with(":staff:an"));
    for other in [commune(), trusting(&authority, None)] {
        let error = server.ask(tls::asking(other)).await.unwrap_err();
        assert!(matches!(error, ConnectError::Unreachable(_)), "closed: {error}");
    }
    // With or without a certificate of the staff: who does not say that it asks comes with the sessions.
    let waiting = async { tokio::join!(server.ask(commune()), server.ask(staff())) };
    tokio::pin!(waiting);
    tokio::select! {
        biased;
        answered = &mut waiting => panic!("{answered:?}"),
        asked = server.ask(tls::asking(staff())) => drop(asked.unwrap()),
    }
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let thread = std::thread::spawn(move || sessions.block_on(ended));
    let (first, second) = waiting.await;
    assert_eq!(first.unwrap().commune, COMMUNE);
    second.unwrap();
    end.send(()).unwrap();
    thread.join().unwrap().unwrap();
}
