//! Reminders of what is missing, by hand and to a folder; the ways to mail servers and web services have tests of their own.

use std::{fs, io::Write, path::Path};
use system_tests::{commune::Commune, program::figures_csv, province::Province};

fn connect(settings: &Path, folder: &Path) {
    fs::create_dir(folder).unwrap();
    let mut file = fs::File::options().append(true).create(true).open(settings).unwrap();
    writeln!(file, "\n[reminders.file]\nfolder = {:?}", folder.to_str().unwrap()).unwrap();
}

fn letters(folder: &Path) -> Vec<String> {
    let mut all: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap()).collect();
    all.sort();
    all
}

#[test]
fn both_ends_remind_of_what_is_missing() {
    let mut province = Province::found();
    province.clock("2026-10-16T09:00:00+07:00");
    province.serve();
    let commune = Commune::joined(&province, "tan-phu");
    let _ = commune.import(&figures_csv("2026-10", &[("CDS-07", 90, 100)])).ok();
    let _ = commune.command(["sync"]).ok();
    for told in [commune.command(["remind", "--dry-run"]).ok(), province.command(["remind", "--dry-run"]).ok()] {
        assert!(told.contains("33/34"), "{told}");
    }
    assert!(commune.command(["remind"]).failed(1).contains("reminders.file"), "no way is connected");
    assert!(province.command(["remind"]).failed(1).contains("reminders.file"));
    let (own, staff) = (commune.desk().join("nhac"), province.desk().join("nhac"));
    connect(&commune.data().join("agent.toml"), &own);
    connect(&province.data().join("aggregator.toml"), &staff);
    let _ = commune.command(["remind"]).ok();
    let _ = province.command(["remind"]).ok();
    let _ = province.command(["remind", "--trial"]).ok();
    assert!(letters(&own).len() == 1 && letters(&own)[0].contains("CDS-08"), "{:?}", letters(&own));
    assert!(letters(&staff).iter().any(|letter| letter.contains("- Xã Tân Phú: thiếu 33/34")), "{:?}", letters(&staff));
    assert_eq!(letters(&staff).len(), 2);
    fs::write(
        commune.data().join("agent.toml"),
        "[reminders.mail]\nhost = \"mail.example.vn\"\nsecurity = \"none\"\nfrom = \"a@b.vn\"\nto = [\"c@d.vn\"]\n",
    )
    .unwrap();
    let _ = commune.command(["remind"]).failed(1);
}
