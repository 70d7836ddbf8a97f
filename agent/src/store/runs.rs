//! The last sessions: what each moved and how it ended.

use super::{StoreError, View, Writing, signed, unsigned};
use crate::clock::instant_of_ms;
use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, Row};
use std::time::Duration;

/// How many sessions are remembered.
const KEPT: i64 = 200;

/// Sessions that went well: all figures confirmed and the feed taken over.
const WENT_WELL: &str = "outcome IN ('done', 'evidence_pending', 'not_compared')";

/// One session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its begin, real time.
    pub started_at: DateTime<Utc>,
    /// Its end, real time.
    pub ended_at: DateTime<Utc>,
    /// Stable word of how it ended, see [`crate::uplink::outcome::End`].
    pub outcome: String,
    /// For logs.
    pub detail: String,
    /// Changes sent.
    pub sent: u64,
    /// Changes that the province confirmed, refused ones included.
    pub acknowledged: u64,
    /// Of these, refused.
    pub refused: u64,
    /// The province's clock minus ours; `None` if it did not say, or in an exercise.
    pub skew_ms: Option<i64>,
    /// How long the service waits after it.
    pub wait: Option<Duration>,
}

const COLUMNS: &str =
    "SELECT started_at_ms, ended_at_ms, outcome, detail, sent, acknowledged, refused, skew_ms, wait_ms FROM sync_run";

impl View<'_> {
    /// The last session.
    ///
    /// # Errors
    /// What the store says.
    pub fn last_run(&self) -> Result<Option<Run>, StoreError> {
        Ok(self.0.prepare_cached(&format!("{COLUMNS} ORDER BY id DESC LIMIT 1"))?.query_row([], run_of).optional()?)
    }

    /// The last session that went well.
    ///
    /// # Errors
    /// What the store says.
    pub fn last_success(&self) -> Result<Option<Run>, StoreError> {
        let sql = format!("{COLUMNS} WHERE {WENT_WELL} ORDER BY id DESC LIMIT 1");
        Ok(self.0.prepare_cached(&sql)?.query_row([], run_of).optional()?)
    }

    /// The last session that did not.
    ///
    /// # Errors
    /// What the store says.
    pub fn last_failure(&self) -> Result<Option<Run>, StoreError> {
        let sql = format!("{COLUMNS} WHERE outcome <> 'done' ORDER BY id DESC LIMIT 1");
        Ok(self.0.prepare_cached(&sql)?.query_row([], run_of).optional()?)
    }

    /// The clock's skew as last heard.
    ///
    /// # Errors
    /// What the store says.
    pub fn last_skew_ms(&self) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT skew_ms FROM sync_run WHERE skew_ms IS NOT NULL ORDER BY id DESC LIMIT 1";
        Ok(self.0.query_row(sql, [], |row| row.get(0)).optional()?)
    }
}

impl Writing<'_> {
    /// Remembers a session and forgets the oldest. The last good one is never forgotten.
    ///
    /// # Errors
    /// What the store says.
    pub fn add_run(&self, run: &Run) -> Result<(), StoreError> {
        let wait_ms = run.wait.map(|wait| i64::try_from(wait.as_millis()).unwrap_or(i64::MAX));
        self.transaction.execute(
            "INSERT INTO sync_run (started_at_ms, ended_at_ms, outcome, detail, sent, acknowledged, refused, skew_ms, wait_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            rusqlite::params![
                run.started_at.timestamp_millis(),
                run.ended_at.timestamp_millis(),
                run.outcome,
                run.detail,
                signed(run.sent),
                signed(run.acknowledged),
                signed(run.refused),
                run.skew_ms,
                wait_ms,
            ],
        )?;
        let forget = format!(
            "DELETE FROM sync_run WHERE id <= (SELECT max(id) FROM sync_run) - ?1
             AND id <> coalesce((SELECT max(id) FROM sync_run WHERE {WENT_WELL}), 0)"
        );
        self.transaction.execute(&forget, [KEPT])?;
        Ok(())
    }
}

fn run_of(row: &Row<'_>) -> rusqlite::Result<Run> {
    Ok(Run {
        started_at: instant_of_ms(row.get(0)?),
        ended_at: instant_of_ms(row.get(1)?),
        outcome: row.get(2)?,
        detail: row.get(3)?,
        sent: unsigned(row.get(4)?),
        acknowledged: unsigned(row.get(5)?),
        refused: unsigned(row.get(6)?),
        skew_ms: row.get(7)?,
        wait: row.get::<_, Option<i64>>(8)?.map(|ms| Duration::from_millis(unsigned(ms))),
    })
}
