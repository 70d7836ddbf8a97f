//! How paragraphs look, and the rules beneath lines.

use crate::text::clean;
use docx_rs::{
    AlignmentType, BorderType, LineSpacing, LineSpacingType, Paragraph, ParagraphBorder, ParagraphBorderPosition,
    ParagraphBorders, Run, SpecialIndentType,
};

/// The colour of letters and rules.
pub(super) const INK: &str = "000000";
/// The first line's indent: 1.27 cm.
pub(super) const FIRST_LINE: i32 = 720;

/// How a paragraph looks; lengths in twentieths of a point.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    /// Size of the type in half points.
    pub size: usize,
    pub bold: bool,
    pub italic: bool,
    pub align: AlignmentType,
    pub first_line: i32,
    pub left: i32,
    pub before: u32,
    pub after: u32,
    /// Distance of lines, 240 being single.
    pub line: i32,
    pub keep_next: bool,
}

impl Look {
    /// A line at the left, 14 points.
    pub(super) const fn left() -> Self {
        Self {
            size: 28,
            bold: false,
            italic: false,
            align: AlignmentType::Left,
            first_line: 0,
            left: 0,
            before: 0,
            after: 0,
            line: 240,
            keep_next: false,
        }
    }

    /// A line in the middle, 14 points.
    pub(super) const fn middle() -> Self {
        Self { align: AlignmentType::Center, ..Self::left() }
    }

    /// A paragraph of the body.
    pub(super) const fn body() -> Self {
        Self { align: AlignmentType::Both, first_line: FIRST_LINE, before: 60, after: 60, line: 264, ..Self::left() }
    }
}

/// A paragraph of one text.
pub(super) fn paragraph(text: &str, look: Look) -> Paragraph {
    shaped(Paragraph::new().add_run(run(text, look)), look)
}

/// A run of text with the look's type.
pub(super) fn run(text: &str, look: Look) -> Run {
    let mut run = Run::new().add_text(clean(text)).size(look.size);
    if look.bold {
        run = run.bold();
    }
    if look.italic {
        run = run.italic();
    }
    run
}

/// A paragraph with the look's place and distances.
pub(super) fn shaped(paragraph: Paragraph, look: Look) -> Paragraph {
    let spacing =
        LineSpacing::new().line_rule(LineSpacingType::Auto).line(look.line).before(look.before).after(look.after);
    let mut paragraph = paragraph.align(look.align).line_spacing(spacing).size(look.size);
    if look.first_line != 0 || look.left != 0 {
        let first = (look.first_line != 0).then_some(SpecialIndentType::FirstLine(look.first_line));
        paragraph = paragraph.indent(Some(look.left), first, None, None);
    }
    if look.keep_next {
        paragraph = paragraph.keep_next(true);
    }
    paragraph
}

/// A rule of a length in the middle of a column, as a low paragraph.
pub(super) fn rule(length: i32, column: i32, after: u32) -> Paragraph {
    let side = (column - length).max(0) / 2;
    let spacing = LineSpacing::new().line_rule(LineSpacingType::Exact).line(60).before(60).after(after);
    let mut rule = Paragraph::new().size(4).line_spacing(spacing).indent(Some(side), None, Some(side), None);
    let border = ParagraphBorder::new(ParagraphBorderPosition::Top).val(BorderType::Single).size(6).space(0).color(INK);
    rule.property = rule.property.set_borders(ParagraphBorders::with_empty().set(border));
    rule
}

/// About how wide a bold text of a size in half points is, in Times New Roman.
pub(super) fn width(text: &str, size: usize) -> i32 {
    let thousandths: i32 = clean(text)
        .chars()
        .map(|letter| match letter {
            ' ' | '.' | ',' => 250,
            'I' | 'Í' | 'Ì' | 'Ị' | 'Ĩ' | 'Ỉ' => 389,
            _ if letter.is_uppercase() => 715,
            _ => 492,
        })
        .sum();
    let size = i32::try_from(size).unwrap_or(i32::MAX / 1_000_000);
    thousandths.saturating_mul(size) / 100
}
