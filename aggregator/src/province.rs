//! What a running `serve` knows of its province: the catalogue in force with what each commune is asked, the clock. Read from the store at the start and again when another process wrote.

use crate::{
    clock::{Clock, ProvinceClock},
    monitoring::Metrics,
    store::{Founding, Store, StoreError},
};
use arc_swap::ArcSwap;
use shared::{
    catalogue::{Catalogue, Goal, Kind, kind_asked},
    observation::{EntryRules, Observation, Refusal},
    task::Reported,
};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

/// The province as `serve` sees it.
pub struct Province {
    /// The store.
    pub store: Arc<dyn Store>,
    /// Province id, `dong-nai`.
    pub id: String,
    /// A training province.
    pub exercise: bool,
    /// Its clock.
    pub clock: ProvinceClock,
    /// What is counted while it runs.
    pub metrics: Arc<Metrics>,
    /// How many decisions the store had before all of this was read from it: those are in force.
    pub decisions: u64,
    rulebook: ArcSwap<Rulebook>,
}

impl Province {
    /// Reads it from the store.
    ///
    /// # Errors
    /// The store's.
    pub async fn load(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let decisions = store.decisions().await?;
        let Founding { province, exercise, clock_offset_ms } = store.founding().await?;
        let rulebook = ArcSwap::from_pointee(Rulebook::load(&*store).await?);
        let clock = ProvinceClock::new(clock, clock_offset_ms);
        Ok(Self { store, id: province, exercise, clock, metrics: Arc::default(), decisions, rulebook })
    }

    /// Reads anew what can change.
    ///
    /// # Errors
    /// The store's; what was known before stays.
    pub async fn reload(&self) -> Result<(), StoreError> {
        let founding = self.store.founding().await?;
        let rulebook = Rulebook::load(&*self.store).await?;
        self.clock.set_offset(founding.clock_offset_ms);
        self.rulebook.store(Arc::new(rulebook));
        Ok(())
    }

    /// The rules in force.
    #[must_use]
    pub fn rulebook(&self) -> Arc<Rulebook> {
        self.rulebook.load_full()
    }
}

/// The catalogue in force, arranged for checking figures fast.
#[derive(Debug)]
pub struct Rulebook {
    /// Version of the catalogue.
    pub version: u64,
    /// The catalogue.
    pub catalogue: Arc<Catalogue>,
    /// Places of the indicators in the catalogue.
    indicators: HashMap<String, u32>,
    communes: HashMap<String, Asked>,
}

/// What is asked of one commune.
#[derive(Debug, Default)]
struct Asked {
    /// The kinds of value that differ from the indicator's own, by its place, ascending.
    kinds: Vec<(u32, Kind)>,
    units: HashSet<String>,
    tasks: HashSet<String>,
}

impl Asked {
    fn kind(&self, indicator: u32) -> Option<Kind> {
        let at = self.kinds.binary_search_by_key(&indicator, |(one, _)| *one).ok()?;
        Some(self.kinds[at].1)
    }
}

impl Rulebook {
    async fn load(store: &dyn Store) -> Result<Self, StoreError> {
        let (version, catalogue) = store.catalogue().await?;
        Ok(Self::new(version, catalogue))
    }

    /// Arranges a catalogue.
    #[must_use]
    pub fn new(version: u64, catalogue: Arc<Catalogue>) -> Self {
        let indicators: HashMap<String, u32> =
            catalogue.indicators.iter().zip(0..).map(|(one, at)| (one.code.clone(), at)).collect();
        let mut communes: HashMap<String, Asked> =
            catalogue.communes.iter().map(|commune| (commune.slug.clone(), Asked::default())).collect();
        let mut goals: HashMap<&str, Vec<(u32, Goal)>> = HashMap::new();
        for target in &catalogue.targets {
            // The catalogue's check lets no target name an indicator that is not there.
            let Some(indicator) = indicators.get(&*target.indicator) else { continue };
            goals.entry(&target.commune).or_default().push((*indicator, target.goal));
        }
        for (commune, mut goals) in goals {
            // The first scored target says which kind of value is asked; the catalogue's check lets no two disagree.
            goals.sort_by_key(|(indicator, goal)| (*indicator, !goal.is_scored()));
            goals.dedup_by_key(|(indicator, _)| *indicator);
            let kinds = goals.into_iter().filter_map(|(indicator, goal)| {
                let own = catalogue.indicators.get(indicator as usize)?.kind;
                Some((indicator, kind_asked(own, goal))).filter(|(_, asked)| *asked != own)
            });
            communes.entry(commune.to_owned()).or_default().kinds = kinds.collect();
        }
        for unit in &catalogue.units {
            communes.entry(unit.commune.clone()).or_default().units.extend(unit.codes());
        }
        for task in &catalogue.tasks {
            communes.entry(task.commune.clone()).or_default().tasks.insert(task.code.clone());
        }
        Self { version, catalogue, indicators, communes }
    }

    /// Whether the catalogue has this commune.
    #[must_use]
    pub fn knows(&self, commune: &str) -> bool {
        self.communes.contains_key(commune)
    }

    /// Checks a commune's figure. A closed period is no reason to refuse it: it is kept for the next closing.
    ///
    /// # Errors
    /// The first rule it breaks.
    pub fn check(&self, commune: &str, observation: &Observation) -> Result<(), Refusal> {
        let asked = self.communes.get(commune);
        let key = &observation.key;
        let rules = EntryRules {
            plan_year: self.catalogue.province.plan_year,
            asked: self.kind_asked(asked, &key.indicator),
            unit_known: key.unit.is_empty() || asked.is_some_and(|asked| asked.units.contains(&key.unit)),
        };
        rules.check(observation)
    }

    fn kind_asked(&self, asked: Option<&Asked>, code: &str) -> Option<Kind> {
        let reported = Reported::of(code);
        match reported.task() {
            Some(task) => asked.filter(|asked| asked.tasks.contains(task)).and_then(|_| reported.kind_of_task()),
            None => {
                let place = *self.indicators.get(code)?;
                let kind = self.catalogue.indicators.get(place as usize)?.kind;
                Some(asked.and_then(|asked| asked.kind(place)).unwrap_or(kind))
            }
        }
    }
}
