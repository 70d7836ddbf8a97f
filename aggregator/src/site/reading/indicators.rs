//! The indicators with the province's own figures and their lights.

use super::{
    super::{Failure, Site, gate::Staff, pulse::OwnFigure},
    asked::{Asked, Reader},
    place,
};
use axum::{
    Router,
    extract::{Query, State},
    response::Response,
    routing::get,
};
use maud::{Markup, html};
use pages::{frame, listing::Row, part};
use shared::{
    catalogue::Kind,
    language::Language,
    light::Light,
    listing::{Column, Form, Listing, for_people},
    vietnamese,
};

const PATH: &str = "/indicators";

pub(super) fn routes() -> Router<Site> {
    Router::new().route(PATH, get(indicators))
}

async fn indicators(
    State(site): State<Site>,
    Staff(visitor): Staff,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let reader = Reader::of(&site, &visitor, &asked).await?;
    let l = |vi, en| reader.l(vi, en);
    let pulse = site.pulse(Some(reader.period)).await.map_err(|error| Failure::asked(&error, reader.language))?;
    let whole = listing(&reader, &pulse.own).await;
    let wanted = vietnamese::folded(asked.text("q"));
    let group = asked.text("group").to_uppercase();
    let mut shown = place::only(&whole, |row| {
        let fits =
            ["indicator", "name", "name_en"].iter().any(|name| vietnamese::folded(row.cell(name)).contains(&wanted));
        fits && (group.is_empty() || row.cell("group") == group)
            && (asked.text("light") != "red" || row.cell("red") != "0")
    });
    let sort = asked.text("sort");
    if !sort.is_empty() && !place::order(&mut shown, sort) {
        return Err(Failure::Bad(l("Không có cột đó để sắp xếp.", "There is no such column to sort by.").into()));
    }
    if let Some(file) = reader.file("chi-tieu", &shown)? {
        return Ok(file);
    }
    let groups = reader.groups().await;
    let lights = [("", l("Tất cả", "All")), ("red", l("Có đèn đỏ", "With red lights"))]
        .map(|(value, words)| (value.to_owned(), words.to_owned()));
    let about = l(
        "Số liệu của toàn tỉnh: tử số, mẫu số của các xã cộng lại; không phải trung bình của các tỷ lệ.",
        "The province's own figures: numerators and denominators added up, no mean of percentages.",
    );
    let body = html! {
        (frame::title(l("Chỉ tiêu", "Indicators"), &format!("{} {about}", reader.about()), &reader.files(PATH)))
        (reader.filters(PATH, &["sort"], &html! {
            label .choice { span { (l("Mã, tên", "Code, name")) } input type="search" name="q" maxlength="100" value=(asked.text("q")); }
            (part::choice("group", l("Nhóm", "Group"), &groups, &group))
            (part::choice("light", l("Đèn", "Light"), &lights, asked.text("light")))
        }))
        section .card.flush {
            @if shown.rows.is_empty() {
                (part::empty(l("Không có chỉ tiêu nào khớp", "No indicator fits"), l("Bỏ bớt điều kiện lọc, hoặc gõ một phần tên, không cần dấu.", "Take a filter away, or type a part of the name.")))
            } @else { (table(&reader, &shown)) }
        }
    };
    Ok(visitor.page(&site, l("Chỉ tiêu", "Indicators"), &body))
}

/// The list of indicators, as a file has it too.
async fn listing(reader: &Reader<'_>, own: &[OwnFigure]) -> Listing {
    let l = |vi, en| reader.l(vi, en);
    let figures = reader.site.live.read();
    let book = figures.standings.book();
    let rows = own.iter().filter_map(|own| {
        let row = book.indicators().get(own.indicator as usize)?;
        let name_en = figures.catalogue.indicator(&row.code).map_or("", |one| one.name_en.as_str());
        let count =
            |light: Light| Light::ALL.iter().position(|one| *one == light).map_or(0, |at| own.lights[at]).to_string();
        Some(vec![
            row.code.clone(),
            reader.language.pick(row.name.as_str(), if name_en.is_empty() { &row.name } else { name_en }).to_owned(),
            name_en.to_owned(),
            row.group.clone(),
            own.figure.value.map(|value| value.to_decimals(6)).unwrap_or_default(),
            own_unit(row.kind, &row.unit, reader.language).to_owned(),
            row.standard.map(|goal| standard_words(goal, reader.language)).unwrap_or_default(),
            own.achievement.clone(),
            own.figure.reporting.to_string(),
            own.figure.left_out.to_string(),
            count(Light::Red),
            count(Light::Yellow),
            count(Light::Green),
        ])
    });
    Listing {
        title: format!("{} {}", l("Số liệu toàn tỉnh kỳ", "The province's own figures,"), reader.period),
        rows: rows.collect(),
        columns: vec![
            Column::new("indicator", l("Mã", "Code"), Form::Text),
            Column::new("name", l("Chỉ tiêu", "Indicator"), Form::Text),
            Column::new("name_en", "", Form::Text),
            Column::new("group", "", Form::Text),
            Column::new("value", l("Toàn tỉnh", "Province"), Form::Value),
            Column::new("unit", l("Đơn vị", "Unit"), Form::Text),
            Column::new("standard", l("Mục tiêu chuẩn", "Standard"), Form::Text),
            Column::new("achievement", l("Mức đạt", "Achieved"), Form::Share),
            Column::new("reporting", l("Từ số xã", "Communes"), Form::Number),
            Column::new("left_out", "", Form::Number),
            Column::new("red", l("Đỏ", "Red"), Form::Number),
            Column::new("yellow", l("Vàng", "Yellow"), Form::Number),
            Column::new("green", l("Xanh", "Green"), Form::Number),
        ],
        notes: Vec::new(),
    }
}

fn table(reader: &Reader<'_>, shown: &Listing) -> Markup {
    let l = |vi, en| reader.l(vi, en);
    let language = reader.language;
    let count = |row: &Row<'_>, light: Light| {
        html! {
            @let count = row.cell(light.as_str());
            td .num { @if count == "0" { span .muted { "–" } } @else { a href={ "/indicators/" (row.cell("indicator")) "?light=" (light.as_str()) "&period=" (reader.period) } .light .(light.as_str()) { (count) } } }
        }
    };
    html! {
        div .scroll.tall tabindex="0" { table .tight {
            caption .unseen { (shown.title) }
            thead { tr { @for column in shown.columns.iter().filter(|column| !column.heading.is_empty() && column.name != "unit") {
                (place::heading(reader.asked, PATH, column, &if column.form.is_number() { format!("-{}", column.name) } else { column.name.clone() }))
            } } }
            tbody { @for row in Row::all(shown) {
                tr {
                    td .one { a href={ "/indicators/" (row.cell("indicator")) "?period=" (reader.period) } { (row.cell("indicator")) } }
                    td { (row.cell("name")) }
                    td .num { @if row.cell("value").is_empty() { span .muted { "–" } } @else { (for_people(Form::Value, row.cell("value"), language)) small .muted { " " (row.cell("unit")) } } }
                    td .one { (row.cell("standard")) }
                    td .num { @if !row.cell("achievement").is_empty() { (part::share(row.cell("achievement"), language)) } }
                    td .num { (row.cell("reporting")) @if row.cell("left_out") != "0" { small .muted title=(l("chỉ báo tỷ lệ, không cộng được", "gave only a percentage, left out")) { " (−" (row.cell("left_out")) ")" } } }
                    (count(&row, Light::Red)) (count(&row, Light::Yellow)) (count(&row, Light::Green))
                }
            } }
        } }
    }
}

/// The unit of the province's own figure: of a yes or no it is the share of communes that say yes.
pub(in crate::site) fn own_unit(kind: Kind, unit: &str, language: Language) -> &str {
    if kind == Kind::Flag { language.pick("% xã có", "% say yes") } else { unit }
}

/// A standard target in figures.
pub(in crate::site) fn standard_words(goal: shared::catalogue::Goal, language: Language) -> String {
    let number = |amount: shared::amount::Amount| for_people(Form::Number, &amount.to_string(), language);
    match (goal.value(), goal.high()) {
        (Some(low), Some(high)) => format!("{} – {}", number(low), number(high)),
        (Some(value), None) => match goal.operator().as_str() {
            ">=" | "=" => format!("≥ {}", number(value)),
            "<=" => format!("≤ {}", number(value)),
            other => format!("{other} {}", number(value)),
        },
        (None, _) => language.pick("có", "yes").to_owned(),
    }
}
