//! Which kind of file a piece of evidence is, judged by its content alone. Reads little, unpacks nothing, believes no name.
//!
//! A kind says what a file is, not that it is harmless or whole: a reader may still refuse to open it.

use std::io::{self, Read, Seek, SeekFrom};
use zip::ZipArchive;

/// The kinds that are taken as evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EvidenceKind {
    /// Portable Document Format.
    Pdf,
    /// Portable Network Graphics.
    Png,
    /// JPEG image.
    Jpeg,
    /// Word document without macros.
    Docx,
    /// Excel workbook without macros.
    Xlsx,
}

impl EvidenceKind {
    /// All of them, in the order in which people read them.
    pub const ALL: [Self; 5] = [Self::Pdf, Self::Png, Self::Jpeg, Self::Docx, Self::Xlsx];

    /// One word, stable, for stores, programs and the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Png => "png",
            Self::Jpeg => "jpeg",
            Self::Docx => "docx",
            Self::Xlsx => "xlsx",
        }
    }

    /// The kind of a word of [`as_str`](Self::as_str).
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// The registered media type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }
}

/// A PDF begins within so many bytes, and its end mark lies within as many of its end.
const PDF_MARGIN_BYTES: u64 = 1024;
const PNG_START: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR";
/// Most segments of a JPEG before its picture: a colour profile and metadata take some dozens.
const MAX_JPEG_SEGMENTS: u32 = 1_024;
/// Most bytes read of a ZIP, which bounds memory too.
const MAX_ZIP_READ_BYTES: u64 = 2 * 1024 * 1024;
/// Most files in a ZIP.
const MAX_ZIP_ENTRIES: usize = 10_000;

/// The kind of what a reader holds; `None` when it is none that is taken. Where the reader stands then is not told.
///
/// # Errors
/// What the reader says, never what the content is.
pub fn detect(reader: &mut (impl Read + Seek)) -> io::Result<Option<EvidenceKind>> {
    reader.seek(SeekFrom::Start(0))?;
    let start = read_up_to(reader, PDF_MARGIN_BYTES)?;
    if start.starts_with(PNG_START) {
        return Ok(is_png_header(&start).then_some(EvidenceKind::Png));
    }
    if start.starts_with(b"\xff\xd8\xff") {
        return Ok(is_jpeg(reader)?.then_some(EvidenceKind::Jpeg));
    }
    if start.starts_with(b"PK\x03\x04") {
        return office(reader);
    }
    if find(&start, b"%PDF-").is_none() {
        return Ok(None);
    }
    let length = reader.seek(SeekFrom::End(0))?;
    reader.seek(SeekFrom::Start(length.saturating_sub(PDF_MARGIN_BYTES)))?;
    let end = read_up_to(reader, PDF_MARGIN_BYTES)?;
    Ok(find(&end, b"%%EOF").map(|_| EvidenceKind::Pdf))
}

fn read_up_to(reader: &mut impl Read, bytes: u64) -> io::Result<Vec<u8>> {
    let mut read = Vec::new();
    reader.by_ref().take(bytes).read_to_end(&mut read)?;
    Ok(read)
}

fn find(within: &[u8], what: &[u8]) -> Option<usize> {
    within.windows(what.len()).position(|window| window == what)
}

/// A width and a height, in bytes 16 to 23, that a picture can have.
fn is_png_header(start: &[u8]) -> bool {
    let side = |at: usize| {
        let bytes = start.get(at..at + 4)?.try_into().ok()?;
        Some(u32::from_be_bytes(bytes)).filter(|side| (1..=0x7fff_ffff).contains(side))
    };
    side(16).is_some() && side(20).is_some()
}

/// Goes from segment to segment until the one that says how large the picture is.
fn is_jpeg(reader: &mut (impl Read + Seek)) -> io::Result<bool> {
    reader.seek(SeekFrom::Start(2))?;
    for _ in 0..MAX_JPEG_SEGMENTS {
        let segment = read_up_to(reader, 4)?;
        let &[0xff, marker, high, low] = segment.as_slice() else { return Ok(false) };
        let length = u16::from_be_bytes([high, low]);
        match marker {
            // Start of frame, of every coding; C4, C8 and CC are tables and an extension.
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => return Ok(length >= 8 && has_sides(reader)?),
            0xc4 | 0xcc | 0xdb | 0xdd | 0xe0..=0xef | 0xfe if length >= 2 => {
                reader.seek(SeekFrom::Current(i64::from(length) - 2))?;
            }
            _ => return Ok(false),
        }
    }
    Ok(false)
}

/// After its length a frame says its depth, height and width. The height may come later: zero.
fn has_sides(reader: &mut impl Read) -> io::Result<bool> {
    Ok(matches!(read_up_to(reader, 5)?.as_slice(), &[_, _, _, high, low] if (high, low) != (0, 0)))
}

/// Which office document a ZIP is, by the names of its files.
fn office(reader: &mut (impl Read + Seek)) -> io::Result<Option<EvidenceKind>> {
    let mut bounded = Bounded { inner: reader, left: MAX_ZIP_READ_BYTES, failure: None };
    let archive = ZipArchive::new(&mut bounded).ok().filter(|archive| archive.len() <= MAX_ZIP_ENTRIES);
    let kind = archive.as_ref().and_then(kind_of_names);
    drop(archive);
    match bounded.failure {
        Some(error) => Err(error),
        None => Ok(kind),
    }
}

fn kind_of_names<R>(archive: &ZipArchive<R>) -> Option<EvidenceKind>
where
    R: Read + Seek,
{
    let has = |wanted: &[u8]| archive.file_names_raw().any(|name| name.eq_ignore_ascii_case(wanted));
    // Whatever folder it lies in, and however a system writes its separators.
    let has_macros = archive.file_names_raw().any(|name| {
        let last = name.rsplit(|byte| matches!(byte, b'/' | b'\\')).next().unwrap_or_default();
        last.to_ascii_lowercase().starts_with(b"vbaproject")
    });
    if has_macros || !has(b"[Content_Types].xml") {
        return None;
    }
    match (has(b"word/document.xml"), has(b"xl/workbook.xml")) {
        (true, false) => Some(EvidenceKind::Docx),
        (false, true) => Some(EvidenceKind::Xlsx),
        _ => None,
    }
}

/// A reader that ends with an error after so many bytes, and remembers what went wrong below it.
struct Bounded<'a, R> {
    inner: &'a mut R,
    left: u64,
    failure: Option<io::Error>,
}

impl<R> Bounded<'_, R> {
    fn kept<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        result.map_err(|error| {
            let kind = error.kind();
            // Before the start or past what a position can be: the content asked for it.
            if !matches!(kind, io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof) {
                self.failure.get_or_insert(error);
            }
            kind.into()
        })
    }
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        if room == 0 && !buffer.is_empty() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let result = loop {
            match self.inner.read(&mut buffer[..room]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => break result,
            }
        };
        let count = self.kept(result)?;
        self.left -= count as u64;
        Ok(count)
    }
}

impl<R: Seek> Seek for Bounded<'_, R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let result = self.inner.seek(to);
        self.kept(result)
    }
}

#[cfg(test)]
mod tests;
