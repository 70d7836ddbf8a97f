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
pub mod layout;
mod problem;
pub mod read;
#[cfg(test)]
pub(crate) mod sample;
mod settings;
pub mod standard;
pub mod view;
pub mod write;

use crate::{
    amount::Amount,
    calendar::{CommuneCalendar, DueDays},
    period::Cycle,
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

/// How a value is compared with its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `>=`
    AtLeast,
    /// `=`: a bare number in a plan, a floor like `>=`.
    Equal,
    /// `<=`
    AtMost,
    /// `range`: as `>=` the low end; the high end is the stretch goal.
    Range,
    /// `yes`
    Yes,
    /// `unspecified`: tracked and shown, never scored.
    Unspecified,
}

impl Operator {
    /// All operators.
    pub const ALL: [Operator; 6] =
        [Operator::AtLeast, Operator::Equal, Operator::AtMost, Operator::Range, Operator::Yes, Operator::Unspecified];
    /// The sign in catalogues and exports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Operator::AtLeast => ">=",
            Operator::Equal => "=",
            Operator::AtMost => "<=",
            Operator::Range => "range",
            Operator::Yes => "yes",
            Operator::Unspecified => "unspecified",
        }
    }
    /// Reads the sign.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operator| operator.as_str() == word)
    }
}

/// What is asked: an operator with its values. Made only by [`Goal::new`], so that it is always whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Goal {
    /// `>=` or `=`.
    AtLeast {
        /// The floor, not negative.
        floor: Amount,
        /// True where the plan prints the number without a sign (`=`).
        bare: bool,
    },
    /// `<=`, not negative.
    AtMost(Amount),
    /// `range`, `low <= high`, not negative.
    Range {
        /// The floor.
        low: Amount,
        /// The stretch goal.
        high: Amount,
    },
    /// `yes`
    Yes,
    /// `unspecified`
    Unspecified,
}

/// Why operator and values do not make a goal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GoalError {
    /// The operator needs a value.
    #[error("the operator needs a value")]
    ValueMissing,
    /// The operator takes no value.
    #[error("the operator takes no value")]
    ValueNotWanted,
    /// A range needs both ends.
    #[error("a range needs a high end")]
    HighMissing,
    /// Only a range has a high end.
    #[error("only a range has a high end")]
    HighNotWanted,
    /// The low end is above the high end.
    #[error("the range is upside down")]
    UpsideDown,
    /// Targets are not negative.
    #[error("a target is not negative")]
    Negative,
}

impl Goal {
    /// Puts operator and values together.
    ///
    /// # Errors
    /// [`GoalError`] when they do not fit.
    pub fn new(operator: Operator, value: Option<Amount>, high: Option<Amount>) -> Result<Self, GoalError> {
        if value.is_some_and(Amount::is_negative) || high.is_some_and(Amount::is_negative) {
            return Err(GoalError::Negative);
        }
        if high.is_some() && operator != Operator::Range {
            return Err(GoalError::HighNotWanted);
        }
        match operator {
            Operator::Yes | Operator::Unspecified if value.is_some() => Err(GoalError::ValueNotWanted),
            Operator::Yes => Ok(Goal::Yes),
            Operator::Unspecified => Ok(Goal::Unspecified),
            Operator::AtLeast | Operator::Equal => {
                let floor = value.ok_or(GoalError::ValueMissing)?;
                Ok(Goal::AtLeast { floor, bare: operator == Operator::Equal })
            }
            Operator::AtMost => Ok(Goal::AtMost(value.ok_or(GoalError::ValueMissing)?)),
            Operator::Range => {
                let low = value.ok_or(GoalError::ValueMissing)?;
                let high = high.ok_or(GoalError::HighMissing)?;
                if low > high { Err(GoalError::UpsideDown) } else { Ok(Goal::Range { low, high }) }
            }
        }
    }

    /// The operator.
    #[must_use]
    pub fn operator(self) -> Operator {
        match self {
            Goal::AtLeast { bare: false, .. } => Operator::AtLeast,
            Goal::AtLeast { bare: true, .. } => Operator::Equal,
            Goal::AtMost(_) => Operator::AtMost,
            Goal::Range { .. } => Operator::Range,
            Goal::Yes => Operator::Yes,
            Goal::Unspecified => Operator::Unspecified,
        }
    }

    /// The value, the low end of a range.
    #[must_use]
    pub fn value(self) -> Option<Amount> {
        match self {
            Goal::AtLeast { floor, .. } => Some(floor),
            Goal::AtMost(value) => Some(value),
            Goal::Range { low, .. } => Some(low),
            Goal::Yes | Goal::Unspecified => None,
        }
    }

    /// The high end of a range.
    #[must_use]
    pub fn high(self) -> Option<Amount> {
        match self {
            Goal::Range { high, .. } => Some(high),
            _ => None,
        }
    }

    /// Whether it is scored.
    #[must_use]
    pub fn is_scored(self) -> bool {
        self != Goal::Unspecified
    }
}

/// How an achievement is made of a value and its target.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Rule {
    /// The table of operators.
    #[default]
    Proportional,
    /// Fixed fractions by the first threshold reached, thresholds falling; (threshold, fraction), both in 0–1.
    Steps(Vec<(Amount, Amount)>),
    /// Divided by the best value among the ranked communes.
    Relative,
}

/// Most steps that a rule can have.
pub const MAX_STEPS: usize = 20;

impl Rule {
    /// Reads `proportional` (or nothing), `relative` or `steps 1:1 0.75:0.75 0.5:0.5`.
    ///
    /// # Errors
    /// A lower-case fragment that says what is wrong.
    pub fn from_text(text: &str) -> Result<Self, String> {
        let mut words = text.split_whitespace();
        match words.next() {
            None | Some("proportional") => {
                words.next().map_or(Ok(Rule::Proportional), |w| Err(format!("unexpected {w:?}")))
            }
            Some("relative") => words.next().map_or(Ok(Rule::Relative), |w| Err(format!("unexpected {w:?}"))),
            Some("steps") => {
                let mut steps: Vec<(Amount, Amount)> = Vec::new();
                for word in words {
                    let (threshold, fraction) =
                        word.split_once(':').ok_or(format!("{word:?} is not threshold:fraction"))?;
                    let threshold: Amount = threshold.parse().map_err(|e| format!("threshold {e}"))?;
                    let fraction: Amount = fraction.parse().map_err(|e| format!("fraction {e}"))?;
                    if [threshold, fraction].iter().any(|x| x.is_negative() || *x > Amount::ONE) {
                        return Err(format!("{word:?} lies outside 0 to 1"));
                    }
                    if steps.last().is_some_and(|(last, _)| *last <= threshold) {
                        return Err(format!("the thresholds must fall, {word:?} does not"));
                    }
                    steps.push((threshold, fraction));
                }
                match steps.len() {
                    0 => Err("steps without a step".into()),
                    n if n > MAX_STEPS => Err(format!("more than {MAX_STEPS} steps")),
                    _ => Ok(Rule::Steps(steps)),
                }
            }
            Some(word) => Err(format!("unknown rule {word:?} (proportional, relative or steps …)")),
        }
    }

    /// The text form.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Rule::Proportional => "proportional".into(),
            Rule::Relative => "relative".into(),
            Rule::Steps(steps) => steps
                .iter()
                .fold(String::from("steps"), |text, (threshold, fraction)| format!("{text} {threshold}:{fraction}")),
        }
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
    pub commune: String,
    /// Section and number in the plan.
    pub plan_ref: String,
    /// Indicator code.
    pub indicator: String,
    /// What is asked.
    pub goal: Goal,
    /// The plan's own wording.
    pub wording: String,
    /// The target as printed.
    pub printed: String,
    /// Unit as printed.
    pub unit: String,
    /// Lead units as printed.
    pub lead_unit: String,
    /// Day by which it is to be met, where the plan says one.
    pub deadline: Option<NaiveDate>,
    /// The deadline as printed.
    pub deadline_text: String,
    /// Oddities of the source.
    pub note: String,
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

    /// The targets of one commune's plan, in the plan's order.
    pub fn targets_of<'a>(&'a self, slug: &'a str) -> impl Iterator<Item = &'a Target> {
        self.targets.iter().filter(move |target| target.commune == slug)
    }
}

/// The kind of value asked: the target's operator decides where it differs from the indicator's own kind.
#[must_use]
pub fn kind_asked(indicator: Kind, goal: Goal) -> Kind {
    match goal {
        Goal::Yes => Kind::Flag,
        _ => indicator,
    }
}
