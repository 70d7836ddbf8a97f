//! What was entered: every version of a figure, or what was entered last of all.

use super::{
    fault::Fault,
    piece, row,
    visit::{Clerk, Drawn, Room},
};
use crate::{entry::Rulebook, refusal, store::figures::Figure, words};
use axum::{extract::Query, http::Uri, response::Response};
use pages::{
    frame,
    maud::{Markup, html},
    part,
};
use serde::Deserialize;
use shared::{language::Language, period::Period, task::Reported};

/// Most versions in one page.
const MOST_LISTED: usize = 300;

/// Which figures.
#[derive(Debug, Clone, Deserialize, Default)]
pub struct Asked {
    #[serde(default)]
    code: String,
    #[serde(default)]
    period: String,
}

/// `/history`
pub async fn page(clerk: Clerk, Query(asked): Query<Asked>, uri: Uri) -> Result<Response, Fault> {
    let here = uri.path_and_query().map_or("/history", |path| path.as_str()).to_owned();
    clerk.draw(&here, move |room| draw(room, &asked)).await
}

fn draw(room: &mut Room<'_>, asked: &Asked) -> Result<Drawn, Fault> {
    let language = room.language();
    let l = |vi, en| language.pick(vi, en);
    let view = room.view();
    let catalogue = view.catalogue()?;
    let rulebook = catalogue.map(|catalogue| Rulebook { catalogue });
    let period: Option<Period> = asked.period.parse().ok();
    let code = match (&rulebook, asked.code.trim()) {
        (_, "") | (None, _) => asked.code.trim().to_owned(),
        (Some(rulebook), typed) => rulebook.code(typed),
    };
    let mut figures = match code.as_str() {
        "" => view.entered_last(MOST_LISTED)?,
        code => view.history(code)?.into_iter().rev().collect(),
    };
    figures.retain(|figure| period.is_none_or(|period| figure.observation.key.period == period));
    let all = figures.len();
    figures.truncate(MOST_LISTED);
    let confirmed = view.acknowledged_seq()?;
    let name = name_of(&code, rulebook.as_ref(), language);
    let mut codes = vec![(String::new(), l("Mọi số liệu", "All figures").to_owned())];
    if let Some(rulebook) = &rulebook {
        for target in &rulebook.catalogue.targets {
            if codes.iter().all(|(known, _)| *known != target.indicator) {
                let name = name_of(&target.indicator, Some(rulebook), language);
                codes.push((target.indicator.to_string(), short(&format!("{} {name}", target.indicator))));
            }
        }
    }
    if codes.iter().all(|(known, _)| *known != code) {
        codes.push((code.clone(), short(&format!("{} {name}", Reported::of(&code).label(language)))));
    }
    let title = match code.as_str() {
        "" => l("Lịch sử", "History").to_owned(),
        code => format!("{}: {}", l("Lịch sử", "History"), Reported::of(code).label(language)),
    };
    let about = if code.is_empty() {
        l(
            "Số liệu nhập gần đây nhất; không phiên bản nào bị xóa.",
            "What was entered last; no version is ever deleted.",
        )
        .to_owned()
    } else {
        name
    };
    let body = html! {
        (frame::title(&title, &about, &html! {}))
        form .filters method="get" action="/history" {
            (part::choice("code", l("Chỉ tiêu", "Indicator"), &codes, &code))
            (piece::look_button(language))
        }
        @if figures.is_empty() {
            div .card { (part::empty(l("Chưa nhập gì", "Nothing entered yet"), l("Số liệu nhập ở mục Tháng này hoặc từ Excel sẽ hiện ở đây, với người nhập và thời điểm.", "What is entered under This month or from Excel appears here, with who entered it and when."))) }
        } @else {
            div .card.flush { (table(&figures, code.is_empty(), confirmed, rulebook.as_ref(), language)) }
            @if all > figures.len() { p .muted { (language.pick(format!("{MOST_LISTED} phiên bản mới nhất trong {all}."), format!("The newest {MOST_LISTED} of {all} versions."))) } }
        }
    };
    Ok(Drawn::new(title, body))
}

fn name_of(code: &str, rulebook: Option<&Rulebook>, language: Language) -> String {
    let Some(rulebook) = rulebook else { return String::new() };
    let indicator = rulebook.catalogue.indicator(code).map(|one| language.pick(&one.name, &one.name_en).clone());
    let task = || Some(rulebook.catalogue.task(Reported::of(code).task()?)?.title.clone());
    indicator.or_else(task).unwrap_or_default()
}

fn short(text: &str) -> String {
    match text.char_indices().nth(70) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn table(figures: &[Figure], of_all: bool, confirmed: u64, rulebook: Option<&Rulebook>, language: Language) -> Markup {
    let l = |vi, en| language.pick(vi, en);
    html! {
        div .scroll.tall tabindex="0" { table {
            caption .unseen { (l("Các phiên bản", "Versions")) }
            thead { tr {
                @if of_all { th scope="col" { (l("Chỉ tiêu", "Indicator")) } }
                th scope="col" { (l("Kỳ", "Period")) }
                th scope="col" .fit { (l("Đơn vị", "Unit")) }
                th scope="col" .num { (l("Số liệu", "Figure")) }
                th scope="col" { (l("Tình trạng", "State")) }
                th scope="col" { (l("Người nhập", "By")) }
                th scope="col" { (l("Lúc", "At")) }
                th scope="col" .num { (l("Minh chứng", "Evidence")) }
                th scope="col" { (l("Ghi chú, lý do", "Note, reason")) }
            } }
            tbody { @for figure in figures {
                @let key = &figure.observation.key;
                tr {
                    @if of_all { td .fit { a href=(piece::history_href(&key.indicator)) title=(name_of(&key.indicator, rulebook, language)) { (Reported::of(&key.indicator).label(language)) } } }
                    td .fit { a href=(piece::entry_href(key)) { (piece::period(key.period, language)) } }
                    td .fit { (key.unit) }
                    td .num { (words::value(figure.observation.value, language)) }
                    td .fit { (row::reported(figure, confirmed, language)) }
                    td .person { (figure.entered_by) }
                    td .fit { (piece::instant(figure.entered_at)) }
                    td .num { (figure.evidence_count) }
                    td .words { (figure.observation.note) (reason(figure, rulebook, language)) }
                }
            } }
        } }
    }
}

fn reason(figure: &Figure, rulebook: Option<&Rulebook>, language: Language) -> Markup {
    let key = &figure.observation.key;
    let refused = figure.refusal.as_ref().map(|refusal| {
        let catalogue = rulebook.map(|rulebook| &rulebook.catalogue);
        refusal::explain(refusal, key, Some(figure.observation.value), catalogue, language)
    });
    let reason = refused.or_else(|| figure.verdict.as_ref().map(|verdict| verdict.reason.clone()));
    html! { @if let Some(reason) = reason.filter(|reason| !reason.is_empty()) { div .small { (reason) } } }
}
