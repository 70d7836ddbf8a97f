//! The tasks of a plan (nhiệm vụ): how they are reported, how far they are, and their lights.
//!
//! A task is reported like a figure, for a period and in versions, under a code of its own: its progress as a percentage or as so many of
//! so many, and what was disbursed of its budget since the start of the year in million VND. No ranking looks at tasks.
//!
//! Source: scoring rules 2026.1, "Lights" (the last lines); plan of xã Tân Lợi, V.2.3; plan of xã Lộc Tấn, the budgets of its appendix II.

use crate::{
    achievement::{FULL, Measure, Micros, achievement},
    amount::Amount,
    book::Book,
    catalogue::{Goal, Kind, Rule, Task},
    evaluation::{Proof, State, state_and_counted},
    fraction::Fraction,
    language::Language,
    light::{Cause, Light, NEAR_DEADLINE_DAYS, ROADMAP_DAY},
    observation::Decision,
    period::{Cycle, Period},
};
use chrono::{Datelike, NaiveDate};

/// Before a task's code: its progress.
const PROGRESS: &str = "task:";
/// Before a task's code: what was disbursed of its budget.
const DISBURSEMENT: &str = "spent:";

/// What a code names under which something is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reported<'a> {
    /// An indicator, by its code.
    Indicator(&'a str),
    /// The progress of a task, by the task's code in the plan.
    Progress(&'a str),
    /// The disbursement of a task's budget, by the task's code in the plan.
    Disbursement(&'a str),
}

impl<'a> Reported<'a> {
    /// What a code names. Codes of indicators have no colon; the catalogue's check sees to that.
    #[must_use]
    pub fn of(code: &'a str) -> Self {
        if let Some(task) = code.strip_prefix(PROGRESS) {
            Reported::Progress(task)
        } else if let Some(task) = code.strip_prefix(DISBURSEMENT) {
            Reported::Disbursement(task)
        } else {
            Reported::Indicator(code)
        }
    }

    /// The code under which it is reported.
    #[must_use]
    pub fn code(self) -> String {
        match self {
            Reported::Indicator(code) => code.to_owned(),
            Reported::Progress(task) => format!("{PROGRESS}{task}"),
            Reported::Disbursement(task) => format!("{DISBURSEMENT}{task}"),
        }
    }

    /// For people: an indicator's code, "nhiệm vụ II.1", "giải ngân nhiệm vụ II.1".
    #[must_use]
    pub fn label(self, language: Language) -> String {
        match self {
            Reported::Indicator(code) => code.to_owned(),
            Reported::Progress(task) => language.pick(format!("nhiệm vụ {task}"), format!("task {task}")),
            Reported::Disbursement(task) => {
                language.pick(format!("giải ngân nhiệm vụ {task}"), format!("disbursement of task {task}"))
            }
        }
    }

    /// The task's code in the plan, if it is one.
    #[must_use]
    pub fn task(self) -> Option<&'a str> {
        match self {
            Reported::Indicator(_) => None,
            Reported::Progress(task) | Reported::Disbursement(task) => Some(task),
        }
    }

    /// Whether it is of a task.
    #[must_use]
    pub fn is_task(self) -> bool {
        self.task().is_some()
    }

    /// The kind of value that is reported of a task.
    #[must_use]
    pub fn kind_of_task(self) -> Option<Kind> {
        match self {
            Reported::Indicator(_) => None,
            Reported::Progress(_) => Some(Kind::Ratio),
            Reported::Disbursement(_) => Some(Kind::Decimal),
        }
    }
}

/// By when a task is to be done. What a plan leaves open stays open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Term {
    /// By a day.
    By(NaiveDate),
    /// Again in each period.
    Recurring,
    /// The plan names no day ("Theo lộ trình của Tỉnh", or nothing).
    Open,
}

impl Term {
    /// A task's term. What recurs is judged by the current period, also where its first time had a day.
    #[must_use]
    pub fn of(task: &Task) -> Self {
        match (task.recurring, task.deadline) {
            (true, _) => Term::Recurring,
            (false, Some(day)) => Term::By(day),
            (false, None) => Term::Open,
        }
    }

    /// A stable word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Term::By(_) => "dated",
            Term::Recurring => "recurring",
            Term::Open => "open",
        }
    }

    /// For people.
    #[must_use]
    pub fn label(self, language: Language) -> &'static str {
        match self {
            Term::By(_) => language.pick("có ngày", "dated"),
            Term::Recurring => language.pick("định kỳ", "recurring"),
            Term::Open => language.pick("kế hoạch không nêu ngày", "no day in the plan"),
        }
    }
}

/// How far a task is in a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// By when it is to be done.
    pub term: Term,
    /// The percentage reported; none where nothing is.
    pub percent: Option<Fraction>,
    /// As a share, cut to millionths.
    pub achieved: Micros,
    /// The period it was reported for.
    pub reported_for: Option<Period>,
    /// Evidence files.
    pub evidence: u32,
    /// The verdict on the report.
    pub verdict: Option<Decision>,
    /// The state: a task reported as done needs evidence like any completed result.
    pub state: State,
    /// Disbursed since the start of the year, million VND.
    pub disbursed: Option<Fraction>,
    /// The light.
    pub light: Light,
    /// Why it is red or yellow.
    pub cause: Option<Cause>,
}

/// How far a commune's task is in a period, as of a day.
#[must_use]
pub fn progress(book: &Book, commune: u32, task: &Task, period: Period, today: NaiveDate) -> Progress {
    let term = Term::of(task);
    let current = current_period(book, commune, period);
    let from = (term == Term::Recurring).then(|| current.first_day());
    let effective = book.task(commune, &Reported::Progress(&task.code).code(), period, from);
    let percent = effective.as_ref().map(|found| found.measure.as_number());
    let hundred = Goal::AtLeast { floor: Amount::from(100), bare: false };
    let share = percent.map(|percent| achievement(Measure::Number(percent), hundred, &Rule::Proportional, None));
    let (evidence, verdict) = effective.as_ref().map_or((0, None), |found| (found.evidence, found.verdict));
    let (state, _) = state_and_counted(share, Proof { evidence, verdict, required: true });
    let reported_for = effective.as_ref().map(|found| found.period);
    let facts = Facts {
        achieved: share.unwrap_or(0),
        is_returned: verdict == Some(Decision::Returned),
        is_reported: reported_for.is_some_and(|reported| reported.last_day() >= current.first_day()),
        term,
        current,
        day: period.day_in_last_month(ROADMAP_DAY),
        has_cutoff_passed: today > book.cutoff(commune, current),
    };
    let (light, cause) = judge(&facts);
    let disbursed = book.task(commune, &Reported::Disbursement(&task.code).code(), period, None);
    Progress {
        term,
        percent,
        achieved: facts.achieved,
        reported_for,
        evidence,
        verdict,
        state,
        disbursed: disbursed.map(|found| found.measure.as_number()),
        light,
        cause,
    }
}

/// The period in which a commune reports its tasks next: of its own cycle, where that is longer than the one asked for.
fn current_period(book: &Book, commune: u32, period: Period) -> Period {
    let cycle = book.members()[commune as usize].row.cycle.unwrap_or(Cycle::Monthly);
    if cycle.months() <= period.cycle().months() {
        return period;
    }
    Period::containing(period.last_day(), cycle).unwrap_or(period)
}

struct Facts {
    achieved: Micros,
    is_returned: bool,
    /// Whether something was reported for the current period.
    is_reported: bool,
    term: Term,
    current: Period,
    /// d: the day that the time roadmap is measured at.
    day: NaiveDate,
    has_cutoff_passed: bool,
}

/// The light of a task. The time roadmap runs from 1 January to the deadline; of what recurs, over the current period. What the plan leaves
/// open has no roadmap: only a returned report makes it red.
fn judge(facts: &Facts) -> (Light, Option<Cause>) {
    let Facts { achieved, day, current, .. } = *facts;
    let red = |cause| (Light::Red, Some(cause));
    let yellow = |cause| (Light::Yellow, Some(cause));
    let is_silent = !facts.is_reported && facts.has_cutoff_passed;
    if facts.is_returned {
        return red(Cause::Returned);
    }
    if achieved >= FULL {
        return (Light::Green, None);
    }
    let (start, end) = match facts.term {
        Term::Open if is_silent => return yellow(Cause::NotReported),
        // Nothing is owed for the current period before its day.
        Term::Recurring if !facts.is_reported && !facts.has_cutoff_passed => return (Light::Grey, None),
        Term::Open => return (Light::Green, None),
        Term::Recurring => (current.first_day(), current.last_day()),
        Term::By(deadline) => (NaiveDate::from_ymd_opt(deadline.year(), 1, 1).unwrap_or(deadline), deadline),
    };
    if end < day {
        return red(Cause::DeadlinePassed(end));
    }
    // τ with both ends counted, so that it is 1 on the last day.
    let elapsed = ((day - start).num_days() + 1).max(0).unsigned_abs();
    let whole = ((end - start).num_days() + 1).max(1).unsigned_abs();
    let roadmap = Micros::try_from(elapsed.min(whole) * u64::from(FULL) / whole).unwrap_or(FULL);
    let (a, due) = (u64::from(achieved) * whole, elapsed.min(whole) * u64::from(FULL));
    if 2 * a < due {
        red(Cause::FarBehind { achieved, roadmap })
    } else if a < due {
        yellow(Cause::Behind { achieved, roadmap })
    } else if is_silent {
        yellow(Cause::NotReported)
    } else if matches!(facts.term, Term::By(_)) && (end - day).num_days() <= NEAR_DEADLINE_DAYS {
        yellow(Cause::DeadlineNear(end))
    } else {
        (Light::Green, None)
    }
}

pub mod list;
#[cfg(test)]
mod tests;
