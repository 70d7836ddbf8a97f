//! A steward closes a month, proves it, sees what came late, and opens it again.

use crate::{browser::Browser, staff::Person};
use system_tests::{commune::Commune, program::figures_csv, province::Province};

#[test]
fn a_month_is_closed_proved_told_what_came_late_and_opened_again() {
    let mut province = Province::found();
    province.clock("2026-09-12T09:00:00+07:00");
    province.serve();
    let commune = Commune::joined(&province, "dinh-quan");
    let _ = commune.import(&figures_csv("2026-09", &[("CDS-05", 700, 1_000), ("CDS-17", 60, 99)])).ok();
    let _ = commune.command(["sync"]).ok();
    let browser = Browser::open(province.pages());
    Person::welcomed(&province, &browser, "lan", "steward");
    browser.go("/periods/2026-09");
    browser.expect("notice", "Chưa hết hạn");
    province.clock("2026-09-25T09:00:00+07:00");
    browser.go("/periods");
    browser.is_accessible();
    browser.click("link", "Tháng 9 năm 2026");
    browser.arrives_at("/periods/2026-09");
    browser.until("nothing hinders any more", |browser| {
        browser.go("/periods/2026-09");
        !browser.shows("notice", "Chưa hết hạn")
    });
    browser.is_accessible();
    browser.click("any", "Tôi đã xem những gì còn thiếu và chốt kỳ này");
    browser.click("button", "Chốt tháng 9 năm 2026");
    browser.expect("notice", "Đã chốt kỳ 2026-09, lần 1");
    browser.expect("any", "Không có gì thay đổi");
    browser.click("button", "Kiểm chứng");
    browser.expect("notice", "Khớp: tính lại 1 lần chốt");
    browser.is_accessible();
    browser.quiet();

    province.clock("2026-10-12T09:00:00+07:00");
    let _ = commune.command(["sync"]).ok();
    let _ = commune.command(["record", "CDS-08", "--period", "2026-09", "--ratio", "79/100"]).ok();
    let _ = commune.command(["sync"]).ok();
    browser.go("/periods/2026-09");
    let late = browser.text("#late");
    assert!(late.contains("1 mục") && late.contains("Định Quán") && late.contains("CDS-08"), "{late}");
    browser.is_accessible();

    browser.click("button", "Mở lại kỳ này");
    browser.click("button", "Mở lại");
    assert!(!browser.has_dialog(), "without a reason it is not even asked");
    browser.fill("reason", "   ");
    browser.click("button", "Mở lại");
    browser.agree();
    browser.expect("any", "Viết lý do");
    assert_eq!(browser.status(), 422);
    browser.is_accessible();
    browser.fill("reason", "bổ sung CDS-08 nộp muộn");
    browser.click("button", "Mở lại");
    browser.agree();
    browser.expect("notice", "Đã mở lại kỳ 2026-09");
    browser.expect("cell", "bổ sung CDS-08 nộp muộn");
    browser.click("any", "Tôi đã xem những gì còn thiếu và chốt kỳ này");
    browser.click("button", "Chốt tháng 9 năm 2026");
    browser.expect("notice", "Đã chốt kỳ 2026-09, lần 2");
    browser.go("/periods");
    assert_eq!(browser.count("main tr .state.met"), 1);
    browser.quiet_but(&["422"]);
}
