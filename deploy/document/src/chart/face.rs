//! The typeface of charts: widths, texts cut to a width, outlines.

use super::drawing::Text;
use crate::{Error, text::clean};
use skrifa::{
    FontRef, MetadataProvider,
    instance::{LocationRef, Size},
    outline::{DrawSettings, OutlinePen},
};
use tiny_skia::{FillRule, Paint, PathBuilder, Pixmap, Transform};

/// Latin with Vietnamese; `font/README.md` tells what the subset holds.
const FILE: &[u8] = include_bytes!("../../font/DejaVuSansCondensed-Vietnamese.ttf");
const ELLIPSIS: &str = "…";

/// The typeface, ready to measure and to draw.
pub(super) struct Face {
    font: FontRef<'static>,
}

impl Face {
    pub(super) fn new() -> Result<Self, Error> {
        FontRef::new(FILE).map(|font| Self { font }).map_err(|fault| Error::Drawing(fault.to_string()))
    }

    /// How wide a text is.
    pub(super) fn width(&self, text: &str, size: f32) -> f32 {
        let metrics = self.font.glyph_metrics(Size::new(size), LocationRef::default());
        let charmap = self.font.charmap();
        clean(text)
            .chars()
            .map(|letter| charmap.map(letter).unwrap_or_default())
            .filter_map(|glyph| metrics.advance_width(glyph))
            .sum()
    }

    /// The text cleaned, and cut with an ellipsis where it is wider than it may be.
    pub(super) fn fitted(&self, text: &str, size: f32, most: f32) -> String {
        let text = clean(text);
        if self.width(&text, size) <= most {
            return text;
        }
        let mut end = text.len();
        while let Some((before, _)) = text[..end].char_indices().next_back() {
            let cut = format!("{}{ELLIPSIS}", text[..before].trim_end());
            if self.width(&cut, size) <= most {
                return cut;
            }
            end = before;
        }
        String::new()
    }

    /// Draws a text.
    pub(super) fn draw(&self, to: &mut Pixmap, text: &Text, zoom: f32) {
        let &Text { at, size, side, colour, .. } = text;
        let text = clean(&text.text);
        let mut x = at.0 - side.share() * self.width(&text, size);
        let metrics = self.font.glyph_metrics(Size::new(size), LocationRef::default());
        let (charmap, outlines) = (self.font.charmap(), self.font.outline_glyphs());
        let mut pen = Pen { path: PathBuilder::new(), x, y: at.1 };
        for letter in text.chars() {
            let glyph = charmap.map(letter).unwrap_or_default();
            pen.x = x;
            if let Some(outline) = outlines.get(glyph) {
                // A glyph that cannot be drawn leaves a gap of its width.
                let _ = outline.draw(DrawSettings::unhinted(Size::new(size), LocationRef::default()), &mut pen);
            }
            x += metrics.advance_width(glyph).unwrap_or_default();
        }
        if let Some(path) = pen.path.finish() {
            let mut paint = Paint::default();
            paint.set_color_rgba8(colour.0, colour.1, colour.2, 255);
            to.fill_path(&path, &paint, FillRule::Winding, Transform::from_scale(zoom, zoom), None);
        }
    }
}

/// Moves outlines to their place; letters grow upwards, pictures downwards.
struct Pen {
    path: PathBuilder,
    x: f32,
    y: f32,
}

impl OutlinePen for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.path.move_to(self.x + x, self.y - y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.path.line_to(self.x + x, self.y - y);
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        self.path.quad_to(self.x + cx, self.y - cy, self.x + x, self.y - y);
    }

    fn curve_to(&mut self, ax: f32, ay: f32, bx: f32, by: f32, x: f32, y: f32) {
        self.path.cubic_to(self.x + ax, self.y - ay, self.x + bx, self.y - by, self.x + x, self.y - y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_vietnamese_letter_is_in_the_typeface() {
        let face = Face::new().unwrap();
        let charmap = face.font.charmap();
        let marks = "aăâeêioôơuưy".chars().flat_map(|vowel| {
            ["", "\u{300}", "\u{301}", "\u{303}", "\u{309}", "\u{323}"].map(|tone| format!("{vowel}{tone}"))
        });
        for letter in marks
            .chain(["đĐ–—…“”%₫≥≤".into()])
            .flat_map(|text| clean(&(text.to_uppercase() + &text)).chars().collect::<Vec<_>>())
        {
            assert!(charmap.map(letter).is_some(), "{letter}");
        }
    }

    #[test]
    fn long_names_are_cut_to_their_width() {
        let face = Face::new().unwrap();
        let long = "Ủy ban nhân dân xã có tên dài bốn mươi chữ";
        assert_eq!(face.fitted("Xã Trảng Bom", 16.0, 300.0), "Xã Trảng Bom");
        let cut = face.fitted(long, 16.0, 200.0);
        assert!(cut.ends_with('…') && face.width(&cut, 16.0) <= 200.0, "{cut}");
        assert_eq!(face.fitted(long, 16.0, 1.0), "");
    }
}
