//! Reports as packages: what stands where, hostile text, bounds.

#![allow(clippy::unwrap_used)]

use document::{
    Column, Error, Head, Numbering, Part, Picture, Report, Side, Signature, Table,
    bounds::{CELL, PARTS, ROWS},
    chart::{Bar, Bars},
};
use quick_xml::{Reader, events::Event};
use std::io::{Cursor, Read};

const HOSTILE: &str = "</w:t>&\"'<w:trHeight w:val=\"397\" w:hRule=\"atLeast\" />\u{0}\u{8}\u{1F}\u{FFFE}\u{202E}]]>";
/// What is left of it.
const TAMED: &str = "</w:t>&\"'<w:trHeight w:val=\"397\" w:hRule=\"atLeast\" />]]>";

fn table() -> Table {
    let column = |heading: &str, side| Column { heading: heading.into(), width: 1, side };
    Table {
        caption: "Điểm".into(),
        columns: vec![column("Đơn vị", Side::Left), column("Điểm", Side::Right)],
        rows: vec![vec!["Xã Trảng Bom".into(), "85,5".into()], vec![HOSTILE.into(), "1".into()]],
        total: false,
    }
}

fn picture() -> Picture {
    let bars = vec![Bar { label: "Xã".into(), value: 12.5 }];
    let chart = Bars { description: "Điểm".into(), bars, target: None, top: None, decimals: 1 };
    let png = chart.drawing().unwrap().png(1.0).unwrap();
    Picture { png, caption: "Điểm các xã".into(), description: HOSTILE.into() }
}

fn report() -> Report {
    Report {
        head: Head {
            superior: Some("UBND tỉnh Đồng Nai".into()),
            issuer: vec!["Ủy ban nhân dân".into(), "xã Trảng Bom".into()],
            number: Some(5),
            symbol: "BC-UBND".into(),
            place: "Trảng Bom".into(),
            date: "2026-02-03".parse().unwrap(),
            day_open: false,
        },
        title: "BÁO CÁO".into(),
        subject: format!("Kết quả {HOSTILE}"),
        addressed_to: vec!["UBND tỉnh".into(), "Sở Nội vụ".into()],
        numbering: Numbering::Roman,
        parts: vec![
            Part::Heading { level: 1, text: "KẾT QUẢ".into() },
            Part::Heading { level: 2, text: HOSTILE.into() },
            Part::Paragraph(HOSTILE.into()),
            Part::Bullets(vec!["một".into(), HOSTILE.into()]),
            Part::Table(table()),
            Part::Table(table()),
            Part::Picture(picture()),
            Part::Picture(picture()),
        ],
        recipients: vec!["Như trên;".into(), "Lưu: VT".into()],
        signature: Signature {
            authority: vec!["TM. Ủy ban nhân dân".into(), "Chủ tịch".into()],
            name: "Trần Văn A".into(),
        },
        notice: Some("SỐ LIỆU MÔ PHỎNG".into()),
    }
}

fn written(report: &Report) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    report.write(&mut bytes).unwrap();
    bytes.into_inner()
}

fn part(package: &[u8], name: &str) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(package)).unwrap();
    let mut text = String::new();
    archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

/// The texts of a part of the package, a line for each paragraph; fails where it is not well-formed.
fn texts(xml: &str) -> String {
    let mut reader = Reader::from_str(xml);
    let (mut out, mut inside) = (String::new(), false);
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) => {
                for attribute in tag.attributes() {
                    attribute.unwrap();
                }
                inside = tag.name().as_ref() == "w:t";
            }
            Event::Empty(tag) => {
                for attribute in tag.attributes() {
                    attribute.unwrap();
                }
            }
            Event::End(tag) if tag.name().as_ref() == "w:p" => out.push('\n'),
            Event::End(_) => inside = false,
            Event::Text(text) if inside => out.push_str(&text),
            Event::GeneralRef(name) if inside => {
                out.push_str(quick_xml::escape::resolve_predefined_entity(&name).unwrap());
            }
            Event::Eof => return out,
            _ => {}
        }
    }
}

#[test]
fn the_package_holds_the_form_and_the_parts() {
    let package = written(&report());
    let text = texts(&part(&package, "word/document.xml"));
    let expected = [
        "SỐ LIỆU MÔ PHỎNG",
        "UBND TỈNH ĐỒNG NAI",
        "ỦY BAN NHÂN DÂN",
        "XÃ TRẢNG BOM",
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "Độc lập - Tự do - Hạnh phúc",
        "Số: 05/BC-UBND",
        "Trảng Bom, ngày 03 tháng 02 năm 2026",
        "BÁO CÁO",
        "Kính gửi:",
        "- UBND tỉnh;",
        "- Sở Nội vụ.",
        "I. KẾT QUẢ",
        "- một",
        "Bảng 1. Điểm",
        "Xã Trảng Bom",
        "85,5",
        "Bảng 2. Điểm",
        "Hình 1. Điểm các xã",
        "Hình 2. Điểm các xã",
        "Nơi nhận:",
        "- Như trên;",
        "- Lưu: VT.",
        "TM. ỦY BAN NHÂN DÂN",
        "CHỦ TỊCH",
        "Trần Văn A",
    ];
    let mut lines = text.lines();
    for line in expected {
        assert!(lines.any(|found| found == line), "{line} is not where it should be in:\n{text}");
    }
}

#[test]
fn hostile_text_stays_text() {
    let package = written(&report());
    let xml = part(&package, "word/document.xml");
    let text = texts(&xml);
    let tamed: Vec<_> = text.lines().filter(|line| line.contains(TAMED)).collect();
    assert_eq!(
        tamed,
        [
            format!("Kết quả {TAMED}"),
            format!("1. {TAMED}"),
            TAMED.into(),
            format!("- {TAMED}"),
            TAMED.into(),
            TAMED.into()
        ]
    );
    assert_eq!(xml.matches("<w:tblHeader />").count(), 2);
    assert!(!xml.contains(['\u{0}', '\u{8}', '\u{1F}', '\u{FFFE}', '\u{202E}']));
}

#[test]
fn every_page_bears_its_number_and_the_notice() {
    let mut report = report();
    let package = written(&report);
    let (first, others) = (part(&package, "word/header1.xml"), part(&package, "word/header2.xml"));
    assert_eq!(texts(&first), "SỐ LIỆU MÔ PHỎNG\n");
    assert!(texts(&others).ends_with("SỐ LIỆU MÔ PHỎNG\n") && others.contains("PAGE"));
    assert!(!first.contains("PAGE"));
    let xml = part(&package, "word/document.xml");
    assert!(xml.contains("<w:titlePg") && xml.contains(r#"w:type="first" r:id="rIdHeader1""#), "{xml}");
    report.notice = None;
    let package = written(&report);
    assert_eq!(texts(&part(&package, "word/header1.xml")), "\n");
    assert!(!texts(&part(&package, "word/document.xml")).contains("MÔ PHỎNG"));
}

#[test]
fn paper_language_and_properties_are_set() {
    let package = written(&report());
    let document = part(&package, "word/document.xml");
    assert!(document.contains(r#"<w:pgSz w:w="11906" w:h="16838""#));
    for margin in [r#"w:top="1134""#, r#"w:right="850""#, r#"w:bottom="1134""#, r#"w:left="1701""#] {
        assert!(document.contains(margin), "{margin}");
    }
    for number in 1..=2 {
        assert!(
            document.contains(&format!(r#"<wp:docPr id="{number}" name="Hình {number}" descr="&lt;/w:t&gt;&amp;"#))
        );
    }
    let styles = part(&package, "word/styles.xml");
    assert!(styles.contains(r#"w:lang w:val="vi-VN""#) && styles.contains("Times New Roman"));
    texts(&styles);
    let core = part(&package, "docProps/core.xml");
    texts(&core);
    for text in [
        "<dc:language>vi-VN<",
        "<dc:title>BÁO CÁO Kết quả",
        ">2026-02-03T00:00:00Z<",
        "<dc:creator>Ủy ban nhân dân xã Trảng Bom<",
    ] {
        assert!(core.contains(text), "{text} in {core}");
    }
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    let report = report();
    let first = written(&report);
    assert_eq!(first, written(&report));
    let elsewhere = std::thread::spawn(move || written(&report)).join().unwrap();
    assert_eq!(first, elsewhere);
}

#[test]
fn what_is_out_of_bounds_is_refused_by_name() {
    let refused = |change: fn(&mut Report)| {
        let mut report = report();
        change(&mut report);
        report.write(&mut Cursor::new(Vec::new())).unwrap_err().to_string()
    };
    assert_eq!(refused(|report| report.title = "a".repeat(501)), "title is too long: at most 500 characters");
    assert_eq!(refused(|report| report.subject = " ".into()), "subject is empty");
    assert_eq!(refused(|report| report.head.issuer.clear()), "issuing body is empty");
    assert_eq!(
        refused(|report| report.parts = vec![Part::Paragraph(String::new()); PARTS + 1]),
        "parts are too many: at most 2000"
    );
    assert_eq!(
        refused(|report| report.parts[1] = Part::Heading { level: 4, text: String::new() }),
        "part 2 (heading) has the level 4: 1 to 3 are possible"
    );
    let refused = |change: fn(&mut Table)| {
        let (mut report, mut table) = (report(), table());
        change(&mut table);
        report.parts = vec![Part::Table(table)];
        report.check().unwrap_err().to_string()
    };
    assert_eq!(
        refused(|table| table.rows[1][0] = "ắ".repeat(CELL + 1)),
        "part 1 (table), row 2, column 1 is too long: at most 2000 characters"
    );
    assert_eq!(
        refused(|table| table.rows = vec![vec![String::new(); 2]; ROWS + 1]),
        "rows of part 1 (table) are too many: at most 5000"
    );
    assert_eq!(refused(|table| table.rows[0].truncate(1)), "part 1 (table), row 1 has 1 cells for 2 columns");
    assert_eq!(refused(|table| table.columns[0].width = 0), "part 1 (table), a column or its width is empty");
    let mut report = report();
    report.parts = vec![Part::Picture(Picture { png: b"GIF89a".to_vec(), ..picture() })];
    assert!(matches!(report.check(), Err(Error::Picture { .. })));
    report.parts = vec![Part::Paragraph("ắ".repeat(20_000))];
    report.check().unwrap();
}
