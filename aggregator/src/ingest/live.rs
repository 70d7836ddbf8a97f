//! Which sessions are going on: at most so many at once, and one for each commune. Each can be told to end.

use super::machine::Interruption;
use shared::change::Incarnation;
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::timeout,
};

/// The sessions going on.
#[derive(Debug, Clone)]
pub struct LiveSessions {
    places: Arc<Semaphore>,
    next: Arc<AtomicU64>,
    by_commune: Arc<Mutex<HashMap<String, Live>>>,
}

/// How a session is told to end.
pub type Stop = Arc<watch::Sender<Option<Interruption>>>;

/// A commune's session: its number, whose it is, and how to tell it to end.
#[derive(Debug)]
struct Live {
    number: u64,
    incarnation: Incarnation,
    certificate: [u8; 32],
    stop: Stop,
}

/// A session's place; given back when dropped.
#[derive(Debug)]
pub struct Place {
    commune: String,
    number: u64,
    sessions: LiveSessions,
    _permit: OwnedSemaphorePermit,
}

/// Room for one more session; given back when dropped.
#[derive(Debug)]
pub struct Room(OwnedSemaphorePermit);

/// Whether a session may begin.
#[derive(Debug)]
pub enum Admitted {
    /// It may.
    Yes(Place),
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

    /// Room for a session, as soon as there is some; none when there was none for so long.
    pub async fn room(&self, longest: Duration) -> Option<Room> {
        if let Ok(permit) = self.places.clone().try_acquire_owned() {
            return Some(Room(permit));
        }
        timeout(longest, self.places.clone().acquire_owned()).await.ok()?.ok().map(Room)
    }

    /// Admits a session where there is room for it. The one that the same store had before is told to end: its agent may have
    /// lost that connection long before we notice. One of another copy of the store goes on, so that two copies do not cut each
    /// other.
    #[must_use]
    pub fn admit(
        &self,
        commune: &str,
        certificate: [u8; 32],
        incarnation: Incarnation,
        stop: Stop,
        room: Option<Room>,
    ) -> Admitted {
        let mut sessions = self.sessions();
        if sessions.get(commune).is_some_and(|live| live.incarnation != incarnation) {
            return Admitted::OtherCopy;
        }
        let Some(Room(permit)) = room else { return Admitted::Full };
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        if let Some(older) = sessions.insert(commune.to_owned(), Live { number, incarnation, certificate, stop }) {
            older.stop.send_replace(Some(Interruption::Replaced));
        }
        let place = Place { commune: commune.to_owned(), number, sessions: self.clone(), _permit: permit };
        Admitted::Yes(place)
    }

    /// The certificates of the sessions going on.
    #[must_use]
    pub fn certificates(&self) -> Vec<[u8; 32]> {
        self.sessions().values().map(|live| live.certificate).collect()
    }

    /// Ends the sessions of a certificate that was revoked.
    pub fn revoke(&self, certificate: [u8; 32]) {
        for live in self.sessions().values().filter(|live| live.certificate == certificate) {
            live.stop.send_replace(Some(Interruption::Revoked));
        }
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

    /// A session that was admitted, and how it is told to end.
    fn admitted(sessions: &LiveSessions, commune: &str, life: Incarnation) -> (Place, Stop) {
        let stop = Stop::default();
        match sessions.admit(commune, [commune.len() as u8; 32], life, stop.clone(), now(sessions)) {
            Admitted::Yes(place) => (place, stop),
            other => panic!("not admitted: {other:?}"),
        }
    }

    fn ask(sessions: &LiveSessions, commune: &str, life: Incarnation) -> Admitted {
        sessions.admit(commune, [0; 32], life, Stop::default(), now(sessions))
    }

    /// Room that there is without waiting.
    fn now(sessions: &LiveSessions) -> Option<Room> {
        sessions.places.clone().try_acquire_owned().ok().map(Room)
    }

    fn told(stop: &Stop) -> Option<Interruption> {
        *stop.borrow()
    }

    #[test]
    fn a_newer_session_replaces_the_older_and_places_are_given_back() {
        let sessions = LiveSessions::new(2);
        let (first, first_told) = admitted(&sessions, "tan-phu", LIFE);
        let (second, second_told) = admitted(&sessions, "tan-phu", LIFE);
        assert_eq!((told(&first_told), told(&second_told)), (Some(Interruption::Replaced), None));
        assert!(matches!(ask(&sessions, "loc-tan", LIFE), Admitted::Full), "the replaced one has not gone yet");
        drop(first);
        assert_eq!(sessions.count(), 1);
        let _third = admitted(&sessions, "loc-tan", LIFE);
        drop(second);
        assert_eq!(sessions.count(), 1);
    }

    #[tokio::test]
    async fn whoever_waits_gets_the_next_place() {
        let sessions = LiveSessions::new(1);
        let (first, _) = admitted(&sessions, "tan-phu", LIFE);
        assert!(sessions.room(Duration::ZERO).await.is_none());
        let waiting = tokio::spawn({
            let sessions = sessions.clone();
            async move { sessions.room(Duration::from_secs(60)).await.is_some() }
        });
        tokio::task::yield_now().await;
        drop(first);
        assert!(waiting.await.unwrap());
    }

    #[test]
    fn two_copies_do_not_cut_each_other() {
        let sessions = LiveSessions::new(8);
        let (first, first_told) = admitted(&sessions, "tan-phu", LIFE);
        assert!(matches!(ask(&sessions, "tan-phu", COPY), Admitted::OtherCopy));
        assert_eq!(told(&first_told), None);
        // It heals and goes on as another life; what it was is a stranger now.
        first.reborn(COPY);
        assert!(matches!(ask(&sessions, "tan-phu", LIFE), Admitted::OtherCopy));
        let _second = admitted(&sessions, "tan-phu", COPY);
        assert_eq!(told(&first_told), Some(Interruption::Replaced));
        first.reborn(LIFE);
        assert!(matches!(ask(&sessions, "tan-phu", LIFE), Admitted::OtherCopy), "a replaced place is nobody's");
    }

    #[test]
    fn a_revoked_certificate_ends_its_session_alone() {
        let sessions = LiveSessions::new(8);
        let (_first, first) = admitted(&sessions, "tan-phu", LIFE);
        let (_second, second) = admitted(&sessions, "an-vien-xa", LIFE);
        sessions.revoke([7; 32]);
        assert_eq!((told(&first), told(&second)), (Some(Interruption::Revoked), None));
        assert_eq!(sessions.certificates().len(), 2);
    }
}
