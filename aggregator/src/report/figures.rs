//! Everything an answer is made from.

use super::question::{AskError, Edition};
use crate::store::{AlertEvent, Closing, Contact, Exception, Store, StoreError, StoredObservation, StoredVerdict};
use chrono::NaiveDate;
use shared::{
    book::{Book, BookError},
    calendar::DueDays,
    catalogue::{Catalogue, Target},
    observation::ObservationKey,
    period::{Cycle, Period},
    ranking::{self, Scheme},
    standings::Standings,
    tables::{ExceptionRow, Inputs, ObservationRow, read::TableError},
};
use std::{collections::HashMap, sync::Arc};
use thiserror::Error;

/// Why the figures could not be put together.
#[derive(Debug, Error)]
pub enum FiguresError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The catalogue's targets do not fit together.
    #[error(transparent)]
    Book(#[from] BookError),
    /// The frozen ranking of a closed period cannot be read.
    #[error("the ranking of a closed period cannot be read")]
    Frozen(#[from] TableError),
}

/// The catalogue and the standings of a province, and the day it is. A clone is cheap: it shares what neither changes.
#[derive(Debug, Clone)]
pub struct Figures {
    /// The current catalogue.
    pub catalogue: Arc<Catalogue>,
    /// Its version.
    pub catalogue_version: u64,
    /// All figures with the boards kept ready.
    pub standings: Standings,
    /// What is known of the agents: given for a question about them, else empty.
    pub contacts: Vec<Contact>,
    /// The closings of periods.
    pub closings: Vec<Closing>,
    /// Lights that were raised and cleared: given for a question about them, else empty.
    pub alert_events: Vec<AlertEvent>,
    /// The verdicts with their times: given for a question about them, else empty.
    pub verdicts: Vec<StoredVerdict>,
    /// What communes said of their figures, by commune, figure and version; as of the loading.
    pub notes: Arc<HashMap<(String, ObservationKey, u32), String>>,
    /// Places of each commune's targets in the catalogue, in the order of its plan.
    pub targets: Arc<HashMap<String, Vec<usize>>>,
    /// Today in the province's time zone.
    pub today: NaiveDate,
    /// Whether this is a training province.
    pub exercise: bool,
}

impl Figures {
    /// Loads everything from a store.
    ///
    /// # Errors
    /// The store's, or a catalogue that does not fit together.
    pub async fn load(store: &dyn Store, today: NaiveDate) -> Result<Self, FiguresError> {
        let (figures, _) = Self::load_with_inputs(store, today).await?;
        Ok(figures)
    }

    /// Loads everything, and the input tables beside it.
    ///
    /// # Errors
    /// As [`Figures::load`].
    pub async fn load_with_inputs(store: &dyn Store, today: NaiveDate) -> Result<(Self, Inputs), FiguresError> {
        let (catalogue_version, catalogue) = store.catalogue().await?;
        let mut inputs = Inputs::of_catalogue(&catalogue);
        let observations = store.observations().await?;
        inputs.observations = observations.iter().map(observation_row).collect();
        let noted = observations.into_iter().filter(|one| !one.note.is_empty());
        let notes: HashMap<_, _> = noted.map(|one| ((one.commune, one.key, one.version), one.note)).collect();
        inputs.exceptions = store.exceptions().await?.into_iter().map(exception_row).collect();
        let exercise = store.founding().await?.exercise;
        let mut book = Book::new(&inputs)?;
        for commune in &catalogue.communes {
            book.set_cutoff_day(&commune.slug, commune.calendar(&catalogue.province).days.cutoff);
        }
        let mut standings = Standings::new(book);
        for frozen in store.frozen_rankings().await? {
            for scheme in Scheme::ALL {
                standings.freeze(scheme, frozen.head.period, &frozen.ranks(scheme)?);
            }
        }
        let closings = store.closings().await?;
        let targets = target_places(&catalogue);
        Ok((
            Self {
                targets: targets.into(),
                catalogue,
                catalogue_version,
                standings,
                contacts: Vec::new(),
                closings,
                alert_events: Vec::new(),
                verdicts: Vec::new(),
                notes: notes.into(),
                today,
                exercise,
            },
            inputs,
        ))
    }

    /// The period asked for, or the latest month that has begun and that something was reported for, or the month of today.
    ///
    /// # Errors
    /// [`AskError::OutsidePlanYear`].
    pub fn period(&self, asked: Option<Period>) -> Result<Period, AskError> {
        let year = self.catalogue.province.plan_year;
        let this_month = Period::containing(self.today, Cycle::Monthly).filter(|month| month.year() == year);
        let reported = self.standings.book().latest_month(self.today);
        let december = || Period::new(year, Cycle::Monthly, 12);
        let period = asked.or(reported).or(this_month).or_else(december);
        match period {
            Some(period) if period.year() == year => Ok(period),
            Some(period) => Err(AskError::OutsidePlanYear(period, year)),
            None => Err(AskError::UnknownWord("plan year", year.to_string())),
        }
    }

    /// The closing whose figures are asked for; none for the present ones.
    ///
    /// # Errors
    /// [`AskError::NoRevision`].
    pub fn closing(&self, period: Period, edition: Edition) -> Result<Option<&Closing>, AskError> {
        let mut closings = self.closings.iter().filter(|closing| closing.period == period);
        match edition {
            Edition::Present => Ok(None),
            Edition::InForce => Ok(closings.find(|closing| closing.is_in_force())),
            Edition::Revision(number) => {
                let found = closings.find(|closing| closing.revision == number);
                found.map(Some).ok_or(AskError::NoRevision(period, number))
            }
        }
    }

    /// A target by its place among the commune's own.
    #[must_use]
    pub fn target(&self, commune: &str, own: u32) -> Option<&Target> {
        let place = self.targets.get(commune)?.get(own as usize)?;
        self.catalogue.targets.get(*place)
    }

    /// The number in the book of an indicator by code, upper or lower case.
    ///
    /// # Errors
    /// Unknown.
    pub fn indicator(&self, typed: &str) -> Result<u32, AskError> {
        let number = self.standings.book().indicator_number(&typed.to_uppercase());
        number.ok_or_else(|| AskError::UnknownIndicator(typed.chars().take(40).collect()))
    }
}

/// Places of each commune's targets in a catalogue, in the order of its plan.
#[must_use]
pub fn target_places(catalogue: &Catalogue) -> HashMap<String, Vec<usize>> {
    let mut places: HashMap<String, Vec<usize>> = HashMap::new();
    for (place, target) in catalogue.targets.iter().enumerate() {
        places.entry(target.commune.to_string()).or_default().push(place);
    }
    places
}

/// A stored observation as a row of the exports.
#[must_use]
pub fn observation_row(stored: &StoredObservation) -> ObservationRow {
    ObservationRow {
        commune: stored.commune.clone(),
        indicator: stored.key.indicator.clone(),
        unit: stored.key.unit.clone(),
        period: stored.key.period,
        version: stored.version,
        value: stored.value,
        entered_by: stored.entered_by.clone(),
        entered_at: stored.entered_at,
        received_at: stored.received_at,
        evidence_count: stored.evidence_count,
        verdict: stored.verdict,
    }
}

/// An exception as a row of the exports.
#[must_use]
pub fn exception_row(exception: Exception) -> ExceptionRow {
    ExceptionRow {
        commune: exception.commune,
        period: exception.period,
        cutoff: exception.cutoff,
        reason: exception.reason,
    }
}

/// The exceptions that the export of a period needs: those granted, and one for every commune whose own cut-off day
/// differs from the default calendar's, for the period and the one before it (movement looks at that).
#[must_use]
pub fn exceptions_for(catalogue: &Catalogue, granted: &[ExceptionRow], period: Period) -> Vec<ExceptionRow> {
    let mut rows: Vec<ExceptionRow> =
        granted.iter().filter(|e| e.period.year() == period.year() && e.period.ends_by(period)).cloned().collect();
    let default = DueDays::default().cutoff;
    for commune in &catalogue.communes {
        let calendar = commune.calendar(&catalogue.province);
        if calendar.days.cutoff == default {
            continue;
        }
        for period in ranking::previous_in_year(period).into_iter().chain([period]) {
            if !rows.iter().any(|row| row.commune == commune.slug && row.period == period) {
                let cutoff = calendar.cutoff(period);
                let reason = "lịch báo cáo của xã, phường".to_owned();
                rows.push(ExceptionRow { commune: commune.slug.clone(), period, cutoff, reason });
            }
        }
    }
    rows.sort_by(|a, b| a.commune.cmp(&b.commune).then_with(|| a.period.by_recency(b.period)));
    rows
}
