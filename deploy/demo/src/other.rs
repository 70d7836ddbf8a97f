//! Further servers of the province, on the database of the first: each with a data folder of its own, the first one's keys, and the same
//! files of evidence.

use crate::{
    failure::Failure,
    program::{Program, Service},
    province::listening,
    words,
};
use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

/// A further server, while it runs.
#[derive(Debug)]
pub struct Other {
    /// Which of the servers it is, from 2.
    pub number: usize,
    /// Where it listens.
    pub address: String,
    /// Where its pages are.
    pub pages: String,
    service: Service,
}

/// What a further server is made of.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// The program.
    pub program: &'a Program,
    /// The data folder of the first server.
    pub first: &'a Path,
    /// The database.
    pub store: &'a str,
}

impl Other {
    /// Founds a server with the keys of the first and starts it.
    ///
    /// # Errors
    /// When a command fails, or it does not come up.
    pub async fn start(origin: Origin<'_>, number: usize, data: &Path, log: PathBuf) -> Result<Self, Failure> {
        let Origin { program, first, store } = origin;
        let keys = data.with_extension("keys");
        program.run(&words!["--data", first, "keys", "export", &keys]).await?;
        let import = program.run(&words!["--data", data, "keys", "import", &keys, "--store", store]).await;
        fs::remove_dir_all(&keys).map_err(Failure::io(&keys))?;
        import?;
        let (evidence, link) = (first.join("evidence"), data.join("evidence"));
        fs::create_dir_all(&evidence).map_err(Failure::io(&evidence))?;
        symlink(&evidence, &link).map_err(Failure::io(&link))?;
        let serve = words!["--data", data, "serve", "--listen", "127.0.0.1:0", "--pages", "127.0.0.1:0"];
        let mut service = program.start(&format!("province-aggregator {number}"), &serve, log)?;
        let (address, pages) = listening(&mut service).await?;
        Ok(Self { number, address, pages, service })
    }

    /// Makes sure that it still runs.
    ///
    /// # Errors
    /// With the end of its log.
    pub fn check(&mut self) -> Result<(), Failure> {
        self.service.check()
    }

    /// Ends it at once, as a power cut would.
    ///
    /// # Errors
    /// When the system does not let it.
    pub async fn kill(self) -> Result<(), Failure> {
        self.service.kill().await
    }

    /// The service, to be ended in good order.
    #[must_use]
    pub fn into_service(self) -> Service {
        self.service
    }
}
