//! One indicator: the province's own figure and every commune's.

use super::{
    super::{Failure, Site, gate::Staff},
    asked::{Asked, Reader, schemes},
    course, explained, indicators,
    place::{self, Page},
    trend,
};
use crate::report::question::Subject;
use axum::{
    Router,
    extract::{Path, Query, State},
    response::Response,
    routing::get,
};
use maud::{Markup, html};
use pages::{
    chart::{self, Bin},
    frame,
    listing::{self, Look, Row},
    part,
};
use shared::{
    catalogue::Indicator,
    light::Light,
    listing::{Column, Form, Listing, for_people},
};

pub(super) fn routes() -> Router<Site> {
    Router::new().route("/indicators/{code}", get(indicator))
}

async fn indicator(
    State(site): State<Site>,
    Staff(visitor): Staff,
    Path(code): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let reader = Reader::of(&site, &visitor, &asked).await?;
    let l = |vi, en| reader.l(vi, en);
    let league = reader.ask(Subject::Indicator(code.clone())).await?;
    let (row, mut communes) = apart(&league);
    let known = {
        let figures = site.live.read();
        figures.catalogue.indicator(&code.to_uppercase()).cloned()
    };
    let Some(indicator) = known else {
        return Err(Failure::NotFound(l("Không có chỉ tiêu đó.", "There is no such indicator.").into()));
    };
    let path = format!("/indicators/{}", indicator.code);
    let lights = explained::lights(&communes);
    let bins = spread(&communes);
    let wanted = asked.text("light");
    if !wanted.is_empty() {
        if !Light::ALL.iter().any(|light| light.as_str() == wanted) {
            return Err(Failure::Bad(
                l("Không có đèn đó: red, yellow, green.", "There is no such light: red, yellow, green.").into(),
            ));
        }
        communes = place::only(&communes, |row| row.cell("light") == wanted);
    }
    let sort = asked.text("sort");
    if !sort.is_empty() && !place::order(&mut communes, sort) {
        return Err(Failure::Bad(l("Không có cột đó để sắp xếp.", "There is no such column to sort by.").into()));
    }
    if let Some(file) =
        reader.file(&indicator.code, if wanted.is_empty() && sort.is_empty() { &league } else { &communes })?
    {
        return Ok(file);
    }
    let page = Page::of(&asked, communes.rows.len(), place::ROWS);
    let name = reader
        .language
        .pick(indicator.name.as_str(), if indicator.name_en.is_empty() { &indicator.name } else { &indicator.name_en });
    let province = trend::province_card(&site, &indicator.code, reader.period, reader.language).await?;
    let schemes = schemes(reader.language).map(|(scheme, words)| (scheme.as_str().to_owned(), words.to_owned()));
    let body = html! {
        (frame::title(&format!("{} · {name}", indicator.code), &reader.about(), &reader.files(&path)))
        (reader.filters(&path, &["sort"], &html! {
            (part::choice("scheme", l("Mục tiêu", "Targets"), &schemes, reader.scheme.as_str()))
            (part::choice("light", l("Đèn", "Light"), &choices(&reader), wanted))
        }))
        (own(&reader, &indicator, row.as_ref(), &lights, &path))
        section .card.flush {
            h2 { (l("Các xã, phường", "Communes")) small .muted { (communes.rows.len()) " " (l("dòng", "rows")) } }
            @if communes.rows.is_empty() {
                (part::empty(l("Không có xã, phường nào trong phạm vi này", "No commune within this scope"), l("Chọn đèn khác, hoặc không kế hoạch nào có chỉ tiêu này.", "Choose another light; or no plan has this indicator.")))
            } @else { (table(&reader, &place::rows_of(&communes, &page), &path, &indicator)) }
        }
        (page.links(&asked, &path, reader.language))
        div .columns {
            section .card {
                h2 { (l("Phân bố mức đạt", "Distribution of achievement")) small .muted { "%" } }
                (chart::distribution(&bins, l("Số mục tiêu theo mức đạt, phần trăm", "Targets by achievement in percent")))
                p .small .muted { (l("Mỗi cột: số mục tiêu có mức đạt từ số đầu đến dưới số cuối; cột “100”: đã đạt.", "Each bar: targets from the first number to below the second; “100”: reached.")) }
            }
            (province)
        }
        (place::notes(&league))
    };
    Ok(visitor.page(&site, &format!("{} {name}", indicator.code), &body))
}

/// The province's own row, and those of the communes.
fn apart(league: &Listing) -> (Option<Listing>, Listing) {
    let communes = place::only(league, |row| !row.cell("commune").is_empty());
    let own = place::only(league, |row| row.cell("commune").is_empty());
    ((!own.rows.is_empty()).then_some(own), communes)
}

fn choices(reader: &Reader<'_>) -> Vec<(String, String)> {
    let all = [(String::new(), reader.l("Tất cả", "All").to_owned())];
    let lights = [Light::Red, Light::Yellow, Light::Green];
    all.into_iter()
        .chain(lights.map(|light| (light.as_str().to_owned(), light.label(reader.language).to_owned())))
        .collect()
}

/// How many targets reach how much, in tenths; what is reached stands alone.
fn spread(communes: &Listing) -> Vec<Bin> {
    let percent = Listing { columns: communes.columns.clone(), rows: communes.rows.clone(), ..Listing::default() };
    let at = percent.columns.iter().position(|column| column.name == "achievement");
    let mut percent = percent;
    for row in &mut percent.rows {
        if let Some(cell) = at.and_then(|at| row.get_mut(at)) {
            // A share of millionths as hundredths of a percent, cut.
            *cell = cell
                .parse::<shared::amount::Amount>()
                .map(|share| shared::fraction::decimals(share.micros() / 100, 2))
                .map(|text| shared::vietnamese::trimmed(&text).to_owned())
                .unwrap_or_default();
        }
    }
    let bins = course::spread(&percent, "achievement", (10.0, 100.0));
    bins.into_iter().map(|(label, count)| Bin { marked: label == "100", label, count }).collect()
}

fn own(
    reader: &Reader<'_>,
    indicator: &Indicator,
    province: Option<&Listing>,
    lights: &[(Light, usize); 4],
    path: &str,
) -> Markup {
    let l = |vi, en| reader.l(vi, en);
    let row = province.and_then(|listing| Row::all(listing).next());
    let cell = |name: &str| row.as_ref().map_or("", |row| row.cell(name));
    let value = cell("value");
    html! {
        div .tiles {
            (part::tile(l("Số liệu của toàn tỉnh", "The province's own figure"),
                &html! { @if value.is_empty() { "–" } @else { (for_people(Form::Value, value, reader.language)) small .muted { " " (indicators::own_unit(indicator.kind, &indicator.unit, reader.language)) } } },
                &html! { @if !cell("numerator").is_empty() { (for_people(Form::Number, cell("numerator"), reader.language)) " / " (for_people(Form::Number, cell("denominator"), reader.language)) } }))
            (part::tile(l("Từ số xã, phường", "From communes"), &html! { (cell("reporting")) }, &html! { (l("có số liệu trong năm, đến kỳ này", "with a figure up to this period")) }))
            (part::tile(l("Mục tiêu chuẩn của tỉnh", "Provincial standard"),
                &html! { @match indicator.standard { Some(goal) => (indicators::standard_words(goal, reader.language)), None => "–" } },
                &html! { (l("quy tắc", "rule")) ": " (indicator.rule.label(reader.language)) " · " (for_people(Form::Number, &indicator.points.to_string(), reader.language)) " " (l("điểm", "points")) }))
            (part::tile(l("Đèn của các xã, phường", "The communes' lights"),
                &html! { div .lights { @for (light, count) in lights.iter().take(3) { span { (count) " " a href=(reader.asked.href(path, &[("light", light.as_str())])) { (part::light(*light, reader.language)) } } } } },
                &html! { (l("bấm để lọc bảng dưới", "choose to filter below")) }))
        }
    }
}

fn table(reader: &Reader<'_>, communes: &Listing, path: &str, indicator: &Indicator) -> Markup {
    let link = |row: &Row<'_>, column: &str| match column {
        "name" => Some(format!("/communes/{}", row.cell("commune"))),
        "value" if !row.cell("value").is_empty() => {
            Some(format!("/communes/{}/{}", row.cell("commune"), indicator.code))
        }
        _ => None,
    };
    let sorted = |column: &Column| {
        let most_first = column.form.is_number() && column.name != "rank";
        place::heading(
            reader.asked,
            path,
            column,
            &if most_first { format!("-{}", column.name) } else { column.name.clone() },
        )
    };
    listing::table(
        communes,
        &Look { link: Some(&link), head: Some(&sorted), tall: true, ..Look::default() },
        reader.language,
    )
}
