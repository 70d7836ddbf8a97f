//! Achievement of every commune for every indicator, in the order of the ranking.

use super::figures::Figures;
use chrono::NaiveDate;
use shared::{
    achievement::Micros,
    catalogue::CommuneKind,
    evaluation::State,
    light::Light,
    period::Period,
    ranking::{Scheme, explain},
};

/// The map.
#[derive(Debug, Clone, Default)]
pub struct Heat {
    /// Numbers of the indicators that any of the communes is asked for, in the catalogue's order.
    pub indicators: Vec<u32>,
    /// The communes in the order of the ranking.
    pub rows: Vec<HeatRow>,
}

/// A commune.
#[derive(Debug, Clone)]
pub struct HeatRow {
    /// Slug.
    pub commune: String,
    /// Name.
    pub name: String,
    /// Rank in the whole ranking.
    pub rank: Option<u32>,
    /// One for each indicator; none where the commune is not asked for it.
    pub cells: Vec<Option<HeatCell>>,
}

/// What a commune has for an indicator: of several targets the one that is farthest from being reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeatCell {
    /// Achievement; none where nothing is reported.
    pub achieved: Option<Micros>,
    /// Light.
    pub light: Light,
}

/// The map of a scheme and period, of a group of indicators and a kind of commune or of all.
#[must_use]
pub fn heat(
    figures: &Figures,
    (scheme, period): (Scheme, Period),
    group: Option<&str>,
    kind: Option<CommuneKind>,
    today: NaiveDate,
) -> Heat {
    let book = figures.standings.book();
    let board = figures.standings.board(scheme, period);
    let is_asked = |indicator: u32| group.is_none_or(|group| book.indicators()[indicator as usize].group == group);
    let mut used = vec![false; book.indicators().len()];
    let mut rows = Vec::new();
    for commune in board.order() {
        let member = &book.members()[*commune as usize].row;
        if kind.is_some_and(|kind| kind != member.kind) {
            continue;
        }
        let mut cells: Vec<Option<HeatCell>> = vec![None; used.len()];
        let scored = explain::explain(book, &board, *commune, today);
        for row in scored.iter().filter(|row| row.sharers > 0 && is_asked(row.indicator)) {
            let at = row.indicator as usize;
            used[at] = true;
            let achieved = (row.state != State::Missing).then_some(row.achieved);
            let cell = HeatCell { achieved, light: row.light };
            if cells[at].is_none_or(|other| cell.achieved < other.achieved) {
                cells[at] = Some(cell);
            }
        }
        let rank = board.rank_of(*commune);
        rows.push(HeatRow { commune: member.slug.clone(), name: member.name.clone(), rank, cells });
    }
    let indicators: Vec<u32> = (0u32..).zip(&used).filter(|(_, used)| **used).map(|(number, _)| number).collect();
    for row in &mut rows {
        row.cells = indicators.iter().map(|number| row.cells[*number as usize]).collect();
    }
    Heat { indicators, rows }
}
