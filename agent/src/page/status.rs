//! How this computer and the province stand, in words that say what to do; and sending now.

use super::{
    conflict,
    fault::{Fault, sentence},
    piece,
    visit::{Clerk, Drawn, Room},
};
use crate::{
    bell::Progress,
    status::{Refused, Returned, Status, Stuck},
    uplink::{credential, exchange::Tally},
};
use axum::{
    Form,
    response::{IntoResponse, Response},
};
use chrono::DateTime;
use pages::{
    frame,
    maud::{Markup, html},
    part::{self, Notice, Tone},
};
use serde::Deserialize;
use shared::{language::Language, listing::number_for_people, observation::ObservationKey};

/// Most rows of a list.
const MOST_LISTED: usize = 200;

/// `/status`
pub async fn page(clerk: Clerk) -> Result<Response, Fault> {
    clerk.draw("/status", draw).await
}

fn draw(room: &mut Room<'_>) -> Result<Drawn, Fault> {
    let (language, desk) = (room.language(), room.clerk.desk.clone());
    let until = credential::validity(&desk.folder).ok().map(|validity| validity.not_after);
    let status = Status::of(room.view(), &desk.config, until, room.now, language)?;
    let drafts = room.view().draft_count()?;
    let token = room.clerk.form_token();
    let l = |vi, en| language.pick(vi, en);
    let conflicts = room.view().open_conflicts()?;
    let title = l("Tình trạng", "Status");
    let body = html! {
        (frame::title(title, l("Số liệu đã nhập ở đâu rồi, và có gì cần làm.", "Where the figures are, and what there is to do."), &html! {
            form method="post" action="/sync" { (part::form_token(&token)) button .main data-hotkey="g" { (l("Gửi ngay", "Send now")) " " kbd { "g" } } }
        }))
        div #progress { (underway(desk.bell.progress(), language)) }
        @if desk.bell.progress() != Progress::Quiet { noscript { a href="/status" { (l("Tải lại để xem đã gửi đến đâu", "Reload to see how far it is")) } } }
        (headline(&status, conflicts.len(), language))
        div .tiles {
            (part::tile(l("Chờ gửi về tỉnh", "Waiting to be sent"), &html! { (count(status.pending, language)) }, &html! {
                @if drafts > 0 { a href="/?show=drafts" { (language.pick(format!("thêm {drafts} bản nháp chưa gửi"), format!("and {drafts} drafts not sent"))) } }
                @else { (l("thay đổi", "changes")) }
            }))
            (part::tile(l("Tỉnh đã nhận", "Received by the province"), &html! { (count(status.acknowledged, language)) }, &html! { (l("thay đổi, có biên nhận", "changes, with receipts")) }))
            (part::tile(l("Bị trả lại", "Returned"), &alarm(status.returned.len() as u64, language), &html! { (l("cần sửa và gửi lại", "to be corrected")) }))
            (part::tile(l("Tỉnh không nhận", "Refused"), &alarm(status.refused.len() as u64, language), &html! { (l("cần nhập lại", "to be entered anew")) }))
            (part::tile(l("Minh chứng chờ gửi", "Evidence to be sent"), &html! { (count(status.evidence_pending_files, language)) }, &html! {
                (language.pick(format!("tệp, còn {}", piece::size(status.evidence_pending_bytes, language)), format!("files, {} left", piece::size(status.evidence_pending_bytes, language))))
            }))
        }
        (conflict::list(&conflicts, &token, language))
        (returned(&status.returned, language))
        (refused(&status.refused, language))
        (stuck(&status.evidence_stuck, language))
        (connection(&status, language))
    };
    Ok(Drawn::new(title, body))
}

fn count(number: u64, language: Language) -> String {
    number_for_people(&number.to_string(), language)
}

fn alarm(number: u64, language: Language) -> Markup {
    html! { @if number > 0 { span .fall { (count(number, language)) } } @else { "0" } }
}

/// The one sentence that a clerk needs.
fn headline(status: &Status, conflicts: usize, language: Language) -> Markup {
    let todo = status.returned.len() + status.refused.len() + status.evidence_stuck.len() + conflicts;
    let (tone, text) = if todo > 0 {
        (
            Tone::Warning,
            language.pick(
                format!("Có {todo} việc cần làm, xem bên dưới."),
                format!("There are {todo} things to do, see below."),
            ),
        )
    } else if let Some(failed) = &status.last_failure {
        (
            Tone::Note,
            language.pick(
                format!("Lần gửi gần nhất chưa xong: {}. Số liệu vẫn an toàn trên máy này.", failed.reason),
                format!("The last session did not end well: {}. The figures are safe on this computer.", failed.reason),
            ),
        )
    } else if status.pending > 0 || status.evidence_pending_files > 0 {
        (
            Tone::Note,
            language
                .pick(
                    "Số liệu đang chờ gửi, máy sẽ tự gửi. Không cần làm gì.",
                    "What waits will be sent by itself. There is nothing to do.",
                )
                .to_owned(),
        )
    } else if status.last_success.is_none() {
        (
            Tone::Note,
            language
                .pick(
                    "Máy này chưa đồng bộ với tỉnh lần nào. Bấm “Gửi ngay”.",
                    "This computer has never been in touch with the province. Press “Send now”.",
                )
                .to_owned(),
        )
    } else {
        (
            Tone::Done,
            language
                .pick(
                    "Mọi số liệu đã tới tỉnh. Không cần làm gì.",
                    "Everything is at the province. There is nothing to do.",
                )
                .to_owned(),
        )
    };
    part::notice(&Notice::new(tone, text))
}

fn key(indicator: &str, unit: &str, period: &str) -> Option<ObservationKey> {
    Some(ObservationKey { indicator: indicator.into(), unit: unit.into(), period: period.parse().ok()? })
}

/// A figure with the way to where it is entered.
fn figure(indicator: &str, unit: &str, period: &str, language: Language) -> Markup {
    let label = piece::label(indicator, unit, language);
    html! {
        @match key(indicator, unit, period) {
            Some(key) => {
                a href=(piece::entry_href(&key)) { (label) }
                div .small.muted { (piece::period(key.period, language)) }
            }
            None => (label),
        }
    }
}

fn returned(all: &[Returned], language: Language) -> Markup {
    let l = |vi, en| language.pick(vi, en);
    html! {
        @if !all.is_empty() {
            section .card.flush {
                h2 { (l("Bị trả lại khi thẩm định", "Returned by the reviewer")) small { (l("Bấm vào mã để sửa số liệu hoặc gắn minh chứng rồi gửi lại", "Open it to correct it or add evidence, then send it again")) } }
                div .scroll tabindex="0" { table {
                    thead { tr { th { (l("Số liệu", "Figure")) } th { (l("Lý do", "Reason")) } th { (l("Người thẩm định", "Reviewer")) } th { (l("Lúc", "At")) } } }
                    tbody { @for one in all.iter().take(MOST_LISTED) { tr {
                        td .fit { (figure(&one.indicator, &one.unit, &one.period, language)) }
                        td .words { (one.reason) }
                        td { (one.reviewer) }
                        td .fit { (at(&one.decided_at)) }
                    } } }
                } }
            }
        }
    }
}

fn refused(all: &[Refused], language: Language) -> Markup {
    let l = |vi, en| language.pick(vi, en);
    html! {
        @if !all.is_empty() {
            section .card.flush {
                h2 { (l("Tỉnh không nhận, cần nhập lại", "Refused, to be entered anew")) }
                div .scroll tabindex="0" { table {
                    thead { tr { th { (l("Số liệu", "Figure")) } th { (l("Tệp", "File")) } th { (l("Vì sao và cần làm gì", "Why, and what to do")) } th { (l("Người nhập", "By")) } } }
                    tbody { @for one in all.iter().take(MOST_LISTED) { tr {
                        td .fit { (figure(&one.indicator, &one.unit, &one.period, language)) }
                        td .clip { (one.file) }
                        td .words { (sentence(&one.reason)) }
                        td { (one.entered_by) }
                    } } }
                } }
            }
        }
    }
}

fn stuck(all: &[Stuck], language: Language) -> Markup {
    let l = |vi, en| language.pick(vi, en);
    html! {
        @if !all.is_empty() {
            section .card.flush {
                h2 { (l("Minh chứng chưa tới được tỉnh", "Evidence that does not get to the province")) }
                div .scroll tabindex="0" { table {
                    thead { tr { th { (l("Số liệu", "Figure")) } th { (l("Tệp", "File")) } th { (l("Vì sao và cần làm gì", "Why, and what to do")) } } }
                    tbody { @for one in all.iter().take(MOST_LISTED) { tr {
                        td .fit { (figure(&one.indicator, &one.unit, &one.period, language)) }
                        td .clip { (one.file) }
                        td .words { (sentence(&one.reason)) }
                    } } }
                } }
            }
        }
    }
}

fn at(rfc3339: &str) -> Markup {
    html! {
        @match DateTime::parse_from_rfc3339(rfc3339) {
            Ok(at) => (piece::instant(at.to_utc())),
            Err(_) => (rfc3339),
        }
    }
}

fn connection(status: &Status, language: Language) -> Markup {
    let l = |vi, en| language.pick(vi, en);
    let never = || html! { (l("chưa có", "never")) };
    let cause = match status.next_run_cause {
        "first" => l("lần đầu", "the first"),
        "edit" => l("có số liệu mới", "new figures"),
        "evidence" => l("gửi tiếp minh chứng", "evidence to be sent"),
        "catch_up" => l("gửi bù", "catching up"),
        _ => l("khung giờ đêm", "nightly"),
    };
    let digests = match status.digests {
        "equal" => l("Hai bên khớp nhau", "Both ends hold the same"),
        "different" => {
            l("Chưa khớp; máy tự đối chiếu lại ở lần sau", "Not the same yet; compared again in the next session")
        }
        _ => l("Chưa đối chiếu", "Not compared yet"),
    };
    html! {
        section .card {
            h2 { (l("Kết nối với tỉnh", "The line to the province")) }
            dl .facts {
                dt { (l("Lần gửi thành công gần nhất", "Last good session")) } dd { (status.last_success.as_deref().map_or_else(never, at)) }
                @if let Some(failed) = &status.last_failure {
                    dt { (l("Lần gần nhất không thành", "Last session that failed")) } dd { (at(&failed.at)) " – " (failed.reason) }
                }
                dt { (l("Lần gửi tới", "Next session")) } dd { (at(&status.next_run)) " (" (cause) ")" }
                dt { (l("Đối chiếu với tỉnh", "Compared with the province")) }
                dd { (digests) @if let Some(compared) = &status.digests_compared_at { " – " (at(compared)) }
                    @if status.digests_healed > 0 { "; " (language.pick(format!("đã tự sửa {} bản ghi", status.digests_healed), format!("{} records were healed", status.digests_healed))) } }
                dt { (l("Biên nhận của tỉnh", "Receipts of the province")) } dd { a href="/receipts" { (count(status.receipts, language)) " " (l("biên nhận", "receipts")) } }
                dt { (l("Minh chứng", "Evidence")) } dd { (count(status.evidence_files, language)) " " (l("tệp", "files")) ", " (piece::size(status.evidence_bytes, language)) }
                dt { (l("Danh mục chỉ tiêu", "Catalogue")) } dd { @match status.catalogue_version { 0 => (l("chưa nhận", "not received yet")), version => (language.pick(format!("phiên bản {version}"), format!("version {version}"))) } }
                dt { (l("Máy chủ của tỉnh", "The province's server")) } dd { (status.server) }
                @if let Some(until) = &status.certificate_until { dt { (l("Chứng thư của máy đến", "Certificate until")) } dd { (at(until)) } }
                @if let Some(made) = &status.bundle_unanswered_since { dt { (l("Gói gửi bằng tệp", "Bundle")) } dd { (l("tạo lúc ", "made at ")) (at(made)) (l(", chưa có trả lời", ", not answered yet")) } }
                @if status.clock_wrong { dt { (l("Đồng hồ máy này", "This computer's clock")) } dd .fall { (l("lệch so với tỉnh, hãy chỉnh lại ngày giờ", "is off, set it right")) } }
            }
        }
    }
}

/// How far a session is; asks for itself anew while one goes on.
fn underway(progress: Progress, language: Language) -> Markup {
    let l = |vi, en| language.pick(vi, en);
    html! {
        @match progress {
            Progress::Quiet => {},
            Progress::Asked => {
                div .notice.note role="status" hx-get="/status/progress" hx-trigger="every 1s" hx-target="#progress" {
                    (l("Sắp gửi… (có thể đang chờ một lần gửi khác xong)", "About to send… (another session may have to end first)"))
                }
            }
            Progress::Underway { tally, waiting } => {
                div .notice.note role="status" hx-get="/status/progress" hx-trigger="every 1s" hx-target="#progress" {
                    (moved(&tally, waiting, language)) " "
                    progress max=(waiting.max(1)) value=(if waiting == 0 { 1 } else { tally.acknowledged.min(waiting) }) {}

                }
            }
        }
    }
}

fn moved(tally: &Tally, waiting: u64, language: Language) -> String {
    let mut text = match waiting {
        0 => language.pick("Đang đồng bộ: không có số liệu chờ gửi", "In session: no figures to send").to_owned(),
        _ => language.pick(
            format!("Đang gửi: tỉnh đã xác nhận {}/{waiting} thay đổi", tally.acknowledged.min(waiting)),
            format!("Sending: {} of {waiting} changes confirmed", tally.acknowledged.min(waiting)),
        ),
    };
    if tally.evidence_bytes > 0 {
        let sent = piece::size(tally.evidence_bytes, language);
        text += &language.pick(format!(", đã gửi {sent} minh chứng"), format!(", {sent} of evidence sent"));
    }
    if tally.received > 0 {
        text += language.pick(", đã nhận quyết định của tỉnh", ", the province's decisions received");
    }
    text
}

/// `/status/progress`: once it is over, the whole page is asked for anew.
pub async fn progress(clerk: Clerk) -> Response {
    let progress = clerk.desk.bell.progress();
    let part = underway(progress, clerk.language);
    match progress {
        Progress::Quiet => ([("hx-refresh", "true")], part).into_response(),
        _ => part.into_response(),
    }
}

/// A form that only asks.
#[derive(Debug, Deserialize)]
pub struct Plain {
    form_token: String,
}

/// Asks the service for a session now.
pub async fn sync(clerk: Clerk, Form(form): Form<Plain>) -> Result<Response, Fault> {
    clerk.check(&form.form_token)?;
    clerk.desk.bell.ring();
    Ok(clerk.to("/status", None))
}
