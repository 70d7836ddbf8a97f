//! What a template says of itself in a sheet that people do not see: for whom it was made, and what was handed out in each of its lines.
//! By that `import` tells what a person changed from what only stands there.

use crate::store::figures::Figure;
use shared::{
    observation::{Observation, ObservationKey},
    period::Period,
    tables::write::value_cells,
};
use std::collections::HashMap;
use workbook::{
    reading::{Cell, Sheet},
    writing::{Worksheet, XlsxError},
};

use shared::catalogue::view::CommuneView;

/// Name of the sheet.
pub const MARK_SHEET: &str = "_tiendo";
/// What the lines about figures begin with.
const FIGURE: &str = "figure";

/// What a template says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mark {
    /// Version of the columns.
    pub version: String,
    /// Province id.
    pub province: String,
    /// Commune slug.
    pub commune: String,
    /// Its name.
    pub commune_name: String,
    /// The plan year.
    pub plan_year: i32,
    /// What stood in its lines.
    pub handed_out: Vec<HandedOut>,
}

/// What stood in a line when the template was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandedOut {
    /// The figure of the line.
    pub key: ObservationKey,
    /// Its version; 0 where there was none.
    pub version: u32,
    /// Numerator, denominator, value; empty where there was none.
    value: [String; 3],
    note: String,
}

impl HandedOut {
    /// A line with its figure, if it has one.
    #[must_use]
    pub fn of(key: ObservationKey, figure: Option<&Figure>) -> Self {
        let Some(figure) = figure else {
            return Self { key, version: 0, value: <_>::default(), note: String::new() };
        };
        Self {
            key,
            version: figure.version.unwrap_or_default(),
            value: value_cells(figure.observation.value),
            note: figure.observation.note.clone(),
        }
    }

    /// Whether a row says just what was handed out.
    #[must_use]
    pub fn is(&self, observation: &Observation) -> bool {
        // What a spreadsheet does to the ends of lines is nobody's change.
        let lines = |text: &str| text.replace('\r', "");
        self.version > 0
            && value_cells(observation.value) == self.value
            && lines(self.note.trim()) == lines(observation.note.trim())
    }

    fn cells(&self) -> [String; 9] {
        let [numerator, denominator, value] = self.value.clone();
        [
            FIGURE.into(),
            self.key.indicator.clone(),
            self.key.unit.clone(),
            self.key.period.to_string(),
            self.version.to_string(),
            numerator,
            denominator,
            value,
            self.note.clone(),
        ]
    }

    fn read(cell: impl Fn(u32) -> String) -> Option<Self> {
        let period: Period = cell(3).parse().ok()?;
        let key = ObservationKey { indicator: cell(1), unit: cell(2), period };
        Some(Self { key, version: cell(4).parse().ok()?, value: [cell(5), cell(6), cell(7)], note: cell(8) })
    }
}

impl Mark {
    /// The version that this program writes and reads.
    pub const VERSION: &str = "2";

    /// The mark of a commune's template with these lines.
    #[must_use]
    pub fn of(view: &CommuneView, handed_out: Vec<HandedOut>) -> Self {
        Self {
            version: Self::VERSION.into(),
            province: view.province.id.clone(),
            commune: view.commune.slug.clone(),
            commune_name: view.commune.name.clone(),
            plan_year: view.province.plan_year,
            handed_out,
        }
    }

    /// Writes it into its sheet.
    ///
    /// # Errors
    /// What writing says.
    pub fn write(&self, sheet: &mut Worksheet) -> Result<(), XlsxError> {
        let year = self.plan_year.to_string();
        let lines: [(&str, &str); 5] = [
            ("template", &self.version),
            ("province", &self.province),
            ("commune", &self.commune),
            ("commune_name", &self.commune_name),
            ("plan_year", &year),
        ];
        let lines = lines.into_iter().map(|(name, value)| vec![name.to_owned(), value.to_owned()]);
        let figures = self.handed_out.iter().map(|line| line.cells().to_vec());
        for (cells, row) in lines.chain(figures).zip(0u32..) {
            for (cell, column) in cells.iter().zip(0u16..).filter(|(cell, _)| !cell.is_empty()) {
                sheet.write_string(row, column, cell)?;
            }
        }
        sheet.set_very_hidden(true);
        Ok(())
    }

    /// Reads the sheet; what is missing stays empty.
    #[must_use]
    pub fn read(sheet: &Sheet) -> Self {
        let mut lines: HashMap<String, String> = HashMap::new();
        let mut handed_out = Vec::new();
        for cells in sheet.rows.values() {
            let cell = |column: u32| cells.get(&column).map(Cell::text).unwrap_or_default();
            match cell(0) {
                name if name == FIGURE => handed_out.extend(HandedOut::read(cell)),
                name => drop(lines.insert(name, cell(1))),
            }
        }
        let text = |name: &str| lines.get(name).cloned().unwrap_or_default();
        Self {
            version: text("template"),
            province: text("province"),
            commune: text("commune"),
            commune_name: text("commune_name"),
            plan_year: text("plan_year").parse().unwrap_or_default(),
            handed_out,
        }
    }
}

/// The beginning of a template's first line, before the name of its commune.
const TITLE: &str = "SỐ LIỆU CHUYỂN ĐỔI SỐ";

/// A template's first line.
#[must_use]
pub fn title(commune: &str, period: Period) -> String {
    format!("{TITLE} · {commune} · kỳ {period}")
}

/// The commune and the period that a template's first line names.
#[must_use]
pub fn of_title(text: &str) -> Option<(&str, Period)> {
    let mut parts = text.trim().strip_prefix(TITLE)?.split(" · ").skip(1);
    let (commune, period) = (parts.next()?.trim(), parts.next()?.trim().strip_prefix("kỳ ")?);
    Some((commune, period.trim().parse().ok()?))
}
