//! What is left of a store when the power goes: one whole session of real agent's and aggregator's code runs on a virtual file system
//! under SQLite that writes down every write, truncation, sync and removal. Then the power is cut after each of these calls, in
//! several ways, the files are put together from what was durable by then, opened again by the real code and looked through.
//!
//! | module | noun |
//! | --- | --- |
//! | [`disk`] | the virtual file system; the crate's only `unsafe` |
//! | [`outage`] | what is durable at a moment, and what may be left of the rest |
//! | [`session`] | the session that is watched, and what each end had promised when |
//! | [`inquest`] | opening what is left, and checking the promises |
//!
//! It never changes how the stores work: they open their files by path as always.

#![deny(unsafe_code)]

#[allow(unsafe_code)]
pub mod disk;
pub mod inquest;
pub mod outage;
pub mod session;

use anyhow::Result;
use inquest::{End, Tried};
use outage::Disk;
use std::path::Path;

/// What a disk makes of a sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Honesty {
    /// What was synced is durable.
    KeepsSyncs,
    /// Nothing ever is: a store on it must break its promises, and the inquest must notice.
    LosesSyncs,
}

/// Lives through the session once and cuts the power at every `every`-th call of each end. Once in a process: the file system watches
/// all of it.
///
/// # Errors
/// The first promise that was broken.
pub fn trial(every: usize, disk: Honesty) -> Result<[(End, Tried); 2]> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        // In memory where that can be had: whether the disk is fast says nothing here.
        let memory = Path::new("/dev/shm");
        let place = if memory.is_dir() { tempfile::tempdir_in(memory)? } else { tempfile::tempdir()? };
        let now = chrono::DateTime::from_timestamp_millis(1_791_000_000_000).unwrap_or_default();
        let (home, province) = (place.path().join("agent"), place.path().join("province"));
        session::found(&province, now).await?;
        let founded = Disk::holding(&province)?;
        disk::watch();
        let given = session::live(&home, &province, now).await?;
        let mut calls = disk::take();
        if disk == Honesty::LosesSyncs {
            calls.retain(|call| call.deed != disk::Deed::Sync);
        }
        let agent = inquest::every(End::Agent, (&home, Disk::default()), &calls, &given, every).await?;
        let province = inquest::every(End::Province, (&province, founded), &calls, &given, every).await?;
        Ok([(End::Agent, agent), (End::Province, province)])
    })
}
