//! What the overview tells of all communes: lights, states and the province's own figures, made once for each change of the figures and
//! each day, by the functions that `explain` and `indicator` use.

use super::Desk;
use crate::report::{figures::Figures, question::AskError};
use chrono::NaiveDate;
use shared::{
    achievement::{Measure, achievement},
    catalogue::rule::Rule,
    evaluation::State,
    fraction::decimals,
    light::Light,
    period::Period,
    province::{ProvinceFigure, province_figure},
    ranking::{Scheme, explain},
};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use tokio::sync::Mutex;

/// How many periods are remembered.
const MAX_HELD: usize = 4;

/// Counts of all communes in a period.
#[derive(Debug)]
pub struct Pulse {
    /// The period.
    pub period: Period,
    /// By commune, in the book's order.
    pub communes: Vec<CommunePulse>,
    /// The province's own figure of each indicator, in the catalogue's order.
    pub own: Vec<OwnFigure>,
    key: (u64, NaiveDate, Period),
}

/// Counts of one commune's scored targets.
#[derive(Debug, Clone)]
pub struct CommunePulse {
    /// Slug.
    pub slug: String,
    /// Name.
    pub name: String,
    /// How many of each light, as in [`Light::ALL`].
    pub lights: [u32; 4],
    /// How many of each state, as in [`State::ALL`].
    pub states: [u32; 7],
}

/// The province's own figure of an indicator.
#[derive(Debug)]
pub struct OwnFigure {
    /// Number of the indicator in the book.
    pub indicator: u32,
    /// The figure.
    pub figure: ProvinceFigure,
    /// How far it is from the standard target, six decimals; empty where there is no figure or no such target, or it is a yes.
    pub achievement: String,
    /// How many targets of each light the communes have, as in [`Light::ALL`].
    pub lights: [u32; 4],
}

impl Pulse {
    /// All communes' lights.
    #[must_use]
    pub fn lights(&self, light: Light) -> u32 {
        let at = Light::ALL.iter().position(|one| *one == light).unwrap_or_default();
        self.communes.iter().map(|commune| commune.lights[at]).sum()
    }

    /// All communes' states.
    #[must_use]
    pub fn states(&self, state: State) -> u32 {
        let at = State::ALL.iter().position(|one| *one == state).unwrap_or_default();
        self.communes.iter().map(|commune| commune.states[at]).sum()
    }

    fn take(figures: &Figures, key: (u64, NaiveDate, Period)) -> Self {
        let (book, period) = (figures.standings.book(), key.2);
        let board = figures.standings.board(Scheme::Own, period);
        let mut communes = Vec::with_capacity(book.members().len());
        let mut by_indicator = vec![[0; 4]; book.indicators().len()];
        for (number, member) in (0u32..).zip(book.members()) {
            let mut counts = CommunePulse {
                slug: member.row.slug.clone(),
                name: member.row.name.clone(),
                lights: [0; 4],
                states: [0; 7],
            };
            for row in explain::explain(book, &board, number, figures.today) {
                if let Some(at) = Light::ALL.iter().position(|light| *light == row.light) {
                    counts.lights[at] += 1;
                    by_indicator[row.indicator as usize][at] += 1;
                }
                if let Some(at) = State::ALL.iter().position(|state| *state == row.state) {
                    counts.states[at] += 1;
                }
            }
            communes.push(counts);
        }
        let own = (0u32..).zip(book.indicators()).zip(by_indicator).map(|((indicator, row), lights)| {
            let figure = province_figure(book, indicator, period);
            let goal = row.standard.filter(|goal| goal.value().is_some());
            let reached = figure.value.zip(goal);
            let reached =
                reached.map(|(value, goal)| achievement(Measure::Number(value), goal, &Rule::Proportional, None));
            let achievement = reached.map_or_else(String::new, |reached| decimals(reached.into(), 6));
            OwnFigure { indicator, figure, achievement, lights }
        });
        Self { period, own: own.collect(), communes, key }
    }
}

/// The counts that were asked for last.
#[derive(Debug, Default)]
pub(super) struct Pulses {
    held: Mutex<Vec<Arc<Pulse>>>,
    waiting: AtomicU64,
}

impl Pulses {
    /// How many results awaited a reviewer when it was last looked.
    pub(super) fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }
}

impl Desk {
    /// The counts of a period; none for the period that is shown by default.
    ///
    /// # Errors
    /// The period lies outside the plan year.
    pub async fn pulse(&self, asked: Option<Period>) -> Result<Arc<Pulse>, AskError> {
        let mut held = self.pulse.held.lock().await;
        let changes = *self.live.changes().borrow();
        let figures = self.live.read();
        let period = figures.period(asked)?;
        let key = (changes, figures.today, period);
        if let Some(found) = held.iter().find(|pulse| pulse.key == key) {
            return Ok(found.clone());
        }
        let taken = Arc::new(Pulse::take(&figures, key));
        if figures.period(None).is_ok_and(|shown| shown == period) {
            self.pulse.waiting.store(taken.states(State::AwaitingReview).into(), Ordering::Relaxed);
        }
        drop(figures);
        held.retain(|pulse| pulse.period != period);
        held.truncate(MAX_HELD - 1);
        held.insert(0, taken.clone());
        Ok(taken)
    }
}
