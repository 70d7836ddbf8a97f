//! Figures from a spreadsheet, XLSX or saved as CSV. The whole file goes in, or nothing of it; every fault is named by file, row and
//! column, or by sheet and cell. Figures that are already stored just so are left alone: a new version would end the province's verdict
//! on them.

mod difference;
mod fault;
mod merged;
mod period;
mod sheet;
mod text;

pub use difference::Difference;
pub use fault::{Fault, FaultKind, Faults, Reader, SheetPlace};
pub use sheet::Foreign;

use crate::{
    entry::{Author, EntryError, Form, Recorded, Rulebook, Typed, check_name, record_checked},
    ledger::Ledger,
    store::{Store, StoreError, Writing},
    template::HandedOut,
};
use fault::Collector;
use shared::{
    amount::Amount,
    calendar::local_day,
    observation::{Observation, ObservationKey},
    period::Period,
    plausibility::Doubt,
};
use std::{
    collections::BTreeMap,
    fs,
    io::{self, Read},
    path::Path,
};
use thiserror::Error;
use workbook::reading::ReadFault;

/// Largest file.
pub const MAX_FILE_BYTES: u64 = 8 * 1024 * 1024;
/// Most rows, the heading not counted.
pub const MAX_ROWS: usize = 20_000;

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

    /// The headings that it is known by, without case and diacritics; the first is the template's.
    fn headings(self) -> &'static [&'static str] {
        match self {
            Self::Indicator => &["ma chi tieu", "ma", "indicator"],
            Self::Period => &["ky bao cao", "ky", "period"],
            Self::Unit => &["ma don vi", "unit"],
            Self::Numerator => &["tu so", "numerator"],
            Self::Denominator => &["mau so", "denominator"],
            Self::Value => &["ket qua", "gia tri", "value"],
            Self::Note => &["ghi chu", "giai trinh", "note"],
        }
    }

    fn of_heading(text: &str) -> Option<Self> {
        let folded = shared::vietnamese::folded(text.trim());
        Self::ALL.into_iter().find(|column| column.headings().contains(&folded.as_str()))
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
    /// A workbook that is not read.
    #[error(transparent)]
    Workbook(#[from] ReadFault),
    /// A workbook that is not this commune's, or not of this year or program.
    #[error(transparent)]
    Foreign(#[from] Foreign),
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
    /// Rows whose figure is stored just so already, or stands as the template was handed out.
    pub unchanged: usize,
    /// Rows without numerator, denominator and value.
    pub blank: usize,
    /// Those of them that have a note: nothing is recorded of it.
    pub bare_notes: Vec<usize>,
    /// Of a workbook: the sheet that was read.
    pub sheet: Option<SheetPlace>,
    /// What should be looked at again in the figures recorded, with their rows.
    pub doubts: Vec<(usize, ObservationKey, Doubt)>,
}

/// How a file is imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct How {
    /// Everything is checked and nothing written.
    pub dry_run: bool,
    /// What was changed by hand also takes the place of figures that are newer than the template.
    pub overwrite: bool,
}

/// What a file holds.
#[derive(Default)]
struct Content {
    /// Rows that are forms.
    rows: Vec<(usize, Form)>,
    blank: usize,
    bare_notes: Vec<usize>,
    /// What stood in the template's lines.
    handed_out: Vec<HandedOut>,
}

impl Content {
    fn take(&mut self, row: usize, parsed: Parsed) {
        match parsed {
            Parsed::Form(form) => self.rows.push((row, form)),
            Parsed::Blank { has_note } => {
                self.blank += 1;
                self.bare_notes.extend(has_note.then_some(row));
            }
            Parsed::Faulty => {}
        }
    }
}

/// Reads a file, within the limits.
///
/// # Errors
/// When it cannot be read or is too large.
pub fn read_file(path: &Path) -> Result<Vec<u8>, ImportError> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE_BYTES { Err(ImportError::TooLarge) } else { Ok(bytes) }
}

/// Imports the bytes of a file in one transaction.
///
/// # Errors
/// [`ImportError`]; nothing is written then.
pub fn import(store: &mut Store, author: &mut Author<'_>, bytes: &[u8], how: How) -> Result<Imported, ImportError> {
    check_name(author.name).map_err(EntryError::from)?;
    let mut faults = Collector::default();
    let content = match workbook::reading::is_workbook(bytes) {
        true => {
            let view = store.view().catalogue()?.ok_or(EntryError::NoCatalogue)?;
            sheet::parse(bytes, &view, &mut faults)?
        }
        false => text::parse(bytes, &mut faults),
    };
    let Content { rows, blank, bare_notes, handed_out } = content;
    let mut imported = Imported { blank, bare_notes, sheet: faults.sheet.clone(), ..Imported::default() };
    let handed_out: BTreeMap<&ObservationKey, &HandedOut> = handed_out.iter().map(|line| (&line.key, line)).collect();
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
            let line = handed_out.get(&observation.key).copied().filter(|_| !how.overwrite);
            match fate(writing, line, &observation)? {
                Fate::AsItIs => imported.unchanged += 1,
                Fate::Newer(newer) => faults.add(*row, value_column(form).name(), FaultKind::Newer(newer)),
                Fate::Recorded if faults.count > 0 => {}
                Fate::Recorded => {
                    imported.recorded.push((*row, record_checked(writing, author, &rulebook, observation)?));
                }
            }
        }
        if faults.count == 0 {
            let today = local_day(writing.view().exercise()?.time(author.now));
            let ledger = Ledger::read(writing.view(), &rulebook.catalogue, today)?;
            for (row, recorded) in &imported.recorded {
                let key = &recorded.observation.key;
                imported.doubts.extend(ledger.doubts_of(key).into_iter().map(|doubt| (*row, key.clone(), doubt)));
            }
        }
        match (faults.count, how.dry_run) {
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

/// What becomes of a row.
enum Fate {
    Recorded,
    AsItIs,
    Newer(Box<fault::Newer>),
}

/// A row that stands as it was handed out is nobody's word, however old it is; one that a person changed does not go over what was
/// recorded after the template was made.
fn fate(writing: &Writing<'_>, line: Option<&HandedOut>, observation: &Observation) -> Result<Fate, StoreError> {
    let newest = writing.view().newest(&observation.key)?;
    if newest.as_ref().is_some_and(|newest| newest.observation == *observation) {
        return Ok(Fate::AsItIs);
    }
    Ok(match (line, newest) {
        (Some(line), _) if line.is(observation) => Fate::AsItIs,
        (Some(line), Some(held)) if held.version > Some(line.version) => {
            Fate::Newer(Box::new(fault::Newer { given: observation.value, held }))
        }
        _ => Fate::Recorded,
    })
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

/// The column that a form's value begins in.
fn value_column(form: &Form) -> Column {
    match form.typed {
        Typed::Ratio(..) => Column::Numerator,
        Typed::Value(_) | Typed::Flag(_) => Column::Value,
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
        _ => value_column(form),
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

/// Where each column stands.
type Places = [Option<usize>; Column::ALL.len()];

/// Finds the columns in a heading. In a file of text a column that is not known is a fault; a workbook may have columns of its own.
fn places<'a>(
    heading: impl Iterator<Item = (usize, &'a str)>,
    row: usize,
    others: bool,
    faults: &mut Collector,
) -> Option<Places> {
    let mut places: Places = Default::default();
    let before = faults.count;
    for (place, name) in heading {
        match Column::of_heading(name) {
            None if others => {}
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
    Blank { has_note: bool },
    Faulty,
}

/// Makes a form of the cells of a row.
fn form<'a>(cell: impl Fn(Column) -> &'a str, row: usize, faults: &mut Collector) -> Parsed {
    let (numerator, denominator, value) = (cell(Column::Numerator), cell(Column::Denominator), cell(Column::Value));
    if numerator.is_empty() && denominator.is_empty() && value.is_empty() {
        return Parsed::Blank { has_note: !cell(Column::Note).is_empty() };
    }
    let before = faults.count;
    for column in [Column::Indicator, Column::Period] {
        if cell(column).is_empty() {
            faults.add(row, column.name(), FaultKind::Missing);
        }
    }
    let period: Option<Period> = period::typed(cell(Column::Period));
    if period.is_none() && !cell(Column::Period).is_empty() {
        let text = cell(Column::Period).chars().take(20).collect();
        faults.add(row, Column::Period.name(), FaultKind::Period(text));
    }
    let parts = !numerator.is_empty() || !denominator.is_empty();
    if parts && !value.is_empty() {
        faults.add(row, Column::Value.name(), FaultKind::BothForms);
    } else if !numerator.is_empty() && denominator.is_empty() {
        faults.add(row, Column::Denominator.name(), FaultKind::Missing);
    } else if numerator.is_empty() && !denominator.is_empty() {
        faults.add(row, Column::Numerator.name(), FaultKind::OnlyDenominator);
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
