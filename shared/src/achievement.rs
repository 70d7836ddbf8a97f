//! Achievement a: how far a value is towards its target, from 0 to 1 in millionths, cut toward zero.
//!
//! Source: scoring rules 2026.1, "Achievement".

use crate::{
    amount::{Amount, MICROS},
    catalogue::{Goal, Rule},
    fraction::Fraction,
};

/// A share from 0 to 1, in millionths. 1,000,000 means reached.
pub type Micros = u32;

/// Reached.
pub const FULL: Micros = 1_000_000;

/// What a value measures, ready to be compared: an exact number (for a ratio 100·n/d), or yes/no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// A number in the indicator's unit.
    Number(Fraction),
    /// Yes or no.
    Flag(bool),
}

impl Measure {
    /// As a number; yes is 1 and no is 0.
    #[must_use]
    pub fn as_number(self) -> Fraction {
        match self {
            Measure::Number(number) => number,
            Measure::Flag(yes) => Fraction::from(if yes { Amount::ONE } else { Amount::ZERO }),
        }
    }
}

/// Achievement of a measure under a goal and a rule. `best` is the best measure among the ranked communes, which only
/// the relative rule looks at. An unspecified goal is never scored and has achievement 0.
#[must_use]
pub fn achievement(measure: Measure, goal: Goal, rule: &Rule, best: Option<Fraction>) -> Micros {
    match rule {
        Rule::Proportional => proportional(measure, goal),
        Rule::Steps(steps) => {
            let reached = i128::from(proportional(measure, goal));
            let fraction =
                steps.iter().find(|(threshold, _)| reached >= threshold.micros()).map(|(_, fraction)| *fraction);
            clamped(fraction.unwrap_or(Amount::ZERO).micros())
        }
        Rule::Relative => match best {
            Some(best) if best.is_positive() => clamped(measure.as_number().quotient_micros(best).unwrap_or(0)),
            _ => 0,
        },
    }
}

/// The table of operators.
fn proportional(measure: Measure, goal: Goal) -> Micros {
    match (goal, measure) {
        (Goal::Unspecified, _) => 0,
        // A flag beside a numeric target, or the reverse, happens only where files name another kind than was asked.
        (_, Measure::Flag(yes)) => {
            if yes {
                FULL
            } else {
                0
            }
        }
        (Goal::Yes, Measure::Number(number)) => {
            if number.is_positive() {
                FULL
            } else {
                0
            }
        }
        (Goal::AtLeast { floor, .. } | Goal::Range { low: floor, .. }, Measure::Number(x)) => at_least(x, floor),
        (Goal::AtMost(ceiling), Measure::Number(x)) => at_most(x, ceiling),
    }
}

fn at_least(x: Fraction, floor: Amount) -> Micros {
    match x.quotient_micros(floor.into()) {
        Some(micros) => clamped(micros),
        None => FULL,
    }
}

fn at_most(x: Fraction, ceiling: Amount) -> Micros {
    if x <= Fraction::from(ceiling) {
        return FULL;
    }
    // x is above the ceiling, which is not negative, so it is above zero.
    clamped(Fraction::from(ceiling).quotient_micros(x).unwrap_or(0))
}

fn clamped(micros: i128) -> Micros {
    u32::try_from(micros.clamp(0, MICROS)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn amount(text: &str) -> Amount {
        text.parse().unwrap()
    }

    fn number(text: &str) -> Measure {
        Measure::Number(amount(text).into())
    }

    fn ratio(n: i128, d: i128) -> Measure {
        Measure::Number(Fraction::new(100 * n, d).unwrap())
    }

    fn floor(text: &str) -> Goal {
        Goal::AtLeast { floor: amount(text), bare: false }
    }

    #[test]
    fn operators_as_in_the_table() {
        let cases = [
            (number("40"), floor("80"), 500_000),
            (number("90"), floor("80"), FULL),
            (number("-5"), floor("80"), 0),
            (number("0"), floor("0"), FULL),
            (number("-1"), floor("0"), FULL),
            (ratio(2, 3), floor("100"), 666_666),
            (ratio(79_999_999, 100_000_000), floor("80"), 999_999),
            (ratio(4, 5), floor("80"), FULL),
            (number("0"), Goal::AtMost(Amount::ZERO), FULL),
            (number("1"), Goal::AtMost(Amount::ZERO), 0),
            (number("3"), Goal::AtMost(amount("2")), 666_666),
            (number("2"), Goal::AtMost(amount("2")), FULL),
            (number("2"), Goal::Range { low: amount("2"), high: amount("3") }, FULL),
            (number("1"), Goal::Range { low: amount("2"), high: amount("3") }, 500_000),
            (Measure::Flag(true), Goal::Yes, FULL),
            (Measure::Flag(false), Goal::Yes, 0),
            (number("7"), Goal::Unspecified, 0),
        ];
        for (measure, goal, expected) in cases {
            assert_eq!(achievement(measure, goal, &Rule::Proportional, None), expected, "{measure:?} {goal:?}");
        }
    }

    #[test]
    fn steps_take_the_first_threshold_reached() {
        let rule = Rule::from_text("steps 1:1 0.75:0.6 0.5:0.25").unwrap();
        for (x, expected) in
            [("80", FULL), ("79", 600_000), ("60", 600_000), ("59.999999", 250_000), ("40", 250_000), ("39.9", 0)]
        {
            assert_eq!(achievement(number(x), floor("80"), &rule, None), expected, "{x}");
        }
    }

    #[test]
    fn relative_divides_by_the_best() {
        let best = Some(Fraction::from(amount("60")));
        assert_eq!(achievement(number("60"), floor("80"), &Rule::Relative, best), FULL);
        assert_eq!(achievement(number("20"), floor("80"), &Rule::Relative, best), 333_333);
        assert_eq!(achievement(number("0"), floor("80"), &Rule::Relative, Some(Fraction::ZERO)), 0);
        assert_eq!(achievement(number("5"), floor("80"), &Rule::Relative, None), 0);
    }

    proptest! {
        #[test]
        fn a_better_figure_never_lowers_it(n in 0i128..10_000, more in 0i128..10_000, d in 1i128..10_000, target in 0u32..200) {
            let goal = Goal::AtLeast { floor: Amount::from(target), bare: true };
            let (less, better) = (ratio(n, d), ratio(n + more, d));
            prop_assert!(achievement(better, goal, &Rule::Proportional, None) >= achievement(less, goal, &Rule::Proportional, None));
            let ceiling = Goal::AtMost(Amount::from(target));
            prop_assert!(achievement(better, ceiling, &Rule::Proportional, None) <= achievement(less, ceiling, &Rule::Proportional, None));
        }

        #[test]
        fn it_is_full_exactly_when_the_target_is_reached(n in 0i128..100_000, d in 1i128..100_000, target in 1u32..100) {
            let goal = Goal::AtLeast { floor: Amount::from(target), bare: false };
            let reached = 100 * n >= i128::from(target) * d;
            prop_assert_eq!(achievement(ratio(n, d), goal, &Rule::Proportional, None) == FULL, reached);
        }
    }
}
