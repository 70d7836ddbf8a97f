//! Standings follow what was committed: in the order of the commits, soon, and not in the way of the ingest. What is committed
//! within a short time is followed together, so that a figure that changes twice is looked at once; whoever needs the
//! standings asks for them to be settled. Who only reads does not wait for a crowd: where many changes wait, the standings of a second
//! ago at most are good enough. Records that were healed are followed the same way, by reading everything anew, once for many.

use super::StandingsHook;
use crate::store::{Accepted, Moved};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use thiserror::Error;
use tokio::{
    sync::{Notify, mpsc, watch},
    time::{Instant, sleep_until, timeout},
};

/// Commits that wait to be taken up.
const WAITING_COMMITS: usize = 2;
/// Longest that a commit waits for others to be followed together.
const TOGETHER: Duration = Duration::from_millis(500);
/// With so many changes there is no more waiting for others.
const MAX_TOGETHER: usize = 20_000;
/// So many changes are followed while a reader waits.
const FEW: u64 = 64;
/// So old may what a reader does not see be, where there are more.
const LATELY: Duration = Duration::from_secs(1);
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

impl Work {
    fn changes(&self) -> u64 {
        match self {
            Work::Commit(accepted, _) => accepted.len() as u64,
            Work::Healed => 0,
        }
    }
}

/// How far works are handed over or followed: how many, and how many changes are in them.
#[derive(Debug, Default, Clone, Copy)]
struct Extent {
    works: u64,
    changes: u64,
}

impl Extent {
    fn add(&mut self, more: Extent) {
        self.works += more.works;
        self.changes += more.changes;
    }
}

/// What was handed over.
#[derive(Debug, Default)]
struct Published {
    extent: Extent,
    /// Which works are not known to be followed, and when each was committed; as many as can wait, and some.
    times: VecDeque<(u64, Instant)>,
}

impl Published {
    fn add(&mut self, work: &Work) {
        self.extent.add(Extent { works: 1, changes: work.changes() });
        self.times.push_back((self.extent.works, Instant::now()));
    }

    /// When the oldest of what is not followed yet was committed.
    fn since(&mut self, followed: u64) -> Option<Instant> {
        while self.times.front().is_some_and(|(work, _)| *work <= followed) {
            self.times.pop_front();
        }
        self.times.front().map(|(_, at)| *at)
    }
}

/// The standings lag behind what was committed, or nothing follows it any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the standings lag behind the commits")]
pub struct Lagging;

/// What is followed together.
#[derive(Debug, Default)]
struct Together {
    accepted: Vec<Accepted>,
    moved: Vec<Moved>,
    healed: bool,
    extent: Extent,
}

impl Together {
    fn add(&mut self, work: Work) {
        self.extent.add(Extent { works: 1, changes: work.changes() });
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
    published: Arc<Mutex<Published>>,
    wanted: Arc<Notify>,
    followed: watch::Receiver<Extent>,
}

impl Follower {
    /// Starts following. It ends when every clone is dropped.
    #[must_use]
    pub fn start(standings: Arc<dyn StandingsHook>) -> Self {
        Self::gathering(standings, TOGETHER)
    }

    fn gathering(standings: Arc<dyn StandingsHook>, together: Duration) -> Self {
        let (works, mut waiting) = mpsc::channel::<Work>(WAITING_COMMITS);
        let (tell, followed) = watch::channel(Extent::default());
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
                tell.send_modify(|followed| followed.add(gathered.extent));
            }
        });
        Self { works, published: Arc::default(), wanted, followed }
    }

    /// Counts one commit that will be handed over: whoever asks for the standings from now on waits for it.
    #[must_use]
    pub fn announce(&self, accepted: Vec<Accepted>, moved: Vec<Moved>) -> Option<Announced<'_>> {
        (!accepted.is_empty() || !moved.is_empty()).then(|| self.announced(Work::Commit(accepted, moved)))
    }

    fn announced(&self, work: Work) -> Announced<'_> {
        let mut published = self.published();
        published.add(&work);
        // Who reads looks through them; where nobody does, they are looked through here.
        published.since(self.followed.borrow().works);
        drop(published);
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

    fn published(&self) -> MutexGuard<'_, Published> {
        self.published.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many commits are handed over and not followed yet.
    #[must_use]
    pub fn behind(&self) -> u64 {
        self.published().extent.works.saturating_sub(self.followed.borrow().works)
    }

    /// Has everything handed over so far followed now, and waits for it; until patience ends.
    ///
    /// # Errors
    /// [`Lagging`]
    pub async fn settled(&self) -> Result<(), Lagging> {
        let published = self.published().extent.works;
        let mut followed = self.followed.clone();
        let is_there = |followed: &Extent| followed.works >= published;
        if is_there(&followed.borrow()) {
            return Ok(());
        }
        self.wanted.notify_one();
        match timeout(PATIENCE, followed.wait_for(is_there)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) | Err(_) => {
                tracing::warn!("the standings lag behind the commits");
                Err(Lagging)
            }
        }
    }

    /// As [`settled`](Self::settled), for those who only read: where more than some dozens of changes wait, it is enough that all of
    /// before the last second is followed.
    ///
    /// # Errors
    /// [`Lagging`]
    pub async fn nearly_settled(&self) -> Result<(), Lagging> {
        self.settled_but_for(LATELY).await
    }

    async fn settled_but_for(&self, lately: Duration) -> Result<(), Lagging> {
        let (changes, since) = {
            let (followed, mut published) = (*self.followed.borrow(), self.published());
            (published.extent.changes.saturating_sub(followed.changes), published.since(followed.works))
        };
        if changes > FEW && since.is_none_or(|since| since.elapsed() < lately) {
            return Ok(());
        }
        self.settled().await
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
        Accepted::Evidence { commune: change_id(1).to_string().into(), key: key.into(), version: 1, evidence_count: 1 }
    }

    #[tokio::test]
    async fn commits_are_followed_together_and_at_once_when_they_are_needed() {
        let seen = Arc::new(Seen::default());
        // Nobody could wait for this timer: what is followed is followed because it was asked for.
        let follower = Follower::gathering(seen.clone(), PATIENCE * 360);
        follower.settled().await.unwrap();
        for _ in 0..3 {
            follower.publish(vec![one(), one()]).await;
        }
        follower.publish(Vec::new()).await;
        follower.settled().await.unwrap();
        assert_eq!(*seen.0.lock().unwrap(), [6]);
        // A demand that came while nothing waited does no harm.
        follower.wanted.notify_one();
        follower.publish(vec![one()]).await;
        follower.settled().await.unwrap();
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
        follower.settled().await.unwrap();
        assert_eq!((seen.0.lock().unwrap().len(), *seen.1.lock().unwrap()), (0, 1), "reading anew covers the commit");
        follower.publish(vec![one()]).await;
        follower.settled().await.unwrap();
        assert_eq!((seen.0.lock().unwrap().len(), *seen.1.lock().unwrap()), (1, 1));
    }

    #[tokio::test]
    async fn without_any_demand_they_are_followed_soon() {
        let seen = Arc::new(Seen::default());
        let follower = Follower::gathering(seen.clone(), Duration::from_millis(1));
        follower.publish(vec![one()]).await;
        let mut followed = follower.followed.clone();
        timeout(PATIENCE, followed.wait_for(|followed| followed.works == 1)).await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_reader_waits_for_a_few_changes_and_not_for_a_crowd_of_this_second() {
        let seen = Arc::new(Seen::default());
        let follower = Follower::gathering(seen.clone(), PATIENCE * 360);
        let followed = || seen.0.lock().unwrap().iter().sum::<usize>();
        let few = usize::try_from(FEW).unwrap();
        follower.publish(vec![one(); few]).await;
        follower.nearly_settled().await.unwrap();
        assert_eq!(followed(), few);
        follower.publish(vec![one(); few + 1]).await;
        follower.settled_but_for(PATIENCE * 360).await.unwrap();
        assert_eq!(followed(), few, "it was not waited for");
        follower.settled_but_for(Duration::ZERO).await.unwrap();
        assert_eq!(followed(), 2 * few + 1, "it is older than may be");
    }
}
