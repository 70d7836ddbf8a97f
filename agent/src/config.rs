//! The agent's settings: `agent.toml`, then `TIENDO_AGENT_*` from the environment. Read whole, and refused whole, before
//! anything is opened.

use crate::{
    schedule::Window,
    store::meta::Belonging,
    uplink::address::{self, MAX_ADDRESSES},
};
use chrono::NaiveTime;
use document::office::Office;
use figment::{Figment, providers::Serialized};
use notification::plan::Plan;
use operation::{
    Log,
    settings::{Layers, Refused},
};
use serde::{Deserialize, Serialize};
use shared::language::Language;
use std::{
    net::{Ipv4Addr, SocketAddr},
    num::NonZeroU32,
    path::{Path, PathBuf},
    time::Duration,
};
use thiserror::Error;

/// Prefix of the environment's settings; `TIENDO_AGENT_DATA` is the command line's own.
const PREFIX: &str = "TIENDO_AGENT_";
const COMMAND_LINE_ONLY: [&str; 1] = ["data"];
/// Longest quiet time: a day.
const MAX_QUIET_SECONDS: u32 = 86_400;
/// Largest evidence file that a record can name, in MiB.
const MAX_FILE_MIB: u32 = 1_024;

/// What `join` leaves as `agent.toml`: every setting with its default, commented out.
pub const TEMPLATE: &str = include_str!("../../deploy/config/agent.toml");

/// Port of the page, where none is set.
pub const PAGE_PORT: u16 = 8057;

/// The page in a browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageConfig {
    /// Whether `run` serves it.
    pub enabled: bool,
    /// Where.
    pub listen: SocketAddr,
    /// Whether somebody chose where: then `run` does not go on without it.
    pub is_chosen: bool,
    /// Certificate and key, PEM.
    pub tls: Option<(PathBuf, PathBuf)>,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct PageSettings {
    #[serde(skip_serializing_if = "Option::is_none")]
    enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    listen: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<PathBuf>,
}

impl TryFrom<PageSettings> for PageConfig {
    type Error = ConfigError;

    fn try_from(settings: PageSettings) -> Result<Self, ConfigError> {
        let listen = settings.listen.as_deref().map(|text| {
            text.parse().map_err(|_| ConfigError::Value {
                name: "page.listen",
                reason: format!("{text:?} is no address with a port, write 127.0.0.1:{PAGE_PORT}"),
            })
        });
        let listen = listen.transpose()?;
        let tls = match (settings.certificate, settings.key) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            _ => {
                return Err(ConfigError::Value {
                    name: "page.certificate",
                    reason: "certificate and key belong together".into(),
                });
            }
        };
        Ok(Self {
            enabled: settings.enabled.unwrap_or(true),
            listen: listen.unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, PAGE_PORT))),
            is_chosen: listen.is_some(),
            tls,
        })
    }
}

/// All settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The addresses of the province's servers, where they differ from the one used to join; empty where it does not.
    pub server: Vec<String>,
    /// When the nightly session takes place, local time.
    pub window: Window,
    /// How long after the last edit a session starts; `None` when that is off.
    pub quiet: Option<Duration>,
    /// How fast evidence is sent at most; `None` when there is no limit.
    pub evidence_kib_per_second: Option<NonZeroU32>,
    /// Largest evidence file.
    pub evidence_max_file_bytes: u64,
    /// What `run` logs, and how.
    pub log: Log,
    /// Which office issues the monthly report.
    pub report: Office,
    /// When and by which ways people are reminded.
    pub reminders: Plan,
    /// The page in a browser.
    pub page: PageConfig,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Settings {
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "address::one_or_many")]
    server: Vec<String>,
    window_from: String,
    window_to: String,
    quiet_seconds: u32,
    evidence_kib_per_second: u32,
    evidence_max_file_mib: u32,
    log: Log,
    report: Office,
    #[serde(skip_serializing)]
    reminders: Plan,
    page: PageSettings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            server: Vec::new(),
            window_from: "22:00".into(),
            window_to: "23:30".into(),
            quiet_seconds: 60,
            evidence_kib_per_second: 0,
            evidence_max_file_mib: 20,
            log: Log::default(),
            report: Office::default(),
            reminders: Plan::default(),
            page: PageSettings::default(),
        }
    }
}

/// Why settings are refused.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// Unknown key, wrong type, unreadable file.
    #[error("settings: {0}")]
    Unreadable(Box<figment::Error>),
    /// No TOML, or not readable at all.
    #[error("settings: {0}")]
    File(String),
    /// A value that makes no sense.
    #[error("setting {name}: {reason}")]
    Value {
        /// The key.
        name: &'static str,
        /// What is wrong.
        reason: String,
    },
}

impl ConfigError {
    /// For the person who runs the program.
    #[must_use]
    pub fn explain(&self, language: Language) -> String {
        language.pick(format!("thiết lập không dùng được: {self}"), format!("the settings cannot be used: {self}"))
    }

    /// For `config check`.
    #[must_use]
    pub fn refused(&self) -> Refused {
        match self {
            Self::Unreadable(error) => Refused::from(&**error),
            Self::File(reason) => Refused { key: None, reason: reason.clone() },
            Self::Value { name, reason } => Refused { key: Some((*name).to_owned()), reason: reason.clone() },
        }
    }
}

impl From<Refused> for ConfigError {
    fn from(refused: Refused) -> Self {
        Self::File(refused.reason)
    }
}

impl Config {
    /// Reads the file (which may be missing) and the environment.
    ///
    /// # Errors
    /// The first setting that is unknown or makes no sense.
    pub fn read(file: &Path) -> Result<Self, ConfigError> {
        // An agent without a file has all defaults; a file that is there must be readable.
        Self::of(&Self::layers(file).read()?)
    }

    /// The addresses of the province's servers.
    #[must_use]
    pub fn servers(&self, belonging: &Belonging) -> Vec<String> {
        if self.server.is_empty() { vec![belonging.server.clone()] } else { self.server.clone() }
    }

    /// Where settings come from: `TIENDO_AGENT_SERVER`, `TIENDO_AGENT_PAGE__LISTEN` over the file over the defaults.
    #[must_use]
    pub fn layers(file: &Path) -> Layers {
        let plan = Plan::default();
        let defaults = Figment::from(Serialized::defaults(Settings::default()))
            .merge(Serialized::default("reminders.days_before", plan.days_before))
            .merge(Serialized::default("reminders.from_hour", plan.from_hour));
        Layers { defaults, file: file.to_owned(), prefix: PREFIX, command_line: &COMMAND_LINE_ONLY }
    }

    /// The settings that layers come to.
    ///
    /// # Errors
    /// The first setting that is unknown or makes no sense.
    pub fn of(figment: &Figment) -> Result<Self, ConfigError> {
        let settings: Settings = figment.extract().map_err(|error| ConfigError::Unreadable(Box::new(error)))?;
        settings.try_into()
    }
}

impl TryFrom<Settings> for Config {
    type Error = ConfigError;

    fn try_from(settings: Settings) -> Result<Self, ConfigError> {
        let window = Window {
            from: time_of_day("window_from", &settings.window_from)?,
            to: time_of_day("window_to", &settings.window_to)?,
        };
        if settings.quiet_seconds > MAX_QUIET_SECONDS {
            return Err(ConfigError::Value {
                name: "quiet_seconds",
                reason: format!("more than a day ({MAX_QUIET_SECONDS})"),
            });
        }
        if !(1..=MAX_FILE_MIB).contains(&settings.evidence_max_file_mib) {
            return Err(ConfigError::Value {
                name: "evidence_max_file_mib",
                reason: format!("not between 1 and {MAX_FILE_MIB}"),
            });
        }
        if settings.server.len() > MAX_ADDRESSES {
            return Err(ConfigError::Value { name: "server", reason: format!("more than {MAX_ADDRESSES} addresses") });
        }
        if let Some(server) = settings.server.iter().find(|server| !server.starts_with("https://")) {
            return Err(ConfigError::Value {
                name: "server",
                reason: format!("{server:?} does not begin with https://"),
            });
        }
        let quiet = (settings.quiet_seconds > 0).then(|| Duration::from_secs(settings.quiet_seconds.into()));
        let evidence_max_file_bytes = u64::from(settings.evidence_max_file_mib) * 1024 * 1024;
        let evidence_kib_per_second = NonZeroU32::new(settings.evidence_kib_per_second);
        if let Some((name, reason)) = settings.reminders.fault().or_else(|| settings.log.fault()) {
            return Err(ConfigError::Value { name, reason });
        }
        let Settings { server, log, report, reminders, page, .. } = settings;
        let page = page.try_into()?;
        Ok(Self {
            server,
            window,
            quiet,
            evidence_max_file_bytes,
            evidence_kib_per_second,
            log,
            report,
            reminders,
            page,
        })
    }
}

fn time_of_day(name: &'static str, text: &str) -> Result<NaiveTime, ConfigError> {
    NaiveTime::parse_from_str(text, "%H:%M")
        .map_err(|_| ConfigError::Value { name, reason: format!("{text:?} is no time of day, write 22:00") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("agent.toml");
        std::fs::write(&file, text).unwrap();
        Config::read(&file)
    }

    #[test]
    fn defaults_hold_where_nothing_is_set() {
        let config = read(TEMPLATE).unwrap();
        assert_eq!(config, Config::read(Path::new("/nowhere/agent.toml")).unwrap());
        assert_eq!(config.quiet, Some(Duration::from_secs(60)));
        assert_eq!(config.window.from.to_string(), "22:00:00");
        assert_eq!(read("quiet_seconds = 0").unwrap().quiet, None);
        let uncommented: String = TEMPLATE
            .lines()
            .filter_map(|line| line.strip_prefix("# "))
            .filter(|line| line.contains(" = ") || line.starts_with('['))
            .map(|line| format!("{line}\n"))
            .collect();
        let read = read(&uncommented).unwrap();
        assert_eq!((read.report.symbol.as_str(), read.report.recipients.len()), ("BC-UBND", 3));
        assert_eq!(read.reminders.mail.as_ref().map(|mail| mail.to.len()), Some(1));
        let (report, reminders, page) = (read.report.clone(), read.reminders.clone(), read.page.clone());
        assert!(page.is_chosen && page.tls.is_some());
        assert_eq!((page.enabled, page.listen), (config.page.enabled, config.page.listen));
        let server = vec!["https://tiendo.example.vn:8443".into()];
        assert_eq!(read, Config { server, report, reminders, page, ..config });
    }

    #[test]
    fn one_address_or_several() {
        assert_eq!(read("server = \"https://a:1\"").unwrap().server, ["https://a:1"]);
        assert_eq!(read("server = [\"https://a:1\", \"https://b:2\"]").unwrap().server, ["https://a:1", "https://b:2"]);
        let many: Vec<String> = (0..=MAX_ADDRESSES).map(|number| format!("\"https://a:{number}\"")).collect();
        assert!(read(&format!("server = [{}]", many.join(","))).is_err());
    }

    #[test]
    fn the_example_lists_every_setting() {
        let unlisted = operation::settings::unlisted(
            TEMPLATE,
            &["log", "page", "reminders", "reminders.file", "reminders.webhook", "reminders.mail", "report"],
            |figment| Config::of(figment).map(drop).map_err(|error| error.refused()),
        );
        assert!(unlisted.is_empty(), "{unlisted:?}");
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "quiet = 3",
            "quiet_seconds = \"x\"",
            "quiet_seconds = 100000",
            "evidence_max_file_mib = 0",
            "evidence_max_file_mib = 1025",
            "window_from = \"25:00\"",
            "server = \"http://x\"",
            "server = [\"https://a\", \"http://x\"]",
            "server = 3",
            "log = \"a=b=c\"",
            "[page]\nlisten = \"8057\"",
            "[page]\ncertificate = \"a\"",
            "[page]\nport = 1",
            "[reminders]\nfrom_hour = 24",
            "[reminders.mail]\nhost = \"x\"",
            "[",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
