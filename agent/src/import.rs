//! Figures from a spreadsheet saved as CSV. The whole file goes in, or nothing of it; every fault is named by file, row and
//! column. Figures that are already stored just so are left alone: a new version would end the province's verdict on them.

mod fault;

pub use fault::{Fault, FaultKind, Faults};

use crate::{
    entry::{Author, EntryError, Form, Recorded, Rulebook, Typed, check_name, record_checked},
    store::{Store, StoreError},
};
use csv::{ReaderBuilder, StringRecord};
use fault::Collector;
use shared::{amount::Amount, observation::ObservationKey, period::Period};
use std::{
    collections::BTreeMap,
    fs,
    io::{self, Read},
    path::Path,
};
use thiserror::Error;

/// Largest file.
pub const MAX_FILE_BYTES: u64 = 8 * 1024 * 1024;
/// Most rows, the heading not counted.
pub const MAX_ROWS: usize = 20_000;
/// What spreadsheets put before UTF-8.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// The columns of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Indicator,
    Period,
    Unit,
    Numerator,
    Denominator,
    Value,
    Note,
}

impl Column {
    const ALL: [Column; 7] =
        [Self::Indicator, Self::Period, Self::Unit, Self::Numerator, Self::Denominator, Self::Value, Self::Note];

    fn name(self) -> &'static str {
        match self {
            Self::Indicator => "indicator",
            Self::Period => "period",
            Self::Unit => "unit",
            Self::Numerator => "numerator",
            Self::Denominator => "denominator",
            Self::Value => "value",
            Self::Note => "note",
        }
    }
}

/// Why nothing was imported.
#[derive(Debug, Error)]
pub enum ImportError {
    /// The file cannot be read.
    #[error("cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    /// Larger than [`MAX_FILE_BYTES`].
    #[error("larger than {MAX_FILE_BYTES} bytes")]
    TooLarge,
    /// The file has faults.
    #[error("{0}")]
    Faults(Faults),
    /// Not about the file: no catalogue, or the store says no.
    #[error(transparent)]
    Entry(#[from] EntryError),
}

impl From<StoreError> for ImportError {
    fn from(error: StoreError) -> Self {
        Self::Entry(error.into())
    }
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Imported {
    /// Figures recorded, with their rows.
    pub recorded: Vec<(usize, Recorded)>,
    /// Rows whose figure is stored just so already.
    pub unchanged: usize,
    /// Rows without numerator, denominator and value.
    pub blank: usize,
}

/// A row that is a form.
type Rows = Vec<(usize, Form)>;

/// Reads a file, within the limits.
///
/// # Errors
/// When it cannot be read or is too large.
pub fn read_file(path: &Path) -> Result<Vec<u8>, ImportError> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE_BYTES { Err(ImportError::TooLarge) } else { Ok(bytes) }
}

/// Imports the bytes of a file in one transaction; with `dry_run` everything is checked and nothing written.
///
/// # Errors
/// [`ImportError`]; nothing is written then.
pub fn import(
    store: &mut Store,
    author: &mut Author<'_>,
    bytes: &[u8],
    dry_run: bool,
) -> Result<Imported, ImportError> {
    check_name(author.name).map_err(EntryError::from)?;
    let mut faults = Collector::default();
    let (rows, blank) = parse(bytes, &mut faults);
    let mut imported = Imported { blank, ..Imported::default() };
    let outcome = store.write(|writing| {
        let rulebook = Rulebook::read(writing.view())?;
        let mut seen: BTreeMap<ObservationKey, usize> = BTreeMap::new();
        for (row, form) in &rows {
            let observation = match rulebook.check(form) {
                Ok(observation) => observation,
                Err(error) => {
                    faults.add(*row, column_of(&error, form), FaultKind::Entry(error));
                    continue;
                }
            };
            if let Some(first) = seen.insert(observation.key.clone(), *row) {
                faults.add(*row, "", FaultKind::Repeats(first));
                continue;
            }
            if faults.count > 0 {
                continue;
            }
            if writing.view().newest(&observation.key)?.is_some_and(|newest| newest.observation == observation) {
                imported.unchanged += 1;
                continue;
            }
            imported.recorded.push((*row, record_checked(writing, author, &rulebook, observation)?));
        }
        match (faults.count, dry_run) {
            (0, false) => Ok(()),
            _ => Err(Stop::Undo),
        }
    });
    match outcome {
        Err(Stop::Error(error)) => Err(error.into()),
        Err(Stop::Undo) if faults.count > 0 => Err(ImportError::Faults(faults.into())),
        Ok(()) | Err(Stop::Undo) => Ok(imported),
    }
}

/// Why a transaction is not committed.
enum Stop {
    Undo,
    Error(EntryError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Error(error.into())
    }
}

impl From<EntryError> for Stop {
    fn from(error: EntryError) -> Self {
        Self::Error(error)
    }
}

/// The column that an entry error is about.
fn column_of(error: &EntryError, form: &Form) -> &'static str {
    use shared::observation::Refusal;
    let value = match &form.typed {
        Typed::Ratio(numerator, _)
            if Amount::from_typed(numerator).is_ok() && matches!(error, EntryError::Number(_)) =>
        {
            Column::Denominator
        }
        Typed::Ratio(..) => Column::Numerator,
        Typed::Value(_) | Typed::Flag(_) => Column::Value,
    };
    let column = match error {
        EntryError::Refused(Refusal::UnknownIndicator(_)) => Column::Indicator,
        EntryError::Refused(Refusal::UnknownUnit(_)) => Column::Unit,
        EntryError::Refused(Refusal::OutsidePlanYear(_)) => Column::Period,
        EntryError::Refused(Refusal::DenominatorNotPositive) => Column::Denominator,
        EntryError::Refused(Refusal::TextTooLong(_) | Refusal::TextNotPlain(_)) => Column::Note,
        _ => value,
    };
    column.name()
}

/// The rows of a file that can be forms, and the number of blank ones. Faults of form go to the collector.
fn parse(bytes: &[u8], faults: &mut Collector) -> (Rows, usize) {
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
        None => return whole_file(faults, 1, FaultKind::Missing),
    };
    let Some(places) = places(&heading, row, faults) else { return (Rows::new(), 0) };
    let (mut rows, mut blank) = (Rows::new(), 0);
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
            match form(&record, &places, row, faults) {
                Parsed::Form(form) => rows.push((row, form)),
                Parsed::Blank => blank += 1,
                Parsed::Faulty => {}
            }
        }
    }
    (rows, blank)
}

fn whole_file(faults: &mut Collector, row: usize, kind: FaultKind) -> (Rows, usize) {
    faults.add(row, "", kind);
    (Rows::new(), 0)
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

/// Where each column stands.
type Places = [Option<usize>; Column::ALL.len()];

fn places(heading: &StringRecord, row: usize, faults: &mut Collector) -> Option<Places> {
    let mut places: Places = Default::default();
    let before = faults.count;
    for (place, name) in heading.iter().enumerate() {
        let folded = name.to_ascii_lowercase();
        match Column::ALL.into_iter().find(|column| column.name() == folded) {
            None => faults.add(row, name.chars().take(40).collect::<String>(), FaultKind::ColumnUnknown),
            Some(column) if places[column as usize].is_some() => faults.add(row, column.name(), FaultKind::ColumnTwice),
            Some(column) => places[column as usize] = Some(place),
        }
    }
    for column in [Column::Indicator, Column::Period] {
        if places[column as usize].is_none() {
            faults.add(row, column.name(), FaultKind::Missing);
        }
    }
    (faults.count == before).then_some(places)
}

enum Parsed {
    Form(Form),
    Blank,
    Faulty,
}

fn form(record: &StringRecord, places: &Places, row: usize, faults: &mut Collector) -> Parsed {
    let cell = |column: Column| places[column as usize].and_then(|place| record.get(place)).unwrap_or_default();
    let (numerator, denominator, value) = (cell(Column::Numerator), cell(Column::Denominator), cell(Column::Value));
    if numerator.is_empty() && value.is_empty() {
        // A denominator alone is what a template is handed out with.
        return Parsed::Blank;
    }
    let before = faults.count;
    for column in [Column::Indicator, Column::Period] {
        if cell(column).is_empty() {
            faults.add(row, column.name(), FaultKind::Missing);
        }
    }
    let period: Option<Period> = cell(Column::Period).parse().ok();
    if period.is_none() && !cell(Column::Period).is_empty() {
        let text = cell(Column::Period).chars().take(20).collect();
        faults.add(row, Column::Period.name(), FaultKind::Period(text));
    }
    let parts = !numerator.is_empty() || !denominator.is_empty();
    if parts && !value.is_empty() {
        faults.add(row, Column::Value.name(), FaultKind::BothForms);
    } else if !numerator.is_empty() && denominator.is_empty() {
        faults.add(row, Column::Denominator.name(), FaultKind::Missing);
    }
    match period {
        Some(period) if faults.count == before => Parsed::Form(Form {
            indicator: cell(Column::Indicator).into(),
            unit: cell(Column::Unit).into(),
            period,
            typed: if parts { Typed::Ratio(numerator.into(), denominator.into()) } else { Typed::Value(value.into()) },
            note: cell(Column::Note).into(),
        }),
        _ => Parsed::Faulty,
    }
}

#[cfg(test)]
mod tests;
