//! Figures with all their versions, and what the province said of each.

use super::{StoreError, View, Writing, broken, signed, unsigned};
use crate::clock::instant_of_ms;
use chrono::{DateTime, Utc};
use rusqlite::{Params, Row};
use shared::{
    amount::Amount,
    change::{Change, Deed},
    digest::RecordHash,
    observation::{Decision, Observation, ObservationKey, Value},
    period::Period,
};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Most refused changes that are listed at once.
const MOST_LISTED: usize = 1_000;

/// Why the province did not take a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRefusal {
    /// Stable code.
    pub code: String,
    /// For logs.
    pub detail: String,
}

/// A reviewer's decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Accepted or returned.
    pub decision: Decision,
    /// Why.
    pub reason: String,
    /// Who.
    pub reviewer: String,
    /// When, by the province's clock.
    pub decided_at: DateTime<Utc>,
}

/// One version of a figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// The change that recorded it.
    pub change_id: Uuid,
    /// Its place in the log.
    pub seq: u64,
    /// Where it belongs, what it says.
    pub observation: Observation,
    /// Counted from 1 for its key; `None` when refused.
    pub version: Option<u32>,
    /// Who.
    pub entered_by: String,
    /// When, by the clock that figures are entered by.
    pub entered_at: DateTime<Utc>,
    /// Why it was refused.
    pub refusal: Option<StoredRefusal>,
    /// Files bound to it.
    pub evidence_count: u32,
    /// The decision on it.
    pub verdict: Option<Verdict>,
}

/// Evidence that the province did not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedEvidence {
    /// The figure it was for.
    pub key: ObservationKey,
    /// The file.
    pub name: String,
    /// Why.
    pub refusal: StoredRefusal,
}

const COLUMNS: &str = "
    f.change_id, f.seq, f.indicator, f.unit, f.period, f.version, f.kind, f.numerator, f.denominator, f.value, f.note,
    f.entered_by, f.entered_at_ms, f.refusal_code, f.refusal_detail,
    (SELECT count(*) FROM evidence e WHERE e.observation = f.change_id AND e.refusal_code IS NULL),
    v.decision, v.reason, v.reviewer, v.decided_at_ms
  FROM figure f LEFT JOIN verdict v ON v.observation = f.change_id";

impl View<'_> {
    fn figures(&self, condition: &str, params: impl Params) -> Result<Vec<Figure>, StoreError> {
        let mut statement = self.0.prepare_cached(&format!("SELECT {COLUMNS} {condition}"))?;
        let mut rows = statement.query(params)?;
        let mut figures = Vec::new();
        while let Some(row) = rows.next()? {
            figures.push(figure_of(row)?);
        }
        Ok(figures)
    }

    /// The newest version of a figure.
    ///
    /// # Errors
    /// What the store says.
    pub fn newest(&self, key: &ObservationKey) -> Result<Option<Figure>, StoreError> {
        let condition = "WHERE f.indicator = ?1 AND f.unit = ?2 AND f.period = ?3 AND f.version IS NOT NULL
             ORDER BY f.version DESC LIMIT 1";
        Ok(self.figures(condition, (&key.indicator, &key.unit, key.period.to_string()))?.pop())
    }

    /// The newest version of every figure, by indicator, unit and period.
    ///
    /// # Errors
    /// What the store says.
    pub fn newest_of_all(&self) -> Result<Vec<Figure>, StoreError> {
        let condition = "WHERE f.version = (SELECT max(o.version) FROM figure o
             WHERE o.indicator = f.indicator AND o.unit = f.unit AND o.period = f.period)
             ORDER BY f.indicator, f.unit, f.period";
        self.figures(condition, [])
    }

    /// Every version that was not refused, of one period or of all, up to a place of the log.
    pub(super) fn accepted_figures(&self, period: Option<&str>, up_to: u64) -> Result<Vec<Figure>, StoreError> {
        let which = "WHERE f.refusal_code IS NULL AND (?1 IS NULL OR f.period = ?1) AND f.seq <= ?2";
        self.figures(which, (period, signed(up_to)))
    }

    /// Every version, refused ones too.
    pub(super) fn all_figures(&self) -> Result<Vec<Figure>, StoreError> {
        self.figures("ORDER BY f.seq", [])
    }

    /// The version that a change recorded.
    ///
    /// # Errors
    /// What the store says.
    pub fn figure(&self, change: Uuid) -> Result<Option<Figure>, StoreError> {
        Ok(self.figures("WHERE f.change_id = ?1", [change.as_bytes()])?.pop())
    }

    /// All versions of an indicator's figures, in the order they were entered.
    ///
    /// # Errors
    /// What the store says.
    pub fn history(&self, indicator: &str) -> Result<Vec<Figure>, StoreError> {
        self.figures("WHERE f.indicator = ?1 ORDER BY f.seq", [indicator])
    }

    /// The versions of all figures that were entered last, newest first.
    ///
    /// # Errors
    /// What the store says.
    pub fn entered_last(&self, most: usize) -> Result<Vec<Figure>, StoreError> {
        self.figures("ORDER BY f.seq DESC LIMIT ?1", [signed(most as u64)])
    }

    /// Refused figures that nothing has been entered for since.
    ///
    /// # Errors
    /// What the store says.
    pub fn refused_figures(&self) -> Result<Vec<Figure>, StoreError> {
        let condition = "WHERE f.refusal_code IS NOT NULL AND NOT EXISTS (SELECT 1 FROM figure o
             WHERE o.indicator = f.indicator AND o.unit = f.unit AND o.period = f.period AND o.seq > f.seq)
             ORDER BY f.seq LIMIT ?1";
        self.figures(condition, [signed(MOST_LISTED as u64)])
    }

    /// Figures whose newest version was returned by a reviewer.
    ///
    /// # Errors
    /// What the store says.
    pub fn returned_figures(&self) -> Result<Vec<Figure>, StoreError> {
        let condition = "WHERE v.decision = 'returned' AND f.version IS NOT NULL AND NOT EXISTS (SELECT 1 FROM figure o
             WHERE o.indicator = f.indicator AND o.unit = f.unit AND o.period = f.period AND o.version > f.version)
             ORDER BY f.seq LIMIT ?1";
        self.figures(condition, [signed(MOST_LISTED as u64)])
    }

    /// How many changes were ever refused.
    ///
    /// # Errors
    /// What the store says.
    pub fn refused_count(&self) -> Result<u64, StoreError> {
        let sql = "SELECT (SELECT count(*) FROM figure WHERE refusal_code IS NOT NULL)
                        + (SELECT count(*) FROM evidence WHERE refusal_code IS NOT NULL)";
        Ok(unsigned(self.0.query_row(sql, [], |row| row.get(0))?))
    }
}

impl Writing<'_> {
    /// Records a new version of a figure: the record and its change. Returns the version.
    ///
    /// # Errors
    /// What the store says.
    pub fn record(&self, change: &Change, real_now: DateTime<Utc>) -> Result<u32, StoreError> {
        let Deed::Recorded(observation) = &change.deed else { return Err(broken("change: not a figure")) };
        let head = self.append(change, real_now)?;
        let key = &observation.key;
        let mut newest = self.transaction.prepare_cached(
            "SELECT coalesce(max(version), 0) FROM figure WHERE indicator = ?1 AND unit = ?2 AND period = ?3",
        )?;
        let period = key.period.to_string();
        let version: u32 = newest.query_row((&key.indicator, &key.unit, &period), |row| row.get::<_, u32>(0))? + 1;
        self.insert_figure(change, observation, head.seq, Some(version))?;
        let hash = RecordHash::figure(change.id, observation, &change.entered_by, change.entered_at);
        self.sum(key.period, hash)?;
        Ok(version)
    }

    /// The record alone.
    pub(super) fn insert_figure(
        &self,
        change: &Change,
        observation: &Observation,
        seq: u64,
        version: Option<u32>,
    ) -> Result<(), StoreError> {
        let (key, value) = (&observation.key, Columns::of(observation.value));
        let mut insert = self.transaction.prepare_cached(
            "INSERT INTO figure (change_id, seq, indicator, unit, period, version, kind, numerator, denominator, value,
                                 note, entered_by, entered_at_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )?;
        insert.execute(rusqlite::params![
            change.id.as_bytes(),
            signed(seq),
            key.indicator,
            key.unit,
            key.period.to_string(),
            version,
            value.kind,
            value.numerator,
            value.denominator,
            value.value,
            observation.note,
            change.entered_by,
            change.entered_at.timestamp_millis(),
        ])?;
        Ok(())
    }

    /// Takes over what the province says of the changes in `(after, up_to]`: these are refused, the others are not.
    /// Versions are counted anew where that changes them. A refusal that names a change we do not have there is an error.
    ///
    /// # Errors
    /// What the store says.
    pub(super) fn settle(
        &self,
        after: u64,
        up_to: u64,
        refused: &[(u64, Uuid, StoredRefusal)],
    ) -> Result<(), StoreError> {
        if self.mark(after, up_to, refused)? { self.sum_anew() } else { Ok(()) }
    }

    /// The same without the sums; whether they changed.
    fn mark(&self, after: u64, up_to: u64, refused: &[(u64, Uuid, StoredRefusal)]) -> Result<bool, StoreError> {
        let mut changed = !refused.is_empty();
        for table in ["figure", "evidence"] {
            // Only after a restored province has taken what it refused before: it is counted again.
            let sql = format!(
                "UPDATE {table} SET refusal_code = NULL, refusal_detail = NULL
                 WHERE seq > ?1 AND seq <= ?2 AND refusal_code IS NOT NULL RETURNING seq"
            );
            let mut statement = self.transaction.prepare(&sql)?;
            let again: Vec<i64> =
                statement.query_map((signed(after), signed(up_to)), |row| row.get(0))?.collect::<Result<_, _>>()?;
            changed |= !again.is_empty();
            for seq in again {
                self.count_versions(seq)?;
            }
        }
        for (seq, change_id, refusal) in refused {
            let mut found = 0;
            for table in ["figure", "evidence"] {
                let mut statement = self.transaction.prepare_cached(&format!(
                    "UPDATE {table} SET refusal_code = ?1, refusal_detail = ?2 WHERE seq = ?3 AND (change_id = ?4 OR ?5)"
                ))?;
                // A change whose id the province could not read is named by its place alone.
                let (seq, id) = (signed(*seq), change_id.as_bytes());
                found += statement.execute((&refusal.code, &refusal.detail, seq, id, change_id.is_nil()))?;
            }
            // Changes that have no record here: of conflicts, or of a kind that this program does not know.
            if found == 0 && !self.view().has_change(*seq, *change_id)? {
                return Err(broken("refusal: no such change"));
            }
            self.count_versions(signed(*seq))?;
        }
        Ok(changed)
    }

    /// Takes over what the province says of single changes: of these, exactly the named ones are refused.
    ///
    /// # Errors
    /// What the store says.
    pub fn take_refusals(&self, changes: &[u64], refused: &[(u64, Uuid, StoredRefusal)]) -> Result<(), StoreError> {
        let refused: BTreeMap<u64, &(u64, Uuid, StoredRefusal)> = refused.iter().map(|one| (one.0, one)).collect();
        let mut changed = false;
        for seq in changes {
            let own: Vec<_> = refused.get(seq).map(|one| (*one).clone()).into_iter().collect();
            changed |= self.mark(seq.saturating_sub(1), *seq, &own)?;
        }
        if changed { self.sum_anew() } else { Ok(()) }
    }

    /// Counts the versions of a figure from 1 in the order of the log, leaving out refused ones.
    pub(super) fn count_versions(&self, seq: i64) -> Result<(), StoreError> {
        let mut statement = self.transaction.prepare_cached(
            "UPDATE figure AS f SET version = CASE WHEN f.refusal_code IS NULL THEN
                 (SELECT count(*) FROM figure o WHERE o.indicator = f.indicator AND o.unit = f.unit
                  AND o.period = f.period AND o.refusal_code IS NULL AND o.seq <= f.seq) END
             WHERE (f.indicator, f.unit, f.period) = (SELECT k.indicator, k.unit, k.period FROM figure k WHERE k.seq = ?1)",
        )?;
        statement.execute([seq])?;
        Ok(())
    }
}

/// A value as columns.
struct Columns {
    kind: &'static str,
    numerator: Option<String>,
    denominator: Option<String>,
    value: Option<String>,
}

impl Columns {
    fn of(value: Value) -> Self {
        let one = |kind, text| Self { kind, numerator: None, denominator: None, value: Some(text) };
        match value {
            Value::Ratio { numerator, denominator } => Self {
                kind: "ratio",
                numerator: Some(numerator.to_string()),
                denominator: Some(denominator.to_string()),
                value: None,
            },
            Value::Percent(percent) => one("percent", percent.to_string()),
            Value::Count(count) => one("count", count.to_string()),
            Value::Decimal(decimal) => one("decimal", decimal.to_string()),
            Value::Flag(flag) => one("flag", if flag { "yes" } else { "no" }.into()),
        }
    }
}

fn value_of(row: &Row<'_>) -> Result<Value, StoreError> {
    let text = |column| -> Result<String, StoreError> { Ok(row.get::<_, Option<String>>(column)?.unwrap_or_default()) };
    let amount = |column| -> Result<Amount, StoreError> { text(column)?.parse().map_err(|_| broken("amount")) };
    Ok(match row.get::<_, String>(6)?.as_str() {
        "ratio" => Value::Ratio { numerator: amount(7)?, denominator: amount(8)? },
        "percent" => Value::Percent(amount(9)?),
        "count" => Value::Count(text(9)?.parse().map_err(|_| broken("count"))?),
        "decimal" => Value::Decimal(amount(9)?),
        "flag" => Value::Flag(text(9)? == "yes"),
        _ => return Err(broken("kind of value")),
    })
}

fn figure_of(row: &Row<'_>) -> Result<Figure, StoreError> {
    let period: Period = row.get::<_, String>(4)?.parse().map_err(|_| broken("period"))?;
    let key = ObservationKey { indicator: row.get(2)?, unit: row.get(3)?, period };
    let refusal = row
        .get::<_, Option<String>>(13)?
        .map(|code| {
            Ok::<_, StoreError>(StoredRefusal { code, detail: row.get::<_, Option<String>>(14)?.unwrap_or_default() })
        })
        .transpose()?;
    let verdict = row.get::<_, Option<String>>(16)?.map(|word| {
        Ok::<_, StoreError>(Verdict {
            decision: Decision::from_word(&word).ok_or_else(|| broken("decision"))?,
            reason: row.get(17)?,
            reviewer: row.get(18)?,
            decided_at: instant_of_ms(row.get(19)?),
        })
    });
    Ok(Figure {
        change_id: change_id_of(row, 0)?,
        seq: unsigned(row.get(1)?),
        observation: Observation { key, value: value_of(row)?, note: row.get(10)? },
        version: row.get(5)?,
        entered_by: row.get(11)?,
        entered_at: instant_of_ms(row.get(12)?),
        refusal,
        evidence_count: row.get(15)?,
        verdict: verdict.transpose()?,
    })
}

pub(super) fn change_id_of(row: &Row<'_>, column: usize) -> Result<Uuid, StoreError> {
    Uuid::from_slice(&row.get::<_, Vec<u8>>(column)?).map_err(|_| broken("change id"))
}
