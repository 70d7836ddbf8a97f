//! How a running `serve` learns what other processes wrote. Commands that import a catalogue, set an exception, close a period, revoke
//! a certificate or move the clock write to the same store; so do other servers on the same database, which acknowledge figures besides.
//!
//! The store is asked, by two numbers that only grow: nothing can be missed, whatever happens to a connection, and an engine need know
//! no more than SQL (`LISTEN` is lost with its connection, is not spoken by all engines or poolers, and would hold up commits). So
//! two promises hold: whoever asks a question is answered with all that was acknowledged before, by whichever server; and where nobody
//! asks, open pages learn of it within half a second and what it takes to read the communes concerned.

use crate::{
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
    time::MissedTickBehavior,
};

/// How often the store is asked where nobody waits for the answer: one small read, or two of a store that others serve from as well.
/// What they acknowledged is seen here so soon where nobody asks; whoever asks is answered with all of it.
const INTERVAL: Duration = Duration::from_millis(500);

/// Keeps the province and its standings level with what other processes wrote.
pub struct Notices {
    province: Arc<Province>,
    standings: Arc<dyn StandingsHook>,
    follower: Follower,
    live: LiveSessions,
    looks: Shared<u64>,
    settlings: Shared<()>,
}

/// Work that many ask for at once and that is done once for all who came before it began.
#[derive(Debug, Default)]
struct Shared<T> {
    /// How often it was begun.
    begun: AtomicU64,
    /// Which of these was done last, and what it came to; none before the first.
    last: Mutex<(u64, Option<T>)>,
}

impl<T> Shared<T> {
    /// Returns when the work was done since this call. `work` is told what it came to last, and answers none when it failed: then
    /// whoever waits tries it.
    async fn done(&self, work: impl AsyncFnOnce(Option<&T>) -> Option<T>) {
        let arrived = self.begun.load(Ordering::SeqCst);
        let mut last = self.last.lock().await;
        if last.0 > arrived {
            return;
        }
        let number = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        if let Some(done) = work(last.1.as_ref()).await {
            *last = (number, Some(done));
        }
    }
}

impl Notices {
    /// Nothing has been seen yet: the first look reads everything.
    #[must_use]
    pub fn new(
        province: Arc<Province>,
        standings: Arc<dyn StandingsHook>,
        follower: Follower,
        live: LiveSessions,
    ) -> Self {
        Self { province, standings, follower, live, looks: Shared::default(), settlings: Shared::default() }
    }

    /// Looks for writes of others until the end is signalled.
    pub async fn run(self: Arc<Self>, mut ending: watch::Receiver<bool>) {
        let mut ticks = tokio::time::interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let is_shared = self.province.store.is_shared();
        loop {
            tokio::select! {
                () = async { drop(ending.wait_for(|ending| *ending).await) } => return,
                _ = ticks.tick() => if is_shared { self.settle().await } else { self.look().await },
            }
        }
    }

    /// One look; returns when what the province decided before it, in whichever process, is in force here. What cannot be read now is
    /// tried again at the next.
    pub async fn look(&self) {
        self.looks
            .done(async |known| {
                let decisions = match self.province.store.decisions().await {
                    Ok(decisions) => decisions,
                    Err(error) => {
                        tracing::warn!(%error, "the store could not be asked for the province's decisions");
                        return None;
                    }
                };
                if known == Some(&decisions) {
                    return Some(decisions);
                }
                let reloaded = match self.reload().await {
                    Ok(()) => self.standings.reload().await,
                    Err(error) => Err(error.into()),
                };
                match reloaded {
                    Ok(()) => Some(decisions),
                    Err(error) => {
                        tracing::warn!(%error, "what other processes wrote could not be read, trying again");
                        None
                    }
                }
            })
            .await;
    }

    /// Returns when the figures held ready have everything that was acknowledged before, here or by another process that serves from
    /// the same store, and what was decided is in force. What cannot be read now is read the next time.
    pub async fn settle(&self) {
        self.look().await;
        // First, so that what was committed here is not read from the store.
        self.follower.settled().await;
        self.settlings
            .done(async |_| match self.standings.catch_up().await {
                Ok(()) => Some(()),
                Err(error) => {
                    tracing::warn!(%error, "what other servers acknowledged could not be read, trying again");
                    None
                }
            })
            .await;
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
        notices.look().await;
        assert_eq!(province.clock.now(), moment());

        let other = SqliteStore::open(&folder.path().join("store.db")).unwrap();
        other.set_clock_offset(60_000, act(moment())).await.unwrap();
        // Many sessions that open at once all know of it afterwards.
        let looks = (0..50).map(|_| {
            let (notices, province) = (notices.clone(), province.clone());
            tokio::spawn(async move {
                notices.look().await;
                province.clock.now()
            })
        });
        for look in looks.collect::<Vec<_>>() {
            assert_eq!(look.await.unwrap(), moment() + TimeDelta::minutes(1));
        }
        assert!(notices.looks.begun.load(Ordering::SeqCst) < 50, "they share looks");
        assert_eq!(province.clock.now(), moment() + TimeDelta::minutes(1));
        assert_eq!(province.clock.real(), moment());
    }
}
