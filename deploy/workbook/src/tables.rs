//! The tables of a catalogue as a workbook, out and in: one sheet for each file, every cell as text, so that no spreadsheet turns a code
//! into a day. What a sheet means is not known here; it comes back as the bytes of a CSV file, row for row.

use crate::reading::{self, Cell, ReadFault, Sheet};
use rust_xlsxwriter::{Format, Workbook, XlsxError};
use shared::listing::{Column, Form, Listing};
use std::{
    collections::BTreeMap,
    io::{Seek, Write},
};

/// Files by name.
pub type Files = BTreeMap<String, Vec<u8>>;

/// What the name of a table ends with.
const TABLE: &str = ".csv";
/// Most columns of a sheet that are read.
const MAX_COLUMNS: u32 = 256;

/// Writes files as sheets: a table cell by cell, any other text line by line.
///
/// # Errors
/// What writing says.
pub fn write<W: Write + Seek + Send>(files: &BTreeMap<String, Vec<Vec<String>>>, to: W) -> Result<(), XlsxError> {
    let mut workbook = Workbook::new();
    let text = Format::new().set_num_format("@");
    let head = Format::new().set_num_format("@").set_bold().set_background_color("#DDEBF7");
    for (name, rows) in files {
        let sheet = workbook.add_worksheet_with_constant_memory()?;
        sheet.set_name(name)?;
        let is_table = name.ends_with(TABLE);
        if is_table {
            sheet.set_freeze_panes(1, 0)?;
        }
        for at in 0..u16::try_from(rows.first().map_or(0, Vec::len)).unwrap_or(u16::MAX) {
            sheet.set_column_width(at, if is_table { 22.0 } else { 110.0 })?.set_column_format(at, &text)?;
        }
        for (row, cells) in (0u32..).zip(rows) {
            for (at, cell) in (0u16..).zip(cells).filter(|(_, cell)| !cell.is_empty()) {
                let format = if is_table && row == 0 { &head } else { &text };
                sheet.write_string_with_format(row, at, cell, format)?;
            }
        }
    }
    workbook.save_to_writer(to)
}

/// Reads the sheets of these names as files; a sheet that is not there is left out, others are left alone.
///
/// # Errors
/// [`ReadFault`]
pub fn read(bytes: &[u8], names: &[&str]) -> Result<Files, ReadFault> {
    let mut files = Files::new();
    for sheet in reading::read(bytes)? {
        let Some(name) = names.iter().find(|name| name.eq_ignore_ascii_case(sheet.name.trim())) else { continue };
        let content = if name.ends_with(TABLE) { table(&sheet) } else { lines(&sheet) };
        files.insert((*name).to_owned(), content);
    }
    Ok(files)
}

/// The first row names the columns; a row without cells stays, so that rows keep their numbers.
fn table(sheet: &Sheet) -> Vec<u8> {
    let cell = |row: u32, column: u32| -> String {
        match sheet.rows.get(&row).and_then(|cells| cells.get(&column)) {
            None => String::new(),
            Some(Cell::Flag(yes)) => yes.to_string(),
            Some(cell) => cell.text(),
        }
    };
    let width = sheet.rows.get(&0).and_then(|cells| cells.keys().last()).map_or(0, |last| (last + 1).min(MAX_COLUMNS));
    let last = sheet.rows.keys().last().copied().unwrap_or(0);
    let columns = (0..width).map(|at| Column::new(&cell(0, at), "", Form::Text)).collect();
    let rows = (1..=last).map(|row| (0..width).map(|at| cell(row, at)).collect()).collect();
    Listing { columns, rows, ..Listing::default() }.csv()
}

fn lines(sheet: &Sheet) -> Vec<u8> {
    let last = sheet.rows.keys().last().map_or(0, |last| last + 1);
    let line = |row: u32| sheet.rows.get(&row).and_then(|cells| cells.get(&0)).map(Cell::text).unwrap_or_default();
    (0..last).map(|row| line(row) + "\n").collect::<String>().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn what_is_written_comes_back_row_for_row() {
        let row = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
        let files = BTreeMap::from([
            (
                "targets.csv".to_owned(),
                vec![
                    row(&["commune", "plan_ref", "value"]),
                    row(&["tan-phu", "1.1(2)", "12.50"]),
                    row(&["", "", ""]),
                    row(&["a \"b\", c", "2.3", "true"]),
                ],
            ),
            ("catalogue.toml".to_owned(), vec![row(&["plan_year = 2026"]), row(&["# chú thích"])]),
        ]);
        let mut bytes = Cursor::new(Vec::new());
        write(&files, &mut bytes).unwrap();
        let read = read(bytes.get_ref(), &["targets.csv", "catalogue.toml", "tasks.csv"]).unwrap();
        assert_eq!(read.len(), 2, "a sheet that is missing is left out");
        let text = |name: &str| String::from_utf8(read[name].clone()).unwrap();
        assert_eq!(
            text("targets.csv"),
            "commune,plan_ref,value\r\ntan-phu,1.1(2),12.50\r\n,,\r\n\"a \"\"b\"\", c\",2.3,true\r\n"
        );
        assert_eq!(text("catalogue.toml"), "plan_year = 2026\n# chú thích\n");
    }
}
