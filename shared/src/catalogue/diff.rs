//! What changed from one catalogue to another, row by row and cell by cell, in a stable order.

use super::{
    Catalogue,
    layout::{COMMUNE_COLUMNS, INDICATOR_COLUMNS, TARGET_COLUMNS, TASK_COLUMNS, UNIT_COLUMNS},
    write,
};
use crate::language::Language;
use std::collections::BTreeMap;

/// Longest value shown in a description, in characters.
const MAX_SHOWN_CHARS: usize = 80;

/// The kinds of rows, in the order in which changes are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Section {
    /// Settings of the province.
    Province,
    /// Indicators.
    Indicator,
    /// Communes and their calendars.
    Commune,
    /// Targets.
    Target,
    /// Tasks.
    Task,
    /// Units.
    Unit,
}

impl Section {
    fn word(self, language: Language) -> &'static str {
        match self {
            Section::Province => language.pick("cài đặt của tỉnh", "province settings"),
            Section::Indicator => language.pick("chỉ tiêu", "indicator"),
            Section::Commune => language.pick("xã, phường", "commune"),
            Section::Target => language.pick("mục tiêu", "target"),
            Section::Task => language.pick("nhiệm vụ", "task"),
            Section::Unit => language.pick("đơn vị", "unit"),
        }
    }
}

/// What happened to a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// It is new; its name or wording.
    Added(String),
    /// It is gone; its name or wording.
    Removed(String),
    /// One cell of it is another.
    Changed {
        /// The column, or the setting.
        field: &'static str,
        /// What stood there.
        before: String,
        /// What stands there now.
        after: String,
    },
    /// The rows that both have stand in another order; about the whole section.
    Reordered,
}

/// One difference between two catalogues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueChange {
    /// Kind of row.
    pub section: Section,
    /// Its key: code, slug, or commune and the code in its plan; empty for settings and orders.
    pub key: String,
    /// What happened.
    pub what: What,
}

impl CatalogueChange {
    /// One line for people.
    #[must_use]
    pub fn describe(&self, language: Language) -> String {
        let subject = [self.section.word(language), &self.key].join(" ");
        let subject = subject.trim_end();
        match &self.what {
            What::Added(name) => format!("{} {subject}: {}", language.pick("thêm", "added"), cut(name)),
            What::Removed(name) => format!("{} {subject}: {}", language.pick("bỏ", "removed"), cut(name)),
            What::Changed { field, before, after } => {
                let empty = language.pick("(trống)", "(empty)");
                let show = |text: &str| if text.is_empty() { empty.to_owned() } else { format!("“{}”", cut(text)) };
                format!("{} {subject}, {field}: {} → {}", language.pick("sửa", "changed"), show(before), show(after))
            }
            What::Reordered => format!("{} {subject}", language.pick("đổi thứ tự các dòng:", "rows in another order:")),
        }
    }
}

fn cut(text: &str) -> String {
    let mut short: String = text.chars().take(MAX_SHOWN_CHARS).collect();
    if text.chars().nth(MAX_SHOWN_CHARS).is_some() {
        short.push('…');
    }
    short
}

/// All differences: settings, indicators, communes, targets, tasks, units; in each, rows of the old catalogue in its
/// order, then the new rows in theirs.
#[must_use]
pub fn diff(old: &Catalogue, new: &Catalogue) -> Vec<CatalogueChange> {
    let mut changes = Vec::new();
    settings(old, new, &mut changes);
    let pairs = |a: &Catalogue, b: &Catalogue, rows: fn(&Catalogue) -> Vec<Row>| (rows(a), rows(b));
    for (section, columns, rows) in SECTIONS {
        let (before, after) = pairs(old, new, rows);
        compare(section, columns, &before, &after, &mut changes);
    }
    changes
}

/// A row: its key, the words it is known by, its cells.
struct Row {
    key: String,
    name: String,
    cells: Vec<String>,
}

type RowsOf = fn(&Catalogue) -> Vec<Row>;

const SECTIONS: [(Section, &[&str], RowsOf); 5] = [
    (Section::Indicator, &INDICATOR_COLUMNS, |catalogue| {
        let row =
            |i: &super::Indicator| Row { key: i.code.clone(), name: i.name.clone(), cells: write::indicator(i).into() };
        catalogue.indicators.iter().map(row).collect()
    }),
    (Section::Commune, &COMMUNE_COLUMNS, |catalogue| {
        let row =
            |c: &super::Commune| Row { key: c.slug.clone(), name: c.name.clone(), cells: write::commune(c).into() };
        catalogue.communes.iter().map(row).collect()
    }),
    (Section::Target, &TARGET_COLUMNS, |catalogue| {
        let row = |t: &super::Target| Row {
            key: format!("{} {}", t.commune, t.plan_ref),
            name: t.wording.to_string(),
            cells: write::target(t).into(),
        };
        catalogue.targets.iter().map(row).collect()
    }),
    (Section::Task, &TASK_COLUMNS, |catalogue| {
        let row = |t: &super::Task| Row {
            key: format!("{} {}", t.commune, t.code),
            name: t.title.clone(),
            cells: write::task(t).into(),
        };
        catalogue.tasks.iter().map(row).collect()
    }),
    (Section::Unit, &UNIT_COLUMNS, |catalogue| {
        let row = |u: &super::Unit| Row {
            key: format!("{} {}", u.commune, u.code),
            name: u.name.clone(),
            cells: write::unit(u).into(),
        };
        catalogue.units.iter().map(row).collect()
    }),
];

fn settings(old: &Catalogue, new: &Catalogue, changes: &mut Vec<CatalogueChange>) {
    let cells = |catalogue: &Catalogue| {
        let province = &catalogue.province;
        [
            ("plan_year", province.plan_year.to_string()),
            ("rules", province.rules.clone()),
            ("province.id", province.id.clone()),
            ("province.name", province.name.clone()),
            ("days.units_cutoff", province.days.units_cutoff.to_string()),
            ("days.cutoff", province.days.cutoff.to_string()),
            ("days.report", province.days.report.to_string()),
        ]
    };
    for ((field, before), (_, after)) in cells(old).into_iter().zip(cells(new)) {
        if before != after {
            let what = What::Changed { field, before, after };
            changes.push(CatalogueChange { section: Section::Province, key: String::new(), what });
        }
    }
}

fn compare(section: Section, columns: &[&'static str], old: &[Row], new: &[Row], changes: &mut Vec<CatalogueChange>) {
    let mut push = |key: &str, what| changes.push(CatalogueChange { section, key: key.into(), what });
    let old_keys: BTreeMap<&str, usize> = old.iter().enumerate().map(|(at, row)| (row.key.as_str(), at)).collect();
    let new_rows: BTreeMap<&str, &Row> = new.iter().map(|row| (row.key.as_str(), row)).collect();
    for row in old {
        let Some(now) = new_rows.get(row.key.as_str()) else {
            push(&row.key, What::Removed(row.name.clone()));
            continue;
        };
        for ((field, before), after) in columns.iter().zip(&row.cells).zip(&now.cells) {
            if before != after {
                push(&row.key, What::Changed { field, before: before.clone(), after: after.clone() });
            }
        }
    }
    for row in new.iter().filter(|row| !old_keys.contains_key(row.key.as_str())) {
        push(&row.key, What::Added(row.name.clone()));
    }
    let kept: Vec<usize> = new.iter().filter_map(|row| old_keys.get(row.key.as_str()).copied()).collect();
    if !kept.is_sorted() {
        push("", What::Reordered);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{Goal, sample};

    #[test]
    fn the_same_catalogue_has_no_changes() {
        assert_eq!(diff(&sample::catalogue(), &sample::catalogue()), []);
    }

    #[test]
    fn every_kind_of_row_and_change_is_told_in_order() {
        let old = sample::catalogue();
        let mut new = old.clone();
        new.province.days.cutoff = 20;
        new.indicators[0].points = "2.5".parse().unwrap();
        new.indicators[0].requires_evidence = false;
        let gone = new.indicators.remove(79);
        new.indicators.push(crate::catalogue::Indicator { code: "OT-19".into(), ..gone });
        new.communes[0].report = Some(26);
        new.targets[2].goal = Goal::AtLeast { floor: 75.into(), bare: true };
        new.tasks.swap(0, 1);
        new.units[0].variants = "x".repeat(100);
        let lines: Vec<String> = diff(&old, &new).iter().map(|change| change.describe(Language::Vi)).collect();
        let long = format!("{}…", "x".repeat(MAX_SHOWN_CHARS));
        assert_eq!(
            lines,
            [
                "sửa cài đặt của tỉnh, days.cutoff: “19” → “20”".to_owned(),
                "sửa chỉ tiêu HT-01, points: “1” → “2.5”".into(),
                "sửa chỉ tiêu HT-01, requires_evidence: “true” → “false”".into(),
                "bỏ chỉ tiêu OT-18: Báo cáo hoạt động của ấp".into(),
                "thêm chỉ tiêu OT-19: Báo cáo hoạt động của ấp".into(),
                "sửa xã, phường binh-phuoc, report: (trống) → “26”".into(),
                "sửa mục tiêu dinh-quan 1.1(2), operator: “>=” → “=”".into(),
                "sửa mục tiêu dinh-quan 1.1(2), value: “70” → “75”".into(),
                "đổi thứ tự các dòng: nhiệm vụ".into(),
                format!(
                    "sửa đơn vị dinh-quan UBND, variants: “Ủy ban nhân dân xã Định Quán; UBND xã; Lãnh đạo UBND xã” → “{long}”"
                ),
            ]
        );
        assert_eq!(diff(&old, &new)[0].describe(Language::En), "changed province settings, days.cutoff: “19” → “20”");
    }

    #[test]
    fn the_other_way_round_undoes_it() {
        let old = sample::catalogue();
        let mut new = old.clone();
        new.adopt_standard("bien-hoa").unwrap();
        let (there, back) = (diff(&old, &new), diff(&new, &old));
        assert_eq!((there.len(), back.len()), (29, 29));
        assert!(there.iter().all(|change| matches!(change.what, What::Added(_))));
        assert!(back.iter().all(|change| matches!(change.what, What::Removed(_))));
    }
}
