//! What was typed into the page and is not reported yet. It is no part of the log: nothing of it goes to the province.

use super::{StoreError, View, Writing, broken, signed, unsigned};
use crate::{
    clock::instant_of_ms,
    draft::{Draft, Fields},
    entry::Copied,
};
use shared::{observation::ObservationKey, period::Period};

/// Most drafts that are kept.
pub const MAX_DRAFTS: u64 = 5_000;
/// Most files of a draft.
pub const MAX_DRAFT_FILES: usize = 100;

impl View<'_> {
    /// The drafts for periods that end with this one, by indicator and unit.
    ///
    /// # Errors
    /// What the store says.
    pub fn drafts(&self, period: Period) -> Result<Vec<Draft>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT indicator, unit, period, numerator, denominator, value, note, edited_by, edited_at_ms FROM draft
             ORDER BY indicator, unit, period",
        )?;
        let mut rows = statement.query([])?;
        let mut drafts = Vec::new();
        while let Some(row) = rows.next()? {
            let of: Period = row.get::<_, String>(2)?.parse().map_err(|_| broken("period"))?;
            if !of.ends_with(period) {
                continue;
            }
            let key = ObservationKey { indicator: row.get(0)?, unit: row.get(1)?, period: of };
            drafts.push(Draft {
                evidence: self.draft_evidence(&key)?,
                key,
                fields: Fields {
                    numerator: row.get(3)?,
                    denominator: row.get(4)?,
                    value: row.get(5)?,
                    note: row.get(6)?,
                },
                edited_by: row.get(7)?,
                edited_at: instant_of_ms(row.get(8)?),
            });
        }
        Ok(drafts)
    }

    /// How many drafts there are, of all periods.
    ///
    /// # Errors
    /// What the store says.
    pub fn draft_count(&self) -> Result<u64, StoreError> {
        Ok(unsigned(self.0.query_row("SELECT count(*) FROM draft", [], |row| row.get(0))?))
    }

    /// The files of a draft.
    ///
    /// # Errors
    /// What the store says.
    pub fn draft_evidence(&self, key: &ObservationKey) -> Result<Vec<Copied>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT sha256, name, size_bytes FROM draft_evidence
             WHERE indicator = ?1 AND unit = ?2 AND period = ?3 ORDER BY name, sha256",
        )?;
        let files = statement.query_map((&key.indicator, &key.unit, key.period.to_string()), |row| {
            Ok(Copied { sha256: row.get(0)?, name: row.get(1)?, size_bytes: unsigned(row.get(2)?) })
        })?;
        Ok(files.collect::<Result<_, _>>()?)
    }
}

impl Writing<'_> {
    /// Keeps a draft in place of an earlier one of the same figure. Its files are kept as they are.
    ///
    /// # Errors
    /// What the store says.
    pub fn keep_draft(&self, draft: &Draft) -> Result<(), StoreError> {
        let Fields { numerator, denominator, value, note } = &draft.fields;
        self.transaction
            .prepare_cached(
                "INSERT INTO draft (indicator, unit, period, numerator, denominator, value, note, edited_by, edited_at_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (indicator, unit, period) DO UPDATE SET
                 numerator = excluded.numerator, denominator = excluded.denominator, value = excluded.value,
                 note = excluded.note, edited_by = excluded.edited_by, edited_at_ms = excluded.edited_at_ms",
            )?
            .execute(rusqlite::params![
                draft.key.indicator,
                draft.key.unit,
                draft.key.period.to_string(),
                numerator,
                denominator,
                value,
                note,
                draft.edited_by,
                draft.edited_at.timestamp_millis(),
            ])?;
        Ok(())
    }

    /// Adds a file to a draft that is kept.
    ///
    /// # Errors
    /// What the store says.
    pub fn keep_draft_evidence(&self, key: &ObservationKey, file: &Copied) -> Result<(), StoreError> {
        let sql = "INSERT OR REPLACE INTO draft_evidence (indicator, unit, period, sha256, name, size_bytes)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        self.transaction.prepare_cached(sql)?.execute((
            &key.indicator,
            &key.unit,
            key.period.to_string(),
            file.sha256,
            &file.name,
            signed(file.size_bytes),
        ))?;
        Ok(())
    }

    /// Takes a file off a draft.
    ///
    /// # Errors
    /// What the store says.
    pub fn drop_draft_evidence(&self, key: &ObservationKey, sha256: [u8; 32]) -> Result<(), StoreError> {
        let sql = "DELETE FROM draft_evidence WHERE indicator = ?1 AND unit = ?2 AND period = ?3 AND sha256 = ?4";
        self.transaction.execute(sql, (&key.indicator, &key.unit, key.period.to_string(), sha256))?;
        Ok(())
    }

    /// Forgets a draft with its files.
    ///
    /// # Errors
    /// What the store says.
    pub fn drop_draft(&self, key: &ObservationKey) -> Result<(), StoreError> {
        let sql = "DELETE FROM draft WHERE indicator = ?1 AND unit = ?2 AND period = ?3";
        self.transaction.execute(sql, (&key.indicator, &key.unit, key.period.to_string()))?;
        Ok(())
    }
}
