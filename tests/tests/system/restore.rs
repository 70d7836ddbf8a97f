//! What was restored, copied or lost heals in its next session: each case with real programs and the real `backup` and `restore`.

use std::{fs, path::Path};
use system_tests::{
    commune::Commune,
    program::{figures_csv, run},
    province::Province,
};

const FIGURES: [(&str, u32, u32); 3] = [("CDS-05", 700, 1_000), ("CDS-07", 960, 1_000), ("CDS-17", 79, 99)];

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn report(commune: &Commune, period: &str) {
    let _ = commune.import(&figures_csv(period, &FIGURES)).ok();
}

fn sync(commune: &Commune) {
    let session = commune.command(["sync", "--format", "json"]).json();
    assert_eq!(session["outcome"], "done", "{session}");
}

/// Both ends hold the same, this many figures of the commune, and both can prove it.
fn assert_whole(province: &Province, commune: &Commune, figures: usize) {
    let status = commune.status();
    assert_eq!((&status["pending"], &status["digests"]), (&0.into(), &"equal".into()), "{status}");
    let _ = commune.command(["verify"]).ok();
    let _ = commune.command(["verify-receipts"]).ok();
    let _ = province.command(["verify"]).ok();
    let lines = commune.command(["history", "CDS-17", "--format", "csv"]).ok().lines().count() - 1;
    assert_eq!(lines, figures / FIGURES.len());
}

fn held(province: &Province) -> usize {
    province.command(["export", "observations"]).ok().lines().count() - 1
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, to) = (entry.as_ref().unwrap().path(), to.join(entry.as_ref().unwrap().file_name()));
        if path.is_dir() {
            copy(&path, &to);
        } else {
            fs::copy(&path, &to).unwrap();
        }
    }
}

#[test]
fn a_restored_commune_takes_back_what_it_had_sent_and_sends_what_it_had_not() {
    let mut province = Province::found();
    province.serve();
    let commune = Commune::joined(&province, "dinh-quan");
    let backup = commune.desk().join("backup");
    report(&commune, "2026-07");
    sync(&commune);
    let _ = commune.command(["backup", text(&backup)]).ok();
    report(&commune, "2026-08");
    sync(&commune);
    let _ = commune.command(["restore", text(&backup)]).ok();
    report(&commune, "2026-09");
    sync(&commune);
    assert_whole(&province, &commune, 9);
    assert_eq!(commune.status()["conflicts"], 0);
}

#[test]
fn both_ends_restored_at_once_lose_only_what_neither_has() {
    let mut province = Province::found();
    province.serve();
    let commune = Commune::joined(&province, "dinh-quan");
    let (own, theirs) = (commune.desk().join("backup"), province.desk().join("backup"));
    report(&commune, "2026-07");
    sync(&commune);
    let _ = province.command(["backup", text(&theirs)]).ok();
    report(&commune, "2026-08");
    sync(&commune);
    let _ = commune.command(["backup", text(&own)]).ok();
    report(&commune, "2026-09");
    sync(&commune);
    province.kill();
    let _ = province.command(["restore", text(&theirs)]).ok();
    let _ = commune.command(["restore", text(&own)]).ok();
    province.serve();
    sync(&commune);
    assert_whole(&province, &commune, 6);
}

#[test]
fn a_copied_computer_and_the_one_it_was_copied_from_both_go_on() {
    let mut province = Province::found();
    province.serve();
    let (first, second) = (Commune::joined(&province, "dinh-quan"), Commune::new());
    report(&first, "2026-07");
    sync(&first);
    copy(&first.data(), &second.data());
    report(&first, "2026-08");
    let _ = second.command(["record", "CDS-17", "--period", "2026-08", "--ratio", "80/99"]).ok();
    // Each takes over what the other has sent, in turn; what both entered is for a person.
    for _ in 0..2 {
        sync(&first);
        sync(&second);
    }
    sync(&first);
    assert_eq!(held(&province), 7);
    for commune in [&first, &second] {
        let status = commune.status();
        assert_eq!((&status["pending"], &status["conflicts"]), (&0.into(), &1.into()), "{status}");
    }
    let shown = province.command(["conflicts", "--format", "json"]).json();
    assert_eq!(shown.as_array().unwrap().len(), 1, "{shown}");
    let listed = province.command(["communes", "--format", "json"]).json();
    let listed = listed.as_array().unwrap().iter().find(|one| one["slug"] == "dinh-quan").unwrap();
    assert!(listed["copy_seen_at"].as_str().is_some_and(|at| !at.is_empty()), "two live copies are shown: {listed}");
}

#[test]
fn a_lost_computer_is_replaced_and_has_everything_back() {
    let mut province = Province::found();
    province.serve();
    let lost = Commune::joined(&province, "dinh-quan");
    report(&lost, "2026-07");
    report(&lost, "2026-08");
    sync(&lost);
    drop(lost);
    let new = Commune::joined(&province, "dinh-quan");
    report(&new, "2026-09");
    sync(&new);
    assert_whole(&province, &new, 9);
}

#[test]
fn a_province_restored_on_a_new_machine_is_filled_again() {
    let mut province = Province::found();
    province.serve();
    let communes = ["dinh-quan", "tan-phu"].map(|slug| Commune::joined(&province, slug));
    let backup = province.desk().join("backup");
    report(&communes[0], "2026-07");
    sync(&communes[0]);
    let _ = province.command(["backup", text(&backup)]).ok();
    for commune in &communes {
        report(commune, "2026-08");
        sync(commune);
    }
    let before = province.command(["export", "observations"]).ok();
    begin_on_a_new_machine(&mut province, &backup);
    for commune in &communes {
        sync(commune);
    }
    assert_eq!(province.command(["export", "observations"]).ok(), before);
    assert_whole(&province, &communes[0], 6);
    assert_whole(&province, &communes[1], 3);
}

/// The province's machine is lost; another one begins with the backup and the authority that was kept apart.
fn begin_on_a_new_machine(province: &mut Province, backup: &Path) {
    province.kill();
    let keys = province.desk().join("kept");
    copy(&province.data().join("authority"), &keys);
    fs::remove_dir_all(province.data()).unwrap();
    let data = province.data();
    let words = ["--data", text(&data), "restore", text(backup), "--authority", text(&keys)];
    let said = run("province-aggregator", words).ok();
    assert!(said.contains("phải làm lại TRƯỚC khi chạy `serve`"), "{said}");
    province.serve();
}

#[test]
fn who_got_a_certificate_after_the_backup_need_not_join_again() {
    let mut province = Province::found();
    province.serve();
    let backup = province.desk().join("backup");
    let _ = province.command(["backup", text(&backup)]).ok();
    let [online, offline] = ["dinh-quan", "tan-phu"].map(|slug| Commune::joined(&province, slug));
    for commune in [&online, &offline] {
        report(commune, "2026-08");
    }
    sync(&online);
    // Sealed for the old machine, opened on the new one.
    let (bundle, answer) = (offline.desk().join("a.bundle"), offline.desk().join("a.answer"));
    let _ = offline.command(["bundle", "make", text(&bundle)]).ok();
    begin_on_a_new_machine(&mut province, &backup);
    sync(&online);
    let _ = province.command(["bundle", "take", text(&bundle), "--out", text(&answer)]).ok();
    let _ = offline.command(["bundle", "take", text(&answer)]).ok();
    assert_eq!((offline.status()["pending"].clone(), held(&province)), (0.into(), 6));
    assert_whole(&province, &online, 3);
    let listed = province.command(["certificates", "--format", "json"]).json();
    assert_eq!(listed.as_array().unwrap().len(), 2, "{listed}");
}

#[test]
fn what_was_revoked_or_used_up_after_the_backup_stays_so() {
    let mut province = Province::found();
    province.serve();
    let stolen = Commune::joined(&province, "dinh-quan");
    let backup = province.desk().join("backup");
    let invitation = province.invite("tan-phu");
    let _ = province.command(["backup", text(&backup)]).ok();
    let _ = province.command(["revoke", "dinh-quan"]).ok();
    let joined = Commune::new();
    let _ = joined.join(province.url(), &invitation).ok();
    province.kill();
    let said = province.command(["restore", text(&backup)]).ok();
    assert!(!said.contains("phải làm lại TRƯỚC khi chạy `serve`"), "{said}");
    province.serve();
    let _ = stolen.command(["sync"]).failed(5);
    let _ = Commune::new().join(province.url(), &invitation).failed(5);
    report(&joined, "2026-08");
    sync(&joined);
    assert_whole(&province, &joined, 3);
}

#[test]
fn receipts_of_a_replaced_authority_stay_good_and_a_rotation_survives_its_machine() {
    let mut province = Province::found();
    province.serve();
    let commune = Commune::joined(&province, "dinh-quan");
    report(&commune, "2026-08");
    sync(&commune);
    let receipts = commune.desk().join("receipts.json");
    let _ = commune.command(["receipts", "--export", text(&receipts)]).ok();
    let backup = province.desk().join("backup");
    let _ = province.command(["backup", text(&backup)]).ok();
    let _ = province.command(["authority", "rotate"]).ok();
    // Under the next authority, which the kept folder has too.
    let newcomer = Commune::joined(&province, "tan-phu");
    begin_on_a_new_machine(&mut province, &backup);
    sync(&newcomer);
    sync(&commune);
    let _ = province.command(["authority", "finish", "--force"]).ok();
    let _ = province.command(["verify-receipt", text(&receipts)]).ok();
}
