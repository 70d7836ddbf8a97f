//! The settings: `aggregator.toml` in the data folder, and over it the environment (`TIENDO_AGGREGATOR_LISTEN`, …).
//!
//! Read whole and checked before anything is opened or bound; an unknown key is an error, not a wish.

use crate::evidence::Limits;
use document::office::Office;
use figment::{
    Figment,
    providers::{Env, Format, Serialized, Toml},
};
use notification::plan::Plan;
use serde::{Deserialize, Serialize};
use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};
use thiserror::Error;

/// What the environment's settings begin with.
pub const ENV_PREFIX: &str = "TIENDO_AGGREGATOR_";
/// Most sessions that can be admitted at once.
pub const MAX_SESSIONS: usize = 512;
/// Most hosts that the server's certificate can name.
const MAX_HOSTS: usize = 32;
/// Largest file of evidence that can be allowed, in MiB: what a change can name.
const MAX_FILE_MIB: u64 = 1_024;
/// Most evidence of one commune that can be allowed, in MiB.
const MAX_COMMUNE_MIB: u64 = 1_048_576;

/// Longest words on a licence.
const MAX_LICENCE_CHARS: usize = 200;

/// Why the settings cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// Not readable as settings.
    #[error("{0}")]
    Unreadable(Box<figment::Error>),
    /// A value that cannot be.
    #[error("{key}: {reason}")]
    Value {
        /// Of which key.
        key: &'static str,
        /// What is wrong.
        reason: String,
    },
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
    /// Probes and metrics.
    pub metrics: Metrics,
    /// How much evidence is taken.
    pub evidence: Limits,
    /// Which office issues the monthly report.
    pub report: Office,
    /// When and by which ways the staff is reminded.
    #[serde(skip_serializing)]
    pub reminders: Plan,
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
            max_sessions: MAX_SESSIONS,
            pages: Pages::default(),
            metrics: Metrics::default(),
            evidence: Limits::default(),
            report: Office::default(),
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
        // The data folder and the language are the command line's.
        let environment = Env::prefixed(ENV_PREFIX).ignore(&["data"]);
        let figment = Figment::from(Serialized::defaults(Self::default())).merge(Toml::file(file)).merge(environment);
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
        if let Some(listen) = self.metrics.listen.filter(|listen| !listen.ip().is_loopback()) {
            let reason = format!("{listen} can be reached from other computers, write 127.0.0.1:9464");
            return wrong("metrics.listen", reason);
        }
        let Limits { max_file_mib, max_commune_mib } = self.evidence;
        if !(1..=MAX_FILE_MIB).contains(&max_file_mib) {
            return wrong("evidence.max_file_mib", format!("{max_file_mib} lies outside 1 to {MAX_FILE_MIB}"));
        }
        if !(max_file_mib..=MAX_COMMUNE_MIB).contains(&max_commune_mib) {
            let reason = format!("{max_commune_mib} lies outside {max_file_mib} to {MAX_COMMUNE_MIB}");
            return wrong("evidence.max_commune_mib", reason);
        }
        if let Some((key, reason)) = self.reminders.fault() {
            return wrong(key, reason);
        }
        match &self.address {
            Some(address) if !address.starts_with("https://") => {
                wrong("address", format!("{address:?} does not begin with https://"))
            }
            _ => Ok(()),
        }
    }

    /// As a settings file with words of explanation.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let hosts: Vec<String> = self.hosts.iter().map(|host| format!("{host:?}")).collect();
        format!(
            "# Địa chỉ và cổng mà máy chủ lắng nghe. / Where the server listens.\n\
             listen = \"{}\"\n\n\
             # Tên hoặc địa chỉ IP mà các xã dùng để kết nối; có trong chứng thư của máy chủ.\n\
             # Names by which the agents reach the server; its certificate carries them.\n\
             hosts = [{}]\n\n\
             # Số phiên đồng bộ cùng lúc. / Sessions admitted at once.\n\
             max_sessions = {}\n\n\
             # Trang web của tỉnh (HTTPS). Không có certificate, key thì dùng chứng thư do cơ quan chứng thực của tỉnh cấp.\n\
             # The province's pages (HTTPS); without certificate and key the province's own authority issues one.\n\
             [pages]\n\
             enabled = {}\n\
             listen = \"{}\"\n\
             # certificate = \"/etc/province-aggregator/pages.pem\"\n\
             # key = \"/etc/province-aggregator/pages.key\"\n\
             # Công bố các bảng của kỳ đã chốt tại /open-data cho mọi người, không cần đăng nhập; trong đó có tên người nhập số liệu.\n\
             # Tables of closed periods at /open-data for everybody, without signing in; they name who entered the figures.\n\
             # open_data = true\n\
             # open_data_licence = \"CC-BY-4.0\"\n\n\
             # Kiểm tra sống, sẵn sàng và số đo cho Prometheus (/healthz, /readyz, /metrics): chỉ trong máy này, mặc định tắt.\n\
             # Probes and metrics, on this computer alone; off unless set.\n\
             # [metrics]\n\
             # listen = \"127.0.0.1:9464\"\n\n\
             # Minh chứng nhận về: mỗi tệp và mỗi xã nhiều nhất bao nhiêu MiB. / Evidence: most MiB of a file, and of a commune.\n\
             [evidence]\n\
             max_file_mib = {}\n\
             max_commune_mib = {}\n\n\
             # Cơ quan ban hành báo cáo tháng; bỏ trống là theo mặc định. / The office that issues the monthly report.\n\
             # [report]\n\
             # superior = \"Ủy ban nhân dân tỉnh Đồng Nai\"\n\
             # issuer = \"Sở Khoa học và Công nghệ\"\n\
             # symbol = \"BC-SKHCN\"\n\
             # place = \"Đồng Nai\"\n\
             # authority = [\"Giám đốc\"]\n\
             # signer = \"\"\n\
             # addressed_to = [\"Ủy ban nhân dân tỉnh Đồng Nai\"]\n\
             # recipients = [\"Như trên\", \"UBND các xã, phường\", \"Lưu: VT\"]\n\n\
             # Nhắc cán bộ tỉnh khi xã, phường còn thiếu số liệu. Thử: province-aggregator remind --trial.\n\
             # Reminders to the staff; passwords stand in files of their own, mode 0600.\n\
             # [reminders]\n\
             # days_before = 3\n\
             # from_hour = 8\n\
             # [reminders.file]\n\
             # folder = \"/srv/nhac-viec\"\n\
             # [reminders.mail]\n\
             # host = \"mail.example.vn\"\n\
             # security = \"starttls\"\n\
             # user = \"so-khcn@example.vn\"\n\
             # password_file = \"/etc/province-aggregator/mail.password\"\n\
             # from = \"Sở KH&CN <so-khcn@example.vn>\"\n\
             # to = [\"chuyen-vien@example.vn\"]\n",
            self.listen,
            hosts.join(", "),
            self.max_sessions,
            self.pages.enabled,
            self.pages.listen,
            self.evidence.max_file_mib,
            self.evidence.max_commune_mib
        )
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
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        for text in [
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
            "[metrics]\nlisten = \"0.0.0.0:9464\"",
            "[metrics]\nport = 1",
            "[reminders]\ndays_before = 15",
            "[reminders.mail]\nhost = 3",
            "listen = ",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
