//! Names and words that try to be more than words: wherever they come out, they are text.

use crate::{browser::Browser, clerk::Clerk, staff::Person};
use serde_json::json;
use system_tests::province::Province;

/// It runs when it is taken for markup, within an attribute or between tags.
const HOSTILE: &str = "\"'><img src=x onerror=alert(1)><script>alert(2)</script>";

#[test]
fn hostile_names_are_text_on_every_page() {
    let mut province = Province::found();
    province.serve();
    let browser = Browser::open(province.pages());
    Person::named(&province, &browser, ("la", HOSTILE), ["--role", "administrator"]);
    browser.go("/tokens");
    browser.fill("Dùng cho", HOSTILE);
    browser.click("button", "Tạo khóa");
    browser.expect("heading", "Khóa mới");
    for path in
        ["/", "/account", "/tokens", "/api", &format!("/sign-in?back={}", "%22%3E%3Cscript%3Ealert(3)%3C%2Fscript%3E")]
    {
        browser.go(path);
        assert!(!browser.has_dialog(), "{path}");
        let smuggled =
            browser.run("return document.querySelectorAll(\"img[src='x'], script:not([src])\").length", &json!(null));
        assert_eq!(smuggled, 0, "{path}");
    }
    browser.go("/tokens");
    assert!(browser.text("main tbody").contains(HOSTILE), "{}", browser.text("main tbody"));
    assert!(browser.text("header .menu summary").contains("<script>"), "as it was entered");
    browser.quiet();
}

/// A script of a page that ran in spite of all would leave this behind.
const FLAG: &str = "\"'><img src=x onerror=window.ran=1><script>window.ran=2</script>";

fn is_text(browser: &Browser, path: &str, shown: bool) {
    browser.go(path);
    browser
        .until("the page is loaded", |browser| browser.run("return document.readyState", &json!(null)) == "complete");
    assert_eq!(browser.run("return window.ran ?? 0", &json!(null)), 0, "{path}");
    let smuggled =
        browser.run("return document.querySelectorAll(\"img[src='x'], script:not([src])\").length", &json!(null));
    assert_eq!(smuggled, 0, "{path}");
    let html = browser.run("return document.body.textContent", &json!(null));
    assert!(!shown || html.as_str().unwrap().contains(FLAG), "{path} does not show it as it was written");
}

#[test]
fn what_a_clerk_and_a_reviewer_write_is_text_at_both_ends() {
    let mut province = Province::found();
    province.clock("2026-10-12T08:00:00+07:00");
    province.serve();
    let clerk = Clerk::named(&province, "dinh-quan", FLAG);
    let page = &clerk.browser;
    page.go("/?period=2026-10&show=all");
    clerk.types("CDS-05", ["1000", "1000"]);
    page.fill("note.2026-10.CDS-05@", FLAG);
    clerk.attaches("CDS-05", &clerk.scans("bản mờ"));
    clerk.sends();
    let staff = Browser::open(province.pages());
    Person::named(&province, &staff, ("hoa", FLAG), ["--role", "administrator"]);
    is_text(&staff, "/review?period=2026-10", true);
    staff.press("r");
    staff.fill("words", FLAG);
    staff.run("document.querySelector('select[name=reason]').value = 'other'", &json!(null));
    staff.click("button", "Trả lại cho xã");
    staff.expect("notice", "Đã trả lại");
    let _ =
        province.command(["exception", "tan-phu", "--period", "2026-10", "--cutoff", "2026-10-24", "--reason", FLAG]);
    for (path, shown) in [
        ("/", true),
        ("/review?period=2026-10&item=dinh-quan/2026-10//CDS-05", true),
        ("/communes/dinh-quan?period=2026-10", true),
        ("/communes/dinh-quan/CDS-05?period=2026-10", true),
        ("/indicators/CDS-05?period=2026-10", true),
        ("/exceptions", true),
        ("/accounts", true),
        ("/accounts/hoa", true),
        ("/audit", true),
        ("/alerts?period=2026-10", true),
        ("/quality?period=2026-10", true),
    ] {
        is_text(&staff, path, shown);
    }
    clerk.syncs();
    for (path, shown) in
        [("/status", true), ("/?period=2026-10&show=all", true), ("/history", true), ("/standing", true)]
    {
        is_text(page, path, shown);
    }
    staff.quiet();
    page.quiet();
}
