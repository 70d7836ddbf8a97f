//! All periods: which are closed, by whom, what came after; and whether what was closed is still what it was.

use super::choice::{begun, capital};
use crate::{
    report::closings::{self, proofs},
    site::{Failure, Site, gate::Staff},
    store::{Closing, Store},
};
use axum::{
    Router,
    extract::{Query, State},
    response::Response,
    routing::get,
};
use maud::{Markup, html};
use pages::{
    frame,
    listing::{self, Look, Row},
    part::{self, Notice, Tone},
};
use serde::Deserialize;
use shared::{
    language::Language,
    listing::{Form, Listing, for_people},
    period::Period,
};
use tokio::sync::Semaphore;

/// Closings are proved for so many visitors at once.
static PROVING: Semaphore = Semaphore::const_new(1);

pub(super) fn routes() -> Router<Site> {
    Router::new().route("/periods", get(periods))
}

#[derive(Deserialize)]
struct Asked {
    /// Proves the closings.
    #[serde(default)]
    verify: String,
}

async fn periods(
    State(site): State<Site>,
    Staff(visitor): Staff,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    site.settle().await?;
    let language = visitor.language;
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let store = &*site.province.store;
    let list = closings::listing(store, true, language).await.map_err(|error| Failure::of(error, language))?;
    let proofs = match asked.verify.as_str() {
        "" => None,
        _ => Some(proved(store, store.closings().await?, language).await?),
    };
    let actions = html! {
        form action="/periods" { button name="verify" value="all" { (l("Kiểm chứng mọi lần chốt", "Prove all closings")) } }
    };
    let about = l(
        "Chốt kỳ giữ nguyên số liệu, mục tiêu, thẩm định và xếp hạng của lúc đó. Ai cũng tính lại và so được.",
        "Closing keeps figures, targets, verdicts and ranking as they are then. Anybody can compute them again.",
    );
    let body = html! {
        (frame::title(l("Kỳ báo cáo", "Periods"), about, &actions))
        @if let Some((proofs, bad)) = &proofs { (proof(proofs, *bad, language)) }
        section .card.flush {
            h2 { (l("Các kỳ của năm", "The year's periods")) }
            (table(&begun(&site), &list, language))
        }
        section .card.flush {
            h2 { (l("Mọi lần chốt", "All closings")) }
            @if list.rows.is_empty() {
                (part::empty(l("Chưa chốt kỳ nào", "Nothing is closed yet"), l("Mở một kỳ ở bảng trên để xem còn thiếu gì rồi chốt.", "Open a period above to see what is missing, then close it.")))
            } @else {
                @let link = |row: &Row<'_>, column: &str| (column == "period").then(|| format!("/periods/{}", row.cell("period")));
                (listing::table(&list, &Look { link: Some(&link), ..Look::default() }, language))
            }
        }
    };
    Ok(visitor.page(&site, l("Kỳ báo cáo", "Periods"), &body))
}

/// Proves closings, one visitor after the other: each is computed again from all figures of its period.
///
/// # Errors
/// The store's.
pub(super) async fn proved(
    store: &dyn Store,
    closings: Vec<Closing>,
    language: Language,
) -> Result<(Listing, usize), Failure> {
    let _place = PROVING.acquire().await.map_err(|_| Failure::Internal)?;
    Ok(proofs(store, closings, true, language).await?)
}

/// What proving found.
pub(super) fn proof(proofs: &Listing, bad: usize, language: Language) -> Markup {
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let notice = match (proofs.rows.len(), bad) {
        (0, _) => Notice::new(Tone::Note, l("Chưa có lần chốt nào để kiểm chứng.", "There is no closing to prove.")),
        (all, 0) => Notice::new(
            Tone::Done,
            language.pick(
                format!("Khớp: tính lại {all} lần chốt từ số liệu đã giữ, ra đúng như lúc chốt."),
                format!("Equal: {all} closings computed again from what was kept come out as they were."),
            ),
        ),
        (all, bad) => Notice::new(
            Tone::Fault,
            language.pick(
                format!("KHÁC: {bad}/{all} lần chốt không khớp với lúc chốt. Hãy so với bản sao lưu và báo quản trị viên."),
                format!("DIFFERS: {bad} of {all} closings are not what they were. Compare with a backup and tell the administrator."),
            ),
        ),
    };
    html! {
        (part::notice(&notice))
        @if !proofs.rows.is_empty() { section .card.flush { h2 { (proofs.title) } div .hashes { (listing::table(proofs, &Look::default(), language)) } } }
    }
}

/// Of each period whether it is closed.
fn table(periods: &[Period], closings: &Listing, language: Language) -> Markup {
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let last = |period: &Period| {
        let word = period.to_string();
        Row::all(closings).filter(|row| row.cell("period") == word).last()
    };
    html! {
        div .scroll tabindex="0" { table {
            thead { tr {
                th scope="col" { (l("Kỳ", "Period")) } th scope="col" { (l("Tình trạng", "State")) } th .num scope="col" { (l("Lần", "Revision")) }
                th scope="col" { (l("Chốt lúc", "Closed at")) } th scope="col" { (l("Người chốt", "By")) }
                th .num scope="col" { (l("Đến sau khi chốt", "Came after")) } th scope="col" {}
            } }
            tbody { @for period in periods {
                @let closing = last(period);
                @let cell = |name: &str| closing.as_ref().map_or("", |row| row.cell(name));
                @let is_closed = closing.is_some() && cell("reopened_at").is_empty();
                tr {
                    td .fit { a href={ "/periods/" (period) } { (capital(&period.in_words(language))) } }
                    td .fit {
                        @if is_closed { span .state.met { (l("đã chốt", "closed")) } }
                        @else if closing.is_some() { span .state.awaiting_review { (l("đã mở lại", "reopened")) } }
                        @else { span .state { (l("đang mở", "open")) } }
                    }
                    td .num { (cell("revision")) }
                    td .fit { (for_people(Form::Time, cell("closed_at"), language)) }
                    td { (cell("closed_by")) }
                    td .num { @if is_closed {
                        @match cell("late") { "" => "", "0" => (l("không có gì", "nothing")), many => a href={ "/periods/" (period) "#late" } { (for_people(Form::Number, many, language)) } }
                    } }
                    td .fit { a href={ "/periods/" (period) } { @if is_closed { (l("xem", "look")) } @else { (l("xem, chốt", "look, close")) } } }
                }
            } }
        } }
    }
}
