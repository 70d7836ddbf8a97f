//! What an upload of a catalogue would change, or what is wrong with it.

use super::choice::capital;
use crate::intake::{Effect, IntakeError, Read};
use maud::{Markup, html};
use pages::part::{self, Notice, Tone};
use shared::{
    catalogue::{
        diff::{CatalogueChange, Section},
        read::Fault,
    },
    language::Language,
};

/// Most differences that are listed; the rest is counted.
const MAX_CHANGES: usize = 500;
/// Most orphans that are named.
const MAX_ORPHANS: usize = 20;

/// The faults by file, row and column.
pub(super) fn faults_card(name: &str, faults: &[Fault], language: Language) -> Markup {
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    html! {
        (part::notice(&Notice::new(Tone::Fault, language.pick(
            format!("{name} có {} lỗi; chưa có gì được ghi. Sửa trong tệp rồi tải lên lại.", faults.len()),
            format!("{name} has {} faults; nothing was written. Mend the file and upload it again.", faults.len()),
        ))))
        section .card.flush {
            h2 { (l("Lỗi theo tệp, dòng, cột", "Faults by file, row and column")) }
            div .scroll.tall tabindex="0" { table {
                thead { tr { th scope="col" { (l("Tệp (trang)", "File (sheet)")) } th .num scope="col" { (l("Dòng", "Row")) } th scope="col" { (l("Cột", "Column")) } th scope="col" { (l("Lỗi", "Fault")) } } }
                tbody { @for fault in faults { tr {
                    td .fit { (fault.file) } td .num { @if let Some(row) = fault.row { (row) } }
                    td .fit { @if let Some(column) = &fault.column { (column) } } td { (capital(&fault.problem.text(language))) }
                } } }
            } }
        }
    }
}

fn section_words(section: Section, language: Language) -> &'static str {
    match section {
        Section::Province => language.pick("Cài đặt", "Settings"),
        Section::Indicator => language.pick("Chỉ tiêu", "Indicators"),
        Section::Commune => language.pick("Xã, phường", "Communes"),
        Section::Target => language.pick("Mục tiêu", "Targets"),
        Section::Task => language.pick("Nhiệm vụ", "Tasks"),
        Section::Unit => language.pick("Đơn vị", "Units"),
    }
}

/// The difference to the catalogue in force, to be imported or given up.
pub(super) fn pending(
    name: &str,
    borrowed: &[&str],
    read: &Read,
    effect: &Result<Effect, IntakeError>,
    token: &str,
    language: Language,
) -> Markup {
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    let give_up = html! {
        form method="post" action="/catalogue/give-up" { (part::form_token(token)) button { (l("Bỏ", "Give up")) } }
    };
    let effect = match effect {
        Ok(effect) => effect,
        Err(error) => {
            return html! { section .card { (part::notice(&Notice::new(Tone::Fault, refusal(error, language)))) (give_up) } };
        }
    };
    let changes = &effect.changes;
    html! {
        section .card.flush {
            h2 { (language.pick(format!("{name}: {} thay đổi so với phiên bản {}", changes.len(), effect.version), format!("{name}: {} changes against version {}", changes.len(), effect.version))) }
            div .padded {
                @if !borrowed.is_empty() { p .small.muted { (l("Giữ như hiện hành: ", "As in force: ")) (borrowed.join(", ")) } }
                @if !effect.orphans.is_empty() {
                    (part::notice(&Notice::new(Tone::Warning, language.pick(
                        format!("Đã có số liệu nhưng danh mục mới không còn (số liệu vẫn được giữ): {}", few(effect)),
                        format!("Reported, but no longer in this catalogue (the figures are kept): {}", few(effect)),
                    ))))
                }
                div .actions {
                    @if changes.is_empty() {
                        p { (l("Giống hệt danh mục hiện hành, không cần nhập.", "The same as the one in force: nothing to import.")) }
                    } @else {
                        form method="post" action="/catalogue/import" {
                            (part::form_token(token))
                            input type="hidden" name="fingerprint" value=(read.import.fingerprint);
                            input type="hidden" name="version" value=(effect.version);
                            button .main { (language.pick(format!("Nhập {} thay đổi này", changes.len()), format!("Import these {} changes", changes.len()))) }
                        }
                    }
                    (give_up)
                }
            }
            @if !changes.is_empty() { (differences(changes, language)) }
        }
    }
}

fn few(effect: &Effect) -> String {
    let shown: Vec<&str> = effect.orphans.iter().take(MAX_ORPHANS).map(String::as_str).collect();
    let more = effect.orphans.len().saturating_sub(shown.len());
    if more > 0 { format!("{}, … (+{more})", shown.join(", ")) } else { shown.join(", ") }
}

fn differences(changes: &[CatalogueChange], language: Language) -> Markup {
    let l = |vi: &'static str, en: &'static str| language.pick(vi, en);
    html! {
        div .scroll.tall tabindex="0" { table {
            thead { tr { th scope="col" { (l("Phần", "Part")) } th scope="col" { (l("Thay đổi", "Change")) } } }
            tbody { @for change in changes.iter().take(MAX_CHANGES) { tr {
                td .fit { (section_words(change.section, language)) } td { (capital(&change.describe(language))) }
            } } }
        } }
        @if changes.len() > MAX_CHANGES { p .notes.padded { (language.pick(format!("và {} thay đổi khác", changes.len() - MAX_CHANGES), format!("and {} more", changes.len() - MAX_CHANGES))) } }
    }
}

/// Why a catalogue cannot be imported, for people.
pub(super) fn refusal(error: &IntakeError, language: Language) -> String {
    match error {
        IntakeError::OtherProvince { found, own } => language.pick(
            format!("Đây là danh mục của tỉnh {found}, còn máy chủ này của tỉnh {own}."),
            format!("This catalogue is of the province {found}, this server is of {own}."),
        ),
        IntakeError::OtherYear { found, own } => language.pick(
            format!("Danh mục của năm {found}, ở đây đã có số liệu năm {own}: hãy tạo thư mục dữ liệu riêng cho năm mới."),
            format!("The catalogue is for {found}, the figures here are of {own}: found a folder of its own for the new year."),
        ),
        IntakeError::Store(error) => error.to_string(),
    }
}
