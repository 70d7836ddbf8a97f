//! The bad days of the README: what happens, with real programs.
//!
//! | file | day |
//! | --- | --- |
//! | `authority` | the certificate authority has expired |
//! | `cache` | what is kept beside the log to be quick says something else than the log |
//! | `clock` | a clock jumps a year ahead and back |
//! | `database` | the database goes away; its line breaks in the middle of a commit |
//! | `disk` | a disk is full, at either end |
//! | `strangers` | connections that never speak, or dribble |
//! | `twice` | a second aggregator on the same store |

mod authority;
mod cache;
mod clock;
mod database;
mod disk;
mod strangers;
mod twice;

use std::time::Duration;
use system_tests::{commune::Commune, program::figures_csv, province::Province};

/// What a commune reports for a month.
const FIGURES: [(&str, u32, u32); 3] = [("CDS-05", 700, 1_000), ("CDS-07", 960, 1_000), ("CDS-17", 79, 99)];
/// Longest until something has come about by itself on this machine, however busy it is.
const LONGEST: Duration = Duration::from_secs(120);

fn report(commune: &Commune, period: &str) {
    let _ = commune.import(&figures_csv(period, &FIGURES)).ok();
}

/// The province holds each commune's figures of so many months once, and both ends can prove it.
fn assert_held(province: &Province, communes: &[(&Commune, usize)]) {
    let months: usize = communes.iter().map(|(_, months)| months).sum();
    let held = province.command(["export", "observations"]).ok();
    assert_eq!(held.lines().count() - 1, months * FIGURES.len(), "{held}");
    for (commune, _) in communes {
        let status = commune.status();
        assert_eq!((&status["pending"], &status["digests"]), (&0.into(), &"equal".into()), "{status}");
        let _ = commune.command(["verify"]).ok();
        let _ = commune.command(["verify-receipts"]).ok();
    }
    let _ = province.command(["verify"]).ok();
}
