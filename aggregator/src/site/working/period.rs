//! One period: what is missing before it is closed, closing it, proving what was closed, what came after, opening it again.

use super::{
    choice::{self, capital, day, time},
    periods::{proof, proved},
};
use crate::{
    decision,
    report::{
        closings::{Obstacle, close, closing_of, late_list, obstacle},
        question::{QueueAsked, Subject},
    },
    site::{
        Failure, Site,
        gate::{Sent, Staff, Visitor, go},
    },
    store::{Closing, Role},
};
use axum::{
    Router,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use maud::{Markup, html};
use pages::{
    frame,
    listing::{self, Look, Row},
    part::{self, Notice, Tone},
};
use serde::Deserialize;
use shared::{language::Language, listing::Listing, observation::MAX_NOTE_CHARS, period::Period, ranking::Scheme};

/// Most communes that are listed as lacking something.
const MAX_LACKING: usize = 200;

pub(super) fn routes() -> Router<Site> {
    Router::new()
        .route("/periods/{period}", get(period))
        .route("/periods/{period}/close", post(shut))
        .route("/periods/{period}/reopen", post(reopen))
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    verify: String,
}

/// What is wrong with what was sent, and what was typed.
#[derive(Default)]
struct Typed {
    fault: Option<String>,
    reason: String,
    early: bool,
}

fn read(word: &str, language: Language) -> Result<Period, Failure> {
    choice::period(word, language)?.ok_or_else(|| Failure::NotFound(String::new()))
}

async fn period(
    State(site): State<Site>,
    Staff(visitor): Staff,
    Path(word): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let period = read(&word, visitor.language)?;
    show(&site, &visitor, period, !asked.verify.is_empty(), &Typed::default()).await
}

async fn show(
    site: &Site,
    visitor: &Visitor,
    period: Period,
    verifies: bool,
    typed: &Typed,
) -> Result<Response, Failure> {
    site.settle().await?;
    let language = visitor.language;
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let store = &*site.province.store;
    let mut closings = store.closings().await?;
    closings.retain(|closing| closing.period == period);
    let in_force = closings.iter().find(|closing| closing.is_in_force()).cloned();
    let ask = async |subject| {
        let asked = site.ask(subject, (Some(period), Scheme::Own), language).await;
        asked.map_err(|error| Failure::of(error, language))
    };
    let due = ask(Subject::Due(None)).await?;
    let proofs = match verifies {
        true => Some(proved(store, closings.clone(), language).await?),
        false => None,
    };
    let actions = html! {
        @if !closings.is_empty() {
            form action={ "/periods/" (period) } { button name="verify" value="1" { (l("Kiểm chứng", "Prove")) } }
        }
        a .button href={ "/rankings?period=" (period) } { (l("Xếp hạng của kỳ", "Its ranking")) }
    };
    let words = capital(&period.in_words(language));
    let about = match &in_force {
        Some(closing) => language.pick(
            format!(
                "Đã chốt lần {} lúc {} ({})",
                closing.revision,
                time(closing.closed_at, language),
                closing.closed_by
            ),
            format!(
                "Closed (revision {}) at {} by {}",
                closing.revision,
                time(closing.closed_at, language),
                closing.closed_by
            ),
        ),
        None => l("Đang mở", "Open").to_owned(),
    };
    let body = html! {
        (frame::title(&words, &about, &actions))
        @if let Some((proofs, bad)) = &proofs { (proof(proofs, *bad, language)) }
        @match &in_force {
            Some(closing) => {
                @let late = late_list(store, closing.clone(), true, language).await.map_err(|error| Failure::of(error, language))?;
                (late_card(site, &late, language))
                @if visitor.may(Role::Steward) { (reopen_form(site, visitor, period, typed)) }
            },
            None => {
                @let waiting = ask(Subject::Queue(QueueAsked::default())).await?.rows.len();
                @let hindered = { let figures = site.live.read(); obstacle(&figures, period, false) };
                div .columns.wide-first {
                    (lacking(&due, language))
                    (closing_form(site, visitor, (period, waiting), hindered.as_ref(), &due, typed))
                }
            },
        }
        @if !closings.is_empty() { (history(&closings, language)) }
    };
    let status = if typed.fault.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok((status, visitor.page(site, &words, &body)).into_response())
}

/// What would be closed without.
fn lacking(due: &Listing, language: Language) -> Markup {
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let kept = |row: &Row<'_>| row.cell("missing") != "0";
    let all = Row::all(due).filter(kept).count();
    html! {
        section .card.flush {
            h2 { (l("Còn thiếu", "Missing")) small { (language.pick(format!("{all} xã, phường"), format!("{all} communes"))) } }
            @if all == 0 {
                (part::empty(l("Không thiếu gì", "Nothing is missing"), l("Mọi xã, phường đã báo cáo đủ kỳ này.", "All communes have reported this period in full.")))
            } @else {
                div .scroll.tall tabindex="0" { table {
                    thead { tr {
                        th scope="col" { (l("Xã, phường", "Commune")) } th .num scope="col" { (l("Hạn", "Due")) }
                        th .num scope="col" { (l("Còn thiếu", "Missing")) } th scope="col" { (l("Chỉ tiêu", "Indicators")) }
                    } }
                    tbody { @for row in Row::all(due).filter(kept).take(MAX_LACKING) { tr {
                        td .fit { a href={ "/communes/" (row.cell("commune")) } { (row.cell("name")) } @if !row.cell("exception").is_empty() { small .muted { " " (l("được gia hạn", "exception")) } } }
                        td .num { (shared::listing::for_people(shared::listing::Form::Day, row.cell("cutoff"), language)) }
                        td .num { (row.cell("missing")) small .muted { "/" (row.cell("expected")) } }
                        td .small.codes { @for code in row.cell("missing_codes").split(' ') { span { (code) } " " } }
                    } } }
                } }
                @if all > MAX_LACKING { p .notes.padded { (language.pick(format!("và {} nơi khác", all - MAX_LACKING), format!("and {} others", all - MAX_LACKING))) } }
            }
        }
    }
}

fn closing_form(
    site: &Site,
    visitor: &Visitor,
    (period, waiting): (Period, usize),
    hindered: Option<&Obstacle>,
    due: &Listing,
    typed: &Typed,
) -> Markup {
    let language = visitor.language;
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let missing: u64 = Row::all(due).filter_map(|row| row.cell("missing").parse::<u64>().ok()).sum();
    let number = |many: u64| shared::listing::number_for_people(&many.to_string(), language);
    html! {
        section .card {
            h2 { (l("Chốt kỳ này", "Close this period")) }
            dl .facts {
                dt { (l("Số liệu còn thiếu", "Figures missing")) } dd .num { (number(missing)) }
                dt { (l("Kết quả chờ thẩm định", "Results awaiting review")) } dd .num {
                    @if visitor.may(Role::Reviewer) { a href={ "/review?period=" (period) } { (number(waiting as u64)) } } @else { (number(waiting as u64)) }
                }
            }
            @match hindered {
                Some(Obstacle::NotBegun) => (part::notice(&Notice::new(Tone::Note, l("Kỳ này chưa bắt đầu.", "This period has not begun.")))),
                _ if !visitor.may(Role::Steward) => p .muted { (l("Người điều hành kỳ báo cáo chốt kỳ.", "A steward closes it.")) },
                other => {
                    p .small.muted { (l("Xếp hạng được tính và giữ lại cùng mã băm. Số liệu đến sau vẫn nhận, và tính vào lần chốt sau nếu kỳ được mở lại.", "The ranking is computed and kept with a digest. What comes later is taken, and counts in the next closing if the period is opened again.")) }
                    form method="post" action={ "/periods/" (period) "/close" } .fields {
                        (part::form_token(&visitor.form_token(site)))
                        @if let Some(Obstacle::BeforeCutoff { day: last, commune }) = other {
                            (part::notice(&Notice::new(Tone::Warning, language.pick(
                                format!("Chưa hết hạn: {commune} còn được nộp đến hết ngày {}.", day(*last, language)),
                                format!("Not due yet: {commune} may report until the end of {}.", day(*last, language)),
                            ))))
                            label .check { input type="checkbox" name="early" value="yes" checked[typed.early]; span { (l("Vẫn chốt sớm", "Close it early all the same")) } }
                        }
                        label .check { input type="checkbox" name="confirmed" value="yes" required; span { (l("Tôi đã xem những gì còn thiếu và chốt kỳ này", "I have seen what is missing, and close this period")) } }
                        @if let Some(fault) = &typed.fault { p .fault role="alert" { (fault) } }
                        button .main { (l("Chốt ", "Close ")) (period.in_words(language)) }
                    }
                },
            }
        }
    }
}

fn late_card(site: &Site, late: &Listing, language: Language) -> Markup {
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let rulebook = site.province.rulebook();
    let mut named = late.clone();
    let at = named.columns.iter().position(|column| column.name == "commune").unwrap_or_default();
    // Cells stay slugs for links; people read names.
    named.columns.insert(at, shared::listing::Column::new("slug", "", shared::listing::Form::Text));
    for row in &mut named.rows {
        let slug = row[at].clone();
        row[at] = rulebook.catalogue.commune(&slug).map_or_else(|| slug.clone(), |commune| commune.name.clone());
        row.insert(at, slug);
    }
    let link = |row: &Row<'_>, column: &str| match column {
        "commune" => Some(format!("/communes/{}", row.cell("slug"))),
        "indicator" => Some(format!("/indicators/{}", row.cell("indicator"))),
        _ => None,
    };
    html! {
        section .card.flush #late {
            h2 { (l("Thay đổi sau khi chốt", "Changed since it was closed")) small { (language.pick(format!("{} mục", late.rows.len()), format!("{} entries", late.rows.len()))) } }
            @if late.rows.is_empty() {
                (part::empty(l("Không có gì thay đổi", "Nothing has changed"), l("Từ lúc chốt đến nay không có số liệu, minh chứng hay thẩm định nào đến thêm cho kỳ này.", "No figure, evidence or verdict of this period came since.")))
            } @else {
                (listing::table(&named, &Look { link: Some(&link), fit: &["commune", "indicator"], ..Look::default() }, language))
                p .notes.padded { (l("Được giữ lại và tính vào các kỳ còn mở; vào kỳ này khi mở lại và chốt lần sau.", "Kept, and counted in the periods that are open; in this one when it is opened again and closed.")) }
            }
        }
    }
}

fn reopen_form(site: &Site, visitor: &Visitor, period: Period, typed: &Typed) -> Markup {
    let language = visitor.language;
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    html! {
        section .card {
            details open[typed.fault.is_some()] {
                summary { (l("Mở lại kỳ này", "Open this period again")) }
                form method="post" action={ "/periods/" (period) "/reopen" } .fields {
                    (part::form_token(&visitor.form_token(site)))
                    p .small.muted { (l("Bản chốt cũ vẫn xem được. Lý do được ghi vào nhật ký.", "The old closing stays readable. The reason goes into the audit history.")) }
                    label .field.wrong[typed.fault.is_some()] {
                        span { (l("Lý do", "Reason")) }
                        textarea name="reason" maxlength=(MAX_NOTE_CHARS) required rows="3" { (typed.reason) }
                        @if let Some(fault) = &typed.fault { span .fault role="alert" { (fault) } }
                    }
                    div { button .danger data-confirm=(l("Mở lại kỳ này?", "Open this period again?")) { (l("Mở lại", "Open again")) } }
                }
            }
        }
    }
}

fn history(closings: &[Closing], language: Language) -> Markup {
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    html! {
        section .card.flush {
            h2 { (l("Các lần chốt của kỳ", "Closings of this period")) }
            div .scroll tabindex="0" { table {
                thead { tr {
                    th .num scope="col" { (l("Lần", "Revision")) } th scope="col" { (l("Chốt", "Closed")) }
                    th scope="col" { (l("Mở lại", "Opened again")) } th scope="col" { (l("Mã băm SHA-256", "Digest (SHA-256)")) }
                } }
                tbody { @for closing in closings.iter().rev() { tr {
                    td .num { (closing.revision) }
                    td { (time(closing.closed_at, language)) br; small .muted { (closing.closed_by) } }
                    td {
                        @if let Some(reopened) = &closing.reopened {
                            (time(reopened.at, language)) br; small .muted { (reopened.by) ": " (reopened.reason) }
                        }
                    }
                    td .hash { code { (closing.digest.map(hex::encode).unwrap_or_default()) } }
                } } }
            } }
        }
    }
}

#[derive(Deserialize)]
struct Shut {
    #[serde(default)]
    confirmed: String,
    #[serde(default)]
    early: String,
}

async fn shut(State(site): State<Site>, Path(word): Path<String>, sent: Sent<Shut>) -> Result<Response, Failure> {
    let Sent { visitor, form } = sent;
    visitor.must(Role::Steward)?;
    let language = visitor.language;
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let period = read(&word, language)?;
    site.settle().await?;
    let early = form.early == "yes";
    let hindered = { obstacle(&site.live.read(), period, early) };
    let year = site.province.rulebook().catalogue.province.plan_year;
    if period.year() != year {
        let words = language.pick(
            format!("Kỳ {period} nằm ngoài năm kế hoạch {year}."),
            format!("{period} lies outside the plan year {year}."),
        );
        return Err(Failure::NotFound(words));
    }
    let fault = match hindered {
        Some(Obstacle::NotBegun) => Some(l("Kỳ này chưa bắt đầu.", "This period has not begun.")),
        Some(Obstacle::BeforeCutoff { .. }) => Some(l(
            "Chưa hết hạn nộp: đánh dấu “Vẫn chốt sớm” nếu muốn chốt.",
            "It is not due yet: tick “Close it early” if it is meant.",
        )),
        _ if form.confirmed != "yes" => {
            Some(l("Hãy xác nhận đã xem những gì còn thiếu.", "Confirm that you have seen what is missing."))
        }
        _ => None,
    };
    if let Some(fault) = fault {
        let typed = Typed { fault: Some(fault.into()), early, ..Typed::default() };
        return show(&site, &visitor, period, false, &typed).await;
    }
    let outcome = close(&*site.province.store, period, visitor.act(&site)).await;
    let outcome = outcome.map_err(|error| Failure::of(error, language))?;
    let notice = match outcome.words(language) {
        Some(words) => Notice::new(Tone::Done, words),
        None => Notice::new(
            Tone::Fault,
            l(
                "Đã chốt nhưng bản chốt đọc lại không khớp. Báo quản trị viên kiểm tra kho dữ liệu.",
                "Closed, but what was kept does not agree with itself. Have the administrator check the store.",
            ),
        ),
    };
    Ok(go(&format!("/periods/{period}"), &notice))
}

#[derive(Deserialize)]
struct Reopen {
    #[serde(default)]
    reason: String,
}

async fn reopen(State(site): State<Site>, Path(word): Path<String>, sent: Sent<Reopen>) -> Result<Response, Failure> {
    let Sent { visitor, form } = sent;
    visitor.must(Role::Steward)?;
    let language = visitor.language;
    let period = read(&word, language)?;
    let store = &*site.province.store;
    let Some(reason) = decision::reason(&form.reason) else {
        if closing_of(store, period, None).await?.is_some() {
            let fault = language.pick(
                format!("Viết lý do, 1 đến {MAX_NOTE_CHARS} ký tự."),
                format!("Write a reason of 1 to {MAX_NOTE_CHARS} characters."),
            );
            let typed = Typed { fault: Some(fault), reason: form.reason, early: false };
            return show(&site, &visitor, period, false, &typed).await;
        }
        return Err(Failure::Bad(language.pick("Kỳ này chưa chốt.", "This period is not closed.").into()));
    };
    let notice = match store.reopen_period(period, &reason, visitor.act(&site)).await? {
        true => Notice::new(
            Tone::Done,
            language.pick(
                format!("Đã mở lại kỳ {period}. Bản chốt cũ vẫn xem được."),
                format!("{period} is open again. The old closing stays readable."),
            ),
        ),
        false => {
            Notice::new(Tone::Warning, language.pick("Kỳ này không còn chốt.", "This period is not closed any more."))
        }
    };
    Ok(go(&format!("/periods/{period}"), &notice))
}
