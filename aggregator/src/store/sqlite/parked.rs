//! Changes that were kept raw because this program did not know their kind, and what becomes of them when it does.

use super::{
    super::{Judged, ParkedChange, ParkedPlace, StoreError, TakenUp},
    columns,
    conflict::{self, Hand},
    journal::PARKED,
    names::Names,
    read,
    records::{Part, Records},
    remake,
    versions::KnownVersions,
};
use rusqlite::{Connection, OptionalExtension, params};
use shared::{
    change::{Change, Deed},
    observation::Refusal,
    period::Period,
};

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
        parked.push(ParkedChange { place, commune: row.get(2)?, body: row.get::<_, Vec<u8>>(3)?.into() });
    }
    Ok(parked)
}

/// Applies a parked change, or notes why not; whether it is parked no more.
pub(super) fn take_up(
    connection: &Connection,
    names: &mut Names,
    versions: &mut KnownVersions,
    taken: TakenUp,
) -> Result<bool, StoreError> {
    let ParkedPlace { log, seq } = taken.place;
    let commune = names.number(connection, &taken.commune)?;
    let note = |refusal: Option<&str>| -> Result<usize, StoreError> {
        let sql = "UPDATE journal SET refusal = ?3 WHERE log = ?1 AND seq = ?2 AND refusal = ?4";
        Ok(connection.prepare_cached(sql)?.execute(params![log, seq, refusal, PARKED])?)
    };
    let change = match taken.judged {
        Judged::Parked => return Ok(false),
        Judged::Refused { refusal, .. } => return Ok(note(Some(&refusal.to_string()))? > 0),
        Judged::Fit(change) => change,
    };
    let part = match about(connection, names, versions, commune, &change)? {
        About::Refused(refusal) => return Ok(note(Some(&refusal.to_string()))? > 0),
        About::Records(indicator, period) => Some((indicator, period)),
        About::Conflicts => None,
    };
    let former = match &part {
        Some((indicator, period)) => Records::of_journal(connection, log, Part::Indicator(indicator, *period))?,
        None => Records::default(),
    };
    if note(None)? == 0 {
        return Ok(false);
    }
    if let Some((indicator, period)) = part {
        remake::records(connection, names, log, commune, &indicator, period)?;
        remake::move_verdicts(connection, names, log, commune, (&indicator, period), &former)?;
        versions.forget();
    }
    let hand = Hand { by: &change.entered_by, at: change.entered_at };
    match &change.deed {
        Deed::ConflictNoted(noted) => conflict::note(connection, commune, change.id, noted, &hand)?,
        Deed::ConflictSettled(settled) => {
            conflict::settle(connection, commune, *settled, &hand)?;
        }
        Deed::Recorded(_) | Deed::Attached(_) => {}
    }
    Ok(true)
}

/// What a change is about.
enum About {
    Records(String, Period),
    Conflicts,
    Refused(Refusal),
}

fn about(
    connection: &Connection,
    names: &mut Names,
    versions: &mut KnownVersions,
    commune: i64,
    change: &Change,
) -> Result<About, StoreError> {
    let (indicator, period) = match &change.deed {
        Deed::Recorded(figure) => (figure.key.indicator.clone(), figure.key.period),
        Deed::Attached(evidence) => match versions.find(connection, commune, evidence.observation)? {
            Some((indicator, _, period, _)) => {
                (names.text(connection, indicator)?.to_string(), columns::to_period(period)?)
            }
            None => return Ok(About::Refused(Refusal::UnknownObservation)),
        },
        Deed::ConflictSettled(conflict) if !conflict::is_noted(connection, commune, *conflict)? => {
            return Ok(About::Refused(Refusal::UnknownConflict));
        }
        Deed::ConflictNoted(_) | Deed::ConflictSettled(_) => return Ok(About::Conflicts),
    };
    let closed = read::closed_periods(connection)?.iter().any(|closed| closed.period == period);
    Ok(if closed { About::Refused(Refusal::PeriodClosed(period)) } else { About::Records(indicator, period) })
}
