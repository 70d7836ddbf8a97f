//! Figures that a reviewer should look at again, and how well each commune reports.

use super::{
    super::{
        Failure, Site,
        gate::{Staff, Visitor},
    },
    asked::{Asked, Reader},
    place::{self, Page},
};
use crate::{report::question::Subject, store::Role};
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
    let notes = notes.map(|(value, words)| (value.to_owned(), words.to_owned()));
    let filters = html! {
        label .choice { span { (l("Xã, phường", "Commune")) } input name="commune" maxlength="100" value=(asked.text("commune")); }
        (part::choice("note", l("Giải thích", "Note"), &notes, asked.text("note")))
    };
    let link = |row: &Row<'_>, column: &str| match column {
        "name" => Some(format!("/communes/{}", row.cell("commune"))),
        "indicator" if !row.cell("indicator").is_empty() => {
            Some(format!("/communes/{}/{}", row.cell("commune"), row.cell("indicator")))
        }
        _ => None,
    };
    let nothing = l("Không có số liệu nào cần xem lại trong kỳ", "Nothing needs to be looked at in this period");
    list(
        &reader,
        &visitor,
        ("/checks", "can-xem-lai", l("Cần xem lại", "To look at again"), nothing),
        &shown,
        &filters,
        &link,
    )
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
    let words = (
        reader.l("Chất lượng báo cáo", "Quality of reporting"),
        reader.l("Chưa có xã nào phải báo cáo", "No commune reports yet"),
    );
    list(&reader, &visitor, ("/quality", "chat-luong", words.0, words.1), &shown, &html! {}, &link)
}

fn list(
    reader: &Reader<'_>,
    visitor: &Visitor,
    (path, file, title, nothing): (&str, &str, &str, &str),
    shown: &Listing,
    filters: &maud::Markup,
    link: &dyn Fn(&Row<'_>, &str) -> Option<String>,
) -> Result<Response, Failure> {
    if let Some(file) = reader.file(file, shown)? {
        return Ok(file);
    }
    let page = Page::of(reader.asked, shown.rows.len(), place::ROWS);
    let sorted = |column: &Column| place::heading(reader.asked, path, column, &column.name);
    let head: Option<&dyn Fn(&Column) -> maud::Markup> = if path == "/quality" { Some(&sorted) } else { None };
    let body = html! {
        (frame::title(title, &reader.about(), &reader.files(path)))
        (reader.filters(path, &["sort"], filters))
        section .card.flush {
            @if shown.rows.is_empty() { (part::empty(nothing, "")) }
            @else { (listing::table(&place::rows_of(shown, &page), &Look { link: Some(link), head, tall: true, ..Look::default() }, reader.language)) }
        }
        (page.links(reader.asked, path, reader.language))
        (place::notes(shown))
    };
    Ok(visitor.page(reader.site, title, &body))
}
