//! What is wrong with a file of figures, named by row and column.

use super::MAX_ROWS;
use crate::{entry::EntryError, store::figures::Figure};
use chrono::NaiveDate;
use shared::{
    calendar::TIME_ZONE,
    catalogue::Kind,
    language::Language,
    listing::number_for_people,
    observation::{Refusal, Value},
    tables::write::value_cells,
};
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
    /// A denominator without a numerator.
    OnlyDenominator,
    /// The file holds nothing.
    Empty,
    /// The store holds a figure that is newer than the template, and another one.
    Newer(Box<Newer>),
    /// A formula that no spreadsheet has computed.
    Uncomputed,
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

/// A figure of a template and the newer one that is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newer {
    /// The file's value.
    pub given: Value,
    /// What is held.
    pub held: Figure,
}

/// Who reads what is wrong: what can be done depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// Who ran the command.
    Command,
    /// Who uploaded the file to the page.
    Page,
}

impl Newer {
    fn explain(&self, reader: Reader, language: Language) -> String {
        let Figure { observation, version, entered_by, entered_at, .. } = &self.held;
        let (given, held) = (shown(self.given, language), shown(observation.value, language));
        let at = entered_at.with_timezone(&TIME_ZONE).format("%d/%m/%Y %H:%M");
        let (version, by) = (version.unwrap_or_default(), entered_by.replace(char::is_control, " "));
        let (advice_vi, advice_en) = match reader {
            Reader::Command => (
                "tạo mẫu mới bằng lệnh `template`, hoặc thêm --overwrite để lấy số trong tệp",
                "make a new template, or add --overwrite to take the file's",
            ),
            Reader::Page => (
                "xóa ô này nếu số đã có là đúng; nếu số trong tệp mới đúng, sửa ở mục Tháng này hoặc tải mẫu mới rồi điền lại",
                "clear the cell if what is held is right; else correct it under This month, or fill in a new template",
            ),
        };
        language.pick(
            format!("tệp ghi {given}, nhưng sau khi tạo mẫu đã có số {held} (phiên bản {version}, {by}, {at}): {advice_vi}"),
            format!("the file says {given}, but {held} was recorded after the template was made (version {version}, {by}, {at}): {advice_en}"),
        )
    }
}

fn shown(value: Value, language: Language) -> String {
    let number = |machine: &String| number_for_people(machine, language);
    match (&value_cells(value), value) {
        ([numerator, denominator, _], Value::Ratio { .. }) => format!("{}/{}", number(numerator), number(denominator)),
        (_, Value::Flag(yes)) => if yes { language.pick("có", "yes") } else { language.pick("không", "no") }.to_owned(),
        ([.., plain], Value::Percent(_)) => format!("{}%", number(plain)),
        ([.., plain], _) => number(plain),
    }
}

impl FaultKind {
    /// In a workbook people know cells by their headings and know nothing of options.
    fn explain_in_sheet(&self, reader: Reader, language: Language) -> String {
        let l = |vi: &str, en: &str| language.pick(vi, en).to_owned();
        match self {
            Self::BothForms => l(
                "chỉ điền ô Kết quả, hoặc hai ô Tử số và Mẫu số",
                "fill in the cell Kết quả, or the cells Tử số and Mẫu số, not both",
            ),
            Self::Entry(EntryError::Refused(Refusal::UnitNeedsParts)) => l(
                "số liệu của đơn vị phải có Tử số và Mẫu số để cộng dồn cho toàn xã",
                "a unit's figure needs Tử số and Mẫu số, so that it can be added up",
            ),
            Self::Entry(EntryError::Refused(Refusal::UnknownUnit(code))) => language.pick(
                format!("xã không có đơn vị {code}; để trống Mã đơn vị khi báo cáo cho toàn xã"),
                format!("the commune has no unit {code}; leave Mã đơn vị empty to report for the whole commune"),
            ),
            Self::Entry(EntryError::Refused(Refusal::WrongKind { asked, .. })) => match asked {
                Kind::Ratio => l(
                    "chỉ tiêu này cần Tử số và Mẫu số, hoặc Kết quả là phần trăm",
                    "this indicator takes Tử số and Mẫu số, or a percentage in Kết quả",
                ),
                Kind::Count => {
                    l("chỉ tiêu này cần một số nguyên ở ô Kết quả", "this indicator takes a whole number in Kết quả")
                }
                Kind::Decimal => l("chỉ tiêu này cần một số ở ô Kết quả", "this indicator takes a number in Kết quả"),
                Kind::Flag => {
                    l("chỉ tiêu này cần Có/Không ở ô Kết quả", "this indicator takes Có (yes) or Không (no) in Kết quả")
                }
            },
            Self::Newer(newer) => newer.explain(reader, language),
            // Of these nobody who looks at a sheet needs a command.
            _ => self.explain(Reader::Page, language),
        }
    }

    fn explain(&self, reader: Reader, language: Language) -> String {
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
            Self::OnlyDenominator => language
                .pick("có mẫu số mà chưa có tử số: điền tử số, hoặc xóa mẫu số", "a denominator without a numerator: fill in the numerator, or clear the denominator")
                .into(),
            Self::Empty => language.pick("tệp không có nội dung", "the file is empty").into(),
            Self::Newer(newer) => newer.explain(reader, language),
            Self::Uncomputed => language
                .pick(
                    "công thức chưa có kết quả: mở tệp bằng Excel hoặc LibreOffice, tính lại và lưu",
                    "the formula has no result yet: open the file in a spreadsheet, let it compute, and save",
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
            Self::Entry(error) if reader == Reader::Page => error.explain_on_page(language),
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
#[derive(Debug, Clone, PartialEq, Eq, Default)]
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
        let told = self.told(Reader::Command, language).into_iter().map(|(place, reason)| match place.is_empty() {
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
    pub fn told(&self, reader: Reader, language: Language) -> Vec<(String, String)> {
        let told = self.named.iter().map(|Fault { row, column, error }| {
            let mut place = Vec::new();
            let cell = self.sheet.as_ref().map(|sheet| sheet.cell(column, *row)).filter(|cell| !cell.is_empty());
            if let Some(sheet) = &self.sheet {
                place.push(language.pick(format!("trang {}", sheet.name), format!("sheet {}", sheet.name)));
            }
            let reason = match cell {
                Some(cell) => {
                    place.push(language.pick(format!("ô {cell}"), format!("cell {cell}")));
                    error.explain_in_sheet(reader, language)
                }
                None => {
                    if *row > 0 {
                        place.push(language.pick(format!("dòng {row}"), format!("row {row}")));
                    }
                    if !column.is_empty() {
                        place.push(language.pick(format!("cột {column}"), format!("column {column}")));
                    }
                    error.explain(reader, language)
                }
            };
            (place.join(", "), reason)
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
