//! `bundle take`: takes in a commune's session that came as a file, and writes the answer for it. Also while `serve` runs.

use super::{Context, Failure, Opened, say};
use crate::{
    bundle::{self, Answer, TakeError},
    bundle_key::opening_key,
    keyring::Keyring,
    province::Province,
    receipts,
    serve::{self, Followers, ServeError},
    standing::Live,
    store::Store,
};
use clap::{Args, Subcommand};
use prost::Message;
use proto::{
    bundle::{Content, MAX_BUNDLE_BYTES, open, seal_answer},
    sync::v1::{AggregatorFrame, Verdict, aggregator_frame::Frame},
};
use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::sync::watch;

/// How long the answer about a file waits until it is in the object store.
const BUCKET_PATIENCE: Duration = Duration::from_secs(5 * 60);

/// The commands.
#[derive(Debug, Subcommand)]
pub enum BundleCommand {
    /// Nhận gói của một xã (tệp do `commune-agent bundle make` tạo) và ghi gói trả lời
    Take(Take),
}

/// The command `bundle take`.
#[derive(Debug, Args)]
pub struct Take {
    /// Gói của xã
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Gói trả lời, để mang về xã và nhận bằng `commune-agent bundle take`
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl BundleCommand {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let Self::Take(take) = self;
        take.run(context).await
    }
}

impl Take {
    async fn run(self, context: &Context) -> Result<(), Failure> {
        if self.out.exists() {
            return Err(Failure::FileExists(self.out));
        }
        let bytes = read_bounded(&self.file)?;
        let Opened { folder, config, store, .. } = context.open().await?;
        let store: Arc<dyn Store> = Arc::new(store);
        let opened = open(&bytes, &opening_key(&folder, &*store).await?).map_err(TakeError::from)?;
        let province = Arc::new(Province::load(store.clone(), context.clock.clone()).await?);
        let keyring = Arc::new(Keyring::open(folder.clone(), config.hosts.clone(), context.clock.clone())?);
        let trusted = keyring.look().trusted();
        let question = bundle::read(&opened, &*store, &province.id, &trusted, context.clock.now()).await?;
        let asked = question.content.clone();
        let signer = receipts::load_or_make(&folder, &province.id, &keyring.look().current, &*context.clock)?;
        let clock = province.clock.clone();
        let live = Live::start(store.clone(), Arc::new(move || clock.now())).await;
        let live = live.map_err(|error| ServeError::Standings(Box::new(error)))?;
        let Followers { standings, .. } = Followers::new(Arc::new(live));
        let (_end, ending) = watch::channel(false);
        let keys = (keyring, context.clock.clone());
        let (mut ingest, writing) = serve::ingest(&folder, &config, keys, &province, standings, ending).await?;
        // There is one answer: it waits until the files are in the object store.
        ingest.evidence = ingest.evidence.patient(BUCKET_PATIENCE);
        let answer = bundle::take(Arc::new(ingest), question).await;
        // Ends when everything handed over is written. What was not is not confirmed in the answer.
        let _ = writing.await;
        let act = context.act_at(province.clock.now());
        store.note_bundle(&asked.commune, &hex::encode(asked.id), act).await?;
        let content = Content {
            province: province.id.clone(),
            commune: asked.commune.clone(),
            id: asked.id,
            made_at: context.clock.now(),
            answer_key: None,
            frames: answer.frames.iter().map(Message::encode_to_vec).collect(),
        };
        let receiver = asked.answer_key.unwrap_or_default();
        let sealed = seal_answer(content, &signer, &receiver).map_err(TakeError::from)?;
        crate::folder::Folder::create_file(&self.out, &sealed)?;
        tell(context, &asked.commune, &answer, &self.out)
    }
}

fn read_bounded(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |source| Failure::File { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    File::open(path).map_err(failed)?.take(MAX_BUNDLE_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > MAX_BUNDLE_BYTES { Err(Failure::TooLarge(path.to_owned())) } else { Ok(bytes) }
}

/// What an answer says, for people.
#[derive(Debug, Default)]
struct Told {
    held: u64,
    refused: usize,
    files: usize,
    verdict: Verdict,
}

fn told(frames: &[AggregatorFrame]) -> Told {
    let mut told = Told::default();
    let seq = |position: Option<&proto::sync::v1::LogPosition>| position.map_or(0, |position| position.seq);
    for frame in frames.iter().filter_map(|frame| frame.frame.as_ref()) {
        match frame {
            Frame::Acknowledgement(ack) => {
                told.held = told.held.max(seq(ack.position.as_ref()));
                told.refused += ack.refused.len();
            }
            Frame::Welcome(welcome) => {
                (told.held, told.verdict) = (seq(welcome.position.as_ref()), welcome.verdict());
            }
            Frame::TurnedAway(away) => told.verdict = away.verdict(),
            Frame::EvidenceState(state) => {
                let held = |file: &&proto::sync::v1::HeldFile| file.state() == proto::sync::v1::FileState::Held;
                told.files += state.files.iter().filter(held).count();
            }
            _ => {}
        }
    }
    told
}

fn tell(context: &Context, commune: &str, answer: &Answer, out: &Path) -> Result<(), Failure> {
    let Told { held, refused, files, verdict } = told(&answer.frames);
    let out = out.display();
    match verdict {
        Verdict::Ok | Verdict::ServerBehind => say(&context.pick(
            format!("{commune}: tỉnh giữ đến thay đổi số {held}, {refused} thay đổi bị từ chối, {files} tệp minh chứng có đủ."),
            format!("{commune}: the province holds changes up to {held}, {refused} refused, {files} evidence files whole."),
        ))?,
        Verdict::AgentBehind | Verdict::Fork => say(&context.pick(
            format!("{commune}: máy của xã không giữ cùng nhật ký với tỉnh; gói trả lời mang nhật ký của tỉnh về để xã ghép lại, rồi làm gói mới."),
            format!("{commune}: the commune's computer does not hold the province's log; the answer brings it, then a new bundle is needed."),
        ))?,
        _ => {}
    }
    say(&context.pick(format!("Gói trả lời: {out}"), format!("Answer: {out}")))?;
    match (&answer.cut_short, verdict) {
        (Some(reason), _) => Err(Failure::BundleCutShort(reason.clone())),
        (None, Verdict::Ok | Verdict::ServerBehind | Verdict::AgentBehind | Verdict::Fork) => Ok(()),
        (None, verdict) => Err(Failure::BundleCutShort(verdict.as_str_name().to_owned())),
    }
}
