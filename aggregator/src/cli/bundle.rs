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
    BEING_STORED,
    bundle::{Content, MAX_BUNDLE_BYTES, open, seal_answer},
    sync::v1::{AggregatorFrame, FileState, HeldFile, Verdict, aggregator_frame::Frame},
};
use std::{
    collections::HashMap,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::sync::watch;

/// How long the answer waits, for all its files together, until they are in the object store.
const BUCKET_PATIENCE: Duration = Duration::from_secs(5 * 60);
/// How long what is being put when the answer is made may still take.
const BUCKET_END: Duration = Duration::from_secs(10);

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
        let storing = ingest.evidence.storing();
        let answer = bundle::take(Arc::new(ingest), question).await;
        storing.end(BUCKET_END).await;
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
    /// Files that have come whole and are not in the object store yet.
    being_stored: usize,
    verdict: Verdict,
}

fn told(frames: &[AggregatorFrame]) -> Told {
    let mut told = Told::default();
    // The last word of each: of a file whose pieces were in the bundle there is more than one.
    let mut files = HashMap::new();
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
                files.extend(state.files.iter().map(|file| (&file.sha256, file)));
            }
            _ => {}
        }
    }
    told.files = files.values().filter(|file| file.state() == FileState::Held).count();
    let is_being_stored = |file: &HeldFile| file.state() == FileState::Wanted && file.code == BEING_STORED;
    told.being_stored = files.values().filter(|file| is_being_stored(file)).count();
    told
}

fn tell(context: &Context, commune: &str, answer: &Answer, out: &Path) -> Result<(), Failure> {
    let Told { held, refused, files, being_stored, verdict } = told(&answer.frames);
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
    if being_stored > 0 {
        say(&context.pick(
            format!("Chú ý: {being_stored} tệp minh chứng đã đến đủ nhưng chưa vào được kho đối tượng; tệp nằm lại trên máy chủ này, serve đưa vào kho khi khởi động, mỗi ngày và khi xã gửi phiên hay gói tiếp theo. Không phải nhận lại gói này."),
            format!("Warning: {being_stored} evidence files have come whole and are not in the object store yet; they stay on this server, and serve puts them there when it starts, every day, and at the commune's next session or bundle. This bundle need not be taken again."),
        ))?;
    }
    say(&context.pick(format!("Gói trả lời: {out}"), format!("Answer: {out}")))?;
    match (&answer.cut_short, verdict) {
        (Some(reason), _) => Err(Failure::BundleCutShort(reason.clone())),
        (None, Verdict::Ok | Verdict::ServerBehind | Verdict::AgentBehind | Verdict::Fork) => Ok(()),
        (None, verdict) => Err(Failure::BundleCutShort(verdict.as_str_name().to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::sync::v1::EvidenceState;

    #[test]
    fn each_file_counts_once_with_the_last_word_of_it() {
        let said = |files: &[(u8, FileState, &str)]| {
            let files = files.iter().map(|(name, state, code)| HeldFile {
                sha256: vec![*name; 32],
                state: (*state).into(),
                held_bytes: 0,
                code: (*code).into(),
            });
            AggregatorFrame { frame: Some(Frame::EvidenceState(EvidenceState { files: files.collect() })) }
        };
        let wanted = |name| (name, FileState::Wanted, "");
        let frames = [
            said(&[wanted(1), wanted(2), wanted(3), (4, FileState::Refused, "not_evidence"), (5, FileState::Held, "")]),
            said(&[(1, FileState::Wanted, BEING_STORED)]),
            said(&[(1, FileState::Held, "")]),
            said(&[(2, FileState::Wanted, BEING_STORED)]),
        ];
        let told = told(&frames);
        assert_eq!((told.files, told.being_stored), (2, 1));
    }
}
