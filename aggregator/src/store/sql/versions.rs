//! Which version a change recorded, for the evidence that names it.

use super::{super::StoreError, columns};
use crate::store::engine::Connection;
use std::collections::{HashMap, hash_map::Entry};
use uuid::Uuid;

/// Most versions remembered for finding the one that evidence belongs to.
const MAX_KNOWN: usize = 400_000;

/// Which version of which figure a change recorded: indicator, unit, packed period, version.
pub(super) type Place = (i64, i64, i64, u32);

/// The versions of the communes that lately sent evidence, by change id. Read from the table when a commune's first evidence
/// comes, so that figures need no second index. Forget them when a transaction is rolled back.
#[derive(Debug, Default)]
pub(crate) struct KnownVersions {
    communes: HashMap<i64, HashMap<Uuid, Place>>,
    size: usize,
}

impl KnownVersions {
    /// Forgets all when it has become too much; called between transactions.
    pub(super) fn keep_bounded(&mut self) {
        if self.size > MAX_KNOWN {
            self.forget();
        }
    }

    /// Forgets those of a commune.
    pub(super) fn forget_commune(&mut self, commune: i64) {
        self.size -= self.communes.remove(&commune).map_or(0, |known| known.len());
    }

    /// Forgets all.
    pub(crate) fn forget(&mut self) {
        self.communes.clear();
        self.size = 0;
    }

    /// Whether those of a commune are remembered.
    pub(super) fn knows(&self, commune: i64) -> bool {
        self.communes.contains_key(&commune)
    }

    /// Notes a version just recorded, if its commune is known.
    pub(super) fn add(&mut self, commune: i64, change: Uuid, place: Place) {
        if let Some(known) = self.communes.get_mut(&commune) {
            self.size += usize::from(known.insert(change, place).is_none());
        }
    }

    /// The version that a change of this commune recorded.
    pub(super) fn find(
        &mut self,
        connection: &Connection,
        commune: i64,
        change: Uuid,
    ) -> Result<Option<Place>, StoreError> {
        let known = match self.communes.entry(commune) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let sql = "SELECT change_id, indicator, unit, period, version FROM observation WHERE commune = ?1";
                let mut statement = connection.prepare_cached(sql)?;
                let mut rows = statement.query([commune])?;
                let mut known = HashMap::new();
                while let Some(row) = rows.next()? {
                    let place = (row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
                    known.insert(columns::to_uuid(row.bytes(0)?)?, place);
                }
                self.size += known.len();
                entry.insert(known)
            }
        };
        Ok(known.get(&change).copied())
    }
}
