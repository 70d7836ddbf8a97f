//! Periods and communes to choose from, and reading what was chosen.

use crate::site::{Failure, Site};
use maud::{Markup, html};
use pages::part;
use shared::{
    calendar::local_day,
    catalogue::find::FindError,
    language::Language,
    listing::{Form, for_people},
    period::{Cycle, Period},
};

/// Most communes in a list of suggestions: a page stays small, and who is not in it is found by typing the name.
const MAX_SUGGESTED: usize = 400;

/// A period as it stands in an address; none for an empty one.
///
/// # Errors
/// [`Failure::Bad`]
pub(in crate::site) fn period(word: &str, language: Language) -> Result<Option<Period>, Failure> {
    match word.trim() {
        "" => Ok(None),
        word => word.parse().map(Some).map_err(|_| {
            let shown: String = word.chars().take(40).collect();
            Failure::Bad(language.pick(
                format!("Không hiểu kỳ “{shown}”. Ví dụ: 2026-10, 2026-Q4, 2026-H2, 2026."),
                format!("Not a period: “{shown}”. For example 2026-10, 2026-Q4, 2026-H2, 2026."),
            ))
        }),
    }
}

/// The periods of the plan year that have begun, the months first, newest first.
pub(in crate::site) fn begun(site: &Site) -> Vec<Period> {
    let year = site.province.rulebook().catalogue.province.plan_year;
    let today = local_day(site.province.clock.now());
    let of = |cycle: Cycle| {
        let numbers = (1..=12 / cycle.months()).rev();
        numbers.filter_map(move |number| Period::new(year, cycle, number)).filter(move |one| one.first_day() <= today)
    };
    [Cycle::Monthly, Cycle::Quarterly, Cycle::HalfYearly, Cycle::Yearly].into_iter().flat_map(of).collect()
}

/// A select of the periods that have begun.
pub(in crate::site) fn periods(site: &Site, label: &str, chosen: Option<Period>, language: Language) -> Markup {
    let mut all = begun(site);
    if let Some(chosen) = chosen.filter(|chosen| !all.contains(chosen)) {
        all.insert(0, chosen);
    }
    let options: Vec<(String, String)> =
        all.into_iter().map(|one| (one.to_string(), capital(&one.in_words(language)))).collect();
    part::choice("period", label, &options, &chosen.map(|chosen| chosen.to_string()).unwrap_or_default())
}

/// With a capital at the beginning.
pub(in crate::site) fn capital(text: &str) -> String {
    let mut signs = text.chars();
    signs.next().map_or_else(String::new, |first| first.to_uppercase().chain(signs).collect())
}

/// Communes as suggestions of a field with this list: those with a plan.
pub(in crate::site) fn communes(site: &Site, id: &str) -> Markup {
    let rulebook = site.province.rulebook();
    let catalogue = &rulebook.catalogue;
    let planned: std::collections::HashSet<&str> =
        catalogue.targets.iter().map(|target| target.commune.as_str()).collect();
    html! {
        datalist id=(id) {
            @for one in catalogue.communes.iter().filter(|one| planned.contains(one.slug.as_str())).take(MAX_SUGGESTED) {
                option value=(one.name) {}
            }
        }
    }
}

/// Why no commune is meant, for a page.
pub(in crate::site) fn unfound(error: &FindError, language: Language) -> String {
    match error {
        FindError::Unknown(typed) if typed.is_empty() => {
            language.pick("Chọn một xã, phường.", "Choose a commune.").to_owned()
        }
        FindError::Unknown(typed) => language.pick(
            format!("Không có xã, phường nào tên “{typed}”; chọn trong danh sách gợi ý."),
            format!("There is no commune “{typed}”: choose one of those suggested."),
        ),
        FindError::Ambiguous(..) => capital(&error.explain(language)),
    }
}

/// An instant for people.
pub(in crate::site) fn time(at: chrono::DateTime<chrono::Utc>, language: Language) -> String {
    for_people(Form::Time, &shared::calendar::rfc3339(at), language)
}

/// A day for people.
pub(in crate::site) fn day(day: chrono::NaiveDate, language: Language) -> String {
    for_people(Form::Day, &day.to_string(), language)
}
