//! Rounds of faults on real processes under load: killed, stopped, cut off, lied to by the line, without space. After the last round
//! everything is quiet again, and both stores' files must say the same.

use crate::{
    commune::{Commune, Running},
    inquest::{self, Found},
    program::figures_csv_with_notes,
    province::Province,
    proxy::{Fault, Proxy, Way},
    space::Small,
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

const COMMUNES: [&str; 2] = ["loc-tan", "tan-loi"];
const INDICATORS: [&str; 4] = ["CDS-07", "CDS-08", "CDS-11", "CDS-17"];
/// Longest that a session takes to come to a byte or to its end.
const LONGEST: Duration = Duration::from_secs(60);
/// Sessions until everything is quiet.
const HEALING_SESSIONS: usize = 10;
/// Imports of a clerk in one round: a commune's log grows by that, as it does in years, and a session stays short.
const IMPORTS: usize = 8;
/// Bytes that a session with the figures of one round has at least; faults come before.
const SESSION_BYTES: u64 = 4_500;

/// What can be injected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Injected {
    /// The agent is killed when a session has come to a byte.
    AgentKilled,
    /// The aggregator is.
    ProvinceKilled,
    /// Both are, at the same byte.
    BothKilled,
    /// A clerk's command is killed while it writes.
    EntryKilled,
    /// The line is cut at a byte.
    LineCut,
    /// A bit is turned over on the line.
    BitFlipped,
    /// The line is slow from a byte on.
    LineSlow,
    /// The aggregator stands still for a while in mid-session.
    ProvinceStopped,
    /// The agent does.
    AgentStopped,
    /// The agent's disk is full.
    AgentDiskFull,
    /// The aggregator's is.
    ProvinceDiskFull,
}

impl Injected {
    /// All of them.
    pub const ALL: [Injected; 11] = [
        Injected::AgentKilled,
        Injected::ProvinceKilled,
        Injected::BothKilled,
        Injected::EntryKilled,
        Injected::LineCut,
        Injected::BitFlipped,
        Injected::LineSlow,
        Injected::ProvinceStopped,
        Injected::AgentStopped,
        Injected::AgentDiskFull,
        Injected::ProvinceDiskFull,
    ];
}

/// What was done and found.
#[derive(Debug, Clone, Default)]
pub struct Account {
    /// How often each fault came.
    pub injected: BTreeMap<Injected, u32>,
    /// Faults that could not be injected here.
    pub skipped: BTreeMap<Injected, u32>,
    /// Sessions that were held under a fault.
    pub sessions: u32,
    /// Those that had come to the byte of the fault.
    pub reached: u32,
    /// Figures that clerks were told are stored.
    pub entered: usize,
    /// What both stores held in the end, all communes together.
    pub found: Found,
}

/// A commune with a clerk who enters figures all the time.
struct Desk {
    commune: Arc<Commune>,
    notes: Arc<Mutex<Vec<String>>>,
    busy: Arc<AtomicBool>,
    next: Arc<AtomicU64>,
    clerk: Option<thread::JoinHandle<()>>,
}

impl Desk {
    fn new(commune: Commune) -> Self {
        let (commune, notes, next) = (Arc::new(commune), Arc::default(), Arc::default());
        Self { commune, notes, busy: Arc::new(AtomicBool::new(false)), next, clerk: None }
    }

    fn sit_down(&mut self) {
        let (commune, notes, next) = (self.commune.clone(), self.notes.clone(), self.next.clone());
        self.busy.store(true, Ordering::SeqCst);
        let busy = self.busy.clone();
        self.clerk = Some(thread::spawn(move || {
            for _ in 0..IMPORTS {
                if busy.load(Ordering::SeqCst) {
                    enter(&commune, &notes, &next);
                }
            }
        }));
    }

    fn stand_up(&mut self) {
        self.busy.store(false, Ordering::SeqCst);
        if let Some(clerk) = self.clerk.take() {
            clerk.join().expect("the clerk");
        }
    }
}

/// One import of two figures; what was said to be stored is noted.
fn enter(commune: &Commune, notes: &Mutex<Vec<String>>, next: &AtomicU64) {
    let first = next.fetch_add(2, Ordering::SeqCst);
    let rows: Vec<_> = (first..first + 2)
        .map(|number| {
            let code = INDICATORS[usize::try_from(number).unwrap_or_default() % INDICATORS.len()];
            (code, u32::try_from(number % 90).unwrap_or_default() + 1, 100, format!("so {number}"))
        })
        .collect();
    let csv = figures_csv_with_notes(&format!("2026-{:02}", first / 2 % 10 + 1), &rows);
    if commune.import(&csv).code == Some(0) {
        let said = rows.into_iter().map(|(.., note)| note);
        notes.lock().unwrap_or_else(PoisonError::into_inner).extend(said);
    }
}

/// The world of a run.
struct World {
    random: StdRng,
    province: Province,
    desks: Vec<Desk>,
    account: Account,
    /// Small disks, where this machine lets us have them.
    disks: Option<(Small, Small)>,
}

/// Lives through `rounds` rounds and then holds both ends' stores against each other.
///
/// # Panics
/// When a promise is broken.
#[must_use]
pub fn live(rounds: u32, seed: u64) -> Account {
    let disks = Small::mount(24).zip(Small::mount(48));
    let mut province = match &disks {
        Some((_, disk)) => Province::found_in(disk.path()),
        None => Province::found(),
    };
    province.serve();
    let desks = COMMUNES.iter().enumerate().map(|(at, slug)| {
        let commune = match &disks {
            Some((disk, _)) if at == 0 => Commune::joined_in(disk.path(), &province, slug),
            _ => Commune::joined(&province, slug),
        };
        let _ = commune.command(["sync"]).ok();
        Desk::new(commune)
    });
    let desks = desks.collect();
    let mut world = World { random: StdRng::seed_from_u64(seed), province, desks, account: Account::default(), disks };
    for round in 0..rounds {
        world.round(round);
    }
    world.conclude()
}

impl World {
    fn round(&mut self, round: u32) {
        // Every kind in turn, then in any order.
        let all = Injected::ALL;
        let at = usize::try_from(round).unwrap_or_default();
        let kind = if at < all.len() { all[at] } else { all[self.random.random_range(0..all.len())] };
        let full = matches!(kind, Injected::AgentDiskFull | Injected::ProvinceDiskFull);
        if full && self.disks.is_none() {
            *self.account.skipped.entry(kind).or_default() += 1;
            return;
        }
        for desk in &mut self.desks {
            enter(&desk.commune, &desk.notes, &desk.next);
            desk.sit_down();
        }
        // The full disk of an agent is the first one's.
        let at = if full { 0 } else { self.random.random_range(0..self.desks.len()) };
        match kind {
            Injected::EntryKilled => self.kill_an_entry(at),
            Injected::AgentDiskFull | Injected::ProvinceDiskFull => self.fill(kind),
            _ => self.break_a_session(kind, at),
        }
        self.desks.iter_mut().for_each(Desk::stand_up);
        *self.account.injected.entry(kind).or_default() += 1;
    }

    fn break_a_session(&mut self, kind: Injected, at: usize) {
        let way = if self.random.random_bool(0.5) { Way::Up } else { Way::Down };
        let byte = self.random.random_range(1..SESSION_BYTES);
        let (fault, way) = match kind {
            Injected::LineCut => (Fault::Cut, way),
            Injected::BitFlipped => (Fault::Flip, way),
            Injected::LineSlow => (Fault::Delay(Duration::from_millis(self.random.random_range(1..400))), way),
            Injected::ProvinceStopped | Injected::AgentStopped => (Fault::Delay(Duration::from_millis(20)), way),
            _ => (Fault::Hold, way),
        };
        let target = self.province.url().trim_start_matches("https://").parse().expect("an address");
        let proxy = Proxy::with(target, fault, way, byte);
        let commune = self.desks[at].commune.clone();
        commune.point_at(&proxy.url());
        let mut session = commune.start(["sync"]);
        self.account.sessions += 1;
        let reached = wait(&proxy, &mut session);
        self.account.reached += u32::from(reached);
        match kind {
            Injected::AgentKilled => session.kill(),
            Injected::ProvinceKilled => self.province.kill(),
            Injected::BothKilled => {
                session.kill();
                self.province.kill();
            }
            Injected::ProvinceStopped if reached => self.province.pause(wait_a_moment),
            Injected::AgentStopped if reached => session.pause(wait_a_moment),
            _ => {}
        }
        if matches!(kind, Injected::ProvinceKilled | Injected::BothKilled) {
            drop(proxy);
            let _ = session.wait_at_most(LONGEST);
            self.province.serve();
        } else {
            let _ = session.wait_at_most(LONGEST);
        }
        commune.point_at(self.province.url());
    }

    fn kill_an_entry(&mut self, at: usize) {
        let desk = &mut self.desks[at];
        desk.stand_up();
        let file = desk.commune.desk().join("killed.csv");
        let rows: Vec<_> = (0..40)
            .map(|number| (INDICATORS[number % 4], 1, 100, format!("cut {} {number}", self.account.sessions)))
            .collect();
        std::fs::write(&file, figures_csv_with_notes("2026-09", &rows)).expect("a file");
        let mut entry = desk.commune.start(["import", file.to_str().expect("UTF-8")]);
        let patience = Duration::from_micros(self.random.random_range(0..120_000));
        let _ = entry.wait_at_most(patience);
        entry.kill();
    }

    fn fill(&mut self, kind: Injected) {
        let (agents, provinces) = self.disks.as_ref().expect("checked");
        let disk = if kind == Injected::AgentDiskFull { agents } else { provinces };
        let full = disk.fill();
        for desk in &self.desks {
            let _ = desk.commune.command(["sync"]);
            self.account.sessions += 1;
        }
        drop(full);
    }

    fn conclude(mut self) -> Account {
        for desk in &self.desks {
            desk.commune.point_at(self.province.url());
            let quiet = (0..HEALING_SESSIONS).any(|_| {
                let done = desk.commune.command(["sync"]);
                done.code == Some(0) && desk.commune.status()["pending"] == 0
            });
            assert!(quiet, "not quiet after {HEALING_SESSIONS} sessions: {}", desk.commune.status());
        }
        self.province.kill();
        let province = self.province.data().join("store.db");
        for (desk, slug) in self.desks.iter().zip(COMMUNES) {
            let notes = desk.notes.lock().unwrap_or_else(PoisonError::into_inner);
            let agent = desk.commune.data().join("store.db");
            let found = inquest::hold(&province, slug, &agent, &notes);
            self.account.entered += notes.len();
            self.account.found.changes += found.changes;
            self.account.found.figures += found.figures;
            self.account.found.receipts += found.receipts;
        }
        self.account
    }
}

/// Waits until the proxy's byte is reached or the session is over; false when it is over.
fn wait(proxy: &Proxy, session: &mut Running) -> bool {
    let step = Duration::from_millis(50);
    let steps = LONGEST.as_millis() / step.as_millis();
    for _ in 0..steps {
        if proxy.wait(step) {
            return true;
        }
        if session.has_ended() {
            return false;
        }
    }
    panic!("neither the byte nor the end of the session came");
}

/// Long enough for the other end to notice, had it been impatient.
fn wait_a_moment() {
    let (_never, moment) = std::sync::mpsc::channel::<()>();
    let _ = moment.recv_timeout(Duration::from_millis(300));
}
