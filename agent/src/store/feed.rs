//! What came down from the province: the catalogue, decisions, closed periods, the commune's standing. All of a session
//! is switched to in one transaction.

use super::{StoreError, View, Writing, broken, figures::StoredRefusal, signed};
use prost::Message;
use proto::sync::v1;
use rusqlite::OptionalExtension;
use shared::{
    catalogue::view::CommuneView,
    change::LogPosition,
    feed::{FeedItem, Standing},
    period::Period,
};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Another cut-off day for one period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CutoffException {
    /// The period.
    pub period: Period,
    /// Its last day, `YYYY-MM-DD`.
    pub cutoff: String,
    /// Why.
    pub reason: String,
}

impl View<'_> {
    /// The catalogue as last received.
    ///
    /// # Errors
    /// What the store says.
    pub fn catalogue(&self) -> Result<Option<CommuneView>, StoreError> {
        let body: Option<Vec<u8>> = self.0.query_row("SELECT body FROM catalogue", [], |row| row.get(0)).optional()?;
        body.map(|body| {
            let wire = v1::CommuneCatalogue::decode(body.as_slice()).map_err(|_| broken("catalogue"))?;
            proto::catalogue::from_wire(wire).map_err(|_| broken("catalogue"))
        })
        .transpose()
    }

    /// The version of the catalogue held; 0 for none.
    ///
    /// # Errors
    /// What the store says.
    pub fn catalogue_version(&self) -> Result<u64, StoreError> {
        let version = self.0.query_row("SELECT version FROM catalogue", [], |row| row.get(0)).optional()?;
        Ok(super::unsigned(version.unwrap_or_default()))
    }

    /// Closed periods.
    ///
    /// # Errors
    /// What the store says.
    pub fn closed_periods(&self) -> Result<BTreeSet<Period>, StoreError> {
        let mut statement = self.0.prepare_cached("SELECT period FROM closed_period")?;
        let mut rows = statement.query([])?;
        let mut periods = BTreeSet::new();
        while let Some(row) = rows.next()? {
            periods.insert(row.get::<_, String>(0)?.parse().map_err(|_| broken("period"))?);
        }
        Ok(periods)
    }

    /// Other cut-off days, by period.
    ///
    /// # Errors
    /// What the store says.
    pub fn exceptions(&self) -> Result<Vec<CutoffException>, StoreError> {
        let mut statement = self.0.prepare("SELECT period, cutoff, reason FROM cutoff_exception ORDER BY period")?;
        let mut rows = statement.query([])?;
        let mut exceptions = Vec::new();
        while let Some(row) = rows.next()? {
            let period = row.get::<_, String>(0)?.parse().map_err(|_| broken("period"))?;
            exceptions.push(CutoffException { period, cutoff: row.get(1)?, reason: row.get(2)? });
        }
        Ok(exceptions)
    }

    /// The standing under a scheme: of a period, or the latest computed.
    ///
    /// # Errors
    /// What the store says.
    pub fn standing(&self, scheme: &str, period: Option<Period>) -> Result<Option<Standing>, StoreError> {
        let mut latest: Option<Standing> = None;
        let mut statement =
            self.0.prepare("SELECT body FROM standing WHERE scheme = ?1 AND (?2 IS NULL OR period = ?2)")?;
        let mut rows = statement.query((scheme, period.map(|period| period.to_string())))?;
        while let Some(row) = rows.next()? {
            let body = row.get_ref(0)?.as_blob().map_err(|_| broken("standing"))?;
            let wire = v1::Standing::decode(body).map_err(|_| broken("standing"))?;
            let standing = proto::feed::standing_from_wire(wire).map_err(|_| broken("standing"))?;
            if latest.as_ref().is_none_or(|latest| latest.period.by_recency(standing.period).is_lt()) {
                latest = Some(standing);
            }
        }
        Ok(latest)
    }
}

impl Writing<'_> {
    /// The province has durably taken over everything up to `position`, these refused. `after` is what was confirmed before.
    ///
    /// # Errors
    /// What the store says.
    pub fn acknowledge(
        &self,
        after: u64,
        position: LogPosition,
        refused: &[(u64, Uuid, StoredRefusal)],
        receipt: Option<&v1::Receipt>,
    ) -> Result<(), StoreError> {
        self.settle(after, position.seq, refused)?;
        if let Some(receipt) = receipt {
            self.keep_receipt(receipt)?;
        }
        self.set_acknowledged_seq(position.seq)
    }

    /// Switches to a session's feed.
    ///
    /// # Errors
    /// What the store says.
    pub fn switch_feed(&self, items: &[FeedItem], position: u64) -> Result<(), StoreError> {
        if self.view().feed_position()? == 0 {
            // The whole of it: what another life of the province's store decided holds no more.
            for table in ["closed_period", "cutoff_exception", "verdict", "standing"] {
                self.transaction.execute(&format!("DELETE FROM {table}"), [])?;
            }
        }
        for item in items {
            self.take_over(item)?;
        }
        self.drop_later_standings(items)?;
        self.set_feed_position(position)
    }

    /// The province's current month can go back, as long as nothing was reported for it: what was computed for later months
    /// is out of date then.
    fn drop_later_standings(&self, items: &[FeedItem]) -> Result<(), StoreError> {
        let mut latest: BTreeMap<&str, Period> = BTreeMap::new();
        for item in items {
            let FeedItem::Standing(standing) = item else { continue };
            let held = latest.entry(&standing.scheme).or_insert(standing.period);
            if held.by_recency(standing.period).is_lt() {
                *held = standing.period;
            }
        }
        let mut read = self.transaction.prepare_cached("SELECT period FROM standing WHERE scheme = ?1")?;
        let mut drop = self.transaction.prepare_cached("DELETE FROM standing WHERE scheme = ?1 AND period = ?2")?;
        for (scheme, latest) in latest {
            let held: Vec<String> = read.query_map([scheme], |row| row.get(0))?.collect::<Result<_, _>>()?;
            for period in held {
                if period.parse().is_ok_and(|period: Period| latest.by_recency(period).is_lt()) {
                    drop.execute((scheme, period))?;
                }
            }
        }
        Ok(())
    }

    fn take_over(&self, item: &FeedItem) -> Result<(), StoreError> {
        let sql = &self.transaction;
        match item {
            FeedItem::Catalogue(view) => {
                let body = proto::catalogue::to_wire(view).encode_to_vec();
                sql.prepare_cached("INSERT OR REPLACE INTO catalogue (id, version, body) VALUES (1, ?1, ?2)")?
                    .execute((signed(view.version), body))?;
            }
            FeedItem::Exception { period, cutoff: Some(cutoff), reason } => {
                sql.prepare_cached(
                    "INSERT OR REPLACE INTO cutoff_exception (period, cutoff, reason) VALUES (?1, ?2, ?3)",
                )?
                .execute((period.to_string(), cutoff.to_string(), reason))?;
            }
            FeedItem::Exception { period, cutoff: None, .. } => {
                sql.prepare_cached("DELETE FROM cutoff_exception WHERE period = ?1")?.execute([period.to_string()])?;
            }
            FeedItem::Verdict { observation, decision, reason, reviewer, decided_at } => {
                sql.prepare_cached(
                    "INSERT OR REPLACE INTO verdict (observation, decision, reason, reviewer, decided_at_ms)
                     VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute((
                    observation.as_bytes(),
                    decision.as_str(),
                    reason,
                    reviewer,
                    decided_at.timestamp_millis(),
                ))?;
            }
            FeedItem::Closed { period, closed: true } => {
                sql.prepare_cached("INSERT OR IGNORE INTO closed_period (period) VALUES (?1)")?
                    .execute([period.to_string()])?;
            }
            FeedItem::Closed { period, closed: false } => {
                sql.prepare_cached("DELETE FROM closed_period WHERE period = ?1")?.execute([period.to_string()])?;
            }
            FeedItem::Standing(standing) => {
                let body = proto::feed::standing_to_wire(standing).encode_to_vec();
                sql.prepare_cached("INSERT OR REPLACE INTO standing (scheme, period, body) VALUES (?1, ?2, ?3)")?
                    .execute((&standing.scheme, standing.period.to_string(), body))?;
            }
        }
        Ok(())
    }
}
