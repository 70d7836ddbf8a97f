//! What the history says in words for programs, said for people. The chained lines stay as they are; what has no known form is shown as
//! it stands there.

use super::super::hall::role_name;
use crate::store::Role;
use chrono::NaiveDate;
use shared::{language::Language, observation::Decision, period::Period, review::Reason, task::Reported};

/// The detail of a line in the reader's language; none where it is shown as it is.
pub(super) fn said(what: &str, detail: &str, language: Language) -> Option<String> {
    if language == Language::En {
        return None;
    }
    match what {
        "account_added" | "account_role_set" => role(detail),
        "reviewed" => reviewed(detail),
        "period_closed" => closed(detail),
        "period_reopened" => reopened(detail),
        "exception_set" | "exception_withdrawn" => exception(detail),
        "catalogue_imported" => {
            let (version, digest) = detail.strip_prefix("version ")?.split_once(", ")?;
            Some(format!("phiên bản {}, mã băm {digest}", number(version)?))
        }
        "invited" => detail.split_once(" token ").map(|(commune, token)| format!("{commune}, mã mời {token}")),
        "joined" => {
            let (token, certificate) = detail.strip_prefix("token ")?.split_once(", certificate ")?;
            Some(format!("mã mời {token}, chứng thư {certificate}"))
        }
        "certificate_issued" | "certificate_adopted" => {
            detail.split_once(" certificate ").map(|(identity, serial)| format!("{identity}, chứng thư {serial}"))
        }
        "revoked" => {
            let (identity, rest) = detail.split_once(": ")?;
            let (count, reason) = rest.split_once(" certificates: ")?;
            Some(format!("{identity}: {} chứng thư: {reason}", number(count)?))
        }
        "bundle_taken" => detail.split_once(", bundle ").map(|(commune, id)| format!("{commune}, gói {id}")),
        "clock_moved" => {
            let offset = detail.strip_prefix("offset ")?.strip_suffix(" ms")?;
            Some(format!("lệch {} mili giây", offset.parse::<i64>().ok()?))
        }
        _ => None,
    }
}

fn number(text: &str) -> Option<u64> {
    text.parse().ok()
}

fn period(text: &str) -> Option<String> {
    Some(text.parse::<Period>().ok()?.in_words(Language::Vi))
}

/// `lan: Nguyễn Thị Lan, viewer, tan-phu`: the role stands last, or before the commune of a leader.
fn role(detail: &str) -> Option<String> {
    let begin = detail.rfind([',', ':']).map(|at| at + 1)?;
    let in_words = |begin: usize, end: usize| {
        let role = Role::from_word(detail[begin..end].trim())?;
        Some(format!("{} {}{}", &detail[..begin], role_name(role, Language::Vi).to_lowercase(), &detail[end..]))
    };
    in_words(begin, detail.len()).or_else(|| {
        let end = begin.checked_sub(1)?;
        in_words(detail[..end].rfind([',', ':']).map(|at| at + 1)?, end)
    })
}

/// `loc-tan CDS-39  2026-10 version 1: returned reason [code]`
fn reviewed(detail: &str) -> Option<String> {
    let (place, verdict) = detail.split_once(": ")?;
    let (figure, version) = place.rsplit_once(" version ")?;
    let (figure, of) = figure.rsplit_once(' ')?;
    let (decision, reason) = verdict.split_once(' ').unwrap_or((verdict, ""));
    let decision = match Decision::from_word(decision)? {
        Decision::Accepted => "chấp nhận",
        Decision::Returned => "trả lại",
    };
    let coded = reason.strip_suffix(']').and_then(|reason| reason.rsplit_once('['));
    let reason = match coded.and_then(|(told, code)| Some((told, Reason::from_word(code)?))) {
        Some((told, code)) => format!("{told}[{}]", code.label(Language::Vi)),
        None => reason.to_owned(),
    };
    let figure: Vec<String> = figure.split_whitespace().map(|word| Reported::of(word).label(Language::Vi)).collect();
    let figure = figure.join(" ");
    let words = format!("{figure}, {}, bản {}: {decision} {reason}", period(of)?, number(version)?);
    Some(words.trim_end().to_owned())
}

/// `2026-10 revision 1, digest …`
fn closed(detail: &str) -> Option<String> {
    let (of, rest) = detail.split_once(" revision ")?;
    let (revision, digest) = rest.split_once(", digest ")?;
    let digest = if digest.is_empty() { String::new() } else { format!(", mã băm {digest}") };
    Some(format!("{}, lần chốt {}{digest}", period(of)?, number(revision)?))
}

/// `2026-10: reason`
fn reopened(detail: &str) -> Option<String> {
    let (of, reason) = detail.split_once(": ")?;
    Some(format!("{}: {reason}", period(of)?))
}

/// `tan-phu 2026-10 until 2026-10-24: reason`, or without a day where it is withdrawn.
fn exception(detail: &str) -> Option<String> {
    let (place, reason) = detail.split_once(": ")?;
    let (place, day) = place.split_once(" until ").map_or((place, None), |(place, day)| (place, Some(day)));
    let (commune, of) = place.split_once(' ')?;
    let until = match day {
        Some(day) => format!(", đến hết ngày {}", day.parse::<NaiveDate>().ok()?.format("%d/%m/%Y")),
        None => String::new(),
    };
    Some(format!("{commune}, {}{until}: {reason}", period(of)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the history says, and what is read instead.
    const FORMS: [(&str, &str, &str); 20] = [
        ("account_added", "lan: Nguyễn Thị Lan, viewer", "lan: Nguyễn Thị Lan, người xem"),
        (
            "account_added",
            "lan: Lan, steward, steward, tan-phu",
            "lan: Lan, steward, người điều hành kỳ báo cáo, tan-phu",
        ),
        ("account_role_set", "lan: administrator", "lan: quản trị viên"),
        ("account_role_set", "lan: reviewer, tan-phu", "lan: người thẩm định, tan-phu"),
        (
            "reviewed",
            "loc-tan CDS-39  2026-Q3 version 1: accepted ",
            "loc-tan CDS-39, quý III năm 2026, bản 1: chấp nhận",
        ),
        (
            "reviewed",
            "loc-tan task:I.1 AP-01 2026-10 version 2: returned thiếu: trang 2 [evidence_missing]",
            "loc-tan nhiệm vụ I.1 AP-01, tháng 10 năm 2026, bản 2: trả lại thiếu: trang 2 [MISSING]",
        ),
        ("reviewed", "a B  2026-10 version 2: returned xem [lại]", "a B, tháng 10 năm 2026, bản 2: trả lại xem [lại]"),
        ("period_closed", "2026-10 revision 2, digest 1e63", "tháng 10 năm 2026, lần chốt 2, mã băm 1e63"),
        ("period_closed", "2026-10 revision 2, digest ", "tháng 10 năm 2026, lần chốt 2"),
        ("period_reopened", "2026-10: sai: sửa", "tháng 10 năm 2026: sai: sửa"),
        (
            "exception_set",
            "tan-phu 2026-10 until 2026-10-24: bão",
            "tan-phu, tháng 10 năm 2026, đến hết ngày 24/10/2026: bão",
        ),
        ("exception_withdrawn", "tan-phu 2026-10: hết bão", "tan-phu, tháng 10 năm 2026: hết bão"),
        ("catalogue_imported", "version 3, 45a4", "phiên bản 3, mã băm 45a4"),
        ("invited", "loc-tan token 6a82", "loc-tan, mã mời 6a82"),
        ("joined", "token 6a82, certificate 577e", "mã mời 6a82, chứng thư 577e"),
        ("certificate_issued", "urn:x certificate 577e", "urn:x, chứng thư 577e"),
        ("certificate_adopted", "urn:x certificate 577e", "urn:x, chứng thư 577e"),
        ("revoked", "urn:x: 2 certificates: mất máy", "urn:x: 2 chứng thư: mất máy"),
        ("bundle_taken", "tan-phu, bundle 7", "tan-phu, gói 7"),
        ("clock_moved", "offset -99 ms", "lệch -99 mili giây"),
    ];

    #[test]
    fn every_known_form_is_said_and_stays_in_english() {
        for (what, detail, words) in FORMS {
            let words = words.replace("MISSING", Reason::EvidenceMissing.label(Language::Vi));
            assert_eq!(said(what, detail, Language::Vi), Some(words), "{what} {detail}");
            assert_eq!(said(what, detail, Language::En), None);
        }
    }

    #[test]
    fn what_has_another_form_is_left_alone() {
        for (what, detail) in [
            ("account_added", "lan: Nguyễn Thị Lan, chủ tịch"),
            ("account_role_set", "viewer"),
            ("account_password_set", "viewer"),
            ("reviewed", "accepted"),
            ("reviewed", "loc-tan CDS-39 2026-13 version 1: accepted"),
            ("reviewed", "loc-tan CDS-39 2026-10 version x: accepted"),
            ("reviewed", "loc-tan CDS-39 2026-10 version 1: forgotten"),
            ("period_closed", "2026-10 revision one, digest 1e"),
            ("period_reopened", "lý do"),
            ("exception_set", "tan-phu 2026-10 until mai: bão"),
            ("catalogue_imported", "version x, 1"),
            ("revoked", "urn:x: all certificates: mất máy"),
            ("clock_moved", "offset x ms"),
            ("backed_up", "version 3, 45a4"),
            ("founded", "dong-nai"),
        ] {
            assert_eq!(said(what, detail, Language::Vi), None, "{what} {detail}");
        }
    }
}
