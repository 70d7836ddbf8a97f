//! One commune: where it stands and how it came there, target by target; what is due, its tasks, its units, what would help it, its
//! connection. A leader sees this of the own commune.

use super::{
    super::{Failure, Site, gate::Visitor},
    asked::{Asked, Reader, schemes},
    explained, place, trend,
};
use crate::{
    report::question::{AskError, Subject, TasksAsked, UnitsAsked, WhatIfAsked},
    store::Contact,
};
use axum::{
    Router,
    extract::{Path, Query, State},
    response::Response,
    routing::get,
};
use maud::{Markup, html};
use pages::{
    frame,
    listing::{self, Look, Row},
    part,
};
use shared::{
    calendar::rfc3339,
    catalogue::Commune,
    listing::{Form, Listing, for_people},
    ranking::Scope,
};

/// Most lines of what would help.
const MAX_LIFTS: usize = 6;

pub(super) fn routes() -> Router<Site> {
    Router::new().route("/communes/{slug}", get(commune))
}

/// The commune of an address, for somebody who may see it.
pub(super) async fn found(site: &Site, visitor: &Visitor, slug: &str) -> Result<Commune, Failure> {
    // Whether there is such a commune is told to those alone who may see others.
    visitor.must_see(slug)?;
    let figures = site.live.read();
    figures
        .catalogue
        .commune(slug)
        .cloned()
        .ok_or_else(|| Failure::NotFound(visitor.pick("Không có xã, phường đó.", "There is no such commune.").into()))
}

async fn commune(
    State(site): State<Site>,
    visitor: Visitor,
    Path(slug): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let commune = found(&site, &visitor, &slug).await?;
    let reader = Reader::of(&site, &visitor, &asked).await?;
    let l = |vi, en| reader.l(vi, en);
    let path = format!("/communes/{slug}");
    let has_targets = site.live.read().standings.book().commune_number(&slug).is_some();
    let contact = site.live.contacts().await?.into_iter().find(|contact| contact.commune == slug);
    if !has_targets {
        let why = AskError::NoTargets(commune.name.clone()).explain(reader.language);
        let body = html! {
            (frame::title(&commune.name, &why, &html! {}))
            section .card { (part::empty(&why, l("Khi danh mục có mục tiêu của nơi này, trang sẽ có số liệu, xếp hạng và nhiệm vụ.", "Once the catalogue has its targets, figures, rank and tasks stand here."))) }
            (connection(&reader, contact.as_ref()))
        };
        return Ok(visitor.page(&site, &commune.name, &body));
    }
    let explained = reader.ask(Subject::Explain(slug.clone())).await?;
    if let Some(file) = reader.file(&slug, &explained)? {
        return Ok(file);
    }
    let ranking = reader.ask(Subject::Rankings(Scope::default())).await?;
    let due = reader.ask(Subject::Due(Some(slug.clone()))).await?;
    let tasks = reader.ask(Subject::Tasks(TasksAsked { commune: Some(slug.clone()), ..TasksAsked::default() })).await?;
    let units = reader.ask(Subject::Units(UnitsAsked { commune: slug.clone(), indicator: None })).await?;
    let what_if = reader.ask(Subject::WhatIf(WhatIfAsked { commune: slug.clone(), ..WhatIfAsked::default() })).await?;
    let versions = site.province.store.figure_versions(&slug, None).await?;
    let course = site.course(reader.scheme, reader.period, reader.language).await?;
    // What the catalogue remarks stands among the notes under the target's place and code.
    let of_catalogue: Vec<String> = Row::all(&explained)
        .filter(|row| !row.cell("note").is_empty())
        .map(|row| format!("{} {}: ", row.cell("plan_ref"), row.cell("indicator")))
        .collect();
    let notes = explained.notes.iter().skip(1).map(String::as_str);
    let (remarks, sources): (Vec<&str>, Vec<&str>) =
        notes.partition(|note| of_catalogue.iter().any(|head| note.starts_with(head)));
    let me = [(slug.clone(), commune.name.clone())];
    let sections = [
        ("why", l("Từng mục tiêu", "Target by target")),
        ("help", l("Nên làm gì trước", "What would help")),
        ("due", l("Đến hạn", "Due")),
        ("tasks", l("Nhiệm vụ", "Tasks")),
        ("units", l("Đơn vị", "Units")),
        ("connection", l("Kết nối", "Connection")),
    ];
    let schemes = schemes(reader.language).map(|(scheme, words)| (scheme.as_str().to_owned(), words.to_owned()));
    let body = html! {
        (frame::title(&commune.name, &reader.about(), &html! {
            @if visitor.account.commune.is_none() { a .button href={ "/rankings?period=" (reader.period) "#compare" } { (l("So sánh…", "Compare…")) } }
            a .button href=(asked.href(&path, &[("as", "xlsx")])) download { "Excel" }
            a .button href=(asked.href(&path, &[("as", "csv")])) download { "CSV" }
            button type="button" data-print hidden { (l("In", "Print")) }
        }))
        (reader.filters(&path, &[], &part::choice("scheme", l("Cách chấm", "Scheme"), &schemes, reader.scheme.as_str())))
        (standing(&reader, &ranking, &explained, &slug))
        nav .jumps.noprint aria-label=(l("Trong trang", "On this page")) { @for (id, words) in sections { a href={ "#" (id) } { (words) } } }
        section .card.flush #why {
            h2 { (l("Vì sao có điểm và hạng này", "Why it has this score and rank")) small .muted { (explained.notes.first().map_or("", String::as_str)) } }
            (explained::table(&reader, &explained, &versions, &path))
        }
        @if !sources.is_empty() {
            details .card.noprint { summary { (l("Lưu ý về nguồn số liệu", "Remarks on the sources")) " (" (sources.len()) ")" } ul .notes { @for note in &sources { li { (note) } } } }
        }
        @if !remarks.is_empty() { section .card { (part::remarks(&remarks, reader.language)) } }
        div .columns {
            section .card { h2 { (l("Diễn biến điểm", "Scores over the months")) } (trend::over_months(&me, &course, false, reader.language)) }
            section .card { h2 { (l("Diễn biến hạng", "Ranks over the months")) } (trend::chart_of(&me, &course, true, reader.language)) }
        }
        (help(&reader, &what_if, &path))
        (due_card(&reader, &due, &path))
        (list(&reader, "tasks", l("Nhiệm vụ của kế hoạch", "Tasks of the plan"), &tasks, &["group"], l("Kế hoạch không có nhiệm vụ", "The plan has no tasks")))
        (list(&reader, "units", l("Đơn vị trong xã", "Units"), &units, &[], l("Kế hoạch không nêu đơn vị nào", "The plan names no units")))
        (connection(&reader, contact.as_ref()))
    };
    Ok(visitor.page(&site, &commune.name, &body))
}

/// Rank, score, movement and lights at a glance.
fn standing(reader: &Reader<'_>, ranking: &Listing, explained: &Listing, slug: &str) -> Markup {
    let l = |vi, en| reader.l(vi, en);
    let row = Row::all(ranking).find(|row| row.cell("commune") == slug);
    let cell = |name: &str| row.as_ref().map_or("", |row| row.cell(name));
    let ranked = Row::all(ranking).filter(|row| !row.cell("rank").is_empty()).count();
    let lights = explained::lights(explained);
    let count = |state: &str| Row::all(explained).filter(|row| row.cell("state") == state).count();
    let or_dash = |text: &str| if text.is_empty() { "–".to_owned() } else { text.to_owned() };
    html! {
        div .tiles {
            (part::tile(l("Hạng", "Rank"), &html! { (or_dash(cell("rank"))) small .muted { " / " (ranked) } }, &html! { (part::movement(cell("movement").parse().ok(), reader.language)) " " (l("so với kỳ trước", "on the period before")) }))
            (part::tile(l("Điểm", "Score"), &html! { (or_dash(&for_people(Form::Score, cell("score"), reader.language))) }, &html! { (l("tạm tính", "provisional")) ": " (cell("provisional")) " " (l("mục tiêu", "targets")) }))
            (part::tile(l("Đạt", "Met"), &html! { (or_dash(cell("met"))) small .muted { " / " (cell("scored")) } }, &html! { (l("mục tiêu được chấm", "scored targets")) }))
            (part::tile(l("Đúng hạn", "On time"), &html! { (or_dash(&for_people(Form::Share, cell("on_time"), reader.language))) }, &html! { a href="#due" { (l("xem từng chỉ tiêu", "by indicator")) } }))
            (part::tile(l("Đèn", "Lights"), &html! { div .lights { @for (light, count) in lights.iter().take(3) { span { (count) " " (part::light(*light, reader.language)) } } } }, &html! { a href="#why" { (l("từng mục tiêu và lý do", "by target, with reasons")) } }))
            (part::tile(l("Chờ thẩm định", "Awaiting review"), &html! { (count("awaiting_review")) }, &html! { (l("bị trả lại", "returned")) ": " (count("returned")) ", " (l("chờ minh chứng", "awaiting evidence")) ": " (count("awaiting_evidence")) }))
        }
    }
}

fn help(reader: &Reader<'_>, what_if: &Listing, path: &str) -> Markup {
    let l = |vi, en| reader.l(vi, en);
    let lifts = place::only(what_if, |row| row.cell("supposed") != "returned");
    let shown = Listing { rows: lifts.rows.iter().take(MAX_LIFTS).cloned().collect(), ..lifts.clone() };
    let link =
        |row: &Row<'_>, column: &str| (column == "indicator").then(|| format!("{path}/{}", row.cell("indicator")));
    html! {
        section .card.flush #help {
            h2 { (l("Nên làm gì trước: điều nâng hạng, nâng điểm nhiều nhất", "What would lift it most")) }
            @if shown.rows.is_empty() { (part::empty(l("Không còn mục tiêu nào có thể nâng điểm", "Nothing is left that would lift it"), "")) }
            @else { (listing::table(&shown, &Look { link: Some(&link), ..Look::default() }, reader.language)) }
            @for note in what_if.notes.iter().take(1) { p .notes.inset { (note) } }
        }
    }
}

fn due_card(reader: &Reader<'_>, due: &Listing, path: &str) -> Markup {
    let l = |vi, en| reader.l(vi, en);
    let link =
        |row: &Row<'_>, column: &str| (column == "indicator").then(|| format!("{path}/{}", row.cell("indicator")));
    html! {
        section .card.flush #due {
            h2 { (l("Đến hạn báo cáo", "Due")) small .muted { (place::told(due).join(" ")) } }
            @if due.rows.is_empty() { (part::empty(l("Không có chỉ tiêu nào phải báo cáo trong kỳ", "Nothing is expected in this period"), "")) }
            @else { div .bounded { (listing::table(due, &Look { link: Some(&link), ..Look::default() }, reader.language)) } }
        }
    }
}

fn list(reader: &Reader<'_>, id: &str, heading: &str, listing: &Listing, without: &[&str], nothing: &str) -> Markup {
    html! {
        section .card.flush id=(id) {
            h2 { (heading) small .muted { (place::told(listing).first().map_or("", String::as_str)) } }
            @if listing.rows.is_empty() { (part::empty(nothing, "")) }
            @else { div .bounded { (listing::table(listing, &Look { without, ..Look::default() }, reader.language)) } }
        }
    }
}

/// How it is connected: joined, heard of, what is wrong.
fn connection(reader: &Reader<'_>, contact: Option<&Contact>) -> Markup {
    let l = |vi, en| reader.l(vi, en);
    let time = |at: Option<chrono::DateTime<chrono::Utc>>| {
        at.map_or_else(|| "–".to_owned(), |at| for_people(Form::Time, &rfc3339(at), reader.language))
    };
    html! {
        section .card #connection {
            h2 { (l("Kết nối với tỉnh", "Connection with the province")) }
            @match contact {
                None => (part::empty(l("Nơi này chưa tham gia hệ thống", "It has not joined yet"), l("Quản trị viên của tỉnh mời bằng mã tham gia.", "The province's administrator invites it."))),
                Some(contact) => dl .facts {
                    dt { (l("Tham gia từ", "Joined")) } dd { (time(contact.enrolled)) }
                    dt { (l("Đồng bộ thành công gần nhất", "Last sync that succeeded")) } dd { (time(contact.last_success)) }
                    dt { (l("Lần liên lạc gần nhất", "Last contact")) } dd { (time(contact.last_attempt)) }
                    @if let Some(failure) = contact.last_failure.as_ref().filter(|failure| !failure.is_empty()) { dt { (l("Lỗi gần nhất", "Last failure")) } dd .fall { (failure) } }
                    dt { (l("Phiên bản chương trình", "Version")) } dd { (if contact.build.is_empty() { "–" } else { &contact.build }) }
                    dt { (l("Thay đổi đã nhận", "Changes received")) } dd { (for_people(Form::Number, &contact.head_seq.to_string(), reader.language)) }
                    dt { (l("Đối chiếu hai đầu", "Digests of both ends")) } dd {
                        @match (contact.digests_at, contact.digests_differ_since) {
                            (None, _) => "–",
                            (Some(at), None) => { (l("khớp", "equal")) ", " (time(Some(at))) },
                            (Some(_), Some(since)) => span .fall { (l("khác nhau từ", "differ since")) " " (time(Some(since))) },
                        }
                    }
                    @if contact.evidence_pending_bytes > 0 { dt { (l("Minh chứng đang chờ gửi", "Evidence awaited")) } dd { (for_people(Form::Number, &contact.evidence_pending_bytes.to_string(), reader.language)) " B" } }
                },
            }
        }
    }
}
