//! How an indicator is scored: proportionally, in steps, or relative to the best.

use crate::{amount::Amount, language::Language};

/// How an achievement is made of a value and its target.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Rule {
    /// The table of operators.
    #[default]
    Proportional,
    /// Fixed fractions by the first threshold reached, thresholds falling; (threshold, fraction), both in 0–1.
    Steps(Vec<(Amount, Amount)>),
    /// Divided by the best value among the ranked communes.
    Relative,
}

/// Most steps that a rule can have.
pub const MAX_STEPS: usize = 20;

impl Rule {
    /// Reads `proportional` (or nothing), `relative` or `steps 1:1 0.75:0.75 0.5:0.5`.
    ///
    /// # Errors
    /// A lower-case fragment that says what is wrong.
    pub fn from_text(text: &str) -> Result<Self, String> {
        let mut words = text.split_whitespace();
        match words.next() {
            None | Some("proportional") => {
                words.next().map_or(Ok(Rule::Proportional), |w| Err(format!("unexpected {w:?}")))
            }
            Some("relative") => words.next().map_or(Ok(Rule::Relative), |w| Err(format!("unexpected {w:?}"))),
            Some("steps") => {
                let mut steps: Vec<(Amount, Amount)> = Vec::new();
                for word in words {
                    let (threshold, fraction) =
                        word.split_once(':').ok_or(format!("{word:?} is not threshold:fraction"))?;
                    let threshold: Amount = threshold.parse().map_err(|e| format!("threshold {e}"))?;
                    let fraction: Amount = fraction.parse().map_err(|e| format!("fraction {e}"))?;
                    if [threshold, fraction].iter().any(|x| x.is_negative() || *x > Amount::ONE) {
                        return Err(format!("{word:?} lies outside 0 to 1"));
                    }
                    if steps.last().is_some_and(|(last, _)| *last <= threshold) {
                        return Err(format!("the thresholds must fall, {word:?} does not"));
                    }
                    steps.push((threshold, fraction));
                }
                match steps.len() {
                    0 => Err("steps without a step".into()),
                    n if n > MAX_STEPS => Err(format!("more than {MAX_STEPS} steps")),
                    _ => Ok(Rule::Steps(steps)),
                }
            }
            Some(word) => Err(format!("unknown rule {word:?} (proportional, relative or steps …)")),
        }
    }

    /// For people.
    #[must_use]
    pub fn label(&self, language: Language) -> &'static str {
        let (vi, en) = match self {
            Rule::Proportional => ("theo tỷ lệ đạt", "in proportion"),
            Rule::Relative => ("so với nơi cao nhất", "against the best"),
            Rule::Steps(_) => ("theo bậc", "in steps"),
        };
        language.pick(vi, en)
    }

    /// The text form.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Rule::Proportional => "proportional".into(),
            Rule::Relative => "relative".into(),
            Rule::Steps(steps) => steps
                .iter()
                .fold(String::from("steps"), |text, (threshold, fraction)| format!("{text} {threshold}:{fraction}")),
        }
    }
}
