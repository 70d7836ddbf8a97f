//! Whole commands: what is refused before anything is written, in which words, and that texts of others stay texts.

use super::*;
use crate::fixture::{Home, now, pdf, png};
use clap::Parser;
use shared::{feed::FeedItem, observation::Decision};
use std::{fs, path::Path};

fn run(home: &Home, words: &[&str]) -> Result<Printed, Failure> {
    run_in(home.folder.root(), words)
}

fn run_in(data: &Path, words: &[&str]) -> Result<Printed, Failure> {
    let line = [&["commune-agent", "--data", data.to_str().unwrap()], words].concat();
    carry_out(Arguments::try_parse_from(line).unwrap(), &Clock::standing_at(now()))
}

#[test]
fn csv_of_what_is_no_list_writes_nothing() {
    let mut home = Home::ready();
    home.value("CDS-2", "1").unwrap();
    let file = home.folder.root().join("x.csv");
    fs::write(&file, "indicator,period,value\nCDS-2,2026-09,1\n").unwrap();
    let file = file.to_str().unwrap();
    for words in [
        &["record", "CDS-2", "--period", "2026-10", "--value", "2"][..],
        &["import", file],
        &["attach", "CDS-2", "--period", "2026-10", file],
        &["status"],
        &["sync"],
    ] {
        let failure = run(&home, &[words, &["--format", "csv"]].concat()).unwrap_err();
        assert_eq!(failure.code(), 2, "{words:?}");
    }
    assert_eq!(home.store.view().head().unwrap().seq, 1);
    assert!(!home.folder.evidence().exists());
    assert!(run(&home, &["history", "CDS-2", "--format", "csv"]).unwrap().text.starts_with("period,"));
}

#[test]
fn hints_come_in_the_language_asked() {
    let home = Home::ready();
    for (words, vi, en) in [
        (&["record", "CDS-1", "--period", "2026-13", "--yes"][..], "viết 2026-10", "write 2026-10"),
        (&["attach", "CDS-1", "--period", "x", "file"], "viết 2026-10", "write 2026-10"),
        (&["history", "CDS-1", "--period", "x"], "viết 2026-10", "write 2026-10"),
        (&["standing", "--period", "x"], "viết 2026-10", "write 2026-10"),
        (&["record", "CDS-1", "--period", "2026-10", "--ratio", "12"], "viết TỬ/MẪU", "write NUMERATOR/DENOMINATOR"),
    ] {
        let failure = run(&home, words).unwrap_err();
        assert_eq!(failure.code(), 2, "{words:?}");
        assert!(failure.explain(Language::Vi).contains(vi), "{words:?}");
        assert!(failure.explain(Language::En).contains(en), "{words:?}");
    }
}

#[test]
fn refused_texts_end_with_their_code() {
    let home = Home::ready();
    let record = ["record", "CDS-2", "--period", "2026-10", "--value", "1"];
    for more in [["--by", "a\u{1b}[2J"], ["--note", "a\u{1b}[2J"]] {
        let failure = run(&home, &[&record[..], &more].concat()).unwrap_err();
        assert_eq!(failure.code(), 3);
        assert!(!failure.explain(Language::Vi).contains('\u{1b}'));
    }
}

#[test]
fn texts_of_others_do_not_reach_the_terminal_as_they_are() {
    let mut home = Home::ready();
    let first = home.value("CDS-2", "10").unwrap();
    home.receive(&[FeedItem::Verdict {
        observation: first.change_id,
        decision: Decision::Returned,
        reason: "thiếu\u{1b}[2J\nXã: khác".into(),
        reviewer: "Hà\u{9b}".into(),
        decided_at: now(),
    }]);
    for words in [&["status"][..], &["history", "CDS-2"], &["targets"]] {
        let text = run(&home, words).unwrap().text;
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
        assert!(!text.contains("\nXã: khác"), "{text}");
    }
}

#[test]
fn joining_leaves_a_folder_of_something_else_alone() {
    let home = Home::ready();
    let other = home.folder.root().join("documents");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("letter.txt"), "x").unwrap();
    let fingerprint = "ab".repeat(32);
    let join = ["join", "--server", "https://localhost:1", "--token", "t", "--authority", &fingerprint];
    let failure = run_in(&other, &join).unwrap_err();
    assert_eq!(failure.code(), 1);
    assert!(failure.explain(Language::Vi).contains("--data"));
    assert_eq!(fs::read_dir(&other).unwrap().count(), 1);
}

#[test]
fn evidence_is_judged_by_its_content_before_anything_is_written() {
    let mut home = Home::ready();
    home.value("CDS-2", "1").unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = home.folder.root().join(name);
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (report, picture, letter) = (file("a.pdf", &pdf("a")), file("b.bin", &png()), file("c.pdf", b"MZ\x90\0"));
    let attach = ["attach", "CDS-2", "--period", "2026-10", &report, &picture];
    let failure = run(&home, &[&attach[..], &[letter.as_str()]].concat()).unwrap_err();
    assert_eq!(failure.code(), 3);
    let told = failure.explain(Language::Vi);
    assert!(
        ["c.pdf", "một chương trình", "PDF, PNG, JPEG, DOCX, XLSX"].iter().all(|word| told.contains(word)),
        "{told}"
    );
    assert!(!home.folder.evidence().exists());
    fs::write(home.folder.config(), "evidence_max_file_mib = 1\n").unwrap();
    let large = file("large.pdf", &pdf(&"x".repeat(1024 * 1024)));
    let failure = run(&home, &[&attach[..], &[large.as_str()]].concat()).unwrap_err();
    assert_eq!((failure.code(), failure.explain(Language::En).contains("1 MiB")), (3, true));
    assert_eq!(home.store.view().evidence_total().unwrap().files, 0);
    run(&home, &attach).unwrap();
    let listed = run(&home, &["evidence", "cds-2", "--period", "2026-10", "--format", "csv"]).unwrap().text;
    let rows: Vec<Vec<&str>> = listed.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let size = pdf("a").len().to_string();
    assert_eq!(rows[0][..9], ["CDS-2", "2026-10", "", "1", "a.pdf", "pdf", &size, "pending", &size]);
    assert_eq!(rows[1][4..6], ["b.bin", "png"]);
    for nothing in [&["evidence", "CDS-1"][..], &["evidence", "--period", "2026-09"]] {
        assert!(run(&home, nothing).unwrap().text.starts_with("0 minh chứng"));
    }
    assert!(run(&home, &["evidence"]).unwrap().text.contains("chờ gửi"));
}

#[test]
fn evidence_that_does_not_get_to_the_province_is_told_with_what_to_do() {
    use crate::store::file::FileState;
    let mut home = Home::ready();
    home.value("CDS-2", "1").unwrap();
    let mut attach = vec!["attach".to_owned(), "CDS-2".into(), "--period".into(), "2026-10".into()];
    for name in ["a", "b", "c", "d", "e"] {
        let path = home.folder.root().join(format!("{name}.pdf"));
        fs::write(&path, pdf(name)).unwrap();
        attach.push(path.to_str().unwrap().to_owned());
    }
    let words: Vec<&str> = attach.iter().map(String::as_str).collect();
    run(&home, &words).unwrap();
    let silent = run(&home, &["status"]).unwrap().text;
    assert!(!silent.contains("chưa tới được tỉnh"), "{silent}");
    let states = [
        ("a.pdf", FileState::Missing, "", "missing", "không còn trên máy này"),
        ("b.pdf", FileState::Missing, "damaged", "damaged", "gắn lại tệp gốc"),
        ("c.pdf", FileState::Refused, "commune_full", "commune_full", "liên hệ tỉnh"),
        ("d.pdf", FileState::Refused, "kind_not_allowed", "kind_not_allowed", "rồi gắn lại"),
        ("e.pdf", FileState::Refused, "file_too_large", "file_too_large", "giảm dung lượng"),
    ];
    let files = home.store.view().attachments(&Default::default()).unwrap();
    for (file, (_, state, code, ..)) in files.iter().zip(states) {
        home.store.write(|writing| writing.note_file(file.sha256, state, 0, code)).unwrap();
    }
    let told = run(&home, &["status"]).unwrap().text;
    assert!(told.contains("2 tệp bị mất hoặc hỏng; tỉnh không nhận 3 tệp"), "{told}");
    let listed = run(&home, &["evidence", "--format", "csv"]).unwrap().text;
    let status: serde_json::Value =
        serde_json::from_str(&run(&home, &["status", "--format", "json"]).unwrap().text).unwrap();
    assert_eq!((&status["evidence_missing_files"], &status["evidence_refused_files"]), (&2.into(), &3.into()));
    for (at, (name, state, _, code, words)) in states.into_iter().enumerate() {
        assert!(told.lines().any(|line| line.contains(name) && line.contains(words)), "{name}: {told}");
        assert!(listed.lines().any(|line| line.contains(name) && line.contains(words)), "{name}: {listed}");
        let stuck = &status["evidence_stuck"][at];
        assert_eq!(
            (&stuck["file"], &stuck["state"], &stuck["code"]),
            (&name.into(), &state.as_str().into(), &code.into())
        );
    }
    let english = run(&home, &["--lang", "en", "status"]).unwrap().text;
    assert!(english.contains("Evidence that does not get to the province (5):"), "{english}");
    // The good file again: nothing is left to tell.
    let again = run(&home, &words).unwrap().text;
    assert!(again.contains("a.pdf đã được gắn vào phiên bản này; tệp sẽ được gửi lại"), "{again}");
    assert!(!run(&home, &["status"]).unwrap().text.contains("chưa tới được tỉnh"));
}

#[test]
fn a_check_is_settled_by_the_note_it_asked_for() {
    use crate::entry::Typed;
    let mut home = Home::ready();
    home.record("CDS-2", "2026-09", Typed::Value("12".into())).unwrap();
    home.value("CDS-2", "10").unwrap();
    let checks = |home: &Home| {
        let text = run(home, &["checks", "--period", "2026-10", "--format", "json"]).unwrap().text;
        serde_json::from_str::<serde_json::Value>(&text).unwrap()
    };
    let first = &checks(&home)[0];
    assert_eq!((&first["check"], &first["settled"]), (&"falls".into(), &"no".into()));
    assert!(first["note"].is_null());
    let told = run(&home, &["due", "--period", "2026-10"]).unwrap().text;
    assert!(told.contains("1 điểm cần xem lại"), "{told}");
    let note = ["record", "CDS-2", "--period", "2026-10", "--value", "10", "--note", "đã rà soát"];
    run(&home, &note).unwrap();
    let again = &checks(&home)[0];
    assert_eq!((&again["settled"], &again["note"]), (&"yes".into(), &"đã rà soát".into()));
    let told = run(&home, &["due", "--period", "2026-10"]).unwrap().text;
    assert!(!told.contains("điểm cần xem lại"), "{told}");
    // A task is looked at as well, and so is a figure ahead of its time.
    let spent = run(&home, &["progress", "II.1", "--period", "2026-10", "--spent", "2700"]).unwrap().text;
    assert!(spent.contains("giải ngân vượt kinh phí: 2.700 trên 150 triệu đồng"), "{spent}");
    let ahead = run(&home, &["record", "CDS-3", "--period", "2026-12", "--value", "1"]).unwrap().text;
    assert!(ahead.contains("kỳ chưa bắt đầu (từ 01/12/2026)"), "{ahead}");
    assert_eq!(checks(&home).as_array().unwrap().len(), 3);
}

#[test]
fn after_the_plan_year_its_last_month_is_due() {
    let home = Home::ready();
    let line = ["commune-agent", "--data", home.folder.root().to_str().unwrap(), "due"];
    let later = Clock::standing_at("2027-02-03T02:00:00Z".parse().unwrap());
    let told = carry_out(Arguments::try_parse_from(line).unwrap(), &later).unwrap().text;
    assert!(told.contains("đến hạn kỳ 2026-12"), "{told}");
}

#[test]
fn the_commune_sees_its_own_lights_and_a_units_code_means_that_unit() {
    let mut home = Home::ready();
    let mut view = crate::fixture::catalogue();
    view.units[0].code = "VP".into();
    view.units[0].name = "Văn phòng".into();
    home.receive(&[FeedItem::Catalogue(Box::new(view))]);
    home.value("CDS-2", "10").unwrap();
    let alerts = |words: &[&str]| {
        let text = run(&home, &[&["alerts", "--period", "2026-10", "--format", "json"], words].concat()).unwrap().text;
        serde_json::from_str::<Vec<serde_json::Value>>(&text).unwrap()
    };
    let all = alerts(&[]);
    assert_eq!(all.iter().filter(|row| row["light"] == "red").count(), 6, "{all:?}");
    let behind = all.iter().find(|row| row["indicator"] == "CDS-2").unwrap();
    assert_eq!(behind["reason"], "thấp hơn 50 % so với lộ trình thời gian: đạt 12,5 %, lộ trình 80 %");
    assert!(all.iter().any(|row| row["indicator"] == "task:II.1"), "tasks too");
    assert_eq!(alerts(&["--unit", "vp"]).len(), 5, "its code");
    assert_eq!(alerts(&["--unit", "phong van hoa"]).len(), 1, "words");
    assert!(alerts(&["--unit", "an"]).is_empty(), "no part of a word");
    assert!(alerts(&["--light", "yellow"]).is_empty());
}

#[test]
fn what_units_owe_is_listed_before_any_of_them_reports() {
    let mut home = Home::ready();
    let mut view = crate::fixture::catalogue();
    view.units[0] =
        shared::catalogue::Unit { code: "AP".into(), name: "3 ấp".into(), members: 3, ..view.units[0].clone() };
    view.targets[0].lead_unit = "3 ấp".into();
    home.receive(&[FeedItem::Catalogue(Box::new(view))]);
    let owed = |home: &Home| run(home, &["due", "--units", "--period", "2026-10"]).unwrap().text;
    assert!(
        owed(&home).contains("hết ngày 17/10/2026 (còn 1 ngày). 3 đơn vị phải báo cáo 3 số liệu, còn thiếu 3"),
        "{}",
        owed(&home)
    );
    // In any case of its code, and a code that is not there says where they are.
    run(&home, &["record", "CDS-1", "--period", "2026-10", "--unit", "ap-02", "--ratio", "4/5"]).unwrap();
    assert!(owed(&home).contains("còn thiếu 2"), "{}", owed(&home));
    let due = run(&home, &["due", "--period", "2026-10"]).unwrap().text;
    assert!(due.contains("1/3") && due.contains("commune-agent due --units"), "{due}");
    let failure =
        run(&home, &["record", "CDS-1", "--period", "2026-10", "--unit", "AP-9", "--ratio", "4/5"]).unwrap_err();
    assert!(failure.explain(Language::Vi).contains("commune-agent units"));
    assert!(run(&home, &["units"]).unwrap().text.contains("AP-01…AP-03"));
}

#[test]
fn an_english_clerk_reads_the_reason_of_the_list_in_english() {
    use shared::review::Reason;
    let mut home = Home::ready();
    let first = home.value("CDS-2", "10").unwrap();
    home.receive(&[FeedItem::Verdict {
        observation: first.change_id,
        decision: Decision::Returned,
        reason: Reason::Mismatch.told("biểu 2"),
        reviewer: "Hà".into(),
        decided_at: now(),
    }]);
    for words in [&["--lang", "en", "status"][..], &["--lang", "en", "history", "CDS-2"]] {
        let text = run(&home, words).unwrap().text;
        assert!(text.contains("the figure is not what the evidence says: biểu 2"), "{text}");
    }
    assert!(run(&home, &["status"]).unwrap().text.contains("số liệu không khớp minh chứng: biểu 2"));
}
