//! Composite scores, schemes, ranks and movement.
//!
//! Source: scoring rules 2026.1, "Composite score and rank". A [`board::Board`] holds the lines of all communes in order
//! and can be refreshed for one commune; [`rank`] turns it into the rows of a ranking, [`explain`] shows what a line is
//! made of, [`what_if`] what it would be.

pub mod board;
pub mod explain;
#[cfg(test)]
pub(crate) mod tests;
pub mod what_if;

use crate::{book::Book, catalogue::CommuneKind, fraction::decimals, period::Period};
use board::Board;
use std::{borrow::Cow, collections::HashMap};

/// Which indicators and targets a ranking goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Scheme {
    /// All that the commune's own plan scores, against its own targets.
    #[default]
    Own,
    /// The indicators that every ranked commune's plan scores, against the commune's own targets.
    Common,
    /// All indicators with a provincial standard target, against that.
    Standard,
}

impl Scheme {
    /// All schemes.
    pub const ALL: [Scheme; 3] = [Scheme::Own, Scheme::Common, Scheme::Standard];

    /// The word in exports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Scheme::Own => "own",
            Scheme::Common => "common",
            Scheme::Standard => "standard",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scheme| scheme.as_str() == word)
    }
}

/// A part of a ranking: the same order within a group of indicators, for one indicator, or within a kind of commune.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scope {
    /// Only indicators of this group.
    pub group: Option<String>,
    /// Only this indicator.
    pub indicator: Option<String>,
    /// Only communes of this kind.
    pub kind: Option<CommuneKind>,
}

/// One row of a ranking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RankingRow {
    /// Number of the commune in the book.
    pub commune: u32,
    /// Its rank; none when it is listed without one.
    pub rank: Option<u32>,
    /// Its score in hundredths; none when nothing is scored.
    pub score: Option<i64>,
    /// Targets with a = 1 that counted.
    pub met: u32,
    /// Scored targets.
    pub scored: u32,
    /// Share reported on time, in ten-thousandths.
    pub on_time: u32,
    /// Rank in the period of the same length before, minus the rank now.
    pub movement: Option<i64>,
    /// Targets counted provisionally.
    pub provisional: u32,
}

impl RankingRow {
    /// The score with two decimals, empty for none.
    #[must_use]
    pub fn score_text(&self) -> String {
        self.score.map_or_else(String::new, |score| decimals(score.into(), 2))
    }

    /// The share on time with four decimals.
    #[must_use]
    pub fn on_time_text(&self) -> String {
        decimals(self.on_time.into(), 4)
    }
}

/// The ranking of a period: ranked communes in order, then those without a rank by name.
#[must_use]
pub fn rank(book: &Book, scheme: Scheme, period: Period, scope: &Scope) -> Vec<RankingRow> {
    let now = Board::new(book, scheme, period, scope);
    let before = previous_in_year(period).map(|previous| Board::new(book, scheme, previous, scope));
    rows(&now, &before.as_ref().map_or(Before::Nothing, Before::Board))
}

/// The ranks that movement is measured against.
#[derive(Debug, Clone)]
pub enum Before<'a> {
    /// There are none: the first period of a plan year.
    Nothing,
    /// Of the board of the period before.
    Board(&'a Board),
    /// Frozen when the period before was closed, by number of the commune.
    Frozen(Cow<'a, [Option<u32>]>),
}

impl Before<'_> {
    /// Frozen ranks by slug, for the communes of a book.
    #[must_use]
    pub fn of_ranks(book: &Book, ranks: &HashMap<String, u32>) -> Self {
        Before::Frozen(book.members().iter().map(|member| ranks.get(&member.row.slug).copied()).collect())
    }

    fn rank_of(&self, commune: u32) -> Option<u32> {
        match self {
            Before::Nothing => None,
            Before::Board(board) => board.rank_of(commune),
            Before::Frozen(ranks) => ranks.get(commune as usize).copied().flatten(),
        }
    }
}

/// The period that movement is measured against: of the same length, in the same plan year.
#[must_use]
pub fn previous_in_year(period: Period) -> Option<Period> {
    period.previous().filter(|previous| previous.year() == period.year())
}

/// The rows of a board, with movement against the ranks of the period before.
#[must_use]
pub fn rows(now: &Board, before: &Before<'_>) -> Vec<RankingRow> {
    now.order().iter().map(|commune| row(now, before, *commune)).collect()
}

/// One commune's row of a board.
#[must_use]
pub fn row(now: &Board, before: &Before<'_>, commune: u32) -> RankingRow {
    let line = now.line(commune);
    let rank = now.rank_of(commune);
    let rank_before = before.rank_of(commune);
    RankingRow {
        commune,
        rank,
        score: line.score,
        met: line.met,
        scored: line.scored,
        on_time: line.on_time,
        movement: rank_before.zip(rank).map(|(before, now)| i64::from(before) - i64::from(now)),
        provisional: line.provisional,
    }
}
