//! The head of a snapshot: lines of words, one fact a line, made to be read by people and by `sha256sum`.

use crate::{language::Language, period::Period};
use chrono::NaiveDate;
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, fmt::Write, str::FromStr};
use thiserror::Error;

/// Name of the file that the head is written to, beside the tables.
pub const HEAD_FILE: &str = "snapshot.txt";
/// Its first line: what it is, and the version of this form.
const TITLE: &str = "tiendo-snapshot 1";

/// What a snapshot is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Province id.
    pub province: String,
    /// The period closed.
    pub period: Period,
    /// Version of the scoring rules.
    pub rules: String,
    /// The day of closing, in the province's time zone: lights are of this day.
    pub as_of: NaiveDate,
}

/// What is wrong with a head's text.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{HEAD_FILE}, line {0}: not as it was written")]
pub struct HeadError(pub usize);

impl HeadError {
    /// For people.
    #[must_use]
    pub fn explain(&self, language: Language) -> String {
        language.pick(format!("{HEAD_FILE}, dòng {}: không đúng như khi chốt", self.0), self.to_string())
    }
}

/// Name, length in bytes and SHA-256 of a table.
pub type ListedTable = (String, u64, [u8; 32]);

impl Head {
    pub(super) fn to_text(&self, tables: &BTreeMap<String, Vec<u8>>) -> String {
        let Self { province, period, rules, as_of } = self;
        let mut text = format!("{TITLE}\nprovince {province}\nperiod {period}\nrules {rules}\nas_of {as_of}\n");
        for (name, bytes) in tables {
            let _ = writeln!(text, "table {name} {} {}", bytes.len(), hex::encode(Sha256::digest(bytes)));
        }
        text
    }

    /// Reads a head, with the tables that it lists.
    ///
    /// # Errors
    /// The first line that is not one.
    pub fn read(text: &str) -> Result<(Self, Vec<ListedTable>), HeadError> {
        fn fact<T: FromStr>(line: Option<&str>, word: &str, number: usize) -> Result<T, HeadError> {
            let value = line.and_then(|line| line.strip_prefix(word)?.strip_prefix(' '));
            value.and_then(|value| value.parse().ok()).ok_or(HeadError(number))
        }
        let mut lines = text.lines();
        if lines.next() != Some(TITLE) {
            return Err(HeadError(1));
        }
        let head = Self {
            province: fact(lines.next(), "province", 2)?,
            period: fact(lines.next(), "period", 3)?,
            rules: fact(lines.next(), "rules", 4)?,
            as_of: fact(lines.next(), "as_of", 5)?,
        };
        let mut tables = Vec::new();
        for (number, line) in (6..).zip(lines) {
            let table = || -> Option<ListedTable> {
                let mut words = line.strip_prefix("table ")?.split(' ');
                let (name, size, digest) = (words.next()?, words.next()?.parse().ok()?, words.next()?);
                let mut bytes = [0; 32];
                hex::decode_to_slice(digest, &mut bytes).ok()?;
                words.next().is_none().then(|| (name.to_owned(), size, bytes))
            };
            tables.push(table().ok_or(HeadError(number))?);
        }
        Ok((head, tables))
    }
}
