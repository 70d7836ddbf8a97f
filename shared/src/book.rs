//! All reported figures of a plan year in memory, and which of them is effective.
//!
//! Source: scoring rules 2026.1, "Effective observation", "Units" and "On time". Communes and indicators are numbered by
//! their place in the input tables; the numbers are valid for one book.

use crate::{
    amount::Amount,
    calendar::DueDays,
    catalogue::Goal,
    effective::{Effective, Series, of_cell, over_units},
    observation::{Decision, ObservationKey, Value},
    period::{Cycle, Period},
    reported::CommuneFigures,
    tables::{CommuneRow, IndicatorRow, Inputs, ObservationRow, TargetRow},
    task::Reported,
    text::Text,
    vietnamese,
};
use chrono::{DateTime, NaiveDate, Utc};
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};
use thiserror::Error;

/// Most targets that one commune can have for one indicator.
pub const MAX_TARGETS_PER_INDICATOR: usize = 12;
/// The least common multiple of 1..=12: shares of points are whole multiples of 1/27720.
pub const SHARE_UNIT: i128 = 27_720;

/// Why input tables do not make a book.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum BookError {
    /// A target names a commune that is not in the table of communes.
    #[error("target {plan_ref:?} names the unknown commune {commune:?}")]
    UnknownCommune {
        /// The commune named.
        commune: String,
        /// The target.
        plan_ref: String,
    },
    /// A target names an indicator that is not in the table of indicators.
    #[error("target {plan_ref:?} of {commune} names the unknown indicator {indicator:?}")]
    UnknownIndicator {
        /// Its commune.
        commune: String,
        /// The target.
        plan_ref: String,
        /// The indicator named.
        indicator: String,
    },
    /// More targets for one indicator than [`MAX_TARGETS_PER_INDICATOR`].
    #[error("{commune} has more than {MAX_TARGETS_PER_INDICATOR} targets for {indicator}")]
    TooManyTargets {
        /// The commune.
        commune: String,
        /// The indicator.
        indicator: String,
    },
}

/// A commune with its targets.
#[derive(Debug, Clone)]
pub struct Member {
    /// Its row.
    pub row: CommuneRow,
    /// Its own plan's targets in the plan's order.
    pub targets: Vec<OwnTarget>,
    /// Its cut-off day of the month.
    pub cutoff_day: u8,
    /// Its place among all communes by name in Vietnamese order.
    pub name_order: u32,
    /// Whether its own plan scores at least one target: only then it is ranked.
    pub ranked: bool,
    /// The indicators its own plan scores, ascending, each with its cycle.
    pub(crate) scored: Vec<(u32, Cycle)>,
    /// The indicators its own plan has, ascending, each with whether any of its targets requires evidence.
    pub(crate) evidence: Vec<(u32, bool)>,
}

/// A target of a commune's own plan; small, since a ranking goes through all of them.
#[derive(Debug, Clone)]
pub struct OwnTarget {
    /// Number of its indicator.
    pub indicator: u32,
    /// What is asked.
    pub goal: Goal,
    /// Deadline.
    pub deadline: Option<NaiveDate>,
    /// Whether a completed figure needs evidence.
    pub requires_evidence: bool,
    /// Section and number in the plan.
    pub plan_ref: Text,
    /// Lead units as printed.
    pub lead_unit: Text,
    /// How many scored targets of the commune share the indicator's points; 0 for a target that is not scored.
    pub sharers: u32,
}

/// One version of a figure, as the scoring rules look at it.
#[derive(Debug, Clone, Copy)]
pub struct Version<'a> {
    /// Commune slug.
    pub commune: &'a str,
    /// Indicator code.
    pub indicator: &'a str,
    /// Unit code, empty for the whole commune.
    pub unit: &'a str,
    /// Period.
    pub period: Period,
    /// Counts from 1.
    pub version: u32,
    /// The value.
    pub value: Value,
    /// When the province received it.
    pub received_at: DateTime<Utc>,
    /// Evidence files bound to it.
    pub evidence: u32,
    /// The decision on it.
    pub verdict: Option<Decision>,
}

impl<'a> From<&'a ObservationRow> for Version<'a> {
    fn from(row: &'a ObservationRow) -> Self {
        Self {
            commune: &row.commune,
            indicator: &row.indicator,
            unit: &row.unit,
            period: row.period,
            version: row.version,
            value: row.value,
            received_at: row.received_at,
            evidence: row.evidence_count,
            verdict: row.verdict,
        }
    }
}

/// Everything the scoring rules look at. A clone shares what neither changes: one that is read goes on beside one that follows.
#[derive(Debug, Clone)]
pub struct Book {
    members: Arc<Vec<Member>>,
    indicators: Arc<Vec<IndicatorRow>>,
    commune_numbers: Arc<HashMap<String, u32>>,
    indicator_numbers: Arc<HashMap<String, u32>>,
    /// By commune; what none of them has reported is shared.
    reported: Vec<Arc<CommuneFigures>>,
    /// By indicator: whether it requires evidence where the commune's own plan does not say.
    pub(crate) evidence_default: Arc<[bool]>,
    /// By indicator: whether every ranked commune's own plan scores it.
    pub(crate) common: Arc<[bool]>,
    exceptions: HashMap<(u32, Period), NaiveDate>,
    /// Last days of the periods that something was reported for.
    ends: BTreeSet<NaiveDate>,
    ignored: u64,
}

impl Book {
    /// A book from input tables. Observations and exceptions of communes or indicators that the tables do not have are
    /// left out and counted.
    ///
    /// # Errors
    /// [`BookError`] when the targets do not fit the other tables.
    pub fn new(inputs: &Inputs) -> Result<Self, BookError> {
        let numbers = |names: Vec<&String>| names.into_iter().cloned().zip(0u32..).collect::<HashMap<_, _>>();
        let commune_numbers = numbers(inputs.communes.iter().map(|c| &c.slug).collect());
        let indicator_numbers = numbers(inputs.indicators.iter().map(|i| &i.code).collect());
        let mut members: Vec<Member> = inputs.communes.iter().map(member).collect();
        for target in &inputs.targets {
            let unknown_commune = || BookError::UnknownCommune {
                commune: target.commune.to_string(),
                plan_ref: target.plan_ref.to_string(),
            };
            let unknown_indicator = || BookError::UnknownIndicator {
                commune: target.commune.to_string(),
                plan_ref: target.plan_ref.to_string(),
                indicator: target.indicator.to_string(),
            };
            let commune = *commune_numbers.get(&*target.commune).ok_or_else(unknown_commune)?;
            let indicator = *indicator_numbers.get(&*target.indicator).ok_or_else(unknown_indicator)?;
            members[commune as usize].targets.push(own_target(target, indicator));
        }
        for member in &mut members {
            member.targets.shrink_to_fit();
            share_points(member, &inputs.indicators)?;
            note_scored(member, &inputs.indicators);
        }
        order_names(&mut members);
        let none = Arc::new(CommuneFigures::none(inputs.indicators.len()));
        let reported = vec![none; members.len()];
        let mut book = Self {
            evidence_default: evidence_defaults(&members, inputs.indicators.len()).into(),
            common: common(&members, inputs.indicators.len()).into(),
            members: members.into(),
            indicators: inputs.indicators.clone().into(),
            commune_numbers: commune_numbers.into(),
            indicator_numbers: indicator_numbers.into(),
            reported,
            exceptions: HashMap::new(),
            ends: BTreeSet::new(),
            ignored: 0,
        };
        for exception in &inputs.exceptions {
            book.except(&exception.commune, exception.period, Some(exception.cutoff));
        }
        for observation in &inputs.observations {
            book.record(observation.into());
        }
        Ok(book)
    }

    /// Sets the commune's own cut-off day of the month, where it differs from the default calendar's.
    pub fn set_cutoff_day(&mut self, commune: &str, day: u8) {
        if let Some(number) = self.commune_number(commune) {
            Arc::make_mut(&mut self.members)[number as usize].cutoff_day = day;
        }
    }

    /// Gives a commune another cut-off day for a period, or takes the exception back.
    pub fn except(&mut self, commune: &str, period: Period, cutoff: Option<NaiveDate>) -> Option<u32> {
        let Some(number) = self.commune_number(commune) else {
            self.ignored += 1;
            return None;
        };
        match cutoff {
            Some(day) => self.exceptions.insert((number, period), day),
            None => self.exceptions.remove(&(number, period)),
        };
        Some(number)
    }

    /// Takes in one version of a figure, in any order and any number of times. Answers which commune and indicator it
    /// touched; `None` when the book has no such commune or indicator, and for a task, which no ranking looks at.
    pub fn record(&mut self, given: Version<'_>) -> Option<(u32, u32)> {
        if let (Reported::Progress(_) | Reported::Disbursement(_), Some(commune)) =
            (Reported::of(given.indicator), self.commune_number(given.commune))
        {
            self.figures_mut(commune).record_task(given);
            return None;
        }
        let place = self.commune_number(given.commune).zip(self.indicator_number(given.indicator));
        let Some((commune, indicator)) = place else {
            self.ignored += 1;
            return None;
        };
        self.ends.insert(given.period.last_day());
        self.figures_mut(commune).record(indicator, given);
        Some((commune, indicator))
    }

    /// Sets how many evidence files a version has. Answers which commune and indicator it touched; `None` when that
    /// version is not the newest of its figure.
    pub fn set_evidence(
        &mut self,
        commune: &str,
        key: &ObservationKey,
        version: u32,
        count: u32,
    ) -> Option<(u32, u32)> {
        let commune = self.commune_number(commune)?;
        let indicator = self.indicator_number(&key.indicator);
        let cell = match indicator {
            Some(indicator) => self.figures_mut(commune).of_mut(indicator),
            None => self.figures_mut(commune).of_task_mut(&key.indicator),
        };
        let series =
            cell.iter_mut().find(|s| s.period == key.period && *s.unit == *key.unit && s.version == version)?;
        series.evidence = count;
        Some((commune, indicator?))
    }

    /// Gives an indicator other points, to see what would be.
    pub fn set_points(&mut self, indicator: u32, points: Amount) {
        Arc::make_mut(&mut self.indicators)[indicator as usize].points = points;
    }

    /// Has a commune's effective observation returned, to see what would be; of a roll-up all its units' figures.
    pub fn suppose_returned(&mut self, commune: u32, indicator: u32, period: Period) {
        let Some(effective) = self.effective(commune, indicator, period) else { return };
        for series in self.figures_mut(commune).of_mut(indicator) {
            if series.period == effective.period && series.unit.is_empty() != effective.rolled_up {
                series.verdict = Some(Decision::Returned);
            }
        }
    }

    /// What a commune reported, to change; others may hold what it was.
    fn figures_mut(&mut self, commune: u32) -> &mut CommuneFigures {
        Arc::make_mut(&mut self.reported[commune as usize])
    }

    /// The communes, in the order of their table.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The indicators, in the order of their table.
    #[must_use]
    pub fn indicators(&self) -> &[IndicatorRow] {
        &self.indicators
    }

    /// Number of a commune.
    #[must_use]
    pub fn commune_number(&self, slug: &str) -> Option<u32> {
        self.commune_numbers.get(slug).copied()
    }

    /// Number of an indicator.
    #[must_use]
    pub fn indicator_number(&self, code: &str) -> Option<u32> {
        self.indicator_numbers.get(code).copied()
    }

    /// How many observations and exceptions named a commune or indicator that the book does not have.
    #[must_use]
    pub fn ignored(&self) -> u64 {
        self.ignored
    }

    /// The latest month that something was reported for and that has begun by a day: a figure given ahead of its time moves nobody's
    /// month.
    #[must_use]
    pub fn latest_month(&self, by: NaiveDate) -> Option<Period> {
        let months = self.ends.iter().rev().filter_map(|day| Period::containing(*day, Cycle::Monthly));
        months.into_iter().find(|month| month.first_day() <= by)
    }

    /// The commune's cut-off day of a period: the exception's, else its calendar's.
    #[must_use]
    pub fn cutoff(&self, commune: u32, period: Period) -> NaiveDate {
        let day = u32::from(self.members[commune as usize].cutoff_day);
        self.exceptions.get(&(commune, period)).copied().unwrap_or_else(|| period.day_in_last_month(day))
    }

    /// What is expected of a commune in a period: the indicators that its own plan scores and whose cycle ends in it.
    pub fn expected(&self, commune: u32, period: Period) -> impl Iterator<Item = (u32, Cycle)> {
        self.members[commune as usize].scored.iter().copied().filter(move |(_, cycle)| cycle.ends_in(period))
    }

    /// The effective observation of a commune for an indicator and a period.
    #[must_use]
    pub fn effective(&self, commune: u32, indicator: u32, period: Period) -> Option<Effective> {
        of_cell(self.series(commune, indicator), period, None)
    }

    /// The roll-up over the commune's units, also where a value for the whole commune takes precedence over it.
    #[must_use]
    pub fn rolled_up(&self, commune: u32, indicator: u32, period: Period) -> Option<Effective> {
        over_units(self.series(commune, indicator), period, None)
    }

    /// What is kept of the versions of a commune's figures for an indicator, one entry for each unit and period, in no order.
    #[must_use]
    pub fn series(&self, commune: u32, indicator: u32) -> &[Series] {
        self.reported[commune as usize].of(indicator)
    }

    /// What is kept of the versions of a task's progress or disbursement, by the code it is reported under; as [`Book::series`].
    #[must_use]
    pub fn task_series(&self, commune: u32, code: &str) -> &[Series] {
        self.reported[commune as usize].of_task(code)
    }

    /// What counts of a task's progress or disbursement in a period, by the code it is reported under. `from` leaves out what was
    /// reported for periods that end before it.
    #[must_use]
    pub fn task(&self, commune: u32, code: &str, period: Period, from: Option<NaiveDate>) -> Option<Effective> {
        of_cell(self.task_series(commune, code), period, from)
    }

    /// Whether anything was reported for the period itself: an observation whose period ends on its last day.
    #[must_use]
    pub fn reported_for(&self, commune: u32, indicator: u32, period: Period) -> bool {
        self.series(commune, indicator).iter().any(|series| series.period.ends_with(period))
    }

    /// Whether version 1 of an observation that ends with the period came in before an instant: the end of the cut-off day.
    #[must_use]
    pub fn on_time(&self, commune: u32, indicator: u32, period: Period, end: DateTime<Utc>) -> bool {
        let in_time = |s: &Series| s.first_received.is_some_and(|received| received < end);
        self.series(commune, indicator).iter().any(|s| s.period.ends_with(period) && in_time(s))
    }

    /// The cycle in which a commune reports an indicator: the indicator's, else the commune's, else monthly.
    #[must_use]
    pub fn cycle(&self, commune: u32, indicator: u32) -> Cycle {
        let own = self.indicators[indicator as usize].cycle;
        own.or(self.members[commune as usize].row.cycle).unwrap_or(Cycle::Monthly)
    }

    /// Whether an effective observation is older than the indicator's frequency allows.
    #[must_use]
    pub fn is_stale(&self, commune: u32, indicator: u32, effective: Period, period: Period) -> bool {
        let months = self.cycle(commune, indicator).months();
        effective.last_month() < period.last_month() / months * months
    }
}

fn member(row: &CommuneRow) -> Member {
    Member {
        row: row.clone(),
        targets: Vec::new(),
        cutoff_day: DueDays::default().cutoff,
        name_order: 0,
        ranked: false,
        scored: Vec::new(),
        evidence: Vec::new(),
    }
}

fn own_target(row: &TargetRow, indicator: u32) -> OwnTarget {
    OwnTarget {
        indicator,
        goal: row.goal,
        deadline: row.deadline,
        requires_evidence: row.requires_evidence,
        plan_ref: row.plan_ref.clone(),
        lead_unit: row.lead_unit.clone(),
        sharers: 0,
    }
}

/// An indicator's points are shared equally among the commune's scored targets for it.
fn share_points(member: &mut Member, indicators: &[IndicatorRow]) -> Result<(), BookError> {
    let mut counts: HashMap<u32, u32> = HashMap::new();
    for target in member.targets.iter().filter(|target| target.goal.is_scored()) {
        *counts.entry(target.indicator).or_default() += 1;
    }
    for target in member.targets.iter_mut().filter(|target| target.goal.is_scored()) {
        target.sharers = counts.get(&target.indicator).copied().unwrap_or(1);
        if target.sharers as usize > MAX_TARGETS_PER_INDICATOR {
            let indicator = indicators[target.indicator as usize].code.clone();
            return Err(BookError::TooManyTargets { commune: member.row.slug.clone(), indicator });
        }
    }
    Ok(())
}

fn note_scored(member: &mut Member, indicators: &[IndicatorRow]) {
    let mut scored: Vec<u32> = member.targets.iter().filter(|t| t.goal.is_scored()).map(|t| t.indicator).collect();
    scored.sort_unstable();
    scored.dedup();
    let mut evidence: Vec<(u32, bool)> = member.targets.iter().map(|t| (t.indicator, t.requires_evidence)).collect();
    // Where one of them requires it, that one comes first and stays.
    evidence.sort_unstable_by_key(|(indicator, required)| (*indicator, !required));
    evidence.dedup_by_key(|(indicator, _)| *indicator);
    member.evidence = evidence;
    member.ranked = !scored.is_empty();
    let commune_cycle = member.row.cycle;
    let cycle = |i: u32| indicators[i as usize].cycle.or(commune_cycle).unwrap_or(Cycle::Monthly);
    member.scored = scored.into_iter().map(|i| (i, cycle(i))).collect();
}

/// An indicator requires evidence unless every target for it says that it does not.
fn evidence_defaults(members: &[Member], indicators: usize) -> Vec<bool> {
    let mut said: Vec<Option<bool>> = vec![None; indicators];
    for (indicator, required) in members.iter().flat_map(|member| &member.evidence) {
        let slot = &mut said[*indicator as usize];
        *slot = Some(slot.unwrap_or(false) || *required);
    }
    said.into_iter().map(|required| required.unwrap_or(true)).collect()
}

fn common(members: &[Member], indicators: usize) -> Vec<bool> {
    let mut scoring = vec![0; indicators];
    let ranked = members.iter().filter(|member| member.ranked);
    for (indicator, _) in ranked.clone().flat_map(|member| &member.scored) {
        scoring[*indicator as usize] += 1;
    }
    let ranked = ranked.count();
    scoring.into_iter().map(|communes| communes == ranked).collect()
}

fn order_names(members: &mut [Member]) {
    let mut order: Vec<usize> = (0..members.len()).collect();
    order.sort_by_cached_key(|i| (vietnamese::sort_key(&members[*i].row.name), members[*i].row.slug.clone()));
    for (place, i) in order.into_iter().enumerate() {
        members[i].name_order = u32::try_from(place).unwrap_or(u32::MAX);
    }
}
