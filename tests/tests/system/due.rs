//! What is due, as the province sees it: what came in time, what came late, what is missing, and until when.

use system_tests::{commune::Commune, program::figures_csv, province::Province};

const FIGURES: [(&str, u32, u32); 3] = [("CDS-05", 700, 1_000), ("CDS-07", 960, 1_000), ("CDS-17", 79, 99)];

/// The line of a commune, and its counts: expected, on time, late, missing.
fn line(province: &Province, period: Option<&str>) -> (serde_json::Value, [i64; 4]) {
    let all = match period {
        Some(period) => province.command(["due", "--format", "json", "--period", period]).json(),
        None => province.command(["due", "--format", "json"]).json(),
    };
    let one = all.as_array().unwrap().iter().find(|one| one["commune"] == "dinh-quan").unwrap().clone();
    let counts = ["expected", "on_time", "late", "missing"].map(|name| one[name].as_i64().unwrap());
    (one, counts)
}

#[test]
fn the_province_sees_what_is_due_what_came_late_and_what_is_missing() {
    let mut province = Province::found();
    province.clock("2026-10-12T08:00:00+07:00");
    province.serve();
    let commune = Commune::joined(&province, "dinh-quan");
    for period in ["2026-09", "2026-10"] {
        let _ = commune.import(&figures_csv(period, &FIGURES)).ok();
    }
    let _ = commune.command(["sync"]).ok();
    // This month without being asked, and the one before, which was due on its 19th.
    let (october, [expected, on_time, late, missing]) = line(&province, None);
    assert_eq!((on_time, late, expected), (3, 0, 3 + missing), "{october}");
    assert_eq!((&october["cutoff"], &october["days_left"]), (&"2026-10-19".into(), &7.into()), "{october}");
    let (september, counts) = line(&province, Some("2026-09"));
    assert_eq!((counts[1], counts[2], &september["days_left"]), (0, 3, &(-23).into()), "{september}");
    let words = ["exception", "dinh-quan", "--period", "2026-10", "--cutoff", "2026-10-24", "--reason", "mưa bão"];
    let _ = province.command(words).ok();
    let (october, _) = line(&province, None);
    assert_eq!((&october["cutoff"], &october["exception"]), (&"2026-10-24".into(), &"yes".into()), "{october}");
    // Indicator by indicator, what is missing first.
    let own = province.command(["due", "dinh quan", "--format", "json"]).json();
    let own = own.as_array().unwrap();
    assert_eq!(own.len(), usize::try_from(expected).unwrap());
    assert_eq!((&own[0]["delivery"], &own[own.len() - 1]["delivery"]), (&"missing".into(), &"on_time".into()));
    let codes: Vec<_> = own[own.len() - 3..].iter().map(|row| row["indicator"].as_str().unwrap()).collect();
    assert_eq!(codes, FIGURES.map(|(code, ..)| code));
    let listed = october["missing_codes"].as_str().unwrap().split(' ').count();
    assert_eq!(i64::try_from(listed).unwrap(), missing);
    let shown = province.command(["due", "dinh-quan", "--period", "2026-09"]).ok();
    assert!(shown.contains("quá hạn 23 ngày") && shown.contains("trễ hạn"), "{shown}");
    let _ = province.command(["due", "atlantis"]).failed(1);
    let _ = province.command(["due", "--period", "2025-10"]).failed(1);
}

#[test]
fn an_exception_is_refused_listed_withdrawn_and_known_to_the_commune() {
    let mut province = Province::found();
    province.clock("2026-10-12T08:00:00+07:00");
    province.serve();
    let commune = Commune::joined(&province, "loc-tan");
    let of = |commune: &'static str, period: &'static str, cutoff: &'static str| {
        ["exception", commune, "--period", period, "--cutoff", cutoff, "--reason", "mưa bão"]
    };
    assert!(province.command(of("an-loc", "2026-10", "2026-10-24")).failed(1).contains("chưa có kế hoạch"));
    assert!(province.command(of("loc-tan", "2026-10", "2026-10-18")).failed(1).contains("19/10/2026"));
    let told = province.command(of("loc-tan", "2026-Q4", "2026-12-28")).ok();
    assert!(told.contains("không áp dụng khi xem kỳ 2026-12") && told.contains("--period 2026-12"), "{told}");
    assert_eq!(province.command(of("loc-tan", "2026-10", "2026-11-05")).ok().lines().count(), 1);
    let day = || {
        let _ = commune.command(["sync"]).ok();
        commune.command(["due", "--period", "2026-10", "--format", "json"]).json()[0]["cutoff"].clone()
    };
    assert_eq!(day(), "2026-11-05");
    let listed = province.command(["exception", "--list", "--format", "json"]).json();
    let periods: Vec<_> = listed.as_array().unwrap().iter().map(|row| row["period"].as_str().unwrap()).collect();
    assert_eq!((periods.len(), periods.contains(&"2026-Q4")), (2, true), "{listed}");
    let withdraw = ["exception", "loc-tan", "--period", "2026-10", "--withdraw", "--reason", "nhầm xã"];
    assert!(province.command(withdraw).ok().contains("19/10/2026"));
    assert_eq!(day(), "2026-10-19");
    let _ = province.command(withdraw).failed(1);
    let exported = province.command(["export", "exceptions", "--period", "2026-10"]).ok();
    assert!(!exported.contains("loc-tan"), "{exported}");
    assert!(province.command(["audit", "--what", "exception_withdrawn"]).ok().contains("nhầm xã"));
    // What the hamlets owe, before any of them reports, and the days of others.
    let owed = province.command(["due", "loc tan", "--units", "--period", "2026-10", "--format", "json"]).json();
    assert_eq!(owed.as_array().unwrap().len(), 42, "{owed}");
    let own = commune.command(["due", "--units", "--period", "2026-10", "--format", "json"]).json();
    assert_eq!(own, owed, "both ends say the same");
    let told = province.command(["--lang", "en", "due", "loc tan", "--period", "2026-10"]).ok();
    assert!(told.contains("by the end of 2026-10-19") && told.contains("goes out on 2026-10-25"), "{told}");
    let _ = province.command(["due", "--units"]).failed(2);
}

#[test]
fn a_completion_without_evidence_is_accepted_only_by_who_says_so() {
    let mut province = Province::found();
    province.clock("2026-10-12T08:00:00+07:00");
    province.serve();
    let commune = Commune::joined(&province, "tan-phu");
    let _ = commune.import(&figures_csv("2026-09", &[("CDS-07", 100, 100), ("CDS-08", 20, 100)])).ok();
    let _ = commune.command(["sync"]).ok();
    let accept = ["review", "tan-phu", "CDS-07", "--period", "2026-09", "--accept"];
    assert!(province.command(accept).failed(1).contains("--without-evidence"));
    let part = province.command(["review", "tan-phu", "CDS-08", "--period", "2026-09", "--accept"]).ok();
    assert!(part.contains("phiên bản 1 (20/100 (20 %)): chấp nhận") && !part.contains("đã chốt"), "{part}");
    let _ = province.command(["period", "close", "2026-09"]).ok();
    let told =
        province.command([accept[0], accept[1], accept[2], accept[3], accept[4], accept[5], "--without-evidence"]).ok();
    assert!(told.contains("Kỳ đã chốt: có hiệu lực"), "{told}");
    // The clerk reads it, and the same value with a note says that it awaits a review again.
    let _ = commune.command(["sync"]).ok();
    assert!(commune.command(["history", "CDS-07"]).ok().contains("chưa có minh chứng"));
    let again =
        commune.command(["record", "CDS-07", "--period", "2026-09", "--ratio", "100/100", "--note", "đã rà soát"]).ok();
    assert!(again.contains("phải chờ thẩm định lại"), "{again}");
}
