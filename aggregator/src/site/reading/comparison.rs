//! Two communes target by target: what both are asked, how far each is, and who gains by it.

use super::{
    super::{Failure, Site, gate::Staff},
    asked::{Asked, Reader, schemes},
};
use crate::report::question::Subject;
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
    amount::Amount,
    listing::{Column, Form, Listing, for_people},
    ranking::Scope,
};
use std::collections::BTreeMap;

const PATH: &str = "/rankings/compare";

pub(super) fn routes() -> Router<Site> {
    Router::new().route(PATH, get(compare))
}

async fn compare(
    State(site): State<Site>,
    Staff(visitor): Staff,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let reader = Reader::of(&site, &visitor, &asked).await?;
    let ((a, a_name), (b, b_name)) = (named(&reader, "a").await?, named(&reader, "b").await?);
    let ranking = reader.ask(Subject::Rankings(Scope::default())).await?;
    let first = reader.ask(Subject::Explain(a.clone())).await?;
    let second = reader.ask(Subject::Explain(b.clone())).await?;
    let side = side_by_side(&reader, (&first, &a_name), (&second, &b_name));
    if let Some(file) = reader.file("so-sanh", &side.listing)? {
        return Ok(file);
    }
    let row_of = |slug: &str| Row::all(&ranking).find(|row| row.cell("commune") == slug);
    let head = |slug: &str, name: &str| {
        let row = row_of(slug);
        let cell = |column: &str| row.as_ref().map_or("", |row| row.cell(column));
        html! {
            div .tile {
                div .label { a href={ "/communes/" (slug) "?period=" (reader.period) "&scheme=" (reader.scheme.as_str()) } { (name) } }
                div .figure { (for_people(Form::Score, cell("score"), reader.language)) }
                div .below { (reader.l("hạng", "rank")) " " (cell("rank")) " · " (reader.l("đạt", "met")) " " (cell("met")) "/" (cell("scored")) " · " (part::movement(cell("movement").parse().ok(), reader.language)) }
            }
        }
    };
    let link =
        |row: &Row<'_>, column: &str| (column == "indicator").then(|| format!("/indicators/{}", row.cell("indicator")));
    let about = format!(
        "{} {}",
        reader.about(),
        schemes(reader.language)
            .into_iter()
            .find(|(scheme, _)| *scheme == reader.scheme)
            .map_or("", |(_, words)| words)
    );
    let body = html! {
        (frame::title(&format!("{a_name} – {b_name}"), &about, &reader.files(PATH)))
        nav .tabs aria-label=(reader.l("Cách chấm", "Scheme")) {
            @for (scheme, words) in schemes(reader.language) {
                a href=(asked.href(PATH, &[("scheme", scheme.as_str())])) aria-current=[(reader.scheme == scheme).then_some("page")] { (words) }
            }
        }
        (reader.filters(PATH, &["a", "b", "scheme"], &html! {}))
        div .tiles {
            (head(&a, &a_name)) (head(&b, &b_name))
            (part::tile(reader.l("Chỉ tiêu chung của hai nơi", "Shared indicators"), &html! { (side.shared) }, &html! {
                (a_name) " " (reader.l("hơn", "gains")) " " (side.first_gains) ", " (b_name) " " (reader.l("hơn", "gains")) " " (side.second_gains) ", " (reader.l("bằng nhau", "equal")) " " (side.shared - side.first_gains - side.second_gains)
            }))
        }
        section .card.flush {
            h2 { (reader.l("Từng chỉ tiêu mà cả hai đều có", "Indicators that both have")) }
            @if side.listing.rows.is_empty() {
                (part::empty(reader.l("Hai nơi không có chỉ tiêu nào chung", "They share no indicator"), ""))
            } @else {
                (table(&reader, &side.listing, &a_name, &b_name, &link))
            }
        }
        ul .notes { li { (reader.l("Mức đạt, điểm và đèn như trong phần diễn giải của từng xã; “hơn” tính theo phần được tính của mục tiêu. Nơi có nhiều mục tiêu cho một chỉ tiêu: xếp theo thứ tự trong kế hoạch.", "Achievement, points and lights as in each commune's explanation; who gains goes by what counts. Several targets of one indicator stand in the order of the plans.")) } }
    };
    Ok(visitor.page(&site, reader.l("So sánh", "Comparison"), &body))
}

async fn named(reader: &Reader<'_>, name: &str) -> Result<(String, String), Failure> {
    let figures = reader.site.live.read();
    match figures.catalogue.find_commune(reader.asked.text(name)) {
        Ok(commune) => Ok((commune.slug.clone(), commune.name.clone())),
        Err(error) => Err(Failure::asked(&error.into(), reader.language)),
    }
}

/// What both are asked, with who gains.
struct Sides {
    listing: Listing,
    shared: usize,
    first_gains: usize,
    second_gains: usize,
}

const OF_EACH: [(&str, Form); 5] = [
    ("value", Form::Value),
    ("printed", Form::Text),
    ("achievement", Form::Share),
    ("earned", Form::Value),
    ("light", Form::Light),
];

fn side_by_side(reader: &Reader<'_>, first: (&Listing, &str), second: (&Listing, &str)) -> Sides {
    let l = |vi, en| reader.l(vi, en);
    let mut columns = vec![
        Column::new("indicator", l("Mã", "Code"), Form::Text),
        Column::new("name", l("Chỉ tiêu", "Indicator"), Form::Text),
    ];
    let words = |column: &str| match column {
        "value" => l("Kết quả", "Value"),
        "printed" => l("Mục tiêu", "Target"),
        "achievement" => l("Mức đạt", "Achieved"),
        "earned" => l("Điểm", "Points"),
        _ => l("Đèn", "Light"),
    };
    for (side, name) in [("a", first.1), ("b", second.1)] {
        columns.extend(OF_EACH.map(|(column, form)| {
            Column::new(&format!("{column}_{side}"), &format!("{name}: {}", words(column)), form)
        }));
    }
    columns.push(Column::new("gains", l("Nơi hơn", "Who gains"), Form::Text));
    let mut of_second: BTreeMap<&str, Vec<Row<'_>>> = BTreeMap::new();
    for row in Row::all(second.0) {
        of_second.entry(row.cell("indicator")).or_default().push(row);
    }
    let mut sides =
        Sides { listing: Listing { columns, ..Listing::default() }, shared: 0, first_gains: 0, second_gains: 0 };
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for row in Row::all(first.0) {
        let place = seen.entry(row.cell("indicator")).or_default();
        let other = of_second.get(row.cell("indicator")).and_then(|rows| rows.get(*place));
        *place += 1;
        let Some(other) = other else { continue };
        let counted = |row: &Row<'_>| row.cell("counted").parse::<Amount>().ok();
        let gains = match counted(&row).cmp(&counted(other)) {
            std::cmp::Ordering::Greater => "a",
            std::cmp::Ordering::Less => "b",
            std::cmp::Ordering::Equal => "",
        };
        sides.shared += 1;
        sides.first_gains += usize::from(gains == "a");
        sides.second_gains += usize::from(gains == "b");
        let mut cells = vec![row.cell("indicator").to_owned(), row.cell("name").to_owned()];
        for one in [&row, other] {
            cells.extend(OF_EACH.map(|(column, _)| one.cell(column).to_owned()));
        }
        cells.push(
            match gains {
                "a" => first.1,
                "b" => second.1,
                _ => "",
            }
            .to_owned(),
        );
        sides.listing.rows.push(cells);
    }
    sides.listing.title = format!("{} – {} {}", first.1, second.1, reader.period);
    sides
}

fn table(
    reader: &Reader<'_>,
    side: &Listing,
    first: &str,
    second: &str,
    link: &dyn Fn(&Row<'_>, &str) -> Option<String>,
) -> Markup {
    let cell = |row: &Row<'_>, name: &str, form: Form| {
        let text = row.cell(name);
        let shown = match link(row, name) {
            Some(href) => html! { a href=(href) { (text) } },
            None => listing::cell(form, text, reader.language),
        };
        html! { td .num[form.is_number()] .one[!form.is_number() && listing::is_short(text)] { (shown) } }
    };
    html! {
        div .scroll.tall tabindex="0" { table .tight {
            caption .unseen { (side.title) }
            thead {
                tr { th colspan="2" scope="colgroup" {} th .side colspan="5" scope="colgroup" { (first) } th .side colspan="5" scope="colgroup" { (second) } th scope="col" {} }
                tr {
                    @for column in &side.columns {
                        th scope="col" .num[column.form.is_number()] { (column.heading.rsplit(": ").next().unwrap_or_default()) }
                    }
                }
            }
            tbody { @for row in Row::all(side) {
                tr {
                    (cell(&row, "indicator", Form::Text)) (cell(&row, "name", Form::Text))
                    @for (name, form) in OF_EACH { (cell(&row, &format!("{name}_a"), form)) }
                    @for (name, form) in OF_EACH { (cell(&row, &format!("{name}_b"), form)) }
                    td .one { @let gains = row.cell("gains"); @if gains.is_empty() { span .muted { "=" } } @else { (gains) } }
                }
            } }
        } }
    }
}
