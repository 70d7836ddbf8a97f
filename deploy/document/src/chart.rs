//! Charts: drawn once, given out as SVG for pages and as PNG for documents. Axes begin at 0, figures stand beside what they measure.
//!
//! | module | noun |
//! | --- | --- |
//! | [`bars`] | values of many places, one bar each, with a target |
//! | [`lights`] | counts of green, yellow, red and grey in one bar |
//! | [`trend`] | values month by month as lines |
//! | [`drawing`] | what they are drawn on |

pub mod bars;
pub mod drawing;
mod face;
pub mod lights;
mod scale;
pub mod trend;

pub use bars::{Bar, Bars, Target};
pub use drawing::Drawing;
pub use lights::{Light, Lights};
pub use trend::{Line, Trend};

/// Width of a chart; in a document it is as wide as the text.
pub const WIDTH: f32 = 800.0;
/// Size of the letters: about 9 points in a document.
const LETTERS: f32 = 16.0;
/// Most bars, lights or months of a chart.
pub const MOST: usize = 500;

use drawing::Colour;

/// Colours that people who cannot tell red from green tell apart too, after Okabe and Ito.
const INK: Colour = Colour(0x26, 0x26, 0x26);
const PALE: Colour = Colour(0xD9, 0xD9, 0xD9);
const WHITE: Colour = Colour(0xFF, 0xFF, 0xFF);
const BLUE: Colour = Colour(0x3B, 0x7F, 0xB5);
const ORANGE: Colour = Colour(0xC4, 0x52, 0x0E);
const GREEN: Colour = Colour(0x1B, 0x8A, 0x6B);
const YELLOW: Colour = Colour(0xF2, 0xC8, 0x4B);
const GREY: Colour = Colour(0xB0, 0xB0, 0xB0);
const PURPLE: Colour = Colour(0x8A, 0x5A, 0x8C);
