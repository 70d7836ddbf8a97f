//! The settings: `aggregator.toml` in the data folder, and over it the environment (`TIENDO_AGGREGATOR_LISTEN`, …).
//!
//! Read whole and checked before anything is opened or bound; an unknown key is an error, not a wish.

use crate::{
    evidence,
    store::postgres::{Address, AddressError},
};
use document::office::Office;
use figment::{Figment, providers::Serialized};
use notification::plan::Plan;
use operation::{
    Log,
    settings::{Layers, Refused},
};
use serde::{Deserialize, Serialize};
use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};
use thiserror::Error;

/// What the environment's settings begin with.
pub const ENV_PREFIX: &str = "TIENDO_AGGREGATOR_";
/// Most sessions that can be admitted at once.
pub const MAX_SESSIONS: usize = 512;
/// Sessions admitted at once where nothing else is set: more would not be served faster by any machine, and each takes memory.
const USUAL_SESSIONS: usize = 256;
/// Most hosts that the server's certificate can name.
const MAX_HOSTS: usize = 32;
/// Longest words on a licence.
const MAX_LICENCE_CHARS: usize = 200;

/// Every setting with its default and words of explanation.
pub const EXAMPLE: &str = include_str!("../../deploy/config/aggregator.toml");
/// What stands in it for a province that keeps its store in a file.
const STORE_EXAMPLE: &str = "# [store]\n\
    # url = \"postgres://tiendo@db.example.vn/tiendo?sslrootcert=/etc/province-aggregator/db-root.pem\"\n\
    # password_file = \"/etc/province-aggregator/db.password\"\n";

/// Why the settings cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// Not readable as settings.
    #[error("{0}")]
    Unreadable(Box<figment::Error>),
    /// No TOML, or not readable at all.
    #[error("{0}")]
    File(String),
    /// A value that cannot be.
    #[error("{key}: {reason}")]
    Value {
        /// Of which key.
        key: &'static str,
        /// What is wrong.
        reason: String,
    },
}

impl ConfigError {
    /// For `config check`.
    #[must_use]
    pub fn refused(&self) -> Refused {
        match self {
            Self::Unreadable(error) => Refused::from(&**error),
            Self::File(reason) => Refused { key: None, reason: reason.clone() },
            Self::Value { key, reason } => Refused { key: Some((*key).to_owned()), reason: reason.clone() },
        }
    }
}

impl From<Refused> for ConfigError {
    fn from(refused: Refused) -> Self {
        Self::File(refused.reason)
    }
}

/// The settings of the aggregator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where `serve` listens.
    pub listen: SocketAddr,
    /// Names and addresses by which agents reach the server; the first one stands in invitations.
    pub hosts: Vec<String>,
    /// The address in invitations, where it is not `https://<first host>:<port>`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Sessions admitted at once; further agents are told to come back.
    pub max_sessions: usize,
    /// The pages for browsers.
    pub pages: Pages,
    /// Where the store is.
    pub store: StorePlace,
    /// Probes and metrics.
    pub metrics: Metrics,
    /// How much evidence is taken, and where it is kept.
    pub evidence: evidence::Settings,
    /// Which office issues the monthly report.
    pub report: Office,
    /// What `serve` logs, and how.
    pub log: Log,
    /// When and by which ways the staff is reminded.
    #[serde(skip_serializing)]
    pub reminders: Plan,
}

/// Where the store is: in the data folder (SQLite), or in a PostgreSQL database.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StorePlace {
    /// The database, `postgres://user@host:port/database`; none for a file in the data folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<DatabaseUrl>,
    /// A file with its password (mode 0600), where the address holds none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
}

/// The address of a database. It may hold a password, so it is not shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DatabaseUrl(pub String);

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseUrl")
    }
}

impl StorePlace {
    /// The database, if it is one.
    ///
    /// # Errors
    /// [`AddressError`], for one that is not spoken to.
    pub fn database(&self) -> Result<Option<Address>, AddressError> {
        let read = |url: &DatabaseUrl| Address::read(&url.0, self.password_file.as_deref());
        self.url.as_ref().map(read).transpose()
    }
}

/// The pages for browsers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pages {
    /// Whether they are served.
    pub enabled: bool,
    /// Where they are served, always over TLS.
    pub listen: SocketAddr,
    /// Certificate chain of another authority that the browsers know (PEM); without one the province's own authority issues it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<PathBuf>,
    /// Its key (PEM, mode 0600).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<PathBuf>,
    /// Whether everybody, without signing in, may have the tables of closed periods.
    pub open_data: bool,
    /// Under which licence; a name of SPDX, or the province's own words.
    pub open_data_licence: String,
}

/// Probes and metrics. Off where nothing is set: no port is opened that nobody asked for, and several provinces on one computer do not
/// meet on it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Metrics {
    /// Where, over plain HTTP: an address of this computer alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<SocketAddr>,
}

impl Default for Pages {
    fn default() -> Self {
        Self {
            enabled: true,
            listen: SocketAddr::from(([127, 0, 0, 1], 8444)),
            certificate: None,
            key: None,
            open_data: false,
            open_data_licence: "CC-BY-4.0".to_owned(),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8443)),
            hosts: ["localhost", "127.0.0.1", "::1"].map(String::from).to_vec(),
            address: None,
            max_sessions: USUAL_SESSIONS,
            pages: Pages::default(),
            store: StorePlace::default(),
            metrics: Metrics::default(),
            evidence: evidence::Settings::default(),
            report: Office::default(),
            log: Log::default(),
            reminders: Plan::default(),
        }
    }
}

impl Config {
    /// Reads a settings file and the environment.
    ///
    /// # Errors
    /// [`ConfigError`] names the key and what is wrong with it.
    pub fn read(file: &Path) -> Result<Self, ConfigError> {
        Self::of(&Self::layers(file).read()?)
    }

    /// Where settings come from: `TIENDO_AGGREGATOR_LISTEN`, `TIENDO_AGGREGATOR_PAGES__LISTEN` over the file over the defaults.
    #[must_use]
    pub fn layers(file: &Path) -> Layers {
        let plan = Plan::default();
        let defaults = Figment::from(Serialized::defaults(Self::default()))
            .merge(Serialized::default("reminders.days_before", plan.days_before))
            .merge(Serialized::default("reminders.from_hour", plan.from_hour));
        // The data folder is the command line's.
        Layers { defaults, file: file.to_owned(), prefix: ENV_PREFIX, command_line: &["data"] }
    }

    /// The settings that layers come to.
    ///
    /// # Errors
    /// [`ConfigError`], the first that is found.
    pub fn of(figment: &Figment) -> Result<Self, ConfigError> {
        let config: Self = figment.extract().map_err(|error| ConfigError::Unreadable(Box::new(error)))?;
        config.check()?;
        Ok(config)
    }

    /// Checks what the types do not.
    ///
    /// # Errors
    /// [`ConfigError::Value`]
    pub fn check(&self) -> Result<(), ConfigError> {
        let wrong = |key, reason: String| Err(ConfigError::Value { key, reason });
        if self.hosts.is_empty() || self.hosts.len() > MAX_HOSTS {
            return wrong("hosts", format!("1 to {MAX_HOSTS} names are needed"));
        }
        if let Some(host) = self.hosts.iter().find(|host| !is_host(host)) {
            return wrong("hosts", format!("{host:?} is neither a host name nor an IP address"));
        }
        if !(1..=MAX_SESSIONS).contains(&self.max_sessions) {
            return wrong("max_sessions", format!("{} lies outside 1 to {MAX_SESSIONS}", self.max_sessions));
        }
        let licence = &self.pages.open_data_licence;
        if licence.trim().is_empty() || licence.chars().count() > MAX_LICENCE_CHARS {
            return wrong("pages.open_data_licence", format!("1 to {MAX_LICENCE_CHARS} characters"));
        }
        if self.pages.certificate.is_some() != self.pages.key.is_some() {
            return wrong("pages", "certificate and key go together".to_owned());
        }
        match &self.store {
            StorePlace { url: None, password_file: Some(_) } => {
                return wrong("store.password_file", "there is no store.url".to_owned());
            }
            StorePlace { url: Some(url), .. } => {
                // The file with the password is read when the database is opened.
                if let Err(error) = Address::check(&url.0) {
                    return wrong("store.url", error.to_string());
                }
            }
            StorePlace { .. } => {}
        }
        if let Some(listen) = self.metrics.listen.filter(|listen| !listen.ip().is_loopback()) {
            let reason = format!("{listen} can be reached from other computers, write 127.0.0.1:9464");
            return wrong("metrics.listen", reason);
        }
        if let Some((key, reason)) =
            self.evidence.fault().or_else(|| self.reminders.fault()).or_else(|| self.log.fault())
        {
            return wrong(key, reason);
        }
        match &self.address {
            Some(address) if !address.starts_with("https://") => {
                wrong("address", format!("{address:?} does not begin with https://"))
            }
            _ => Ok(()),
        }
    }

    /// As a settings file with words of explanation: the example, with the lines that differ.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let lines = |config: &Self| {
            let hosts: Vec<String> = config.hosts.iter().map(|host| format!("{host:?}")).collect();
            let Self { listen, max_sessions, pages, evidence, .. } = config;
            [
                format!("\nlisten = \"{listen}\"\n\n"),
                format!("\nhosts = [{}]\n", hosts.join(", ")),
                format!("\nmax_sessions = {max_sessions}\n"),
                format!("[pages]\nenabled = {}\nlisten = \"{}\"\n", pages.enabled, pages.listen),
                format!(
                    "[evidence]\nmax_file_mib = {}\nmax_commune_mib = {}\n",
                    evidence.max_file_mib, evidence.max_commune_mib
                ),
            ]
        };
        let usual = lines(&Self::default());
        let text =
            usual.iter().zip(lines(self)).fold(EXAMPLE.to_owned(), |text, (usual, own)| text.replacen(usual, &own, 1));
        let StorePlace { url: Some(DatabaseUrl(url)), password_file } = &self.store else { return text };
        let file = password_file.as_ref().map(|path| format!("password_file = {path:?}\n")).unwrap_or_default();
        text.replacen(STORE_EXAMPLE, &format!("[store]\nurl = {url:?}\n{file}"), 1)
    }

    /// The address that stands in invitations, for a server on this port.
    #[must_use]
    pub fn public_address(&self, port: u16) -> String {
        match &self.address {
            Some(address) => address.clone(),
            None => address_of(self.hosts.first().map_or("localhost", String::as_str), port),
        }
    }
}

/// `https://host:port`, brackets around an IPv6 address.
#[must_use]
pub fn address_of(host: &str, port: u16) -> String {
    if host.contains(':') { format!("https://[{host}]:{port}") } else { format!("https://{host}:{port}") }
}

fn is_host(host: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    host.parse::<IpAddr>().is_ok() || (host.len() <= 253 && host.split('.').all(label))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config, ConfigError> {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("aggregator.toml");
        std::fs::write(&file, text).unwrap();
        Config::read(&file)
    }

    #[test]
    fn what_is_written_reads_the_same() {
        let config = Config {
            listen: ([0, 0, 0, 0], 9000).into(),
            hosts: vec!["tiendo.example.vn".into()],
            ..Config::default()
        };
        assert_eq!(read(&config.to_toml()).unwrap(), config);
        assert_eq!(read("").unwrap(), Config::default());
        assert_eq!(config.public_address(9000), "https://tiendo.example.vn:9000");
        assert_eq!(address_of("::1", 1), "https://[::1]:1");
    }

    #[test]
    fn the_lines_to_uncomment_are_read() {
        let text: String = Config::default()
            .to_toml()
            .lines()
            .map(|line| match line.strip_prefix("# ") {
                Some(rest) if rest.starts_with('[') || rest.contains(" = ") => format!("{rest}\n"),
                _ => format!("{line}\n"),
            })
            .collect();
        let config = read(&text).unwrap();
        assert_eq!((config.report.symbol.as_str(), config.report.recipients.len()), ("BC-SKHCN", 3));
        assert!(config.reminders.is_connected() && config.reminders.mail.is_some());
        assert!(config.evidence.address().unwrap().is_some());
    }

    #[test]
    fn a_database_is_written_and_read_and_its_password_not_shown() {
        let url = DatabaseUrl("postgres://tiendo:b%C3%AD@localhost/tiendo".into());
        let store = StorePlace { url: Some(url), password_file: Some("/etc/mật khẩu".into()) };
        let config = Config { store, ..Config::default() };
        assert_eq!(read(&config.to_toml()).unwrap(), config);
        assert!(!format!("{config:?}").contains("b%C3%AD"));
    }

    #[test]
    fn the_example_lists_every_setting() {
        assert_eq!(read(EXAMPLE).unwrap(), Config::default());
        assert_eq!(Config::default().to_toml(), EXAMPLE);
        let tables = [
            "pages",
            "store",
            "metrics",
            "log",
            "evidence",
            "report",
            "reminders",
            "reminders.file",
            "reminders.webhook",
            "reminders.mail",
        ];
        let unlisted = operation::settings::unlisted(EXAMPLE, &tables, |figment| {
            Config::of(figment).map(drop).map_err(|error| error.refused())
        });
        assert!(unlisted.is_empty(), "{unlisted:?}");
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        for text in [
            "[store]\npassword_file = \"/x\"",
            "[store]\nurl = \"mysql://localhost/x\"",
            "[store]\nurl = \"postgres://an@db.example.vn/x?sslmode=disable\"",
            "lisen = \"127.0.0.1:1\"",
            "listen = \"here\"",
            "hosts = []",
            "hosts = [\"-a\"]",
            "hosts = [\"a b\"]",
            "max_sessions = 0",
            "max_sessions = 100000",
            "address = \"http://a\"",
            "[evidence]\nmax_file_mib = 0",
            "[evidence]\nmax_file_mib = 30\nmax_commune_mib = 29",
            "[evidence]\nmax_file = 3",
            "[evidence]\nurl = \"s3://tiendo\"",
            "[evidence]\nurl = \"s3://tiendo\"\nendpoint = \"http://s3.example.vn\"\ncredentials_file = \"/x\"",
            "[evidence]\nendpoint = \"https://s3.example.vn\"",
            "[metrics]\nlisten = \"0.0.0.0:9464\"",
            "[metrics]\nport = 1",
            "[log]\nformat = \"xml\"",
            "[log]\nlevel = \"a=b=c\"",
            "[reminders]\ndays_before = 15",
            "[reminders.mail]\nhost = 3",
            "listen = ",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
