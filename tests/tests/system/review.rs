//! Evidence review as reviewers and clerks live it: a queue, a return with a reason, a resubmission, an outdated verdict; and the lights
//! that go on and off with it.

use std::fs;
use system_tests::{commune::Commune, document::pdf, program::figures_csv, province::Province};

fn text(path: &std::path::Path) -> &str {
    path.to_str().unwrap()
}

/// Reports that CDS-05 is reached, with evidence.
fn claim(commune: &Commune, name: &str) {
    let _ = commune.import(&figures_csv("2026-10", &[("CDS-05", 1_000, 1_000), ("CDS-07", 500, 1_000)])).ok();
    let file = commune.desk().join(format!("{name}.pdf"));
    fs::write(&file, pdf(name)).unwrap();
    let _ = commune.command(["attach", "CDS-05", "--period", "2026-10", text(&file)]).ok();
    let _ = commune.command(["sync"]).ok();
}

fn queue(province: &Province) -> Vec<[String; 3]> {
    let all = province.command(["queue", "--period", "2026-10", "--format", "json"]).json();
    let cell = |one: &serde_json::Value, name: &str| one[name].to_string().trim_matches('"').to_owned();
    all.as_array().unwrap().iter().map(|one| ["commune", "indicator", "version"].map(|name| cell(one, name))).collect()
}

fn explained(province: &Province, commune: &str, code: &str) -> serde_json::Value {
    let rows = province.command(["explain", commune, "--period", "2026-10", "--format", "json"]).json();
    rows.as_array().unwrap().iter().find(|row| row["indicator"] == code).unwrap().clone()
}

#[test]
fn a_claim_is_returned_with_a_reason_and_counts_again_when_it_is_made_better() {
    let mut province = Province::found();
    province.clock("2026-10-12T08:00:00+07:00");
    province.serve();
    let [dinh_quan, tan_phu] = ["dinh-quan", "tan-phu"].map(|slug| Commune::joined(&province, slug));
    let supposed = ["what-if", "tan phu", "--period", "2026-10", "--set", "CDS-05=1000/1000", "--set", "cds-07=50"];
    let supposed = province
        .command([
            supposed[0],
            supposed[1],
            supposed[2],
            supposed[3],
            supposed[4],
            supposed[5],
            supposed[6],
            supposed[7],
            "--format",
            "json",
        ])
        .json();
    claim(&tan_phu, "tân phú");
    province.clock("2026-10-14T08:00:00+07:00");
    claim(&dinh_quan, "định quán");
    assert_eq!(queue(&province), [["tan-phu", "CDS-05", "1"], ["dinh-quan", "CDS-05", "1"]], "who waits longest first");
    let rows = province.command(["queue", "tan phu", "--indicator", "cds-05", "--format", "json"]).json();
    assert_eq!((&rows[0]["waiting_days"], &rows[0]["evidence"]), (&2.into(), &1.into()), "{rows}");
    let _ = province.command(["queue", "atlantis"]).failed(1);
    let _ = province.command(["alerts"]).ok();

    let of = ["review", "tan-phu", "CDS-05", "--period", "2026-10", "--version", "1"];
    let _ = province.command([of[0], of[1], of[2], of[3], of[4], of[5], of[6], "--return"]).failed(2);
    let _ = province
        .command([of[0], of[1], of[2], of[3], of[4], of[5], of[6], "--return", "--reason", "no-such"])
        .failed(2);
    let words = ["--return", "trang 2", "--reason", "evidence_unreadable"];
    let _ = province
        .command([of[0], of[1], of[2], of[3], of[4], of[5], of[6], words[0], words[1], words[2], words[3]])
        .ok();
    let row = explained(&province, "tan-phu", "CDS-05");
    assert_eq!(
        (&row["state"], &row["counted"], &row["light"]),
        (&"returned".into(), &"0.000000".into(), &"red".into())
    );
    let _ = tan_phu.command(["sync"]).ok();
    let returned = &tan_phu.status()["returned"][0];
    assert_eq!(returned["reason"], "minh chứng không đọc được: trang 2");
    let red = province.command(["alerts", "tan-phu", "--light", "red", "--format", "json"]).json();
    let row = red.as_array().unwrap().iter().find(|row| row["indicator"] == "CDS-05").unwrap();
    assert_eq!(row["cause"], "returned", "{row}");

    province.clock("2026-10-15T08:00:00+07:00");
    claim(&tan_phu, "tân phú, bản rõ");
    assert_eq!(queue(&province), [["dinh-quan", "CDS-05", "1"], ["tan-phu", "CDS-05", "2"]]);
    // A verdict on what is outdated changes nothing.
    let told = province.command([of[0], of[1], of[2], of[3], of[4], of[5], of[6], "--accept"]).failed(1);
    assert!(told.contains('2'), "{told}");
    let _ = province.command([of[0], of[1], of[2], of[3], of[4], of[5], "2", "--accept"]).ok();
    let row = explained(&province, "tan-phu", "CDS-05");
    assert_eq!((&row["state"], &row["light"]), (&"met".into(), &"green".into()));
    let rankings = province.command(["rankings", "--period", "2026-10", "--format", "json"]).json();
    let now = rankings.as_array().unwrap().iter().find(|row| row["commune"] == "tan-phu").unwrap();
    assert_eq!(supposed[0]["score_then"], now["score"], "as it was supposed before: {supposed}");
    let changes = province.command(["alerts", "tan-phu", "--changes", "2026-10-15", "--format", "json"]).json();
    let seen: Vec<_> = changes
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["indicator"] == "CDS-05")
        .map(|row| [&row["change"], &row["light"], &row["cause"]])
        .collect();
    assert_eq!(serde_json::json!(seen), serde_json::json!([["cleared", "red", "returned"]]), "{changes}");
    let _ = province.command(["alerts", "--changes", "hôm qua"]).failed(2);

    let statistics = province.command(["reviews", "--period", "2026-10", "--format", "json"]).json();
    let of = |slug: &str| statistics.as_array().unwrap().iter().find(|row| row["commune"] == slug).unwrap().clone();
    let row = of("tan-phu");
    let counts = ["accepted", "returned", "resubmitted", "waiting"].map(|name| row[name].as_i64().unwrap());
    assert_eq!(counts, [1, 1, 1, 0]);
    // Two days by the exercise's clock, which goes on while the commands run.
    let longest: f64 = row["longest_hours"].as_str().unwrap().parse().unwrap();
    assert!((47.5..48.5).contains(&longest), "{row}");
    assert_eq!(of("dinh-quan")["waiting"], 1);
    assert!(province.command(["reviews", "--period", "2026-10"]).ok().contains("minh chứng không đọc được (1)"));
}
