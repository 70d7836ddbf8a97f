//! A clerk reports: typed with the keyboard, sent with a file, and seen by the province.

use crate::{browser::Browser, clerk::Clerk, staff::Person};
use system_tests::province::Province;

#[test]
fn a_clerk_types_a_ratio_attaches_a_file_sends_it_and_the_province_shows_it() {
    let mut province = Province::found();
    province.clock("2026-10-12T08:00:00+07:00");
    province.serve();
    let clerk = Clerk::sits_down(&province, "dinh-quan");
    let staff = Browser::open(province.pages());
    Person::welcomed(&province, &staff, "minh", "viewer");
    staff.arrives_at("/");
    staff.expect("any", "Đang cập nhật trực tiếp");

    clerk.gives_name("Nguyễn Thị Lan");
    let page = &clerk.browser;
    page.go("/?period=2026-10&show=all");
    page.is_accessible();
    clerk.types("CDS-05", ["870", "1000"]);
    page.until("what it comes to", |page| {
        let told = page.text("#outcome-row-CDS-05");
        told.contains("87 %") && told.contains("bản nháp") && page.count("#outcome-row-CDS-05 .light") > 0
    });
    clerk.attaches("CDS-05", &clerk.scans("biên bản tháng 10"));
    page.expect("button", "Gửi 1 số liệu");
    clerk.sends();
    page.expect("notice", "Mọi số liệu đã tới tỉnh");
    page.is_accessible();
    page.go("/?period=2026-10&show=all");
    assert!(page.text("#outcome-row-CDS-05").contains("tỉnh đã nhận"), "{}", page.text("#outcome-row-CDS-05"));
    assert!(page.text("#evidence-row-CDS-05").contains("tỉnh đã nhận"), "{}", page.text("#evidence-row-CDS-05"));
    page.quiet();

    staff.until("the figure on the open overview", |staff| staff.text(".tile .figure").starts_with("1 /"));
    staff.go("/communes/dinh-quan?period=2026-10");
    assert!(staff.text("#why").contains("CDS-05"), "{}", staff.text("#why"));
    staff.go("/communes/dinh-quan/CDS-05?period=2026-10");
    let told = staff.text("main");
    assert!(told.contains("870") && told.contains("Nguyễn Thị Lan"), "{told}");
    staff.quiet();
}

#[test]
fn what_is_faulty_is_said_at_the_field_and_nothing_typed_is_lost() {
    let mut province = Province::found();
    province.clock("2026-10-12T08:00:00+07:00");
    province.serve();
    let clerk = Clerk::named(&province, "tan-phu", "Trần Văn Hùng");
    let page = &clerk.browser;
    page.go("/?period=2026-10&show=all");
    clerk.types("CDS-17", ["120", "99"]);
    page.until("the fault beside the row", |page| page.count("#outcome-row-CDS-17 .told.fault") == 1);
    page.click("button", "Gửi 1 số liệu");
    page.expect("notice", "Chưa gửi gì");
    assert_eq!(page.value("n.2026-10.CDS-17@"), "120");
    page.is_accessible();
    // After leaving and coming back it is still there.
    page.go("/status");
    page.go("/?period=2026-10&show=drafts");
    assert_eq!(page.value("d.2026-10.CDS-17@"), "99");
    assert_eq!(clerk.commune.status()["pending"], 0);
    page.quiet_but(&["422"]);
}
