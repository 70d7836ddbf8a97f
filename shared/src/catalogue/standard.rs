//! The provincial standard taken over as the own targets of a commune that has no plan in the catalogue yet.

use super::{Catalogue, Goal, Target};
use crate::{amount::Amount, language::Language, text::Text};
use thiserror::Error;

/// Wording of the targets taken over.
pub const STANDARD_WORDING: &str = "Mục tiêu chuẩn của tỉnh";
/// Their note.
pub const STANDARD_NOTE: &str = "Lấy từ mục tiêu chuẩn của tỉnh vì danh mục chưa có kế hoạch riêng của xã.";

/// Why a commune does not get the standard targets.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AdoptError {
    /// The catalogue has no such commune.
    #[error("no commune {0:?} in the catalogue")]
    UnknownCommune(String),
    /// It has targets of its own.
    #[error("commune {commune:?} has {count} targets of its own")]
    HasTargets {
        /// Its slug.
        commune: String,
        /// How many.
        count: usize,
    },
    /// No indicator carries a standard.
    #[error("no indicator carries a provincial standard")]
    NoStandard,
}

impl AdoptError {
    /// What a person reads.
    #[must_use]
    pub fn explain(&self, language: Language) -> String {
        match (language, self) {
            (Language::En, error) => error.to_string(),
            (Language::Vi, AdoptError::UnknownCommune(slug)) => format!("danh mục không có xã, phường “{slug}”"),
            (Language::Vi, AdoptError::HasTargets { commune, count }) => {
                format!("{commune} đã có {count} mục tiêu riêng; mục tiêu chuẩn chỉ dùng cho xã chưa có mục tiêu nào")
            }
            (Language::Vi, AdoptError::NoStandard) => "chưa chỉ tiêu nào có mục tiêu chuẩn của tỉnh".into(),
        }
    }
}

impl Catalogue {
    /// Gives a commune without targets those of the provincial standard, `TC.01` and on in the order of the indicators,
    /// and says how many.
    ///
    /// # Errors
    /// [`AdoptError`]; the catalogue is then as before.
    pub fn adopt_standard(&mut self, slug: &str) -> Result<usize, AdoptError> {
        if self.commune(slug).is_none() {
            return Err(AdoptError::UnknownCommune(slug.into()));
        }
        let count = self.targets_of(slug).count();
        if count > 0 {
            return Err(AdoptError::HasTargets { commune: slug.into(), count });
        }
        let standards = self.indicators.iter().filter_map(|indicator| Some((indicator, indicator.standard?)));
        let target = |(number, (indicator, goal)): (usize, (&super::Indicator, Goal))| Target {
            commune: slug.into(),
            plan_ref: format!("TC.{:02}", number + 1).into(),
            indicator: indicator.code.as_str().into(),
            goal,
            wording: STANDARD_WORDING.into(),
            printed: printed(goal, &indicator.unit).into(),
            unit: indicator.unit.as_str().into(),
            lead_unit: Text::default(),
            deadline: None,
            deadline_text: Text::default(),
            note: STANDARD_NOTE.into(),
            per_unit: Text::default(),
        };
        let adopted: Vec<Target> = standards.enumerate().map(target).collect();
        if adopted.is_empty() {
            return Err(AdoptError::NoStandard);
        }
        let count = adopted.len();
        self.targets.extend(adopted);
        Ok(count)
    }
}

/// A goal as a Vietnamese plan prints it: `≥ 80 %`, `15–17,5 %`, `Có`.
fn printed(goal: Goal, unit: &str) -> String {
    let number = |amount: Amount| amount.to_string().replace('.', ",");
    let words = match goal {
        Goal::AtLeast { floor, bare: true } => number(floor),
        Goal::AtLeast { floor, bare: false } => format!("≥ {}", number(floor)),
        Goal::AtMost(most) => format!("≤ {}", number(most)),
        Goal::Range { low, high } => format!("{}–{}", number(low), number(high)),
        Goal::Yes => return "Có".into(),
        Goal::Unspecified => return String::new(),
    };
    format!("{words} {unit}").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{read::read, sample, write::write};

    #[test]
    fn a_commune_without_a_plan_takes_over_the_standard() {
        let mut catalogue = sample::catalogue();
        assert_eq!(catalogue.adopt_standard("bien-hoa"), Ok(29));
        let adopted: Vec<_> = catalogue.targets_of("bien-hoa").collect();
        assert_eq!((adopted[0].plan_ref.as_str(), adopted[28].plan_ref.as_str()), ("TC.01", "TC.29"));
        assert_eq!((adopted[0].indicator.as_str(), adopted[0].printed.as_str()), ("HT-01", "≥ 60 %"));
        assert_eq!((adopted[2].indicator.as_str(), adopted[2].printed.as_str()), ("NL-02", "100 %"));
        assert_eq!(read(&write(&catalogue)), Ok(catalogue.clone()), "the result is a sound catalogue");
        let again = catalogue.adopt_standard("bien-hoa");
        assert_eq!(again, Err(AdoptError::HasTargets { commune: "bien-hoa".into(), count: 29 }));
    }

    #[test]
    fn a_commune_with_a_plan_keeps_it() {
        let mut catalogue = sample::catalogue();
        let before = catalogue.clone();
        let error = catalogue.adopt_standard("loc-tan").unwrap_err();
        assert!(error.explain(Language::Vi).starts_with("loc-tan đã có 40 mục tiêu riêng"));
        assert_eq!(catalogue.adopt_standard("ha-noi"), Err(AdoptError::UnknownCommune("ha-noi".into())));
        assert_eq!(catalogue, before);
        catalogue.indicators.clear();
        assert_eq!(catalogue.adopt_standard("bien-hoa"), Err(AdoptError::NoStandard));
    }

    #[test]
    fn goals_print_as_in_plans() {
        for (goal, words) in [
            (Goal::Range { low: 15.into(), high: "17.5".parse().unwrap() }, "15–17,5 %"),
            (Goal::AtMost(Amount::ZERO), "≤ 0 %"),
            (Goal::Yes, "Có"),
        ] {
            assert_eq!(printed(goal, "%"), words);
        }
        assert_eq!(printed(Goal::AtLeast { floor: 3.into(), bare: true }, ""), "3");
    }
}
