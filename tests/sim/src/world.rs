//! The province and the communes' computers, and what happens to them: work, sessions over a bad line, crashes, restores, copies, losses.

use crate::{
    computer::Computer,
    line::{self, Cut},
    promise,
    province::{Aggregator, COMMUNES},
    tally::Tally,
};
use agent::uplink::outcome::End;
use aggregator::store::{Act, ReviewRequest, Reviewed};
use anyhow::{Result, bail};
use chrono::{DateTime, TimeDelta, Utc};
use rand::{Rng, RngCore, SeedableRng, rngs::StdRng};
use shared::observation::Decision;
use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use uuid::Uuid;

/// Most live copies of one commune's store.
const MAX_COPIES: usize = 3;
/// Rounds of sessions after which everything must be quiet.
const MAX_ROUNDS: u32 = 16;

/// The only source of time and chance in a seed.
#[derive(Debug, Clone)]
pub struct Hand(Arc<Mutex<(StdRng, DateTime<Utc>)>>);

impl Hand {
    pub fn of(seed: u64) -> Self {
        let start = "2026-10-16T02:00:00Z".parse().unwrap_or_default();
        Self(Arc::new(Mutex::new((StdRng::seed_from_u64(seed), start))))
    }

    fn lock(&self) -> MutexGuard<'_, (StdRng, DateTime<Utc>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn real(&self) -> DateTime<Utc> {
        self.lock().1
    }

    pub fn advance(&self, by: TimeDelta) {
        self.lock().1 += by;
    }

    /// A number below a bound.
    pub fn below(&self, bound: usize) -> usize {
        self.lock().0.random_range(0..bound.max(1))
    }

    /// Random bytes.
    pub fn draw<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.lock().0.fill_bytes(&mut bytes);
        bytes
    }
}

impl RngCore for Hand {
    fn next_u32(&mut self) -> u32 {
        self.lock().0.next_u32()
    }
    fn next_u64(&mut self) -> u64 {
        self.lock().0.next_u64()
    }
    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.lock().0.fill_bytes(bytes);
    }
}

/// Everything of one seed.
pub struct World {
    place: PathBuf,
    pub hand: Hand,
    pub tally: Tally,
    pub aggregator: Aggregator,
    pub computers: Vec<Computer>,
    made: usize,
    /// Changes that were confirmed to some computer and are still held by someone.
    acknowledged: BTreeSet<Uuid>,
    /// Changes that were confirmed since the aggregator was last restored: it has them at every moment.
    promised: BTreeSet<Uuid>,
    closed: bool,
}

impl World {
    /// A founded province and one computer for each commune.
    pub fn new(place: PathBuf, province: PathBuf, hand: Hand, tally: Tally) -> Result<Self> {
        let aggregator = Aggregator::at(province, hand.clone())?;
        let (computers, acknowledged, promised) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
        let mut world =
            Self { place, hand, tally, aggregator, computers, made: 0, acknowledged, promised, closed: false };
        for commune in COMMUNES {
            world.join(commune)?;
        }
        Ok(world)
    }

    fn join(&mut self, commune: &str) -> Result<()> {
        self.made += 1;
        let computer = Computer::joined(&self.place, &format!("pc-{}", self.made), commune, &self.hand)?;
        self.computers.push(computer);
        Ok(())
    }

    /// One thing that happens.
    pub async fn step(&mut self) -> Result<()> {
        let minutes = i64::try_from(self.hand.below(300))?;
        self.hand.advance(TimeDelta::minutes(minutes));
        self.tally.add("simulated minutes", u64::try_from(minutes)?);
        let who = self.hand.below(self.computers.len());
        match self.hand.below(100) {
            0..34 => self.computers[who].enter(&self.hand, &mut self.tally)?,
            34..41 => self.computers[who].attach(&self.hand, &mut self.tally)?,
            41..66 => {
                let cut = self.cut();
                self.session(&[(who, cut)]).await?;
            }
            66..72 => self.side_by_side(who).await?,
            72..75 => self.kill_computer(who),
            75..79 => self.kill_province().await,
            79..81 => self.aggregator.back_up().await?,
            81..83 => self.restore_province().await?,
            83..86 => self.computers[who].back_up()?,
            86..89 => self.restore_computer(who)?,
            89..91 => self.copy_computer(who)?,
            91..92 => self.lose_computer(who)?,
            92..96 => self.review().await?,
            96..97 => self.close_period().await?,
            _ => self.damage(who).await?,
        }
        self.look().await
    }

    fn cut(&mut self) -> Cut {
        match self.hand.below(3) {
            0 => Cut::Never,
            _ => Cut::After(u32::try_from(self.hand.below(24)).unwrap_or_default()),
        }
    }

    /// Sessions that go on at the same time; how each ended.
    async fn session(&mut self, who: &[(usize, Cut)]) -> Result<Vec<Option<End>>> {
        let mut before = Vec::new();
        for (place, _) in who {
            before.push(self.computers[*place].store()?.view().acknowledged_seq()?);
        }
        let running = self.aggregator.running().await?;
        let mut chosen: Vec<(&mut Computer, Cut)> = Vec::new();
        for (place, computer) in self.computers.iter_mut().enumerate() {
            if let Some((_, cut)) = who.iter().find(|(number, _)| *number == place) {
                chosen.push((computer, *cut));
            }
        }
        let ends = line::talk(running, &mut chosen, &self.hand, &mut self.tally).await?;
        for ((place, _), before) in who.iter().zip(before) {
            let view = self.computers[*place].store()?.view();
            let confirmed = view.acknowledged_seq()?;
            for change in view.changes_after(0)?.into_iter().take_while(|change| change.seq <= confirmed) {
                self.acknowledged.insert(change.change_id);
                if change.seq > before {
                    self.promised.insert(change.change_id);
                }
            }
        }
        Ok(ends)
    }

    async fn side_by_side(&mut self, who: usize) -> Result<()> {
        let other = self.hand.below(self.computers.len());
        if other == who {
            return Ok(());
        }
        self.tally.count("sessions at the same time");
        let cuts = [self.cut(), self.cut()];
        self.session(&[(who, cuts[0]), (other, cuts[1])]).await.map(drop)
    }

    fn kill_computer(&mut self, who: usize) {
        self.tally.count("computers switched off");
        self.computers[who].kill();
    }

    async fn kill_province(&mut self) {
        self.tally.count("aggregator killed");
        self.aggregator.kill().await;
    }

    async fn restore_province(&mut self) -> Result<()> {
        let which = self.hand.below(self.aggregator.backups());
        if self.aggregator.restore(which).await? {
            self.tally.count("aggregator restored");
            self.promised.clear();
            self.tally.trace("the aggregator is restored");
        }
        Ok(())
    }

    fn restore_computer(&mut self, who: usize) -> Result<()> {
        let which = self.hand.below(self.computers[who].backups.len());
        if self.computers[who].restore(which)? {
            self.tally.count("computers restored");
            self.tally.trace(format_args!("{} is restored", self.computers[who].name));
        }
        Ok(())
    }

    fn copy_computer(&mut self, who: usize) -> Result<()> {
        let commune = self.computers[who].commune.clone();
        if self.computers.iter().filter(|computer| computer.commune == commune).count() >= MAX_COPIES {
            return Ok(());
        }
        self.made += 1;
        let copy = self.computers[who].copied(&self.place, &format!("pc-{}", self.made))?;
        self.tally.count("computers copied");
        self.tally.trace(format_args!("{} is a copy of {}", copy.name, self.computers[who].name));
        self.computers.push(copy);
        Ok(())
    }

    fn lose_computer(&mut self, who: usize) -> Result<()> {
        let lost = self.computers.remove(who);
        self.tally.count("computers lost");
        self.tally.trace(format_args!("{} is lost", lost.name));
        self.join(&lost.commune)
    }

    async fn review(&mut self) -> Result<()> {
        let store = self.aggregator.running().await?.store.clone();
        let figures = store.observations().await?;
        if figures.is_empty() {
            return Ok(());
        }
        let figure = &figures[self.hand.below(figures.len())];
        let returned = self.hand.below(2) == 0;
        let request = ReviewRequest {
            commune: figure.commune.clone(),
            key: figure.key.clone(),
            version: None,
            decision: if returned { Decision::Returned } else { Decision::Accepted },
            reason: if returned { "chưa khớp".into() } else { String::new() },
            code: None,
            first: false,
        };
        let act = Act::of("sim", self.hand.real());
        if matches!(store.review(request, act).await?, Reviewed::Done { .. }) {
            self.tally.count("verdicts");
        }
        Ok(())
    }

    async fn close_period(&mut self) -> Result<()> {
        if std::mem::replace(&mut self.closed, true) {
            return Ok(());
        }
        let act = Act::of("sim", self.hand.real());
        let period = "2026-09".parse().map_err(|_| anyhow::anyhow!("period"))?;
        let store = self.aggregator.running().await?.store.clone();
        if matches!(aggregator::closing::close(&*store, period, act).await?, aggregator::store::Closed::Done(_)) {
            self.tally.count("periods closed");
        }
        Ok(())
    }

    /// A record is changed behind the programs' backs, at one end: the sums must notice, and sending again must heal.
    async fn damage(&mut self, who: usize) -> Result<()> {
        let at_province = self.hand.below(2) == 0;
        let file = match at_province {
            true => {
                self.aggregator.kill().await;
                self.aggregator.store_file()
            }
            false => {
                self.computers[who].kill();
                self.computers[who].folder().store()
            }
        };
        let connection = rusqlite::Connection::open(file)?;
        // What was refused is no part of what both ends prove to each other; `verify` finds it.
        let (table, accepted) = if at_province {
            ("observation", "")
        } else {
            ("figure", "WHERE refusal_code IS NULL AND seq <= (SELECT value FROM meta WHERE name = 'acknowledged_seq')")
        };
        let changed = connection.execute(
            &format!("UPDATE {table} SET note = ?1 WHERE change_id = (SELECT change_id FROM {table} {accepted} ORDER BY change_id LIMIT 1)"),
            [format!("hỏng {}", self.hand.below(1_000_000))],
        )?;
        if changed > 0 {
            self.tally.count(if at_province {
                "records damaged at the province"
            } else {
                "records damaged at a commune"
            });
        }
        Ok(())
    }

    /// What was confirmed is stored, at every moment. What only a lost or overwritten disk had is gone; nobody promised otherwise.
    async fn look(&mut self) -> Result<()> {
        let held = self.held().await?;
        let stored: BTreeSet<Uuid> =
            promise::journal(&self.aggregator.store_file())?.into_iter().map(|entry| entry.change).collect();
        if let Some(lost) = self.promised.iter().find(|change| !stored.contains(change)) {
            bail!("acknowledged, and not stored: {lost}");
        }
        self.acknowledged.retain(|change| held.contains(change));
        Ok(())
    }

    /// Every change that the province or a live computer holds.
    async fn held(&mut self) -> Result<BTreeSet<Uuid>> {
        self.aggregator.running().await?;
        let mut held: BTreeSet<Uuid> =
            promise::journal(&self.aggregator.store_file())?.into_iter().map(|entry| entry.change).collect();
        for computer in &mut self.computers {
            held.extend(computer.store()?.view().changes_after(0)?.into_iter().map(|change| change.change_id));
        }
        Ok(held)
    }

    /// The line is good again, everybody is there; then what was promised must hold.
    pub async fn heal(&mut self) -> Result<Vec<String>> {
        self.tally.trace("everything heals");
        let held = self.held().await?;
        for round in 1..=MAX_ROUNDS {
            let mut moved = false;
            for who in 0..self.computers.len() {
                let before = self.state_of(who)?;
                let ends = self.session(&[(who, Cut::Never)]).await?;
                if ends != [Some(End::Done)] {
                    self.tally.trace(format_args!("{}: {ends:?}", self.computers[who].name));
                }
                moved |= before != self.state_of(who)? || ends != [Some(End::Done)];
                self.hand.advance(TimeDelta::minutes(1));
            }
            if !moved && round > 1 {
                self.tally.add("rounds to heal", u64::from(round));
                return promise::check(self, &held).await;
            }
        }
        bail!("it does not become quiet within {MAX_ROUNDS} rounds")
    }

    /// What a session may change. The life of a store is left out: live copies take turns with theirs.
    fn state_of(&mut self, who: usize) -> Result<String> {
        let view = self.computers[who].store()?.view();
        Ok(format!("{:?} {:?} {:?}", view.head()?, view.acknowledged_seq()?, view.outstanding_files()?))
    }

    pub fn acknowledged(&self) -> &BTreeSet<Uuid> {
        &self.acknowledged
    }
}
