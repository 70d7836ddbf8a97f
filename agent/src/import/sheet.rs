//! Rows of a workbook: the template that this program made, also after LibreOffice, other columns or another order; or any sheet with
//! the same headings.

use super::{
    Column, Content, ImportError, MAX_ROWS, Places,
    fault::{Collector, FaultKind, SheetPlace},
    form,
    merged::Merged,
    places,
};
use crate::template::{MARK_SHEET, Mark, of_title};
use shared::{catalogue::view::CommuneView, language::Language, period::Period, vietnamese};
use std::collections::BTreeMap;
use thiserror::Error;
use workbook::{
    place,
    reading::{self, Cell, Sheet},
};

/// How far down a heading is looked for.
const HEADING_WITHIN: u32 = 40;

/// A workbook that is not for this commune, this year or this program.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum Foreign {
    /// Made for another commune.
    #[error("the workbook is the template of {0}")]
    Commune(String),
    /// Made for another plan year.
    #[error("the workbook is of the plan year {0}, the plan here is of {1}")]
    Year(i32, i32),
    /// Made by a program of another version, whose columns are others.
    #[error("the template is of version {0}, this program reads version {version}: make a new one", version = Mark::VERSION)]
    Version(String),
    /// No sheet has the headings.
    #[error("no sheet has the columns for indicator and period")]
    NoTable,
    /// More than one sheet has them.
    #[error("several sheets have figures: {0}")]
    Tables(String),
}

impl Foreign {
    /// For people, with what to do.
    #[must_use]
    pub fn explain(&self, language: Language) -> String {
        let vi = match self {
            Self::Commune(name) => {
                format!("tệp này là mẫu của {name}, không phải của xã, phường này: tạo mẫu mới rồi điền lại")
            }
            Self::Year(found, own) => {
                format!("tệp này là mẫu của năm {found}, kế hoạch ở đây là năm {own}: tạo mẫu mới rồi điền lại")
            }
            Self::Version(found) => format!(
                "mẫu phiên bản {found} đã cũ (chương trình này đọc phiên bản {}): tạo mẫu mới rồi chép số liệu sang",
                Mark::VERSION
            ),
            Self::NoTable => {
                "không trang nào có cột “Mã chỉ tiêu” và “Kỳ báo cáo”: tạo mẫu mới rồi chép số liệu sang".to_owned()
            }
            Self::Tables(names) => format!("nhiều trang có bảng số liệu ({names}): chỉ để lại một trang"),
        };
        language.pick(vi, self.to_string())
    }
}

/// What a workbook holds.
pub(super) fn parse(bytes: &[u8], view: &CommuneView, faults: &mut Collector) -> Result<Content, ImportError> {
    let sheets = reading::read(bytes)?;
    let mark = sheets.iter().find(|sheet| sheet.name == MARK_SHEET).map(Mark::read);
    if let Some(mark) = &mark {
        check_mark(mark, view)?;
    }
    let with_heading: Vec<_> = sheets
        .iter()
        .filter(|sheet| sheet.name != MARK_SHEET)
        .filter_map(|sheet| Some((sheet, heading(sheet)?)))
        .collect();
    let (sheet, heading) = match with_heading[..] {
        [] => return Err(Foreign::NoTable.into()),
        [one] => one,
        [..] => {
            let names: Vec<_> = with_heading.iter().map(|(sheet, _)| sheet.name.as_str()).collect();
            return Err(Foreign::Tables(names.join(", ")).into());
        }
    };
    if mark.is_none() {
        check_title(sheet, heading, view)?;
    }
    let content = rows(sheet, heading, faults);
    Ok(Content { handed_out: mark.unwrap_or_default().handed_out, ..content })
}

/// A template that was copied into a workbook of its own has lost its mark, but not its first line.
fn check_title(sheet: &Sheet, heading: u32, view: &CommuneView) -> Result<(), Foreign> {
    for cell in sheet.rows.range(..heading).flat_map(|(_, cells)| cells.values()) {
        let text = cell.text();
        let Some((commune, period)) = of_title(&text) else { continue };
        if vietnamese::folded(commune) != vietnamese::folded(&view.commune.name) {
            return Err(Foreign::Commune(commune.chars().take(60).collect()));
        }
        let year = Period::year(period);
        if year != view.province.plan_year {
            return Err(Foreign::Year(year, view.province.plan_year));
        }
    }
    Ok(())
}

fn check_mark(mark: &Mark, view: &CommuneView) -> Result<(), Foreign> {
    if mark.version != Mark::VERSION {
        return Err(Foreign::Version(mark.version.clone()));
    }
    if mark.commune != view.commune.slug || mark.province != view.province.id {
        return Err(Foreign::Commune(mark.commune_name.clone()));
    }
    if mark.plan_year != view.province.plan_year {
        return Err(Foreign::Year(mark.plan_year, view.province.plan_year));
    }
    Ok(())
}

/// The row of the headings: the first that names indicator and period.
fn heading(sheet: &Sheet) -> Option<u32> {
    let names = |cells: &BTreeMap<u32, Cell>, wanted| {
        cells.values().any(|cell| Column::of_heading(&cell.text()) == Some(wanted))
    };
    let mut rows = sheet.rows.range(..HEADING_WITHIN);
    rows.find(|(_, cells)| names(cells, Column::Indicator) && names(cells, Column::Period)).map(|(row, _)| *row)
}

fn rows(sheet: &Sheet, heading: u32, faults: &mut Collector) -> Content {
    let shown = |row: u32| row as usize + 1;
    faults.sheet = Some(SheetPlace { name: sheet.name.clone(), columns: BTreeMap::new() });
    let head = sheet.rows.get(&heading).cloned().unwrap_or_default();
    let head: Vec<(usize, String)> = head.iter().map(|(column, cell)| (*column as usize, cell.text())).collect();
    let found = places(head.iter().map(|(at, name)| (*at, name.as_str())), shown(heading), true, faults);
    let Some(places) = found else { return Content::default() };
    let letters = Column::ALL.into_iter().filter_map(|column| {
        let at = u32::try_from(places[column as usize]?).ok()?;
        Some((column.name(), place::letters(at)))
    });
    faults.sheet = Some(SheetPlace { name: sheet.name.clone(), columns: letters.collect() });
    let (merged, mut content) = (Merged::new(&sheet.merged, &places), Content::default());
    let data = sheet.rows.range(heading + 1..).filter(|(_, cells)| is_of_table(cells, &places));
    for (number, (row, cells)) in data.enumerate() {
        if number >= MAX_ROWS {
            faults.add(shown(*row), "", FaultKind::TooManyRows);
            break;
        }
        let before = faults.count;
        check_cells(&merged, *row, cells, &places, faults);
        if faults.count > before {
            continue;
        }
        let texts = texts(cells, &places);
        content.take(shown(*row), form(|column| texts[column as usize].as_str(), shown(*row), faults));
    }
    content
}

/// Whether a row has anything in a column that is read: notes below the table and sums beside it are the office's own.
fn is_of_table(cells: &BTreeMap<u32, Cell>, places: &Places) -> bool {
    let has = |column: Column| places[column as usize].is_some_and(|at| cells.contains_key(&cell_of(at)));
    has(Column::Indicator) || has(Column::Numerator) || has(Column::Denominator) || has(Column::Value)
}

fn cell_of(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn check_cells(merged: &Merged, row: u32, cells: &BTreeMap<u32, Cell>, places: &Places, faults: &mut Collector) {
    for column in Column::ALL {
        let Some(at) = places[column as usize].map(cell_of) else { continue };
        if let Some((first, last)) = merged.at(row, at) {
            let region = format!("{}:{}", place::cell(first.0, first.1), place::cell(last.0, last.1));
            faults.add(row as usize + 1, column.name(), FaultKind::Merged(region));
            continue;
        }
        let is_number = matches!(column, Column::Numerator | Column::Denominator | Column::Value);
        match cells.get(&at) {
            Some(Cell::Error(shown)) => faults.add(row as usize + 1, column.name(), FaultKind::Formula(shown.clone())),
            Some(Cell::Uncomputed) => faults.add(row as usize + 1, column.name(), FaultKind::Uncomputed),
            Some(Cell::Day(day)) if is_number => faults.add(row as usize + 1, column.name(), FaultKind::Day(*day)),
            _ => {}
        }
    }
}

fn texts(cells: &BTreeMap<u32, Cell>, places: &Places) -> [String; Column::ALL.len()] {
    Column::ALL.map(|column| match places[column as usize].and_then(|at| cells.get(&cell_of(at))) {
        None => String::new(),
        // A spreadsheet's number is no typed text: its three decimals are no thousands.
        Some(Cell::Number(number)) if number.rsplit_once('.').is_some_and(|(_, decimals)| decimals.len() == 3) => {
            format!("{number}0")
        }
        Some(cell) => cell.text(),
    })
}

#[cfg(test)]
mod tests;
