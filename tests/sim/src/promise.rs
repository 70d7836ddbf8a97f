//! What must hold once everything is quiet. Both stores' files are looked at, not only what the programs say.

use crate::world::World;
use agent::store::replay::id_of;
use anyhow::Result;
use proto::receipt::ReceiptVerifier;
use rusqlite::{Connection, OpenFlags};
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};
use uuid::Uuid;

/// An entry of the province's journal.
pub struct Entry {
    pub commune: String,
    pub seq: i64,
    pub chain: Vec<u8>,
    pub change: Uuid,
}

/// The province's journal, commune by commune, in order.
pub fn journal(file: &Path) -> Result<Vec<Entry>> {
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let mut statement = connection.prepare(
        "SELECT name.text, journal.seq, journal.chain, journal.body FROM journal JOIN log ON log.id = journal.log
         JOIN name ON name.id = log.commune ORDER BY name.text, journal.seq",
    )?;
    let rows = statement.query_map([], |row| {
        let body: Vec<u8> = row.get(3)?;
        Ok(Entry { commune: row.get(0)?, seq: row.get(1)?, chain: row.get(2)?, change: id_of(&body) })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Every promise that does not hold. `held`: what was held by anyone before the healing.
pub async fn check(world: &mut World, held: &BTreeSet<Uuid>) -> Result<Vec<String>> {
    let mut broken = Vec::new();
    let entries = journal(&world.aggregator.store_file())?;
    let mut times: BTreeMap<Uuid, u32> = BTreeMap::new();
    for entry in &entries {
        *times.entry(entry.change).or_default() += 1;
    }
    for change in world.acknowledged() {
        if times.get(change) != Some(&1) {
            broken.push(format!("acknowledged, and not stored exactly once: {change} ({:?})", times.get(change)));
        }
    }
    for change in held {
        if times.get(change) != Some(&1) {
            broken.push(format!("held before, and not stored exactly once: {change} ({:?})", times.get(change)));
        }
    }
    let store = world.aggregator.running().await?.store.clone();
    for finding in store.verify().await? {
        broken.push(format!("the province's store: {finding:?}"));
    }
    computers(world, &entries, &mut broken)?;
    verdicts(world, &mut broken)?;
    evidence(world, &mut broken)?;
    Ok(broken)
}

fn computers(world: &mut World, entries: &[Entry], broken: &mut Vec<String>) -> Result<()> {
    let authorities = [world.aggregator.authority.clone()];
    for computer in &mut world.computers {
        let (name, commune) = (computer.name.clone(), computer.commune.clone());
        let view = computer.store()?.view();
        for finding in view.verify()?.findings {
            broken.push(format!("{name}'s store: {finding:?}"));
        }
        let head = view.head()?;
        let held = entries.iter().rev().find(|entry| entry.commune == commune);
        if held.map_or((0, vec![0; 32]), |held| (held.seq, held.chain.clone()))
            != (i64::try_from(head.seq)?, head.chain.0.to_vec())
        {
            broken.push(format!("{name}'s log does not end where the province's does: {}", head.seq));
        }
        if view.acknowledged()? != head {
            broken.push(format!("{name} has unconfirmed changes"));
        }
        if !view.comparison()?.is_some_and(|comparison| comparison.equal) {
            broken.push(format!("{name} does not know that both hold the same"));
        }
        if view.outstanding_files()?.files > 0 {
            broken.push(format!("{name} has evidence to send"));
        }
        let verifiers: Vec<ReceiptVerifier> = view
            .receipt_keys()?
            .iter()
            .filter_map(|(der, _)| ReceiptVerifier::new("dong-nai", &der.as_slice().into(), &authorities).ok())
            .collect();
        for kept in view.receipts(usize::MAX >> 1)? {
            let said = verifiers.iter().find_map(|verifier| verifier.check(&kept.receipt).ok());
            if said.is_none_or(|said| said.position != kept.position || said.commune != commune) {
                broken.push(format!("{name} keeps a receipt that proves nothing: {}", kept.position.seq));
            }
        }
    }
    Ok(())
}

fn verdicts(world: &mut World, broken: &mut Vec<String>) -> Result<()> {
    let connection = Connection::open(world.aggregator.store_file())?;
    let mut statement = connection.prepare(
        "SELECT name.text, observation.change_id, verdict.decision FROM verdict JOIN observation USING
         (commune, indicator, unit, period, version) JOIN name ON name.id = verdict.commune",
    )?;
    let rows = statement
        .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, [u8; 16]>(1)?, row.get::<_, String>(2)?)))?;
    for row in rows {
        let (commune, change, decision) = row?;
        for computer in world.computers.iter_mut().filter(|computer| computer.commune == commune) {
            let figure = computer.store()?.view().figure(Uuid::from_bytes(change))?;
            let known = figure.and_then(|figure| figure.verdict).map(|verdict| verdict.decision.as_str());
            if known != Some(decision.as_str()) {
                broken.push(format!(
                    "{} does not know the verdict on {}: {known:?}",
                    computer.name,
                    Uuid::from_bytes(change)
                ));
            }
        }
    }
    Ok(())
}

fn evidence(world: &mut World, broken: &mut Vec<String>) -> Result<()> {
    let connection = Connection::open(world.aggregator.store_file())?;
    let mut statement = connection.prepare("SELECT DISTINCT sha256 FROM evidence")?;
    let named: Vec<[u8; 32]> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for sha256 in named {
        let somewhere =
            world.computers.iter().any(|computer| agent::evidence::path_of(computer.folder(), sha256).exists());
        let path = aggregator::evidence_shelf::in_folder(&world.aggregator.evidence(), sha256);
        match fs::read(&path) {
            Ok(bytes) if Sha256::digest(&bytes).as_slice() == sha256 => {}
            Ok(_) => broken.push(format!("evidence with other bytes: {}", hex::encode(sha256))),
            Err(_) if somewhere => broken.push(format!("evidence that was not sent: {}", hex::encode(sha256))),
            Err(_) => {}
        }
    }
    Ok(())
}
