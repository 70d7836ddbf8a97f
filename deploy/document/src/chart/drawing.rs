//! What charts are drawn on: boxes, lines, marks and texts, given out as SVG and as PNG.

use super::{INK, WHITE, face::Face};
use crate::{Error, text::escaped};
use std::fmt::Write as _;
use tiny_skia::{FillRule, LineCap, Paint, PathBuilder, Pixmap, Stroke, StrokeDash, Transform};

/// Most points of a picture's side.
const LARGEST: f32 = 10_000.0;

/// A colour: red, green, blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Colour(pub u8, pub u8, pub u8);

/// On which side of a point a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    After,
    Around,
    Before,
}

impl Side {
    /// The share of a text's width that lies before its point.
    pub(super) const fn share(self) -> f32 {
        match self {
            Self::After => 0.0,
            Self::Around => 0.5,
            Self::Before => 1.0,
        }
    }
}

/// A text; `at` is its line's foot at the given side.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Text {
    pub text: String,
    pub at: (f32, f32),
    pub size: f32,
    pub side: Side,
    pub colour: Colour,
}

#[derive(Debug, Clone, PartialEq)]
enum Shape {
    Area { points: Vec<(f32, f32)>, colour: Colour },
    Line { points: Vec<(f32, f32)>, width: f32, dashed: bool, colour: Colour },
    Text(Text),
}

/// A finished chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawing {
    description: String,
    width: f32,
    height: f32,
    shapes: Vec<Shape>,
}

impl Drawing {
    pub(super) fn new(description: &str, width: f32, height: f32) -> Self {
        Self { description: description.to_owned(), width, height, shapes: Vec::new() }
    }

    /// Width and height in the drawing's own units.
    #[must_use]
    pub fn size(&self) -> (f32, f32) {
        (self.width, self.height)
    }

    /// What the chart shows, in words.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    pub(super) fn area(&mut self, points: Vec<(f32, f32)>, colour: Colour) {
        self.shapes.push(Shape::Area { points, colour });
    }

    /// A box by its upper left corner, width and height.
    pub(super) fn block(&mut self, (x, y): (f32, f32), (width, height): (f32, f32), colour: Colour) {
        self.area(vec![(x, y), (x + width, y), (x + width, y + height), (x, y + height)], colour);
    }

    pub(super) fn line(&mut self, points: Vec<(f32, f32)>, width: f32, colour: Colour) {
        self.shapes.push(Shape::Line { points, width, dashed: false, colour });
    }

    pub(super) fn dashes(&mut self, points: Vec<(f32, f32)>, width: f32, colour: Colour) {
        self.shapes.push(Shape::Line { points, width, dashed: true, colour });
    }

    pub(super) fn text(&mut self, text: impl Into<String>, at: (f32, f32), size: f32, side: Side) {
        self.coloured(text, at, size, side, INK);
    }

    pub(super) fn coloured(&mut self, text: impl Into<String>, at: (f32, f32), size: f32, side: Side, colour: Colour) {
        self.shapes.push(Shape::Text(Text { text: text.into(), at, size, side, colour }));
    }

    /// Where each text begins and ends across, for checks that none runs out of the picture.
    ///
    /// # Errors
    /// A typeface that cannot be read.
    pub fn texts(&self) -> Result<Vec<(String, f32, f32)>, Error> {
        let face = Face::new()?;
        let span = |shape: &Shape| match shape {
            Shape::Text(Text { text, at, size, side, .. }) => {
                let width = face.width(text, *size);
                let from = at.0 - side.share() * width;
                Some((text.clone(), from, from + width))
            }
            _ => None,
        };
        Ok(self.shapes.iter().filter_map(span).collect())
    }

    /// The chart for a page.
    #[must_use]
    pub fn svg(&self) -> String {
        let (width, height) = (self.width, self.height);
        let mut out = format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" font-family="DejaVu Sans Condensed, Arial, sans-serif"><title>{}</title>"#,
            escaped(&self.description)
        );
        for shape in &self.shapes {
            // Writing to a string does not fail.
            let _ = match shape {
                Shape::Area { points, colour } => {
                    write!(out, r#"<polygon points="{}" fill="{}"/>"#, listed(points), hex(*colour))
                }
                Shape::Line { points, width, dashed, colour } => {
                    let dash = if *dashed { r#" stroke-dasharray="6 4""# } else { "" };
                    let (points, colour) = (listed(points), hex(*colour));
                    write!(
                        out,
                        r#"<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{width}"{dash}/>"#
                    )
                }
                Shape::Text(Text { text, at: (x, y), size, side, colour }) => {
                    let anchor = match side {
                        Side::After => "start",
                        Side::Around => "middle",
                        Side::Before => "end",
                    };
                    let (text, colour) = (escaped(text), hex(*colour));
                    write!(
                        out,
                        r#"<text x="{x:.1}" y="{y:.1}" font-size="{size}" text-anchor="{anchor}" fill="{colour}">{text}</text>"#
                    )
                }
            };
        }
        out.push_str("</svg>");
        out
    }

    /// The chart for a document, `zoom` points for each unit.
    ///
    /// # Errors
    /// A picture that would be empty or too large; a typeface that cannot be read.
    pub fn png(&self, zoom: f32) -> Result<Vec<u8>, Error> {
        let side = |length: f32| {
            let length = (length * zoom).ceil();
            // Within 1 and 10 000 the conversion keeps the value.
            (1.0..=LARGEST).contains(&length).then_some(length as u32)
        };
        let made = side(self.width).zip(side(self.height)).and_then(|(width, height)| Pixmap::new(width, height));
        let mut map = made.ok_or_else(|| Error::Drawing("the picture would be empty or too large".into()))?;
        map.fill(tiny_skia::Color::from_rgba8(WHITE.0, WHITE.1, WHITE.2, 255));
        let face = Face::new()?;
        let scaled = Transform::from_scale(zoom, zoom);
        for shape in &self.shapes {
            match shape {
                Shape::Area { points, colour } => {
                    if let Some(path) = path(points, true) {
                        map.fill_path(&path, &paint(*colour), FillRule::Winding, scaled, None);
                    }
                }
                Shape::Line { points, width, dashed, colour } => {
                    let dash = if *dashed { StrokeDash::new(vec![6.0, 4.0], 0.0) } else { None };
                    let stroke = Stroke { width: *width, dash, line_cap: LineCap::Butt, ..Stroke::default() };
                    if let Some(path) = path(points, false) {
                        map.stroke_path(&path, &paint(*colour), &stroke, scaled, None);
                    }
                }
                Shape::Text(text) => face.draw(&mut map, text, zoom),
            }
        }
        map.encode_png().map_err(|fault| Error::Drawing(fault.to_string()))
    }
}

fn path(points: &[(f32, f32)], closed: bool) -> Option<tiny_skia::Path> {
    let mut path = PathBuilder::new();
    let (first, rest) = points.split_first()?;
    path.move_to(first.0, first.1);
    for point in rest {
        path.line_to(point.0, point.1);
    }
    if closed {
        path.close();
    }
    path.finish()
}

fn paint(colour: Colour) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color_rgba8(colour.0, colour.1, colour.2, 255);
    paint.anti_alias = true;
    paint
}

fn listed(points: &[(f32, f32)]) -> String {
    points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect::<Vec<_>>().join(" ")
}

fn hex(colour: Colour) -> String {
    format!("#{:02X}{:02X}{:02X}", colour.0, colour.1, colour.2)
}
