//! The store that the settings choose: a file in the data folder, or a database.

use super::{
    StoreCopy, StoreError,
    engine::Connection,
    postgres::PostgresStore,
    sql::{CatalogueHeld, Engine, Memory, Scope},
    sqlite::SqliteStore,
};
use std::path::Path;

/// A store of either kind.
pub enum ChosenStore {
    /// A file.
    Sqlite(SqliteStore),
    /// A database.
    Postgres(PostgresStore),
}

impl ChosenStore {
    /// Whether it is a file, which copies of the data folder take along.
    #[must_use]
    pub fn is_file(&self) -> bool {
        matches!(self, ChosenStore::Sqlite(_))
    }

    /// Looks for damage after a crash. A database does that itself.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] with the first fault.
    pub async fn check(&self) -> Result<(), StoreError> {
        match self {
            ChosenStore::Sqlite(store) => store.check().await,
            ChosenStore::Postgres(_) => Ok(()),
        }
    }
}

impl Engine for ChosenStore {
    async fn transact<I: Clone + Send + 'static, T: Send + 'static>(
        &self,
        scope: Scope,
        input: I,
        work: impl Fn(&Connection<'_>, &mut Memory, I) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        match self {
            ChosenStore::Sqlite(store) => Engine::transact(store, scope, input, work).await,
            ChosenStore::Postgres(store) => Engine::transact(store, scope, input, work).await,
        }
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl Fn(&Connection<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        match self {
            ChosenStore::Sqlite(store) => store.read(work).await,
            ChosenStore::Postgres(store) => store.read(work).await,
        }
    }

    fn catalogue_held(&self) -> &CatalogueHeld {
        match self {
            ChosenStore::Sqlite(store) => store.catalogue_held(),
            ChosenStore::Postgres(store) => store.catalogue_held(),
        }
    }

    fn is_shared(&self) -> bool {
        match self {
            ChosenStore::Sqlite(store) => Engine::is_shared(store),
            ChosenStore::Postgres(store) => Engine::is_shared(store),
        }
    }

    async fn copy(&self, path: &Path) -> Result<StoreCopy, StoreError> {
        match self {
            ChosenStore::Sqlite(store) => store.copy(path).await,
            ChosenStore::Postgres(store) => store.copy(path).await,
        }
    }
}
