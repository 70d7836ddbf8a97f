//! Every page of both faces, on a desk in light and dark colours and on a phone: quiet, within the window, accessible.

use crate::{browser::Browser, clerk::Clerk, staff::Person};
use system_tests::{program::figures_csv, province::Province};

/// A desk, by day and by night, and a phone.
const SCREENS: [(u32, u32, &str); 3] = [(1366, 768, "light"), (1366, 768, "dark"), (390, 844, "light")];

/// Opens all of them on each screen; what is wrong is told of all together.
fn all(browser: &Browser, paths: &[&str]) {
    let mut faults = Vec::new();
    for (width, height, colours) in SCREENS {
        browser.resize(width, height);
        browser.colours(colours);
        for path in paths {
            browser.go(path);
            assert_eq!(browser.status(), 200, "{path}");
            faults.extend(browser.overflow().map(|told| format!("{width}: {told}")));
            faults.extend(browser.findings().map(|told| format!("{width}, {colours}: {told}")));
        }
        browser.quiet();
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// A commune has reported September, which is closed, and October, with a file; it is the 12th of October.
fn october() -> (Province, Clerk) {
    let mut province = Province::found();
    province.clock("2026-09-12T09:00:00+07:00");
    province.serve();
    let clerk = Clerk::named(&province, "dinh-quan", "Nguyễn Thị Lan");
    let report = |month: &str| {
        let _ = clerk.commune.import(&figures_csv(month, &[("CDS-05", 1_000, 1_000), ("CDS-17", 79, 99)])).ok();
        let file = clerk.scans(month);
        let of = ["attach", "CDS-05", "--period", month, file.to_str().unwrap()];
        let _ = clerk.commune.command(of).ok();
        clerk.syncs();
    };
    report("2026-09");
    province.clock("2026-09-25T09:00:00+07:00");
    let _ = province.command(["period", "close", "2026-09"]).ok();
    province.clock("2026-10-12T09:00:00+07:00");
    let _ = province.command(["review", "dinh-quan", "CDS-17", "--period", "2026-09", "--return", "chưa khớp"]).ok();
    clerk.syncs();
    report("2026-10");
    (province, clerk)
}

#[test]
fn every_page_of_the_commune() {
    let (_province, clerk) = october();
    let paths = [
        "/name",
        "/?period=2026-10",
        "/?period=2026-10&show=all",
        "/?period=2026-09",
        "/?show=drafts",
        "/units?code=CDS-05&period=2026-10",
        "/status",
        "/receipts",
        "/standing",
        "/standing?period=2026-09",
        "/tasks",
        "/excel",
        "/history",
        "/history?code=CDS-05",
    ];
    all(&clerk.browser, &paths);
    // With accounts somebody signs in, and has a page about it.
    let password = "ba con trau den";
    let _ = clerk.commune.told(["account", "add", "lan", "--full-name", "Nguyễn Thị Lan"], password).ok();
    all(&clerk.browser, &["/sign-in"]);
    clerk.browser.fill("Tài khoản", "lan");
    clerk.browser.fill("Mật khẩu", password);
    clerk.browser.click("button", "Đăng nhập");
    clerk.browser.arrives_at("/");
    all(&clerk.browser, &["/account"]);
}

#[test]
fn every_page_of_the_province() {
    let (province, _clerk) = october();
    let browser = Browser::open(province.pages());
    all(&browser, &["/sign-in"]);
    Person::welcomed(&province, &browser, "lan", "administrator");
    let reading = [
        "/",
        "/communes",
        "/communes/dinh-quan",
        "/communes/dinh-quan/CDS-05",
        "/communes/dinh-quan/CDS-05?period=2026-10",
        "/rankings",
        "/rankings?period=2026-09",
        "/indicators",
        "/indicators/CDS-05",
        "/heat-map",
        "/tasks",
        "/alerts",
        "/due",
        "/checks",
        "/quality",
        "/trends",
        "/search?q=dinh",
    ];
    let working = [
        "/review",
        "/review?period=2026-10",
        "/periods",
        "/periods/2026-09",
        "/periods/2026-09?verify=1",
        "/periods/2026-10",
        "/exceptions",
        "/catalogue",
        "/catalogue/upload",
        "/reports",
        "/enrolment",
        "/enrolment/dinh-quan",
        "/enrolment/tan-phu",
        "/accounts",
        "/accounts/lan",
        "/audit",
        "/audit/verify",
        "/account",
        "/account/codes",
        "/tokens",
        "/api",
    ];
    all(&browser, &reading);
    all(&browser, &working);
}
