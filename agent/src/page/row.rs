//! The row of a figure: what is asked, the fields, what it comes to, note and evidence.

use super::{
    piece,
    sheet::{Line, Sheet},
    visit::Room,
};
use crate::{
    draft::{Draft, Fields},
    entry::Copied,
    refusal,
    store::{
        attachments::{Attachment, FileState},
        figures::{Figure, StoredRefusal},
    },
    words,
};
use pages::{
    maud::{Markup, html},
    part,
};
use sha2::{Digest, Sha256};
use shared::{
    achievement::Measure,
    catalogue::Kind,
    language::Language,
    listing::{Form, for_people},
    observation::{MAX_NOTE_CHARS, ObservationKey},
    plausibility::Doubt,
    ranking::explain::ExplainRow,
};

/// The form that the fields of all rows belong to.
pub const FORM: &str = "sheet";

/// The name of a field: which, of what, of which unit.
pub fn field_name(field: &str, key: &ObservationKey) -> String {
    format!("{field}.{}.{}@{}", key.period, key.indicator, key.unit)
}

/// Reads the name of a field.
pub fn field_of(name: &str) -> Option<(&str, ObservationKey)> {
    let (field, rest) = name.split_once('.')?;
    let (period, rest) = rest.split_once('.')?;
    let (indicator, unit) = rest.rsplit_once('@')?;
    let key = ObservationKey { indicator: indicator.into(), unit: unit.into(), period: period.parse().ok()? };
    matches!(field, "n" | "d" | "v" | "note" | "was").then_some((field, key))
}

/// What stands in the fields, in short.
pub fn mark(fields: &Fields) -> String {
    let Fields { numerator, denominator, value, note } = fields;
    let all = [numerator, denominator, value, note].map(|field| format!("{}:{field}", field.len())).concat();
    hex::encode(&Sha256::digest(all)[..8])
}

/// Says what stood in the fields when they were drawn: what comes back just so was not typed here, and leaves alone what was typed in
/// another window since.
pub fn drawn(key: &ObservationKey, fields: &Fields) -> Markup {
    let id = format!("was-{}", piece::anchor(&key.indicator, &key.unit));
    html! { input #(id) type="hidden" autocomplete="off" form=(FORM) name=(field_name("was", key)) value=(mark(fields)); }
}

/// As [`drawn`], for a row that was kept.
pub fn drawn_in_place(key: &ObservationKey, fields: &Fields) -> Markup {
    let id = format!("was-{}", piece::anchor(&key.indicator, &key.unit));
    html! { input #(id) hx-swap-oob="true" type="hidden" autocomplete="off" form=(FORM) name=(field_name("was", key)) value=(mark(fields)); }
}

/// What a row sends beside its fields.
pub fn values(token: &str) -> String {
    format!(r#"{{"form_token":"{token}"}}"#)
}

/// The form that sends files for a figure.
pub fn files_form(key: &ObservationKey) -> String {
    format!("files-{}", piece::anchor(&key.indicator, &key.unit))
}

/// What stands in the fields: what is typed, else what is reported.
pub fn fields(draft: Option<&Draft>, figure: Option<&Figure>) -> Fields {
    let reported = || figure.map(|figure| Fields::of(&figure.observation)).unwrap_or_default();
    draft.map_or_else(reported, |draft| draft.fields.clone())
}

/// The fields of a value. `before` is what was reported before, shown where nothing stands yet.
pub fn inputs(
    key: &ObservationKey,
    kind: Kind,
    fields: &Fields,
    before: Option<&Fields>,
    label: &str,
    language: Language,
) -> Markup {
    let l = |vi, en| language.pick(vi, en);
    let one = |field: &str, value: &str, before: &str, words: &str| {
        html! {
            input .num type="text" inputmode="decimal" autocomplete="off" maxlength="60" form=(FORM) name=(field_name(field, key))
                value=(value) placeholder=(before) aria-label=(format!("{label}: {words}"));
        }
    };
    let of_before = |pick: fn(&Fields) -> &String| before.map_or("", |before| pick(before).as_str());
    html! {
        @match kind {
            Kind::Ratio => {
                span .parts {
                    (one("n", &fields.numerator, l("tử số", "num."), l("tử số", "numerator")))
                    span aria-hidden="true" { "/" }
                    @let denominator = of_before(|before| &before.denominator);
                    (one("d", &fields.denominator, if denominator.is_empty() { l("mẫu số", "denom.") } else { denominator }, l("mẫu số", "denominator")))
                }
            }
            Kind::Flag => {
                select form=(FORM) name=(field_name("v", key)) aria-label=(label) {
                    option value="" selected[fields.value.is_empty()] { "–" }
                    option value="yes" selected[fields.value == "yes"] { (l("Có", "Yes")) }
                    option value="no" selected[fields.value == "no"] { (l("Không", "No")) }
                }
            }
            Kind::Count => (one("v", &fields.value, "", l("số lũy kế từ đầu năm", "count since the start of the year"))),
            Kind::Decimal => (one("v", &fields.value, "", l("giá trị", "value"))),
        }
    }
}

/// The field of a percentage, where its parts are not known.
pub fn percentage(key: &ObservationKey, fields: &Fields, label: &str, language: Language) -> Markup {
    let words = language.pick("chỉ có tỷ lệ %", "only a percentage");
    html! {
        details .only open[!fields.value.is_empty()] {
            summary { (words) }
            input .num type="text" inputmode="decimal" autocomplete="off" maxlength="60" form=(FORM) name=(field_name("v", key))
                value=(fields.value) placeholder="%" aria-label=(format!("{label}: {words}"));
        }
    }
}

/// The field of a note.
pub fn note(key: &ObservationKey, fields: &Fields, label: &str, language: Language) -> Markup {
    html! {
        textarea .note rows="1" form=(FORM) name=(field_name("note", key)) maxlength=(MAX_NOTE_CHARS)
            placeholder=(language.pick("Ghi chú", "Note")) aria-label=(format!("{label}: {}", language.pick("ghi chú", "note"))) {
            (fields.note)
        }
    }
}

/// A measure as people read it, with its unit.
pub fn measure(measure: Measure, unit: &str, language: Language) -> String {
    match measure {
        Measure::Number(number) => {
            let shown = for_people(Form::Value, &number.to_decimals(6), language);
            if unit == "%" { format!("{shown} %") } else { shown }
        }
        Measure::Flag(yes) => words::yes_or_no(yes, language).to_owned(),
    }
}

/// What a figure comes to and what has become of it.
pub fn outcome(sheet: &Sheet, line: &Line, language: Language) -> Markup {
    html! {
        @let fault = sheet.fault(&line.key);
        @if let Some(fault) = fault { p .told.fault { (super::fault::sentence(&fault.explain(language))) } }
        @for row in &line.rows { (result(row, &line.indicator.unit, line.rows.len() > 1, language)) }
        @if fault.is_none() { (doubts(&line.doubts, language)) }
        (state(sheet, line, language))
    }
}

fn result(row: &ExplainRow, unit: &str, is_one_of_several: bool, language: Language) -> Markup {
    let value = row.effective.as_ref().map(|effective| measure(effective.measure, unit, language));
    html! {
        div .result title=[row.cause.map(|cause| cause.explain(language))] {
            span .value { (value.unwrap_or_else(|| "–".into())) }
            @if row.sharers > 0 { (part::share(&row.achievement_text(), language)) }
            @if row.sharers > 0 || !is_one_of_several { (part::light_mark(row.light, language)) }
        }
    }
}

/// What should be looked at again.
pub fn doubts(doubts: &[Doubt], language: Language) -> Markup {
    html! {
        @for doubt in doubts {
            p .told.doubt { (language.pick("Xin xem lại: ", "Please look again: ")) (doubt.explain(language)) "." }
        }
    }
}

fn state(sheet: &Sheet, line: &Line, language: Language) -> Markup {
    let l = |vi, en| language.pick(vi, en);
    html! {
        p .small {
            @match (&line.draft, &line.figure) {
                (Some(_), None) => span .state.draft { (l("bản nháp", "draft")) },
                (Some(_), Some(figure)) => {
                    span .state.draft { (l("bản nháp", "draft")) } " "
                    (reported(figure, sheet.confirmed, language))
                }
                (None, Some(figure)) => (reported(figure, sheet.confirmed, language)),
                (None, None) if line.rows.iter().any(|row| row.effective.as_ref().is_some_and(|e| e.rolled_up && e.period.ends_with(sheet.month.period))) => {
                    span .state.in_progress { (l("cộng từ đơn vị", "from the units")) }
                }
                (None, None) if line.is_missing => span .state.missing { (l("chưa báo cáo", "not reported")) },
                (None, None) if line.is_due => span .state { (l("đã nhập theo đơn vị", "entered by units")) },
                (None, None) => span .state { (l("chưa đến kỳ", "not due")) },
            }
        }
        @if let Some(reason) = &line.refused {
            p .told.fault { (l("Tỉnh không nhận: ", "The province refused it: ")) (reason) }
        }
        @if let Some(verdict) = line.figure.as_ref().filter(|_| line.is_returned()).and_then(|figure| figure.verdict.as_ref()) {
            p .told.fault { strong { (l("Bị trả lại: ", "Returned: ")) } (verdict.reason) " (" (verdict.reviewer) ", " (piece::instant(verdict.decided_at)) "). "
                (l("Sửa số liệu hoặc gắn minh chứng rồi gửi lại.", "Correct it or add evidence, then send it again.")) }
        }
    }
}

/// What has become of a reported figure, with its version.
pub fn reported(figure: &Figure, confirmed: u64, language: Language) -> Markup {
    let (vi, en) = words::state_of(figure, confirmed);
    let class = match en {
        "refused" | "returned" => "returned",
        "accepted" => "met",
        "pending" => "awaiting_review",
        _ => "in_progress",
    };
    html! {
        span class={ "state " (class) } { (language.pick(vi, en)) }
        @if let Some(version) = figure.version {
            " " span .muted title=(format!("{}, {}", figure.entered_by, words::instant(figure.entered_at))) {
                (language.pick(format!("bản {version}"), format!("version {version}")))
            }
        }
    }
}

/// The files of a figure and of its draft.
pub fn files(key: &ObservationKey, bound: &[Attachment], waiting: &[Copied], room: &Room<'_>, token: &str) -> Markup {
    let language = room.language();
    html! {
        @if !bound.is_empty() || !waiting.is_empty() {
            ul .files {
                @for file in bound {
                    li {
                        span .name title=(file.name) { (file.name) } " "
                        span .muted { (piece::size(file.size_bytes, language)) " · " (file_state(file, language)) }
                    }
                }
                @for file in waiting {
                    li {
                        span .name title=(file.name) { (file.name) } " "
                        span .muted { (piece::size(file.size_bytes, language)) " · " (language.pick("gửi cùng bản nháp", "goes with the draft")) } " "
                        form method="post" action="/evidence/remove" hx-post="/evidence/remove" hx-target="closest .evidence" {
                            (part::form_token(token)) (key_fields(key))
                            input type="hidden" name="sha256" value=(hex::encode(file.sha256));
                            button .plain aria-label=(format!("{} {}", language.pick("Bỏ", "Remove"), file.name)) { (language.pick("bỏ", "remove")) }
                        }
                    }
                }
            }
        }
    }
}

fn file_state(file: &Attachment, language: Language) -> Markup {
    let (vi, en) = words::state_of_file(&file.state);
    let reason = match &file.state {
        FileState::Refused(refused) => Some(refused.clone()),
        FileState::Missing { code } => Some(StoredRefusal { code: code.clone(), detail: String::new() }),
        FileState::Pending { .. } | FileState::Held => None,
    };
    let reason = reason.map(|refused| refusal::explain(&refused, &file.key, None, None, language));
    html! {
        @match reason {
            Some(reason) => span .fall title=(reason) { (language.pick(vi, en)) },
            None => (language.pick(vi, en)),
        }
    }
}

/// The fields that say which figure a form is about.
pub fn key_fields(key: &ObservationKey) -> Markup {
    html! {
        input type="hidden" name="indicator" value=(key.indicator);
        input type="hidden" name="unit" value=(key.unit);
        input type="hidden" name="period" value=(key.period);
    }
}

/// The form to which the file field of a row belongs. It stands before the rows, so that its token comes before the files.
pub fn files_form_of(key: &ObservationKey, token: &str) -> Markup {
    html! {
        form #(files_form(key)) method="post" action="/evidence" enctype="multipart/form-data"
            hx-post="/evidence" hx-encoding="multipart/form-data" hx-target={ "#evidence-" (piece::anchor(&key.indicator, &key.unit)) } {
            (part::form_token(token)) (key_fields(key))
        }
    }
}

/// The place where files are dropped or chosen.
pub fn drop(key: &ObservationKey, label: &str, language: Language) -> Markup {
    html! {
        label .drop.slim {
            input .unseen type="file" name="files" multiple form=(files_form(key)) data-send
                accept=".pdf,.png,.jpg,.jpeg,.docx,.xlsx" aria-label=(format!("{label}: {}", language.pick("minh chứng", "evidence")));
            span data-chosen { (language.pick("+ Kéo hoặc chọn minh chứng", "+ Drop or choose evidence")) }
        }
    }
}

/// The button that attaches chosen files in browsers without scripts.
pub fn attach_button(key: &ObservationKey, language: Language) -> Markup {
    html! { noscript { button form=(files_form(key)) { (language.pick("Gắn tệp đã chọn", "Attach the files chosen")) } } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_fields_are_read_back() {
        let period = "2026-Q3".parse().unwrap();
        for (indicator, unit) in [("CDS-17", ""), ("task:II.1", "AP-01"), ("a@b.c", "x")] {
            let key = ObservationKey { indicator: indicator.into(), unit: unit.into(), period };
            assert_eq!(field_of(&field_name("n", &key)), Some(("n", key)));
        }
        for bad in ["", "n", "n.2026-10", "n.x.CDS-1@", "x.2026-10.CDS-1@", "n.2026-10.CDS-1"] {
            assert_eq!(field_of(bad), None, "{bad}");
        }
    }
}
