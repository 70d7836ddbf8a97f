//! Slugs and codes by number, so that hot rows stay small. Numbers are never given again.

use super::super::StoreError;
use crate::store::engine::{Connection, Counted, OptionalRow, params};
use std::{collections::HashMap, sync::Arc};

/// Most names remembered at once; they are looked up anew beyond that.
const MAX_REMEMBERED: usize = 100_000;

/// The number of the empty name: all communes, or the whole commune.
pub(super) const NOBODY: i64 = 0;

/// Names met so far. Forget them when a transaction that gave numbers is rolled back.
#[derive(Debug, Default)]
pub(crate) struct Names {
    numbers: HashMap<Arc<str>, i64>,
    texts: HashMap<i64, Arc<str>>,
}

impl Names {
    /// The number of a name; a new one gets the next.
    pub(crate) fn number(&mut self, connection: &Connection, text: &str) -> Result<i64, StoreError> {
        if text.is_empty() {
            return Ok(NOBODY);
        }
        if let Some(number) = self.numbers.get(text) {
            return Ok(*number);
        }
        let number = match find(connection, text)? {
            Some(number) => number,
            None => {
                let sql = "INSERT INTO name (id, text) VALUES (?1, ?2) ON CONFLICT (text) DO NOTHING RETURNING id";
                let next = connection.next(Counted::Name)?;
                match connection.prepare_cached(sql)?.query_row(params![next, text], |row| row.get(0)).optional()? {
                    Some(number) => number,
                    // Another process was faster.
                    None => find(connection, text)?.ok_or(StoreError::Unreadable("name"))?,
                }
            }
        };
        self.remember(number, text);
        Ok(number)
    }

    /// The name with a number.
    pub(super) fn text(&mut self, connection: &Connection, number: i64) -> Result<Arc<str>, StoreError> {
        if let Some(text) = self.texts.get(&number) {
            return Ok(text.clone());
        }
        if number == NOBODY {
            return Ok("".into());
        }
        let text = text(connection, number)?;
        Ok(self.remember(number, &text))
    }

    /// Forgets all.
    pub(crate) fn forget(&mut self) {
        self.numbers.clear();
        self.texts.clear();
    }

    /// The number of a name that was met.
    pub(crate) fn known(&self, text: &str) -> Option<i64> {
        self.numbers.get(text).copied()
    }

    fn remember(&mut self, number: i64, text: &str) -> Arc<str> {
        if self.texts.len() >= MAX_REMEMBERED {
            self.forget();
        }
        let text: Arc<str> = text.into();
        self.numbers.insert(text.clone(), number);
        self.texts.insert(number, text.clone());
        text
    }
}

/// The name with a number.
pub(super) fn text(connection: &Connection, number: i64) -> Result<String, StoreError> {
    if number == NOBODY {
        return Ok(String::new());
    }
    let mut statement = connection.prepare_cached("SELECT text FROM name WHERE id = ?1")?;
    let text: Option<String> = statement.query_row([number], |row| row.get(0)).optional()?;
    text.ok_or(StoreError::Unreadable("name"))
}

/// The number of a name, if it has one.
pub(crate) fn find(connection: &Connection, text: &str) -> Result<Option<i64>, StoreError> {
    if text.is_empty() {
        return Ok(Some(NOBODY));
    }
    let mut statement = connection.prepare_cached("SELECT id FROM name WHERE text = ?1")?;
    Ok(statement.query_row([text], |row| row.get(0)).optional()?)
}

/// All names by number.
pub(super) fn all(connection: &Connection) -> Result<HashMap<i64, String>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT id, text FROM name")?;
    let mut names: HashMap<i64, String> = statement.query_map(params![], |row| Ok((row.get(0)?, row.get(1)?)))?;
    names.insert(NOBODY, String::new());
    Ok(names)
}
