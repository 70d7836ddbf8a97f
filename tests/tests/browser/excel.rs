//! The workbook by way of the page: downloaded, filled in, looked at, confirmed; and a faulty one told by sheet and cell.

use crate::{browser::Browser, clerk::Clerk};
use serde_json::json;
use std::fs;
use system_tests::{province::Province, template::filled};
use workbook::reading::Cell;

/// Fetches a file within the session; its bytes in hexadecimal digits.
const FETCH: &str = r#"
const done = arguments[arguments.length - 1];
fetch(arguments[0]).then(answer => answer.arrayBuffer()).then(
  bytes => done([...new Uint8Array(bytes)].map(byte => byte.toString(16).padStart(2, '0')).join('')), error => done(String(error)));
"#;

fn template(browser: &Browser) -> Vec<u8> {
    let digits = browser.run_until_done(FETCH, &json!("/excel/template?period=2026-10"));
    let digits = digits.as_str().unwrap();
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn a_template_is_downloaded_filled_in_looked_at_and_confirmed() {
    let mut province = Province::found();
    province.clock("2026-10-12T08:00:00+07:00");
    province.serve();
    let clerk = Clerk::named(&province, "dinh-quan", "Nguyễn Thị Lan");
    let (page, file) = (&clerk.browser, clerk.commune.desk().join("tháng 10.xlsx"));
    page.go("/excel?period=2026-10");
    page.is_accessible();
    let template = template(page);
    let upload = |figures: &[(&str, &str, &str)]| {
        // Typed as words, as somebody may.
        let entries = figures.iter().map(|(code, heading, words)| (*code, *heading, Cell::Text((*words).to_owned())));
        fs::write(&file, filled(&template, &entries.collect::<Vec<_>>())).unwrap();
        page.go("/excel?period=2026-10");
        page.choose("Tệp số liệu", &file);
        page.click("button", "Xem trước thay đổi");
    };
    upload(&[("CDS-05", "Tử số", "chín trăm"), ("CDS-05", "Mẫu số", "1000")]);
    page.expect("heading", "Tệp có 1 lỗi, chưa ghi gì");
    let told = page.text("section[role=alert] tbody");
    assert!(told.contains("Trang Số liệu, ô K"), "sheet and cell: {told}");
    page.is_accessible();
    page.quiet_but(&["422"]);

    upload(&[
        ("CDS-05", "Tử số", "870"),
        ("CDS-05", "Mẫu số", "1000"),
        ("CDS-17", "Tử số", "79"),
        ("CDS-17", "Mẫu số", "99"),
    ]);
    page.expect("heading", "Tệp hợp lệ: 2 số liệu sẽ được ghi");
    page.is_accessible();
    page.fits();
    assert_eq!(clerk.commune.status()["pending"], 0, "nothing is recorded before it is confirmed");
    page.click("button", "Ghi 2 số liệu");
    page.expect("notice", "Đã ghi 2 số liệu từ tệp");
    clerk.syncs();
    let held = province.command(["history", "dinh-quan", "CDS-05", "--format", "json"]).json();
    assert_eq!((&held[0]["numerator"], &held[0]["entered_by"]), (&870.into(), &"Nguyễn Thị Lan".into()), "{held}");
    page.quiet();
}
