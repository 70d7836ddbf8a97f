//! The heat map: achievement of every commune for every indicator, in six steps that differ in lightness as well as in colour, with the
//! number in each cell. Its markup is kept small: a province's page has thousands of cells.

use super::{
    super::{Failure, Site, gate::Staff},
    asked::{Asked, Reader, schemes},
    place::Page,
};
use crate::report::{
    heat::{Heat, HeatCell, heat},
    question::kind,
};
use axum::{
    Router,
    extract::{Query, State},
    response::Response,
    routing::get,
};
use maud::{Markup, PreEscaped, html};
use pages::{frame, part};
use shared::{
    achievement::FULL,
    light::Light,
    listing::{Column, Form, Listing},
};
use std::fmt::Write;

const PATH: &str = "/heat-map";
/// Most rows of a page.
const ROWS: usize = 120;

pub(super) fn routes() -> Router<Site> {
    Router::new().route(PATH, get(heat_map))
}

/// What a column's head says.
struct Head {
    code: String,
    name: String,
    group: String,
    group_name: String,
}

async fn heat_map(
    State(site): State<Site>,
    Staff(visitor): Staff,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let reader = Reader::of(&site, &visitor, &asked).await?;
    let kind = kind(asked.text("kind")).map_err(|error| Failure::asked(&error, reader.language))?;
    let group = asked.given("group").map(|group| group.to_uppercase());
    let groups = reader.groups().await;
    if group.as_ref().is_some_and(|group| !groups.iter().any(|(code, _)| code == group)) {
        return Err(Failure::NotFound(reader.l("Không có nhóm chỉ tiêu đó.", "There is no such group.").into()));
    }
    let made = site.with_figures((reader.period, reader.edition), |figures| {
        let heat = heat(figures, (reader.scheme, reader.period), group.as_deref(), kind, figures.today);
        let book = figures.standings.book();
        let heads = heat.indicators.iter().map(|number| {
            let row = &book.indicators()[*number as usize];
            let of_catalogue = figures.catalogue.indicator(&row.code);
            let (en, group_name) = of_catalogue.map_or(("", ""), |one| (one.name_en.as_str(), one.group_name.as_str()));
            let name = if en.is_empty() { &row.name } else { reader.language.pick(row.name.as_str(), en) };
            Head {
                code: row.code.clone(),
                name: name.to_owned(),
                group: row.group.clone(),
                group_name: group_name.to_owned(),
            }
        });
        (heads.collect::<Vec<_>>(), heat)
    });
    let (heads, heat) = made.await.map_err(|error| Failure::of(error, reader.language))?;
    if let Some(file) = reader.file("ban-do-nhiet", &listing(&reader, &heads, &heat))? {
        return Ok(file);
    }
    let by_light = asked.text("show") == "lights";
    let page = Page::of(&asked, heat.rows.len(), ROWS);
    let body = html! {
        (frame::title(reader.l("Bản đồ nhiệt", "Heat map"), &reader.about(), &reader.files(PATH)))
        (reader.filters(PATH, &[], &filters(&reader, &groups, by_light)))
        section .card.flush {
            @if heads.is_empty() {
                (part::empty(reader.l("Không có mục tiêu nào được chấm trong phạm vi này", "No scored target within this scope"), reader.l("Chọn nhóm chỉ tiêu hoặc cách chấm khác.", "Choose another group or scheme.")))
            } @else {
                (legend(&reader, by_light))
                (table(&reader, &heads, &heat, &page, by_light))
            }
        }
        (page.links(&asked, PATH, reader.language))
        ul .notes {
            li { (reader.l("Số trong ô: mức đạt mục tiêu theo phần trăm, không làm tròn lên (chỉ đạt mới là 100). “–”: chưa báo cáo. Ô trống: không có mục tiêu. Nhiều mục tiêu cho một chỉ tiêu: mức thấp nhất.", "In a cell: achievement in percent, never rounded up (only what is reached is 100). “–”: not reported. Empty: no target. Several targets of one indicator: the lowest.")) }
        }
    };
    Ok(visitor.page(&site, reader.l("Bản đồ nhiệt", "Heat map"), &body))
}

fn filters(reader: &Reader<'_>, groups: &[(String, String)], by_light: bool) -> Markup {
    let kinds = [("", reader.l("Xã và phường", "Both kinds")), ("xa", "Xã"), ("phuong", "Phường")];
    let kinds = kinds.map(|(value, words)| (value.to_owned(), words.to_owned()));
    let schemes = schemes(reader.language).map(|(scheme, words)| (scheme.as_str().to_owned(), words.to_owned()));
    let show = [("", reader.l("Mức đạt", "Achievement")), ("lights", reader.l("Đèn", "Lights"))];
    let show = show.map(|(value, words)| (value.to_owned(), words.to_owned()));
    html! {
        (part::choice("scheme", reader.l("Cách chấm", "Scheme"), &schemes, reader.scheme.as_str()))
        (part::choice("group", reader.l("Nhóm chỉ tiêu", "Group"), groups, &reader.asked.text("group").to_uppercase()))
        (part::choice("kind", reader.l("Loại", "Kind"), &kinds, reader.asked.text("kind")))
        (part::choice("show", reader.l("Tô theo", "Colour by"), &show, if by_light { "lights" } else { "" }))
    }
}

/// The step of an achievement, 0 to 5.
fn step(cell: HeatCell) -> Option<u32> {
    cell.achieved.map(|achieved| achieved.min(FULL) * 5 / FULL)
}

fn legend(reader: &Reader<'_>, by_light: bool) -> Markup {
    let steps = ["0–19", "20–39", "40–59", "60–79", "80–99", "100"];
    html! {
        div .legend.heat-legend {
            @if by_light {
                @for light in [Light::Red, Light::Yellow, Light::Green] { (part::light(light, reader.language)) }
            } @else {
                @for (at, words) in steps.iter().enumerate() { span { i class={ "swatch h" (at) } {} (words) " %" } }
            }
            span { i .swatch.hm { "–" } (reader.l("chưa báo cáo", "not reported")) }
            span { i .swatch {} (reader.l("không có mục tiêu", "no target")) }
        }
    }
}

fn table(reader: &Reader<'_>, heads: &[Head], heat: &Heat, page: &Page, by_light: bool) -> Markup {
    let mut spans: Vec<(&Head, usize)> = Vec::new();
    for head in heads {
        match spans.last_mut() {
            Some((last, count)) if last.group == head.group => *count += 1,
            _ => spans.push((head, 1)),
        }
    }
    html! {
        div .scroll.tall tabindex="0" { table .heat data-heat {
            caption .unseen { (reader.l("Mức đạt của từng xã cho từng chỉ tiêu", "Achievement by commune and indicator")) }
            thead {
                tr { th rowspan="2" scope="col" { (reader.l("Xã, phường", "Commune")) } @for (head, count) in &spans { th .group scope="colgroup" colspan=(count) title=(head.group_name) { (head.group) } } }
                tr { @for head in heads { th scope="col" title=(head.name) { a href={ "/indicators/" (head.code) } { (head.code) } } } }
            }
            tbody { @for row in &heat.rows[page.from..page.to] {
                tr {
                    th scope="row" { @if let Some(rank) = row.rank { small { (rank) } } a href={ "/communes/" (row.commune) } { (row.name) } }
                    (PreEscaped(cells(&row.cells, by_light)))
                }
            } }
        } }
    }
}

/// The cells of a row: nothing but numbers and class names goes in here.
fn cells(cells: &[Option<HeatCell>], by_light: bool) -> String {
    let mut text = String::with_capacity(cells.len() * 20);
    for cell in cells {
        let _ = match cell.map(|cell| (cell, step(cell))) {
            None => write!(text, "<td>"),
            Some((cell, _)) if by_light => {
                let light = match cell.light {
                    Light::Red => "lr",
                    Light::Yellow => "ly",
                    Light::Green => "lg",
                    Light::Grey => "",
                };
                write!(text, "<td class={light}>{}", cell.achieved.map_or("–".into(), percent))
            }
            Some((_, None)) => write!(text, "<td class=hm>–"),
            Some((cell, Some(step))) => write!(text, "<td class=h{step}>{}", percent(cell.achieved.unwrap_or(0))),
        };
    }
    text
}

/// Percent, cut.
fn percent(achieved: u32) -> String {
    (achieved.min(FULL) / (FULL / 100)).to_string()
}

/// The map as a list, for files: achievement by commune, a column for each indicator.
fn listing(reader: &Reader<'_>, heads: &[Head], heat: &Heat) -> Listing {
    let mut columns = vec![
        Column::new("rank", reader.l("Hạng", "Rank"), Form::Number),
        Column::new("commune", "", Form::Text),
        Column::new("name", reader.l("Xã, phường", "Commune"), Form::Text),
    ];
    columns.extend(heads.iter().map(|head| Column::new(&head.code, &head.code, Form::Share)));
    let rows = heat.rows.iter().map(|row| {
        let rank = row.rank.map(|rank| rank.to_string()).unwrap_or_default();
        let mut cells = vec![rank, row.commune.clone(), row.name.clone()];
        cells.extend(row.cells.iter().map(|cell| {
            let achieved = cell.and_then(|cell| cell.achieved);
            achieved.map_or_else(String::new, |achieved| shared::fraction::decimals(achieved.into(), 6))
        }));
        cells
    });
    Listing {
        title: format!("{} {}", reader.l("Mức đạt kỳ", "Achievement in"), reader.period),
        rows: rows.collect(),
        columns,
        notes: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_steps_and_only_the_whole_is_the_last() {
        let of = |achieved| HeatCell { achieved, light: Light::Green };
        let steps = [0, 199_999, 200_000, 599_999, 999_999, FULL].map(|achieved| step(of(Some(achieved))).unwrap());
        assert_eq!(steps, [0, 0, 1, 2, 4, 5]);
        let row = [Some(of(Some(999_999))), None, Some(of(None))];
        assert_eq!(cells(&row, false), "<td class=h4>99<td><td class=hm>–");
        assert_eq!(cells(&row, true), "<td class=lg>99<td><td class=lg>–");
    }
}
