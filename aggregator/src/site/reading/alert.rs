//! Red and yellow lights with their reasons, and what changed since yesterday.

use super::{
    super::{Failure, Site, gate::Staff},
    asked::{Asked, Reader},
    list::{self, List},
    place,
};
use crate::report::question::{AlertsAsked, AskError, Since, Subject, light};
use axum::{
    Router,
    extract::{Query, State},
    response::Response,
    routing::get,
};
use maud::html;
use pages::listing::{Look, Row};
use shared::{listing::Listing, task::Reported};

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
    let bad = |error: AskError| Failure::asked(&error, reader.language);
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
        _ => Listing::clone(&whole),
    };
    let lights = [("", l("Đỏ và vàng", "Red and yellow")), ("red", l("Đỏ", "Red")), ("yellow", l("Vàng", "Yellow"))];
    let of = [
        ("", l("Mục tiêu, nhiệm vụ", "Targets, tasks")),
        ("targets", l("Mục tiêu", "Targets")),
        ("tasks", l("Nhiệm vụ", "Tasks")),
    ];
    let link = |row: &Row<'_>, column: &str| match column {
        "name" => Some(format!("/communes/{}", row.cell("commune"))),
        "indicator" => Some(format!("/communes/{}/{}", row.cell("commune"), place::segment(row.cell("indicator")))),
        _ => None,
    };
    // Codes of tasks are for programs.
    let said = |row: &Row<'_>, column: &str| {
        let place = Reported::of(row.cell("indicator"));
        (column == "indicator" && place.is_task()).then(|| html! { (place.label(reader.language)) })
    };
    List {
        path: PATH,
        file: "canh-bao",
        title: l("Cảnh báo", "Alerts"),
        about: reader.about(),
        kept: &["changes"],
        filters: html! {
            (list::commune_field(&reader))
            label .choice { span { (l("Đơn vị chủ trì", "Lead unit")) } input name="unit" maxlength="100" value=(asked.text("unit")); }
            (list::select(&reader, "light", l("Đèn", "Light"), &lights))
            (list::select(&reader, "of", l("Của", "Of"), &of))
        },
        above: html! { nav .tabs aria-label=(l("Đèn nào", "Which lights")) {
            a href=(asked.href(PATH, &[("changes", "")])) aria-current=[changes.is_none().then_some("page")] { (l("Đang đỏ, vàng", "Red and yellow now")) }
            a href=(asked.href(PATH, &[("changes", "yesterday")])) aria-current=[changes.is_some().then_some("page")] { (l("Thay đổi từ hôm qua", "Changes since yesterday")) }
        } },
        nothing: match changes {
            Some(_) => (l("Không có đèn nào bật hoặc tắt từ hôm qua", "No light was raised or cleared since yesterday"), ""),
            None => (l("Không có đèn đỏ, vàng trong phạm vi này", "No red or yellow light within this scope"), ""),
        },
        look: Look { link: Some(&link), said: Some(&said), tall: true, ..Look::default() },
        notes: html! { p .notes { (shown.rows.len()) " " (l("dòng. Đèn xét theo lộ trình thời gian, hạn và kết quả thẩm định, theo quy tắc chấm điểm.", "lines. Lights go by the time roadmap, deadlines and reviews, as the scoring rules say.")) } },
        ..List::default()
    }
    .show(&reader, &visitor, &shown)
}
