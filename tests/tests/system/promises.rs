//! The page of promises names tests; each must exist.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Names of the functions under a test attribute in all sources.
fn tests(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") && !path.ends_with(".git") {
            tests(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(path).unwrap();
            for part in text.split("#[").filter(|part| part.starts_with("test]") || part.starts_with("tokio::test")) {
                let after = part.split("fn ").nth(1).unwrap_or_default();
                found.extend(after.split('(').next().map(str::to_owned));
            }
        }
    }
}

#[test]
fn every_test_that_the_page_names_exists() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("PROMISES.md")).unwrap();
    let mut found = BTreeSet::new();
    tests(&root.join(".."), &mut found);
    let named: BTreeSet<String> =
        page.lines().filter_map(|line| Some(line.strip_prefix("- `")?.strip_suffix('`')?.to_owned())).collect();
    assert!(named.len() > 20, "{named:?}");
    let missing: Vec<_> = named.difference(&found).collect();
    assert!(missing.is_empty(), "{missing:?}");
    for promise in page.split("\n## ").skip(1) {
        assert!(promise.contains("\n- `"), "a promise without a test: {}", promise.lines().next().unwrap());
    }
}
