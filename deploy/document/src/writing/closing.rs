//! The end of the report: recipients at the left, the signature at the right.

use super::{
    head::{SIDES, cell, columns},
    look::{Look, paragraph},
};
use crate::Report;
use docx_rs::{Docx, Paragraph, TableRow};

/// Room for the signature and the seal.
const ROOM: u32 = 1_500;

pub(super) fn add(docx: Docx, report: &Report) -> Docx {
    let (left, right) = SIDES;
    let row = TableRow::new(vec![cell(recipients(&report.recipients), left), cell(signature(report), right)]);
    docx.add_paragraph(paragraph("", Look { size: 12, keep_next: true, ..Look::left() })).add_table(columns(vec![row]))
}

fn recipients(to: &[String]) -> Vec<Paragraph> {
    if to.is_empty() {
        return Vec::new();
    }
    let opening = paragraph("Nơi nhận:", Look { size: 24, bold: true, italic: true, ..Look::left() });
    let items = to.iter().enumerate().map(|(at, item)| {
        let end = if at + 1 == to.len() { "." } else { ";" };
        let item = item.trim_end_matches([';', '.', ' ']);
        paragraph(&format!("- {item}{end}"), Look { size: 22, ..Look::left() })
    });
    std::iter::once(opening).chain(items).collect()
}

fn signature(report: &Report) -> Vec<Paragraph> {
    let bold = Look { bold: true, ..Look::middle() };
    let signature = &report.signature;
    let mut lines: Vec<_> = signature
        .authority
        .iter()
        .map(|line| paragraph(&line.to_uppercase(), Look { keep_next: true, ..bold }))
        .collect();
    lines.push(paragraph(&signature.name, Look { before: ROOM, ..bold }));
    lines
}
