//! What a report may hold at most, checked before anything is written.

use crate::{Error, Part, Picture, Report, Table};

/// Most parts of a body.
pub const PARTS: usize = 2_000;
/// Most items of a list.
pub const ITEMS: usize = 500;
/// Most columns of a table.
pub const COLUMNS: usize = 20;
/// Most rows of a table.
pub const ROWS: usize = 5_000;
/// Most cells of all tables together: about 150 MB while they are written.
pub const CELLS: usize = 30_000;
/// Most pictures.
pub const PICTURES: usize = 60;
/// Most bytes of a picture.
pub const PICTURE_BYTES: usize = 8 << 20;
/// Most points of a picture's side.
pub const PICTURE_SIDE: u32 = 10_000;
/// Most lines of the head, the signature and the address.
pub const LINES: usize = 10;
/// Most recipients.
pub const RECIPIENTS: usize = 50;
/// Most characters of a name, a heading or a caption.
pub const LINE: usize = 500;
/// Most characters of a cell.
pub const CELL: usize = 2_000;
/// Most characters of a paragraph.
pub const PARAGRAPH: usize = 20_000;

pub(crate) fn check(report: &Report) -> Result<(), Error> {
    let head = &report.head;
    count("lines of the issuing body", head.issuer.len(), LINES)?;
    some("issuing body", &head.issuer.concat())?;
    lines("superior body", head.superior.as_slice())?;
    lines("issuing body", &head.issuer)?;
    long("symbol", &head.symbol, LINE)?;
    long("place", &head.place, LINE)?;
    some("title", &report.title)?;
    long("title", &report.title, LINE)?;
    some("subject", &report.subject)?;
    long("subject", &report.subject, LINE)?;
    lines("notice", report.notice.as_slice())?;
    count("addressees", report.addressed_to.len(), LINES)?;
    lines("addressee", &report.addressed_to)?;
    count("recipients", report.recipients.len(), RECIPIENTS)?;
    lines("recipient", &report.recipients)?;
    count("lines of the signature", report.signature.authority.len(), LINES)?;
    lines("signature", &report.signature.authority)?;
    long("name of the signer", &report.signature.name, LINE)?;
    parts(&report.parts)
}

fn parts(parts: &[Part]) -> Result<(), Error> {
    count("parts", parts.len(), PARTS)?;
    let (mut cells, mut pictures) = (0, 0);
    for (part, at) in parts.iter().zip(1..) {
        match part {
            Part::Heading { level, text } => {
                if !(1..=3).contains(level) {
                    return Err(Error::Level { part: format!("part {at} (heading)"), level: *level });
                }
                long(&format!("part {at} (heading)"), text, LINE)?;
            }
            Part::Paragraph(text) => long(&format!("part {at} (paragraph)"), text, PARAGRAPH)?,
            Part::Bullets(items) => {
                count(&format!("items of part {at}"), items.len(), ITEMS)?;
                for (item, number) in items.iter().zip(1..) {
                    long(&format!("part {at}, item {number}"), item, PARAGRAPH)?;
                }
            }
            Part::Table(table) => {
                self::table(table, at)?;
                cells += table.columns.len() * table.rows.len();
                count("cells of all tables", cells, CELLS)?;
            }
            Part::Picture(picture) => {
                pictures += 1;
                count("pictures", pictures, PICTURES)?;
                self::picture(picture, at)?;
            }
        }
    }
    Ok(())
}

fn table(table: &Table, at: usize) -> Result<(), Error> {
    long(&format!("part {at} (table), caption"), &table.caption, LINE)?;
    count(&format!("columns of part {at} (table)"), table.columns.len(), COLUMNS)?;
    count(&format!("rows of part {at} (table)"), table.rows.len(), ROWS)?;
    if table.columns.is_empty() || table.columns.iter().any(|column| column.width == 0) {
        return Err(Error::Empty { part: format!("part {at} (table), a column or its width") });
    }
    for (column, number) in table.columns.iter().zip(1..) {
        long(&format!("part {at} (table), heading {number}"), &column.heading, LINE)?;
    }
    for (row, number) in table.rows.iter().zip(1..) {
        if row.len() != table.columns.len() {
            let (expected, found) = (table.columns.len(), row.len());
            return Err(Error::Uneven { part: format!("part {at} (table), row {number}"), expected, found });
        }
        for (cell, column) in row.iter().zip(1..) {
            if cell.len() > CELL {
                long(&format!("part {at} (table), row {number}, column {column}"), cell, CELL)?;
            }
        }
    }
    Ok(())
}

fn picture(picture: &Picture, at: usize) -> Result<(), Error> {
    let part = format!("part {at} (picture)");
    long(&part, &picture.caption, LINE)?;
    long(&part, &picture.description, CELL)?;
    match size(&picture.png) {
        Some(_) if picture.png.len() <= PICTURE_BYTES => Ok(()),
        _ => Err(Error::Picture { part }),
    }
}

/// Width and height of a PNG, as its first chunk says; none when it is none or too large.
pub(crate) fn size(png: &[u8]) -> Option<(u32, u32)> {
    let head = png.strip_prefix(b"\x89PNG\r\n\x1a\n\0\0\0\x0DIHDR")?;
    let side = |at: usize| Some(u32::from_be_bytes(head.get(at..at + 4)?.try_into().ok()?));
    let (width, height) = (side(0)?, side(4)?);
    let possible = 1..=PICTURE_SIDE;
    (possible.contains(&width) && possible.contains(&height)).then_some((width, height))
}

pub(crate) fn count(part: &str, found: usize, limit: usize) -> Result<(), Error> {
    if found > limit { Err(Error::TooMany { part: part.to_owned(), limit }) } else { Ok(()) }
}

pub(crate) fn long(part: &str, text: &str, limit: usize) -> Result<(), Error> {
    if text.len() > limit && text.chars().nth(limit).is_some() {
        return Err(Error::TooLong { part: part.to_owned(), limit });
    }
    Ok(())
}

fn lines(part: &str, lines: &[String]) -> Result<(), Error> {
    lines.iter().try_for_each(|line| long(part, line, LINE))
}

fn some(part: &str, text: &str) -> Result<(), Error> {
    if text.trim().is_empty() { Err(Error::Empty { part: part.to_owned() }) } else { Ok(()) }
}
