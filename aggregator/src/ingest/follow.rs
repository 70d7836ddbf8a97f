//! Standings follow what was committed: in the order of the commits, and never in the writer's way until a bounded number of
//! commits waits.

use super::StandingsHook;
use crate::store::Accepted;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::{mpsc, watch};

/// Commits that wait to be followed.
const WAITING_COMMITS: usize = 8;
/// Longest that a session waits for the standings before it goes on with older ones.
const PATIENCE: Duration = Duration::from_secs(10);

/// Hands commits to the standings.
#[derive(Debug, Clone)]
pub struct Follower {
    commits: mpsc::Sender<Vec<Accepted>>,
    published: Arc<AtomicU64>,
    applied: watch::Receiver<u64>,
}

impl Follower {
    /// Starts following. It ends when every clone is dropped.
    #[must_use]
    pub fn start(standings: Arc<dyn StandingsHook>) -> Self {
        let (commits, mut waiting) = mpsc::channel::<Vec<Accepted>>(WAITING_COMMITS);
        let (progress, applied) = watch::channel(0);
        tokio::spawn(async move {
            while let Some(mut accepted) = waiting.recv().await {
                let mut commits = 1;
                // What waits behind it goes along: a figure that changed twice is looked at once.
                while let Ok(more) = waiting.try_recv() {
                    accepted.extend(more);
                    commits += 1;
                }
                standings.apply(&accepted).await;
                progress.send_modify(|applied| *applied += commits);
            }
        });
        Self { commits, published: Arc::default(), applied }
    }

    /// Hands over one commit.
    pub async fn publish(&self, accepted: Vec<Accepted>) {
        if !accepted.is_empty() && self.commits.send(accepted).await.is_ok() {
            self.published.fetch_add(1, Ordering::Release);
        }
    }

    /// Waits until everything handed over so far was followed, or patience ends.
    pub async fn settled(&self) {
        let published = self.published.load(Ordering::Acquire);
        let mut applied = self.applied.clone();
        let wait = applied.wait_for(|applied| *applied >= published);
        if tokio::time::timeout(PATIENCE, wait).await.is_err() {
            tracing::warn!("the standings lag behind the commits");
        }
    }
}
