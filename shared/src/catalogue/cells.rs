//! The cells of one row read as what their columns hold. A fault is noted with its place and reading goes on.

use super::{Goal, GoalError, MAX_UNIT_MEMBERS, Operator, Rule, csv_table::Row, fault::Faults, problem::Problem};
use crate::{
    amount::Amount,
    text::{Text, Texts},
};
use chrono::NaiveDate;

/// Longest code, plan reference and the like, in characters.
pub const MAX_CODE_CHARS: usize = 32;
/// Longest slug, in characters.
pub const MAX_SLUG_CHARS: usize = 64;
/// Most points of one indicator.
pub const MAX_POINTS: u32 = 1_000;

/// Whether a text is a slug: 1 to 64 of a–z, 0–9 and hyphen.
#[must_use]
pub fn is_slug(text: &str) -> bool {
    (1..=MAX_SLUG_CHARS).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// A day of a month.
pub(super) fn day_of_month(number: i64) -> Option<u8> {
    u8::try_from(number).ok().filter(|day| (1..=31).contains(day))
}

/// One row with its columns. Where a cell has a fault, the methods note it and answer `None`.
pub(super) struct Cells<'a> {
    pub(super) file: &'a str,
    pub(super) columns: &'a [&'a str],
    pub(super) row: &'a Row,
    pub(super) faults: &'a mut Faults,
    /// Of this table so far.
    pub(super) texts: &'a mut Texts,
}

impl Cells<'_> {
    /// Notes a fault in a column of this row.
    pub(super) fn fault(&mut self, column: &str, problem: Problem) {
        self.faults.push(self.file, Some(self.row.number), Some(column), problem);
    }

    /// The text of a cell, which may be empty.
    pub(super) fn text(&self, column: &str) -> String {
        let place = self.columns.iter().position(|name| *name == column);
        place.and_then(|place| self.row.cells.get(place)).cloned().unwrap_or_default()
    }

    /// A text that other rows may have, too.
    pub(super) fn share(&mut self, text: Option<String>) -> Text {
        text.map_or_else(Text::default, |text| self.texts.share(&text))
    }

    /// The text of a cell, which other rows may have, too.
    pub(super) fn shared(&mut self, column: &str) -> Text {
        let text = self.text(column);
        self.texts.share(&text)
    }

    /// A text that must not be empty.
    pub(super) fn required(&mut self, column: &str) -> Option<String> {
        let text = self.text(column);
        if text.is_empty() {
            self.fault(column, Problem::Empty);
            return None;
        }
        Some(text)
    }

    /// A code: not empty, short.
    pub(super) fn code(&mut self, column: &str) -> Option<String> {
        let text = self.required(column)?;
        if text.chars().count() > MAX_CODE_CHARS {
            self.fault(column, Problem::TooLong(MAX_CODE_CHARS));
            return None;
        }
        Some(text)
    }

    /// A slug.
    pub(super) fn slug(&mut self, column: &str) -> Option<String> {
        let text = self.required(column)?;
        if is_slug(&text) {
            return Some(text);
        }
        self.fault(column, Problem::NotASlug(shortened(&text)));
        None
    }

    /// One of a list of words.
    pub(super) fn word<T>(&mut self, column: &str, words: &[(&'static str, T)]) -> Option<T>
    where
        T: Copy,
    {
        let text = self.text(column);
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let allowed = words.iter().map(|(word, _)| *word).collect();
            self.fault(column, Problem::UnknownWord { word: shortened(&text), allowed });
        }
        found
    }

    /// One of a list of words, or nothing.
    pub(super) fn optional_word<T>(&mut self, column: &str, words: &[(&'static str, T)]) -> Option<Option<T>>
    where
        T: Copy,
    {
        let mut with_nothing = vec![("", None)];
        with_nothing.extend(words.iter().map(|(word, value)| (*word, Some(*value))));
        self.word(column, &with_nothing)
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, column: &str) -> Option<bool> {
        self.word(column, &[("true", true), ("false", false)])
    }

    /// A number, or nothing.
    pub(super) fn amount(&mut self, column: &str) -> Option<Option<Amount>> {
        let text = self.text(column);
        if text.is_empty() {
            return Some(None);
        }
        match text.parse() {
            Ok(amount) => Some(Some(amount)),
            Err(error) => {
                self.fault(column, Problem::Number(error));
                None
            }
        }
    }

    /// Points: a number from 0 to 1,000.
    pub(super) fn points(&mut self, column: &str) -> Option<Amount> {
        self.required(column)?;
        let points = self.amount(column)??;
        if points.is_negative() || points > Amount::from(MAX_POINTS) {
            self.fault(column, Problem::PointsOutside);
            return None;
        }
        Some(points)
    }

    /// A date `2026-12-31`, or nothing.
    pub(super) fn date(&mut self, column: &str) -> Option<Option<NaiveDate>> {
        let text = self.text(column);
        if text.is_empty() {
            return Some(None);
        }
        let plain = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        match NaiveDate::parse_from_str(&text, "%Y-%m-%d") {
            Ok(date) if plain => Some(Some(date)),
            _ => {
                self.fault(column, Problem::Date(shortened(&text)));
                None
            }
        }
    }

    /// A day of a month, or nothing.
    pub(super) fn day(&mut self, column: &str) -> Option<Option<u8>> {
        let text = self.text(column);
        if text.is_empty() {
            return Some(None);
        }
        let plain = text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse().ok().and_then(day_of_month) {
            Some(day) if plain => Some(Some(day)),
            _ => {
                self.fault(column, Problem::Day(shortened(&text)));
                None
            }
        }
    }

    /// How many members a unit stands for; nothing is none.
    pub(super) fn members(&mut self, column: &str) -> Option<u16> {
        let text = self.text(column);
        if text.is_empty() {
            return Some(0);
        }
        let plain = text.bytes().all(|byte| byte.is_ascii_digit());
        let found = text.parse().ok().filter(|members| plain && (1..=MAX_UNIT_MEMBERS).contains(members));
        if found.is_none() {
            self.fault(column, Problem::Members(shortened(&text)));
        }
        found
    }

    /// A scoring rule; nothing is `proportional`.
    pub(super) fn rule(&mut self, column: &str) -> Option<Rule> {
        let text = self.text(column);
        match Rule::from_text(&text) {
            Ok(rule) => Some(rule),
            Err(reason) => {
                self.fault(column, Problem::Rule { text: shortened(&text), reason });
                None
            }
        }
    }

    /// An operator's values put together; a fault stands in the column of the value that does not fit.
    pub(super) fn goal(&mut self, operator: Option<Operator>, columns: [&str; 2]) -> Option<Goal> {
        let [low_column, high_column] = columns;
        let (value, high) = (self.amount(low_column), self.amount(high_column));
        let (operator, value, high) = (operator?, value?, high?);
        match Goal::new(operator, value, high) {
            Ok(goal) => Some(goal),
            Err(error) => {
                let in_high = match error {
                    GoalError::HighMissing | GoalError::HighNotWanted => true,
                    GoalError::Negative => !value.is_some_and(Amount::is_negative),
                    GoalError::ValueMissing | GoalError::ValueNotWanted | GoalError::UpsideDown => false,
                };
                self.fault(if in_high { high_column } else { low_column }, Problem::Goal(error));
                None
            }
        }
    }
}

/// Keeps a message short whatever the cell holds.
pub(super) fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(40).map(|sign| if sign.is_control() { ' ' } else { sign }).collect();
    if text.chars().nth(40).is_some() {
        short.push('…');
    }
    short
}
