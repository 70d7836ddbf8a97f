//! A commune's records: as the record tables hold them, and as its journal says that they must be.

use super::{super::StoreError, columns, journal, names};
use crate::store::engine::{Connection, Row, params};
use chrono::{DateTime, Utc};
use shared::{
    change::{Change, Deed, Evidence},
    digest::SetDigest,
    observation::{Observation, ObservationKey},
    period::Period,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

/// A figure's key and version.
pub(super) type Spot = (ObservationKey, u32);

/// The digest of a whole period.
pub(super) fn whole(indicators: Option<&BTreeMap<String, SetDigest>>) -> SetDigest {
    let mut sum = SetDigest::EMPTY;
    indicators.into_iter().flat_map(BTreeMap::values).for_each(|digest| sum.merge(*digest));
    sum
}

/// Which of a commune's records are meant.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part<'a> {
    /// All.
    Whole,
    /// Those of an indicator in a period.
    Indicator(&'a str, Period),
}

impl Part<'_> {
    fn has(&self, key: &ObservationKey) -> bool {
        match self {
            Part::Whole => true,
            Part::Indicator(indicator, period) => key.period == *period && key.indicator == *indicator,
        }
    }
}

/// A version of a figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Figure {
    pub(super) change: Uuid,
    pub(super) seq: u64,
    pub(super) observation: Observation,
    pub(super) entered_by: String,
    pub(super) entered_at: DateTime<Utc>,
    pub(super) received_at: DateTime<Utc>,
}

/// A file bound to a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attachment {
    pub(super) name: String,
    pub(super) size_bytes: u64,
    pub(super) entered_by: String,
    pub(super) entered_at: DateTime<Utc>,
    pub(super) received_at: DateTime<Utc>,
}

/// Records of one commune.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Records {
    pub(super) figures: BTreeMap<Spot, Figure>,
    pub(super) evidence: BTreeMap<(Spot, [u8; 32]), Attachment>,
    /// Rows that hold something that this program never wrote.
    pub(super) unreadable: usize,
    /// Changes whose bodies are not what was acknowledged.
    pub(super) damaged: BTreeSet<u64>,
}

impl Records {
    /// What the record tables hold. A row that cannot be read is counted and left out.
    pub(super) fn of_tables(connection: &Connection, commune: i64, part: Part<'_>) -> Result<Self, StoreError> {
        let mut names = Known::of(connection, commune)?;
        let mut records = Self::default();
        let (first, last) = match part {
            Part::Whole => (i64::MIN, i64::MAX),
            Part::Indicator(_, period) => (columns::period(period), columns::period(period)),
        };
        let sql = "SELECT indicator, unit, period, version, change_id, kind, amount, denominator, note, entered_by, entered_at,
                   received_at, seq FROM observation WHERE commune = ?1 AND period BETWEEN ?2 AND ?3";
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query(params![commune, first, last])?;
        while let Some(row) = rows.next()? {
            match figure(row, &mut names) {
                Ok((spot, figure)) if part.has(&spot.0) => {
                    records.figures.insert(spot, figure);
                }
                Ok(_) => {}
                Err(_) => records.unreadable += 1,
            }
        }
        let sql =
            "SELECT indicator, unit, period, version, sha256, name, size_bytes, entered_by, entered_at, received_at
                   FROM evidence WHERE commune = ?1 AND period BETWEEN ?2 AND ?3";
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query(params![commune, first, last])?;
        while let Some(row) = rows.next()? {
            match attachment(row, &mut names) {
                Ok(((spot, sha256), attachment)) if part.has(&spot.0) => {
                    records.evidence.insert((spot, sha256), attachment);
                }
                Ok(_) => {}
                Err(_) => records.unreadable += 1,
            }
        }
        Ok(records)
    }

    /// What the journal says: the changes that were applied, in their order. Nothing is judged again. A body that was damaged says
    /// nothing.
    pub(super) fn of_journal(connection: &Connection, log: i64, part: Part<'_>) -> Result<Self, StoreError> {
        let mut records = Self::default();
        let mut spots: HashMap<Uuid, Spot> = HashMap::new();
        let mut newest: HashMap<ObservationKey, u32> = HashMap::new();
        let damaged = journal::applied(connection, log, |seq, received_at, change| {
            records.replay(part, &mut spots, &mut newest, seq, received_at, change);
        })?;
        Ok(Self { damaged, ..records })
    }

    fn replay(
        &mut self,
        part: Part<'_>,
        spots: &mut HashMap<Uuid, Spot>,
        newest: &mut HashMap<ObservationKey, u32>,
        seq: u64,
        received_at: DateTime<Utc>,
        change: Change,
    ) {
        let Change { id, entered_at, entered_by, deed } = change;
        match deed {
            Deed::Recorded(observation) if part.has(&observation.key) => {
                let version = newest.entry(observation.key.clone()).or_default();
                *version += 1;
                let spot = (observation.key.clone(), *version);
                spots.insert(id, spot.clone());
                let figure = Figure { change: id, seq, observation, entered_by, entered_at, received_at };
                self.figures.insert(spot, figure);
            }
            Deed::Attached(Evidence { observation, sha256, name, size_bytes }) => {
                if let Some(spot) = spots.get(&observation) {
                    // The same file twice on one version is one file.
                    let attachment = Attachment { name, size_bytes, entered_by, entered_at, received_at };
                    self.evidence.entry((spot.clone(), sha256)).or_insert(attachment);
                }
            }
            Deed::Recorded(_) | Deed::ConflictNoted(_) | Deed::ConflictSettled(_) => {}
        }
    }

    /// The figures and files in which two differ, and how many rows could not be read.
    pub(super) fn differences(&self, other: &Self) -> Vec<Spot> {
        let mut differing: Vec<Spot> = Vec::new();
        differing.extend(unlike(&self.figures, &other.figures).cloned());
        differing.extend(unlike(&self.evidence, &other.evidence).map(|(spot, _)| spot.clone()));
        differing
    }
}

/// The keys that only one of two maps has, or that have other values.
fn unlike<'a, K: Ord, V: PartialEq>(
    mine: &'a BTreeMap<K, V>,
    theirs: &'a BTreeMap<K, V>,
) -> impl Iterator<Item = &'a K> {
    let changed = mine.iter().filter(|(key, value)| theirs.get(key) != Some(value)).map(|(key, _)| key);
    changed.chain(theirs.keys().filter(|key| !mine.contains_key(key)))
}

/// The names that a commune's records use; all the others stay where they are.
pub(super) struct Known<'a> {
    connection: &'a Connection<'a>,
    texts: HashMap<i64, String>,
}

impl<'a> Known<'a> {
    /// Those of a commune's figures, all at once.
    pub(super) fn of(connection: &'a Connection<'a>, commune: i64) -> Result<Self, StoreError> {
        let sql = "SELECT id, text FROM name WHERE id IN (
                   SELECT indicator FROM observation WHERE commune = ?1 UNION SELECT unit FROM observation WHERE commune = ?1)";
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query([commune])?;
        let mut texts = HashMap::new();
        while let Some(row) = rows.next()? {
            // What cannot be read is found by the row that uses it.
            if let (Ok(number), Ok(text)) = (row.get(0), row.get(1)) {
                texts.insert(number, text);
            }
        }
        Ok(Self { connection, texts })
    }

    /// Looks up the names of these numbers that are not known yet.
    pub(super) fn learn<const N: usize>(&mut self, numbers: [i64; N]) -> Result<(), StoreError> {
        for number in numbers {
            if !self.texts.contains_key(&number) {
                self.texts.insert(number, names::text(self.connection, number)?);
            }
        }
        Ok(())
    }

    /// A name that was looked up.
    pub(super) fn text(&self, number: i64) -> &str {
        self.texts.get(&number).map_or("", String::as_str)
    }
}

fn spot(row: Row<'_>, names: &mut Known<'_>) -> Result<Spot, StoreError> {
    let numbers = [row.get(0)?, row.get(1)?];
    names.learn(numbers)?;
    let [indicator, unit] = numbers.map(|number| names.text(number).to_owned());
    let key = ObservationKey { indicator, unit, period: columns::to_period(row.get(2)?)? };
    Ok((key, row.get(3)?))
}

fn figure(row: Row<'_>, names: &mut Known<'_>) -> Result<(Spot, Figure), StoreError> {
    let spot = spot(row, names)?;
    let observation = Observation { key: spot.0.clone(), value: columns::to_value(row, 5)?, note: row.get(8)? };
    let figure = Figure {
        change: columns::to_uuid(&row.get::<[u8; 16]>(4)?)?,
        seq: columns::to_u64(row.get(12)?)?,
        observation,
        entered_by: row.get(9)?,
        entered_at: columns::to_time(row.get(10)?)?,
        received_at: columns::to_time(row.get(11)?)?,
    };
    Ok((spot, figure))
}

fn attachment(row: Row<'_>, names: &mut Known<'_>) -> Result<((Spot, [u8; 32]), Attachment), StoreError> {
    let attachment = Attachment {
        name: row.get(5)?,
        size_bytes: columns::to_u64(row.get(6)?)?,
        entered_by: row.get(7)?,
        entered_at: columns::to_time(row.get(8)?)?,
        received_at: columns::to_time(row.get(9)?)?,
    };
    Ok(((spot(row, names)?, row.get(4)?), attachment))
}
