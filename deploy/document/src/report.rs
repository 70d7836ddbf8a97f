//! A report as plain data. What it may hold at most stands in [`crate::bounds`].

use crate::{Error, bounds, writing};
use chrono::NaiveDate;
use std::io::{Seek, Write};

/// An official report.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Who issues it, its number, where and when.
    pub head: Head,
    /// What kind of document it is: `BÁO CÁO`.
    pub title: String,
    /// What it is about (trích yếu).
    pub subject: String,
    /// To whom it goes (`Kính gửi:`); none leaves the line out.
    pub addressed_to: Vec<String>,
    /// How its headings are numbered.
    pub numbering: Numbering,
    /// Headings, paragraphs, lists, tables and pictures in their order.
    pub parts: Vec<Part>,
    /// Who gets it (`Nơi nhận:`), without dashes and semicolons.
    pub recipients: Vec<String>,
    /// Who signs it.
    pub signature: Signature,
    /// What every page has to say at its top: `SỐ LIỆU MÔ PHỎNG`.
    pub notice: Option<String>,
}

/// The head of the first page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The body above the issuing one.
    pub superior: Option<String>,
    /// The issuing body, line by line.
    pub issuer: Vec<String>,
    /// The document's number; none leaves room to write it in.
    pub number: Option<u32>,
    /// What stands behind the number: `BC-UBND`.
    pub symbol: String,
    /// Where it is issued: `Đồng Nai`.
    pub place: String,
    /// When it is issued; also the document's own date of making.
    pub date: NaiveDate,
    /// Leaves room to write the day in, as for a draft.
    pub day_open: bool,
}

/// How headings are numbered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbering {
    /// `I.`, `1.`, `a)`.
    Roman,
    /// `1.`, `1.1.`, `1.1.1.`.
    Decimal,
    /// Not at all: the texts bring their own.
    Unnumbered,
}

/// One part of the body.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// A heading, numbered by [`Report::numbering`].
    Heading {
        /// 1 to 3.
        level: u8,
        /// Its text without a number.
        text: String,
    },
    /// A justified paragraph with its first line indented.
    Paragraph(String),
    /// A list, each item behind a dash.
    Bullets(Vec<String>),
    /// A table.
    Table(Table),
    /// A picture.
    Picture(Picture),
}

/// A table; its headings are repeated on every page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// What stands above it, behind `Bảng 1.`; nothing leaves the line out.
    pub caption: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows, each with a cell per column.
    pub rows: Vec<Vec<String>>,
    /// Whether the last row is a total and stands in bold.
    pub total: bool,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its heading.
    pub heading: String,
    /// Its share of the page's width, against the other columns'.
    pub width: u16,
    /// Where its cells stand.
    pub side: Side,
}

/// Where the cells of a column stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// At the left: words.
    Left,
    /// In the middle: numbers of rows, marks.
    Middle,
    /// At the right: figures.
    Right,
}

/// A picture in the middle of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// The PNG itself.
    pub png: Vec<u8>,
    /// What stands below it, behind `Hình 1.`; nothing leaves the line out.
    pub caption: String,
    /// What it shows, for those who cannot see it; nothing takes the caption.
    pub description: String,
}

/// The block of the one who signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// By what authority, line by line: `TM. ỦY BAN NHÂN DÂN`, `CHỦ TỊCH`.
    pub authority: Vec<String>,
    /// The name; nothing leaves room for it.
    pub name: String,
}

impl Report {
    /// Whether the report is within bounds.
    ///
    /// # Errors
    /// The first part that is not.
    pub fn check(&self) -> Result<(), Error> {
        bounds::check(self)
    }

    /// Writes the report as DOCX: the same report gives the same bytes.
    ///
    /// # Errors
    /// The first part that is out of bounds; what writing says.
    pub fn write<W: Write + Seek>(&self, to: W) -> Result<(), Error> {
        self.check()?;
        writing::write(self, to)
    }
}
