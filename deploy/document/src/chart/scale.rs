//! An axis from 0 to a round number.

use crate::{Error, text::figure};

/// The largest figure a chart takes.
const LARGEST: f64 = 1e15;

/// An axis: where it ends and how far its ticks are apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    pub top: f64,
    step: f64,
}

impl Scale {
    /// The axis for figures up to `largest`, with at most six ticks.
    pub(super) fn new(largest: f64) -> Self {
        if largest <= 0.0 {
            return Self { top: 1.0, step: 1.0 };
        }
        let power = 10f64.powf((largest / 5.0).log10().floor());
        let step =
            [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power).into_iter().find(|step| largest / step <= 5.0 + 1e-9);
        let step = step.unwrap_or(10.0 * power);
        Self { top: (largest / step - 1e-9).ceil() * step, step }
    }

    /// How far along the axis a figure lies, from 0 to 1.
    pub(super) fn share(&self, value: f64) -> f32 {
        (value / self.top).clamp(0.0, 1.0) as f32
    }

    /// The ticks with what stands at them.
    pub(super) fn ticks(&self) -> Vec<(f32, String)> {
        let count = (self.top / self.step).round().clamp(1.0, 10.0) as u32;
        let decimals = if self.step < 1.0 { (-self.step.log10()).ceil().clamp(1.0, 6.0) as usize } else { 0 };
        (0..=count)
            .map(|at| f64::from(at) * self.step)
            .map(|value| (self.share(value), figure(value, decimals)))
            .collect()
    }
}

/// Refuses what no axis from 0 can show.
pub(super) fn check(part: impl FnOnce() -> String, value: f64) -> Result<(), Error> {
    if (0.0..=LARGEST).contains(&value) { Ok(()) } else { Err(Error::Figure { part: part() }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_at_round_numbers() {
        let labels = |largest| Scale::new(largest).ticks().into_iter().map(|(_, label)| label).collect::<Vec<_>>();
        assert_eq!(labels(100.0), ["0", "20", "40", "60", "80", "100"]);
        assert_eq!(labels(95.0).last().map(String::as_str), Some("100"));
        assert_eq!(labels(0.3), ["0,0", "0,1", "0,2", "0,3"]);
        assert_eq!(labels(1e15).last().map(String::as_str), Some("1.000.000.000.000.000"));
        assert_eq!(labels(0.0), ["0", "1"]);
    }
}
