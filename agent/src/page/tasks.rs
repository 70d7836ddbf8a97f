//! The plan's tasks: how far they are, and the form that reports one.

use super::{
    fault::{Fault, sentence},
    piece, row,
    visit::{Clerk, Drawn, Room, field},
};
use crate::{
    draft::{self, Fields, is_returned},
    entry::{self, Author, EntryError, Form as Typing, Typed},
    month::Month,
    store::attachments::Wanted,
    words,
};
use axum::{Form, extract::Query, http::Uri, response::Response};
use pages::{
    frame, listing,
    maud::{Markup, html},
    part::{self, Notice, Tone},
};
use serde::Deserialize;
use shared::{
    catalogue::Task,
    language::Language,
    listing::number_for_people,
    observation::{MAX_NOTE_CHARS, ObservationKey},
    period::Period,
    task::{self, Reported, list::Line},
    vietnamese::folded,
};

/// Which tasks, or which one.
#[derive(Debug, Clone, Deserialize, Default)]
pub struct Asked {
    #[serde(default)]
    code: String,
    #[serde(default)]
    period: String,
    #[serde(default)]
    search: String,
    #[serde(default)]
    light: String,
}

/// `/tasks`
pub async fn page(clerk: Clerk, Query(asked): Query<Asked>, uri: Uri) -> Result<Response, Fault> {
    let here = uri.path_and_query().map_or("/tasks", |path| path.as_str()).to_owned();
    clerk
        .draw(&here, move |room| {
            let month = Month::at_hand(room.view(), room.now, asked.period.parse().ok())?;
            match asked.code.as_str() {
                "" => Ok(all(&month, &asked, room.language())),
                code => one(room, &month, code, None),
            }
        })
        .await
}

fn all(month: &Month, asked: &Asked, language: Language) -> Drawn {
    let l = |vi, en| language.pick(vi, en);
    let words: Vec<String> = folded(&asked.search).split(' ').map(str::to_owned).collect();
    let is_wanted = |task: &Task| {
        let all = folded(&format!("{} {} {} {} {}", task.code, task.title, task.detail, task.lead_unit, task.group));
        words.iter().all(|word| all.contains(word.as_str()))
    };
    let lines: Vec<Line<'_>> = lines(month)
        .into_iter()
        .filter(|line| is_wanted(line.task) && (asked.light.is_empty() || line.progress.light.as_str() == asked.light))
        .collect();
    let list = task::list::list(&lines, false, language);
    let lights = [
        ("", l("Mọi đèn", "All")),
        ("red", l("Đỏ", "Red")),
        ("yellow", l("Vàng", "Yellow")),
        ("green", l("Xanh", "Green")),
        ("grey", l("Xám", "Grey")),
    ];
    let lights: Vec<(String, String)> = lights.map(|(word, words)| (word.to_owned(), words.to_owned())).into();
    let period = month.period;
    let link = |row: &listing::Row<'_>, column: &str| {
        matches!(column, "task" | "title")
            .then(|| format!("/tasks?code={}&period={period}", piece::encoded(row.cell("task"))))
    };
    // What nobody planned or reported takes no room.
    let is_empty = |column: &&str| listing::Row::all(&list).all(|row| row.cell(column).is_empty());
    let without: Vec<&str> = ["progress", "budget_million_vnd", "disbursed_million_vnd"]
        .into_iter()
        .filter(|column| is_empty(column))
        .collect();
    let look = listing::Look { link: Some(&link), without: &without, ..listing::Look::default() };
    let title = language.pick(
        format!("Nhiệm vụ, {}", piece::period(period, language)),
        format!("Tasks, {}", piece::period(period, language)),
    );
    let body = html! {
        (frame::title(&title, l("Bấm vào nhiệm vụ để báo cáo tiến độ, giải ngân và gắn minh chứng.", "Open a task to report its progress and disbursement and to attach evidence."), &html! {}))
        form .filters method="get" action="/tasks" {
            (piece::period_choice(period, language))
            (part::choice("light", l("Đèn", "Light"), &lights, &asked.light))
            label .field { span { (l("Tìm", "Search")) } input type="search" name="search" value=(asked.search) maxlength="100" data-hotkey="/"; }
            button { (l("Xem", "Show")) }
        }
        @if month.catalogue.tasks.is_empty() {
            div .card { (part::empty(l("Kế hoạch của xã không có nhiệm vụ riêng", "The commune's plan has no tasks"), l("Danh mục do tỉnh gửi xuống khi đồng bộ.", "The province sends the catalogue with each session."))) }
        } @else if lines.is_empty() {
            div .card { (part::empty(l("Không có nhiệm vụ nào theo lựa chọn này", "No task fits this choice"), "")) }
        } @else {
            div .card.flush { (listing::table(&list, &look, language)) }
            (listing::notes(&list))
        }
    };
    Drawn::new(title, body)
}

fn lines(month: &Month) -> Vec<Line<'_>> {
    let Some(commune) = month.ledger.commune else { return Vec::new() };
    let progress = |task| task::progress(&month.ledger.book, commune, task, month.period, month.today);
    let line = |task| Line { commune: &month.catalogue.commune.name, task, progress: progress(task) };
    month.catalogue.tasks.iter().map(line).collect()
}

/// What was typed about a task.
#[derive(Debug, Clone, Deserialize, Default)]
pub struct Report {
    form_token: String,
    code: String,
    period: String,
    #[serde(default)]
    done: String,
    #[serde(default)]
    spent: String,
    #[serde(default)]
    note: String,
}

/// What is wrong with a report: its progress, its disbursement.
#[derive(Default)]
struct Wrong {
    done: Option<String>,
    spent: Option<String>,
}

fn one(room: &Room<'_>, month: &Month, code: &str, typed: Option<(&Report, &Wrong)>) -> Result<Drawn, Fault> {
    let language = room.language();
    let l = |vi, en| language.pick(vi, en);
    let lines = lines(month);
    let line = lines.iter().find(|line| line.task.code == code).ok_or(Fault::NotFound)?;
    let (task, found) = (line.task, &line.progress);
    let key = key(Reported::Progress(code), month.period);
    let (progress, spent) =
        (room.view().newest(&key)?, room.view().newest(&self::key(Reported::Disbursement(code), month.period))?);
    let confirmed = room.view().acknowledged_seq()?;
    let as_typed = |figure: &Option<crate::store::figures::Figure>| {
        figure.as_ref().map(|figure| Fields::of(&figure.observation)).unwrap_or_default()
    };
    let held = as_typed(&progress);
    let done = if held.denominator.is_empty() {
        held.value.clone()
    } else {
        format!("{}/{}", held.numerator, held.denominator)
    };
    let spent_held = as_typed(&spent).value;
    let values = typed.map_or_else(
        || [done, spent_held, held.note.clone()],
        |(report, _)| [report.done.clone(), report.spent.clone(), report.note.clone()],
    );
    let none = Wrong::default();
    let wrong = typed.map_or(&none, |(_, wrong)| wrong);
    let token = room.clerk.form_token();
    let title = format!("{} {code}", l("Nhiệm vụ", "Task"));
    let body = html! {
        (frame::title(&title, &task.title, &html! { a .button href={ "/tasks?period=" (month.period) } { (l("Về danh sách", "Back to the list")) } }))
        div .columns {
            section .card {
                h2 { (language.pick(format!("Báo cáo {}", piece::period(month.period, language)), format!("Report for {}", piece::period(month.period, language)))) }
                form .fields method="post" action="/tasks" {
                    (part::form_token(&token))
                    input type="hidden" name="code" value=(code);
                    input type="hidden" name="period" value=(month.period);
                    (field(l("Đã làm được: phần trăm (60), hoặc bao nhiêu trên bao nhiêu (21/27)", "Done: a percentage (60), or so many of so many (21/27)"),
                        &html! { input name="done" value=(values[0]) autocomplete="off" maxlength="60" inputmode="text"; }, wrong.done.as_deref(), ""))
                    (field(l("Đã giải ngân từ đầu năm, triệu đồng", "Disbursed since the start of the year, million VND"),
                        &html! { input name="spent" value=(values[1]) autocomplete="off" maxlength="60" inputmode="decimal"; }, wrong.spent.as_deref(),
                        &task.budget_million_vnd.map(|budget| language.pick(format!("kinh phí {} triệu đồng", number_for_people(&budget.to_string(), language)), format!("of a budget of {} million", number_for_people(&budget.to_string(), language)))).unwrap_or_default()))
                    (field(l("Kết quả, khó khăn, kiến nghị", "Results, difficulties, proposals"),
                        &html! { textarea name="note" maxlength=(MAX_NOTE_CHARS) rows="3" { (values[2]) } }, None, ""))
                    div .actions { button .main { (l("Gửi báo cáo", "Send the report")) } }
                }
                @if let Some(figure) = &progress { p .small { (row::reported(figure, confirmed, language)) " " (figure.entered_by) ", " (piece::instant(figure.entered_at)) " · " a href=(piece::history_href(&key.indicator)) { (l("lịch sử", "history")) } } }
                @if let Some(verdict) = progress.as_ref().filter(|figure| is_returned(figure)).and_then(|figure| figure.verdict.as_ref()) {
                    div .notice.fault { strong { (l("Bị trả lại: ", "Returned: ")) } (verdict.reason) " (" (verdict.reviewer) ")" }
                }
                h3 { (l("Minh chứng", "Evidence")) }
                @if progress.is_some() {
                    (row::files_form_of(&key, &token))
                    div data-drop { div .evidence #{ "evidence-" (piece::anchor(&key.indicator, "")) } { (evidence(room, &key, &token)?) } (row::attach_button(&key, language)) }
                } @else { p .muted { (l("Báo cáo tiến độ trước, rồi gắn minh chứng.", "Report the progress first, then attach evidence.")) } }
            }
            section .card {
                h2 { (l("Trong kế hoạch", "In the plan")) (part::light(found.light, language)) }
                dl .facts {
                    dt { (l("Tiến độ", "Progress")) } dd { @match found.percent { Some(percent) => { (row::measure(shared::achievement::Measure::Number(percent), "%", language)) " " (part::state(found.state, language)) }, None => (part::state(found.state, language)) } }
                    @if let Some(cause) = found.cause { dt { (l("Vì sao", "Why")) } dd { (cause.explain(language)) } }
                    dt { (l("Thời hạn", "Deadline")) } dd { (task.deadline_text) @if task.deadline_text.is_empty() { (found.term.label(language)) } }
                    dt { (l("Chủ trì", "Owner")) } dd { (task.lead_unit) }
                    @if !task.coordinating_units.is_empty() { dt { (l("Phối hợp", "With")) } dd { (task.coordinating_units) } }
                    @if !task.detail.is_empty() { dt { (l("Nội dung", "Detail")) } dd { (task.detail) } }
                    @if !task.output.is_empty() { dt { (l("Sản phẩm", "Output")) } dd { (task.output) } }
                    @if !task.kpi.is_empty() { dt { (l("Chỉ số", "Measure")) } dd { (task.kpi) } }
                    @if let Some(figure) = &spent { dt { (l("Đã giải ngân", "Disbursed")) } dd { (words::value(figure.observation.value, language)) " " (l("triệu đồng", "million VND")) } }
                }
            }
        }
    };
    Ok(Drawn::new(title, body))
}

fn key(reported: Reported<'_>, period: Period) -> ObservationKey {
    ObservationKey { indicator: reported.code(), unit: String::new(), period }
}

/// The files of a figure that has a place of its own, and where more are dropped.
pub fn evidence(room: &Room<'_>, key: &ObservationKey, token: &str) -> Result<Markup, Fault> {
    let figure = room.view().newest(key)?;
    let wanted = Wanted { indicator: Some(key.indicator.clone()), period: Some(key.period) };
    let mut bound = room.view().attachments(&wanted)?;
    let version = figure.and_then(|figure| figure.version);
    bound.retain(|file| file.key == *key && file.version == version);
    let waiting = room.view().draft_evidence(key)?;
    let label = piece::label(&key.indicator, &key.unit, room.language());
    Ok(html! { (row::files(key, &bound, &waiting, room, token)) (row::drop(key, &label, room.language())) })
}

/// Reports a task.
pub async fn report(clerk: Clerk, Form(form): Form<Report>) -> Result<Response, Fault> {
    clerk.check(&form.form_token)?;
    let period: Period = form.period.parse().map_err(|_| Fault::Request)?;
    let (worker, sent) = (clerk.clone(), form.clone());
    let wrong = worker.act(move |room| record(room, &sent, period)).await?;
    let back = format!("/tasks?code={}&period={period}", piece::encoded(&form.code));
    match wrong {
        None => {
            let text = clerk.pick(
                "Đã ghi báo cáo nhiệm vụ; máy sẽ tự gửi về tỉnh.",
                "The task's report is recorded; it goes to the province by itself.",
            );
            Ok(clerk.to(&back, Some(Notice::new(Tone::Done, text))))
        }
        Some(wrong) => {
            clerk
                .draw(&back, move |room| {
                    let month = Month::at_hand(room.view(), room.now, Some(period))?;
                    Ok(one(room, &month, &form.code, Some((&form, &wrong)))?.wrong())
                })
                .await
        }
    }
}

/// Records what was typed and is not what is held; what is wrong with it otherwise.
fn record(room: &mut Room<'_>, form: &Report, period: Period) -> Result<Option<Wrong>, Fault> {
    let language = room.language();
    let catalogue = room.view().catalogue()?.ok_or(EntryError::NoCatalogue)?;
    let task = catalogue.task(&form.code).ok_or(Fault::NotFound)?;
    let (done, spent) = (form.done.trim(), form.spent.trim());
    if done.is_empty() && spent.is_empty() {
        let text = room.pick("điền tiến độ hoặc giải ngân", "give the progress or the disbursement");
        return Ok(Some(Wrong { done: Some(sentence(text)), spent: None }));
    }
    let typing = |reported: Reported<'_>, typed: Typed| Typing {
        indicator: reported.code(),
        unit: String::new(),
        period,
        typed,
        note: form.note.replace("\r\n", "\n"),
    };
    let progress = (!done.is_empty()).then(|| {
        let typed = match done.split_once('/') {
            Some((n, d)) => Typed::Ratio(n.trim().to_owned(), d.trim().to_owned()),
            None => Typed::Value(done.to_owned()),
        };
        typing(Reported::Progress(&task.code), typed)
    });
    let disbursed =
        (!spent.is_empty()).then(|| typing(Reported::Disbursement(&task.code), Typed::Value(spent.to_owned())));
    let rulebook = entry::Rulebook { catalogue: catalogue.clone() };
    let mut wrong = Wrong::default();
    let mut forms = Vec::new();
    for (form, place) in [(progress, &mut wrong.done), (disbursed, &mut wrong.spent)] {
        let Some(form) = form else { continue };
        match rulebook.check(&form) {
            Ok(_) => forms.push(form),
            Err(error) => *place = Some(sentence(&error.explain_on_page(language))),
        }
    }
    if wrong.done.is_some() || wrong.spent.is_some() {
        return Ok(Some(wrong));
    }
    let mut random = rand::rng();
    let mut author = Author { name: &room.clerk.name, now: room.now, random: &mut random };
    draft::send_at_once(room.store, &mut author, &forms)?;
    Ok(None)
}
