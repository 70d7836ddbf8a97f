//! What only shows between rows and between files: keys, references, kinds of values.

use super::{
    Commune, Goal, Indicator, Kind, Target, Task, Unit,
    cells::shortened,
    fault::Faults,
    kind_asked,
    layout::{COMMUNES, INDICATORS, SETTINGS, TARGETS, TASKS, UNITS},
    problem::Problem,
};
use crate::{amount::Amount, calendar::DueDays};
use std::collections::{BTreeMap, BTreeSet};

/// Most targets of one commune for one indicator.
pub const MAX_TARGETS_PER_INDICATOR: usize = 12;

/// A row that was read.
pub(super) struct Entry<T> {
    pub(super) row: u64,
    pub(super) item: T,
    /// False when the row has a fault and `item` is filled up.
    pub(super) sound: bool,
}

/// The rows of a table; `None` when the table could not be read, so that nothing is said about references into it.
pub(super) type Entries<T> = Option<Vec<Entry<T>>>;

/// All tables of a catalogue.
pub(super) struct Tables {
    pub(super) indicators: Entries<Indicator>,
    pub(super) communes: Entries<Commune>,
    pub(super) targets: Entries<Target>,
    pub(super) tasks: Entries<Task>,
    pub(super) units: Entries<Unit>,
}

/// Which of the three cells of a goal a problem is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Operator,
    Value,
    High,
}

impl Place {
    /// The column, given those of operator, value and high end.
    pub(super) fn column(self, columns: [&'static str; 3]) -> &'static str {
        let [operator, value, high] = columns;
        match self {
            Place::Operator => operator,
            Place::Value => value,
            Place::High => high,
        }
    }
}

/// Why a goal cannot be asked of a kind of indicator. `yes` can be asked of every one.
pub(super) fn misfit(kind: Kind, goal: Goal) -> Option<(Place, Problem)> {
    let value = goal.value()?;
    let ends = [Some((Place::Value, value)), goal.high().map(|high| (Place::High, high))];
    let first = |wrong: fn(Amount) -> bool| ends.into_iter().flatten().find(|(_, end)| wrong(*end));
    match kind {
        Kind::Flag => Some((Place::Operator, Problem::NumberForFlag)),
        Kind::Ratio => first(|end| end > Amount::from(100)).map(|(place, _)| (place, Problem::PercentOver100)),
        Kind::Count => first(|end| !end.is_whole()).map(|(place, _)| (place, Problem::FractionOfCount)),
        Kind::Decimal => None,
    }
}

/// Checks all tables against themselves and each other.
pub(super) fn check(tables: &Tables, faults: &mut Faults) {
    duplicates(INDICATORS, "code", tables.indicators.as_ref(), |indicator| [&indicator.code, ""], faults);
    duplicates(COMMUNES, "slug", tables.communes.as_ref(), |commune| [&commune.slug, ""], faults);
    duplicates(COMMUNES, "code", tables.communes.as_ref(), |commune| [&commune.code, ""], faults);
    duplicates(TARGETS, "plan_ref", tables.targets.as_ref(), |target| [&target.plan_ref, &target.commune], faults);
    duplicates(TASKS, "code", tables.tasks.as_ref(), |task| [&task.code, &task.commune], faults);
    duplicates(UNITS, "code", tables.units.as_ref(), |unit| [&unit.code, &unit.commune], faults);
    if let Some(indicators) = &tables.indicators {
        let codes: BTreeSet<&str> = indicators.iter().map(|entry| entry.item.code.as_str()).collect();
        for Entry { row, item, .. } in indicators.iter().filter(|entry| !entry.item.at_most_of.is_empty()) {
            if !codes.contains(item.at_most_of.as_str()) {
                let problem = Problem::UnknownIndicator(shortened(&item.at_most_of));
                faults.push(INDICATORS, Some(*row), Some("at_most_of"), problem);
            }
        }
    }
    group_names(tables.indicators.as_deref().unwrap_or_default(), faults);
    if let Some(communes) = &tables.communes {
        let slugs: BTreeSet<&str> = communes.iter().map(|entry| entry.item.slug.as_str()).collect();
        known_communes(TARGETS, tables.targets.as_ref(), |target| &target.commune, &slugs, faults);
        known_communes(TASKS, tables.tasks.as_ref(), |task| &task.commune, &slugs, faults);
        known_communes(UNITS, tables.units.as_ref(), |unit| &unit.commune, &slugs, faults);
    }
    if let (Some(units), Some(targets)) = (&tables.units, &tables.targets) {
        targets_per_unit(targets, units, faults);
    }
    if let (Some(indicators), Some(targets)) = (&tables.indicators, &tables.targets) {
        // Of two rows with one code, the first is meant: from the back, it is put in last.
        let by_code: BTreeMap<&str, &Entry<Indicator>> =
            indicators.iter().rev().map(|entry| (entry.item.code.as_str(), entry)).collect();
        targets_fit(targets, &by_code, faults);
        targets_agree(targets, &by_code, faults);
    }
}

/// The units of a commune report to it before it reports, or on the same day; the province's days fill the gaps.
pub(super) fn days_in_order(tables: &Tables, days: DueDays, faults: &mut Faults) {
    if days.units_cutoff > days.cutoff {
        let problem = Problem::UnitsAfterCommune { units: days.units_cutoff, commune: days.cutoff };
        faults.push(SETTINGS, None, Some("days.units_cutoff"), problem);
    }
    let communes = tables.communes.as_deref().unwrap_or_default();
    for Entry { row, item, sound } in communes {
        let units = item.units_cutoff.unwrap_or(days.units_cutoff);
        let commune = item.cutoff.unwrap_or(days.cutoff);
        // The province's own days are looked at above.
        if *sound && units > commune && (item.units_cutoff.is_some() || item.cutoff.is_some()) {
            let column = if item.units_cutoff.is_some() { "units_cutoff" } else { "cutoff" };
            faults.push(COMMUNES, Some(*row), Some(column), Problem::UnitsAfterCommune { units, commune });
        }
    }
}

/// Notes each row whose key stands in an earlier one. Rows without a key have their own fault already.
fn duplicates<T>(
    file: &str,
    column: &str,
    entries: Option<&Vec<Entry<T>>>,
    key: impl for<'a> Fn(&'a T) -> [&'a str; 2],
    faults: &mut Faults,
) {
    let mut seen: BTreeMap<[&str; 2], u64> = BTreeMap::new();
    for entry in entries.into_iter().flatten() {
        let key = key(&entry.item);
        if key[0].is_empty() {
            continue;
        }
        match seen.get(&key) {
            Some(first_row) => {
                let problem = Problem::Duplicate { key: shortened(key[0]), first_row: *first_row };
                faults.push(file, Some(entry.row), Some(column), problem);
            }
            None => {
                seen.insert(key, entry.row);
            }
        }
    }
}

/// A group has one name.
fn group_names(indicators: &[Entry<Indicator>], faults: &mut Faults) {
    let mut names: BTreeMap<&str, (&str, u64)> = BTreeMap::new();
    for Entry { row, item, .. } in indicators {
        if item.group.is_empty() || item.group_name.is_empty() {
            continue;
        }
        let (name, first_row) = *names.entry(&item.group).or_insert((&item.group_name, *row));
        if name != item.group_name {
            faults.push(INDICATORS, Some(*row), Some("group_name"), Problem::GroupNameDiffers { first_row });
        }
    }
}

/// Notes rows of communes that the catalogue does not have.
fn known_communes<T>(
    file: &str,
    entries: Option<&Vec<Entry<T>>>,
    commune: impl Fn(&T) -> &str,
    slugs: &BTreeSet<&str>,
    faults: &mut Faults,
) {
    for entry in entries.into_iter().flatten() {
        let slug = commune(&entry.item);
        if !slug.is_empty() && !slugs.contains(slug) {
            faults.push(file, Some(entry.row), Some("commune"), Problem::UnknownCommune(shortened(slug)));
        }
    }
}

/// Each target names an indicator and asks something that its kind can answer.
fn targets_fit(targets: &[Entry<Target>], indicators: &BTreeMap<&str, &Entry<Indicator>>, faults: &mut Faults) {
    for Entry { row, item: target, sound } in targets {
        if target.indicator.is_empty() {
            continue;
        }
        let Some(indicator) = indicators.get(target.indicator.as_str()) else {
            let problem = Problem::UnknownIndicator(shortened(&target.indicator));
            faults.push(TARGETS, Some(*row), Some("indicator"), problem);
            continue;
        };
        if !*sound || !indicator.sound {
            continue;
        }
        if let Some((place, problem)) = misfit(indicator.item.kind, target.goal) {
            faults.push(TARGETS, Some(*row), Some(place.column(["operator", "value", "high"])), problem);
        }
    }
}

/// A target that applies to each member of a unit names one of its commune that has members.
fn targets_per_unit(targets: &[Entry<Target>], units: &[Entry<Unit>], faults: &mut Faults) {
    let known: BTreeSet<(&str, &str)> = units
        .iter()
        .filter(|entry| entry.item.members > 0)
        .map(|entry| (entry.item.commune.as_str(), entry.item.code.as_str()))
        .collect();
    for Entry { row, item: target, .. } in targets.iter().filter(|entry| !entry.item.per_unit.is_empty()) {
        if !known.contains(&(target.commune.as_str(), target.per_unit.as_str())) {
            faults.push(TARGETS, Some(*row), Some("per_unit"), Problem::PerUnit(shortened(&target.per_unit)));
        }
    }
}

/// What one commune's targets ask of one indicator.
#[derive(Default)]
struct Asked {
    /// Targets so far.
    count: usize,
    /// Kind of value and row of the first that is scored.
    first: Option<(Kind, u64)>,
}

/// A commune is asked for one kind of value of an indicator, and by a bounded number of targets.
fn targets_agree(targets: &[Entry<Target>], indicators: &BTreeMap<&str, &Entry<Indicator>>, faults: &mut Faults) {
    let mut seen: BTreeMap<[&str; 2], Asked> = BTreeMap::new();
    for Entry { row, item: target, sound } in targets {
        let Asked { count, first } = seen.entry([&target.commune, &target.indicator]).or_default();
        *count += 1;
        if *count > MAX_TARGETS_PER_INDICATOR {
            let problem = Problem::TooManyTargets(MAX_TARGETS_PER_INDICATOR);
            faults.push(TARGETS, Some(*row), Some("indicator"), problem);
        }
        let Some(indicator) = indicators.get(target.indicator.as_str()).filter(|indicator| indicator.sound) else {
            continue;
        };
        // A target without a value asks for nothing and agrees with every other.
        if !*sound || !target.goal.is_scored() || misfit(indicator.item.kind, target.goal).is_some() {
            continue;
        }
        let asked = kind_asked(indicator.item.kind, target.goal);
        match first {
            None => *first = Some((asked, *row)),
            Some((kind, first_row)) if *kind != asked => {
                let problem = Problem::MixedKinds { first_row: *first_row };
                faults.push(TARGETS, Some(*row), Some("operator"), problem);
            }
            Some(_) => {}
        }
    }
}
