//! Durable ingest over mutual TLS against one raw connection that writes the same rows, in one run.
//!
//! `cargo bench -p aggregator --bench ingest [-- AGENTS CHANGES [night]]`. The server is the whole one: TLS 1.3 with client
//! certificates, zstd, the session machine, the entry rules, the group commit, the standings. The raw connection has no
//! network and makes no checks; it writes prepared rows into the same tables in transactions of [`MAX_GROUP_CHANGES`].
//!
//! With `night` the server is a process of its own, agents connect when they like and come back when they are told to, and its
//! largest resident memory is printed.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use aggregator::{
    authority::{Authority, CommuneRequest},
    clock::{Clock, SystemClock},
    config::{Config, Pages},
    enrol::{random, record_of},
    folder::Folder,
    ingest::{NoStandings, writer::MAX_GROUP_CHANGES},
    keyring::issue_server,
    province::Province,
    serve::{Followers, Server, open_store},
    standing::Live,
    store::{Act, CatalogueImport, Founding, Store, sqlite::SqliteStore},
};
use chrono::{DateTime, Utc};
use prost::bytes::Bytes;
use proto::{
    connect,
    identity::{Identity, signing_request},
    pem, position,
    sync::v1::{self, AgentFrame, agent_frame, aggregator_frame, sync_service_client::SyncServiceClient},
    tls::client_config,
};
use rusqlite::{Connection, TransactionBehavior, params};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use shared::{
    amount::Amount,
    catalogue::{Catalogue, Commune, Kind, kind_asked, read, write},
    change::{Change, Deed, LogPosition},
    observation::{Observation, ObservationKey, Value},
    period::{Cycle, Period},
};
use std::{
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::{Barrier, mpsc, oneshot};
use tokio_stream::wrappers::ReceiverStream;
use tonic::codec::CompressionEncoding;
use uuid::Uuid;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [word, data] = &words[..]
        && word == "serve-night"
    {
        return night::serve(Path::new(data));
    }
    let mut numbers = words.iter().filter_map(|word| word.parse::<usize>().ok());
    let (agents, changes) = (numbers.next().unwrap_or(200), numbers.next().unwrap_or(500));
    let place = tempfile::tempdir().unwrap();
    let (catalogue, import) = catalogue(agents);
    let logs: Vec<Log> = (0..agents).map(|number| log(&catalogue, number, changes)).collect();
    if words.iter().any(|word| word == "night") {
        return night::run(&place.path().join("night"), &import, &logs);
    }
    let bytes: usize = logs.iter().flat_map(|log| &log.bodies).map(Bytes::len).sum();
    println!("{agents} agents × {changes} changes, {} bytes a change", bytes / (agents * changes));
    let total = (agents * changes) as f64;
    let rate = |took: Duration| total / took.as_secs_f64();

    let raw: Vec<f64> =
        (0..3).map(|turn| rate(raw(&place.path().join(format!("raw-{turn}")), &import, &logs))).collect();
    let best = |rates: &[f64]| rates.iter().copied().fold(0.0, f64::max);
    println!("raw    {raw:.0?} changes/s");
    for (name, follow) in [("served", true), ("served, no standings", false)] {
        let turn = |turn| {
            let (connected, took) = serve(&place.path().join(format!("{name}-{turn}")), &import, &logs, follow);
            println!("{name}: all connected after {connected:.0?}, all acknowledged {took:.0?} later");
            rate(took)
        };
        let served: Vec<f64> = (0..3).map(turn).collect();
        println!("{name} {served:.0?} changes/s, ratio of the best {:.2}", best(&served) / best(&raw));
    }
}

/// One agent's log.
struct Log {
    slug: String,
    changes: Vec<Change>,
    bodies: Vec<Bytes>,
}

/// The real catalogue with as many communes as there are agents, each with the standard targets.
fn catalogue(agents: usize) -> (Catalogue, CatalogueImport) {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/catalogue/dong-nai-2026"));
    let files = read::FILES.into_iter().map(|name| (name.to_owned(), fs::read(folder.join(name)).unwrap())).collect();
    let mut catalogue = read::read(&files).unwrap();
    let model = catalogue.communes[0].clone();
    for number in 0..agents {
        let (slug, code) = (format!("xa-{number}"), format!("{:05}", 60_000 + number));
        catalogue.communes.push(Commune { slug: slug.clone(), code, name: format!("Xã {number}"), ..model.clone() });
        // A catalogue of all targets of a nation would be larger than the limit of one file.
        if number < 1_000 {
            catalogue.adopt_standard(&slug).unwrap();
        }
    }
    let (fingerprint, plan_year) = (hex::encode(catalogue.fingerprint()), catalogue.province.plan_year);
    let import = CatalogueImport { files: write::write(&catalogue), fingerprint, plan_year };
    (catalogue, import)
}

fn log(catalogue: &Catalogue, agent: usize, changes: usize) -> Log {
    let slug = format!("xa-{agent}");
    let entered_at = DateTime::<Utc>::from_timestamp_millis(1_792_000_000_000).unwrap();
    let changes = (0..changes).map(|number| {
        let indicator = &catalogue.indicators[number % catalogue.indicators.len()];
        let goal =
            catalogue.targets_of(&slug).find(|target| target.indicator == indicator.code).map(|target| target.goal);
        let amount = |number: usize| Amount::from(u32::try_from(number).unwrap());
        let value = match goal.map_or(indicator.kind, |goal| kind_asked(indicator.kind, goal)) {
            Kind::Ratio => Value::Ratio { numerator: amount(number), denominator: amount(10_000) },
            Kind::Count => Value::Count(number as u64),
            Kind::Decimal => Value::Decimal(amount(number)),
            Kind::Flag => Value::Flag(number % 2 == 0),
        };
        let month = u32::try_from(number / catalogue.indicators.len() % 10 + 1).unwrap();
        let period = Period::new(catalogue.province.plan_year, Cycle::Monthly, month).unwrap();
        let key = ObservationKey { indicator: indicator.code.clone(), unit: String::new(), period };
        let id = Uuid::new_v7(uuid::Timestamp::from_unix(
            uuid::NoContext,
            1_792_000_000,
            u32::try_from(number).unwrap() * 1_000_000,
        ));
        let deed = Deed::Recorded(Observation { key, value, note: String::new() });
        Change { id, entered_at, entered_by: "Nguyễn Văn Bình".into(), deed }
    });
    let changes: Vec<Change> = changes.collect();
    let bodies = changes.iter().map(|change| proto::change::encode(change).into()).collect();
    Log { slug, changes, bodies }
}

fn founding() -> Founding {
    Founding { province: "dong-nai".into(), exercise: true, clock_offset_ms: 0 }
}

fn act() -> Act {
    Act::of("bench", SystemClock.now())
}

/// The same rows by one connection, nothing else.
fn raw(path: &Path, import: &CatalogueImport, logs: &[Log]) -> Duration {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    drop(runtime.block_on(SqliteStore::create(path, founding(), import.clone(), act())).unwrap());
    let mut connection = Connection::open(path).unwrap();
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    connection.pragma_update(None, "synchronous", "FULL").unwrap();
    connection.pragma_update(None, "cache_size", -65_536).unwrap();
    connection.pragma_update(None, "wal_autocheckpoint", 4_000).unwrap();
    let chains: Vec<Vec<[u8; 32]>> = logs.iter().map(chains).collect();
    let at = SystemClock.now().timestamp_millis();
    let started = Instant::now();
    let per_transaction = (MAX_GROUP_CHANGES / logs[0].bodies.len()).max(1);
    let numbered: Vec<(usize, &Log)> = logs.iter().enumerate().collect();
    for group in numbered.chunks(per_transaction) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
        {
            let mut journal =
                transaction.prepare_cached("INSERT INTO journal VALUES (?1, ?2, ?3, ?4, ?5, NULL)").unwrap();
            let sql = "INSERT INTO observation VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
            let mut observation = transaction.prepare_cached(sql).unwrap();
            let mut head = transaction.prepare_cached("INSERT INTO head VALUES (?1, ?2, ?3, ?4, ?5)").unwrap();
            for (number, log) in group {
                let commune = *number as i64 + 1_000;
                for (place, ((change, body), chain)) in
                    log.changes.iter().zip(&log.bodies).zip(&chains[*number]).enumerate()
                {
                    let seq = place as i64 + 1;
                    journal.execute(params![commune, seq, &body[..], chain, at]).unwrap();
                    let Deed::Recorded(figure) = &change.deed else { continue };
                    let (indicator, month) = (place as i64 % 80 + 1, place as i64 / 80 % 10 + 518_657);
                    let version = place as i64 / 800 + 1;
                    let (id, note, by) = (change.id.as_bytes(), figure.note.as_str(), change.entered_by.as_str());
                    observation
                        .execute(params![
                            commune,
                            indicator,
                            0,
                            month,
                            version,
                            id,
                            0,
                            seq * 1_000_000,
                            10_000_000_000i64,
                            note,
                            by,
                            at,
                            at,
                            seq
                        ])
                        .unwrap();
                }
                head.execute(params![commune, commune, log.bodies.len() as i64, chains[*number].last(), at]).unwrap();
            }
        }
        transaction.commit().unwrap();
    }
    started.elapsed()
}

fn chains(log: &Log) -> Vec<[u8; 32]> {
    let next = |position: &mut LogPosition, body: &Bytes| {
        *position = position.then(body);
        Some(position.chain.0)
    };
    log.bodies.iter().scan(LogPosition::START, next).collect()
}

type Credential = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// The whole server and all agents on this machine: how long until all are connected, and from then until all are acknowledged.
fn serve(data: &Path, import: &CatalogueImport, logs: &[Log], follow: bool) -> (Duration, Duration) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (folder, authority, credentials) = found(data, import, logs).await;
        let (url, stop, serving) = start(folder, follow).await;

        let began = Instant::now();
        let barrier = Arc::new(Barrier::new(logs.len() + 1));
        let agents: Vec<_> = logs
            .iter()
            .zip(credentials)
            .map(|(log, credential)| {
                let bodies = log.bodies.clone();
                let roots = [authority.certificate().clone()];
                tokio::spawn(agent(
                    url.clone(),
                    client_config(&roots, Some(credential)).unwrap(),
                    bodies,
                    barrier.clone(),
                ))
            })
            .collect();
        barrier.wait().await;
        let connected = began.elapsed();
        for agent in agents {
            agent.await.unwrap();
        }
        let took = began.elapsed() - connected;
        stop.send(()).unwrap();
        serving.await.unwrap().unwrap();
        (connected, took)
    })
}

/// A province with a certificate for each agent.
async fn found(data: &Path, import: &CatalogueImport, logs: &[Log]) -> (Folder, Authority, Vec<Credential>) {
    let clock = SystemClock;
    let now = clock.now();
    let folder = Folder::prepare(data, "bench").unwrap();
    let (authority, key) = Authority::make("dong-nai", random(), now).unwrap();
    pem::write_key(&folder.authority_key(), &key).unwrap();
    pem::write_certificates(&folder.authority_certificate(), &[authority.certificate().clone()]).unwrap();
    issue_server(&folder, &Config::default().hosts, &authority, &clock).unwrap();
    let store = SqliteStore::create(&folder.store(), founding(), import.clone(), act()).await.unwrap();
    let mut credentials = Vec::new();
    for log in logs {
        credentials.push(credential(&store, &authority, &log.slug, now).await);
    }
    (folder, authority, credentials)
}

type Running = (String, oneshot::Sender<()>, tokio::task::JoinHandle<Result<(), aggregator::serve::ServeError>>);

async fn start(folder: Folder, follow: bool) -> Running {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let config = Config {
        listen: ([127, 0, 0, 1], 0).into(),
        pages: Pages { enabled: false, ..Pages::default() },
        ..Config::default()
    };
    let store = open_store(&folder).await.unwrap();
    let province = Arc::new(Province::load(store.clone(), clock.clone()).await.unwrap());
    let times = province.clock.clone();
    let live = Live::start(store, Arc::new(move || times.now())).await.unwrap();
    let followers = match follow {
        true => Followers::new(Arc::new(live)),
        false => Followers { standings: Arc::new(NoStandings), live: None, reminding: None },
    };
    let server = Server::bind(folder, config, clock, shared::language::Language::Vi).await.unwrap();
    let url = server.url();
    let (stop, stopped) = oneshot::channel::<()>();
    (url, stop, tokio::spawn(server.run(province, followers, async { drop(stopped.await) })))
}

async fn credential(store: &SqliteStore, authority: &Authority, slug: &str, now: DateTime<Utc>) -> Credential {
    let identity = Identity::commune("dong-nai", slug).unwrap();
    let made = signing_request().unwrap();
    let request = CommuneRequest::read(&made.request_der).unwrap();
    let issued = authority.issue_commune(&identity, &request, random(), now).unwrap();
    store.add_certificate(record_of(&issued, &identity, now), act()).await.unwrap();
    (vec![issued.certificate], pem::key_from_pem(&made.key_pem).unwrap())
}

/// One agent's session up to its last acknowledgement.
async fn agent(url: String, tls: rustls::ClientConfig, bodies: Vec<Bytes>, barrier: Arc<Barrier>) {
    let wait = session(&url, tls, &bodies, Some(barrier)).await;
    assert_eq!(wait, None, "there is no place for all agents");
}

/// One session; how long the agent was told to wait where there was no place for it.
async fn session(
    url: &str,
    tls: rustls::ClientConfig,
    bodies: &[Bytes],
    barrier: Option<Arc<Barrier>>,
) -> Option<Duration> {
    let channel = connect::channel(url, tls).await.unwrap();
    let mut client = SyncServiceClient::new(channel)
        .send_compressed(CompressionEncoding::Zstd)
        .accept_compressed(CompressionEncoding::Zstd);
    let (frames, outbound) = mpsc::channel(4);
    let mut answers = client.session(ReceiverStream::new(outbound)).await.unwrap().into_inner();
    // A real agent keeps its chain in its log.
    let head = bodies.iter().fold(LogPosition::START, |position, body| position.then(body));
    if let Some(barrier) = barrier {
        barrier.wait().await;
    }
    let send = async |frame| frames.send(AgentFrame { frame: Some(frame) }).await.unwrap();
    send(agent_frame::Frame::Hello(v1::Hello {
        protocol_min: 1,
        protocol_max: 2,
        build: "bench".into(),
        province: "dong-nai".into(),
        incarnation: vec![1; 16],
        head: Some(position::to_wire(head)),
        acknowledged: Some(position::to_wire(LogPosition::START)),
        clock_unix_ms: 0,
        ..v1::Hello::default()
    }))
    .await;
    let welcome = answers.message().await.unwrap().unwrap();
    match welcome.frame {
        Some(aggregator_frame::Frame::Welcome(_)) => {}
        Some(aggregator_frame::Frame::TurnedAway(away)) if away.verdict() == v1::Verdict::RetryLater => {
            return Some(Duration::from_millis(away.retry_after_ms));
        }
        other => panic!("{other:?}"),
    }
    let mut first_seq = 1;
    for batch in bodies.chunks(500) {
        let changes = batch.iter().map(|body| v1::Change { body: body.clone() }).collect();
        send(agent_frame::Frame::Batch(v1::Batch { first_seq, changes, ..v1::Batch::default() })).await;
        first_seq += batch.len() as u64;
        let answer = answers.message().await.unwrap().unwrap();
        let Some(aggregator_frame::Frame::Acknowledgement(ack)) = answer.frame else { panic!("{answer:?}") };
        assert!(ack.refused.is_empty(), "{:?}", ack.refused[0]);
        assert!(ack.receipt.is_some(), "receipts are on");
    }
    None
}

/// All agents of a nation wake in the same minute; the server is a process of its own.
mod night {
    use super::{CatalogueImport, Duration, Instant, Log, Path, client_config, found, fs, session, start};
    use aggregator::folder::Folder;
    use std::{
        io::{BufRead, BufReader},
        process::{Command, Stdio},
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
    };

    /// The server's process: says where it listens and runs until its input ends.
    pub fn serve(data: &Path) {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (url, stop, serving) = start(Folder::open(data).unwrap(), true).await;
            println!("{url}");
            tokio::task::spawn_blocking(|| std::io::read_to_string(std::io::stdin())).await.unwrap().unwrap();
            stop.send(()).unwrap();
            serving.await.unwrap().unwrap();
        });
    }

    /// The agents, and what the server's process took.
    pub fn run(data: &Path, import: &CatalogueImport, logs: &[Log]) {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let (folder, authority, credentials) = runtime.block_on(found(data, import, logs));
        let folder = folder.settle(data).unwrap();
        let mut server = Command::new(std::env::current_exe().unwrap())
            .args(["serve-night".as_ref(), folder.root().as_os_str()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut url).unwrap();
        let before = memory_kib(server.id(), "VmRSS");
        let began = Instant::now();
        let told = Arc::new(AtomicUsize::new(0));
        runtime.block_on(async {
            let agents: Vec<_> = logs
                .iter()
                .zip(credentials)
                .map(|(log, credential)| {
                    let roots = [authority.certificate().clone()];
                    let tls = client_config(&roots, Some(credential)).unwrap();
                    let (url, bodies, told) = (url.trim().to_owned(), log.bodies.clone(), told.clone());
                    tokio::spawn(async move {
                        while let Some(wait) = session(&url, tls.clone(), &bodies, None).await {
                            told.fetch_add(1, Ordering::Relaxed);
                            tokio::time::sleep(wait.min(Duration::from_secs(60))).await;
                        }
                    })
                })
                .collect();
            for agent in agents {
                agent.await.unwrap();
            }
        });
        let took = began.elapsed();
        let changes: usize = logs.iter().map(|log| log.bodies.len()).sum();
        println!("night: {} agents, {changes} changes, all acknowledged after {took:.1?}", logs.len());
        println!("night: {} times an agent was told to come later", told.load(Ordering::Relaxed));
        println!("night: server resident {before} KiB before, at most {} KiB", memory_kib(server.id(), "VmHWM"));
        drop(server.stdin.take());
        server.wait().unwrap();
    }

    fn memory_kib(process: u32, field: &str) -> usize {
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        let line = status.lines().find(|line| line.starts_with(field)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}
