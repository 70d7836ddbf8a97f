//! Sums over the accepted records of each period, kept with every write. See `shared::digest` for what is summed.

use super::{StoreError, View, Writing, broken, figures::change_id_of, signed, unsigned};
use crate::clock::instant_of_ms;
use rusqlite::OptionalExtension;
use shared::{
    change::Evidence,
    digest::{RecordHash, SetDigest},
    period::Period,
};
use std::collections::BTreeMap;

/// Behind every change there can be.
pub const EVERYTHING: u64 = i64::MAX as u64;

/// The hash of one accepted record and what it is about.
type Record = (Period, String, RecordHash);

impl View<'_> {
    /// The digest of each period that has records.
    ///
    /// # Errors
    /// What the store says.
    pub fn digests(&self) -> Result<BTreeMap<Period, SetDigest>, StoreError> {
        let mut statement = self.0.prepare_cached("SELECT period, sum, records FROM digest WHERE records > 0")?;
        let mut rows = statement.query([])?;
        let mut digests = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let period = row.get::<_, String>(0)?.parse().map_err(|_| broken("period"))?;
            let sum = row.get::<_, Vec<u8>>(1)?.try_into().map_err(|_| broken("digest"))?;
            digests.insert(period, SetDigest::from_bytes(sum, unsigned(row.get(2)?)));
        }
        Ok(digests)
    }

    /// The digests of a period's indicators, from the records themselves, of changes up to a place.
    ///
    /// # Errors
    /// What the store says.
    pub fn indicator_digests(&self, period: Period, up_to: u64) -> Result<BTreeMap<String, SetDigest>, StoreError> {
        let mut digests: BTreeMap<String, SetDigest> = BTreeMap::new();
        for (_, indicator, hash) in self.records(Some(period), up_to)? {
            digests.entry(indicator).or_default().add(hash);
        }
        Ok(digests)
    }

    /// The digests of all periods, from the records themselves, of changes up to a place.
    ///
    /// # Errors
    /// What the store says.
    pub fn digests_anew(&self, up_to: u64) -> Result<BTreeMap<Period, SetDigest>, StoreError> {
        let mut digests: BTreeMap<Period, SetDigest> = BTreeMap::new();
        for (period, _, hash) in self.records(None, up_to)? {
            digests.entry(period).or_default().add(hash);
        }
        Ok(digests)
    }

    fn records(&self, period: Option<Period>, up_to: u64) -> Result<Vec<Record>, StoreError> {
        let period = period.map(|period| period.to_string());
        let mut records = Vec::new();
        for figure in self.accepted_figures(period.as_deref(), up_to)? {
            let key = &figure.observation.key;
            let hash = RecordHash::figure(figure.change_id, &figure.observation, &figure.entered_by, figure.entered_at);
            records.push((key.period, key.indicator.clone(), hash));
        }
        let mut statement = self.0.prepare_cached(
            "SELECT e.observation, e.sha256, e.name, e.size_bytes, e.entered_by, e.entered_at_ms, f.period, f.indicator
             FROM evidence e JOIN figure f ON f.change_id = e.observation
             WHERE e.refusal_code IS NULL AND f.refusal_code IS NULL AND (?1 IS NULL OR f.period = ?1)
             AND e.seq <= ?2 AND f.seq <= ?2",
        )?;
        let mut rows = statement.query((&period, signed(up_to)))?;
        while let Some(row) = rows.next()? {
            let evidence = Evidence {
                observation: change_id_of(row, 0)?,
                sha256: row.get(1)?,
                name: row.get(2)?,
                size_bytes: unsigned(row.get(3)?),
            };
            let by: String = row.get(4)?;
            let hash = RecordHash::evidence(&evidence, &by, instant_of_ms(row.get(5)?));
            records.push((row.get::<_, String>(6)?.parse().map_err(|_| broken("period"))?, row.get(7)?, hash));
        }
        Ok(records)
    }
}

impl Writing<'_> {
    /// Adds a record that was just written.
    pub(super) fn sum(&self, period: Period, hash: RecordHash) -> Result<(), StoreError> {
        let name = period.to_string();
        let mut read = self.transaction.prepare_cached("SELECT sum, records FROM digest WHERE period = ?1")?;
        let held = read.query_row([&name], |row| Ok((row.get::<_, [u8; 32]>(0)?, row.get(1)?))).optional()?;
        let mut digest = held.map_or(SetDigest::EMPTY, |(sum, records)| SetDigest::from_bytes(sum, unsigned(records)));
        digest.add(hash);
        self.set_digest(&name, digest)
    }

    fn set_digest(&self, period: &str, digest: SetDigest) -> Result<(), StoreError> {
        let mut statement = self
            .transaction
            .prepare_cached("INSERT OR REPLACE INTO digest (period, sum, records) VALUES (?1, ?2, ?3)")?;
        statement.execute((period, digest.to_bytes(), signed(digest.records())))?;
        Ok(())
    }

    /// Sums anew where the sums that are kept are not those of the records. Only for records that the province was found to hold too.
    ///
    /// # Errors
    /// What the store says.
    pub fn mend_sums(&self) -> Result<(), StoreError> {
        let anew = self.view().digests_anew(EVERYTHING)?;
        if self.view().digests().is_ok_and(|kept| kept == anew) {
            return Ok(());
        }
        tracing::warn!("the sums that were kept were not those of the records, which are the province's: summed anew");
        self.sum_anew()
    }

    /// Sums everything anew, after records were made anew or refused.
    ///
    /// # Errors
    /// What the store says.
    pub fn sum_anew(&self) -> Result<(), StoreError> {
        self.transaction.execute("DELETE FROM digest", [])?;
        for (period, digest) in self.view().digests_anew(EVERYTHING)? {
            self.set_digest(&period.to_string(), digest)?;
        }
        Ok(())
    }
}
