//! Red and yellow lights with the reason in words, of the province, a commune or a unit; and what changed since a day.

use super::{
    explanation::TargetFacts,
    figures::Figures,
    question::{AlertsAsked, AskError, Question, Since},
};
use crate::{
    alerts::lit,
    store::{Alert, AlertEvent},
};
use chrono::{DateTime, Days, NaiveDate, Utc};
use shared::{
    calendar::{end_of_day, rfc3339},
    fraction::decimals,
    language::Language,
    light::{Light, cause_label},
    listing::{Column, Form, Listing},
    task::{self, Reported},
};
use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
};

/// The instant from which events are needed for a question asked today.
#[must_use]
pub fn events_since(asked: &AlertsAsked, today: NaiveDate) -> DateTime<Utc> {
    let day = match asked.changes {
        Some(Since::Day(day)) => day,
        Some(Since::Yesterday) | None => today - Days::new(1),
    };
    // The beginning of the day is the end of the one before.
    end_of_day(day - Days::new(1))
}

/// The lights that stand, red first; or what was raised and cleared since a day.
///
/// # Errors
/// No such commune, or none with targets; a period outside the plan year.
pub(super) fn alerts(figures: &Figures, question: &Question, asked: &AlertsAsked) -> Result<Listing, AskError> {
    let commune = match &asked.commune {
        Some(typed) => {
            let commune = figures.catalogue.find_commune(typed)?;
            let known = figures.standings.book().commune_number(&commune.slug);
            known.ok_or_else(|| AskError::NoTargets(commune.name.clone()))?;
            Some(commune.slug.clone())
        }
        None => None,
    };
    let is_wanted = |slug: &str, lead_unit: &str, light: Light| {
        commune.as_deref().is_none_or(|wanted| wanted == slug)
            && asked.unit.as_deref().is_none_or(|unit| figures.catalogue.is_led_by(slug, lead_unit, unit))
            && asked.light.is_none_or(|wanted| wanted == light)
    };
    match asked.changes {
        None => now(figures, question, is_wanted),
        Some(_) => Ok(changes(figures, question.language, events_since(asked, figures.today), is_wanted)),
    }
}

fn now(
    figures: &Figures,
    question: &Question,
    is_wanted: impl Fn(&str, &str, Light) -> bool,
) -> Result<Listing, AskError> {
    let (language, book) = (question.language, figures.standings.book());
    let period = figures.period(question.period)?;
    let since: HashMap<(&str, &str, Light), DateTime<Utc>> = figures
        .alert_events
        .iter()
        .filter(|event| event.cleared_at.is_none())
        .map(|AlertEvent { alert, raised_at, .. }| {
            ((alert.commune.as_str(), alert.plan_ref.as_str(), alert.light), *raised_at)
        })
        .collect();
    let mut lines = Vec::new();
    for row in lit(figures, period) {
        let member = &book.members()[row.commune as usize];
        let Some(target) = row.own.and_then(|own| member.targets.get(own as usize)) else { continue };
        let (slug, plan_ref, lead_unit) = (&member.row.slug, &target.plan_ref, &target.lead_unit);
        if !is_wanted(slug, lead_unit, row.light) {
            continue;
        }
        let indicator = &book.indicators()[row.indicator as usize];
        let raised = since.get(&(slug.as_str(), &**plan_ref, row.light));
        let cells = vec![
            row.light.as_str().to_owned(),
            slug.clone(),
            member.row.name.clone(),
            plan_ref.to_string(),
            indicator.code.clone(),
            indicator.name.clone(),
            lead_unit.to_string(),
            row.cause.map_or("", |cause| cause.as_str()).to_owned(),
            row.cause.map(|cause| cause.explain(language)).unwrap_or_default(),
            row.value_text(),
            TargetFacts::of(figures, &row, slug).printed,
            row.achievement_text(),
            period.to_string(),
            raised.map(|at| rfc3339(*at)).unwrap_or_default(),
        ];
        lines.push(((Reverse(row.light == Light::Red), member.name_order), cells));
    }
    for task::list::Line { commune, task, progress } in super::task::lines(figures, period) {
        let Some(cause) = progress.cause.filter(|_| is_wanted(&task.commune, &task.lead_unit, progress.light)) else {
            continue;
        };
        let place = Reported::Progress(&task.code).code();
        let raised = since.get(&(task.commune.as_str(), place.as_str(), progress.light)).copied();
        let cells = vec![
            progress.light.as_str().to_owned(),
            task.commune.clone(),
            commune.to_owned(),
            task.code.clone(),
            place,
            task.title.clone(),
            task.lead_unit.clone(),
            cause.as_str().to_owned(),
            cause.explain(language),
            progress.percent.map(|percent| percent.to_decimals(6)).unwrap_or_default(),
            task.deadline_text.clone(),
            decimals(progress.achieved.into(), 6),
            period.to_string(),
            raised.map(rfc3339).unwrap_or_default(),
        ];
        let order = book.commune_number(&task.commune).map_or(0, |number| book.members()[number as usize].name_order);
        lines.push(((Reverse(progress.light == Light::Red), order), cells));
    }
    lines.sort_by_key(|(order, _)| *order);
    let is_task = |cells: &[String]| Reported::of(&cells[4]).is_task();
    let count = |word: &str| lines.iter().filter(|(_, cells)| cells[0] == word && !is_task(cells)).count();
    let (red, yellow, all) = (count("red"), count("yellow"), lines.len());
    let tasks = all - red - yellow;
    let l = |vi, en| language.pick(vi, en);
    Ok(Listing {
        title: format!("{} {period}", l("Đèn đỏ, đèn vàng kỳ", "Red and yellow lights of")),
        notes: vec![language.pick(
            format!("Mục tiêu: {red} đèn đỏ, {yellow} đèn vàng; nhiệm vụ: {tasks} đèn. Thay đổi từ hôm qua: `alerts --changes`."),
            format!("Targets: {red} red, {yellow} yellow; tasks: {tasks} lights. What changed since yesterday: `alerts --changes`."),
        )],
        columns: vec![
            Column::new("light", l("Đèn", "Light"), Form::Light),
            Column::new("commune", "", Form::Text),
            Column::new("name", l("Xã, phường", "Commune"), Form::Text),
            Column::new("plan_ref", l("Mục", "Item"), Form::Text),
            Column::new("indicator", l("Mã", "Code"), Form::Text),
            Column::new("indicator_name", l("Chỉ tiêu, nhiệm vụ", "Indicator, task"), Form::Text),
            Column::new("lead_unit", l("Đơn vị chủ trì", "Lead unit"), Form::Text),
            Column::new("cause", "", Form::Text),
            Column::new("reason", l("Lý do", "Reason"), Form::Words),
            Column::new("value", l("Kết quả", "Value"), Form::Value),
            Column::new("target", l("Mục tiêu", "Target"), Form::Text),
            Column::new("achievement", "", Form::Share),
            Column::new("period", "", Form::Text),
            Column::new("raised_at", l("Từ lúc", "Since"), Form::Time),
        ],
        rows: lines.into_iter().map(|(_, cells)| cells).collect(),
    })
}

/// Commune, place in its plan, and light.
type Place<'a> = (&'a str, &'a str, Light);

fn place(alert: &Alert) -> Place<'_> {
    (&alert.commune, &alert.plan_ref, alert.light)
}

fn changes(
    figures: &Figures,
    language: Language,
    since: DateTime<Utc>,
    is_wanted: impl Fn(&str, &str, Light) -> bool,
) -> Listing {
    let book = figures.standings.book();
    let mut rows: Vec<(DateTime<Utc>, Vec<String>)> = Vec::new();
    // A light that was cleared and raised at one instant has another reason now.
    let events = || figures.alert_events.iter().map(|event| (place(&event.alert), event));
    let all_raised: HashSet<_> = events().map(|(place, event)| (place, event.raised_at)).collect();
    let all_cleared: HashSet<_> = events().filter_map(|(place, event)| Some((place, event.cleared_at?))).collect();
    for AlertEvent { alert, period, raised_at, cleared_at } in &figures.alert_events {
        let Alert { commune, plan_ref, light, cause } = alert;
        let member = book.commune_number(commune).map(|number| &book.members()[number as usize]);
        let target = member.and_then(|member| member.targets.iter().find(|target| *target.plan_ref == **plan_ref));
        let task = Reported::of(plan_ref).task();
        let task =
            task.and_then(|code| figures.catalogue.tasks.iter().find(|t| t.commune == *commune && t.code == code));
        let owner = task.map_or("", |task| task.lead_unit.as_str());
        let lead_unit = target.map_or(owner, |target| &*target.lead_unit);
        if !is_wanted(commune, lead_unit, *light) {
            continue;
        }
        let indicator = target.map(|target| &book.indicators()[target.indicator as usize]);
        let own = place(alert);
        let took_over = all_cleared.contains(&(own, *raised_at));
        let went_over = cleared_at.is_some_and(|at| all_raised.contains(&(own, at)));
        let raised = if took_over { ("changed", "đổi lý do") } else { ("raised", "bật") };
        let moments = [(raised, Some(*raised_at)), (("cleared", "tắt"), cleared_at.filter(|_| !went_over))];
        for ((word, vi), at) in moments.into_iter().filter_map(|(word, at)| Some((word, at?))) {
            if at < since {
                continue;
            }
            let cells = vec![
                rfc3339(at),
                word.to_owned(),
                language.pick(vi, word).to_owned(),
                light.as_str().to_owned(),
                commune.clone(),
                member.map_or_else(|| commune.clone(), |member| member.row.name.clone()),
                task.map_or(plan_ref, |task| &task.code).clone(),
                indicator.map(|indicator| &indicator.code).or(task.map(|_| plan_ref)).cloned().unwrap_or_default(),
                indicator
                    .map(|indicator| &indicator.name)
                    .or(task.map(|task| &task.title))
                    .cloned()
                    .unwrap_or_default(),
                lead_unit.to_owned(),
                cause.clone(),
                cause_label(cause, language).to_owned(),
                period.to_string(),
            ];
            rows.push((at, cells));
        }
    }
    rows.sort_by_key(|(at, _)| *at);
    let l = |vi, en| language.pick(vi, en);
    let day = shared::calendar::local_day(since);
    Listing {
        title: language.pick(
            format!("Đèn bật, tắt từ {}", day.format("%d/%m/%Y")),
            format!("Lights raised and cleared since {day}"),
        ),
        notes: Vec::new(),
        columns: vec![
            Column::new("at", l("Lúc", "At"), Form::Time),
            Column::new("change", "", Form::Text),
            Column::new("change_words", l("Thay đổi", "Change"), Form::Text),
            Column::new("light", l("Đèn", "Light"), Form::Light),
            Column::new("commune", "", Form::Text),
            Column::new("name", l("Xã, phường", "Commune"), Form::Text),
            Column::new("plan_ref", l("Mục", "Item"), Form::Text),
            Column::new("indicator", l("Mã", "Code"), Form::Text),
            Column::new("indicator_name", l("Chỉ tiêu", "Indicator"), Form::Text),
            Column::new("lead_unit", l("Đơn vị chủ trì", "Lead unit"), Form::Text),
            Column::new("cause", "", Form::Text),
            Column::new("reason", l("Lý do", "Reason"), Form::Words),
            Column::new("period", l("Kỳ", "Period"), Form::Text),
        ],
        rows: rows.into_iter().map(|(_, cells)| cells).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use shared::period::Period;

    #[tokio::test]
    async fn another_reason_of_a_red_light_is_one_line_in_words() {
        let (_folder, store) = sample::store().await;
        let mut figures = Figures::load(&store, "2026-10-16".parse().unwrap()).await.unwrap();
        let period: Period = "2026-10".parse().unwrap();
        let at = |hours| sample::moment() + chrono::TimeDelta::hours(hours);
        let event = |cause: &str, raised_at, cleared_at| AlertEvent {
            alert: Alert {
                commune: "tan-phu".into(),
                plan_ref: "II.2.V.7".into(),
                light: Light::Red,
                cause: cause.into(),
            },
            period,
            raised_at,
            cleared_at,
        };
        figures.alert_events = vec![event("far_behind", at(0), Some(at(1))), event("returned", at(1), None)];
        let list = changes(&figures, Language::Vi, at(-1), |_, _, _| true);
        let of = |name: &str| {
            let place = list.columns.iter().position(|column| column.name == name).unwrap();
            list.rows.iter().map(|row| row[place].as_str()).collect::<Vec<_>>()
        };
        assert_eq!(of("change"), ["raised", "changed"]);
        assert_eq!(of("reason"), ["thấp hơn 50 % so với lộ trình thời gian", "bị trả lại, chờ hoàn thiện"]);
    }
}
