//! The bytes of evidence, after the figures: offered by hash, then sent piece by piece from where the province holds them. One piece is
//! under way at a time, so that a cut costs one piece.

use super::{Input, Machine, Outcome, Output, State, protocol, send};
use crate::store::file::{EvidenceFile, FileState};
use proto::{
    MAX_OFFERED_FILES,
    sync::v1::{self, agent_frame},
};
use std::collections::VecDeque;

/// How often one file may have to begin anew or go back in a session.
const MAX_SETBACKS: u32 = 2;

/// How far the evidence has come.
#[derive(Debug, Default)]
pub(super) struct Uploading {
    /// The offer that awaits its answer, and its last place.
    offered: Vec<EvidenceFile>,
    last: Option<[u8; 32]>,
    /// What the province wants, and from where.
    wanted: VecDeque<(EvidenceFile, u64)>,
    /// Where the file under way stands after the piece that was sent.
    sent_to: Option<u64>,
    setbacks: u32,
}

impl Machine {
    pub(super) fn begin_uploading(&mut self) -> Vec<Output> {
        self.state = State::Uploading(Uploading::default());
        vec![Output::ReadOffer { after: None }]
    }

    fn uploading(&mut self) -> Result<&mut Uploading, Outcome> {
        match &mut self.state {
            State::Uploading(uploading) => Ok(uploading),
            _ => Err(protocol("an answer out of turn")),
        }
    }

    /// The store has answered.
    pub(super) fn upload(&mut self, input: Input) -> Result<Vec<Output>, Outcome> {
        match input {
            Input::Offer(files) => {
                let files: Vec<EvidenceFile> = files.into_iter().take(MAX_OFFERED_FILES).collect();
                let Some(last) = files.last().map(|file| file.sha256) else { return Ok(self.finish()) };
                let offered = files
                    .iter()
                    .map(|file| v1::OfferedFile { sha256: file.sha256.to_vec(), size_bytes: file.size_bytes });
                let offer = v1::EvidenceOffer { files: offered.collect() };
                let uploading = self.uploading()?;
                (uploading.offered, uploading.last) = (files, Some(last));
                Ok(vec![send(agent_frame::Frame::EvidenceOffer(offer))])
            }
            Input::Chunk(chunk) => self.send_chunk(chunk),
            _ => Err(protocol("an answer out of turn")),
        }
    }

    /// The province says where files stand.
    pub(super) fn file_states(&mut self, state: v1::EvidenceState) -> Result<Vec<Output>, Outcome> {
        let offered = std::mem::take(&mut self.uploading()?.offered);
        if offered.is_empty() {
            return self.piece_arrived(&state);
        }
        if state.files.len() != offered.len() {
            return Err(protocol("an offer of evidence was not answered whole"));
        }
        let mut outputs = Vec::new();
        for (file, held) in offered.into_iter().zip(state.files) {
            let stands = Stands::read(&file, &held)?;
            outputs.push(stands.note(&file));
            if let Stands::Wanted { held_bytes, .. } = stands {
                self.uploading()?.wanted.push_back((file, held_bytes));
            }
        }
        outputs.extend(self.next_piece()?);
        Ok(outputs)
    }

    fn piece_arrived(&mut self, state: &v1::EvidenceState) -> Result<Vec<Output>, Outcome> {
        let uploading = self.uploading()?;
        let (Some(sent_to), Some((file, _))) = (uploading.sent_to.take(), uploading.wanted.front().cloned()) else {
            return Err(protocol("evidence was answered that was not sent"));
        };
        let [held] = state.files.as_slice() else { return Err(protocol("a piece of evidence has one answer")) };
        let stands = Stands::read(&file, held)?;
        let mut outputs = vec![stands.note(&file)];
        match stands {
            Stands::Wanted { held_bytes, .. } if held_bytes == sent_to && sent_to < file.size_bytes => {
                uploading.wanted[0].1 = held_bytes;
            }
            Stands::Wanted { held_bytes, .. } => {
                uploading.setbacks += 1;
                uploading.wanted[0].1 = held_bytes;
                if uploading.setbacks > MAX_SETBACKS {
                    // Something on the way or on a disk is wrong; the other files go on, this one in the next session.
                    uploading.setbacks = 0;
                    uploading.wanted.pop_front();
                }
            }
            Stands::Held | Stands::Refused(_) => {
                uploading.setbacks = 0;
                uploading.wanted.pop_front();
            }
        }
        outputs.extend(self.next_piece()?);
        Ok(outputs)
    }

    fn next_piece(&mut self) -> Result<Vec<Output>, Outcome> {
        let most_bytes = self.most_chunk_bytes;
        let uploading = self.uploading()?;
        Ok(vec![match uploading.wanted.front() {
            Some((file, offset)) => Output::ReadChunk { sha256: file.sha256, offset: *offset, most_bytes },
            None => Output::ReadOffer { after: uploading.last },
        }])
    }

    fn send_chunk(&mut self, chunk: Option<Vec<u8>>) -> Result<Vec<Output>, Outcome> {
        let uploading = self.uploading()?;
        let Some((file, offset)) = uploading.wanted.front().cloned() else {
            return Err(protocol("an answer out of turn"));
        };
        let Some(data) = chunk.filter(|data| !data.is_empty()) else {
            uploading.wanted.pop_front();
            let (state, code) = (FileState::Missing, String::new());
            let mut outputs = vec![Output::NoteFile { sha256: file.sha256, state, held_bytes: offset, code }];
            outputs.extend(self.next_piece()?);
            return Ok(outputs);
        };
        uploading.sent_to = Some(offset + data.len() as u64);
        let chunk = v1::EvidenceChunk { sha256: file.sha256.to_vec(), offset, data };
        Ok(vec![send(agent_frame::Frame::EvidenceChunk(chunk))])
    }
}

/// Where a file stands, as the province says.
enum Stands {
    Wanted { held_bytes: u64, code: String },
    Held,
    Refused(String),
}

impl Stands {
    fn read(file: &EvidenceFile, held: &v1::HeldFile) -> Result<Self, Outcome> {
        if held.sha256 != file.sha256 {
            return Err(protocol("an answer about another file"));
        }
        let code: String = held.code.chars().take(64).collect();
        match held.state() {
            v1::FileState::Wanted if held.held_bytes < file.size_bytes || !code.is_empty() => {
                Ok(Self::Wanted { held_bytes: held.held_bytes.min(file.size_bytes), code })
            }
            v1::FileState::Held => Ok(Self::Held),
            v1::FileState::Refused => Ok(Self::Refused(code)),
            _ => Err(protocol("a file that is whole and yet wanted, or in no state")),
        }
    }

    fn note(&self, file: &EvidenceFile) -> Output {
        let (state, held_bytes, code) = match self {
            Self::Wanted { held_bytes, code } => (FileState::Pending, *held_bytes, code.clone()),
            Self::Held => (FileState::Held, file.size_bytes, String::new()),
            Self::Refused(code) => (FileState::Refused, 0, code.clone()),
        };
        Output::NoteFile { sha256: file.sha256, state, held_bytes, code }
    }
}
