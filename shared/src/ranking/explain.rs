//! What a commune's line is made of: one row for each of its targets.

use super::board::{Board, Item};
use crate::{
    achievement::{FULL, Measure, Micros},
    amount::Amount,
    book::Book,
    catalogue::Goal,
    effective::Effective,
    evaluation::State,
    fraction::{Fraction, decimals},
    light::{Cause, Light, LightFacts, ROADMAP_DAY, judge},
    observation::Decision,
};
use chrono::NaiveDate;

/// One target of a commune, explained.
#[derive(Debug, Clone)]
pub struct ExplainRow {
    /// Number of the commune.
    pub commune: u32,
    /// Number of the indicator.
    pub indicator: u32,
    /// Place among the commune's own targets; none for a provincial standard.
    pub own: Option<u32>,
    /// What is asked.
    pub goal: Goal,
    /// The effective observation.
    pub effective: Option<Effective>,
    /// Achievement, 0 when nothing is reported.
    pub achieved: Micros,
    /// State.
    pub state: State,
    /// What counts.
    pub counted: Micros,
    /// The indicator's points.
    pub points: Amount,
    /// How many targets share them; 0 for a target that is not scored.
    pub sharers: u32,
    /// Light.
    pub light: Light,
    /// Why it is red or yellow.
    pub cause: Option<Cause>,
    /// Whether the observation is older than the indicator's frequency allows.
    pub stale: bool,
}

impl ExplainRow {
    /// The value with six decimals, yes or no, empty when nothing is reported.
    #[must_use]
    pub fn value_text(&self) -> String {
        match self.effective.as_ref().map(|e| e.measure) {
            None => String::new(),
            Some(Measure::Number(number)) => number.to_decimals(6),
            Some(Measure::Flag(yes)) => if yes { "yes" } else { "no" }.to_owned(),
        }
    }

    /// Achievement with six decimals; empty for a target that is not scored.
    #[must_use]
    pub fn achievement_text(&self) -> String {
        self.when_scored(|| decimals(self.achieved.into(), 6))
    }

    /// What counts, with six decimals; empty for a target that is not scored.
    #[must_use]
    pub fn counted_text(&self) -> String {
        self.when_scored(|| decimals(self.counted.into(), 6))
    }

    /// This target's share of the indicator's points, six decimals; empty for a target that is not scored.
    #[must_use]
    pub fn points_text(&self) -> String {
        share_text(self.points, self.sharers)
    }

    /// Points times what counts, from the unrounded share, six decimals; empty for a target that is not scored.
    #[must_use]
    pub fn earned_text(&self) -> String {
        let earned = Fraction::new(
            self.points.micros() * i128::from(self.counted),
            crate::amount::MICROS * i128::from(FULL) * i128::from(self.sharers),
        );
        earned.map_or_else(String::new, |earned| earned.to_decimals(6))
    }

    fn when_scored(&self, text: impl Fn() -> String) -> String {
        if self.sharers == 0 { String::new() } else { text() }
    }
}

/// A target's share of an indicator's points with six decimals, rounded half away from zero; empty when not scored.
#[must_use]
pub fn share_text(points: Amount, sharers: u32) -> String {
    let share = Fraction::new(points.micros(), crate::amount::MICROS * i128::from(sharers));
    share.map_or_else(String::new, |share| share.to_decimals(6))
}

/// Explains a commune's line on a board. `today` decides only whether the cut-off day has passed.
#[must_use]
pub fn explain(book: &Book, board: &Board, commune: u32, today: NaiveDate) -> Vec<ExplainRow> {
    board.items(book, commune).map(|item| explain_item(book, board, commune, item, today)).collect()
}

fn explain_item(book: &Book, board: &Board, commune: u32, item: Item, today: NaiveDate) -> ExplainRow {
    let period = board.period();
    let effective = book.effective(commune, item.indicator, period);
    let evaluated = board.evaluate(book, item, effective.as_ref());
    let achieved = evaluated.achieved.unwrap_or(0);
    let facts = LightFacts {
        achieved,
        returned: effective.as_ref().is_some_and(|e| e.verdict == Some(Decision::Returned)),
        roadmap_day: period.day_in_last_month(ROADMAP_DAY),
        deadline: item.deadline,
        reported: book.reported_for(commune, item.indicator, period),
        off_cycle: Some(book.cycle(commune, item.indicator)).filter(|cycle| !cycle.ends_in(period)),
        cutoff_passed: book.cutoff(commune, period) < today,
    };
    let (light, cause) = if item.goal.is_scored() { judge(facts) } else { (Light::Grey, None) };
    ExplainRow {
        commune,
        indicator: item.indicator,
        own: item.own,
        goal: item.goal,
        achieved,
        state: evaluated.state,
        counted: evaluated.counted,
        points: book.indicators()[item.indicator as usize].points,
        sharers: item.sharers,
        light,
        cause,
        stale: effective.as_ref().is_some_and(|e| book.is_stale(commune, item.indicator, e.period, period)),
        effective,
    }
}
