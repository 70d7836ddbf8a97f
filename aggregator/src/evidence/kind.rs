//! What a file is, by its content.

use std::io::{Read, Seek, SeekFrom};

/// The kinds that are told by their first bytes.
const BEGINNINGS: [(&[u8], &str); 3] = [(b"%PDF-", "pdf"), (b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "jpeg")];

/// The kind of a file; none for one that is not allowed.
pub(super) fn detect(file: &mut (impl Read + Seek)) -> Option<&'static str> {
    file.seek(SeekFrom::Start(0)).ok()?;
    let mut beginning = Vec::new();
    file.take(8).read_to_end(&mut beginning).ok()?;
    BEGINNINGS.iter().find(|(known, _)| beginning.starts_with(known)).map(|(_, kind)| *kind)
}
