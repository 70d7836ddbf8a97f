//! The province's figures held ready in a running aggregator, following what agents send and what the province decides.

mod heads;
#[cfg(test)]
mod together;

use crate::{
    alerts,
    closing::{Frozen, FrozenError},
    report::{
        figures::{Figures, FiguresError},
        question::Edition,
    },
    store::{
        Accepted, AlertEvent, CaughtUp, Closing, Contact, Duty, HeldVersion, Moved, Store, StoreError, StoredVerdict,
        VersionsWanted,
    },
};
use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use heads::Heads;
use shared::{
    calendar::local_day,
    feed::{Standing, StandingLine},
    period::{Cycle, Period},
    ranking::{self, Scheme, explain},
    standings::Change,
    tables::{Inputs, write},
};
use std::{collections::VecDeque, fmt, sync::Arc, time::Duration};
use tokio::sync::{Mutex, watch};

/// The instant it is at the province.
pub type Now = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// Figures that follow the store.
pub struct Live {
    store: Arc<dyn Store>,
    now: Now,
    /// What is read: whoever has it goes on with it while others follow, and nobody waits for a reader.
    figures: ArcSwap<Figures>,
    /// Held by what changes the figures, so that nothing is taken in between a reading of the store and its taking effect.
    /// Those who only read go on meanwhile. Where other processes write the store too: how far each commune's log is followed.
    changing: Mutex<Option<Heads>>,
    /// Closed periods' figures that were asked for last, at most [`MAX_FROZEN`].
    frozen: Mutex<VecDeque<Arc<Frozen>>>,
    /// Held by whoever brings the record of alerts level.
    noting: Mutex<()>,
    /// Counts how often the figures changed.
    changes: watch::Sender<u64>,
}

/// How many closed periods are held ready: the one that agents are told of, and what staff compare it with.
const MAX_FROZEN: usize = 4;
/// Of how many communes what others committed is read in one transaction.
const COMMUNES_TOGETHER: usize = 64;

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Live")
    }
}

impl Live {
    /// Loads everything and makes the boards of the current month ready.
    ///
    /// # Errors
    /// The store's, or a catalogue that does not fit together.
    pub async fn start(store: Arc<dyn Store>, now: Now) -> Result<Self, FiguresError> {
        let heads = heads(&*store).await?;
        let mut figures = Figures::load(&*store, local_day(now())).await?;
        keep_ready(&mut figures);
        let (figures, changing, frozen) = (ArcSwap::from_pointee(figures), Mutex::new(heads), Mutex::default());
        Ok(Self { store, now, figures, changing, frozen, noting: Mutex::default(), changes: watch::Sender::new(0) })
    }

    /// Tells whenever the figures changed, and how often they have.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Loads everything again: another process wrote to the store (a catalogue, a verdict, an exception).
    ///
    /// # Errors
    /// As [`Live::start`]; the figures held stay as they were.
    pub async fn reload(&self) -> Result<(), FiguresError> {
        let mut changing = self.changing.lock().await;
        self.load_into(&mut changing).await
    }

    async fn load_into(&self, held: &mut Option<Heads>) -> Result<(), FiguresError> {
        // Before the figures: what comes in between is read once more.
        let heads = heads(&*self.store).await?;
        let mut figures = Figures::load(&*self.store, local_day((self.now)())).await?;
        keep_ready(&mut figures);
        self.figures.store(Arc::new(figures));
        *held = heads;
        self.changes.send_modify(|changes| *changes += 1);
        Ok(())
    }

    /// Takes in what other processes committed to the store. Reads of the communes alone whose logs went on, from where they are
    /// followed; everything anew only where records were made anew.
    ///
    /// # Errors
    /// As [`Live::start`]; what was taken in until then stays.
    pub async fn catch_up(&self) -> Result<(), FiguresError> {
        if !self.store.is_shared() {
            return Ok(());
        }
        let mut changing = self.changing.lock().await;
        let level = self.store.level().await?;
        let Some(heads) = changing.as_mut().filter(|heads| heads.knows_records(level)) else {
            return self.load_into(&mut changing).await;
        };
        if heads.is_level(level) {
            return Ok(());
        }
        let behind = heads.behind(self.store.reaches().await?);
        for part in behind.chunks(COMMUNES_TOGETHER) {
            let caught = self.store.since(part.to_vec()).await?;
            self.take(&caught.iter().flat_map(|one| &one.accepted).collect::<Vec<_>>());
            for CaughtUp { reach, .. } in caught {
                heads.reach(reach);
            }
        }
        Ok(())
    }

    /// Everything afresh from the store, with the input tables.
    ///
    /// # Errors
    /// As [`Live::start`].
    pub async fn load(&self) -> Result<(Figures, Inputs), FiguresError> {
        Figures::load_with_inputs(&*self.store, local_day((self.now)())).await
    }

    /// What is known of the agents now.
    ///
    /// # Errors
    /// The store's.
    pub async fn contacts(&self) -> Result<Vec<Contact>, StoreError> {
        self.store.contacts().await
    }

    /// Brings the record of alerts level with the figures of this moment.
    ///
    /// # Errors
    /// The store's.
    pub async fn note_alerts(&self) -> Result<(), StoreError> {
        // It is several transactions: of two, the one with the older figures must not come behind the other.
        let _noting = self.noting.lock().await;
        let standing = alerts::standing(&self.read());
        match standing {
            Some((period, alerts)) => self.store.note_alerts(period, alerts, (self.now)()).await,
            None => Ok(()),
        }
    }

    /// The same, unless another `serve` on the same store has done it within a while.
    ///
    /// # Errors
    /// The store's.
    pub async fn note_alerts_in_turn(&self, every: Duration) -> Result<(), StoreError> {
        // Ticks of the same interval: the one who has it comes a little early, not a little late.
        if !self.store.take_duty(Duty::Alerts, every * 9 / 10).await? {
            return Ok(());
        }
        self.note_alerts().await
    }

    /// The alerts that stand, and those that were cleared at or after an instant.
    ///
    /// # Errors
    /// The store's.
    pub async fn alert_events(&self, since: DateTime<Utc>) -> Result<Vec<AlertEvent>, StoreError> {
        self.store.alert_events(since).await
    }

    /// All verdicts of the plan year with their times.
    ///
    /// # Errors
    /// The store's.
    pub async fn verdicts(&self) -> Result<Vec<StoredVerdict>, StoreError> {
        self.store.verdicts().await
    }

    /// Every version of a figure.
    ///
    /// # Errors
    /// The store's.
    pub async fn versions(&self, wanted: VersionsWanted) -> Result<Vec<HeldVersion>, StoreError> {
        self.store.versions(wanted).await
    }

    /// Takes in what this process just committed, and the logs that went on by it.
    pub async fn apply(&self, accepted: &[Accepted], moved: &[Moved]) {
        let mut changing = self.changing.lock().await;
        let accepted = match changing.as_mut() {
            Some(heads) => heads.follow(accepted, moved),
            None => accepted.iter().collect(),
        };
        self.take(&accepted);
    }

    /// Brings the figures and what is made of them up to date; by whoever holds `changing`.
    fn take(&self, accepted: &[&Accepted]) {
        if accepted.is_empty() {
            return;
        }
        let changes = accepted.iter().map(|one| match one {
            Accepted::Figure(figure) => Change::Version(figure.version()),
            Accepted::Evidence { commune, key, version, evidence_count } => {
                Change::Evidence { commune, key, version: *version, count: *evidence_count }
            }
        });
        let mut figures = Figures { today: local_day((self.now)()), ..Figures::clone(&self.figures.load()) };
        figures.standings.apply(changes);
        keep_ready(&mut figures);
        self.figures.store(Arc::new(figures));
        self.changes.send_modify(|changes| *changes += 1);
    }

    /// The figures of this moment and day.
    #[must_use]
    pub fn read(&self) -> Arc<Figures> {
        let (held, today) = (self.figures.load_full(), local_day((self.now)()));
        if held.today == today {
            return held;
        }
        let mut figures = Figures { today, ..Figures::clone(&held) };
        keep_ready(&mut figures);
        let figures = Arc::new(figures);
        // Whoever changes the figures at this moment brings them the day, too.
        if let Ok(_changing) = self.changing.try_lock()
            && Arc::ptr_eq(&self.figures.load(), &held)
        {
            self.figures.store(figures.clone());
        }
        figures
    }

    /// The figures of a closing, held ready after they were asked for once.
    ///
    /// # Errors
    /// [`FrozenError`].
    pub async fn frozen(&self, closing: Closing) -> Result<Arc<Frozen>, FrozenError> {
        let mut held = self.frozen.lock().await;
        let is_asked = |one: &Arc<Frozen>| {
            (one.closing.period, one.closing.revision) == (closing.period, closing.revision)
                && one.closing.is_in_force() == closing.is_in_force()
        };
        if let Some(found) = held.iter().find(|one| is_asked(one)) {
            return Ok(found.clone());
        }
        let frozen = Arc::new(Frozen::load(&*self.store, closing).await?);
        held.truncate(MAX_FROZEN - 1);
        held.push_front(frozen.clone());
        Ok(frozen)
    }

    /// A commune's own lines for its agent: three schemes, for the current month and the one before it; of a closed month as closed.
    pub async fn own_standings(&self, commune: &str) -> Vec<Standing> {
        let figures = self.read();
        let Ok(current) = figures.period(None) else { return Vec::new() };
        let computed_at = (self.now)();
        let mut standings = Vec::new();
        for period in ranking::previous_in_year(current).into_iter().chain([current]) {
            let closing = figures.closing(period, Edition::InForce).ok().flatten().cloned();
            let add = |figures: &Figures| {
                let number = figures.standings.book().commune_number(commune)?;
                let own = Scheme::ALL.map(|scheme| own_standing(figures, number, scheme, period, computed_at));
                Some(own.into())
            };
            let own: Option<Vec<Standing>> = match closing {
                None => add(&figures),
                Some(closing) => match self.frozen(closing).await {
                    Ok(frozen) => add(&frozen.figures),
                    Err(error) => {
                        tracing::error!(%period, %error, "the ranking of a closed period cannot be read, its standing is left out");
                        None
                    }
                },
            };
            standings.extend(own.unwrap_or_default());
        }
        standings
    }
}

/// How far the logs of a store that others write too are.
async fn heads(store: &dyn Store) -> Result<Option<Heads>, StoreError> {
    if !store.is_shared() {
        return Ok(None);
    }
    let remade = store.level().await?.remade;
    Ok(Some(Heads::at(store.reaches().await?, remade)))
}

/// Keeps the boards of the month that is shown by default ready, and of the one before it.
fn keep_ready(figures: &mut Figures) {
    if let Ok(period) = figures.period(None).map(|p| Period::containing(p.last_day(), Cycle::Monthly).unwrap_or(p)) {
        figures.standings.keep_ready(period);
    }
}

fn own_standing(
    figures: &Figures,
    commune: u32,
    scheme: Scheme,
    period: Period,
    computed_at: DateTime<Utc>,
) -> Standing {
    let book = figures.standings.book();
    let board = figures.standings.board(scheme, period);
    let row = figures.standings.row(scheme, period, commune);
    let explained = explain::explain(book, &board, commune, figures.today);
    let lines = write::explain(book, period, &explained).rows.into_iter().map(line).collect();
    Standing {
        scheme: scheme.as_str().to_owned(),
        period,
        rank: row.rank,
        ranked_communes: u32::try_from(board.ranked()).unwrap_or(u32::MAX),
        score: row.score_text(),
        met: row.met,
        scored: row.scored,
        on_time: row.on_time_text(),
        movement: row.movement.map_or_else(String::new, |movement| movement.to_string()),
        provisional: row.provisional,
        computed_at,
        lines,
    }
}

/// A line from a row of the export `explain`.
fn line(cells: Vec<String>) -> StandingLine {
    let mut cells = cells.into_iter();
    let mut next = || cells.next().unwrap_or_default();
    let _commune = next();
    let (plan_ref, indicator) = (next(), next());
    let _period = next();
    StandingLine {
        plan_ref,
        indicator,
        value: next(),
        operator: next(),
        target: next(),
        high: next(),
        achievement: next(),
        state: next(),
        counted: next(),
        points: next(),
        earned: next(),
        light: next(),
    }
}
