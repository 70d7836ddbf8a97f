//! The monthly report of the province and of a commune: the figures of the period, and nothing over a file that is there.

use std::fs;
use system_tests::{commune::Commune, program::figures_csv, province::Province};

/// Whether a document says something; its parts are stored without compression, a text may be split where its form changes.
fn says(document: &[u8], words: &str) -> bool {
    document.windows(words.len()).any(|window| window == words.as_bytes())
}

/// The part of a document between two headings.
fn part<'a>(document: &'a [u8], from: &str, to: &str) -> &'a [u8] {
    let find = |bytes: &[u8], words: &str| {
        bytes.windows(words.len()).position(|window| window == words.as_bytes()).unwrap_or_else(|| panic!("{words}"))
    };
    let rest = &document[find(document, from)..];
    &rest[..find(rest, to)]
}

#[test]
fn a_month_is_reported_as_an_official_document_by_both() {
    let mut province = Province::found();
    province.clock("2026-10-12T08:00:00+07:00");
    province.serve();
    let communes = ["dinh-quan", "tan-phu"].map(|slug| Commune::joined(&province, slug));
    for commune in &communes {
        let _ = commune.import(&figures_csv("2026-10", &[("CDS-05", 870, 1_000), ("CDS-07", 500, 1_000)])).ok();
        let _ = commune
            .command(["progress", "I.1", "--period", "2026-10", "--done", "30", "--note", "Thiếu kinh phí"])
            .ok();
        let _ = commune.command(["sync"]).ok();
    }
    let place = |name: &str| province.desk().join(name).to_str().unwrap().to_owned();
    let (report, annex) = (place("bao-cao.docx"), place("phu-luc.xlsx"));
    let ask = |period: &str| province.command(["report", "--period", period, "--out", &report, "--annex", &annex]);
    assert!(ask("2026-09").failed(1).contains("chưa có số liệu nào"));
    assert!(fs::metadata(&report).is_err(), "nothing is made of a month without figures");
    let _ = ask("2026-10").ok();
    let document = fs::read(&report).unwrap();
    for words in [
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "SỞ KHOA HỌC VÀ CÔNG NGHỆ",
        "SỐ LIỆU MÔ PHỎNG",
        "tháng 10 năm 2026",
        "Xã Định Quán",
        "Xếp hạng theo mục tiêu của từng kế hoạch",
    ] {
        assert!(says(&document, words), "{words}");
    }
    assert!(says(&fs::read(&annex).unwrap(), "xl/worksheets/sheet8.xml"), "all lists and the province's own figures");
    assert!(ask("2026-10").failed(1).contains("đã có rồi"));
    assert_eq!(fs::read(&report).unwrap(), document);
    // Closed: it says so, and what comes later changes nothing of the figures.
    let _ = province.command(["period", "close", "2026-10", "--early"]).ok();
    let open = document;
    for (code, ratio) in [("CDS-05", "1/1000"), ("CDS-08", "999/1000")] {
        let _ = communes[0].command(["record", code, "--period", "2026-10", "--ratio", ratio]).ok();
    }
    let _ = communes[0].command(["sync"]).ok();
    let lights = |revision| {
        province
            .command(["explain", "dinh-quan", "--period", "2026-10", "--revision", revision, "--format", "csv"])
            .ok()
    };
    assert_ne!(lights("1"), lights("present"), "it does change the present figures");
    let closed = place("da-chot.docx");
    let _ = province.command(["report", "--period", "2026-10", "--out", &closed]).ok();
    let document = fs::read(&closed).unwrap();
    assert!(says(&document, "Kỳ báo cáo đã chốt") && says(&document, "87"), "the figure as it was closed");
    for (from, to) in [("KẾT QUẢ THỰC HIỆN", "THẨM ĐỊNH MINH CHỨNG"), ("Còn thiếu", "KẾT QUẢ THỰC HIỆN")]
    {
        assert!(
            part(&document, from, to) == part(&open, from, to),
            "{from}: lights, ranks and due days as they were closed"
        );
    }
    assert!(says(&document, "theo số liệu hiện tại"), "what is not frozen says so");
    // The commune's own: in its own name, with what was noted.
    let own = communes[1].desk().join("xa.docx");
    let own = own.to_str().unwrap();
    assert!(communes[1].command(["report", "--period", "2026-03", "--out", own]).failed(1).contains("chưa nhập gì"));
    let _ = communes[1].command(["report", "--period", "2026-10", "--out", own]).ok();
    let document = fs::read(own).unwrap();
    assert!(says(&document, "nhiệm vụ I.1: Thiếu kinh phí") && says(&document, "XÃ TÂN PHÚ"));
}
