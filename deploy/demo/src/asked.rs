//! What a commune is asked, as its own agent says it (`commune-agent targets --format json`).

use crate::{cell, failure::Failure};
use serde_json::Value as Json;
use shared::{
    achievement::{FULL, Measure, achievement},
    amount::Amount,
    catalogue::{Goal, Kind, Operator, Rule},
    fraction::Fraction,
    observation::Value,
};

/// One indicator of a commune's plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Indicator code.
    pub code: String,
    /// Its Vietnamese name.
    pub name: String,
    /// The kind of value asked.
    pub kind: Kind,
    /// The target; of two the first that is scored.
    pub goal: Goal,
}

impl Asked {
    /// Reads the list, one entry for each indicator in the order of the plan.
    ///
    /// # Errors
    /// When it is not what this version of the demo knows.
    pub fn read_all(targets: &Json) -> Result<Vec<Self>, Failure> {
        let unreadable = || Failure::Unreadable("commune-agent targets");
        let mut all: Vec<Self> = Vec::new();
        for row in targets.as_array().ok_or_else(unreadable)? {
            let one = Self::read(row).ok_or_else(unreadable)?;
            match all.iter_mut().find(|known| known.code == one.code) {
                Some(known) if !known.goal.is_scored() && one.goal.is_scored() => *known = one,
                Some(_) => {}
                None => all.push(one),
            }
        }
        Ok(all)
    }

    fn read(row: &Json) -> Option<Self> {
        let cell = |name: &str| cell::text(row, name);
        let amount = |name: &str| match cell(name)?.as_str() {
            "" => Some(None),
            text => text.parse::<Amount>().ok().map(Some),
        };
        Some(Self {
            code: cell("indicator")?,
            name: cell("name")?,
            kind: Kind::from_word(&cell("kind")?)?,
            goal: Goal::new(Operator::from_word(&cell("operator")?)?, amount("value")?, amount("high")?).ok()?,
        })
    }

    /// Whether a value reaches the target.
    #[must_use]
    pub fn is_completed(&self, value: Value) -> bool {
        let percent = |n: Amount, d: Amount| Fraction::new(n.micros() * 100, d.micros());
        let measure = match value {
            Value::Ratio { numerator, denominator } => percent(numerator, denominator).map(Measure::Number),
            Value::Percent(amount) | Value::Decimal(amount) => Some(Measure::Number(amount.into())),
            Value::Count(count) => Fraction::new(count.into(), 1).map(Measure::Number),
            Value::Flag(flag) => Some(Measure::Flag(flag)),
        };
        measure.is_some_and(|measure| achievement(measure, self.goal, &Rule::Proportional, None) == FULL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn row(code: &str, operator: &str, value: &str, kind: &str) -> Json {
        json!({ "indicator": code, "name": "Tên", "operator": operator, "value": value, "high": "", "kind": kind })
    }

    #[test]
    fn of_two_targets_the_first_scored_one_counts() {
        let list =
            json!([row("A", "unspecified", "", "ratio"), row("A", ">=", "80", "ratio"), row("A", ">=", "90", "ratio")]);
        let asked = Asked::read_all(&list).unwrap();
        assert_eq!(asked.len(), 1);
        assert_eq!(asked[0].goal, Goal::AtLeast { floor: 80.into(), bare: false });
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for bad in [json!({}), json!([{}]), json!([row("A", "~", "", "ratio")]), json!([row("A", ">=", "x", "ratio")])]
        {
            assert!(Asked::read_all(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn completion_is_the_scoring_rule() {
        let asked = Asked::read_all(&json!([row("A", ">=", "80", "ratio")])).unwrap().remove(0);
        let ratio = |n: u32, d: u32| Value::Ratio { numerator: n.into(), denominator: d.into() };
        assert!(asked.is_completed(ratio(4, 5)) && !asked.is_completed(ratio(79_999, 100_000)));
        let flag = Asked::read_all(&json!([row("A", "yes", "", "flag")])).unwrap().remove(0);
        assert!(flag.is_completed(Value::Flag(true)) && !flag.is_completed(Value::Flag(false)));
    }
}
