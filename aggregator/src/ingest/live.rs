//! Which sessions are going on: at most so many at once, and one for each commune.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// The sessions going on.
#[derive(Debug, Clone)]
pub struct LiveSessions {
    places: Arc<Semaphore>,
    next: Arc<AtomicU64>,
    by_commune: Arc<Mutex<HashMap<String, Live>>>,
}

/// The number of a commune's session, and how to tell it to end.
type Live = (u64, oneshot::Sender<()>);

/// A session's place; given back when dropped.
#[derive(Debug)]
pub struct Place {
    commune: String,
    number: u64,
    sessions: LiveSessions,
    _permit: OwnedSemaphorePermit,
}

impl LiveSessions {
    /// Admits at most `most` at once.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(most)), next: Arc::default(), by_commune: Arc::default() }
    }

    /// Admits a session, unless there are too many. The one that the commune had before is told to end: its agent may have
    /// lost that connection long before we notice. The receiver resolves when this one is replaced in its turn.
    #[must_use]
    pub fn admit(&self, commune: &str) -> Option<(Place, oneshot::Receiver<()>)> {
        let permit = self.places.clone().try_acquire_owned().ok()?;
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (replace, replaced) = oneshot::channel();
        let mut sessions = self.by_commune.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, older)) = sessions.insert(commune.to_owned(), (number, replace)) {
            // It may have ended by itself.
            let _ = older.send(());
        }
        let place = Place { commune: commune.to_owned(), number, sessions: self.clone(), _permit: permit };
        Some((place, replaced))
    }

    /// How many are going on.
    #[must_use]
    pub fn count(&self) -> usize {
        self.by_commune.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut sessions = self.sessions.by_commune.lock().unwrap_or_else(PoisonError::into_inner);
        if sessions.get(&self.commune).is_some_and(|(number, _)| *number == self.number) {
            sessions.remove(&self.commune);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_session_replaces_the_older_and_places_are_given_back() {
        let sessions = LiveSessions::new(2);
        let (first, mut first_replaced) = sessions.admit("tan-phu").unwrap();
        let (second, mut second_replaced) = sessions.admit("tan-phu").unwrap();
        assert!(first_replaced.try_recv().is_ok());
        assert!(second_replaced.try_recv().is_err());
        assert!(sessions.admit("loc-tan").is_none(), "the replaced one has not gone yet");
        drop(first);
        assert_eq!(sessions.count(), 1);
        let _third = sessions.admit("loc-tan").unwrap();
        drop(second);
        assert_eq!(sessions.count(), 1);
    }
}
