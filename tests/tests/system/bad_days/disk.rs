//! A full disk at either end. It takes a small disk, which takes root; elsewhere the stores' own tests of a full store are what there is
//! (`a_full_store_takes_nothing_and_goes_on_when_there_is_room`, `a_full_disk_is_said_and_nothing_is_lost`).

use super::{FIGURES, LONGEST, assert_held, report};
use std::fs;
use system_tests::{commune::Commune, document::pdf, province::Province, space::Small};

/// So large that it does not fit on what is left of a small disk.
const EVIDENCE_BYTES: usize = 6 * 1024 * 1024;
/// So much is left then.
const ROOM_FOR_FIGURES: u64 = 2 * 1024 * 1024;

fn small(mebibytes: u32) -> Option<Small> {
    let disk = Small::mount(mebibytes);
    if disk.is_none() {
        eprintln!("no small disk can be mounted here (it takes root): a full disk is not tried with real programs");
    }
    disk
}

#[test]
fn a_full_disk_of_a_commune_is_said_and_what_was_entered_stays() {
    let Some(disk) = small(24) else { return };
    let mut province = Province::found();
    province.serve();
    let commune = Commune::joined_in(disk.path(), &province, "loc-tan");
    let _ = commune.command(["sync"]).ok();
    report(&commune, "2026-09");
    let full = disk.fill();
    // What fits in the space that the store holds already may still go in; then no more does.
    let refused = (1..1_000).find_map(|value| {
        let figure = [
            "record",
            "CDS-17",
            "--period",
            "2026-10",
            "--ratio",
            &format!("{value}/1000"),
            "--note",
            &"x".repeat(900),
        ];
        let done = commune.command(figure);
        (done.code != Some(0)).then_some((value, done))
    });
    let (value, done) = refused.expect("a full disk");
    assert!(done.code == Some(1) && done.err.contains("đầy"), "{}{}", done.out, done.err);
    let entered = value - 1;
    // The service does not keep the store from others for as long as it runs: it says why, and ends.
    let mut service = commune.start(["run"]);
    assert_eq!(service.wait_at_most(LONGEST), Some(1));
    // Reading goes on.
    let _ = commune.command(["history", "CDS-17"]).ok();
    assert_eq!(commune.status()["pending"], FIGURES.len() + entered);
    let told = commune.command(["--lang", "en", "doctor"]);
    assert!(told.code == Some(1) && told.out.contains("0 MiB are free for"), "{}", told.out);
    drop(full);
    report(&commune, "2026-08");
    let _ = commune.command(["sync"]).ok();
    let held = province.command(["export", "observations"]).ok();
    assert_eq!(held.lines().count() - 1, 2 * FIGURES.len() + entered);
    let _ = commune.command(["verify"]).ok();
}

/// Most months of figures until a full disk has taken all that fits into what the store holds already.
const MOST_ROUNDS: u32 = 40;

/// Figures with long notes that do not compress.
fn enter_much(commune: &Commune, round: u32) {
    let mut csv = String::from("indicator,period,numerator,denominator,note\n");
    let mut noise = u64::from(round) + 1;
    for code in ["NL-03", "CDS-05", "CDS-07", "CDS-08", "CDS-11", "CDS-17"] {
        for month in 1..=10 {
            let mut note = String::new();
            for _ in 0..120 {
                noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                note += &format!("{noise:016x}");
            }
            csv += &format!("{code},2026-{month:02},{},1000,{note}\n", round + 1);
        }
    }
    let _ = commune.import(&csv).ok();
}

#[test]
fn a_full_disk_of_the_province_confirms_nothing_and_goes_on_when_there_is_room() {
    let Some(disk) = small(48) else { return };
    let mut province = Province::found_in(disk.path());
    province.serve();
    let commune = Commune::joined(&province, "loc-tan");
    let _ = commune.command(["sync"]).ok();
    let full = disk.fill();
    let (rounds, done) = (0..MOST_ROUNDS)
        .find_map(|round| {
            enter_much(&commune, round);
            let done = commune.command(["sync"]);
            (done.code != Some(0)).then_some((round + 1, done))
        })
        .expect("a full disk");
    assert!(done.code == Some(4) && done.out.contains("tự thử lại"), "{}{}", done.out, done.err);
    let status = commune.status();
    let held = || province.command(["export", "observations"]).ok().lines().count() - 1;
    let acknowledged = usize::try_from(status["acknowledged"].as_u64().unwrap()).unwrap();
    assert!(status["pending"].as_u64() > Some(0) && acknowledged <= held(), "{status}");
    // Reading goes on, and whoever decides is told why it is not done.
    let _ = province.command(["rankings", "--period", "2026-09"]).ok();
    let told = (0..1_000).find_map(|_| {
        let words = ["exception", "loc-tan", "--period", "2026-10", "--cutoff", "2026-10-24", "--reason", "mưa bão"];
        Some(province.command(words)).filter(|done| done.code != Some(0))
    });
    assert!(told.expect("a refusal").failed(1).contains("đầy"));
    let told = province.command(["--lang", "en", "doctor"]);
    assert!(told.code == Some(1) && told.out.contains("are free for"), "{}", told.out);
    drop(full);
    // The same server goes on.
    let _ = commune.command(["sync"]).ok();
    assert_eq!(held(), 60 * usize::try_from(rounds).unwrap());
    assert_eq!(commune.status()["pending"], 0);
    let _ = commune.command(["verify-receipts"]).ok();
    let _ = province.command(["verify"]).ok();
}

#[test]
fn evidence_waits_for_room_and_figures_do_not_wait_for_it() {
    let Some(disk) = small(48) else { return };
    let mut province = Province::found_in(disk.path());
    province.serve();
    let commune = Commune::joined(&province, "loc-tan");
    let _ = commune.command(["sync"]).ok();
    report(&commune, "2026-10");
    let file = commune.desk().join("bien-ban.pdf");
    let mut bytes = pdf("biên bản");
    let end = bytes.len() - 6;
    bytes.splice(end..end, vec![b'%'; EVIDENCE_BYTES]);
    fs::write(&file, &bytes).unwrap();
    let _ = commune.command(["attach", "CDS-17", "--period", "2026-10", file.to_str().unwrap()]).ok();
    let full = disk.fill_but(ROOM_FOR_FIGURES);
    let done = commune.command(["sync"]);
    assert_eq!(commune.status()["pending"], 0, "{}{}", done.out, done.err);
    assert_eq!(commune.status()["evidence_pending_files"], 1, "{}{}", done.out, done.err);
    assert!(done.code == Some(0) && done.out.contains("minh chứng còn lại"), "{}{}", done.out, done.err);
    drop(full);
    let _ = commune.command(["sync"]).ok();
    assert_eq!(commune.status()["evidence_pending_files"], 0);
    assert_held(&province, &[(&commune, 1)]);
}
