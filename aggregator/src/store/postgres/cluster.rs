//! A PostgreSQL of our own for the tests: one for each test process, also over TLS on the loopback. Without the server's programs the
//! tests fail: a store that was not tried is not one that works.

use super::{Address, PostgresStore};
use crate::sample::{self, act, moment};
use ::cluster::{Certificate, Cluster};
use std::{path::PathBuf, process::Child, sync::OnceLock};

/// Kept for the whole process; ends with it.
static CLUSTER: OnceLock<Cluster> = OnceLock::new();

fn cluster() -> &'static Cluster {
    CLUSTER.get_or_init(|| {
        let own = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
        let own = Certificate { certificate: own.cert.pem(), key: own.signing_key.serialize_pem() };
        Cluster::start(Some(&own)).unwrap_or_else(|error| panic!("{error} (tests/run installs it)"))
    })
}

/// The address of a new database.
pub(crate) fn database() -> String {
    cluster().database().unwrap()
}

/// The same database over the loopback, and the certificate that the server shows.
pub(crate) fn over_the_line(url: &str) -> (String, PathBuf) {
    (cluster().over_the_line(url), cluster().certificate())
}

/// Does something in a database as somebody else would.
pub(crate) fn outside(url: &str, sql: &str) -> String {
    cluster().sql(url, sql).unwrap()
}

/// A program that goes on by itself, told what to do on its input.
pub(crate) fn console(url: &str) -> Child {
    cluster().console(url).unwrap()
}

/// A new store in a database of its own, with its address.
pub(crate) async fn store() -> (String, PostgresStore) {
    let url = database();
    let address = Address::read(&url, None).unwrap();
    let made = PostgresStore::create(&address, sample::founding(), sample::catalogue().1, act(moment())).await;
    (url, made.unwrap())
}

/// Opens a store again.
pub(crate) async fn open(url: &str) -> PostgresStore {
    PostgresStore::open(&Address::read(url, None).unwrap()).await.unwrap()
}
