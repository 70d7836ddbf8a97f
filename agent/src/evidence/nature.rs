//! What a file that is no evidence seems to be, so that a person knows what to do. Told only, never decided by.

use shared::language::Language;
use std::io::{self, Read, Seek, SeekFrom};

/// How much of a file is looked at.
const LOOKED_AT_BYTES: u64 = 4 * 1024;

/// What a file seems to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nature {
    /// Begins as a PDF does.
    BrokenPdf,
    /// Begins as a PNG or JPEG does.
    BrokenPicture,
    /// A picture of another kind.
    OtherPicture,
    /// A Word or Excel document of before 2007.
    OldOffice,
    /// A ZIP: an archive, or a document with macros.
    Zip,
    /// A program.
    Program,
    /// Plain text.
    Text,
    /// Anything else.
    Unknown,
}

impl Nature {
    /// Looks at the beginning of a file.
    ///
    /// # Errors
    /// What the reader says.
    pub fn of(reader: &mut (impl Read + Seek)) -> io::Result<Self> {
        reader.seek(SeekFrom::Start(0))?;
        let mut start = Vec::new();
        reader.by_ref().take(LOOKED_AT_BYTES).read_to_end(&mut start)?;
        let begins = |with: &[u8]| start.starts_with(with);
        Ok(if begins(b"%PDF") {
            Self::BrokenPdf
        } else if begins(b"\x89PNG") || begins(b"\xff\xd8") {
            Self::BrokenPicture
        } else if [&b"GIF8"[..], b"RIFF", b"BM", b"II*\0", b"MM\0*"].into_iter().any(begins)
            || start.get(4..8) == Some(b"ftyp")
        {
            Self::OtherPicture
        } else if begins(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
            Self::OldOffice
        } else if begins(b"PK") {
            Self::Zip
        } else if begins(b"MZ") || begins(b"\x7fELF") {
            Self::Program
        } else if is_text(&start) {
            Self::Text
        } else {
            Self::Unknown
        })
    }

    /// In words, to stand after “is”.
    #[must_use]
    pub fn words(self, language: Language) -> &'static str {
        match self {
            Self::BrokenPdf => language.pick("tệp PDF bị hỏng hoặc thiếu phần cuối", "a damaged or incomplete PDF"),
            Self::BrokenPicture => language.pick("ảnh bị hỏng", "a damaged picture"),
            Self::OtherPicture => language.pick("ảnh hoặc phim dạng khác", "a picture or film of another kind"),
            Self::OldOffice => language.pick(
                "tài liệu Word, Excel dạng cũ (hãy lưu lại thành .docx, .xlsx)",
                "an old Word or Excel document (save it as .docx or .xlsx)",
            ),
            Self::Zip => language.pick("tệp nén ZIP hoặc tài liệu có macro", "a ZIP archive or a document with macros"),
            Self::Program => language.pick("một chương trình", "a program"),
            Self::Text => language.pick("tệp văn bản thô", "plain text"),
            Self::Unknown => language.pick("loại tệp không rõ", "of an unknown kind"),
        }
    }
}

/// Text, perhaps cut within a letter.
fn is_text(start: &[u8]) -> bool {
    let readable = match std::str::from_utf8(start) {
        Ok(text) => Some(text),
        Err(error) if error.error_len().is_none() => std::str::from_utf8(&start[..error.valid_up_to()]).ok(),
        Err(_) => None,
    };
    readable.is_some_and(|text| !text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn it_says_what_people_mistake_for_evidence() {
        for (bytes, nature) in [
            (&b"%PDF-1.7 cut"[..], Nature::BrokenPdf),
            (b"\xff\xd8\xff\xda", Nature::BrokenPicture),
            (b"GIF89a", Nature::OtherPicture),
            (b"\0\0\0\x18ftypheic", Nature::OtherPicture),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0", Nature::OldOffice),
            (b"PK\x03\x04", Nature::Zip),
            (b"MZ\x90\0", Nature::Program),
            ("biên bản họ\u{323}p".as_bytes(), Nature::Text),
            (&"họp".as_bytes()[..3], Nature::Text),
            (b"\0\x01\x02", Nature::Unknown),
        ] {
            assert_eq!(Nature::of(&mut Cursor::new(bytes)).unwrap(), nature);
            assert!(!nature.words(Language::Vi).is_empty());
        }
    }
}
