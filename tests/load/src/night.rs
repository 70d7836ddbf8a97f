//! A night: all agents wake in the same moment, and come back when they are told to; staff ask meanwhile.

use crate::{
    agent::{Outcome, Session, session},
    log::Log,
    measure::Times,
    province::Province,
};
use anyhow::Result;
use proto::{
    connect,
    query::v1::{Report, ReportRequest, query_service_client::QueryServiceClient},
    tls::{self, client_config},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::{Barrier, watch};

/// How often an agent whose connection failed tries again; the real one tries for ever.
const MAX_FAILURES: u32 = 5;
/// The pause between two questions.
const PAUSE: Duration = Duration::from_millis(20);
/// Questions of each kind before the first agent comes.
const ALONE: usize = 100;
/// Longest that an agent waits before it comes back.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// What a night was like.
#[derive(Debug, Default)]
pub struct Night {
    /// From the first connection, or with a meeting from when all were there, to the last acknowledgement.
    pub acknowledged: Duration,
    /// To the end of the last session.
    pub whole: Duration,
    /// The sessions that were done.
    pub sessions: Vec<Session>,
    /// How often an agent was told to come later.
    pub told_later: u64,
    /// How often a session failed and was tried again.
    pub failed: u64,
    /// What was said of agents that gave up.
    pub given_up: Vec<String>,
    /// Questions before the first agent came.
    pub alone: Questions,
    /// Questions while agents were at it.
    pub meanwhile: Questions,
}

/// How long questions of the staff took.
#[derive(Debug, Default)]
pub struct Questions {
    /// Why a commune stands where it does.
    pub explained: Times,
    /// The whole ranking.
    pub ranked: Times,
}

/// All agents at once, until each is done or has given up; `together`: nobody greets before all are connected.
///
/// # Errors
/// Only what keeps the night from beginning.
pub async fn night(url: &str, province: &Province, logs: Arc<Vec<Log>>, together: bool) -> Result<Night> {
    let roots = [province.authority.clone()];
    let (over, ending) = watch::channel(false);
    let (chain, key) = &province.staff;
    let staff = tls::asking(client_config(&roots, Some((chain.clone(), key.clone_key())))?);
    let ask = |turns, ending| {
        let (url, staff, commune) = (url.to_owned(), staff.clone(), logs[0].slug.clone());
        let (answer, answered) = tokio::sync::oneshot::channel();
        // A thread of this one, which does not give way as those of the agents do.
        std::thread::spawn(move || answer.send(apart(ask(url, staff, commune, turns, ending))));
        answered
    };
    let mut night = Night { alone: ask(ALONE, ending.clone()).await??, ..Night::default() };
    let asking = ask(usize::MAX, ending);
    let (told_later, failed) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let meeting = Arc::new(Barrier::new(logs.len() + 1));
    let mut began = Instant::now();
    let mut agents = tokio::task::JoinSet::new();
    for (number, (chain, key)) in province.agents.iter().enumerate() {
        let tls = client_config(&roots, Some((chain.clone(), key.clone_key())))?;
        let (url, logs, told_later, failed) = (url.to_owned(), logs.clone(), told_later.clone(), failed.clone());
        let mut meeting = together.then(|| meeting.clone());
        agents.spawn(async move {
            let mut failures = 0;
            loop {
                match session(&url, tls.clone(), &logs[number], meeting.take().as_deref()).await {
                    Ok(Outcome::Done(session)) => {
                        let end = Instant::now();
                        return Ok((session, end - (session.whole - session.acknowledged), end));
                    }
                    Ok(Outcome::Later(wait)) => {
                        told_later.fetch_add(1, Ordering::Relaxed);
                        tokio::time::sleep(wait.min(LONGEST_WAIT)).await;
                    }
                    Err(error) if failures == MAX_FAILURES => return Err(format!("{}: {error:#}", logs[number].slug)),
                    Err(_) => {
                        failures += 1;
                        failed.fetch_add(1, Ordering::Relaxed);
                        tokio::time::sleep(Duration::from_secs(1 << failures)).await;
                    }
                }
            }
        });
    }
    if together {
        meeting.wait().await;
        began = Instant::now();
    }
    while let Some(ended) = agents.join_next().await {
        match ended? {
            Ok((session, acknowledged, whole)) => {
                night.acknowledged = night.acknowledged.max(acknowledged - began);
                night.whole = night.whole.max(whole - began);
                night.sessions.push(session);
            }
            Err(words) => night.given_up.push(words),
        }
    }
    over.send_replace(true);
    night.meanwhile = asking.await??;
    (night.told_later, night.failed) = (told_later.load(Ordering::Relaxed), failed.load(Ordering::Relaxed));
    Ok(night)
}

/// On a thread of its own, as the staff sit at other computers than the agents: what it is told late by is not this program's own queue.
fn apart<T>(asking: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(asking)
}

/// A member of the staff asks, in turn and at most so often, why a commune stands where it does and for the whole ranking.
async fn ask(
    url: String,
    tls: rustls::ClientConfig,
    commune: String,
    turns: usize,
    ending: watch::Receiver<bool>,
) -> Result<Questions> {
    let mut client = QueryServiceClient::new(connect::channel(&url, tls).await?)
        .accept_compressed(tonic::codec::CompressionEncoding::Zstd)
        .max_decoding_message_size(proto::MAX_FRAME_BYTES);
    let mut questions = Questions::default();
    for _ in (0..turns).take_while(|_| !*ending.borrow()) {
        for (report, commune, times) in [
            (Report::Explain, commune.as_str(), &mut questions.explained),
            (Report::Rankings, "", &mut questions.ranked),
        ] {
            let request = ReportRequest { report: report.into(), commune: commune.into(), ..ReportRequest::default() };
            let began = Instant::now();
            let mut answer = client.report(request).await?.into_inner();
            while answer.message().await?.is_some() {}
            times.add(began.elapsed());
            tokio::time::sleep(PAUSE).await;
        }
    }
    Ok(questions)
}
