//! `kill -9` in mid-session, at chosen bytes, on both sides; then one more session: the same end as without the kill.

use std::{collections::BTreeMap, fmt::Write as _, time::Duration};
use system_tests::{
    commune::{Commune, Running},
    province::Province,
    proxy::Proxy,
};

const LONGEST: Duration = Duration::from_secs(60);
const INDICATORS: [&str; 6] = ["NL-03", "CDS-05", "CDS-07", "CDS-08", "CDS-11", "CDS-17"];
const MONTHS: u32 = 10;
const VERSIONS: u32 = 12;

/// What the province must hold: (indicator, period, version) -> numerator.
type Held = BTreeMap<(String, String, u32), String>;

/// Enters some 1.4 MB of changes: notes that do not compress make several batches of them.
fn enter(commune: &Commune) -> Held {
    let mut held = Held::new();
    let mut noise = 0x9e37_79b9_7f4a_7c15_u64;
    for version in 1..=VERSIONS {
        let mut csv = String::from("indicator,period,numerator,denominator,note\n");
        for code in INDICATORS {
            for month in 1..=MONTHS {
                let numerator = version * 7 + month;
                let mut note = String::new();
                for _ in 0..120 {
                    noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    let _ = write!(note, "{noise:016x}");
                }
                let _ = writeln!(csv, "{code},2026-{month:02},{numerator},1000,{note}");
                held.insert((code.into(), format!("2026-{month:02}"), version), numerator.to_string());
            }
        }
        let _ = commune.import(&csv).ok();
    }
    held
}

fn held_by(province: &Province) -> Held {
    let text = province.command(["export", "observations"]).ok();
    let mut lines = text.lines();
    let header = lines.next().unwrap();
    assert!(header.starts_with("commune,indicator,unit,period,version,numerator,denominator,"), "{header}");
    let mut held = Held::new();
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        let key = (cells[1].to_owned(), cells[3].to_owned(), cells[4].parse().unwrap());
        assert_eq!(held.insert(key, cells[5].to_owned()), None, "stored twice: {line}");
    }
    held
}

fn quiet(commune: &Commune, changes: usize) {
    let status = commune.status();
    assert_eq!(status["pending"], 0, "{status}");
    assert_eq!(status["acknowledged"], changes, "{status}");
    assert_eq!(status["refused"].as_array().map(Vec::len), Some(0), "{status}");
}

/// Bytes from the agent at which the kill comes: in the handshake, in the greeting, in the first batch, between
/// batches and near the end.
const PLACES: [u64; 6] = [200, 1_800, 60_000, 300_000, 560_000, 700_000];

/// A session that has come to a byte and stands still there.
struct Stopped {
    province: Province,
    commune: Commune,
    expected: Held,
    proxy: Proxy,
    session: Running,
}

fn stopped_at(place: u64) -> Stopped {
    let mut province = Province::found();
    province.serve();
    let commune = Commune::joined(&province, "loc-tan");
    let expected = enter(&commune);
    let proxy = Proxy::stopping_after(province.url().trim_start_matches("https://").parse().unwrap(), place);
    commune.point_at(&proxy.url());
    let session = commune.start(["sync"]);
    assert!(proxy.wait(LONGEST), "byte {place} was not reached");
    Stopped { province, commune, expected, proxy, session }
}

/// One more session, and everything is there once.
fn healed(province: &Province, commune: &Commune, expected: &Held, place: u64) {
    commune.point_at(province.url());
    let _ = commune.command(["sync"]).ok();
    assert_eq!(held_by(province), *expected, "killed at byte {place}");
    quiet(commune, expected.len());
}

#[test]
fn an_agent_killed_in_mid_session_goes_on_where_it_was() {
    for place in PLACES {
        let Stopped { province, commune, expected, proxy: _proxy, mut session } = stopped_at(place);
        session.kill();
        healed(&province, &commune, &expected, place);
    }
}

#[test]
fn an_aggregator_killed_in_mid_session_has_what_it_acknowledged() {
    for place in PLACES {
        let Stopped { mut province, commune, expected, proxy, mut session } = stopped_at(place);
        province.kill();
        drop(proxy);
        assert_ne!(session.wait(), Some(0), "a session without its end is no success");
        let acknowledged = commune.status()["acknowledged"].as_u64().unwrap();
        let held = held_by(&province).len() as u64;
        assert!(acknowledged <= held, "{acknowledged} acknowledged, {held} held: byte {place}");
        province.serve();
        healed(&province, &commune, &expected, place);
    }
}
