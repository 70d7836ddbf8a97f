//! The bytes of evidence, after the figures: offered by hash, then sent piece by piece from where the province holds them. One piece is
//! under way at a time, so that a cut costs one piece.

use super::{End, Input, Machine, Outcome, Output, State, protocol, send};
use crate::store::file::{EvidenceFile, FileState};
use proto::{
    BEING_STORED, MAX_OFFERED_FILES,
    sync::v1::{self, agent_frame},
};
use std::collections::VecDeque;

/// How often one file may have to begin anew or go back in a session.
const MAX_SETBACKS: u32 = 2;
/// The province's code for a file that arrived whole, and is another.
const CHECKSUM: &str = "checksum";
/// Our code for a copy that is not the file any more.
const DAMAGED: &str = "damaged";

/// How far the evidence has come.
#[derive(Debug, Default)]
pub(super) struct Uploading {
    /// The offer that awaits its answer, and its last place.
    offered: Vec<EvidenceFile>,
    last: Option<[u8; 32]>,
    /// What the province wants.
    wanted: VecDeque<Wanted>,
    /// Where the file under way stands after the piece that was sent.
    sent_to: Option<u64>,
    setbacks: u32,
    /// Files that have come whole and that the province is still putting where it keeps them.
    being_stored: u32,
}

/// A file that the province wants.
#[derive(Debug, Clone)]
struct Wanted {
    file: EvidenceFile,
    /// From where.
    offset: u64,
    /// What arrived was not the file: our copy is looked at before it is sent again.
    is_suspect: bool,
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
                let Some(last) = files.last().map(|file| file.sha256) else { return self.uploaded() };
                let offered = files
                    .iter()
                    .map(|file| v1::OfferedFile { sha256: file.sha256.to_vec(), size_bytes: file.size_bytes });
                let offer = v1::EvidenceOffer { files: offered.collect() };
                let uploading = self.uploading()?;
                (uploading.offered, uploading.last) = (files, Some(last));
                Ok(vec![send(agent_frame::Frame::EvidenceOffer(offer))])
            }
            Input::Chunk(chunk) => self.send_chunk(chunk),
            Input::Copy { is_whole } => self.copy_checked(is_whole),
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
            match stands {
                Stands::Wanted { held_bytes, code } => {
                    let wanted = Wanted { file, offset: held_bytes, is_suspect: code == CHECKSUM };
                    self.uploading()?.wanted.push_back(wanted);
                }
                Stands::BeingStored { .. } => self.uploading()?.being_stored += 1,
                Stands::Held | Stands::Refused(_) => {}
            }
        }
        outputs.extend(self.next_piece()?);
        Ok(outputs)
    }

    fn piece_arrived(&mut self, state: &v1::EvidenceState) -> Result<Vec<Output>, Outcome> {
        let uploading = self.uploading()?;
        let (Some(sent_to), Some(wanted)) = (uploading.sent_to.take(), uploading.wanted.front_mut()) else {
            return Err(protocol("evidence was answered that was not sent"));
        };
        let file = &wanted.file;
        let [held] = state.files.as_slice() else { return Err(protocol("a piece of evidence has one answer")) };
        let stands = Stands::read(file, held)?;
        let mut outputs = vec![stands.note(file)];
        match stands {
            Stands::Wanted { held_bytes, .. } if held_bytes == sent_to && sent_to < file.size_bytes => {
                wanted.offset = held_bytes;
            }
            Stands::Wanted { held_bytes, code } => {
                uploading.setbacks += 1;
                wanted.offset = held_bytes;
                wanted.is_suspect = code == CHECKSUM;
                if uploading.setbacks > MAX_SETBACKS {
                    // Something on the way or on a disk is wrong; the other files go on, this one in the next session.
                    uploading.setbacks = 0;
                    uploading.wanted.pop_front();
                }
            }
            Stands::BeingStored { .. } | Stands::Held | Stands::Refused(_) => {
                uploading.being_stored += u32::from(matches!(stands, Stands::BeingStored { .. }));
                uploading.setbacks = 0;
                uploading.wanted.pop_front();
            }
        }
        outputs.extend(self.next_piece()?);
        Ok(outputs)
    }

    /// Nothing is left to send. What is not held yet is asked for again soon.
    fn uploaded(&mut self) -> Result<Vec<Output>, Outcome> {
        match self.uploading()?.being_stored {
            0 => Ok(self.finish()),
            files => Err(Outcome::of(End::EvidencePending, format!("{files} files have come and are being stored"))),
        }
    }

    fn next_piece(&mut self) -> Result<Vec<Output>, Outcome> {
        let most_bytes = self.most_chunk_bytes;
        let uploading = self.uploading()?;
        Ok(vec![match uploading.wanted.front() {
            Some(Wanted { file, is_suspect: true, .. }) => {
                Output::CheckCopy { sha256: file.sha256, size_bytes: file.size_bytes }
            }
            Some(Wanted { file, offset, .. }) => Output::ReadChunk { sha256: file.sha256, offset: *offset, most_bytes },
            None => Output::ReadOffer { after: uploading.last },
        }])
    }

    /// Our copy was looked at. One that is not the file would be sent whole and in vain, for ever.
    fn copy_checked(&mut self, is_whole: bool) -> Result<Vec<Output>, Outcome> {
        let uploading = self.uploading()?;
        let Some(wanted) = uploading.wanted.front_mut().filter(|wanted| wanted.is_suspect) else {
            return Err(protocol("an answer out of turn"));
        };
        wanted.is_suspect = false;
        let mut outputs = Vec::new();
        if !is_whole {
            let (sha256, state, code) = (wanted.file.sha256, FileState::Missing, DAMAGED.into());
            outputs.push(Output::NoteFile { sha256, state, held_bytes: 0, code });
            uploading.setbacks = 0;
            uploading.wanted.pop_front();
        }
        outputs.extend(self.next_piece()?);
        Ok(outputs)
    }

    fn send_chunk(&mut self, chunk: Option<Vec<u8>>) -> Result<Vec<Output>, Outcome> {
        let uploading = self.uploading()?;
        let Some(Wanted { file, offset, .. }) = uploading.wanted.front().cloned() else {
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
    Wanted {
        held_bytes: u64,
        code: String,
    },
    /// Whole there, and not where it is kept yet.
    BeingStored {
        held_bytes: u64,
    },
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
            v1::FileState::Wanted if code == BEING_STORED => {
                Ok(Self::BeingStored { held_bytes: held.held_bytes.min(file.size_bytes) })
            }
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
            Self::BeingStored { held_bytes } => (FileState::Pending, *held_bytes, BEING_STORED.into()),
            Self::Held => (FileState::Held, file.size_bytes, String::new()),
            Self::Refused(code) => (FileState::Refused, 0, code.clone()),
        };
        Output::NoteFile { sha256: file.sha256, state, held_bytes, code }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::sync::v1::{AggregatorFrame, EvidenceState, HeldFile, aggregator_frame::Frame};

    const SIZE: u64 = 250;

    fn answer(files: &[(u8, v1::FileState, u64, &str)]) -> Input {
        let files = files.iter().map(|(file, state, held_bytes, code)| HeldFile {
            sha256: vec![*file; 32],
            state: (*state).into(),
            held_bytes: *held_bytes,
            code: (*code).into(),
        });
        let state = EvidenceState { files: files.collect() };
        Input::Frame(Box::new(AggregatorFrame { frame: Some(Frame::EvidenceState(state)) }))
    }

    fn damaged(file: u8) -> Input {
        answer(&[(file, v1::FileState::Wanted, 0, CHECKSUM)])
    }

    /// A machine that has offered these files.
    fn offering(files: &[u8]) -> Machine {
        let mut machine = Machine { most_chunk_bytes: 1_000, ..Machine::default() };
        assert_eq!(machine.begin_uploading(), [Output::ReadOffer { after: None }]);
        let file = |file: &u8| EvidenceFile {
            sha256: [*file; 32],
            size_bytes: SIZE,
            state: FileState::Pending,
            held_bytes: 0,
            code: String::new(),
        };
        assert_eq!(machine.step(Input::Offer(files.iter().map(file).collect())).len(), 1);
        machine
    }

    fn check(file: u8) -> Output {
        Output::CheckCopy { sha256: [file; 32], size_bytes: SIZE }
    }

    fn read(file: u8) -> Output {
        Output::ReadChunk { sha256: [file; 32], offset: 0, most_bytes: 1_000 }
    }

    fn noted(file: u8, state: FileState, code: &str) -> Output {
        Output::NoteFile { sha256: [file; 32], state, held_bytes: 0, code: code.into() }
    }

    fn whole() -> Input {
        Input::Chunk(Some(vec![1; 250]))
    }

    #[test]
    fn a_damaged_copy_is_not_sent_for_ever() {
        let mut machine = offering(&[1, 2]);
        let wanted = answer(&[(1, v1::FileState::Wanted, 0, ""), (2, v1::FileState::Wanted, 0, "")]);
        assert_eq!(machine.step(wanted).last(), Some(&read(1)));
        machine.step(whole());
        // What arrived is another file: ours is looked at, and not sent again.
        assert_eq!(machine.step(damaged(1)), [noted(1, FileState::Pending, CHECKSUM), check(1)]);
        assert_eq!(machine.step(Input::Copy { is_whole: false }), [noted(1, FileState::Missing, DAMAGED), read(2)]);
        machine.step(whole());
        // The other is good here: it was the way, and it is sent again, as often as a session tries.
        for _ in 0..MAX_SETBACKS {
            assert_eq!(machine.step(damaged(2)), [noted(2, FileState::Pending, CHECKSUM), check(2)]);
            assert_eq!(machine.step(Input::Copy { is_whole: true }), [read(2)]);
            machine.step(whole());
        }
        let after = Some([2; 32]);
        assert_eq!(machine.step(damaged(2)), [noted(2, FileState::Pending, CHECKSUM), Output::ReadOffer { after }]);
    }

    #[test]
    fn what_is_being_stored_is_not_sent_again_and_asked_for_soon() {
        let stored = |file| (file, v1::FileState::Wanted, SIZE - 1, BEING_STORED);
        let note = |file: u8| Output::NoteFile {
            sha256: [file; 32],
            state: FileState::Pending,
            held_bytes: SIZE - 1,
            code: BEING_STORED.into(),
        };
        let mut machine = offering(&[1, 2, 3]);
        // Of an earlier session, and of this one; the other files go on.
        let states = answer(&[stored(1), (2, v1::FileState::Wanted, 0, ""), (3, v1::FileState::Wanted, 0, "")]);
        assert_eq!(machine.step(states).last(), Some(&read(2)));
        machine.step(whole());
        assert_eq!(machine.step(answer(&[stored(2)])), [note(2), read(3)]);
        machine.step(whole());
        let held = machine.step(answer(&[(3, v1::FileState::Held, SIZE, "")]));
        assert_eq!(held.last(), Some(&Output::ReadOffer { after: Some([3; 32]) }));
        let outcome = Outcome::of(End::EvidencePending, "2 files have come and are being stored");
        assert_eq!(machine.step(Input::Offer(Vec::new())), [Output::Finish(outcome)]);
        // And is held when it is offered again.
        let mut machine = offering(&[1]);
        machine.step(answer(&[(1, v1::FileState::Held, SIZE, "")]));
        assert_eq!(machine.step(Input::Offer(Vec::new())), [Output::Finish(Outcome::done())]);
    }

    #[test]
    fn an_offer_may_find_the_damage() {
        let mut machine = offering(&[1]);
        assert_eq!(machine.step(damaged(1)), [noted(1, FileState::Pending, CHECKSUM), check(1)]);
        assert_eq!(
            machine.step(Input::Copy { is_whole: false }),
            [noted(1, FileState::Missing, DAMAGED), Output::ReadOffer { after: Some([1; 32]) }]
        );
        let unasked = offering(&[1]).step(Input::Copy { is_whole: true });
        assert!(matches!(&unasked[..], [Output::Finish(_)]), "{unasked:?}");
    }
}
