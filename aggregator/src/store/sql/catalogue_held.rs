//! The current catalogue, read once for all who hold it: a nation's has a hundred thousand targets.

use shared::catalogue::Catalogue;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// What was last read of the current catalogue, as long as somebody holds it.
#[derive(Debug, Default)]
pub(crate) struct CatalogueHeld(Mutex<Option<(String, Weak<Catalogue>)>>);

impl CatalogueHeld {
    /// The catalogue that is held, with its fingerprint.
    pub(crate) fn get(&self) -> Option<(String, Arc<Catalogue>)> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.as_ref().and_then(|(fingerprint, catalogue)| Some((fingerprint.clone(), catalogue.upgrade()?)))
    }

    /// Remembers a catalogue for as long as somebody holds it.
    pub(crate) fn set(&self, fingerprint: String, catalogue: &Arc<Catalogue>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((fingerprint, Arc::downgrade(catalogue)));
    }
}
