//! What all pages share: settings, the way to the store, and a place for notices that the next page shows.

use super::{fault::Fault, incoming::Uploads};
use crate::{bell::Bell, clock::Clock, config::Config, folder::Folder, store::Store};
use chrono::{DateTime, Utc};
use pages::{part::Notice, throttle::Throttle};
use shared::language::Language;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::{sync::Semaphore, task::spawn_blocking};

/// Pages made at once: each has the store open, with a small cache of its own.
const PLACES: usize = 3;
/// Most notices that wait for their page.
const MAX_NOTICES: usize = 256;

/// How the pages are reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Door {
    /// Over TLS.
    pub is_secure: bool,
    /// From this computer alone.
    pub is_loopback: bool,
    /// The port: cookies of several programs on one computer are told apart by it.
    pub port: u16,
}

/// What all pages share.
#[derive(Debug)]
pub struct Desk {
    /// The data folder.
    pub folder: Folder,
    /// The settings.
    pub config: Config,
    /// The time.
    pub clock: Clock,
    /// The language where none was chosen.
    pub language: Language,
    /// How the pages are reached.
    pub door: Door,
    /// To the service.
    pub bell: Arc<Bell>,
    pub(super) throttle: Throttle,
    pub(super) uploads: Uploads,
    places: Semaphore,
    notices: Mutex<VecDeque<([u8; 32], Notice)>>,
}

impl Desk {
    /// A desk in a data folder.
    #[must_use]
    pub fn new(folder: Folder, config: Config, clock: Clock, language: Language, door: Door, bell: Arc<Bell>) -> Self {
        Self {
            uploads: Uploads::new(&folder),
            folder,
            config,
            clock,
            language,
            door,
            bell,
            throttle: Throttle::default(),
            places: Semaphore::new(PLACES),
            notices: Mutex::default(),
        }
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Does something with the store, away from the runtime's thread.
    pub(super) async fn with_store<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&mut Store) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let _place = self.places.acquire().await.map_err(Fault::system)?;
        let folder = self.folder.clone();
        spawn_blocking(move || work(&mut Store::open(&folder)?)).await.map_err(Fault::system)?
    }

    /// Keeps a notice for the next page of a visitor.
    pub(super) fn say(&self, visitor: [u8; 32], notice: Notice) {
        let mut notices = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
        if notices.len() >= MAX_NOTICES {
            notices.pop_front();
        }
        notices.push_back((visitor, notice));
    }

    /// Takes the notices of a visitor.
    pub(super) fn said(&self, visitor: [u8; 32]) -> Vec<Notice> {
        let mut notices = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
        let (own, others) = notices.drain(..).partition::<VecDeque<_>, _>(|(of, _)| *of == visitor);
        *notices = others;
        own.into_iter().map(|(_, notice)| notice).collect()
    }
}
