//! The ways an office has connected, as written in a program's settings. No secret stands there: only the names of files.

use crate::route::Address;
use serde::Deserialize;
use std::{fmt, path::PathBuf};

/// All ways; one that is absent is not used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// A text file for each reminder.
    pub file: Option<FileSettings>,
    /// JSON to a web service.
    pub webhook: Option<WebhookSettings>,
    /// E-mail.
    pub mail: Option<MailSettings>,
}

/// Where the text files are put.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileSettings {
    /// A folder that is there.
    pub folder: PathBuf,
}

/// A web service that takes reminders.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookSettings {
    /// `https://`; `http://` to this computer alone. Many services put a secret in its path: it is never printed.
    pub url: String,
    /// A bearer token, in a file that only its owner can read.
    pub token_file: Option<PathBuf>,
    /// Certificates (PEM) of the service's own authority, trusted besides the public ones.
    pub ca_file: Option<PathBuf>,
}

impl fmt::Debug for WebhookSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = Address::parse(&self.url).map(|address| address.host);
        f.debug_struct("WebhookSettings")
            .field("host", &host)
            .field("token_file", &self.token_file)
            .field("ca_file", &self.ca_file)
            .finish_non_exhaustive()
    }
}

/// A mail server that takes reminders.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailSettings {
    /// Its name, as in its certificate.
    pub host: String,
    /// Its port: 465 for `tls`, 587 for `starttls`, 25 for `none`, unless stated.
    pub port: Option<u16>,
    /// How what is said is protected.
    #[serde(default)]
    pub security: Security,
    /// Who logs in; nobody does without.
    pub user: Option<String>,
    /// The user's password, in a file that only its owner can read.
    pub password_file: Option<PathBuf>,
    /// Whom it comes from: `a@b.vn`, or `Tên <a@b.vn>`.
    pub from: String,
    /// Whom it goes to: 1 to 20, written likewise.
    pub to: Vec<String>,
    /// Certificates (PEM) of the server's own authority, trusted besides the public ones.
    pub ca_file: Option<PathBuf>,
}

/// How a connection to a mail server is protected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// From its first byte.
    #[default]
    Tls,
    /// Before anything of importance is said; a server that does not offer it gets nothing.
    Starttls,
    /// Not at all: to this computer alone.
    None,
}

impl Security {
    /// The usual port.
    #[must_use]
    pub fn port(self) -> u16 {
        match self {
            Self::Tls => 465,
            Self::Starttls => 587,
            Self::None => 25,
        }
    }
}
