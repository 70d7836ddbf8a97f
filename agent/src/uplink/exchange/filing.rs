//! The files of evidence within a session: which are offered, and whether what was given up can be sent after all.

use super::{Exchange, Tally};
use crate::{
    evidence,
    folder::Folder,
    store::{
        Store, StoreError,
        file::{EvidenceFile, FileState},
    },
};
use proto::MAX_OFFERED_FILES;

impl Tally {
    /// Whether anything arrived at the province.
    #[must_use]
    pub fn has_moved(&self) -> bool {
        self.acknowledged > 0 || self.held_bytes > 0
    }
}

impl Exchange<'_> {
    /// The files to be sent behind a place.
    pub(super) fn offer(&mut self, after: Option<[u8; 32]>) -> Result<Vec<EvidenceFile>, StoreError> {
        if after.is_none() {
            reconsider(self.store, self.around.folder)?;
        }
        self.store.view().pending_files(after, MAX_OFFERED_FILES)
    }

    /// Notes where a file stands.
    pub(super) fn note_file(
        &mut self,
        sha256: [u8; 32],
        state: FileState,
        held_bytes: u64,
        code: &str,
    ) -> Result<(), StoreError> {
        let before = self.store.view().evidence_file(sha256)?.map_or(0, |file| file.held_bytes);
        self.store.write(|writing| writing.note_file(sha256, state, held_bytes, code))?;
        if matches!(state, FileState::Pending | FileState::Held) {
            self.tally.held_bytes += held_bytes.saturating_sub(before);
        }
        Ok(())
    }
}

/// Puts what was given up among the files to be sent, where that may be of use now: a copy is here again, or the province may have
/// made room.
///
/// # Errors
/// What the store says.
pub fn reconsider(store: &mut Store, folder: &Folder) -> Result<(), StoreError> {
    let mut files = store.view().files_to_reconsider()?;
    // Read whole: of a damaged copy the size says nothing. Before the transaction, which others wait for.
    files.retain(|file| {
        file.state != FileState::Missing || evidence::is_whole(folder, file.sha256, file.size_bytes).unwrap_or(false)
    });
    if files.is_empty() {
        return Ok(());
    }
    store.write(|writing| {
        for file in &files {
            writing.want_file_again(file.sha256, file.size_bytes)?;
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::Clock,
        entry,
        evidence::Limits,
        fixture::{Home, now, pdf},
        uplink::{
            exchange::Surroundings,
            line::Sizes,
            machine::{Input, Output},
        },
    };
    use rand::{SeedableRng, rngs::StdRng};
    use std::fs;

    const LIMITS: Limits = Limits { file_bytes: 1_000, total_bytes: 10_000 };

    /// A figure with a file whose bytes are copied.
    fn with_file(home: &mut Home, text: &str) -> [u8; 32] {
        let path = home.folder.root().join(format!("{text}.pdf"));
        fs::write(&path, pdf(text)).unwrap();
        let copied = evidence::keep(&home.folder, &[path], LIMITS).unwrap();
        let sha256 = copied[0].sha256;
        let (store, mut author) = home.author();
        entry::attach(store, &mut author, ("CDS-2", "", "2026-10".parse().unwrap()), copied).unwrap();
        sha256
    }

    #[test]
    fn what_was_given_up_is_offered_again_where_that_may_be_of_use() {
        let mut home = Home::ready();
        home.value("CDS-2", "1").unwrap();
        let back = with_file(&mut home, "back");
        let gone = with_file(&mut home, "gone");
        let changed = with_file(&mut home, "changed");
        fs::remove_file(evidence::path_of(&home.folder, gone)).unwrap();
        let path = evidence::path_of(&home.folder, changed);
        let mut bytes = fs::read(&path).unwrap();
        bytes[20] ^= 1;
        fs::write(&path, bytes).unwrap();
        let refusals = ["commune_full", "file_too_large", "not_evidence", "kind_not_allowed"]
            .map(|code| (with_file(&mut home, code), code));
        home.store
            .write(|writing| {
                for sha256 in [back, gone, changed] {
                    writing.note_file(sha256, FileState::Missing, 7, "")?;
                }
                for (sha256, code) in refusals {
                    writing.note_file(sha256, FileState::Refused, 0, code)?;
                }
                Ok::<_, StoreError>(())
            })
            .unwrap();
        reconsider(&mut home.store, &home.folder).unwrap();
        let state = |sha256| home.store.view().evidence_file(sha256).unwrap().unwrap().state;
        assert_eq!([back, gone, changed].map(state), [FileState::Pending, FileState::Missing, FileState::Missing]);
        let [full, large, unknown, kind] = refusals.map(|(sha256, _)| state(sha256));
        assert_eq!([full, large, unknown], [FileState::Pending; 3]);
        assert_eq!(kind, FileState::Refused, "it is of that kind for ever");
        assert_eq!(home.store.view().outstanding_files().unwrap().files, 4);
    }

    #[test]
    fn a_session_looks_at_copies_and_counts_what_arrives() {
        let mut home = Home::ready();
        home.value("CDS-2", "1").unwrap();
        let [good, bad] = ["good", "bad"].map(|text| with_file(&mut home, text));
        let size_bytes = pdf("good").len() as u64;
        fs::write(evidence::path_of(&home.folder, bad), vec![b'x'; pdf("bad").len()]).unwrap();
        home.store.write(|writing| writing.note_file(good, FileState::Missing, 0, "")).unwrap();
        let clock = Clock::standing_at(now());
        let mut random = StdRng::seed_from_u64(1);
        let (folder, authorities, most) = (&home.folder, Vec::new(), Sizes { batch_bytes: 1, chunk_bytes: 10 });
        let around = Surroundings { folder, clock: &clock, authorities, most, random: &mut random };
        let (mut exchange, _) = Exchange::begin(&mut home.store, around).unwrap();
        let mut order = |output| exchange.carry_out(output, &mut Vec::new()).unwrap();
        let Some(Input::Offer(files)) = order(Output::ReadOffer { after: None }) else { panic!("no offer") };
        assert_eq!(files.len(), 2, "the lost one as well: its copy is back");
        for (sha256, size_bytes, expected) in [(good, size_bytes, true), (bad, pdf("bad").len() as u64, false)] {
            let Some(Input::Copy { is_whole }) = order(Output::CheckCopy { sha256, size_bytes }) else { panic!() };
            assert_eq!(is_whole, expected);
        }
        let Some(Input::Chunk(Some(piece))) = order(Output::ReadChunk { sha256: good, offset: 0, most_bytes: 100 })
        else {
            panic!("no piece")
        };
        assert_eq!(piece, pdf("good")[..10], "what the line carries");
        for (state, held_bytes) in [
            (FileState::Pending, 20),
            (FileState::Pending, 20),
            (FileState::Pending, 50),
            (FileState::Held, size_bytes),
        ] {
            order(Output::NoteFile { sha256: good, state, held_bytes, code: String::new() });
        }
        order(Output::NoteFile { sha256: bad, state: FileState::Missing, held_bytes: 30, code: "damaged".into() });
        assert_eq!((exchange.tally().held_bytes, exchange.tally().has_moved()), (size_bytes, true));
    }
}
