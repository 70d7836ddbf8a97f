//! What is due: who has reported, who has not, who was late.

use super::{
    super::{Failure, Site, gate::Staff},
    asked::{Asked, Reader},
    place::{self, Page},
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
    frame,
    listing::{self, Look, Row},
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
    if let Some(file) = reader.file("den-han", &shown)? {
        return Ok(file);
    }
    let page = Page::of(&asked, shown.rows.len(), place::ROWS);
    let states = [
        ("", l("Tất cả", "All")),
        ("missing", l("Còn thiếu", "Missing")),
        ("late", l("Có trễ hạn", "Late")),
        ("done", l("Đã đủ", "Complete")),
    ];
    let states = states.map(|(value, words)| (value.to_owned(), words.to_owned()));
    let link = |row: &Row<'_>, column: &str| match (column, &commune) {
        ("name", None) => Some(format!("/communes/{}#due", row.cell("commune"))),
        ("missing", None) => Some(asked.href(PATH, &[("commune", row.cell("commune")), ("state", "missing")])),
        _ => None,
    };
    let sum = |name: &str| Row::all(&whole).filter_map(|row| row.cell(name).parse::<u64>().ok()).sum::<u64>();
    let number = |count: u64| for_people(Form::Number, &count.to_string(), reader.language);
    let title = if commune.is_some() { whole.title.clone() } else { l("Đến hạn báo cáo", "Due").to_owned() };
    let body = html! {
        (frame::title(&title, &reader.about(), &html! { a .button href={ "/quality?period=" (reader.period) } { (l("Chất lượng báo cáo", "Quality of reporting")) } (reader.files(PATH)) }))
        (reader.filters(PATH, &[], &html! {
            label .choice { span { (l("Xã, phường", "Commune")) } input name="commune" maxlength="100" value=(asked.text("commune")); }
            (part::choice("state", l("Tình trạng", "State"), &states, state))
        }))
        @if commune.is_none() {
            div .tiles {
                (part::tile(l("Phải báo cáo", "Expected"), &html! { (number(sum("expected"))) }, &html! { (l("chỉ tiêu của các xã, phường", "indicators of the communes")) }))
                (part::tile(l("Đúng hạn", "On time"), &html! { (number(sum("on_time"))) }, &html! {}))
                (part::tile(l("Trễ hạn", "Late"), &html! { (number(sum("late"))) }, &html! { a href=(asked.href(PATH, &[("state", "late")])) { (l("xem nơi nào", "show which")) } }))
                (part::tile(l("Còn thiếu", "Missing"), &html! { (number(sum("missing"))) }, &html! { a href=(asked.href(PATH, &[("state", "missing")])) { (l("xem nơi nào", "show which")) } }))
            }
        }
        section .card.flush {
            @if shown.rows.is_empty() {
                (part::empty(l("Không có nơi nào trong phạm vi này", "Nothing within this scope"), l("Bỏ bớt điều kiện lọc, hoặc chọn kỳ khác.", "Take a filter away, or choose another period.")))
            } @else {
                (listing::table(&place::rows_of(&shown, &page), &Look { link: Some(&link), tall: true, ..Look::default() }, reader.language))
            }
        }
        (page.links(&asked, PATH, reader.language))
        (place::notes(&whole))
    };
    Ok(visitor.page(&site, l("Đến hạn", "Due"), &body))
}
