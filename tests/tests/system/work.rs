//! The work of a month beside the figures: tasks with progress, evidence and disbursement, hamlets that report for themselves, figures that
//! should be looked at again.

use serde_json::Value;
use std::fs;
use system_tests::{commune::Commune, document::pdf, program::figures_csv, province::Province};

fn row(list: &Value, column: &str, wanted: &str) -> Value {
    let rows = list.as_array().unwrap();
    rows.iter().find(|row| row[column] == wanted).unwrap_or_else(|| panic!("no {wanted} in {list}")).clone()
}

#[test]
fn a_task_is_reported_proved_reviewed_and_lit_at_both_ends() {
    let mut province = Province::found();
    province.clock("2026-10-12T08:00:00+07:00");
    province.serve();
    let commune = Commune::joined(&province, "loc-tan");
    let tasks = || commune.command(["tasks", "--period", "2026-10", "--format", "json"]).json();
    let at_province = || province.command(["tasks", "loc tan", "--period", "2026-10", "--format", "json"]).json();
    assert_eq!(tasks().as_array().unwrap().len(), 13);
    let open = row(&tasks(), "task", "V.1");
    assert_eq!((&open["term"], &open["light"]), (&"open".into(), &"green".into()), "no day is made up: {open}");
    let done =
        ["progress", "iii.1", "--period", "2026-10", "--done", "100", "--spent", "1234,5", "--note", "Đã nghiệm thu"];
    let _ = commune.command(done).ok();
    let _ = commune.command(["attach", "III.1", "--period", "2026-10", "/nowhere.pdf"]).failed(1);
    let file = commune.desk().join("biên bản nghiệm thu.pdf");
    fs::write(&file, pdf("nghiệm thu")).unwrap();
    let own = row(&tasks(), "task", "III.1");
    assert_eq!((&own["state"], &own["light"]), (&"awaiting_evidence".into(), &"green".into()), "{own}");
    let _ = commune.command(["attach", "III.1", "--period", "2026-10", file.to_str().unwrap()]).ok();
    let _ = commune.command(["sync"]).ok();
    let held = row(&at_province(), "task", "III.1");
    assert_eq!(
        (&held["state"], &held["disbursed_million_vnd"]),
        (&"awaiting_review".into(), &"1234.5".into()),
        "{held}"
    );
    assert_eq!(held["budget_million_vnd"], 1_580, "{held}");
    let queue = province.command(["queue", "--period", "2026-10", "--format", "json"]).json();
    assert_eq!(row(&queue, "indicator", "III.1")["note"], "Đã nghiệm thu", "{queue}");
    // Nothing of it is in the exports or the ranking.
    let exported = province.command(["export", "observations"]).ok();
    assert_eq!(exported.lines().count(), 1, "{exported}");
    // Returned: red at the province, and the clerk reads why.
    let _ = province.command(["review", "loc tan", "III.1", "--period", "2026-10", "--return", "thiếu chữ ký"]).ok();
    let alerts =
        province.command(["alerts", "loc tan", "--light", "red", "--period", "2026-10", "--format", "json"]).json();
    assert_eq!(row(&alerts, "indicator", "task:III.1")["cause"], "returned", "{alerts}");
    let _ = commune.command(["sync"]).ok();
    assert!(commune.status().to_string().contains("thiếu chữ ký"));
    let own = row(&tasks(), "task", "III.1");
    assert_eq!((&own["state"], &own["light"]), (&"returned".into(), &"red".into()), "{own}");
    for (bad, code) in [
        (["progress", "IX.9", "--period", "2026-10", "--done", "5"], 3),
        (["progress", "III.1", "--period", "2026-10", "--done", "101"], 3),
        (["progress", "III.1", "--period", "2025-10", "--done", "5"], 3),
        (["progress", "III.1", "--period", "2026-10", "--spent", "-1"], 3),
        (["progress", "III.1", "--period", "2026-10", "--unit", "AP-01"], 2),
    ] {
        let _ = commune.command(bad).failed(code);
    }
}

#[test]
fn hamlets_report_for_themselves_and_are_added_up() {
    let mut province = Province::found();
    province.clock("2026-10-12T08:00:00+07:00");
    province.serve();
    let commune = Commune::joined(&province, "loc-tan");
    let csv = "indicator,period,unit,numerator,denominator,value,note\n\
               OT-13,2026-10,AP-01,40,100,,\nOT-13,2026-10,AP-02,90,100,,\nOT-13,2026-10,AP-21,20,100,,\n";
    let _ = commune.import(csv).ok();
    let _ = commune.command(["record", "OT-13", "--period", "2026-10", "--unit", "AP-22", "--ratio", "1/2"]).failed(3);
    let _ = commune.command(["sync"]).ok();
    for list in [
        commune.command(["units", "OT-13", "--period", "2026-10", "--format", "json"]).json(),
        province
            .command(["units", "loc tan", "--indicator", "ot-13", "--period", "2026-10", "--format", "json"])
            .json(),
    ] {
        assert_eq!(list.as_array().unwrap().len(), 21, "{list}");
        assert_eq!(row(&list, "unit", "AP-01")["achievement"], "0.500000", "{list}");
        assert_eq!(row(&list, "unit", "AP-03")["result"], Value::Null, "{list}");
    }
    let words = province.command(["units", "loc tan", "--indicator", "OT-13", "--period", "2026-10"]).ok();
    assert!(words.contains("18 chưa báo cáo") && words.contains("dùng cho toàn xã: 50"), "{words}");
    let _ = commune.command(["record", "OT-13", "--period", "2026-10", "--ratio", "60/100"]).ok();
    let _ = commune.command(["sync"]).ok();
    let words = province.command(["units", "loc tan", "--indicator", "OT-13", "--period", "2026-10"]).ok();
    assert!(words.contains("Số liệu toàn xã 60 KHÁC cộng dồn từ các đơn vị 50"), "{words}");
    let ranks = province.command(["units", "loc tan", "--period", "2026-10", "--format", "json"]).json();
    let rank = |unit: &str| row(&ranks, "unit", unit)["rank"].clone();
    assert_eq!([rank("AP-01"), rank("AP-21")], [1, 2], "{ranks}");
    assert_eq!(row(&ranks, "unit", "AP-02")["score"], "0.00", "reached, and without evidence: it does not count yet");
}

#[test]
fn what_should_be_looked_at_again_is_said_at_entry_and_to_reviewers() {
    let mut province = Province::found();
    province.clock("2026-10-12T08:00:00+07:00");
    province.serve();
    let commune = Commune::joined(&province, "tan-phu");
    let _ = commune.import(&figures_csv("2026-09", &[("CDS-07", 90, 100), ("CDS-08", 50, 100)])).ok();
    let told = commune.command(["record", "CDS-07", "--period", "2026-10", "--ratio", "60/100"]).ok();
    assert!(told.contains("thay đổi khác thường: từ 90 thành 60") && told.contains("--note"), "{told}");
    let csv = "indicator,period,unit,numerator,denominator,value,note\nCDS-08,2026-10,,50,200,,\"Điều chỉnh theo số dân mới\"\n";
    let import = commune.desk().join("import.csv");
    fs::write(&import, csv).unwrap();
    let rehearsed = commune.command(["import", import.to_str().unwrap(), "--dry-run", "--format", "json"]).json();
    let found: Vec<_> = rehearsed["checks"].as_array().unwrap().iter().map(|check| &check["check"]).collect();
    assert_eq!(found, ["jumps", "denominator"], "{rehearsed}");
    let _ = commune.import(csv).ok();
    let own = commune.command(["checks", "--period", "2026-10", "--format", "json"]).json();
    assert_eq!(own.as_array().unwrap().len(), 3, "{own}");
    let _ = commune.command(["sync"]).ok();
    let checks = province.command(["checks", "tan phu", "--period", "2026-10", "--format", "json"]).json();
    assert_eq!(checks.as_array().unwrap().len(), 3, "{checks}");
    assert_eq!(row(&checks, "check", "denominator")["note"], "Điều chỉnh theo số dân mới");
    let quality = province.command(["quality", "--period", "2026-10", "--format", "json"]).json();
    let line = row(&quality, "commune", "tan-phu");
    assert_eq!((&line["expected"], &line["reported"], &line["checks"]), (&34.into(), &2.into(), &3.into()), "{line}");
    let due = commune.command(["due", "--period", "2026-10", "--format", "json"]).json();
    let missing = due.as_array().unwrap().iter().filter(|row| row["delivery"] == "missing").count();
    assert_eq!((due.as_array().unwrap().len(), missing), (34, 32), "{due}");
}
