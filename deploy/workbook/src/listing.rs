//! A list as a workbook: real numbers, real days, the headings frozen, rows streamed so that memory does not grow with them.

use chrono::{DateTime, Datelike, NaiveDate, Timelike, Utc};
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook, Worksheet, XlsxError};
use shared::{
    calendar::TIME_ZONE,
    language::Language,
    listing::{Column, Form, Listing, for_people},
};
use std::io::{Seek, Write};

/// The paper of offices, as workbooks number it.
const A4: u8 = 9;
/// Most rows of a sheet, the headings not counted.
pub const MAX_ROWS: usize = 1_048_570;

/// Writes a list page by page as the one sheet of a workbook: the rows of the head, then those of the pages. Memory does not grow with them.
///
/// # Errors
/// What writing says; more rows than a sheet can hold.
pub fn write_pages<W: Write + Seek + Send>(
    head: &Listing,
    pages: impl Iterator<Item = Vec<Vec<String>>>,
    language: Language,
    to: W,
) -> Result<(), XlsxError> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet_with_constant_memory()?;
    sheet.set_name(language.pick("Danh sách", "List"))?;
    let mut row = fill(sheet, head, language)?;
    let formats = Formats::new();
    for rows in pages {
        formats.rows(sheet, &mut row, &head.columns, &rows, language)?;
    }
    workbook.save_to_writer(to)
}

/// Writes lists as the sheets of a workbook, each under its name (at most 31 characters): the columns that people see, no others.
///
/// # Errors
/// What writing says; a list that a sheet cannot hold; two sheets of one name.
pub fn write_sheets<W: Write + Seek + Send>(
    lists: &[(&str, &Listing)],
    language: Language,
    to: W,
) -> Result<(), XlsxError> {
    let mut workbook = Workbook::new();
    for (name, list) in lists {
        let sheet = workbook.add_worksheet_with_constant_memory()?;
        sheet.set_name(*name)?;
        let seen: Vec<bool> = list.columns.iter().map(|column| !column.heading.is_empty()).collect();
        fill(sheet, &only(list, &seen), language)?;
    }
    workbook.save_to_writer(to)
}

/// A list with those of its columns that are kept.
fn only(list: &Listing, keep: &[bool]) -> Listing {
    fn kept<T: Clone>(all: &[T], keep: &[bool]) -> Vec<T> {
        all.iter().zip(keep).filter(|(_, keep)| **keep).map(|(one, _)| one.clone()).collect()
    }
    Listing {
        title: list.title.clone(),
        notes: list.notes.clone(),
        columns: kept(&list.columns, keep),
        rows: list.rows.iter().map(|row| kept(row, keep)).collect(),
    }
}

/// Writes a list as the one sheet of a workbook. Columns that people see come with their headings, those for programs with their names.
///
/// # Errors
/// What writing says; a list that a sheet cannot hold.
pub fn write<W: Write + Seek + Send>(list: &Listing, language: Language, to: W) -> Result<(), XlsxError> {
    write_pages(list, std::iter::empty(), language, to)
}

/// Answers the last row.
fn fill(sheet: &mut Worksheet, list: &Listing, language: Language) -> Result<u32, XlsxError> {
    let head = Format::new().set_bold().set_text_wrap().set_background_color("#DDEBF7");
    let bold = Format::new().set_bold();
    let mut row = 0;
    for text in std::iter::once(&list.title).chain(&list.notes).filter(|text| !text.is_empty()) {
        sheet.write_string_with_format(row, 0, text, &bold)?;
        row += 1;
    }
    if row > 0 {
        row += 1;
    }
    for (column, at) in list.columns.iter().zip(0u16..) {
        let heading = if column.heading.is_empty() { &column.name } else { &column.heading };
        sheet.write_string_with_format(row, at, heading, &head)?;
        let width = match column.form {
            Form::Words => 60.0,
            Form::Text => 24.0,
            Form::Time => 17.0,
            _ => 12.0,
        };
        sheet.set_column_width(at, width)?;
    }
    sheet.set_freeze_panes(row + 1, 0)?.set_landscape().set_paper_size(A4).set_print_fit_to_pages(1, 0);
    let formats = Formats::new();
    formats.rows(sheet, &mut row, &list.columns, &list.rows, language)?;
    Ok(row)
}

struct Formats {
    /// A format with decimals shows its separator behind whole numbers too.
    whole: Format,
    number: Format,
    score: Format,
    share: Format,
    time: Format,
    day: Format,
}

impl Formats {
    fn new() -> Self {
        let number = |code: &str| Format::new().set_num_format(code);
        Self {
            whole: number("#,##0"),
            number: number("#,##0.######"),
            score: number("0.00"),
            share: number("0.00%"),
            time: number("hh:mm dd/mm/yyyy"),
            day: number("dd/mm/yyyy"),
        }
    }

    /// Writes rows behind the one given.
    fn rows(
        &self,
        sheet: &mut Worksheet,
        row: &mut u32,
        columns: &[Column],
        rows: &[Vec<String>],
        language: Language,
    ) -> Result<(), XlsxError> {
        for cells in rows {
            *row += 1;
            for ((column, cell), at) in columns.iter().zip(cells).zip(0u16..) {
                self.cell(sheet, (*row, at), column.form, cell, language)?;
            }
        }
        Ok(())
    }

    fn cell(
        &self,
        sheet: &mut Worksheet,
        (row, column): (u32, u16),
        form: Form,
        cell: &str,
        language: Language,
    ) -> Result<(), XlsxError> {
        if cell.is_empty() {
            return Ok(());
        }
        let format = match form {
            Form::Number | Form::Value | Form::Movement if cell.contains('.') => Some(&self.number),
            Form::Number | Form::Value | Form::Movement => Some(&self.whole),
            Form::Score => Some(&self.score),
            Form::Share => Some(&self.share),
            _ => None,
        };
        // A binary float holds fifteen digits; what is longer stays text and exact.
        let digits = cell.bytes().filter(u8::is_ascii_digit).count();
        if let (Some(format), Ok(number)) = (format, cell.parse::<f64>())
            && digits <= 15
        {
            sheet.write_number_with_format(row, column, number, format)?;
            return Ok(());
        }
        let moment = match form {
            Form::Time => cell.parse::<DateTime<Utc>>().ok().map(|at| at.with_timezone(&TIME_ZONE).naive_local()),
            Form::Day => cell.parse::<NaiveDate>().ok().and_then(|day| day.and_hms_opt(0, 0, 0)),
            _ => None,
        };
        if let Some(moment) = moment {
            let year = u16::try_from(moment.year()).unwrap_or(1900);
            let (month, day) = (moment.month().try_into().unwrap_or(1), moment.day().try_into().unwrap_or(1));
            let (hour, minute) = (moment.hour().try_into().unwrap_or(0), moment.minute().try_into().unwrap_or(0));
            let value = ExcelDateTime::from_ymd(year, month, day)?.and_hms(hour, minute, moment.second())?;
            let format = if form == Form::Time { &self.time } else { &self.day };
            sheet.write_datetime_with_format(row, column, &value, format)?;
            return Ok(());
        }
        let text =
            if form == Form::Text || form == Form::Words { cell.to_owned() } else { for_people(form, cell, language) };
        sheet.write_string(row, column, text)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::{Cell, read};
    use shared::listing::Column;
    use std::io::Cursor;

    #[test]
    fn numbers_are_numbers_and_days_are_days() {
        let columns = [
            ("name", "Xã, phường", Form::Text),
            ("score", "Điểm", Form::Score),
            ("share", "Đúng hạn", Form::Share),
            ("at", "Lúc", Form::Time),
            ("cutoff", "Hạn", Form::Day),
            ("light", "Đèn", Form::Light),
            ("digest", "", Form::Text),
        ];
        let row = ["Xã Tân Phú", "79.61", "0.9706", "2026-10-19T16:59:00Z", "2026-10-19", "red", "=1+1"];
        let list = Listing {
            title: "Xếp hạng".into(),
            notes: vec!["Năm xã".into()],
            columns: columns.map(|(name, heading, form)| Column::new(name, heading, form)).into(),
            rows: vec![row.map(str::to_owned).into(), vec![String::new(); 7]],
        };
        let mut file = Cursor::new(Vec::new());
        write(&list, Language::Vi, &mut file).unwrap();
        let sheet = read(file.get_ref()).unwrap().remove(0);
        let text = |text: &str| Cell::Text(text.into());
        let head: Vec<_> = sheet.rows[&3].values().cloned().collect();
        assert_eq!(head, ["Xã, phường", "Điểm", "Đúng hạn", "Lúc", "Hạn", "Đèn", "digest"].map(text));
        let cells: Vec<_> = sheet.rows[&4].values().cloned().collect();
        let day = || Cell::Day("2026-10-19".parse().unwrap());
        let number = |text: &str| Cell::Number(text.into());
        let expected = [text("Xã Tân Phú"), number("79.61"), number("97.06"), day(), day(), text("đỏ"), text("=1+1")];
        assert_eq!(cells, expected, "text that looks like a formula stays text");
        let mut annex = Cursor::new(Vec::new());
        write_sheets(&[("Phụ lục", &list)], Language::Vi, &mut annex).unwrap();
        let sheet = read(annex.get_ref()).unwrap().remove(0);
        assert_eq!((sheet.rows[&3].len(), sheet.rows[&4].len()), (6, 6), "what only programs see is not in an annex");
    }

    #[test]
    fn whole_numbers_have_no_separator_behind_them() {
        let formats = Formats::new();
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet();
        for (row, cell) in [(0, "1200"), (1, "12.5")] {
            formats.cell(sheet, (row, 0), Form::Value, cell, Language::Vi).unwrap();
        }
        let bytes = workbook.save_to_buffer().unwrap();
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        let mut text = String::new();
        std::io::Read::read_to_string(&mut archive.by_name("xl/styles.xml").unwrap(), &mut text).unwrap();
        assert!(text.contains(r##"formatCode="#,##0"/>"##) && text.contains("#,##0.######"), "{text}");
    }
}
