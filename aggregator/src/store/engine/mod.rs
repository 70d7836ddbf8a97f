//! What the SQL of the store is written against: a connection within a transaction, statements, rows and columns, alike on each engine.
//!
//! SQLite is asked in place; PostgreSQL over its connection, by a thread that may wait. Placeholders are `?1`, `?2`, …; what the engines do not have in common is a method here or no part of the
//! texts. A row that is not there is [`Error::NoRow`], see [`OptionalRow`].

mod cell;

pub(crate) use cell::{Cell, CellRef, FromCell, ToCell};

use super::{
    StoreError,
    postgres::{Prepared, Session, cell_of, is_gone},
};
use std::time::Duration;
use tokio_postgres::error::SqlState;

/// Why the engine did not do something.
#[derive(Debug)]
pub(crate) enum Error {
    /// There is no such row.
    NoRow,
    /// A column holds something else than this.
    Column(&'static str),
    /// SQLite's.
    Sqlite(rusqlite::Error),
    /// PostgreSQL's.
    Postgres(tokio_postgres::Error),
    /// The connection is gone.
    Lost(String),
    /// It is gone, and nobody knows whether the commit came first.
    Unknown,
}

impl Error {
    /// A connection did not come about.
    pub(crate) fn connecting(error: &tokio_postgres::Error) -> StoreError {
        let refused = |code: &SqlState| ["28", "3D", "42"].iter().any(|class| code.code().starts_with(class));
        match error.as_db_error() {
            Some(told) if refused(told.code()) => StoreError::Refused(told.message().to_owned()),
            Some(told) => StoreError::Unreachable(told.message().to_owned()),
            None => StoreError::Unreachable(told(error)),
        }
    }
}

/// An error with what caused it.
fn told(error: &tokio_postgres::Error) -> String {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("{error}{cause}")
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        Error::Postgres(error)
    }
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
            Error::Lost(reason) => StoreError::Unreachable(reason),
            Error::Unknown => StoreError::CommitUnknown,
            Error::Postgres(error) => match error.code() {
                None => StoreError::Unreachable(told(&error)),
                Some(
                    &(SqlState::LOCK_NOT_AVAILABLE
                    | SqlState::QUERY_CANCELED
                    | SqlState::T_R_SERIALIZATION_FAILURE
                    | SqlState::T_R_DEADLOCK_DETECTED),
                ) => StoreError::Busy,
                Some(&SqlState::DISK_FULL) => StoreError::Full,
                Some(&SqlState::INSUFFICIENT_PRIVILEGE) => StoreError::ReadOnly,
                Some(&(SqlState::DATA_CORRUPTED | SqlState::INDEX_CORRUPTED)) => StoreError::Damaged(told(&error)),
                Some(code) if is_gone(code) => StoreError::Unreachable(told(&error)),
                Some(_) => StoreError::Engine(Box::new(error)),
            },
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
    /// PostgreSQL.
    Postgres(&'a Session<'a>),
}

impl<'a> Connection<'a> {
    /// A statement, kept for the next time.
    pub(crate) fn prepare_cached(&self, sql: &str) -> Result<Statement<'a>, Error> {
        match self {
            Connection::Sqlite(connection) => Ok(Statement::Sqlite(connection.prepare_cached(sql)?)),
            Connection::Postgres(session) => Ok(Statement::Postgres(session.prepare(sql)?)),
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
            Connection::Postgres(session) => session.batch(sql),
        }
    }

    /// The session of an engine that is asked over a connection, where several rows go together better than one by one.
    pub(crate) fn session(&self) -> Option<&'a Session<'a>> {
        match self {
            Connection::Sqlite(_) => None,
            Connection::Postgres(session) => Some(session),
        }
    }

    /// The next number of a kind, where the engine does not give numbers itself.
    pub(crate) fn next(&self, kind: Counted) -> Result<Option<i64>, Error> {
        self.next_of(kind, 1)
    }

    /// The first of so many next numbers of a kind, where the engine does not give numbers itself.
    pub(crate) fn next_of(&self, kind: Counted, count: i64) -> Result<Option<i64>, Error> {
        match self {
            Connection::Sqlite(_) => Ok(None),
            Connection::Postgres(_) => {
                let sql = "UPDATE counter SET value = value + ?2 WHERE name = ?1 RETURNING value - ?2 + 1";
                self.query_row(sql, [Cell::Text(kind.word()), Cell::Integer(count)], |row| row.get(0))
            }
        }
    }

    /// The number of a new commune's log; none where the engine gives it.
    pub(crate) fn log_of(&self, commune: i64) -> Option<i64> {
        match self {
            Connection::Sqlite(_) => None,
            // So that the journal is keyed by the commune.
            Connection::Postgres(_) => Some(commune),
        }
    }

    /// Takes what is done by time, until so long from now by the engine's clock; whether nobody else has it. A file has one `serve`.
    pub(crate) fn take_duty(&self, duty: &str, longest: Duration) -> Result<bool, Error> {
        match self {
            Connection::Sqlite(_) => Ok(true),
            Connection::Postgres(_) => {
                let sql = format!(
                    "INSERT INTO turn (commune, turn) VALUES (?1, {NOW_MS} + ?2) ON CONFLICT (commune)
                     DO UPDATE SET turn = EXCLUDED.turn WHERE turn.turn <= {NOW_MS}"
                );
                Ok(self.execute(&sql, params![duty, milliseconds(longest)])? > 0)
            }
        }
    }

    /// Nobody takes it for so long from now.
    pub(crate) fn rest_duty(&self, duty: &str, pause: Duration) -> Result<(), Error> {
        match self {
            Connection::Sqlite(_) => Ok(()),
            Connection::Postgres(_) => {
                let sql = format!("UPDATE turn SET turn = {NOW_MS} + ?2 WHERE commune = ?1");
                self.execute(&sql, params![duty, milliseconds(pause)]).map(drop)
            }
        }
    }

    /// Notes that a line of the history has this number, so that it is missed when it goes.
    pub(crate) fn note_given(&self, number: i64) -> Result<(), Error> {
        match self {
            // `AUTOINCREMENT` does it.
            Connection::Sqlite(_) => Ok(()),
            Connection::Postgres(_) => {
                let sql = "UPDATE counter SET value = ?1 WHERE name = 'audit' AND value < ?1";
                self.execute(sql, params![number]).map(drop)
            }
        }
    }

    /// How many bytes the store takes.
    pub(crate) fn size_bytes(&self) -> Result<i64, Error> {
        let sql = match self {
            Connection::Sqlite(_) => "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
            Connection::Postgres(_) => "SELECT pg_database_size(current_database())",
        };
        self.query_row(sql, params![], |row| row.get(0))
    }

    /// The largest number that a line of the history ever had.
    pub(crate) fn largest_given(&self) -> Result<i64, Error> {
        match self {
            Connection::Sqlite(_) => {
                let sql = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'audit'";
                self.query_row(sql, params![], |row| row.get(0))
            }
            Connection::Postgres(_) => {
                self.query_row("SELECT value FROM counter WHERE name = 'audit'", params![], |row| row.get(0))
            }
        }
    }
}

/// The server's clock, whatever the transaction's is.
const NOW_MS: &str = "CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS BIGINT)";

fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX / 4)
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

impl Counted {
    fn word(self) -> &'static str {
        match self {
            Counted::Name => "name",
            Counted::Feed => "feed",
            Counted::Alert => "alert",
        }
    }
}

/// A statement that is ready.
pub(crate) enum Statement<'a> {
    /// On SQLite.
    Sqlite(rusqlite::CachedStatement<'a>),
    /// On PostgreSQL.
    Postgres(Prepared<'a>),
}

#[allow(clippy::needless_pass_by_value, reason = "arrays of values are written in the place of the argument")]
impl Statement<'_> {
    /// Does it; how many rows it is about.
    pub(crate) fn execute<T: ToCell, const N: usize>(&mut self, params: [T; N]) -> Result<usize, Error> {
        match self {
            Statement::Sqlite(statement) => {
                Ok(statement.execute(rusqlite::params_from_iter(params.iter().map(ToCell::cell)))?)
            }
            Statement::Postgres(statement) => statement.execute(&params.each_ref().map(ToCell::cell)),
        }
    }

    /// The rows.
    pub(crate) fn query<T: ToCell, const N: usize>(&mut self, params: [T; N]) -> Result<Rows<'_>, Error> {
        match self {
            Statement::Sqlite(statement) => {
                Ok(Rows::Sqlite(statement.query(rusqlite::params_from_iter(params.iter().map(ToCell::cell)))?))
            }
            Statement::Postgres(statement) => {
                let rows = statement.query(&params.each_ref().map(ToCell::cell))?;
                Ok(Rows::Postgres { rows: rows.into_iter(), row: None })
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
    /// Of PostgreSQL, all of them here already.
    Postgres {
        /// Those that follow.
        rows: std::vec::IntoIter<tokio_postgres::Row>,
        /// The one that is looked at.
        row: Option<tokio_postgres::Row>,
    },
}

impl Rows<'_> {
    /// The next one.
    pub(crate) fn next(&mut self) -> Result<Option<Row<'_>>, Error> {
        match self {
            Rows::Sqlite(rows) => Ok(rows.next()?.map(Row::Sqlite)),
            Rows::Postgres { rows, row } => {
                *row = rows.next();
                Ok(row.as_ref().map(Row::Postgres))
            }
        }
    }
}

/// A row.
#[derive(Clone, Copy)]
pub(crate) enum Row<'a> {
    /// Of SQLite.
    Sqlite(&'a rusqlite::Row<'a>),
    /// Of PostgreSQL.
    Postgres(&'a tokio_postgres::Row),
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
            Row::Postgres(row) => cell_of(row, at),
        }
    }

    /// A column of bytes; nothing else has any.
    pub(crate) fn bytes(&self, at: usize) -> Result<&'a [u8], Error> {
        Ok(self.get(at).unwrap_or_default())
    }
}
