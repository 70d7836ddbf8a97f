//! The files of a catalogue folder and their columns, in the order in which they are written.

/// Province, plan year, rules and due days.
pub const SETTINGS: &str = "catalogue.toml";
/// Indicators.
pub const INDICATORS: &str = "indicators.csv";
/// Communes and their calendars.
pub const COMMUNES: &str = "communes.csv";
/// Targets of the plans.
pub const TARGETS: &str = "targets.csv";
/// Tasks of the plans.
pub const TASKS: &str = "tasks.csv";
/// Units named in the plans.
pub const UNITS: &str = "units.csv";

/// All files of a catalogue folder. Others (a README) are left alone.
pub const FILES: [&str; 6] = [SETTINGS, INDICATORS, COMMUNES, TARGETS, TASKS, UNITS];

/// Columns of [`INDICATORS`].
pub const INDICATOR_COLUMNS: [&str; 17] = [
    "code",
    "group",
    "group_name",
    "name",
    "name_en",
    "unit",
    "kind",
    "direction",
    "cycle",
    "rule",
    "points",
    "requires_evidence",
    "standard_operator",
    "standard_value",
    "standard_high",
    "note",
    "at_most_of",
];

/// Columns of [`COMMUNES`].
pub const COMMUNE_COLUMNS: [&str; 10] =
    ["slug", "code", "name", "kind", "cycle", "units_cutoff", "cutoff", "report", "note", "evidence"];

/// Columns of [`TARGETS`].
pub const TARGET_COLUMNS: [&str; 14] = [
    "commune",
    "plan_ref",
    "indicator",
    "operator",
    "value",
    "high",
    "wording",
    "printed",
    "unit",
    "lead_unit",
    "deadline",
    "deadline_text",
    "note",
    "per_unit",
];

/// Columns of [`TASKS`].
pub const TASK_COLUMNS: [&str; 14] = [
    "commune",
    "code",
    "group",
    "title",
    "detail",
    "output",
    "kpi",
    "lead_unit",
    "coordinating_units",
    "deadline_text",
    "deadline",
    "recurring",
    "budget_million_vnd",
    "note",
];

/// Columns of [`UNITS`].
pub const UNIT_COLUMNS: [&str; 6] = ["commune", "code", "name", "variants", "role", "members"];

/// Columns that a file may lack: they came later, and an empty cell is the default.
pub(super) const LATER_COLUMNS: [&str; 4] = ["at_most_of", "evidence", "per_unit", "members"];
