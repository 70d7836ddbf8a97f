//! Changes that were kept raw because this program did not know their kind, and what becomes of them when it does.

use super::{
    super::{Judged, ParkedChange, ParkedPlace, StoreError, TakenUp},
    columns,
    conflict::{self, Hand},
    journal::PARKED,
    level,
    names::Names,
    records::{Part, Records},
    remake,
    versions::KnownVersions,
};
use crate::store::engine::{Connection, OptionalRow, params};
use shared::{
    change::{Change, Deed},
    observation::Refusal,
    period::Period,
};
use std::collections::{BTreeMap, HashMap, HashSet, hash_map::Entry};
use uuid::Uuid;

/// What the program knew that looked at the parked changes last: how many kinds, and which schema.
const KEYS: [(&str, u32); 2] = [("change_kinds", 2), ("change_schema", 1)];

/// What the program knew that looked last. The first version did not note it: it knew two kinds and the first schema.
pub(super) fn known(connection: &Connection) -> Result<(u32, u32), StoreError> {
    let value = |(key, first): (&str, u32)| -> Result<u32, StoreError> {
        let mut statement = connection.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
        let text: Option<String> = statement.query_row([key], |row| row.get(0)).optional()?;
        text.map_or(Ok(first), |text| text.parse().map_err(|_| StoreError::Unreadable("number of kinds")))
    };
    Ok((value(KEYS[0])?, value(KEYS[1])?))
}

/// Notes what this program knows.
pub(super) fn note_known(connection: &Connection, (kinds, schema): (u32, u32)) -> Result<(), StoreError> {
    for ((key, _), value) in KEYS.into_iter().zip([kinds, schema]) {
        let sql = "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2";
        connection.prepare_cached(sql)?.execute(params![key, value.to_string()])?;
    }
    Ok(())
}

/// The parked changes behind a place, in the order of their logs.
pub(super) fn after(connection: &Connection, place: ParkedPlace, limit: u32) -> Result<Vec<ParkedChange>, StoreError> {
    let sql = "SELECT log.id, journal.seq, name.text, journal.body FROM journal JOIN head ON head.log = journal.log
               JOIN log ON log.id = journal.log JOIN name ON name.id = head.commune
               WHERE (journal.log, journal.seq) > (?1, ?2) AND journal.refusal = ?3
               ORDER BY journal.log, journal.seq LIMIT ?4";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![place.log, place.seq, PARKED, limit])?;
    let mut parked = Vec::new();
    while let Some(row) = rows.next()? {
        let place = ParkedPlace { log: row.get(0)?, seq: row.get(1)? };
        parked.push(ParkedChange { place, commune: row.get(2)?, body: row.get::<Vec<u8>>(3)?.into() });
    }
    Ok(parked)
}

/// Applies parked changes in the order of their logs, or notes why not; how many are parked no more. Each place of the records is made
/// anew once.
pub(super) fn take_up(
    connection: &Connection,
    names: &mut Names,
    versions: &mut KnownVersions,
    changes: Vec<TakenUp>,
) -> Result<u32, StoreError> {
    let mut page = Page::default();
    let mut taken = 0;
    for change in changes {
        taken += u32::from(page.take(connection, names, versions, change)?);
    }
    if !page.places.is_empty() {
        level::remade(connection)?;
    }
    for ((log, commune, indicator, period), former) in page.places {
        remake::records(connection, names, log, commune, &indicator, period)?;
        remake::move_verdicts(connection, names, log, commune, (&indicator, period), &former)?;
        versions.forget_commune(commune);
    }
    Ok(taken)
}

/// Ids of the parked changes of the logs that were asked about. What names one of them waits with it.
#[derive(Debug, Default)]
pub(super) struct ParkedIds(HashMap<i64, HashSet<Uuid>>);

impl ParkedIds {
    /// Whether this is a parked change of a log.
    pub(super) fn has(&mut self, connection: &Connection, log: i64, id: Option<Uuid>) -> Result<bool, StoreError> {
        let Some(id) = id else { return Ok(false) };
        let ids = match self.0.entry(log) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let sql = "SELECT body FROM journal WHERE log = ?1 AND refusal = ?2";
                let mut statement = connection.prepare_cached(sql)?;
                let mut rows = statement.query(params![log, PARKED])?;
                let mut ids = HashSet::new();
                while let Some(row) = rows.next()? {
                    ids.extend(proto::change::id_within(row.bytes(0)?));
                }
                entry.insert(ids)
            }
        };
        Ok(ids.contains(&id))
    }

    /// A change was parked just now.
    pub(super) fn add(&mut self, log: i64, body: &[u8]) {
        if let (Some(ids), Some(id)) = (self.0.get_mut(&log), proto::change::id_within(body)) {
            ids.insert(id);
        }
    }

    fn remove(&mut self, log: i64, id: Uuid) {
        if let Some(ids) = self.0.get_mut(&log) {
            ids.remove(&id);
        }
    }
}

/// Parked changes that are taken up together.
#[derive(Default)]
struct Page {
    /// Log, commune, indicator and period of what is to be made anew, with the records by the journal as it was.
    places: BTreeMap<(i64, i64, String, Period), Records>,
    /// Where the figures of this page are recorded.
    figures: HashMap<Uuid, (String, Period)>,
    parked: ParkedIds,
}

impl Page {
    /// Notes what becomes of a change; whether it is parked no more.
    fn take(
        &mut self,
        connection: &Connection,
        names: &mut Names,
        versions: &mut KnownVersions,
        taken: TakenUp,
    ) -> Result<bool, StoreError> {
        let ParkedPlace { log, seq } = taken.place;
        let commune = names.number(connection, &taken.commune)?;
        let note = |refusal: Option<&Refusal>| -> Result<bool, StoreError> {
            let sql = "UPDATE journal SET refusal = ?3 WHERE log = ?1 AND seq = ?2 AND refusal = ?4";
            let refusal = refusal.map(Refusal::to_string);
            Ok(connection.prepare_cached(sql)?.execute(params![log, seq, refusal, PARKED])? > 0)
        };
        let change = match taken.judged {
            Judged::Parked => return Ok(false),
            Judged::Refused { refusal, change_id } => {
                self.parked.remove(log, change_id);
                return note(Some(&refusal));
            }
            Judged::Fit(change) => change,
        };
        let about = self.about(connection, names, versions, commune, &change)?;
        if matches!(about, About::Refused(Refusal::UnknownObservation | Refusal::UnknownConflict))
            && self.parked.has(connection, log, change.deed.about())?
        {
            return Ok(false);
        }
        self.parked.remove(log, change.id);
        match about {
            About::Refused(refusal) => return note(Some(&refusal)),
            About::Records(indicator, period) => {
                if matches!(change.deed, Deed::Recorded(_)) {
                    self.figures.insert(change.id, (indicator.clone(), period));
                }
                let part = Part::Indicator(&indicator, period);
                let former = match self.places.contains_key(&(log, commune, indicator.clone(), period)) {
                    true => None,
                    false => Some(Records::of_journal(connection, log, part)?),
                };
                self.places.entry((log, commune, indicator, period)).or_insert_with(|| former.unwrap_or_default());
            }
            About::Conflicts => {}
        }
        let hand = Hand { by: &change.entered_by, at: change.entered_at };
        match &change.deed {
            Deed::ConflictNoted(noted) => conflict::note(connection, commune, change.id, noted, &hand)?,
            Deed::ConflictSettled(settled) => {
                conflict::settle(connection, commune, *settled, &hand)?;
            }
            Deed::Recorded(_) | Deed::Attached(_) => {}
        }
        note(None)
    }

    fn about(
        &self,
        connection: &Connection,
        names: &mut Names,
        versions: &mut KnownVersions,
        commune: i64,
        change: &Change,
    ) -> Result<About, StoreError> {
        let (indicator, period) = match &change.deed {
            Deed::Recorded(figure) => (figure.key.indicator.clone(), figure.key.period),
            Deed::Attached(evidence) => match self.figures.get(&evidence.observation) {
                Some(place) => place.clone(),
                None => match versions.find(connection, commune, evidence.observation)? {
                    Some((indicator, _, period, _)) => {
                        (names.text(connection, indicator)?.to_string(), columns::to_period(period)?)
                    }
                    None => return Ok(About::Refused(Refusal::UnknownObservation)),
                },
            },
            Deed::ConflictSettled(conflict) if !conflict::is_noted(connection, commune, *conflict)? => {
                return Ok(About::Refused(Refusal::UnknownConflict));
            }
            Deed::ConflictNoted(_) | Deed::ConflictSettled(_) => return Ok(About::Conflicts),
        };
        Ok(About::Records(indicator, period))
    }
}

/// What a change is about.
enum About {
    Records(String, Period),
    Conflicts,
    Refused(Refusal),
}
