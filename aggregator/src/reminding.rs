//! Reminders to the province's staff: which communes still miss figures; each occasion once by each way.

use crate::{
    report::figures::Figures,
    standing::{Live, Now},
    store::{Duty, Store, StoreError},
};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
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
/// How long another server that reminds is waited for before it is taken to have died: longer than all ways together may take.
const LONGEST_STEP: Duration = Duration::from_secs(3_600);
/// How long it waits after a way failed.
const AFTER_FAILURE: TimeDelta = TimeDelta::hours(1);
/// How long it waits after a way failed for a reason that will not pass by itself.
const AFTER_REFUSAL: TimeDelta = TimeDelta::hours(24);

/// What is to be said at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Composed {
    /// Of which month.
    pub period: Period,
    /// Why now; none where only somebody asked.
    pub occasion: Option<Occasion>,
    /// How many communes miss something.
    pub missing: usize,
    /// The reminder.
    pub reminder: Reminder,
}

/// The reminders of a moment: of the month of today where something is expected in it, and of the month before while a cut-off day is not too
/// long ago and something is missing. Where a commune that misses something has a later day than the usual one, that day has its own.
#[must_use]
pub fn compose(figures: &Figures, plan: &Plan, at: DateTime<Utc>, language: Language) -> Vec<Composed> {
    let province = &figures.catalogue.province;
    let Some(this_month) = Period::containing(figures.today, Cycle::Monthly) else { return Vec::new() };
    let months = this_month.previous().into_iter().chain([this_month]);
    let mut all = Vec::new();
    for period in months.filter(|month| month.year() == province.plan_year) {
        let (communes, missing) = lacking(figures, period);
        if communes == 0 {
            continue;
        }
        let usual = period.day_in_last_month(u32::from(province.days.cutoff));
        let latest = missing.iter().map(|(.., own)| *own).max().filter(|latest| *latest > usual);
        for cutoff in [Some(usual), latest].into_iter().flatten() {
            let days = ReminderDays { units: None, cutoff, before: plan.days_before };
            let occasion = Occasion::of(&days, figures.today);
            let is_asked_for = period == this_month && cutoff == usual;
            if !is_asked_for && (occasion.is_none() || missing.is_empty()) {
                continue;
            }
            let due = ProvinceDue {
                province: &province.name,
                period,
                cutoff,
                usual,
                missing: missing.clone(),
                communes,
                is_simulated: figures.exercise,
            };
            let said = occasion.unwrap_or(Occasion::asked_for(&days, figures.today));
            let reminder = to_province(&due, said, language, at);
            all.push(Composed { period, occasion, missing: missing.len(), reminder });
        }
    }
    all
}

/// A commune that misses something: its name, how many figures, of how many, and its cut-off day.
type Lacking = (String, usize, usize, NaiveDate);

/// How many communes are expected to report, and those that miss something, by name.
fn lacking(figures: &Figures, period: Period) -> (usize, Vec<Lacking>) {
    let book = figures.standings.book();
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
    (communes, missing)
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
        for composed in compose(figures, &self.plan, at, self.language) {
            if composed.occasion.is_some() && composed.missing > 0 {
                self.deliver(store, &composed.reminder, at).await?;
            }
        }
        Ok(())
    }

    /// By each way by which it did not go out yet.
    async fn deliver(&mut self, store: &dyn Store, reminder: &Reminder, at: DateTime<Utc>) -> Result<(), StoreError> {
        let key = &reminder.key;
        let mut open = Vec::new();
        for channel in self.notifier.channels() {
            if !store.is_reminded(&format!("{key} {channel}")).await? {
                open.push(channel);
            }
        }
        for (channel, result) in self.notifier.deliver_by(&open, reminder).await {
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
        // Of several servers on one store one reminds: what it delivered is noted before another one looks.
        match store.take_duty(Duty::Reminders, LONGEST_STEP).await {
            Ok(true) => {}
            Ok(false) => continue,
            Err(error) => {
                tracing::warn!(%error, "reminders could not be looked at");
                continue;
            }
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
        if let Err(error) = store.rest_duty(Duty::Reminders, INTERVAL * 9 / 10).await {
            tracing::warn!(%error, "the next look at reminders comes late");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        sample::{self, batch, figure},
        store::{Append, Exception},
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

    #[tokio::test]
    async fn a_commune_with_a_later_day_is_reminded_of_by_that_day() {
        let (_folder, store) = sample::store().await;
        let period = "2026-10".parse().unwrap();
        let exception =
            Exception {
                commune: "tan-phu".into(), period, cutoff: "2026-11-05".parse().unwrap(), reason: "lũ".into()
            };
        assert!(store.set_exception(exception, sample::act(sample::moment())).await.unwrap());
        let keys = async |at: &str| {
            let at: DateTime<Utc> = at.parse().unwrap();
            let figures = Figures::load(&store, local_day(at)).await.unwrap();
            let due = compose(&figures, &Plan::default(), at, Language::Vi).into_iter();
            due.filter(|one| one.occasion.is_some()).map(|one| one.reminder.key).collect::<Vec<_>>()
        };
        assert_eq!(keys("2026-10-19T02:00:00Z").await, ["due-2026-10-last-day"]);
        assert_eq!(keys("2026-11-05T02:00:00Z").await, ["due-2026-10-last-day-2026-11-05"]);
        assert_eq!(keys("2026-11-12T02:00:00Z").await, ["due-2026-10-overdue-2026-11-05"]);
        assert!(keys("2026-11-13T02:00:00Z").await.is_empty(), "a week after it");
        assert_eq!(keys("2026-11-16T02:00:00Z").await, ["due-2026-11-before"]);
    }
}
