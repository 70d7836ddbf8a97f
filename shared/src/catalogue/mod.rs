//! The provincial catalogue: indicators, the targets of each commune's plan, tasks, units, communes and the calendar.
//!
//! The model only. [`read`] makes one from the files of a catalogue folder and names every fault, [`mod@write`] writes
//! them, [`diff`] compares two, [`standard`] takes over the provincial targets, [`view`] is the part that one commune
//! needs.

mod cells;
mod check;
mod csv_table;
pub mod diff;
mod fault;
pub mod find;
mod goal;
pub mod layout;
mod problem;
pub mod read;
pub mod rule;
#[cfg(test)]
pub(crate) mod sample;
mod settings;
pub mod standard;
pub mod view;
pub mod write;

pub use goal::{Goal, GoalError, Operator, kind_asked};
pub use rule::{MAX_STEPS, Rule};
pub use settings::RULE_VERSIONS;

use crate::{
    amount::Amount,
    calendar::{CommuneCalendar, DueDays},
    period::Cycle,
    text::Text,
    vietnamese,
};
use chrono::NaiveDate;

/// A whole catalogue of one plan year. Vectors keep the order of the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalogue {
    /// The province.
    pub province: Province,
    /// All indicators.
    pub indicators: Vec<Indicator>,
    /// All communes of the province, with or without targets.
    pub communes: Vec<Commune>,
    /// What the plans ask; the key is (commune, `plan_ref`).
    pub targets: Vec<Target>,
    /// What the plans order to be done.
    pub tasks: Vec<Task>,
    /// Organisational units named in the plans.
    pub units: Vec<Unit>,
}

/// What holds for the whole province (`catalogue.toml`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Province {
    /// Stable id, `dong-nai`.
    pub id: String,
    /// Name to show, a setting (the sources disagree on tỉnh and thành phố).
    pub name: String,
    /// The year of the plans.
    pub plan_year: i32,
    /// Version of the scoring rules, "2026.1".
    pub rules: String,
    /// Due days where a commune has none of its own.
    pub days: DueDays,
}

/// Kind of value that an indicator is reported in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Percent, as numerator and denominator wherever they exist.
    Ratio,
    /// Year to date, whole, not negative.
    Count,
    /// A plain number or index.
    Decimal,
    /// Yes or no.
    Flag,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Kind; 4] = [Kind::Ratio, Kind::Count, Kind::Decimal, Kind::Flag];
    /// The word in catalogues and exports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Ratio => "ratio",
            Kind::Count => "count",
            Kind::Decimal => "decimal",
            Kind::Flag => "flag",
        }
    }
    /// Reads the word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// Which way is better; shown, never computed with (the target's operator decides).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// More is better.
    AtLeast,
    /// Less is better.
    AtMost,
    /// Done or not.
    Achieved,
    /// Between two values.
    Within,
}

impl Direction {
    /// All directions.
    pub const ALL: [Direction; 4] = [Direction::AtLeast, Direction::AtMost, Direction::Achieved, Direction::Within];
    /// The word in catalogues and exports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Direction::AtLeast => "at_least",
            Direction::AtMost => "at_most",
            Direction::Achieved => "achieved",
            Direction::Within => "within",
        }
    }
    /// Reads the word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|direction| direction.as_str() == word)
    }
}

/// One row of the provincial catalogue (chỉ tiêu).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indicator {
    /// Stable code, `CDS-17`.
    pub code: String,
    /// Group: the prefix of the code, `CDS`.
    pub group: String,
    /// Name of the group, Vietnamese.
    pub group_name: String,
    /// Official wording, Vietnamese.
    pub name: String,
    /// English translation.
    pub name_en: String,
    /// Unit as shown, `%`, `người`.
    pub unit: String,
    /// Kind of value.
    pub kind: Kind,
    /// Which way is better.
    pub direction: Direction,
    /// Its own cycle, where it has one.
    pub cycle: Option<Cycle>,
    /// How it is scored.
    pub rule: Rule,
    /// Its weight; 0 to 1,000.
    pub points: Amount,
    /// Whether a completed figure needs evidence to score.
    pub requires_evidence: bool,
    /// The provincial standard target, where there is one.
    pub standard: Option<Goal>,
    /// Remarks on the source.
    pub note: String,
    /// Code of the indicator that its value cannot exceed; empty for none. Where it does, a person should look.
    pub at_most_of: String,
}

/// Xã or phường.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CommuneKind {
    /// Xã.
    Xa,
    /// Phường.
    Phuong,
}

impl CommuneKind {
    /// The word in catalogues and exports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            CommuneKind::Xa => "xa",
            CommuneKind::Phuong => "phuong",
        }
    }
    /// Reads the word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [CommuneKind::Xa, CommuneKind::Phuong].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// A commune of the province.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commune {
    /// ASCII id, `dinh-quan`.
    pub slug: String,
    /// Official code, five digits.
    pub code: String,
    /// Full name, `Xã Định Quán`.
    pub name: String,
    /// Xã or phường.
    pub kind: CommuneKind,
    /// Its own cycle; monthly where the plan states none.
    pub cycle: Option<Cycle>,
    /// Its own due days; the province's where the plan states none.
    pub units_cutoff: Option<u8>,
    /// See [`DueDays::cutoff`].
    pub cutoff: Option<u8>,
    /// See [`DueDays::report`].
    pub report: Option<u8>,
    /// Where the calendar comes from.
    pub note: String,
    /// For which results its plan asks for evidence.
    pub evidence: EvidenceDuty,
}

/// For which results evidence has to be given. What counts is the same under both; results that lack it are pointed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum EvidenceDuty {
    /// Where a target is claimed to be reached (plan of xã Tân Lợi, V.2.2).
    #[default]
    Completed,
    /// For every reported result (plan of xã Định Quán, IV.3.2).
    Every,
}

impl EvidenceDuty {
    /// Both.
    pub const ALL: [EvidenceDuty; 2] = [EvidenceDuty::Completed, EvidenceDuty::Every];
    /// The word in catalogues.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            EvidenceDuty::Completed => "completed",
            EvidenceDuty::Every => "every",
        }
    }
    /// Reads the word; empty is the default.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        if word.is_empty() { Some(Self::default()) } else { Self::ALL.into_iter().find(|duty| duty.as_str() == word) }
    }
}

impl Commune {
    /// Its calendar, the province's days filling the gaps.
    #[must_use]
    pub fn calendar(&self, province: &Province) -> CommuneCalendar {
        let days = DueDays {
            units_cutoff: self.units_cutoff.unwrap_or(province.days.units_cutoff),
            cutoff: self.cutoff.unwrap_or(province.days.cutoff),
            report: self.report.unwrap_or(province.days.report),
        };
        CommuneCalendar { cycle: self.cycle.unwrap_or(Cycle::Monthly), days }
    }
}

/// What one commune's own plan asks of one indicator (mục tiêu).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Commune slug.
    pub commune: Text,
    /// Section and number in the plan.
    pub plan_ref: Text,
    /// Indicator code.
    pub indicator: Text,
    /// What is asked.
    pub goal: Goal,
    /// The plan's own wording.
    pub wording: Text,
    /// The target as printed.
    pub printed: Text,
    /// Unit as printed.
    pub unit: Text,
    /// Lead units as printed.
    pub lead_unit: Text,
    /// Day by which it is to be met, where the plan says one.
    pub deadline: Option<NaiveDate>,
    /// The deadline as printed.
    pub deadline_text: Text,
    /// Oddities of the source.
    pub note: Text,
    /// Code of the unit to each of whose members the target applies; empty where it applies to the commune in total.
    pub per_unit: Text,
}

/// What a plan orders to be done (nhiệm vụ).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Commune slug.
    pub commune: String,
    /// Code in the plan.
    pub code: String,
    /// Group heading.
    pub group: String,
    /// Title.
    pub title: String,
    /// Detail.
    pub detail: String,
    /// Required output.
    pub output: String,
    /// Measure as printed.
    pub kpi: String,
    /// Owner.
    pub lead_unit: String,
    /// Coordinating units.
    pub coordinating_units: String,
    /// Deadline as printed.
    pub deadline_text: String,
    /// Its day, where the text names one.
    pub deadline: Option<NaiveDate>,
    /// Whether it recurs.
    pub recurring: bool,
    /// Budget in million VND.
    pub budget_million_vnd: Option<Amount>,
    /// Oddities of the source.
    pub note: String,
}

/// An organisational unit that a plan names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Commune slug.
    pub commune: String,
    /// Code, the same for the same kind of unit in every commune.
    pub code: String,
    /// Name.
    pub name: String,
    /// Other spellings in that plan.
    pub variants: String,
    /// Class and description.
    pub role: String,
    /// How many it stands for where a plan names them together ("21 ấp"); 0 for a single unit.
    pub members: u16,
}

/// Whether a name ends where this rest begins.
fn ends(rest: &str) -> bool {
    !rest.starts_with(|sign: char| sign.is_alphanumeric())
}

/// Most units that one row can stand for.
pub const MAX_UNIT_MEMBERS: u16 = 99;

impl Unit {
    /// The codes under which it reports: its own, and `AP-01`, `AP-02`… of the members that a plan does not name.
    pub fn codes(&self) -> impl Iterator<Item = String> {
        let members = (1..=self.members.min(MAX_UNIT_MEMBERS)).map(|number| format!("{}-{number:02}", self.code));
        std::iter::once(self.code.clone()).chain(members)
    }

    /// Its name for one of its codes.
    #[must_use]
    pub fn name_of(&self, code: &str) -> String {
        match code.strip_prefix(self.code.as_str()).and_then(|rest| rest.strip_prefix('-')) {
            Some(number) => format!("{} – {number}", self.name),
            None => self.name.clone(),
        }
    }

    /// Whether a list of units as printed in its plan ("Công an xã, Phòng Kinh tế (bộ phận …)") names it: an entry is, or begins with, its
    /// name or another spelling of it.
    #[must_use]
    pub fn is_named_in(&self, text: &str) -> bool {
        let spellings: Vec<String> = std::iter::once(self.name.as_str())
            .chain(self.variants.split("; "))
            .filter(|spelling| !spelling.is_empty())
            .map(vietnamese::folded)
            .collect();
        let begins = |entry: &str| spellings.iter().any(|one| entry.strip_prefix(one.as_str()).is_some_and(ends));
        let entries = text.split([',', ';']).map(vietnamese::folded);
        entries.chain([vietnamese::folded(text)]).any(|entry| begins(&entry))
    }

    /// The unit among these that reports under a code; one with exactly this code goes first.
    pub fn find<'a>(units: impl Iterator<Item = &'a Unit> + Clone, code: &str) -> Option<&'a Unit> {
        units
            .clone()
            .find(|unit| unit.code == code)
            .or_else(|| units.into_iter().find(|u| u.codes().any(|c| c == code)))
    }
}

impl Catalogue {
    /// An indicator by code.
    #[must_use]
    pub fn indicator(&self, code: &str) -> Option<&Indicator> {
        self.indicators.iter().find(|indicator| indicator.code == code)
    }

    /// A commune by slug.
    #[must_use]
    pub fn commune(&self, slug: &str) -> Option<&Commune> {
        self.communes.iter().find(|commune| commune.slug == slug)
    }

    /// What a target asks of the commune as a whole: of a count that is asked of each member of a unit, as often as there are members.
    #[must_use]
    pub fn goal_in_total(&self, target: &Target) -> Goal {
        let counts = |code: &str| self.indicator(code).is_some_and(|indicator| indicator.kind == Kind::Count);
        if target.per_unit.is_empty() || !counts(&target.indicator) {
            return target.goal;
        }
        let unit = self.units.iter().find(|unit| unit.commune == target.commune && unit.code == target.per_unit);
        match unit {
            Some(unit) if unit.members > 0 => target.goal.times(unit.members),
            _ => target.goal,
        }
    }

    /// The targets of one commune's plan, in the plan's order.
    pub fn targets_of<'a>(&'a self, slug: &'a str) -> impl Iterator<Item = &'a Target> {
        self.targets.iter().filter(move |target| target.commune == slug)
    }
}
