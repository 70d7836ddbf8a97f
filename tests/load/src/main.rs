//! `cargo load -- --agents 3321 --changes 100`: a night of so many agents against a real aggregator, and this machine's limits in the
//! same run. Exit codes: 0 every agent was served, 1 one was not, 2 usage.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use aggregator::store::CatalogueImport;
use anyhow::{Context, Result};
use clap::Parser;
use load::{
    catalogue::{WITH_TARGETS, catalogue},
    database::Database,
    limit,
    log::Log,
    measure::Times,
    night::{Night, Questions, night},
    province::Province,
    server::{Server, build},
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::{
    path::Path,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

/// How often the raw rows are written; the best counts.
const TURNS: usize = 3;
/// Files and sockets that neither end needs for agents.
const SPARE_FILES: u64 = 200;

#[derive(Debug, Parser)]
#[command(name = "load", about = "A night of many agents against a real aggregator; all figures are made up")]
struct Arguments {
    /// How many agents, each with a certificate of its own
    #[arg(long, default_value_t = 95, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    agents: u32,
    /// Changes that each of them sends
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    changes: u32,
    /// How many of these changes attach a file, which is sent too
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=100))]
    files: u32,
    /// Size of a file
    #[arg(long, default_value_t = 64, value_name = "KIB", value_parser = clap::value_parser!(u32).range(1..=10_240))]
    file_kib: u32,
    /// Nobody begins before all are connected: the handshakes do not count
    #[arg(long)]
    together: bool,
    /// The province's store is a PostgreSQL of the load's own, not a file
    #[arg(long)]
    postgres: bool,
    /// Without the limits of this machine
    #[arg(long)]
    no_limits: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("load: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every agent was served.
fn run(arguments: &Arguments) -> Result<bool> {
    let program = build()?;
    let [agents, changes, files] = [arguments.agents, arguments.changes, arguments.files].map(|n| n as usize);
    allow_files(agents as u64)?;
    let place = tempfile::tempdir()?;
    let (catalogue, import) = catalogue(agents);
    let log = |number| Log::new(&catalogue, number, changes, files, arguments.file_kib as usize * 1024);
    let logs: Arc<Vec<Log>> = Arc::new((0..agents).map(log).collect());
    println!(
        "Made-up figures: {agents} agents × {changes} changes, {files} files of {} KiB each; {} cores",
        arguments.file_kib,
        std::thread::available_parallelism()?
    );
    if agents > WITH_TARGETS {
        println!("The first {WITH_TARGETS} communes have targets: no catalogue may have more.");
    }
    if cfg!(debug_assertions) {
        println!("Not optimised: good for trying, not for measuring.");
    }
    // Agents are on other computers than the staff who ask.
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.on_thread_start(aggregator::apart::give_way).enable_all().build()?;
    runtime.block_on(async {
        let began = Instant::now();
        let province = Province::found(&place.path().join("province"), import.clone(), agents).await;
        println!("A province with {agents} certificates: {:.1?}", began.elapsed());
        let database = arguments.postgres.then(Database::start).transpose()?;
        if let Some(database) = &database {
            let began = Instant::now();
            database.take(&province.folder).await?;
            println!("Moved to PostgreSQL, whose processes are not counted below: {:.1?}", began.elapsed());
        }
        let limits = match arguments.no_limits {
            true => None,
            false => Some(limits(&province, (place.path(), database.as_ref()), &import, &logs).await?),
        };
        let server = Server::start(&program, province.folder.root()).await.context("the aggregator does not start")?;
        let before = (server.resident_kib(), server.processor_seconds());
        let night = night(&server.url, &province, logs.clone(), arguments.together).await?;
        tell(&night, (agents, changes), &server, before);
        if let Some((handshake, raw)) = limits {
            let writer = if arguments.postgres { "COPY" } else { "one connection" };
            println!("\nBeside what {writer} writes with nothing checked:");
            beside(&night, if arguments.together { Duration::ZERO } else { handshake }, raw, (agents * changes) as f64);
        }
        for words in night.given_up.iter().take(5) {
            println!("gave up: {words}");
        }
        Ok(night.sessions.len() == agents)
    })
}

/// The time of a handshake, and of all rows.
async fn limits(
    province: &Province,
    (place, database): (&Path, Option<&Database>),
    import: &CatalogueImport,
    logs: &[Log],
) -> Result<(Duration, Duration)> {
    let (server, client) = limit::ends(province);
    let handshake = limit::handshake(&server, &client);
    let mut rows = Duration::MAX;
    for turn in 0..TURNS {
        rows = rows.min(match database {
            Some(database) => database.rows(place, import, logs).await?,
            None => limit::rows(&place.join(format!("raw-{turn}")), import, logs).await,
        });
    }
    Ok((handshake, rows))
}

/// Room for a socket of each agent, in this process and the server's.
fn allow_files(agents: u64) -> Result<()> {
    let held = getrlimit(Resource::Nofile);
    let wanted = agents + SPARE_FILES;
    if held.current.is_some_and(|current| current < wanted) {
        let maximum = held.maximum.map_or(wanted, |maximum| maximum.max(wanted));
        setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: Some(maximum) })
            .context("the system allows too few open files for so many agents (ulimit -n)")?;
    }
    Ok(())
}

fn tell(night: &Night, (agents, changes): (usize, usize), server: &Server, before: (u64, f64)) {
    println!("\nnight            {} of {agents} agents served", night.sessions.len());
    if night.sessions.is_empty() {
        return;
    }
    let total = (night.sessions.len() * changes) as f64;
    let of = |what: fn(&load::agent::Session) -> Duration| night.sessions.iter().map(what).collect::<Times>();
    let both = |times: &Times| format!("p50 {:.1?}, p99 {:.1?}", times.percentile(50), times.percentile(99));
    let sum = |what: fn(&load::agent::Session) -> u64| night.sessions.iter().map(what).sum::<u64>() as f64;
    println!("acknowledged     all after {:.2?}; the last session ended after {:.2?}", night.acknowledged, night.whole);
    println!(
        "throughput       {:.0} changes/s, {:.0} sessions/s",
        total / night.acknowledged.as_secs_f64(),
        night.sessions.len() as f64 / night.whole.as_secs_f64()
    );
    println!("told to wait     {} times; {} sessions failed and were tried again", night.told_later, night.failed);
    println!("handshake        {}", both(&of(|session| session.handshake)));
    println!("to acknowledged  {} from the beginning of the connection", both(&of(|session| session.acknowledged)));
    println!("session          {}", both(&of(|session| session.whole)));
    for (name, of) in
        [("explain         ", (|q| &q.explained) as fn(&Questions) -> &Times), ("ranking of all  ", |q| &q.ranked)]
    {
        let (meanwhile, alone) = (of(&night.meanwhile), of(&night.alone));
        println!("{name} {} ({} questions meanwhile); {} before", both(meanwhile), meanwhile.count(), both(alone));
    }
    println!(
        "on the wire      {:.1} bytes a change with greeting and receipts; a handshake {:.0} bytes; feed, own standing and digests {:.0} bytes a session",
        sum(|s| s.changes_bytes) / total,
        sum(|s| s.handshake_bytes) / night.sessions.len() as f64,
        sum(|s| s.rest_bytes) / night.sessions.len() as f64
    );
    if sum(|s| s.evidence_bytes) > 0.0 {
        println!(
            "files            {:.1} MiB, {:.1} MiB/s",
            sum(|s| s.evidence_bytes) / 1_048_576.0,
            sum(|s| s.evidence_bytes) / 1_048_576.0 / night.whole.as_secs_f64()
        );
    }
    println!(
        "aggregator       resident {} MiB before, {} MiB after, at most {} MiB; {:.1} s of processor time",
        before.0 / 1_024,
        server.resident_kib() / 1_024,
        server.most_resident_kib() / 1_024,
        server.processor_seconds() - before.1
    );
}

/// What the machine could do at most.
fn beside(night: &Night, handshake: Duration, raw: Duration, total: f64) {
    let cores = std::thread::available_parallelism().map_or(1, usize::from) as f64;
    let rate = total / raw.as_secs_f64();
    println!(
        "raw rows         {rate:.0} changes/s; the night's throughput is {:.2} of it",
        total / night.acknowledged.as_secs_f64() / rate
    );
    let least = handshake.as_secs_f64() * night.sessions.len() as f64 / cores;
    println!("raw handshakes   {handshake:.0?} of processor time for both ends; all of them {least:.2} s on all cores");
    println!(
        "at least         {:.2} s for handshakes and rows together; the night took {:.2} times that",
        least + raw.as_secs_f64(),
        night.acknowledged.as_secs_f64() / (least + raw.as_secs_f64())
    );
}
