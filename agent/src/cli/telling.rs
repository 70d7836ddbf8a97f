//! Status, standing and the outcome of a session, told in words.

use super::words::{self, plain};
use crate::{
    status::Status,
    uplink::{outcome::End, session::Report},
};
use chrono::DateTime;
use shared::{feed::Standing, language::Language, listing::number_for_people, task::Reported};
use std::fmt::Write;

/// Most refused or returned figures that are listed for people; JSON has them all.
const MAX_LISTED: usize = 20;

/// A standing in words.
pub fn standing(language: Language, standing: &Standing, name: &str) -> String {
    let scheme = match standing.scheme.as_str() {
        "common" => language.pick("chỉ tiêu chung", "common indicators"),
        "standard" => language.pick("chuẩn của tỉnh", "provincial standard"),
        _ => language.pick("kế hoạch của xã", "the commune's own plan"),
    };
    let score = number_for_people(&standing.score, language);
    let on_time = words::share(&standing.on_time, language);
    let at = words::instant(standing.computed_at);
    let (met, scored, ranked, period) = (standing.met, standing.scored, standing.ranked_communes, standing.period);
    let rank = match standing.rank {
        Some(rank) => language.pick(format!("hạng {rank}/{ranked}"), format!("rank {rank} of {ranked}")),
        None => language.pick("chưa xếp hạng", "not ranked").into(),
    };
    let movement = match standing.movement.parse::<i64>() {
        Ok(0) => language.pick(", giữ nguyên", ", unchanged").into(),
        Ok(places) if places > 0 => language.pick(format!(", tăng {places} bậc"), format!(", up {places}")),
        Ok(places) => language.pick(format!(", giảm {} bậc", places.abs()), format!(", down {}", places.abs())),
        Err(_) => String::new(),
    };
    let name = plain(name);
    let mut text = language.pick(
        format!("{name}, kỳ {period}, theo {scheme}: {rank}{movement}\nĐiểm {score}; đạt {met}/{scored} mục tiêu; đúng hạn {on_time}\n"),
        format!("{name}, period {period}, by {scheme}: {rank}{movement}\nScore {score}; met {met} of {scored} targets; on time {on_time}\n"),
    );
    if standing.provisional > 0 {
        let count = standing.provisional;
        text += &language.pick(
            format!("Tạm tính: {count} mục tiêu chờ thẩm định\n"),
            format!("Provisional: {count} targets await review\n"),
        );
    }
    text + &language.pick(format!("Theo số liệu của tỉnh lúc {at}\n"), format!("As computed by the province at {at}\n"))
}

/// The status in words.
pub fn status(language: Language, status: &Status) -> String {
    let mut text = String::from(words::banner(status.exercise, language));
    let mut line = |vi: &str, en: &str, value: &str| {
        // Writing to a text does not fail.
        let _ = writeln!(text, "{}: {}", language.pick(vi, en), plain(value));
    };
    line("Xã", "Commune", &format!("{} ({}, {})", status.commune_name, status.commune, status.province));
    line("Máy chủ tỉnh", "Province", &status.server);
    let never = language.pick("chưa có", "never");
    line("Đồng bộ gần nhất", "Last good session", &status.last_success.as_deref().map_or(never.into(), local));
    line("Chờ gửi", "Pending", &status.pending.to_string());
    line("Tỉnh đã nhận", "Acknowledged", &status.acknowledged.to_string());
    line("Bị từ chối", "Refused", &status.refused_total.to_string());
    line("Minh chứng", "Evidence", &evidence(language, status));
    line("Đối chiếu với tỉnh", "Compared with the province", &compared(language, status));
    line("Biên nhận", "Receipts", &status.receipts.to_string());
    if status.conflicts > 0 {
        let count = status.conflicts;
        line(
            "Nhập ở hai nơi",
            "Entered in two places",
            &language.pick(
                format!("{count} số liệu cần chọn bản đúng: `commune-agent conflicts`"),
                format!("{count} figures to be looked at: `commune-agent conflicts`"),
            ),
        );
    }
    if let Some(since) = &status.bundle_unanswered_since {
        let made = local(since);
        line(
            "Gói gửi bằng tệp",
            "Bundle",
            &language.pick(format!("tạo lúc {made}, chưa có trả lời"), format!("made at {made}, not answered yet")),
        );
    }
    if let Some(until) = &status.certificate_until {
        line("Chứng thư của máy", "Certificate until", &local(until));
    }
    let catalogue = match status.catalogue_version {
        0 => language.pick("chưa nhận", "not yet received").into(),
        version => language.pick(format!("phiên bản {version}"), format!("version {version}")),
    };
    line("Danh mục", "Catalogue", &catalogue);
    line(
        "Lần chạy tới",
        "Next session",
        &format!("{} ({})", local(&status.next_run), cause(language, status.next_run_cause)),
    );
    if let Some(page) = &status.page {
        line("Trang của xã", "Page", page);
    }
    if let Some(failed) = &status.last_failure {
        line("Lần cuối không thành công", "Last session failed", &format!("{} — {}", local(&failed.at), failed.reason));
    }
    if let Some(skew_ms) = status.clock_skew_ms.filter(|_| status.clock_wrong) {
        let minutes = (skew_ms.abs() / 60_000).to_string();
        line(
            "Cảnh báo",
            "Warning",
            &language.pick(
                format!("đồng hồ máy lệch {minutes} phút so với tỉnh; chỉnh lại ngày giờ"),
                format!("this computer's clock is {minutes} minutes off; set it right"),
            ),
        );
    }
    text + &lists(language, status)
}

fn evidence(language: Language, status: &Status) -> String {
    let kib = status.evidence_bytes.div_ceil(1024);
    let mut text = language.pick(
        format!("{} tệp, {kib} KiB", status.evidence_files),
        format!("{} files, {kib} KiB", status.evidence_files),
    );
    if status.evidence_pending_files > 0 {
        let (files, left) = (status.evidence_pending_files, status.evidence_pending_bytes.div_ceil(1024));
        text += &language.pick(
            format!("; còn {files} tệp, {left} KiB chờ gửi"),
            format!("; {files} files, {left} KiB still to be sent"),
        );
    }
    let missing = status.evidence_missing_files;
    if missing > 0 {
        text +=
            &language.pick(format!("; {missing} tệp bị mất hoặc hỏng"), format!("; {missing} files lost or damaged"));
    }
    let refused = status.evidence_refused_files;
    if refused > 0 {
        text += &language.pick(format!("; tỉnh không nhận {refused} tệp"), format!("; {refused} files not taken"));
    }
    text
}

fn compared(language: Language, status: &Status) -> String {
    let mut text: String = match status.digests {
        "equal" => language.pick("hai bên khớp nhau", "both ends hold the same").into(),
        "different" => language
            .pick("chưa khớp; sẽ tự đối chiếu lại ở lần sau", "not the same yet; compared again in the next session")
            .into(),
        _ => language.pick("chưa đối chiếu", "not compared yet").into(),
    };
    if let Some(at) = &status.digests_compared_at {
        text += &format!(" ({})", local(at));
    }
    if status.digests_healed > 0 {
        let healed = status.digests_healed;
        text += &language.pick(format!("; đã tự sửa {healed} bản ghi"), format!("; {healed} records were healed"));
    }
    text
}

fn cause(language: Language, cause: &str) -> &'static str {
    match cause {
        "first" => language.pick("lần đầu", "first"),
        "edit" => language.pick("có số liệu mới", "new figures"),
        "evidence" => language.pick("gửi tiếp minh chứng", "evidence to be sent"),
        "catch_up" => language.pick("chạy bù", "catching up"),
        _ => language.pick("khung giờ đêm", "nightly"),
    }
}

/// What a person has to look at.
fn lists(language: Language, status: &Status) -> String {
    let mut text = String::new();
    let mut list = |heading: &str, count: usize, lines: &mut dyn Iterator<Item = String>| {
        if count > 0 {
            let _ = writeln!(text, "{heading} ({count}):");
            for line in lines.take(MAX_LISTED) {
                let _ = writeln!(text, "  - {}", plain(&line));
            }
            if count > MAX_LISTED {
                let _ = writeln!(text, "  … +{}", count - MAX_LISTED);
            }
        }
    };
    let place = |indicator: &str, unit: &str, period: &str| {
        let indicator = Reported::of(indicator).label(language);
        if unit.is_empty() { format!("{indicator} {period}") } else { format!("{indicator} [{unit}] {period}") }
    };
    let mut refused = status.refused.iter().map(|refused| {
        let file = if refused.file.is_empty() { String::new() } else { format!(" {}", refused.file) };
        format!("{}{file}: {}", place(&refused.indicator, &refused.unit, &refused.period), refused.reason)
    });
    let heading = language.pick("Bị tỉnh từ chối, cần nhập lại", "Refused, to be entered anew");
    list(heading, status.refused.len(), &mut refused);
    let mut stuck = status.evidence_stuck.iter().map(|stuck| {
        format!("{} {}: {}", place(&stuck.indicator, &stuck.unit, &stuck.period), stuck.file, stuck.reason)
    });
    let heading = language.pick("Minh chứng chưa tới được tỉnh", "Evidence that does not get to the province");
    list(heading, status.evidence_stuck.len(), &mut stuck);
    let mut returned = status.returned.iter().map(|returned| {
        let place = place(&returned.indicator, &returned.unit, &returned.period);
        format!("{place} (v{}): {} — {}", returned.version, returned.reason, returned.reviewer)
    });
    let heading = language.pick("Bị trả lại khi thẩm định", "Returned by the reviewer");
    list(heading, status.returned.len(), &mut returned);
    text
}

/// A session's outcome in words.
pub fn report(language: Language, report: &Report, pending: u64) -> String {
    let tally = &report.tally;
    let mut text = format!("{}\n", capital(report.outcome.end.explain(language)));
    let _ = writeln!(
        text,
        "{}",
        language.pick(
            format!(
                "Đã gửi {}, tỉnh xác nhận {}, từ chối {}, còn chờ {pending}",
                tally.sent, tally.acknowledged, tally.refused
            ),
            format!(
                "Sent {}, confirmed {}, refused {}, still pending {pending}",
                tally.sent, tally.acknowledged, tally.refused
            ),
        )
    );
    if report.outcome.end != End::Done && !report.outcome.detail.is_empty() {
        let _ = writeln!(text, "({})", plain(&report.outcome.detail));
    }
    if tally.refused > 0 {
        text += language.pick("Xem lý do bằng lệnh `commune-agent status`\n", "See why with `commune-agent status`\n");
    }
    text
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// An instant of the status in the reader's form.
fn local(rfc3339: &str) -> String {
    DateTime::parse_from_rfc3339(rfc3339).map_or_else(|_| rfc3339.to_owned(), |at| words::instant(at.to_utc()))
}
