//! Figures that a reviewer should look at again, and how well each commune reports.

use super::{
    super::{Failure, Site, gate::Staff},
    asked::{Asked, Reader},
    list::{self, List},
    place,
};
use crate::{report::question::Subject, store::Role};
use axum::{
    Router,
    extract::{Query, State},
    response::Response,
    routing::get,
};
use maud::html;
use pages::listing::{Look, Row};
use shared::listing::{Column, Listing};

pub(super) fn routes() -> Router<Site> {
    Router::new().route("/checks", get(checks)).route("/quality", get(quality))
}

async fn checks(
    State(site): State<Site>,
    Staff(visitor): Staff,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    visitor.must(Role::Reviewer)?;
    let reader = Reader::of_present(&site, &visitor, &asked).await?;
    let l = |vi, en| reader.l(vi, en);
    let whole = reader.ask(Subject::Checks(asked.given("commune"))).await?;
    let shown = match asked.text("note") {
        "none" => place::only(&whole, |row| row.cell("note").is_empty()),
        "given" => place::only(&whole, |row| !row.cell("note").is_empty()),
        _ => Listing::clone(&whole),
    };
    let notes = [
        ("", l("Tất cả", "All")),
        ("none", l("Chưa giải thích", "Not explained")),
        ("given", l("Đã giải thích", "Explained")),
    ];
    let link = |row: &Row<'_>, column: &str| match column {
        "name" => Some(format!("/communes/{}", row.cell("commune"))),
        "indicator" if !row.cell("indicator").is_empty() => {
            Some(format!("/communes/{}/{}", row.cell("commune"), row.cell("indicator")))
        }
        _ => None,
    };
    List {
        path: "/checks",
        file: "can-xem-lai",
        title: l("Cần xem lại", "To look at again"),
        about: reader.about(),
        filters: html! { (list::commune_field(&reader)) (list::select(&reader, "note", l("Giải thích", "Note"), &notes)) },
        nothing: (l("Không có số liệu nào cần xem lại trong kỳ", "Nothing needs to be looked at in this period"), ""),
        look: Look { link: Some(&link), tall: true, ..Look::default() },
        notes: place::notes(&shown),
        ..List::default()
    }
    .show(&reader, &visitor, &shown)
}

async fn quality(
    State(site): State<Site>,
    Staff(visitor): Staff,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let reader = Reader::of_present(&site, &visitor, &asked).await?;
    let whole = reader.ask(Subject::Quality).await?;
    let mut shown = Listing::clone(&whole);
    let sort = asked.text("sort");
    if !sort.is_empty() && !place::order(&mut shown, sort) {
        return Err(Failure::Bad(
            reader.l("Không có cột đó để sắp xếp.", "There is no such column to sort by.").into(),
        ));
    }
    let link = |row: &Row<'_>, column: &str| (column == "name").then(|| format!("/communes/{}", row.cell("commune")));
    let sorted = |column: &Column| place::heading(&asked, "/quality", column, &column.name);
    List {
        path: "/quality",
        file: "chat-luong",
        title: reader.l("Chất lượng báo cáo", "Quality of reporting"),
        about: reader.about(),
        kept: &["sort"],
        nothing: (reader.l("Chưa có xã nào phải báo cáo", "No commune reports yet"), ""),
        look: Look { link: Some(&link), head: Some(&sorted), tall: true, ..Look::default() },
        notes: place::notes(&shown),
        ..List::default()
    }
    .show(&reader, &visitor, &shown)
}
