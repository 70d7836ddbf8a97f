//! Evidence in an object store, with real programs and a real server that speaks S3.

use object_server::{BUCKET, KEY, ObjectServer, SECRET};
use std::{
    fs::{self, File},
    os::unix::fs::PermissionsExt,
    path::Path,
    time::Duration,
};
use system_tests::{
    commune::Commune,
    document::{pdf, png},
    program::figures_csv,
    province::Province,
};

const FIGURES: [(&str, u32, u32); 3] = [("CDS-05", 700, 1_000), ("CDS-07", 960, 1_000), ("CDS-17", 79, 99)];
/// After which the settings of the object store stand.
const LAST: &str = "max_commune_mib = 2048\n";

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn keys(province: &Province, secret: &str) {
    let path = province.desk().join("keys");
    fs::write(&path, format!("aws_access_key_id = {KEY}\naws_secret_access_key = {secret}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
}

fn point_at(province: &Province, server: &ObjectServer) {
    let path = province.data().join("aggregator.toml");
    let (settings, keys) = (fs::read_to_string(&path).unwrap(), province.desk().join("keys"));
    assert_eq!(settings.matches(LAST).count(), 1);
    let own = format!(
        "{LAST}url = \"s3://{BUCKET}/dong-nai\"\nendpoint = \"{}\"\ncredentials_file = {keys:?}\n",
        server.endpoint()
    );
    fs::write(path, settings.replace(LAST, &own)).unwrap();
}

fn attach(commune: &Commune, period: &str) {
    let (report, picture) = (commune.desk().join("bien-ban.pdf"), commune.desk().join("anh.png"));
    fs::write(&report, pdf(period)).unwrap();
    fs::write(&picture, png(period)).unwrap();
    let _ = commune.command(["attach", "CDS-17", "--period", period, text(&report), text(&picture)]).ok();
}

/// Lets files on their way look as if they had come an hour ago.
fn age(folder: &Path) {
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let changed = fs::metadata(&path).unwrap().modified().unwrap() - Duration::from_secs(60 * 60);
        File::options().append(true).open(path).unwrap().set_modified(changed).unwrap();
    }
}

/// Whole files in a folder of evidence.
fn lying(folder: &Path) -> usize {
    let shelves = fs::read_dir(folder).into_iter().flatten().map(|shelf| shelf.unwrap().path());
    let shelves = shelves.filter(|shelf| shelf.file_name().unwrap().len() == 2);
    shelves.map(|shelf| fs::read_dir(shelf).unwrap().count()).sum()
}

#[test]
fn a_province_keeps_its_evidence_in_a_bucket_that_goes_away_and_comes_back() {
    let mut province = Province::found();
    let mut server = ObjectServer::start(&province.desk().join("objects"));
    keys(&province, SECRET);
    point_at(&province, &server);
    let _ = province.command(["config", "check"]).ok();
    province.serve();
    let commune = Commune::joined(&province, "dinh-quan");
    let _ = commune.import(&figures_csv("2026-10", &FIGURES)).ok();
    attach(&commune, "2026-10");
    // The figures arrive; of the files nobody says that they did.
    server.gone();
    let _ = commune.command(["sync"]);
    let status = commune.status();
    assert_eq!((status["pending"].as_u64(), status["evidence_pending_files"].as_u64()), (Some(0), Some(2)), "{status}");
    age(&province.data().join("evidence/partial/dinh-quan"));
    let told = province.command(["doctor"]);
    assert_eq!(told.code, Some(1));
    assert!(told.out.contains("tệp minh chứng đã đến đủ nhưng chưa vào được kho đối tượng"), "{}", told.out);
    let (told, err) = (told.out, told.err);
    assert!(told.contains("evidence") && told.contains(&server.endpoint()), "{told}");
    assert!(!told.contains(SECRET) && !err.contains(SECRET), "{told}{err}");
    let told = province.command(["verify", "--repair"]).failed(1);
    assert!(told.contains("kho đối tượng"), "{told}");
    // Also when the server is killed meanwhile.
    province.kill();
    province.serve();
    let _ = commune.command(["sync"]);
    assert_eq!(commune.status()["evidence_pending_files"], 2);
    server.back();
    let _ = commune.command(["sync"]).ok();
    assert_eq!(commune.status()["evidence_pending_files"], 0);
    assert_eq!((lying(&server.object("dong-nai")), lying(&province.data().join("evidence"))), (2, 0));
    let _ = province.command(["verify"]).ok();
    let csv = province.command(["evidence", "--format", "csv"]).ok();
    assert!(csv.contains(",pdf,") && csv.contains(",png,") && csv.matches(",yes,").count() == 2, "{csv}");
    let out = province.desk().join("out");
    let get = ["evidence", "get", "dinh-quan", "CDS-17", "--period", "2026-10", "--out", text(&out)];
    let _ = province.command(get).ok();
    assert_eq!(fs::read(out.join("bien-ban.pdf")).unwrap(), pdf("2026-10"));
    let told = province.command(["backup", text(&province.desk().join("backup"))]).ok();
    assert!(told.contains("KHÔNG có trong bản sao lưu") && told.contains(BUCKET), "{told}");
    // Wrong keys are said to be wrong.
    keys(&province, "sai");
    let told = province.command(["verify"]).failed(1);
    assert!(told.contains("credentials_file"), "{told}");
}

#[test]
fn a_file_that_the_bucket_takes_longer_for_than_a_session_is_confirmed_in_the_next_one() {
    let mut province = Province::found();
    let server = ObjectServer::start(&province.desk().join("objects"));
    keys(&province, SECRET);
    point_at(&province, &server);
    province.serve();
    let commune = Commune::joined(&province, "dinh-quan");
    let _ = commune.import(&figures_csv("2026-10", &FIGURES)).ok();
    attach(&commune, "2026-10");
    let gate = server.gate();
    gate.close_after(10);
    // The session ends in good order while the object store takes nothing, and nothing is said to be held.
    let _ = commune.command(["sync"]).ok();
    gate.wait_until_reached();
    let status = commune.status();
    assert_eq!((status["pending"].as_u64(), status["evidence_pending_files"].as_u64()), (Some(0), Some(2)), "{status}");
    assert_eq!(lying(&server.object("dong-nai")), 0);
    gate.open();
    let _ = commune.command(["sync"]).ok();
    assert_eq!(commune.status()["evidence_pending_files"], 0);
    assert_eq!(lying(&server.object("dong-nai")), 2);
    let _ = province.command(["verify"]).ok();
}

#[test]
fn a_province_moves_its_evidence_to_a_bucket() {
    let mut province = Province::found();
    province.serve();
    let commune = Commune::joined(&province, "dinh-quan");
    let _ = commune.import(&figures_csv("2026-10", &FIGURES)).ok();
    attach(&commune, "2026-10");
    let _ = commune.command(["sync"]).ok();
    let folder = province.data().join("evidence");
    assert_eq!(lying(&folder), 2);
    let told = province.command(["evidence", "move"]).failed(1);
    assert!(told.contains("evidence.url"), "{told}");
    let server = ObjectServer::start(&province.desk().join("objects"));
    keys(&province, SECRET);
    point_at(&province, &server);
    // Read from the folder until it is moved, and told so.
    let _ = province.command(["verify"]).ok();
    let told = province.command(["doctor"]).ok();
    assert!(told.contains("còn 2 tệp minh chứng trong thư mục dữ liệu"), "{told}");
    let told = province.command(["evidence", "move", "--remove"]).ok();
    assert!(told.contains("2 tệp minh chứng đã có đủ") && told.contains("Đã xóa 2 tệp"), "{told}");
    assert_eq!((lying(&server.object("dong-nai")), lying(&folder)), (2, 0));
    let _ = province.command(["verify"]).ok();
    province.kill();
    province.serve();
    attach(&commune, "2026-10");
    let _ = commune.command(["sync"]).ok();
    assert_eq!(commune.status()["evidence_pending_files"], 0);
}
