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
use shared::{
    language::Language,
    listing::{Form, Listing, for_people},
};

const PATH: &str = "/due";

/// What people read instead of the days that are left, once the cut-off has passed.
fn days_in_words(days_left: &str, missing: &str, language: Language) -> Option<String> {
    let past = days_left.parse::<i64>().ok()?.checked_neg().filter(|past| *past > 0)?;
    if missing == "0" {
        return Some(language.pick("đã đủ", "complete").to_owned());
    }
    let days = if past == 1 { "day" } else { "days" };
    Some(language.pick(format!("quá hạn {past} ngày"), format!("{past} {days} overdue")))
}

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
    let said = |row: &Row<'_>, column: &str| {
        let words = days_in_words(row.cell("days_left"), row.cell("missing"), reader.language);
        words.filter(|_| column == "days_left").map(|words| html! { (words) })
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
        look: Look { link: Some(&link), said: Some(&said), tall: true, ..Look::default() },
        notes: place::notes(&whole),
        ..List::default()
    }
    .show(&reader, &visitor, &shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_overdue_is_no_negative_number() {
        let words = |days, missing| days_in_words(days, missing, Language::Vi);
        assert_eq!(words("-9", "2").as_deref(), Some("quá hạn 9 ngày"));
        assert_eq!(words("-9", "0").as_deref(), Some("đã đủ"));
        assert_eq!(days_in_words("-1", "2", Language::En).as_deref(), Some("1 day overdue"));
        for left in ["0", "3", ""] {
            assert_eq!(words(left, "2"), None, "{left}");
        }
    }
}
