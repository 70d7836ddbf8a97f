//! Makes a [`Catalogue`] from the files of a catalogue folder, or names every fault in them.
//!
//! Bytes in, no files opened here. A fault never stops the reading of the others; what only shows between rows and
//! between files is looked at in `check.rs`. Oddities of the plans (no value, two targets of one indicator,
//! contradictory words) are data and no faults.

pub use super::{
    cells::{MAX_CODE_CHARS, MAX_POINTS, MAX_SLUG_CHARS, is_slug},
    check::MAX_TARGETS_PER_INDICATOR,
    csv_table::{MAX_CELL_CHARS, MAX_FILE_BYTES, MAX_ROWS},
    fault::{Fault, MAX_FAULTS},
    layout::FILES,
    problem::{Problem, SettingType},
    settings::RULE_VERSIONS,
};

use super::{
    Catalogue, Commune, CommuneKind, Direction, EvidenceDuty, Goal, Indicator, Kind, Operator, Rule, Target, Task,
    Unit,
    cells::Cells,
    check::{self, Entries, Entry},
    csv_table,
    fault::Faults,
    layout::{
        COMMUNE_COLUMNS, COMMUNES, INDICATOR_COLUMNS, INDICATORS, SETTINGS, TARGET_COLUMNS, TARGETS, TASK_COLUMNS,
        TASKS, UNIT_COLUMNS, UNITS,
    },
    settings,
};
use crate::{amount::Amount, period::Cycle, text::Texts};
use std::collections::BTreeMap;

/// Reads a catalogue from the contents of its files by name; other names are left alone.
///
/// # Errors
/// All faults, in the order of the files and rows, at most [`MAX_FAULTS`] and then how many more there are.
pub fn read(files: &BTreeMap<String, Vec<u8>>) -> Result<Catalogue, Vec<Fault>> {
    read_from(files, Origin::Given)
}

/// Reads a catalogue that was taken in before, perhaps by an earlier version of this program: checks that came since are left out, so that
/// a store stays readable.
///
/// # Errors
/// As [`read`].
pub fn read_kept(files: &BTreeMap<String, Vec<u8>>) -> Result<Catalogue, Vec<Fault>> {
    read_from(files, Origin::Kept)
}

/// Where files come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Given,
    Kept,
}

fn read_from(files: &BTreeMap<String, Vec<u8>>, origin: Origin) -> Result<Catalogue, Vec<Fault>> {
    let mut faults = Faults::default();
    let settings = match files.get(SETTINGS) {
        Some(bytes) => settings::read(bytes, &mut faults),
        None => {
            faults.push(SETTINGS, None, None, Problem::FileMissing);
            None
        }
    };
    let indicators = table(files, INDICATORS, &INDICATOR_COLUMNS, &mut faults, indicator);
    let communes = table(files, COMMUNES, &COMMUNE_COLUMNS, &mut faults, commune);
    let targets = table(files, TARGETS, &TARGET_COLUMNS, &mut faults, target);
    let tasks = table(files, TASKS, &TASK_COLUMNS, &mut faults, task);
    let units = table(files, UNITS, &UNIT_COLUMNS, &mut faults, unit);
    let tables = check::Tables { indicators, communes, targets, tasks, units };
    check::check(&tables, &mut faults);
    if let (Some(province), Origin::Given) = (&settings, origin) {
        check::days_in_order(&tables, province.days, &mut faults);
    }
    match settings {
        Some(province) if faults.count() == 0 => Ok(Catalogue {
            province,
            indicators: items(tables.indicators),
            communes: items(tables.communes),
            targets: items(tables.targets),
            tasks: items(tables.tasks),
            units: items(tables.units),
        }),
        _ => Err(faults.into_sorted(&FILES)),
    }
}

/// Reads one table; `None` when its rows could not be told apart at all.
fn table<T>(
    files: &BTreeMap<String, Vec<u8>>,
    file: &str,
    columns: &[&str],
    faults: &mut Faults,
    item: impl Fn(&mut Cells<'_>) -> T,
) -> Entries<T> {
    let Some(bytes) = files.get(file) else {
        faults.push(file, None, None, Problem::FileMissing);
        return None;
    };
    let (mut entries, mut texts) = (Vec::new(), Texts::default());
    // Row by row: the cells of a nation's targets would take more than the targets.
    csv_table::each_row(file, columns, bytes, faults, |row, faults| {
        let before = faults.count();
        let item = item(&mut Cells { file, columns, row, faults, texts: &mut texts });
        entries.push(Entry { row: row.number, item, sound: faults.count() == before });
    })?;
    Some(entries)
}

fn items<T>(entries: Entries<T>) -> Vec<T> {
    entries.unwrap_or_default().into_iter().map(|entry| entry.item).collect()
}

// Below, what a faulty cell would hold is filled with anything: a catalogue with a fault is never handed out.

fn indicator(cells: &mut Cells<'_>) -> Indicator {
    let code = cells.code("code").unwrap_or_default();
    let group = cells.code("group").unwrap_or_default();
    if !code.is_empty() && !group.is_empty() && code.split_once('-').is_none_or(|(prefix, _)| prefix != group) {
        cells.fault("code", Problem::PrefixNotGroup(code.clone()));
    }
    if code.contains(':') {
        cells.fault("code", Problem::ColonInCode(code.clone()));
    }
    let kind = cells.word("kind", &Kind::ALL.map(|kind| (kind.as_str(), kind)));
    let direction = cells.word("direction", &Direction::ALL.map(|direction| (direction.as_str(), direction)));
    let rule = cells.rule("rule");
    if rule == Some(Rule::Relative) && direction == Some(Direction::AtMost) {
        cells.fault("rule", Problem::RelativeAtMost);
    }
    Indicator {
        code,
        group,
        group_name: cells.required("group_name").unwrap_or_default(),
        name: cells.required("name").unwrap_or_default(),
        name_en: cells.text("name_en"),
        unit: cells.text("unit"),
        kind: kind.unwrap_or(Kind::Ratio),
        direction: direction.unwrap_or(Direction::AtLeast),
        cycle: cycle(cells),
        rule: rule.unwrap_or_default(),
        points: cells.points("points").unwrap_or(Amount::ZERO),
        requires_evidence: cells.flag("requires_evidence").unwrap_or(true),
        standard: standard(cells, kind),
        note: cells.text("note"),
        at_most_of: cells.text("at_most_of"),
    }
}

fn cycle(cells: &mut Cells<'_>) -> Option<Cycle> {
    cells.optional_word("cycle", &Cycle::ALL.map(|cycle| (cycle.as_str(), cycle))).flatten()
}

/// The provincial standard. It is there to be scored, so `unspecified` is not among its operators.
fn standard(cells: &mut Cells<'_>, kind: Option<Kind>) -> Option<Goal> {
    let scored = Operator::ALL.map(|operator| (operator.as_str(), operator));
    let scored: Vec<_> = scored.into_iter().filter(|(_, operator)| *operator != Operator::Unspecified).collect();
    let operator = cells.optional_word("standard_operator", &scored)?;
    if operator.is_none() {
        if !cells.text("standard_value").is_empty() || !cells.text("standard_high").is_empty() {
            cells.fault("standard_operator", Problem::StandardWithoutOperator);
        }
        return None;
    }
    let goal = cells.goal(operator, ["standard_value", "standard_high"])?;
    if let Some((place, problem)) = check::misfit(kind?, goal) {
        cells.fault(place.column(["standard_operator", "standard_value", "standard_high"]), problem);
    }
    Some(goal)
}

fn commune(cells: &mut Cells<'_>) -> Commune {
    Commune {
        slug: cells.slug("slug").unwrap_or_default(),
        code: cells.code("code").unwrap_or_default(),
        name: cells.required("name").unwrap_or_default(),
        kind: cells
            .word("kind", &[CommuneKind::Xa, CommuneKind::Phuong].map(|kind| (kind.as_str(), kind)))
            .unwrap_or(CommuneKind::Xa),
        cycle: cycle(cells),
        units_cutoff: cells.day("units_cutoff").flatten(),
        cutoff: cells.day("cutoff").flatten(),
        report: cells.day("report").flatten(),
        note: cells.text("note"),
        evidence: cells
            .optional_word("evidence", &EvidenceDuty::ALL.map(|duty| (duty.as_str(), duty)))
            .flatten()
            .unwrap_or_default(),
    }
}

fn target(cells: &mut Cells<'_>) -> Target {
    let operator = cells.word("operator", &Operator::ALL.map(|operator| (operator.as_str(), operator)));
    let (commune, plan_ref) = (cells.required("commune"), cells.code("plan_ref"));
    let indicator = cells.required("indicator");
    let goal = cells.goal(operator, ["value", "high"]).unwrap_or(Goal::Unspecified);
    let wording = cells.required("wording");
    Target {
        commune: cells.share(commune),
        plan_ref: cells.share(plan_ref),
        indicator: cells.share(indicator),
        goal,
        wording: cells.share(wording),
        printed: cells.shared("printed"),
        unit: cells.shared("unit"),
        lead_unit: cells.shared("lead_unit"),
        deadline: cells.date("deadline").flatten(),
        deadline_text: cells.shared("deadline_text"),
        note: cells.shared("note"),
        per_unit: cells.shared("per_unit"),
    }
}

fn task(cells: &mut Cells<'_>) -> Task {
    let budget = cells.amount("budget_million_vnd").flatten();
    if budget.is_some_and(Amount::is_negative) {
        cells.fault("budget_million_vnd", Problem::Goal(super::GoalError::Negative));
    }
    Task {
        commune: cells.required("commune").unwrap_or_default(),
        code: cells.code("code").unwrap_or_default(),
        group: cells.text("group"),
        title: cells.required("title").unwrap_or_default(),
        detail: cells.text("detail"),
        output: cells.text("output"),
        kpi: cells.text("kpi"),
        lead_unit: cells.text("lead_unit"),
        coordinating_units: cells.text("coordinating_units"),
        deadline_text: cells.text("deadline_text"),
        deadline: cells.date("deadline").flatten(),
        recurring: cells.flag("recurring").unwrap_or(false),
        budget_million_vnd: budget,
        note: cells.text("note"),
    }
}

fn unit(cells: &mut Cells<'_>) -> Unit {
    Unit {
        commune: cells.required("commune").unwrap_or_default(),
        code: cells.code("code").unwrap_or_default(),
        name: cells.required("name").unwrap_or_default(),
        variants: cells.text("variants"),
        role: cells.text("role"),
        members: cells.members("members").unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests;
