//! Closing a period: what is frozen, and the figures of a closed period as they were then.
//!
//! Source: scoring rules 2026.1, "Closed periods". What comes after a closing is kept, counts in the periods that are open, and in this
//! one from its next closing on.

use crate::{
    report::{
        figures::{Figures, exception_row, exceptions_for, observation_row, target_places},
        question::AskError,
    },
    store::{Act, Closed, Closing, Freeze, Freezing, Store, StoreError, StoredObservation},
};
use chrono::NaiveDate;
use shared::{
    book::Book,
    calendar::local_day,
    observation::{Decision, ObservationKey},
    period::Period,
    ranking::{Scheme, Scope, previous_in_year, rank},
    snapshot::{Head, Snapshot, SnapshotError, all_schemes},
    standings::Standings,
    tables::{ExceptionRow, Inputs},
    task::Reported,
};
use std::{collections::HashMap, sync::Arc};
use thiserror::Error;

/// Closes a period as of the act's day.
///
/// # Errors
/// The store's.
pub async fn close(store: &dyn Store, period: Period, act: Act) -> Result<Closed, StoreError> {
    store.close_period(period, freeze(period, local_day(act.at)), act).await
}

/// Makes the snapshot of a period as of a day.
#[must_use]
pub fn freeze(period: Period, as_of: NaiveDate) -> Freeze {
    Box::new(move |freezing| {
        let Freezing { province, catalogue, observations, exceptions, previous } = freezing;
        let granted: Vec<ExceptionRow> = exceptions.into_iter().map(exception_row).collect();
        let mut inputs = Inputs::of_catalogue(&catalogue);
        inputs.exceptions = exceptions_for(&catalogue, &granted, period);
        let of_period = observations.iter().filter(|o| is_of(o.key.period, period));
        inputs.observations = of_period.map(observation_row).collect();
        let previous = match (previous_in_year(period), previous) {
            (None, _) => None,
            (Some(_), Some(closed)) => Some(closed.all_rankings()),
            (Some(before), None) => {
                let book = Book::new(&inputs)?;
                Some(all_schemes(&book, before, |scheme| rank(&book, scheme, before, &Scope::default())))
            }
        };
        let rules = catalogue.province.rules;
        Snapshot::freeze(Head { province, period, rules, as_of }, &inputs, previous)
    })
}

/// Whether a figure of `reported` plays a part in `period`.
fn is_of(reported: Period, period: Period) -> bool {
    reported.year() == period.year() && reported.ends_by(period)
}

/// Why the figures of a closed period cannot be had.
#[derive(Debug, Error)]
pub enum FrozenError {
    /// There are none.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A closed period's figures as they were when it was closed.
#[derive(Debug)]
pub struct Frozen {
    /// The closing.
    pub closing: Closing,
    /// What answers are made from.
    pub figures: Figures,
    /// The tables of the exports.
    pub inputs: Inputs,
}

impl Frozen {
    /// Loads the figures of a closing.
    ///
    /// # Errors
    /// [`FrozenError`].
    pub async fn load(store: &dyn Store, closing: Closing) -> Result<Self, FrozenError> {
        let period = closing.period;
        let snapshot = store.snapshot(period, closing.revision).await?.ok_or(AskError::NoSnapshot(period))?;
        let catalogue = store.catalogue_at(closing.catalogue_version).await?;
        let catalogue = catalogue.ok_or(StoreError::Unreadable("catalogue"))?;
        let exercise = store.founding().await?.exercise;
        let unusable = |error: SnapshotError| AskError::BadSnapshot(period, error.to_string());
        let inputs = snapshot.inputs().map_err(|error| unusable(error.into()))?;
        let mut book = Book::new(&inputs).map_err(|error| unusable(error.into()))?;
        for commune in &catalogue.communes {
            book.set_cutoff_day(&commune.slug, commune.calendar(&catalogue.province).days.cutoff);
        }
        let mut standings = Standings::new(book);
        for scheme in Scheme::ALL {
            let ranks = snapshot.previous(scheme).map_err(|error| unusable(error.into()))?;
            if let Some((previous, ranks)) = previous_in_year(period).zip(ranks) {
                standings.freeze(scheme, previous, &ranks);
            }
        }
        let figures = Figures {
            targets: target_places(&catalogue).into(),
            catalogue: catalogue.into(),
            catalogue_version: closing.catalogue_version,
            standings,
            contacts: Vec::new(),
            closings: Vec::new(),
            alert_events: Vec::new(),
            verdicts: Vec::new(),
            notes: Arc::default(),
            today: snapshot.head.as_of,
            exercise,
        };
        Ok(Self { closing, figures, inputs })
    }
}

/// Why a version was not in the last snapshot of its period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lateness {
    /// It came after the closing.
    Figure,
    /// It got more evidence after the closing.
    Evidence,
    /// It was reviewed after the closing, or reviewed again.
    Verdict,
}

/// What came after a closing: versions that its snapshot does not have, or has otherwise.
#[must_use]
pub fn late(frozen: &Inputs, period: Period, held: Vec<StoredObservation>) -> Vec<(Lateness, StoredObservation)> {
    type Facts = (u32, Option<Decision>);
    let key = |indicator: &str, unit: &str, period| ObservationKey {
        indicator: indicator.to_owned(),
        unit: unit.to_owned(),
        period,
    };
    let known: HashMap<(&str, ObservationKey, u32), Facts> = frozen
        .observations
        .iter()
        .map(|o| {
            let place = (o.commune.as_str(), key(&o.indicator, &o.unit, o.period), o.version);
            (place, (o.evidence_count, o.verdict))
        })
        .collect();
    let lateness = |o: &StoredObservation| match known.get(&(o.commune.as_str(), o.key.clone(), o.version)) {
        None => Some(Lateness::Figure),
        Some((_, verdict)) if *verdict != o.verdict => Some(Lateness::Verdict),
        Some((evidence, _)) if *evidence != o.evidence_count => Some(Lateness::Evidence),
        Some(_) => None,
    };
    // What is reported of tasks is not frozen.
    let counts = |o: &StoredObservation| is_of(o.key.period, period) && !Reported::of(&o.key.indicator).is_task();
    let of_period = held.into_iter().filter(counts);
    of_period.filter_map(|o| lateness(&o).map(|why| (why, o))).collect()
}
