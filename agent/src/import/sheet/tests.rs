//! Workbooks: the template filled in as offices do, and those that are refused, each with its place.

use super::*;
use crate::{
    entry::Author,
    fixture::{Home, now},
    import::{How, Imported, import},
    template,
};
use rand::{SeedableRng, rngs::StdRng};
use shared::{language::Language, observation::Value, period::Period};
use std::path::Path;
use workbook::writing::{ExcelDateTime, Format, Formula, Workbook};

fn october() -> Period {
    "2026-10".parse().unwrap()
}

fn of<'a>(unit: Option<&'a str>, indicators: &'a [String]) -> template::Wanted<'a> {
    template::Wanted { period: october(), unit, indicators }
}

#[test]
fn a_template_for_units_has_a_line_for_each_of_them_and_comes_back() {
    let mut home = Home::ready();
    let catalogue = home.store.view().catalogue().unwrap().unwrap();
    let make = |home: &Home, unit: Option<&str>, indicators: &[&str]| {
        let indicators: Vec<String> = indicators.iter().map(|code| (*code).to_owned()).collect();
        template::make(home.store.view(), &catalogue, &of(unit, &indicators), &|value| format!("{value:?}"))
    };
    use template::TemplateError::{NothingToFillIn, UnknownIndicator, UnknownUnit};
    assert!(matches!(make(&home, Some("ap-9"), &[]), Err(UnknownUnit(_))));
    assert!(matches!(make(&home, Some("ap-1"), &[]), Err(NothingToFillIn)), "it leads no target");
    assert!(matches!(make(&home, None, &["CDS-77"]), Err(UnknownIndicator(_))));
    let sheets = reading::read(&make(&home, Some("AP-1"), &["cds-1", "CDS-2"]).unwrap()).unwrap();
    let bytes = saved(&sheets, |_, rows| {
        for cells in rows.values_mut() {
            match cells.get(&0).map(Cell::text).as_deref() {
                Some("CDS-1") => {
                    cells.insert(10, Cell::Number("3".into()));
                    cells.insert(11, Cell::Number("4".into()));
                }
                Some("CDS-2") => drop(cells.insert(12, Cell::Number("7".into()))),
                _ => {}
            }
        }
    });
    let imported = take(&mut home, &bytes, false).unwrap();
    let keys: Vec<_> = imported.recorded.iter().map(|(_, one)| one.observation.key.clone()).collect();
    assert_eq!(keys.len(), 2);
    assert!(keys.iter().all(|key| key.unit == "ap-1" && key.period == october()), "{keys:?}");
}

fn made(home: &Home) -> Vec<Sheet> {
    let catalogue = home.store.view().catalogue().unwrap().unwrap();
    let bytes = template::make(home.store.view(), &catalogue, &of(None, &[]), &|value| format!("{value:?}")).unwrap();
    reading::read(&bytes).unwrap()
}

fn take(home: &mut Home, bytes: &[u8], dry_run: bool) -> Result<Imported, ImportError> {
    let mut random = StdRng::seed_from_u64(7);
    let mut author = Author { name: "Lan", now: now(), random: &mut random };
    import(&mut home.store, &mut author, bytes, How { dry_run, ..How::default() })
}

/// The sheets once more, as another program would save them: `alter` changes cells by sheet, row and column.
fn saved(sheets: &[Sheet], alter: impl Fn(&str, &mut BTreeMap<u32, BTreeMap<u32, Cell>>)) -> Vec<u8> {
    let mut workbook = Workbook::new();
    for sheet in sheets {
        let mut rows = sheet.rows.clone();
        alter(&sheet.name, &mut rows);
        let page = workbook.add_worksheet().set_name(&sheet.name).unwrap();
        for (row, cells) in rows {
            for (column, cell) in cells {
                let column = u16::try_from(column).unwrap();
                match cell {
                    Cell::Number(number) => page.write(row, column, number.parse::<f64>().unwrap()).unwrap(),
                    Cell::Flag(yes) => page.write(row, column, yes).unwrap(),
                    Cell::Day(day) => {
                        let (year, month, date) = (day.year_ce().1, day.month(), day.day());
                        let format = Format::new().set_num_format("mmm-yy");
                        let value = ExcelDateTime::from_ymd(
                            year.try_into().unwrap(),
                            month.try_into().unwrap(),
                            date.try_into().unwrap(),
                        );
                        page.write_with_format(row, column, value.unwrap(), &format).unwrap()
                    }
                    Cell::Error(shown) => page.write(row, column, Formula::new("=1/0").set_result(shown)).unwrap(),
                    Cell::Text(text) => page.write(row, column, text).unwrap(),
                    Cell::Uncomputed => panic!("this writer writes no formula without a result"),
                };
            }
        }
    }
    workbook.save_to_buffer().unwrap()
}

use chrono::Datelike;

/// Row of an indicator and column of a heading.
fn at(sheet: &Sheet, code: &str, wanted: Column) -> (u32, u32) {
    let head = heading(sheet).unwrap();
    let column = sheet.rows[&head].iter().find(|(_, cell)| Column::of_heading(&cell.text()) == Some(wanted)).unwrap().0;
    let row = sheet.rows.iter().find(|(_, cells)| cells.values().any(|cell| cell.text() == code)).unwrap().0;
    (*row, *column)
}

fn set(rows: &mut BTreeMap<u32, BTreeMap<u32, Cell>>, (row, column): (u32, u32), cell: Cell) {
    rows.entry(row).or_default().insert(column, cell);
}

fn number(text: &str) -> Cell {
    Cell::Number(text.into())
}

fn text(text: &str) -> Cell {
    Cell::Text(text.into())
}

#[test]
fn a_template_names_the_plans_indicators_and_an_untouched_one_changes_nothing() {
    let mut home = Home::ready();
    let _ = home.value("CDS-2", "10").unwrap();
    let sheets = made(&home);
    assert_eq!(
        sheets.iter().map(|s| (s.name.as_str(), s.visible)).collect::<Vec<_>>(),
        [("Số liệu", true), (MARK_SHEET, false)]
    );
    let (row, column) = at(&sheets[0], "CDS-2", Column::Value);
    assert_eq!(sheets[0].rows[&row][&column], number("10"), "what was entered before stands in it");
    let taken = take(&mut home, &saved(&sheets, |_, _| {}), false).unwrap();
    assert_eq!((taken.recorded.len(), taken.unchanged), (0, 1));
    let view = home.store.view().catalogue().unwrap().unwrap();
    let of_plan: std::collections::BTreeSet<_> = view.targets.iter().map(|target| target.indicator.clone()).collect();
    assert_eq!(taken.blank, of_plan.len() - 1);
}

#[test]
fn what_an_office_fills_in_is_recorded_whatever_its_program_made_of_it() {
    let mut home = Home::ready();
    let sheets = made(&home);
    let place = |code, column| at(&sheets[0], code, column);
    let filled = saved(&sheets, |name, rows| {
        if name == MARK_SHEET {
            return;
        }
        set(rows, place("CDS-1", Column::Numerator), text("1045,5"));
        set(rows, place("CDS-1", Column::Denominator), number("1200.125"));
        set(rows, place("CDS-2", Column::Value), number("1200"));
        set(rows, place("CDS-2", Column::Note), text("theo báo cáo số 12"));
        set(rows, place("CDS-3", Column::Value), text("-0,25"));
        set(rows, place("CDS-4", Column::Value), Cell::Flag(true));
        // A spreadsheet made a day of the month, and somebody keeps sums and words below and beside.
        set(rows, place("CDS-4", Column::Period), Cell::Day("2026-10-01".parse().unwrap()));
        set(rows, (400, 3), text("Người lập biểu"));
        set(rows, (place("CDS-4", Column::Value).0, 30), number("5"));
    });
    let dry = take(&mut home, &filled, true).unwrap();
    assert_eq!((dry.recorded.len(), home.store.view().head().unwrap().seq), (4, 0), "nothing is written");
    let taken = take(&mut home, &filled, false).unwrap();
    let values: Vec<_> = taken.recorded.iter().map(|(_, one)| one.observation.value).collect();
    let amount = |text: &str| text.parse().unwrap();
    assert_eq!(
        values,
        [
            Value::Ratio { numerator: amount("1045.5"), denominator: amount("1200.125") },
            Value::Count(1200),
            Value::Decimal(amount("-0.25")),
            Value::Flag(true),
        ]
    );
    assert_eq!(taken.recorded[1].1.observation.note, "theo báo cáo số 12");
    assert_eq!(take(&mut home, &filled, false).unwrap().unchanged, 4);
}

#[test]
fn faults_are_named_by_sheet_and_cell_and_nothing_is_written() {
    let mut home = Home::ready();
    let sheets = made(&home);
    let place = |code, column| at(&sheets[0], code, column);
    let faulty = saved(&sheets, |name, rows| {
        if name == MARK_SHEET {
            return;
        }
        set(rows, place("CDS-1", Column::Numerator), number("61"));
        set(rows, place("CDS-1", Column::Denominator), number("60"));
        set(rows, place("CDS-2", Column::Value), Cell::Error("#DIV/0!".into()));
        set(rows, place("CDS-3", Column::Value), Cell::Day("2026-02-01".parse().unwrap()));
        set(rows, place("CDS-4", Column::Value), text("có"));
        set(rows, place("CDS-4", Column::Period), text("tháng mười"));
    });
    let Err(ImportError::Faults(faults)) = take(&mut home, &faulty, false) else { panic!("taken") };
    let told = faults.explain(Path::new("tháng 10.xlsx"), Language::Vi);
    for (code, column, words) in [
        ("CDS-1", Column::Numerator, "tử số"),
        ("CDS-2", Column::Value, "#DIV/0!"),
        ("CDS-3", Column::Value, "01/02/2026"),
        ("CDS-4", Column::Period, "tháng mười"),
    ] {
        let (row, column) = place(code, column);
        let cell = format!("tháng 10.xlsx, trang Số liệu, ô {}: ", place::cell(row, column));
        assert!(told.lines().any(|line| line.starts_with(&cell) && line.contains(words)), "{cell}{words} in {told}");
    }
    assert_eq!((faults.count, home.store.view().head().unwrap().seq), (4, 0), "{told}");
    // Merged cells: a value that would stand for two rows.
    let mut workbook = Workbook::new();
    let page = workbook.add_worksheet();
    for (heading, column) in ["Mã", "Kỳ", "Giá trị"].into_iter().zip(0u16..) {
        page.write(0, column, heading).unwrap();
    }
    for (code, row) in [("CDS-2", 1u32), ("CDS-3", 2)] {
        page.write(row, 0, code).unwrap().write(row, 1, "10/2026").unwrap();
    }
    page.merge_range(1, 2, 2, 2, "7", &Format::new()).unwrap();
    let Err(ImportError::Faults(faults)) = take(&mut home, &workbook.save_to_buffer().unwrap(), false) else {
        panic!("taken")
    };
    assert!(faults.explain(Path::new("x"), Language::Vi).contains("C2:C3"));
}

/// The words of the faults of a workbook.
fn told(home: &mut Home, bytes: &[u8]) -> String {
    let Err(ImportError::Faults(faults)) = take(home, bytes, false) else { panic!("taken") };
    faults.explain(Path::new("x.xlsx"), Language::Vi)
}

#[test]
fn a_formula_that_nobody_computed_is_a_fault() {
    let home = Home::ready();
    let mut sheet = made(&home).remove(0);
    let (row, column) = at(&sheet, "CDS-2", Column::Value);
    set(&mut sheet.rows, (row, column), Cell::Uncomputed);
    let mut faults = Collector::default();
    let content = rows(&sheet, heading(&sheet).unwrap(), &mut faults);
    assert!(content.rows.is_empty());
    let said = super::super::Faults::from(faults).explain(Path::new("x.xlsx"), Language::Vi);
    assert!(said.contains(&place::cell(row, column)) && said.contains("tính lại và lưu"), "{said}");
}

#[test]
fn a_dry_run_says_what_would_change() {
    let mut home = Home::ready();
    let _ = home.value("CDS-2", "10").unwrap();
    let sheets = made(&home);
    let place = |code, column| at(&sheets[0], code, column);
    let filled = saved(&sheets, |name, rows| {
        if name != MARK_SHEET {
            set(rows, place("CDS-2", Column::Value), number("12"));
            set(rows, place("CDS-3", Column::Value), number("1"));
            set(rows, place("CDS-1", Column::Note), text("chưa có số"));
        }
    });
    let dry = take(&mut home, &filled, true).unwrap();
    let all: Vec<_> = dry.differences().collect();
    let (row, column) = place("CDS-2", Column::Value);
    assert_eq!((all[0].cell.clone(), all[0].version, all[0].value), (place::cell(row, column), 2, Value::Count(12)));
    let before = all[0].before.unwrap();
    assert_eq!((before.observation.value, before.version), (Value::Count(10), Some(1)));
    assert!(all[1].before.is_none() && all[1].is_of_value() && !all[1].is_of_note());
    assert_eq!(dry.bare_notes, [place("CDS-1", Column::Note).0 as usize + 1]);
    assert_eq!(home.store.view().head().unwrap().seq, 1, "nothing is written");
    let only_note = saved(&sheets, |name, rows| {
        if name != MARK_SHEET {
            set(rows, place("CDS-2", Column::Note), text("theo biểu 2"));
        }
    });
    let dry = take(&mut home, &only_note, true).unwrap();
    let one = dry.differences().next().unwrap();
    let (row, column) = place("CDS-2", Column::Note);
    assert_eq!((one.cell.clone(), one.is_of_value(), one.is_of_note()), (place::cell(row, column), false, true));
}

#[test]
fn an_old_template_puts_nothing_back_and_goes_over_nothing() {
    let mut home = Home::ready();
    let _ = home.value("CDS-2", "10").unwrap();
    let sheets = made(&home);
    let _ = home.value("CDS-2", "20").unwrap();
    let _ = home.value("CDS-3", "5").unwrap();
    let place = |code, column| at(&sheets[0], code, column);
    let head = home.store.view().head().unwrap().seq;
    let untouched = take(&mut home, &saved(&sheets, |_, _| {}), false).unwrap();
    assert_eq!((untouched.recorded.len(), untouched.unchanged), (0, 1), "10 stands there as it was handed out");
    let changed = saved(&sheets, |name, rows| {
        if name != MARK_SHEET {
            set(rows, place("CDS-2", Column::Value), number("15"));
            set(rows, place("CDS-3", Column::Value), number("6"));
        }
    });
    let said = told(&mut home, &changed);
    assert!(said.contains("15") && said.contains("20 (phiên bản 2") && said.contains("--overwrite"), "{said}");
    assert!(said.contains('6') && said.contains("5 (phiên bản 1"), "also where nothing stood: {said}");
    assert_eq!(home.store.view().head().unwrap().seq, head);
    let mut random = StdRng::seed_from_u64(8);
    let mut author = Author { name: "Lan", now: now(), random: &mut random };
    let over = How { overwrite: true, ..How::default() };
    assert_eq!(import(&mut home.store, &mut author, &changed, over).unwrap().recorded.len(), 2);
    // A new template begins with what is held now.
    let sheets = made(&home);
    let again = saved(&sheets, |name, rows| {
        if name != MARK_SHEET {
            set(rows, at(&sheets[0], "CDS-2", Column::Value), number("16"));
        }
    });
    assert_eq!(take(&mut home, &again, false).unwrap().recorded.len(), 1);
}

#[test]
fn words_of_a_workbook_are_those_of_its_headings() {
    let mut home = Home::ready();
    let sheets = made(&home);
    let place = |code, column| at(&sheets[0], code, column);
    let faulty = saved(&sheets, |name, rows| {
        if name != MARK_SHEET {
            set(rows, place("CDS-1", Column::Denominator), number("60"));
            set(rows, place("CDS-4", Column::Value), text("chắc là có"));
            set(rows, place("CDS-2", Column::Value), text("có"));
            set(rows, place("CDS-3", Column::Value), text("1"));
            set(rows, place("CDS-3", Column::Numerator), text("1"));
        }
    });
    let said = told(&mut home, &faulty);
    for words in ["chưa có tử số", "chọn Có hoặc Không", "số nguyên ở ô Kết quả", "ô Tử số và Mẫu số"]
    {
        assert!(said.contains(words), "{words} in {said}");
    }
    assert!(!said.contains("--") && !said.contains("value"), "{said}");
}

#[test]
fn a_template_without_its_mark_is_known_by_its_title() {
    let mut home = Home::ready();
    let sheets = made(&home);
    let titled = |title: &str| {
        let title = title.to_owned();
        saved(&sheets[..1], move |_, rows| set(rows, (0, 0), text(&title)))
    };
    let mut refused = |title: &str| match take(&mut home, &titled(title), false) {
        Err(ImportError::Foreign(foreign)) => Some(foreign),
        Ok(_) => None,
        Err(other) => panic!("{other:?}"),
    };
    let other = refused("SỐ LIỆU CHUYỂN ĐỔI SỐ · Xã Tân Phú · kỳ 2026-10");
    assert_eq!(other, Some(Foreign::Commune("Xã Tân Phú".into())));
    assert_eq!(refused("SỐ LIỆU CHUYỂN ĐỔI SỐ · Xã Định Quán · kỳ 2025-10"), Some(Foreign::Year(2025, 2026)));
    assert_eq!(refused("SỐ LIỆU CHUYỂN ĐỔI SỐ · XÃ ĐỊNH QUÁN · kỳ 2026-10"), None);
    assert_eq!(refused("Biểu tổng hợp của văn phòng"), None);
}

#[test]
fn a_workbook_of_another_commune_year_or_version_is_refused() {
    let mut home = Home::ready();
    let sheets = made(&home);
    let marked = |name: &'static str, value: &'static str| {
        saved(&sheets, move |sheet, rows| {
            if sheet == MARK_SHEET {
                let line = rows.values_mut().find(|cells| cells[&0].text() == name).unwrap();
                line.insert(1, text(value));
            }
        })
    };
    let mut refused = |bytes: &[u8]| match take(&mut home, bytes, false) {
        Err(ImportError::Foreign(foreign)) => foreign.explain(Language::Vi),
        other => panic!("{other:?}"),
    };
    assert!(refused(&marked("commune", "another")).contains("không phải của xã"));
    assert!(refused(&marked("plan_year", "2025")).contains("2025"));
    assert!(refused(&marked("template", "0")).contains("mẫu phiên bản 0"));
    assert!(refused(&saved(&sheets[1..], |_, _| {})).contains("Mã chỉ tiêu"));
    let twice = [sheets[0].clone(), Sheet { name: "Tháng 9".into(), ..sheets[0].clone() }];
    assert!(refused(&saved(&twice, |_, _| {})).contains("Số liệu, Tháng 9"));
}

/// A template of this catalogue, in which CDS-2 stood with 10: filled in with decimal commas, a month that became a day and a formula, rows
/// in another order, two columns of the office's own, then saved by LibreOffice 7.4.
const BY_LIBREOFFICE: &[u8] = include_bytes!("libreoffice.xlsx");

#[test]
fn a_template_that_libreoffice_saved_is_taken() {
    let mut home = Home::ready();
    let _ = home.value("CDS-2", "10").unwrap();
    let taken = take(&mut home, BY_LIBREOFFICE, false).unwrap();
    let amount = |text: &str| text.parse().unwrap();
    let values: Vec<_> =
        taken.recorded.iter().map(|(_, one)| (one.observation.key.indicator.as_str(), one.observation.value)).collect();
    assert_eq!(
        values,
        [
            ("CDS-5", Value::Flag(false)),
            ("CDS-4", Value::Flag(true)),
            ("CDS-3", Value::Decimal(amount("-0.25"))),
            ("CDS-2", Value::Count(1200)),
            ("CDS-1", Value::Ratio { numerator: amount("1045.5"), denominator: amount("1200.125") }),
        ]
    );
    assert!(taken.recorded.iter().all(|(_, one)| one.observation.key.period == october()));
    assert_eq!(taken.recorded[3].1.observation.note, "theo báo cáo số 12");
    let _ = home.value("CDS-2", "30").unwrap();
    let said = told(&mut home, BY_LIBREOFFICE);
    assert!(said.contains("ô O9") && said.contains("30 (phiên bản 3"), "its mark came through as well: {said}");
}
