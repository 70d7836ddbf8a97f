//! One commune's view of the catalogue <-> `CommuneCatalogue`.
//!
//! Targets, units and tasks do not repeat the commune on the wire: all are of the one commune that the message is for.

use crate::{WireError, field, sync::v1};
use shared::{
    amount::Amount,
    calendar::DueDays,
    catalogue::{
        Commune, CommuneKind, Direction, EvidenceDuty, Goal, Indicator, Kind, MAX_UNIT_MEMBERS, Operator, Province,
        Rule, Target, Task, Unit, view::CommuneView,
    },
    period::Cycle,
};

/// Most indicators, targets, units or tasks in one view.
pub const MAX_ROWS: usize = 10_000;
/// Longest text of a catalogue, in characters.
pub const MAX_TEXT_CHARS: usize = 20_000;
/// Plan years that periods can have.
const PLAN_YEARS: std::ops::Range<i32> = 2000..2200;

/// To the wire.
#[must_use]
pub fn to_wire(view: &CommuneView) -> v1::CommuneCatalogue {
    let days = view.province.days;
    v1::CommuneCatalogue {
        version: view.version,
        rules: view.province.rules.clone(),
        plan_year: view.province.plan_year,
        province_name: view.province.name.clone(),
        commune: Some(commune_to_wire(&view.commune)),
        indicators: view.indicators.iter().map(indicator_to_wire).collect(),
        targets: view.targets.iter().map(target_to_wire).collect(),
        units: view.units.iter().map(unit_to_wire).collect(),
        tasks: view.tasks.iter().map(task_to_wire).collect(),
        province: view.province.id.clone(),
        days: Some(v1::DueDays {
            units_cutoff_day: days.units_cutoff.into(),
            cutoff_day: days.cutoff.into(),
            report_day: days.report.into(),
        }),
    }
}

/// From the wire.
///
/// # Errors
/// The first field that is not what it should be.
pub fn from_wire(wire: v1::CommuneCatalogue) -> Result<CommuneView, WireError> {
    let rows = [wire.indicators.len(), wire.targets.len(), wire.units.len(), wire.tasks.len()];
    if rows.iter().any(|rows| *rows > MAX_ROWS) {
        return Err(WireError::field("catalogue", format!("more than {MAX_ROWS} rows of a kind")));
    }
    if wire.version == 0 {
        return Err(WireError::field("catalogue.version", "missing"));
    }
    let version = field::number("catalogue.version", wire.version)?;
    if !PLAN_YEARS.contains(&wire.plan_year) {
        return Err(WireError::field("catalogue.plan_year", format!("no such year: {}", wire.plan_year)));
    }
    let commune = wire.commune.ok_or_else(|| WireError::field("catalogue.commune", "missing"))?;
    let commune = commune_from_wire(commune)?;
    let slug = commune.slug.as_str();
    Ok(CommuneView {
        version,
        province: Province {
            id: field::code("catalogue.province", wire.province)?,
            name: text("catalogue.province_name", wire.province_name)?,
            plan_year: wire.plan_year,
            rules: field::code("catalogue.rules", wire.rules)?,
            days: days_from_wire(wire.days)?,
        },
        indicators: wire.indicators.into_iter().map(indicator_from_wire).collect::<Result<_, _>>()?,
        targets: wire.targets.into_iter().map(|row| target_from_wire(row, slug)).collect::<Result<_, _>>()?,
        units: wire.units.into_iter().map(|row| unit_from_wire(row, slug)).collect::<Result<_, _>>()?,
        tasks: wire.tasks.into_iter().map(|row| task_from_wire(row, slug)).collect::<Result<_, _>>()?,
        commune,
    })
}

fn text(field: &'static str, value: String) -> Result<String, WireError> {
    field::text(field, value, MAX_TEXT_CHARS)
}

fn cycle_to_wire(cycle: Option<Cycle>) -> String {
    cycle.map(Cycle::as_str).unwrap_or_default().into()
}

fn cycle_from_wire(field: &'static str, value: &str) -> Result<Option<Cycle>, WireError> {
    if value.is_empty() { Ok(None) } else { field::word(field, value, Cycle::from_word).map(Some) }
}

fn amount_to_wire(amount: Option<Amount>) -> String {
    amount.map(|amount| amount.to_string()).unwrap_or_default()
}

/// A day of the month; `None` for 0.
fn day_from_wire(field: &'static str, day: u32) -> Result<Option<u8>, WireError> {
    match u8::try_from(day) {
        Ok(0) => Ok(None),
        Ok(day @ 1..=31) => Ok(Some(day)),
        _ => Err(WireError::field(field, format!("no such day of a month: {day}"))),
    }
}

fn days_from_wire(wire: Option<v1::DueDays>) -> Result<DueDays, WireError> {
    let wire = wire.ok_or_else(|| WireError::field("catalogue.days", "missing"))?;
    let day = |field, day| day_from_wire(field, day)?.ok_or_else(|| WireError::field(field, "missing"));
    Ok(DueDays {
        units_cutoff: day("days.units_cutoff_day", wire.units_cutoff_day)?,
        cutoff: day("days.cutoff_day", wire.cutoff_day)?,
        report: day("days.report_day", wire.report_day)?,
    })
}

fn commune_to_wire(commune: &Commune) -> v1::Commune {
    v1::Commune {
        slug: commune.slug.clone(),
        code: commune.code.clone(),
        name: commune.name.clone(),
        kind: commune.kind.as_str().into(),
        cycle: cycle_to_wire(commune.cycle),
        units_cutoff_day: commune.units_cutoff.unwrap_or(0).into(),
        cutoff_day: commune.cutoff.unwrap_or(0).into(),
        report_day: commune.report.unwrap_or(0).into(),
        note: commune.note.clone(),
        evidence: commune.evidence.as_str().into(),
    }
}

fn commune_from_wire(wire: v1::Commune) -> Result<Commune, WireError> {
    Ok(Commune {
        slug: field::code("commune.slug", wire.slug)?,
        code: field::code("commune.code", wire.code)?,
        name: text("commune.name", wire.name)?,
        kind: field::word("commune.kind", &wire.kind, CommuneKind::from_word)?,
        cycle: cycle_from_wire("commune.cycle", &wire.cycle)?,
        units_cutoff: day_from_wire("commune.units_cutoff_day", wire.units_cutoff_day)?,
        cutoff: day_from_wire("commune.cutoff_day", wire.cutoff_day)?,
        report: day_from_wire("commune.report_day", wire.report_day)?,
        note: text("commune.note", wire.note)?,
        evidence: EvidenceDuty::from_word(&wire.evidence).unwrap_or_default(),
    })
}

fn indicator_to_wire(indicator: &Indicator) -> v1::Indicator {
    let standard = indicator.standard;
    v1::Indicator {
        code: indicator.code.clone(),
        group: indicator.group.clone(),
        group_name: indicator.group_name.clone(),
        name: indicator.name.clone(),
        name_en: indicator.name_en.clone(),
        unit: indicator.unit.clone(),
        kind: indicator.kind.as_str().into(),
        direction: indicator.direction.as_str().into(),
        cycle: cycle_to_wire(indicator.cycle),
        rule: indicator.rule.to_text(),
        points: indicator.points.to_string(),
        requires_evidence: indicator.requires_evidence,
        standard_operator: standard.map(|goal| goal.operator().as_str()).unwrap_or_default().into(),
        standard_value: amount_to_wire(standard.and_then(Goal::value)),
        standard_high: amount_to_wire(standard.and_then(Goal::high)),
        note: indicator.note.clone(),
        at_most_of: indicator.at_most_of.clone(),
    }
}

fn indicator_from_wire(wire: v1::Indicator) -> Result<Indicator, WireError> {
    let [operator, value, high] = [&wire.standard_operator, &wire.standard_value, &wire.standard_high];
    let standard = if operator.is_empty() && value.is_empty() && high.is_empty() {
        None
    } else {
        Some(goal_from_wire("indicator.standard", operator, value, high)?)
    };
    Ok(Indicator {
        code: field::code("indicator.code", wire.code)?,
        group: field::code("indicator.group", wire.group)?,
        group_name: text("indicator.group_name", wire.group_name)?,
        name: text("indicator.name", wire.name)?,
        name_en: text("indicator.name_en", wire.name_en)?,
        unit: text("indicator.unit", wire.unit)?,
        kind: field::word("indicator.kind", &wire.kind, Kind::from_word)?,
        direction: field::word("indicator.direction", &wire.direction, Direction::from_word)?,
        cycle: cycle_from_wire("indicator.cycle", &wire.cycle)?,
        rule: Rule::from_text(&text("indicator.rule", wire.rule)?)
            .map_err(|e| WireError::field("indicator.rule", e))?,
        points: field::amount("indicator.points", &wire.points)?,
        requires_evidence: wire.requires_evidence,
        standard,
        note: text("indicator.note", wire.note)?,
        at_most_of: text("indicator.at_most_of", wire.at_most_of)?,
    })
}

fn goal_from_wire(field: &'static str, operator: &str, value: &str, high: &str) -> Result<Goal, WireError> {
    let operator = field::word(field, operator, Operator::from_word)?;
    let [value, high] = [field::optional_amount(field, value)?, field::optional_amount(field, high)?];
    Goal::new(operator, value, high).map_err(|error| WireError::field(field, error))
}

fn target_to_wire(target: &Target) -> v1::Target {
    v1::Target {
        plan_ref: target.plan_ref.to_string(),
        indicator: target.indicator.to_string(),
        operator: target.goal.operator().as_str().into(),
        value: amount_to_wire(target.goal.value()),
        high: amount_to_wire(target.goal.high()),
        wording: target.wording.to_string(),
        printed: target.printed.to_string(),
        unit: target.unit.to_string(),
        lead_unit: target.lead_unit.to_string(),
        deadline: target.deadline.map(|day| day.to_string()).unwrap_or_default(),
        deadline_text: target.deadline_text.to_string(),
        note: target.note.to_string(),
        per_unit: target.per_unit.to_string(),
    }
}

fn target_from_wire(wire: v1::Target, commune: &str) -> Result<Target, WireError> {
    Ok(Target {
        commune: commune.into(),
        plan_ref: text("target.plan_ref", wire.plan_ref)?.into(),
        indicator: field::code("target.indicator", wire.indicator)?.into(),
        goal: goal_from_wire("target.goal", &wire.operator, &wire.value, &wire.high)?,
        wording: text("target.wording", wire.wording)?.into(),
        printed: text("target.printed", wire.printed)?.into(),
        unit: text("target.unit", wire.unit)?.into(),
        lead_unit: text("target.lead_unit", wire.lead_unit)?.into(),
        deadline: field::optional_day("target.deadline", &wire.deadline)?,
        deadline_text: text("target.deadline_text", wire.deadline_text)?.into(),
        note: text("target.note", wire.note)?.into(),
        per_unit: text("target.per_unit", wire.per_unit)?.into(),
    })
}

fn unit_to_wire(unit: &Unit) -> v1::Unit {
    v1::Unit {
        code: unit.code.clone(),
        name: unit.name.clone(),
        variants: unit.variants.clone(),
        role: unit.role.clone(),
        members: unit.members.into(),
    }
}

fn unit_from_wire(wire: v1::Unit, commune: &str) -> Result<Unit, WireError> {
    Ok(Unit {
        commune: commune.into(),
        code: field::code("unit.code", wire.code)?,
        name: text("unit.name", wire.name)?,
        variants: text("unit.variants", wire.variants)?,
        role: text("unit.role", wire.role)?,
        members: u16::try_from(wire.members).unwrap_or(MAX_UNIT_MEMBERS).min(MAX_UNIT_MEMBERS),
    })
}

fn task_to_wire(task: &Task) -> v1::Task {
    v1::Task {
        code: task.code.clone(),
        group: task.group.clone(),
        title: task.title.clone(),
        detail: task.detail.clone(),
        output: task.output.clone(),
        kpi: task.kpi.clone(),
        lead_unit: task.lead_unit.clone(),
        coordinating_units: task.coordinating_units.clone(),
        deadline_text: task.deadline_text.clone(),
        deadline: task.deadline.map(|day| day.to_string()).unwrap_or_default(),
        recurring: task.recurring,
        budget_million_vnd: amount_to_wire(task.budget_million_vnd),
        note: task.note.clone(),
    }
}

fn task_from_wire(wire: v1::Task, commune: &str) -> Result<Task, WireError> {
    Ok(Task {
        commune: commune.into(),
        code: text("task.code", wire.code)?,
        group: text("task.group", wire.group)?,
        title: text("task.title", wire.title)?,
        detail: text("task.detail", wire.detail)?,
        output: text("task.output", wire.output)?,
        kpi: text("task.kpi", wire.kpi)?,
        lead_unit: text("task.lead_unit", wire.lead_unit)?,
        coordinating_units: text("task.coordinating_units", wire.coordinating_units)?,
        deadline_text: text("task.deadline_text", wire.deadline_text)?,
        deadline: field::optional_day("task.deadline", &wire.deadline)?,
        recurring: wire.recurring,
        budget_million_vnd: field::optional_amount("task.budget_million_vnd", &wire.budget_million_vnd)?,
        note: text("task.note", wire.note)?,
    })
}

#[cfg(test)]
mod tests;
