//! This month: what is due and when, and all figures of the plan in one form.

use super::{
    fault::{Fault, sentence},
    piece, row,
    sheet::{Line, Sheet},
    visit::{Clerk, Drawn, Room},
};
use crate::{store::View, words};
use axum::{extract::Query, http::Uri, response::Response};
use pages::{
    frame,
    maud::{Markup, html},
    part,
};
use serde::Deserialize;
use shared::{
    catalogue::Kind, language::Language, observation::ObservationKey, period::Period, plausibility::Doubt, units,
};

/// Which figures are shown.
#[derive(Debug, Clone, Deserialize, Default)]
pub struct Asked {
    #[serde(default)]
    pub(super) period: String,
    #[serde(default)]
    pub(super) group: String,
    #[serde(default)]
    pub(super) show: String,
}

impl Asked {
    /// The period asked for; none where it cannot be read.
    pub fn period(&self) -> Option<Period> {
        self.period.parse().ok()
    }

    /// The address of the same choice.
    pub fn href(&self, period: Period) -> String {
        let shown = |name: &str, value: &str| match value {
            "" => String::new(),
            value => format!("&{name}={}", piece::encoded(value)),
        };
        format!("/?period={period}{}{}", shown("group", &self.group), shown("show", &self.show))
    }

    fn shows(&self, line: &Line) -> bool {
        let of_group = self.group.is_empty() || line.indicator.group == self.group;
        of_group
            && match self.show.as_str() {
                "missing" => line.is_missing,
                "returned" => line.is_returned(),
                "drafts" => line.draft.is_some(),
                "all" => true,
                _ => line.is_due || line.figure.is_some() || line.draft.is_some(),
            }
    }
}

/// `/`
pub async fn page(clerk: Clerk, Query(asked): Query<Asked>, uri: Uri) -> Result<Response, Fault> {
    let here = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    clerk.draw(&here, move |room| draw(room, &asked, &Attempt::None)).await
}

/// What came of an attempt to send.
pub enum Attempt {
    /// There was none, or it succeeded.
    None,
    /// Something is wrong with what was typed.
    Faulty,
    /// The page showed something else than these drafts say by now.
    Overtaken(Vec<ObservationKey>),
}

/// The page, with what came of an attempt to send.
pub fn draw(room: &mut Room<'_>, asked: &Asked, attempt: &Attempt) -> Result<Drawn, Fault> {
    let language = room.language();
    let sheet = Sheet::read(room.view(), room.now, asked.period(), language)?;
    let period = sheet.month.period;
    let token = room.clerk.form_token();
    let lines: Vec<&Line> = sheet.lines.iter().filter(|line| asked.shows(line)).collect();
    let title = room.pick(
        format!("Báo cáo {}", piece::period(period, language)),
        format!("Report for {}", piece::period(period, language)),
    );
    let body = html! {
        (frame::title(&title, &about(&sheet, language), &html! {
            a .button href={ "/excel?period=" (period) } { "Excel" }
        }))
        (tiles(&sheet, room.view(), language)?)
        @if sheet.is_closed { div .notice.warning { (words::closed(period, language).trim()) } }
        @match attempt {
            Attempt::None => {},
            Attempt::Faulty => (faults(&sheet, language)),
            Attempt::Overtaken(keys) => (overtaken(keys, language)),
        }
        (of_all(&sheet, language))
        (filters(&sheet, asked, language))
        div hidden {
            form #(row::FORM) autocomplete="off" method="post" action=(asked.href(period)) { (part::form_token(&token)) }
            @for line in &lines { (row::files_form_of(&line.key, &token)) }
        }
        @if sheet.lines.is_empty() {
            div .card { (part::empty(
                room.pick("Kế hoạch của xã chưa có chỉ tiêu nào", "The commune's plan has no indicator yet"),
                room.pick("Danh mục do tỉnh gửi xuống khi đồng bộ.", "The province sends the catalogue with each session."),
            )) }
        } @else if lines.is_empty() {
            div .card { (part::empty(
                room.pick("Không có chỉ tiêu nào theo lựa chọn này", "No indicator fits this choice"),
                room.pick("Chọn “Tất cả” để xem mọi chỉ tiêu trong kế hoạch.", "Choose “All” to see the whole plan."),
            )) }
        } @else {
            div .card.flush { (table(&sheet, &lines, room, &token)) }
        }
        (send_bar(&sheet, room.language()))
    };
    Ok(Drawn::new(title, body))
}

fn about(sheet: &Sheet, language: Language) -> String {
    let month = &sheet.month;
    let Some(commune) = month.ledger.commune else { return String::new() };
    let cutoff = month.ledger.book.cutoff(commune, month.period);
    let days = month.catalogue.commune.calendar(&month.catalogue.province).days;
    let unit_day = units::cutoff(days.units_cutoff, month.period);
    let report = month.period.day_in_last_month(u32::from(days.report));
    language.pick(
        format!(
            "Đơn vị gửi về xã hết ngày {}; xã gửi tỉnh hết ngày {}; báo cáo của tỉnh ngày {}.",
            piece::day(unit_day),
            piece::day(cutoff),
            piece::day(report)
        ),
        format!(
            "Units to the commune by {}; commune to the province by {}; the province's report on {}.",
            piece::day(unit_day),
            piece::day(cutoff),
            piece::day(report)
        ),
    )
}

fn tiles(sheet: &Sheet, view: View<'_>, language: Language) -> Result<Markup, Fault> {
    let l = |vi, en| language.pick(vi, en);
    let month = &sheet.month;
    let cutoff = month.ledger.commune.map(|commune| month.ledger.book.cutoff(commune, month.period));
    let exception = view.exceptions()?.into_iter().find(|exception| exception.period == month.period);
    let returned = sheet.lines.iter().filter(|line| line.is_returned()).count();
    let silent = month.silent_tasks();
    Ok(html! {
        div .tiles {
            @if let Some(cutoff) = cutoff {
                (part::tile(l("Hạn gửi tỉnh", "Due at the province"), &html! { (piece::away(cutoff, month.today, language)) }, &html! {
                    (l("hết ngày ", "by ")) (piece::day(cutoff))
                    @if let Some(exception) = &exception { " · " (l("gia hạn: ", "extended: ")) (exception.reason) }
                }))
            }
            (part::tile(l("Đã báo cáo", "Reported"), &html! { (sheet.expected - sheet.missing) "/" (sheet.expected) }, &html! {
                progress max=(sheet.expected.max(1)) value=(sheet.expected - sheet.missing) aria-label=(l("đã báo cáo", "reported")) {}
            }))
            (part::tile(l("Còn thiếu", "Missing"), &html! { (sheet.missing) }, &html! { (l("chỉ tiêu phải báo cáo kỳ này", "indicators expected this month")) }))
            (part::tile(l("Bị trả lại", "Returned"), &html! { @if returned > 0 { span .fall { (returned) } } @else { "0" } }, &html! { (l("cần sửa và gửi lại", "to be corrected and sent again")) }))
            (part::tile(l("Nhiệm vụ chưa báo cáo", "Tasks not reported"), &html! { (silent) }, &html! { a href={ "/tasks?period=" (month.period) } { (l("xem nhiệm vụ", "see tasks")) } }))
        }
    })
}

/// What is said of all figures of the month together.
fn of_all(sheet: &Sheet, language: Language) -> Markup {
    let doubts = sheet.month.ledger.doubts(sheet.month.period);
    let of_all: Vec<&Doubt> =
        doubts.iter().filter(|doubted| doubted.code.is_empty()).map(|doubted| &doubted.doubt).collect();
    html! {
        @for doubt in of_all { div .notice.warning { (language.pick("Xin xem lại: ", "Please look again: ")) (doubt.explain(language)) "." } }
    }
}

fn filters(sheet: &Sheet, asked: &Asked, language: Language) -> Markup {
    let l = |vi, en| language.pick(vi, en);
    let count = |show: &str| {
        let one = Asked { show: show.to_owned(), ..asked.clone() };
        sheet.lines.iter().filter(|line| one.shows(line)).count()
    };
    let mut groups = vec![(String::new(), l("Mọi nhóm", "All groups").to_owned())];
    for line in &sheet.lines {
        if groups.iter().all(|(group, _)| *group != line.indicator.group) {
            groups.push((line.indicator.group.clone(), line.indicator.group_name.clone()));
        }
    }
    let shows = [
        ("", l("Kỳ này", "This month")),
        ("missing", l("Chưa báo cáo", "Not reported")),
        ("returned", l("Bị trả lại", "Returned")),
        ("drafts", l("Bản nháp", "Drafts")),
        ("all", l("Tất cả", "All")),
    ];
    html! {
        div .filters {
            form .filters method="get" action="/" {
                (piece::period_choice(sheet.month.period, language))
                @if groups.len() > 2 { (part::choice("group", l("Nhóm chỉ tiêu", "Group"), &groups, &asked.group)) }
                @if !asked.show.is_empty() { input type="hidden" name="show" value=(asked.show); }
                (piece::look_button(language))
            }
            nav .tabs aria-label=(l("Lọc", "Filter")) {
                @for (show, words) in shows {
                    @let one = Asked { show: show.to_owned(), ..asked.clone() };
                    a href=(one.href(sheet.month.period)) aria-current=[(asked.show == show).then_some("page")] { (words) " (" (count(show)) ")" }
                }
            }
        }
    }
}

fn table(sheet: &Sheet, lines: &[&Line], room: &Room<'_>, token: &str) -> Markup {
    let language = room.language();
    let l = |vi, en| language.pick(vi, en);
    html! {
        table .sheet data-enter-next {
            caption .unseen { (l("Số liệu của kỳ", "Figures of the month")) }
            thead { tr {
                th scope="col" { (l("Chỉ tiêu, mục tiêu trong kế hoạch", "Indicator, target in the plan")) }
                th scope="col" .num { (l("Kỳ trước", "Before")) }
                th scope="col" { (l("Số liệu kỳ này", "This month's figure")) }
                th scope="col" { (l("Kết quả, tình trạng", "Result, state")) }
                th scope="col" { (l("Ghi chú, minh chứng", "Note, evidence")) }
            } }
            @for (at, line) in lines.iter().enumerate() {
                @if at == 0 || lines[at - 1].indicator.group != line.indicator.group {
                    tbody { tr .group-row { th colspan="5" scope="colgroup" { (line.indicator.group_name) } } }
                }
                tbody { (row_of(sheet, line, room, token)) }
            }
        }
    }
}

/// One row. What is typed in it is kept as one types.
fn row_of(sheet: &Sheet, line: &Line, room: &Room<'_>, token: &str) -> Markup {
    let language = room.language();
    let (key, indicator) = (&line.key, &line.indicator);
    let name = language.pick(&indicator.name, &indicator.name_en);
    let fields = row::fields(line.draft.as_ref(), line.figure.as_ref());
    let before = line.before.as_ref().map(|figure| row::fields(None, Some(figure)));
    let anchor = piece::anchor(&indicator.code, "");
    html! {
        tr #(anchor) .marked[line.is_returned()] data-drop data-keeps hx-post="/draft" hx-trigger="input delay:500ms, change delay:50ms" hx-include="this" hx-vals=(row::values(token))
            hx-target={ "#outcome-" (anchor) } hx-sync="this:queue last" {
            td {
                div { a .code href=(piece::history_href(&indicator.code)) { (indicator.code) } " " (name) }
                @for target in &line.targets {
                    div .small.muted { (language.pick("Mục tiêu ", "Target ")) strong { (target.printed) }
                        @if !target.plan_ref.is_empty() { " · " (target.plan_ref) }
                        @if !target.lead_unit.is_empty() { " · " (target.lead_unit) }
                        @if !target.deadline_text.is_empty() { " · " (language.pick("hạn ", "by ")) (target.deadline_text) }
                    }
                }
            }
            td .num {
                @if let Some(figure) = &line.before {
                    (words::value(figure.observation.value, language))
                    div .small.muted { (piece::period(figure.observation.key.period, language)) }
                } @else { span .muted { "–" } }
            }
            td .entry {
                (row::drawn(key, &fields))
                (row::inputs(key, line.kind, &fields, before.as_ref(), &indicator.code, language))
                @if line.kind == Kind::Ratio { (row::percentage(key, &fields, &indicator.code, language)) }
                @if key.period != sheet.month.period { div .small.muted { (language.pick("cho ", "for ")) (piece::period(key.period, language)) } }
                @if !sheet.month.catalogue.units.is_empty() {
                    a .small href={ "/units?code=" (piece::encoded(&indicator.code)) "&period=" (sheet.month.period) } { (language.pick("theo đơn vị", "by units")) }
                }
            }
            td { div .outcome #{ "outcome-" (anchor) } aria-live="polite" { (row::outcome(sheet, line, language)) } }
            td {
                (row::note(key, &fields, &indicator.code, language))
                div .evidence #{ "evidence-" (anchor) } { (evidence(line, room, token)) }
                (row::attach_button(key, language))
            }
        }
    }
}

/// The evidence of a row.
pub fn evidence(line: &Line, room: &Room<'_>, token: &str) -> Markup {
    let waiting = line.draft.as_ref().map(|draft| draft.evidence.as_slice()).unwrap_or_default();
    // The files of the old version do not go with a new one.
    let bound = if line.draft.is_some() { &[][..] } else { &line.files };
    let language = room.language();
    html! {
        (row::files(&line.key, bound, waiting, room, token))
        @if line.draft.is_some() && !line.files.is_empty() {
            p .small.muted { (language.pick(
                format!("Bản mới cần gắn lại minh chứng còn dùng ({} tệp của bản cũ không đi theo).", line.files.len()),
                format!("Attach again what is still good: the {} files of the old version stay with it.", line.files.len()),
            )) }
        }
        (row::drop(&line.key, &line.indicator.code, language))
    }
}

/// What is typed and not sent, with the button that sends it; its content is changed in place when something is typed.
pub fn send_bar(sheet: &Sheet, language: Language) -> Markup {
    html! {
        div .send-bar role="region" aria-label=(language.pick("Gửi", "Send")) {
            div #sending { (sending(sheet, language)) }
            // Not within what is changed in place: there a browser with scripts would show it.
            noscript { button form=(row::FORM) formaction="/drafts" { (language.pick("Lưu nháp", "Keep drafts")) } }
            // Only its words are changed, so that it keeps the focus.
            button .main form=(row::FORM) data-last { span #send-label { (send_label(sheet, language)) } }
        }
    }
}

fn send_label(sheet: &Sheet, language: Language) -> String {
    match sheet.drafts.len() {
        0 => language.pick("Gửi", "Send").to_owned(),
        all => language.pick(format!("Gửi {all} số liệu"), format!("Send {all} figures")),
    }
}

/// The bar as it is changed in place.
pub fn send_bar_in_place(sheet: &Sheet, language: Language) -> Markup {
    html! {
        div hx-swap-oob="innerHTML:#sending" { (sending(sheet, language)) }
        div hx-swap-oob="innerHTML:#send-label" { (send_label(sheet, language)) }
    }
}

/// The content of the bar.
fn sending(sheet: &Sheet, language: Language) -> Markup {
    let (all, sound) = (sheet.drafts.len(), sheet.sound());
    let l = |vi, en| language.pick(vi, en);
    html! {
            div {
                @if all == 0 {
                    (l("Chưa có bản nháp nào. Số liệu được lưu ngay khi gõ, gửi khi bấm nút.", "No drafts. What is typed is kept at once, and sent when you press the button."))
                } @else {
                    strong { (language.pick(format!("{all} bản nháp chưa gửi"), format!("{all} drafts not sent"))) }
                    @if sound < all { " · " span .fall { (language.pick(format!("{} cần sửa hoặc ghi chú", all - sound), format!("{} to be corrected or explained", all - sound))) } }
                }
                " · " (language.pick(format!("còn thiếu {}/{}", sheet.missing, sheet.expected), format!("{} of {} missing", sheet.missing, sheet.expected)))
            }
            div .actions {
                @if sound > 0 && sound < all {
                    button form=(row::FORM) name="which" value="sound" { (language.pick(format!("Chỉ gửi {sound} số liệu không có lỗi"), format!("Send only the {sound} without faults"))) }
                }
            }
    }
}

/// The way to the row of a figure, with its name.
fn way_to(key: &ObservationKey, language: Language) -> Markup {
    let href = match key.unit.is_empty() {
        true => format!("#{}", piece::anchor(&key.indicator, "")),
        false => piece::entry_href(key),
    };
    html! { a href=(href) { (piece::label(&key.indicator, &key.unit, language)) } }
}

/// Which drafts were typed elsewhere while the page was open.
fn overtaken(keys: &[ObservationKey], language: Language) -> Markup {
    html! {
        div .notice.warning role="alert" {
            strong { (language.pick(
                format!("Chưa gửi gì: {} số liệu vừa được sửa ở cửa sổ hoặc máy khác. Hãy xem lại số mới bên dưới rồi bấm Gửi.", keys.len()),
                format!("Nothing was sent: {} figures were changed in another window or computer. Look at them below, then send.", keys.len()),
            )) }
            ul { @for key in keys { li { (way_to(key, language)) } } }
        }
    }
}

/// Why nothing was sent, row by row.
fn faults(sheet: &Sheet, language: Language) -> Markup {
    let told = &sheet.faults;
    html! {
        @if !told.is_empty() {
            div .notice.fault role="alert" {
                strong { (language.pick(
                    format!("Chưa gửi gì: {} số liệu cần sửa hoặc ghi chú. Tất cả vẫn được giữ dạng bản nháp.", told.len()),
                    format!("Nothing was sent: {} figures have to be corrected or explained. All are kept as drafts.", told.len()),
                )) }
                ul { @for (key, fault) in told { li { (way_to(key, language)) ": " (sentence(&fault.explain(language))) } } }
            }
        }
    }
}
