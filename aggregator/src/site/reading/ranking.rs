//! The ranking: three schemes, any period, parts of it, as closed or as it is now.

use super::{
    super::{Failure, Site, gate::Staff},
    asked::{Asked, Reader, schemes},
    place::{self, Page},
};
use crate::report::question::{Subject, kind};
use axum::{
    Router,
    extract::{Query, State},
    response::Response,
    routing::get,
};
use maud::{Markup, html};
use pages::{
    frame,
    listing::{self, Row},
    part,
};
use shared::{
    listing::{Form, Listing, for_people},
    ranking::Scope,
};

const PATH: &str = "/rankings";
/// A list of names to choose among is offered up to so many.
const MAX_NAMES: usize = 400;

pub(super) fn routes() -> Router<Site> {
    Router::new().route(PATH, get(rankings))
}

async fn rankings(
    State(site): State<Site>,
    Staff(visitor): Staff,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let reader = Reader::of(&site, &visitor, &asked).await?;
    let side_by_side = asked.text("scheme") == "all";
    let scope = Scope {
        group: asked.given("group").filter(|_| !side_by_side),
        indicator: asked.given("indicator").filter(|_| !side_by_side),
        kind: kind(asked.text("kind")).map_err(|error| Failure::asked(&error, reader.language))?,
    };
    let subject = if side_by_side { Subject::Schemes } else { Subject::Rankings(scope) };
    let whole = reader.ask(subject).await?;
    let mut shown = Listing::clone(&whole);
    if side_by_side && !asked.text("kind").is_empty() {
        shown = place::only(&shown, |row| row.cell("kind") == asked.text("kind"));
    }
    let sort = asked.text("sort");
    if !sort.is_empty() && !place::order(&mut shown, sort) {
        return Err(Failure::Bad(
            reader.l("Không có cột đó để sắp xếp.", "There is no such column to sort by.").into(),
        ));
    }
    if let Some(file) = reader.file("xep-hang", &shown)? {
        return Ok(file);
    }
    let page = Page::of(&asked, shown.rows.len(), place::ROWS);
    let on_page = place::rows_of(&shown, &page);
    let groups = reader.groups().await;
    let body = html! {
        (frame::title(reader.l("Xếp hạng", "Ranking"), &reader.about(), &reader.files(PATH)))
        nav .tabs aria-label=(reader.l("Cách chấm", "Scheme")) {
            @for (scheme, words) in schemes(reader.language) {
                a href=(asked.href(PATH, &[("scheme", scheme.as_str()), ("sort", "")])) aria-current=[(!side_by_side && reader.scheme == scheme).then_some("page")] { (words) }
            }
            a href=(asked.href(PATH, &[("scheme", "all"), ("sort", ""), ("group", "")])) aria-current=[side_by_side.then_some("page")] { (reader.l("Ba cách cạnh nhau", "Side by side")) }
        }
        (reader.filters(PATH, &["scheme", "sort", "indicator"], &filters(&reader, &groups, side_by_side)))
        @if !side_by_side { (at_a_glance(&reader, &whole)) }
        section .card.flush {
            @if on_page.rows.is_empty() {
                (part::empty(reader.l("Chưa có xã, phường nào được xếp hạng", "No commune is ranked yet"), reader.l("Nhập danh mục có mục tiêu của các xã trước.", "Import a catalogue with communes' targets first.")))
            } @else {
                (table(&reader, &on_page))
            }
        }
        (page.links(&asked, PATH, reader.language))
        (compare_form(&reader, &whole))
        (place::notes(&shown))
    };
    Ok(visitor.page(&site, reader.l("Xếp hạng", "Ranking"), &body))
}

fn filters(reader: &Reader<'_>, groups: &[(String, String)], side_by_side: bool) -> Markup {
    let kinds = [("", reader.l("Xã và phường", "Both kinds")), ("xa", "Xã"), ("phuong", "Phường")];
    let kinds = kinds.map(|(value, words)| (value.to_owned(), words.to_owned()));
    html! {
        @if !side_by_side { (part::choice("group", reader.l("Nhóm chỉ tiêu", "Group"), groups, &reader.asked.text("group").to_uppercase())) }
        (part::choice("kind", reader.l("Loại", "Kind"), &kinds, reader.asked.text("kind")))
    }
}

/// Who leads, who rose most, who fell most.
fn at_a_glance(reader: &Reader<'_>, ranking: &Listing) -> Markup {
    let movement = |row: &Row<'_>| row.cell("movement").parse::<i64>().ok();
    let rose =
        Row::all(ranking).filter(|row| movement(row).is_some_and(|moved| moved > 0)).max_by_key(|row| movement(row));
    let fell =
        Row::all(ranking).filter(|row| movement(row).is_some_and(|moved| moved < 0)).min_by_key(|row| movement(row));
    let leader = Row::all(ranking).find(|row| row.cell("rank") == "1");
    let name = |row: &Row<'_>| html! { a href=(commune_href(reader, row.cell("commune"))) { (row.cell("name")) } };
    let tile = |label: &str, row: Option<&Row<'_>>, below: &Markup| {
        html! { div .tile { div .label { (label) } div .who { @match row { Some(row) => (name(row)), None => span .muted { "–" } } } div .below { (below) } } }
    };
    let moved = |row: Option<&Row<'_>>, sort: &str| {
        html! {
            @if let Some(row) = row { (part::movement(movement(row), reader.language)) " " (reader.l("bậc, còn hạng ", "places, now ")) (row.cell("rank")) " · " }
            a href=(reader.asked.href(PATH, &[("sort", sort)])) { (reader.l("xếp theo mức này", "sort by this")) }
        }
    };
    let score =
        leader.as_ref().map(|row| for_people(Form::Score, row.cell("score"), reader.language)).unwrap_or_default();
    html! {
        div .tiles {
            (tile(reader.l("Dẫn đầu", "Leads"), leader.as_ref(), &html! { (score) " " (reader.l("điểm", "points")) }))
            (tile(reader.l("Tăng nhiều nhất", "Rose most"), rose.as_ref(), &moved(rose.as_ref(), "-movement")))
            (tile(reader.l("Giảm nhiều nhất", "Fell most"), fell.as_ref(), &moved(fell.as_ref(), "movement")))
        }
    }
}

/// A commune's page for the same period and scheme.
fn commune_href(reader: &Reader<'_>, slug: &str) -> String {
    let pairs: Vec<(&str, &str)> = ["period", "scheme", "revision"]
        .into_iter()
        .map(|name| (name, reader.asked.text(name)))
        .filter(|(_, value)| !value.is_empty() && *value != "all")
        .collect();
    match serde_urlencoded::to_string(pairs) {
        Ok(query) if !query.is_empty() => format!("/communes/{slug}?{query}"),
        _ => format!("/communes/{slug}"),
    }
}

fn table(reader: &Reader<'_>, ranking: &Listing) -> Markup {
    let columns: Vec<usize> =
        (0..ranking.columns.len()).filter(|at| !ranking.columns[*at].heading.is_empty()).collect();
    html! {
        div .scroll.tall tabindex="0" { table .tight {
            caption .unseen { (ranking.title) }
            thead { tr { @for at in &columns {
                @let column = &ranking.columns[*at];
                // What is better when it is more begins with the most; a movement with who fell most.
                @let most_first = column.form.is_number() && !column.name.starts_with("rank") && column.name != "movement";
                @let first = if most_first { format!("-{}", column.name) } else { column.name.clone() };
                (place::heading(reader.asked, PATH, column, &first))
            } } }
            tbody { @for row in Row::all(ranking) {
                tr { @for at in &columns {
                    @let column = &ranking.columns[*at];
                    @let cell = row.cell(&column.name);
                    @match column.name.as_str() {
                        "name" => th scope="row" { a href=(commune_href(reader, row.cell("commune"))) { (cell) } },
                        "score" => td .num { strong { (for_people(column.form, cell, reader.language)) } },
                        _ => td .num[column.form.is_number()] { (listing::cell(column.form, cell, reader.language)) },
                    }
                } }
            } }
        } }
    }
}

fn compare_form(reader: &Reader<'_>, ranking: &Listing) -> Markup {
    let field = |name: &str, label: &str| {
        html! {
            label .choice { span { (label) } input name=(name) list="names" maxlength="100" required autocomplete="off"; }
        }
    };
    html! {
        section .card.noprint #compare {
            h2 { (reader.l("So sánh hai xã, phường", "Compare two communes")) }
            form .filters method="get" action="/rankings/compare" {
                input type="hidden" name="period" value=(reader.period);
                input type="hidden" name="scheme" value=(reader.scheme.as_str());
                @if let Some(revision) = reader.asked.given("revision") { input type="hidden" name="revision" value=(revision); }
                (field("a", reader.l("Nơi thứ nhất", "The first")))
                (field("b", reader.l("Nơi thứ hai", "The second")))
                button { (reader.l("So sánh", "Compare")) }
            }
            @if ranking.rows.len() <= MAX_NAMES {
                datalist #names { @for row in Row::all(ranking) { option { (row.cell("name")) } } }
            }
        }
    }
}
