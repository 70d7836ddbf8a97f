//! The catalogue as a workbook, out and in: the way an office keeps it.

use std::fs;
use system_tests::province::Province;

#[test]
fn a_catalogue_goes_out_as_a_workbook_and_comes_back_the_same() {
    let province = Province::found();
    let place = |name: &str| province.desk().join(name).to_str().unwrap().to_owned();
    let (book, folder) = (place("danh-muc.xlsx"), place("danh-muc"));
    let _ = province.command(["catalogue", "export", &book]).ok();
    let _ = province.command(["catalogue", "export", &folder]).ok();
    let checked = |path: &str| province.command(["catalogue", "check", path]).ok();
    assert_eq!(checked(&book), checked(&folder), "one fingerprint");
    let same = province.command(["catalogue", "diff", &book]).ok();
    assert!(same.starts_with('0'), "{same}");
    let taken = province.command(["catalogue", "import", &book]).ok();
    assert!(!taken.is_empty());
    assert!(province.command(["catalogue", "export", &book]).failed(1).contains("đã có rồi"), "nothing is overwritten");
    fs::write(&book, b"PK\x03\x04 not a workbook").unwrap();
    assert!(province.command(["catalogue", "check", &book]).failed(1).contains("không phải tệp Excel"));
}
