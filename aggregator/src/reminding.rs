//! Reminders to the province's staff: which communes still miss figures; each occasion once by each way.

use crate::{
    report::figures::Figures,
    standing::{Live, Now},
    store::{Store, StoreError},
};
use chrono::{DateTime, TimeDelta, Utc};
use notification::{
    Notifier, Reminder, SetupError,
    occasion::{Occasion, ReminderDays},
    plan::Plan,
    wording::{ProvinceDue, to_province},
};
use shared::{
    calendar::TIME_ZONE,
    due::{Delivery, duties},
    language::Language,
    period::{Cycle, Period},
};
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;

/// How often a running `serve` looks whether there is something to remind of.
const INTERVAL: Duration = Duration::from_secs(600);
/// How long it waits after a way failed.
const AFTER_FAILURE: TimeDelta = TimeDelta::hours(1);
/// How long it waits after a way failed for a reason that will not pass by itself.
const AFTER_REFUSAL: TimeDelta = TimeDelta::hours(24);

/// What is to be said at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Composed {
    /// Why now; none where only somebody asked.
    pub occasion: Option<Occasion>,
    /// How many communes miss something.
    pub missing: usize,
    /// The reminder.
    pub reminder: Reminder,
}

/// The reminder of the month of today; none outside the plan year, or where nothing is expected.
#[must_use]
pub fn compose(figures: &Figures, plan: &Plan, at: DateTime<Utc>, language: Language) -> Option<Composed> {
    let (book, province) = (figures.standings.book(), &figures.catalogue.province);
    let year = province.plan_year;
    let period = Period::containing(figures.today, Cycle::Monthly).filter(|month| month.year() == year)?;
    let cutoff = period.day_in_last_month(u32::from(province.days.cutoff));
    let mut members: Vec<_> = (0u32..).zip(book.members()).collect();
    members.sort_by_key(|(_, member)| member.name_order);
    let (mut communes, mut missing) = (0, Vec::new());
    for (number, member) in members {
        let duties: Vec<_> = duties(book, number, period).collect();
        let lacks = duties.iter().filter(|duty| duty.delivery == Delivery::Missing).count();
        communes += usize::from(!duties.is_empty());
        if lacks > 0 {
            missing.push((member.row.name.clone(), lacks, duties.len(), book.cutoff(number, period)));
        }
    }
    let count = missing.len();
    let due =
        ProvinceDue { province: &province.name, period, cutoff, missing, communes, is_simulated: figures.exercise };
    let days = ReminderDays { units: None, cutoff, before: plan.days_before };
    let occasion = Occasion::of(&days, figures.today);
    let reminder = to_province(&due, occasion.unwrap_or(Occasion::asked_for(&days, figures.today)), language, at);
    (communes > 0).then_some(Composed { occasion, missing: count, reminder })
}

/// The ways, and when they are tried next.
#[derive(Debug)]
pub struct Reminding {
    notifier: Notifier,
    plan: Plan,
    language: Language,
    next: DateTime<Utc>,
}

impl Reminding {
    /// Checks the ways; none where no way is connected.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn open(plan: &Plan, language: Language) -> Result<Option<Self>, SetupError> {
        if !plan.is_connected() {
            return Ok(None);
        }
        let notifier = Notifier::open(&plan.settings())?;
        Ok(Some(Self { notifier, plan: plan.clone(), language, next: DateTime::<Utc>::MIN_UTC }))
    }

    /// Sends what is due and was not sent. A way that fails is tried again later and stops nothing.
    ///
    /// # Errors
    /// What the store says.
    pub async fn step(&mut self, store: &dyn Store, figures: &Figures, at: DateTime<Utc>) -> Result<(), StoreError> {
        if at < self.next || !self.plan.has_begun(at.with_timezone(&TIME_ZONE).time()) {
            return Ok(());
        }
        let Some(composed) = compose(figures, &self.plan, at, self.language) else { return Ok(()) };
        if composed.occasion.is_none() || composed.missing == 0 {
            return Ok(());
        }
        let key = &composed.reminder.key;
        let mut open = Vec::new();
        for channel in self.notifier.channels() {
            if !store.is_reminded(&format!("{key} {channel}")).await? {
                open.push(channel);
            }
        }
        for (channel, result) in self.notifier.deliver_by(&open, &composed.reminder).await {
            match result {
                Ok(()) => {
                    tracing::info!(key, %channel, "reminder delivered");
                    store.note_reminder(&format!("{key} {channel}"), at).await?;
                }
                Err(error) => {
                    let wait = if error.is_permanent() { AFTER_REFUSAL } else { AFTER_FAILURE };
                    self.next = self.next.max(at + wait);
                    tracing::warn!(key, %channel, %error, "reminder not delivered, trying again later");
                }
            }
        }
        Ok(())
    }
}

/// Reminds until the end is signalled.
pub async fn watch(
    mut reminding: Reminding,
    store: Arc<dyn Store>,
    live: Arc<Live>,
    now: Now,
    mut ending: watch::Receiver<bool>,
) {
    let mut ticks = tokio::time::interval(INTERVAL);
    loop {
        tokio::select! {
            () = async { drop(ending.wait_for(|ending| *ending).await) } => return,
            _ = ticks.tick() => {}
        }
        // Those who ask do not wait for a mail server.
        let figures = live.load().await.map(|(figures, _)| figures);
        let stepped = match figures {
            Ok(figures) => reminding.step(&*store, &figures, now()).await.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = stepped {
            tracing::warn!(%error, "reminders could not be looked at");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        sample::{self, batch, figure},
        store::Append,
    };
    use notification::FileSettings;
    use shared::{calendar::local_day, change::LogPosition};
    use std::fs;

    #[tokio::test]
    async fn the_staff_is_reminded_once_of_each_occasion() {
        let (_folder, store) = sample::store().await;
        let changes = vec![figure(1, "2026-10", 1)];
        let batches = vec![batch("tan-phu", 1, LogPosition::START, changes)];
        store.append(Append { batches, notes: Vec::new() }).await.unwrap();
        let place = tempfile::tempdir().unwrap();
        let file = Some(FileSettings { folder: place.path().to_owned() });
        let plan = Plan { file, ..Plan::default() };
        let mut reminding = Reminding::open(&plan, Language::Vi).unwrap().unwrap();
        let mut step = async |at: &str| {
            let at: DateTime<Utc> = at.parse().unwrap();
            let figures = Figures::load(&store, local_day(at)).await.unwrap();
            reminding.step(&store, &figures, at).await.unwrap();
            let mut names: Vec<String> = fs::read_dir(place.path())
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        };
        assert!(step("2026-10-15T02:00:00Z").await.is_empty(), "four days before");
        assert!(step("2026-10-16T00:30:00Z").await.is_empty(), "before eight in the morning");
        let first = vec!["2026-10-16-due-2026-10-before.txt".to_owned()];
        assert_eq!(step("2026-10-16T01:00:00Z").await, first);
        assert_eq!(step("2026-10-18T02:00:00Z").await, first);
        assert_eq!(step("2026-10-20T02:00:00Z").await.len(), 2, "the last day was missed, it is overdue now");
        assert_eq!(step("2026-10-21T02:00:00Z").await.len(), 2);
        let text = fs::read_to_string(place.path().join("2026-10-20-due-2026-10-overdue.txt")).unwrap();
        assert!(text.contains("Xã Tân Phú: thiếu 33/34"), "{text}");
    }
}
