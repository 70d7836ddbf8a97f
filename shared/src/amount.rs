//! Exact decimal amounts: what communes report and plans ask for. Never a binary float.
//!
//! An [`Amount`] holds at most 15 digits before the decimal point and 6 behind it; anything else is refused when it is
//! read, so that every later computation fits its type. A nation's books hold hundreds of thousands of them, so that one is kept in the
//! twelve bytes that it needs (71 bits), and computed with in sixteen.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use std::{fmt, str::FromStr};
use thiserror::Error;

/// Decimal places that an amount can carry.
pub const AMOUNT_SCALE: u32 = 6;
/// One unit in millionths.
pub const MICROS: i128 = 1_000_000;
const LIMIT: i128 = 1_000_000_000_000_000 * MICROS;

/// An exact decimal with at most 15 digits before the point and 6 behind it.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(Rust, packed(4))]
pub struct Amount {
    /// The upper bits of the millionths, with their sign; first, so that amounts compare as their numbers do.
    upper: i32,
    lower: u64,
}

/// Why a text is not an amount.
#[derive(Debug, Error, PartialEq, Eq, Clone)]
pub enum AmountError {
    /// Not a plain decimal number.
    #[error("not a number: {0:?}")]
    NotANumber(String),
    /// More than 15 digits before the decimal point.
    #[error("more than 15 digits before the decimal point: {0:?}")]
    TooLarge(String),
    /// A separator that may stand between thousands or before decimals.
    #[error("write the number without separators between thousands: {0:?}")]
    Ambiguous(String),
    /// More than 6 digits behind the decimal point.
    #[error("more than 6 digits behind the decimal point: {0:?}")]
    TooFine(String),
}

impl Amount {
    /// Zero.
    pub const ZERO: Amount = Amount::packed(0);
    /// One.
    pub const ONE: Amount = Amount::packed(MICROS);

    /// Of millionths within the limits.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the limits need 71 bits of the 96")]
    const fn packed(micros: i128) -> Self {
        Self { upper: (micros >> 64) as i32, lower: micros as u64 }
    }

    /// An amount from millionths; `None` outside the limits.
    #[must_use]
    pub fn from_micros(micros: i128) -> Option<Self> {
        (micros.abs() < LIMIT).then_some(Self::packed(micros))
    }

    /// The amount in millionths.
    #[must_use]
    pub fn micros(self) -> i128 {
        (i128::from(self.upper) << 64) | i128::from(self.lower)
    }

    /// The amount itself where it is a whole number.
    #[must_use]
    pub fn whole(self) -> Option<i128> {
        // Most amounts are small, and 64-bit division is several times faster.
        match i64::try_from(self.micros()) {
            Ok(micros) => (micros % 1_000_000 == 0).then_some(i128::from(micros / 1_000_000)),
            Err(_) => self.is_whole().then_some(self.micros() / MICROS),
        }
    }

    /// True for whole numbers.
    #[must_use]
    pub fn is_whole(self) -> bool {
        self.micros() % MICROS == 0
    }

    /// Whether it is below zero.
    #[must_use]
    pub fn is_negative(self) -> bool {
        self.upper < 0
    }

    /// Reads what a person typed: spaces around it and a decimal comma are accepted ("12,5"). A separator that may stand
    /// between thousands ("1.000", "4,430") is refused: it would be read a thousand times too small.
    ///
    /// # Errors
    /// [`AmountError`] as for [`FromStr`], and [`AmountError::Ambiguous`].
    pub fn from_typed(text: &str) -> Result<Self, AmountError> {
        let plain = text.trim();
        if plain.contains(',') && plain.contains('.') {
            return Err(AmountError::NotANumber(shortened(plain)));
        }
        let digits = plain.strip_prefix(['-', '+']).unwrap_or(plain);
        let mut groups = digits.split(['.', ',']);
        let first = groups.next().unwrap_or_default();
        let rest: Vec<&str> = groups.collect();
        let thousands = (1..=3).contains(&first.len()) && !first.starts_with('0') && !rest.is_empty();
        if thousands && rest.iter().all(|group| group.len() == 3) {
            return Err(AmountError::Ambiguous(shortened(plain)));
        }
        plain.replace(',', ".").parse().map_err(|error| match error {
            AmountError::NotANumber(_) => AmountError::NotANumber(shortened(plain)),
            AmountError::TooLarge(_) => AmountError::TooLarge(shortened(plain)),
            AmountError::TooFine(_) => AmountError::TooFine(shortened(plain)),
            AmountError::Ambiguous(_) => AmountError::Ambiguous(shortened(plain)),
        })
    }

    /// The plain form with exactly six decimals, as in the columns `value` and `points` of the exports.
    #[must_use]
    pub fn six_decimals(self) -> String {
        crate::fraction::decimals(self.micros(), AMOUNT_SCALE)
    }
}

impl FromStr for Amount {
    type Err = AmountError;

    /// Reads the machine form: optional sign, digits, optional decimal point. No exponent, no separators.
    fn from_str(text: &str) -> Result<Self, AmountError> {
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        let plain = !digits.is_empty()
            && digits.len() <= 40
            && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
            && digits.bytes().filter(|b| *b == b'.').count() <= 1
            && digits.starts_with(|c: char| c.is_ascii_digit())
            && digits.ends_with(|c: char| c.is_ascii_digit());
        if !plain {
            return Err(AmountError::NotANumber(shortened(text)));
        }
        let whole = digits.split('.').next().unwrap_or_default().trim_start_matches('0');
        if whole.len() > 15 {
            return Err(AmountError::TooLarge(shortened(text)));
        }
        let fine = digits.split('.').nth(1).unwrap_or_default().trim_end_matches('0');
        if fine.len() > AMOUNT_SCALE as usize {
            return Err(AmountError::TooFine(shortened(text)));
        }
        let sign = if text.starts_with('-') { "-" } else { "" };
        let whole = if whole.is_empty() { "0" } else { whole };
        let exact = Decimal::from_str_exact(&format!("{sign}{whole}.{fine:0<6}"))
            .map_err(|_| AmountError::NotANumber(shortened(text)))?;
        let micros = (exact * Decimal::from(1_000_000u32)).to_i128();
        micros.and_then(Self::from_micros).ok_or_else(|| AmountError::TooLarge(shortened(text)))
    }
}

impl From<u32> for Amount {
    fn from(whole: u32) -> Self {
        Self::packed(i128::from(whole) * MICROS)
    }
}

impl fmt::Display for Amount {
    /// The machine form without trailing zeros: `12.5`, `80`, `-0.25`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let full = self.six_decimals();
        f.write_str(full.trim_end_matches('0').trim_end_matches('.'))
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Keeps an error message short whatever was typed.
fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_the_machine_form_and_refuses_everything_else() {
        for (text, printed) in
            [("80", "80"), ("12.50", "12.5"), ("-0.25", "-0.25"), ("007", "7"), ("0.000001", "0.000001"), ("-0", "0")]
        {
            assert_eq!(text.parse::<Amount>().unwrap().to_string(), printed);
        }
        for text in ["", "-", ".5", "5.", "1e3", "1,5", "NaN", "1 000", "٣", "1.2.3", "--1"] {
            assert!(matches!(text.parse::<Amount>(), Err(AmountError::NotANumber(_))), "{text}");
        }
        assert!(matches!("1234567890123456".parse::<Amount>(), Err(AmountError::TooLarge(_))));
        assert!(matches!("0.1234567".parse::<Amount>(), Err(AmountError::TooFine(_))));
        assert!("999999999999999.999999".parse::<Amount>().is_ok());
    }

    #[test]
    fn it_takes_twelve_bytes() {
        assert_eq!((size_of::<Amount>(), align_of::<Amount>()), (12, 4));
    }

    #[test]
    fn reads_what_people_type() {
        assert_eq!(Amount::from_typed(" 12,5 ").unwrap().to_string(), "12.5");
        assert_eq!(Amount::from_typed("0.125").unwrap().to_string(), "0.125");
        assert_eq!(Amount::from_typed("1000,5").unwrap().to_string(), "1000.5");
        for text in ["1.000", "4,430", "-12.345", "1.000.000"] {
            assert_eq!(Amount::from_typed(text), Err(AmountError::Ambiguous(text.into())));
        }
        assert_eq!(Amount::from_typed("1,2,3"), Err(AmountError::NotANumber("1,2,3".into())));
        assert!(Amount::from_typed("1.000,5").is_err());
    }

    proptest! {
        #[test]
        fn printing_and_reading_agree(micros in -(LIMIT - 1)..LIMIT) {
            let amount = Amount::from_micros(micros).unwrap();
            prop_assert_eq!(amount.to_string().parse::<Amount>().unwrap(), amount);
        }

        #[test]
        fn what_is_kept_in_twelve_bytes_is_the_number(
            one in prop_oneof![-(LIMIT - 1)..LIMIT, -5i128..5], other in prop_oneof![-(LIMIT - 1)..LIMIT, -5i128..5],
        ) {
            let [a, b] = [one, other].map(|micros| Amount::from_micros(micros).unwrap());
            prop_assert_eq!([a.micros(), b.micros()], [one, other]);
            prop_assert_eq!((a.cmp(&b), a == b, a.is_negative()), (one.cmp(&other), one == other, one < 0));
        }
    }
}
