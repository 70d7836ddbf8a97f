//! The first page: how the province stands now.

use super::{
    Failure, Site,
    gate::{Staff, Visitor},
    pulse::{CommunePulse, Pulse},
    reading::{Asked, Reader, own_unit, standard_words},
};
use crate::{
    report::question::Subject,
    store::{Contact, Role},
};
use axum::{
    Router,
    extract::{Query, State as FromSite},
    response::Response,
    routing::get,
};
use chrono::TimeDelta;
use maud::{Markup, html};
use pages::{
    frame,
    listing::{self, Look, Row},
    part,
};
use shared::{
    book::Member,
    calendar::rfc3339,
    evaluation::State,
    language::Language,
    light::Light,
    listing::{Form, Listing, for_people},
    ranking::Scope,
};
use std::{cmp::Reverse, collections::HashMap};

/// Most rows of a list on this page; the rest is one click away.
const MAX_ROWS: usize = 100;
/// Most rows of the lists beside the ranking.
const MAX_BESIDE: usize = 12;
/// Most communes that rose, and that fell.
const MAX_MOVERS: usize = 5;
/// Most communes with red lights.
const MAX_RED: usize = 8;
/// A commune that was not heard of for so long is shown.
const SILENT: TimeDelta = TimeDelta::days(2);

pub(super) fn routes() -> Router<Site> {
    Router::new().route("/", get(overview))
}

async fn overview(
    FromSite(site): FromSite<Site>,
    Staff(visitor): Staff,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let reader = Reader::of(&site, &visitor, &asked).await?;
    let language = visitor.language;
    let pulse = site.pulse(Some(reader.period)).await.map_err(|error| Failure::asked(&error, language))?;
    let ranking = reader.ask(Subject::Rankings(Scope::default())).await?;
    let due = reader.ask(Subject::Due(None)).await?;
    let contacts = site.live.contacts().await?;
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let state = html! {
        (reader.filters("/", &[], &html! {}))
        (reader.since_closing())
        span data-live-state data-state="off" data-on=(l("Đang cập nhật trực tiếp", "Live")) data-off=(l("Mất kết nối, đang thử lại", "Disconnected, trying again")) {}
    };
    let own = own_figures(&site, &pulse, language).await;
    let silent = silent(&site, contacts, language).await;
    let body = html! {
        div #overview data-live="/live" hx-get=(visitor.here) hx-trigger="changed from:body" hx-select="#overview-now" hx-target="#overview-now" hx-swap="outerHTML" {
            (frame::title(l("Tổng quan", "Overview"), &reader.about(), &state))
            div #overview-now .stack {
                (tiles(&pulse, &due, &silent, &visitor))
                div .columns.wide-first {
                    (ranking_card(&ranking, &reader))
                    div .stack {
                        (movers_card(&ranking, language))
                        (red_card(&pulse, language))
                        (due_card(&due, &reader))
                        (silent_card(&silent, language))
                    }
                }
                (own)
            }
        }
    };
    Ok(visitor.page(&site, l("Tổng quan", "Overview"), &body))
}

fn sum(listing: &Listing, column: &str) -> u64 {
    Row::all(listing).filter_map(|row| row.cell(column).parse::<u64>().ok()).sum()
}

fn tiles(pulse: &Pulse, due: &Listing, silent: &[Silent], visitor: &Visitor) -> Markup {
    let language = visitor.language;
    let of = |path: &str| format!("{path}period={}", pulse.period);
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let (expected, missing) = (sum(due, "expected"), sum(due, "missing"));
    let lacking = Row::all(due).filter(|row| row.cell("missing") != "0").count();
    let days = Row::all(due).filter_map(|row| row.cell("days_left").parse::<i64>().ok());
    let days = days.max();
    let number = |count: u64| for_people(Form::Number, &count.to_string(), language);
    let (left, figure) = match days {
        None => (l("Ngày đến hạn chót", "Days to the last cut-off"), "–".to_owned()),
        Some(days @ 0..) => (l("Ngày đến hạn chót", "Days to the last cut-off"), number(days.unsigned_abs())),
        Some(days) => (l("Ngày từ hạn chót", "Days since the last cut-off"), number(days.unsigned_abs())),
    };
    let light =
        |light: Light| html! { span { (number(pulse.lights(light).into())) " " (part::light(light, language)) } };
    let waiting = pulse.states(State::AwaitingReview);
    html! {
        div .tiles {
            (part::tile(l("Đã báo cáo", "Reported"), &html! { (number(expected - missing)) small .muted { " / " (number(expected)) } },
                &html! { (l("chỉ tiêu phải báo cáo trong kỳ", "indicators expected in the period")) }))
            (part::tile(l("Còn thiếu số liệu", "Lacking figures"), &html! { (number(lacking as u64)) },
                &html! { a href=(of("/due?state=missing&")) { (l("xã, phường: xem nơi nào", "communes: show which")) } }))
            (part::tile(left, &html! { (figure) }, &html! { (l("hạn muộn nhất trong các xã", "latest day of any commune")) }))
            (part::tile(l("Đèn của các mục tiêu", "Lights of the targets"),
                &html! { div .lights { (light(Light::Red)) (light(Light::Yellow)) (light(Light::Green)) } }, &html! { a href=(of("/alerts?")) { (l("xem cảnh báo", "see the alerts")) } " · " a href=(of("/heat-map?show=lights&")) { (l("bản đồ", "map")) } }))
            (part::tile(l("Chờ thẩm định", "Awaiting review"), &html! { (number(waiting.into())) }, &html! {
                @if visitor.may(Role::Reviewer) { a href=(of("/review?")) { (l("mở hàng đợi", "open the queue")) } } @else { (l("kết quả báo đạt", "claims of completion")) }
            }))
            (part::tile(l("Không đồng bộ", "Not syncing"), &html! { (number(silent.len() as u64)) }, &html! { a href="#silent" { (l("quá 2 ngày hoặc lỗi", "for 2 days or failing")) } }))
        }
    }
}

fn ranking_card(ranking: &Listing, reader: &Reader<'_>) -> Markup {
    let language = reader.language;
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let all = ranking.rows.len();
    let shown = Listing { rows: ranking.rows.iter().take(MAX_ROWS).cloned().collect(), ..ranking.clone() };
    let link = |row: &Row<'_>, column: &str| (column == "name").then(|| format!("/communes/{}", row.cell("commune")));
    html! {
        section .card.flush {
            h2 { (l("Xếp hạng", "Ranking")) a href={ "/rankings?period=" (reader.period) } {
                @if all > MAX_ROWS { (language.pick(format!("xem đủ {all}"), format!("see all {all}"))) } @else { (l("xem đầy đủ", "in full")) }
            } }
            @if all == 0 {
                (part::empty(l("Chưa có xã, phường nào được xếp hạng", "No commune is ranked yet"), l("Nhập danh mục có mục tiêu của các xã trước.", "Import a catalogue with communes' targets first.")))
            } @else {
                (listing::table(&shown, &Look { link: Some(&link), without: &["kind"], tall: true, ..Look::default() }, language))
            }
        }
    }
}

/// Who rose and who fell most.
fn movers_card(ranking: &Listing, language: Language) -> Markup {
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let mut moved: Vec<(i64, Row<'_>)> = Row::all(ranking)
        .filter_map(|row| Some((row.cell("movement").parse::<i64>().ok().filter(|moved| *moved != 0)?, row)))
        .collect();
    moved.sort_by_key(|(moved, _)| *moved);
    let fell = moved.iter().take(MAX_MOVERS).filter(|(moved, _)| *moved < 0);
    let rose = moved.iter().rev().take(MAX_MOVERS).filter(|(moved, _)| *moved > 0);
    let line = |(moved, row): &(i64, Row<'_>)| {
        html! {
            li { (part::movement(Some(*moved), language)) a href={ "/communes/" (row.cell("commune")) } { (row.cell("name")) } small .muted { (l("hạng", "rank")) " " (row.cell("rank")) } }
        }
    };
    html! {
        section .card.flush {
            h2 { (l("Thay đổi hạng nhiều nhất", "Moved most")) a href="/rankings?sort=movement" { (l("xem đầy đủ", "in full")) } }
            @if moved.is_empty() { (part::empty(l("Hạng không đổi so với kỳ trước", "No rank has changed"), "")) } @else {
                div .movers {
                    div { h3 { (l("Giảm", "Fell")) } ul { @for one in fell { (line(one)) } } }
                    div { h3 { (l("Tăng", "Rose")) } ul { @for one in rose { (line(one)) } } }
                }
            }
        }
    }
}

/// Who has the most red lights.
fn red_card(pulse: &Pulse, language: Language) -> Markup {
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let count = |commune: &CommunePulse, light: Light| {
        Light::ALL.iter().position(|one| *one == light).map_or(0, |at| commune.lights[at])
    };
    let mut red: Vec<&CommunePulse> = pulse.communes.iter().filter(|commune| count(commune, Light::Red) > 0).collect();
    red.sort_by_key(|commune| Reverse((count(commune, Light::Red), count(commune, Light::Yellow))));
    html! {
        section .card.flush {
            h2 { (l("Nhiều đèn đỏ nhất", "Most red lights")) a href="/alerts?light=red" { (l("xem từng đèn", "each light")) } }
            @if red.is_empty() { (part::empty(l("Không có đèn đỏ", "No red light"), "")) } @else {
                div .scroll tabindex="0" { table {
                    thead { tr { th scope="col" { (l("Xã, phường", "Commune")) } @for light in [Light::Red, Light::Yellow, Light::Green] { th .num scope="col" { (part::light(light, language)) } } } }
                    tbody { @for commune in red.iter().take(MAX_RED) {
                        tr { td { a href={ "/communes/" (commune.slug) } { (commune.name) } } @for light in [Light::Red, Light::Yellow, Light::Green] { td .num { (count(commune, light)) } } }
                    } }
                } }
            }
        }
    }
}

fn due_card(due: &Listing, reader: &Reader<'_>) -> Markup {
    let language = reader.language;
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let lacking: Vec<Row<'_>> = Row::all(due).filter(|row| row.cell("missing") != "0").collect();
    html! {
        section .card.flush {
            h2 { (l("Chưa báo cáo đủ", "Not reported in full")) a href={ "/due?state=missing&period=" (reader.period) } { (l("xem đầy đủ", "in full")) } }
            @if lacking.is_empty() {
                (part::empty(l("Tất cả đã báo cáo đủ", "Everyone has reported"), ""))
            } @else {
                div .scroll tabindex="0" { table {
                    thead { tr { th scope="col" { (l("Xã, phường", "Commune")) } th .num scope="col" { (l("Còn thiếu", "Missing")) } th .num scope="col" { (l("Hạn", "Due")) } } }
                    tbody { @for row in lacking.iter().take(MAX_BESIDE) {
                        tr {
                            td { a href={ "/communes/" (row.cell("commune")) } { (row.cell("name")) } }
                            td .num { (row.cell("missing")) small .muted { "/" (row.cell("expected")) } }
                            td .num { (for_people(Form::Day, row.cell("cutoff"), language)) }
                        }
                    } }
                } }
            }
        }
    }
}

/// A commune that is not heard of, and why.
struct Silent {
    slug: String,
    name: String,
    last: String,
    why: String,
}

/// Communes with a plan that never joined, were not heard of for long, or fail.
async fn silent(site: &Site, contacts: Vec<Contact>, language: Language) -> Vec<Silent> {
    // Sessions are dated by the province's clock, as receipts are.
    let now = site.province.clock.now();
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en).to_owned();
    let contacts: HashMap<String, Contact> =
        contacts.into_iter().map(|contact| (contact.commune.clone(), contact)).collect();
    let figures = site.live.read();
    let mut members: Vec<&Member> =
        figures.standings.book().members().iter().filter(|member| !member.targets.is_empty()).collect();
    members.sort_by_key(|member| member.name_order);
    let of = |member: &Member| {
        let contact = contacts.get(&member.row.slug);
        let last = contact.and_then(|contact| contact.last_success);
        let failure = contact.and_then(|contact| contact.last_failure.as_deref()).unwrap_or_default();
        let why = if contact.is_none_or(|contact| contact.enrolled.is_none()) {
            l("chưa tham gia", "has not joined")
        } else if !failure.is_empty() {
            failure.to_owned()
        } else if last.is_none_or(|last| now - last > SILENT) {
            l("không liên lạc", "not heard of")
        } else {
            return None;
        };
        let last = last.map(rfc3339).unwrap_or_default();
        Some(Silent { slug: member.row.slug.clone(), name: member.row.name.clone(), last, why })
    };
    members.into_iter().filter_map(of).collect()
}

fn silent_card(silent: &[Silent], language: Language) -> Markup {
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    html! {
        section .card.flush #silent {
            h2 { (l("Không đồng bộ", "Not syncing")) a href="/communes?state=failing" { (l("mọi nơi bị lỗi", "all that fail")) } }
            @if silent.is_empty() {
                (part::empty(l("Mọi xã đều đang đồng bộ", "Every commune syncs"), ""))
            } @else {
                div .scroll tabindex="0" { table {
                    thead { tr { th scope="col" { (l("Xã, phường", "Commune")) } th scope="col" { (l("Lần cuối", "Last")) } th scope="col" { (l("Vì sao", "Why")) } } }
                    tbody { @for one in silent.iter().take(MAX_BESIDE) {
                        tr {
                            td { a href={ "/communes/" (one.slug) } { (one.name) } }
                            td .fit { (for_people(Form::Time, &one.last, language)) }
                            td { (one.why) }
                        }
                    } }
                } }
                @if silent.len() > MAX_BESIDE { p .notes { (language.pick(format!("và {} nơi khác", silent.len() - MAX_BESIDE), format!("and {} others", silent.len() - MAX_BESIDE))) } }
            }
        }
    }
}

async fn own_figures(site: &Site, pulse: &Pulse, language: Language) -> Markup {
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let figures = site.live.read();
    let book = figures.standings.book();
    html! {
        section .card.flush {
            h2 { (l("Số liệu toàn tỉnh so với mục tiêu chuẩn", "The province's own figures against the standard targets")) a href="/indicators" { (l("mọi chỉ tiêu", "all indicators")) } }
            @let with_standard: Vec<_> = pulse.own.iter().filter(|own| book.indicators().get(own.indicator as usize).is_some_and(|row| row.standard.is_some())).collect();
            @if with_standard.is_empty() {
                (part::empty(l("Danh mục chưa có mục tiêu chuẩn", "The catalogue has no standard targets"), ""))
            } @else {
                div .scroll tabindex="0" { table {
                    thead { tr {
                        th scope="col" { (l("Mã", "Code")) } th scope="col" { (l("Chỉ tiêu", "Indicator")) }
                        th .num scope="col" { (l("Toàn tỉnh", "Province")) } th .num scope="col" { (l("Mục tiêu chuẩn", "Standard")) }
                        th .num scope="col" { (l("Mức đạt", "Achieved")) } th .num scope="col" { (l("Từ số xã", "Communes")) }
                    } }
                    tbody { @for own in with_standard {
                        @let row = &book.indicators()[own.indicator as usize];
                        @let value = own.figure.value.map_or_else(String::new, |value| value.to_decimals(6));
                        tr {
                            td .fit { a href={ "/indicators/" (row.code) } { (row.code) } }
                            td { (row.name) }
                            td .num { @if value.is_empty() { span .muted { "–" } } @else { (for_people(Form::Value, &value, language)) small .muted { " " (own_unit(row.kind, &row.unit, language)) } } }
                            td .num { @if let Some(goal) = row.standard { (standard_words(goal, language)) } }
                            td .num { @if !own.achievement.is_empty() { (part::share(&own.achievement, language)) } }
                            td .num { (own.figure.reporting) @if own.figure.left_out > 0 { small .muted title=(l("chỉ báo tỷ lệ, không cộng được", "gave only a percentage, left out")) { " (−" (own.figure.left_out) ")" } } }
                        }
                    } }
                } }
            }
        }
    }
}
