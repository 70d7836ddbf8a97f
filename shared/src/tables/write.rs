//! The tables of the exports as lists: columns, order of rows and the form of every cell.

use super::Inputs;
use crate::{
    book::Book,
    calendar::rfc3339,
    catalogue::Goal,
    listing::{Column, Form, Listing},
    observation::Value,
    period::Period,
    ranking::{
        RankingRow, Scheme,
        explain::{ExplainRow, share_text},
    },
    task::Reported,
};

/// An empty list with the columns of an export; people see the columns' own names.
fn columns(names: &str, numbers: &str) -> Listing {
    let form = |name: &str| if numbers.split(',').any(|number| number == name) { Form::Number } else { Form::Text };
    let columns = names.split(',').map(|name| Column::new(name, name, form(name)));
    Listing { columns: columns.collect(), ..Listing::default() }
}

fn optional<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

fn goal_cells(goal: Option<Goal>) -> [String; 3] {
    let operator = goal.map_or("", |goal| goal.operator().as_str());
    [operator.to_owned(), optional(goal.and_then(Goal::value)), optional(goal.and_then(Goal::high))]
}

/// `communes`.
#[must_use]
pub fn communes(inputs: &Inputs) -> Listing {
    let mut table = columns("slug,code,name,kind,cycle", "");
    for row in &inputs.communes {
        let cycle = row.cycle.map_or("", |cycle| cycle.as_str());
        table.rows.push([&row.slug, &row.code, &row.name, row.kind.as_str(), cycle].map(str::to_owned).to_vec());
    }
    table
}

/// `indicators`.
#[must_use]
pub fn indicators(inputs: &Inputs) -> Listing {
    let mut table = columns(
        "code,group,name,unit,kind,direction,cycle,rule,points,standard_operator,standard_value,standard_high",
        "points,standard_value,standard_high",
    );
    for row in &inputs.indicators {
        let cycle = row.cycle.map_or("", |cycle| cycle.as_str());
        let words = [&row.code, &row.group, &row.name, &row.unit, row.kind.as_str(), row.direction.as_str(), cycle];
        let mut cells = words.map(str::to_owned).to_vec();
        cells.extend([row.rule.to_text(), row.points.to_string()]);
        cells.extend(goal_cells(row.standard));
        table.rows.push(cells);
    }
    table
}

/// `targets`, with each target's share of its indicator's points.
#[must_use]
pub fn targets(inputs: &Inputs, book: &Book) -> Listing {
    let mut table = columns(
        "commune,plan_ref,indicator,operator,value,high,points,lead_unit,deadline,requires_evidence",
        "value,high,points",
    );
    let mut next = vec![0usize; book.members().len()];
    for row in &inputs.targets {
        let Some(number) = book.commune_number(&row.commune) else { continue };
        // The book keeps a commune's targets in the order of this table.
        let member = &book.members()[number as usize];
        let Some(own) = member.targets.get(next[number as usize]) else { continue };
        next[number as usize] += 1;
        let points = share_text(book.indicators()[own.indicator as usize].points, own.sharers);
        let mut cells = [&row.commune, &row.plan_ref, &row.indicator].map(ToString::to_string).to_vec();
        cells.extend(goal_cells(Some(row.goal)));
        cells.extend([points, row.lead_unit.to_string(), optional(row.deadline), row.requires_evidence.to_string()]);
        table.rows.push(cells);
    }
    table
}

/// `exceptions`.
#[must_use]
pub fn exceptions(inputs: &Inputs) -> Listing {
    let mut table = columns("commune,period,cutoff,reason", "");
    for row in &inputs.exceptions {
        table.rows.push(vec![row.commune.clone(), row.period.to_string(), row.cutoff.to_string(), row.reason.clone()]);
    }
    table
}

/// Numerator, denominator and value of an observation, as in the columns of that name.
#[must_use]
pub fn value_cells(value: Value) -> [String; 3] {
    let plain = |value: String| [String::new(), String::new(), value];
    match value {
        Value::Ratio { numerator, denominator } => [numerator.to_string(), denominator.to_string(), String::new()],
        Value::Percent(amount) | Value::Decimal(amount) => plain(amount.to_string()),
        Value::Count(count) => plain(count.to_string()),
        Value::Flag(yes) => plain(if yes { "yes" } else { "no" }.to_owned()),
    }
}

/// `observations`: every version of every figure. What is reported of tasks is not part of it.
#[must_use]
pub fn observations(inputs: &Inputs) -> Listing {
    let mut table = columns(
        "commune,indicator,unit,period,version,numerator,denominator,value,entered_by,entered_at,received_at,evidence_count,verdict",
        "version,numerator,denominator,evidence_count",
    );
    for column in &mut table.columns {
        column.form = match column.name.as_str() {
            "value" => Form::Value,
            "entered_at" | "received_at" => Form::Time,
            _ => column.form,
        };
    }
    for row in inputs.observations.iter().filter(|row| !Reported::of(&row.indicator).is_task()) {
        let mut cells = [&row.commune, &row.indicator, &row.unit].map(Clone::clone).to_vec();
        cells.extend([row.period.to_string(), row.version.to_string()]);
        cells.extend(value_cells(row.value));
        cells.extend([row.entered_by.clone(), rfc3339(row.entered_at), rfc3339(row.received_at)]);
        cells.extend([row.evidence_count.to_string(), row.verdict.map_or("", |v| v.as_str()).to_owned()]);
        table.rows.push(cells);
    }
    table
}

/// `rankings`.
#[must_use]
pub fn rankings(book: &Book, scheme: Scheme, period: Period, rows: &[RankingRow]) -> Listing {
    let mut table = columns(
        "scheme,period,rank,commune,name,kind,score,met,scored,on_time,movement,provisional",
        "rank,score,met,scored,on_time,movement,provisional",
    );
    for row in rows {
        let commune = &book.members()[row.commune as usize].row;
        table.rows.push(vec![
            scheme.as_str().to_owned(),
            period.to_string(),
            optional(row.rank),
            commune.slug.clone(),
            commune.name.clone(),
            commune.kind.as_str().to_owned(),
            row.score_text(),
            row.met.to_string(),
            row.scored.to_string(),
            row.on_time_text(),
            optional(row.movement),
            row.provisional.to_string(),
        ]);
    }
    table
}

/// `explain`.
#[must_use]
pub fn explain(book: &Book, period: Period, rows: &[ExplainRow]) -> Listing {
    let mut table = columns(
        "commune,plan_ref,indicator,period,value,operator,target,high,achievement,state,counted,points,earned,light",
        "value,target,high,achievement,counted,points,earned",
    );
    for row in rows {
        let member = &book.members()[row.commune as usize];
        let plan_ref = row.own.map_or_else(String::new, |own| member.targets[own as usize].plan_ref.to_string());
        let indicator = book.indicators()[row.indicator as usize].code.clone();
        let mut cells = vec![member.row.slug.clone(), plan_ref, indicator, period.to_string(), row.value_text()];
        cells.extend(goal_cells(Some(row.goal)));
        cells.extend([row.achievement_text(), row.state.as_str().to_owned(), row.counted_text()]);
        cells.extend([row.points_text(), row.earned_text(), row.light.as_str().to_owned()]);
        table.rows.push(cells);
    }
    table
}
