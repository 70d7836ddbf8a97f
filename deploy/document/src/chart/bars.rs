//! Values of many places: one bar each, the value beside it, a target as a dashed line.

use super::{
    BLUE, Drawing, INK, LETTERS, MOST, ORANGE, PALE, WHITE, WIDTH,
    drawing::Side,
    face::Face,
    scale::{Scale, check},
};
use crate::{
    Error,
    bounds::{self, LINE},
    text::figure,
};

/// From bar to bar.
const ROW: f32 = 22.0;
const BAR: f32 = 15.0;
/// The widest that names may be: about 40 characters.
const NAMES: f32 = 330.0;
const GAP: f32 = 8.0;
/// Most bars of a drawing that fills a page of a document, for [`Bars::drawings`].
pub const PAGE: usize = 48;

/// A name and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// Whose value it is.
    pub label: String,
    /// The value, 0 at least.
    pub value: f64,
}

/// What the values should reach.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// What stands above its line, before the figure.
    pub label: String,
    /// The figure.
    pub value: f64,
}

/// A chart of bars in the order given.
#[derive(Debug, Clone, PartialEq)]
pub struct Bars {
    /// What the chart shows, for those who cannot see it.
    pub description: String,
    /// The bars from top to bottom.
    pub bars: Vec<Bar>,
    /// A line to compare them with.
    pub target: Option<Target>,
    /// Where the axis ends at least: 100 for shares.
    pub top: Option<f64>,
    /// Decimals of the values.
    pub decimals: usize,
}

impl Bars {
    /// The whole chart as one drawing.
    ///
    /// # Errors
    /// More bars than may be, or a figure that cannot be drawn.
    pub fn drawing(&self) -> Result<Drawing, Error> {
        self.drawn(&self.bars)
    }

    /// The chart on several drawings of about the same length and the same axis, each with at most `most` bars.
    ///
    /// # Errors
    /// As [`Bars::drawing`].
    pub fn drawings(&self, most: usize) -> Result<Vec<Drawing>, Error> {
        let count = self.bars.len().div_ceil(most.max(1)).max(1);
        self.bars.chunks(self.bars.len().div_ceil(count).max(1)).map(|bars| self.drawn(bars)).collect()
    }

    fn checked(&self) -> Result<Scale, Error> {
        bounds::count("bars", self.bars.len(), MOST)?;
        for (bar, at) in self.bars.iter().zip(1..) {
            check(|| format!("bar {at}"), bar.value)?;
            bounds::long(&format!("label of bar {at}"), &bar.label, LINE)?;
        }
        if let Some(target) = &self.target {
            check(|| "the target".into(), target.value)?;
            bounds::long("label of the target", &target.label, LINE)?;
        }
        let top = self.top.unwrap_or_default();
        check(|| "the end of the axis".into(), top)?;
        let values = self.bars.iter().map(|bar| bar.value).chain(self.target.iter().map(|target| target.value));
        Ok(Scale::new(values.fold(top, f64::max)))
    }

    fn drawn(&self, bars: &[Bar]) -> Result<Drawing, Error> {
        let scale = self.checked()?;
        let face = Face::new()?;
        let decimals = self.decimals.min(6);
        // Over all bars, so that drawings of one chart stand alike.
        let names = self.bars.iter().map(|bar| face.width(&bar.label, LETTERS)).fold(0.0, f32::max).min(NAMES);
        let values = self.bars.iter().map(|bar| face.width(&figure(bar.value, decimals), LETTERS)).fold(0.0, f32::max);
        let left = GAP + names + GAP;
        let across = (WIDTH - left - values - 2.0 * GAP).max(100.0);
        let top = if self.target.is_some() { 26.0 } else { 8.0 };
        let foot = top + bars.len() as f32 * ROW;
        let mut drawing = Drawing::new(&self.description, WIDTH, foot + 26.0);
        for (share, label) in scale.ticks() {
            let x = left + share * across;
            drawing.line(vec![(x, top), (x, foot)], 1.0, PALE);
            drawing.text(label, (x, foot + 18.0), LETTERS * 0.85, Side::Around);
        }
        let middle = |at: u16| top + (f32::from(at) + 0.5) * ROW;
        for (bar, at) in bars.iter().zip(0..) {
            let line = middle(at) + LETTERS * 0.36;
            drawing.text(face.fitted(&bar.label, LETTERS, names), (left - GAP, line), LETTERS, Side::Before);
            drawing.block((left, middle(at) - BAR / 2.0), (scale.share(bar.value) * across, BAR), BLUE);
        }
        drawing.line(vec![(left, top), (left, foot)], 1.5, INK);
        if let Some(target) = &self.target {
            let x = left + scale.share(target.value) * across;
            drawing.dashes(vec![(x, top - 4.0), (x, foot)], 2.0, ORANGE);
            let label = face.fitted(
                &format!("{} {}", target.label, figure(target.value, decimals)),
                LETTERS,
                WIDTH - 2.0 * GAP,
            );
            let half = face.width(&label, LETTERS) / 2.0;
            let place = x.min(WIDTH - GAP - half).max(GAP + half);
            drawing.coloured(label, (place, top - 10.0), LETTERS, Side::Around, ORANGE);
        }
        // Values come last and clear their ground, so that neither the target nor the ticks run through them.
        for (bar, at) in bars.iter().zip(0..) {
            let text = figure(bar.value, decimals);
            let x = left + scale.share(bar.value) * across + 5.0;
            drawing.block((x - 2.0, middle(at) - BAR / 2.0), (face.width(&text, LETTERS) + 4.0, BAR), WHITE);
            drawing.text(text, (x, middle(at) + LETTERS * 0.36), LETTERS, Side::After);
        }
        Ok(drawing)
    }
}
