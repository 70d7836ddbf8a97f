//! Alerts: the red and yellow lights, of targets and of tasks, of the month that is shown by default, and the record of when they were raised and cleared.
//!
//! Source: scoring rules 2026.1, "Lights"; plan of xã Định Quán, IV.3.2; plan of xã Tân Lợi, V.2.3.

use crate::{
    report::{figures::Figures, task},
    standing::Live,
    store::{Alert, Store, StoreError},
};
use chrono::{DateTime, Utc};
use shared::{
    period::Period,
    ranking::{
        Scheme,
        explain::{self, ExplainRow},
    },
    task::Reported,
};
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;

/// How often a running `serve` brings the record up to date where nobody asks.
const INTERVAL: Duration = Duration::from_secs(600);

/// The red and yellow targets of all communes in a period, commune by commune in the plans' order.
pub fn lit(figures: &Figures, period: Period) -> Vec<ExplainRow> {
    let book = figures.standings.book();
    let board = figures.standings.board(Scheme::Own, period);
    let communes = 0..u32::try_from(book.members().len()).unwrap_or(u32::MAX);
    let rows = communes.flat_map(|commune| explain::explain(book, &board, commune, figures.today));
    rows.filter(|row| row.cause.is_some()).collect()
}

/// The alerts that stand now; none where the plan year has no month yet.
#[must_use]
pub fn standing(figures: &Figures) -> Option<(Period, Vec<Alert>)> {
    let period = figures.period(None).ok()?;
    let alert = |row: ExplainRow| {
        let member = &figures.standings.book().members()[row.commune as usize];
        Some(Alert {
            commune: member.row.slug.clone(),
            plan_ref: member.targets.get(row.own? as usize)?.plan_ref.to_string(),
            light: row.light,
            cause: row.cause?.as_str().to_owned(),
        })
    };
    let tasks = task::lines(figures, period).into_iter().filter_map(|line| {
        Some(Alert {
            commune: line.task.commune.clone(),
            plan_ref: Reported::Progress(&line.task.code).code(),
            light: line.progress.light,
            cause: line.progress.cause?.as_str().to_owned(),
        })
    });
    Some((period, lit(figures, period).into_iter().filter_map(alert).chain(tasks).collect()))
}

/// Brings the record of alerts level with the figures.
///
/// # Errors
/// The store's.
pub async fn bring_up_to_date(store: &dyn Store, figures: &Figures, at: DateTime<Utc>) -> Result<(), StoreError> {
    match standing(figures) {
        Some((period, alerts)) => store.note_alerts(period, alerts, at).await,
        None => Ok(()),
    }
}

/// Keeps the record up to date until the end is signalled; of several servers on one store one does it.
pub async fn watch(live: Arc<Live>, mut ending: watch::Receiver<bool>) {
    let mut ticks = tokio::time::interval(INTERVAL);
    loop {
        tokio::select! {
            () = async { drop(ending.wait_for(|ending| *ending).await) } => return,
            _ = ticks.tick() => {}
        }
        if let Err(error) = live.note_alerts_in_turn(INTERVAL).await {
            tracing::warn!(%error, "the record of alerts could not be brought up to date");
        }
    }
}
