//! Reviewing: returned with a reason, sent again, accepted, by keyboard beside pictures; and two who decide at once beside a PDF.

use crate::{
    browser::Browser,
    clerk::{Clerk, ENTER},
    staff::Person,
};
use std::path::PathBuf;
use system_tests::province::Province;

/// Keys of WebDriver.
const DOWN: char = '\u{e015}';
const TAB: char = '\u{e004}';

/// A clerk has sent a claim of completion with a file.
fn claimed(province: &mut Province, file: impl Fn(&Clerk) -> PathBuf) -> Clerk {
    province.clock("2026-10-12T08:00:00+07:00");
    province.serve();
    let clerk = Clerk::named(province, "dinh-quan", "Nguyễn Thị Lan");
    clerk.browser.go("/?period=2026-10&show=all");
    clerk.types("CDS-05", ["1000", "1000"]);
    clerk.attaches("CDS-05", &file(&clerk));
    clerk.sends();
    clerk
}

fn reviewer(province: &Province, account: &str) -> Browser {
    let browser = Browser::open(province.pages());
    Person::welcomed(province, &browser, account, "reviewer");
    browser.go("/review?period=2026-10");
    browser.expect("heading", "CDS-05");
    browser
}

fn counted(province: &Province) -> serde_json::Value {
    let rows = province.command(["explain", "dinh-quan", "--period", "2026-10", "--format", "json"]).json();
    rows.as_array().unwrap().iter().find(|row| row["indicator"] == "CDS-05").unwrap().clone()
}

#[test]
fn a_claim_is_returned_by_keyboard_sent_again_and_accepted() {
    let mut province = Province::found();
    let clerk = claimed(&mut province, |clerk| clerk.photographs("bản mờ"));
    let staff = reviewer(&province, "hoa");
    staff.is_accessible();
    staff.press("r");
    let is_focused = |staff: &Browser, name: &str| staff.run("return document.activeElement.name", &().into()) == name;
    staff.until("the reasons have the focus", |staff| is_focused(staff, "reason"));
    // Without a reason it is not sent.
    staff.click("button", "Trả lại cho xã");
    staff.expect("any", "Chọn lý do");
    staff.is_accessible();
    staff.quiet_but(&["422"]);
    staff.run("document.querySelector('select[name=reason]').focus()", &().into());
    staff.press(&format!("{DOWN}{DOWN}{TAB}"));
    staff.until("the words have the focus", |staff| is_focused(staff, "words"));
    staff.press("trang 2 mờ");
    staff.press(&format!("{TAB}{ENTER}"));
    staff.expect("notice", "Đã trả lại");
    assert_eq!(counted(&province)["state"], "returned");

    clerk.syncs();
    clerk.browser.go("/status");
    clerk.browser.expect("cell", "minh chứng không đọc được: trang 2 mờ");
    clerk.browser.is_accessible();
    clerk.browser.go("/?period=2026-10&show=returned");
    let told = clerk.browser.text("#outcome-row-CDS-05");
    assert!(told.contains("Bị trả lại") && told.contains("trang 2 mờ"), "{told}");
    clerk.attaches("CDS-05", &clerk.photographs("bản rõ"));
    clerk.browser.fill("note.2026-10.CDS-05@", "đã quét lại");
    clerk.browser.expect("button", "Gửi 1 số liệu");
    clerk.sends();

    staff.go("/review?period=2026-10");
    staff.expect("any", "đã quét lại");
    staff.press("a");
    staff.expect("notice", "Đã chấp nhận");
    staff.expect("any", "Không còn gì chờ thẩm định");
    let row = counted(&province);
    assert_eq!([&row["state"], &row["light"]], ["met", "green"], "{row}");
    staff.go("/communes/dinh-quan/CDS-05?period=2026-10");
    assert!(staff.text("main").contains("trang 2 mờ"), "what was returned stays readable");
    staff.quiet();
    clerk.browser.quiet();
}

#[test]
fn whoever_decides_second_is_told_who_was_first() {
    let mut province = Province::found();
    let _clerk = claimed(&mut province, |clerk| clerk.scans("bản mờ"));
    let [first, second] = ["hoa", "minh"].map(|account| reviewer(&province, account));
    // With the pointer: a PDF viewer takes the focus for a moment when it has loaded, and could take a key.
    first.click("button", "Chấp nhận a");
    first.expect("notice", "Đã chấp nhận");
    second.click("button", "Trả lại… r");
    second.run("document.querySelector('select[name=reason]').value = 'evidence_missing'", &().into());
    second.click("button", "Trả lại cho xã");
    second.expect("notice", "Bà hoa (hoa) đã quyết định trước (chấp nhận)");
    assert_eq!(counted(&province)["state"], "met");
    second.quiet();
}
