//! One version of a figure with what a person has to know before deciding on it: what was asked, how it stands, why to look twice.

use super::{
    explanation::TargetFacts,
    figures::{Figures, observation_row},
    question::Edition,
    review::doubts_of,
};
use crate::{reviewing::lacks_evidence, store::StoredObservation};
use shared::{
    catalogue::Unit,
    evaluation::State,
    fraction::Fraction,
    language::Language,
    observation::Value,
    plausibility::Sight,
    ranking::{Scheme, explain},
    task::Reported,
};

/// What was asked, and how the figure stands to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The target as printed in the plan; of a task its required output.
    pub printed: String,
    /// The plan's own wording.
    pub wording: String,
    /// The deadline as printed.
    pub deadline: String,
    /// The state, where this figure is what counts.
    pub state: Option<State>,
}

/// See the [module](self).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FigureFacts {
    /// Name of the commune.
    pub commune: String,
    /// Code as people say it.
    pub code: String,
    /// Name of the indicator, or title of the task.
    pub name: String,
    /// Unit of the value.
    pub measure: String,
    /// Name of the unit that reported; empty for the whole commune.
    pub unit: String,
    /// What the plan asks.
    pub asked: Vec<Asked>,
    /// Why to look twice.
    pub doubts: Vec<String>,
    /// Completion is claimed, evidence is required, and there is none.
    pub lacks_evidence: bool,
    /// By which closing its period is closed now.
    pub closing: Option<u32>,
}

/// What is known of a version; none where the catalogue has no such commune, indicator or task any more.
#[must_use]
pub fn facts(figures: &Figures, figure: &StoredObservation, language: Language) -> Option<FigureFacts> {
    let book = figures.standings.book();
    let (catalogue, key) = (&figures.catalogue, &figure.key);
    let commune = catalogue.commune(&figure.commune)?;
    let reported = Reported::of(&key.indicator);
    let units = catalogue.units.iter().filter(|unit| unit.commune == figure.commune);
    let unit = Unit::find(units, &key.unit).map_or_else(|| key.unit.clone(), |unit| unit.name_of(&key.unit));
    let (name, measure, asked, doubts) = match reported.task() {
        Some(code) => {
            let task = catalogue.tasks.iter().find(|task| task.commune == figure.commune && task.code == code)?;
            let asked = Asked {
                printed: task.output.clone(),
                wording: task.detail.clone(),
                deadline: task.deadline_text.clone(),
                state: None,
            };
            (task.title.clone(), String::new(), vec![asked], Vec::new())
        }
        None => {
            let indicator = catalogue.indicator(&key.indicator)?;
            let (mut asked, mut doubts) = (Vec::new(), Vec::new());
            let numbers = book.commune_number(&figure.commune).zip(book.indicator_number(&key.indicator));
            if let Some((number, wanted)) = numbers {
                let board = figures.standings.board(Scheme::Own, key.period);
                for row in explain::explain(book, &board, number, figures.today) {
                    if row.indicator != wanted {
                        continue;
                    }
                    let facts = TargetFacts::of(figures, &row, &figure.commune);
                    let is_it = row.effective.as_ref().is_some_and(|effective| {
                        effective.period == key.period && effective.rolled_up != key.unit.is_empty()
                    });
                    asked.push(Asked {
                        printed: facts.printed,
                        wording: facts.wording,
                        deadline: facts.deadline,
                        state: is_it.then_some(row.state),
                    });
                }
                let sight = Sight::new(figures.standings.book(), &figures.catalogue, number, figures.today);
                doubts = doubts_of(sight, &observation_row(figure), language);
            }
            (indicator.name.clone(), indicator.unit.clone(), asked, doubts)
        }
    };
    let closing = figures.closing(key.period, Edition::InForce).ok().flatten().map(|closing| closing.revision);
    Some(FigureFacts {
        commune: commune.name.clone(),
        code: reported.label(language),
        name,
        measure,
        unit: if key.unit.is_empty() { String::new() } else { unit },
        asked,
        doubts,
        lacks_evidence: lacks_evidence(catalogue, figure),
        closing,
    })
}

/// The result of a value in machine form: of a ratio its percentage.
#[must_use]
pub fn result(value: Value) -> String {
    match value {
        Value::Ratio { numerator, denominator } => {
            let percent = Fraction::new(100 * numerator.micros(), denominator.micros());
            percent.map(|percent| percent.to_decimals(6)).unwrap_or_default()
        }
        Value::Percent(amount) | Value::Decimal(amount) => amount.to_string(),
        Value::Count(count) => count.to_string(),
        Value::Flag(yes) => if yes { "yes" } else { "no" }.to_owned(),
    }
}
