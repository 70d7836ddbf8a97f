//! How a page calls the service for a session, and is told how far it is.

use crate::uplink::exchange::Tally;
use tokio::sync::{Notify, watch};

/// Where a session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Progress {
    /// None is going on.
    #[default]
    Quiet,
    /// One was asked for and has not begun: another program may hold one.
    Asked,
    /// It is going on.
    Underway {
        /// What it moved so far.
        tally: Tally,
        /// Changes that were waiting when it began.
        waiting: u64,
    },
}

/// Between the pages and the service of one process.
#[derive(Debug)]
pub struct Bell {
    rung: Notify,
    progress: watch::Sender<Progress>,
}

impl Default for Bell {
    fn default() -> Self {
        Self { rung: Notify::new(), progress: watch::Sender::new(Progress::Quiet) }
    }
}

impl Bell {
    /// Asks for a session now. Asking twice is asking once.
    pub fn ring(&self) {
        self.progress.send_if_modified(|progress| {
            let is_quiet = *progress == Progress::Quiet;
            if is_quiet {
                *progress = Progress::Asked;
            }
            is_quiet
        });
        self.rung.notify_one();
    }

    /// Done when a session was asked for.
    pub(crate) async fn rung(&self) {
        self.rung.notified().await;
    }

    /// Says where the session is.
    pub(crate) fn tell(&self, progress: Progress) {
        self.progress.send_replace(progress);
    }

    /// Where the session is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        *self.progress.borrow()
    }
}
