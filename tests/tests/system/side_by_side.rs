//! Two processes on one store: the service and the clerk's commands.

use system_tests::{commune::Commune, program::figures_csv, province::Province};

#[test]
fn the_service_runs_while_the_clerk_enters_figures() {
    let mut province = Province::found();
    province.serve();
    let commune = Commune::joined(&province, "tan-loi");
    commune.point_at(province.url());
    let mut service = commune.start(["run"]);
    for round in 1..=20u32 {
        let _ = commune.import(&figures_csv("2026-10", &[("CDS-17", round, 100), ("CDS-08", round, 100)])).ok();
    }
    // `sync` waits for a session of the service that may be under way.
    let _ = commune.command(["sync"]).ok();
    let status = commune.status();
    assert_eq!((&status["pending"], &status["acknowledged"]), (&0.into(), &40.into()), "{status}");
    assert_eq!(province.command(["export", "observations"]).ok().lines().count(), 41);
    assert_eq!(service.terminate(), Some(0), "a clean shutdown");
}
