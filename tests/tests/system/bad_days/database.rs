//! The database goes away and comes back, or its line breaks in the middle of a commit.

use super::{FIGURES, LONGEST, assert_held, report};
use system_tests::{
    commit_line::{CommitLine, Cut},
    commune::Commune,
    database::{Database, Going},
    program::figures_csv,
    province::Province,
    waiting::until,
};

#[test]
fn a_database_that_is_gone_for_a_while_costs_time_and_nothing_else() {
    let mut database = Database::start();
    let mut province = Province::found_in_database(&database.url());
    province.set("[metrics]\nlisten = \"127.0.0.1:0\"\n");
    province.serve();
    let [by_hand, served] = ["loc-tan", "tan-phu"].map(|slug| Commune::joined(&province, slug));
    report(&by_hand, "2026-09");
    let _ = by_hand.command(["sync"]).ok();
    served.point_at(province.url());
    let mut service = served.start(["run"]);
    until("the first session", LONGEST, || served.status()["last_success"].is_string());
    assert_eq!(province.probe("/readyz"), (200, "ready\n".into()));

    for going in [Going::Stopped, Going::Crashed] {
        database.go(going);
        assert_eq!(province.probe("/readyz"), (503, "the store failed\n".into()));
        assert_eq!(province.probe("/healthz").0, 200, "it lives, and is not to be started anew for this");
        // Figures are entered as ever, and stay.
        let period = if going == Going::Stopped { "2026-10" } else { "2026-08" };
        for commune in [&by_hand, &served] {
            report(commune, period);
        }
        let told = by_hand.command(["sync"]);
        assert!(told.code == Some(4) && told.out.contains("tự thử lại"), "{}{}", told.out, told.err);
        assert_eq!(by_hand.status()["pending"], FIGURES.len());
        until("a failed session", LONGEST, || !served.status()["last_failure"].is_null());
        assert_eq!(served.status()["pending"], FIGURES.len());
        // Commands and doctor say what is away.
        let told = province.command(["rankings", "--period", "2026-09"]).failed(1);
        assert!(told.contains("không kết nối được cơ sở dữ liệu"), "{told}");
        let told = province.command(["--lang", "en", "doctor"]);
        assert!(told.code == Some(1) && told.out.contains("the database"), "{}", told.out);

        database.come_back();
        until("the server is ready", LONGEST, || province.probe("/readyz").0 == 200);
        let _ = by_hand.command(["sync"]).ok();
        // The service comes back by itself.
        until("the service has sent everything", LONGEST, || served.status()["pending"] == 0);
    }
    assert_eq!(service.terminate(), Some(0));
    let _ = served.command(["sync"]).ok();
    assert_held(&province, &[(&by_hand, 3), (&served, 2)]);
}

/// Most commits of a session that are tried; it has fewer.
const MOST_COMMITS: u32 = 24;

#[test]
fn a_line_cut_at_any_commit_of_a_session_loses_and_doubles_nothing() {
    let mut database = Database::start();
    let line = CommitLine::to(database.address());
    let mut province = Province::found_in_database(&database.url_at(line.address()));
    province.serve();
    let commune = Commune::joined(&province, "loc-tan");
    let mut versions = 0;
    for cut in [Cut::Before, Cut::After] {
        for commit in 1.. {
            assert!(commit < MOST_COMMITS, "a session without an end");
            versions += 1;
            let _ = commune.import(&figures_csv("2026-10", &[("CDS-17", versions, 1_000)])).ok();
            line.cut_at(commit, cut);
            // It ends well where the cut only met a note, and else says that it comes again.
            let done = commune.command(["sync"]);
            assert!(matches!(done.code, Some(0 | 4)), "{cut:?} at {commit}: {}{}", done.out, done.err);
            let has_come = line.let_pass();
            if cut == Cut::After && commit == 2 {
                // The one that it failed over to has what was committed.
                database.go(Going::Crashed);
                database.come_back();
            }
            until("a session", LONGEST, || commune.command(["sync"]).code == Some(0));
            assert_eq!(commune.status()["pending"], 0);
            if !has_come {
                assert!(commit > 2, "a session has more than {commit} commits");
                break;
            }
        }
    }
    let held = province.command(["export", "observations"]).ok();
    let numerators: Vec<_> = held.lines().skip(1).map(|line| line.split(',').nth(5).unwrap().to_owned()).collect();
    assert_eq!(numerators, (1..=versions).map(|version| version.to_string()).collect::<Vec<_>>());
    let doubled = database.psql("SELECT count(*) - count(DISTINCT body) FROM journal");
    assert_eq!(doubled, "0");
    let _ = commune.command(["verify"]).ok();
    let _ = commune.command(["verify-receipts"]).ok();
    let _ = province.command(["verify"]).ok();
    let _ = province.command(["audit", "--verify"]).ok();
}
