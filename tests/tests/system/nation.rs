//! Two provinces close a month and publish it; the nation ranks their communes, with real programs and files carried from one to the other.

use std::{fs, path::Path};
use system_tests::{
    commune::Commune,
    program::{Done, figures_csv, run},
    province::{Province, catalogue},
};

const PROGRAM: &str = "province-aggregator";

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A training province of another name, with the same catalogue, that closed September without a single figure.
fn neighbour(desk: &Path) -> impl Fn(&[&str]) -> Done {
    let (from, data) = (desk.join("catalogue"), desk.join("neighbour"));
    fs::create_dir(&from).unwrap();
    for file in fs::read_dir(catalogue()).unwrap().map(|entry| entry.unwrap().path()) {
        let own = fs::read_to_string(&file).unwrap().replace("id = \"dong-nai\"", "id = \"tay-ninh\"");
        fs::write(from.join(file.file_name().unwrap()), own).unwrap();
    }
    let command = move |args: &[&str]| run(PROGRAM, ["--data", text(&data)].iter().chain(args));
    let _ = command(&["init", "--exercise", "--catalogue", text(&from)]).ok();
    let _ = command(&["exercise", "clock", "2026-09-25T09:00:00+07:00"]).ok();
    let _ = command(&["period", "close", "2026-09"]).ok();
    command
}

#[test]
fn two_provinces_publish_and_the_nation_ranks_their_communes() {
    let mut province = Province::found();
    province.clock("2026-09-12T09:00:00+07:00");
    province.serve();
    let commune = Commune::joined(&province, "dinh-quan");
    let _ = commune.import(&figures_csv("2026-09", &[("CDS-05", 700, 1_000), ("CDS-17", 60, 99)])).ok();
    let _ = commune.command(["sync"]).ok();
    let desk = province.desk().to_owned();
    let (file, other) = (desk.join("dong-nai.publication"), desk.join("tay-ninh.publication"));
    let publish = ["publish", "--period", "2026-09", "--out", text(&file)];
    assert!(province.command(publish).failed(1).contains("chưa chốt"));
    province.clock("2026-09-25T09:00:00+07:00");
    let _ = province.command(["period", "close", "2026-09"]).ok();
    let told = province.command(publish).ok();
    assert!(told.contains("số 1 trong chuỗi"), "{told}");
    let neighbour = neighbour(&desk);
    let _ = neighbour(&["publish", "--period", "2026-09", "--out", text(&other)]).ok();

    let home = desk.join("nation");
    let nation = |args: &[&str]| run(PROGRAM, ["--data", text(&home), "nation"].iter().chain(args));
    assert!(nation(&["accept", text(&file)]).failed(1).contains("nation init"));
    let _ = nation(&["init", "--exercise"]).ok();
    assert!(nation(&["accept", text(&file)]).failed(1).contains("add-province"));
    for (code, data) in [("dong-nai", province.data()), ("tay-ninh", desk.join("neighbour"))] {
        let authority = data.join("authority/certificate.pem");
        let told = nation(&["add-province", code, "--name", code, "--authority", text(&authority)]).ok();
        assert!(told.contains("Dấu vân tay"), "{told}");
    }
    let changed = desk.join("changed.publication");
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    fs::write(&changed, bytes).unwrap();
    let _ = nation(&["accept", text(&changed)]).failed(1);
    for file in [&file, &other] {
        assert!(nation(&["accept", text(file)]).ok().contains("chữ ký đúng"));
        assert!(nation(&["accept", text(file)]).failed(1).contains("đã nhận từ trước"));
    }
    let csv = nation(&["ranking", "--period", "2026-09", "--format", "csv"]).ok();
    assert!(csv.lines().nth(1).unwrap().starts_with("own,2026-09,1,dong-nai/dinh-quan,"), "{csv}");
    assert!(csv.contains(",tay-ninh/dinh-quan,"), "{csv}");
    let told = nation(&["ranking", "--period", "2026-09"]).ok();
    assert!(told.contains("SỐ LIỆU MÔ PHỎNG") && told.contains("2 tỉnh"), "{told}");
    let told = nation(&["provinces", "--period", "2026-09"]).ok();
    assert!(told.contains("không được xếp hạng"), "{told}");
    let figure = nation(&["indicator", "cds-17", "--period", "2026-09", "--format", "json"]).json();
    assert_eq!((figure[0]["numerator"].as_u64(), figure[0]["reporting"].as_u64()), (Some(60), Some(1)), "{figure}");
    // By anyone, from files alone.
    let out = desk.join("out");
    let _ = nation(&["export", "--period", "2026-09", "--out", text(&out)]).ok();
    let again = run(PROGRAM, ["recompute", text(&out), "rankings", "--period", "2026-09", "--format", "csv"]).ok();
    assert_eq!(again, csv);
    assert!(nation(&["verify"]).ok().contains("2 gói đã kiểm chứng, 0 gói sai"));
    let kept = home.join("provinces/dong-nai/000001-2026-09-1.publication");
    fs::copy(&other, kept).unwrap();
    let _ = nation(&["verify"]).failed(1);
    assert_eq!(nation(&["list", "--format", "json"]).code, Some(1));
}
