//! What would be if one result were another: computed by the same code as the ranking itself.
//!
//! Source: scoring rules 2026.1, "Achievement", "What counts", "Composite score and rank".

use super::board::{Board, Item, Line};
use crate::{
    achievement::{FULL, Measure},
    amount::Amount,
    book::Book,
    catalogue::{Goal, Rule},
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

/// Each single change of a commune's results that would lift its score, and each returned proof that would lower it. The others' results
/// stay as they are.
#[must_use]
pub fn suppositions(book: &Book, board: &Board, commune: u32) -> Vec<Supposition> {
    let mut all = Vec::new();
    for item in board.items(book, commune).filter(|item| item.sharers > 0) {
        let present = book.effective(commune, item.indicator, board.period());
        let evaluated = board.evaluate(book, item, present.as_ref());
        let reached = evaluated.achieved == Some(FULL);
        let proved = |measure| Effective {
            measure,
            parts: None,
            period: board.period(),
            evidence: 1,
            verdict: Some(Decision::Accepted),
            rolled_up: false,
        };
        let supposed = match (&present, evaluated.state) {
            (Some(effective), State::AwaitingReview | State::Met) if item.requires_evidence => {
                (Supposed::Returned, Effective { verdict: Some(Decision::Returned), ..effective.clone() })
            }
            (Some(effective), _) if reached && evaluated.counted < FULL => {
                (Supposed::Accepted, proved(effective.measure))
            }
            _ if evaluated.counted < FULL => match full_measure(book, board, item) {
                Some(measure) => (Supposed::Reached, proved(measure)),
                None => continue,
            },
            _ => continue,
        };
        let (supposed, effective) = supposed;
        let line = board.line_with(book, commune, |indicator| match indicator == item.indicator {
            true => Some(effective.clone()),
            false => book.effective(commune, indicator, board.period()),
        });
        all.push(Supposition {
            indicator: item.indicator,
            own: item.own,
            goal: item.goal,
            state: evaluated.state,
            present: present.as_ref().map(|effective| effective.measure),
            denominator: present.as_ref().and_then(|effective| effective.parts).map(|(_, denominator)| denominator),
            supposed,
            measure: effective.measure,
            rank: board.rank_with(commune, &line),
            line,
        });
    }
    all
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
/// where the denominator is.
#[must_use]
pub fn numerator_for(percent: Amount, denominator: i128) -> i128 {
    let exact = percent.micros() * denominator;
    let whole = crate::amount::MICROS;
    // 100·n/d ≥ p, so n ≥ p·d/100.
    let step = if denominator % whole == 0 { whole } else { 1 };
    let per_step = 100 * whole * step;
    (exact + per_step - 1).div_euclid(per_step) * step
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
            Supposed::Reached | Supposed::Accepted => Decision::Accepted,
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
                    Supposed::Reached | Supposed::Accepted => assert!(then >= now, "{one:?}"),
                }
            }
        }
    }

    proptest! {
        #[test]
        fn the_numerator_is_enough_and_the_least(percent in 0i128..=100_000_000, denominator in 1i128..1_000_000) {
            let whole = crate::amount::MICROS;
            let percent = Amount::from_micros(percent).unwrap();
            let numerator = numerator_for(percent, denominator * whole);
            prop_assert_eq!(numerator % whole, 0);
            let n = numerator / whole;
            prop_assert!(100 * n * whole >= percent.micros() * denominator);
            prop_assert!(n == 0 || 100 * (n - 1) * whole < percent.micros() * denominator);
        }
    }
}
