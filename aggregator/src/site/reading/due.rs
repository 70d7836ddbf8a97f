//! What is due: who has reported, who has not, who was late.

use super::{
    super::{Failure, Site, gate::Staff},
    asked::{Asked, Reader},
    list::{self, List},
    place,
};
use crate::report::question::Subject;
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
use shared::listing::{Form, Listing, for_people};

const PATH: &str = "/due";

pub(super) fn routes() -> Router<Site> {
    Router::new().route(PATH, get(due))
}

async fn due(State(site): State<Site>, Staff(visitor): Staff, Query(asked): Query<Asked>) -> Result<Response, Failure> {
    let reader = Reader::of_present(&site, &visitor, &asked).await?;
    let l = |vi, en| reader.l(vi, en);
    let commune = asked.given("commune");
    let whole = reader.ask(Subject::Due(commune.clone())).await?;
    let state = asked.text("state");
    let shown = match (state, &commune) {
        ("missing", None) => place::only(&whole, |row| row.cell("missing") != "0"),
        ("late", None) => place::only(&whole, |row| row.cell("late") != "0"),
        ("done", None) => place::only(&whole, |row| row.cell("missing") == "0"),
        ("missing" | "late", Some(_)) => place::only(&whole, |row| row.cell("delivery") == state),
        _ => Listing::clone(&whole),
    };
    let states = [
        ("", l("Tất cả", "All")),
        ("missing", l("Còn thiếu", "Missing")),
        ("late", l("Có trễ hạn", "Late")),
        ("done", l("Đã đủ", "Complete")),
    ];
    let link = |row: &Row<'_>, column: &str| match (column, &commune) {
        ("name", None) => Some(format!("/communes/{}#due", row.cell("commune"))),
        ("missing", None) => Some(asked.href(PATH, &[("commune", row.cell("commune")), ("state", "missing")])),
        _ => None,
    };
    let sum = |name: &str| Row::all(&whole).filter_map(|row| row.cell(name).parse::<u64>().ok()).sum::<u64>();
    let number = |count: u64| for_people(Form::Number, &count.to_string(), reader.language);
    let of = |state| html! { a href=(asked.href(PATH, &[("state", state)])) { (l("xem nơi nào", "show which")) } };
    List {
        path: PATH,
        file: "den-han",
        title: if commune.is_some() { &whole.title } else { l("Đến hạn báo cáo", "Due") },
        about: reader.about(),
        actions: html! { a .button href={ "/quality?period=" (reader.period) } { (l("Chất lượng báo cáo", "Quality of reporting")) } },
        filters: html! { (list::commune_field(&reader)) (list::select(&reader, "state", l("Tình trạng", "State"), &states)) },
        above: html! { @if commune.is_none() { div .tiles {
            (part::tile(l("Phải báo cáo", "Expected"), &html! { (number(sum("expected"))) }, &html! { (l("chỉ tiêu của các xã, phường", "indicators of the communes")) }))
            (part::tile(l("Đúng hạn", "On time"), &html! { (number(sum("on_time"))) }, &html! {}))
            (part::tile(l("Trễ hạn", "Late"), &html! { (number(sum("late"))) }, &of("late")))
            (part::tile(l("Còn thiếu", "Missing"), &html! { (number(sum("missing"))) }, &of("missing")))
        } } },
        nothing: (l("Không có nơi nào trong phạm vi này", "Nothing within this scope"), l("Bỏ bớt điều kiện lọc, hoặc chọn kỳ khác.", "Take a filter away, or choose another period.")),
        look: Look { link: Some(&link), tall: true, ..Look::default() },
        notes: place::notes(&whole),
        ..List::default()
    }
    .show(&reader, &visitor, &shown)
}
