//! Which sessions are going on: at most so many at once, and one for each commune.

use shared::change::Incarnation;
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
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

/// A commune's session: its number, whose it is, and how to tell it to end.
#[derive(Debug)]
struct Live {
    number: u64,
    incarnation: Incarnation,
    replace: oneshot::Sender<()>,
}

/// A session's place; given back when dropped.
#[derive(Debug)]
pub struct Place {
    commune: String,
    number: u64,
    sessions: LiveSessions,
    _permit: OwnedSemaphorePermit,
}

/// Whether a session may begin.
#[derive(Debug)]
pub enum Admitted {
    /// It may. The receiver resolves when a newer one replaces it.
    Yes(Place, oneshot::Receiver<()>),
    /// There are too many.
    Full,
    /// Another copy of the commune's store is in a session.
    OtherCopy,
}

impl LiveSessions {
    /// Admits at most `most` at once.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(most)), next: Arc::default(), by_commune: Arc::default() }
    }

    /// Admits a session, unless there are too many. The one that the same store had before is told to end: its agent may have
    /// lost that connection long before we notice. One of another copy of the store goes on, so that two copies do not cut each
    /// other.
    #[must_use]
    pub fn admit(&self, commune: &str, incarnation: Incarnation) -> Admitted {
        let mut sessions = self.sessions();
        if sessions.get(commune).is_some_and(|live| live.incarnation != incarnation) {
            return Admitted::OtherCopy;
        }
        let Ok(permit) = self.places.clone().try_acquire_owned() else { return Admitted::Full };
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (replace, replaced) = oneshot::channel();
        if let Some(older) = sessions.insert(commune.to_owned(), Live { number, incarnation, replace }) {
            // It may have ended by itself.
            let _ = older.replace.send(());
        }
        let place = Place { commune: commune.to_owned(), number, sessions: self.clone(), _permit: permit };
        Admitted::Yes(place, replaced)
    }

    /// How many are going on.
    #[must_use]
    pub fn count(&self) -> usize {
        self.sessions().len()
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<String, Live>> {
        self.by_commune.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// The session goes on as another life of the commune's store, which healed in it.
    pub fn reborn(&self, incarnation: Incarnation) {
        if let Some(live) = self.sessions.sessions().get_mut(&self.commune).filter(|live| live.number == self.number) {
            live.incarnation = incarnation;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut sessions = self.sessions.sessions();
        if sessions.get(&self.commune).is_some_and(|live| live.number == self.number) {
            sessions.remove(&self.commune);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFE: Incarnation = Incarnation([1; 16]);
    const COPY: Incarnation = Incarnation([2; 16]);

    fn admitted(admitted: Admitted) -> (Place, oneshot::Receiver<()>) {
        match admitted {
            Admitted::Yes(place, replaced) => (place, replaced),
            other => panic!("not admitted: {other:?}"),
        }
    }

    #[test]
    fn a_newer_session_replaces_the_older_and_places_are_given_back() {
        let sessions = LiveSessions::new(2);
        let (first, mut first_replaced) = admitted(sessions.admit("tan-phu", LIFE));
        let (second, mut second_replaced) = admitted(sessions.admit("tan-phu", LIFE));
        assert!(first_replaced.try_recv().is_ok());
        assert!(second_replaced.try_recv().is_err());
        assert!(matches!(sessions.admit("loc-tan", LIFE), Admitted::Full), "the replaced one has not gone yet");
        drop(first);
        assert_eq!(sessions.count(), 1);
        let _third = admitted(sessions.admit("loc-tan", LIFE));
        drop(second);
        assert_eq!(sessions.count(), 1);
    }

    #[test]
    fn two_copies_do_not_cut_each_other() {
        let sessions = LiveSessions::new(8);
        let (first, mut replaced) = admitted(sessions.admit("tan-phu", LIFE));
        assert!(matches!(sessions.admit("tan-phu", COPY), Admitted::OtherCopy));
        assert!(replaced.try_recv().is_err());
        // It heals and goes on as another life; what it was is a stranger now.
        first.reborn(COPY);
        assert!(matches!(sessions.admit("tan-phu", LIFE), Admitted::OtherCopy));
        let (_second, _) = admitted(sessions.admit("tan-phu", COPY));
        assert!(replaced.try_recv().is_ok());
        first.reborn(LIFE);
        assert!(matches!(sessions.admit("tan-phu", LIFE), Admitted::OtherCopy), "a replaced place is nobody's");
    }
}
