//! The sessions that are watched: a commune that joins, enters, revises and is refused, a province that decides, both restarted in
//! between; and what each end had promised at which moment.

use crate::disk;
use agent::{
    clock::Clock as Hand,
    entry::{self, Author, Copied, Form, Typed},
    folder::Folder as Home,
    store::{Store as Notebook, meta::Belonging},
    uplink::{
        exchange::{Exchange, Surroundings},
        line::Sizes,
        outcome::End,
    },
};
use aggregator::{
    access::{Agent, Carrier},
    authority::Authority,
    bundle_key,
    clock::Clock,
    config::Config,
    folder::Folder,
    ingest::{
        NoStandings,
        session::{Ingest, hold},
    },
    keyring::{Keyring, issue_server},
    province::Province,
    receipts, serve,
    store::{Act, CatalogueImport, CertificateRecord, Founding, ReviewRequest, Store, sqlite::SqliteStore},
};
use anyhow::{Context, Result, bail, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use proto::{
    pem, position,
    sync::v1::{AggregatorFrame, aggregator_frame::Frame},
};
use rand::{SeedableRng, rngs::StdRng};
use shared::{
    catalogue::{Kind, read},
    change::{Incarnation, LogPosition},
    observation::{Decision, ObservationKey},
    period::Period,
};
use std::{fs, path::Path, sync::Arc};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};
use tokio_stream::wrappers::ReceiverStream;

/// The commune.
pub const COMMUNE: &str = "tan-phu";
const PROVINCE: &str = "dong-nai";
const CERTIFICATE: [u8; 32] = [7; 32];
/// Frames on their way.
const FRAMES: usize = 64;

/// What one end may not forget any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Promise {
    /// The agent has this place in its log: an edit was said to be stored.
    Entered(LogPosition),
    /// The agent knows that the province has confirmed so much, and has so many receipts.
    Confirmed(u64, u64),
    /// The agent has taken over the feed up to here.
    Informed(u64),
    /// The province has this place in the commune's log: it was acknowledged.
    Acknowledged(LogPosition),
    /// The province has decided on this figure.
    Decided(ObservationKey),
    /// The province has closed this period.
    Closed(Period),
}

/// A promise and the moment from which it holds.
pub type Given = (usize, Promise);

/// A clock that both ends are given.
#[derive(Debug, Clone)]
pub struct Standing(pub DateTime<Utc>);

impl Clock for Standing {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }
}

/// Founds the province and lets its agent be known.
///
/// # Errors
/// Whatever goes wrong.
pub async fn found(place: &Path, now: DateTime<Utc>) -> Result<()> {
    let source = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/catalogue/dong-nai-2026"));
    let file = |name: &str| Ok((name.to_owned(), fs::read(source.join(name))?));
    let files = read::FILES.into_iter().map(file).collect::<Result<_>>()?;
    let Ok(checked) = read::read(&files) else { bail!("the catalogue has faults") };
    let (fingerprint, plan_year) = (hex::encode(checked.fingerprint()), checked.province.plan_year);
    let clock = Standing(now);
    let folder = Folder::prepare(place, "power")?;
    let (authority, key) = Authority::make(PROVINCE, [3; 16], now)?;
    pem::write_key(&folder.authority_key(), &key)?;
    pem::write_certificates(&folder.authority_certificate(), &[authority.certificate().clone()])?;
    issue_server(&folder, &Config::default().hosts, &authority, &clock)?;
    bundle_key::load_or_make(&folder)?;
    receipts::make(&folder, PROVINCE, &authority, &clock)?;
    let founding = Founding { province: PROVINCE.into(), exercise: false, clock_offset_ms: 0 };
    let import = CatalogueImport { files, fingerprint, plan_year };
    let store = SqliteStore::create(&folder.store(), founding, import, act(now)).await?;
    store.add_certificate(certificate(now), act(now)).await?;
    drop(store);
    folder.settle(place)?;
    Ok(())
}

fn act(at: DateTime<Utc>) -> Act {
    Act::of("an", at)
}

fn certificate(now: DateTime<Utc>) -> CertificateRecord {
    CertificateRecord {
        fingerprint: CERTIFICATE,
        serial: "07".into(),
        identity: format!("urn:tiendo:{PROVINCE}:commune:{COMMUNE}"),
        commune: Some(COMMUNE.into()),
        generation: 1,
        public_key: None,
        issuer: None,
        issued_at: now,
        not_after: now + TimeDelta::days(14),
        revoked_at: None,
        der: None,
    }
}

/// The aggregator's process.
struct Running {
    ingest: Arc<Ingest>,
    store: Arc<dyn Store>,
    writing: JoinHandle<()>,
    _end: watch::Sender<bool>,
}

impl Running {
    async fn start(place: &Path, now: DateTime<Utc>) -> Result<Self> {
        let folder = Folder::open(place)?;
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&folder.store())?);
        let clock: Arc<dyn Clock> = Arc::new(Standing(now));
        let province = Arc::new(Province::load(store.clone(), clock.clone()).await?);
        let keyring = Arc::new(Keyring::open(folder.clone(), Config::default().hosts, clock.clone())?);
        let (end, ending) = watch::channel(false);
        let config = Config { max_sessions: 4, ..Config::default() };
        let (ingest, writing) =
            serve::ingest(&folder, &config, (keyring, clock), &province, Arc::new(NoStandings), ending).await?;
        Ok(Self { ingest: Arc::new(ingest), store, writing, _end: end })
    }

    async fn stop(self) -> Result<()> {
        let Self { ingest, store, writing, _end } = self;
        drop((ingest, store, _end));
        Ok(writing.await?)
    }
}

/// Both ends while they work.
struct Watched {
    home: Home,
    notebook: Notebook,
    running: Running,
    authority: Authority,
    random: StdRng,
    now: DateTime<Utc>,
    given: Vec<Given>,
}

impl Watched {
    fn promise(&mut self, promise: Promise) {
        self.given.push((disk::now(), promise));
    }

    fn enter(&mut self, number: usize, period: &str) -> Result<ObservationKey> {
        let view = self.notebook.view();
        let catalogue = view.catalogue()?.context("no catalogue yet")?;
        let code = catalogue.targets[number % 4].indicator.clone();
        let kind = catalogue.indicator(&code).map(|one| one.kind);
        let typed = match kind {
            Some(Kind::Ratio) => Typed::Ratio((number % 99).to_string(), "100".into()),
            Some(Kind::Flag) => Typed::Flag(true),
            _ => Typed::Value(number.to_string()),
        };
        let Ok(period) = period.parse() else { bail!("no period: {period}") };
        let form = Form {
            indicator: code.to_string(),
            unit: String::new(),
            period,
            typed,
            note: "ghi chú ".repeat(number % 30),
        };
        let mut author = Author { name: "Lan", now: self.now, random: &mut self.random };
        let recorded = entry::record(&mut self.notebook, &mut author, &form)?;
        let head = self.notebook.view().head()?;
        self.promise(Promise::Entered(head));
        Ok(recorded.observation.key)
    }

    fn attach(&mut self, key: &ObservationKey) -> Result<()> {
        let mut author = Author { name: "Lan", now: self.now, random: &mut self.random };
        // The file itself is not kept here: files are not SQLite's.
        let copied = Copied { sha256: [5; 32], name: "bc.pdf".into(), size_bytes: 10 };
        entry::attach(&mut self.notebook, &mut author, (&key.indicator, &key.unit, key.period), vec![copied])?;
        let head = self.notebook.view().head()?;
        self.promise(Promise::Entered(head));
        Ok(())
    }

    async fn meet(&mut self) -> Result<()> {
        let (to_agent, mut answers) = mpsc::channel(FRAMES);
        let (to_province, inbound) = mpsc::channel(FRAMES);
        let agent = Agent { commune: COMMUNE.into(), certificate: CERTIFICATE, by: Carrier::Line };
        let session = tokio::spawn(hold(self.running.ingest.clone(), agent, ReceiverStream::new(inbound), to_agent));
        let clock = Hand::standing_at(self.now);
        let around = Surroundings {
            folder: &self.home,
            clock: &clock,
            authorities: vec![self.authority.certificate().clone()],
            most: Sizes { chunk_bytes: 65_536, ..Sizes::LARGEST },
            random: &mut self.random,
        };
        let (mut exchange, mut frames) = Exchange::begin(&mut self.notebook, around)?;
        while exchange.outcome().is_none() {
            for frame in frames.drain(..) {
                to_province.send(Ok(frame)).await.ok().context("the province is gone")?;
            }
            match answers.recv().await {
                Some(frame) => {
                    let frame = frame?;
                    self.given.extend(acknowledged(&frame));
                    frames = exchange.take(frame);
                }
                None => exchange.closed(),
            }
        }
        let outcome = exchange.outcome().cloned().context("no outcome")?;
        drop(exchange);
        drop(to_province);
        session.await?;
        ensure!(matches!(outcome.end, End::Done | End::EvidencePending), "{outcome:?}");
        let view = self.notebook.view();
        let (confirmed, receipts, feed) = (view.acknowledged()?.seq, view.receipt_count()?, view.feed_position()?);
        self.promise(Promise::Confirmed(confirmed, receipts));
        self.promise(Promise::Informed(feed));
        Ok(())
    }

    async fn review(&mut self, key: ObservationKey) -> Result<()> {
        let (commune, reason) = (COMMUNE.into(), "thiếu".into());
        let request = ReviewRequest {
            commune,
            key: key.clone(),
            version: None,
            decision: Decision::Returned,
            reason,
            code: None,
            first: false,
        };
        self.running.store.review(request, act(self.now)).await?;
        self.promise(Promise::Decided(key));
        Ok(())
    }

    async fn close(&mut self, period: &str) -> Result<()> {
        let Ok(period) = period.parse() else { bail!("no period: {period}") };
        let closed = aggregator::closing::close(&*self.running.store, period, act(self.now)).await?;
        ensure!(matches!(closed, aggregator::store::Closed::Done(_)), "{closed:?}");
        self.promise(Promise::Closed(period));
        Ok(())
    }
}

fn acknowledged(frame: &AggregatorFrame) -> Option<Given> {
    let Some(Frame::Acknowledgement(said)) = &frame.frame else { return None };
    let position = position::from_wire(said.position.clone()).ok()?;
    Some((disk::now(), Promise::Acknowledged(position)))
}

/// Lets both ends live through it. Both are restarted once in between and end in good order.
///
/// # Errors
/// Whatever goes wrong.
pub async fn live(home: &Path, place: &Path, now: DateTime<Utc>) -> Result<Vec<Given>> {
    let home = Home::at(home);
    home.create()?;
    let mut notebook = Notebook::open_or_create(&home)?;
    let belonging = Belonging {
        province: PROVINCE.into(),
        commune: COMMUNE.into(),
        commune_name: COMMUNE.into(),
        server: "https://localhost:1".into(),
        joined_at: now,
        incarnation: Incarnation([9; 16]),
    };
    notebook.write(|writing| writing.set_belonging(&belonging))?;
    let folder = Folder::open(place)?;
    let authority = Authority::load(
        pem::read_certificates(&folder.authority_certificate())?.remove(0),
        &fs::read_to_string(folder.authority_key())?,
    )?;
    let running = Running::start(place, now).await?;
    let random = StdRng::seed_from_u64(1);
    let mut both = Watched { home, notebook, running, authority, random, now, given: Vec::new() };
    both.meet().await?;
    let first = both.enter(1, "2026-09")?;
    for number in 2..14 {
        both.enter(number, "2026-10")?;
    }
    both.attach(&first)?;
    both.meet().await?;
    both.review(first).await?;
    both.close("2026-08").await?;
    both.notebook = Notebook::open(&both.home)?;
    let next = Running::start(place, now).await?;
    std::mem::replace(&mut both.running, next).stop().await?;
    // What comes for August now is kept for its next closing.
    both.enter(14, "2026-08")?;
    for number in 15..24 {
        both.enter(number, "2026-09")?;
    }
    both.meet().await?;
    both.meet().await?;
    let Watched { notebook, running, given, .. } = both;
    drop(notebook);
    running.stop().await?;
    Ok(given)
}
