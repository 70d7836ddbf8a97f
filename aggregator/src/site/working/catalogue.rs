//! The catalogue in force, to browse and to search; and to take away as a workbook.

use super::{choice::capital, download};
use crate::{
    intake::workbook_of,
    site::{Failure, Site, gate::Staff, reading::standard_words},
    store::Role,
};
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
use serde::{Deserialize, Serialize};
use shared::{
    catalogue::{Catalogue, Commune, Indicator},
    language::Language,
    listing::{Column, Form, Listing},
    vietnamese,
};

/// Rows on a page.
const PAGE_ROWS: usize = 200;

pub(super) fn routes() -> Router<Site> {
    Router::new().route("/catalogue", get(browse)).route("/catalogue/workbook", get(workbook))
}

/// A part of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Part {
    #[default]
    Indicators,
    Targets,
    Tasks,
    Units,
    Communes,
    Settings,
}

impl Part {
    const ALL: [Part; 6] = [Part::Indicators, Part::Targets, Part::Tasks, Part::Units, Part::Communes, Part::Settings];

    fn words(self, language: Language) -> &'static str {
        match self {
            Part::Indicators => language.pick("Chỉ tiêu", "Indicators"),
            Part::Targets => language.pick("Mục tiêu", "Targets"),
            Part::Tasks => language.pick("Nhiệm vụ", "Tasks"),
            Part::Units => language.pick("Đơn vị", "Units"),
            Part::Communes => language.pick("Xã, phường", "Communes"),
            Part::Settings => language.pick("Cài đặt", "Settings"),
        }
    }

    fn count(self, catalogue: &Catalogue) -> Option<usize> {
        match self {
            Part::Indicators => Some(catalogue.indicators.len()),
            Part::Targets => Some(catalogue.targets.len()),
            Part::Tasks => Some(catalogue.tasks.len()),
            Part::Units => Some(catalogue.units.len()),
            Part::Communes => Some(catalogue.communes.len()),
            Part::Settings => None,
        }
    }
}

#[derive(Debug, Default, Deserialize, Serialize)]
struct Asked {
    #[serde(default)]
    part: Part,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    q: String,
    #[serde(default, skip_serializing_if = "is_first")]
    page: usize,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde asks for it
fn is_first(page: &usize) -> bool {
    *page == 0
}

impl Asked {
    fn href(&self) -> String {
        format!("/catalogue?{}", serde_urlencoded::to_string(self).unwrap_or_default())
    }
}

async fn browse(
    State(site): State<Site>,
    Staff(visitor): Staff,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    site.settle().await?;
    let language = visitor.language;
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let rulebook = site.province.rulebook();
    let catalogue = &rulebook.catalogue;
    let mut list = listed(catalogue, asked.part, language);
    let all = list.rows.len();
    let wanted = vietnamese::folded(asked.q.trim());
    if !wanted.is_empty() {
        list.rows.retain(|row| row.iter().any(|cell| vietnamese::folded(cell).contains(&wanted)));
    }
    let found = list.rows.len();
    let pages = found.div_ceil(PAGE_ROWS).max(1);
    let page = asked.page.min(pages - 1);
    list.rows = list.rows.into_iter().skip(page * PAGE_ROWS).take(PAGE_ROWS).collect();
    let actions = html! {
        a .button href="/catalogue/workbook" { (l("Tải về (Excel)", "Download (Excel)")) }
        @if visitor.may(Role::Steward) { a .button.main href="/catalogue/upload" { (l("Nhập danh mục mới", "Import another one")) } }
    };
    let about = language.pick(
        format!("{}, năm {}, phiên bản {}", catalogue.province.name, catalogue.province.plan_year, rulebook.version),
        format!("{}, {}, version {}", catalogue.province.name, catalogue.province.plan_year, rulebook.version),
    );
    let link = |row: &Row<'_>, column: &str| match column {
        "indicator" => Some(format!("/indicators/{}", row.cell("indicator"))),
        "commune_name" => Some(format!("/communes/{}", row.cell("commune"))),
        _ => None,
    };
    let said = |row: &Row<'_>, column: &str| {
        let remark = row.cell("note");
        (column == "note" && !remark.is_empty()).then(|| part::remarks(&[remark], language))
    };
    let at = |page| Asked { part: asked.part, q: asked.q.clone(), page }.href();
    let body = html! {
        (frame::title(l("Danh mục", "Catalogue"), &about, &actions))
        nav .tabs aria-label=(l("Phần của danh mục", "Parts of the catalogue")) {
            @for part in Part::ALL {
                a href=(Asked { part, q: asked.q.clone(), page: 0 }.href()) aria-current=[(part == asked.part).then_some("page")] {
                    (part.words(language)) @if let Some(count) = part.count(catalogue) { small .muted { " " (count) } }
                }
            }
        }
        @if asked.part != Part::Settings {
            form .filters action="/catalogue" role="search" {
                input type="hidden" name="part" value=(serde_urlencoded::to_string([("", asked.part)]).unwrap_or_default().trim_start_matches('='));
                label .field { span { (l("Tìm trong bảng này, không cần dấu", "Search this table, diacritics or not")) } input type="search" name="q" value=(asked.q) maxlength="100"; }
                button { (l("Tìm", "Search")) }
                span .muted.small { @if found == all { (language.pick(format!("{all} dòng"), format!("{all} rows"))) } @else { (language.pick(format!("{found}/{all} dòng"), format!("{found} of {all} rows"))) } }
            }
        }
        section .card.flush {
            @if found == 0 {
                (part::empty(l("Không có dòng nào khớp", "No row fits"), l("Thử ít chữ hơn, hoặc xem tab khác.", "Try fewer letters, or another part.")))
            } @else {
                (listing::table(&list, &Look { link: Some(&link), said: Some(&said), fit: &["indicator", "commune_name", "plan_ref", "code"], ..Look::default() }, language))
            }
        }
        @if pages > 1 {
            p .steps {
                @if page > 0 { a href=(at(page - 1)) rel="prev" { (l("← trước", "← back")) } }
                span .muted { (language.pick(format!("trang {}/{pages}", page + 1), format!("page {} of {pages}", page + 1))) }
                @if page + 1 < pages { a href=(at(page + 1)) rel="next" { (l("tiếp →", "next →")) } }
            }
        }
    };
    Ok(visitor.page(&site, l("Danh mục", "Catalogue"), &body))
}

/// A column with the cell of each row.
type Of<'a, T> = (&'static str, (&'static str, &'static str), Form, &'a dyn Fn(&T) -> String);

/// Rows of one kind as a list; a column without words is for links alone.
fn table<T>(rows: &[T], columns: &[Of<'_, T>], language: Language) -> (Vec<Column>, Vec<Vec<String>>) {
    let heads = columns.iter().map(|(name, (vi, en), form, _)| Column::new(name, language.pick(vi, en), *form));
    let cells = |row: &T| columns.iter().map(|(.., cell)| cell(row)).collect();
    (heads.collect(), rows.iter().map(cells).collect())
}

/// A part of the catalogue as a list.
fn listed(catalogue: &Catalogue, part: Part, language: Language) -> Listing {
    use Form::{Kind, Number, Text, Words};
    let name = |slug: &str| catalogue.commune(slug).map_or_else(|| slug.to_owned(), |commune| commune.name.clone());
    let counted = |count: usize| if count == 0 { String::new() } else { count.to_string() };
    let commune = ("Xã, phường", "Commune");
    let days = |one: &Commune| one.calendar(&catalogue.province).days;
    let (columns, rows) = match part {
        Part::Indicators => {
            let in_words = |one: &Indicator| {
                if one.name_en.is_empty() { one.name.clone() } else { language.pick(&one.name, &one.name_en).clone() }
            };
            let columns: &[Of<'_, Indicator>] = &[
                ("indicator", ("Mã", "Code"), Text, &|one| one.code.clone()),
                ("group", ("Nhóm", "Group"), Text, &|one| one.group_name.clone()),
                ("name", ("Chỉ tiêu", "Indicator"), Words, &in_words),
                ("unit", ("Đơn vị tính", "Unit"), Text, &|one| one.unit.clone()),
                ("standard", ("Mục tiêu chuẩn", "Standard"), Text, &|one| {
                    one.standard.map(|goal| standard_words(goal, language)).unwrap_or_default()
                }),
                ("points", ("Điểm", "Points"), Number, &|one| one.points.to_string()),
                ("requires_evidence", ("Cần minh chứng", "Evidence"), Text, &|one| {
                    if one.requires_evidence { "yes" } else { "no" }.to_owned()
                }),
                ("note", ("Ghi chú", "Note"), Text, &|one| one.note.clone()),
            ];
            table(&catalogue.indicators, columns, language)
        }
        Part::Targets => table(
            &catalogue.targets,
            &[
                ("commune", ("", ""), Text, &|one| one.commune.to_string()),
                ("commune_name", commune, Text, &|one| name(&one.commune)),
                ("plan_ref", ("Mục", "Item"), Text, &|one| one.plan_ref.to_string()),
                ("indicator", ("Mã", "Code"), Text, &|one| one.indicator.to_string()),
                ("wording", ("Nội dung trong kế hoạch", "Wording of the plan"), Words, &|one| {
                    one.wording.to_string()
                }),
                ("printed", ("Mục tiêu", "Target"), Text, &|one| one.printed.to_string()),
                ("deadline", ("Thời hạn", "Deadline"), Text, &|one| one.deadline_text.to_string()),
                ("lead_unit", ("Chủ trì", "Lead"), Text, &|one| one.lead_unit.to_string()),
                ("note", ("Ghi chú", "Note"), Text, &|one| one.note.to_string()),
            ],
            language,
        ),
        Part::Tasks => table(
            &catalogue.tasks,
            &[
                ("commune", ("", ""), Text, &|one| one.commune.clone()),
                ("commune_name", commune, Text, &|one| name(&one.commune)),
                ("code", ("Mã", "Code"), Text, &|one| one.code.clone()),
                ("title", ("Nhiệm vụ", "Task"), Words, &|one| one.title.clone()),
                ("output", ("Sản phẩm", "Output"), Text, &|one| one.output.clone()),
                ("lead_unit", ("Chủ trì", "Lead"), Text, &|one| one.lead_unit.clone()),
                ("deadline", ("Thời hạn", "Deadline"), Text, &|one| one.deadline_text.clone()),
                ("budget", ("Kinh phí (triệu đồng)", "Budget (million VND)"), Number, &|one| {
                    one.budget_million_vnd.map(|budget| budget.to_string()).unwrap_or_default()
                }),
            ],
            language,
        ),
        Part::Units => table(
            &catalogue.units,
            &[
                ("commune", ("", ""), Text, &|one| one.commune.clone()),
                ("commune_name", commune, Text, &|one| name(&one.commune)),
                ("code", ("Mã", "Code"), Text, &|one| one.code.clone()),
                ("name", ("Đơn vị", "Unit"), Text, &|one| one.name.clone()),
                ("role", ("Loại", "Class"), Text, &|one| one.role.clone()),
                ("members", ("Số lượng", "Members"), Number, &|one| counted(one.members as usize)),
                ("variants", ("Cách ghi khác", "Other spellings"), Text, &|one| one.variants.clone()),
            ],
            language,
        ),
        Part::Communes => table(
            &catalogue.communes,
            &[
                ("commune", ("", ""), Text, &|one| one.slug.clone()),
                ("commune_name", commune, Text, &|one| one.name.clone()),
                ("code", ("Mã số", "Code"), Text, &|one| one.code.clone()),
                ("kind", ("Loại", "Kind"), Kind, &|one| one.kind.as_str().to_owned()),
                ("targets", ("Mục tiêu", "Targets"), Number, &|one| {
                    counted(catalogue.targets_of(&one.slug).count())
                }),
                ("units_cutoff", ("Đơn vị gửi đến ngày", "Units until"), Number, &|one| {
                    days(one).units_cutoff.to_string()
                }),
                ("cutoff", ("Hạn nộp (ngày)", "Due (day)"), Number, &|one| days(one).cutoff.to_string()),
                ("report", ("Ngày báo cáo", "Report day"), Number, &|one| days(one).report.to_string()),
                ("note", ("Nguồn", "Source"), Text, &|one| one.note.clone()),
            ],
            language,
        ),
        Part::Settings => settings(catalogue, language),
    };
    Listing { title: part.words(language).to_owned(), notes: Vec::new(), columns, rows }
}

fn settings(catalogue: &Catalogue, language: Language) -> (Vec<Column>, Vec<Vec<String>>) {
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en).to_owned();
    let province = &catalogue.province;
    let columns = vec![
        Column::new("setting", language.pick("Cài đặt", "Setting"), Form::Text),
        Column::new("value", language.pick("Giá trị", "Value"), Form::Text),
    ];
    let row = |words: String, value: String| vec![capital(&words), value];
    let rows = vec![
        row(l("tên tỉnh", "name of the province"), province.name.clone()),
        row(l("mã tỉnh", "id of the province"), province.id.clone()),
        row(l("năm kế hoạch", "plan year"), province.plan_year.to_string()),
        row(l("phiên bản quy tắc chấm điểm", "version of the scoring rules"), province.rules.clone()),
        row(l("đơn vị gửi xã đến hết ngày", "units report until day"), province.days.units_cutoff.to_string()),
        row(l("xã gửi tỉnh đến hết ngày", "communes report until day"), province.days.cutoff.to_string()),
        row(l("ngày gửi báo cáo của tỉnh", "day of the province's report"), province.days.report.to_string()),
    ];
    (columns, rows)
}

async fn workbook(State(site): State<Site>, Staff(_): Staff) -> Result<Response, Failure> {
    let current = site.province.store.current_catalogue().await?;
    let name = format!("danh-muc-{}-phien-ban-{}.xlsx", current.catalogue.province.id, current.version);
    let made = tokio::task::spawn_blocking(move || workbook_of(&current.files)).await;
    let bytes = made.map_err(std::io::Error::other).flatten().map_err(|error| {
        tracing::error!(%error, "the catalogue could not be written as a workbook");
        Failure::Internal
    })?;
    Ok(download::workbook(&name, bytes))
}
