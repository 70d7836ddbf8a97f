//! Rankings kept ready to be read, and brought up to date for what changed, not for everything.

use crate::{
    book::{Book, Version},
    observation::ObservationKey,
    period::Period,
    ranking::{self, RankingRow, Scheme, Scope, board::Board},
};
use chrono::NaiveDate;
use std::collections::HashMap;

/// A book with the boards that are kept ready for it. At most [`MAX_BOARDS`] are kept; others are computed when asked.
#[derive(Debug)]
pub struct Standings {
    book: Book,
    boards: HashMap<(Scheme, Period), Board>,
}

/// What a board has to follow.
#[derive(Debug, Clone, Copy)]
pub enum Change<'a> {
    /// A version of a figure, new or with a new verdict.
    Version(Version<'a>),
    /// A version has more evidence.
    Evidence {
        /// Commune slug.
        commune: &'a str,
        /// The figure.
        key: &'a ObservationKey,
        /// Which version.
        version: u32,
        /// How many files it has now.
        count: u32,
    },
}

/// Most boards kept ready.
pub const MAX_BOARDS: usize = 64;

impl Standings {
    /// Starts from a book, with no board ready.
    #[must_use]
    pub fn new(book: Book) -> Self {
        Self { book, boards: HashMap::new() }
    }

    /// The book.
    #[must_use]
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// Makes the boards of a period, and of the one before it, ready for all schemes.
    pub fn keep_ready(&mut self, period: Period) {
        for scheme in Scheme::ALL {
            for period in std::iter::once(period).chain(ranking::previous_in_year(period)) {
                if self.boards.len() < MAX_BOARDS && !self.boards.contains_key(&(scheme, period)) {
                    self.boards.insert((scheme, period), Board::new(&self.book, scheme, period, &Scope::default()));
                }
            }
        }
    }

    /// Takes in changes and refreshes the boards they touch, each commune once.
    pub fn apply<'a>(&mut self, changes: impl IntoIterator<Item = Change<'a>>) {
        let mut touched: Vec<(Period, (u32, u32))> = Vec::new();
        for change in changes {
            let (period, place) = match change {
                Change::Version(version) => (version.period, self.book.record(version)),
                Change::Evidence { commune, key, version, count } => {
                    (key.period, self.book.set_evidence(commune, key, version, count))
                }
            };
            touched.extend(place.map(|place| (period, place)));
        }
        for ((_, period), board) in &mut self.boards {
            let seen =
                touched.iter().filter(|(reported, _)| period.year() == reported.year() && reported.ends_by(*period));
            board.refresh(&self.book, &seen.map(|(_, place)| *place).collect::<Vec<_>>());
        }
    }

    /// Gives a commune another cut-off day, or takes it back, and refreshes the boards of the period.
    pub fn except(&mut self, commune: &str, period: Period, cutoff: Option<NaiveDate>) {
        if self.book.except(commune, period, cutoff).is_some() {
            self.boards.retain(|(_, kept), _| *kept != period);
            self.keep_ready(period);
        }
    }

    /// A board that is ready; none when it is not kept.
    #[must_use]
    pub fn board(&self, scheme: Scheme, period: Period) -> Option<&Board> {
        self.boards.get(&(scheme, period))
    }

    /// One commune's row, from boards that are ready, else computed.
    #[must_use]
    pub fn row(&self, scheme: Scheme, period: Period, commune: u32) -> RankingRow {
        let make = |period| Board::new(&self.book, scheme, period, &Scope::default());
        let previous = ranking::previous_in_year(period);
        match (self.board(scheme, period), previous.map(|p| self.board(scheme, p))) {
            (Some(now), None) => ranking::row(now, None, commune),
            (Some(now), Some(Some(before))) => ranking::row(now, Some(before), commune),
            _ => ranking::row(&make(period), previous.map(make).as_ref(), commune),
        }
    }

    /// A whole ranking, from boards that are ready where it is not scoped, else computed.
    #[must_use]
    pub fn ranking(&self, scheme: Scheme, period: Period, scope: &Scope) -> Vec<RankingRow> {
        if *scope == Scope::default()
            && let Some(now) = self.board(scheme, period)
        {
            let previous = ranking::previous_in_year(period);
            let before = previous.map(|p| self.board(scheme, p));
            match before {
                None => return ranking::rows(now, None),
                Some(Some(before)) => return ranking::rows(now, Some(before)),
                Some(None) => {}
            }
        }
        ranking::rank(&self.book, scheme, period, scope)
    }
}
