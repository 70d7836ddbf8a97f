//! Bad input from outside: each is refused with a reason, and everything else goes on.

use system_tests::{
    commune::Commune,
    program::{figures_csv, run},
    province::Province,
};

#[test]
fn an_invitation_works_once_and_for_its_commune() {
    let mut province = Province::found();
    province.serve();
    let invitation = province.invite("tan-loi");
    let first = Commune::new();
    let _ = first.join(province.url(), &invitation).ok();
    assert_eq!(first.status()["commune"], "tan-loi");
    let second = Commune::new();
    assert!(second.join(province.url(), &invitation).failed(5).contains("mã mời"));
    let mut wrong = province.invite("tan-loi");
    wrong.authority = "00".repeat(32);
    assert_ne!(second.join(province.url(), &wrong).code, Some(0), "another authority must not be trusted");
}

#[test]
fn a_certificate_of_another_province_is_refused_and_others_go_on() {
    let (mut here, mut elsewhere) = (Province::found(), Province::found());
    here.serve();
    elsewhere.serve();
    let foreign = Commune::joined(&elsewhere, "tan-phu");
    let _ = foreign.import(&figures_csv("2026-10", &[("CDS-17", 1, 2)])).ok();
    foreign.point_at(here.url());
    assert_ne!(foreign.command(["sync"]).code, Some(0));
    assert_eq!(foreign.status()["pending"], 1);
    let own = Commune::joined(&here, "tan-phu");
    let _ = own.import(&figures_csv("2026-10", &[("CDS-17", 1, 2)])).ok();
    let _ = own.command(["sync"]).ok();
    assert_eq!(here.command(["export", "observations"]).ok().lines().count(), 2);
}

#[test]
fn a_figure_the_province_refuses_is_explained_to_its_clerk_and_the_rest_passes() {
    let mut province = Province::found();
    province.serve();
    let commune = Commune::joined(&province, "tan-phu");
    let _ = commune.import(&figures_csv("2026-09", &[("CDS-08", 1, 2)])).ok();
    let _ = commune.import(&figures_csv("2026-08", &[("CDS-08", 1, 2)])).ok();
    // The agent does not know yet that the province asks for it no more.
    province.drop_indicator("CDS-08");
    let _ = commune.import(&figures_csv("2026-10", &[("CDS-17", 2, 3)])).ok();
    let _ = commune.command(["sync"]);
    let status = commune.status();
    assert_eq!(status["pending"], 0, "{status}");
    assert_eq!(status["refused"].as_array().map(Vec::len), Some(2), "{status}");
    assert!(commune.command(["status"]).ok().contains("không có chỉ tiêu"));
    assert_eq!(province.command(["export", "observations"]).ok().lines().count(), 2);
    // Now it knows.
    assert!(
        commune.command(["record", "CDS-08", "--period", "2026-09", "--ratio", "1/2"]).failed(3).contains("CDS-08")
    );
    let _ = commune.command(["record", "CDS-17", "--period", "2026-10", "--ratio", "5/6"]).ok();
    let _ = commune.command(["sync"]).ok();
    let observations = province.command(["export", "observations"]).ok();
    assert!(observations.contains("tan-phu,CDS-17,,2026-10,2,5,6,"), "{observations}");
}

#[test]
fn entry_is_checked_and_a_bad_file_changes_nothing() {
    let mut province = Province::found();
    province.serve();
    let commune = Commune::joined(&province, "loc-tan");
    let record = |args: &[&str]| {
        let data = commune.data();
        let head = ["--data", data.to_str().unwrap(), "record"];
        run("commune-agent", head.iter().chain(args))
    };
    for (args, code) in [
        (&["ZZ-1", "--period", "2026-10", "--yes"][..], 3),
        (&["CDS-17", "--period", "2026-10", "--ratio", "3/2"], 3),
        (&["CDS-17", "--period", "2026-10", "--ratio", "3/0"], 3),
        (&["CDS-17", "--period", "2026-10", "--yes"], 3),
        (&["CDS-42", "--period", "2026-10", "--value=-1"], 3),
        (&["CDS-17", "--period", "2025-10", "--ratio", "1/2"], 3),
        (&["CDS-17", "--period", "2026-10", "--ratio", "1/2", "--unit", "KHONG-CO"], 3),
        (&["CDS-17", "--period", "2026-13", "--ratio", "1/2"], 2),
        (&["CDS-17", "--period", "2026-10"], 2),
    ] {
        let done = record(args);
        assert_eq!(done.code, Some(code), "{args:?}: {}{}", done.out, done.err);
        assert!(!done.err.is_empty(), "{args:?} is refused without a word");
    }
    // The workbook that is handed out to be filled in; an untouched one is sound and changes nothing, and it never replaces another.
    let template = commune.desk().join("mẫu.xlsx");
    let out = template.to_str().unwrap();
    let _ = commune.command(["template", "--period", "2026-10", "-o", out]).ok();
    let _ = commune.command(["template", "--period", "2026-10", "-o", out]).failed(1);
    let _ = commune.command(["template", "--period", "2025-10", "-o", "x.xlsx"]).failed(3);
    assert!(commune.command(["import", out]).ok().contains("Đã ghi 0 số liệu"));
    std::fs::write(commune.desk().join("hỏng.xlsx"), &std::fs::read(&template).unwrap()[..5_000]).unwrap();
    let told = commune.command(["import", commune.desk().join("hỏng.xlsx").to_str().unwrap()]).failed(3);
    assert!(told.contains("nguyên vẹn"), "{told}");
    assert!(province.command(["rankings", "--format", "xlsx"]).out.starts_with("PK"));
    let bad = "indicator,period,numerator,denominator\nCDS-17,2026-10,1,2\nCDS-08,2026-10,abc,2\n";
    let message = commune.import(bad).err;
    assert!(message.contains("dòng 3") && message.contains("numerator"), "{message}");
    assert_eq!(commune.status()["pending"], 0);
}
