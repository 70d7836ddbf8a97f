//! One CSV file of a catalogue as rows of cells, each row with the number that a spreadsheet shows.
//!
//! Knows the layout (encoding, header, sizes), not what the columns mean.

use super::{fault::Faults, layout::LATER_COLUMNS, problem::Problem};
use unicode_normalization::UnicodeNormalization;

/// Largest file.
pub const MAX_FILE_BYTES: usize = 8 * 1024 * 1024;
/// Most rows in a file, the header not counted.
pub const MAX_ROWS: usize = 200_000;
/// Longest cell, in characters.
pub const MAX_CELL_CHARS: usize = 10_000;
/// Most cells in a row that are looked at.
const MAX_CELLS: usize = 256;

/// A row whose cells stand in the order of the columns asked for.
#[derive(Debug)]
pub(super) struct Row {
    /// As a spreadsheet counts, from 1; the header is row 1.
    pub(super) number: u64,
    /// Trimmed and in Unicode normal form C.
    pub(super) cells: Vec<String>,
}

/// Checks size and encoding; a byte order mark is left out.
pub(super) fn decode<'a>(file: &str, bytes: &'a [u8], faults: &mut Faults) -> Option<&'a str> {
    if bytes.len() > MAX_FILE_BYTES {
        faults.push(file, None, None, Problem::FileTooLarge(MAX_FILE_BYTES / (1024 * 1024)));
        return None;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text.strip_prefix('\u{feff}').unwrap_or(text)),
        Err(error) => {
            let sound = bytes.get(..error.valid_up_to()).unwrap_or_default();
            faults.push(file, Some(1 + count_line_ends(sound)), None, Problem::NotUtf8);
            None
        }
    }
}

/// Reads the rows of a file, one after the other. `None` when there is nothing to read them by: no text, or a header with faults.
pub(super) fn each_row(
    file: &str,
    columns: &[&str],
    bytes: &[u8],
    faults: &mut Faults,
    mut take: impl FnMut(&Row, &mut Faults),
) -> Option<()> {
    let text = decode(file, bytes, faults)?;
    let mut records = Records::new(text);
    let Some((header_row, header, _)) = records.next() else {
        faults.push(file, Some(1), None, Problem::HeaderMissing);
        return None;
    };
    let places = header_places(file, columns, header_row, &header, faults)?;
    let mut count = 0;
    for (number, cells, quotes_closed) in records {
        if !quotes_closed {
            faults.push(file, Some(number), None, Problem::QuoteOpen);
        } else if cells.iter().all(String::is_empty) {
            // Spreadsheets write rows of nothing but commas below the table.
        } else if cells.len() != header.len() {
            let problem = Problem::CellCount { expected: header.len(), found: cells.len() };
            faults.push(file, Some(number), None, problem);
        } else if count == MAX_ROWS {
            faults.push(file, Some(number), None, Problem::TooManyRows(MAX_ROWS));
            break;
        } else {
            count += 1;
            let row = Row { number, cells: in_order(file, columns, number, &places, cells, faults) };
            take(&row, faults);
        }
    }
    Some(())
}

/// Where each column asked for stands in the file.
fn header_places(file: &str, columns: &[&str], row: u64, header: &[String], faults: &mut Faults) -> Option<Vec<usize>> {
    let before = faults.count();
    if let [only] = header
        && let Some(sign) = only.chars().find(|sign| [';', '\t'].contains(sign))
    {
        faults.push(file, Some(row), None, Problem::Separator(sign));
        return None;
    }
    for (place, name) in header.iter().enumerate() {
        let shown: String = name.chars().filter(|sign| !sign.is_control()).take(40).collect();
        if header.iter().take(place).any(|earlier| earlier == name) {
            faults.push(file, Some(row), Some(&shown), Problem::ColumnTwice);
        } else if !columns.contains(&name.as_str()) {
            faults.push(file, Some(row), Some(&shown), Problem::ColumnUnknown);
        }
    }
    // A column that is not there has no place: its cells are empty.
    let mut places = Vec::new();
    for column in columns {
        match header.iter().position(|name| name == column) {
            Some(place) => places.push(place),
            None if LATER_COLUMNS.contains(column) => places.push(usize::MAX),
            None => faults.push(file, Some(row), Some(column), Problem::ColumnMissing),
        }
    }
    (faults.count() == before).then_some(places)
}

/// Puts cells in the order of the columns; a cell that is too long or holds control characters is a fault.
fn in_order(
    file: &str,
    columns: &[&str],
    row: u64,
    places: &[usize],
    mut cells: Vec<String>,
    faults: &mut Faults,
) -> Vec<String> {
    let mut take = |(place, column): (&usize, &&str)| {
        let cell = cells.get_mut(*place).map(std::mem::take).unwrap_or_default();
        if cell.chars().count() > MAX_CELL_CHARS {
            faults.push(file, Some(row), Some(column), Problem::TooLong(MAX_CELL_CHARS));
        }
        if cell.chars().any(char::is_control) {
            faults.push(file, Some(row), Some(column), Problem::ControlCharacter);
        }
        cell
    };
    places.iter().zip(columns).map(&mut take).collect()
}

/// The records of a text with their spreadsheet rows and whether their quotation marks are closed.
///
/// The reader below leaves out blank lines and ends a record at the first of CR LF, so the rows are counted here.
struct Records<'a> {
    text: &'a [u8],
    reader: csv::Reader<&'a [u8]>,
    /// Row of the next byte not yet read.
    row: u64,
    /// Bytes read.
    at: usize,
}

impl<'a> Records<'a> {
    fn new(text: &'a str) -> Self {
        let reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
        Self { text: text.as_bytes(), reader, row: 1, at: 0 }
    }

    /// Goes over blank lines in front of a record.
    fn skip_blank_lines(&mut self) {
        while let Some(byte) = self.text.get(self.at).filter(|byte| [b'\r', b'\n'].contains(byte)) {
            self.at += if *byte == b'\r' && self.text.get(self.at + 1) == Some(&b'\n') { 2 } else { 1 };
            self.row += 1;
        }
    }
}

impl Iterator for Records<'_> {
    type Item = (u64, Vec<String>, bool);

    fn next(&mut self) -> Option<Self::Item> {
        let mut record = csv::ByteRecord::new();
        // The text is in memory and UTF-8: reading bytes of it does not fail.
        if !self.reader.read_byte_record(&mut record).ok()? {
            return None;
        }
        self.skip_blank_lines();
        let row = self.row;
        let end = usize::try_from(self.reader.position().byte()).ok()?;
        let slice = self.text.get(self.at..end).unwrap_or_default();
        let quotes_closed = slice.iter().filter(|byte| **byte == b'"').count() % 2 == 0;
        self.at = end;
        if slice.last() == Some(&b'\r') && self.text.get(end) == Some(&b'\n') {
            self.at += 1;
        }
        self.row += 1;
        let cells = record.iter().take(MAX_CELLS).map(|cell| tidy(&String::from_utf8_lossy(cell))).collect();
        Some((row, cells, quotes_closed))
    }
}

/// Without spaces around it, in normal form C, so that the same words are the same bytes.
pub(super) fn tidy(cell: &str) -> String {
    cell.trim().nfc().collect()
}

/// Ends of lines, CR LF counted once.
fn count_line_ends(bytes: &[u8]) -> u64 {
    let feeds = bytes.iter().filter(|byte| **byte == b'\n').count();
    let lone_returns =
        bytes.iter().enumerate().filter(|(at, byte)| **byte == b'\r' && bytes.get(at + 1) != Some(&b'\n')).count();
    u64::try_from(feeds + lone_returns).unwrap_or(u64::MAX)
}
