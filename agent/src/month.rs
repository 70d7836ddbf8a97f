//! The period that is worked on: catalogue, figures and day as one.

use crate::{entry::EntryError, ledger::Ledger, store::View};
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use shared::{
    calendar::local_day,
    catalogue::view::CommuneView,
    observation::Refusal,
    period::{Cycle, Period},
    task::{self, Reported},
};

/// A period with all that is known about it.
#[derive(Debug)]
pub struct Month {
    /// The catalogue.
    pub catalogue: CommuneView,
    /// The figures.
    pub ledger: Ledger,
    /// The period.
    pub period: Period,
    /// Today, by the clock that figures are entered by.
    pub today: NaiveDate,
    /// Whether all figures are simulated.
    pub is_simulated: bool,
}

impl Month {
    /// Without a period asked for: the month of today, or the next one in which something is due.
    ///
    /// # Errors
    /// No catalogue yet, a period outside the plan year, and what the store says.
    pub fn read(view: View<'_>, now: DateTime<Utc>, asked: Option<Period>) -> Result<Self, EntryError> {
        Self::choose(view, now, asked, next_due)
    }

    /// Without a period asked for: the last month while its cut-off day has not passed, else as [`Month::read`].
    ///
    /// # Errors
    /// As [`Month::read`].
    pub fn at_hand(view: View<'_>, now: DateTime<Utc>, asked: Option<Period>) -> Result<Self, EntryError> {
        Self::choose(view, now, asked, |ledger, today, year| {
            let last = Period::containing(today, Cycle::Monthly).and_then(Period::previous);
            let is_open = |month: &Period| {
                month.year() == year
                    && ledger.commune.is_some_and(|commune| ledger.book.cutoff(commune, *month) >= today)
            };
            last.filter(is_open).or_else(|| next_due(ledger, today, year))
        })
    }

    fn choose(
        view: View<'_>,
        now: DateTime<Utc>,
        asked: Option<Period>,
        usual: impl FnOnce(&Ledger, NaiveDate, i32) -> Option<Period>,
    ) -> Result<Self, EntryError> {
        let catalogue = view.catalogue()?.ok_or(EntryError::NoCatalogue)?;
        let year = catalogue.province.plan_year;
        if asked.is_some_and(|period| period.year() != year) {
            return Err(Refusal::OutsidePlanYear(year).into());
        }
        let exercise = view.exercise()?;
        let today = local_day(exercise.time(now));
        let ledger = Ledger::read(view, &catalogue, today)?;
        let period = asked.or_else(|| usual(&ledger, today, year)).ok_or(Refusal::OutsidePlanYear(year))?;
        Ok(Self { catalogue, ledger, period, today, is_simulated: exercise.on })
    }

    /// Name of an indicator or title of a task; empty where there is none.
    #[must_use]
    pub fn name_of(&self, code: &str) -> String {
        let task = Reported::of(code).task().and_then(|task| self.catalogue.task(task)).map(|task| &task.title);
        self.catalogue.indicator(code).map(|one| &one.name).or(task).cloned().unwrap_or_default()
    }

    /// How many tasks are not done and have nothing reported for the period.
    #[must_use]
    pub fn silent_tasks(&self) -> usize {
        let Some(commune) = self.ledger.commune else { return 0 };
        let progress = |task| task::progress(&self.ledger.book, commune, task, self.period, self.today);
        let is_silent = |found: task::Progress| {
            let reported = found.reported_for.is_some_and(|reported| reported.ends_with(self.period));
            !reported && found.achieved < shared::achievement::FULL
        };
        self.catalogue.tasks.iter().filter(|task| is_silent(progress(task))).count()
    }
}

fn next_due(ledger: &Ledger, today: NaiveDate, year: i32) -> Option<Period> {
    let this = Period::containing(today, Cycle::Monthly).filter(|month| month.year() == year);
    // After the plan year its last month is what is still looked at.
    let from = this.map_or(if today.year() > year { 12 } else { 1 }, Period::last_month);
    let months = (from..=12).filter_map(|number| Period::new(year, Cycle::Monthly, number));
    let is_due = |month: &Period| ledger.commune.is_some_and(|c| ledger.book.expected(c, *month).next().is_some());
    let last = Period::new(year, Cycle::Monthly, 12);
    months.clone().find(is_due).or(this).or(last)
}
