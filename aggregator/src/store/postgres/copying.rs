//! Moving a province from SQLite: all tables in one transaction, from one moment of the file, which stays as it is.

use super::{
    super::{
        StoreError,
        engine::{Cell, Error},
        sqlite::source::Source,
    },
    address::Address,
    connection::PostgresStore,
    schema,
    session::Session,
};
use rusqlite::types::ValueRef;
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The tables, with the column that holds the number of a log, where there is one.
const TABLES: [(&str, Option<&str>); 28] = [
    ("meta", None),
    ("name", None),
    ("log", Some("id")),
    ("head", Some("log")),
    ("journal", Some("log")),
    ("observation", None),
    ("evidence", None),
    ("digest", None),
    ("incarnation", None),
    ("conflict", None),
    ("verdict", None),
    ("exception", None),
    ("contact", None),
    ("enrolment", None),
    ("alert", None),
    ("feed", None),
    ("evidence_file", None),
    ("evidence_refused", None),
    ("catalogue_version", None),
    ("catalogue_file", None),
    ("closing", None),
    ("snapshot_table", None),
    ("invitation", None),
    ("certificate", None),
    ("reminder", None),
    ("account", None),
    ("web_session", None),
    ("api_token", None),
];
/// The history, which is copied like the others and keeps its numbers.
const HISTORY: &str = "audit";

/// Rows of each table.
pub type Rows = BTreeMap<String, u64>;

impl PostgresStore {
    /// The tables whose rows are copied.
    pub fn tables() -> impl Iterator<Item = &'static str> {
        TABLES.iter().map(|(table, _)| *table).chain([HISTORY])
    }

    /// Copies a province's file into an empty database; how many rows each table has there, as counted there.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when there is anything in the database, and all others; nothing stays there then.
    pub async fn copy_of(source: Arc<Mutex<Source>>, address: &Address) -> Result<(Self, Rows), StoreError> {
        let counted = Arc::new(Mutex::new(Rows::new()));
        let told = counted.clone();
        let store = Self::prepare(address, move |session, shown| {
            schema::create(session, shown)?;
            session.batch("DELETE FROM meta; DELETE FROM counter")?;
            let rows = copy(&held(&source), session)?;
            *held(&told) = rows;
            Ok(())
        })
        .await?;
        let rows = std::mem::take(&mut *held(&counted));
        Ok((store, rows))
    }
}

fn held<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn copy(source: &Source, session: &Session<'_>) -> Result<Rows, StoreError> {
    let communes = communes_of_logs(source)?;
    let mut rows = Rows::new();
    for (table, log) in TABLES.into_iter().chain([(HISTORY, None)]) {
        copy_table(source, session, table, log, &communes)?;
        let sql = format!("SELECT count(*) FROM {table}");
        let count: i64 = session.ask(&sql, &[])?.first().map_or(0, |row| row.get(0));
        rows.insert(table.to_owned(), u64::try_from(count).unwrap_or_default());
    }
    let largest =
        |sql: &str| -> Result<i64, StoreError> { Ok(source.connection().query_row(sql, [], |row| row.get(0))?) };
    for (kind, sql) in [
        ("name", "SELECT coalesce(max(id), 0) FROM name"),
        ("alert", "SELECT coalesce(max(id), 0) FROM alert"),
        ("feed", "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'feed'"),
        ("audit", "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'audit'"),
    ] {
        session.act("INSERT INTO counter (name, value) VALUES ($1, $2)", &[&kind, &largest(sql)?])?;
    }
    Ok(rows)
}

/// A log has its commune's number in a database.
fn communes_of_logs(source: &Source) -> Result<HashMap<i64, i64>, StoreError> {
    let mut statement = source.connection().prepare("SELECT id, commune FROM log")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let communes: HashMap<i64, i64> = rows.collect::<Result<_, _>>()?;
    let mut seen = std::collections::HashSet::new();
    if communes.values().all(|commune| seen.insert(*commune)) {
        Ok(communes)
    } else {
        Err(StoreError::Unreadable("log: a commune has two"))
    }
}

fn copy_table(
    source: &Source,
    session: &Session<'_>,
    table: &str,
    log: Option<&str>,
    communes: &HashMap<i64, i64>,
) -> Result<(), StoreError> {
    let mut statement = source.connection().prepare(&format!("SELECT * FROM {table}"))?;
    let columns: Vec<String> = statement.column_names().into_iter().map(str::to_owned).collect();
    let log = log.and_then(|log| columns.iter().position(|column| column == log));
    let mut rows = statement.query([])?;
    session.copy_in(table, &columns, |put| {
        while let Some(row) = rows.next()? {
            let mut cells = Vec::with_capacity(columns.len());
            for (at, column) in columns.iter().enumerate() {
                cells.push(match row.get_ref(at)? {
                    ValueRef::Null => Cell::Null,
                    ValueRef::Integer(number) if log == Some(at) => {
                        Cell::Integer(*communes.get(&number).ok_or(StoreError::Unreadable("log"))?)
                    }
                    ValueRef::Integer(number) => Cell::Integer(number),
                    ValueRef::Blob(bytes) => Cell::Bytes(bytes),
                    ValueRef::Text(text) => {
                        let text = std::str::from_utf8(text).map_err(|_| StoreError::Unreadable("text"))?;
                        match (column.as_str(), text.parse::<i128>()) {
                            ("amount" | "denominator", Ok(number)) => Cell::Large(number, text),
                            _ => Cell::Text(text),
                        }
                    }
                    ValueRef::Real(_) => return Err(StoreError::Unreadable("number")),
                });
            }
            put(&cells).map_err(|error: Error| StoreError::from(error))?;
        }
        Ok(())
    })
}
