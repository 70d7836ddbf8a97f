//! What keeps strangers out: roles, forms of other pages, the headers of every answer.

use crate::{browser::Browser, staff::Person};
use serde_json::{Value, json};
use system_tests::province::Province;

/// Paths that a role is needed for, and the words of their links.
const GUARDED: [(&str, &str); 4] =
    [("/review", "Thẩm định"), ("/exceptions", "Gia hạn"), ("/accounts", "Tài khoản"), ("/audit", "Nhật ký")];

#[test]
fn a_viewer_is_neither_shown_nor_given_what_others_may() {
    let mut province = Province::found();
    province.serve();
    let browser = Browser::open(province.pages());
    Person::welcomed(&province, &browser, "minh", "viewer");
    browser.arrives_at("/");
    let navigation = browser.text("nav.side");
    assert!(navigation.contains("Xếp hạng"), "{navigation}");
    for (path, words) in GUARDED {
        assert_eq!(browser.count(&format!("nav.side a[href='{path}']")), 0, "{words} in {navigation}");
    }
    for (path, _) in GUARDED {
        browser.go(path);
        // 404 as long as the page is not there at all.
        assert!([403, 404].contains(&browser.status()), "{path}: {}", browser.status());
        browser.is_accessible();
    }
    browser.quiet_but(&["403", "404"]);
}

#[test]
fn a_leader_is_led_to_the_own_commune() {
    let mut province = Province::found();
    province.serve();
    let browser = Browser::open(province.pages());
    let chairman = ("chu-tich", "Ông Chủ tịch");
    Person::named(&province, &browser, chairman, ["--commune", "dinh-quan"]);
    browser.go("/");
    browser.until("the own commune", |browser| browser.here() == "/communes/dinh-quan");
    let refused = browser.run_until_done(ASK, &json!(["GET", "/api/v1/rankings", ""]));
    assert_eq!(refused, 401, "a session is no token");
}

/// Asks without leaving the page; the status.
const ASK: &str = r#"
const [method, path, body] = arguments[0], done = arguments[arguments.length - 1];
const headers = body ? { 'Content-Type': 'application/x-www-form-urlencoded' } : {};
fetch(path, { method, headers, body: body || undefined }).then(answer => done(answer.status), error => done(String(error)));
"#;

#[test]
fn a_form_that_no_page_of_the_session_made_does_nothing() {
    let mut province = Province::found();
    province.serve();
    let browser = Browser::open(province.pages());
    Person::welcomed(&province, &browser, "lan", "administrator");
    browser.go("/tokens");
    // From a page of this host, but without its token, and with another session's.
    for body in
        ["label=x&days=3", "label=x&days=3&form_token=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]
    {
        assert_eq!(browser.run_until_done(ASK, &json!(["POST", "/tokens", body])), 400, "{body}");
    }
    // From a foreign page, on which somebody clicks.
    let form = format!(
        "data:text/html;charset=utf-8,<form method=post action={}/account/sign-out-everywhere><button>Quà tặng</button></form>",
        browser.base()
    );
    browser.go(&form);
    browser.click("button", "Quà tặng");
    browser.until("to be refused", |browser| browser.status() == 403);
    browser.go("/tokens");
    browser.expect("heading", "Khóa API");
    assert_eq!(browser.count("main tbody tr"), 0, "no token was made, nobody was signed out");
    // The refusal is no page, so the browser looks for an icon where there is none.
    browser.quiet_but(&["400", "403", "favicon.ico"]);
}

#[test]
fn every_answer_carries_its_headers() {
    let mut province = Province::found();
    province.serve();
    let browser = Browser::open(province.pages());
    browser.go("/sign-in");
    Person::welcomed(&province, &browser, "lan", "administrator");
    for path in ["/", "/account", "/account/codes", "/tokens", "/api", "/nothing"] {
        browser.go(path);
        browser.is_accessible();
        browser.fits();
    }
    browser.resize(390, 844);
    for path in ["/", "/account", "/tokens", "/api"] {
        browser.go(path);
        browser.fits();
    }
    let seen = browser.seen();
    assert!(seen.iter().filter(|seen| seen.kind == "Document").count() >= 10);
    for one in seen.iter().filter(|seen| seen.url.starts_with(browser.base())) {
        let policy = one.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{}: {policy}", one.url);
        for (header, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
        ] {
            assert_eq!(one.header(header), value, "{}: {header}", one.url);
        }
        assert!(one.header("strict-transport-security").starts_with("max-age="), "{}", one.url);
        let is_page = one.kind == "Document";
        assert!(!is_page || one.header("cache-control").starts_with("private"), "{}", one.url);
    }
    let cookies = browser.run("return document.cookie", &Value::Null);
    assert_eq!(cookies, "", "no script can read the session");
    browser.quiet_but(&["404"]);
}
