//! The background service: looks at the clock and the store, and holds a session when one is due.
//!
//! It keeps nothing that the store does not know, so it can be killed at any moment.

use crate::{
    bell::{Bell, Progress},
    clock::Clock,
    config::Config,
    folder::Folder,
    lock::Lock,
    nap::Alarm,
    reminding::Reminding,
    retry::Retry,
    schedule::{Failure, Plan, Situation},
    store::{Store, StoreError, View},
    uplink::{
        exchange::Tally,
        outcome::{DAILY, End, Outcome, Pace},
        session,
    },
};
use operation::manager::{self, Word};
use rand::RngCore;
use shared::{language::Language, system_words::reason};
use std::{future::Future, io, pin::pin, time::Duration};
use thiserror::Error;

/// The clock and the store are looked at least this often: a computer sleeps, its clock is set, others enter figures.
const LONGEST_NAP: Duration = Duration::from_secs(60);
/// Shortest pause, also after a session: whatever the clock does, this never spins.
const SHORTEST_NAP: Duration = Duration::from_secs(1);

/// Why the service ends.
#[derive(Debug, Error)]
pub enum ServiceError {
    /// Another service runs on this folder.
    #[error("another service is running on this folder")]
    Running,
    /// The store is not fit for use.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A lock cannot be made.
    #[error("data folder: {0}")]
    Folder(#[from] io::Error),
}

impl ServiceError {
    /// For the person who started it.
    #[must_use]
    pub fn explain(&self, language: Language) -> String {
        match self {
            Self::Running => {
                language.pick("dịch vụ đã chạy trên thư mục này", "a service is running on this folder already").into()
            }
            Self::Store(error) => error.explain(language),
            Self::Folder(error) => {
                language.pick(format!("thư mục dữ liệu: {}", reason(error, language)), format!("data folder: {error}"))
            }
        }
    }
}

/// What the schedule decides on, as the store knows it.
///
/// # Errors
/// What the store says.
pub fn situation(view: View<'_>) -> Result<Situation, StoreError> {
    let joined_at = view.belonging()?.map(|belonging| belonging.joined_at);
    let last = view.last_run()?.filter(|run| run.outcome != End::Done.as_str());
    let failure = last
        // A failure of before the computer joined again says nothing.
        .filter(|run| joined_at.is_none_or(|joined_at| run.ended_at >= joined_at))
        .map(|run| Failure { at: run.ended_at, wait: run.wait.unwrap_or_default() });
    let unsent = view.head()?.seq > view.acknowledged_seq()?;
    Ok(Situation {
        last_success: view.last_success()?.map(|run| run.ended_at),
        unsent_edit: if unsent { view.last_append()? } else { None },
        evidence_outstanding: view.outstanding_files()?.files > 0,
        failure,
    })
}

/// The schedule of the commune that a store belongs to.
///
/// # Errors
/// What the store says.
pub fn plan(view: View<'_>, config: &Config) -> Result<Plan, StoreError> {
    let belonging = view.belonging()?.ok_or(StoreError::NotJoined)?;
    Ok(Plan::new(config.window, config.quiet, &belonging.province, &belonging.commune))
}

/// Runs until `shutdown` is done. Reminders go out where a way is connected; a session is held when it is due or the bell is rung.
///
/// # Errors
/// [`ServiceError`]
pub async fn run(
    folder: &Folder,
    config: &Config,
    clock: &Clock,
    random: &mut dyn RngCore,
    reminding: Option<Reminding>,
    bell: &Bell,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServiceError> {
    let mut store = Store::open_to_keep(folder)?;
    let _alone = Lock::try_take(&folder.service_lock())?.ok_or(ServiceError::Running)?;
    if store.view().service_unfinished()? {
        tracing::warn!("the last service did not end cleanly, checking the store");
        store.check_integrity()?;
    }
    store.write(|writing| writing.set_service_unfinished(true))?;
    tracing::info!(build = crate::uplink::BUILD, folder = %folder.root().display(), "service started");
    manager::say(Word::Ready);
    let mut service =
        Service { folder, config, clock, store, retry: Retry::default(), reminding, bell, is_asked: false };
    let mut shutdown = pin!(shutdown);
    let mut alarm = Alarm::new();
    // While nothing is due each look says that the service is alive, so that no further timer wakes the computer for it.
    let patience = manager::interval().unwrap_or(LONGEST_NAP);
    loop {
        let nap = tokio::select! {
            biased;
            () = &mut shutdown => break,
            nap = manager::alive_while(service.step(random)) => nap?,
        };
        manager::say(Word::Alive);
        tokio::select! {
            biased;
            () = &mut shutdown => break,
            () = bell.rung() => service.is_asked = true,
            () = alarm.after(nap.min(patience)) => {}
        }
    }
    manager::say(Word::Ending);
    service.store.write(|writing| writing.set_service_unfinished(false))?;
    tracing::info!("service ended");
    Ok(())
}

struct Service<'a> {
    folder: &'a Folder,
    config: &'a Config,
    clock: &'a Clock,
    store: Store,
    retry: Retry,
    reminding: Option<Reminding>,
    bell: &'a Bell,
    /// Somebody asked for a session that has not begun yet.
    is_asked: bool,
}

impl Service<'_> {
    /// Holds a session if one is due; says how long to nap then.
    async fn step(&mut self, random: &mut dyn RngCore) -> Result<Duration, StoreError> {
        match self.look(random).await {
            Ok(nap) => Ok(nap.clamp(SHORTEST_NAP, LONGEST_NAP)),
            Err(error @ (StoreError::Damaged(_) | StoreError::Newer { .. } | StoreError::NotJoined)) => Err(error),
            Err(error) => {
                // A full disk or a busy store may pass.
                tracing::error!(%error, "the store does not answer, trying again");
                Ok(LONGEST_NAP)
            }
        }
    }

    async fn look(&mut self, random: &mut dyn RngCore) -> Result<Duration, StoreError> {
        if let Some(reminding) = &mut self.reminding {
            reminding.step(&mut self.store, self.clock).await?;
        }
        let now = self.clock.now();
        let due = plan(self.store.view(), self.config)?.next(now, &situation(self.store.view())?);
        if due.at > now && !self.is_asked {
            let longest = self.config.quiet.map_or(LONGEST_NAP, |quiet| quiet.min(LONGEST_NAP));
            return Ok((due.at - now).to_std().unwrap_or_default().min(longest));
        }
        let Some(alone) = Lock::try_take(&self.folder.sync_lock())? else {
            // A command holds a session at this moment.
            return Ok(SHORTEST_NAP);
        };
        let cause = if self.is_asked { "asked" } else { due.cause.as_str() };
        self.is_asked = false;
        tracing::info!(cause, "session begins");
        let head = self.store.view().head()?.seq;
        let waiting = head.saturating_sub(self.store.view().acknowledged_seq()?);
        let bell = self.bell;
        bell.tell(Progress::Underway { tally: Tally::default(), waiting });
        let tell = |tally: Tally| bell.tell(Progress::Underway { tally, waiting });
        let retry = &mut self.retry;
        let wait = |outcome: &Outcome, tally: &Tally| wait(outcome, tally, retry, random);
        let held =
            session::hold_telling(&alone, self.folder, self.config, &mut self.store, self.clock, &tell, wait).await;
        bell.tell(Progress::Quiet);
        held?;
        self.store.rest()?;
        Ok(SHORTEST_NAP)
    }
}

/// How long to wait after an outcome; `None` after a good one.
fn wait(outcome: &Outcome, tally: &Tally, retry: &mut Retry, random: &mut dyn RngCore) -> Option<Duration> {
    if tally.has_moved() {
        // The line carries something: what is left goes on soon.
        retry.reset();
    }
    match outcome.pace() {
        Pace::Scheduled => {
            retry.reset();
            None
        }
        Pace::Soon => Some(retry.next_wait(random)),
        Pace::Told(wait) => Some(wait),
        Pace::Daily => Some(DAILY),
    }
}

#[cfg(test)]
mod tests;
