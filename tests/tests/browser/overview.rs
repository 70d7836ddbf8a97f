//! The overview of somebody who keeps it open.

use crate::{
    browser::Browser,
    staff::{PASSWORD, Person},
};
use system_tests::{commune::Commune, program::figures_csv, province::Province};

#[test]
fn a_figure_that_an_agent_syncs_shows_on_an_open_overview() {
    let mut province = Province::found();
    province.clock("2026-10-12T08:00:00+07:00");
    province.serve();
    let commune = Commune::joined(&province, "dinh-quan");
    let browser = Browser::open(province.pages());
    Person::welcomed(&province, &browser, "lan", "viewer");
    browser.arrives_at("/");
    browser.expect("any", "Đang cập nhật trực tiếp");
    let reported = |browser: &Browser| browser.text(".tile .figure");
    let before = reported(&browser);
    assert!(before.starts_with("0 /"), "{before}");
    let _ = commune.import(&figures_csv("2026-10", &[("CDS-05", 1_000, 1_000), ("CDS-17", 500, 1_000)])).ok();
    let _ = commune.command(["sync"]).ok();
    let waited = browser.until("the figures on the overview", |browser| reported(browser).starts_with("2 /"));
    println!("shown {} ms after the session", waited.as_millis());
    browser.is_accessible();
    browser.quiet();
}

/// What the page shown weighed on the line: itself and everything that it asked for and did not have yet, in bytes.
const WEIGHT: &str = "return performance.getEntries().reduce((sum, one) => sum + (one.transferSize || 0), 0)";

#[test]
fn the_first_load_is_light_and_the_next_ones_are_lighter() {
    let mut province = Province::found();
    province.clock("2026-10-12T08:00:00+07:00");
    province.serve();
    let made = Browser::open(province.pages());
    let lan = Person::welcomed(&province, &made, "lan", "viewer");
    // Another computer, which has nothing of these pages yet.
    let browser = Browser::open(province.pages());
    let weigh = |browser: &Browser| browser.run(WEIGHT, &().into()).as_f64().unwrap();
    browser.go("/sign-in");
    let first = weigh(&browser);
    lan.signs_in(&browser, PASSWORD);
    browser.arrives_at("/");
    let overview = weigh(&browser);
    assert!(first > 20_000.0, "fonts and styles come with the first page: {first}");
    assert!(first + overview <= 150.0 * 1_024.0, "{first} + {overview}");
    browser.go("/rankings");
    let ranking = weigh(&browser);
    assert!(overview < 40_000.0 && ranking < 40_000.0, "what is held is not asked for again: {overview}, {ranking}");
}
