//! Bundles: a session as a file, for a commune whose line is down for weeks. What would have been sent is signed with this computer's
//! key and sealed for the province; the province's answer comes back the same way and goes through the same machine.
//!
//! Digests are not compared and nothing is decided here; over a line both follow by themselves.

mod fault;

pub use fault::BundleError;

use crate::{
    clock::Clock,
    evidence,
    folder::{Folder, private_file, private_folder},
    lock::Lock,
    outbox,
    store::{Store, StoreError, View, bundle::MadeBundle},
    uplink::{
        credential,
        exchange::{self, Exchange, Surroundings, Tally},
        line::Sizes,
        machine::{Input, Machine, Output, order::Carried},
        outcome::Outcome,
    },
};
use prost::Message;
use proto::{
    MAX_BATCH_BYTES, MAX_CHUNK_BYTES, MAX_OFFERED_FILES,
    bundle::{Content, MAX_BUNDLE_BYTES, OpeningKey, open, seal_question},
    pem,
    sync::v1::{self, AgentFrame, AggregatorFrame, agent_frame},
};
use rand::{RngCore, SeedableRng, rngs::StdRng};
use std::{fs, io::Read, path::Path};

/// Most that the figures of a bundle take: what is left fits into the next one.
const MAX_FIGURES_BYTES: usize = 32 * 1024 * 1024;
/// Most that a bundle takes before it is sealed.
const MAX_CONTENT_BYTES: usize = MAX_BUNDLE_BYTES - 1024 * 1024;

/// A bundle that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Made {
    /// Changes in it.
    pub changes: u64,
    /// Changes that did not fit.
    pub changes_left: u64,
    /// Files of evidence in it.
    pub files: u64,
    /// Files that were not asked for, or did not fit.
    pub files_left: u64,
    /// Its size.
    pub size_bytes: u64,
}

/// Makes a bundle of what the province has not confirmed.
///
/// # Errors
/// [`BundleError`]; there is no file then.
pub fn make(folder: &Folder, path: &Path, with_evidence: bool, clock: &Clock) -> Result<Made, BundleError> {
    if path.exists() {
        return Err(BundleError::Exists(path.to_owned()));
    }
    let mut store = Store::open(folder)?;
    let key = store.view().bundle_key()?;
    let authorities = credential::authorities(folder)?;
    let facts = exchange::facts(store.view(), authorities, 0)?;
    let receiver = key.ok_or(BundleError::NoKey)?;
    let mut packing = Packing::default();
    let (acknowledged, head) = (facts.acknowledged.seq, facts.head.seq);
    let mut made = MadeBundle {
        id: [0; 16],
        made_at: clock.now(),
        incarnation: facts.incarnation,
        end: acknowledged,
        feed_position: facts.feed_position,
        epoch: facts.epoch.clone(),
        answered_at: None,
    };
    let (province, commune) = (facts.province.clone(), facts.commune.clone());
    let catalogue_version = facts.catalogue_version;
    for output in Machine::default().step(Input::Started(facts)) {
        if let Output::Send(frame) = output {
            packing.add(&frame);
        }
    }
    made.end = packing.figures(store.view(), acknowledged)?;
    let wanted = v1::FeedWanted { position: made.feed_position, catalogue_version };
    packing.say(agent_frame::Frame::FeedWanted(wanted));
    if with_evidence {
        exchange::reconsider(&mut store, folder)?;
        packing.evidence(folder, store.view())?;
    }
    rand::rng().fill_bytes(&mut made.id);
    let content = Content {
        province,
        commune,
        id: made.id,
        made_at: made.made_at,
        answer_key: Some(opening_key(folder)?.sealing_key()?),
        frames: packing.frames,
    };
    let (certificate, key_pem) = credential::enrolled(folder)?;
    let key = pem::key_from_pem(&key_pem).map_err(|_| proto::bundle::BundleError::Key)?;
    let sealed = seal_question(content, &key, &certificate, &receiver)?;
    let outstanding = store.view().outstanding_files()?.files;
    store.write(|writing| writing.add_bundle(&made))?;
    private_file(path, &sealed).map_err(|source| BundleError::File { path: path.to_owned(), source })?;
    Ok(Made {
        changes: made.end - acknowledged,
        changes_left: head.saturating_sub(made.end),
        files: packing.files,
        files_left: outstanding.saturating_sub(packing.files),
        size_bytes: sealed.len() as u64,
    })
}

/// The frames of a bundle as they gather.
#[derive(Debug, Default)]
struct Packing {
    frames: Vec<Vec<u8>>,
    bytes: usize,
    files: u64,
}

impl Packing {
    fn add(&mut self, frame: &AgentFrame) {
        let bytes = frame.encode_to_vec();
        self.bytes += bytes.len();
        self.frames.push(bytes);
    }

    fn say(&mut self, frame: agent_frame::Frame) {
        self.add(&AgentFrame { frame: Some(frame) });
    }

    /// Adds the changes that are not confirmed, as far as they fit; the last one added.
    fn figures(&mut self, view: View<'_>, acknowledged: u64) -> Result<u64, StoreError> {
        let mut end = acknowledged;
        while self.bytes < MAX_FIGURES_BYTES
            && let Some(page) = outbox::page(view, end, MAX_BATCH_BYTES)?
        {
            end = page.end.seq;
            self.say(agent_frame::Frame::Batch(outbox::batch(page)));
        }
        Ok(end)
    }

    /// Adds whole files, as far as they fit.
    fn evidence(&mut self, folder: &Folder, view: View<'_>) -> Result<(), BundleError> {
        let mut after = None;
        loop {
            let files = view.pending_files(after, MAX_OFFERED_FILES)?;
            let Some(last) = files.last() else { return Ok(()) };
            after = Some(last.sha256);
            for file in files {
                let size = usize::try_from(file.size_bytes).unwrap_or(usize::MAX);
                // The frames around its pieces take less than a hundredth.
                if size.saturating_add(size / 100).saturating_add(self.bytes) > MAX_CONTENT_BYTES {
                    continue;
                }
                let sha256 = file.sha256.to_vec();
                let offered = v1::OfferedFile { sha256: sha256.clone(), size_bytes: file.size_bytes };
                self.say(agent_frame::Frame::EvidenceOffer(v1::EvidenceOffer { files: vec![offered] }));
                let mut offset = 0;
                while let Some(data) = evidence::read_chunk(folder, file.sha256, offset, MAX_CHUNK_BYTES)
                    .map_err(|source| BundleError::File { path: evidence::path_of(folder, file.sha256), source })?
                {
                    let sent = data.len() as u64;
                    let chunk = v1::EvidenceChunk { sha256: sha256.clone(), offset, data };
                    self.say(agent_frame::Frame::EvidenceChunk(chunk));
                    offset += sent;
                }
                self.files += 1;
            }
        }
    }
}

/// What came of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The bundle that it answers.
    pub bundle: MadeBundle,
    /// What it brought.
    pub tally: Tally,
    /// How its session ended.
    pub outcome: Outcome,
}

/// Takes the province's answer. What is older than what is known here changes nothing.
///
/// # Errors
/// [`BundleError`]; nothing was changed then.
pub fn take(_alone: &Lock, folder: &Folder, path: &Path, clock: &Clock) -> Result<Taken, BundleError> {
    let bytes = read_bounded(path)?;
    let mut store = Store::open(folder)?;
    let belonging = store.view().belonging()?.ok_or(StoreError::NotJoined)?;
    let authorities = credential::authorities(folder)?;
    let content = open(&bytes, &opening_key(folder)?)?.answer(&belonging.province, &authorities)?;
    if content.commune != belonging.commune {
        return Err(BundleError::OtherCommune(content.commune));
    }
    let bundle = store.view().bundle(content.id)?.ok_or(BundleError::Unknown)?;
    if bundle.incarnation != belonging.incarnation {
        return Err(BundleError::Superseded);
    }
    let mut frames = Vec::with_capacity(content.frames.len());
    for (number, frame) in content.frames.iter().enumerate() {
        frames.push(AggregatorFrame::decode(&frame[..]).map_err(|_| BundleError::Frame(number + 1))?);
    }
    let carried = Carried { end: bundle.end, feed_position: bundle.feed_position, epoch: bundle.epoch.clone() };
    let mut random = StdRng::from_os_rng();
    let around = Surroundings { folder, clock, authorities, most: Sizes::LARGEST, random: &mut random };
    let mut exchange = Exchange::begin_carried(&mut store, around, carried)?;
    for frame in frames {
        if exchange.outcome().is_some() {
            break;
        }
        exchange.take(frame);
    }
    if exchange.outcome().is_none() {
        exchange.closed();
    }
    let (tally, outcome) = (exchange.tally(), exchange.outcome().cloned().unwrap_or_else(Outcome::done));
    drop(exchange);
    store.write(|writing| writing.note_answered(bundle.id, clock.now()))?;
    Ok(Taken { bundle, tally, outcome })
}

fn read_bounded(path: &Path) -> Result<Vec<u8>, BundleError> {
    let unreadable = |source| BundleError::File { path: path.to_owned(), source };
    let file = fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(MAX_BUNDLE_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}

/// The key that opens answers; made when it is first needed.
fn opening_key(folder: &Folder) -> Result<OpeningKey, BundleError> {
    let path = folder.bundle_key();
    let failed = |source| BundleError::File { path: path.clone(), source };
    if !path.exists() {
        path.parent().map_or(Ok(()), private_folder).map_err(failed)?;
        let key = OpeningKey::generate()?;
        private_file(&path, hex::encode(key.expose()).as_bytes()).map_err(failed)?;
    }
    let text = fs::read_to_string(&path).map_err(failed)?;
    let bytes = hex::decode(text.trim()).map_err(|_| proto::bundle::BundleError::Key)?;
    Ok(OpeningKey::from_slice(&bytes)?)
}
