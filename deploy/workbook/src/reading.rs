//! A workbook from outside as cells. Everything is bounded before it is parsed: the file, what it unpacks to, its parts, sheets and
//! cells. Programs within it are refused, formulas are never computed: their last results are read.

use calamine::{CellErrorType, DataRef, DataType, Reader, SheetVisible, Xlsx, XlsxError};
use chrono::NaiveDate;
use shared::language::Language;
use std::{
    collections::BTreeMap,
    io::{self, Cursor, Read, Write},
};
use thiserror::Error;
use zip::ZipArchive;

/// Largest file, in bytes.
pub const MAX_FILE_BYTES: usize = 8 << 20;
/// Most that all its parts unpack to, in bytes.
pub const MAX_UNPACKED_BYTES: u64 = 96 << 20;
/// Most parts of the file.
const MAX_PARTS: usize = 2_000;
/// Most sheets.
const MAX_SHEETS: usize = 64;
/// Most cells that hold something.
const MAX_CELLS: usize = 400_000;
/// Most merged regions of all sheets.
const MAX_MERGED: usize = 20_000;
/// Longest text of a cell, in characters; the rest is cut.
const MAX_TEXT_CHARS: usize = 8_192;
/// What the containers of old and of encrypted workbooks begin with.
const OLD_CONTAINER: &[u8] = &[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];

/// Why a workbook is not read.
#[derive(Debug, Error)]
pub enum ReadFault {
    /// An old (.xls) or encrypted workbook.
    #[error("an old or password-protected workbook")]
    OldOrEncrypted,
    /// Not a workbook.
    #[error("not an XLSX workbook: {0}")]
    NotAWorkbook(String),
    /// It holds macros.
    #[error("the workbook holds macros")]
    Macros,
    /// More than this program unpacks.
    #[error("larger than {MAX_FILE_BYTES} bytes, or more than {MAX_UNPACKED_BYTES} bytes unpacked")]
    TooLarge,
    /// More sheets or cells than this program reads.
    #[error("more than {MAX_SHEETS} sheets or {MAX_CELLS} cells")]
    TooMany,
    /// More merged regions than this program reads.
    #[error("more than {MAX_MERGED} merged regions")]
    TooManyMerged,
}

impl ReadFault {
    /// For people, with what to do.
    #[must_use]
    pub fn explain(&self, language: Language) -> String {
        let vi = match self {
            Self::OldOrEncrypted => {
                "tệp kiểu cũ (.xls) hoặc có mật khẩu: mở ra rồi lưu lại dạng .xlsx không mật khẩu".to_owned()
            }
            Self::NotAWorkbook(why) => format!("không phải tệp Excel .xlsx nguyên vẹn ({why}): lưu lại dạng .xlsx"),
            Self::Macros => "tệp có macro: lưu lại dạng .xlsx (không macro)".to_owned(),
            Self::TooLarge => format!(
                "tệp quá lớn (tối đa {} MiB, {} MiB sau khi giải nén): bỏ hình ảnh và các trang không cần",
                MAX_FILE_BYTES >> 20,
                MAX_UNPACKED_BYTES >> 20
            ),
            Self::TooMany => format!("tệp có quá {MAX_SHEETS} trang hoặc quá {MAX_CELLS} ô có nội dung: chia nhỏ tệp"),
            Self::TooManyMerged => {
                format!("tệp có quá {MAX_MERGED} vùng ô gộp: bỏ gộp ô, hoặc chép số liệu sang mẫu mới")
            }
        };
        language.pick(vi, self.to_string())
    }
}

/// What a cell holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Text, without space around it.
    Text(String),
    /// A number with at most six decimals, decimal point; what is shown as a percentage is in percent.
    Number(String),
    /// True or false.
    Flag(bool),
    /// A day.
    Day(NaiveDate),
    /// A formula that failed, as a spreadsheet shows it: `#DIV/0!`.
    Error(String),
    /// A formula whose result no spreadsheet has saved; it is not computed here.
    Uncomputed,
}

impl Cell {
    /// As a person would type it.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Cell::Text(text) | Cell::Number(text) | Cell::Error(text) => text.clone(),
            Cell::Flag(yes) => if *yes { "yes" } else { "no" }.to_owned(),
            Cell::Day(day) => day.to_string(),
            Cell::Uncomputed => String::new(),
        }
    }
}

/// A sheet with the cells that hold something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// Its name.
    pub name: String,
    /// Whether people see it.
    pub visible: bool,
    /// By row, then by column, both counted from 0.
    pub rows: BTreeMap<u32, BTreeMap<u32, Cell>>,
    /// Merged cells: first and last, each row and column.
    pub merged: Vec<((u32, u32), (u32, u32))>,
}

/// Whether these bytes are a workbook, of whatever age.
#[must_use]
pub fn is_workbook(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(OLD_CONTAINER)
}

/// Reads a workbook.
///
/// # Errors
/// [`ReadFault`]
pub fn read(bytes: &[u8]) -> Result<Vec<Sheet>, ReadFault> {
    if bytes.starts_with(OLD_CONTAINER) {
        return Err(ReadFault::OldOrEncrypted);
    }
    if bytes.len() > MAX_FILE_BYTES {
        return Err(ReadFault::TooLarge);
    }
    let has_formulas = check_parts(bytes)?;
    let not_one = |error: XlsxError| ReadFault::NotAWorkbook(error.to_string());
    let mut workbook: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(not_one)?;
    let sheets = workbook.sheets_metadata().to_owned();
    if sheets.len() > MAX_SHEETS {
        return Err(ReadFault::TooMany);
    }
    let mut read = Vec::new();
    let (mut cells, mut regions) = (0, 0);
    for sheet in sheets {
        let merged: Vec<_> = match workbook.merge_cells_by_sheet_name(&sheet.name) {
            Ok(merged) => merged.into_iter().map(|region| (region.start, region.end)).collect(),
            Err(_) => Vec::new(),
        };
        regions += merged.len();
        if regions > MAX_MERGED {
            return Err(ReadFault::TooManyMerged);
        }
        let (mut rows, has_empty) = match workbook.worksheet_cells_reader(&sheet.name) {
            Ok(mut reader) => rows(&mut reader, &mut cells)?,
            // A chart or another sheet without cells.
            Err(XlsxError::NotAWorksheet(_)) => continue,
            Err(error) => return Err(not_one(error)),
        };
        if has_empty && has_formulas {
            let mut reader = workbook.worksheet_cells_reader(&sheet.name).map_err(not_one)?;
            add_uncomputed(&mut reader, &mut rows, &mut cells)?;
        }
        read.push(Sheet { name: sheet.name, visible: sheet.visible == SheetVisible::Visible, rows, merged });
    }
    Ok(read)
}

/// Looks for what may be the beginning of a formula, however a part comes in pieces.
#[derive(Default)]
struct FormulaScan {
    last: [u8; 2],
    found: bool,
}

impl Write for FormulaScan {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for byte in bytes {
            // `<f>`, `<f t="shared">`, and with a prefix.
            self.found |=
                matches!(self.last, [b'<' | b':', b'f']) && matches!(byte, b'>' | b'/' | b' ' | b'\t' | b'\r' | b'\n');
            self.last = [self.last[1], *byte];
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Unpacks every part once, counting: sizes that a file states of itself are not believed. Answers whether there may be formulas.
fn check_parts(bytes: &[u8]) -> Result<bool, ReadFault> {
    let not_one = |error: String| ReadFault::NotAWorkbook(error);
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| not_one(error.to_string()))?;
    if archive.len() > MAX_PARTS {
        return Err(ReadFault::TooLarge);
    }
    let (mut left, mut has_formulas) = (MAX_UNPACKED_BYTES, false);
    for number in 0..archive.len() {
        let part = archive.by_index(number).map_err(|error| not_one(error.to_string()))?;
        let name = part.name().map_err(|error| not_one(error.to_string()))?;
        if name.to_ascii_lowercase().ends_with("vbaproject.bin") {
            return Err(ReadFault::Macros);
        }
        let mut part = part.take(left + 1);
        let mut scan = FormulaScan::default();
        let unpacked = io::copy(&mut part, &mut scan).map_err(|error| not_one(error.to_string()))?;
        left = left.checked_sub(unpacked).ok_or(ReadFault::TooLarge)?;
        has_formulas |= scan.found;
    }
    Ok(has_formulas)
}

type Rows = BTreeMap<u32, BTreeMap<u32, Cell>>;

type CellReader<'a, 'b> = calamine::XlsxCellReader<'a, Cursor<&'b [u8]>>;

/// The cells that hold something, and whether there are others.
fn rows(reader: &mut CellReader<'_, '_>, cells: &mut usize) -> Result<(Rows, bool), ReadFault> {
    let (mut rows, mut has_empty) = (Rows::new(), false);
    let not_one = |error: XlsxError| ReadFault::NotAWorkbook(error.to_string());
    while let Some((found, style)) = reader.next_cell_with_style_id().map_err(not_one)? {
        let is_percent = || {
            let format = reader.styles().get(style).and_then(|style| style.number_format.as_ref());
            format.is_some_and(|format| format.format_code.contains('%'))
        };
        let (row, column) = found.get_position();
        let Some(cell) = cell(found.get_value(), is_percent) else {
            has_empty = true;
            continue;
        };
        *cells += 1;
        if *cells > MAX_CELLS {
            return Err(ReadFault::TooMany);
        }
        rows.entry(row).or_default().insert(column, cell);
    }
    Ok((rows, has_empty))
}

/// Formulas without a result: a program wrote them that does not compute. They are no empty cells.
fn add_uncomputed(reader: &mut CellReader<'_, '_>, rows: &mut Rows, cells: &mut usize) -> Result<(), ReadFault> {
    let not_one = |error: XlsxError| ReadFault::NotAWorkbook(error.to_string());
    while let Some(found) = reader.next_cell_with_formula_metadata().map_err(not_one)? {
        if found.formula.is_none() || found.value != DataRef::Empty {
            continue;
        }
        *cells += 1;
        if *cells > MAX_CELLS {
            return Err(ReadFault::TooMany);
        }
        rows.entry(found.pos.0).or_default().insert(found.pos.1, Cell::Uncomputed);
    }
    Ok(())
}

fn cell(value: &DataRef<'_>, is_percent: impl Fn() -> bool) -> Option<Cell> {
    Some(match value {
        DataRef::Empty => return None,
        DataRef::String(text) | DataRef::DurationIso(text) => return text_cell(text),
        DataRef::SharedString(text) => return text_cell(text),
        DataRef::Int(number) if is_percent() => Cell::Number(i128::from(*number).saturating_mul(100).to_string()),
        DataRef::Int(number) => Cell::Number(number.to_string()),
        DataRef::Float(number) => Cell::Number(decimal(*number, is_percent())),
        DataRef::Bool(yes) => Cell::Flag(*yes),
        DataRef::DateTime(_) | DataRef::DateTimeIso(_) => match value.as_datetime() {
            Some(moment) => Cell::Day(moment.date()),
            None => return text_cell(&value.as_string().unwrap_or_default()),
        },
        DataRef::Error(error) => Cell::Error(shown(error).to_owned()),
    })
}

fn text_cell(text: &str) -> Option<Cell> {
    let text: String = text.trim().chars().take(MAX_TEXT_CHARS).collect();
    (!text.is_empty()).then_some(Cell::Text(text))
}

fn shown(error: &CellErrorType) -> &'static str {
    match error {
        CellErrorType::Div0 => "#DIV/0!",
        CellErrorType::NA => "#N/A",
        CellErrorType::Name => "#NAME?",
        CellErrorType::Null => "#NULL!",
        CellErrorType::Num => "#NUM!",
        CellErrorType::Ref => "#REF!",
        CellErrorType::Value => "#VALUE!",
        CellErrorType::GettingData => "#GETTING_DATA",
    }
}

/// A spreadsheet's number (a binary float) as the decimal that was typed: its shortest form, rounded to six decimals where a formula
/// left more. A percentage is a hundred times what is stored.
fn decimal(number: f64, is_percent: bool) -> String {
    let shortest = number.to_string();
    if !number.is_finite() || shortest.contains(['e', 'E']) || shortest.len() > 40 {
        return shortest;
    }
    let (sign, digits) = match shortest.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", shortest.as_str()),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let (mut whole, mut fraction) = (whole.to_owned(), fraction.to_owned());
    if is_percent {
        fraction.push_str(if fraction.is_empty() {
            "00"
        } else if fraction.len() == 1 {
            "0"
        } else {
            ""
        });
        let rest = fraction.split_off(2);
        whole.push_str(&fraction);
        fraction = rest;
    }
    // Rounded by its digits, so that no further binary arithmetic comes in.
    let places = 6;
    let scaled: Option<i128> = {
        let kept: String = fraction.chars().chain("000000".chars()).take(places).collect();
        let up = fraction.as_bytes().get(places).is_some_and(|digit| *digit >= b'5');
        format!("{whole}{kept}").parse::<i128>().ok().map(|scaled| scaled + i128::from(up))
    };
    let Some(scaled) = scaled else { return shortest };
    let text = shared::fraction::decimals(scaled, 6);
    let text = shared::vietnamese::trimmed(&text);
    if scaled == 0 { "0".to_owned() } else { format!("{sign}{text}") }
}

#[cfg(test)]
mod tests;
