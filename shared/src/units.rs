//! The units below a commune (ấp, khu phố, phòng, đoàn thể): their figures beside the commune's own, and their place among each other.
//!
//! Members that a plan names together ("21 ấp") are ranked by the figures that they report; offices and mass organisations by the targets
//! and tasks that they lead. These ranks are the commune's own affair: no ranking of communes looks at them.
//!
//! Source: scoring rules 2026.1, "Units" (the roll-up); plans of xã Định Quán, IV.3.3 and xã Lộc Tấn, VI.9 (units are rated too).

use crate::{
    achievement::{FULL, Measure, Micros, achievement},
    amount::MICROS,
    book::Book,
    catalogue::{Catalogue, Kind, Target, Unit},
    effective::{Series, measured},
    evaluation::{Proof, State, state_and_counted},
    fraction::Fraction,
    light::Light,
    period::Period,
    ranking::explain::ExplainRow,
    task::Progress,
    vietnamese,
};
use chrono::NaiveDate;
use std::cmp::Reverse;

pub mod due;
pub mod list;

/// A figure of one unit.
#[derive(Debug, Clone)]
pub struct UnitFigure {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The figure that counts in the period; none where nothing was reported.
    pub series: Option<Series>,
    /// What it measures.
    pub measure: Option<Measure>,
    /// Towards the target as it holds for one unit, where it does.
    pub achieved: Option<Micros>,
    /// Whether the figure is older than the indicator's frequency allows in the period asked for; it is shown, but was not reported for it.
    pub is_stale: bool,
}

impl UnitFigure {
    /// Whether the unit reported for the period itself.
    #[must_use]
    pub fn reported_for(&self, period: Period) -> bool {
        self.series.as_ref().is_some_and(|series| series.period.ends_with(period))
    }

    /// Whether nothing is there that the indicator's frequency allows in the period asked for.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.series.is_none() || self.is_stale
    }
}

/// An indicator by units.
#[derive(Debug, Clone)]
pub struct ByUnit {
    /// The period asked for.
    pub period: Period,
    /// The units that report it, and those that should: with no figure.
    pub figures: Vec<UnitFigure>,
    /// The roll-up.
    pub rolled_up: Option<Measure>,
    /// The period that it is rolled up over: the latest in which a unit reported.
    pub rolled_up_of: Option<Period>,
    /// Whether the units are placed by it: one of them reported it, or the target is each one's.
    pub is_placed_by: bool,
    /// The value for the whole commune, where one was reported.
    pub whole: Option<Measure>,
}

/// What one unit is asked, where a target says so: the target's own of a share, a flag and an index; of a count that is asked of each, that;
/// of a count that is asked in total, an equal share of it, which many times the unit's own number is held against.
fn times(kind: Kind, target: &Target, members: u16) -> u16 {
    if kind == Kind::Count && target.per_unit.is_empty() { members.max(1) } else { 1 }
}

/// An indicator of a commune by its units in a period.
#[must_use]
pub fn by_unit(book: &Book, catalogue: &Catalogue, commune: u32, indicator: u32, period: Period) -> ByUnit {
    let slug = &book.members()[commune as usize].row.slug;
    let code = &book.indicators()[indicator as usize].code;
    let units = || catalogue.units.iter().filter(|unit| unit.commune == *slug);
    let target = catalogue.targets_of(slug).find(|target| target.indicator == *code && target.goal.is_scored());
    let newest = |unit: &str| {
        let of_unit = book.series(commune, indicator).iter().filter(|s| *s.unit == *unit);
        let fits = of_unit.filter(|s| s.period.year() == period.year() && s.period.ends_by(period));
        fits.max_by(|a, b| a.period.by_recency(b.period))
    };
    let mut codes: Vec<String> = book
        .series(commune, indicator)
        .iter()
        .filter(|s| !s.unit.is_empty() && s.period.year() == period.year() && s.period.ends_by(period))
        .map(|s| s.unit.to_string())
        .collect();
    // Where one of several members reports, all are expected to; so they are where the target is each one's, or the plan names them as those
    // who lead it.
    let is_each_ones = |unit: &Unit| target.is_some_and(|target| target.per_unit == unit.code);
    let leads = |unit: &Unit| {
        let mut own = catalogue.targets_of(slug).filter(|target| target.indicator == *code);
        own.any(|target| unit.is_named_in(&target.lead_unit))
    };
    let joint = |unit: &&Unit| {
        let own: Vec<String> = unit.codes().skip(1).collect();
        own.iter().any(|one| codes.contains(one)) || is_each_ones(unit) || leads(unit)
    };
    let is_placed_by = !codes.is_empty() || units().any(|unit| unit.members > 0 && is_each_ones(unit));
    let expected: Vec<String> =
        units().filter(|unit| unit.members > 0).filter(joint).flat_map(|unit| unit.codes().skip(1)).collect();
    codes.extend(expected);
    codes.sort();
    codes.dedup();
    let figures = codes.into_iter().map(|unit_code| {
        let unit = Unit::find(units(), &unit_code);
        let series = newest(&unit_code).cloned();
        let measure = series.as_ref().and_then(|series| measured(series.value)).map(|(measure, _)| measure);
        let members = unit.map_or(0, |unit| unit.members);
        let achieved = target.zip(measure).map(|(target, measure)| {
            let times = times(book.indicators()[indicator as usize].kind, target, members);
            let measure = match measure {
                Measure::Number(number) if times > 1 => Measure::Number(scaled(number, times)),
                other => other,
            };
            achievement(measure, target.goal, &book.indicators()[indicator as usize].rule, None)
        });
        let name = unit.map_or_else(|| unit_code.clone(), |unit| unit.name_of(&unit_code));
        let is_stale = series.as_ref().is_some_and(|series| book.is_stale(commune, indicator, series.period, period));
        UnitFigure { code: unit_code, name, series, measure, achieved, is_stale }
    });
    let figures = figures.collect();
    let units = book.rolled_up(commune, indicator, period);
    let (rolled_up, rolled_up_of) =
        (units.as_ref().map(|units| units.measure), units.as_ref().map(|units| units.period));
    let effective = book.effective(commune, indicator, period);
    let whole = effective.filter(|effective| !effective.rolled_up).map(|effective| effective.measure);
    ByUnit { period, figures, rolled_up, rolled_up_of, is_placed_by, whole }
}

fn scaled(number: Fraction, times: u16) -> Fraction {
    // Counts are whole and bounded, so this does not overflow.
    Fraction::new(number.rounded(6) * i128::from(times), MICROS).unwrap_or(number)
}

/// What a unit is placed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// The figures that it reports.
    Reports,
    /// The targets and tasks that it leads.
    Leads,
}

/// A unit among the units of its commune.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitLine {
    /// What it is placed by.
    pub role: Role,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its place among those of the same role; none where nothing is scored.
    pub rank: Option<u32>,
    /// Hundredths; none where nothing is scored.
    pub score: Option<i64>,
    /// Results that count in full.
    pub met: u32,
    /// Scored results that are asked of it.
    pub scored: u32,
    /// Of these, not reported, or only for a period too long ago.
    pub missing: u32,
    /// Red lights of the targets that it leads.
    pub red: u32,
    /// Yellow lights of them.
    pub yellow: u32,
    /// Tasks that it leads.
    pub tasks: u32,
    /// Of these, with a red light.
    pub tasks_red: u32,
}

/// The units of a commune by rank. `rows` are the commune's own targets explained, `tasks` its tasks with their owners.
#[must_use]
pub fn ranking(
    book: &Book,
    catalogue: &Catalogue,
    commune: u32,
    period: Period,
    rows: &[ExplainRow],
    tasks: &[(String, Progress)],
) -> Vec<UnitLine> {
    let slug = &book.members()[commune as usize].row.slug;
    let mut lines = reporting(book, catalogue, commune, period);
    for unit in catalogue.units.iter().filter(|unit| unit.commune == *slug) {
        lines.extend(leading(book, commune, unit, rows, tasks));
    }
    lines.sort_by_cached_key(|line| {
        (line.role, Reverse(line.score), Reverse(line.met), vietnamese::sort_key(&line.name), line.code.clone())
    });
    let mut place = 0u32;
    for at in 0..lines.len() {
        let (line, before) = (&lines[at], at.checked_sub(1).map(|before| &lines[before]));
        let same_role = before.is_some_and(|before| before.role == line.role);
        place = if same_role { place + 1 } else { 1 };
        let tied = before.filter(|before| same_role && (before.score, before.met) == (line.score, line.met));
        let rank = line.score.map(|_| tied.and_then(|before| before.rank).unwrap_or(place));
        lines[at].rank = rank;
    }
    lines
}

/// Members by the figures that any of them reports.
fn reporting(book: &Book, catalogue: &Catalogue, commune: u32, period: Period) -> Vec<UnitLine> {
    let mut lines: Vec<(UnitLine, i128, i128)> = Vec::new();
    for indicator in 0..u32::try_from(book.indicators().len()).unwrap_or(u32::MAX) {
        let row = &book.indicators()[indicator as usize];
        let found = by_unit(book, catalogue, commune, indicator, period);
        for figure in found.figures.into_iter().filter(|_| found.is_placed_by) {
            let slug = &book.members()[commune as usize].row.slug;
            let target = catalogue.targets_of(slug).find(|t| t.indicator == row.code && t.goal.is_scored());
            let Some(target) = target else { continue };
            let at = lines.iter().position(|(line, ..)| line.code == figure.code).unwrap_or_else(|| {
                lines.push((blank(Role::Reports, &figure.code, &figure.name), 0, 0));
                lines.len() - 1
            });
            let required = catalogue.indicator(&target.indicator).is_none_or(|one| one.requires_evidence);
            let proof = figure.series.as_ref().map_or(Proof { evidence: 0, verdict: None, required }, |series| Proof {
                evidence: series.evidence,
                verdict: series.verdict,
                required,
            });
            let (_, counted) = state_and_counted(figure.achieved, proof);
            let (line, earned, points) = &mut lines[at];
            line.scored += 1;
            line.missing += u32::from(figure.is_missing());
            line.met += u32::from(counted == FULL);
            *earned += row.points.micros() * i128::from(counted);
            *points += row.points.micros() * i128::from(FULL);
        }
    }
    let finished = |(line, earned, points): (UnitLine, i128, i128)| UnitLine { score: score(earned, points), ..line };
    lines.into_iter().map(finished).collect()
}

/// A unit by the targets and tasks whose lead it is; none where it leads nothing.
fn leading(
    book: &Book,
    commune: u32,
    unit: &Unit,
    rows: &[ExplainRow],
    tasks: &[(String, Progress)],
) -> Option<UnitLine> {
    let member = &book.members()[commune as usize];
    let mut line = blank(Role::Leads, &unit.code, &unit.name);
    let (mut earned, mut points) = (0, 0);
    for row in rows {
        let Some(target) = row.own.and_then(|own| member.targets.get(own as usize)) else { continue };
        if row.sharers == 0 || !unit.is_named_in(&target.lead_unit) {
            continue;
        }
        line.scored += 1;
        line.missing += u32::from(row.state == State::Missing);
        line.met += u32::from(row.counted == FULL);
        line.red += u32::from(row.light == Light::Red);
        line.yellow += u32::from(row.light == Light::Yellow);
        // The least common multiple of the sharers keeps shares whole.
        let share = row.points.micros() * crate::book::SHARE_UNIT / i128::from(row.sharers);
        earned += share * i128::from(row.counted);
        points += share * i128::from(FULL);
    }
    for (owner, progress) in tasks {
        if unit.is_named_in(owner) {
            line.tasks += 1;
            line.tasks_red += u32::from(progress.light == Light::Red);
        }
    }
    let leads = line.scored + line.tasks > 0;
    leads.then(|| UnitLine { score: score(earned, points), ..line })
}

fn blank(role: Role, code: &str, name: &str) -> UnitLine {
    UnitLine {
        role,
        code: code.to_owned(),
        name: name.to_owned(),
        rank: None,
        score: None,
        met: 0,
        scored: 0,
        missing: 0,
        red: 0,
        yellow: 0,
        tasks: 0,
        tasks_red: 0,
    }
}

/// 100 · earned / points, rounded half away from zero to hundredths.
fn score(earned: i128, points: i128) -> Option<i64> {
    i64::try_from(Fraction::new(100 * earned, points)?.rounded(2)).ok()
}

/// The last day on which the units of a commune report to it in a period.
#[must_use]
pub fn cutoff(units_cutoff: u8, period: Period) -> NaiveDate {
    period.day_in_last_month(u32::from(units_cutoff))
}

#[cfg(test)]
mod tests;
