//! What a store's engine does: transactions, and nothing of what they are for.

use super::{
    super::{StoreCopy, StoreError},
    CatalogueHeld, Names,
    versions::KnownVersions,
};
use crate::store::engine::Connection;
use std::path::Path;

/// What a transaction that writes is about, so that others need not wait for it. SQLite has one writer, who needs none of this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scope {
    /// What the province decides: one decision after the other.
    pub(crate) province: bool,
    /// The communes whose records it writes, in order and once each.
    pub(crate) communes: Vec<String>,
    /// Everything read must be of one moment.
    pub(crate) one_moment: bool,
}

impl Scope {
    /// Rows that nothing else depends on.
    pub(crate) const NOTHING: Self = Self { province: false, communes: Vec::new(), one_moment: false };
    /// A decision.
    pub(crate) const PROVINCE: Self = Self { province: true, communes: Vec::new(), one_moment: false };
    /// A decision on everything as it stands at one moment.
    pub(crate) const MOMENT: Self = Self { province: true, communes: Vec::new(), one_moment: true };

    /// Records of communes.
    pub(crate) fn communes<'a>(slugs: impl IntoIterator<Item = &'a str>) -> Self {
        let mut communes: Vec<String> = slugs.into_iter().map(str::to_owned).collect();
        communes.sort_unstable();
        communes.dedup();
        Self { communes, ..Self::NOTHING }
    }

    /// And a decision.
    pub(crate) fn and_province(self) -> Self {
        Self { province: true, ..self }
    }
}

/// What is remembered between transactions that write. Forgotten where one fails, for what it gave numbers to is gone.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// Numbers of names.
    pub(crate) names: Names,
    /// Versions by the changes that recorded them.
    pub(crate) versions: KnownVersions,
}

impl Memory {
    /// Forgets all.
    pub(crate) fn forget(&mut self) {
        self.names.forget();
        self.versions.forget();
    }

    /// Forgets the versions of a commune: another process has written it.
    pub(crate) fn forget_commune(&mut self, slug: &str) {
        if let Some(number) = self.names.known(slug) {
            self.versions.forget_commune(number);
        }
    }
}

/// A store's engine: transactions, and nothing of what they are for.
pub(crate) trait Engine: Send + Sync {
    /// One transaction that writes; on an error nothing of it stays. It may be begun anew, with the same input.
    fn transact<I: Clone + Send + 'static, T: Send + 'static>(
        &self,
        scope: Scope,
        input: I,
        work: impl Fn(&Connection<'_>, &mut Memory, I) -> Result<T, StoreError> + Send + 'static,
    ) -> impl Future<Output = Result<T, StoreError>> + Send;

    /// One transaction that reads: everything in it is of the same moment.
    fn read<T: Send + 'static>(
        &self,
        work: impl Fn(&Connection<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> impl Future<Output = Result<T, StoreError>> + Send;

    /// The same for a row or two, where the engine can be asked so quickly that it is not worth going to another thread for.
    fn read_briefly<T: Send + 'static>(
        &self,
        work: impl Fn(&Connection<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> impl Future<Output = Result<T, StoreError>> + Send {
        self.read(work)
    }

    /// Where the catalogue that was last read is remembered.
    fn catalogue_held(&self) -> &CatalogueHeld;

    /// Whether several processes may serve from it at once.
    fn is_shared(&self) -> bool;

    /// Copies the store into a new file, whole and checked.
    fn copy(&self, path: &Path) -> impl Future<Output = Result<StoreCopy, StoreError>> + Send;
}
