//! Exact rational numbers, small: a fast path in 128 bits, and big integers where it would overflow.

use crate::amount::Amount;
use num_bigint::BigInt;
use std::cmp::Ordering;

/// An exact rational number. The denominator is above zero; it is not reduced.
#[derive(Debug, Clone, Copy)]
pub struct Fraction {
    numerator: i128,
    denominator: i128,
}

impl Fraction {
    /// Zero.
    pub const ZERO: Fraction = Fraction { numerator: 0, denominator: 1 };

    /// One.
    pub const ONE: Fraction = Fraction { numerator: 1, denominator: 1 };

    /// `numerator / denominator`; `None` when the denominator is zero.
    #[must_use]
    pub fn new(numerator: i128, denominator: i128) -> Option<Self> {
        match denominator.cmp(&0) {
            Ordering::Equal => None,
            Ordering::Greater => Some(Self { numerator, denominator }),
            Ordering::Less => Some(Self { numerator: -numerator, denominator: -denominator }),
        }
    }

    /// Whether it is below zero.
    #[must_use]
    pub fn is_negative(self) -> bool {
        self.numerator < 0
    }

    /// Whether it is above zero.
    #[must_use]
    pub fn is_positive(self) -> bool {
        self.numerator > 0
    }

    /// `self / other` in millionths, cut toward zero; `None` when `other` is zero.
    #[must_use]
    pub fn quotient_micros(self, other: Fraction) -> Option<i128> {
        if other.numerator == 0 {
            return None;
        }
        let fast = || {
            let top = self.numerator.checked_mul(other.denominator)?.checked_mul(1_000_000)?;
            let bottom = self.denominator.checked_mul(other.numerator)?;
            // Most figures are small, and 64-bit division is several times faster.
            match (u64::try_from(top), u64::try_from(bottom)) {
                (Ok(top), Ok(bottom)) => Some(i128::from(top / bottom)),
                _ => Some(top / bottom),
            }
        };
        Some(fast().unwrap_or_else(|| {
            let top = BigInt::from(self.numerator) * other.denominator * 1_000_000;
            let quotient = top / (BigInt::from(self.denominator) * other.numerator);
            i128::try_from(quotient).unwrap_or(i128::MAX)
        }))
    }

    /// With `places` decimals, rounded half away from zero, times 10^places.
    #[must_use]
    pub fn rounded(self, places: u32) -> i128 {
        let scale = 10i128.pow(places);
        let half_up = |magnitude: i128| magnitude.checked_mul(2)?.checked_add(self.denominator);
        let fast = self
            .numerator
            .checked_abs()
            .and_then(|n| n.checked_mul(scale))
            .and_then(half_up)
            .and_then(|top| Some(top / self.denominator.checked_mul(2)?));
        let magnitude = fast.unwrap_or_else(|| {
            let top = BigInt::from(self.numerator.unsigned_abs()) * scale * 2 + self.denominator;
            i128::try_from(top / (BigInt::from(self.denominator) * 2)).unwrap_or(i128::MAX)
        });
        if self.numerator < 0 { -magnitude } else { magnitude }
    }

    /// `self · numerator / denominator`; `None` where that is too large, or the denominator is not above zero.
    #[must_use]
    pub fn times(self, numerator: i128, denominator: i128) -> Option<Self> {
        let (numerator, denominator) =
            (self.numerator.checked_mul(numerator)?, self.denominator.checked_mul(denominator)?);
        (denominator > 0).then_some(Self { numerator, denominator })
    }

    /// With `places` decimals, the least that is not below it, times 10^places.
    #[must_use]
    pub fn up(self, places: u32) -> i128 {
        let near = self.rounded(places);
        let scale = 10i128.pow(places);
        if (Self { numerator: near, denominator: scale }) < self { near + 1 } else { near }
    }

    /// With `places` decimals, the most that is not above it, times 10^places.
    #[must_use]
    pub fn down(self, places: u32) -> i128 {
        -Self { numerator: -self.numerator, ..self }.up(places)
    }

    /// The rounded number as text with `places` decimals.
    #[must_use]
    pub fn to_decimals(self, places: u32) -> String {
        decimals(self.rounded(places), places)
    }
}

impl From<Amount> for Fraction {
    fn from(amount: Amount) -> Self {
        match amount.micros() % crate::amount::MICROS {
            0 => Self { numerator: amount.micros() / crate::amount::MICROS, denominator: 1 },
            _ => Self { numerator: amount.micros(), denominator: crate::amount::MICROS },
        }
    }
}

impl PartialEq for Fraction {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Fraction {}

impl PartialOrd for Fraction {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Fraction {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.numerator.checked_mul(other.denominator), other.numerator.checked_mul(self.denominator)) {
            (Some(left), Some(right)) => left.cmp(&right),
            _ => (BigInt::from(self.numerator) * other.denominator)
                .cmp(&(BigInt::from(other.numerator) * self.denominator)),
        }
    }
}

/// A scaled integer as text: `decimals(1234, 2)` is `12.34`.
#[must_use]
pub fn decimals(scaled: i128, places: u32) -> String {
    let scale = 10u128.pow(places);
    let magnitude = scaled.unsigned_abs();
    let sign = if scaled < 0 { "-" } else { "" };
    if places == 0 {
        return format!("{sign}{magnitude}");
    }
    format!("{sign}{}.{:0width$}", magnitude / scale, magnitude % scale, width = places as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fraction(n: i128, d: i128) -> Fraction {
        Fraction::new(n, d).unwrap()
    }

    #[test]
    fn rounds_half_away_from_zero_and_cuts_quotients() {
        assert_eq!(fraction(1, 8).to_decimals(2), "0.13");
        assert_eq!(fraction(-1, 8).to_decimals(2), "-0.13");
        assert_eq!(fraction(2, 3).to_decimals(6), "0.666667");
        assert_eq!(fraction(2, 3).quotient_micros(fraction(1, 1)), Some(666_666));
        assert_eq!(fraction(1, 1).quotient_micros(fraction(0, 1)), None);
        assert_eq!(decimals(-5, 2), "-0.05");
    }

    proptest! {
        #[test]
        fn the_wide_path_agrees_with_the_fast_one(n in 1i128..1_000_000, d in 1i128..1_000_000, m in 1i128..1_000_000, e in 1i128..1_000_000) {
            let wide = 10i128.pow(30);
            let (small, large) = (fraction(n, d), fraction(n * wide, d * wide));
            prop_assert_eq!(small, large);
            prop_assert_eq!(small.rounded(6), large.rounded(6));
            prop_assert_eq!(small.quotient_micros(fraction(m, e)), large.quotient_micros(fraction(m * wide, e * wide)));
        }
    }
}
