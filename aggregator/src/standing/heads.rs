//! How far each commune's log is followed by the figures held ready, where other processes write the same store. Pure.

use crate::store::{Accepted, Level, Moved, Reach};
use std::collections::HashMap;

/// See the module.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Heads {
    by_commune: HashMap<String, u64>,
    remade: u64,
}

impl Heads {
    /// Everything up to these places is followed. `remade`: as it was before they were read.
    pub(super) fn at(reaches: Vec<Reach>, remade: u64) -> Self {
        Self { by_commune: reaches.into_iter().map(|reach| (reach.commune, reach.seq)).collect(), remade }
    }

    /// Whether nothing is missing.
    pub(super) fn is_level(&self, level: Level) -> bool {
        self.knows_records(level) && self.by_commune.values().sum::<u64>() == level.changes
    }

    /// Whether no records were made anew since they were read.
    pub(super) fn knows_records(&self, level: Level) -> bool {
        self.remade == level.remade
    }

    /// The places after which something is missing.
    pub(super) fn behind(&self, reaches: Vec<Reach>) -> Vec<Reach> {
        let held = |reach: &Reach| self.by_commune.get(&reach.commune).copied().unwrap_or(0);
        let behind = reaches.into_iter().filter(|reach| held(reach) < reach.seq);
        behind.map(|reach| Reach { seq: held(&reach), ..reach }).collect()
    }

    /// A commune's log is followed up to here.
    pub(super) fn reach(&mut self, reach: Reach) {
        let held = self.by_commune.entry(reach.commune).or_default();
        *held = (*held).max(reach.seq);
    }

    /// Which of what this process committed follows on what is held. What is held already, or comes after what another process
    /// committed, is left out: the former is here, the latter is read from the store in its order.
    pub(super) fn follow<'a>(&mut self, accepted: &'a [Accepted], moved: &[Moved]) -> Vec<&'a Accepted> {
        let mut spans: HashMap<&str, (u64, u64)> = HashMap::new();
        for Moved { commune, from, to } in moved {
            let span = spans.entry(commune).or_insert((*from, *from));
            // A gap is what others wrote in between.
            *span = if span.1 == *from { (span.0, *to) } else { (u64::MAX, *to) };
        }
        spans.retain(|commune, (from, to)| {
            let held = self.by_commune.get(*commune).copied().unwrap_or(0);
            let follows = held == *from;
            if follows {
                self.by_commune.insert((*commune).to_owned(), *to);
            }
            follows
        });
        accepted.iter().filter(|one| spans.contains_key(one.commune())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::observation::ObservationKey;

    fn reach(commune: &str, seq: u64) -> Reach {
        Reach { commune: commune.into(), seq }
    }

    fn moved(commune: &str, from: u64, to: u64) -> Moved {
        Moved { commune: commune.into(), from, to }
    }

    fn accepted(commune: &str) -> Accepted {
        let key =
            ObservationKey { indicator: "CDS-17".into(), unit: String::new(), period: "2026-10".parse().unwrap() };
        Accepted::Evidence { commune: commune.into(), key: key.into(), version: 1, evidence_count: 1 }
    }

    #[test]
    fn what_follows_on_what_is_held_is_taken_and_the_rest_is_left_to_the_store() {
        let all = [accepted("a"), accepted("b")];
        for (moves, taken, held) in [
            (vec![moved("a", 3, 5)], 1, 5),
            (vec![moved("a", 3, 5), moved("a", 5, 6), moved("b", 0, 2)], 2, 6),
            // Read from the store before it was followed.
            (vec![moved("a", 1, 3)], 0, 3),
            (vec![moved("a", 2, 4)], 0, 3),
            // Another process wrote in between.
            (vec![moved("a", 4, 5)], 0, 3),
            (vec![moved("a", 3, 4), moved("a", 6, 7)], 0, 3),
            (vec![], 0, 3),
        ] {
            let mut heads = Heads::at(vec![reach("a", 3)], 0);
            assert_eq!(heads.follow(&all, &moves).len(), taken, "{moves:?}");
            assert_eq!(heads.by_commune["a"], held, "{moves:?}");
        }
    }

    #[test]
    fn what_is_missing_is_found_and_nothing_else() {
        let mut heads = Heads::at(vec![reach("a", 3), reach("b", 2)], 7);
        assert!(heads.is_level(Level { changes: 5, remade: 7 }));
        assert!(!heads.is_level(Level { changes: 6, remade: 7 }) && !heads.is_level(Level { changes: 5, remade: 8 }));
        let now = vec![reach("a", 3), reach("b", 4), reach("c", 1)];
        assert_eq!(heads.behind(now), [reach("b", 2), reach("c", 0)]);
        heads.reach(reach("c", 1));
        heads.reach(reach("b", 4));
        heads.reach(reach("b", 3));
        assert!(heads.is_level(Level { changes: 8, remade: 7 }), "{heads:?}");
    }
}
