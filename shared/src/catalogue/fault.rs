//! What is wrong with a catalogue file, and where: file, row as a spreadsheet counts it, column.
//!
//! Wording for people is in `problem.rs`; here is only the place and the bounded collection.

use super::problem::Problem;
use crate::language::Language;
use std::fmt;

/// Most faults listed at once; the others are only counted.
pub const MAX_FAULTS: usize = 200;

/// One fault of a catalogue folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Name of the file; empty when it is about the whole folder.
    pub file: String,
    /// Row, from 1, as a spreadsheet shows it (the header is row 1); in `catalogue.toml` the line.
    pub row: Option<u64>,
    /// Column by its header; in `catalogue.toml` the setting.
    pub column: Option<String>,
    /// What is wrong.
    pub problem: Problem,
}

impl Fault {
    /// What a province officer reads: the place, what is wrong, what to do.
    #[must_use]
    pub fn explain(&self, language: Language) -> String {
        let mut parts = Vec::new();
        if !self.file.is_empty() {
            parts.push(self.file.clone());
        }
        if let Some(row) = self.row {
            parts.push(format!("{} {row}", language.pick("dòng", "line")));
        }
        if let Some(column) = &self.column {
            let word = if self.file.ends_with(".toml") {
                language.pick("mục", "setting")
            } else {
                language.pick("cột", "column")
            };
            parts.push(format!("{word} {column}"));
        }
        let place = parts.join(", ");
        let text = self.problem.text(language);
        if place.is_empty() { text } else { format!("{place}: {text}") }
    }
}

impl fmt::Display for Fault {
    /// For logs, English.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.explain(Language::En))
    }
}

impl std::error::Error for Fault {}

/// Collects faults up to [`MAX_FAULTS`] and counts the rest.
#[derive(Debug, Default)]
pub(super) struct Faults {
    found: Vec<Fault>,
    hidden: usize,
}

impl Faults {
    /// Notes a fault.
    pub(super) fn push(&mut self, file: &str, row: Option<u64>, column: Option<&str>, problem: Problem) {
        if self.found.len() < MAX_FAULTS {
            self.found.push(Fault { file: file.into(), row, column: column.map(Into::into), problem });
        } else {
            self.hidden += 1;
        }
    }

    /// Faults noted so far, listed or not.
    pub(super) fn count(&self) -> usize {
        self.found.len() + self.hidden
    }

    /// All faults in the order of files and rows, and how many more there are.
    pub(super) fn into_sorted(mut self, files: &[&str]) -> Vec<Fault> {
        let rank = |fault: &Fault| files.iter().position(|file| *file == fault.file).unwrap_or(files.len());
        self.found.sort_by_key(|fault| (rank(fault), fault.row));
        if self.hidden > 0 {
            let problem = Problem::More { hidden: self.hidden };
            self.found.push(Fault { file: String::new(), row: None, column: None, problem });
        }
        self.found
    }
}
