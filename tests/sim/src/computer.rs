//! One computer of a commune: its data folder, and the store that is open while the program runs.

use crate::{tally::Tally, world::Hand};
use agent::{
    clock::Clock,
    entry::{self, Author, Form, Typed},
    evidence,
    folder::Folder,
    store::{Store, meta::Belonging},
};
use anyhow::{Context, Result};
use rand::RngCore;
use shared::{catalogue::Kind, change::Incarnation};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The figures that clerks of a seed enter: few keys, so that branches meet.
const INDICATORS: usize = 6;
const PERIODS: [&str; 2] = ["2026-09", "2026-10"];

pub struct Computer {
    pub commune: String,
    pub name: String,
    folder: Folder,
    store: Option<Store>,
    /// Older states of its disk.
    pub backups: Vec<PathBuf>,
}

impl Computer {
    /// A new computer that has joined and knows nothing.
    pub fn joined(place: &Path, name: &str, commune: &str, hand: &Hand) -> Result<Self> {
        let folder = Folder::at(place.join(name));
        folder.create()?;
        let mut store = Store::open_or_create(&folder)?;
        let belonging = Belonging {
            province: "dong-nai".into(),
            commune: commune.into(),
            commune_name: commune.into(),
            server: "https://localhost:1".into(),
            joined_at: hand.real(),
            incarnation: Incarnation(hand.draw()),
        };
        store.write(|writing| writing.set_belonging(&belonging))?;
        let (commune, name) = (commune.to_owned(), name.to_owned());
        Ok(Self { commune, name, folder, store: Some(store), backups: Vec::new() })
    }

    /// A live copy of the whole disk.
    pub fn copied(&mut self, place: &Path, name: &str) -> Result<Self> {
        self.store = None;
        let folder = Folder::at(place.join(name));
        copy_all(self.folder.root(), folder.root())?;
        Ok(Self { commune: self.commune.clone(), name: name.to_owned(), folder, store: None, backups: Vec::new() })
    }

    /// The store; opened as the program does at its start.
    pub fn store(&mut self) -> Result<&mut Store> {
        if self.store.is_none() {
            self.store = Some(Store::open(&self.folder)?);
        }
        self.store.as_mut().context("just opened")
    }

    /// Folder and store together.
    pub fn parts(&mut self) -> Result<(&Folder, &mut Store)> {
        self.store()?;
        Ok((&self.folder, self.store.as_mut().context("just opened")?))
    }

    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// The program ends at once.
    pub fn kill(&mut self) {
        self.store = None;
    }

    /// Keeps the disk's present state for later.
    pub fn back_up(&mut self) -> Result<()> {
        self.kill();
        let place = self.folder.root().with_extension(format!("backup-{}", self.backups.len()));
        copy_all(self.folder.root(), &place)?;
        self.backups.push(place);
        Ok(())
    }

    /// Puts an older state of the disk back, with its incarnation, as an image of the disk would.
    pub fn restore(&mut self, which: usize) -> Result<bool> {
        let Some(backup) = self.backups.get(which % self.backups.len().max(1)).cloned() else { return Ok(false) };
        self.kill();
        fs::remove_dir_all(self.folder.root())?;
        copy_all(&backup, self.folder.root())?;
        Ok(true)
    }

    /// A clerk enters a figure; nothing while the computer has no catalogue yet.
    pub fn enter(&mut self, hand: &Hand, tally: &mut Tally) -> Result<()> {
        let commune = self.commune.clone();
        let store = self.store()?;
        let Some(catalogue) = store.view().catalogue()? else { return Ok(()) };
        let asked: Vec<_> = catalogue.targets.iter().map(|target| target.indicator.clone()).take(INDICATORS).collect();
        let indicator = asked[hand.below(asked.len())].clone();
        let kind = catalogue.indicators.iter().find(|one| one.code == indicator).map(|one| one.kind);
        let number = hand.below(90) + 1;
        let typed = match kind {
            Some(Kind::Ratio) => Typed::Ratio(number.to_string(), "100".into()),
            Some(Kind::Flag) => Typed::Flag(number.is_multiple_of(2)),
            _ => Typed::Value(number.to_string()),
        };
        let period = PERIODS[hand.below(PERIODS.len())].parse().map_err(|_| anyhow::anyhow!("period"))?;
        let form = Form {
            indicator: indicator.to_string(),
            unit: String::new(),
            period,
            typed,
            note: format!("sim {number}"),
        };
        let (now, mut random) = (hand.real(), hand.clone());
        let mut author = Author { name: "Lan", now, random: &mut random };
        match entry::record(store, &mut author, &form) {
            Ok(recorded) => {
                tally.count("figures entered");
                tally.trace(format_args!("{commune} {} enters {} {period}", self.name, recorded.change_id));
            }
            Err(error) => tally.trace(format_args!("{commune} {} cannot enter: {error}", self.name)),
        }
        Ok(())
    }

    /// A clerk attaches a file to a figure that is there.
    pub fn attach(&mut self, hand: &Hand, tally: &mut Tally) -> Result<()> {
        let figures = self.store()?.view().newest_of_all()?;
        if figures.is_empty() {
            return Ok(());
        }
        let key = figures[hand.below(figures.len())].observation.key.clone();
        let size = [1, 700, 300_000][hand.below(3)];
        let mut bytes = b"%PDF-1.4\n".to_vec();
        let mut filling = vec![0; size];
        hand.clone().fill_bytes(&mut filling);
        bytes.extend(filling.iter().map(|byte| b'a' + byte % 26));
        bytes.extend_from_slice(b"\n%%EOF\n");
        let file = self.folder.root().join("bien-ban.pdf");
        fs::write(&file, bytes)?;
        let limits = evidence::Limits { file_bytes: 1 << 20, total_bytes: 1 << 30 };
        let copied = evidence::keep(&self.folder, &[file], limits)?;
        let (now, mut random) = (hand.real(), hand.clone());
        let mut author = Author { name: "Lan", now, random: &mut random };
        let place = (key.indicator.as_str(), key.unit.as_str(), key.period);
        let store = self.store()?;
        match entry::attach(store, &mut author, place, copied) {
            Ok(_) => tally.count("files attached"),
            Err(error) => tally.trace(format_args!("cannot attach: {error}")),
        }
        Ok(())
    }

    /// The clock of this computer.
    pub fn clock(hand: &Hand, skew_ms: i64) -> Clock {
        Clock::standing_at(hand.real() + chrono::TimeDelta::milliseconds(skew_ms))
    }
}

/// Copies a folder with everything in it.
pub fn copy_all(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_all(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
