//! A founded province with as many communes as wanted, and a certificate for each of them.

use aggregator::{
    authority::{Authority, CommuneRequest},
    clock::{Clock, SystemClock},
    config::Config,
    enrol::{random, record_of},
    folder::Folder,
    keyring::issue_server,
    store::{Act, CatalogueImport, Founding, Store, sqlite::SqliteStore},
};
use proto::{
    identity::{Identity, signing_request},
    pem,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use shared::catalogue::{Catalogue, read};
use std::{collections::BTreeMap, fmt::Write, fs, path::Path};

/// Its id.
pub const PROVINCE: &str = "dong-nai";
/// A catalogue has at most so many targets; communes beyond these report without any.
pub const WITH_TARGETS: usize = 4_000;

/// A certificate with its key.
pub type Credential = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// The commune with a number.
#[must_use]
pub fn slug(number: usize) -> String {
    format!("xa-{number}")
}

/// The real indicators, with as many communes as said, each with the standard targets that are numbers.
#[must_use]
pub fn catalogue(communes: usize) -> (Catalogue, CatalogueImport) {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/catalogue/dong-nai-2026"));
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

/// What a made-up province is founded as.
#[must_use]
pub fn founding() -> Founding {
    Founding { province: PROVINCE.into(), exercise: true, clock_offset_ms: 0 }
}

/// An act of the load's.
#[must_use]
pub fn act() -> Act {
    Act::of("load", SystemClock.now())
}

/// A province in a folder, with a certificate for each commune and one for a member of the staff.
#[derive(Debug)]
pub struct Province {
    /// Where it lies.
    pub folder: Folder,
    /// Its authority's certificate.
    pub authority: CertificateDer<'static>,
    /// Of each commune, by number.
    pub agents: Vec<Credential>,
    /// Of the staff.
    pub staff: Credential,
}

impl Province {
    /// Founds it.
    pub async fn found(data: &Path, import: CatalogueImport, communes: usize) -> Self {
        let clock = SystemClock;
        let now = clock.now();
        let folder = Folder::prepare(data, "load").unwrap();
        let (authority, key) = Authority::make(PROVINCE, random(), now).unwrap();
        pem::write_key(&folder.authority_key(), &key).unwrap();
        pem::write_certificates(&folder.authority_certificate(), &[authority.certificate().clone()]).unwrap();
        issue_server(&folder, &Config::default().hosts, &authority, &clock).unwrap();
        let store = SqliteStore::create(&folder.store(), founding(), import, act()).await.unwrap();
        let mut agents = Vec::with_capacity(communes);
        for number in 0..communes {
            let identity = Identity::commune(PROVINCE, &slug(number)).unwrap();
            let made = signing_request().unwrap();
            let request = CommuneRequest::read(&made.request_der).unwrap();
            let issued = authority.issue_commune(&identity, &request, random(), now).unwrap();
            store.add_certificate(record_of(&issued, &identity, now), act()).await.unwrap();
            agents.push((vec![issued.certificate], pem::key_from_pem(&made.key_pem).unwrap()));
        }
        let identity = Identity::staff(PROVINCE, "lan").unwrap();
        let made = authority.issue_staff(&identity, random(), now).unwrap();
        store.add_certificate(record_of(&made.issued, &identity, now), act()).await.unwrap();
        let staff = (vec![made.issued.certificate], pem::key_from_pem(&made.key_pem).unwrap());
        drop(store);
        let folder = folder.settle(data).unwrap();
        Self { folder, authority: authority.certificate().clone(), agents, staff }
    }
}
