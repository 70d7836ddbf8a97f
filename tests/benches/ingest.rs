//! Durable ingest: 200 agents over mutual TLS on this machine, 500 changes each, against a real `province-aggregator serve`.
//!
//! `cargo bench -p system-tests --bench ingest` (build the programs first: `cargo build --release --bins`). The limit is
//! taken in the same run: one raw rusqlite connection writes the very rows that the aggregator stored (journal, observation,
//! head) into the same tables of an empty database with `synchronous=FULL`, in transactions of the same average size, with no
//! network and no checks.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, missing_docs)]

use anyhow::{Context, Result, ensure};
use proto::{
    connect,
    enrolment::v1::{JoinRequest, enrolment_service_client::EnrolmentServiceClient},
    identity, pem, position,
    sync::v1::{
        AgentFrame, Batch, Change as WireChange, Hello, agent_frame, aggregator_frame,
        sync_service_client::SyncServiceClient,
    },
    tls,
};
use rusqlite::{Connection, types::Value as Cell};
use shared::{
    catalogue::{Catalogue, Commune, CommuneKind, Kind, read, write},
    change::{Change, Deed, LogPosition},
    observation::{Observation, ObservationKey, Value},
    period::Period,
};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use uuid::Uuid;

const AGENTS: u32 = 200;
const CHANGES: u32 = 500;

fn main() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let agents: u32 = setting("AGENTS", AGENTS)?;
    let changes: u32 = setting("CHANGES", CHANGES)?;
    let catalogue = catalogue(agents)?;
    let codes: Vec<String> =
        catalogue.indicators.iter().filter(|i| i.kind == Kind::Ratio).map(|i| i.code.clone()).collect();
    let files = folder.path().join("catalogue");
    std::fs::create_dir(&files)?;
    for (name, bytes) in write::write(&catalogue) {
        std::fs::write(files.join(name), bytes)?;
    }
    let data = folder.path().join("province");
    program(&data, &["init", "--catalogue", files.to_str().context("UTF-8")?])?;
    let server = Server::start(&data)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let joined = runtime.block_on(join_all(&server.url, &data, &catalogue))?;
    let logs: Vec<Vec<WireChange>> = (0..agents).map(|agent| changes_of(agent, changes, &codes)).collect();

    let start = Instant::now();
    let handshakes = runtime.block_on(send_all(&server.url, joined, logs))?;
    let ingest = start.elapsed();
    let memory = server.peak_memory_kib();
    let commits = server.stop()?;

    let total = agents * changes;
    let rows = rows(&data.join("store.db"))?;
    let stored: usize = rows.tables.iter().map(|table| table.rows.len()).sum();
    ensure!(rows.tables.iter().any(|t| t.rows.len() == total as usize), "not all {total} changes are stored");
    let group = (total / commits.max(1)).max(1);
    let raw = raw(&rows, &folder.path().join("raw.db"), group as usize)?;
    let rate = |time: Duration| f64::from(total) / time.as_secs_f64();
    println!("{agents} agents x {changes} changes = {total} changes ({stored} rows in 3 tables), {commits} commits");
    println!("handshakes (TLS 1.3, both certificates)   {:>10.1} a second, all agents at once", handshakes);
    println!("durable ingest over mutual TLS           {:>10.0} changes a second   {ingest:.2?}", rate(ingest));
    println!("limit: raw rusqlite, {group} changes a commit {:>10.0} changes a second   {raw:.2?}", rate(raw));
    println!("ratio                                    {:>10.2}", raw.as_secs_f64() / ingest.as_secs_f64());
    println!("peak memory of the aggregator            {:>10.1} MiB", memory as f64 / 1024.0);
    Ok(())
}

fn setting(name: &str, default: u32) -> Result<u32> {
    std::env::var(name).map_or(Ok(default), |text| text.parse().with_context(|| format!("{name}={text}")))
}

/// The project's catalogue with generated communes in place of its own, each with the standard targets.
fn catalogue(communes: u32) -> Result<Catalogue> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/catalogue/dong-nai-2026");
    let mut files = BTreeMap::new();
    for name in read::FILES {
        files.insert(name.to_string(), std::fs::read(folder.join(name))?);
    }
    let mut catalogue = read::read(&files).map_err(|faults| anyhow::anyhow!("{faults:?}"))?;
    catalogue.targets.clear();
    catalogue.tasks.clear();
    catalogue.units.clear();
    catalogue.communes = (0..communes)
        .map(|c| Commune {
            slug: format!("xa-{c}"),
            code: format!("{:05}", 10_000 + c),
            name: format!("Xã {c}"),
            kind: CommuneKind::Xa,
            cycle: None,
            units_cutoff: None,
            cutoff: None,
            report: None,
            note: String::new(),
        })
        .collect();
    for c in 0..communes {
        catalogue.adopt_standard(&format!("xa-{c}")).map_err(|e| anyhow::anyhow!("{e:?}"))?;
    }
    Ok(catalogue)
}

fn binary() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let found = own.ancestors().map(|folder| folder.join("province-aggregator")).find(|path| path.is_file());
    found.context("build the programs first: cargo build --release --bins")
}

fn program(data: &Path, args: &[&str]) -> Result<String> {
    let output = Command::new(binary()?).arg("--data").arg(data).args(args).output()?;
    ensure!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

/// A running aggregator whose log tells its commits.
struct Server {
    child: Child,
    url: String,
    log: PathBuf,
}

impl Server {
    fn start(data: &Path) -> Result<Self> {
        let (out, log) = (data.join("serve.out"), data.join("serve.log"));
        let child = Command::new(binary()?)
            .arg("--data")
            .arg(data)
            .args(["serve", "--listen", "127.0.0.1:0"])
            .env("TIENDO_LOG", "warn,aggregator::ingest::writer=debug")
            .stdout(Stdio::from(std::fs::File::create(&out)?))
            .stderr(Stdio::from(std::fs::File::create(&log)?))
            .spawn()?;
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            if let Some(line) = std::fs::read_to_string(&out)?.lines().next() {
                let url = line.strip_prefix("listening on ").context("no address")?.to_owned();
                return Ok(Self { child, url, log });
            }
            ensure!(Instant::now() < deadline, "{}", std::fs::read_to_string(&log)?);
            std::thread::yield_now();
        }
    }

    fn peak_memory_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak.and_then(|text| text.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
    }

    /// Ends it and counts its commits of changes.
    fn stop(mut self) -> Result<u32> {
        Command::new("kill").arg(self.child.id().to_string()).status()?;
        self.child.wait()?;
        let log = std::fs::read_to_string(&self.log)?;
        Ok(u32::try_from(log.lines().filter(|line| line.contains("committed")).count())?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

type Client = rustls::ClientConfig;

async fn join_all(url: &str, data: &Path, catalogue: &Catalogue) -> Result<Vec<Client>> {
    let mut clients = Vec::new();
    for commune in &catalogue.communes {
        let invitation: serde_json::Value =
            serde_json::from_str(&program(data, &["invite", &commune.slug, "--format", "json"])?)?;
        let text = |key: &str| invitation[key].as_str().context("an invitation").map(str::to_owned);
        let fingerprint = text("authority")?.parse()?;
        let channel = connect::channel(url, tls::pinned_client_config(fingerprint)?).await?;
        let request = identity::signing_request()?;
        let response = EnrolmentServiceClient::new(channel)
            .join(JoinRequest {
                token: text("token")?,
                signing_request: request.request_der.to_vec(),
                build: "bench".into(),
            })
            .await?
            .into_inner();
        let chain: Vec<_> = response.certificates.into_iter().map(Into::into).collect();
        let root = chain.last().cloned().context("a chain")?;
        let key = pem::key_from_pem(&request.key_pem).map_err(anyhow::Error::msg)?;
        clients.push(tls::client_config(&[root], Some((chain, key)))?);
    }
    Ok(clients)
}

/// An agent's log: ratios of many indicators and months, encoded as a real agent does.
fn changes_of(agent: u32, changes: u32, codes: &[String]) -> Vec<WireChange> {
    (0..changes)
        .map(|n| {
            let code = &codes[n as usize % codes.len()];
            let month = n / u32::try_from(codes.len()).unwrap() % 12 + 1;
            let mut id = [0u8; 10];
            id[..4].copy_from_slice(&agent.to_be_bytes());
            id[4..8].copy_from_slice(&n.to_be_bytes());
            let change = Change {
                id: Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, 1_790_000_000 + u64::from(n), agent)),
                entered_at: "2026-10-10T01:02:03Z".parse().unwrap(),
                entered_by: "Nguyễn Văn A".into(),
                deed: Deed::Recorded(Observation {
                    key: ObservationKey {
                        indicator: code.clone(),
                        unit: String::new(),
                        period: Period::new(2026, shared::period::Cycle::Monthly, month).unwrap(),
                    },
                    value: Value::Ratio { numerator: (n % 997).into(), denominator: 1_000.into() },
                    note: String::new(),
                }),
            };
            WireChange { body: proto::change::encode(&change).into() }
        })
        .collect()
}

/// All agents at once. Answers the handshakes a second.
async fn send_all(url: &str, clients: Vec<Client>, logs: Vec<Vec<WireChange>>) -> Result<f64> {
    let start = Instant::now();
    let mut tasks = Vec::new();
    let agents = clients.len();
    for (client, log) in clients.into_iter().zip(logs) {
        let url = url.to_owned();
        tasks.push(tokio::spawn(async move { send(&url, client, log, start).await }));
    }
    let mut last = Duration::ZERO;
    for task in tasks {
        last = last.max(task.await??);
    }
    Ok(agents as f64 / last.as_secs_f64())
}

/// One agent's session up to the last acknowledgement. Answers when its handshake was done.
async fn send(url: &str, client: Client, log: Vec<WireChange>, start: Instant) -> Result<Duration> {
    let channel = connect::channel(url, client).await?;
    let shaken = start.elapsed();
    let mut client = SyncServiceClient::new(channel)
        .send_compressed(tonic::codec::CompressionEncoding::Zstd)
        .accept_compressed(tonic::codec::CompressionEncoding::Zstd);
    let (frames, outgoing) = tokio::sync::mpsc::channel(8);
    let head = log.iter().fold(LogPosition::START, |position, change| position.then(&change.body));
    let say = |frame| AgentFrame { frame: Some(frame) };
    let hello = Hello {
        protocol_min: proto::PROTOCOL_MIN,
        protocol_max: proto::PROTOCOL_MAX,
        build: "bench".into(),
        province: "dong-nai".into(),
        incarnation: log[0].body[..16].to_vec(),
        head: Some(position::to_wire(head)),
        acknowledged: Some(position::to_wire(LogPosition::START)),
        clock_unix_ms: 0,
    };
    frames.send(say(agent_frame::Frame::Hello(hello))).await?;
    let mut answers = client.session(tokio_stream::wrappers::ReceiverStream::new(outgoing)).await?.into_inner();
    let mut log = log.into_iter();
    let mut first_seq = 1;
    while let Some(answer) = answers.message().await? {
        match answer.frame.context("a frame")? {
            aggregator_frame::Frame::Welcome(_) => {}
            aggregator_frame::Frame::Acknowledgement(ack) => {
                ensure!(ack.refused.is_empty(), "{:?}", ack.refused.first());
                if ack.position.is_some_and(|position| position.seq == head.seq) {
                    return Ok(shaken);
                }
            }
            other => anyhow::bail!("{other:?}"),
        }
        let changes: Vec<WireChange> = log.by_ref().take(2_000).collect();
        let next = first_seq + changes.len() as u64;
        if !changes.is_empty() {
            frames.send(say(agent_frame::Frame::Batch(Batch { first_seq, changes }))).await?;
            first_seq = next;
        }
    }
    anyhow::bail!("the session ended early")
}

/// Tables with their schema and rows, as stored.
struct Stored {
    tables: Vec<Table>,
}

struct Table {
    schema: String,
    insert: String,
    rows: Vec<Vec<Cell>>,
}

fn rows(path: &Path) -> Result<Stored> {
    let db = Connection::open(path)?;
    let mut tables = Vec::new();
    for name in ["journal", "observation", "head"] {
        let schema = db.query_row("SELECT sql FROM sqlite_master WHERE name = ?1", [name], |row| row.get(0))?;
        // In the order they came, as far as the table tells.
        let order = if name == "journal" { "received_at, log, seq" } else { "1" };
        let mut statement = db.prepare(&format!("SELECT * FROM {name} ORDER BY {order}"))?;
        let columns = statement.column_count();
        let read = |row: &rusqlite::Row<'_>| (0..columns).map(|c| row.get(c)).collect::<rusqlite::Result<Vec<Cell>>>();
        let rows = statement.query_map([], read)?.collect::<rusqlite::Result<_>>()?;
        let places = vec!["?"; columns].join(",");
        tables.push(Table { schema, insert: format!("INSERT OR REPLACE INTO {name} VALUES ({places})"), rows });
    }
    Ok(Stored { tables })
}

/// Writes the rows with nothing around it.
fn raw(stored: &Stored, path: &Path, group: usize) -> Result<Duration> {
    let db = Connection::open(path)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    for table in &stored.tables {
        db.execute_batch(&table.schema)?;
    }
    let total = stored.tables.iter().map(|table| table.rows.len()).max().unwrap_or(0);
    let start = Instant::now();
    let mut done = 0;
    while done < total {
        let end = (done + group).min(total);
        db.execute_batch("BEGIN IMMEDIATE")?;
        for table in &stored.tables {
            let mut insert = db.prepare_cached(&table.insert)?;
            // Heads are fewer than changes: as many as communes, spread over the transactions.
            let (from, to) = (done * table.rows.len() / total, end * table.rows.len() / total);
            for row in &table.rows[from..to] {
                insert.execute(rusqlite::params_from_iter(row))?;
            }
        }
        db.execute_batch("COMMIT")?;
        done = end;
    }
    Ok(start.elapsed())
}
