//! Whether the chain, the records and the sums still fit together. Reads everything; changes nothing.

use super::{StoreError, View, broken, digest::EVERYTHING, unsigned};
use proto::change::decode;
use serde::Serialize;
use shared::{
    change::{Chain, Change, Deed, LogPosition},
    digest::RecordHash,
    period::Period,
};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Most findings of one kind that are told.
const MOST_TOLD: usize = 100;

/// Something that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum Finding {
    /// The log has a hole before this place.
    ChangeMissing {
        /// The place.
        seq: u64,
    },
    /// The chain does not follow from the bytes of this change.
    ChainBroken {
        /// The place.
        seq: u64,
    },
    /// The record of this change is missing, or does not say what the change says.
    RecordDiffers {
        /// The place.
        seq: u64,
    },
    /// A record that no change made.
    RecordWithoutChange {
        /// Its change id.
        change_id: String,
    },
    /// The sum of a period is not the sum of its records.
    DigestDiffers {
        /// The period.
        period: String,
    },
    /// More is confirmed than the log has.
    ConfirmedBeyondTheLog,
}

/// What was looked at, and what does not fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// Changes of the log.
    pub changes: u64,
    /// Records of figures and evidence.
    pub records: u64,
    /// Periods with a sum.
    pub periods: u64,
    /// What does not fit; empty is good.
    pub findings: Vec<Finding>,
}

impl View<'_> {
    /// Recomputes chain, records and sums.
    ///
    /// # Errors
    /// What the store says.
    pub fn verify(&self) -> Result<Verification, StoreError> {
        let mut findings = Vec::new();
        let bodies = self.verify_chain(&mut findings)?;
        let records = self.verify_records(&bodies, &mut findings)?;
        let (kept, anew) = (self.digests()?, self.digests_anew(EVERYTHING)?);
        let periods: BTreeSet<Period> = kept.keys().chain(anew.keys()).copied().collect();
        findings.extend(
            periods
                .iter()
                .filter(|period| kept.get(period) != anew.get(period))
                .map(|period| Finding::DigestDiffers { period: period.to_string() }),
        );
        if self.acknowledged_seq()? > bodies.keys().next_back().copied().unwrap_or_default() {
            findings.push(Finding::ConfirmedBeyondTheLog);
        }
        Ok(Verification { changes: bodies.len() as u64, records, periods: periods.len() as u64, findings })
    }

    fn verify_chain(&self, findings: &mut Vec<Finding>) -> Result<BTreeMap<u64, Vec<u8>>, StoreError> {
        let mut statement = self.0.prepare("SELECT seq, body, chain FROM change ORDER BY seq")?;
        let mut rows = statement.query([])?;
        let mut bodies = BTreeMap::new();
        let mut before = LogPosition::START;
        while let Some(row) = rows.next()? {
            let (seq, body) = (unsigned(row.get(0)?), row.get::<_, Vec<u8>>(1)?);
            let chain = Chain::from_slice(&row.get::<_, Vec<u8>>(2)?).ok_or_else(|| broken("chain"))?;
            if seq != before.seq + 1 {
                findings.push(Finding::ChangeMissing { seq });
            } else if before.chain.then(&body) != chain {
                findings.push(Finding::ChainBroken { seq });
            }
            before = LogPosition { seq, chain };
            bodies.insert(seq, body);
        }
        findings.truncate(MOST_TOLD);
        Ok(bodies)
    }

    fn verify_records(&self, bodies: &BTreeMap<u64, Vec<u8>>, findings: &mut Vec<Finding>) -> Result<u64, StoreError> {
        let held = self.record_hashes()?;
        let mut told = Vec::new();
        let mut made = BTreeSet::new();
        for (seq, body) in bodies {
            let Ok(change) = decode(body) else { continue };
            made.insert(change.id);
            let Some(hash) = hash_of(&change) else { continue };
            match held.get(&change.id) {
                Some((at, found)) if *at == *seq && *found == hash => {}
                // The same file bound twice to one version is one record; evidence of a figure that is not there is none.
                None if self.is_bound_already(&change)? => {}
                _ => told.push(Finding::RecordDiffers { seq: *seq }),
            }
        }
        let strangers = held.keys().filter(|id| !made.contains(*id));
        told.extend(strangers.map(|id| Finding::RecordWithoutChange { change_id: id.to_string() }));
        told.truncate(MOST_TOLD);
        findings.extend(told);
        Ok(held.len() as u64)
    }

    fn is_bound_already(&self, change: &Change) -> Result<bool, StoreError> {
        let Deed::Attached(evidence) = &change.deed else { return Ok(false) };
        Ok(self.has_evidence(evidence.observation, evidence.sha256)? || self.figure(evidence.observation)?.is_none())
    }

    /// Place and hash of every record, refused ones too, by change id.
    fn record_hashes(&self) -> Result<BTreeMap<Uuid, (u64, RecordHash)>, StoreError> {
        let mut hashes = BTreeMap::new();
        for figure in self.all_figures()? {
            let hash = RecordHash::figure(figure.change_id, &figure.observation, &figure.entered_by, figure.entered_at);
            hashes.insert(figure.change_id, (figure.seq, hash));
        }
        let sql =
            "SELECT change_id, seq, observation, sha256, name, size_bytes, entered_by, entered_at_ms FROM evidence";
        let mut statement = self.0.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let evidence = shared::change::Evidence {
                observation: super::figures::change_id_of(row, 2)?,
                sha256: row.get(3)?,
                name: row.get(4)?,
                size_bytes: unsigned(row.get(5)?),
            };
            let (by, at): (String, _) = (row.get(6)?, crate::clock::instant_of_ms(row.get(7)?));
            let hash = RecordHash::evidence(&evidence, &by, at);
            hashes.insert(super::figures::change_id_of(row, 0)?, (unsigned(row.get(1)?), hash));
        }
        Ok(hashes)
    }
}

fn hash_of(change: &Change) -> Option<RecordHash> {
    match &change.deed {
        Deed::Recorded(figure) => Some(RecordHash::figure(change.id, figure, &change.entered_by, change.entered_at)),
        Deed::Attached(evidence) => Some(RecordHash::evidence(evidence, &change.entered_by, change.entered_at)),
        Deed::ConflictNoted(_) | Deed::ConflictSettled(_) => None,
    }
}
