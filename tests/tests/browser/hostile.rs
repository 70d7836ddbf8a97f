//! Names and words that try to be more than words: wherever they come out, they are text.

use crate::{browser::Browser, staff::Person};
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
