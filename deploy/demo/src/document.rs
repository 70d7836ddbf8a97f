//! A piece of evidence: a one-page PDF that says what it is, and that it is simulated.

use std::fmt::Write;

/// The bytes of a PDF of one page. Lines must be ASCII (the fonts that every reader has know no Vietnamese); the title may be
/// any text.
#[must_use]
pub fn pdf(title: &str, lines: &[String]) -> Vec<u8> {
    let mut page = String::from("BT /F1 14 Tf 60 780 Td 20 TL\n");
    for line in lines {
        let plain: String = line.chars().filter(|c| c.is_ascii() && !matches!(c, '(' | ')' | '\\')).collect();
        let _ = writeln!(page, "({plain}) Tj T*");
    }
    page += "ET";
    let title: String = title.encode_utf16().map(|unit| format!("{unit:04X}")).collect();
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>".to_owned(),
        format!("<< /Length {} >>\nstream\n{page}\nendstream", page.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
        format!("<< /Title <FEFF{title}> >>"),
    ];
    let mut file = String::from("%PDF-1.4\n");
    let mut places = String::new();
    for (number, object) in (1..).zip(&objects) {
        let _ = writeln!(places, "{:010} 00000 n ", file.len());
        let _ = write!(file, "{number} 0 obj\n{object}\nendobj\n");
    }
    let (table, size) = (file.len(), objects.len() + 1);
    let _ = write!(file, "xref\n0 {size}\n0000000000 65535 f \n{places}");
    let _ = write!(file, "trailer\n<< /Size {size} /Root 1 0 R /Info 6 0 R >>\nstartxref\n{table}\n%%EOF\n");
    file.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_object_stands_where_the_table_says() {
        let bytes = pdf("SỐ LIỆU MÔ PHỎNG", &["CDS-17, 2026-10".into(), "(odd) \\ line".into()]);
        let text = String::from_utf8(bytes).unwrap();
        let table = text.rsplit("startxref\n").next().unwrap().lines().next().unwrap().parse::<usize>().unwrap();
        assert!(text[table..].starts_with("xref\n0 7\n"));
        for (number, line) in text[table..].lines().skip(3).take(6).enumerate() {
            let place: usize = line[..10].parse().unwrap();
            assert!(text[place..].starts_with(&format!("{} 0 obj\n", number + 1)));
            assert_eq!(line.len(), 19, "with the line end an entry has twenty bytes");
        }
        assert!(text.contains("(odd  line) Tj") && text.contains("<FEFF0053"));
    }
}
