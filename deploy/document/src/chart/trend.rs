//! Values month by month: lines with marks of different forms, each named at its end.

use super::{
    BLUE, Drawing, GREEN, INK, LETTERS, MOST, ORANGE, PALE, PURPLE, WIDTH,
    drawing::{Colour, Side},
    face::Face,
    scale::{Scale, check},
};
use crate::{
    Error,
    bounds::{self, LINE},
    text::figure,
};

const HEIGHT: f32 = 380.0;
const TOP: f32 = 28.0;
const FOOT: f32 = HEIGHT - 34.0;
const NAMES: f32 = 220.0;
const GAP: f32 = 8.0;
/// Most lines of a chart: more cannot be told apart.
pub const LINES: usize = 4;
const COLOURS: [Colour; LINES] = [BLUE, ORANGE, GREEN, PURPLE];

/// One line.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Whose values they are.
    pub label: String,
    /// A value for each month; none leaves a gap.
    pub values: Vec<Option<f64>>,
}

/// A chart of lines over the same months.
#[derive(Debug, Clone, PartialEq)]
pub struct Trend {
    /// What the chart shows, for those who cannot see it.
    pub description: String,
    /// The months as they stand below the axis: `01/2026`.
    pub months: Vec<String>,
    /// The lines, at most four.
    pub lines: Vec<Line>,
    /// Where the axis ends at least: 100 for shares.
    pub top: Option<f64>,
    /// Decimals of the values.
    pub decimals: usize,
}

/// Where things stand.
struct Frame {
    left: f32,
    across: f32,
    months: usize,
    scale: Scale,
}

impl Frame {
    fn x(&self, month: usize) -> f32 {
        let last = self.months.saturating_sub(1).max(1) as f32;
        let inset = 24.0;
        self.left + inset + (self.across - 2.0 * inset) * month as f32 / last
    }

    fn y(&self, value: f64) -> f32 {
        FOOT - self.scale.share(value) * (FOOT - TOP)
    }
}

impl Trend {
    /// The chart as a drawing.
    ///
    /// # Errors
    /// More lines or months than may be, lines of another length, or a figure that cannot be drawn.
    pub fn drawing(&self) -> Result<Drawing, Error> {
        let scale = self.checked()?;
        let face = Face::new()?;
        let ends: Vec<_> = self.lines.iter().map(|line| self.end(line, &face)).collect();
        let right = ends.iter().map(|end| face.width(end, LETTERS)).fold(0.0, f32::max);
        let ticks = scale.ticks();
        let left = GAP + ticks.iter().map(|(_, label)| face.width(label, LETTERS)).fold(0.0, f32::max) + GAP;
        let frame = Frame { left, across: WIDTH - left - right - GAP, months: self.months.len(), scale };
        let mut drawing = Drawing::new(&self.description, WIDTH, HEIGHT);
        for (share, label) in ticks {
            let y = FOOT - share * (FOOT - TOP);
            drawing.line(vec![(left, y), (left + frame.across, y)], 1.0, PALE);
            drawing.text(label, (left - GAP, y + LETTERS * 0.36), LETTERS, Side::Before);
        }
        drawing.line(vec![(left, FOOT), (left + frame.across, FOOT)], 1.5, INK);
        self.months(&mut drawing, &face, &frame);
        for (at, line) in self.lines.iter().enumerate() {
            self.line(&mut drawing, &face, &frame, line, at);
        }
        self.names(&mut drawing, &frame, &ends);
        Ok(drawing)
    }

    fn checked(&self) -> Result<Scale, Error> {
        bounds::count("months", self.months.len(), MOST)?;
        bounds::count("lines", self.lines.len(), LINES)?;
        for (month, at) in self.months.iter().zip(1..) {
            bounds::long(&format!("month {at}"), month, LINE)?;
        }
        let mut largest = self.top.unwrap_or_default();
        check(|| "the end of the axis".into(), largest)?;
        for (line, at) in self.lines.iter().zip(1..) {
            bounds::long(&format!("label of line {at}"), &line.label, LINE)?;
            if line.values.len() != self.months.len() {
                let (expected, found) = (self.months.len(), line.values.len());
                return Err(Error::Uneven { part: format!("line {at}"), expected, found });
            }
            for (value, month) in line.values.iter().zip(1..).filter_map(|(value, month)| value.zip(Some(month))) {
                check(|| format!("line {at}, month {month}"), value)?;
                largest = largest.max(value);
            }
        }
        Ok(Scale::new(largest))
    }

    /// The name at a line's end; with several lines the last value too.
    fn end(&self, line: &Line, face: &Face) -> String {
        let last = line.values.iter().rev().flatten().next();
        let value =
            last.filter(|_| self.lines.len() > 1).map_or_else(String::new, |value| format!(" {}", self.figure(*value)));
        face.fitted(&line.label, LETTERS, NAMES - face.width(&value, LETTERS)) + &value
    }

    fn figure(&self, value: f64) -> String {
        figure(value, self.decimals.min(6))
    }

    /// The months below the axis, as many as there is room for, the last one always.
    fn months(&self, drawing: &mut Drawing, face: &Face, frame: &Frame) {
        let room = frame.x(1) - frame.x(0);
        let widest = self.months.iter().map(|month| face.width(month, LETTERS)).fold(0.0, f32::max).min(80.0);
        let every = ((widest + GAP) / room.max(1.0)).ceil().max(1.0) as usize;
        let last = self.months.len().saturating_sub(1);
        for (at, month) in self.months.iter().enumerate().filter(|(at, _)| (last - at).is_multiple_of(every)) {
            let half = widest / 2.0;
            let x = frame.x(at).max(GAP + half).min(WIDTH - GAP - half);
            drawing.text(face.fitted(month, LETTERS, widest), (x, FOOT + 22.0), LETTERS, Side::Around);
        }
    }

    fn line(&self, drawing: &mut Drawing, face: &Face, frame: &Frame, line: &Line, at: usize) {
        let colour = COLOURS[at % LINES];
        let points: Vec<Option<(f32, f32)>> = line
            .values
            .iter()
            .enumerate()
            .map(|(month, value)| value.map(|value| (frame.x(month), frame.y(value))))
            .collect();
        for stretch in points.split(Option::is_none).filter(|stretch| stretch.len() > 1) {
            drawing.line(stretch.iter().flatten().copied().collect(), 2.5, colour);
        }
        for point in points.iter().flatten() {
            drawing.area(mark(*point, at), colour);
        }
        let widest =
            line.values.iter().flatten().map(|value| face.width(&self.figure(*value), LETTERS)).fold(0.0, f32::max);
        let roomy = self.months.len() < 2 || widest + 4.0 <= frame.x(1) - frame.x(0);
        let shown = points.iter().zip(&line.values).filter_map(|(point, value)| point.zip(*value));
        let last = shown.clone().count().saturating_sub(1);
        if self.lines.len() == 1 {
            for ((x, y), value) in shown.enumerate().filter(|(at, _)| roomy || *at == last).map(|(_, point)| point) {
                drawing.text(self.figure(value), (x, y - 10.0), LETTERS, Side::Around);
            }
        }
    }

    /// The names at the lines' ends, moved apart where they would lie upon each other.
    fn names(&self, drawing: &mut Drawing, frame: &Frame, ends: &[String]) {
        let end = |line: &Line| line.values.iter().rev().flatten().next().map(|value| frame.y(*value));
        let mut places: Vec<_> =
            self.lines.iter().enumerate().filter_map(|(at, line)| end(line).map(|y| (y, at))).collect();
        places.sort_by(|one, other| one.0.total_cmp(&other.0));
        let step = LETTERS * 1.2;
        let mut least = TOP;
        for place in &mut places {
            place.0 = place.0.max(least);
            least = place.0 + step;
        }
        let mut most = FOOT;
        for place in places.iter_mut().rev() {
            place.0 = place.0.min(most);
            most = place.0 - step;
        }
        for (y, at) in places {
            let place = (frame.left + frame.across, y + LETTERS * 0.36);
            drawing.coloured(ends[at].as_str(), place, LETTERS, Side::After, COLOURS[at % LINES]);
        }
    }
}

/// A mark about a point: circle, square, triangle, diamond.
fn mark((x, y): (f32, f32), at: usize) -> Vec<(f32, f32)> {
    let corners: &[(f32, f32)] = match at % LINES {
        0 => {
            let turn = |part: u8| (f32::from(part) * std::f32::consts::TAU / 24.0).sin_cos();
            return (0..24).map(turn).map(|(sin, cos)| (x + 5.0 * cos, y + 5.0 * sin)).collect();
        }
        1 => &[(-4.5, -4.5), (4.5, -4.5), (4.5, 4.5), (-4.5, 4.5)],
        2 => &[(0.0, -6.0), (5.5, 4.5), (-5.5, 4.5)],
        _ => &[(0.0, -6.5), (6.5, 0.0), (0.0, 6.5), (-6.5, 0.0)],
    };
    corners.iter().map(|(right, down)| (x + right, y + down)).collect()
}
