//! The agent's settings: `agent.toml`, then `TIENDO_AGENT_*` from the environment. Read whole, and refused whole, before
//! anything is opened.

use crate::schedule::Window;
use chrono::NaiveTime;
use document::office::Office;
use figment::{
    Figment,
    providers::{Env, Format, Toml},
};
use notification::plan::Plan;
use serde::Deserialize;
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
pub const TEMPLATE: &str = "\
# Thiết lập của commune-agent. Bỏ dấu # ở đầu dòng để thay đổi giá trị mặc định.

# Địa chỉ máy chủ của tỉnh, nếu khác địa chỉ đã dùng khi `join`.
# server = \"https://tiendo.example.vn:8443\"

# Khung giờ đồng bộ ban đêm (giờ Việt Nam). Mỗi xã có một phút cố định trong khung này.
# window_from = \"22:00\"
# window_to = \"23:30\"

# Đồng bộ sau bấy nhiêu giây yên tĩnh kể từ lần nhập liệu cuối; 0 là tắt.
# quiet_seconds = 60

# Tốc độ gửi tệp minh chứng (KiB mỗi giây), cho đường truyền yếu; 0 là không giới hạn.
# evidence_kib_per_second = 0
# Tệp minh chứng lớn nhất, tính bằng MiB.
# evidence_max_file_mib = 20

# Mức nhật ký của `run`: error, warn, info, debug.
# log = \"info\"

# Trang của xã trong trình duyệt. Ngoài máy này (địa chỉ khác 127.0.0.1) chỉ mở khi có chứng thư TLS và có tài khoản
# (commune-agent account add).
# [page]
# enabled = true
# listen = \"127.0.0.1:8057\"
# certificate = \"/etc/commune-agent/page.pem\"
# key = \"/etc/commune-agent/page.key\"

# Nhắc việc: trước hạn bấy nhiêu ngày, ngày hạn của đơn vị, ngày cuối, và khi đã quá hạn; chỉ khi còn thiếu số liệu.
# Thử kết nối: commune-agent remind --trial. Mật khẩu nằm trong tệp riêng, quyền 0600.
# [reminders]
# days_before = 3
# from_hour = 8
# [reminders.file]
# folder = \"/srv/nhac-viec\"
# [reminders.webhook]
# url = \"https://chat.example.vn/hook\"
# token_file = \"/etc/commune-agent/webhook.token\"
# [reminders.mail]
# host = \"mail.example.vn\"
# security = \"starttls\"
# user = \"ubnd@example.vn\"
# password_file = \"/etc/commune-agent/mail.password\"
# from = \"UBND xã <ubnd@example.vn>\"
# to = [\"van-thu@example.vn\"]

# Báo cáo tháng (lệnh `report`): cơ quan ban hành, nơi nhận, người ký; bỏ trống là theo mặc định.
# [report]
# symbol = \"BC-UBND\"
# authority = [\"TM. Ủy ban nhân dân\", \"Chủ tịch\"]
# signer = \"\"
# addressed_to = [\"Ủy ban nhân dân tỉnh Đồng Nai\", \"Sở Khoa học và Công nghệ\"]
# recipients = [\"Như trên\", \"Thường trực Đảng ủy, HĐND\", \"Lưu: VT\"]
";

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

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct PageSettings {
    enabled: Option<bool>,
    listen: Option<String>,
    certificate: Option<PathBuf>,
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
    /// The province's address, where it differs from the one used to join.
    pub server: Option<String>,
    /// When the nightly session takes place, local time.
    pub window: Window,
    /// How long after the last edit a session starts; `None` when that is off.
    pub quiet: Option<Duration>,
    /// How fast evidence is sent at most; `None` when there is no limit.
    pub evidence_kib_per_second: Option<NonZeroU32>,
    /// Largest evidence file.
    pub evidence_max_file_bytes: u64,
    /// What `run` logs, as `level` or `target=level,…`.
    pub log: String,
    /// Which office issues the monthly report.
    pub report: Office,
    /// When and by which ways people are reminded.
    pub reminders: Plan,
    /// The page in a browser.
    pub page: PageConfig,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Settings {
    server: Option<String>,
    window_from: String,
    window_to: String,
    quiet_seconds: u32,
    evidence_kib_per_second: u32,
    evidence_max_file_mib: u32,
    log: String,
    report: Office,
    reminders: Plan,
    page: PageSettings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            server: None,
            window_from: "22:00".into(),
            window_to: "23:30".into(),
            quiet_seconds: 60,
            evidence_kib_per_second: 0,
            evidence_max_file_mib: 20,
            log: "info".into(),
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
}

impl Config {
    /// Reads the file (which may be missing) and the environment.
    ///
    /// # Errors
    /// The first setting that is unknown or makes no sense.
    pub fn read(file: &Path) -> Result<Self, ConfigError> {
        // An agent without a file has all defaults; a file that is there must be readable.
        let from_file = if file.exists() { Figment::from(Toml::file_exact(file)) } else { Figment::new() };
        let settings: Settings = from_file
            .merge(Env::prefixed(PREFIX).ignore(&COMMAND_LINE_ONLY))
            .extract()
            .map_err(|error| ConfigError::Unreadable(Box::new(error)))?;
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
        if let Some(server) = settings.server.as_deref().filter(|server| !server.starts_with("https://")) {
            return Err(ConfigError::Value {
                name: "server",
                reason: format!("{server:?} does not begin with https://"),
            });
        }
        if settings.log.parse::<tracing_subscriber::filter::Targets>().is_err() {
            return Err(ConfigError::Value { name: "log", reason: format!("{:?} is no level", settings.log) });
        }
        let quiet = (settings.quiet_seconds > 0).then(|| Duration::from_secs(settings.quiet_seconds.into()));
        let evidence_max_file_bytes = u64::from(settings.evidence_max_file_mib) * 1024 * 1024;
        let evidence_kib_per_second = NonZeroU32::new(settings.evidence_kib_per_second);
        if let Some((name, reason)) = settings.reminders.fault() {
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
        let server = Some("https://tiendo.example.vn:8443".into());
        assert_eq!(read, Config { server, report, reminders, page, ..config });
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
