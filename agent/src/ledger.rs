//! The commune's own figures as the scoring rules look at them, made from the store when somebody asks.
//!
//! It ranks nothing: the province's word on ranks is shown as it came.

use crate::store::{StoreError, View, figures::Figure};
use shared::{
    book::{Book, Version},
    catalogue::{Catalogue, view::CommuneView},
    effective::Series,
    observation::{Decision, ObservationKey},
    period::Period,
    plausibility::{self, Doubt, Doubted},
    tables::Inputs,
};

/// The figures of one commune.
#[derive(Debug)]
pub struct Ledger {
    /// The catalogue with this commune alone.
    pub catalogue: Catalogue,
    /// Its figures.
    pub book: Book,
    /// Its number in the book; none where its plan has no targets.
    pub commune: Option<u32>,
}

impl Ledger {
    /// Reads the store. What the province refused is left out.
    ///
    /// # Errors
    /// What the store says.
    pub fn read(view: View<'_>, commune: &CommuneView) -> Result<Self, StoreError> {
        let catalogue = commune.catalogue();
        let slug = &commune.commune.slug;
        let mut book =
            Book::new(&Inputs::of_catalogue(&catalogue)).map_err(|error| StoreError::Damaged(error.to_string()))?;
        book.set_cutoff_day(slug, commune.commune.calendar(&commune.province).days.cutoff);
        for exception in view.exceptions()? {
            let cutoff = exception.cutoff.parse().map_err(|_| StoreError::Damaged("unreadable cut-off day".into()))?;
            book.except(slug, exception.period, Some(cutoff));
        }
        for figure in view.newest_of_all()? {
            book.record(version(slug, &figure));
        }
        let number = book.commune_number(slug);
        Ok(Self { catalogue, book, commune: number })
    }

    /// What should be looked at again in one figure as it stands.
    #[must_use]
    pub fn doubts_of(&self, key: &ObservationKey) -> Vec<Doubt> {
        let Some((commune, indicator)) = self.commune.zip(self.book.indicator_number(&key.indicator)) else {
            return Vec::new();
        };
        let of_key = |series: &&Series| series.period == key.period && *series.unit == *key.unit;
        let figure = self.book.series(commune, indicator).iter().find(of_key);
        figure
            .map(|figure| plausibility::of_figure(&self.book, &self.catalogue, commune, indicator, figure))
            .unwrap_or_default()
    }

    /// What should be looked at again in all figures of a period.
    #[must_use]
    pub fn doubts(&self, period: Period) -> Vec<Doubted> {
        let doubts = |commune| plausibility::doubts(&self.book, &self.catalogue, commune, period);
        self.commune.map(doubts).unwrap_or_default()
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
