//! Where two ends differ: what the records here say against the agent's digests. Pure.

use crate::store::RecordDigests;
use proto::{MAX_DIGEST_INDICATORS, MAX_DIGEST_PERIODS, digest::Difference};
use shared::{digest::SetDigest, period::Period};
use std::collections::{BTreeMap, BTreeSet};

/// Most indicators told of in one report; what is beyond is compared in the next session.
const MAX_TOLD: usize = 20_000;

/// The periods in which the two differ, with what is held here.
#[must_use]
pub fn differences(held: RecordDigests, theirs: &BTreeMap<Period, SetDigest>) -> Vec<Difference> {
    let mut held = held;
    let periods: BTreeSet<Period> = held.keys().chain(theirs.keys()).copied().collect();
    let mut told = 0;
    let mut found = Vec::new();
    for period in periods {
        let indicators = held.remove(&period).unwrap_or_default();
        let mut whole = SetDigest::EMPTY;
        indicators.values().for_each(|digest| whole.merge(*digest));
        if theirs.get(&period).copied().unwrap_or_default() == whole {
            continue;
        }
        told += indicators.len().min(MAX_DIGEST_INDICATORS);
        if found.len() >= MAX_DIGEST_PERIODS || (told > MAX_TOLD && !found.is_empty()) {
            break;
        }
        found.push(Difference { period, held: whole, indicators });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::digest::RecordHash;

    fn digest(seeds: &[u8]) -> SetDigest {
        let mut digest = SetDigest::EMPTY;
        seeds.iter().for_each(|seed| digest.add(RecordHash([*seed; 32])));
        digest
    }

    #[test]
    fn only_what_differs_is_told_with_what_is_held_here() {
        let period = |text: &str| text.parse::<Period>().unwrap();
        let indicators = BTreeMap::from([("A".to_owned(), digest(&[1])), ("B".to_owned(), digest(&[2]))]);
        let held =
            RecordDigests::from([(period("2026-09"), indicators.clone()), (period("2026-10"), indicators.clone())]);
        let same = BTreeMap::from([(period("2026-09"), digest(&[1, 2])), (period("2026-10"), digest(&[2, 1]))]);
        assert_eq!(differences(held.clone(), &same), []);
        // The agent has a period more, one less, and another figure in a third.
        let theirs = BTreeMap::from([(period("2026-08"), digest(&[9])), (period("2026-10"), digest(&[1, 3]))]);
        let found = differences(held, &theirs);
        let lines: Vec<_> = found.iter().map(|one| (one.period.to_string(), one.held.records())).collect();
        assert_eq!(lines, [("2026-08".into(), 0), ("2026-09".into(), 2), ("2026-10".into(), 2)]);
        assert_eq!((&found[0].indicators, &found[2].indicators), (&BTreeMap::new(), &indicators));
        // A period that is there with nothing in it is the same as none.
        let empty = BTreeMap::from([(period("2026-08"), SetDigest::EMPTY)]);
        assert_eq!(differences(RecordDigests::new(), &empty), []);
    }

    #[test]
    fn a_report_stays_within_a_frame() {
        let indicators: BTreeMap<_, _> = (0..MAX_DIGEST_INDICATORS).map(|n| (format!("X-{n}"), digest(&[1]))).collect();
        let periods = (2000..2100).map(|year| Period::new(year, shared::period::Cycle::Yearly, 1).unwrap());
        let held: RecordDigests = periods.map(|period| (period, indicators.clone())).collect();
        let report = proto::digest::report_to_wire(differences(held, &BTreeMap::new()));
        assert!(prost::Message::encoded_len(&report) < proto::MAX_FRAME_BYTES);
        assert!(report.differences.len() > 1);
    }
}
