//! A month on the real plans: figures in, a ranking out, that anyone can recompute.

use system_tests::{
    commune::Commune,
    document::pdf,
    program::{figures_csv, run},
    province::Province,
};

/// Reported by every plan of the five, except those that a plan does not have.
const FIGURES: [(&str, u32, u32); 6] = [
    ("NL-03", 60, 60),
    ("CDS-05", 700, 1_000),
    ("CDS-07", 960, 1_000),
    ("CDS-08", 2, 3),
    ("CDS-11", 801, 1_000),
    ("CDS-17", 79, 99),
];

/// Five communes report September and October; the first has evidence, one is late, one has an exception.
fn five_communes(province: &mut Province) -> Vec<Commune> {
    province.clock("2026-09-10T09:00:00+07:00");
    province.serve();
    let communes: Vec<Commune> =
        ["dinh-quan", "tan-loi", "loc-tan", "minh-hung", "tan-phu"].map(|slug| Commune::joined(province, slug)).into();
    for (month, day) in [("2026-09", "2026-09-12"), ("2026-10", "2026-10-19")] {
        province.clock(&format!("{day}T20:00:00+07:00"));
        for (commune, at) in communes.iter().zip(1u32..) {
            if month == "2026-10" && at == 5 {
                province.clock("2026-10-20T00:10:00+07:00");
            }
            let _ = commune.command(["sync"]).ok();
            let figures = FIGURES.map(|(code, n, d)| (code, n.saturating_sub(at * 3 % 7), d));
            let _ = commune.import(&figures_csv(month, &figures)).ok();
        }
        let evidence = communes[0].desk().join("biên bản.pdf");
        std::fs::write(&evidence, pdf(month)).unwrap();
        let _ = communes[0].command(["attach", "CDS-07", "--period", month, evidence.to_str().unwrap()]).ok();
        for commune in &communes {
            let _ = commune.command(["sync"]).ok();
        }
    }
    communes
}

#[test]
fn a_month_is_ranked_explained_exported_and_recomputed() {
    let mut province = Province::found();
    let communes = five_communes(&mut province);
    let _ = province.command(["review", "dinh-quan", "CDS-07", "--period", "2026-10", "--accept"]).ok();
    let _ = province
        .command(["exception", "tan-phu", "--period", "2026-10", "--cutoff", "2026-10-21", "--reason", "mất điện"])
        .ok();
    let rankings = province.command(["rankings", "--period", "2026-10", "--format", "csv"]).ok();
    assert_eq!(rankings.lines().count(), 6, "{rankings}");
    for scheme in ["own", "common", "standard"] {
        let folder = province.export("2026-10", scheme);
        for table in ["rankings", "explain"] {
            let exported = std::fs::read_to_string(folder.join(format!("{table}.csv"))).unwrap();
            let folder = folder.to_str().unwrap();
            let again =
                run("province-aggregator", ["recompute", folder, table, "--period", "2026-10", "--scheme", scheme]);
            assert_eq!(again.ok(), exported, "{scheme} {table}");
        }
    }
    // The agent knows the same of itself, and still does with the province out of reach.
    province.kill();
    let own = communes[0].command(["standing", "--period", "2026-10", "--format", "json"]).json();
    let line = rankings.lines().find(|line| line.contains(",dinh-quan,")).unwrap();
    let cells: Vec<&str> = line.split(',').collect();
    assert!(own.to_string().contains(cells[6]), "score {} in {own}", cells[6]);
}

#[test]
fn staff_get_the_same_answers_from_afar() {
    let mut province = Province::found();
    let _communes = five_communes(&mut province);
    let credential = province.desk().join("can-bo");
    let credential = credential.to_str().unwrap();
    let _ = province.command(["credential", "nguyen-van-a", "--out", credential]).ok();
    let url = province.url().to_owned();
    let questions: [&[&str]; 28] = [
        &["rankings", "--period", "2026-10", "--scheme", "common"],
        &["rankings", "--group", "CDS", "--kind", "xa"],
        &["schemes", "--period", "2026-10"],
        &["explain", "Định Quán", "--format", "json"],
        &["explain", "Định Quán", "--indicator", "cds-07", "--period", "2026-10"],
        &["explain", "tan phu", "--indicator", "CDS-17", "--scheme", "standard", "--format", "json"],
        &["history", "Định Quán", "CDS-07"],
        &["history", "dinh-quan", "cds-17", "--period", "2026-09", "--format", "csv"],
        &["indicator", "CDS-17"],
        &["communes", "--format", "csv"],
        &["due", "--period", "2026-10"],
        &["due", "tan phu", "--format", "csv"],
        &["due", "loc tan", "--units", "--period", "2026-10"],
        &["tasks", "--light", "grey", "--unit", "CA", "--format", "csv"],
        &["alerts", "--light", "red", "--period", "2026-10"],
        &["alerts", "minh hung", "--unit", "kinh te"],
        &["alerts", "--changes", "2026-09-01", "--format", "csv"],
        &["queue", "--all", "--indicator", "cds-07"],
        &["reviews", "--period", "2026-10", "--format", "json"],
        &["tasks", "--light", "red"],
        &["tasks", "dinh quan", "--unit", "kinh te", "--format", "csv"],
        &["units", "loc tan", "--period", "2026-10"],
        &["units", "loc tan", "--indicator", "ot-13"],
        &["checks", "--format", "csv"],
        &["what-if", "tan loi", "--scheme", "standard", "--format", "csv"],
        &["what-if", "tan loi", "--set", "CDS-17=99/99", "--return", "cds-07", "--points", "CDS-08=2,5"],
        &["export", "observations", "--period", "2026-10"],
        &["--lang", "en", "explain", "minh-hung", "--scheme", "standard"],
    ];
    for question in questions {
        let data = province.data();
        let here = run("province-aggregator", ["--data", data.to_str().unwrap()].iter().chain(question));
        let there = run("province-aggregator", question.iter().chain(&["--server", &url, "--credential", credential]));
        assert_eq!(here.ok(), there.ok(), "{question:?}");
    }
    // What could not be entered is not supposed either.
    for (given, word) in [
        (["--set", "CDS-17=150"], "từ 0 đến 100"),
        (["--set", "CDS-17=-5"], "âm"),
        (["--set", "CDS-17=có"], "tỷ lệ"),
        (["--set", "CDS-17=99/79"], "tử số lớn hơn mẫu số"),
        (["--return", "HT-03"], "HT-03"),
    ] {
        let told = province.command(["what-if", "tan loi", "--period", "2026-10", given[0], given[1]]).failed(1);
        assert!(told.contains(word), "{given:?}: {told}");
    }
    let least = province.command(["what-if", "tan loi", "--period", "2026-10", "--format", "csv"]).ok();
    assert!(least.lines().any(|line| line.starts_with("reached,")), "{least}");
    let unknown = run("province-aggregator", ["explain", "atlantis", "--server", &url, "--credential", credential]);
    assert!(unknown.failed(1).contains("atlantis"));
}

#[test]
fn a_verdict_given_while_the_server_runs_reaches_the_standings_and_the_clerk() {
    let mut province = Province::found();
    let communes = five_communes(&mut province);
    let returned = ["review", "dinh-quan", "CDS-07", "--period", "2026-10", "--return", "ảnh mờ, không đọc được"];
    let _ = province.command(returned).ok();
    let _ = communes[0].command(["sync"]).ok();
    let status = communes[0].status().to_string();
    assert!(status.contains("ảnh mờ"), "{status}");
    let standing = communes[0].command(["standing", "--period", "2026-10", "--format", "json"]).json().to_string();
    assert!(standing.contains("returned"), "{standing}");
}
