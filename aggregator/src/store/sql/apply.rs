//! What a change does to the records: a version of a figure, a file of evidence, a conflict.

use super::{
    super::{Accepted, AcceptedFigure, StoreError},
    append::{Fresh, Pen, Sender},
    columns,
    conflict::{self, Hand},
    versions::Place,
};
use crate::store::engine::{ToCell, params};
use crate::store::postgres::FigureRow;
use chrono::{DateTime, Utc};
use shared::{
    change::{Change, Deed, Evidence},
    digest::RecordHash,
    observation::{Observation, ObservationKey, Refusal},
};
use uuid::Uuid;

impl Pen<'_> {
    pub(super) fn apply(
        &mut self,
        seq: u64,
        change: Change,
        hash: Option<RecordHash>,
        sender: &Sender,
        fresh: &mut Fresh<'_>,
    ) -> Result<Option<Refusal>, StoreError> {
        let Change { id, entered_at, entered_by, deed } = change;
        match deed {
            Deed::Recorded(observation) => {
                let version = self.record(seq, id, entered_at, &entered_by, &observation, sender)?;
                let Observation { key, value, .. } = observation;
                fresh.count(columns::period(key.period), hash);
                fresh.accepted.push(Accepted::Figure(AcceptedFigure {
                    commune: sender.slug.clone(),
                    indicator: self.codes.share(&key.indicator),
                    unit: self.codes.share(&key.unit),
                    period: key.period,
                    version,
                    value,
                    received_at: sender.received_at,
                    evidence_count: 0,
                    verdict: None,
                }));
                Ok(None)
            }
            Deed::ConflictNoted(noted) => {
                let hand = Hand { by: &entered_by, at: entered_at };
                conflict::note(self.connection, sender.commune, id, &noted, &hand)?;
                Ok(None)
            }
            Deed::ConflictSettled(settled) => {
                let hand = Hand { by: &entered_by, at: entered_at };
                conflict::settle(self.connection, sender.commune, settled, &hand)
            }
            Deed::Attached(evidence) => {
                if !self.versions.knows(sender.commune) {
                    // They are about to be read.
                    self.flush()?;
                }
                match self.versions.find(self.connection, sender.commune, evidence.observation)? {
                    None => Ok(Some(Refusal::UnknownObservation)),
                    Some(place) => {
                        let (attached, is_new) = self.attach(entered_at, &entered_by, &evidence, place, sender)?;
                        if is_new {
                            fresh.count(place.2, hash);
                        }
                        fresh.accepted.push(attached);
                        Ok(None)
                    }
                }
            }
        }
    }

    fn record(
        &mut self,
        seq: u64,
        id: Uuid,
        entered_at: DateTime<Utc>,
        entered_by: &str,
        observation: &Observation,
        sender: &Sender,
    ) -> Result<u32, StoreError> {
        let indicator = self.names.number(self.connection, &observation.key.indicator)?;
        let unit = self.names.number(self.connection, &observation.key.unit)?;
        let period = columns::period(observation.key.period);
        let (kind, amount, denominator) = columns::value(observation.value);
        let (entered_at, received_at) = (columns::time(entered_at), columns::time(sender.received_at));
        if self.connection.session().is_some() {
            let newest = self.draft.newest.entry((indicator, unit, period)).or_default();
            *newest += 1;
            let (version, seq) = (i64::from(*newest), columns::count(seq));
            self.draft.page.figure(&FigureRow {
                numbers: [sender.commune, indicator, unit, period, version, kind, entered_at, received_at, seq],
                change: id.as_bytes(),
                amount: amount.cell(),
                denominator: denominator.cell(),
                note: &observation.note,
                entered_by,
            });
            self.versions.add(sender.commune, id, (indicator, unit, period, *newest));
            return Ok(*newest);
        }
        let mut insert = |version: u32| {
            self.observation.execute(params![
                sender.commune,
                indicator,
                unit,
                period,
                version,
                id.as_bytes(),
                kind,
                amount,
                denominator,
                observation.note,
                entered_by,
                entered_at,
                received_at,
                columns::count(seq),
            ])
        };
        // Most figures are the first of their key, so that is tried before the newest version is looked up.
        let mut version = 1;
        if insert(version)? == 0 {
            let place = params![sender.commune, indicator, unit, period];
            version = self.newest.query_row(place, |row| row.get::<u32>(0))? + 1;
            if insert(version)? == 0 {
                return Err(StoreError::Unreadable("version"));
            }
        }
        self.versions.add(sender.commune, id, (indicator, unit, period, version));
        Ok(version)
    }

    fn attach(
        &mut self,
        entered_at: DateTime<Utc>,
        entered_by: &str,
        evidence: &Evidence,
        (indicator, unit, period, version): Place,
        sender: &Sender,
    ) -> Result<(Accepted, bool), StoreError> {
        // The same file twice on one version is one file.
        let sql = "INSERT INTO evidence (commune, indicator, unit, period, version, sha256, name, size_bytes, entered_by,
                   entered_at, received_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT DO NOTHING";
        let added = self.connection.prepare_cached(sql)?.execute(params![
            sender.commune,
            indicator,
            unit,
            period,
            version,
            evidence.sha256,
            evidence.name,
            columns::count(evidence.size_bytes),
            entered_by,
            columns::time(entered_at),
            columns::time(sender.received_at),
        ])?;
        let sql = "SELECT count(*) FROM evidence
                   WHERE commune = ?1 AND indicator = ?2 AND unit = ?3 AND period = ?4 AND version = ?5";
        let place = params![sender.commune, indicator, unit, period, version];
        let evidence_count = self.connection.prepare_cached(sql)?.query_row(place, |row| row.get(0))?;
        let key = ObservationKey {
            indicator: self.names.text(self.connection, indicator)?.to_string(),
            unit: self.names.text(self.connection, unit)?.to_string(),
            period: columns::to_period(period)?,
        };
        Ok((Accepted::Evidence { commune: sender.slug.clone(), key: key.into(), version, evidence_count }, added > 0))
    }
}
