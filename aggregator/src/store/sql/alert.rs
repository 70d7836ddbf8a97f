//! Alerts as they are raised and cleared. A light that changes its colour or its cause is cleared and raised anew, both
//! at the same instant: so a result that is returned is seen to be, also where its light was red before.

use super::{
    super::{Alert, AlertEvent, StoreError},
    columns, names,
    names::Names,
};
use crate::store::engine::{Connection, Counted, params};
use chrono::{DateTime, Utc};
use shared::{light::Light, period::Period};
use std::collections::{HashMap, HashSet};

/// Brings the record level with what stands now.
pub(super) fn note(
    connection: &Connection,
    names: &mut Names,
    period: Period,
    alerts: &[Alert],
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let mut open = standing(connection)?;
    let mut raised = HashSet::new();
    for alert in alerts {
        let key = (alert.commune.clone(), alert.plan_ref.clone(), alert.light);
        if !raised.insert(key.clone()) {
            continue;
        }
        if open.get(&key).is_some_and(|(_, cause)| *cause == alert.cause) {
            open.remove(&key);
            continue;
        }
        let sql = "INSERT INTO alert (id, commune, plan_ref, light, cause, period, raised_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let commune = names.number(connection, &alert.commune)?;
        connection.prepare_cached(sql)?.execute(params![
            connection.next(Counted::Alert)?,
            commune,
            alert.plan_ref,
            alert.light.as_str(),
            alert.cause,
            columns::period(period),
            columns::time(at)
        ])?;
    }
    for (id, _) in open.into_values() {
        let sql = "UPDATE alert SET cleared_at = ?2 WHERE id = ?1";
        connection.prepare_cached(sql)?.execute(params![id, columns::time(at)])?;
    }
    Ok(())
}

/// The alerts that stand, by commune, place in its plan and light: their rows and causes.
type Standing = HashMap<(String, String, Light), (i64, String)>;

fn standing(connection: &Connection) -> Result<Standing, StoreError> {
    let sql = "SELECT alert.id, name.text, plan_ref, light, cause FROM alert JOIN name ON name.id = alert.commune
               WHERE cleared_at IS NULL";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![])?;
    let mut open = HashMap::new();
    while let Some(row) = rows.next()? {
        let key = (row.get(1)?, row.get(2)?, light(&row.get::<String>(3)?)?);
        open.insert(key, (row.get(0)?, row.get(4)?));
    }
    Ok(open)
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
