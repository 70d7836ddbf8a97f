//! Small files of every kind, whole, cut and damaged.

use super::*;
use proptest::prelude::*;
use std::io::{Cursor, Write};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

fn judged(bytes: &[u8]) -> Option<EvidenceKind> {
    detect(&mut Cursor::new(bytes)).unwrap()
}

fn pdf() -> Vec<u8> {
    b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\nstartxref\n0\n%%EOF\n".to_vec()
}

fn png() -> Vec<u8> {
    let mut bytes = PNG_START.to_vec();
    bytes.extend([0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0, 0x3a, 0x7e, 0x9b, 0x55]);
    bytes.extend(b"\0\0\0\0IEND\xaeB`\x82");
    bytes
}

fn jpeg() -> Vec<u8> {
    let mut bytes = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0".to_vec();
    bytes.extend(b"\xff\xdb\0\x04\0\0\xff\xc0\0\x0b\x08\0\x01\0\x01\x01\x01\x11\0\xff\xd9");
    bytes
}

fn zipped<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for name in names {
        writer.start_file(name, stored).unwrap();
        writer.write_all(b"<xml/>").unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn docx() -> Vec<u8> {
    zipped(["[Content_Types].xml", "_rels/.rels", "word/document.xml"])
}

fn xlsx() -> Vec<u8> {
    zipped(["[Content_Types].xml", "_rels/.rels", "xl/workbook.xml", "xl/worksheets/sheet1.xml"])
}

fn samples() -> [(EvidenceKind, Vec<u8>); 5] {
    let [a, b, c, d, e] = EvidenceKind::ALL;
    [(a, pdf()), (b, png()), (c, jpeg()), (d, docx()), (e, xlsx())]
}

#[test]
fn every_kind_is_known_by_its_content_and_its_word() {
    for (kind, bytes) in samples() {
        assert_eq!(judged(&bytes), Some(kind));
        assert_eq!(EvidenceKind::from_word(kind.as_str()), Some(kind));
        assert!(kind.media_type().contains('/'));
    }
    assert_eq!(EvidenceKind::from_word("exe"), None);
}

#[test]
fn other_content_is_no_evidence() {
    let beginning = |head: &[u8], body: Vec<u8>| [head, &body].concat();
    for (what, bytes) in [
        ("nothing", Vec::new()),
        ("a text", b"bien ban hop, 2026".to_vec()),
        ("a program", b"MZ\x90\0\x03".repeat(400)),
        ("a PDF that begins too late", beginning(&[b' '; 1020], pdf())),
        ("a PDF that ended long before", beginning(&pdf(), vec![0; 1024])),
        ("a PNG without a picture", PNG_START.to_vec()),
        ("a PNG without a width", [PNG_START, &[0; 8]].concat()),
        ("a JPEG that goes on at once with its picture", b"\xff\xd8\xff\xda\0\x02".to_vec()),
        ("a ZIP of something else", zipped(["a.txt", "[Content_Types].xml"])),
        ("a document without its types", zipped(["word/document.xml"])),
        ("both at once", zipped(["[Content_Types].xml", "word/document.xml", "xl/workbook.xml"])),
        ("a slide show", zipped(["[Content_Types].xml", "ppt/presentation.xml"])),
        ("an installer with a document behind it", beginning(b"MZ", docx())),
    ] {
        assert_eq!(judged(&bytes), None, "{what}");
    }
}

#[test]
fn documents_with_macros_are_not_taken() {
    for part in ["word/vbaProject.bin", "xl/VBAPROJECT.BIN", "custom\\vbaProject.bin", "vbaProjectSignature.bin"] {
        for main in ["word/document.xml", "xl/workbook.xml"] {
            assert_eq!(judged(&zipped(["[Content_Types].xml", main, part])), None, "{main} {part}");
        }
    }
}

#[test]
fn a_directory_without_end_is_not_read_to_its_end() {
    let names: Vec<String> = (0..=MAX_ZIP_ENTRIES).map(|number| format!("word/{number}")).collect();
    let mut all = vec!["[Content_Types].xml", "word/document.xml"];
    all.extend(names.iter().map(String::as_str));
    assert_eq!(judged(&zipped(all.iter().copied())), None);
    assert_eq!(judged(&zipped(all.iter().copied().take(2_000))), Some(EvidenceKind::Docx));
    let long = ["x", "y", "z"].map(|letter| letter.repeat(60_000));
    let mut counted = Counting { inner: Cursor::new(zipped(long.iter().map(String::as_str))), read: 0 };
    detect(&mut counted).unwrap();
    assert!(counted.read <= MAX_ZIP_READ_BYTES + PDF_MARGIN_BYTES);
}

struct Counting<R> {
    inner: R,
    read: u64,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.read += count as u64;
        Ok(count)
    }
}

impl<R: Seek> Seek for Counting<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

/// Fails at a byte, as a disk does.
struct Failing(Cursor<Vec<u8>>, u64);

impl Read for Failing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let end = self.0.position() + buffer.len() as u64;
        if end > self.1 && self.0.position() <= self.1 {
            Err(io::Error::other("bad sector"))
        } else {
            self.0.read(buffer)
        }
    }
}

impl Seek for Failing {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

#[test]
fn what_the_disk_says_is_told_and_is_no_kind() {
    for (_, bytes) in samples() {
        let failed = detect(&mut Failing(Cursor::new(bytes), 10));
        assert_eq!(failed.unwrap_err().to_string(), "bad sector");
    }
    let mut large = docx();
    large.splice(4..4, [0; 4_000]);
    let directory = large.len() as u64 - 40;
    let failed = detect(&mut Failing(Cursor::new(large), directory));
    assert_eq!(failed.unwrap_err().to_string(), "bad sector");
}

#[test]
fn a_file_cut_anywhere_is_of_its_kind_or_of_none() {
    for (kind, bytes) in samples() {
        for end in 0..bytes.len() {
            let cut = judged(&bytes[..end]);
            assert!(cut.is_none_or(|cut| cut == kind), "{kind:?} cut at {end}: {cut:?}");
            if matches!(kind, EvidenceKind::Docx | EvidenceKind::Xlsx) {
                assert_eq!(cut, None, "a ZIP without its directory, cut at {end}");
            }
        }
    }
}

proptest! {
    #[test]
    fn damaged_files_are_judged_and_never_panic(
        sample in 0usize..5,
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        (cut, paste) in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
    ) {
        let mut bytes = samples()[sample].1.clone();
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        let _ = judged(&bytes);
        let (from, to) = (cut.index(bytes.len()), paste.index(bytes.len()));
        bytes.drain(from.min(to)..from.max(to));
        let _ = judged(&bytes);
    }

    #[test]
    fn any_bytes_behind_any_beginning_are_judged(
        start in prop::sample::select(vec![&b""[..], b"%PDF-", PNG_START, b"\xff\xd8\xff", b"PK\x03\x04"]),
        rest in proptest::collection::vec(any::<u8>(), 0..600),
        end in prop::sample::select(vec![&b""[..], b"%%EOF", b"PK\x05\x06\0\0\0\0\xff\xff\xff\xff\0\0\0\0\0\0\0\0\0\0"]),
    ) {
        let _ = judged(&[start, &rest, end].concat());
    }
}
