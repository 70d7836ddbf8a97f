//! Standings follow what was committed: in the order of the commits, soon, and not in the way of the ingest. What is committed
//! within a short time is followed together, so that a figure that changes twice is looked at once; whoever needs the
//! standings asks for them to be settled. Records that were healed are followed the same way, by reading everything anew, once for many.

use super::StandingsHook;
use crate::store::{Accepted, Moved};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{Notify, mpsc, watch},
    time::{Instant, sleep_until, timeout},
};

/// Commits that wait to be taken up.
const WAITING_COMMITS: usize = 4;
/// Longest that a commit waits for others to be followed together.
const TOGETHER: Duration = Duration::from_millis(500);
/// With so many changes there is no more waiting for others.
const MAX_TOGETHER: usize = 100_000;
/// Longest that a session waits for the standings before it goes on with older ones.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is to be followed.
#[derive(Debug)]
enum Work {
    /// What was committed, and the logs that went on by it.
    Commit(Vec<Accepted>, Vec<Moved>),
    /// Records changed under the standings.
    Healed,
}

/// What is followed together.
#[derive(Debug, Default)]
struct Together {
    accepted: Vec<Accepted>,
    moved: Vec<Moved>,
    healed: bool,
    works: u64,
}

impl Together {
    fn add(&mut self, work: Work) {
        self.works += 1;
        match work {
            Work::Commit(accepted, moved) => {
                self.accepted.extend(accepted);
                self.moved.extend(moved);
            }
            Work::Healed => self.healed = true,
        }
    }

    async fn follow(&self, standings: &dyn StandingsHook) {
        if self.healed {
            match standings.reload().await {
                // It has read what was committed, too.
                Ok(()) => return,
                Err(error) => tracing::error!(%error, "the standings could not be read again"),
            }
        }
        standings.apply(&self.accepted, &self.moved).await;
    }
}

/// Hands commits to the standings.
#[derive(Debug, Clone)]
pub struct Follower {
    works: mpsc::Sender<Work>,
    published: Arc<AtomicU64>,
    wanted: Arc<Notify>,
    applied: watch::Receiver<u64>,
}

impl Follower {
    /// Starts following. It ends when every clone is dropped.
    #[must_use]
    pub fn start(standings: Arc<dyn StandingsHook>) -> Self {
        Self::gathering(standings, TOGETHER)
    }

    fn gathering(standings: Arc<dyn StandingsHook>, together: Duration) -> Self {
        let (works, mut waiting) = mpsc::channel::<Work>(WAITING_COMMITS);
        let (progress, applied) = watch::channel(0);
        let wanted = Arc::new(Notify::new());
        let demand = wanted.clone();
        tokio::spawn(async move {
            while let Some(first) = waiting.recv().await {
                let mut gathered = Together::default();
                gathered.add(first);
                let until = Instant::now() + together;
                while gathered.accepted.len() < MAX_TOGETHER {
                    let next = tokio::select! {
                        biased;
                        next = waiting.recv() => next,
                        () = demand.notified() => None,
                        () = sleep_until(until) => None,
                    };
                    let Some(more) = next else { break };
                    gathered.add(more);
                }
                gathered.follow(&*standings).await;
                progress.send_modify(|applied| *applied += gathered.works);
            }
        });
        Self { works, published: Arc::default(), wanted, applied }
    }

    /// Counts one commit that will be handed over: whoever asks for the standings from now on waits for it.
    #[must_use]
    pub fn announce(&self, accepted: Vec<Accepted>, moved: Vec<Moved>) -> Option<Announced<'_>> {
        (!accepted.is_empty() || !moved.is_empty()).then(|| self.announced(Work::Commit(accepted, moved)))
    }

    fn announced(&self, work: Work) -> Announced<'_> {
        self.published.fetch_add(1, Ordering::SeqCst);
        Announced { follower: self, work }
    }

    /// Hands over one commit.
    pub async fn publish(&self, accepted: Vec<Accepted>) {
        if let Some(announced) = self.announce(accepted, Vec::new()) {
            announced.publish().await;
        }
    }

    /// Records of the store were made anew: the standings are read again.
    pub async fn healed(&self) {
        self.announced(Work::Healed).publish().await;
    }

    /// How many commits are handed over and not followed yet.
    #[must_use]
    pub fn behind(&self) -> u64 {
        self.published.load(Ordering::SeqCst).saturating_sub(*self.applied.borrow())
    }

    /// Has everything handed over so far followed now, and waits for it; until patience ends.
    pub async fn settled(&self) {
        let published = self.published.load(Ordering::SeqCst);
        let mut applied = self.applied.clone();
        if *applied.borrow() >= published {
            return;
        }
        self.wanted.notify_one();
        if timeout(PATIENCE, applied.wait_for(|applied| *applied >= published)).await.is_err() {
            tracing::warn!("the standings lag behind the commits");
        }
    }
}

/// A commit that is counted and not handed over yet.
#[derive(Debug)]
#[must_use]
pub struct Announced<'a> {
    follower: &'a Follower,
    work: Work,
}

impl Announced<'_> {
    /// Hands it over.
    pub async fn publish(self) {
        if self.follower.works.send(self.work).await.is_err() {
            tracing::error!("nothing follows the commits any more");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::change_id;
    use async_trait::async_trait;
    use shared::{feed::Standing, observation::ObservationKey};
    use std::{error::Error, sync::Mutex};

    #[derive(Default)]
    struct Seen(Mutex<Vec<usize>>, Mutex<usize>);

    #[async_trait]
    impl StandingsHook for Seen {
        async fn apply(&self, accepted: &[Accepted], _: &[Moved]) {
            self.0.lock().unwrap().push(accepted.len());
        }
        async fn reload(&self) -> Result<(), Box<dyn Error + Send + Sync>> {
            *self.1.lock().unwrap() += 1;
            Ok(())
        }
        async fn catch_up(&self) -> Result<(), Box<dyn Error + Send + Sync>> {
            Ok(())
        }
        async fn own_standings(&self, _commune: &str) -> Vec<Standing> {
            Vec::new()
        }
    }

    fn one() -> Accepted {
        let key =
            ObservationKey { indicator: "CDS-17".into(), unit: String::new(), period: "2026-10".parse().unwrap() };
        Accepted::Evidence { commune: change_id(1).to_string(), key, version: 1, evidence_count: 1 }
    }

    #[tokio::test]
    async fn commits_are_followed_together_and_at_once_when_they_are_needed() {
        let seen = Arc::new(Seen::default());
        // Nobody could wait for this timer: what is followed is followed because it was asked for.
        let follower = Follower::gathering(seen.clone(), PATIENCE * 360);
        follower.settled().await;
        for _ in 0..3 {
            follower.publish(vec![one(), one()]).await;
        }
        follower.publish(Vec::new()).await;
        follower.settled().await;
        assert_eq!(*seen.0.lock().unwrap(), [6]);
        // A demand that came while nothing waited does no harm.
        follower.wanted.notify_one();
        follower.publish(vec![one()]).await;
        follower.settled().await;
        assert_eq!(seen.0.lock().unwrap().iter().sum::<usize>(), 7);
    }

    #[tokio::test]
    async fn what_many_sessions_healed_is_read_again_once() {
        let seen = Arc::new(Seen::default());
        let follower = Follower::gathering(seen.clone(), PATIENCE * 360);
        follower.publish(vec![one()]).await;
        for _ in 0..3 {
            follower.healed().await;
        }
        follower.settled().await;
        assert_eq!((seen.0.lock().unwrap().len(), *seen.1.lock().unwrap()), (0, 1), "reading anew covers the commit");
        follower.publish(vec![one()]).await;
        follower.settled().await;
        assert_eq!((seen.0.lock().unwrap().len(), *seen.1.lock().unwrap()), (1, 1));
    }

    #[tokio::test]
    async fn without_any_demand_they_are_followed_soon() {
        let seen = Arc::new(Seen::default());
        let follower = Follower::gathering(seen.clone(), Duration::from_millis(1));
        follower.publish(vec![one()]).await;
        let mut applied = follower.applied.clone();
        timeout(PATIENCE, applied.wait_for(|applied| *applied == 1)).await.unwrap().unwrap();
    }
}
