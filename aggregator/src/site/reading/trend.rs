//! How scores are distributed, and how ranks, scores and the province's own figures went over the months.

use super::{
    super::{Failure, Site, gate::Staff, working::choice},
    asked::{Asked, Reader, schemes},
    course::{self, Month},
    indicators::own_unit,
};
use crate::report::question::Subject;
use axum::{
    Router,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use maud::{Markup, html};
use pages::{
    chart::{self, Bin, Line, Scale},
    frame,
    listing::Row,
    part,
};
use shared::{
    language::Language,
    listing::{Form, for_people},
    period::Period,
    ranking::Scope,
};
use std::sync::Arc;

const PATH: &str = "/trends";
/// The communes that are compared; a fifth line could not be told from the others.
const PLACES: [&str; 4] = ["c1", "c2", "c3", "c4"];

pub(super) fn routes() -> Router<Site> {
    Router::new().route(PATH, get(trends))
}

async fn trends(
    State(site): State<Site>,
    Staff(visitor): Staff,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let reader = Reader::of(&site, &visitor, &asked).await?;
    let ranking = reader.ask(Subject::Rankings(Scope::default())).await?;
    let fields = fields(&reader, &ranking).await;
    let chosen: Vec<(String, String)> = fields.iter().filter_map(|field| field.found.clone()).collect();
    let course = site.course(reader.scheme, reader.period, reader.language).await?;
    let marked: Vec<f64> = chosen
        .iter()
        .filter_map(|(slug, _)| Row::all(&ranking).find(|row| row.cell("commune") == slug)?.cell("score").parse().ok())
        .collect();
    let bins: Vec<Bin> = course::spread(&ranking, "score", (5.0, 100.0))
        .into_iter()
        .zip(0_u32..)
        .map(|((label, count), at)| {
            let from = f64::from(at) * 5.0;
            Bin { label, count, marked: marked.iter().any(|score| (from..from + 5.0).contains(score)) }
        })
        .collect();
    let by_rank = asked.text("show") == "rank";
    let schemes = schemes(reader.language).map(|(scheme, words)| (scheme.as_str().to_owned(), words.to_owned()));
    let l = |vi, en| reader.l(vi, en);
    let indicators: Vec<(String, String)> = {
        let figures = site.live.read();
        let all = figures.catalogue.indicators.iter();
        all.map(|one| {
            (
                one.code.clone(),
                format!(
                    "{} · {:.50}",
                    one.code,
                    reader.language.pick(one.name.as_str(), name_or(&one.name_en, &one.name))
                ),
            )
        })
        .collect()
    };
    let code = asked.given("indicator").map(|code| code.to_uppercase());
    let code = code.or_else(|| indicators.first().map(|(code, _)| code.clone())).unwrap_or_default();
    if !indicators.iter().any(|(known, _)| *known == code) {
        return Err(Failure::NotFound(l("Không có chỉ tiêu đó.", "There is no such indicator.").into()));
    }
    let own = province_card(&site, &code, reader.period, reader.language).await?;
    let body = html! {
        (frame::title(l("Phân bố, diễn biến", "Distribution and trend"), &reader.about(), &html! { button type="button" data-print hidden { (l("In", "Print")) } }))
        (reader.filters(PATH, &["show", "c1", "c2", "c3", "c4"], &html! {
            (part::choice("scheme", l("Cách chấm", "Scheme"), &schemes, reader.scheme.as_str()))
            (part::choice("indicator", l("Số liệu toàn tỉnh của chỉ tiêu", "The province's own figure of"), &indicators, &code))
        }))
        div .columns {
            section .card {
                h2 { (l("Phân bố điểm của các xã, phường", "Distribution of the communes' scores")) }
                (chart::distribution(&bins, l("Số xã, phường theo khoảng điểm", "Communes by range of score")))
                p .small .muted { (l("Mỗi cột: số xã, phường có điểm trong khoảng (tính từ số đầu, chưa đến số cuối). Cột đậm: có xã được chọn bên cạnh.", "Each bar: communes with a score from the first number to below the second. Strong bars hold the communes chosen beside.")) }
            }
            (own)
        }
        section .card {
            h2 { (l("Diễn biến qua các tháng", "Over the months")) }
            form .filters method="get" action=(PATH) {
                @for name in ["period", "scheme", "revision", "indicator"] { @if let Some(value) = asked.given(name) { input type="hidden" name=(name) value=(value); } }
                @for (at, field) in fields.iter().enumerate() {
                    label .choice .field .wrong[field.fault.is_some()] {
                        span { (l("Xã, phường", "Commune")) " " (at + 1) }
                        input name=(PLACES[at]) list="names" maxlength="100" autocomplete="off" value=(field.typed) aria-invalid=[field.fault.is_some().then_some("true")];
                        @if let Some(fault) = &field.fault { span .fault role="alert" { (fault) } }
                    }
                }
                (part::choice("show", l("Vẽ", "Draw"), &[(String::new(), l("Điểm", "Scores").to_owned()), ("rank".to_owned(), l("Hạng", "Ranks").to_owned())], if by_rank { "rank" } else { "" }))
                button { (l("Xem", "Show")) }
            }
            @if ranking.rows.len() <= 400 { datalist #names { @for row in Row::all(&ranking) { option { (row.cell("name")) } } } }
            (over_months(&chosen, &course, by_rank, reader.language))
        }
    };
    let is_faulty = fields.iter().any(|field| field.fault.is_some());
    let status = if is_faulty { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = visitor.page(&site, l("Phân bố, diễn biến", "Distribution and trend"), &body);
    Ok((status, page).into_response())
}

fn name_or<'a>(name: &'a str, other: &'a str) -> &'a str {
    if name.is_empty() { other } else { name }
}

/// A field for a commune that is compared.
#[derive(Debug, Default)]
struct Field {
    /// What stands in it.
    typed: String,
    /// Slug and name of the commune that is meant.
    found: Option<(String, String)>,
    /// Why none is.
    fault: Option<String>,
}

/// The communes that are asked for; of none the first three of the ranking.
async fn fields(reader: &Reader<'_>, ranking: &shared::listing::Listing) -> [Field; PLACES.len()] {
    let figures = reader.site.live.read();
    let mut fields: [Field; PLACES.len()] = Default::default();
    let asked: Vec<String> = PLACES.iter().filter_map(|name| reader.asked.given(name)).collect();
    if asked.is_empty() {
        for (field, row) in fields.iter_mut().zip(Row::all(ranking).take(3)) {
            let (slug, name) = (row.cell("commune").to_owned(), row.cell("name").to_owned());
            *field = Field { typed: name.clone(), found: Some((slug, name)), fault: None };
        }
        return fields;
    }
    let mut at = 0;
    for typed in asked {
        let field = match figures.catalogue.find_commune(&typed) {
            Ok(commune) => Field {
                typed: commune.name.clone(),
                found: Some((commune.slug.clone(), commune.name.clone())),
                fault: None,
            },
            Err(error) => Field { fault: Some(choice::unfound(&error, reader.language)), typed, found: None },
        };
        if field.found.is_none() || !fields.iter().any(|known| known.found == field.found) {
            fields[at] = field;
            at += 1;
        }
    }
    fields
}

/// A chart of communes over the months, with its figures below it.
pub(super) fn over_months(
    chosen: &[(String, String)],
    course: &[(Period, Arc<Month>)],
    by_rank: bool,
    language: Language,
) -> Markup {
    html! { (chart_of(chosen, course, by_rank, language)) (figures_of(chosen, course, language)) }
}

/// The chart alone.
pub(super) fn chart_of(
    chosen: &[(String, String)],
    course: &[(Period, Arc<Month>)],
    by_rank: bool,
    language: Language,
) -> Markup {
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let labels: Vec<String> = course.iter().map(|(month, _)| course::label(*month)).collect();
    let of = |slug: &str, month: &Month| month.of.get(slug).cloned().unwrap_or_default();
    let lines: Vec<Line> = chosen
        .iter()
        .enumerate()
        .map(|(style, (slug, name))| {
            let figures = course.iter().map(|(_, month)| {
                // Before its first figure a commune has no score that could be compared.
                let (rank, score) = if month.reported.contains(slug) { of(slug, month) } else { Default::default() };
                if by_rank { rank.map(|rank| rank.to_string()) } else { Some(score).filter(|score| !score.is_empty()) }
            });
            Line { name: name.clone(), figures: figures.collect(), style }
        })
        .collect();
    let last = course.iter().map(|(_, month)| month.ranked).max().unwrap_or(1);
    let scale = if by_rank { Scale::Ranks(last) } else { Scale::FromZero(100) };
    let words =
        if by_rank { l("Hạng theo tháng", "Rank by month") } else { l("Điểm theo tháng", "Score by month") };
    html! {
        @if chosen.is_empty() || course.is_empty() {
            (part::empty(l("Chưa có tháng nào để vẽ", "No month to draw yet"), ""))
        } @else {
            @if lines.len() > 1 { (chart::legend(&lines)) }
            (chart::trend(&labels, &lines, scale, words, language))
            @if chosen.iter().any(|(slug, _)| course.iter().any(|(_, month)| !month.reported.contains(slug))) {
                p .small.muted { (l("Các tháng trước khi xã, phường có số liệu đầu tiên không được vẽ: chưa báo cáo, không phải 0 điểm.", "Months before a commune's first figure are not drawn: nothing was reported, which is not a score of 0.")) }
            }
        }
    }
}

/// The ranks and scores of communes by month.
fn figures_of(chosen: &[(String, String)], course: &[(Period, Arc<Month>)], language: Language) -> Markup {
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    // A rank among communes that have all reported nothing is none.
    let of = |slug: &str, month: &Month| {
        month.of.get(slug).filter(|_| !month.reported.is_empty()).cloned().unwrap_or_default()
    };
    html! {
        div .scroll tabindex="0" { table .tight {
            caption .unseen { (l("Hạng và điểm theo tháng", "Ranks and scores by month")) }
            thead { tr { th scope="col" { (l("Xã, phường", "Commune")) } th scope="col" {} @for (month, _) in course { th .num scope="col" { (l("T", "M")) (course::label(*month)) } } } }
            tbody { @for (slug, name) in chosen {
                tr { th rowspan="2" scope="rowgroup" { (name) } td .muted { (l("Hạng", "Rank")) } @for (_, month) in course { td .num { (of(slug, month).0.map_or("–".to_owned(), |rank| rank.to_string())) } } }
                tr { td .muted { (l("Điểm", "Score")) } @for (_, month) in course { td .num { (Some(of(slug, month).1).filter(|score| !score.is_empty()).map_or("–".to_owned(), |score| for_people(Form::Score, &score, language))) } } }
            } }
        } }
    }
}

/// The province's own figure of an indicator over the months.
pub(super) async fn province_card(
    site: &Site,
    code: &str,
    period: Period,
    language: Language,
) -> Result<Markup, Failure> {
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let course = site.own_course(code, period, language).await?;
    let (name, unit) = {
        let figures = site.live.read();
        figures
            .catalogue
            .indicator(code)
            .map(|one| (one.name.clone(), own_unit(one.kind, &one.unit, language).to_owned()))
            .unwrap_or_default()
    };
    let labels: Vec<String> = course.iter().map(|(month, _)| course::label(*month)).collect();
    let text = |figure: &Option<shared::province::ProvinceFigure>| {
        figure.and_then(|figure| figure.value).map(|value| value.to_decimals(6))
    };
    let line =
        Line { name: code.to_owned(), figures: course.iter().map(|(_, figure)| text(figure)).collect(), style: 0 };
    let least = if unit.starts_with('%') { 100 } else { 1 };
    Ok(html! {
        section .card {
            h2 { span { (l("Số liệu toàn tỉnh: ", "The province's own figure: ")) a href={ "/indicators/" (code) } { (code) } } }
            p .small .muted { (name) @if !unit.is_empty() { " (" (unit) ")" } }
            @if line.figures.iter().all(Option::is_none) {
                (part::empty(l("Chưa có số liệu cộng được", "No figure that can be added up yet"), ""))
            } @else {
                (chart::trend(&labels, std::slice::from_ref(&line), Scale::FromZero(least), &name, language))
                div .scroll tabindex="0" { table .tight {
                    caption .unseen { (name) }
                    thead { tr { th scope="col" {} @for label in &labels { th .num scope="col" { (l("T", "M")) (label) } } } }
                    tbody {
                        tr { th scope="row" { (l("Toàn tỉnh", "Province")) } @for (_, figure) in &course { td .num { (text(figure).map_or("–".to_owned(), |value| for_people(Form::Value, &value, language))) } } }
                        tr { th scope="row" { (l("Từ số xã", "Communes")) } @for (_, figure) in &course { td .num { (figure.map_or(0, |figure| figure.reporting)) } } }
                    }
                } }
            }
        }
    })
}
