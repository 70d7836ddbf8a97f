//! What the library leaves out of the package: repeated heading rows, names and descriptions of pictures, language, title and maker.
//! Text cannot be mistaken for markup here: it has been escaped before.

use super::{body::HEADING_HEIGHT, descriptions, tables};
use crate::{Error, Report, text::escaped};
use docx_rs::XMLDocx;

const LANGUAGE: &str = "vi-VN";
const PICTURE: &str = r#"<wp:docPr id="1" name="Figure" />"#;
/// Random-like numbers of paragraphs: they would differ between two writings of the same report.
const NUMBER: &str = r#" w14:paraId=""#;

pub(super) fn complete(package: &mut XMLDocx, report: &Report) -> Result<(), Error> {
    amend(&mut package.document, |xml| pictures(&headings(&unnumbered(xml), report)?, report))?;
    for part in package.headers.iter_mut().chain([&mut package.footnotes, &mut package.comments]) {
        amend(part, |xml| Ok(unnumbered(xml)))?;
    }
    amend(&mut package.styles, |xml| {
        let language = format!(
            r#"<w:lang w:val="{LANGUAGE}" w:eastAsia="{LANGUAGE}" w:bidi="{LANGUAGE}" /></w:rPr></w:rPrDefault>"#
        );
        once(xml, "</w:rPr></w:rPrDefault>", &language, "a default for the language")
    })?;
    amend(&mut package.doc_props.core, |xml| {
        let maker = escaped(&report.head.issuer.join(" "));
        let title = escaped(&format!("{} {}", report.title, report.subject));
        let end = format!("<dc:language>{LANGUAGE}</dc:language><dc:title>{title}</dc:title></cp:coreProperties>");
        let xml = once(xml, "</cp:coreProperties>", &end, "properties")?;
        let xml = xml.replace("<cp:lastModifiedBy>unknown<", &format!("<cp:lastModifiedBy>{maker}<"));
        once(&xml, "<dc:creator>unknown<", &format!("<dc:creator>{maker}<"), "a maker")
    })
}

fn amend(part: &mut Vec<u8>, change: impl FnOnce(&str) -> Result<String, Error>) -> Result<(), Error> {
    let xml = std::str::from_utf8(part).map_err(|_| Error::Package("text in UTF-8"))?;
    *part = change(xml)?.into_bytes();
    Ok(())
}

fn once(xml: &str, from: &str, to: &str, what: &'static str) -> Result<String, Error> {
    if xml.matches(from).count() == 1 { Ok(xml.replace(from, to)) } else { Err(Error::Package(what)) }
}

fn unnumbered(xml: &str) -> String {
    let mut pieces = xml.split(NUMBER);
    let mut out = String::with_capacity(xml.len());
    out.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        out.push_str(piece.split_once('"').map_or(piece, |(_, rest)| rest));
    }
    out
}

/// Marks the heading row of each table as one that every page repeats.
fn headings(xml: &str, report: &Report) -> Result<String, Error> {
    let height = format!(r#"<w:trHeight w:val="{HEADING_HEIGHT}" w:hRule="atLeast" />"#);
    if xml.matches(&height).count() != tables(report) {
        return Err(Error::Package("heading rows"));
    }
    Ok(xml.replace(&height, &format!("{height}<w:tblHeader />")))
}

/// Gives each picture a number of its own and its description.
fn pictures(xml: &str, report: &Report) -> Result<String, Error> {
    let mut pieces = xml.split(PICTURE);
    let mut out = pieces.next().unwrap_or_default().to_owned();
    let mut texts = descriptions(report);
    for (piece, number) in pieces.zip(1..) {
        let text = escaped(texts.next().ok_or(Error::Package("as many pictures as given"))?);
        out.push_str(&format!(r#"<wp:docPr id="{number}" name="Hình {number}" descr="{text}" />"#));
        out.push_str(piece);
    }
    if texts.next().is_some() { Err(Error::Package("as many pictures as given")) } else { Ok(out) }
}
