//! The tables of the exports: every input and output of the scoring rules, as rows. [`mod@write`] prints them, [`read`] takes
//! them back, so that anyone can recompute a published month from the files alone.
//!
//! Source: scoring rules 2026.1, "Columns of the exports". Column names change only with the rules.

pub mod read;
pub mod write;

use crate::{
    amount::Amount,
    catalogue::{Catalogue, CommuneKind, Direction, Goal, Kind, Rule},
    observation::{Decision, Value},
    period::{Cycle, Period},
    text::Text,
};
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::HashSet;

/// `communes`: a commune with targets in the plan year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommuneRow {
    /// ASCII id.
    pub slug: String,
    /// Official code.
    pub code: String,
    /// Full name.
    pub name: String,
    /// Xã or phường.
    pub kind: CommuneKind,
    /// Its own cycle.
    pub cycle: Option<Cycle>,
}

/// `indicators`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndicatorRow {
    /// Code.
    pub code: String,
    /// Group.
    pub group: String,
    /// Name.
    pub name: String,
    /// Unit of measure.
    pub unit: String,
    /// Kind of value.
    pub kind: Kind,
    /// Which way is better.
    pub direction: Direction,
    /// Its own cycle.
    pub cycle: Option<Cycle>,
    /// How it is scored.
    pub rule: Rule,
    /// Its weight.
    pub points: Amount,
    /// The provincial standard target.
    pub standard: Option<Goal>,
}

/// `targets`. The column `points` (this target's share) is derived when written and not read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetRow {
    /// Commune slug.
    pub commune: Text,
    /// Section and number in the plan.
    pub plan_ref: Text,
    /// Indicator code.
    pub indicator: Text,
    /// What is asked.
    pub goal: Goal,
    /// Lead units as printed.
    pub lead_unit: Text,
    /// Deadline.
    pub deadline: Option<NaiveDate>,
    /// Whether a completed figure needs evidence.
    pub requires_evidence: bool,
}

/// `exceptions`: another cut-off day for one commune and period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExceptionRow {
    /// Commune slug.
    pub commune: String,
    /// Period.
    pub period: Period,
    /// Its last day.
    pub cutoff: NaiveDate,
    /// Why.
    pub reason: String,
}

/// `observations`: one version of one figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservationRow {
    /// Commune slug.
    pub commune: String,
    /// Indicator code.
    pub indicator: String,
    /// Unit code, empty for the whole commune.
    pub unit: String,
    /// Period.
    pub period: Period,
    /// Counts from 1 for each (commune, indicator, unit, period).
    pub version: u32,
    /// What was reported.
    pub value: Value,
    /// Who.
    pub entered_by: String,
    /// When, by the commune's clock.
    pub entered_at: DateTime<Utc>,
    /// When, by the province's clock.
    pub received_at: DateTime<Utc>,
    /// Evidence files bound to this version.
    pub evidence_count: u32,
    /// The reviewer's decision on this version.
    pub verdict: Option<Decision>,
}

/// All inputs of a computation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Inputs {
    /// Communes with targets.
    pub communes: Vec<CommuneRow>,
    /// The whole catalogue of indicators.
    pub indicators: Vec<IndicatorRow>,
    /// All targets of these communes.
    pub targets: Vec<TargetRow>,
    /// Exceptions, one per (commune, period).
    pub exceptions: Vec<ExceptionRow>,
    /// Every version of every figure of the plan year.
    pub observations: Vec<ObservationRow>,
}

impl Inputs {
    /// The catalogue's part; exceptions and observations are empty.
    #[must_use]
    pub fn of_catalogue(catalogue: &Catalogue) -> Self {
        let with_targets: HashSet<&str> = catalogue.targets.iter().map(|target| target.commune.as_str()).collect();
        let communes = catalogue
            .communes
            .iter()
            .filter(|commune| with_targets.contains(commune.slug.as_str()))
            .map(|commune| CommuneRow {
                slug: commune.slug.clone(),
                code: commune.code.clone(),
                name: commune.name.clone(),
                kind: commune.kind,
                cycle: commune.cycle,
            })
            .collect();
        let indicators = catalogue.indicators.iter().map(indicator_row).collect();
        let targets = catalogue
            .targets
            .iter()
            .map(|target| TargetRow {
                commune: target.commune.clone(),
                plan_ref: target.plan_ref.clone(),
                indicator: target.indicator.clone(),
                goal: catalogue.goal_in_total(target),
                lead_unit: target.lead_unit.clone(),
                deadline: target.deadline,
                requires_evidence: catalogue.indicator(&target.indicator).is_none_or(|i| i.requires_evidence),
            })
            .collect();
        Self { communes, indicators, targets, ..Self::default() }
    }
}

fn indicator_row(indicator: &crate::catalogue::Indicator) -> IndicatorRow {
    IndicatorRow {
        code: indicator.code.clone(),
        group: indicator.group.clone(),
        name: indicator.name.clone(),
        unit: indicator.unit.clone(),
        kind: indicator.kind,
        direction: indicator.direction,
        cycle: indicator.cycle,
        rule: indicator.rule.clone(),
        points: indicator.points,
        standard: indicator.standard,
    }
}
