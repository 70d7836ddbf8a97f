//! The commune's place: the province's word as it came, what it is made of, and what would help most by the commune's own figures.

use super::{
    fault::Fault,
    piece, row,
    visit::{Clerk, Drawn, Room},
};
use crate::{ledger::Ledger, month::Month};
use axum::{extract::Query, http::Uri, response::Response};
use pages::{
    frame,
    maud::{Markup, html},
    part,
};
use serde::Deserialize;
use shared::{
    catalogue::Goal,
    feed::Standing,
    fraction::{Fraction, decimals},
    language::Language,
    listing::{Form, for_people, number_for_people},
    observation::Decision,
    period::Period,
    ranking::{
        Scheme, Scope,
        board::Board,
        explain::{ExplainRow, explain},
        what_if::{Supposed, Supposition, numerator_for, suppositions},
    },
    vietnamese::trimmed,
};
use std::cmp::Reverse;

/// How many changes are named that would help.
const MOST_HELPFUL: usize = 8;

/// Which standing.
#[derive(Debug, Clone, Deserialize, Default)]
pub struct Asked {
    #[serde(default)]
    period: String,
    #[serde(default)]
    scheme: String,
}

/// `/standing`
pub async fn page(clerk: Clerk, Query(asked): Query<Asked>, uri: Uri) -> Result<Response, Fault> {
    let here = uri.path_and_query().map_or("/standing", |path| path.as_str()).to_owned();
    clerk.draw(&here, move |room| draw(room, &asked)).await
}

/// A scheme's name.
pub fn scheme_name(scheme: Scheme, language: Language) -> &'static str {
    match scheme {
        Scheme::Own => language.pick("Theo kế hoạch của xã", "By the commune's own plan"),
        Scheme::Common => language.pick("Theo chỉ tiêu chung", "By common indicators"),
        Scheme::Standard => language.pick("Theo chuẩn của tỉnh", "By the provincial standard"),
    }
}

fn draw(room: &mut Room<'_>, asked: &Asked) -> Result<Drawn, Fault> {
    let language = room.language();
    let l = |vi, en| language.pick(vi, en);
    let scheme = Scheme::from_word(&asked.scheme).unwrap_or_default();
    let wanted: Option<Period> = asked.period.parse().ok();
    let standing = room.view().standing(scheme.as_str(), wanted)?;
    let of = wanted.or(standing.as_ref().map(|standing| standing.period));
    let month = Month::at_hand(room.view(), room.now, of)?;
    let schemes: Vec<(String, String)> =
        Scheme::ALL.map(|one| (one.as_str().to_owned(), scheme_name(one, language).to_owned())).into();
    let title = l("Xếp hạng của xã", "Standing");
    let body = html! {
        (frame::title(title, l("Thứ hạng là của tỉnh, theo lần đồng bộ gần nhất. Máy này chỉ tính lại điểm của xã từ số liệu đã nhập.", "The rank is the province's, as of the last session. This computer only computes the commune's own points again."), &html! {}))
        form .filters method="get" action="/standing" {
            (piece::period_choice(month.period, language))
            (part::choice("scheme", l("Cách xếp", "Scheme"), &schemes, scheme.as_str()))
            (piece::look_button(language))
        }
        @match &standing {
            Some(standing) => (told(standing, language)),
            None => div .card { (part::empty(
                l("Tỉnh chưa gửi xếp hạng của kỳ này", "No standing of this period yet"),
                l("Xếp hạng về cùng lần đồng bộ sau khi tỉnh tính. Bấm “Gửi ngay” ở mục Tình trạng.", "It comes with a session once the province has computed it. Press “Send now” under Status."),
            )) },
        }
        (own(&month, scheme, standing.as_ref(), language))
    };
    Ok(Drawn::new(title, body))
}

/// The province's word.
fn told(standing: &Standing, language: Language) -> Markup {
    let l = |vi, en| language.pick(vi, en);
    html! {
        div .tiles {
            (part::tile(l("Hạng", "Rank"), &html! {
                @match standing.rank { Some(rank) => { (rank) span .small.muted { "/" (standing.ranked_communes) } }, None => (l("chưa xếp", "not ranked")) }
            }, &html! { (part::movement(standing.movement.parse().ok(), language)) " " (l("so với kỳ trước", "since the period before")) }))
            (part::tile(l("Điểm", "Points"), &html! { (number_for_people(&standing.score, language)) }, &html! { (l("trên 100", "of 100")) }))
            (part::tile(l("Mục tiêu đạt", "Targets met"), &html! { (standing.met) "/" (standing.scored) }, &html! {
                @if standing.provisional > 0 { (language.pick(format!("{} tạm tính, chờ thẩm định", standing.provisional), format!("{} provisional", standing.provisional))) }
            }))
            (part::tile(l("Đúng hạn", "On time"), &html! { (for_people(Form::Share, &standing.on_time, language)) }, &html! { (l("số chỉ tiêu phải báo cáo", "of what was expected")) }))
            (part::tile(l("Tỉnh tính lúc", "Computed at"), &html! { span .middling { (piece::instant(standing.computed_at)) } }, &html! { (piece::period(standing.period, language)) }))
        }
    }
}

/// What the commune's own figures come to.
fn own(month: &Month, scheme: Scheme, standing: Option<&Standing>, language: Language) -> Markup {
    let l = |vi, en| language.pick(vi, en);
    let Ledger { book, commune: Some(commune), .. } = &month.ledger else {
        return html! { div .card { (part::empty(l("Kế hoạch của xã chưa có mục tiêu nào", "The commune's plan has no target yet"), "")) } };
    };
    let board = Board::new(book, scheme, month.period, &Scope::default());
    let rows = explain(book, &board, *commune, month.today);
    let line = board.line(*commune);
    let score = line.score.map(|score| decimals(score.into(), 2));
    let differs = standing.zip(score.as_ref()).is_some_and(|(standing, score)| standing.score != *score);
    html! {
        @if let (true, Some(score)) = (differs, &score) {
            div .notice.note { (language.pick(
                format!("Tính trên máy này với mọi số liệu đã nhập: {} điểm. Con số của tỉnh thay đổi khi số liệu được gửi, thẩm định.", number_for_people(score, language)),
                format!("By all figures on this computer: {} points. The province's changes as they are sent and reviewed.", number_for_people(score, language)),
            )) @if scheme == Scheme::Common { " " (l("Chỉ tiêu chung do tỉnh xác định từ kế hoạch của mọi xã.", "Which indicators are common is the province's to say.")) } }
        }
        // Which indicators are common to all only the province knows.
        @if scheme != Scheme::Common { (helpful(month, &board, *commune, line.score, language)) }
        @if rows.is_empty() { div .card { (part::empty(l("Không có mục tiêu nào theo cách xếp này", "No target under this scheme"), "")) } }
        @else { (explanation(month, &rows, language)) }
    }
}

fn helpful(month: &Month, board: &Board, commune: u32, score: Option<i64>, language: Language) -> Markup {
    let l = |vi, en| language.pick(vi, en);
    let book = &month.ledger.book;
    let gain = |one: &Supposition| one.line.score.zip(score).map_or(0, |(then, now)| then - now);
    let mut lifts: Vec<Supposition> = suppositions(book, board, commune);
    // Whom a result would overtake only the province knows.
    lifts.retain(|one| !matches!(one.supposed, Supposed::Returned | Supposed::Overtakes) && gain(one) > 0);
    lifts.sort_by_key(|one| Reverse(gain(one)));
    lifts.truncate(MOST_HELPFUL);
    html! {
        @if !lifts.is_empty() {
            section .card.flush {
                h2 { (l("Làm gì thì thêm điểm nhiều nhất", "What would help most")) small { (l("điểm của xã thêm được; hạng do tỉnh tính", "own points gained; the rank is the province's")) } }
                div .scroll tabindex="0" { table {
                    thead { tr { th { (l("Chỉ tiêu", "Indicator")) } th .num { (l("Hiện có", "Now")) } th .num { (l("Cần", "Needed")) } th { (l("Việc cần làm", "What to do")) } th .num { (l("Thêm điểm", "Points")) } } }
                    tbody { @for one in &lifts {
                        @let indicator = &book.indicators()[one.indicator as usize];
                        tr {
                            td .words { a .code href={ "/?period=" (piece::month_of(month.period)) "&show=all#" (piece::anchor(&indicator.code, "")) } { (indicator.code) } " " (name(month, &indicator.code, language)) }
                            td .num { (one.present.map_or_else(|| "–".to_owned(), |measure| row::measure(measure, unit(month, &indicator.code), language))) }
                            td .num { (row::measure(one.measure, unit(month, &indicator.code), language))
                                @if let Some(parts) = needed(one, language) { div .small.muted { (parts) } } }
                            td .person { (todo(one, language)) }
                            td .num { "+" (number_for_people(&decimals(gain(one).into(), 2), language)) }
                        }
                    } }
                } }
            }
        }
    }
}

/// How many of how many are needed, where the present result is of so many.
fn needed(one: &Supposition, language: Language) -> Option<String> {
    let (Goal::AtLeast { floor: percent, .. } | Goal::Range { low: percent, .. }) = one.goal else { return None };
    let denominator = one.denominator.filter(|_| one.supposed == Supposed::Reached)?;
    let number = |micros: i128| number_for_people(trimmed(&decimals(micros, 6)), language);
    Some(format!("{}/{}", number(numerator_for(Fraction::from(percent), denominator)?), number(denominator)))
}

fn todo(one: &Supposition, language: Language) -> String {
    use shared::evaluation::State;
    match (one.supposed, one.state) {
        (Supposed::Accepted, State::AwaitingEvidence) => {
            language.pick("gắn minh chứng để được tính", "attach evidence, so that it counts")
        }
        (Supposed::Accepted, State::Returned) => {
            language.pick("bổ sung theo ý kiến thẩm định, gửi lại", "complete it as the reviewer asks, send it again")
        }
        (Supposed::Step, _) => language.pick("đạt bậc kế tiếp, có minh chứng", "reach the next step, with evidence"),
        (Supposed::Accepted, _) => language.pick("được chấp nhận khi thẩm định", "is accepted"),
        (_, State::Missing) => language.pick("báo cáo và đạt mục tiêu", "report it, and reach the target"),
        (_, State::Returned) => language.pick("sửa, gửi lại và đạt mục tiêu", "correct it, and reach the target"),
        _ => language.pick("đạt mục tiêu, có minh chứng", "reach the target, with evidence"),
    }
    .to_owned()
}

fn name<'a>(month: &'a Month, code: &str, language: Language) -> &'a str {
    month.catalogue.indicator(code).map_or("", |one| language.pick(one.name.as_str(), one.name_en.as_str()))
}

fn unit<'a>(month: &'a Month, code: &str) -> &'a str {
    month.catalogue.indicator(code).map_or("", |one| one.unit.as_str())
}

fn explanation(month: &Month, rows: &[ExplainRow], language: Language) -> Markup {
    let l = |vi, en| language.pick(vi, en);
    let number = |text: String| number_for_people(trimmed(&text), language);
    let cut = |text: String| match text.parse::<shared::amount::Amount>() {
        // Shown only: two decimals, cut.
        Ok(amount) => number_for_people(trimmed(&decimals(amount.micros() / 10_000, 2)), language),
        Err(_) => number_for_people(&text, language),
    };
    html! {
        section .card.flush {
            h2 { (l("Vì sao được bấy nhiêu điểm", "Why so many points")) small { (l("tính trên máy này, cùng quy tắc với tỉnh", "computed here, by the province's rules")) } }
            div .scroll.tall tabindex="0" { table {
                thead { tr {
                    th scope="col" { (l("Chỉ tiêu, mục tiêu", "Indicator, target")) }
                    th scope="col" .num { (l("Kết quả", "Result")) }
                    th scope="col" .num { (l("Mức đạt", "Achieved")) }
                    th scope="col" { (l("Trạng thái", "State")) }
                    th scope="col" .num { (l("Điểm", "Points")) }
                    th scope="col" { (l("Minh chứng, thẩm định", "Evidence, verdict")) }
                    th scope="col" { (l("Đèn", "Light")) }
                } }
                tbody { @for row in rows {
                    @let indicator = &month.ledger.book.indicators()[row.indicator as usize];
                    @let target = row.own.and_then(|own| month.catalogue.targets.get(own as usize));
                    tr {
                        td { a .code href=(piece::history_href(&indicator.code)) { (indicator.code) } " " (name(month, &indicator.code, language))
                            div .small.muted {
                                @match target { Some(target) => { (l("Mục tiêu ", "Target ")) strong { (target.printed) } " · " (target.plan_ref) }, None => (crate::words::goal(row.goal, unit(month, &indicator.code), language)) }
                                @if row.sharers > 0 { " · " (indicator.rule.label(language)) }
                            } }
                        td .num {
                            @match &row.effective {
                                Some(effective) => {
                                    (row::measure(effective.measure, unit(month, &indicator.code), language))
                                    @if effective.period != month.period { div .small.muted { (piece::period(effective.period, language)) @if row.stale { " · " (l("đã cũ", "old")) } } }
                                }
                                None => "–",
                            }
                        }
                        td .num { @if row.sharers > 0 { (part::share(&row.achievement_text(), language)) } }
                        td { (part::state(row.state, language)) }
                        td .num { @if row.sharers > 0 { (cut(row.earned_text())) "/" (number(row.points_text())) } }
                        td {
                            @if let Some(effective) = &row.effective {
                                (effective.evidence) " " (l("tệp", "files"))
                                @match effective.verdict { Some(Decision::Accepted) => { " · " (l("đã chấp nhận", "accepted")) }, Some(Decision::Returned) => { " · " span .fall { (l("bị trả lại", "returned")) } }, None => {} }
                            }
                        }
                        td { (part::light(row.light, language)) @if let Some(cause) = row.cause { div .small.muted { (cause.explain(language)) } } }
                    }
                } }
            } }
        }
    }
}
