//! What an import changes, figure by figure: what stood there before and what stands there now.

use super::{Column, Imported, fault::SheetPlace};
use crate::{entry::Recorded, store::figures::Figure};
use shared::observation::{ObservationKey, Value};

/// One figure that is new or not what it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference<'a> {
    /// Row as a spreadsheet counts them.
    pub row: usize,
    /// The cell that differs, like `M9`; empty in a file of text.
    pub cell: String,
    /// The figure.
    pub key: &'a ObservationKey,
    /// Its version with this.
    pub version: u32,
    /// What stands there before: its value and note, version, by whom and when; none for a first figure.
    pub before: Option<&'a Figure>,
    /// The value with this.
    pub value: Value,
    /// The note with this.
    pub note: &'a str,
}

impl Difference<'_> {
    /// Whether the value is another one, and not the note alone.
    #[must_use]
    pub fn is_of_value(&self) -> bool {
        self.before.is_none_or(|before| before.observation.value != self.value)
    }

    /// Whether the note is another one.
    #[must_use]
    pub fn is_of_note(&self) -> bool {
        self.before.map_or("", |before| before.observation.note.as_str()) != self.note
    }
}

impl Imported {
    /// What is recorded, or would be, beside what it takes the place of; in the order of the rows.
    pub fn differences(&self) -> impl Iterator<Item = Difference<'_>> {
        self.recorded.iter().map(|(row, recorded)| {
            let Recorded { observation, version, previous, .. } = recorded;
            let mut difference = Difference {
                row: *row,
                cell: String::new(),
                key: &observation.key,
                version: *version,
                before: previous.as_ref(),
                value: observation.value,
                note: &observation.note,
            };
            let column = match (difference.is_of_value(), difference.value) {
                (false, _) => Column::Note,
                (true, Value::Ratio { .. }) => Column::Numerator,
                (true, _) => Column::Value,
            };
            difference.cell = self.sheet.as_ref().map(|sheet| sheet.cell(column.name(), *row)).unwrap_or_default();
            difference
        })
    }
}

impl SheetPlace {
    /// The cell of a row in a column by name; empty where the sheet has no such column.
    #[must_use]
    pub fn cell(&self, column: &str, row: usize) -> String {
        self.columns.get(column).map(|letters| format!("{letters}{row}")).unwrap_or_default()
    }
}
