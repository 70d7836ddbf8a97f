//! Writes a [`Catalogue`] as the files of a catalogue folder, and takes its fingerprint.
//!
//! Reading what was written gives the same catalogue again.

use super::{
    Catalogue, Commune, EvidenceDuty, Goal, Indicator, Operator, Target, Task, Unit,
    layout::{
        COMMUNE_COLUMNS, COMMUNES, INDICATOR_COLUMNS, INDICATORS, SETTINGS, TARGET_COLUMNS, TARGETS, TASK_COLUMNS,
        TASKS, UNIT_COLUMNS, UNITS,
    },
    settings,
};
use crate::period::Cycle;
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, fmt::Display};

/// The files of a catalogue folder by name: CSV as in RFC 4180 (UTF-8, commas, CR LF), the settings with comments.
#[must_use]
pub fn write(catalogue: &Catalogue) -> BTreeMap<String, Vec<u8>> {
    files(catalogue, true)
}

impl Catalogue {
    /// SHA-256 over the names and contents of the written files (sorted by name, the settings without comments), each
    /// with its length in front.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        for (name, bytes) in files(self, false) {
            for part in [name.as_bytes(), &bytes] {
                hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
                hash.update(part);
            }
        }
        hash.finalize().into()
    }
}

fn files(catalogue: &Catalogue, comments: bool) -> BTreeMap<String, Vec<u8>> {
    let file = |name: &str, bytes| (name.to_owned(), bytes);
    BTreeMap::from([
        file(SETTINGS, settings::write(&catalogue.province, comments).into_bytes()),
        file(INDICATORS, table(&INDICATOR_COLUMNS, catalogue.indicators.iter().map(indicator))),
        file(COMMUNES, table(&COMMUNE_COLUMNS, catalogue.communes.iter().map(commune))),
        file(TARGETS, table(&TARGET_COLUMNS, catalogue.targets.iter().map(target))),
        file(TASKS, table(&TASK_COLUMNS, catalogue.tasks.iter().map(task))),
        file(UNITS, table(&UNIT_COLUMNS, catalogue.units.iter().map(unit))),
    ])
}

fn table<const N: usize>(columns: &[&str; N], rows: impl Iterator<Item = [String; N]>) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    // Writing rows of one length into memory does not fail.
    let _ = writer.write_record(columns);
    for row in rows {
        let _ = writer.write_record(&row);
    }
    writer.into_inner().unwrap_or_default()
}

/// The text of a value, empty where there is none.
fn shown<T: Display>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// Operator, value and high end.
fn goal_cells(goal: Option<Goal>) -> [String; 3] {
    let operator = goal.map(Goal::operator).map(Operator::as_str);
    [shown(operator), shown(goal.and_then(Goal::value)), shown(goal.and_then(Goal::high))]
}

/// The cells of an indicator, as [`INDICATOR_COLUMNS`].
pub(super) fn indicator(indicator: &Indicator) -> [String; 17] {
    let [operator, value, high] = goal_cells(indicator.standard);
    [
        indicator.code.clone(),
        indicator.group.clone(),
        indicator.group_name.clone(),
        indicator.name.clone(),
        indicator.name_en.clone(),
        indicator.unit.clone(),
        indicator.kind.as_str().into(),
        indicator.direction.as_str().into(),
        shown(indicator.cycle.map(Cycle::as_str)),
        indicator.rule.to_text(),
        indicator.points.to_string(),
        indicator.requires_evidence.to_string(),
        operator,
        value,
        high,
        indicator.note.clone(),
        indicator.at_most_of.clone(),
    ]
}

/// The cells of a commune, as [`COMMUNE_COLUMNS`].
pub(super) fn commune(commune: &Commune) -> [String; 10] {
    [
        commune.slug.clone(),
        commune.code.clone(),
        commune.name.clone(),
        commune.kind.as_str().into(),
        shown(commune.cycle.map(Cycle::as_str)),
        shown(commune.units_cutoff),
        shown(commune.cutoff),
        shown(commune.report),
        commune.note.clone(),
        if commune.evidence == EvidenceDuty::default() { String::new() } else { commune.evidence.as_str().into() },
    ]
}

/// The cells of a target, as [`TARGET_COLUMNS`].
pub(super) fn target(target: &Target) -> [String; 14] {
    let [operator, value, high] = goal_cells(Some(target.goal));
    [
        target.commune.to_string(),
        target.plan_ref.to_string(),
        target.indicator.to_string(),
        operator,
        value,
        high,
        target.wording.to_string(),
        target.printed.to_string(),
        target.unit.to_string(),
        target.lead_unit.to_string(),
        shown(target.deadline),
        target.deadline_text.to_string(),
        target.note.to_string(),
        target.per_unit.to_string(),
    ]
}

/// The cells of a task, as [`TASK_COLUMNS`].
pub(super) fn task(task: &Task) -> [String; 14] {
    [
        task.commune.clone(),
        task.code.clone(),
        task.group.clone(),
        task.title.clone(),
        task.detail.clone(),
        task.output.clone(),
        task.kpi.clone(),
        task.lead_unit.clone(),
        task.coordinating_units.clone(),
        task.deadline_text.clone(),
        shown(task.deadline),
        task.recurring.to_string(),
        shown(task.budget_million_vnd),
        task.note.clone(),
    ]
}

/// The cells of a unit, as [`UNIT_COLUMNS`].
pub(super) fn unit(unit: &Unit) -> [String; 6] {
    [
        unit.commune.clone(),
        unit.code.clone(),
        unit.name.clone(),
        unit.variants.clone(),
        unit.role.clone(),
        shown((unit.members > 0).then_some(unit.members)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{read::read, sample};

    #[test]
    fn the_delivered_files_are_as_written() {
        let (delivered, written) = (sample::files(), write(&sample::catalogue()));
        for (name, bytes) in &delivered {
            assert_eq!(String::from_utf8_lossy(&written[name]), String::from_utf8_lossy(bytes), "{name}");
        }
        assert_eq!(delivered.len(), written.len());
    }

    #[test]
    fn what_is_written_reads_back_the_same() {
        let mut catalogue = sample::catalogue();
        catalogue.province.name = "Tỉnh \"Mới\" \\ 'x'".into();
        catalogue.targets[0].wording = "một, \"hai\"; ba = 3".into();
        catalogue.indicators[0].rule = crate::catalogue::Rule::from_text("steps 1:1 0.75:0.5").unwrap();
        catalogue.indicators[1].points = "2.25".parse().unwrap();
        catalogue.indicators[2].note = "\"".into();
        assert_eq!(read(&write(&catalogue)), Ok(catalogue.clone()));
        assert_eq!(read(&files(&catalogue, false)), Ok(catalogue));
    }

    #[test]
    fn the_fingerprint_is_of_the_contents() {
        let catalogue = sample::catalogue();
        let same = read(&write(&catalogue)).unwrap();
        assert_eq!(catalogue.fingerprint(), same.fingerprint());
        let mut other = catalogue.clone();
        other.targets[181].note = format!("{}.", other.targets[181].note).into();
        assert_ne!(catalogue.fingerprint(), other.fingerprint());
        let mut other = catalogue.clone();
        other.province.days.report = 26;
        assert_ne!(catalogue.fingerprint(), other.fingerprint());
    }
}
