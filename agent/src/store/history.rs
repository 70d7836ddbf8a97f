//! The province's log on its way back, and the store made anew from it: for a computer that was restored from an old backup, that was
//! copied, or that is new. What is staged survives a cut; the switch is one transaction.

use super::{
    StoreError, View, Writing, broken, figures::StoredRefusal, replay::LoggedChange, replay::id_of, signed, unsigned,
};
use chrono::{DateTime, Utc};
use proto::change::{decode, encode};
use rusqlite::OptionalExtension;
use sha2::{Digest, Sha256};
use shared::{
    change::{Chain, Change, Conflict, Deed, Incarnation, LogPosition},
    observation::{Observation, ObservationKey},
};
use std::collections::{BTreeMap, BTreeSet};
use uuid::{Builder, Uuid};

/// A change as the province holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldChange {
    /// Its bytes.
    pub body: Vec<u8>,
    /// Why it was not applied.
    pub refusal: Option<StoredRefusal>,
}

/// What became of our own changes when the province's log was taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rebased {
    /// Changes that came back from the province.
    pub taken_back: u64,
    /// Own changes that were appended after them.
    pub appended: u64,
    /// Figures that were entered on both sides.
    pub conflicts: u64,
}

impl View<'_> {
    /// Where the staged log ends, if it goes on from our log at or before `common`.
    ///
    /// # Errors
    /// What the store says.
    pub fn staged_end(&self, common: u64) -> Result<Option<LogPosition>, StoreError> {
        let first: Option<i64> = self.0.query_row("SELECT min(seq) FROM history", [], |row| row.get(0))?;
        if first.is_none_or(|first| unsigned(first) > common + 1) {
            return Ok(None);
        }
        let sql = "SELECT seq, chain FROM history ORDER BY seq DESC LIMIT 1";
        let end = self.0.query_row(sql, [], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?))).optional()?;
        Ok(end.map(|(seq, chain)| LogPosition { seq: unsigned(seq), chain: Chain(chain) }))
    }

    fn staged(&self) -> Result<Vec<(u64, HeldChange)>, StoreError> {
        let sql = "SELECT seq, body, refusal_code, refusal_detail FROM history ORDER BY seq";
        let mut statement = self.0.prepare(sql)?;
        let mut rows = statement.query([])?;
        let mut staged = Vec::new();
        while let Some(row) = rows.next()? {
            let code: String = row.get(2)?;
            let refusal = match code.is_empty() {
                true => None,
                false => Some(StoredRefusal { code, detail: row.get(3)? }),
            };
            staged.push((unsigned(row.get(0)?), HeldChange { body: row.get(1)?, refusal }));
        }
        Ok(staged)
    }
}

impl Writing<'_> {
    /// Forgets what is staged.
    ///
    /// # Errors
    /// What the store says.
    pub fn drop_staged(&self) -> Result<(), StoreError> {
        self.transaction.execute("DELETE FROM history", [])?;
        Ok(())
    }

    /// Stages changes that follow `after`. The caller has checked that they do.
    ///
    /// # Errors
    /// What the store says.
    pub fn stage(&self, after: LogPosition, changes: &[HeldChange]) -> Result<LogPosition, StoreError> {
        let mut insert = self.transaction.prepare_cached(
            "INSERT INTO history (seq, body, chain, refusal_code, refusal_detail) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        let mut end = after;
        for change in changes {
            end = end.then(&change.body);
            let (code, detail) = change.refusal.as_ref().map_or(("", ""), |refusal| (&refusal.code, &refusal.detail));
            insert.execute((signed(end.seq), &change.body, end.chain.0, code, detail))?;
        }
        Ok(end)
    }

    /// Takes over what is staged as our own log up to `goal`, appends our own changes that are not in it, and begins a new life.
    ///
    /// # Errors
    /// When what is staged does not end at `goal`, and what the store says. Nothing is changed then.
    pub fn rebase(
        &self,
        goal: LogPosition,
        incarnation: Incarnation,
        real_now: DateTime<Utc>,
    ) -> Result<Rebased, StoreError> {
        let theirs = self.view().staged()?;
        let base = theirs.first().map_or(goal.seq, |(seq, _)| seq - 1);
        let ours = self.view().changes_after(base)?;
        self.drop_records_after(base)?;
        for (_, held) in &theirs {
            let created_at_ms = decode(&held.body).map_or(0, |change| change.entered_at.timestamp_millis());
            let seq = self.append_body(&held.body, created_at_ms)?;
            self.replay(seq, &held.body, held.refusal.as_ref())?;
        }
        if self.view().head()? != goal {
            return Err(broken("history: it does not end where the province's log does"));
        }
        let known: BTreeSet<Uuid> = theirs.iter().map(|(_, held)| id_of(&held.body)).collect();
        let missing: Vec<&LoggedChange> = ours.iter().filter(|own| !known.contains(&own.change_id)).collect();
        for own in &missing {
            let seq = self.append_body(&own.body, own.created_at_ms)?;
            self.replay(seq, &own.body, None)?;
        }
        let own: BTreeSet<Uuid> = ours.iter().map(|own| own.change_id).collect();
        let foreign = theirs.iter().filter(|(_, held)| held.refusal.is_none() && !own.contains(&id_of(&held.body)));
        let conflicts =
            conflicts(foreign.map(|(_, held)| held.body.as_slice()), missing.iter().map(|own| own.body.as_slice()));
        for conflict in &conflicts {
            self.append_conflict(&noted(*conflict, real_now), real_now)?;
        }
        self.count_all_versions()?;
        self.sum_anew()?;
        self.drop_staged()?;
        self.set_incarnation(incarnation)?;
        self.set_acknowledged_seq(goal.seq)?;
        Ok(Rebased {
            taken_back: theirs.len() as u64,
            appended: missing.len() as u64,
            conflicts: conflicts.len() as u64,
        })
    }

    /// Everything after a place; what is to stay is appended again in the same transaction.
    fn drop_records_after(&self, seq: u64) -> Result<(), StoreError> {
        self.transaction.execute("PRAGMA defer_foreign_keys = ON", [])?;
        // A conflict that was settled by a change after the place is open again until that change is.
        self.transaction.execute(
            "UPDATE conflict SET settled_by = NULL
             WHERE settled_by IN (SELECT change_id FROM change WHERE seq > ?1)",
            [signed(seq)],
        )?;
        for table in ["evidence", "figure", "conflict", "change"] {
            self.transaction.execute(&format!("DELETE FROM {table} WHERE seq > ?1"), [signed(seq)])?;
        }
        Ok(())
    }
}

/// The figures that were entered on both branches with different words: the last version of each branch.
fn conflicts<'a>(theirs: impl Iterator<Item = &'a [u8]>, ours: impl Iterator<Item = &'a [u8]>) -> Vec<Conflict> {
    let last = |bodies: &mut dyn Iterator<Item = &'a [u8]>| -> BTreeMap<ObservationKey, (Uuid, Observation)> {
        bodies
            .filter_map(|body| match decode(body) {
                Ok(Change { id, deed: Deed::Recorded(figure), .. }) => Some((figure.key.clone(), (id, figure))),
                _ => None,
            })
            .collect()
    };
    let (mut theirs, mut ours) = (theirs, ours);
    let (theirs, ours) = (last(&mut theirs), last(&mut ours));
    let both = ours.into_iter().filter_map(|(key, (later, own))| {
        let (earlier, held) = theirs.get(&key)?;
        (*held != own).then_some(Conflict { earlier: *earlier, later })
    });
    both.collect()
}

/// The change that notes a conflict. Its random part follows from the conflict, so that the same one is noted once at a moment.
fn noted(conflict: Conflict, now: DateTime<Utc>) -> Change {
    let hash = Sha256::new().chain_update(conflict.earlier).chain_update(conflict.later).finalize();
    let mut random = [0; 10];
    random.copy_from_slice(&hash[..10]);
    let unix_ms = u64::try_from(now.timestamp_millis()).unwrap_or_default();
    let change = Change {
        id: Builder::from_unix_timestamp_millis(unix_ms, &random).into_uuid(),
        entered_at: now,
        entered_by: "commune-agent".into(),
        deed: Deed::ConflictNoted(conflict),
    };
    debug_assert!(decode(&encode(&change)).is_ok());
    change
}
