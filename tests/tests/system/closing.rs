//! A month is closed: its ranking stays as it was, whatever comes later, can be proved and recomputed by others, opened and closed again.

use rusqlite::Connection;
use sha2::{Digest, Sha256};
use std::{fs, path::Path, time::Duration};
use system_tests::{
    commune::Commune,
    document::pdf,
    program::{figures_csv, run},
    province::Province,
};

fn figures(month: &str, better: u32) -> String {
    figures_csv(month, &[("CDS-05", 700 + better, 1_000), ("CDS-07", 900, 1_000), ("CDS-17", 60, 99)])
}

/// Three communes have reported September in time, each a bit better than the one before; it is the 25th.
fn september(province: &mut Province) -> [Commune; 3] {
    province.clock("2026-09-12T09:00:00+07:00");
    province.serve();
    let communes = ["dinh-quan", "loc-tan", "tan-phu"].map(|slug| Commune::joined(province, slug));
    for (commune, better) in communes.iter().zip([0, 50, 100]) {
        let _ = commune.import(&figures("2026-09", better)).ok();
        let _ = commune.command(["sync"]).ok();
    }
    communes
}

fn rankings(province: &Province, period: &str, revision: &str) -> String {
    province.command(["rankings", "--period", period, "--revision", revision, "--format", "csv"]).ok()
}

/// Rank and movement of a commune.
fn place<'a>(rankings: &'a str, commune: &str) -> [&'a str; 2] {
    let cells: Vec<_> = rankings.lines().find(|line| line.contains(commune)).unwrap().split(',').collect();
    [cells[2], cells[10]]
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn what_was_closed_stays_and_what_comes_later_waits_for_the_next_closing() {
    let mut province = Province::found();
    let [dinh_quan, _, tan_phu] = september(&mut province);
    let told = province.command(["period", "close", "2026-09"]).failed(1);
    assert!(told.contains("19/09/2026") && told.contains("--early"), "{told}");
    let _ = province.command(["period", "close", "2026-10"]).failed(1);
    let _ = province.command(["period", "close", "2025-09"]).failed(1);
    province.clock("2026-09-25T09:00:00+07:00");
    let open = rankings(&province, "2026-09", "");
    let said = province.command(["period", "close", "2026-09"]).ok();
    assert!(said.contains("lần 1") && said.contains("Mã băm"), "{said}");
    assert!(province.command(["period", "close", "2026-09"]).ok().contains("không thay đổi gì"));
    assert_eq!(rankings(&province, "2026-09", ""), open);
    assert_eq!(place(&open, "tan-phu")[0], "1");

    // Figures, evidence and a verdict for September that come in October: kept, said to be late, and not in its ranking.
    province.clock("2026-10-12T09:00:00+07:00");
    let _ = dinh_quan.command(["sync"]).ok();
    let late = dinh_quan.command(["record", "CDS-08", "--period", "2026-09", "--ratio", "79/100"]).ok();
    assert!(late.contains("đã chốt kỳ 2026-09"), "{late}");
    let proof = tan_phu.desk().join("biên bản.pdf");
    fs::write(&proof, pdf("2026-09")).unwrap();
    let _ = tan_phu.command(["sync"]).ok();
    let told = tan_phu.command(["attach", "CDS-07", "--period", "2026-09", text(&proof)]).ok();
    assert!(told.contains("đã chốt kỳ 2026-09"), "{told}");
    for (commune, better) in [(&dinh_quan, 290), (&tan_phu, 0)] {
        let _ = commune.import(&figures("2026-10", better)).ok();
        let _ = commune.command(["sync"]).ok();
        assert_eq!(commune.status()["refused"], serde_json::json!([]));
    }
    let _ = province.command(["review", "loc-tan", "CDS-17", "--period", "2026-09", "--return", "chưa khớp"]).ok();
    let late = province.command(["period", "late", "2026-09", "--format", "json"]).json();
    let seen: Vec<_> = late.as_array().unwrap().iter().map(|one| [&one["commune"], &one["late"]]).collect();
    let expected = [["dinh-quan", "figure"], ["loc-tan", "verdict"], ["tan-phu", "evidence"]];
    assert_eq!(serde_json::json!(seen), serde_json::json!(expected));
    assert_eq!(rankings(&province, "2026-09", ""), open, "as it was closed");
    let present = rankings(&province, "2026-09", "present");
    assert_eq!(place(&present, "dinh-quan")[0], "1", "{present}");
    // Movement is against what was closed, not against what September would be by now.
    let october = rankings(&province, "2026-10", "");
    assert_eq!(place(&october, "dinh-quan"), ["1", "2"], "{october}");
    let explained = province.command(["explain", "dinh-quan", "--period", "2026-09"]).ok();
    assert!(explained.contains("đã chốt lần 1 ngày 25/09/2026"), "{explained}");
    // The same from afar, and for the commune.
    let credential = province.desk().join("can-bo");
    let _ = province.command(["credential", "an", "--out", text(&credential)]).ok();
    let afar = ["--server", province.url(), "--credential", text(&credential)];
    for of in
        [&["--period", "2026-09"][..], &["--period", "2026-09", "--revision", "present"], &["--period", "2026-10"]]
    {
        let data = province.data();
        let here = run("province-aggregator", ["--data", text(&data), "rankings"].iter().chain(of));
        let there = run("province-aggregator", ["rankings"].iter().chain(of).chain(&afar));
        assert_eq!(here.ok(), there.ok(), "{of:?}");
    }
    let _ = dinh_quan.command(["sync"]).ok();
    let own = dinh_quan.command(["standing", "--period", "2026-09", "--format", "json"]).json().to_string();
    assert!(own.contains("\"rank\":3"), "{own}");

    // Opened and closed again: a second revision, and the first is still there to be read.
    let told =
        province.command(["exception", "tan-phu", "--period", "2026-09", "--cutoff", "2026-09-24", "--reason", "lũ"]);
    assert!(told.failed(1).contains("period reopen"));
    let _ = province.command(["period", "reopen", "2026-09"]).failed(2);
    let _ = province.command(["period", "reopen", "2026-08", "--reason", "x"]).failed(1);
    let _ = province.command(["period", "reopen", "2026-09", "--reason", "số liệu nộp muộn của Định Quán"]).ok();
    assert_eq!(rankings(&province, "2026-09", ""), present);
    let _ = province.command(["period", "late", "2026-09"]).failed(1);
    assert!(province.command(["period", "close", "2026-09"]).ok().contains("lần 2"));
    assert_eq!(rankings(&province, "2026-09", ""), present);
    assert_eq!(rankings(&province, "2026-09", "1"), open);
    let _ = province.command(["rankings", "--period", "2026-09", "--revision", "3"]).failed(1);
    let _ = province.command(["rankings", "--period", "2026-09", "--revision", "0"]).failed(2);
    let listed = province.command(["period", "list", "--format", "json"]).json();
    let seen: Vec<_> = listed.as_array().unwrap().iter().map(|one| [&one["revision"], &one["state"]]).collect();
    assert_eq!(serde_json::json!(seen), serde_json::json!([[1, "reopened"], [2, "closed"]]));
    let _ = province.command(["period", "verify"]).ok();
}

#[test]
fn a_closed_month_is_recomputed_by_others_and_an_altered_one_is_found() {
    let mut province = Province::found();
    let _communes = september(&mut province);
    province.clock("2026-10-02T09:00:00+07:00");
    let _ = province.command(["period", "close", "2026-09"]).ok();
    let out = province.desk().join("chốt 2026-09");
    let said = province.command(["period", "export", "2026-09", "--out", text(&out)]).ok();
    let _ = province.command(["period", "export", "2026-09", "--out", text(&out)]).failed(1);
    let _ = province.command(["period", "export", "2026-08", "--out", "x"]).failed(1);
    for scheme in ["own", "common", "standard"] {
        for table in ["rankings", "explain"] {
            let frozen = fs::read_to_string(out.join(format!("{table}-{scheme}.csv"))).unwrap();
            let args = ["recompute", text(&out), table, "--period", "2026-09", "--scheme", scheme];
            assert_eq!(run("province-aggregator", args).ok(), frozen, "{scheme} {table}");
            let shown = province.command(["export", table, "--period", "2026-09", "--scheme", scheme]).ok();
            assert_eq!(shown, frozen, "{scheme} {table}");
        }
    }
    for table in ["communes", "indicators", "targets", "exceptions", "observations"] {
        let frozen = fs::read_to_string(out.join(format!("{table}.csv"))).unwrap();
        assert_eq!(province.command(["export", table, "--period", "2026-09"]).ok(), frozen, "{table}");
    }
    // The digest that was printed is the SHA-256 of the head, for whoever has another program.
    let head = fs::read(out.join("snapshot.txt")).unwrap();
    let digest: String = Sha256::digest(&head).iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(said.contains(&digest), "{said}");
    let targets = out.join("targets.csv");
    fs::write(&targets, fs::read_to_string(&targets).unwrap().replace(",80,", ",8,")).unwrap();
    let args = ["recompute", text(&out), "rankings", "--period", "2026-09"];
    assert!(run("province-aggregator", args).failed(1).contains("targets.csv"));
    let args = ["recompute", text(&out), "rankings", "--period", "2026-10"];
    let _ = run("province-aggregator", args).failed(1);

    let _ = province.command(["period", "verify", "2026-09"]).ok();
    let _ = province.command(["period", "verify", "2026-08"]).failed(1);
    province.kill();
    let store = Connection::open(province.data().join("store.db")).unwrap();
    let other = "(SELECT {} FROM snapshot_table WHERE name = 'rankings-common.csv')";
    let [bytes, size] = ["bytes", "size"].map(|column| other.replace("{}", column));
    let alter = format!("UPDATE snapshot_table SET bytes = {bytes}, size = {size} WHERE name = 'rankings-own.csv'");
    assert_eq!(store.execute(&alter, []).unwrap(), 1);
    let told = province.command(["period", "verify"]);
    assert!(told.code == Some(1) && told.out.contains("KHÁC") && told.out.contains("rankings-own.csv"), "{}", told.out);
    let told = province.command(["verify"]);
    assert!(told.code == Some(1) && told.out.contains("bản chốt"), "{}", told.out);
}

/// How long sessions may take that run beside a closing.
const LONGEST: Duration = Duration::from_secs(60);

#[test]
fn closing_while_sessions_run_takes_each_figure_or_lists_it_as_late() {
    let mut province = Province::found();
    let communes = september(&mut province);
    province.clock("2026-09-25T09:00:00+07:00");
    for (commune, better) in communes.iter().zip([1, 51, 101]) {
        for version in 0..20 {
            let _ = commune.import(&figures("2026-09", better + version)).ok();
        }
    }
    let mut sessions: Vec<_> = communes.iter().map(|commune| commune.start(["sync"])).collect();
    let said = province.command(["period", "close", "2026-09"]).ok();
    assert!(said.contains("lần 1"), "{said}");
    for session in &mut sessions {
        assert_eq!(session.wait_at_most(LONGEST), Some(0));
    }
    let of = |revision| {
        province.command(["export", "observations", "--period", "2026-09", "--revision", revision]).ok().lines().count()
            - 1
    };
    let late = province.command(["period", "late", "2026-09", "--format", "json"]).json();
    assert_eq!(of("1") + late.as_array().unwrap().len(), of("present"));
    assert_eq!(of("present"), 3 * 3 + 3 * 20, "what was the same again is no version");
    let _ = province.command(["period", "verify", "2026-09"]).ok();
    let _ = province.command(["verify"]).ok();
}

#[test]
fn what_was_decided_and_altered_behind_the_programs_back_is_found() {
    let mut province = Province::found();
    let [dinh_quan, ..] = september(&mut province);
    province.clock("2026-09-25T09:00:00+07:00");
    let _ = province.command(["review", "dinh-quan", "CDS-17", "--period", "2026-09", "--return", "biểu 2"]).ok();
    let _ = province.command(["period", "close", "2026-09"]).ok();
    let _ = province.command(["period", "reopen", "2026-09", "--reason", "nộp muộn"]).ok();
    let _ = dinh_quan.command(["record", "CDS-08", "--period", "2026-09", "--ratio", "79/100"]).ok();
    let _ = dinh_quan.command(["sync"]).ok();
    let _ = province.command(["period", "close", "2026-09"]).ok();
    let _ = province.command(["verify"]).ok();
    province.kill();
    let store = Connection::open(province.data().join("store.db")).unwrap();
    let swap = "UPDATE {} SET revision = revision + 10; UPDATE {} SET revision = 13 - revision;";
    let both: String = ["snapshot_table"].map(|table| swap.replace("{}", table)).concat();
    let digests =
        "UPDATE closing SET digest = (SELECT digest FROM closing AS o WHERE o.revision = 3 - closing.revision)";
    store.execute_batch(&format!("CREATE TABLE kept AS SELECT revision, digest FROM closing; {both}")).unwrap();
    let digests = digests.replace("FROM closing AS o", "FROM kept AS o");
    store.execute_batch(&digests).unwrap();
    let told = province.command(["period", "verify"]);
    assert!(told.code == Some(1) && told.out.contains("KHÁC"), "{}", told.out);
    store.execute_batch("UPDATE verdict SET decision = 'accepted'").unwrap();
    let told = province.command(["audit", "--verify"]);
    assert!(told.code == Some(1) && told.out.contains("CDS-17 2026-09"), "{}", told.out);
    let told = province.command(["verify", "--format", "json"]);
    assert!(told.code == Some(1) && told.out.contains("\"decision\""), "{}", told.out);
}
