//! Signing in and out, and what ends a session.

use crate::{
    browser::Browser,
    staff::{PASSWORD, Person},
};
use system_tests::province::Province;

#[test]
fn a_person_chooses_a_password_signs_out_and_in_again() {
    let mut province = Province::found();
    province.serve();
    let browser = Browser::open(province.pages());
    browser.go("/");
    assert_eq!(browser.here(), "/sign-in?back=%2F");
    browser.expect("notice", "Chưa có tài khoản nào");
    browser.is_accessible();
    let lan = Person::welcomed(&province, &browser, "lan", "administrator");
    browser.arrives_at("/");
    browser.expect("heading", "Tổng quan");
    lan.signs_out(&browser);
    browser.expect("notice", "Đã đăng xuất.");
    browser.quiet();
    lan.signs_in(&browser, "sai rồi sai rồi");
    browser.expect("notice", "không đúng");
    assert_eq!((browser.status(), browser.value("Tên tài khoản")), (422, "lan".to_owned()));
    browser.fill("Mật khẩu", PASSWORD);
    browser.click("button", "Đăng nhập");
    browser.arrives_at("/");
    browser.quiet_but(&["422"]);
}

#[test]
fn a_session_that_was_ended_leads_to_signing_in_and_back() {
    let mut province = Province::found();
    province.serve();
    let browser = Browser::open(province.pages());
    let lan = Person::welcomed(&province, &browser, "lan", "viewer");
    browser.go("/account");
    browser.expect("heading", "Tài khoản của tôi");
    let _ = province.command(["account", "sign-out", "lan"]).ok();
    browser.click("link", "Khóa API của tôi");
    browser.arrives_at("/sign-in?back=%2Ftokens");
    lan.signs_in(&browser, PASSWORD);
    browser.arrives_at("/tokens");
    browser.expect("heading", "Khóa API");
    browser.quiet();
    // So it is after a restart, which no session has to notice.
    province.kill();
    province.serve();
    browser.go("/account");
    browser.expect("heading", "Tài khoản của tôi");
    let _ = province.command(["account", "disable", "lan"]).ok();
    browser.go("/account");
    browser.arrives_at("/sign-in?back=%2Faccount");
    lan.signs_in(&browser, PASSWORD);
    browser.expect("notice", "không đúng");
}
