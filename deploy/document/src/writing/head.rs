//! The head of the first page, the title and the addressees.

use super::{
    TEXT_WIDTH,
    look::{Look, paragraph, rule, run, shaped, width},
};
use crate::{Head, Report};
use chrono::Datelike;
use docx_rs::{Docx, Paragraph, Table, TableCell, TableCellMargins, TableLayoutType, TableRow, VAlignType, WidthType};

/// Width of the issuing body's column.
const LEFT: i32 = 3_750;
const RIGHT: i32 = TEXT_WIDTH - LEFT;
/// Widths of both columns.
pub(super) const SIDES: (i32, i32) = (LEFT, RIGHT);
/// `Độc lập - Tự do - Hạnh phúc` in bold, 13 points.
const MOTTO: i32 = 3_170;
/// 12 points for the nation and the issuing body, 13 for the motto, the number and the date: the smaller of the two pairs that the
/// decree allows, so that the nation's name stays on one line in other typefaces too.
const SMALL: usize = 24;
const LARGE: usize = 26;
const NATION: &str = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM";

pub(super) fn add(docx: Docx, report: &Report) -> Docx {
    let mut docx = docx.add_table(pair(&report.head));
    let bold = Look { bold: true, ..Look::middle() };
    docx = docx.add_paragraph(paragraph(&report.title, Look { before: 360, ..bold }));
    docx = docx.add_paragraph(paragraph(&report.subject, bold));
    let subject = width(&report.subject, bold.size).min(TEXT_WIDTH);
    docx = docx.add_paragraph(rule(subject * 2 / 5, TEXT_WIDTH, 240));
    for line in addressees(&report.addressed_to) {
        docx = docx.add_paragraph(line);
    }
    docx
}

/// The two columns: issuing body and number, nation and date.
fn pair(head: &Head) -> Table {
    let bold = Look { bold: true, ..Look::middle() };
    let mut issuer = Vec::new();
    if let Some(superior) = &head.superior {
        issuer.push(paragraph(&superior.to_uppercase(), Look { size: SMALL, ..Look::middle() }));
    }
    let names: Vec<_> = head.issuer.iter().map(|name| name.to_uppercase()).collect();
    issuer.extend(names.iter().map(|name| paragraph(name, Look { size: SMALL, ..bold })));
    let longest = names.iter().map(|name| width(name, SMALL)).max().unwrap_or_default().min(LEFT);
    issuer.push(rule(longest * 2 / 5, LEFT, 0));
    let nation = vec![
        paragraph(NATION, Look { size: SMALL, ..bold }),
        paragraph("Độc lập - Tự do - Hạnh phúc", Look { size: LARGE, ..bold }),
        rule(MOTTO, RIGHT, 0),
    ];
    let number = paragraph(&number(head), Look { size: LARGE, before: 80, ..Look::middle() });
    let dated = paragraph(&dated(head), Look { size: LARGE, italic: true, before: 80, ..Look::middle() });
    columns(vec![
        TableRow::new(vec![cell(issuer, LEFT), cell(nation, RIGHT)]),
        TableRow::new(vec![cell(vec![number], LEFT), cell(vec![dated], RIGHT)]),
    ])
}

/// A table of two columns without lines, as heads and ends have.
pub(super) fn columns(rows: Vec<TableRow>) -> Table {
    let rows = rows.into_iter().map(TableRow::cant_split).collect();
    Table::without_borders(rows)
        .set_grid(vec![size(LEFT), size(RIGHT)])
        .width(size(TEXT_WIDTH), WidthType::Dxa)
        .layout(TableLayoutType::Fixed)
        .margins(TableCellMargins::new().margin(0, 0, 0, 0))
}

/// A cell of paragraphs; never without any, which Word would refuse.
pub(super) fn cell(lines: Vec<Paragraph>, width: i32) -> TableCell {
    let cell = TableCell::new().width(size(width), WidthType::Dxa).vertical_align(VAlignType::Top);
    if lines.is_empty() {
        return cell.add_paragraph(Paragraph::new());
    }
    lines.into_iter().fold(cell, TableCell::add_paragraph)
}

/// A length as the library takes it.
pub(super) fn size(length: i32) -> usize {
    usize::try_from(length).unwrap_or_default()
}

fn number(head: &Head) -> String {
    // Numbers below 10 get a leading 0; an open one leaves room to write.
    let number = head.number.map_or_else(|| "\u{A0}".repeat(8), |number| format!("{number:02}"));
    format!("Số: {number}/{}", head.symbol)
}

/// Place and date: days below 10 and the months 1 and 2 with a leading 0.
fn dated(head: &Head) -> String {
    let day = if head.day_open { "\u{A0}".repeat(5) } else { format!("{:02}", head.date.day()) };
    let month = head.date.month();
    let month = if month < 3 { format!("{month:02}") } else { month.to_string() };
    format!("{}, ngày {day} tháng {month} năm {}", head.place, head.date.year())
}

/// `Kính gửi:` with one addressee on its line, several below it.
fn addressees(to: &[String]) -> Vec<Paragraph> {
    let look = Look { after: 120, ..Look::middle() };
    match to {
        [] => Vec::new(),
        [one] => vec![paragraph(&format!("Kính gửi: {one}"), look)],
        many => {
            let listed = Look { left: 2_400, ..Look::left() };
            let opening = shaped(Paragraph::new().add_run(run("Kính gửi:", listed)), Look { left: 1_400, ..listed });
            let last = many.len() - 1;
            let items = many.iter().enumerate().map(|(at, item)| {
                let (end, after) = if at == last { (".", 160) } else { (";", 0) };
                paragraph(&format!("- {item}{end}"), Look { after, ..listed })
            });
            std::iter::once(opening).chain(items).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;

    fn head(year: i32, month: u32, day: u32) -> Head {
        Head {
            superior: None,
            issuer: vec!["Ủy ban nhân dân".into()],
            number: Some(7),
            symbol: "BC-UBND".into(),
            place: "Đồng Nai".into(),
            date: NaiveDate::from_ymd_opt(year, month, day).unwrap(),
            day_open: false,
        }
    }

    #[test]
    fn days_and_the_first_months_have_two_digits() {
        assert_eq!(dated(&head(2026, 2, 5)), "Đồng Nai, ngày 05 tháng 02 năm 2026");
        assert_eq!(dated(&head(2026, 3, 15)), "Đồng Nai, ngày 15 tháng 3 năm 2026");
        assert_eq!(number(&head(2026, 3, 15)), "Số: 07/BC-UBND");
    }
}
