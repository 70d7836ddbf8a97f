//! Moving a province from its file to a database, and proving that everything arrived.

use crate::{
    folder::{Folder, FolderError},
    store::{
        Store, StoreError,
        postgres::{Address, PostgresStore},
        sqlite::{SqliteStore, source::Source},
    },
};
use std::sync::{Arc, Mutex, PoisonError};
use thiserror::Error;

/// Why a province was not moved. Its file is as it was.
#[derive(Debug, Error)]
pub enum MoveError {
    /// The data folder; [`FolderError::Served`] while `serve` runs.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// One of the two stores.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database does not hold what the file holds.
    #[error("the copy differs from the file: {0}")]
    Differs(String),
}

/// What was moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Rows of all tables.
    pub rows: u64,
    /// Communes whose records were compared.
    pub communes: usize,
    /// Lines of the audit history.
    pub lines: u64,
    /// What both stores say against themselves; whoever moves takes it along.
    pub findings: usize,
}

/// Copies the province into an empty database and compares the two: the rows of each table, the digests of each commune's records, and
/// what both say when they prove themselves. The file is kept from being written to meanwhile, and is not changed.
///
/// # Errors
/// [`MoveError`]
pub async fn move_to(folder: &Folder, address: &Address) -> Result<Moved, MoveError> {
    let _serving = folder.lock()?;
    let path = folder.store();
    // Held until everything is compared.
    let source = Arc::new(Mutex::new(Source::take(&path)?));
    let mut wanted = Vec::new();
    for table in PostgresStore::tables() {
        wanted.push((table, source.lock().unwrap_or_else(PoisonError::into_inner).rows(table)?));
    }
    let (copy, rows) = PostgresStore::copy_of(source.clone(), address).await?;
    for (table, count) in &wanted {
        if rows.get(*table) != Some(count) {
            let there = rows.get(*table).copied().unwrap_or_default();
            return Err(MoveError::Differs(format!("table {table} has {count} rows here and {there} there")));
        }
    }
    let file: Arc<dyn Store> = Arc::new(SqliteStore::open(&path)?);
    let slugs: Vec<String> = file.catalogue().await?.1.communes.iter().map(|commune| commune.slug.clone()).collect();
    for slug in &slugs {
        if file.record_digests(slug).await? != copy.record_digests(slug).await? {
            return Err(MoveError::Differs(format!("the records of {slug}")));
        }
    }
    let findings = file.verify().await?;
    if copy.verify().await? != findings {
        return Err(MoveError::Differs("what the stores say of themselves".into()));
    }
    let (head, decided) = file.verify_audit().await?;
    if copy.verify_audit().await? != (head, decided.clone()) {
        return Err(MoveError::Differs("the audit history".into()));
    }
    if file.decisions().await? != copy.decisions().await? || file.epoch().await? != copy.epoch().await? {
        return Err(MoveError::Differs("the feed".into()));
    }
    drop(source);
    let rows = wanted.iter().map(|(_, count)| count).sum();
    Ok(Moved { rows, communes: slugs.len(), lines: head.lines, findings: findings.len() + decided.len() })
}
