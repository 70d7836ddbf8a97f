//! Tokens, as people make them, and what they are told of the API.

use crate::{browser::Browser, staff::Person};
use serde_json::json;
use system_tests::province::Province;

/// Asks the API with a token from the page; the status.
const READ: &str = r#"
const [token, path] = arguments[0], done = arguments[arguments.length - 1];
fetch(path, { headers: { Authorization: 'Bearer ' + token } }).then(answer => done(answer.status));
"#;

#[test]
fn a_token_is_made_used_and_ended() {
    let mut province = Province::found();
    province.serve();
    let browser = Browser::open(province.pages());
    Person::welcomed(&province, &browser, "minh", "viewer");
    browser.go("/tokens");
    browser.fill("Dùng cho", "bảng điều hành");
    browser.fill("Số ngày có hiệu lực", "30");
    browser.click("button", "Tạo khóa");
    browser.expect("heading", "Khóa mới");
    let token = browser.text(".secret");
    assert!(token.starts_with("tiendo_"), "{token}");
    let status = |path: &str| browser.run_until_done(READ, &json!([token, path])).as_u64().unwrap();
    assert_eq!([status("/api/v1/rankings"), status("/api/v1/audit")], [200, 403]);
    browser.is_accessible();
    browser.go("/tokens");
    assert_eq!(browser.text(".secret"), "", "it is shown once");
    browser.click("button", "Kết thúc khóa bảng điều hành");
    browser.expect("notice", "Đã kết thúc khóa.");
    assert_eq!(status("/api/v1/rankings"), 401);
    browser.click("link", "Cách dùng API");
    browser.arrives_at("/api");
    browser.expect("any", "/communes/{slug}/explanation");
    browser.quiet_but(&["401", "403"]);
}
