//! Who takes part, and what happens to whom. Pure.

use crate::failure::Failure;
use shared::{
    catalogue::Catalogue,
    period::{Cycle, Period},
};
use std::collections::HashMap;

/// A commune that takes part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its slug.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// How often it reports.
    pub cycle: Cycle,
    /// Whether the catalogue has a plan of its own.
    pub has_plan: bool,
}

/// The communes and their parts. The parts are places in `members`, all different.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cast {
    /// Communes with a plan first, each kind in the order of the catalogue.
    pub members: Vec<Member>,
    /// Its line of the ranking is explained: one that does not report monthly, if there is one.
    pub explained: usize,
    /// Its agent cannot reach the province at first.
    pub offline: usize,
    /// Reports after the cut-off day.
    pub late: usize,
    /// As late, but with an exception from the province.
    pub excepted: usize,
    /// A figure is returned to it, and what its clerk sees is shown.
    pub returned: usize,
    cycles: HashMap<String, Cycle>,
}

/// Fewest communes: one for each part.
pub const FEWEST: usize = 5;

impl Cast {
    /// Chooses `count` communes, at least [`FEWEST`].
    ///
    /// # Errors
    /// When the catalogue has fewer.
    pub fn choose(catalogue: &Catalogue, count: usize) -> Result<Self, Failure> {
        let member = |commune: &shared::catalogue::Commune| Member {
            slug: commune.slug.clone(),
            name: commune.name.clone(),
            cycle: commune.cycle.unwrap_or(Cycle::Monthly),
            has_plan: catalogue.targets_of(&commune.slug).next().is_some(),
        };
        let (mut members, without): (Vec<_>, Vec<_>) = catalogue.communes.iter().map(member).partition(|m| m.has_plan);
        members.extend(without);
        let count = count.max(FEWEST);
        if members.len() < count {
            return Err(Failure::TooManyCommunes { asked: count, known: members.len() });
        }
        members.truncate(count);
        let explained = members.iter().position(|member| member.cycle != Cycle::Monthly).unwrap_or(0);
        let mut others = (0..count).filter(|place| *place != explained);
        let mut next = || others.next().unwrap_or(explained);
        let cycles = catalogue.indicators.iter().filter_map(|i| Some((i.code.clone(), i.cycle?))).collect();
        Ok(Self { explained, offline: next(), late: next(), excepted: next(), returned: next(), members, cycles })
    }

    /// The period for which a commune reports an indicator at the end of a month, if it does: in its own cycle, or more often
    /// where the indicator asks for it.
    #[must_use]
    pub fn period_of(&self, member: &Member, indicator: &str, month: Period) -> Option<Period> {
        let cycle = self.cycles.get(indicator).map_or(member.cycle, |cycle| member.cycle.min(*cycle));
        cycle.ends_in(month).then(|| Period::containing(month.last_day(), cycle)).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{collections::BTreeMap, fs, path::Path};

    fn catalogue() -> Catalogue {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../catalogue/dong-nai-2026");
        let files = shared::catalogue::read::FILES.map(|name| (name.to_owned(), fs::read(folder.join(name)).unwrap()));
        shared::catalogue::read::read(&BTreeMap::from(files)).unwrap()
    }

    #[test]
    fn the_five_with_a_plan_come_first_and_each_has_a_part() {
        let cast = Cast::choose(&catalogue(), 7).unwrap();
        assert_eq!(cast.members.iter().filter(|member| member.has_plan).count(), 5);
        assert!(cast.members[..5].iter().all(|member| member.has_plan));
        assert_eq!(cast.members[cast.explained].slug, "loc-tan");
        let mut parts = vec![cast.explained, cast.offline, cast.late, cast.excepted, cast.returned];
        parts.sort_unstable();
        parts.dedup();
        assert_eq!(parts.len(), FEWEST);
        assert_eq!(Cast::choose(&catalogue(), 95).unwrap().members.len(), 95);
        assert!(matches!(Cast::choose(&catalogue(), 96), Err(Failure::TooManyCommunes { asked: 96, known: 95 })));
    }

    #[test]
    fn a_commune_reports_in_its_own_cycle() {
        let cast = Cast::choose(&catalogue(), 5).unwrap();
        let quarterly = &cast.members[cast.explained];
        let monthly = &cast.members[cast.late];
        let period = |member, code, month: &str| {
            cast.period_of(member, code, month.parse().unwrap()).map(|period| period.to_string()).unwrap_or_default()
        };
        assert_eq!(period(quarterly, "CDS-17", "2026-09"), "2026-Q3");
        assert_eq!(period(quarterly, "CDS-17", "2026-10"), "");
        assert_eq!(period(quarterly, "OT-12", "2026-10"), "2026-10", "asked for monthly");
        assert_eq!(period(quarterly, "NL-08", "2026-12"), "2026-Q4", "a yearly figure is reported with the others");
        assert_eq!(period(monthly, "CDS-17", "2026-10"), "2026-10");
    }
}
