//! Backups of running programs, the way back into the same folder and into a new one, and what is refused.

use std::{
    fs,
    path::{Path, PathBuf},
};
use system_tests::{
    commune::Commune,
    document::{pdf, png},
    program::{Done, figures_csv, run},
    province::Province,
};

const FIGURES: [(&str, u32, u32); 3] = [("CDS-05", 700, 1_000), ("CDS-07", 960, 1_000), ("CDS-17", 79, 99)];

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// What a command of a program on another folder says.
fn on(program: &str, data: &Path, words: &[&str]) -> Done {
    run(program, [&["--data", text(data)], words].concat())
}

fn files(root: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { all.extend(files(&path)) } else { all.push(path) }
    }
    all.sort();
    all
}

fn holds(root: &Path, what: &[u8]) -> bool {
    files(root).iter().any(|file| fs::read(file).unwrap().windows(what.len()).any(|window| window == what))
}

/// Everything of a data folder that is not a lock, and not what a reader of the store leaves.
fn content(root: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let kept = files(root)
        .into_iter()
        .filter(|path| !path.extension().is_some_and(|word| word == "lock" || word == "db-shm" || word == "db-wal"));
    kept.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

fn attach(commune: &Commune, period: &str) {
    let (report, picture) = (commune.desk().join("bien-ban.pdf"), commune.desk().join("anh.png"));
    fs::write(&report, pdf(period)).unwrap();
    fs::write(&picture, png(period)).unwrap();
    let _ = commune.command(["attach", "CDS-17", "--period", period, text(&report), text(&picture)]).ok();
}

fn figures_of(program: &str, data: &Path) -> usize {
    let csv = match program {
        "commune-agent" => on(program, data, &["history", "CDS-17", "--format", "csv"]).ok(),
        _ => on(program, data, &["export", "observations"]).ok(),
    };
    csv.lines().count() - 1
}

#[test]
fn a_commune_is_backed_up_while_it_works_and_comes_back() {
    let mut province = Province::found();
    province.serve();
    let commune = Commune::joined(&province, "dinh-quan");
    let mut service = commune.start(["run"]);
    let _ = commune.import(&figures_csv("2026-09", &FIGURES)).ok();
    attach(&commune, "2026-09");
    let place = commune.desk().join("backup");
    let figures = commune.desk().join("october.csv");
    fs::write(&figures, figures_csv("2026-10", &FIGURES)).unwrap();
    let mut entering = commune.start(["import", text(&figures)]);
    let said = commune.command(["backup", text(&place)]).ok();
    assert!(said.contains("2 tệp minh chứng"), "{said}");
    assert_eq!(entering.wait(), Some(0));
    let json = commune.command(["backup", text(&place), "--format", "json"]).json();
    assert_eq!((&json["changes"], &json["evidence_files"], &json["new_files"]), (&8.into(), &2.into(), &0.into()));
    assert!(!holds(&place, b"-----BEGIN"), "no key, no certificate");

    let told = commune.command(["restore", text(&place)]).failed(1);
    assert!(told.contains("dịch vụ nền đang chạy"), "{told}");
    assert_eq!(service.terminate(), Some(0));
    let _ = commune.import(&figures_csv("2026-11", &FIGURES)).ok();
    let said = commune.command(["restore", text(&place)]).ok();
    assert!(said.contains("store.db.before-restore-") && said.contains("Lần đồng bộ tới"), "{said}");
    assert_eq!(figures_of("commune-agent", &commune.data()), 2);
    assert_eq!(commune.status()["commune"], "dinh-quan");

    let new = commune.desk().join("new computer");
    let said = on("commune-agent", &new, &["restore", text(&place)]).ok();
    assert!(said.contains("commune-agent join"), "{said}");
    assert_eq!(figures_of("commune-agent", &new), 2);
    let evidence = on("commune-agent", &new, &["evidence", "CDS-17", "--format", "json"]).json();
    let kinds: Vec<_> = evidence.as_array().unwrap().iter().map(|file| file["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["pdf", "png"], "the files came back too");
}

#[test]
fn a_damaged_backup_is_refused_and_changes_nothing() {
    let mut province = Province::found();
    province.serve();
    let commune = Commune::joined(&province, "tan-phu");
    let _ = commune.import(&figures_csv("2026-10", &FIGURES)).ok();
    attach(&commune, "2026-10");
    let _ = commune.command(["sync"]).ok();
    let (own, whole) = (commune.desk().join("backup"), province.desk().join("backup"));
    let _ = commune.command(["backup", text(&own)]).ok();
    let _ = province.command(["backup", text(&whole)]).ok();
    province.kill();
    for (program, data, place, code) in
        [("commune-agent", commune.data(), own, 3), ("province-aggregator", province.data(), whole, 1)]
    {
        let before = content(&data);
        let parts = files(&place).into_iter().filter(|path| path.extension().is_none_or(|word| word != "lock"));
        for part in parts {
            let good = fs::read(&part).unwrap();
            let mut flipped = good.clone();
            flipped[good.len() / 2] ^= 0x10;
            for bad in [&flipped[..], &good[..good.len() - 1], b""] {
                fs::write(&part, bad).unwrap();
                let told = on(program, &data, &["restore", text(&place)]).failed(code);
                assert!(told.contains("chưa thay đổi gì"), "{part:?}: {told}");
            }
            fs::write(&part, good).unwrap();
        }
        assert_eq!(content(&data), before, "{program}");
        let other = if program == "commune-agent" { "province-aggregator" } else { "commune-agent" };
        let elsewhere = place.with_file_name("elsewhere");
        let told = on(other, &elsewhere, &["restore", text(&place)]);
        assert!(told.code != Some(0) && told.err.contains(program), "{told:?}");
        assert!(!elsewhere.exists());
        let _ = on(program, &data, &["restore", text(&place)]).ok();
    }
}

#[test]
fn a_province_is_backed_up_while_it_serves_and_comes_back() {
    let mut province = Province::found();
    province.serve();
    let commune = Commune::joined(&province, "loc-tan");
    let _ = commune.import(&figures_csv("2026-09", &FIGURES)).ok();
    let _ = commune.command(["sync"]).ok();
    let place = province.desk().join("backup");
    let _ = commune.import(&figures_csv("2026-10", &FIGURES)).ok();
    let mut session = commune.start(["sync"]);
    let said = province.command(["backup", text(&place)]).ok();
    assert!(said.contains("KHÔNG chứa khóa") && said.contains("authority"), "{said}");
    assert_eq!(session.wait(), Some(0));
    let _ = province.command(["backup", text(&place)]).ok();
    assert!(!holds(&place, b"PRIVATE KEY"));
    let _ = commune.import(&figures_csv("2026-11", &FIGURES)).ok();
    let _ = commune.command(["sync"]).ok();
    assert_eq!(figures_of("province-aggregator", &province.data()), 9);
    let before = province.command(["export", "observations"]).ok();

    let told = province.command(["restore", text(&place)]).failed(1);
    assert!(told.contains("máy chủ khác đang chạy"), "{told}");
    province.kill();
    let said = province.command(["restore", text(&place)]).ok();
    assert!(said.contains("store.db.before-restore-") && said.contains("được lấy lại"), "{said}");
    assert_eq!(figures_of("province-aggregator", &province.data()), 6);
    // Weeks later, and the month was closed: the receipts say when the figures had come, and what was not there is late.
    province.clock("2026-12-20T08:00:00+07:00");
    let _ = province.command(["period", "close", "2026-11"]).ok();
    province.serve();
    let _ = commune.command(["sync"]).ok();
    let after = province.command(["export", "observations"]).ok();
    assert_eq!(after, before, "the commune sent again what was lost, and nothing is any later for it");
    assert_eq!(commune.status()["digests"], "equal");
    let late = province.command(["period", "late", "2026-11", "--format", "csv"]).ok();
    assert_eq!(late.lines().count(), 1 + 3, "{late}");

    let new = province.desk().join("new machine");
    let told = on("province-aggregator", &new, &["restore", text(&place)]).failed(1);
    assert!(told.contains("--authority") && !new.exists(), "{told}");
    let keys = province.data().join("authority");
    let said = on("province-aggregator", &new, &["restore", text(&place), "--authority", text(&keys)]).ok();
    assert!(said.contains("Dấu vân tay") && said.contains("phải làm lại TRƯỚC khi chạy `serve`"), "{said}");
    assert_eq!(figures_of("province-aggregator", &new), 6);
    assert_eq!(fs::read(keys.join("key.pem")).unwrap(), fs::read(new.join("authority/key.pem")).unwrap());
}

#[test]
fn a_commune_that_joined_after_the_backup_goes_on_with_what_it_has() {
    let mut province = Province::found();
    province.serve();
    let (known, revoked) = (Commune::joined(&province, "loc-tan"), Commune::joined(&province, "tan-phu"));
    let place = province.desk().join("backup");
    let _ = province.command(["backup", text(&place)]).ok();
    let late = Commune::joined(&province, "dinh-quan");
    for commune in [&known, &revoked, &late] {
        let _ = commune.import(&figures_csv("2026-10", &FIGURES)).ok();
        let _ = commune.command(["sync"]).ok();
    }
    province.kill();
    // Nothing of the store can be read any more: what it knew of the communes is lost.
    for rest in ["store.db-wal", "store.db-shm"] {
        let _ = fs::remove_file(province.data().join(rest));
    }
    fs::write(province.data().join("store.db"), "no database, but long enough to be taken for one".repeat(40)).unwrap();
    let said = province.command(["restore", text(&place)]).ok();
    assert!(said.contains("phải làm lại TRƯỚC khi chạy `serve`"), "{said}");
    let _ = province.command(["revoke", "tan-phu"]).ok();
    province.serve();
    for commune in [&known, &late] {
        let session = commune.command(["sync", "--format", "json"]).json();
        assert_eq!(session["outcome"], "done", "{session}");
    }
    let _ = revoked.command(["sync"]).failed(5);
    assert_eq!(figures_of("province-aggregator", &province.data()), 6);
}
