//! Finding a commune by what people type: slug, official code, or name without regard to diacritics.

use super::{Catalogue, Commune, Unit};
use crate::{language::Language, task::Reported, vietnamese};
use thiserror::Error;

/// Most communes named when several fit.
const MOST_NAMED: usize = 8;

/// Why no commune is meant.
#[derive(Debug, Error, PartialEq, Eq, Clone)]
pub enum FindError {
    /// None by that name.
    #[error("unknown commune {0:?}")]
    Unknown(String),
    /// Several fit; the second part names them with their codes.
    #[error("{0:?} fits several communes: {1}")]
    Ambiguous(String, String),
}

impl FindError {
    /// For people.
    #[must_use]
    pub fn explain(&self, language: Language) -> String {
        let vi = match self {
            FindError::Unknown(typed) => format!("không có xã, phường nào tên {typed:?}; xem lệnh `communes`"),
            FindError::Ambiguous(typed, fits) => format!("{typed:?} trùng nhiều nơi: {fits}; hãy ghi mã số"),
        };
        language.pick(vi, self.to_string())
    }
}

impl Catalogue {
    /// The code under which a commune reports what was typed: an indicator's, upper or lower case, or that of the progress of a task of its
    /// plan.
    #[must_use]
    pub fn report_code(&self, commune: &str, typed: &str) -> Option<String> {
        let typed = typed.trim();
        if let Some(indicator) = self.indicators.iter().find(|one| one.code.eq_ignore_ascii_case(typed)) {
            return Some(indicator.code.clone());
        }
        let named = Reported::of(typed);
        let wanted = named.task().unwrap_or(typed);
        let task = self.tasks.iter().find(|one| one.commune == commune && one.code.eq_ignore_ascii_case(wanted))?;
        Some(match named {
            Reported::Disbursement(_) => Reported::Disbursement(&task.code).code(),
            Reported::Indicator(_) | Reported::Progress(_) => Reported::Progress(&task.code).code(),
        })
    }

    /// Whether a unit as typed is among the lead units of a commune's target or task as printed. A code that any plan has means exactly
    /// that unit; otherwise the words are looked for among the lead units and the spellings of the units.
    #[must_use]
    pub fn is_led_by(&self, commune: &str, lead_unit: &str, typed: &str) -> bool {
        let typed = typed.trim();
        let own = || self.units.iter().filter(|unit| unit.commune == commune);
        let is_meant = |unit: &&Unit| unit.code.eq_ignore_ascii_case(typed);
        if self.units.iter().any(|unit| is_meant(&unit)) {
            return own().filter(is_meant).any(|unit| unit.is_named_in(lead_unit));
        }
        let is_spelled = |unit: &&Unit| {
            let mut spellings = [unit.name.as_str()].into_iter().chain(unit.variants.split("; "));
            spellings.any(|spelling| vietnamese::has_words(spelling, typed))
        };
        vietnamese::has_words(lead_unit, typed) || own().filter(is_spelled).any(|unit| unit.is_named_in(lead_unit))
    }

    /// The commune that was typed: its slug or code, else its name, else the only one whose name contains the text. Names
    /// may leave out diacritics and "xã" or "phường".
    ///
    /// # Errors
    /// None fits, or several do.
    pub fn find_commune(&self, typed: &str) -> Result<&Commune, FindError> {
        let typed = typed.trim();
        if let Some(exact) = self.communes.iter().find(|commune| commune.slug == typed || commune.code == typed) {
            return Ok(exact);
        }
        let wanted = vietnamese::folded(typed);
        let fitting = |fits: &dyn Fn(&Commune) -> bool| self.communes.iter().filter(|c| fits(c)).collect::<Vec<_>>();
        let same_letters = fitting(&|c| c.name.to_lowercase() == typed.to_lowercase());
        let same_name = fitting(&|c| vietnamese::folded(&c.name) == wanted || bare(&c.name) == wanted);
        let contains = fitting(&|c| !wanted.is_empty() && vietnamese::folded(&c.name).contains(&wanted));
        let shortened = || typed.chars().take(60).collect::<String>();
        match [same_letters, same_name, contains].into_iter().find(|found| !found.is_empty()) {
            None => Err(FindError::Unknown(shortened())),
            Some(found) if found.len() == 1 => Ok(found[0]),
            Some(found) => {
                let fits: Vec<_> = found.iter().take(MOST_NAMED).map(|c| format!("{} ({})", c.name, c.code)).collect();
                Err(FindError::Ambiguous(shortened(), fits.join(", ")))
            }
        }
    }
}

/// The folded name without "xã" or "phường".
fn bare(name: &str) -> String {
    let folded = vietnamese::folded(name);
    folded.strip_prefix("xa ").or(folded.strip_prefix("phuong ")).unwrap_or(&folded).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::sample;

    #[test]
    fn a_units_code_means_that_unit_and_words_are_whole() {
        let catalogue = sample::catalogue();
        let led = |commune: &str, typed: &str| {
            let own =
                catalogue.targets_of(commune).filter(|target| catalogue.is_led_by(commune, &target.lead_unit, typed));
            own.map(|target| target.lead_unit.clone()).collect::<Vec<_>>()
        };
        assert_eq!(led("loc-tan", "CA"), ["Công an xã"; 3]);
        assert_eq!(led("loc-tan", "ca"), led("loc-tan", "cong an"));
        assert_eq!(led("loc-tan", "AP").len(), 7, "the hamlets, whatever the plan calls them");
        assert!(led("loc-tan", "ong").is_empty(), "no part of a word");
        assert!(led("loc-tan", "").is_empty());
        assert!(!led("tan-phu", "văn hóa - xã hội").is_empty(), "by another spelling of the plan");
    }

    #[test]
    fn communes_are_found_as_people_type_them() {
        let catalogue = sample::catalogue();
        let found = |typed: &str| catalogue.find_commune(typed).map(|commune| commune.slug.clone());
        for (typed, slug) in [
            ("loc-tan", "loc-tan"),
            ("25279", "loc-tan"),
            ("Lộc Tấn", "loc-tan"),
            ("loc tan", "loc-tan"),
            ("xã lộc tấn", "loc-tan"),
            (" PHUONG MINH HUNG ", "minh-hung"),
            ("xã Lộc Thạnh", "loc-thanh-25280"),
            ("nhau", "dak-nhau"),
        ] {
            assert_eq!(found(typed).as_deref(), Ok(slug), "{typed}");
        }
        assert!(
            matches!(found("loc thanh"), Err(FindError::Ambiguous(_, fits)) if fits.contains("25280") && fits.contains("25294"))
        );
        assert!(matches!(found("atlantis"), Err(FindError::Unknown(_))));
        assert!(matches!(found(""), Err(FindError::Unknown(_))));
    }
}
