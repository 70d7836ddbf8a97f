//! A commune's workbook as another program saves it when somebody has filled it in.

use workbook::{
    reading::{self, Cell},
    writing::Workbook,
};

/// What is written into a cell, for an indicator and under a heading.
pub type Entry<'a> = (&'a str, &'a str, Cell);

/// The template once more, with these entries in their cells.
///
/// # Panics
/// When it is no template, or an entry has no cell.
#[must_use]
pub fn filled(template: &[u8], entries: &[Entry<'_>]) -> Vec<u8> {
    let mut saved = Workbook::new();
    let mut written = 0;
    for sheet in reading::read(template).expect("a template") {
        let page = saved.add_worksheet().set_name(&sheet.name).expect("its sheet");
        let mut write = |row: u32, column: u32, cell: &Cell| {
            let column = u16::try_from(column).expect("a column");
            match cell {
                Cell::Number(number) => page.write(row, column, number.parse::<f64>().expect("a number")),
                other => page.write(row, column, other.text()),
            }
            .expect("a cell");
        };
        let head = sheet.rows.values().find(|cells| cells.values().any(|cell| cell.text() == "Mã chỉ tiêu"));
        for (row, cells) in &sheet.rows {
            for (column, cell) in cells {
                write(*row, *column, cell);
            }
            let code = cells.get(&0).map(Cell::text).unwrap_or_default();
            for (_, heading, entry) in entries.iter().filter(|(wanted, ..)| *wanted == code) {
                let column = head.and_then(|head| head.iter().find(|(_, cell)| cell.text() == *heading));
                let Some((column, _)) = column else { continue };
                write(*row, *column, entry);
                written += 1;
            }
        }
    }
    assert_eq!(written, entries.len(), "every entry has its cell");
    saved.save_to_buffer().expect("a workbook")
}
