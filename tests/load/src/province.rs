//! A founded province with as many communes as wanted, and a certificate for each of them.

use crate::catalogue::slug;
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
use std::path::Path;

/// Its id.
pub const PROVINCE: &str = "dong-nai";

/// A certificate with its key.
pub type Credential = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

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
