//! One session after another, each cut or altered one step further along its bytes, in both directions. After the last one everything is
//! quiet again, and both stores' files must say the same.

use crate::{
    commune::Commune,
    document::pdf,
    inquest::{self, Found},
    program::figures_csv_with_notes,
    province::Province,
    proxy::{Fault, Proxy, Way},
};
use std::{collections::BTreeMap, fs, time::Duration};

const COMMUNE: &str = "loc-tan";
const INDICATORS: [&str; 4] = ["CDS-07", "CDS-08", "CDS-11", "CDS-17"];
/// Evidence travels in one session of so many.
const ATTACH_EVERY: usize = 8;
/// Longest that a session takes.
const LONGEST: Duration = Duration::from_secs(60);
/// Sessions until everything is quiet.
const HEALING_SESSIONS: usize = 10;

/// What was done and found.
#[derive(Debug, Clone, Default)]
pub struct Swept {
    /// Bytes of a session that was left alone, from the agent and from the province.
    pub session_bytes: [u64; 2],
    /// Sessions by the exit code of the agent.
    pub ends: BTreeMap<i32, u32>,
    /// What both stores held in the end.
    pub found: Found,
}

struct Sweep {
    province: Province,
    commune: Commune,
    notes: Vec<String>,
    swept: Swept,
}

/// Cuts and alters sessions at every `step`-th byte.
///
/// # Panics
/// When a promise is broken.
#[must_use]
pub fn sweep(step: u64) -> Swept {
    let mut province = Province::found();
    province.serve();
    let commune = Commune::joined(&province, COMMUNE);
    let mut sweep = Sweep { province, commune, notes: Vec::new(), swept: Swept::default() };
    let whole = sweep.session(Fault::Hold, Way::Up, u64::MAX);
    sweep.swept.session_bytes = whole;
    for fault in [Fault::Cut, Fault::Flip] {
        for way in [Way::Up, Way::Down] {
            let mut byte = 1;
            while byte < whole[way as usize] {
                let _ = sweep.session(fault, way, byte);
                byte += step;
            }
        }
    }
    sweep.conclude()
}

impl Sweep {
    /// Enters something and holds a session in which the fault happens at a byte. How many bytes passed.
    fn session(&mut self, fault: Fault, way: Way, byte: u64) -> [u64; 2] {
        self.enter();
        let target = self.province.url().trim_start_matches("https://").parse().expect("an address");
        let proxy = Proxy::with(target, fault, way, byte);
        self.commune.point_at(&proxy.url());
        let mut session = self.commune.start(["sync"]);
        let code = session.wait_at_most(LONGEST).expect("a session ends by itself");
        // Done; the line; or, where what was altered belongs to a certificate, an identity that is not believed.
        assert!([0, 4, 5].contains(&code), "{fault:?} {way:?} at byte {byte}: exit code {code}");
        *self.swept.ends.entry(code).or_default() += 1;
        [proxy.passed(Way::Up), proxy.passed(Way::Down)]
    }

    fn enter(&mut self) {
        let number = self.notes.len();
        let (code, note) = (INDICATORS[number % INDICATORS.len()], format!("so {number}"));
        let period = format!("2026-{:02}", number % 12 + 1);
        let value = u32::try_from(number % 90).unwrap_or_default() + 1;
        let _ = self.commune.import(&figures_csv_with_notes(&period, &[(code, value, 100, note.clone())])).ok();
        if number.is_multiple_of(ATTACH_EVERY) {
            let file = self.commune.desk().join("minh-chung.pdf");
            fs::write(&file, pdf(&note)).expect("a file");
            let file = file.to_str().expect("UTF-8");
            let _ = self.commune.command(["attach", code, "--period", &period, file]).ok();
        }
        self.notes.push(note);
    }

    fn conclude(mut self) -> Swept {
        self.commune.point_at(self.province.url());
        let quiet = (0..HEALING_SESSIONS).any(|_| {
            let (done, status) = (self.commune.command(["sync"]), self.commune.status());
            done.code == Some(0) && status["pending"] == 0 && status["evidence_pending_files"] == 0
        });
        assert!(quiet, "not quiet after {HEALING_SESSIONS} sessions: {}", self.commune.status());
        assert_eq!(self.commune.status()["digests"], "equal");
        let _ = self.province.command(["verify"]).ok();
        self.province.kill();
        let (province, agent) = (self.province.data().join("store.db"), self.commune.data().join("store.db"));
        self.swept.found = inquest::hold(&province, COMMUNE, &agent, &self.notes);
        self.swept
    }
}
