//! The first page: how the province stands now.

use super::{Failure, Site, gate::Staff};
use crate::report::question::{Question, Subject};
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
use serde::Deserialize;
use shared::{
    evaluation::State,
    language::Language,
    light::Light,
    listing::{Form, Listing, for_people},
    period::Period,
    ranking::{Scheme, Scope},
};

/// Most rows of a list on this page; the rest is one click away.
const MAX_ROWS: usize = 100;
/// Most rows of the lists beside the ranking.
const MAX_BESIDE: usize = 12;
/// A commune that was not heard of for so long is shown.
const SILENT: TimeDelta = TimeDelta::days(2);

pub(super) fn routes() -> Router<Site> {
    Router::new().route("/", get(overview))
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    period: String,
}

async fn overview(
    FromSite(site): FromSite<Site>,
    Staff(visitor): Staff,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    site.settle().await;
    let language = visitor.language;
    let period = match asked.period.as_str() {
        "" => None,
        word => Some(word.parse::<Period>().map_err(|error| Failure::Bad(error.to_string()))?),
    };
    let pulse = site.pulse(period).await.map_err(|error| Failure::NotFound(error.explain(language)))?;
    let period = pulse.period;
    let ask = async |subject| {
        let asked = site.ask(subject, (Some(period), Scheme::Own), language).await;
        asked.map_err(|error| Failure::of(error, language))
    };
    let ranking = ask(Subject::Rankings(Scope::default())).await?;
    let due = ask(Subject::Due(None)).await?;
    let communes = ask(Subject::Communes).await?;
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let closing = {
        let figures = site.live.read().await;
        let question = Question {
            subject: Subject::Schemes,
            period: Some(period),
            scheme: Scheme::Own,
            edition: crate::report::question::Edition::InForce,
            language,
        };
        figures.closing(period, question.edition).ok().flatten().map(|closing| closing.revision)
    };
    let about = match closing {
        Some(revision) => language.pick(
            format!("Kỳ {period} đã chốt lần {revision}; các con số dưới đây của kỳ là số liệu khi chốt."),
            format!("{period} is closed (revision {revision}); its figures below are as closed."),
        ),
        None => language.pick(format!("Kỳ {period} đang mở"), format!("{period} is open")),
    };
    let state = html! {
        span data-live-state data-state="off" data-on=(l("Đang cập nhật trực tiếp", "Live")) data-off=(l("Mất kết nối, đang thử lại", "Disconnected, trying again")) {}
    };
    let own = own_figures(&site, &pulse, language).await;
    let silent = silent(&site, &communes, language);
    let body = html! {
        div #overview data-live="/live" hx-get=(visitor.here) hx-trigger="changed from:body" hx-select="#overview-now" hx-target="#overview-now" hx-swap="outerHTML" {
            (frame::title(l("Tổng quan", "Overview"), &about, &state))
            div #overview-now .stack {
                (tiles(&pulse, &due, &silent, language))
                div .columns.wide-first {
                    (ranking_card(&ranking, language))
                    div .stack {
                        (due_card(&due, language))
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

fn tiles(pulse: &super::pulse::Pulse, due: &Listing, silent: &[Silent], language: Language) -> Markup {
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let (expected, missing) = (sum(due, "expected"), sum(due, "missing"));
    let lacking = Row::all(due).filter(|row| row.cell("missing") != "0").count();
    let days = Row::all(due).filter_map(|row| row.cell("days_left").parse::<i64>().ok());
    // The usual day: the one of most communes is the largest group, which the first of the latest days stands for.
    let days = days.max();
    let number = |count: u64| for_people(Form::Number, &count.to_string(), language);
    let left = match days {
        None => html! { "–" },
        Some(days @ 0..) => html! { (number(days.unsigned_abs())) },
        Some(days) => html! { "−" (number(days.unsigned_abs())) },
    };
    let light =
        |light: Light| html! { span { (number(pulse.lights(light).into())) " " (part::light(light, language)) } };
    let waiting = pulse.states(State::AwaitingReview);
    html! {
        div .tiles {
            (part::tile(l("Đã báo cáo", "Reported"), &html! { (number(expected - missing)) small .muted { " / " (number(expected)) } },
                &html! { (l("chỉ tiêu phải báo cáo trong kỳ", "indicators expected in the period")) }))
            (part::tile(l("Còn thiếu số liệu", "Lacking figures"), &html! { (number(lacking as u64)) },
                &html! { a href="/due" { (l("xã, phường", "communes")) } }))
            (part::tile(l("Ngày đến hạn chót", "Days to the last cut-off"), &left, &html! { (l("hạn muộn nhất trong các xã", "latest day of any commune")) }))
            (part::tile(l("Đèn của các mục tiêu", "Lights of the targets"),
                &html! { div .lights { (light(Light::Red)) (light(Light::Yellow)) (light(Light::Green)) } }, &html! { a href="/alerts" { (l("xem cảnh báo", "see the alerts")) } }))
            (part::tile(l("Chờ thẩm định", "Awaiting review"), &html! { (number(waiting.into())) }, &html! { a href="/review" { (l("mở hàng đợi", "open the queue")) } }))
            (part::tile(l("Không đồng bộ", "Not syncing"), &html! { (number(silent.len() as u64)) }, &html! { (l("xã, phường, quá 2 ngày hoặc lỗi", "communes, for 2 days or failing")) }))
        }
    }
}

fn ranking_card(ranking: &Listing, language: Language) -> Markup {
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let all = ranking.rows.len();
    let shown = Listing { rows: ranking.rows.iter().take(MAX_ROWS).cloned().collect(), ..ranking.clone() };
    let link = |row: &Row<'_>, column: &str| (column == "name").then(|| format!("/communes/{}", row.cell("commune")));
    html! {
        section .card.flush {
            h2 { (l("Xếp hạng", "Ranking")) a href="/rankings" {
                @if all > MAX_ROWS { (language.pick(format!("xem đủ {all}"), format!("see all {all}"))) } @else { (l("xem đầy đủ", "in full")) }
            } }
            @if all == 0 {
                (part::empty(l("Chưa có xã, phường nào được xếp hạng", "No commune is ranked yet"), l("Nhập danh mục có mục tiêu của các xã trước.", "Import a catalogue with communes' targets first.")))
            } @else {
                (listing::table(&shown, &Look { link: Some(&link), without: &["kind"], ..Look::default() }, language))
            }
        }
    }
}

fn due_card(due: &Listing, language: Language) -> Markup {
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let lacking: Vec<Row<'_>> = Row::all(due).filter(|row| row.cell("missing") != "0").collect();
    html! {
        section .card.flush {
            h2 { (l("Chưa báo cáo đủ", "Not reported in full")) a href="/due" { (l("xem đầy đủ", "in full")) } }
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
fn silent(site: &Site, communes: &Listing, language: Language) -> Vec<Silent> {
    // Sessions are dated by the province's clock, as receipts are.
    let now = site.province.clock.now();
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en).to_owned();
    let with_plan = Row::all(communes).filter(|row| row.cell("targets") != "0");
    let of = |row: Row<'_>| {
        let last = row.cell("last_success").parse::<chrono::DateTime<chrono::Utc>>().ok();
        let failure = row.cell("last_failure");
        let why = if row.cell("enrolled").is_empty() {
            l("chưa tham gia", "has not joined")
        } else if !failure.is_empty() {
            failure.to_owned()
        } else if last.is_none_or(|last| now - last > SILENT) {
            l("không liên lạc", "not heard of")
        } else {
            return None;
        };
        Some(Silent {
            slug: row.cell("slug").into(),
            name: row.cell("name").into(),
            last: row.cell("last_success").into(),
            why,
        })
    };
    with_plan.filter_map(of).collect()
}

fn silent_card(silent: &[Silent], language: Language) -> Markup {
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    html! {
        section .card.flush {
            h2 { (l("Không đồng bộ", "Not syncing")) }
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

async fn own_figures(site: &Site, pulse: &super::pulse::Pulse, language: Language) -> Markup {
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let figures = site.live.read().await;
    let book = figures.standings.book();
    html! {
        section .card.flush {
            h2 { (l("Số liệu toàn tỉnh so với mục tiêu chuẩn", "The province's own figures against the standard targets")) }
            @if pulse.own.is_empty() {
                (part::empty(l("Danh mục chưa có mục tiêu chuẩn", "The catalogue has no standard targets"), ""))
            } @else {
                div .scroll tabindex="0" { table {
                    thead { tr {
                        th scope="col" { (l("Mã", "Code")) } th scope="col" { (l("Chỉ tiêu", "Indicator")) }
                        th .num scope="col" { (l("Toàn tỉnh", "Province")) } th .num scope="col" { (l("Mục tiêu chuẩn", "Standard")) }
                        th .num scope="col" { (l("Mức đạt", "Achieved")) } th .num scope="col" { (l("Từ số xã", "Communes")) }
                    } }
                    tbody { @for own in &pulse.own {
                        @let row = &book.indicators()[own.indicator as usize];
                        @let value = own.figure.value.map_or_else(String::new, |value| value.to_decimals(6));
                        tr {
                            td .fit { a href={ "/indicators/" (row.code) } { (row.code) } }
                            td { (row.name) }
                            td .num { @if value.is_empty() { span .muted { "–" } } @else { (for_people(Form::Value, &value, language)) small .muted { " " (row.unit) } } }
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

/// A standard target in figures.
pub(super) fn standard_words(goal: shared::catalogue::Goal, language: Language) -> String {
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
