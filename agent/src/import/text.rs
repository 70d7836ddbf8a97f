//! Rows of a file of text: a spreadsheet saved as CSV.

use super::{
    Column, Content, MAX_ROWS, Places,
    fault::{Collector, FaultKind},
    form, places,
};
use csv::{ReaderBuilder, StringRecord};
use shared::period::Period;

/// What spreadsheets put before UTF-8.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// What a file holds. Faults of form go to the collector.
pub(super) fn parse(bytes: &[u8], faults: &mut Collector) -> Content {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter(bytes))
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(bytes);
    let mut counter = RowCounter { bytes, row: 1 };
    let mut next = || {
        let start = usize::try_from(reader.position().byte()).unwrap_or(usize::MAX);
        let mut record = StringRecord::new();
        let read = reader.read_record(&mut record);
        let row = counter.row_at(start);
        match read {
            Ok(false) => None,
            Ok(true) => Some((row, Some(record))),
            Err(_) => Some((row, None)),
        }
    };
    let (row, heading) = match next() {
        Some((row, Some(heading))) => (row, heading),
        Some((row, None)) => return whole_file(faults, row, FaultKind::NotText),
        None => return whole_file(faults, 0, FaultKind::Empty),
    };
    let Some(places) = places(heading.iter().enumerate(), row, false, faults) else { return Content::default() };
    let mut content = Content::default();
    for number in 0.. {
        let Some((row, record)) = next() else { break };
        if number >= MAX_ROWS {
            faults.add(row, "", FaultKind::TooManyRows);
            break;
        }
        let Some(record) = record else {
            faults.add(row, "", FaultKind::NotText);
            continue;
        };
        if let Some((column, text)) = unclosed(&record, &heading, &places, delimiter(bytes)) {
            faults.add(row, column, FaultKind::QuoteNotClosed(text));
        } else if record.len() != heading.len() {
            faults.add(row, "", FaultKind::CellCount(record.len(), heading.len()));
        } else {
            let cell = |column: Column| places[column as usize].and_then(|place| record.get(place)).unwrap_or_default();
            content.take(row, form(cell, row, faults));
        }
    }
    content
}

fn whole_file(faults: &mut Collector, row: usize, kind: FaultKind) -> Content {
    faults.add(row, "", kind);
    Content::default()
}

/// Rows as a spreadsheet shows them: the reader skips blank lines, which are rows there, and a line break within quotes
/// begins no row.
struct RowCounter<'a> {
    bytes: &'a [u8],
    row: usize,
}

impl RowCounter<'_> {
    /// The row of a record, asked in order; the reader may stand before the line breaks that lead to it.
    fn row_at(&mut self, start: usize) -> usize {
        let is_break = |byte: &u8| matches!(byte, b'\r' | b'\n');
        let (before, after) = self.bytes.split_at(start.min(self.bytes.len()));
        let behind = before.iter().rev().take_while(|byte| is_break(byte)).count();
        let ahead = after.iter().take_while(|byte| is_break(byte)).count();
        let gap = &self.bytes[before.len() - behind..before.len() + ahead];
        let second_half = gap.windows(2).filter(|pair| pair == b"\r\n").count();
        self.row += gap.len() - second_half;
        self.row
    }
}

/// The column and first line of a cell that goes on into the next rows, because a quotation mark opens it and none ends it.
/// A note may have several lines, so there only what reads like a row counts.
fn unclosed(record: &StringRecord, heading: &StringRecord, places: &Places, delimiter: u8) -> Option<(String, String)> {
    let delimiter = char::from(delimiter);
    let is_row = |line: &str| {
        let period = places[Column::Period as usize].and_then(|place| line.split(delimiter).nth(place));
        line.split(delimiter).count() >= heading.len()
            && period.is_some_and(|period| period.trim().parse::<Period>().is_ok())
    };
    let swallows = |place: usize, cell: &str| match cell.split_once(['\n', '\r']) {
        None => false,
        Some((_, rest)) if places[Column::Note as usize] == Some(place) && record.len() == heading.len() => {
            rest.lines().any(is_row)
        }
        Some((_, rest)) => rest.contains(delimiter),
    };
    let (place, cell) = record.iter().enumerate().find(|(place, cell)| swallows(*place, cell))?;
    let column = heading.get(place).unwrap_or_default().to_ascii_lowercase();
    // What the reader made of the rest does not stand in the file as such.
    Some((column, cell.lines().next().unwrap_or_default().chars().take(40).collect()))
}

/// Spreadsheets with a decimal comma separate cells by semicolons.
fn delimiter(bytes: &[u8]) -> u8 {
    let mut lines = bytes.split(|byte| matches!(byte, b'\r' | b'\n'));
    let heading = lines.find(|line| !line.is_empty()).unwrap_or_default();
    if heading.contains(&b';') && !heading.contains(&b',') { b';' } else { b',' }
}
