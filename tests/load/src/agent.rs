//! One agent's session, frame for frame as the real one's: greeting, batches with receipts, the feed, the digests, files.

use crate::{log::Log, measure::Traffic, province::PROVINCE};
use anyhow::{Context, Result, bail, ensure};
use proto::{
    connect, digest, position,
    sync::v1::{self, AgentFrame, AggregatorFrame, agent_frame::Frame, aggregator_frame::Frame as Answer},
};
use rustls::ClientConfig;
use sha2::{Digest, Sha256};
use shared::change::LogPosition;
use std::time::{Duration, Instant};
use tokio::{
    sync::{Barrier, mpsc},
    time::timeout,
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Streaming, codec::CompressionEncoding};

/// Changes of a batch, where the province takes as many.
const MAX_BATCH_CHANGES: usize = 500;
/// The version of the catalogue that every agent of the load holds: the one that the province was founded with.
const CATALOGUE_VERSION: u64 = 1;

/// Longest that connected agents wait for the others.
const LONGEST_MEETING: Duration = Duration::from_secs(120);

/// What a session took.
#[derive(Debug, Clone, Copy)]
pub struct Session {
    /// Until TLS and the server's first bytes were there.
    pub handshake: Duration,
    /// From the first connection's beginning to the last acknowledgement.
    pub acknowledged: Duration,
    /// The same to the end.
    pub whole: Duration,
    /// Bytes in both directions until TLS and the server's first bytes were there.
    pub handshake_bytes: u64,
    /// From then to the last acknowledgement: greeting, changes, receipts.
    pub changes_bytes: u64,
    /// From then to the end, files not counted: feed, own standing, digests.
    pub rest_bytes: u64,
    /// Bytes of files sent.
    pub evidence_bytes: u64,
}

/// How a session went.
#[derive(Debug)]
pub enum Outcome {
    /// Everything is with the province, and both ends hold the same.
    Done(Session),
    /// There was no place: come back after this time.
    Later(Duration),
}

/// One session from connecting to the end. With a meeting it waits, once connected, until everybody is there.
///
/// # Errors
/// Whatever a real agent would call a failure.
pub async fn session(url: &str, tls: ClientConfig, log: &Log, meeting: Option<&Barrier>) -> Result<Outcome> {
    let (began, traffic) = (Instant::now(), Traffic::default());
    let counted = traffic.clone();
    let channel = connect::channel_over(url, tls, move |stream| counted.over(stream)).await?;
    let (handshake, handshake_bytes) = (began.elapsed(), traffic.bytes());
    let mut client = v1::sync_service_client::SyncServiceClient::new(channel)
        .send_compressed(CompressionEncoding::Zstd)
        .accept_compressed(CompressionEncoding::Zstd);
    if let Some(meeting) = meeting {
        timeout(LONGEST_MEETING, meeting.wait()).await.context("not all agents could connect")?;
    }
    let (frames, outbound) = mpsc::channel(4);
    frames.send(hello(log)).await?;
    let mut line = Line { frames, answers: client.session(ReceiverStream::new(outbound)).await?.into_inner() };
    match line.next().await? {
        Answer::Welcome(_) => {}
        Answer::TurnedAway(away) if away.verdict() == v1::Verdict::RetryLater => {
            return Ok(Outcome::Later(Duration::from_millis(away.retry_after_ms)));
        }
        other => bail!("not welcome: {other:?}"),
    }
    line.send_changes(log).await?;
    let (acknowledged, changes_bytes) = (began.elapsed(), traffic.bytes() - handshake_bytes);
    line.take_feed().await?;
    line.compare(log).await?;
    let rest_bytes = traffic.bytes() - handshake_bytes - changes_bytes;
    let evidence_bytes = line.send_files(log).await?;
    let whole = began.elapsed();
    Ok(Outcome::Done(Session {
        handshake,
        acknowledged,
        whole,
        handshake_bytes,
        changes_bytes,
        rest_bytes,
        evidence_bytes,
    }))
}

fn frame(frame: Frame) -> AgentFrame {
    AgentFrame { frame: Some(frame) }
}

fn hello(log: &Log) -> AgentFrame {
    frame(Frame::Hello(v1::Hello {
        protocol_min: 1,
        protocol_max: 2,
        build: "load".into(),
        province: PROVINCE.into(),
        incarnation: vec![1; 16],
        head: Some(position::to_wire(log.head())),
        acknowledged: Some(position::to_wire(LogPosition::START)),
        clock_unix_ms: 0,
        authorities: Vec::new(),
    }))
}

/// A session that is open.
struct Line {
    frames: mpsc::Sender<AgentFrame>,
    answers: Streaming<AggregatorFrame>,
}

impl Line {
    async fn next(&mut self) -> Result<Answer> {
        let answer = self.answers.message().await?.context("the province ended the session")?;
        answer.frame.context("an empty frame")
    }

    async fn send_changes(&mut self, log: &Log) -> Result<()> {
        let mut first_seq = 1;
        for batch in log.bodies.chunks(MAX_BATCH_CHANGES) {
            let changes = batch.iter().map(|body| v1::Change { body: body.clone() }).collect();
            self.frames.send(frame(Frame::Batch(v1::Batch { first_seq, changes, ..v1::Batch::default() }))).await?;
            first_seq += batch.len() as u64;
            let Answer::Acknowledgement(answer) = self.next().await? else { bail!("no acknowledgement") };
            ensure!(answer.refused.is_empty(), "refused: {:?}", answer.refused[0]);
            ensure!(answer.receipt.is_some(), "no receipt");
            ensure!(answer.position.is_some_and(|held| held.seq == first_seq - 1), "not all of the batch is held");
        }
        Ok(())
    }

    async fn take_feed(&mut self) -> Result<()> {
        let wanted = v1::FeedWanted { position: 0, catalogue_version: CATALOGUE_VERSION };
        self.frames.send(frame(Frame::FeedWanted(wanted))).await?;
        let (mut parts, mut hasher) = (0, Sha256::new());
        loop {
            match self.next().await? {
                Answer::FeedPart(part) => {
                    hasher.update((part.item.len() as u64).to_be_bytes());
                    hasher.update(&part.item);
                    parts += 1;
                }
                Answer::FeedEnd(end) => {
                    ensure!(end.parts == parts && end.sha256 == hasher.finalize()[..], "the feed is not whole");
                    return Ok(());
                }
                other => bail!("not the feed: {other:?}"),
            }
        }
    }

    async fn compare(&mut self, log: &Log) -> Result<()> {
        self.frames.send(frame(Frame::Digests(digest::to_wire(&log.digests())))).await?;
        let Answer::DigestReport(report) = self.next().await? else { bail!("no report on the digests") };
        ensure!(report.differences.is_empty(), "the ends differ: {:?}", report.differences[0]);
        Ok(())
    }

    /// One file after the other, each from where the province has it; the bytes sent.
    async fn send_files(&mut self, log: &Log) -> Result<u64> {
        let mut sent = 0;
        for file in &log.files {
            let sha256: Vec<u8> = Sha256::digest(file).to_vec();
            let offered = v1::OfferedFile { sha256: sha256.clone(), size_bytes: file.len() as u64 };
            self.frames.send(frame(Frame::EvidenceOffer(v1::EvidenceOffer { files: vec![offered] }))).await?;
            loop {
                let Answer::EvidenceState(state) = self.next().await? else { bail!("no word on the file") };
                let state = state.files.into_iter().next().context("no word on the file")?;
                match state.state() {
                    v1::FileState::Held => break,
                    v1::FileState::Wanted => {
                        let at = usize::try_from(state.held_bytes)?;
                        let data = file.slice(at..file.len().min(at + CHUNK_BYTES));
                        sent += data.len() as u64;
                        let chunk =
                            v1::EvidenceChunk { sha256: sha256.clone(), offset: state.held_bytes, data: data.into() };
                        self.frames.send(frame(Frame::EvidenceChunk(chunk))).await?;
                    }
                    _ => bail!("the file is refused: {}", state.code),
                }
            }
        }
        Ok(sent)
    }
}

/// Bytes of one chunk of a file.
const CHUNK_BYTES: usize = 64 * 1024;
