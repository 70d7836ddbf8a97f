//! How a running `serve` learns what other processes wrote: commands that import a catalogue, set an exception, close a
//! period, revoke a certificate or move the clock write to the same store.

use crate::{
    ingest::{StandingsHook, live::LiveSessions},
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

/// How often the store is asked where nobody waits for the answer. One small read.
const INTERVAL: Duration = Duration::from_millis(500);

/// Keeps the province and its standings level with what other processes wrote.
pub struct Notices {
    province: Arc<Province>,
    standings: Arc<dyn StandingsHook>,
    live: LiveSessions,
    /// How many looks were begun.
    begun: AtomicU64,
    last: Mutex<Last>,
}

/// The last look that succeeded.
#[derive(Debug, Default)]
struct Last {
    /// Its number.
    look: u64,
    /// The decisions that were known after it.
    decisions: Option<u64>,
}

impl Notices {
    /// Nothing has been seen yet: the first look reads everything.
    #[must_use]
    pub fn new(province: Arc<Province>, standings: Arc<dyn StandingsHook>, live: LiveSessions) -> Self {
        Self { province, standings, live, begun: AtomicU64::new(0), last: Mutex::default() }
    }

    /// Looks for writes of others until the end is signalled.
    pub async fn run(self: Arc<Self>, mut ending: watch::Receiver<bool>) {
        let mut ticks = tokio::time::interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = async { drop(ending.wait_for(|ending| *ending).await) } => return,
                _ = ticks.tick() => self.look().await,
            }
        }
    }

    /// One look; returns when what others wrote before it is known here. What cannot be read now is tried again at the next.
    pub async fn look(&self) {
        let arrived = self.begun.load(Ordering::SeqCst);
        let mut last = self.last.lock().await;
        if last.look > arrived {
            // A look that began after this call has come back: many sessions that open at once share one.
            return;
        }
        let look = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let decisions = match self.province.store.decisions().await {
            Ok(decisions) => decisions,
            Err(error) => {
                tracing::warn!(%error, "the store could not be asked for the province's decisions");
                return;
            }
        };
        if last.decisions == Some(decisions) {
            last.look = look;
            return;
        }
        let reloaded = match self.reload().await {
            Ok(()) => self.standings.reload().await,
            Err(error) => Err(error.into()),
        };
        match reloaded {
            Ok(()) => *last = Last { look, decisions: Some(decisions) },
            Err(error) => tracing::warn!(%error, "what other processes wrote could not be read, trying again"),
        }
    }
}

impl Notices {
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
        let notices = Arc::new(Notices::new(province.clone(), Arc::new(NoStandings), LiveSessions::new(1)));
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
        assert!(notices.begun.load(Ordering::SeqCst) < 50, "they share looks");
        assert_eq!(province.clock.now(), moment() + TimeDelta::minutes(1));
        assert_eq!(province.clock.real(), moment());
    }
}
