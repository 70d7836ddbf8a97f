//! One session over gRPC: carries the frames between the [`Exchange`] and the province, with a limit on every wait.

use super::{
    address::{self, Last},
    credential,
    exchange::{Exchange, Surroundings, Tally},
    line::{self, Sizes},
    machine::Stage,
    outcome::{End, Outcome},
    renew, trust,
};
use crate::{
    clock::Clock,
    config::Config,
    folder::Folder,
    lock::Lock,
    store::{Store, StoreError, meta::Belonging, runs::Run},
};
use proto::{
    MAX_FRAME_BYTES,
    connect::ConnectError,
    sync::v1::{AgentFrame, AggregatorFrame, agent_frame, sync_service_client::SyncServiceClient},
};
use rand::{SeedableRng, rngs::StdRng};
use std::{future::Future, time::Duration};
use tokio::{sync::mpsc, time::timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status, Streaming, codec::CompressionEncoding, transport::Channel};

/// Longest wait for a frame, and for room to send one.
const FRAME_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest wait for a part of the feed: the province first brings its standings up to date with what all communes sent.
const FEED_TIMEOUT: Duration = Duration::from_secs(2 * 60);
/// Longest session; what is left goes out in the next one.
const SESSION_TIMEOUT: Duration = Duration::from_secs(10 * 60);
/// How long the province has to end the stream after the last frame.
const FAREWELL_TIMEOUT: Duration = Duration::from_secs(2);
/// Longest pause after a piece of evidence: the province ends a session that is silent for a minute.
const LONGEST_PAUSE: Duration = Duration::from_secs(45);
/// Frames that wait to be sent.
const MAX_WAITING_FRAMES: usize = 4;

/// What a session did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// How it ended.
    pub outcome: Outcome,
    /// What it moved.
    pub tally: Tally,
}

/// Holds one session and remembers it in the store. `wait` says how long the caller will wait after a failure.
///
/// # Errors
/// Only when the session cannot be remembered; everything else is an outcome.
pub async fn hold(
    alone: &Lock,
    folder: &Folder,
    config: &Config,
    store: &mut Store,
    clock: &Clock,
    wait: impl FnOnce(&Outcome, &Tally) -> Option<Duration>,
) -> Result<Report, StoreError> {
    hold_telling(alone, folder, config, store, clock, &|_| {}, wait).await
}

/// As [`hold`]; `tell` is told what is moved, while it is.
///
/// # Errors
/// As [`hold`].
pub async fn hold_telling(
    _alone: &Lock,
    folder: &Folder,
    config: &Config,
    store: &mut Store,
    clock: &Clock,
    tell: &dyn Fn(Tally),
    wait: impl FnOnce(&Outcome, &Tally) -> Option<Duration>,
) -> Result<Report, StoreError> {
    let started_at = clock.now();
    let mut tally = Tally::default();
    let talk = timeout(SESSION_TIMEOUT, talk(folder, config, store, clock, &mut tally, tell));
    let mut outcome = talk.await.unwrap_or_else(|_| Outcome::of(End::TimedOut, "the session took too long"));
    outcome.end = concluded(store, outcome.end, &tally)?;
    let run = Run {
        started_at,
        ended_at: clock.now(),
        outcome: outcome.end.as_str().into(),
        detail: outcome.detail.clone(),
        sent: tally.sent,
        acknowledged: tally.acknowledged,
        refused: tally.refused,
        skew_ms: tally.skew_ms,
        wait: wait(&outcome, &tally),
    };
    store.write(|writing| writing.add_run(&run))?;
    tracing::info!(
        outcome = outcome.end.as_str(),
        detail = outcome.detail,
        sent = tally.sent,
        acknowledged = tally.acknowledged,
        refused = tally.refused,
        received = tally.received,
        taken_back = tally.taken_back,
        healed = tally.healed,
        evidence_bytes = tally.evidence_bytes,
        "session ended"
    );
    Ok(Report { outcome, tally })
}

/// Remembers what an end says of the line and of the server; what it means where it came. A server that has taken the figures has not
/// failed when the line breaks after that: what it holds of a file is there, and the next session goes on with it.
fn concluded(store: &mut Store, end: End, tally: &Tally) -> Result<End, StoreError> {
    line::learn(store, end, tally)?;
    let end = ended_at(tally.stage, end);
    note_server(store, end)?;
    Ok(end)
}

/// Remembers whether the server that this session was with is worth trying first the next time.
fn note_server(store: &mut Store, end: End) -> Result<(), StoreError> {
    let failed = matches!(end, End::Unreachable | End::TimedOut | End::RetryLater);
    match store.view().last_server()? {
        Some(last) if last.failed != failed => store.write(|writing| writing.set_last_server(&Last { failed, ..last })),
        _ => Ok(()),
    }
}

/// What an end means where it came: after the figures' part of a session, that part stands when the line breaks. Everything else is
/// what it is: a person may have to do something.
fn ended_at(stage: Stage, end: End) -> End {
    match (stage, end) {
        (Stage::Comparing, End::Unreachable | End::TimedOut | End::RetryLater) => End::NotCompared,
        (Stage::Uploading, End::Unreachable | End::TimedOut | End::RetryLater) => End::EvidencePending,
        _ => end,
    }
}

async fn talk(
    folder: &Folder,
    config: &Config,
    store: &mut Store,
    clock: &Clock,
    tally: &mut Tally,
    tell: &dyn Fn(Tally),
) -> Outcome {
    match converse(folder, config, store, clock, tally, tell).await {
        Ok(outcome) | Err(outcome) => outcome,
    }
}

async fn converse(
    folder: &Folder,
    config: &Config,
    store: &mut Store,
    clock: &Clock,
    tally: &mut Tally,
    tell: &dyn Fn(Tally),
) -> Result<Outcome, Outcome> {
    let in_store = |error: StoreError| Outcome::of(End::Store, error.to_string());
    let belonging = store.view().belonging().map_err(in_store)?.ok_or_else(|| in_store(StoreError::NotJoined))?;
    let channel = connected(folder, config, store, &belonging, clock).await?;
    let mut client = SyncServiceClient::new(channel)
        .max_decoding_message_size(MAX_FRAME_BYTES)
        .send_compressed(CompressionEncoding::Zstd)
        .accept_compressed(CompressionEncoding::Zstd);
    let authorities = credential::authorities(folder)
        .map_err(|error| Outcome::of(End::IdentityRefused, format!("authorities: {error}")))?;
    let mut random = StdRng::from_os_rng();
    let most = Sizes::of(store.view().line_divisor().map_err(in_store)?, most_chunk_bytes(config));
    let around = Surroundings { folder, clock, authorities, most, random: &mut random };
    let (mut exchange, first) = Exchange::begin(store, around).map_err(in_store)?;
    let (outgoing, frames) = mpsc::channel(MAX_WAITING_FRAMES);
    say(&outgoing, first).await;
    let call = within(FRAME_TIMEOUT, client.session(ReceiverStream::new(frames))).await?;
    let mut incoming = call.map_err(|status| failed(&status))?.into_inner();
    while exchange.outcome().is_none() {
        match within(frame_limit(&exchange), incoming.message()).await?.map_err(|status| failed(&status))? {
            Some(frame) => {
                trust::learn(folder, &frame);
                let answers = exchange.take(frame);
                *tally = exchange.tally();
                tell(*tally);
                let pause = pause(config, &answers);
                within(FRAME_TIMEOUT, say(&outgoing, answers)).await?;
                tokio::time::sleep(pause).await;
            }
            None => exchange.closed(),
        }
    }
    let outcome = exchange.outcome().cloned().unwrap_or_else(Outcome::done);
    drop(outgoing);
    farewell(&mut incoming).await;
    Ok(outcome)
}

/// Connects to the first of the province's servers that answers.
async fn connected(
    folder: &Folder,
    config: &Config,
    store: &mut Store,
    belonging: &Belonging,
    clock: &Clock,
) -> Result<Channel, Outcome> {
    let in_store = |error: StoreError| Outcome::of(End::Store, error.to_string());
    let servers = config.servers(belonging);
    let last = store.view().last_server().map_err(in_store)?;
    let mut worst: Option<Outcome> = None;
    for server in address::order(&servers, &belonging.commune, last.as_ref()) {
        match renew::channel(folder, server, belonging, clock.now()).await {
            Ok(channel) => {
                let used = Last { server: server.to_owned(), failed: false };
                if servers.len() > 1 && last.as_ref().is_none_or(|last| last.server != used.server) {
                    tracing::info!(server, "the session is with another of the province's servers");
                    store.write(|writing| writing.set_last_server(&used)).map_err(in_store)?;
                }
                return Ok(channel);
            }
            Err(outcome) => {
                if servers.len() > 1 {
                    tracing::warn!(
                        server,
                        end = outcome.end.as_str(),
                        detail = outcome.detail,
                        "no session with this server"
                    );
                }
                // What a person has to see to goes before what passes by itself.
                let passes = |outcome: &Outcome| matches!(outcome.end, End::Unreachable | End::TimedOut);
                if worst.as_ref().is_none_or(passes) {
                    worst = Some(outcome);
                }
            }
        }
    }
    Err(worst.unwrap_or_else(|| Outcome::of(End::Unreachable, "no address of the province is known")))
}

/// Largest piece of evidence: on a thin line one that takes less than the longest pause.
fn most_chunk_bytes(config: &Config) -> usize {
    let most = config
        .evidence_kib_per_second
        .map_or(u64::MAX, |kib| u64::from(kib.get()) * 1024 * LONGEST_PAUSE.as_secs() / 2);
    usize::try_from(most).unwrap_or(usize::MAX)
}

/// How long to wait after these frames, so that evidence leaves room on a thin line.
fn pause(config: &Config, frames: &[AgentFrame]) -> Duration {
    let Some(kib_per_second) = config.evidence_kib_per_second else { return Duration::ZERO };
    let bytes: usize = frames
        .iter()
        .map(|frame| match &frame.frame {
            Some(agent_frame::Frame::EvidenceChunk(chunk)) => chunk.data.len(),
            _ => 0,
        })
        .sum();
    let wait_ms = bytes as u64 * 1000 / (u64::from(kib_per_second.get()) * 1024);
    Duration::from_millis(wait_ms).min(LONGEST_PAUSE)
}

fn frame_limit(exchange: &Exchange<'_>) -> Duration {
    if exchange.waits_for_feed() { FEED_TIMEOUT } else { FRAME_TIMEOUT }
}

async fn within<T>(limit: Duration, wait: impl Future<Output = T>) -> Result<T, Outcome> {
    timeout(limit, wait).await.map_err(|_| Outcome::of(End::TimedOut, format!("nothing within {} s", limit.as_secs())))
}

async fn say(outgoing: &mpsc::Sender<AgentFrame>, frames: Vec<AgentFrame>) {
    for frame in frames {
        // A closed channel means a broken stream; its error comes with the next frame.
        if outgoing.send(frame).await.is_err() {
            return;
        }
    }
}

async fn farewell(incoming: &mut Streaming<AggregatorFrame>) {
    // Only so that the stream ends in order; nothing depends on it.
    let _ = timeout(FAREWELL_TIMEOUT, incoming.message()).await;
}

pub(super) fn not_connected(error: &ConnectError) -> Outcome {
    let end = match error {
        ConnectError::Unreachable(_) | ConnectError::Url(_) => End::Unreachable,
        ConnectError::ServerNotTrusted(_) => End::NotTrusted,
        ConnectError::CertificateRefused(_) => End::IdentityRefused,
    };
    Outcome::of(end, error.to_string())
}

pub(super) fn failed(status: &Status) -> Outcome {
    if let Some(error) = ConnectError::within(status) {
        return not_connected(&error);
    }
    let end = match status.code() {
        Code::Unauthenticated | Code::PermissionDenied => End::IdentityRefused,
        Code::ResourceExhausted => End::RetryLater,
        Code::Unavailable | Code::Cancelled | Code::Aborted | Code::Unknown => End::Unreachable,
        Code::DeadlineExceeded => End::TimedOut,
        _ => End::Protocol,
    };
    let message: String = status.message().chars().take(200).collect();
    Outcome::of(end, format!("{}: {message}", status.code()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Home;

    #[test]
    fn a_broken_line_after_the_figures_is_no_failure_of_theirs_and_the_rest_is_what_it_is() {
        for end in End::ALL {
            let broken = matches!(end, End::Unreachable | End::TimedOut | End::RetryLater);
            assert_eq!(ended_at(Stage::Delivering, end), end);
            assert_eq!(ended_at(Stage::Comparing, end), if broken { End::NotCompared } else { end });
            assert_eq!(ended_at(Stage::Uploading, end), if broken { End::EvidencePending } else { end });
        }
    }

    #[test]
    fn who_is_cut_off_while_a_file_is_on_its_way_comes_back_to_the_same_server() {
        let mut home = Home::joined();
        let met = Last { server: "https://a:1".into(), failed: false };
        for (stage, failed) in [(Stage::Uploading, false), (Stage::Comparing, false), (Stage::Delivering, true)] {
            home.store.write(|writing| writing.set_last_server(&met)).unwrap();
            let tally = Tally { stage, ..Tally::default() };
            let end = concluded(&mut home.store, End::Unreachable, &tally).unwrap();
            assert_eq!(end == End::Unreachable, failed, "{end:?}");
            assert_eq!(home.store.view().last_server().unwrap(), Some(Last { failed, ..met.clone() }));
        }
    }
}
