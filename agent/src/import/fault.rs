//! What is wrong with a file of figures, named by row and column.

use super::MAX_ROWS;
use crate::entry::EntryError;
use chrono::NaiveDate;
use shared::language::Language;
use std::{collections::BTreeMap, fmt, path::Path};

/// Most faults that are named; what comes after is only counted.
pub(super) const MAX_FAULTS: usize = 50;

/// One thing wrong with a file.
#[derive(Debug)]
pub struct Fault {
    /// Row as a spreadsheet counts them, the heading is 1; 0 for the file as a whole.
    pub row: usize,
    /// Column, empty for the row as a whole.
    pub column: String,
    /// What is wrong.
    pub error: FaultKind,
}

/// What can be wrong with a row.
#[derive(Debug)]
pub enum FaultKind {
    /// Not a period.
    Period(String),
    /// A cell is empty that must not be.
    Missing,
    /// Both a value and a numerator or denominator.
    BothForms,
    /// The same figure stands in an earlier row.
    Repeats(usize),
    /// The heading has this column twice.
    ColumnTwice,
    /// No such column.
    ColumnUnknown,
    /// More or fewer cells than the heading.
    CellCount(usize, usize),
    /// A cell goes on into the next rows; its beginning.
    QuoteNotClosed(String),
    /// A formula that failed, as it is shown.
    Formula(String),
    /// A day where a number should be.
    Day(NaiveDate),
    /// A cell merged with others; which.
    Merged(String),
    /// Not UTF-8.
    NotText,
    /// More rows than [`MAX_ROWS`].
    TooManyRows,
    /// A rule of entry.
    Entry(EntryError),
}

impl FaultKind {
    fn explain(&self, language: Language) -> String {
        match self {
            Self::Period(text) => language.pick(
                format!("{text:?} không phải kỳ báo cáo: viết 2026-10, 2026-Q4, 2026-H2 hoặc 2026"),
                format!("{text:?} is not a period: write 2026-10, 2026-Q4, 2026-H2 or 2026"),
            ),
            Self::Missing => language.pick("ô trống", "the cell is empty").into(),
            Self::BothForms => language
                .pick(
                    "chỉ điền value, hoặc numerator và denominator",
                    "fill in value, or numerator and denominator, not both",
                )
                .into(),
            Self::Repeats(row) => {
                language.pick(format!("trùng số liệu với dòng {row}"), format!("the same figure as in row {row}"))
            }
            Self::ColumnTwice => language.pick("cột xuất hiện hai lần", "the column appears twice").into(),
            Self::ColumnUnknown => language
                .pick(
                    "không có cột này: các cột là indicator, period, unit, numerator, denominator, value, note",
                    "no such column: the columns are indicator, period, unit, numerator, denominator, value, note",
                )
                .into(),
            Self::CellCount(given, wanted) => {
                language.pick(format!("có {given} ô, cần {wanted}"), format!("{given} cells, {wanted} are needed"))
            }
            Self::QuoteNotClosed(text) => language.pick(
                format!("ô {text:?} kéo dài sang dòng sau: có lẽ thiếu dấu ngoặc kép đóng (\")"),
                format!("the cell {text:?} goes on into the next row: a quotation mark (\") is probably not closed"),
            ),
            Self::Formula(shown) => language.pick(
                format!("công thức bị lỗi {shown}: sửa công thức hoặc nhập số"),
                format!("the formula fails with {shown}: correct it, or enter the number"),
            ),
            Self::Day(day) => language.pick(
                format!("ô là ngày {}, không phải số: có lẽ bảng tính đã tự đổi; nhập lại số", day.format("%d/%m/%Y")),
                format!("the cell is the day {day}, not a number: the spreadsheet may have changed it; enter the number again"),
            ),
            Self::Merged(region) => language.pick(
                format!("các ô {region} bị gộp: bỏ gộp và điền từng dòng"),
                format!("the cells {region} are merged: unmerge them and fill in each row"),
            ),
            Self::NotText => language
                .pick("không phải UTF-8: lưu lại dạng \"CSV UTF-8\"", "not UTF-8: save it as \"CSV UTF-8\"")
                .into(),
            Self::TooManyRows => language.pick(
                format!("quá {MAX_ROWS} dòng: chia nhỏ tệp"),
                format!("more than {MAX_ROWS} rows: split the file"),
            ),
            Self::Entry(error) => error.explain(language),
        }
    }
}

/// All that is wrong with a file.
#[derive(Debug)]
pub struct Faults {
    /// The first fifty.
    pub named: Vec<Fault>,
    /// How many there are in all.
    pub count: usize,
    /// Of a workbook: the sheet that they are in.
    pub sheet: Option<SheetPlace>,
}

/// A sheet, and the letters of its columns by name.
#[derive(Debug, Clone, Default)]
pub struct SheetPlace {
    /// Name of the sheet.
    pub name: String,
    /// Letters by the column's name.
    pub columns: BTreeMap<&'static str, String>,
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} faults", self.count)
    }
}

impl Faults {
    /// A line for each, with file, row and column.
    #[must_use]
    pub fn explain(&self, file: &Path, language: Language) -> String {
        let file = file.display();
        let told = self.told(language).into_iter().map(|(place, reason)| match place.is_empty() {
            true => format!("{file}: {reason}"),
            false => format!("{file}, {place}: {reason}"),
        });
        let mut lines: Vec<String> = told.collect();
        if self.count > lines.len() {
            let more = self.count - lines.len();
            lines.push(language.pick(format!("… và {more} lỗi khác"), format!("… and {more} more")));
        }
        lines.join("\n")
    }

    /// The named ones: where, by sheet and cell or by row and column, and what is wrong.
    #[must_use]
    pub fn told(&self, language: Language) -> Vec<(String, String)> {
        let told = self.named.iter().map(|Fault { row, column, error }| {
            let mut place = Vec::new();
            let letters = self.sheet.as_ref().and_then(|sheet| sheet.columns.get(column.as_str()));
            if let Some(sheet) = &self.sheet {
                place.push(language.pick(format!("trang {}", sheet.name), format!("sheet {}", sheet.name)));
            }
            match letters {
                Some(letters) => {
                    place.push(language.pick(format!("ô {letters}{row}"), format!("cell {letters}{row}")));
                }
                None => {
                    if *row > 0 {
                        place.push(language.pick(format!("dòng {row}"), format!("row {row}")));
                    }
                    if !column.is_empty() {
                        place.push(language.pick(format!("cột {column}"), format!("column {column}")));
                    }
                }
            }
            (place.join(", "), error.explain(language))
        });
        told.collect()
    }
}

/// Faults as they are found.
#[derive(Default)]
pub(super) struct Collector {
    named: Vec<Fault>,
    /// All of them, named or not.
    pub(super) count: usize,
    /// Of a workbook: the sheet that is read.
    pub(super) sheet: Option<SheetPlace>,
}

impl Collector {
    pub(super) fn add(&mut self, row: usize, column: impl Into<String>, error: FaultKind) {
        self.count += 1;
        if self.named.len() < MAX_FAULTS {
            self.named.push(Fault { row, column: column.into(), error });
        }
    }
}

impl From<Collector> for Faults {
    fn from(collector: Collector) -> Self {
        Self { named: collector.named, count: collector.count, sheet: collector.sheet }
    }
}
