//! A made-up catalogue of any size: the real indicators, and as many communes as wanted. The benchmark of the pages takes it from here too.

use aggregator::store::CatalogueImport;
use shared::catalogue::{Catalogue, read};
use std::{collections::BTreeMap, fmt::Write, fs, path::Path};

/// The real one, from the root of the sources.
const REAL: &str = "deploy/catalogue/dong-nai-2026";
/// A catalogue has at most so many targets; communes beyond these report without any.
pub const WITH_TARGETS: usize = 4_000;

/// The commune with a number.
#[must_use]
pub fn slug(number: usize) -> String {
    format!("xa-{number}")
}

/// The real indicators, with as many communes as said, each with the standard targets that are numbers.
#[must_use]
pub fn catalogue(communes: usize) -> (Catalogue, CatalogueImport) {
    let places = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|root| root.join(REAL));
    let folder = places.into_iter().find(|folder| folder.is_dir()).unwrap();
    let file = |name: &str| fs::read(folder.join(name)).unwrap();
    let mut files: BTreeMap<String, Vec<u8>> =
        read::FILES.into_iter().map(|name| (name.to_owned(), file(name))).collect();
    let real = read::read(&files).unwrap();
    let head = |name: &str| String::from_utf8(file(name)).unwrap().lines().next().unwrap().to_owned() + "\n";
    let (mut rows, mut targets) = (head("communes.csv"), head("targets.csv"));
    let standard = real.indicators.iter().filter_map(|one| Some((&one.code, one.standard?.value()?)));
    let standard: Vec<_> = standard.collect();
    for number in 0..communes {
        let slug = slug(number);
        writeln!(rows, "{slug},{},Xã {number:05},xa,,,,,,", 10_000 + number).unwrap();
        for (place, (code, value)) in standard.iter().enumerate().filter(|_| number < WITH_TARGETS) {
            writeln!(targets, "{slug},{place},{code},>=,{value},,{value},{value},,,,,,").unwrap();
        }
    }
    files.insert("communes.csv".into(), rows.into_bytes());
    files.insert("targets.csv".into(), targets.into_bytes());
    for name in ["tasks.csv", "units.csv"] {
        files.insert(name.into(), head(name).into_bytes());
    }
    let catalogue = read::read(&files).unwrap_or_else(|faults| panic!("{:?}", faults.first()));
    let (fingerprint, plan_year) = (hex::encode(catalogue.fingerprint()), catalogue.province.plan_year);
    let import = CatalogueImport { files, fingerprint, plan_year };
    (catalogue, import)
}
