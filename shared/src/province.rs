//! The province's own figure for one indicator over all communes.
//!
//! Source: scoring rules 2026.1, "The province's own figure".

use crate::{achievement::Measure, amount::MICROS, book::Book, catalogue::Kind, fraction::Fraction, period::Period};

/// The figure with the number of communes it stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProvinceFigure {
    /// A ratio Σn/Σd (as a percentage), a count the sum, a decimal the mean, a flag the share of yes (as a percentage).
    /// None when no commune gave what it needs.
    pub value: Option<Fraction>,
    /// Communes with an effective observation.
    pub reporting: u32,
    /// Of these, communes that gave only a percentage (or another kind of value) and are left out of the figure.
    pub left_out: u32,
    /// Σ numerators and Σ denominators in millionths, for a ratio.
    pub parts: Option<(i128, i128)>,
}

/// The province's own figure for an indicator in a period.
#[must_use]
pub fn province_figure(book: &Book, indicator: u32, period: Period) -> ProvinceFigure {
    let communes = 0..u32::try_from(book.members().len()).unwrap_or(u32::MAX);
    let effective: Vec<_> = communes.filter_map(|c| book.effective(c, indicator, period)).collect();
    let kind = book.indicators()[indicator as usize].kind;
    let numbers = || effective.iter().filter_map(|e| if let Measure::Number(n) = e.measure { Some(n) } else { None });
    let (value, used, parts) = match kind {
        Kind::Ratio => {
            let parts: Vec<_> = effective.iter().filter_map(|e| e.parts).collect();
            let (n, d) = parts.iter().fold((0, 0), |sum, part| (sum.0 + part.0, sum.1 + part.1));
            (Fraction::new(100 * n, d), parts.len(), Some((n, d)))
        }
        Kind::Count => {
            let sum: i128 = numbers().map(|n| n.rounded(0)).sum();
            let used = numbers().count();
            ((used > 0).then(|| Fraction::new(sum, 1)).flatten(), used, None)
        }
        Kind::Decimal => {
            // Reported decimals are whole millionths, so nothing is lost; roll-ups over units are rounded to them.
            let sum: i128 = numbers().map(|n| n.rounded(6)).sum();
            let used = numbers().count();
            (Fraction::new(sum, MICROS * i128::try_from(used).unwrap_or(0)), used, None)
        }
        Kind::Flag => {
            let flags: Vec<_> = effective.iter().filter(|e| matches!(e.measure, Measure::Flag(_))).collect();
            let yes = flags.iter().filter(|e| e.measure == Measure::Flag(true)).count();
            let share = i128::try_from(yes).ok().zip(i128::try_from(flags.len()).ok());
            (share.and_then(|(yes, all)| Fraction::new(100 * yes, all)), flags.len(), None)
        }
    };
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    ProvinceFigure { value, reporting: count(effective.len()), left_out: count(effective.len() - used), parts }
}
