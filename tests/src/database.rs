//! A database of the test's own, which can be taken away and given back. Without PostgreSQL's programs the test fails: what was not tried
//! is not what works.

use cluster::Cluster;
pub use cluster::Going;
use std::net::SocketAddr;

/// A database server with one database. It ends with this value.
#[derive(Debug)]
pub struct Database {
    cluster: Cluster,
    name: String,
}

impl Database {
    /// Starts one.
    ///
    /// # Panics
    /// Without PostgreSQL's programs.
    #[must_use]
    pub fn start() -> Self {
        let cluster = Cluster::start_on_the_loopback().expect("PostgreSQL, which tests/run installs");
        let url = cluster.database().expect("a database");
        let name = url.rsplit('/').next().unwrap_or_default().to_owned();
        Self { cluster, name }
    }

    /// Takes it away.
    ///
    /// # Panics
    /// When it does not end.
    pub fn go(&mut self, going: Going) {
        self.cluster.go(going).expect("it ends");
    }

    /// Gives it back, at the same address.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn come_back(&mut self) {
        self.cluster.come_back().expect("it comes back");
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.cluster.address()
    }

    /// The address of its database, asked at this port of the loopback.
    #[must_use]
    pub fn url_at(&self, address: SocketAddr) -> String {
        format!("postgres://{}@{address}/{}?sslmode=disable", cluster::USER, self.name)
    }

    /// The address of its database.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_at(self.address())
    }

    /// Asks something in the database as somebody else would: what `psql` prints.
    ///
    /// # Panics
    /// When it fails.
    #[must_use]
    pub fn psql(&self, sql: &str) -> String {
        self.cluster.sql(&self.name, sql).expect("psql")
    }
}
