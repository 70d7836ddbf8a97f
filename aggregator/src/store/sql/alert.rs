//! Alerts as they are raised and cleared. A light that changes its colour or its cause is cleared and raised anew, both
//! at the same instant: so a result that is returned is seen to be, also where its light was red before.
//!
//! A nation has a hundred thousand of them, and what is written waits for nobody long: the record is brought level for a few communes in
//! one transaction, and only for those where it is not.

use super::{
    super::{Alert, AlertEvent, StoreError},
    columns, names,
    names::Names,
};
use crate::store::engine::{Connection, Counted, params};
use crate::store::postgres::{AlertRow, clear_alerts, raise_alerts};
use chrono::{DateTime, Utc};
use shared::{light::Light, period::Period};
use std::collections::{HashMap, hash_map::Entry};

/// Most communes whose record is brought level in one transaction: figures are committed in between.
pub(super) const COMMUNES_AT_ONCE: usize = 32;

/// The alerts that stand for a commune by its record, by place in its plan and light: their rows and causes.
type Standing = HashMap<(String, Light), (i64, String)>;

/// The alerts that are to stand for a commune, one for each place and light.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    commune: String,
    alerts: Vec<Alert>,
}

impl Wanted {
    fn is_noted(&self, held: &Standing) -> bool {
        let is_held = |alert: &Alert| {
            held.get(&(alert.plan_ref.clone(), alert.light)).is_some_and(|(_, cause)| *cause == alert.cause)
        };
        self.alerts.len() == held.len() && self.alerts.iter().all(is_held)
    }
}

/// The communes whose record is not level with what stands now.
pub(super) fn differing(connection: &Connection, alerts: Vec<Alert>) -> Result<Vec<Wanted>, StoreError> {
    let mut held: HashMap<String, Standing> = HashMap::new();
    let sql = "SELECT alert.id, plan_ref, light, cause, name.text FROM alert JOIN name ON name.id = alert.commune
               WHERE cleared_at IS NULL";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![])?;
    while let Some(row) = rows.next()? {
        let key = (row.get(1)?, light(&row.get::<String>(2)?)?);
        held.entry(row.get(4)?).or_default().insert(key, (row.get(0)?, row.get(3)?));
    }
    let mut wanted: Vec<Wanted> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for alert in alerts {
        let place = match places.entry(alert.commune.clone()) {
            Entry::Occupied(place) => *place.get(),
            Entry::Vacant(place) => {
                wanted.push(Wanted { commune: alert.commune.clone(), alerts: Vec::new() });
                *place.insert(wanted.len() - 1)
            }
        };
        let of_it = &mut wanted[place].alerts;
        if !of_it.iter().any(|one| (&one.plan_ref, one.light) == (&alert.plan_ref, alert.light)) {
            of_it.push(alert);
        }
    }
    let mut over: Vec<_> = held.keys().filter(|commune| !places.contains_key(*commune)).cloned().collect();
    over.sort_unstable();
    wanted.retain(|one| !held.get(&one.commune).map_or(one.alerts.is_empty(), |held| one.is_noted(held)));
    wanted.extend(over.into_iter().map(|commune| Wanted { commune, alerts: Vec::new() }));
    Ok(wanted)
}

/// Brings the record of some communes, at most [`COMMUNES_AT_ONCE`], level with what stands now.
pub(super) fn note(
    connection: &Connection,
    names: &mut Names,
    period: Period,
    wanted: &[Wanted],
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let numbers = wanted.iter().map(|one| names.number(connection, &one.commune)).collect::<Result<Vec<_>, _>>()?;
    let mut held = held_of(connection, &numbers)?;
    let (mut raised, mut cleared) = (Vec::new(), Vec::new());
    for (one, commune) in wanted.iter().zip(numbers) {
        let mut open = held.remove(&commune).unwrap_or_default();
        for Alert { plan_ref, light, cause, .. } in &one.alerts {
            let key = (plan_ref.clone(), *light);
            if open.get(&key).is_some_and(|(_, before)| before == cause) {
                open.remove(&key);
            } else {
                raised.push(AlertRow { commune, plan_ref, light: light.as_str(), cause });
            }
        }
        cleared.extend(open.into_values().map(|(id, _)| (commune, id)));
    }
    write(connection, (columns::period(period), columns::time(at)), &raised, &cleared)
}

/// Raises and clears, all at the same instant.
fn write(
    connection: &Connection,
    (period, at): (i64, i64),
    raised: &[AlertRow<'_>],
    cleared: &[(i64, i64)],
) -> Result<(), StoreError> {
    if let Some(session) = connection.session() {
        if !raised.is_empty() {
            let first = connection.next_of(Counted::Alert, columns::count(raised.len() as u64))?.unwrap_or_default();
            raise_alerts(session, first, (period, at), raised)?;
        }
        return Ok(clear_alerts(session, at, cleared)?);
    }
    let sql = "INSERT INTO alert (commune, plan_ref, light, cause, period, raised_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let mut raise = connection.prepare_cached(sql)?;
    for AlertRow { commune, plan_ref, light, cause } in raised {
        raise.execute(params![*commune, *plan_ref, *light, *cause, period, at])?;
    }
    let mut clear =
        connection.prepare_cached("UPDATE alert SET cleared_at = max(raised_at, ?3) WHERE commune = ?1 AND id = ?2")?;
    for (commune, id) in cleared {
        clear.execute(params![*commune, *id, at])?;
    }
    Ok(())
}

/// What stands by the record, of some communes.
fn held_of(connection: &Connection, communes: &[i64]) -> Result<HashMap<i64, Standing>, StoreError> {
    let mut held: HashMap<i64, Standing> = HashMap::new();
    // Always as many, the last of them more than once: one statement for all.
    let Some(last) = communes.last() else { return Ok(held) };
    let mut asked = [*last; COMMUNES_AT_ONCE];
    asked.iter_mut().zip(communes).for_each(|(place, commune)| *place = *commune);
    let places: Vec<_> = (1..=COMMUNES_AT_ONCE).map(|place| format!("?{place}")).collect();
    let places = places.join(", ");
    let sql = format!(
        "SELECT commune, id, plan_ref, light, cause FROM alert WHERE cleared_at IS NULL AND commune IN ({places})"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(asked)?;
    while let Some(row) = rows.next()? {
        let key = (row.get(2)?, light(&row.get::<String>(3)?)?);
        held.entry(row.get(0)?).or_default().insert(key, (row.get(1)?, row.get(4)?));
    }
    Ok(held)
}

fn light(word: &str) -> Result<Light, StoreError> {
    Light::ALL.into_iter().find(|light| light.as_str() == word).ok_or(StoreError::Unreadable("light"))
}

/// The alerts that stand, and those that were cleared at or after an instant, in the order in which they were raised.
pub(super) fn events(connection: &Connection, since: DateTime<Utc>) -> Result<Vec<AlertEvent>, StoreError> {
    let names = names::all(connection)?;
    let sql = "SELECT commune, plan_ref, light, cause, period, raised_at, cleared_at FROM alert
               WHERE cleared_at IS NULL OR cleared_at >= ?1 ORDER BY id";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([columns::time(since)])?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        let commune = names.get(&row.get(0)?).cloned().ok_or(StoreError::Unreadable("name"))?;
        let alert = Alert { commune, plan_ref: row.get(1)?, light: light(&row.get::<String>(2)?)?, cause: row.get(3)? };
        events.push(AlertEvent {
            alert,
            period: columns::to_period(row.get(4)?)?,
            raised_at: columns::to_time(row.get(5)?)?,
            cleared_at: row.get::<Option<i64>>(6)?.map(columns::to_time).transpose()?,
        });
    }
    Ok(events)
}
