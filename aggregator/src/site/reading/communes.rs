//! The communes of the province: where each stands and when it was heard of last.

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
use pages::listing::{Look, Row};
use shared::{
    listing::{Column, Form, Listing},
    ranking::Scope,
    vietnamese,
};
use std::collections::HashMap;

const PATH: &str = "/communes";

pub(super) fn routes() -> Router<Site> {
    Router::new().route(PATH, get(communes))
}

async fn communes(
    State(site): State<Site>,
    Staff(visitor): Staff,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let reader = Reader::of(&site, &visitor, &asked).await?;
    let l = |vi, en| reader.l(vi, en);
    let ranking = reader.ask(Subject::Rankings(Scope::default())).await?;
    let communes = reader.ask(Subject::Communes).await?;
    let mut listing = with_ranks(&reader, &communes, &ranking);
    let wanted = vietnamese::folded(asked.text("q"));
    let state = asked.text("state");
    listing = place::only(&listing, |row| {
        let fits = wanted.is_empty()
            || vietnamese::folded(row.cell("name")).contains(&wanted)
            || row.cell("code") == wanted
            || row.cell("slug").contains(&wanted);
        fits && match state {
            "planned" => row.cell("targets") != "0",
            "joined" => !row.cell("enrolled").is_empty(),
            "absent" => row.cell("enrolled").is_empty(),
            "failing" => !row.cell("last_failure").is_empty(),
            "differs" => row.cell("digest") == "differs",
            _ => true,
        }
    });
    let sort = asked.text("sort");
    if !sort.is_empty() && !place::order(&mut listing, sort) {
        return Err(Failure::Bad(l("Không có cột đó để sắp xếp.", "There is no such column to sort by.").into()));
    }
    let states = [
        ("", l("Tất cả", "All")),
        ("planned", l("Có mục tiêu", "With targets")),
        ("joined", l("Đã tham gia", "Joined")),
        ("absent", l("Chưa tham gia", "Not joined")),
        ("failing", l("Lần gần nhất bị lỗi", "Failed last")),
        ("differs", l("Đối chiếu khác nhau", "Digests differ")),
    ];
    let link = |row: &Row<'_>, column: &str| (column == "name").then(|| format!("/communes/{}", row.cell("slug")));
    let sorted = |column: &Column| {
        let most_first = column.form.is_number() && column.name != "rank" || column.form == Form::Time;
        let first = if most_first { format!("-{}", column.name) } else { column.name.clone() };
        place::heading(&asked, PATH, column, &first)
    };
    List {
        path: PATH,
        file: "xa-phuong",
        title: l("Xã, phường", "Communes"),
        about: communes.notes.first().cloned().unwrap_or_default(),
        kept: &["sort"],
        filters: html! {
            label .choice { span { (l("Tên, mã", "Name, code")) } input type="search" name="q" maxlength="100" value=(asked.text("q")); }
            (list::select(&reader, "state", l("Lọc", "Filter"), &states))
        },
        nothing: (l("Không có xã, phường nào khớp", "No commune fits"), l("Bỏ bớt điều kiện lọc, hoặc gõ một phần tên, không cần dấu.", "Take a filter away, or type a part of the name.")),
        look: Look {
            link: Some(&link),
            without: &["build", "healed", "copy_seen_at", "clock_skew_s"],
            head: Some(&sorted),
            ..Look::default()
        },
        ..List::default()
    }
    .show(&reader, &visitor, &listing)
}

/// The list of communes with rank, score and movement beside the names.
fn with_ranks(reader: &Reader<'_>, communes: &Listing, ranking: &Listing) -> Listing {
    let l = |vi, en| reader.l(vi, en);
    let ranks: HashMap<&str, Row<'_>> = Row::all(ranking).map(|row| (row.cell("commune"), row)).collect();
    let added = [
        ("rank", l("Hạng", "Rank"), Form::Number),
        ("score", l("Điểm", "Score"), Form::Score),
        ("movement", l("Tăng, giảm", "Movement"), Form::Movement),
    ];
    let place = communes.columns.iter().position(|column| column.name == "targets").unwrap_or(communes.columns.len());
    let mut columns = communes.columns.clone();
    for column in &mut columns {
        if column.name == "slug" {
            column.heading = String::new();
        }
    }
    columns.splice(place..place, added.map(|(name, heading, form)| Column::new(name, heading, form)));
    let rows = Row::all(communes).zip(&communes.rows).map(|(row, cells)| {
        let of = ranks.get(row.cell("slug"));
        let mut cells = cells.clone();
        cells.splice(place..place, added.map(|(name, ..)| of.map_or("", |row| row.cell(name)).to_owned()));
        cells
    });
    Listing { title: communes.title.clone(), notes: communes.notes.clone(), rows: rows.collect(), columns }
}
