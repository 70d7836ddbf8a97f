//! What one commune needs of the catalogue: the part that travels to its agent, whole and with its version.

use super::{Catalogue, Commune, Indicator, Province, Target, Task, Unit};

/// One commune's view of one version of the catalogue. Vectors keep the order of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommuneView {
    /// Version of the catalogue, counted from 1.
    pub version: u64,
    /// The province.
    pub province: Province,
    /// The commune.
    pub commune: Commune,
    /// All indicators of the province.
    pub indicators: Vec<Indicator>,
    /// The targets of this commune's plan.
    pub targets: Vec<Target>,
    /// The units of this commune.
    pub units: Vec<Unit>,
    /// The tasks of this commune's plan.
    pub tasks: Vec<Task>,
}

impl CommuneView {
    /// As a catalogue with this commune alone.
    #[must_use]
    pub fn catalogue(&self) -> Catalogue {
        Catalogue {
            province: self.province.clone(),
            indicators: self.indicators.clone(),
            communes: vec![self.commune.clone()],
            targets: self.targets.clone(),
            tasks: self.tasks.clone(),
            units: self.units.clone(),
        }
    }

    /// An indicator by code.
    #[must_use]
    pub fn indicator(&self, code: &str) -> Option<&Indicator> {
        self.indicators.iter().find(|indicator| indicator.code == code)
    }

    /// The targets that the plan sets for an indicator, in the plan's order; there may be two.
    pub fn targets_for<'a>(&'a self, code: &'a str) -> impl Iterator<Item = &'a Target> {
        self.targets.iter().filter(move |target| target.indicator == code)
    }

    /// A task by its code in the plan.
    #[must_use]
    pub fn task(&self, code: &str) -> Option<&Task> {
        self.tasks.iter().find(|task| task.code == code)
    }

    /// The unit that reports under a code.
    #[must_use]
    pub fn unit(&self, code: &str) -> Option<&Unit> {
        Unit::find(self.units.iter(), code)
    }
}

impl Catalogue {
    /// The view of one commune; `None` if the catalogue does not have it. `version` is the one under which this catalogue is kept.
    #[must_use]
    pub fn view_of(&self, slug: &str, version: u64) -> Option<CommuneView> {
        Some(CommuneView {
            version,
            province: self.province.clone(),
            commune: self.commune(slug)?.clone(),
            indicators: self.indicators.clone(),
            targets: self.targets_of(slug).cloned().collect(),
            units: self.units.iter().filter(|unit| unit.commune == slug).cloned().collect(),
            tasks: self.tasks.iter().filter(|task| task.commune == slug).cloned().collect(),
        })
    }
}
