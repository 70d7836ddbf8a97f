//! The list of tasks as both programs print it.

use super::{Progress, Reported, Term};
use crate::{
    catalogue::Task,
    fraction::decimals,
    language::Language,
    light::Light,
    listing::{Column, Form, Listing, number_for_people},
    vietnamese::trimmed,
};

/// A task with its commune and how far it is.
#[derive(Debug, Clone)]
pub struct Line<'a> {
    /// Name of the commune.
    pub commune: &'a str,
    /// The task.
    pub task: &'a Task,
    /// How far it is.
    pub progress: Progress,
}

/// The tasks as a list; `with_communes` shows people which commune's they are.
#[must_use]
pub fn list(lines: &[Line<'_>], with_communes: bool, language: Language) -> Listing {
    let l = |vi, en| language.pick(vi, en);
    let commune = if with_communes { l("Xã, phường", "Commune") } else { "" };
    Listing {
        title: String::new(),
        notes: notes(lines, language),
        columns: vec![
            Column::new("light", l("Đèn", "Light"), Form::Light),
            Column::new("commune", "", Form::Text),
            Column::new("name", commune, Form::Text),
            Column::new("task", l("Mã", "Code"), Form::Text),
            Column::new("title", l("Nhiệm vụ", "Task"), Form::Text),
            Column::new("lead_unit", l("Chủ trì", "Owner"), Form::Text),
            Column::new("deadline_text", l("Thời hạn", "Deadline"), Form::Text),
            Column::new("deadline", "", Form::Day),
            Column::new("term", "", Form::Text),
            Column::new("progress", l("Tiến độ", "Progress"), Form::Share),
            Column::new("reported_for", "", Form::Text),
            Column::new("state", l("Trạng thái", "State"), Form::State),
            Column::new("evidence", "", Form::Number),
            Column::new("budget_million_vnd", l("Kinh phí", "Budget"), Form::Number),
            Column::new("disbursed_million_vnd", l("Giải ngân", "Disbursed"), Form::Number),
            Column::new("cause", "", Form::Text),
            Column::new("reason", l("Lý do", "Reason"), Form::Words),
            Column::new("group", "", Form::Text),
            Column::new("detail", "", Form::Text),
            Column::new("output", "", Form::Text),
            Column::new("kpi", "", Form::Text),
            Column::new("coordinating_units", "", Form::Text),
            Column::new("recurring", "", Form::Text),
            Column::new("report_code", "", Form::Text),
            Column::new("note", "", Form::Text),
        ],
        rows: lines.iter().map(|line| row(line, language)).collect(),
    }
}

fn row(line: &Line<'_>, language: Language) -> Vec<String> {
    let Line { commune, task, progress } = line;
    let term = match progress.term {
        // The plan's words, and for what has none that it has none.
        Term::Open | Term::Recurring if task.deadline_text.is_empty() => progress.term.label(language).to_owned(),
        Term::Open => format!("{} ({})", task.deadline_text, progress.term.label(language)),
        Term::By(_) | Term::Recurring => task.deadline_text.clone(),
    };
    vec![
        progress.light.as_str().to_owned(),
        task.commune.clone(),
        (*commune).to_owned(),
        task.code.clone(),
        task.title.clone(),
        task.lead_unit.clone(),
        term,
        task.deadline.map(|day| day.to_string()).unwrap_or_default(),
        progress.term.as_str().to_owned(),
        progress.percent.map(|_| decimals(progress.achieved.into(), 6)).unwrap_or_default(),
        progress.reported_for.map(|period| period.to_string()).unwrap_or_default(),
        progress.state.as_str().to_owned(),
        progress.evidence.to_string(),
        task.budget_million_vnd.map(|budget| budget.to_string()).unwrap_or_default(),
        progress.disbursed.map(|spent| trimmed(&spent.to_decimals(6)).to_owned()).unwrap_or_default(),
        progress.cause.map_or("", |cause| cause.as_str()).to_owned(),
        progress.cause.map(|cause| cause.explain(language)).unwrap_or_default(),
        task.group.clone(),
        task.detail.clone(),
        task.output.clone(),
        task.kpi.clone(),
        task.coordinating_units.clone(),
        if task.recurring { "yes" } else { "no" }.to_owned(),
        Reported::Progress(&task.code).code(),
        task.note.clone(),
    ]
}

/// How many there are of each light, and how much of the budgets is disbursed.
fn notes(lines: &[Line<'_>], language: Language) -> Vec<String> {
    let count = |light: Light| lines.iter().filter(|line| line.progress.light == light).count();
    let (all, red, yellow) = (lines.len(), count(Light::Red), count(Light::Yellow));
    let mut notes = vec![language.pick(
        format!("{all} nhiệm vụ: {red} đèn đỏ, {yellow} đèn vàng. Xám: định kỳ, chưa đến hạn kỳ này."),
        format!("{all} tasks: {red} red, {yellow} yellow. Grey: recurring, not due yet in this period."),
    )];
    let budgeted: Vec<_> = lines.iter().filter_map(|line| Some((line, line.task.budget_million_vnd?))).collect();
    if !budgeted.is_empty() {
        let budget: i128 = budgeted.iter().map(|(_, budget)| budget.micros()).sum();
        let spent: i128 = budgeted.iter().filter_map(|(line, _)| Some(line.progress.disbursed?.rounded(6))).sum();
        let million = |micros: i128| number_for_people(trimmed(&decimals(micros, 6)), language);
        // Tenths of a percent, cut.
        let share = spent.checked_mul(1_000).map_or(0, |spent| spent / budget.max(1));
        let share = number_for_people(trimmed(&decimals(share, 1)), language);
        notes.push(language.pick(
            format!("Giải ngân {} trên {} triệu đồng ({share} %).", million(spent), million(budget)),
            format!("Disbursed {} of {} million VND ({share} %).", million(spent), million(budget)),
        ));
    }
    notes
}
