//! The body: numbered headings, paragraphs, lists, tables and pictures.

use super::{
    TEXT_WIDTH,
    head::size,
    look::{Look, paragraph, shaped},
};
use crate::{Column, Numbering, Part, Picture, Report, Side, Table, bounds};
use docx_rs::{
    AlignmentType, Docx, HeightRule, Paragraph, Pic, Run, Shading, ShdType, Table as Grid, TableAlignmentType,
    TableCell, TableCellMargins, TableLayoutType, TableRow, VAlignType, WidthType,
};

/// English metric units in a twentieth of a point.
const METRIC: u64 = 635;
/// The tallest picture: a page less its caption.
const TALLEST: u64 = 13_400;
/// The height that only heading rows have: where the package is completed they are told by it.
pub(super) const HEADING_HEIGHT: u16 = 397;
/// Letters of points, in the order of the Vietnamese alphabet.
const LETTERS: [&str; 23] =
    ["a", "b", "c", "d", "đ", "e", "g", "h", "i", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t", "u", "v", "x", "y"];

pub(super) fn add(mut docx: Docx, report: &Report) -> Docx {
    let mut count = Count::default();
    for (part, at) in report.parts.iter().zip(1..) {
        docx = match part {
            Part::Heading { level, text } => docx.add_paragraph(heading(&mut count, report.numbering, *level, text)),
            Part::Paragraph(text) => {
                // The signature does not stand on a page without any text.
                let keep_next = at == report.parts.len();
                docx.add_paragraph(paragraph(text, Look { keep_next, ..Look::body() }))
            }
            Part::Bullets(items) => {
                items.iter().fold(docx, |docx, item| docx.add_paragraph(paragraph(&format!("- {item}"), Look::body())))
            }
            Part::Table(table) => {
                count.tables += 1;
                add_table(docx, table, count.tables)
            }
            Part::Picture(picture) => {
                count.pictures += 1;
                add_picture(docx, picture, count.pictures)
            }
        };
    }
    docx
}

#[derive(Default)]
struct Count {
    headings: [usize; 3],
    tables: usize,
    pictures: usize,
}

fn heading(count: &mut Count, numbering: Numbering, level: u8, text: &str) -> Paragraph {
    let at = usize::from(level.clamp(1, 3)) - 1;
    count.headings[at] += 1;
    count.headings[at + 1..].fill(0);
    let number = number(&count.headings, numbering, at);
    let look = Look { bold: true, italic: at == 2, keep_next: true, before: 120, ..Look::body() };
    paragraph(&format!("{number}{text}"), look).style(&format!("Heading{}", at + 1))
}

fn number(headings: &[usize; 3], numbering: Numbering, at: usize) -> String {
    match (numbering, at) {
        (Numbering::Unnumbered, _) => String::new(),
        (Numbering::Roman, 0) => format!("{}. ", roman(headings[0])),
        (Numbering::Roman, 1) => format!("{}. ", headings[1]),
        (Numbering::Roman, _) => format!("{}) ", letter(headings[2])),
        (Numbering::Decimal, _) => headings[..=at].iter().map(|number| format!("{number}.")).collect::<String>() + " ",
    }
}

fn letter(number: usize) -> String {
    let at = number.saturating_sub(1);
    LETTERS[at % LETTERS.len()].repeat(at / LETTERS.len() + 1)
}

fn roman(mut number: usize) -> String {
    let mut out = String::new();
    for (value, sign) in [
        (1000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ] {
        while number >= value {
            out.push_str(sign);
            number -= value;
        }
    }
    out
}

fn add_table(docx: Docx, table: &Table, number: usize) -> Docx {
    let caption = Look { bold: true, size: 26, before: 120, after: 80, keep_next: true, ..Look::middle() };
    let docx = match table.caption.as_str() {
        "" => docx.add_paragraph(paragraph("", Look { size: 12, ..caption })),
        text => docx.add_paragraph(paragraph(&format!("Bảng {number}. {text}"), caption)),
    };
    docx.add_table(grid(table)).add_paragraph(paragraph("", Look { size: 12, ..Look::left() }))
}

fn grid(table: &Table) -> Grid {
    let widths = widths(&table.columns);
    let headings = table.columns.iter().zip(&widths).map(|(column, width)| {
        let look = Look { bold: true, size: 24, keep_next: true, ..Look::middle() };
        let shade = Shading::new().shd_type(ShdType::Clear).color("auto").fill("E7E6E6");
        cell(&column.heading, look, *width).shading(shade)
    });
    let first = TableRow::new(headings.collect())
        .row_height(f32::from(HEADING_HEIGHT))
        .height_rule(HeightRule::AtLeast)
        .cant_split();
    let last = table.rows.len().saturating_sub(1);
    let rows = table.rows.iter().enumerate().map(|(at, row)| {
        let cells = row.iter().zip(table.columns.iter().zip(&widths)).map(|(text, (column, width))| {
            let align = match column.side {
                Side::Left => AlignmentType::Left,
                Side::Middle => AlignmentType::Center,
                Side::Right => AlignmentType::Right,
            };
            let look = Look { align, bold: table.total && at == last, size: 24, before: 20, after: 20, ..Look::left() };
            cell(text, look, *width)
        });
        TableRow::new(cells.collect()).cant_split()
    });
    Grid::new(std::iter::once(first).chain(rows).collect())
        .set_grid(widths.clone())
        .width(size(TEXT_WIDTH), WidthType::Dxa)
        .layout(TableLayoutType::Fixed)
        .align(TableAlignmentType::Center)
        .margins(TableCellMargins::new().margin(0, 85, 0, 85))
}

fn cell(text: &str, look: Look, width: usize) -> TableCell {
    TableCell::new()
        .width(width, WidthType::Dxa)
        .vertical_align(VAlignType::Center)
        .add_paragraph(paragraph(text, look))
}

/// The page's width, shared among the columns.
fn widths(columns: &[Column]) -> Vec<usize> {
    let all: usize = columns.iter().map(|column| usize::from(column.width)).sum();
    columns.iter().map(|column| size(TEXT_WIDTH) * usize::from(column.width) / all.max(1)).collect()
}

fn add_picture(docx: Docx, picture: &Picture, number: usize) -> Docx {
    let (width, height) = bounds::size(&picture.png).unwrap_or((1, 1));
    let across = u64::from(TEXT_WIDTH.unsigned_abs());
    let down = across * u64::from(height) / u64::from(width);
    let (across, down) = if down > TALLEST { (across * TALLEST / down, TALLEST) } else { (across, down) };
    let metric = |length: u64| u32::try_from(length.max(1) * METRIC).unwrap_or(u32::MAX);
    let pic = Pic::new_with_dimensions(picture.png.clone(), width, height)
        .id(format!("rIdPicture{number}"))
        .size(metric(across), metric(down));
    let look = Look { before: 120, keep_next: !picture.caption.is_empty(), ..Look::middle() };
    let docx = docx.add_paragraph(shaped(Paragraph::new().add_run(Run::new().add_image(pic)), look));
    if picture.caption.is_empty() {
        return docx;
    }
    let caption = Look { italic: true, size: 26, before: 40, after: 120, ..Look::middle() };
    docx.add_paragraph(paragraph(&format!("Hình {number}. {}", picture.caption), caption))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_numbered_as_offices_do() {
        let mut count = Count::default();
        let mut next = |numbering, at: usize| {
            count.headings[at] += 1;
            count.headings[at + 1..].fill(0);
            number(&count.headings, numbering, at)
        };
        assert_eq!(next(Numbering::Roman, 0), "I. ");
        assert_eq!(next(Numbering::Roman, 1), "1. ");
        assert_eq!(next(Numbering::Roman, 2), "a) ");
        assert_eq!(next(Numbering::Decimal, 2), "1.1.2. ");
        assert_eq!(next(Numbering::Roman, 0), "II. ");
        assert_eq!(next(Numbering::Decimal, 1), "2.1. ");
        assert_eq!((letter(5), letter(24), roman(1994)), ("đ".into(), "aa".into(), "MCMXCIV".into()));
    }
}
