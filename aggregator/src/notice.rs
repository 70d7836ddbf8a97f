//! How a running `serve` learns what other processes wrote. Commands that import a catalogue, set an exception, close a period, revoke
//! a certificate or move the clock write to the same store; so do other servers on the same database, which acknowledge figures besides.
//!
//! The store is asked, by two numbers that only grow: nothing can be missed, whatever happens to a connection, and an engine need know
//! no more than SQL (`LISTEN` is lost with its connection, is not spoken by all engines or poolers, and would hold up commits). So
//! these promises hold: whoever decides something decides it on all that was acknowledged before, by whichever server; whoever asks a
//! question is answered with the same, but for what came within the last second of a night in which a crowd sends; and where nobody
//! asks, open pages learn of it within half a second and what it takes to read the communes concerned. What cannot be read is told to
//! whoever waits for it: older figures are not passed off as present ones.

use crate::{
    apart,
    ingest::{StandingsHook, follow::Follower, live::LiveSessions},
    province::Province,
    store::StoreError,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{Mutex, watch},
    time::{MissedTickBehavior, timeout},
};

/// How often the store is asked where nobody waits for the answer: one small read, or two of a store that others serve from as well.
/// What they acknowledged is seen here so soon where nobody asks; whoever asks is answered with all of it.
const INTERVAL: Duration = Duration::from_millis(500);

/// Longest that the store is waited for to say whether there is anything new.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest reading of what is new, which takes a second for a nation.
const READING: Duration = Duration::from_secs(120);

/// Keeps the province and its standings level with what other processes wrote.
pub struct Notices {
    province: Arc<Province>,
    standings: Arc<dyn StandingsHook>,
    follower: Follower,
    live: LiveSessions,
    /// The number of decisions that are in force here.
    in_force: AtomicU64,
    /// Held while others are read, so that an older reading never comes after a newer.
    reading: Mutex<()>,
    /// What sessions wait for, and what the staff waits for.
    sessions: Lane,
    staff: Lane,
}

/// What those on the same runtime wait for together.
#[derive(Debug, Default)]
struct Lane {
    looks: Shared,
    settlings: Shared,
}

/// What was acknowledged or decided before could not be read; the log says why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what was acknowledged and decided before cannot be read now")]
pub struct Unsettled;

/// Work that many ask for at once and that is done once for all who came before it began.
#[derive(Debug, Default)]
struct Shared {
    /// How often it was begun, and ended.
    begun: AtomicU64,
    ended: AtomicU64,
    /// Which one was done last, and whether it failed.
    last: Mutex<(u64, bool)>,
}

impl Shared {
    /// Returns when the work was done since this call. Where it fails it has failed for everybody who waits: they do not try it one
    /// after the other.
    async fn done(&self, work: impl Future<Output = Result<(), Unsettled>>) -> Result<(), Unsettled> {
        let arrived = self.begun.load(Ordering::SeqCst);
        let is_running = self.ended.load(Ordering::SeqCst) < arrived;
        let mut last = self.last.lock().await;
        let is_answered = last.0 > arrived || (is_running && last.0 == arrived && last.1);
        if !is_answered {
            let number = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
            // Also when whoever waits for it goes away in the middle: then another does it.
            let _ended = Ended(&self.ended, number);
            let done = within(READING, work).await;
            *last = (number, done.is_err());
        }
        if last.1 { Err(Unsettled) } else { Ok(()) }
    }
}

async fn within<T>(limit: Duration, work: impl Future<Output = Result<T, Unsettled>>) -> Result<T, Unsettled> {
    timeout(limit, work).await.unwrap_or_else(|_| {
        tracing::warn!(seconds = limit.as_secs(), "the store does not answer");
        Err(Unsettled)
    })
}

/// Notes that a work ended.
struct Ended<'a>(&'a AtomicU64, u64);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.store(self.1, Ordering::SeqCst);
    }
}

impl Notices {
    /// Everything is as the province was loaded; the standings were made after that.
    #[must_use]
    pub fn new(
        province: Arc<Province>,
        standings: Arc<dyn StandingsHook>,
        follower: Follower,
        live: LiveSessions,
    ) -> Self {
        let (sessions, staff) = Default::default();
        let in_force = AtomicU64::new(province.decisions);
        Self { province, standings, follower, live, in_force, reading: Mutex::default(), sessions, staff }
    }

    /// Looks for writes of others until the end is signalled.
    pub async fn run(self: Arc<Self>, mut ending: watch::Receiver<bool>) {
        let mut ticks = tokio::time::interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let is_shared = self.province.store.is_shared();
        loop {
            tokio::select! {
                () = async { drop(ending.wait_for(|ending| *ending).await) } => return,
                // What fails is logged there, and tried again at the next.
                _ = ticks.tick() => drop(if is_shared { self.settle().await } else { self.look().await }),
            }
        }
    }

    /// One look; returns when what the province decided before it, in whichever process, is in force here. What cannot be read now is
    /// tried again at the next.
    ///
    /// # Errors
    /// [`Unsettled`]
    pub async fn look(&self) -> Result<(), Unsettled> {
        self.lane().looks.done(self.look_once()).await
    }

    fn lane(&self) -> &Lane {
        if apart::is_here() { &self.staff } else { &self.sessions }
    }

    async fn look_once(&self) -> Result<(), Unsettled> {
        let decisions = self.decisions().await?;
        if self.in_force.load(Ordering::SeqCst) == decisions {
            return Ok(());
        }
        let _reading = self.reading.lock().await;
        // The other lane may have read it meanwhile, and more may have been decided.
        let decisions = self.decisions().await?;
        if self.in_force.load(Ordering::SeqCst) == decisions {
            return Ok(());
        }
        let reloaded = match self.reload().await {
            Ok(()) => self.standings.reload().await,
            Err(error) => Err(error.into()),
        };
        reloaded.map_err(|error| {
            tracing::warn!(%error, "what other processes wrote could not be read, trying again");
            Unsettled
        })?;
        self.in_force.store(decisions, Ordering::SeqCst);
        Ok(())
    }

    async fn decisions(&self) -> Result<u64, Unsettled> {
        let asked = async {
            self.province.store.decisions().await.map_err(|error| {
                tracing::warn!(%error, "the store could not be asked for the province's decisions");
                Unsettled
            })
        };
        within(PATIENCE, asked).await
    }

    /// Returns when the figures held ready have everything that was acknowledged before, here or by another process that serves from
    /// the same store, and what was decided is in force.
    ///
    /// # Errors
    /// [`Unsettled`]; what cannot be read now is read the next time.
    pub async fn settle(&self) -> Result<(), Unsettled> {
        self.look().await?;
        // First, so that what was committed here is not read from the store.
        self.follower.settled().await.map_err(|_| Unsettled)?;
        self.catch_up().await
    }

    /// The same for those who only read: where a crowd sends, what was acknowledged here within the last second may be missing.
    ///
    /// # Errors
    /// [`Unsettled`]
    pub async fn settle_nearly(&self) -> Result<(), Unsettled> {
        self.look().await?;
        self.follower.nearly_settled().await.map_err(|_| Unsettled)?;
        self.catch_up().await
    }

    async fn catch_up(&self) -> Result<(), Unsettled> {
        if !self.province.store.is_shared() {
            return Ok(());
        }
        let caught_up = async {
            self.standings.catch_up().await.map_err(|error| {
                tracing::warn!(%error, "what other servers acknowledged could not be read, trying again");
                Unsettled
            })
        };
        self.lane().settlings.done(caught_up).await
    }

    /// Takes over what was decided, and ends the sessions of certificates that were revoked.
    async fn reload(&self) -> Result<(), StoreError> {
        for certificate in self.live.certificates() {
            if self.province.store.certificate(certificate).await?.is_some_and(|held| held.revoked_at.is_some()) {
                self.live.revoke(certificate);
            }
        }
        self.province.reload().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::StandingClock,
        ingest::NoStandings,
        sample::{self, act, moment},
        store::{Store, sqlite::SqliteStore},
    };
    use chrono::TimeDelta;

    #[tokio::test]
    async fn what_another_process_writes_is_in_force_after_the_next_look() {
        let (folder, store) = sample::store().await;
        let province = Province::load(Arc::new(store), Arc::new(StandingClock(moment()))).await.unwrap();
        let province = Arc::new(province);
        let standings = Arc::new(NoStandings);
        let follower = Follower::start(standings.clone());
        let notices = Arc::new(Notices::new(province.clone(), standings, follower, LiveSessions::new(1)));
        notices.look().await.unwrap();
        assert_eq!(province.clock.now(), moment());

        let other = SqliteStore::open(&folder.path().join("store.db")).unwrap();
        other.set_clock_offset(60_000, act(moment())).await.unwrap();
        // Many sessions that open at once all know of it afterwards.
        let looks = (0..50).map(|_| {
            let (notices, province) = (notices.clone(), province.clone());
            tokio::spawn(async move {
                notices.look().await.unwrap();
                province.clock.now()
            })
        });
        for look in looks.collect::<Vec<_>>() {
            assert_eq!(look.await.unwrap(), moment() + TimeDelta::minutes(1));
        }
        assert!(notices.sessions.looks.begun.load(Ordering::SeqCst) < 50, "they share looks");
        assert_eq!(province.clock.now(), moment() + TimeDelta::minutes(1));
        assert_eq!(province.clock.real(), moment());
    }
    /// A store that does not answer fails for all who wait at once; whoever comes after that tries it anew.
    #[tokio::test]
    async fn what_fails_has_failed_for_everybody_who_waits() {
        let (shared, tries) = (Arc::new(Shared::default()), Arc::new(AtomicU64::new(0)));
        let gate = Arc::new(tokio::sync::Semaphore::new(0));
        let failing = async |shared: Arc<Shared>| {
            let work = async {
                tries.fetch_add(1, Ordering::SeqCst);
                let _open = gate.acquire().await;
                Err(Unsettled)
            };
            shared.done(work).await
        };
        let all = futures::future::join_all((0..20).map(|_| failing(shared.clone())));
        let opening = async { gate.add_permits(1) };
        let (answers, ()) = tokio::join!(all, opening);
        assert!(answers.iter().all(|answer| *answer == Err(Unsettled)), "{answers:?}");
        // The one at work when all others came, and no more than one of theirs.
        assert!(tries.load(Ordering::SeqCst) <= 2, "{tries:?}");
        shared.done(async { Ok(()) }).await.unwrap();
    }
}
