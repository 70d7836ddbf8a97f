//! What the province's refusal codes mean for the figure at hand, in words.

use crate::{entry::goal_of, store::figures::StoredRefusal};
use proto::BEING_STORED;
use shared::{
    catalogue::{Kind, kind_asked, view::CommuneView},
    language::Language,
    listing::number_for_people,
    observation::{MAX_NAME_CHARS, MAX_NOTE_CHARS, ObservationKey, Refusal, Value},
};

/// What is wrong and what to do, for the person who entered it.
#[must_use]
pub fn explain(
    refusal: &StoredRefusal,
    key: &ObservationKey,
    value: Option<Value>,
    catalogue: Option<&CommuneView>,
    language: Language,
) -> String {
    if let Some(reason) = of_file(&refusal.code, language) {
        return reason.into();
    }
    match rebuilt(refusal, key, value, catalogue) {
        Some(known) => without_commands(&known, language),
        None => language.pick(
            format!(
                "tỉnh từ chối với lý do mà phiên bản này chưa biết ({}): cập nhật chương trình hoặc hỏi tỉnh",
                refusal.code
            ),
            format!(
                "the province refused it for a reason this version does not know ({}): update the program or ask",
                refusal.code
            ),
        ),
    }
}

/// A broken rule for people who see forms and cells, and know nothing of commands.
#[must_use]
pub fn without_commands(refusal: &Refusal, language: Language) -> String {
    let l = |vi: &str, en: &str| language.pick(vi, en).to_owned();
    let most = |chars: usize| number_for_people(&chars.to_string(), language);
    match refusal {
        Refusal::UnknownIndicator(code) => language.pick(
            format!("danh mục không có chỉ tiêu hay nhiệm vụ {code}; kiểm tra lại mã"),
            format!("the catalogue has no indicator or task {code}; check the code"),
        ),
        Refusal::UnknownUnit(code) => language.pick(
            format!("xã không có đơn vị {code}; để trống đơn vị khi báo cáo cho toàn xã"),
            format!("the commune has no unit {code}; leave the unit empty to report for the whole commune"),
        ),
        Refusal::WrongKind { asked: Kind::Ratio, .. } => l(
            "chỉ tiêu này cần tử số và mẫu số, hoặc một tỷ lệ phần trăm",
            "this indicator takes numerator and denominator, or a percentage",
        ),
        Refusal::WrongKind { asked: Kind::Count, .. } => {
            l("chỉ tiêu này cần một số nguyên", "this indicator takes a whole number")
        }
        Refusal::WrongKind { asked: Kind::Decimal, .. } => {
            l("chỉ tiêu này cần một số", "this indicator takes a number")
        }
        Refusal::WrongKind { asked: Kind::Flag, .. } => {
            l("chỉ tiêu này cần Có hoặc Không", "this indicator takes yes or no")
        }
        Refusal::UnitNeedsParts => l(
            "số liệu của đơn vị phải có tử số và mẫu số để cộng dồn cho toàn xã",
            "a unit's figure needs numerator and denominator, so that it can be added up",
        ),
        Refusal::TextTooLong("note") => language.pick(
            format!("ghi chú quá dài: nhiều nhất {} ký tự, hãy rút gọn", most(MAX_NOTE_CHARS)),
            format!("the note is too long: at most {} characters", most(MAX_NOTE_CHARS)),
        ),
        Refusal::TextTooLong(_) => language.pick(
            format!("tên quá dài: nhiều nhất {} ký tự", most(MAX_NAME_CHARS)),
            format!("the name is too long: at most {} characters", most(MAX_NAME_CHARS)),
        ),
        Refusal::TextNotPlain(field) => {
            let (vi, en) = if *field == "note" { ("ghi chú", "the note") } else { ("tên", "the name") };
            language.pick(
                format!("{vi} có ký tự không hiển thị được; hãy xóa và gõ lại"),
                format!("{en} holds characters that cannot be shown; type it again"),
            )
        }
        Refusal::UnknownConflict => l("việc này đã được chọn trước đó", "this was decided before"),
        known => known.explain(language),
    }
}

/// Why the bytes of a file do not get to the province, or are not held there yet.
fn of_file(code: &str, language: Language) -> Option<&'static str> {
    let (vi, en) = match code {
        "kind_not_allowed" => (
            "tỉnh chỉ nhận tệp PDF, PNG, JPEG, DOCX, XLSX (không có macro); hãy lưu sang một trong các loại đó rồi gắn lại",
            "the province takes PDF, PNG, JPEG, DOCX and XLSX without macros only; save it as one of these and attach that",
        ),
        "file_too_large" => (
            "tệp lớn hơn mức tỉnh cho phép; hãy giảm dung lượng rồi gắn lại",
            "larger than the province allows; make it smaller and attach it again",
        ),
        "commune_full" => (
            "xã đã dùng hết dung lượng minh chứng ở tỉnh; liên hệ tỉnh",
            "the commune's room for evidence at the province is used up; ask the province",
        ),
        "not_evidence" => (
            "tỉnh chưa có số liệu nào gắn tệp này; sẽ tự gửi lại",
            "the province knows no figure with this file; it will be sent again",
        ),
        "missing" => (
            "tệp không còn trên máy này; hãy gắn lại đúng tệp đó",
            "the file is not on this computer any more; attach the same file again",
        ),
        "damaged" => (
            "bản sao trên máy này đã hỏng; hãy gắn lại tệp gốc",
            "the copy on this computer is damaged; attach the original file again",
        ),
        "checksum" => (
            "tệp tới tỉnh không còn nguyên vẹn; sẽ tự gửi lại",
            "it did not arrive as it was sent; it will be sent again by itself",
        ),
        BEING_STORED => ("tệp đã đến đủ; tỉnh đang đưa vào kho", "has come whole; the province is storing it"),
        _ => return None,
    };
    Some(language.pick(vi, en))
}

/// The refusal that the code stands for.
fn rebuilt(
    refusal: &StoredRefusal,
    key: &ObservationKey,
    value: Option<Value>,
    catalogue: Option<&CommuneView>,
) -> Option<Refusal> {
    Some(match refusal.code.as_str() {
        "unknown_indicator" => Refusal::UnknownIndicator(key.indicator.clone()),
        "unknown_unit" => Refusal::UnknownUnit(key.unit.clone()),
        "wrong_kind" => {
            let given = value?.kind();
            Refusal::WrongKind { asked: asked(refusal, key, given, catalogue)?, given }
        }
        "numerator_over_denominator" => Refusal::NumeratorOverDenominator,
        "denominator_not_positive" => Refusal::DenominatorNotPositive,
        "negative" => Refusal::Negative,
        "percent_over_100" => Refusal::PercentOver100,
        "unit_needs_parts" => Refusal::UnitNeedsParts,
        "count_too_large" => Refusal::CountTooLarge,
        "outside_plan_year" => {
            Refusal::OutsidePlanYear(catalogue.map_or(key.period.year(), |catalogue| catalogue.province.plan_year))
        }
        "text_too_long" => Refusal::TextTooLong(if refusal.detail.contains("note") { "note" } else { "name" }),
        "text_not_plain" => Refusal::TextNotPlain(if refusal.detail.contains("note") { "note" } else { "name" }),
        "unknown_observation" => Refusal::UnknownObservation,
        "unknown_conflict" => Refusal::UnknownConflict,
        "unreadable" => Refusal::Unreadable(refusal.detail.clone()),
        _ => return None,
    })
}

/// The kind that the province asked: its own word, else our catalogue's, where it differs from what was given.
fn asked(refusal: &StoredRefusal, key: &ObservationKey, given: Kind, catalogue: Option<&CommuneView>) -> Option<Kind> {
    let told = Kind::ALL.into_iter().find(|kind| refusal.detail.contains(&format!("asked {}", kind.as_str())));
    let ours = catalogue.and_then(|catalogue| {
        let kind = catalogue.indicator(&key.indicator)?.kind;
        Some(goal_of(catalogue, &key.indicator).map_or(kind, |goal| kind_asked(kind, goal)))
    });
    told.or(ours).filter(|kind| *kind != given)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_rebuilt() {
        let key = ObservationKey { indicator: "CDS-1".into(), unit: "ap-1".into(), period: "2026-10".parse().unwrap() };
        for known in [
            Refusal::UnknownIndicator("CDS-1".into()),
            Refusal::UnknownUnit("ap-1".into()),
            Refusal::WrongKind { asked: Kind::Flag, given: Kind::Count },
            Refusal::NumeratorOverDenominator,
            Refusal::DenominatorNotPositive,
            Refusal::Negative,
            Refusal::PercentOver100,
            Refusal::UnitNeedsParts,
            Refusal::CountTooLarge,
            Refusal::OutsidePlanYear(2026),
            Refusal::TextTooLong("note"),
            Refusal::TextNotPlain("note"),
            Refusal::UnknownObservation,
            Refusal::UnknownConflict,
        ] {
            let stored = StoredRefusal { code: known.code().into(), detail: known.to_string() };
            assert_eq!(rebuilt(&stored, &key, Some(Value::Count(1)), None).as_ref(), Some(&known));
            for language in [Language::Vi, Language::En] {
                let told = explain(&stored, &key, Some(Value::Count(1)), None, language);
                assert!(!told.contains("commune-agent") && !told.contains("--"), "{told}");
                assert!(language == Language::En || !told.contains("note"), "{told}");
            }
        }
        let later = StoredRefusal { code: "from_the_future".into(), detail: String::new() };
        assert!(explain(&later, &key, None, None, Language::Vi).contains("from_the_future"));
    }

    #[test]
    fn every_code_of_files_that_the_protocol_names_has_words() {
        let protocol = include_str!("../../proto/proto/tiendo/sync/v1/sync.proto");
        let (_, message) = protocol.split_once("message HeldFile {").unwrap();
        let (message, _) = message.split_once("\n}").unwrap();
        let codes = message.split('"').skip(1).step_by(2).collect::<Vec<_>>();
        assert!(codes.contains(&"kind_not_allowed") && codes.contains(&BEING_STORED), "{codes:?}");
        for code in codes {
            for language in [Language::Vi, Language::En] {
                assert!(of_file(code, language).is_some(), "{code}");
            }
        }
        let stored = of_file(BEING_STORED, Language::En).unwrap();
        assert!(!stored.contains("refused"), "{stored}");
    }
}
