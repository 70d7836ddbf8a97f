//! One transaction on one connection, asked step by step by a thread that may wait.

use super::super::{
    StoreError,
    engine::{Cell, Error},
};
use deadpool_postgres::ClientWrapper;
use std::{cell::Cell as Kept, fmt::Write, pin::pin, time::Duration};
use tokio::{runtime::Handle, time::timeout};
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::{Row, Statement, error::SqlState, types::ToSql};

/// How long one statement may take before its connection is given up.
const STATEMENT: Duration = Duration::from_secs(120);

/// What came of a transaction's statements so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    /// All were done.
    Sound,
    /// One got in another transaction's way.
    InTheWay,
    /// The connection is gone, or of no use.
    Lost,
    /// One failed.
    Failed,
}

/// A transaction.
pub(crate) struct Session<'a> {
    handle: &'a Handle,
    client: &'a ClientWrapper,
    /// How it begins; sent together with its first statement.
    begin: Kept<Option<&'static str>>,
    condition: Kept<Condition>,
}

/// A statement of a connection.
pub(crate) struct Prepared<'a> {
    session: &'a Session<'a>,
    statement: Statement,
}

impl<'a> Session<'a> {
    /// One that has not begun yet.
    pub(super) fn new(handle: &'a Handle, client: &'a ClientWrapper, begin: &'static str) -> Self {
        Self { handle, client, begin: Kept::new(Some(begin)), condition: Kept::new(Condition::Sound) }
    }

    /// What came of it so far.
    pub(super) fn condition(&self) -> Condition {
        self.condition.get()
    }

    /// A statement, prepared once for each connection.
    pub(crate) fn prepare(&'a self, sql: &str) -> Result<Prepared<'a>, Error> {
        let sql = translated(sql);
        let statement = self.wait(self.client.prepare_cached(&sql))?;
        Ok(Prepared { session: self, statement })
    }

    /// Several statements without values.
    pub(crate) fn batch(&self, sql: &str) -> Result<(), Error> {
        self.wait(self.client.batch_execute(sql))
    }

    /// Commits. On an error nobody knows whether it is committed, unless the server itself said that it is not.
    pub(super) fn commit(&self) -> Result<(), Error> {
        if self.begin.get().is_some() {
            return Ok(());
        }
        if self.condition.get() != Condition::Sound {
            // The server would take it for the end of a transaction that failed, and say that all is well.
            return Err(Error::Lost("a statement failed unnoticed".into()));
        }
        match self.wait(self.client.batch_execute("COMMIT")) {
            Ok(()) => Ok(()),
            Err(Error::Postgres(error)) if error.code().is_some_and(is_undone) => Err(Error::Postgres(error)),
            // A server that is told to end may have committed already and say only that it ends.
            Err(_) => Err(Error::Unknown),
        }
    }

    /// Asks with values of PostgreSQL's own types.
    pub(super) fn ask(&self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Error> {
        let statement = self.wait(self.client.prepare_cached(sql))?;
        self.wait(self.client.query(&statement, values))
    }

    /// Does something with values of PostgreSQL's own types.
    pub(super) fn act(&self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Result<u64, Error> {
        let statement = self.wait(self.client.prepare_cached(sql))?;
        self.wait(self.client.execute(&statement, values))
    }

    /// Fills a table, row by row.
    pub(super) fn copy_in(
        &self,
        table: &str,
        columns: &[String],
        fill: impl FnOnce(&mut dyn FnMut(&[Cell<'_>]) -> Result<(), Error>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let list = columns.join(", ");
        let shape = self.wait(self.client.prepare(&format!("SELECT {list} FROM {table}")))?;
        let types: Vec<_> = shape.columns().iter().map(|column| column.type_().clone()).collect();
        let sink = self.wait(self.client.copy_in(&format!("COPY {table} ({list}) FROM STDIN BINARY")))?;
        let mut writer = pin!(BinaryCopyInWriter::new(sink, &types));
        fill(&mut |cells| self.wait(writer.as_mut().write_raw(cells.iter().copied())))?;
        self.wait(writer.as_mut().finish())?;
        Ok(())
    }

    /// Waits for an answer; the transaction begins with the first one.
    fn wait<T>(&self, asked: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, Error> {
        if self.condition.get() == Condition::Lost {
            return Err(Error::Lost("the connection was lost".into()));
        }
        let begin = self.begin.take();
        let both = async {
            let Some(begin) = begin else { return asked.await };
            // Sent in this order, without waiting for the first answer.
            let (begun, done) = futures::join!(self.client.batch_execute(begin), asked);
            begun?;
            done
        };
        let done = match self.handle.block_on(async { timeout(STATEMENT, both).await }) {
            Ok(done) => done.map_err(Error::from),
            Err(_) => Err(Error::Lost("the database does not answer".into())),
        };
        if let Err(error) = &done {
            self.condition.set(match error {
                Error::Lost(_) => Condition::Lost,
                Error::Postgres(error) => match error.code() {
                    Some(code) if is_in_the_way(code) => Condition::InTheWay,
                    Some(code) if !is_gone(code) => Condition::Failed,
                    _ => Condition::Lost,
                },
                _ => Condition::Failed,
            });
        }
        done
    }
}

impl Prepared<'_> {
    /// Does it; how many rows it is about.
    pub(crate) fn execute(&self, values: &[Cell<'_>]) -> Result<usize, Error> {
        let done = self.session.wait(self.session.client.execute(&self.statement, &dynamic(values)))?;
        Ok(usize::try_from(done).unwrap_or(usize::MAX))
    }

    /// The rows.
    pub(crate) fn query(&self, values: &[Cell<'_>]) -> Result<Vec<Row>, Error> {
        self.session.wait(self.session.client.query(&self.statement, &dynamic(values)))
    }
}

fn dynamic<'a>(values: &'a [Cell<'a>]) -> Vec<&'a (dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

/// Two transactions of which one has to be done again.
fn is_in_the_way(code: &SqlState) -> bool {
    [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED].contains(code)
}

/// Serialization failures and broken constraints: not committed.
fn is_undone(code: &SqlState) -> bool {
    code.code().starts_with("40") || code.code().starts_with("23")
}

/// The server ends or refuses the connection, or became one that only reads.
pub(crate) fn is_gone(code: &SqlState) -> bool {
    let ends = [
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
        SqlState::TOO_MANY_CONNECTIONS,
        SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
        SqlState::READ_ONLY_SQL_TRANSACTION,
    ];
    ends.contains(code) || code.code().starts_with("08")
}

/// Placeholders as PostgreSQL writes them. No text of ours holds a question mark otherwise.
fn translated(sql: &str) -> String {
    let mut text = String::with_capacity(sql.len());
    for c in sql.chars() {
        // Writing to a text does not fail.
        let _ = text.write_char(if c == '?' { '$' } else { c });
    }
    text
}
