//! Sessions as files between real programs: a commune without a line, taken twice, out of order, after a normal session, damaged on the
//! way, and healing by file.

use std::{fs, path::Path};
use system_tests::{
    commune::Commune,
    document::pdf,
    program::{Done, figures_csv},
    province::Province,
};

const SEPTEMBER: [(&str, u32, u32); 2] = [("CDS-05", 700, 1_000), ("CDS-07", 960, 1_000)];
const OCTOBER: [(&str, u32, u32); 3] = [("CDS-05", 720, 1_000), ("CDS-07", 970, 1_000), ("CDS-17", 79, 99)];

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn make(commune: &Commune, name: &str) -> Done {
    commune.command(["bundle", "make", text(&commune.desk().join(name)), "--with-evidence", "--format", "json"])
}

/// The province takes a bundle; the answer lies beside it.
fn carry(province: &Province, commune: &Commune, name: &str, answer: &str) -> Done {
    province.command(["bundle", "take", text(&commune.desk().join(name)), "--out", text(&commune.desk().join(answer))])
}

fn take(commune: &Commune, answer: &str) -> Done {
    commune.command(["bundle", "take", text(&commune.desk().join(answer)), "--format", "json"])
}

/// Figures held at the province, without the heading.
fn held(province: &Province) -> usize {
    province.command(["export", "observations"]).ok().lines().count() - 1
}

fn attach(commune: &Commune, content: &[u8]) {
    let file = commune.desk().join("bien-ban.pdf");
    fs::write(&file, content).unwrap();
    let _ = commune.command(["attach", "CDS-17", "--period", "2026-10", text(&file)]).ok();
}

#[test]
fn a_commune_without_a_line_reports_by_file() {
    let mut province = Province::found();
    province.serve();
    let (commune, other) = (Commune::joined(&province, "dinh-quan"), Commune::joined(&province, "tan-phu"));
    let _ = commune.import(&figures_csv("2026-10", &OCTOBER)).ok();
    // Larger than one piece, so that it travels in several.
    attach(&commune, &pdf(&"october ".repeat(80_000)));
    let made = make(&commune, "a.bundle").json();
    assert_eq!((&made["changes"], &made["changes_left"]), (&4.into(), &0.into()), "{made}");
    assert_eq!((&made["evidence_files"], &made["evidence_files_left"]), (&1.into(), &0.into()), "{made}");
    let status = commune.status();
    assert_eq!((&status["pending"], &status["acknowledged"]), (&4.into(), &0.into()), "made is not sent");
    assert!(status["bundle_unanswered_since"].is_string(), "{status}");
    assert!(commune.command(["status"]).ok().contains("chưa có trả lời"));

    let said = carry(&province, &commune, "a.bundle", "a.answer").ok();
    assert!(said.contains("tỉnh giữ đến thay đổi số 4, 0 thay đổi bị từ chối, 1 tệp minh chứng"), "{said}");
    assert_eq!(held(&province), 3);
    assert_eq!(commune.status()["pending"], 4, "taken is not answered");
    // Another commune's computer can do nothing with it.
    let answer = commune.desk().join("a.answer");
    let told = other.command(["bundle", "take", text(&answer)]).failed(3);
    assert!(told.contains("trả lời cho máy khác"), "{told}");

    let taken = take(&commune, "a.answer").json();
    assert_eq!((&taken["acknowledged"], &taken["refused"], &taken["pending"]), (&4.into(), &0.into(), &0.into()));
    let status = commune.status();
    assert_eq!((&status["pending"], &status["evidence_pending_files"]), (&0.into(), &0.into()), "{status}");
    assert!(status["bundle_unanswered_since"].is_null() && status["receipts"].as_u64() > Some(0), "{status}");
    let _ = commune.command(["verify-receipts"]).ok();

    // Twice, at both ends.
    let _ = carry(&province, &commune, "a.bundle", "a.again").ok();
    for answer in ["a.again", "a.answer"] {
        assert_eq!(take(&commune, answer).json()["acknowledged"], 0);
    }
    assert_eq!(held(&province), 3);
    // Over the line both ends find that they hold the same; the running server knows what came by file.
    let session = commune.command(["sync", "--format", "json"]).json();
    assert_eq!((&session["outcome"], &session["sent"]), (&"done".into(), &0.into()), "{session}");
    assert_eq!(commune.status()["digests"], "equal");
    assert_eq!(commune.status()["digests_healed"], 0);
    let _ = province.command(["verify"]).ok();
    let _ = commune.command(["verify"]).ok();
}

#[test]
fn bundles_out_of_order_and_beside_a_line_do_no_harm() {
    let mut province = Province::found();
    province.serve();
    let commune = Commune::joined(&province, "dinh-quan");
    let _ = commune.import(&figures_csv("2026-09", &SEPTEMBER)).ok();
    let _ = make(&commune, "1.bundle").ok();
    let _ = commune.import(&figures_csv("2026-10", &OCTOBER)).ok();
    let _ = make(&commune, "2.bundle").ok();
    for (bundle, answer) in [("2.bundle", "2.answer"), ("1.bundle", "1.answer")] {
        let _ = carry(&province, &commune, bundle, answer).ok();
        assert_eq!(held(&province), 5);
    }
    // The province had more when the older one came: its answer says nothing that the newer one's does not.
    let taken = take(&commune, "1.answer").json();
    assert_eq!((&taken["taken_back"], &taken["pending"]), (&0.into(), &5.into()), "{taken}");
    let taken = take(&commune, "2.answer").json();
    assert_eq!((&taken["acknowledged"], &taken["pending"]), (&5.into(), &0.into()), "{taken}");
    assert_eq!(take(&commune, "1.answer").json()["pending"], 0, "an older answer takes nothing back");

    // A line comes back between the bundle and its answer.
    let _ = commune.import(&figures_csv("2026-11", &OCTOBER)).ok();
    let _ = make(&commune, "3.bundle").ok();
    let _ = commune.command(["sync"]).ok();
    let _ = commune.import(&figures_csv("2026-12", &SEPTEMBER)).ok();
    let _ = commune.command(["sync"]).ok();
    let _ = province.command(["review", "dinh-quan", "CDS-05", "--period", "2026-12", "--return", "thiếu minh chứng"]);
    let _ = carry(&province, &commune, "3.bundle", "3.answer").ok();
    let taken = take(&commune, "3.answer").json();
    assert_eq!((&taken["acknowledged"], &taken["pending"]), (&0.into(), &0.into()), "{taken}");
    assert_eq!(held(&province), 10);
    let session = commune.command(["sync", "--format", "json"]).json();
    assert_eq!(session["outcome"], "done", "{session}");
    assert_eq!(commune.status()["digests"], "equal");
    let _ = province.command(["verify"]).ok();
}

#[test]
fn what_the_province_decides_and_refuses_comes_back_by_file() {
    let mut province = Province::found();
    province.serve();
    let commune = Commune::joined(&province, "dinh-quan");
    province.kill();
    province.drop_indicator("CDS-05");
    let _ = commune.import(&figures_csv("2026-09", &SEPTEMBER)).ok();
    let _ = commune.import(&figures_csv("2026-10", &OCTOBER)).ok();
    let _ = make(&commune, "1.bundle").ok();
    let said = carry(&province, &commune, "1.bundle", "1.answer").ok();
    assert!(said.contains("2 thay đổi bị từ chối"), "{said}");
    let taken = take(&commune, "1.answer").json();
    assert_eq!((&taken["refused"], &taken["pending"]), (&2.into(), &0.into()), "{taken}");
    let status = commune.status();
    assert_eq!(status["refused"][0]["code"], "unknown_indicator", "{status}");
    let words =
        ["review", "dinh-quan", "CDS-17", "--period", "2026-10", "--version", "1", "--return", "thiếu số ký hiệu"];
    let _ = province.command(words).ok();
    let _ = make(&commune, "2.bundle").ok();
    let _ = carry(&province, &commune, "2.bundle", "2.answer").ok();
    let _ = take(&commune, "2.answer").ok();
    assert_eq!(commune.status()["returned"][0]["reason"], "thiếu số ký hiệu");
}

#[test]
fn a_restored_computer_heals_by_file() {
    let mut province = Province::found();
    province.serve();
    let commune = Commune::joined(&province, "dinh-quan");
    let _ = commune.import(&figures_csv("2026-09", &SEPTEMBER)).ok();
    let _ = commune.command(["sync"]).ok();
    let backup = commune.desk().join("backup");
    let _ = commune.command(["backup", text(&backup)]).ok();
    let _ = commune.import(&figures_csv("2026-10", &OCTOBER)).ok();
    let _ = commune.command(["sync"]).ok();
    let _ = make(&commune, "0.bundle").ok();
    let _ = carry(&province, &commune, "0.bundle", "0.answer").ok();
    let _ = commune.command(["restore", text(&backup)]).ok();
    province.kill();
    // Entered on the restored computer, before it knows what is missing.
    let _ = commune.command(["record", "CDS-17", "--period", "2026-10", "--ratio", "80/99"]).ok();
    let told = commune.command(["bundle", "take", text(&commune.desk().join("0.answer"))]).failed(3);
    assert!(told.contains("không nhớ"), "a store of before the restore made it: {told}");

    let _ = make(&commune, "1.bundle").ok();
    let said = carry(&province, &commune, "1.bundle", "1.answer").ok();
    assert!(said.contains("gói trả lời mang nhật ký của tỉnh về"), "{said}");
    let taken = take(&commune, "1.answer").json();
    assert_eq!((&taken["taken_back"], &taken["outcome"]), (&3.into(), &"done".into()), "{taken}");
    let told = commune.command(["bundle", "take", text(&commune.desk().join("1.answer"))]).failed(3);
    assert!(told.contains("đã ghép lại nhật ký"), "{told}");
    assert_eq!(commune.status()["conflicts"], 1);
    let _ = make(&commune, "2.bundle").ok();
    let _ = carry(&province, &commune, "2.bundle", "2.answer").ok();
    assert_eq!(take(&commune, "2.answer").json()["pending"], 0);
    assert_eq!(held(&province), 6);
    province.serve();
    commune.point_at(province.url());
    let _ = commune.command(["sync"]).ok();
    assert_eq!(commune.status()["digests"], "equal");
}

#[test]
fn a_bundle_that_was_damaged_or_is_no_bundle_changes_nothing() {
    let mut province = Province::found();
    province.serve();
    let commune = Commune::joined(&province, "dinh-quan");
    let _ = commune.import(&figures_csv("2026-10", &OCTOBER)).ok();
    let _ = make(&commune, "a.bundle").ok();
    let told = make(&commune, "a.bundle").failed(1);
    assert!(told.contains("không ghi đè"), "{told}");
    let good = fs::read(commune.desk().join("a.bundle")).unwrap();
    let flip = |place: usize| {
        let mut bad = good.clone();
        bad[place] ^= 1;
        bad
    };
    let letter = b"Kinh gui Uy ban nhan dan tinh".to_vec();
    let damaged = [0, 20, good.len() / 2, good.len() - 1].map(flip);
    for bad in damaged.iter().chain([&good[..good.len() / 2].to_vec(), &Vec::new(), &letter]) {
        fs::write(commune.desk().join("bad.bundle"), bad).unwrap();
        let told = carry(&province, &commune, "bad.bundle", "bad.answer").failed(1);
        assert!(told.contains("gói"), "{told}");
        assert!(!commune.desk().join("bad.answer").exists());
    }
    assert_eq!(held(&province), 0);
    let _ = carry(&province, &commune, "a.bundle", "a.answer").ok();
    let told = carry(&province, &commune, "a.bundle", "a.answer").failed(1);
    assert!(told.contains("không ghi đè"), "{told}");
    let good = fs::read(commune.desk().join("a.answer")).unwrap();
    for place in [0, 20, good.len() / 2, good.len() - 1] {
        let mut bad = good.clone();
        bad[place] ^= 1;
        fs::write(commune.desk().join("bad.answer"), bad).unwrap();
        let _ = take(&commune, "bad.answer").failed(3);
    }
    let _ = take(&commune, "a.bundle").failed(3);
    assert_eq!(commune.status()["pending"], 3);
    let _ = province.command(["revoke", "dinh-quan", "--reason", "mất máy"]).ok();
    let told = carry(&province, &commune, "a.bundle", "revoked.answer").failed(1);
    assert!(told.contains("đã bị thu hồi"), "{told}");
    let _ = take(&commune, "a.answer").ok();
    assert_eq!(commune.status()["pending"], 0, "what was confirmed before stays so");
}
