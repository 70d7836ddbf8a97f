//! What would be if one result were another: computed by the same code as the ranking itself.
//!
//! Source: scoring rules 2026.1, "Achievement", "What counts", "Composite score and rank".

use super::board::{Board, Item, Line};
use crate::{
    achievement::{FULL, Measure, Micros},
    amount::Amount,
    book::Book,
    catalogue::{Goal, Kind, Rule},
    effective::Effective,
    evaluation::State,
    fraction::Fraction,
    observation::Decision,
};

/// What is supposed of one result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Supposed {
    /// It reaches a target, proved and accepted.
    Reached,
    /// As it is, proved and accepted.
    Accepted,
    /// Returned by the reviewer.
    Returned,
    /// The least result that passes the next commune, short of the target; proved and accepted.
    Overtakes,
    /// The least result that reaches the next step of the indicator's rule, short of the target; proved and accepted.
    Step,
}

/// One supposition and where the commune would stand with it.
#[derive(Debug, Clone)]
pub struct Supposition {
    /// Number of the indicator.
    pub indicator: u32,
    /// The target: place among the commune's own; none for a provincial standard.
    pub own: Option<u32>,
    /// What is asked.
    pub goal: Goal,
    /// Its state now.
    pub state: State,
    /// The result now.
    pub present: Option<Measure>,
    /// Its denominator now, in millionths, where it has one.
    pub denominator: Option<i128>,
    /// What is supposed.
    pub supposed: Supposed,
    /// The result supposed.
    pub measure: Measure,
    /// The commune's line with it.
    pub line: Line,
    /// Its rank with it.
    pub rank: Option<u32>,
}

/// Each single change of a commune's results that would lift its score or its rank, and each returned proof that would lower it. The others'
/// results stay as they are.
#[must_use]
pub fn suppositions(book: &Book, board: &Board, commune: u32) -> Vec<Supposition> {
    let mut all = Vec::new();
    for item in board.items(book, commune).filter(|item| item.sharers > 0) {
        let present = book.effective(commune, item.indicator, board.period());
        let evaluated = board.evaluate(book, item, present.as_ref());
        let bench = Bench { book, board, commune, item, present: present.as_ref() };
        let mut suppose = |supposed: Supposed, effective: Effective| {
            let (line, rank) = bench.stand(&effective);
            all.push(Supposition {
                indicator: item.indicator,
                own: item.own,
                goal: item.goal,
                state: evaluated.state,
                present: present.as_ref().map(|effective| effective.measure),
                denominator: present.as_ref().and_then(|effective| effective.parts).map(|(_, denominator)| denominator),
                supposed,
                measure: effective.measure,
                rank,
                line,
            });
        };
        if let Some(effective) = &present
            && (effective.evidence > 0 || effective.verdict.is_some())
            && evaluated.counted > 0
        {
            suppose(Supposed::Returned, Effective { verdict: Some(Decision::Returned), ..effective.clone() });
        }
        if evaluated.counted == FULL {
            continue;
        }
        let reached = evaluated.achieved == Some(FULL);
        match (&present, full_measure(book, board, item)) {
            (Some(effective), _) if reached => suppose(Supposed::Accepted, bench.proved(effective.measure)),
            (_, Some(full)) => {
                suppose(Supposed::Reached, bench.proved(full));
                for (supposed, measure) in bench.on_the_way(evaluated.achieved.unwrap_or(0)) {
                    suppose(supposed, bench.proved(measure));
                }
            }
            _ => {}
        }
    }
    all
}

/// One target of a commune, to try results on.
struct Bench<'a> {
    book: &'a Book,
    board: &'a Board,
    commune: u32,
    item: Item,
    present: Option<&'a Effective>,
}

impl Bench<'_> {
    /// A result of the period, proved and accepted.
    fn proved(&self, measure: Measure) -> Effective {
        Effective {
            measure,
            parts: None,
            period: self.board.period(),
            evidence: 1,
            verdict: Some(Decision::Accepted),
            rolled_up: false,
        }
    }

    /// The commune's line and rank with a result.
    fn stand(&self, effective: &Effective) -> (Line, Option<u32>) {
        let line = self.board.line_with(self.book, self.commune, |indicator| match indicator == self.item.indicator {
            true => Some(effective.clone()),
            false => self.book.effective(self.commune, indicator, self.board.period()),
        });
        let rank = self.board.rank_with(self.commune, &line);
        (line, rank)
    }

    /// The least results below the target that do something of their own: reach the next step of a rule in steps, pass the next commune.
    fn on_the_way(&self, achieved: Micros) -> Vec<(Supposed, Measure)> {
        let passes = |share: Micros| {
            let then = self.measure_of(share).map(|measure| self.stand(&self.proved(measure)).1);
            let rank = self.board.rank_of(self.commune);
            then.flatten().zip(rank).is_some_and(|(then, now)| then < now)
        };
        let mut found = Vec::new();
        let passing = match &self.book.indicators()[self.item.indicator as usize].rule {
            Rule::Steps(steps) => {
                let share = |threshold: Amount| Micros::try_from(threshold.micros()).ok().filter(|share| *share < FULL);
                let mut higher: Vec<Micros> = steps
                    .iter()
                    .filter(|(_, fraction)| fraction.micros() > i128::from(achieved))
                    .filter_map(|(threshold, _)| share(*threshold))
                    .collect();
                higher.sort_unstable();
                let next = higher.first().copied();
                found.extend(next.and_then(|share| Some((Supposed::Step, self.measure_of(share)?))));
                higher.into_iter().find(|share| passes(*share)).filter(|share| Some(*share) != next)
            }
            _ => least(achieved.max(1), FULL, passes),
        };
        let full = full_measure(self.book, self.board, self.item);
        found.extend(passing.and_then(|share| {
            // What is there already and only has to be accepted.
            let present = self.present.filter(|_| share == achieved).map(|effective| effective.measure);
            Some((Supposed::Overtakes, present.or_else(|| self.measure_of(share))?))
        }));
        // A whole number may only do it by reaching the target.
        found.retain(|(_, measure)| Some(*measure) != full);
        found
    }

    /// The least result whose share of the target is so much; where the target is a ceiling, the largest.
    fn measure_of(&self, share: Micros) -> Option<Measure> {
        let indicator = &self.book.indicators()[self.item.indicator as usize];
        let (full, share) = (i128::from(FULL), i128::from(share));
        // Nothing lies between zero and a target of zero.
        let is_zero = |amount: Amount| amount.micros() <= 0;
        let exact = match (&indicator.rule, self.item.goal) {
            (Rule::Relative, _) => self.board.best(self.item.indicator)?.times(share, full)?,
            (_, Goal::AtLeast { floor, .. } | Goal::Range { low: floor, .. }) if is_zero(floor) => return None,
            (_, Goal::AtLeast { floor, .. } | Goal::Range { low: floor, .. }) => {
                Fraction::from(floor).times(share, full)?
            }
            (_, Goal::AtMost(ceiling)) if is_zero(ceiling) => return None,
            (_, Goal::AtMost(ceiling)) => Fraction::from(ceiling).times(full, share)?,
            (_, Goal::Yes | Goal::Unspecified) => return None,
        };
        let whole = match self.item.goal {
            _ if indicator.kind != Kind::Count => return Some(Measure::Number(exact)),
            Goal::AtMost(_) => exact.down(0),
            _ => exact.up(0),
        };
        Fraction::new(whole, 1).map(Measure::Number)
    }
}

/// The least share from `low` on, and below `high`, for which something holds that holds for all larger ones once it does.
fn least(low: Micros, high: Micros, holds: impl Fn(Micros) -> bool) -> Option<Micros> {
    let (mut low, mut end) = (low, high);
    while low < end {
        let middle = low + (end - low) / 2;
        if holds(middle) {
            end = middle;
        } else {
            low = middle + 1;
        }
    }
    (end < high).then_some(end)
}

/// The least result that reaches a target.
fn full_measure(book: &Book, board: &Board, item: Item) -> Option<Measure> {
    if book.indicators()[item.indicator as usize].rule == Rule::Relative {
        return board.best(item.indicator).filter(|best| best.is_positive()).map(Measure::Number);
    }
    let number = |amount: Amount| Measure::Number(Fraction::from(amount));
    match item.goal {
        Goal::AtLeast { floor, .. } => Some(number(floor)),
        Goal::Range { low, .. } => Some(number(low)),
        Goal::AtMost(ceiling) => Some(number(ceiling)),
        Goal::Yes => Some(Measure::Flag(true)),
        Goal::Unspecified => None,
    }
}

/// The least numerator with which a ratio reaches a percentage, with the denominator as it is; both in millionths, the numerator whole
/// where the denominator is. `None` where the numbers are too large.
#[must_use]
pub fn numerator_for(percent: Fraction, denominator: i128) -> Option<i128> {
    let whole = crate::amount::MICROS;
    // 100·n/d ≥ p, so n ≥ p·d/100.
    let step = if denominator % whole == 0 { whole } else { 1 };
    Some(percent.times(denominator, 100 * step)?.up(0) * step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        observation::Value,
        ranking::{
            Scheme, Scope,
            tests::{OCTOBER, inputs},
        },
        tables::Inputs,
    };
    use proptest::prelude::*;

    fn board(book: &Book) -> Board {
        Board::new(book, Scheme::Own, "2026-10".parse().unwrap(), &Scope::default())
    }

    /// The same by the long way: the figure is reported, and everything is ranked anew.
    fn by_the_long_way(inputs: &Inputs, commune: &str, one: &Supposition) -> (Line, Option<u32>) {
        let mut inputs = inputs.clone();
        let code = inputs.indicators[one.indicator as usize].code.clone();
        let mut row = inputs.observations[0].clone();
        (row.commune, row.indicator, row.unit) = (commune.to_owned(), code.clone(), String::new());
        row.period = "2026-10".parse().unwrap();
        // Whole-commune figures of the month make room for this one; when it came first is no matter of what it says.
        let before: Vec<_> = inputs
            .observations
            .iter()
            .filter(|o| o.commune == commune && o.indicator == code && o.period == row.period && o.unit.is_empty())
            .cloned()
            .collect();
        let newest = before.iter().max_by_key(|o| o.version);
        row.version = newest.map_or(2, |newest| newest.version + 1);
        row.evidence_count = 1;
        row.verdict = Some(match one.supposed {
            Supposed::Returned => Decision::Returned,
            _ => Decision::Accepted,
        });
        row.value = match one.measure {
            Measure::Flag(yes) => Value::Flag(yes),
            Measure::Number(number) => {
                let micros = number.rounded(6);
                Value::Percent(Amount::from_micros(micros).unwrap())
            }
        };
        inputs.observations.push(row);
        let book = Book::new(&inputs).unwrap();
        let board = board(&book);
        let number = book.commune_number(commune).unwrap();
        (*board.line(number), board.rank_of(number))
    }

    #[test]
    fn each_supposition_is_what_the_ranking_would_say() {
        let inputs = inputs(OCTOBER, "");
        let book = Book::new(&inputs).unwrap();
        let board = board(&book);
        let mut seen = 0;
        for (number, member) in (0u32..).zip(book.members()) {
            for one in suppositions(&book, &board, number) {
                // A share like 1/3 has no exact decimal to be reported by.
                if one.supposed != Supposed::Reached && matches!(one.measure, Measure::Number(_)) {
                    continue;
                }
                let (line, rank) = by_the_long_way(&inputs, &member.row.slug, &one);
                assert_eq!((line.score, line.met, rank), (one.line.score, one.line.met, one.rank), "{one:?}");
                seen += 1;
            }
        }
        assert!(seen >= 5, "{seen}");
    }

    #[test]
    fn lifts_lift_and_returns_cost() {
        let inputs = inputs(OCTOBER, "");
        let book = Book::new(&inputs).unwrap();
        let board = board(&book);
        for number in 0..4 {
            for one in suppositions(&book, &board, number) {
                let (now, then) = (board.line(number).score, one.line.score);
                match one.supposed {
                    Supposed::Returned => assert!(then <= now, "{one:?}"),
                    _ => assert!(then >= now, "{one:?}"),
                }
            }
        }
    }

    #[test]
    fn what_passes_the_next_commune_is_the_least_that_does() {
        let mut seen = 0;
        // One at 37.5 with a target of 80, one at 75.
        let at = "2026-10-19T08:00:00+07:00";
        let row = |commune, numerator| format!("{commune},A-1,,2026-10,1,{numerator},100,,x,{at},{at},1,accepted\n");
        let inputs = inputs(&(row("phu", 30) + &row("dao", 15)), "");
        let book = Book::new(&inputs).unwrap();
        let board = board(&book);
        for (number, _) in (0u32..).zip(book.members()) {
            let now = board.rank_of(number);
            for one in suppositions(&book, &board, number) {
                let Measure::Number(measure) = one.measure else { continue };
                if one.supposed != Supposed::Overtakes || one.present == Some(one.measure) {
                    continue;
                }
                assert!(one.rank < now, "{one:?}");
                let item = board
                    .items(&book, number)
                    .find(|item| item.indicator == one.indicator && item.own == one.own)
                    .unwrap();
                let present = book.effective(number, one.indicator, board.period());
                let bench = Bench { book: &book, board: &board, commune: number, item, present: present.as_ref() };
                let (less, more) =
                    (measure.times(999_999_999, 1_000_000_000), measure.times(1_000_000_001, 1_000_000_000));
                let less = if matches!(one.goal, Goal::AtMost(_)) { more } else { less }.unwrap();
                assert_eq!(bench.stand(&bench.proved(Measure::Number(less))).1, now, "a little less does not: {one:?}");
                seen += 1;
            }
        }
        assert!(seen >= 1, "{seen}");
    }

    #[test]
    fn a_rule_in_steps_has_a_next_one() {
        // 60 of 100: on the step of a half, three quarters are next.
        let inputs = inputs(&OCTOBER.replace("an,A-2,,2026-10,1,3,4,", "an,A-2,,2026-10,1,3,5,"), "");
        let book = Book::new(&inputs).unwrap();
        let board = board(&book);
        let all = (0..u32::try_from(book.members().len()).unwrap()).flat_map(|c| suppositions(&book, &board, c));
        let steps: Vec<_> = all.filter(|one| one.supposed == Supposed::Step).collect();
        assert!(!steps.is_empty());
        for one in steps {
            let rule = &book.indicators()[one.indicator as usize].rule;
            assert!(matches!(rule, Rule::Steps(_)), "{one:?}");
            let achieved = crate::achievement::achievement(one.measure, one.goal, rule, None);
            let before = one.present.map_or(0, |now| crate::achievement::achievement(now, one.goal, rule, None));
            assert!(before < achieved && achieved < FULL, "{one:?}");
        }
    }

    #[test]
    fn a_returned_result_below_its_target_costs_too() {
        let mut inputs = inputs(OCTOBER, "");
        for row in &mut inputs.observations {
            row.evidence_count = 1;
        }
        let book = Book::new(&inputs).unwrap();
        let board = board(&book);
        let all = (0..u32::try_from(book.members().len()).unwrap()).flat_map(|c| suppositions(&book, &board, c));
        let returned: Vec<_> = all.filter(|one| one.supposed == Supposed::Returned).collect();
        assert!(returned.iter().any(|one| one.state == State::InProgress), "{returned:?}");
    }

    proptest! {
        #[test]
        fn the_numerator_is_enough_and_the_least(percent in 0i128..=100_000_000, denominator in 1i128..1_000_000) {
            let whole = crate::amount::MICROS;
            let percent = Amount::from_micros(percent).unwrap();
            let numerator = numerator_for(percent.into(), denominator * whole).unwrap();
            prop_assert_eq!(numerator % whole, 0);
            let n = numerator / whole;
            prop_assert!(100 * n * whole >= percent.micros() * denominator);
            prop_assert!(n == 0 || 100 * (n - 1) * whole < percent.micros() * denominator);
        }
    }
}
