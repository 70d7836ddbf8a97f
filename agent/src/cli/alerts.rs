//! `alerts`: the commune's own red and yellow lights with the reason in words, of targets and tasks. It works without a network.
//!
//! Source: scoring rules 2026.1, "Lights"; plan of xã Định Quán, IV.3.2 (the commune watches its lights itself).

use super::{
    Desk, Failure, Printed,
    arguments::Alerts,
    looking::print,
    month::{head, read},
    table::{Column, formed, hidden, list, text},
};
use crate::{month::Month, store::Store};
use shared::{
    fraction::decimals,
    light::Light,
    listing::{Form, Listing},
    ranking::{Scheme, Scope, board::Board, explain::explain},
    task::{self, Reported},
};

const COLUMNS: [Column; 12] = [
    formed("light", "Đèn", "Light", Form::Light),
    text("plan_ref", "Mục", "Item"),
    text("indicator", "Mã", "Code"),
    text("name", "Chỉ tiêu, nhiệm vụ", "Indicator, task"),
    text("lead_unit", "Đơn vị chủ trì", "Lead unit"),
    hidden("cause"),
    formed("reason", "Lý do", "Reason", Form::Words),
    formed("value", "Kết quả", "Value", Form::Value),
    text("target", "Mục tiêu", "Target"),
    hidden("achievement"),
    text("figure_of", "Kỳ số liệu", "Figure of"),
    hidden("period"),
];

/// `alerts`
pub fn alerts(desk: &Desk, arguments: &Alerts) -> Result<Printed, Failure> {
    let store = Store::open(&desk.folder)?;
    let month = read(desk, store.view(), arguments.period.as_deref())?;
    let list = lights(&month, arguments, desk);
    let title = desk
        .language
        .pick(format!("đèn đỏ, đèn vàng kỳ {}", month.period), format!("red and yellow lights of {}", month.period));
    Ok(print(desk, &list, &head(&month, &title, desk.language)))
}

fn lights(month: &Month, asked: &Alerts, desk: &Desk) -> Listing {
    let (ledger, period, language) = (&month.ledger, month.period, desk.language);
    let (book, slug) = (&ledger.book, &month.catalogue.commune.slug);
    let is_wanted = |light: Light, lead_unit: &str| {
        let unit = |unit: &str| ledger.catalogue.is_led_by(slug, lead_unit, unit);
        asked.light.as_ref().is_none_or(|wanted| wanted == light.as_str()) && asked.unit.as_deref().is_none_or(unit)
    };
    let mut rows: Vec<(Light, Vec<String>)> = Vec::new();
    let (mut targets, mut tasks) = ([0, 0], 0);
    if let Some(commune) = ledger.commune {
        let board = Board::new(book, Scheme::Own, period, &Scope::default());
        for row in explain(book, &board, commune, month.today) {
            let target = row.own.and_then(|own| month.catalogue.targets.get(own as usize));
            let (Some(cause), Some(target)) = (row.cause, target) else { continue };
            if !is_wanted(row.light, &target.lead_unit) {
                continue;
            }
            targets[usize::from(row.light != Light::Red)] += 1;
            let indicator = &book.indicators()[row.indicator as usize];
            let cells = vec![
                row.light.as_str().to_owned(),
                target.plan_ref.to_string(),
                indicator.code.clone(),
                indicator.name.clone(),
                target.lead_unit.to_string(),
                cause.as_str().to_owned(),
                cause.explain(language),
                row.value_text(),
                target.printed.to_string(),
                row.achievement_text(),
                row.effective.as_ref().map(|effective| effective.period.to_string()).unwrap_or_default(),
                period.to_string(),
            ];
            rows.push((row.light, cells));
        }
        for task in &month.catalogue.tasks {
            let progress = task::progress(book, commune, task, period, month.today);
            let Some(cause) = progress.cause.filter(|_| is_wanted(progress.light, &task.lead_unit)) else { continue };
            tasks += 1;
            let cells = vec![
                progress.light.as_str().to_owned(),
                task.code.clone(),
                Reported::Progress(&task.code).code(),
                task.title.clone(),
                task.lead_unit.clone(),
                cause.as_str().to_owned(),
                cause.explain(language),
                progress.percent.map(|percent| percent.to_decimals(6)).unwrap_or_default(),
                task.deadline_text.clone(),
                decimals(progress.achieved.into(), 6),
                progress.reported_for.map(|period| period.to_string()).unwrap_or_default(),
                period.to_string(),
            ];
            rows.push((progress.light, cells));
        }
    }
    rows.sort_by_key(|(light, _)| *light != Light::Red);
    let mut listed = list(&COLUMNS, rows.into_iter().map(|(_, cells)| cells).collect(), language);
    let [red, yellow] = targets;
    listed.notes.push(language.pick(
        format!("Mục tiêu: {red} đèn đỏ, {yellow} đèn vàng; nhiệm vụ: {tasks} đèn. Theo số liệu trên máy này, kể cả số chưa gửi."),
        format!("Targets: {red} red, {yellow} yellow; tasks: {tasks} lights. By the figures on this computer, also those not sent yet."),
    ));
    listed
}
