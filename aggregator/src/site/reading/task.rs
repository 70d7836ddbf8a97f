//! The tasks of the plans: how far, by when, what is overdue.

use super::{
    super::{Failure, Site, gate::Staff},
    asked::{Asked, Reader},
    list::{self, List},
    place,
};
use crate::report::question::{Subject, TasksAsked};
use axum::{
    Router,
    extract::{Query, State},
    response::Response,
    routing::get,
};
use maud::html;
use pages::{
    listing::{Look, Row},
    part,
};
use shared::light::Light;

const PATH: &str = "/tasks";
/// What a task's light says when its day has passed.
const OVERDUE: &str = "deadline_passed";

pub(super) fn routes() -> Router<Site> {
    Router::new().route(PATH, get(tasks))
}

async fn tasks(
    State(site): State<Site>,
    Staff(visitor): Staff,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let reader = Reader::of_present(&site, &visitor, &asked).await?;
    let l = |vi, en| reader.l(vi, en);
    let wanted = asked.text("light");
    let light = Light::ALL.into_iter().find(|light| light.as_str() == wanted);
    if light.is_none() && !["", OVERDUE].contains(&wanted) {
        return Err(Failure::Bad(l("Không có đèn đó.", "There is no such light.").into()));
    }
    let subject = TasksAsked { commune: asked.given("commune"), unit: asked.given("unit"), light };
    let whole = reader.ask(Subject::Tasks(subject)).await?;
    let overdue = place::only(&whole, |row| row.cell("cause") == OVERDUE);
    let shown = if wanted == OVERDUE { &overdue } else { &whole };
    let count = |light: Light| Row::all(&whole).filter(|row| row.cell("light") == light.as_str()).count();
    let lights = [
        ("", l("Tất cả", "All")),
        (OVERDUE, l("Quá hạn", "Overdue")),
        ("red", l("Đỏ", "Red")),
        ("yellow", l("Vàng", "Yellow")),
        ("green", l("Xanh", "Green")),
        ("grey", l("Xám", "Grey")),
    ];
    let link = |row: &Row<'_>, column: &str| match column {
        "name" => Some(format!("/communes/{}#tasks", row.cell("commune"))),
        "task" => Some(format!("/communes/{}/{}", row.cell("commune"), place::segment(row.cell("report_code")))),
        _ => None,
    };
    List {
        path: PATH,
        file: "nhiem-vu",
        title: l("Nhiệm vụ", "Tasks"),
        about: reader.about(),
        filters: html! {
            (list::commune_field(&reader))
            label .choice { span { (l("Đơn vị chủ trì", "Owner")) } input name="unit" maxlength="100" value=(asked.text("unit")); }
            (list::select(&reader, "light", l("Đèn", "Light"), &lights))
        },
        above: html! { div .tiles {
            (part::tile(l("Quá hạn mà chưa xong", "Overdue"), &html! { (overdue.rows.len()) }, &html! { a href=(asked.href(PATH, &[("light", OVERDUE)])) { (l("chỉ xem các nhiệm vụ này", "show these alone")) } }))
            (part::tile(l("Đèn", "Lights"), &html! { div .lights { @for light in [Light::Red, Light::Yellow, Light::Green] { span { (count(light)) " " (part::light(light, reader.language)) } } } }, &html! { (whole.rows.len()) " " (l("nhiệm vụ", "tasks")) }))
        } },
        nothing: (l("Không có nhiệm vụ nào trong phạm vi này", "No task within this scope"), l("Bỏ bớt điều kiện lọc.", "Take a filter away.")),
        look: Look { link: Some(&link), tall: true, ..Look::default() },
        notes: place::notes(&whole),
        ..List::default()
    }
    .show(&reader, &visitor, shown)
}
