//! Files bound to figures. Their bytes lie in the folder `evidence`, by hash.

use super::{StoreError, View, Writing, broken, figures::RefusedEvidence, figures::StoredRefusal, signed, unsigned};
use chrono::{DateTime, Utc};
use rusqlite::OptionalExtension;
use shared::{
    change::{Change, Deed, Evidence, LogPosition},
    digest::RecordHash,
    observation::ObservationKey,
};
use uuid::Uuid;

/// Most refused files that are listed at once.
const MOST_LISTED: i64 = 1_000;

/// How much evidence is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EvidenceTotal {
    /// Files bound to figures.
    pub files: u64,
    /// Their bytes.
    pub size_bytes: u64,
}

impl View<'_> {
    /// Whether a file is bound to a version of a figure already.
    ///
    /// # Errors
    /// What the store says.
    pub fn has_evidence(&self, observation: Uuid, sha256: [u8; 32]) -> Result<bool, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT 1 FROM evidence WHERE observation = ?1 AND sha256 = ?2 AND refusal_code IS NULL LIMIT 1",
        )?;
        Ok(statement.query_row((observation.as_bytes(), sha256), |_| Ok(())).optional()?.is_some())
    }

    /// Names of the files bound to a version of a figure.
    ///
    /// # Errors
    /// What the store says.
    pub fn evidence_names(&self, observation: Uuid) -> Result<Vec<String>, StoreError> {
        let mut statement = self
            .0
            .prepare_cached("SELECT name FROM evidence WHERE observation = ?1 AND refusal_code IS NULL ORDER BY seq")?;
        Ok(statement.query_map([observation.as_bytes()], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// The files bound to a version of a figure, in the order of their binding, without those that were refused or lost.
    ///
    /// # Errors
    /// What the store says.
    pub fn sound_evidence(&self, observation: Uuid) -> Result<Vec<Evidence>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT e.sha256, e.name, e.size_bytes FROM evidence e LEFT JOIN evidence_file b ON b.sha256 = e.sha256
             WHERE e.observation = ?1 AND e.refusal_code IS NULL AND coalesce(b.state, '') NOT IN ('refused', 'missing')
             ORDER BY e.seq",
        )?;
        let mut rows = statement.query([observation.as_bytes()])?;
        let mut files = Vec::new();
        while let Some(row) = rows.next()? {
            files.push(Evidence {
                observation,
                sha256: row.get(0)?,
                name: row.get(1)?,
                size_bytes: unsigned(row.get(2)?),
            });
        }
        Ok(files)
    }

    /// How much evidence is kept.
    ///
    /// # Errors
    /// What the store says.
    pub fn evidence_total(&self) -> Result<EvidenceTotal, StoreError> {
        let sql = "SELECT count(*), coalesce(sum(size_bytes), 0) FROM evidence WHERE refusal_code IS NULL";
        let (files, size): (i64, i64) = self.0.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(EvidenceTotal { files: unsigned(files), size_bytes: unsigned(size) })
    }

    /// Evidence that was refused, while the figure it was for was not.
    ///
    /// # Errors
    /// What the store says.
    pub fn refused_evidence(&self) -> Result<Vec<RefusedEvidence>, StoreError> {
        let mut statement = self.0.prepare(
            "SELECT f.indicator, f.unit, f.period, e.name, e.refusal_code, coalesce(e.refusal_detail, '')
             FROM evidence e JOIN figure f ON f.change_id = e.observation
             WHERE e.refusal_code IS NOT NULL AND f.refusal_code IS NULL
               AND NOT EXISTS (SELECT 1 FROM evidence o WHERE o.observation = e.observation AND o.sha256 = e.sha256
                               AND o.seq > e.seq)
             ORDER BY e.seq LIMIT ?1",
        )?;
        let mut rows = statement.query([MOST_LISTED])?;
        let mut refused = Vec::new();
        while let Some(row) = rows.next()? {
            let period = row.get::<_, String>(2)?.parse().map_err(|_| broken("period"))?;
            refused.push(RefusedEvidence {
                key: ObservationKey { indicator: row.get(0)?, unit: row.get(1)?, period },
                name: row.get(3)?,
                refusal: StoredRefusal { code: row.get(4)?, detail: row.get(5)? },
            });
        }
        Ok(refused)
    }
}

impl Writing<'_> {
    /// Binds a file to a version of a figure: the record and its change.
    ///
    /// # Errors
    /// What the store says.
    pub fn attach(&self, change: &Change, real_now: DateTime<Utc>) -> Result<LogPosition, StoreError> {
        let Deed::Attached(evidence) = &change.deed else { return Err(broken("change: not evidence")) };
        let head = self.append(change, real_now)?;
        let figure = self.view().figure(evidence.observation)?.ok_or_else(|| broken("evidence: no such figure"))?;
        self.insert_evidence(change, evidence, head.seq)?;
        if figure.refusal.is_none() {
            let hash = RecordHash::evidence(evidence, &change.entered_by, change.entered_at);
            self.sum(figure.observation.key.period, hash)?;
        }
        Ok(head)
    }

    /// The record alone, and its file among those to be sent.
    pub(super) fn insert_evidence(&self, change: &Change, evidence: &Evidence, seq: u64) -> Result<(), StoreError> {
        let mut statement = self.transaction.prepare_cached(
            "INSERT INTO evidence (change_id, seq, observation, sha256, name, size_bytes, entered_by, entered_at_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?;
        statement.execute(rusqlite::params![
            change.id.as_bytes(),
            signed(seq),
            evidence.observation.as_bytes(),
            evidence.sha256,
            evidence.name,
            signed(evidence.size_bytes),
            change.entered_by,
            change.entered_at.timestamp_millis(),
        ])?;
        self.want_file(evidence.sha256, evidence.size_bytes)
    }
}
