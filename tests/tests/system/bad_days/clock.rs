//! The province's clock jumps a year ahead and back. (A commune's: `a_clock_that_was_a_year_ahead_delays_nothing_and_keeps_the_order`.)

use super::{FIGURES, report};
use crate::identity::Elder;
use std::sync::Arc;
use system_tests::{commune::Commune, province::Province};

const YEAR: i64 = 365;

fn findings(done: &system_tests::program::Done, check: &str) -> String {
    let told: serde_json::Value = serde_json::from_str(&done.out).unwrap();
    let finding = told["findings"].as_array().unwrap().iter().find(|one| one["check"] == check);
    finding.unwrap_or_else(|| panic!("{told}")).to_string()
}

fn stamps(province: &Province) -> Vec<String> {
    let text = province.command(["export", "observations"]).ok();
    let at = text.lines().next().unwrap().split(',').position(|column| column == "received_at").unwrap();
    text.lines().skip(1).map(|line| line.split(',').nth(at).unwrap().to_owned()).collect()
}

fn goes_on(elder: &Elder, commune: &Commune, period: &str) {
    commune.point_at(&elder.url);
    report(commune, period);
    let _ = commune.command(["sync"]).ok();
    assert_eq!(commune.status()["pending"], 0);
}

#[test]
fn a_clock_of_the_province_that_jumps_a_year_and_back_costs_stamps_and_nothing_else() {
    let province = Arc::new(Province::found());
    let elder = Elder::serve(province.clone(), 0);
    let commune = elder.joined("loc-tan");
    goes_on(&elder, &commune, "2026-08");
    // While it runs: sessions go on, and what came is stamped by that clock.
    elder.set_ahead(YEAR);
    goes_on(&elder, &commune, "2026-09");
    drop(elder);
    // Started anew by that clock it shows a certificate of next year, which nobody believes; nothing is sent, nothing is lost.
    let ahead = Elder::serve(province.clone(), YEAR);
    commune.point_at(&ahead.url);
    report(&commune, "2026-10");
    let done = commune.command(["sync"]);
    assert!(done.code == Some(5) && done.out.contains("chưa gửi gì"), "{}{}", done.out, done.err);
    assert_eq!(commune.status()["pending"], FIGURES.len());
    let told = findings(&commune.command(["doctor", "--format", "json"]), "network");
    assert!(told.contains("đồng hồ"), "{told}");
    let told = findings(&province.command(["doctor", "--format", "json"]), "certificate");
    assert!(told.contains("chỉ có hiệu lực từ") && told.contains("đồng hồ"), "{told}");
    drop(ahead);
    // Put right: a certificate of today, and everybody goes on without joining again.
    let right = Elder::serve(province.clone(), 0);
    goes_on(&right, &commune, "2026-10");
    let stamps = stamps(&province);
    let year = |stamp: &str| stamp[..4].parse::<i32>().unwrap();
    let (earliest, latest) = (stamps.iter().map(|one| year(one)).min(), stamps.iter().map(|one| year(one)).max());
    assert_eq!(latest, earliest.map(|year| year + 1), "the stamps stay as they were given: {stamps:?}");
    // What was stamped in the future does not outdo what comes after.
    let _ = commune.import(&system_tests::program::figures_csv("2026-09", &[("CDS-17", 1, 4)])).ok();
    let _ = commune.command(["sync"]).ok();
    let league = province.command(["indicator", "CDS-17", "--period", "2026-09", "--format", "csv"]).ok();
    assert!(league.contains(",25"), "{league}");
    let held = province.command(["export", "observations"]).ok();
    assert_eq!(held.lines().count() - 1, 3 * FIGURES.len() + 1);
    let _ = (province.command(["verify"]).ok(), commune.command(["verify-receipts"]).ok());
}
