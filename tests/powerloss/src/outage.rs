//! What is durable at a moment, and what may be left of the rest: a disk may keep none, all or any part of what was written and not
//! synced, in any order, and tear the last write at a sector.

use crate::disk::{Call, Deed};
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::{collections::BTreeMap, fs, io, path::Path};

const SECTOR_BYTES: usize = 512;

/// What becomes of the calls that nothing made durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// All are gone.
    All,
    /// All are there: only the process is gone.
    None,
    /// Any part of them is there, torn and without order.
    Some(u64),
}

#[derive(Debug, Clone, Default)]
struct Place {
    /// None: there is no such file.
    durable: Option<Vec<u8>>,
    /// What came since.
    waiting: Vec<Deed>,
}

impl Place {
    fn settle_removal(&mut self) {
        if let Some(at) = self.waiting.iter().rposition(|deed| *deed == Deed::Remove) {
            self.durable = None;
            self.waiting.drain(..=at);
        }
    }
}

/// The files of one folder over time.
#[derive(Debug, Clone, Default)]
pub struct Disk {
    files: BTreeMap<String, Place>,
}

impl Disk {
    /// The files that a folder has now, all of them durable.
    ///
    /// # Errors
    /// The system's.
    pub fn holding(folder: &Path) -> io::Result<Self> {
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                let durable = Some(fs::read(entry.path())?);
                files.insert(entry.path().to_string_lossy().into_owned(), Place { durable, waiting: Vec::new() });
            }
        }
        Ok(Self { files })
    }

    /// One more call. With the first sync of a new file SQLite also syncs the folder, and with it what was removed there.
    pub fn take(&mut self, call: &Call) {
        let place = self.files.entry(call.path.clone()).or_default();
        if call.deed != Deed::Sync {
            place.waiting.push(call.deed.clone());
            return;
        }
        let is_new = place.durable.is_none();
        for deed in std::mem::take(&mut place.waiting) {
            apply(&mut place.durable, &deed);
        }
        place.durable.get_or_insert_default();
        if is_new {
            self.files.values_mut().for_each(Place::settle_removal);
        }
    }

    /// Whether anything waits to be made durable: without that all losses are the same.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.files.values().all(|place| place.waiting.is_empty())
    }

    /// Writes into a folder what is left of the files of another one.
    ///
    /// # Errors
    /// The system's.
    pub fn leave(&self, of: &Path, loss: Loss, into: &Path) -> io::Result<()> {
        let mut random = match loss {
            Loss::Some(seed) => Some(StdRng::seed_from_u64(seed)),
            Loss::All | Loss::None => None,
        };
        for (path, place) in &self.files {
            let Ok(name) = Path::new(path).strip_prefix(of) else { continue };
            let mut content = place.durable.clone();
            match loss {
                Loss::All => {}
                Loss::None => place.waiting.iter().for_each(|deed| apply(&mut content, deed)),
                Loss::Some(_) => {
                    let Some(random) = &mut random else { continue };
                    keep_some(&mut content, &place.waiting, random);
                }
            }
            if let Some(content) = content {
                fs::write(into.join(name), content)?;
            }
        }
        Ok(())
    }
}

/// Writes of the waiting calls reach the disk without order, some not at all, some in part. What was written to a file that was removed
/// and made again does not mix with what the new one holds.
fn keep_some(content: &mut Option<Vec<u8>>, waiting: &[Deed], random: &mut StdRng) {
    let removed = waiting.iter().rposition(|deed| *deed == Deed::Remove);
    let waiting = match removed {
        Some(at) if random.random_bool(0.5) => {
            *content = None;
            &waiting[at + 1..]
        }
        Some(at) => &waiting[..at],
        None => waiting,
    };
    let mut kept: Vec<&Deed> = waiting.iter().filter(|_| random.random_bool(0.5)).collect();
    for at in (1..kept.len()).rev() {
        kept.swap(at, random.random_range(0..=at));
    }
    for deed in kept {
        match deed {
            Deed::Write(offset, bytes) if random.random_bool(0.3) => {
                let sectors = bytes.len() / SECTOR_BYTES;
                let part = random.random_range(0..=sectors) * SECTOR_BYTES;
                apply(content, &Deed::Write(*offset, bytes[..part.min(bytes.len())].to_vec()));
            }
            deed => apply(content, deed),
        }
    }
}

fn apply(content: &mut Option<Vec<u8>>, deed: &Deed) {
    let size = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
    match deed {
        Deed::Write(offset, bytes) => {
            let file = content.get_or_insert_default();
            let end = size(*offset) + bytes.len();
            if file.len() < end {
                file.resize(end, 0);
            }
            file[size(*offset)..end].copy_from_slice(bytes);
        }
        Deed::Truncate(to) => content.get_or_insert_default().resize(size(*to), 0),
        Deed::Remove => *content = None,
        Deed::Sync => {}
    }
}
