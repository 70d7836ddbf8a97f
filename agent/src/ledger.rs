//! The commune's own figures as the scoring rules look at them, made from the store when somebody asks.
//!
//! It ranks nothing: the province's word on ranks is shown as it came.

use crate::store::{StoreError, View, figures::Figure};
use chrono::NaiveDate;
use shared::{
    book::{Book, Version},
    catalogue::{Catalogue, view::CommuneView},
    observation::{Decision, ObservationKey},
    period::Period,
    plausibility::{self, Doubt, Doubted, Sight},
    tables::Inputs,
};
use std::collections::HashMap;

/// The figures of one commune.
#[derive(Debug)]
pub struct Ledger {
    /// The catalogue with this commune alone.
    pub catalogue: Catalogue,
    /// Its figures.
    pub book: Book,
    /// Its number in the book; none where its plan has no targets.
    pub commune: Option<u32>,
    /// What was noted with the newest versions of figures.
    notes: HashMap<ObservationKey, String>,
    today: NaiveDate,
}

impl Ledger {
    /// Reads the store, as of a day. What the province refused is left out.
    ///
    /// # Errors
    /// What the store says.
    pub fn read(view: View<'_>, commune: &CommuneView, today: NaiveDate) -> Result<Self, StoreError> {
        let catalogue = commune.catalogue();
        let slug = &commune.commune.slug;
        let mut book =
            Book::new(&Inputs::of_catalogue(&catalogue)).map_err(|error| StoreError::Damaged(error.to_string()))?;
        book.set_cutoff_day(slug, commune.commune.calendar(&commune.province).days.cutoff);
        for exception in view.exceptions()? {
            let cutoff = exception.cutoff.parse().map_err(|_| StoreError::Damaged("unreadable cut-off day".into()))?;
            book.except(slug, exception.period, Some(cutoff));
        }
        let mut notes = HashMap::new();
        for figure in view.newest_of_all()? {
            book.record(version(slug, &figure));
            if !figure.observation.note.is_empty() {
                notes.insert(figure.observation.key, figure.observation.note);
            }
        }
        let number = book.commune_number(slug);
        Ok(Self { catalogue, book, commune: number, notes, today })
    }

    fn sight(&self) -> Option<Sight<'_>> {
        let (book, catalogue, today) = (&self.book, &self.catalogue, self.today);
        self.commune.map(|commune| Sight::new(book, catalogue, commune, today))
    }

    /// What should be looked at again in one figure as it stands.
    #[must_use]
    pub fn doubts_of(&self, key: &ObservationKey) -> Vec<Doubt> {
        let doubts = |sight| plausibility::of_key(sight, &key.indicator, &key.unit, key.period);
        self.sight().map(doubts).unwrap_or_default()
    }

    /// What should be looked at again in all figures of a period, and in those given ahead of their time.
    #[must_use]
    pub fn doubts(&self, period: Period) -> Vec<Doubted> {
        let Some(sight) = self.sight() else { return Vec::new() };
        plausibility::doubts(sight, period).into_iter().chain(plausibility::ahead(sight, period)).collect()
    }

    /// What was noted with the figure in doubt; empty where nothing was.
    #[must_use]
    pub fn note(&self, doubted: &Doubted) -> &str {
        let Doubted { code, unit, period, .. } = doubted;
        let key = ObservationKey { indicator: code.clone(), unit: unit.clone(), period: *period };
        self.notes.get(&key).map_or("", String::as_str)
    }

    /// Whether a note was asked for and given.
    #[must_use]
    pub fn is_settled(&self, doubted: &Doubted) -> bool {
        doubted.doubt.asks_for_a_note() && !self.note(doubted).is_empty()
    }
}

fn version<'a>(slug: &'a str, figure: &'a Figure) -> Version<'a> {
    Version {
        commune: slug,
        indicator: &figure.observation.key.indicator,
        unit: &figure.observation.key.unit,
        period: figure.observation.key.period,
        version: figure.version.unwrap_or_default(),
        value: figure.observation.value,
        received_at: figure.entered_at,
        evidence: figure.evidence_count,
        verdict: figure.verdict.as_ref().map(|verdict| -> Decision { verdict.decision }),
    }
}
