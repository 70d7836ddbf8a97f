//! Digests of periods and indicators <-> the wire.

use crate::{MAX_DIGEST_INDICATORS, MAX_DIGEST_PERIODS, WireError, field, sync::v1};
use shared::{digest::SetDigest, period::Period};
use std::collections::BTreeMap;

/// What an end holds of a period that differs from the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The period.
    pub period: Period,
    /// All of it.
    pub held: SetDigest,
    /// Indicator by indicator, those without records left out.
    pub indicators: BTreeMap<String, SetDigest>,
}

/// All periods to the wire.
#[must_use]
pub fn to_wire(periods: &BTreeMap<Period, SetDigest>) -> v1::Digests {
    v1::Digests { periods: periods.iter().map(|(period, digest)| one(*period, *digest)).collect() }
}

fn one(period: Period, digest: SetDigest) -> v1::PeriodDigest {
    v1::PeriodDigest { period: period.to_string(), digest: digest.to_bytes().to_vec(), records: digest.records() }
}

/// All periods from the wire.
///
/// # Errors
/// Too many, twice the same, or a field that is not what it should be.
pub fn from_wire(wire: v1::Digests) -> Result<BTreeMap<Period, SetDigest>, WireError> {
    if wire.periods.len() > MAX_DIGEST_PERIODS {
        return Err(WireError::field("periods", format!("more than {MAX_DIGEST_PERIODS}")));
    }
    let mut periods = BTreeMap::new();
    for wire in wire.periods {
        let (period, digest) = read(&wire)?;
        if periods.insert(period, digest).is_some() {
            return Err(WireError::field("period", format!("{period} twice")));
        }
    }
    Ok(periods)
}

fn read(wire: &v1::PeriodDigest) -> Result<(Period, SetDigest), WireError> {
    let digest = SetDigest::from_bytes(field::bytes("digest", &wire.digest)?, field::number("records", wire.records)?);
    Ok((field::period("period", &wire.period)?, digest))
}

/// The differences to the wire, cut to what fits; what is left out is found in the next session.
#[must_use]
pub fn report_to_wire(differences: Vec<Difference>) -> v1::DigestReport {
    let differences = differences.into_iter().take(MAX_DIGEST_PERIODS).map(|difference| v1::PeriodDifference {
        held: Some(one(difference.period, difference.held)),
        indicators: difference
            .indicators
            .into_iter()
            .take(MAX_DIGEST_INDICATORS)
            .map(|(indicator, digest)| v1::IndicatorDigest {
                indicator,
                digest: digest.to_bytes().to_vec(),
                records: digest.records(),
            })
            .collect(),
    });
    v1::DigestReport { differences: differences.collect() }
}

/// The differences from the wire.
///
/// # Errors
/// Too many, or a field that is not what it should be.
pub fn report_from_wire(wire: v1::DigestReport) -> Result<Vec<Difference>, WireError> {
    if wire.differences.len() > MAX_DIGEST_PERIODS {
        return Err(WireError::field("differences", format!("more than {MAX_DIGEST_PERIODS}")));
    }
    wire.differences
        .into_iter()
        .map(|difference| {
            let held = difference.held.ok_or_else(|| WireError::field("held", "missing"))?;
            let (period, held) = read(&held)?;
            if difference.indicators.len() > MAX_DIGEST_INDICATORS {
                return Err(WireError::field("indicators", format!("more than {MAX_DIGEST_INDICATORS}")));
            }
            let indicators = difference.indicators.into_iter().map(|wire| {
                let (sum, records) = (field::bytes("digest", &wire.digest)?, field::number("records", wire.records)?);
                Ok((field::code("indicator", wire.indicator)?, SetDigest::from_bytes(sum, records)))
            });
            Ok(Difference { period, held, indicators: indicators.collect::<Result<_, WireError>>()? })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::digest::RecordHash;

    fn digest(seed: u8) -> SetDigest {
        let mut digest = SetDigest::EMPTY;
        digest.add(RecordHash([seed; 32]));
        digest
    }

    #[test]
    fn digests_and_differences_survive_the_wire() {
        let period: Period = "2026-10".parse().unwrap();
        let periods = BTreeMap::from([(period, digest(1)), ("2026-Q3".parse().unwrap(), digest(2))]);
        assert_eq!(from_wire(to_wire(&periods)), Ok(periods));
        let indicators = BTreeMap::from([("CDS-17".to_owned(), digest(3))]);
        let differences = vec![Difference { period, held: digest(4), indicators }];
        assert_eq!(report_from_wire(report_to_wire(differences.clone())), Ok(differences));
    }

    #[test]
    fn too_many_or_damaged_ones_are_refused() {
        let good = one("2026-10".parse().unwrap(), digest(1));
        let many = vec![good.clone(); MAX_DIGEST_PERIODS + 1];
        let short = v1::PeriodDigest { digest: vec![1; 31], ..good.clone() };
        let nowhere = v1::PeriodDigest { period: "2026-13".into(), ..good.clone() };
        for periods in [many, vec![good.clone(), good.clone()], vec![short], vec![nowhere]] {
            assert!(from_wire(v1::Digests { periods }).is_err());
        }
        let without = v1::PeriodDifference { held: None, indicators: Vec::new() };
        assert!(report_from_wire(v1::DigestReport { differences: vec![without] }).is_err());
    }
}
