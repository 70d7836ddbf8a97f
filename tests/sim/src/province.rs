//! The aggregator of a seed: the real store, writer, session machine and evidence folder, without a network. It can be stopped in the
//! middle of anything, started again, and put back to an older state of its disk.

use crate::world::Hand;
use aggregator::{
    access::{Agent, Carrier},
    authority::Authority,
    bundle_key,
    clock::Clock,
    config::Config,
    enrol::random,
    folder::Folder,
    ingest::{NoStandings, greeting::Sizes, session::Ingest},
    keyring::{Keyring, issue_server},
    province::Province,
    receipts, serve,
    store::{Act, CatalogueImport, CertificateRecord, Founding, Store, sqlite::SqliteStore},
};
use anyhow::{Context, Result};
use chrono::{DateTime, TimeDelta, Utc};
use proto::pem;
use rustls::pki_types::CertificateDer;
use shared::catalogue::read;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::{sync::watch, task::JoinHandle};

/// The communes of a seed.
pub const COMMUNES: [&str; 2] = ["tan-phu", "dinh-quan"];
const PROVINCE: &str = "dong-nai";

impl Clock for Hand {
    fn now(&self) -> DateTime<Utc> {
        self.real()
    }
}

/// Founds the province that every seed starts from.
pub async fn found(place: &Path, hand: &Hand) -> Result<()> {
    let catalogue = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/catalogue/dong-nai-2026"));
    let read_file = |name: &str| Ok((name.to_owned(), fs::read(catalogue.join(name))?));
    let files = read::FILES.into_iter().map(read_file).collect::<Result<_>>()?;
    let checked = read::read(&files).map_err(|faults| anyhow::anyhow!("{} faults", faults.len()))?;
    let import = CatalogueImport {
        files,
        fingerprint: hex::encode(checked.fingerprint()),
        plan_year: checked.province.plan_year,
    };
    let folder = Folder::prepare(place, "sim")?;
    let (authority, key) = Authority::make(PROVINCE, random(), hand.now())?;
    pem::write_key(&folder.authority_key(), &key)?;
    pem::write_certificates(&folder.authority_certificate(), &[authority.certificate().clone()])?;
    issue_server(&folder, &Config::default().hosts, &authority, hand)?;
    receipts::make(&folder, PROVINCE, &authority, hand)?;
    bundle_key::load_or_make(&folder)?;
    let founding = Founding { province: PROVINCE.into(), exercise: false, clock_offset_ms: 0 };
    let act = Act::of("sim", hand.now());
    let store = SqliteStore::create(&folder.store(), founding, import, act.clone()).await?;
    for (number, commune) in (1..).zip(COMMUNES) {
        store.add_certificate(certificate(number, commune, hand.now()), act.clone()).await?;
    }
    drop(store);
    folder.settle(place)?;
    Ok(())
}

fn certificate(number: u8, commune: &str, now: DateTime<Utc>) -> CertificateRecord {
    CertificateRecord {
        fingerprint: [number; 32],
        serial: format!("{number:032x}"),
        identity: format!("urn:tiendo:{PROVINCE}:commune:{commune}"),
        commune: Some(commune.into()),
        generation: 1,
        public_key: None,
        issuer: None,
        issued_at: now,
        not_after: now + TimeDelta::days(3_650),
        revoked_at: None,
        der: None,
    }
}

/// A running aggregator.
pub struct Running {
    pub ingest: Arc<Ingest>,
    pub store: Arc<dyn Store>,
    writing: JoinHandle<()>,
    authority: PathBuf,
    _end: watch::Sender<bool>,
}

impl Running {
    /// The file of the authority that agents trust.
    pub fn authority(&self) -> PathBuf {
        self.authority.clone()
    }
}

/// The aggregator's disk, and the process that may run on it.
pub struct Aggregator {
    root: PathBuf,
    hand: Hand,
    running: Option<Running>,
    /// Older states of the store file, oldest first.
    backups: Vec<PathBuf>,
    pub authority: CertificateDer<'static>,
}

impl Aggregator {
    pub fn at(root: PathBuf, hand: Hand) -> Result<Self> {
        let folder = Folder::open(&root)?;
        let authority = pem::read_certificates(&folder.authority_certificate())?.remove(0);
        Ok(Self { root, hand, running: None, backups: Vec::new(), authority })
    }

    /// The process; started if none runs.
    pub async fn running(&mut self) -> Result<&Running> {
        if self.running.is_none() {
            self.running = Some(self.start().await?);
        }
        self.running.as_ref().context("just started")
    }

    async fn start(&self) -> Result<Running> {
        let folder = Folder::open(&self.root)?;
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&folder.store())?);
        let clock: Arc<dyn Clock> = Arc::new(self.hand.clone());
        let province = Arc::new(Province::load(store.clone(), clock.clone()).await?);
        let keyring = Arc::new(Keyring::open(folder.clone(), Config::default().hosts, clock.clone())?);
        let (end, ending) = watch::channel(false);
        let config = Config { max_sessions: 16, ..Config::default() };
        let (mut ingest, writing) =
            serve::ingest(&folder, &config, (keyring, clock), &province, Arc::new(NoStandings), ending).await?;
        // A few changes are many here: batches are in flight, and history comes back in several pages.
        ingest.sizes = Sizes { batch_bytes: 500, page_changes: 3 };
        Ok(Running { ingest: Arc::new(ingest), store, writing, authority: folder.authority_certificate(), _end: end })
    }

    /// The process ends at once. What it had handed to the disk is there, what it had not is not; nobody was told either way.
    pub async fn kill(&mut self) {
        if let Some(Running { ingest, store, writing, _end, .. }) = self.running.take() {
            drop((ingest, store, _end));
            // The file is closed when the writing task has gone.
            let _ = writing.await;
        }
    }

    /// Keeps the store's present state as an older one for later.
    pub async fn back_up(&mut self) -> Result<()> {
        self.kill().await;
        let place = self.root.with_extension(format!("backup-{}", self.backups.len()));
        fs::copy(self.root.join("store.db"), &place)?;
        self.backups.push(place);
        Ok(())
    }

    /// Puts an older state back, as `restore` does: in a new epoch.
    pub async fn restore(&mut self, which: usize) -> Result<bool> {
        let Some(backup) = self.backups.get(which % self.backups.len().max(1)).cloned() else { return Ok(false) };
        self.kill().await;
        fs::copy(backup, self.root.join("store.db"))?;
        let epoch = self.hand.draw();
        let real = self.hand.real();
        let act = Act::of("sim", real);
        self.running().await?.store.restored(epoch, "sim", real, act).await?;
        Ok(true)
    }

    /// How many older states there are.
    pub fn backups(&self) -> usize {
        self.backups.len()
    }

    /// The store file, for looking inside.
    pub fn store_file(&self) -> PathBuf {
        self.root.join("store.db")
    }

    /// The folder of evidence.
    pub fn evidence(&self) -> PathBuf {
        self.root.join("evidence")
    }
}

/// The agent that a commune's certificate names.
pub fn agent_of(commune: &str) -> Agent {
    let number = COMMUNES.iter().position(|one| *one == commune).unwrap_or_default();
    Agent { commune: commune.into(), certificate: [u8::try_from(number + 1).unwrap_or(1); 32], by: Carrier::Line }
}
