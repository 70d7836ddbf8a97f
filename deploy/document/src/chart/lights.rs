//! Counts of green, yellow, red and grey: one bar each, always in this order, the counts in words beneath it.

use super::{
    Drawing, GREEN, GREY, INK, LETTERS, MOST, ORANGE, WHITE, WIDTH, YELLOW,
    drawing::{Colour, Side},
    face::Face,
};
use crate::{
    Error,
    bounds::{self, LINE},
    text::figure,
};

const ROW: f32 = 62.0;
const BAR: f32 = 26.0;
const NAMES: f32 = 240.0;
const GAP: f32 = 8.0;
/// The names of the lights, their colours and the colour of a count upon them.
const KINDS: [(&str, Colour, Colour); 4] =
    [("Xanh", GREEN, WHITE), ("Vàng", YELLOW, INK), ("Đỏ", ORANGE, WHITE), ("Xám", GREY, INK)];

/// The lights of one group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Light {
    /// Whose lights they are.
    pub label: String,
    /// How many are green.
    pub green: u32,
    /// How many are yellow.
    pub yellow: u32,
    /// How many are red.
    pub red: u32,
    /// How many are grey: without a judgement.
    pub grey: u32,
}

impl Light {
    const fn counts(&self) -> [u32; 4] {
        [self.green, self.yellow, self.red, self.grey]
    }

    fn sum(&self) -> f64 {
        self.counts().map(f64::from).iter().sum()
    }
}

/// A chart of lights in the order given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lights {
    /// What the chart shows, for those who cannot see it.
    pub description: String,
    /// The groups from top to bottom.
    pub lights: Vec<Light>,
}

impl Lights {
    /// The chart as a drawing.
    ///
    /// # Errors
    /// More groups than may be.
    pub fn drawing(&self) -> Result<Drawing, Error> {
        bounds::count("lights", self.lights.len(), MOST)?;
        for (light, at) in self.lights.iter().zip(1..) {
            bounds::long(&format!("label of lights {at}"), &light.label, LINE)?;
        }
        let face = Face::new()?;
        let names = self.lights.iter().map(|light| face.width(&light.label, LETTERS)).fold(0.0, f32::max).min(NAMES);
        let left = GAP + names + GAP;
        let across = WIDTH - left - GAP;
        let most = self.lights.iter().map(Light::sum).fold(1.0, f64::max);
        let mut drawing = Drawing::new(&self.description, WIDTH, 8.0 + self.lights.len().max(1) as f32 * ROW);
        for (light, at) in self.lights.iter().zip(0u16..) {
            let y = 8.0 + f32::from(at) * ROW;
            let line = y + BAR / 2.0 + LETTERS * 0.36;
            drawing.text(face.fitted(&light.label, LETTERS, names), (left - GAP, line), LETTERS, Side::Before);
            let mut from = left;
            for (count, (_, colour, ink)) in light.counts().into_iter().zip(KINDS).filter(|(count, _)| *count > 0) {
                let length = (f64::from(count) / most) as f32 * across;
                drawing.block((from, y), (length, BAR), colour);
                let text = figure(f64::from(count), 0);
                if face.width(&text, LETTERS) + 6.0 <= length {
                    drawing.coloured(text, (from + length / 2.0, line), LETTERS, Side::Around, ink);
                }
                from += length;
                // White between neighbours, so that they are told apart without colour.
                drawing.line(vec![(from, y), (from, y + BAR)], 2.0, WHITE);
            }
            beneath(&mut drawing, &face, light, (left, y + BAR + 18.0));
        }
        Ok(drawing)
    }
}

/// The counts in words, each behind a square of its colour.
fn beneath(drawing: &mut Drawing, face: &Face, light: &Light, (mut x, y): (f32, f32)) {
    for (count, (name, colour, _)) in light.counts().into_iter().zip(KINDS) {
        let text = format!("{name} {}", figure(f64::from(count), 0));
        drawing.block((x, y - 11.0), (11.0, 11.0), colour);
        drawing.text(text.as_str(), (x + 16.0, y), LETTERS * 0.9, Side::After);
        x += 16.0 + face.width(&text, LETTERS * 0.9) + 20.0;
    }
}
