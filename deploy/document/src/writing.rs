//! The report as DOCX: A4 upright, the margins and the type of Decree 30/2020/NĐ-CP, Appendix I.

mod body;
mod closing;
mod head;
mod look;
mod package;

use crate::{Error, Part, Report};
use docx_rs::{
    BorderType, Docx, Header, LineSpacing, LineSpacingType, PageMargin, PageNum, Paragraph, ParagraphBorder,
    ParagraphBorderPosition, RunFonts, Style, StyleType,
};
use look::{Look, paragraph};
use std::io::{Seek, Write};

/// Twentieths of a point in a millimetre, times a hundred.
const MILLIMETRE: i32 = 5_669;
/// Width of the text: 210 mm less 30 mm at the left and 15 mm at the right.
const TEXT_WIDTH: i32 = twips(165);
const TYPEFACE: &str = "Times New Roman";

/// Millimetres as twentieths of a point.
const fn twips(millimetres: i32) -> i32 {
    (millimetres * MILLIMETRE + 50) / 100
}

/// Writes a report that is within bounds.
pub(crate) fn write<W: Write + Seek>(report: &Report, to: W) -> Result<(), Error> {
    let mut docx = paper(report);
    if let Some(notice) = &report.notice {
        docx = docx.add_paragraph(boxed(notice));
    }
    docx = head::add(docx, report);
    docx = body::add(docx, report);
    docx = closing::add(docx, report);
    let mut package = docx.build();
    package::complete(&mut package, report)?;
    package.pack(to).map_err(std::io::Error::from)?;
    Ok(())
}

fn paper(report: &Report) -> Docx {
    let made = report.head.date.format("%Y-%m-%dT00:00:00Z").to_string();
    let fonts = RunFonts::new().ascii(TYPEFACE).hi_ansi(TYPEFACE).east_asia(TYPEFACE).cs(TYPEFACE);
    let margin = PageMargin {
        top: twips(20),
        bottom: twips(20),
        left: twips(30),
        right: twips(15),
        header: twips(9),
        footer: twips(9),
        gutter: 0,
    };
    let mut docx = Docx::new()
        .page_size(11_906, 16_838)
        .page_margin(margin)
        .default_fonts(fonts)
        .default_size(28)
        .default_line_spacing(LineSpacing::new().line_rule(LineSpacingType::Auto).line(240).before(0).after(0))
        .default_tab_stop(720)
        .created_at(&made)
        .updated_at(&made);
    for level in 1..=3 {
        let style = Style::new(format!("Heading{level}"), StyleType::Paragraph)
            .name(format!("heading {level}"))
            .based_on("Normal")
            .outline_lvl(level - 1);
        docx = docx.add_style(style);
    }
    let number = Paragraph::new().align(docx_rs::AlignmentType::Center).add_page_num(PageNum::new());
    docx.first_header(noticed(Header::new(), report)).header(noticed(Header::new().add_paragraph(number), report))
}

/// The header with the notice below what it holds already.
fn noticed(header: Header, report: &Report) -> Header {
    let text = report.notice.as_deref().unwrap_or_default();
    let look = Look { size: 20, bold: true, after: 120, ..Look::middle() };
    if text.is_empty() && !header.children.is_empty() { header } else { header.add_paragraph(paragraph(text, look)) }
}

/// The notice at the top of the first page, in a frame.
fn boxed(notice: &str) -> Paragraph {
    let mut framed = paragraph(notice, Look { size: 26, bold: true, ..Look::middle() });
    for position in [
        ParagraphBorderPosition::Top,
        ParagraphBorderPosition::Bottom,
        ParagraphBorderPosition::Left,
        ParagraphBorderPosition::Right,
    ] {
        let border = ParagraphBorder::new(position).val(BorderType::Single).size(12).space(4).color(look::INK);
        framed.property = framed.property.set_border(border);
    }
    // The frame stands outside the text: moved in, it ends where the text ends.
    let framed = framed.indent(Some(100), None, Some(100), None);
    framed.line_spacing(LineSpacing::new().before(0).after(240))
}

/// The description of each picture, in their order.
fn descriptions(report: &Report) -> impl Iterator<Item = &str> {
    report.parts.iter().filter_map(|part| match part {
        Part::Picture(picture) if picture.description.is_empty() => Some(picture.caption.as_str()),
        Part::Picture(picture) => Some(picture.description.as_str()),
        _ => None,
    })
}

/// How many tables repeat their headings.
fn tables(report: &Report) -> usize {
    report.parts.iter().filter(|part| matches!(part, Part::Table(_))).count()
}
