//! Lists: columns with headings in two languages, printed as the form that was asked for.

use clap::ValueEnum;
use serde_json::Value;
use shared::{
    language::Language,
    listing::{self, Form, Listing},
};

/// The forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Bảng cho người đọc
    Table,
    /// JSON
    Json,
    /// CSV
    Csv,
}

/// One column.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Stable, for programs.
    name: &'static str,
    /// For people, Vietnamese and English; `None`: left out of their table.
    heading: Option<(&'static str, &'static str)>,
    /// How people read the cells.
    form: Form,
}

/// A text column that people see.
pub const fn text(name: &'static str, vi: &'static str, en: &'static str) -> Column {
    formed(name, vi, en, Form::Text)
}

/// A number column that people see.
pub const fn number(name: &'static str, vi: &'static str, en: &'static str) -> Column {
    formed(name, vi, en, Form::Number)
}

/// A column that people see in a form of its own.
pub const fn formed(name: &'static str, vi: &'static str, en: &'static str, form: Form) -> Column {
    Column { name, heading: Some((vi, en)), form }
}

/// A column for programs only.
pub const fn hidden(name: &'static str) -> Column {
    Column { name, heading: None, form: Form::Text }
}

/// A list with these columns and rows; each row has a cell for each column, in machine form.
pub fn list(columns: &[Column], rows: Vec<Vec<String>>, language: Language) -> Listing {
    let column = |column: &Column| {
        let heading = column.heading.map_or("", |(vi, en)| language.pick(vi, en));
        listing::Column::new(column.name, heading, column.form)
    };
    Listing { columns: columns.iter().map(column).collect(), rows, ..Listing::default() }
}

/// The width of the terminal where it says, in characters.
pub fn width() -> usize {
    std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).unwrap_or(listing::DEFAULT_WIDTH)
}

/// JSON as text, with a line end.
pub fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}
