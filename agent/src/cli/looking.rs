//! `targets`, `history`, `standing`, `status`: what a person looks at. All of it works without a network.

use super::{
    Desk, Failure, Printed,
    arguments::{History, Standing, Targets},
    entering::period,
    table::{Column, Format, formed, hidden, list, number, pretty, text, width},
    telling,
    words::{self, plain},
};
use crate::{
    entry::{EntryError, Rulebook},
    page, refusal,
    status::Status,
    store::{Store, figures::Figure},
    uplink::credential,
};
use chrono::NaiveDate;
use serde_json::{Value, json};
use shared::{
    calendar::rfc3339,
    catalogue::{Operator, Target, kind_asked, view::CommuneView},
    feed,
    language::Language,
    listing::{Form, Listing},
    review::in_language,
    task::Reported,
    vietnamese::folded,
};
use std::collections::HashMap;

/// A list in the form asked; `people` is what they read above it.
pub fn print(desk: &Desk, list: &Listing, people: &str) -> Printed {
    match desk.format {
        Format::Table => {
            let mut list = list.clone();
            list.rows.iter_mut().flatten().for_each(|cell| *cell = plain(cell));
            format!("{people}{}", list.table(desk.language, width()))
        }
        Format::Csv => String::from_utf8_lossy(&list.csv()).into_owned(),
        Format::Json => pretty(&list.json()),
    }
    .into()
}

/// `targets`
pub fn targets(desk: &Desk, arguments: &Targets) -> Result<Printed, Failure> {
    let store = Store::open(&desk.folder)?;
    let view = store.view();
    let catalogue = view.catalogue()?.ok_or(EntryError::NoCatalogue)?;
    // Of the whole commune, the latest period.
    let mut newest: HashMap<String, Figure> = HashMap::new();
    for figure in view.newest_of_all()?.into_iter().filter(|figure| figure.observation.key.unit.is_empty()) {
        let key = &figure.observation.key;
        let later =
            newest.get(&key.indicator).is_none_or(|held| held.observation.key.period.by_recency(key.period).is_lt());
        if later {
            newest.insert(key.indicator.clone(), figure);
        }
    }
    let words: Vec<String> = folded(&arguments.search).split(' ').map(str::to_owned).collect();
    let confirmed = view.acknowledged_seq()?;
    let rows = catalogue
        .targets
        .iter()
        .filter(|target| matches(target, &catalogue, &words))
        .map(|target| target_row(desk, &catalogue, target, newest.get(&*target.indicator), confirmed))
        .collect();
    let commune = plain(&catalogue.commune.name);
    let people = format!(
        "{}{}\n",
        words::banner(view.exercise()?.on, desk.language),
        desk.language.pick(
            format!("Mục tiêu của {commune} năm {}", catalogue.province.plan_year),
            format!("Targets of {commune} in {}", catalogue.province.plan_year),
        )
    );
    Ok(print(desk, &list(&TARGET_COLUMNS, rows, desk.language), &people))
}

const TARGET_COLUMNS: [Column; 15] = [
    text("plan_ref", "Mục", "Ref"),
    text("indicator", "Mã", "Code"),
    text("name", "Chỉ tiêu", "Indicator"),
    hidden("wording"),
    text("goal", "Mục tiêu", "Target"),
    hidden("operator"),
    hidden("value"),
    hidden("high"),
    hidden("unit"),
    hidden("kind"),
    text("deadline", "Hạn", "Deadline"),
    text("reported", "Số liệu mới nhất", "Latest figure"),
    text("period", "Kỳ", "Period"),
    text("state", "Tình trạng", "State"),
    hidden("note"),
];

fn matches(target: &Target, catalogue: &CommuneView, words: &[String]) -> bool {
    let name = catalogue.indicator(&target.indicator).map(|i| format!("{} {}", i.name, i.name_en)).unwrap_or_default();
    let all =
        folded(&format!("{} {} {} {name} {}", target.plan_ref, target.indicator, target.wording, target.lead_unit));
    words.iter().all(|word| all.contains(word.as_str()))
}

fn target_row(
    desk: &Desk,
    catalogue: &CommuneView,
    target: &Target,
    figure: Option<&Figure>,
    confirmed: u64,
) -> Vec<String> {
    let indicator = catalogue.indicator(&target.indicator);
    let goal = target.goal;
    let unit = if target.unit.is_empty() { indicator.map_or("", |i| i.unit.as_str()) } else { target.unit.as_str() };
    vec![
        target.plan_ref.to_string(),
        target.indicator.to_string(),
        indicator.map_or_else(String::new, |i| desk.language.pick(&i.name, &i.name_en).clone()),
        target.wording.to_string(),
        words::goal(goal, unit, desk.language),
        goal.operator().as_str().into(),
        goal.value().map(|value| value.to_string()).unwrap_or_default(),
        goal.high().map(|high| high.to_string()).unwrap_or_default(),
        unit.into(),
        indicator.map_or_else(String::new, |i| kind_asked(i.kind, goal).as_str().into()),
        target.deadline.map_or_else(|| target.deadline_text.to_string(), |day| day_in(desk, day)),
        figure.map(|figure| words::value(figure.observation.value, desk.language)).unwrap_or_default(),
        figure.map(|figure| figure.observation.key.period.to_string()).unwrap_or_default(),
        figure.map(|figure| state(desk, figure, confirmed).into()).unwrap_or_default(),
        target.note.to_string(),
    ]
}

fn day_in(desk: &Desk, day: NaiveDate) -> String {
    if desk.format == Format::Table { day.format("%d/%m/%Y").to_string() } else { day.to_string() }
}

/// What has become of a figure.
fn state(desk: &Desk, figure: &Figure, confirmed: u64) -> &'static str {
    let (vi, en) = words::state_of(figure, confirmed);
    // Programs read one word whatever the language.
    if desk.format == Format::Table { desk.language.pick(vi, en) } else { en }
}

/// `history`
pub fn history(desk: &Desk, arguments: &History) -> Result<Printed, Failure> {
    let wanted = arguments.period.as_deref().map(period).transpose()?;
    let store = Store::open(&desk.folder)?;
    let view = store.view();
    let catalogue = view.catalogue()?;
    let typed = arguments.indicator.trim();
    let rulebook = catalogue.clone().map(|catalogue| Rulebook { catalogue });
    let code = rulebook.as_ref().map_or_else(|| typed.to_owned(), |rulebook| rulebook.code(typed));
    let figures = view.history(&code)?;
    if figures.is_empty() && rulebook.is_none_or(|rulebook| rulebook.kind_asked(&code).is_none()) {
        return Err(
            EntryError::from(shared::observation::Refusal::UnknownIndicator(typed.chars().take(40).collect())).into()
        );
    }
    let confirmed = view.acknowledged_seq()?;
    let rows = figures
        .iter()
        .filter(|figure| wanted.is_none_or(|period| period == figure.observation.key.period))
        .map(|figure| history_row(desk, figure, catalogue.as_ref(), confirmed))
        .collect();
    let indicator = catalogue.as_ref().and_then(|catalogue| catalogue.indicator(&code));
    let task = catalogue.as_ref().and_then(|catalogue| catalogue.task(Reported::of(&code).task()?));
    let name = indicator.map(|indicator| desk.language.pick(&indicator.name, &indicator.name_en).clone());
    let name = name.or(task.map(|task| task.title.clone())).unwrap_or_default();
    let banner = words::banner(view.exercise()?.on, desk.language);
    let people = format!("{banner}{} {}\n", plain(&code), plain(&name));
    Ok(print(desk, &list(&HISTORY_COLUMNS, rows, desk.language), &people))
}

const HISTORY_COLUMNS: [Column; 14] = [
    text("period", "Kỳ", "Period"),
    text("unit", "Đơn vị", "Unit"),
    number("version", "Bản", "Version"),
    text("shown", "Số liệu", "Figure"),
    hidden("numerator"),
    hidden("denominator"),
    hidden("value"),
    text("entered_by", "Người nhập", "By"),
    text("entered_at", "Lúc", "At"),
    text("state", "Tình trạng", "State"),
    number("evidence_count", "Minh chứng", "Evidence"),
    text("reason", "Lý do", "Reason"),
    text("note", "Ghi chú", "Note"),
    hidden("change_id"),
];

fn history_row(desk: &Desk, figure: &Figure, catalogue: Option<&CommuneView>, confirmed: u64) -> Vec<String> {
    let key = &figure.observation.key;
    let [numerator, denominator, value] = words::machine(figure.observation.value);
    let refused = figure
        .refusal
        .as_ref()
        .map(|refusal| refusal::explain(refusal, key, Some(figure.observation.value), catalogue, desk.language));
    let reason = refused.or_else(|| figure.verdict.as_ref().map(|verdict| in_language(&verdict.reason, desk.language)));
    let at = if desk.format == Format::Table { words::instant(figure.entered_at) } else { rfc3339(figure.entered_at) };
    vec![
        key.period.to_string(),
        key.unit.clone(),
        figure.version.map(|version| version.to_string()).unwrap_or_default(),
        words::value(figure.observation.value, desk.language),
        numerator,
        denominator,
        value,
        figure.entered_by.clone(),
        at,
        state(desk, figure, confirmed).into(),
        figure.evidence_count.to_string(),
        reason.unwrap_or_default(),
        figure.observation.note.clone(),
        figure.change_id.to_string(),
    ]
}

/// `standing`
pub fn standing(desk: &Desk, arguments: &Standing) -> Result<Printed, Failure> {
    let wanted = arguments.period.as_deref().map(period).transpose()?;
    let store = Store::open(&desk.folder)?;
    let view = store.view();
    let standing = view.standing(&arguments.scheme, wanted)?.ok_or(Failure::NoStanding)?;
    let belonging = view.belonging()?;
    let name = belonging.map(|belonging| belonging.commune_name).unwrap_or_default();
    let rows = standing.lines.iter().map(|line| standing_row(line, desk.language)).collect();
    let table = list(&STANDING_COLUMNS, rows, desk.language);
    if desk.format == Format::Json {
        return Ok(pretty(&standing_json(&standing, &table)).into());
    }
    let people = format!(
        "{}{}\n",
        words::banner(view.exercise()?.on, desk.language),
        telling::standing(desk.language, &standing, &name)
    );
    Ok(print(desk, &table, &people))
}

const STANDING_COLUMNS: [Column; 13] = [
    text("plan_ref", "Mục", "Ref"),
    text("indicator", "Mã", "Code"),
    formed("value", "Giá trị", "Value", Form::Value),
    text("goal", "Mục tiêu", "Target"),
    hidden("operator"),
    hidden("target"),
    hidden("high"),
    formed("achievement", "Mức đạt", "Achievement", Form::Share),
    formed("state", "Trạng thái", "State", Form::State),
    number("counted", "Được tính", "Counted"),
    number("points", "Điểm tối đa", "Points"),
    number("earned", "Điểm đạt", "Earned"),
    formed("light", "Đèn", "Light", Form::Light),
];

fn standing_row(line: &feed::StandingLine, language: Language) -> Vec<String> {
    let operator = Operator::from_word(&line.operator);
    let goal = operator.map(|operator| words::asked(operator, &line.target, &line.high, language));
    let line = line.clone();
    vec![
        line.plan_ref,
        line.indicator,
        line.value,
        goal.unwrap_or_default(),
        line.operator,
        line.target,
        line.high,
        line.achievement,
        line.state,
        line.counted,
        line.points,
        line.earned,
        line.light,
    ]
}

fn standing_json(standing: &feed::Standing, table: &Listing) -> Value {
    json!({
        "scheme": standing.scheme,
        "period": standing.period.to_string(),
        "rank": standing.rank,
        "ranked_communes": standing.ranked_communes,
        "score": standing.score,
        "met": standing.met,
        "scored": standing.scored,
        "on_time": standing.on_time,
        "movement": standing.movement,
        "provisional": standing.provisional,
        "computed_at": rfc3339(standing.computed_at),
        "lines": table.json(),
    })
}

/// `status`
pub fn status(desk: &Desk) -> Result<Printed, Failure> {
    let store = Store::open(&desk.folder)?;
    let certificate_until = credential::validity(&desk.folder).ok().map(|validity| validity.not_after);
    let mut status = Status::of(store.view(), &desk.config, certificate_until, desk.clock.now(), desk.language)?;
    status.page = page::address(&desk.folder);
    match desk.format {
        Format::Json => Ok(pretty(&json!(status)).into()),
        Format::Table | Format::Csv => Ok(telling::status(desk.language, &status).into()),
    }
}
