//! Standings follow what was committed: in the order of the commits, soon, and not in the way of the ingest. What is committed
//! within a short time is followed together, so that a figure that changes twice is looked at once; whoever needs the
//! standings asks for them to be settled.

use super::StandingsHook;
use crate::store::Accepted;
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

/// Hands commits to the standings.
#[derive(Debug, Clone)]
pub struct Follower {
    commits: mpsc::Sender<Vec<Accepted>>,
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
        let (commits, mut waiting) = mpsc::channel::<Vec<Accepted>>(WAITING_COMMITS);
        let (progress, applied) = watch::channel(0);
        let wanted = Arc::new(Notify::new());
        let demand = wanted.clone();
        tokio::spawn(async move {
            while let Some(mut accepted) = waiting.recv().await {
                let mut commits = 1;
                let until = Instant::now() + together;
                while accepted.len() < MAX_TOGETHER {
                    let next = tokio::select! {
                        biased;
                        next = waiting.recv() => next,
                        () = demand.notified() => None,
                        () = sleep_until(until) => None,
                    };
                    let Some(more) = next else { break };
                    accepted.extend(more);
                    commits += 1;
                }
                standings.apply(&accepted).await;
                progress.send_modify(|applied| *applied += commits);
            }
        });
        Self { commits, published: Arc::default(), wanted, applied }
    }

    /// Hands over one commit.
    pub async fn publish(&self, accepted: Vec<Accepted>) {
        if accepted.is_empty() {
            return;
        }
        // Counted before it is handed over: nobody may take it for followed in between.
        self.published.fetch_add(1, Ordering::SeqCst);
        if self.commits.send(accepted).await.is_err() {
            tracing::error!("nothing follows the commits any more");
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::change_id;
    use async_trait::async_trait;
    use shared::{feed::Standing, observation::ObservationKey};
    use std::{error::Error, sync::Mutex};

    #[derive(Default)]
    struct Seen(Mutex<Vec<usize>>);

    #[async_trait]
    impl StandingsHook for Seen {
        async fn apply(&self, accepted: &[Accepted]) {
            self.0.lock().unwrap().push(accepted.len());
        }
        async fn reload(&self) -> Result<(), Box<dyn Error + Send + Sync>> {
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
    async fn without_any_demand_they_are_followed_soon() {
        let seen = Arc::new(Seen::default());
        let follower = Follower::gathering(seen.clone(), Duration::from_millis(1));
        follower.publish(vec![one()]).await;
        let mut applied = follower.applied.clone();
        timeout(PATIENCE, applied.wait_for(|applied| *applied == 1)).await.unwrap().unwrap();
    }
}
