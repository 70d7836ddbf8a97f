//! Records made from the bodies of the log: after the province's log was taken back, after an upgrade that reads more kinds, and to
//! repair records that do not fit the log. It never changes the log.

use super::{StoreError, View, Writing, digest::EVERYTHING, figures::StoredRefusal, signed, unsigned};
use prost::Message;
use proto::{change::decode, sync::v1};
use sha2::{Digest, Sha256};
use shared::{
    change::{Change, Deed},
    digest::SetDigest,
    period::Period,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

/// A change of the log by its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedChange {
    /// Its place.
    pub seq: u64,
    /// Its id.
    pub change_id: Uuid,
    /// Its bytes.
    pub body: Vec<u8>,
    /// When it was appended here, milliseconds since 1970.
    pub created_at_ms: i64,
}

/// What records are about: a period and an indicator.
pub type Place = (Period, String);

/// The changes about each place.
pub type Changes = BTreeMap<Place, Vec<LoggedChange>>;

/// The id of a change whose kind or fields this program may not know; one made from its bytes where even that cannot be read.
#[must_use]
pub fn id_of(body: &[u8]) -> Uuid {
    let read = v1::ChangeBody::decode(body).ok().and_then(|read| Uuid::from_slice(&read.change_id).ok());
    read.unwrap_or_else(|| {
        let mut id = [0; 16];
        id.copy_from_slice(&Sha256::digest(body)[..16]);
        Uuid::from_bytes(id)
    })
}

impl View<'_> {
    /// All changes after a place, in order.
    ///
    /// # Errors
    /// What the store says.
    pub fn changes_after(&self, seq: u64) -> Result<Vec<LoggedChange>, StoreError> {
        let sql = "SELECT seq, change_id, body, created_at_ms FROM change WHERE seq > ?1 ORDER BY seq";
        let mut statement = self.0.prepare_cached(sql)?;
        let mut rows = statement.query([signed(seq)])?;
        let mut changes = Vec::new();
        while let Some(row) = rows.next()? {
            changes.push(LoggedChange {
                seq: unsigned(row.get(0)?),
                change_id: super::figures::change_id_of(row, 1)?,
                body: row.get(2)?,
                created_at_ms: row.get(3)?,
            });
        }
        Ok(changes)
    }

    /// All changes of the log up to a place about some indicators and periods, each in order: figures, and the evidence for them. The
    /// log is read once.
    ///
    /// # Errors
    /// What the store says.
    pub fn changes_about(&self, places: &BTreeSet<Place>, up_to: u64) -> Result<Changes, StoreError> {
        let mut figures: HashMap<Uuid, Place> = HashMap::new();
        let mut about: Changes = places.iter().map(|place| (place.clone(), Vec::new())).collect();
        for logged in self.changes_after(0)?.into_iter().take_while(|logged| logged.seq <= up_to) {
            let place = match decode(&logged.body).map(|change| (change.id, change.deed)) {
                Ok((id, Deed::Recorded(figure))) => {
                    let place = (figure.key.period, figure.key.indicator);
                    if places.contains(&place) {
                        figures.insert(id, place.clone());
                    }
                    place
                }
                Ok((_, Deed::Attached(evidence))) => match figures.get(&evidence.observation) {
                    Some(place) => place.clone(),
                    None => continue,
                },
                _ => continue,
            };
            if let Some(changes) = about.get_mut(&place) {
                changes.push(logged);
            }
        }
        Ok(about)
    }
}

impl Writing<'_> {
    /// Appends the bytes of a change to the log, without a record.
    pub(super) fn append_body(&self, body: &[u8], created_at_ms: i64) -> Result<u64, StoreError> {
        let head = self.view().head()?.then(body);
        let mut statement = self.transaction.prepare_cached(
            "INSERT INTO change (seq, change_id, body, chain, created_at_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        statement.execute((signed(head.seq), id_of(body).as_bytes(), body, head.chain.0, created_at_ms))?;
        Ok(head.seq)
    }

    /// Makes the record of a change of the log. Nothing for a kind that this program does not know, and for evidence of a figure
    /// that is not there. Versions and sums are not touched.
    pub(super) fn replay(&self, seq: u64, body: &[u8], refusal: Option<&StoredRefusal>) -> Result<(), StoreError> {
        let Ok(change) = decode(body) else { return Ok(()) };
        match &change.deed {
            Deed::Recorded(observation) => self.insert_figure(&change, observation, seq, None)?,
            Deed::Attached(evidence) => {
                let known = self.view().figure(evidence.observation)?.is_some();
                if !known || self.view().has_evidence(evidence.observation, evidence.sha256)? {
                    return Ok(());
                }
                self.insert_evidence(&change, evidence, seq)?;
            }
            Deed::ConflictNoted(_) | Deed::ConflictSettled(_) => return self.replay_conflict(seq, &change),
        }
        if let Some(refusal) = refusal {
            let table = if matches!(change.deed, Deed::Recorded(_)) { "figure" } else { "evidence" };
            let sql = format!("UPDATE {table} SET refusal_code = ?1, refusal_detail = ?2 WHERE seq = ?3");
            self.transaction.prepare_cached(&sql)?.execute((&refusal.code, &refusal.detail, signed(seq)))?;
        }
        Ok(())
    }

    fn replay_conflict(&self, seq: u64, change: &Change) -> Result<(), StoreError> {
        match &change.deed {
            Deed::ConflictNoted(conflict) => self.insert_conflict(seq, change, *conflict),
            Deed::ConflictSettled(conflict) => self.mark_settled(*conflict, change.id),
            Deed::Recorded(_) | Deed::Attached(_) => Ok(()),
        }
    }

    /// Makes the records of changes that an older program could not read.
    pub(super) fn replay_unread(&self) -> Result<(), StoreError> {
        let mut known = self.transaction.prepare(
            "SELECT change_id FROM figure UNION SELECT change_id FROM evidence UNION SELECT change_id FROM conflict
             UNION SELECT settled_by FROM conflict WHERE settled_by IS NOT NULL",
        )?;
        let mut rows = known.query([])?;
        let mut recorded = BTreeSet::new();
        while let Some(row) = rows.next()? {
            recorded.insert(super::figures::change_id_of(row, 0)?);
        }
        let unread = self.view().changes_after(0)?.into_iter().filter(|logged| !recorded.contains(&logged.change_id));
        let mut made = false;
        for logged in unread {
            self.replay(logged.seq, &logged.body, None)?;
            made = true;
        }
        if made { self.count_all_versions() } else { Ok(()) }
    }

    /// Makes the records of some indicators and periods anew from the log; what the province said of them stays. How many records differ
    /// from before.
    ///
    /// # Errors
    /// What the store says.
    pub fn remake(&self, places: &BTreeSet<Place>) -> Result<u64, StoreError> {
        let before = self.digests_of(places)?;
        self.transaction.execute("PRAGMA defer_foreign_keys = ON", [])?;
        for (place, changes) in self.view().changes_about(places, EVERYTHING)? {
            self.remake_place(&place, &changes)?;
        }
        self.count_all_versions()?;
        self.sum_anew()?;
        let after = self.digests_of(places)?;
        let differing = places.iter().filter(|place| before.get(*place) != after.get(*place));
        Ok(differing.map(|place| after.get(place).map_or(0, |digest| digest.records()).max(1)).sum())
    }

    fn digests_of(&self, places: &BTreeSet<Place>) -> Result<BTreeMap<Place, SetDigest>, StoreError> {
        let mut digests = BTreeMap::new();
        for period in places.iter().map(|(period, _)| *period).collect::<BTreeSet<_>>() {
            let all = self.view().indicator_digests(period, EVERYTHING)?;
            digests.extend(all.into_iter().map(|(indicator, digest)| ((period, indicator), digest)));
        }
        Ok(digests)
    }

    fn remake_place(&self, (period, indicator): &Place, changes: &[LoggedChange]) -> Result<(), StoreError> {
        let refusals = self.refusals_about(*period, indicator)?;
        let name = period.to_string();
        let figures = "SELECT change_id FROM figure WHERE indicator = ?1 AND period = ?2";
        self.transaction
            .execute(&format!("DELETE FROM evidence WHERE observation IN ({figures})"), (indicator, &name))?;
        self.transaction.execute("DELETE FROM figure WHERE indicator = ?1 AND period = ?2", (indicator, &name))?;
        for logged in changes {
            // A record of these changes that stands under another key is not right either.
            for table in ["evidence", "figure"] {
                let sql = format!("DELETE FROM {table} WHERE change_id = ?1");
                self.transaction.prepare_cached(&sql)?.execute([logged.change_id.as_bytes()])?;
            }
        }
        for logged in changes {
            self.replay(logged.seq, &logged.body, refusals.get(&logged.seq))?;
        }
        Ok(())
    }

    fn refusals_about(&self, period: Period, indicator: &str) -> Result<BTreeMap<u64, StoredRefusal>, StoreError> {
        let sql = "SELECT seq, refusal_code, coalesce(refusal_detail, '') FROM figure
                   WHERE indicator = ?1 AND period = ?2 AND refusal_code IS NOT NULL
                   UNION ALL SELECT e.seq, e.refusal_code, coalesce(e.refusal_detail, '') FROM evidence e
                   JOIN figure f ON f.change_id = e.observation
                   WHERE f.indicator = ?1 AND f.period = ?2 AND e.refusal_code IS NOT NULL";
        let mut statement = self.transaction.prepare_cached(sql)?;
        let mut rows = statement.query((indicator, period.to_string()))?;
        let mut refusals = BTreeMap::new();
        while let Some(row) = rows.next()? {
            refusals.insert(unsigned(row.get(0)?), StoredRefusal { code: row.get(1)?, detail: row.get(2)? });
        }
        Ok(refusals)
    }

    /// Counts the versions of all figures.
    pub(super) fn count_all_versions(&self) -> Result<(), StoreError> {
        self.transaction.execute(
            "UPDATE figure SET version = counted.version FROM (
                 SELECT change_id, CASE WHEN refusal_code IS NULL THEN row_number() OVER (
                     PARTITION BY indicator, unit, period, refusal_code IS NULL ORDER BY seq) END AS version FROM figure
             ) AS counted WHERE counted.change_id = figure.change_id AND figure.version IS NOT counted.version",
            [],
        )?;
        Ok(())
    }
}
