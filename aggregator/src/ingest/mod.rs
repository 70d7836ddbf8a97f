//! The communes' change logs on their way into the store.
//!
//! | module | noun |
//! | --- | --- |
//! | [`machine`] | what a session does next; pure: messages, storage results and time in, frames and storage commands out |
//! | [`greeting`] | the verdict on a hello; pure |
//! | [`session`] | carries a session's frames and commands over gRPC; decides nothing |
//! | [`check`] | reads a change and applies the entry rules, before any database |
//! | [`comparison`] | where the digests of both ends differ; pure |
//! | [`writer`] | commits many sessions' batches in one transaction |
//! | [`live`] | which sessions are going on: admission, one for each commune |
//! | [`follow`] | standings follow what was committed |

pub mod check;
pub mod comparison;
pub mod follow;
pub mod greeting;
pub mod live;
pub mod machine;
pub mod session;
pub mod writer;

use crate::store::{Accepted, Moved};
use async_trait::async_trait;
use shared::feed::Standing;
use std::error::Error;

/// What follows the accepted figures and knows each commune's place.
#[async_trait]
pub trait StandingsHook: Send + Sync {
    /// Takes in what was committed, in the order of the commits.
    async fn apply(&self, accepted: &[Accepted], moved: &[Moved]);
    /// Reads everything anew: another process wrote (catalogue, verdicts, exceptions, closed periods).
    async fn reload(&self) -> Result<(), Box<dyn Error + Send + Sync>>;
    /// Takes in what other processes committed since it was asked last; nothing to do where none can. What cannot be read now is read
    /// the next time.
    async fn catch_up(&self) -> Result<(), Box<dyn Error + Send + Sync>>;
    /// A commune's own lines for its feed: the three schemes, the current month and the one before.
    async fn own_standings(&self, commune: &str) -> Vec<Standing>;
}

/// Nothing follows; for tests and measurements of the ingest alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoStandings;

#[async_trait]
impl StandingsHook for NoStandings {
    async fn apply(&self, _accepted: &[Accepted], _moved: &[Moved]) {}

    async fn reload(&self) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(())
    }

    async fn catch_up(&self) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(())
    }

    async fn own_standings(&self, _commune: &str) -> Vec<Standing> {
        Vec::new()
    }
}
