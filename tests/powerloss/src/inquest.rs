//! Opening what an outage left, as the programs do after a crash, and holding it against what had been promised.

use crate::{
    disk::Call,
    outage::{Disk, Loss},
    session::{COMMUNE, Given, Promise},
};
use agent::{
    folder::Folder as Home,
    store::{Store as Notebook, StoreError as NotebookError},
};
use aggregator::store::{Store, sqlite::SqliteStore};
use anyhow::{Context, Result, bail, ensure};
use std::{fs, path::Path};

/// Whose files they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The commune's.
    Agent,
    /// The province's.
    Province,
}

/// What was tried.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tried {
    /// Calls that the session made on this end.
    pub calls: usize,
    /// Moments at which the power was cut.
    pub moments: usize,
    /// Outages: a moment and a way to lose what was not durable.
    pub outages: usize,
    /// Promises held against what was left.
    pub promises: usize,
}

/// Cuts the power at every `every`-th call of an end, in each of several ways.
///
/// # Errors
/// The first promise that was broken, with its moment and loss.
pub async fn every(
    end: End,
    (folder, before): (&Path, Disk),
    calls: &[Call],
    given: &[Given],
    every: usize,
) -> Result<Tried> {
    let (mut disk, mut tried) = (before, Tried::default());
    for (moment, call) in (1..).zip(calls) {
        if !Path::new(&call.path).starts_with(folder) {
            continue;
        }
        disk.take(call);
        tried.calls += 1;
        if tried.calls % every != 0 {
            continue;
        }
        tried.moments += 1;
        let seed = moment as u64;
        let losses = [Loss::All, Loss::None, Loss::Some(seed), Loss::Some(seed ^ 0xffff_0000)];
        for loss in losses.into_iter().take(if disk.is_clean() { 1 } else { losses.len() }) {
            let due: Vec<&Promise> = given.iter().filter(|(at, _)| *at <= moment).map(|(_, what)| what).collect();
            let left = tempfile::tempdir()?;
            disk.leave(folder, loss, left.path())?;
            let looked = match end {
                End::Agent => agent(left.path(), &due),
                End::Province => province(left.path(), &due).await,
            };
            tried.promises += looked.with_context(|| {
                format!("{end:?}: power cut after call {moment} of {}, losing {loss:?}", calls.len())
            })?;
            tried.outages += 1;
        }
    }
    Ok(tried)
}

fn agent(left: &Path, due: &[&Promise]) -> Result<usize> {
    let mut held = 0;
    let store = match Notebook::open(&Home::at(left)) {
        // Cut off in its first moments: it belongs to nobody yet, and nothing was promised.
        Err(NotebookError::NotJoined) if !due.iter().any(|promise| is_agents(promise)) => return Ok(0),
        store => store?,
    };
    store.check_integrity()?;
    let verification = store.view().verify()?;
    ensure!(verification.findings.is_empty(), "{:?}", verification.findings);
    for promise in due {
        let kept = match promise {
            Promise::Entered(position) => store.view().position_at(position.seq)? == Some(*position),
            Promise::Confirmed(seq, receipts) => {
                store.view().acknowledged_seq()? >= *seq && store.view().receipt_count()? >= *receipts
            }
            Promise::Informed(position) => store.view().feed_position()? >= *position,
            Promise::Acknowledged(_) | Promise::Decided(_) | Promise::Closed(_) => continue,
        };
        ensure!(kept, "broken: {promise:?}");
        held += 1;
    }
    Ok(held)
}

fn is_agents(promise: &Promise) -> bool {
    matches!(promise, Promise::Entered(_) | Promise::Confirmed(..) | Promise::Informed(_))
}

async fn province(left: &Path, due: &[&Promise]) -> Result<usize> {
    let mut held = 0;
    let path = left.join("store.db");
    if !fs::exists(&path)? {
        bail!("the store is gone");
    }
    let store = SqliteStore::open(&path)?;
    store.check().await?;
    let findings = store.verify().await?;
    ensure!(findings.is_empty(), "{findings:?}");
    let (observations, closed) = (store.observations().await?, store.closings().await?);
    let mut changes: Vec<_> = observations.iter().map(|one| one.change_id).collect();
    changes.sort_unstable();
    changes.dedup();
    ensure!(changes.len() == observations.len(), "a figure is stored twice");
    for promise in due {
        let kept = match promise {
            Promise::Acknowledged(position) => store.chain_at(COMMUNE, position.seq).await? == Some(position.chain),
            Promise::Decided(key) => observations.iter().any(|one| one.key == *key && one.verdict.is_some()),
            Promise::Closed(period) => {
                let snapshot = store.snapshot(*period, 1).await?;
                let digest = closed.iter().find(|one| one.period == *period).and_then(|one| one.digest);
                snapshot.zip(digest).is_some_and(|(snapshot, digest)| snapshot.verify(&digest).is_empty())
            }
            Promise::Entered(_) | Promise::Confirmed(..) | Promise::Informed(_) => continue,
        };
        ensure!(kept, "broken: {promise:?}");
        held += 1;
    }
    Ok(held)
}
