//! The overview of somebody who keeps it open.

use crate::{browser::Browser, staff::Person};
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
