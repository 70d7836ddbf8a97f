//! What the SQL of the store is written against: a connection within a transaction, statements, rows and columns, alike on each engine.
//!
//! SQLite is asked in place. Placeholders are `?1`, `?2`, …; what the engines do not have in common is a method here or no part of the
//! texts. A row that is not there is [`Error::NoRow`], see [`OptionalRow`].

mod cell;

pub(crate) use cell::{Cell, CellRef, FromCell, ToCell};

use super::StoreError;

/// Why the engine did not do something.
#[derive(Debug)]
pub(crate) enum Error {
    /// There is no such row.
    NoRow,
    /// A column holds something else than this.
    Column(&'static str),
    /// SQLite's.
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        match error {
            rusqlite::Error::QueryReturnedNoRows => Error::NoRow,
            error => Error::Sqlite(error),
        }
    }
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        match error {
            Error::NoRow => StoreError::Unreadable("row"),
            Error::Column(wanted) => StoreError::Unreadable(wanted),
            Error::Sqlite(error) => error.into(),
        }
    }
}

/// Makes a row that is not there a `None`.
pub(crate) trait OptionalRow<T> {
    /// See the trait.
    fn optional(self) -> Result<Option<T>, Error>;
}

impl<T> OptionalRow<T> for Result<T, Error> {
    fn optional(self) -> Result<Option<T>, Error> {
        match self {
            Ok(value) => Ok(Some(value)),
            Err(Error::NoRow) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// No values.
pub(crate) const NO_VALUES: [Cell<'static>; 0] = [];

/// The values of a statement, in the order of its placeholders.
macro_rules! params {
    () => { $crate::store::engine::NO_VALUES };
    ($($value:expr),+ $(,)?) => { [$($crate::store::engine::ToCell::cell(&$value)),+] };
}
pub(crate) use params;

/// A transaction on one of the engines.
#[derive(Clone, Copy)]
pub(crate) enum Connection<'a> {
    /// SQLite.
    Sqlite(&'a rusqlite::Connection),
}

impl<'a> Connection<'a> {
    /// A statement, kept for the next time.
    pub(crate) fn prepare_cached(&self, sql: &str) -> Result<Statement<'a>, Error> {
        match self {
            Connection::Sqlite(connection) => Ok(Statement::Sqlite(connection.prepare_cached(sql)?)),
        }
    }

    /// Does something; how many rows it is about.
    pub(crate) fn execute<T: ToCell, const N: usize>(&self, sql: &str, params: [T; N]) -> Result<usize, Error> {
        self.prepare_cached(sql)?.execute(params)
    }

    /// The one row that is asked for.
    pub(crate) fn query_row<T, P: ToCell, const N: usize>(
        &self,
        sql: &str,
        params: [P; N],
        read: impl FnOnce(Row<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.prepare_cached(sql)?.query_row(params, read)
    }

    /// Several statements without values.
    #[cfg(test)]
    pub(crate) fn execute_batch(&self, sql: &str) -> Result<(), Error> {
        match self {
            Connection::Sqlite(connection) => Ok(connection.execute_batch(sql)?),
        }
    }

    /// The next number of a kind, where the engine does not give numbers itself.
    pub(crate) fn next(&self, _kind: Counted) -> Result<Option<i64>, Error> {
        match self {
            Connection::Sqlite(_) => Ok(None),
        }
    }

    /// The number of a new commune's log; none where the engine gives it.
    pub(crate) fn log_of(&self, _commune: i64) -> Option<i64> {
        match self {
            Connection::Sqlite(_) => None,
        }
    }

    /// Notes that a line of the history has this number, so that it is missed when it goes.
    pub(crate) fn note_given(&self, _number: i64) -> Result<(), Error> {
        match self {
            // `AUTOINCREMENT` does it.
            Connection::Sqlite(_) => Ok(()),
        }
    }

    /// The largest number that a line of the history ever had.
    pub(crate) fn largest_given(&self) -> Result<i64, Error> {
        match self {
            Connection::Sqlite(_) => {
                let sql = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'audit'";
                self.query_row(sql, params![], |row| row.get(0))
            }
        }
    }
}

/// What is numbered in the order of commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counted {
    /// Names.
    Name,
    /// Positions of the feed.
    Feed,
    /// Alerts.
    Alert,
}

/// A statement that is ready.
pub(crate) enum Statement<'a> {
    /// On SQLite.
    Sqlite(rusqlite::CachedStatement<'a>),
}

#[allow(clippy::needless_pass_by_value, reason = "arrays of values are written in the place of the argument")]
impl Statement<'_> {
    /// Does it; how many rows it is about.
    pub(crate) fn execute<T: ToCell, const N: usize>(&mut self, params: [T; N]) -> Result<usize, Error> {
        match self {
            Statement::Sqlite(statement) => {
                Ok(statement.execute(rusqlite::params_from_iter(params.iter().map(ToCell::cell)))?)
            }
        }
    }

    /// The rows.
    pub(crate) fn query<T: ToCell, const N: usize>(&mut self, params: [T; N]) -> Result<Rows<'_>, Error> {
        match self {
            Statement::Sqlite(statement) => {
                Ok(Rows::Sqlite(statement.query(rusqlite::params_from_iter(params.iter().map(ToCell::cell)))?))
            }
        }
    }

    /// The first row.
    pub(crate) fn query_row<T, P: ToCell, const N: usize>(
        &mut self,
        params: [P; N],
        read: impl FnOnce(Row<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut rows = self.query(params)?;
        read(rows.next()?.ok_or(Error::NoRow)?)
    }

    /// All rows, read.
    pub(crate) fn query_map<T, P: ToCell, const N: usize, B: FromIterator<T>>(
        &mut self,
        params: [P; N],
        mut read: impl FnMut(Row<'_>) -> Result<T, Error>,
    ) -> Result<B, Error> {
        let mut rows = self.query(params)?;
        let each = std::iter::from_fn(|| match rows.next() {
            Ok(row) => row.map(&mut read),
            Err(error) => Some(Err(error)),
        });
        each.collect()
    }

    /// Whether there is a row.
    pub(crate) fn exists<T: ToCell, const N: usize>(&mut self, params: [T; N]) -> Result<bool, Error> {
        Ok(self.query(params)?.next()?.is_some())
    }
}

/// Rows, one after the other.
pub(crate) enum Rows<'a> {
    /// Of SQLite.
    Sqlite(rusqlite::Rows<'a>),
}

impl Rows<'_> {
    /// The next one.
    pub(crate) fn next(&mut self) -> Result<Option<Row<'_>>, Error> {
        match self {
            Rows::Sqlite(rows) => Ok(rows.next()?.map(Row::Sqlite)),
        }
    }
}

/// A row.
#[derive(Clone, Copy)]
pub(crate) enum Row<'a> {
    /// Of SQLite.
    Sqlite(&'a rusqlite::Row<'a>),
}

impl<'a> Row<'a> {
    /// A column, from 0.
    pub(crate) fn get<T: FromCell<'a>>(&self, at: usize) -> Result<T, Error> {
        T::from_cell(self.cell(at)?).ok_or(Error::Column(T::NAME))
    }

    /// A column as it is.
    pub(crate) fn cell(&self, at: usize) -> Result<CellRef<'a>, Error> {
        match self {
            Row::Sqlite(row) => Ok(row.get_ref(at)?.into()),
        }
    }

    /// A column of bytes; nothing else has any.
    pub(crate) fn bytes(&self, at: usize) -> Result<&'a [u8], Error> {
        Ok(self.get(at).unwrap_or_default())
    }
}
