//! Workbooks as offices have them, and files that only look like one.

use super::*;
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

fn zipped(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, bytes) in parts {
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn cells_are_what_was_typed() {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet().set_name("Số liệu").unwrap();
    sheet.write(0, 0, "  Tân Phú ").unwrap();
    sheet.write(1, 0, 12.5).unwrap();
    sheet.write_with_format(1, 1, 0.85, &Format::new().set_num_format("0%")).unwrap();
    sheet.write_with_format(1, 2, 0.123, &Format::new().set_num_format("0.00%")).unwrap();
    sheet.write(1, 3, true).unwrap();
    let day = ExcelDateTime::from_ymd(2026, 10, 1).unwrap();
    sheet.write_with_format(1, 4, &day, &Format::new().set_num_format("mmm-yy")).unwrap();
    sheet.write(1, 5, Formula::new("=1/0").set_result("#DIV/0!")).unwrap();
    sheet.write(1, 6, 0.1 + 0.2).unwrap();
    sheet.write(1, 7, 20_605).unwrap();
    sheet.write(1, 8, -100.0 / 3.0).unwrap();
    sheet.write_blank(99_999, 0, &Format::new().set_bold()).unwrap();
    sheet.merge_range(3, 0, 4, 1, "gộp", &Format::new()).unwrap();
    workbook.add_worksheet().set_name("ẩn").unwrap().set_hidden(true);
    let sheets = read(&workbook.save_to_buffer().unwrap()).unwrap();
    assert_eq!(
        sheets.iter().map(|s| (s.name.as_str(), s.visible)).collect::<Vec<_>>(),
        [("Số liệu", true), ("ẩn", false)]
    );
    let number = |text: &str| Cell::Number(text.into());
    assert_eq!(sheets[0].rows[&0][&0], Cell::Text("Tân Phú".into()));
    let expected = [
        number("12.5"),
        number("85"),
        number("12.3"),
        Cell::Flag(true),
        Cell::Day("2026-10-01".parse().unwrap()),
        Cell::Error("#DIV/0!".into()),
        number("0.3"),
        number("20605"),
        number("-33.333333"),
    ];
    assert_eq!(sheets[0].rows[&1].values().cloned().collect::<Vec<_>>(), expected);
    assert_eq!(sheets[0].rows.keys().copied().collect::<Vec<_>>(), [0, 1, 3], "a formatted empty cell is no cell");
    assert_eq!(sheets[0].merged, [((3, 0), (4, 1))]);
}

/// A workbook of one sheet with these rows and merged regions, as a program without a calculator writes it.
fn by_hand(rows: &str, merged: &str) -> Vec<u8> {
    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    const RELATIONS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006/relationships";
    let book = format!(
        "<workbook xmlns='{MAIN}' xmlns:r='{RELATIONS}'><sheets><sheet name='a' sheetId='1' r:id='r1'/></sheets></workbook>"
    );
    let links = format!(
        "<Relationships xmlns='{PACKAGE}'><Relationship Id='r1' Type='{RELATIONS}/worksheet' Target='worksheets/sheet1.xml'/></Relationships>"
    );
    let whole = format!(
        "<Relationships xmlns='{PACKAGE}'><Relationship Id='r1' Type='{RELATIONS}/officeDocument' Target='xl/workbook.xml'/></Relationships>"
    );
    let sheet = format!("<worksheet xmlns='{MAIN}'><sheetData>{rows}</sheetData>{merged}</worksheet>");
    zipped(&[
        ("_rels/.rels", whole.as_bytes()),
        ("xl/workbook.xml", book.as_bytes()),
        ("xl/_rels/workbook.xml.rels", links.as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
    ])
}

#[test]
fn a_formula_without_a_result_is_no_empty_cell() {
    let rows = "<row r='1'><c r='A1'><f>1+1</f></c><c r='B1'><f>2+2</f><v></v></c><c r='C1'><f>3+3</f><v>6</v></c>\
                <c r='D1'/><c r='E1' t='str'><f>\"\"</f><v></v></c></row>";
    let sheets = read(&by_hand(rows, "")).unwrap();
    let cells: Vec<_> = sheets[0].rows[&0].iter().map(|(column, cell)| (*column, cell.clone())).collect();
    assert_eq!(cells, [(0, Cell::Uncomputed), (1, Cell::Uncomputed), (2, Cell::Number("6".into()))]);
    let sheets = read(&by_hand("<row r='1'><c r='A1'><f t='normal'\n>1+1</f></c><c r='B1'/></row>", "")).unwrap();
    assert_eq!(sheets[0].rows[&0].len(), 1);
}

#[test]
fn merged_regions_are_bounded() {
    let merged = |count: usize| {
        let regions: String = (1..=count).map(|row| format!("<mergeCell ref='A{row}:B{row}'/>")).collect();
        by_hand("<row r='1'><c r='A1'><v>1</v></c></row>", &format!("<mergeCells>{regions}</mergeCells>"))
    };
    assert_eq!(read(&merged(MAX_MERGED)).unwrap()[0].merged.len(), MAX_MERGED);
    assert!(matches!(read(&merged(MAX_MERGED + 1)), Err(ReadFault::TooManyMerged)));
}

#[test]
fn numbers_are_rounded_by_their_digits() {
    for (number, percent, expected) in [
        (0.0, false, "0"),
        (-0.0, false, "0"),
        (1e21, false, "1000000000000000000000"),
        (100.0, false, "100"),
        (2.5, true, "250"),
        (0.071, true, "7.1"),
        (1.0, true, "100"),
        (0.000_000_4, false, "0"),
        (0.999_999_5, false, "1"),
        (33.333_333_333_333_336, false, "33.333333"),
        (-12.25, true, "-1225"),
    ] {
        assert_eq!(decimal(number, percent), expected, "{number}");
    }
}

#[test]
fn what_is_no_workbook_is_named() {
    let bomb = vec![0u8; usize::try_from(MAX_UNPACKED_BYTES).unwrap() + 10];
    let is_not_one = |bytes: &[u8]| matches!(read(bytes), Err(ReadFault::NotAWorkbook(_)));
    assert!(is_not_one(b""));
    assert!(is_not_one(b"indicator,period\n"));
    assert!(is_not_one(&zipped(&[("word/document.xml", b"<w/>")])));
    let mut whole = Workbook::new();
    whole.add_worksheet().write(0, 0, 1).unwrap();
    let whole = whole.save_to_buffer().unwrap();
    assert!(is_not_one(&whole[..whole.len() / 2]));
    assert!(matches!(read(OLD_CONTAINER), Err(ReadFault::OldOrEncrypted)));
    assert!(matches!(read(&zipped(&[("xl/worksheets/sheet1.xml", &bomb)])), Err(ReadFault::TooLarge)));
    assert!(matches!(read(&zipped(&[("xl/vbaProject.bin", b"x")])), Err(ReadFault::Macros)));
    assert!(matches!(read(&vec![b'P'; MAX_FILE_BYTES + 1]), Err(ReadFault::TooLarge)));
    let many: Vec<String> = (0..=MAX_PARTS).map(|part| format!("part{part}")).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), &b""[..])).collect();
    assert!(matches!(read(&zipped(&many)), Err(ReadFault::TooLarge)));
    for at in (0..whole.len()).step_by(7) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x55;
        let _ = read(&damaged);
    }
}
