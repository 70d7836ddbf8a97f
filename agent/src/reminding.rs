//! Reminders of what the commune still has to report, by the ways that the office has connected; each occasion once by each way.

use crate::{
    clock::Clock,
    ledger::Ledger,
    store::{Store, StoreError, View},
};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use notification::{
    Notifier, Reminder, SetupError,
    occasion::{Occasion, ReminderDays},
    plan::Plan,
    wording::{CommuneDue, to_commune},
};
use shared::{
    calendar::{TIME_ZONE, local_day},
    catalogue::view::CommuneView,
    due::{Delivery, duties},
    language::Language,
    period::{Cycle, Period},
    task, units,
};

/// How often the service looks whether there is something to remind of.
const INTERVAL: TimeDelta = TimeDelta::minutes(10);
/// How long it waits after a way failed.
const AFTER_FAILURE: TimeDelta = TimeDelta::hours(1);
/// How long it waits after a way failed for a reason that will not pass by itself.
const AFTER_REFUSAL: TimeDelta = TimeDelta::hours(24);

/// What is to be said at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Composed {
    /// Why now; none where only somebody asked.
    pub occasion: Option<Occasion>,
    /// How many figures are missing.
    pub missing: usize,
    /// The reminder.
    pub reminder: Reminder,
}

/// The reminders of a moment: of the month of today where something is expected in it, and of the month before while its cut-off day, which
/// may be an exception's, is not too long ago and something is missing; that one first.
///
/// # Errors
/// What the store says.
pub fn compose(
    view: View<'_>,
    plan: &Plan,
    now: DateTime<Utc>,
    language: Language,
) -> Result<Vec<Composed>, StoreError> {
    let Some(catalogue) = view.catalogue()? else { return Ok(Vec::new()) };
    let exercise = view.exercise()?;
    let at = exercise.time(now);
    let today = local_day(at);
    let year = catalogue.province.plan_year;
    let Some(this_month) = Period::containing(today, Cycle::Monthly) else { return Ok(Vec::new()) };
    let ledger = Ledger::read(view, &catalogue, today)?;
    let days = catalogue.commune.calendar(&catalogue.province).days;
    let mut all = Vec::new();
    for period in this_month.previous().into_iter().chain([this_month]).filter(|month| month.year() == year) {
        let Some(due) = due(&ledger, &catalogue, period, today, exercise.on) else { continue };
        let units = units::cutoff(days.units_cutoff, period);
        let days = ReminderDays {
            units: Some(units).filter(|day| *day < due.cutoff),
            cutoff: due.cutoff,
            before: plan.days_before,
        };
        let occasion = Occasion::of(&days, today);
        if period != this_month && (occasion.is_none() || due.missing.is_empty()) {
            continue;
        }
        let said = occasion.unwrap_or(Occasion::asked_for(&days, today));
        let reminder = to_commune(&due, said, language, at);
        all.push(Composed { occasion, missing: due.missing.len(), reminder });
    }
    Ok(all)
}

fn due<'a>(
    ledger: &Ledger,
    catalogue: &'a CommuneView,
    period: Period,
    today: NaiveDate,
    is_simulated: bool,
) -> Option<CommuneDue<'a>> {
    let (book, commune) = (&ledger.book, ledger.commune?);
    let duties: Vec<_> = duties(book, commune, period).collect();
    let missing = duties.iter().filter(|duty| duty.delivery == Delivery::Missing).map(|duty| {
        let row = &book.indicators()[duty.indicator as usize];
        let lead =
            catalogue.targets_for(&row.code).map(|target| target.lead_unit.clone()).find(|lead| !lead.is_empty());
        [row.code.clone(), row.name.clone(), lead.unwrap_or_default().to_string()]
    });
    let is_silent = |task| {
        let found = task::progress(book, commune, task, period, today);
        found.achieved < shared::achievement::FULL && !found.reported_for.is_some_and(|p| p.ends_with(period))
    };
    (!duties.is_empty()).then(|| CommuneDue {
        commune: &catalogue.commune.name,
        period,
        cutoff: book.cutoff(commune, period),
        usual: catalogue.commune.calendar(&catalogue.province).cutoff(period),
        expected: duties.len(),
        missing: missing.collect(),
        silent_tasks: catalogue.tasks.iter().filter(|task| is_silent(*task)).count(),
        is_simulated,
    })
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
    pub async fn step(&mut self, store: &mut Store, clock: &Clock) -> Result<(), StoreError> {
        let now = clock.now();
        if now < self.next {
            return Ok(());
        }
        self.next = now + INTERVAL;
        let local = store.view().exercise()?.time(now).with_timezone(&TIME_ZONE).time();
        if !self.plan.has_begun(local) {
            return Ok(());
        }
        for composed in compose(store.view(), &self.plan, now, self.language)? {
            if composed.occasion.is_some() && composed.missing > 0 {
                self.deliver(store, &composed.reminder, now).await?;
            }
        }
        Ok(())
    }

    /// By each way by which it did not go out yet.
    async fn deliver(&mut self, store: &mut Store, reminder: &Reminder, now: DateTime<Utc>) -> Result<(), StoreError> {
        let key = &reminder.key;
        let mut open = Vec::new();
        for channel in self.notifier.channels() {
            if !store.view().is_reminded(key, &channel.to_string())? {
                open.push(channel);
            }
        }
        for (channel, result) in self.notifier.deliver_by(&open, reminder).await {
            match result {
                Ok(()) => {
                    tracing::info!(key, %channel, "reminder delivered");
                    store.write(|writing| writing.note_reminder(key, &channel.to_string(), now))?;
                }
                Err(error) => {
                    let wait = if error.is_permanent() { AFTER_REFUSAL } else { AFTER_FAILURE };
                    self.next = self.next.max(now + wait);
                    tracing::warn!(key, %channel, %error, "reminder not delivered, trying again later");
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Home, now};
    use notification::FileSettings;
    use std::{fs, path::Path};

    fn sent(folder: &Path) -> Vec<String> {
        let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    #[tokio::test]
    async fn each_occasion_is_taken_once_and_only_where_something_is_missing() {
        let mut home = Home::ready();
        let place = tempfile::tempdir().unwrap();
        let file = Some(FileSettings { folder: place.path().to_owned() });
        let plan = Plan { file, ..Plan::default() };
        assert!(Reminding::open(&Plan::default(), Language::Vi).unwrap().is_none(), "no way, no reminders");
        let mut reminding = Reminding::open(&plan, Language::Vi).unwrap().unwrap();
        // Friday 16 October, 9 in the morning: three days before the 19th.
        let clock = Clock::standing_at(now());
        reminding.step(&mut home.store, &clock).await.unwrap();
        let before = "2026-10-16-due-2026-10-before.txt".to_owned();
        assert_eq!(sent(place.path()), std::slice::from_ref(&before));
        let text = fs::read_to_string(place.path().join(&before)).unwrap();
        assert!(text.contains("Xã Định Quán") && text.contains("CDS-1"), "{text}");
        // Hours later, and with a service that was started anew: the same occasion.
        fs::remove_file(place.path().join(&before)).unwrap();
        clock.advance(TimeDelta::hours(3));
        let mut again = Reminding::open(&plan, Language::Vi).unwrap().unwrap();
        again.step(&mut home.store, &clock).await.unwrap();
        assert!(sent(place.path()).is_empty(), "it is noted in the store");
        // At night nobody is reminded; the day after at noon the units' day has come.
        clock.advance(TimeDelta::hours(12));
        again.step(&mut home.store, &clock).await.unwrap();
        assert!(sent(place.path()).is_empty());
        clock.advance(TimeDelta::hours(12));
        again.step(&mut home.store, &clock).await.unwrap();
        assert_eq!(sent(place.path()), ["2026-10-17-due-2026-10-units-last-day.txt"]);
        // Everything is in: the last day passes in silence.
        for (code, value) in [("CDS-1", "50"), ("CDS-2", "1"), ("CDS-3", "1"), ("CDS-4", "yes"), ("CDS-5", "yes")] {
            home.value(code, value).unwrap();
        }
        clock.advance(TimeDelta::hours(48));
        again.step(&mut home.store, &clock).await.unwrap();
        assert_eq!(sent(place.path()).len(), 1);
    }

    #[tokio::test]
    async fn a_way_that_fails_is_tried_again_and_stops_nothing() {
        let mut home = Home::ready();
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("ways");
        fs::create_dir(&folder).unwrap();
        let plan = Plan { file: Some(FileSettings { folder: folder.clone() }), ..Plan::default() };
        let mut reminding = Reminding::open(&plan, Language::Vi).unwrap().unwrap();
        fs::remove_dir(&folder).unwrap();
        let clock = Clock::standing_at(now());
        reminding.step(&mut home.store, &clock).await.unwrap();
        fs::create_dir(&folder).unwrap();
        clock.advance(TimeDelta::minutes(30));
        reminding.step(&mut home.store, &clock).await.unwrap();
        assert!(sent(&folder).is_empty(), "not before an hour has passed");
        clock.advance(TimeDelta::minutes(31));
        reminding.step(&mut home.store, &clock).await.unwrap();
        assert_eq!(sent(&folder).len(), 1);
    }

    #[tokio::test]
    async fn an_exception_into_the_next_month_is_reminded_of_there() {
        use shared::feed::FeedItem;
        let mut home = Home::ready();
        let place = tempfile::tempdir().unwrap();
        let file = Some(FileSettings { folder: place.path().to_owned() });
        let plan = Plan { file, ..Plan::default() };
        let mut reminding = Reminding::open(&plan, Language::Vi).unwrap().unwrap();
        let clock = Clock::standing_at(now());
        clock.advance(TimeDelta::days(4));
        reminding.step(&mut home.store, &clock).await.unwrap();
        assert_eq!(sent(place.path()), ["2026-10-20-due-2026-10-overdue.txt"]);
        let period = "2026-10".parse().unwrap();
        home.receive(&[FeedItem::Exception { period, cutoff: "2026-11-05".parse().ok(), reason: "lũ".into() }]);
        // 2 November: three days before the new day, said though the usual one was overdue already.
        for (days, expected) in [(13, "before"), (3, "last-day"), (1, "overdue")] {
            clock.advance(TimeDelta::days(days));
            reminding.step(&mut home.store, &clock).await.unwrap();
            let last = sent(place.path()).pop().unwrap();
            assert!(last.ends_with(&format!("-due-2026-10-{expected}-2026-11-05.txt")), "{last}");
        }
        assert_eq!(sent(place.path()).len(), 4);
        // Eight days after it is silent, and November has its own days.
        clock.advance(TimeDelta::days(7));
        reminding.step(&mut home.store, &clock).await.unwrap();
        assert_eq!(sent(place.path()).len(), 4);
    }
}
