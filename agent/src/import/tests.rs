//! Files of figures: what goes in, what is named as a fault, and that a faulty file changes nothing.

use super::{fault::MAX_FAULTS, *};
use crate::fixture::Home;
use proptest::prelude::*;
use shared::language::Language;

const GOOD: &str = "\
indicator,period,unit,numerator,denominator,value,note
CDS-1,2026-10,,45,60,,tháng mười
CDS-1,2026-10,ap-1,5,6,,
cds-2,2026-10,,,,1200,
CDS-3,2026-Q4,,,,\"12,5\",
CDS-4,2026-10,,,,yes,
CDS-2,2026-09,,,,,để trống
CDS-1,2026-09,,,,,
";

fn run(home: &mut Home, text: impl AsRef<[u8]>, dry_run: bool) -> Result<Imported, ImportError> {
    let (store, mut author) = home.author();
    import(store, &mut author, text.as_ref(), How { dry_run, ..How::default() })
}

fn faults(home: &mut Home, text: impl AsRef<[u8]>) -> Vec<(usize, String)> {
    match run(home, text, false) {
        Err(ImportError::Faults(faults)) => {
            assert!(!faults.explain(Path::new("x.csv"), Language::Vi).is_empty());
            faults.named.into_iter().map(|fault| (fault.row, fault.column)).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_good_file_goes_in_whole_and_again_changes_nothing() {
    let mut home = Home::ready();
    let dry = run(&mut home, GOOD, true).unwrap();
    assert_eq!((dry.recorded.len(), home.store.view().head().unwrap().seq), (5, 0));
    let imported = run(&mut home, GOOD, false).unwrap();
    assert_eq!((imported.recorded.len(), imported.unchanged, imported.blank), (5, 0, 2));
    assert_eq!(imported.bare_notes, [7], "a note without a value is said");
    assert_eq!(imported.recorded[2].0, 4);
    let again = run(&mut home, GOOD, false).unwrap();
    assert_eq!((again.recorded.len(), again.unchanged), (0, 5));
    assert_eq!(home.store.view().head().unwrap().seq, 5);
    let newer = run(&mut home, GOOD.replace("1200", "1300"), false).unwrap();
    assert_eq!(newer.recorded[0].1.version, 2);
}

#[test]
fn spreadsheets_differ() {
    let mut home = Home::ready();
    let other = "\u{feff}value;period;indicator\r\n12,5;2026-10;CDS-3\r\n7;2026-10;CDS-2\r\n";
    assert_eq!(run(&mut home, other, false).unwrap().recorded.len(), 2);
    assert_eq!(run(&mut home, "Indicator, Period ,VALUE\n", false).unwrap(), Imported::default());
}

#[test]
fn faults_are_named_by_row_and_column_and_nothing_goes_in() {
    let mut home = Home::ready();
    let rows = "\
indicator,period,unit,numerator,denominator,value,note
CDS-99,2026-10,,1,2,,
CDS-1,2026-13,,1,2,,
CDS-1,2026-10,ap-9,1,2,,
CDS-1,2026-10,,3,2,,
CDS-1,2026-10,,3,x,,
CDS-1,2026-10,,3,0,,
CDS-1,2026-10,,3,,,
CDS-1,2026-10,,1,2,50,
,2026-10,,1,2,,
CDS-2,2026-10,,,,5
CDS-2,2026-10,,,,5,
CDS-2,2026-10,,,,6,
";
    let expected = [
        (3, "period"),
        (8, "denominator"),
        (9, "value"),
        (10, "indicator"),
        (11, ""),
        (2, "indicator"),
        (4, "unit"),
        (5, "numerator"),
        (6, "denominator"),
        (7, "denominator"),
        (13, ""),
    ];
    assert_eq!(faults(&mut home, rows), expected.map(|(row, column)| (row, column.to_owned())));
    assert_eq!(faults(&mut home, "indicator,value,value,x\nCDS-2,5,,\n").len(), 3);
    assert_eq!(faults(&mut home, ""), [(0, String::new())]);
    assert_eq!(faults(&mut home, "indicator,period,denominator\nCDS-1,2026-10,60\n"), [(2, "numerator".to_owned())]);
    assert_eq!(faults(&mut home, b"indicator,period,value\nCDS-2,2026-10,\xff\n"), [(2, String::new())]);
    assert_eq!(home.store.view().head().unwrap().seq, 0);
}

#[test]
fn rows_are_counted_as_a_spreadsheet_shows_them() {
    let mut home = Home::ready();
    let rows = "\
\nindicator,period,value,note\n
CDS-2,2026-10,x,
\"CDS-2\",2026-09,1,\"hai dòng,
một ghi chú

có dòng trống\"

\nCDS-2,2026-08,x,
CDS-2,2026-07,x,\"a\nb\"
CDS-2,2026-06,\"\u{ff}x\",
";
    // The first line is blank, the heading is row 2.
    let expected = [4, 8, 9, 10].map(|row| (row, "value".to_owned()));
    assert_eq!(faults(&mut home, rows), expected);
    assert_eq!(faults(&mut home, rows.replace('\n', "\r\n")), expected);
    assert_eq!(faults(&mut home, rows.replace('\n', "\r")), expected);
    assert_eq!(faults(&mut home, "\n\nindicator,period,note,x\n"), [(3, "x".to_owned())]);
    let bytes = b"indicator,period,value\n\nCDS-2,2026-10,\xff\n\nCDS-2,2026-10,x\n";
    assert_eq!(faults(&mut home, bytes), [(3, String::new()), (5, "value".to_owned())]);
    let good =
        run(&mut home, "indicator,period,value,note\n\nCDS-2,2026-10,1,\"a, b\nc, d\"\n\nCDS-2,2026-09,2,\n", false);
    assert_eq!(good.unwrap().recorded.iter().map(|(row, _)| *row).collect::<Vec<_>>(), [3, 5]);
}

#[test]
fn a_quotation_mark_that_is_not_closed_is_named_and_swallows_nothing() {
    let mut home = Home::ready();
    for (rows, column) in [
        ("CDS-2,2026-10,\"1,\nCDS-3,2026-10,2.5,\nCDS-3,2026-09,1,\n", "value"),
        ("CDS-2,2026-10,1,\"ghi chú\nCDS-3,2026-10,2.5,\n", "note"),
        ("CDS-2,2026-10,1,\"ghi chú\nCDS-3,2026-10,2.5,\"khác\"\n", "note"),
        ("\"CDS-2,2026-10,1,\nCDS-3,2026-10,2.5,\"x\"\n", "indicator"),
    ] {
        let text = format!("indicator,period,value,note\n{rows}");
        let Err(ImportError::Faults(all)) = run(&mut home, &text, false) else { panic!("{rows}") };
        let first = &all.named[0];
        assert_eq!((first.row, first.column.as_str()), (2, column), "{rows}");
        let FaultKind::QuoteNotClosed(shown) = &first.error else { panic!("{rows}: {:?}", first.error) };
        assert!(text.contains(shown.as_str()) && shown.chars().count() <= 40, "{shown}");
        assert!(all.explain(Path::new("x.csv"), Language::En).contains("quotation mark"));
    }
    assert_eq!(home.store.view().head().unwrap().seq, 0);
    let typed = "indicator,period,value\nCDS-2,2026-10,\"12,x\"\n";
    let Err(ImportError::Faults(all)) = run(&mut home, typed, false) else { panic!() };
    assert!(all.explain(Path::new("x.csv"), Language::Vi).contains("12,x"));
}

#[test]
fn a_note_with_control_characters_is_named() {
    let mut home = Home::ready();
    assert_eq!(
        faults(&mut home, "indicator,period,value,note\nCDS-2,2026-10,1,a\u{1b}[2J\n"),
        [(2, "note".to_owned())]
    );
}

#[test]
fn there_are_limits() {
    let mut home = Home::ready();
    let mut rows = String::from("indicator,period,value\n");
    rows.push_str(&"CDS-2,2026-10,\n".repeat(MAX_ROWS));
    assert_eq!(run(&mut home, &rows, false).unwrap().blank, MAX_ROWS);
    rows.push_str("CDS-2,2026-10,\n");
    assert_eq!(faults(&mut home, &rows), [(MAX_ROWS + 2, String::new())]);
    let file = home.folder.root().join("big.csv");
    fs::File::create(&file).unwrap().set_len(MAX_FILE_BYTES + 1).unwrap();
    assert!(matches!(read_file(&file), Err(ImportError::TooLarge)));
    let many = format!("indicator,period,value\n{}", "CDS-2,2026-10,x\n".repeat(MAX_FAULTS + 7));
    let Err(ImportError::Faults(all)) = run(&mut home, many, false) else { panic!() };
    assert_eq!((all.named.len(), all.count), (MAX_FAULTS, MAX_FAULTS + 7));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_mutated_file_goes_in_whole_or_not_at_all(places in prop::collection::vec((0..GOOD.len(), any::<u8>()), 1..6)) {
        let mut home = Home::ready();
        let mut bytes = GOOD.as_bytes().to_vec();
        for (place, byte) in places {
            bytes[place] = byte;
        }
        let before = home.store.view().head().unwrap();
        match run(&mut home, &bytes, false) {
            Ok(imported) => {
                let recorded = imported.recorded.len() as u64;
                prop_assert_eq!(home.store.view().head().unwrap().seq, before.seq + recorded);
            }
            Err(_) => prop_assert_eq!(home.store.view().head().unwrap(), before),
        }
    }
}
