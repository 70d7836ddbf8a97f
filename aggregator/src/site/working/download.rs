//! An answer that is a file: its kind, and a name that every system can keep.

use crate::{
    report::cli::{Format, render},
    site::Failure,
};
use axum::{
    http::{
        HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use shared::{evidence_kind::EvidenceKind, language::Language, listing::Listing};
use std::fmt::Write;

/// Longest name, in characters.
const MAX_NAME: usize = 120;
/// The media type of CSV.
pub(in crate::site) const CSV: &str = "text/csv; charset=utf-8";

/// Says whether a file is shown, and under which name it is kept. Nothing of a name leads elsewhere: signs that could are replaced.
pub(in crate::site) fn disposition(is_shown: bool, name: &str) -> HeaderValue {
    let safe = |c: char| if c.is_control() || "/\\:*?\"<>|%".contains(c) { '_' } else { c };
    let name: String = name.trim().trim_start_matches('.').chars().map(safe).take(MAX_NAME).collect();
    let name = if name.is_empty() { "file".to_owned() } else { name };
    let plain = |c: char| if c.is_ascii_alphanumeric() || ".-_ ()".contains(c) { c } else { '_' };
    let ascii: String = shared::vietnamese::folded(&name).chars().map(plain).collect();
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b".-_".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String does not fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    let how = if is_shown { "inline" } else { "attachment" };
    HeaderValue::from_str(&format!("{how}; filename=\"{ascii}\"; filename*=UTF-8''{encoded}"))
        .unwrap_or(HeaderValue::from_static("attachment"))
}

/// A file to keep.
pub(in crate::site) fn file(name: &str, media_type: &'static str, bytes: Vec<u8>) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (CONTENT_DISPOSITION, disposition(false, name)),
        (CACHE_CONTROL, HeaderValue::from_static("private, no-store")),
    ];
    (StatusCode::OK, headers, bytes).into_response()
}

/// A workbook to keep.
pub(in crate::site) fn workbook(name: &str, bytes: Vec<u8>) -> Response {
    file(name, EvidenceKind::Xlsx.media_type(), bytes)
}

/// Bytes of a format to keep, under a name without ending.
pub(in crate::site) fn of_format(name: &str, format: Format, bytes: Vec<u8>) -> Response {
    match format {
        Format::Xlsx => workbook(&format!("{name}.xlsx"), bytes),
        _ => file(&format!("{name}.csv"), CSV, bytes),
    }
}

/// A list to keep, as the commands write it.
///
/// # Errors
/// It could not be written.
pub(in crate::site) fn list(
    name: &str,
    list: &Listing,
    format: Format,
    language: Language,
) -> Result<Response, Failure> {
    let bytes = render(list, format, language).map_err(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "a list could not be written");
        Failure::Internal
    })?;
    Ok(of_format(name, format, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_and_lead_nowhere() {
        for (name, expected) in [
            ("Biên bản 1.pdf", "inline; filename=\"bien ban 1.pdf\"; filename*=UTF-8''Bi%C3%AAn%20b%E1%BA%A3n%201.pdf"),
            ("../../etc/passwd", "inline; filename=\"_.._etc_passwd\"; filename*=UTF-8''_.._etc_passwd"),
            (
                "a\"\r\nSet-Cookie: x.pdf",
                "inline; filename=\"a___set-cookie_ x.pdf\"; filename*=UTF-8''a___Set-Cookie_%20x.pdf",
            ),
            ("", "inline; filename=\"file\"; filename*=UTF-8''file"),
        ] {
            assert_eq!(disposition(true, name).to_str().unwrap(), expected);
        }
    }
}
