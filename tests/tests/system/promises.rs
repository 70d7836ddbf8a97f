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

/// Names of all tests of the workspace.
fn all_tests() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    tests(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(".."), &mut found);
    found
}

#[test]
fn every_bad_day_of_the_readme_has_its_outcome_and_a_test_that_exists() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")).unwrap();
    let section = readme.split("/ Bad days\n").nth(1).unwrap().split("\n### ").next().unwrap();
    let rows: Vec<&str> = section.lines().filter(|line| line.starts_with("| ")).skip(2).collect();
    assert!(rows.len() >= 13, "{rows:#?}");
    let found = all_tests();
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let [day, outcome, tests] = cells[..] else { panic!("{row}") };
        assert!(!day.is_empty() && outcome.len() > 30, "{row}");
        let named: Vec<&str> = tests.split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty() && named.iter().all(|name| found.contains(*name)), "{day}: {named:?}");
    }
}

#[test]
fn every_test_that_the_page_names_exists() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("PROMISES.md")).unwrap();
    let found = all_tests();
    let named: BTreeSet<String> =
        page.lines().filter_map(|line| Some(line.strip_prefix("- `")?.strip_suffix('`')?.to_owned())).collect();
    assert!(named.len() > 20, "{named:?}");
    let missing: Vec<_> = named.difference(&found).collect();
    assert!(missing.is_empty(), "{missing:?}");
    for promise in page.split("\n## ").skip(1) {
        assert!(promise.contains("\n- `"), "a promise without a test: {}", promise.lines().next().unwrap());
    }
}
