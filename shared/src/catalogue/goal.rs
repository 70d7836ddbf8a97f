//! What a target asks: an operator with its values, never half.

use super::Kind;
use crate::amount::Amount;

/// How a value is compared with its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `>=`
    AtLeast,
    /// `=`: a bare number in a plan, a floor like `>=`.
    Equal,
    /// `<=`
    AtMost,
    /// `range`: as `>=` the low end; the high end is the stretch goal.
    Range,
    /// `yes`
    Yes,
    /// `unspecified`: tracked and shown, never scored.
    Unspecified,
}

impl Operator {
    /// All operators.
    pub const ALL: [Operator; 6] =
        [Operator::AtLeast, Operator::Equal, Operator::AtMost, Operator::Range, Operator::Yes, Operator::Unspecified];
    /// The sign in catalogues and exports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Operator::AtLeast => ">=",
            Operator::Equal => "=",
            Operator::AtMost => "<=",
            Operator::Range => "range",
            Operator::Yes => "yes",
            Operator::Unspecified => "unspecified",
        }
    }
    /// Reads the sign.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operator| operator.as_str() == word)
    }
}

/// What is asked: an operator with its values. Made only by [`Goal::new`], so that it is always whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Goal {
    /// `>=` or `=`.
    AtLeast {
        /// The floor, not negative.
        floor: Amount,
        /// True where the plan prints the number without a sign (`=`).
        bare: bool,
    },
    /// `<=`, not negative.
    AtMost(Amount),
    /// `range`, `low <= high`, not negative.
    Range {
        /// The floor.
        low: Amount,
        /// The stretch goal.
        high: Amount,
    },
    /// `yes`
    Yes,
    /// `unspecified`
    Unspecified,
}

/// Why operator and values do not make a goal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GoalError {
    /// The operator needs a value.
    #[error("the operator needs a value")]
    ValueMissing,
    /// The operator takes no value.
    #[error("the operator takes no value")]
    ValueNotWanted,
    /// A range needs both ends.
    #[error("a range needs a high end")]
    HighMissing,
    /// Only a range has a high end.
    #[error("only a range has a high end")]
    HighNotWanted,
    /// The low end is above the high end.
    #[error("the range is upside down")]
    UpsideDown,
    /// Targets are not negative.
    #[error("a target is not negative")]
    Negative,
}

impl Goal {
    /// Puts operator and values together.
    ///
    /// # Errors
    /// [`GoalError`] when they do not fit.
    pub fn new(operator: Operator, value: Option<Amount>, high: Option<Amount>) -> Result<Self, GoalError> {
        if value.is_some_and(Amount::is_negative) || high.is_some_and(Amount::is_negative) {
            return Err(GoalError::Negative);
        }
        if high.is_some() && operator != Operator::Range {
            return Err(GoalError::HighNotWanted);
        }
        match operator {
            Operator::Yes | Operator::Unspecified if value.is_some() => Err(GoalError::ValueNotWanted),
            Operator::Yes => Ok(Goal::Yes),
            Operator::Unspecified => Ok(Goal::Unspecified),
            Operator::AtLeast | Operator::Equal => {
                let floor = value.ok_or(GoalError::ValueMissing)?;
                Ok(Goal::AtLeast { floor, bare: operator == Operator::Equal })
            }
            Operator::AtMost => Ok(Goal::AtMost(value.ok_or(GoalError::ValueMissing)?)),
            Operator::Range => {
                let low = value.ok_or(GoalError::ValueMissing)?;
                let high = high.ok_or(GoalError::HighMissing)?;
                if low > high { Err(GoalError::UpsideDown) } else { Ok(Goal::Range { low, high }) }
            }
        }
    }

    /// The same asked of so many together: what is counted adds up.
    #[must_use]
    pub fn times(self, many: u16) -> Self {
        let times = |amount: Amount| Amount::from_micros(amount.micros() * i128::from(many)).unwrap_or(amount);
        match self {
            Goal::AtLeast { floor, bare } => Goal::AtLeast { floor: times(floor), bare },
            Goal::AtMost(ceiling) => Goal::AtMost(times(ceiling)),
            Goal::Range { low, high } => Goal::Range { low: times(low), high: times(high) },
            Goal::Yes | Goal::Unspecified => self,
        }
    }

    /// The operator.
    #[must_use]
    pub fn operator(self) -> Operator {
        match self {
            Goal::AtLeast { bare: false, .. } => Operator::AtLeast,
            Goal::AtLeast { bare: true, .. } => Operator::Equal,
            Goal::AtMost(_) => Operator::AtMost,
            Goal::Range { .. } => Operator::Range,
            Goal::Yes => Operator::Yes,
            Goal::Unspecified => Operator::Unspecified,
        }
    }

    /// The value, the low end of a range.
    #[must_use]
    pub fn value(self) -> Option<Amount> {
        match self {
            Goal::AtLeast { floor, .. } => Some(floor),
            Goal::AtMost(value) => Some(value),
            Goal::Range { low, .. } => Some(low),
            Goal::Yes | Goal::Unspecified => None,
        }
    }

    /// The high end of a range.
    #[must_use]
    pub fn high(self) -> Option<Amount> {
        match self {
            Goal::Range { high, .. } => Some(high),
            _ => None,
        }
    }

    /// Whether it is scored.
    #[must_use]
    pub fn is_scored(self) -> bool {
        self != Goal::Unspecified
    }
}

/// The kind of value asked: the target's operator decides where it differs from the indicator's own kind.
#[must_use]
pub fn kind_asked(indicator: Kind, goal: Goal) -> Kind {
    match goal {
        Goal::Yes => Kind::Flag,
        _ => indicator,
    }
}
