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
