//! Files of evidence with real programs: read back at the province, and sent again when the province lost them.

use std::{fs, path::Path};
use system_tests::{
    commune::Commune,
    document::{pdf, png},
    program::figures_csv,
    province::Province,
};

const FIGURES: [(&str, u32, u32); 3] = [("CDS-05", 700, 1_000), ("CDS-07", 960, 1_000), ("CDS-17", 79, 99)];

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn attach(commune: &Commune, period: &str) {
    let (report, picture) = (commune.desk().join("bien-ban.pdf"), commune.desk().join("anh.png"));
    fs::write(&report, pdf(period)).unwrap();
    fs::write(&picture, png(period)).unwrap();
    let _ = commune.command(["attach", "CDS-17", "--period", period, text(&report), text(&picture)]).ok();
}

/// A commune that has sent its figures, and two files with one of them.
fn reported(province: &mut Province) -> Commune {
    province.serve();
    let commune = Commune::joined(province, "dinh-quan");
    let _ = commune.import(&figures_csv("2026-10", &FIGURES)).ok();
    attach(&commune, "2026-10");
    let _ = commune.command(["sync"]).ok();
    commune
}

#[test]
fn the_province_lists_evidence_and_reads_it_back() {
    let mut province = Province::found();
    let _commune = reported(&mut province);
    let list =
        province.command(["evidence", "--commune", "dinh quan", "--indicator", "cds-17", "--format", "json"]).json();
    let list = list.as_array().unwrap();
    assert_eq!(list.len(), 2);
    let csv = province.command(["evidence", "--period", "2026-10", "--format", "csv"]).ok();
    assert!(csv.contains(",pdf,") && csv.contains(",png,") && csv.contains(",yes,"), "{csv}");
    let out = province.desk().join("out");
    let get = ["evidence", "get", "dinh-quan", "CDS-17", "--period", "2026-10", "--out", text(&out)];
    assert_eq!(province.command(get).ok().lines().count(), 2);
    assert_eq!(fs::read(out.join("bien-ban.pdf")).unwrap(), pdf("2026-10"));
    assert_eq!(fs::read(out.join("anh.png")).unwrap(), png("2026-10"));
    let _ = province.command(get).failed(1);
    let hash = list[0]["sha256"].as_str().unwrap();
    let alone = province.desk().join("alone");
    let _ = province.command(["evidence", "get", hash, "--out", text(&alone)]).ok();
    assert_eq!(fs::read_dir(&alone).unwrap().count(), 1);
    let told = province.command(["evidence", "get", &"ab".repeat(32), "--out", text(&alone)]).failed(1);
    assert!(told.contains("không có minh chứng"), "{told}");
}

#[test]
fn evidence_of_two_gibibytes_is_refused_before_it_is_read() {
    let mut province = Province::found();
    province.serve();
    let commune = Commune::joined(&province, "dinh-quan");
    let _ = commune.import(&figures_csv("2026-10", &FIGURES)).ok();
    // Takes no room: it is all hole. Reading it would take minutes.
    let file = commune.desk().join("phim.pdf");
    fs::File::create(&file).unwrap().set_len(2 << 30).unwrap();
    let told = commune.command(["attach", "CDS-17", "--period", "2026-10", text(&file)]).failed(3);
    assert!(told.contains("phim.pdf") && told.contains("MiB"), "{told}");
    let _ = commune.command(["sync"]).ok();
    assert_eq!((&commune.status()["pending"], &commune.status()["evidence_files"]), (&0.into(), &0.into()));
}

#[test]
fn what_was_damaged_or_lost_at_the_province_is_sent_again() {
    let mut province = Province::found();
    let commune = reported(&mut province);
    let _ = province.command(["verify"]).ok();
    let list = province.command(["evidence", "--format", "json"]).json();
    let [first, second] = [0, 1].map(|row| {
        let hash = list[row]["sha256"].as_str().unwrap();
        province.data().join("evidence").join(&hash[..2]).join(hash)
    });
    let whole = fs::read(&first).unwrap();
    fs::write(&first, vec![0; whole.len()]).unwrap();
    fs::remove_file(second).unwrap();
    let told = province.command(["verify"]).failed(1);
    assert!(told.contains("2 chỗ sai lệch") && told.contains("verify --repair"), "{told}");
    // The server runs on meanwhile.
    let told = province.command(["verify", "--repair"]).ok();
    assert!(told.contains("Đã xin gửi lại 2 tệp minh chứng"), "{told}");
    let shown = province.command(["evidence", "--format", "csv"]).ok();
    assert_eq!(shown.matches(",no,").count(), 2, "{shown}");
    let _ = commune.command(["sync"]).ok();
    let _ = province.command(["verify"]).ok();
    assert_eq!(fs::read(first).unwrap(), whole);
    assert_eq!(province.command(["evidence", "--format", "csv"]).ok().matches(",yes,").count(), 2);
    assert_eq!(commune.status()["evidence_pending_files"], 0);
}
