//! Rankings kept ready to be read, and brought up to date for what changed, not for everything.

use crate::{
    book::{Book, Version},
    observation::ObservationKey,
    period::Period,
    ranking::{self, Before, RankingRow, Scheme, Scope, board::Board},
};
use std::{borrow::Cow, collections::HashMap, sync::Arc};

/// A book with the boards that are kept ready for it: of [`READY_PERIODS`] periods; others are computed when asked. A clone is cheap, as
/// that of a book is.
#[derive(Debug, Clone)]
pub struct Standings {
    book: Book,
    boards: HashMap<(Scheme, Period), Arc<Board>>,
    /// Ranks of closed periods by number of the commune: what movement is measured against where the period before is closed.
    closed: HashMap<(Scheme, Period), Arc<[Option<u32>]>>,
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

/// Of how many periods boards are kept ready: the one that is shown, the one before it, which agents are told of too, and one more, which
/// the movement of that one is measured against.
pub const READY_PERIODS: usize = 3;

impl Standings {
    /// Starts from a book, with no board ready.
    #[must_use]
    pub fn new(book: Book) -> Self {
        Self { book, boards: HashMap::new(), closed: HashMap::new() }
    }

    /// The book.
    #[must_use]
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// Keeps the boards of a period, and of those before it, ready for all schemes, and no others.
    pub fn keep_ready(&mut self, period: Period) {
        let periods: Vec<Period> =
            std::iter::successors(Some(period), |one| ranking::previous_in_year(*one)).take(READY_PERIODS).collect();
        self.boards.retain(|(_, period), _| periods.contains(period));
        for (scheme, period) in Scheme::ALL.into_iter().flat_map(|scheme| periods.iter().map(move |one| (scheme, *one)))
        {
            let book = &self.book;
            self.boards
                .entry((scheme, period))
                .or_insert_with(|| Board::new(book, scheme, period, &Scope::default()).into());
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
            let seen: Vec<_> = seen.map(|(_, place)| *place).collect();
            if !seen.is_empty() {
                Arc::make_mut(board).refresh(&self.book, &seen);
            }
        }
    }

    /// Takes the ranks of a closed period, by slug: movement of the period after it is measured against them, whatever came later.
    pub fn freeze(&mut self, scheme: Scheme, period: Period, ranks: &HashMap<String, u32>) {
        let ranks = self.book.members().iter().map(|member| ranks.get(&member.row.slug).copied());
        self.closed.insert((scheme, period), ranks.collect());
    }

    /// The board of a scheme and period: the one that is ready, else a new one.
    #[must_use]
    pub fn board(&self, scheme: Scheme, period: Period) -> Cow<'_, Board> {
        match self.boards.get(&(scheme, period)) {
            Some(ready) => Cow::Borrowed(ready),
            None => Cow::Owned(Board::new(&self.book, scheme, period, &Scope::default())),
        }
    }

    /// One commune's row.
    #[must_use]
    pub fn row(&self, scheme: Scheme, period: Period, commune: u32) -> RankingRow {
        self.against(scheme, period, |now, before| ranking::row(now, before, commune))
    }

    fn against<T>(&self, scheme: Scheme, period: Period, read: impl FnOnce(&Board, &Before<'_>) -> T) -> T {
        let now = self.board(scheme, period);
        let Some(previous) = ranking::previous_in_year(period) else { return read(&now, &Before::Nothing) };
        match self.closed.get(&(scheme, previous)) {
            Some(ranks) => read(&now, &Before::Frozen((&**ranks).into())),
            None => read(&now, &Before::Board(&self.board(scheme, previous))),
        }
    }

    /// A whole ranking, or a part of one. A part is computed anew, also its movement: only whole rankings are frozen.
    #[must_use]
    pub fn ranking(&self, scheme: Scheme, period: Period, scope: &Scope) -> Vec<RankingRow> {
        if *scope != Scope::default() {
            return ranking::rank(&self.book, scheme, period, scope);
        }
        self.against(scheme, period, ranking::rows)
    }
}
