//! The catalogue that is delivered, for tests.

use super::{Catalogue, layout::FILES, read};
use std::{collections::BTreeMap, fs, path::Path};

/// The files of `deploy/catalogue/dong-nai-2026`.
pub(crate) fn files() -> BTreeMap<String, Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/catalogue/dong-nai-2026");
    FILES.iter().map(|name| ((*name).to_owned(), fs::read(folder.join(name)).expect(name))).collect()
}

/// The catalogue in them.
pub(crate) fn catalogue() -> Catalogue {
    read::read(&files()).expect("the delivered catalogue has no faults")
}
