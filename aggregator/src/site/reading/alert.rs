//! Red and yellow lights with their reasons, and what changed since yesterday.

use super::{
    super::{Failure, Site, gate::Staff},
    asked::{Asked, Reader},
    place::{self, Page},
};
use crate::report::question::{AlertsAsked, Since, Subject, light};
use axum::{
    Router,
    extract::{Query, State},
    response::Response,
    routing::get,
};
use maud::html;
use pages::{
    frame,
    listing::{self, Look, Row},
    part,
};
use shared::task::Reported;

const PATH: &str = "/alerts";

pub(super) fn routes() -> Router<Site> {
    Router::new().route(PATH, get(alerts))
}

async fn alerts(
    State(site): State<Site>,
    Staff(visitor): Staff,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let reader = Reader::of_present(&site, &visitor, &asked).await?;
    let l = |vi, en| reader.l(vi, en);
    let bad = |error: crate::report::question::AskError| Failure::Bad(error.explain(reader.language));
    let changes = asked.given("changes").map(|word| word.parse::<Since>()).transpose().map_err(bad)?;
    let subject = AlertsAsked {
        commune: asked.given("commune"),
        unit: asked.given("unit"),
        light: light(asked.text("light")).map_err(bad)?,
        changes,
    };
    let whole = reader.ask(Subject::Alerts(subject)).await?;
    let shown = match asked.text("of") {
        "targets" => place::only(&whole, |row| !Reported::of(row.cell("indicator")).is_task()),
        "tasks" => place::only(&whole, |row| Reported::of(row.cell("indicator")).is_task()),
        _ => shared::listing::Listing::clone(&whole),
    };
    if let Some(file) = reader.file("canh-bao", &shown)? {
        return Ok(file);
    }
    let page = Page::of(&asked, shown.rows.len(), place::ROWS);
    let pairs = |all: &[(&str, &str)]| {
        all.iter().map(|(value, words)| ((*value).to_owned(), (*words).to_owned())).collect::<Vec<_>>()
    };
    let lights =
        pairs(&[("", l("Đỏ và vàng", "Red and yellow")), ("red", l("Đỏ", "Red")), ("yellow", l("Vàng", "Yellow"))]);
    let of = pairs(&[
        ("", l("Mục tiêu, nhiệm vụ", "Targets, tasks")),
        ("targets", l("Mục tiêu", "Targets")),
        ("tasks", l("Nhiệm vụ", "Tasks")),
    ]);
    let link = |row: &Row<'_>, column: &str| match column {
        "name" => Some(format!("/communes/{}", row.cell("commune"))),
        "indicator" => Some(format!("/communes/{}/{}", row.cell("commune"), place::segment(row.cell("indicator")))),
        _ => None,
    };
    let body = html! {
        (frame::title(l("Cảnh báo", "Alerts"), &reader.about(), &reader.files(PATH)))
        nav .tabs {
            a href=(asked.href(PATH, &[("changes", "")])) aria-current=[changes.is_none().then_some("page")] { (l("Đang đỏ, vàng", "Red and yellow now")) }
            a href=(asked.href(PATH, &[("changes", "yesterday")])) aria-current=[changes.is_some().then_some("page")] { (l("Thay đổi từ hôm qua", "Changes since yesterday")) }
        }
        (reader.filters(PATH, &["changes"], &html! {
            label .choice { span { (l("Xã, phường", "Commune")) } input name="commune" maxlength="100" value=(asked.text("commune")); }
            label .choice { span { (l("Đơn vị chủ trì", "Lead unit")) } input name="unit" maxlength="100" value=(asked.text("unit")); }
            (part::choice("light", l("Đèn", "Light"), &lights, asked.text("light")))
            (part::choice("of", l("Của", "Of"), &of, asked.text("of")))
        }))
        section .card.flush {
            @if shown.rows.is_empty() {
                @if changes.is_some() { (part::empty(l("Không có đèn nào bật hoặc tắt từ hôm qua", "No light was raised or cleared since yesterday"), "")) }
                @else { (part::empty(l("Không có đèn đỏ, vàng trong phạm vi này", "No red or yellow light within this scope"), "")) }
            } @else {
                (listing::table(&place::rows_of(&shown, &page), &Look { link: Some(&link), tall: true, ..Look::default() }, reader.language))
            }
        }
        (page.links(&asked, PATH, reader.language))
        p .notes { (shown.rows.len()) " " (l("dòng. Đèn xét theo lộ trình thời gian, hạn và kết quả thẩm định, theo quy tắc chấm điểm.", "lines. Lights go by the time roadmap, deadlines and reviews, as the scoring rules say.")) }
    };
    Ok(visitor.page(&site, l("Cảnh báo", "Alerts"), &body))
}
