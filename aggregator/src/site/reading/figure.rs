//! The history of a commune's figure: every version, who entered it and when, its evidence, what reviewers said.

use super::{
    super::{Failure, Site, gate::Visitor},
    asked::{Asked, Reader},
    commune::found,
    course,
};
use crate::{
    report::question::{Subject, UnitsAsked},
    store::{EvidenceWanted, FigureVersion, StoredEvidence},
};
use axum::{
    Router,
    extract::{Path, Query, State},
    response::Response,
    routing::get,
};
use chrono::{DateTime, Utc};
use maud::{Markup, html};
use pages::{
    chart::{self, Line, Scale},
    frame,
    listing::{self, Look, Row},
    part,
};
use shared::{
    calendar::rfc3339,
    listing::{Form, for_people},
    observation::Decision,
    period::Cycle,
    tables::write::value_cells,
    task::Reported,
};

/// Most files of evidence that are listed.
const MAX_FILES: u32 = 500;
/// Most versions that are listed.
const MAX_VERSIONS: usize = 300;

pub(super) fn routes() -> Router<Site> {
    Router::new().route("/communes/{slug}/{indicator}", get(figure))
}

async fn figure(
    State(site): State<Site>,
    visitor: Visitor,
    Path((slug, indicator)): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let commune = found(&site, &visitor, &slug).await?;
    let reader = Reader::of(&site, &visitor, &asked).await?;
    let l = |vi, en| reader.l(vi, en);
    let (code, name, unit) = {
        let figures = site.live.read();
        let code = figures.catalogue.report_code(&slug, &indicator);
        let code = code.ok_or_else(|| {
            Failure::NotFound(l("Không có chỉ tiêu hoặc nhiệm vụ đó.", "There is no such indicator or task.").into())
        })?;
        match figures.catalogue.indicator(&code) {
            Some(one) => (code, one.name.clone(), one.unit.clone()),
            None => {
                let task = Reported::of(&code).task().map(str::to_owned).unwrap_or_default();
                let title = figures.catalogue.tasks.iter().find(|one| one.commune == slug && one.code == task);
                (code, title.map(|one| one.title.clone()).unwrap_or_default(), "%".to_owned())
            }
        }
    };
    let mut versions = site.province.store.figure_versions(&slug, Some(&code)).await?;
    let wanted =
        EvidenceWanted { commune: Some(slug.clone()), indicator: Some(code.clone()), ..EvidenceWanted::default() };
    let files = site.province.store.evidence(wanted, MAX_FILES).await?;
    // The newest period first, within it the newest version; the whole commune before its units.
    versions.sort_by(|a, b| {
        let (a, b) = (&a.observation, &b.observation);
        b.key.period.by_recency(a.key.period).then_with(|| a.key.unit.cmp(&b.key.unit)).then(b.version.cmp(&a.version))
    });
    let is_task = Reported::of(&code).is_task();
    let units = if is_task {
        None
    } else {
        let asked = UnitsAsked { commune: slug.clone(), indicator: Some(code.clone()) };
        reader.ask(Subject::Units(asked)).await.ok().filter(|listing| !listing.rows.is_empty())
    };
    let label = Reported::of(&code).label(reader.language);
    let explained = if is_task { None } else { reader.ask(Subject::Explain(slug.clone())).await.ok() };
    let body = html! {
        (frame::title(&format!("{} · {label}", commune.name), &name, &html! {
            a .button href={ "/communes/" (slug) } { (l("Về trang của xã", "To the commune")) }
            @if visitor.account.commune.is_none() && !is_task { a .button href={ "/indicators/" (code) } { (l("Mọi xã của chỉ tiêu này", "All communes of this indicator")) } }
        }))
        @if let Some(explained) = &explained {
            div .tiles { @for row in Row::all(explained).filter(|row| row.cell("indicator") == code) {
                (part::tile(&format!("{} {} · {}", l("Mục", "Item"), row.cell("plan_ref"), row.cell("period")),
                    &html! { @if row.cell("value").is_empty() { "–" } @else { (for_people(Form::Value, row.cell("value"), reader.language)) small .muted { " " (unit) } } },
                    &html! { (l("mục tiêu", "target")) " " (row.cell("printed")) " · " (listing::cell(Form::Light, row.cell("light"), reader.language)) " " (listing::unbroken(row.cell("reason"))) }))
            } }
        }
        (chart(&reader, &versions, &code, &unit))
        section .card.flush {
            h2 { (l("Mọi bản đã báo cáo", "Every version that was reported")) small .muted { (versions.len()) " " (l("bản", "versions")) } }
            @if versions.is_empty() {
                (part::empty(l("Chưa báo cáo", "Nothing reported yet"), l("Số liệu xuất hiện ở đây ngay khi xã gửi về tỉnh.", "Figures stand here as soon as the commune sends them.")))
            } @else { (table(&reader, &versions, &files)) }
        }
        @if let Some(units) = &units {
            section .card.flush {
                h2 { (l("Theo đơn vị", "By unit")) small .muted { (units.notes.join(" ")) } }
                (listing::table(units, &Look::default(), reader.language))
            }
        }
    };
    Ok(visitor.page(&site, &format!("{} {label}", commune.name), &body))
}

/// The newest figure of each month for the whole commune.
fn chart(reader: &Reader<'_>, versions: &[FigureVersion], code: &str, unit: &str) -> Markup {
    let months = course::months(reader.period);
    let labels: Vec<String> = months.iter().map(|month| course::label(*month)).collect();
    let of = |month| {
        let newest = versions.iter().map(|version| &version.observation);
        let newest =
            newest.filter(|one| one.key.period == month && one.key.unit.is_empty()).max_by_key(|one| one.version)?;
        // A yes or no is no line.
        shared::effective::measure_text(newest.value).filter(|text| text.parse::<f64>().is_ok())
    };
    let figures: Vec<Option<String>> =
        months.into_iter().filter(|month| month.cycle() == Cycle::Monthly).map(of).collect();
    let line = Line { name: code.to_owned(), figures, style: 0 };
    html! {
        @if line.figures.iter().flatten().count() >= 2 {
            section .card {
                h2 { (reader.l("Diễn biến qua các tháng", "Over the months")) small .muted { (unit) } }
                div .half { (chart::trend(&labels, std::slice::from_ref(&line), Scale::FromZero(if unit == "%" { 100 } else { 1 }), code, reader.language)) }
            }
        }
    }
}

fn table(reader: &Reader<'_>, versions: &[FigureVersion], files: &[StoredEvidence]) -> Markup {
    let l = |vi, en| reader.l(vi, en);
    let language = reader.language;
    let time = |at: DateTime<Utc>| for_people(Form::Time, &rfc3339(at), language);
    html! {
        div .scroll tabindex="0" { table .tight {
            thead { tr {
                th scope="col" { (l("Kỳ", "Period")) } th scope="col" { (l("Đơn vị", "Unit")) } th .num scope="col" { (l("Bản", "Version")) }
                th .num scope="col" { (l("Kết quả", "Value")) } th scope="col" { (l("Người nhập", "Entered by")) }
                th scope="col" { (l("Nhập lúc", "Entered")) } th scope="col" { (l("Tỉnh nhận lúc", "Received")) }
                th scope="col" { (l("Ghi chú của xã", "Note")) } th scope="col" { (l("Minh chứng", "Evidence")) } th scope="col" { (l("Thẩm định", "Review")) }
            } }
            tbody { @for version in versions.iter().take(MAX_VERSIONS) {
                @let one = &version.observation;
                @let [numerator, denominator, value] = value_cells(one.value);
                tr .marked[one.key.period == reader.period] {
                    td .fit { (one.key.period) }
                    td { @if one.key.unit.is_empty() { span .muted { (l("toàn xã", "whole")) } } @else { (one.key.unit) } }
                    td .num { (one.version) }
                    td .num {
                        @if !numerator.is_empty() {
                            (shared::effective::measure_text(one.value).map_or("–".to_owned(), |text| for_people(Form::Value, &text, language)))
                            br; small .muted { (for_people(Form::Number, &numerator, language)) "/" (for_people(Form::Number, &denominator, language)) }
                        } @else { (for_people(Form::Value, &value, language)) }
                    }
                    td { (one.entered_by) }
                    td .fit { (time(one.entered_at)) }
                    td .fit { (time(one.received_at)) }
                    td { (one.note) }
                    td {
                        @let of_version: Vec<&StoredEvidence> = files.iter().filter(|file| file.key == one.key && file.version == one.version).collect();
                        @if of_version.is_empty() { span .muted { "–" } } @else {
                            ul .plain-list { @for file in of_version { li title=(hex::encode(file.sha256)) { (file.name) small .muted { " (" (size(file.size_bytes, language)) ", " (file.entered_by) ")" } } } }
                        }
                    }
                    td { @match &version.ruling {
                        None => span .muted { "–" },
                        Some(ruling) => {
                            @match ruling.decision { Decision::Accepted => span .rise { (l("chấp nhận", "accepted")) }, Decision::Returned => span .fall { (l("trả lại", "returned")) } }
                            br; small { (ruling.reviewer) ", " (time(ruling.decided_at)) @if let Some(code) = ruling.code { br; (code.label(language)) } @if !ruling.reason.is_empty() { br; (ruling.reason) } }
                        },
                    } }
                }
            } }
        } }
        @if versions.len() > MAX_VERSIONS { p .notes.inset { (l("Chỉ hiện các bản mới nhất.", "Only the newest versions are shown.")) } }
    }
}

fn size(bytes: u64, language: shared::language::Language) -> String {
    match bytes {
        0..1_024 => format!("{bytes} B"),
        1_024..1_048_576 => format!("{} KB", bytes / 1_024),
        _ => format!(
            "{} MB",
            for_people(Form::Number, &shared::fraction::decimals(i128::from(bytes / 104_858), 1), language)
        ),
    }
}
