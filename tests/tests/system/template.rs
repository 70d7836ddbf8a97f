//! The workbook that a commune fills in: made, filled in by another program, looked at, imported, sent; and an old one after newer figures.

use system_tests::{commune::Commune, province::Province, template::filled};
use workbook::reading::Cell;

#[test]
fn a_template_is_filled_in_looked_at_and_imported_and_an_old_one_takes_nothing_back() {
    let mut province = Province::found();
    province.clock("2026-10-12T08:00:00+07:00");
    province.serve();
    let commune = Commune::joined(&province, "dinh-quan");
    let place = |name: &str| commune.desk().join(name).to_str().unwrap().to_owned();
    let (made, file) = (place("mẫu.xlsx"), place("tháng 10.xlsx"));
    let _ = commune.command(["template", "--period", "2026-10", "-o", &made]).ok();
    let number = |digits: &str| Cell::Number(digits.into());
    let figures = [
        ("CDS-05", "Tử số", number("870")),
        ("CDS-05", "Mẫu số", number("1000")),
        ("CDS-17", "Tử số", number("79")),
        ("CDS-17", "Mẫu số", number("99")),
    ];
    std::fs::write(&file, filled(&std::fs::read(&made).unwrap(), &figures)).unwrap();
    let dry = commune.command(["import", &file, "--dry-run", "--format", "json"]).json();
    let changes = dry["changes"].as_array().unwrap();
    assert_eq!((changes.len(), &changes[0]["before"]), (2, &serde_json::Value::Null), "{dry}");
    assert!(changes.iter().all(|change| change["cell"].as_str().unwrap().starts_with('K')), "{dry}");
    assert_eq!(commune.status()["pending"], 0, "a dry run writes nothing");
    let _ = commune.command(["import", &file]).ok();
    let _ = commune.command(["sync"]).ok();
    let held = province.command(["history", "dinh-quan", "CDS-05", "--format", "json"]).json();
    assert_eq!((&held[0]["numerator"], &held[1]), (&870.into(), &serde_json::Value::Null), "{held}");
    assert!(held[0]["computer"].as_str().is_some_and(|computer| computer.len() == 8), "{held}");
    // Somebody enters a newer figure; the file that was filled in before does not put the old one back.
    let _ = commune.command(["record", "CDS-05", "--period", "2026-10", "--ratio", "900/1000"]).ok();
    let told = commune.command(["import", &file]).failed(3);
    assert!(told.contains("870/1.000") && told.contains("900/1.000") && told.contains("--overwrite"), "{told}");
    let shown = commune.command(["import", &file, "--dry-run", "--overwrite"]).ok();
    assert!(shown.contains("900/1.000") && shown.contains("→ 870/1.000"), "{shown}");
    let _ = commune.command(["import", &file, "--overwrite"]).ok();
    let explained = province.command(["explain", "dinh quan", "--indicator", "CDS-05", "--format", "json"]).json();
    let of = |property: &str| {
        let all = explained.as_array().unwrap();
        all.iter().find(|one| one["property"] == property).map(|one| one["value"].as_str().unwrap().to_owned())
    };
    assert!(of("value").unwrap().contains("100 × 870 / 1.000") && of("version").unwrap() == "1", "{explained}");
    assert!(of("computation").is_some() && of("entered").is_some() && of("light").is_some(), "{explained}");
}
