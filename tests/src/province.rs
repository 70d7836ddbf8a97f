//! An aggregator with its folder.

use crate::{
    probe,
    program::{self, Done},
};
use cluster::port;
use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Stdio},
};
use tempfile::TempDir;

const PROGRAM: &str = "province-aggregator";

/// A province in a folder of its own.
#[derive(Debug)]
pub struct Province {
    folder: TempDir,
    server: Option<Server>,
}

#[derive(Debug)]
struct Server {
    child: Child,
    url: String,
    pages: String,
    /// Where its probes are, if they are on.
    probes: Option<String>,
}

/// The catalogue that the project carries.
#[must_use]
pub fn catalogue() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/catalogue/dong-nai-2026")
}

impl Province {
    /// Founds a training province with the project's catalogue. Its clock can be set.
    ///
    /// # Panics
    /// When it cannot.
    #[must_use]
    pub fn found() -> Self {
        Self::found_on(tempfile::tempdir().expect("a temporary folder"))
    }

    /// The same in a PostgreSQL database.
    ///
    /// # Panics
    /// When it cannot.
    #[must_use]
    pub fn found_in_database(url: &str) -> Self {
        let province = Self { folder: tempfile::tempdir().expect("a temporary folder"), server: None };
        let catalogue = catalogue();
        let catalogue = catalogue.to_str().expect("UTF-8");
        let _ = province.command(["init", "--exercise", "--catalogue", catalogue, "--store", url]).ok();
        province
    }

    /// Another server on the same database, with the keys that this one hands over and the same folder of evidence.
    ///
    /// # Panics
    /// When it cannot be founded.
    #[must_use]
    pub fn beside(&self, url: &str) -> Self {
        let other = Self { folder: tempfile::tempdir().expect("a temporary folder"), server: None };
        let keys = other.desk().join("keys");
        let keys = keys.to_str().expect("UTF-8");
        let _ = self.command(["keys", "export", keys]).ok();
        let _ = other.command(["keys", "import", keys, "--store", url]).ok();
        let evidence = self.data().join("evidence");
        std::fs::create_dir_all(&evidence).expect("a folder");
        std::os::unix::fs::symlink(&evidence, other.data().join("evidence")).expect("a link");
        other
    }

    /// A new one on another disk.
    ///
    /// # Panics
    /// When it cannot.
    #[must_use]
    pub fn found_in(disk: &Path) -> Self {
        Self::found_on(tempfile::tempdir_in(disk).expect("a folder"))
    }

    fn found_on(folder: TempDir) -> Self {
        let province = Self { folder, server: None };
        let catalogue = catalogue();
        let _ = province.command(["init", "--exercise", "--catalogue", catalogue.to_str().expect("UTF-8")]).ok();
        province
    }

    /// Adds tables at the end of its settings.
    ///
    /// # Panics
    /// When it cannot.
    pub fn set(&self, tables: &str) {
        let path = self.data().join("aggregator.toml");
        let text = std::fs::read_to_string(&path).expect("settings");
        std::fs::write(&path, format!("{text}\n{tables}")).expect("settings");
    }

    /// Asks its probes, which must be on: the status and what they say.
    ///
    /// # Panics
    /// When nobody answers.
    #[must_use]
    pub fn probe(&self, path: &str) -> (u16, String) {
        let probes = self.server.as_ref().and_then(|server| server.probes.as_deref()).expect("probes");
        probe::ask(probes, path)
    }

    /// Takes an indicator out of the catalogue, as a province would that no longer asks for it.
    ///
    /// # Panics
    /// When it cannot.
    pub fn drop_indicator(&self, code: &str) {
        let folder = self.desk().join(format!("without {code}"));
        std::fs::create_dir(&folder).expect("a folder");
        for file in std::fs::read_dir(catalogue()).expect("the catalogue").map(|entry| entry.expect("a file").path()) {
            let name = file.file_name().expect("a name").to_str().expect("UTF-8").to_owned();
            let text = std::fs::read_to_string(&file).expect("text");
            let of_it = |line: &&str| match name.as_str() {
                "indicators.csv" => line.starts_with(&format!("{code},")),
                "targets.csv" => line.split(',').nth(2) == Some(code),
                _ => false,
            };
            let kept: Vec<&str> = text.split_inclusive('\n').filter(|line| !of_it(line)).collect();
            std::fs::write(folder.join(name), kept.concat()).expect("written");
        }
        let _ = self.command(["catalogue", "import", folder.to_str().expect("UTF-8")]).ok();
    }

    /// Its data folder.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("province")
    }

    /// A folder for files of the test.
    #[must_use]
    pub fn desk(&self) -> &Path {
        self.folder.path()
    }

    /// Runs a command on its folder.
    pub fn command<const N: usize>(&self, args: [&str; N]) -> Done {
        let data = self.data();
        let data = ["--data", data.to_str().expect("UTF-8")];
        program::run(PROGRAM, data.iter().chain(&args))
    }

    /// Starts the server on ports of its own, or on those it had before.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn serve(&mut self) {
        let data = self.data();
        let before = self
            .server
            .as_ref()
            .map(|server| [&server.url, &server.pages].map(|url| url.trim_start_matches("https://").to_owned()));
        let [listen, pages] =
            before.unwrap_or_else(|| [(); 2].map(|()| port::unclaimed().expect("a port").to_string()));
        let args = ["--data", data.to_str().expect("UTF-8"), "serve", "--listen", &listen, "--pages", &pages];
        let mut child = program::command(PROGRAM, args)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let mut line = || lines.next().expect("a line").expect("text");
        let after = |line: &str, word: &str| line.strip_prefix(word).unwrap_or_else(|| panic!("{line}")).to_owned();
        let mut first = line();
        let probes = first.strip_prefix("metrics on http://").map(|rest| rest.trim_end_matches("/metrics").to_owned());
        if probes.is_some() {
            first = line();
        }
        let (url, pages) = (after(&first, "listening on "), after(&line(), "pages on "));
        // By number: the certificate is good for the name too, and the next start binds the same port.
        let pages = pages.replace("localhost", "127.0.0.1");
        // The rest of its output is read, so that it never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        self.server = Some(Server { child, url, pages, probes });
    }

    /// Where its pages are.
    ///
    /// # Panics
    /// When it was never started.
    #[must_use]
    pub fn pages(&self) -> &str {
        &self.server.as_ref().expect("a server that was started").pages
    }

    /// Its address.
    ///
    /// # Panics
    /// When it was never started.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.server.as_ref().expect("serving").url
    }

    /// Ends the server at once, as a power cut would.
    ///
    /// # Panics
    /// When it was not running.
    pub fn kill(&mut self) {
        let server = self.server.as_mut().expect("serving");
        server.child.kill().expect("it was running");
        server.child.wait().expect("it ends");
    }

    /// Stops the server, does something, and lets it go on.
    ///
    /// # Panics
    /// When it is not running.
    pub fn pause(&mut self, meanwhile: impl FnOnce()) {
        program::pause(self.server.as_ref().expect("serving").child.id(), meanwhile);
    }

    /// Invites a commune.
    ///
    /// # Panics
    /// When it cannot.
    #[must_use]
    pub fn invite(&self, commune: &str) -> Invitation {
        let json = self.command(["invite", commune, "--format", "json"]).json();
        let text = |key: &str| json[key].as_str().unwrap_or_else(|| panic!("{key} in {json}")).to_owned();
        Invitation { token: text("token"), authority: text("authority") }
    }

    /// Sets the clock.
    pub fn clock(&self, time: &str) {
        let _ = self.command(["exercise", "clock", time]).ok();
    }

    /// Writes the seven tables of a period into a folder, as CSV.
    ///
    /// # Panics
    /// When it cannot.
    #[must_use]
    pub fn export(&self, period: &str, scheme: &str) -> PathBuf {
        let folder = self.folder.path().join(format!("export-{period}-{scheme}"));
        std::fs::create_dir_all(&folder).expect("a folder");
        for table in ["communes", "indicators", "targets", "exceptions", "observations", "rankings", "explain"] {
            let text = self.command(["export", table, "--period", period, "--scheme", scheme, "--format", "csv"]).ok();
            std::fs::write(folder.join(format!("{table}.csv")), text).expect("a file");
        }
        folder
    }
}

impl Drop for Province {
    fn drop(&mut self) {
        if let Some(server) = &mut self.server {
            // It may have been killed already.
            let _ = server.child.kill();
            let _ = server.child.wait();
        }
    }
}

/// What a commune needs to join.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// One-time token.
    pub token: String,
    /// The authority's fingerprint.
    pub authority: String,
}
