//! Why a way cannot be used as it is set up, in words for the person who set it up. Nothing was sent.

pub use crate::secret::FileFault;
use crate::{mail::MAX_RECIPIENTS, notifier::Channel};
use shared::{language::Language, system_words::reason};
use std::{io, path::PathBuf};
use thiserror::Error;

/// What is wrong with the settings, or with what they name.
#[derive(Debug, Error)]
pub enum SetupError {
    /// The folder of reminders cannot be written.
    #[error("file: the folder {}: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Not an address of a web service. It is not repeated: it may hold a secret.
    #[error("webhook: url is not https://host/path, without a user")]
    Url,
    /// It would go over a network for all to read.
    #[error("{channel}: an unprotected connection to {host}, which is not this computer")]
    Unprotected {
        /// By which way.
        channel: Channel,
        /// Where to.
        host: String,
    },
    /// Not the name of a server.
    #[error("mail: {0:?} is no host")]
    Host(String),
    /// A file that the settings name.
    #[error("{channel}: the file {}: {fault}", path.display())]
    File {
        /// By which way.
        channel: Channel,
        /// The file.
        path: PathBuf,
        /// Why.
        fault: FileFault,
    },
    /// One of both is missing, or the user is not one line.
    #[error("mail: user and password_file go together")]
    Login,
    /// Not an address of mail.
    #[error("mail: {0:?} is no address")]
    Mailbox(String),
    /// Nobody, or too many.
    #[error("mail: {0} recipients, 1 to {MAX_RECIPIENTS} are possible")]
    Recipients(usize),
    /// No protected connection can be made at all.
    #[error("{channel}: TLS: {reason}")]
    Tls {
        /// By which way.
        channel: Channel,
        /// Why.
        reason: String,
    },
}

impl SetupError {
    /// For the person who set it up.
    #[must_use]
    pub fn explain(&self, language: Language) -> String {
        let pick = |vi: String, en: String| language.pick(vi, en);
        match self {
            Self::Folder { path, source } => pick(
                format!(
                    "nhắc việc bằng tệp: không ghi được vào thư mục {} ({}): tạo thư mục hoặc cấp quyền ghi",
                    path.display(),
                    reason(source, language)
                ),
                format!(
                    "reminders by file: the folder {} cannot be written ({source}): make it or permit writing",
                    path.display()
                ),
            ),
            Self::Url => pick(
                "nhắc việc bằng webhook: `url` không đúng dạng https://máy-chủ/đường-dẫn (không kèm tên người dùng)"
                    .into(),
                "reminders by webhook: `url` is not of the form https://host/path (without a user)".into(),
            ),
            Self::Unprotected { channel, host } => pick(
                format!(
                    "nhắc việc bằng {}: kết nối không mã hóa chỉ được dùng trong chính máy này, không dùng với {host}: {}",
                    channel.name(language),
                    if *channel == Channel::Mail {
                        "đặt security = \"tls\" hoặc \"starttls\""
                    } else {
                        "dùng https://"
                    },
                ),
                format!(
                    "reminders by {}: a connection without encryption is for this computer alone, not for {host}: {}",
                    channel.name(language),
                    if *channel == Channel::Mail { "set security = \"tls\" or \"starttls\"" } else { "use https://" },
                ),
            ),
            Self::Host(host) => pick(
                format!("nhắc việc bằng thư điện tử: `host` {host:?} không phải tên máy chủ"),
                format!("reminders by e-mail: `host` {host:?} is not the name of a server"),
            ),
            Self::File { channel, path, fault } => {
                let (way, path) = (channel.name(language), path.display());
                match fault {
                    FileFault::Io(error) => pick(
                        format!("nhắc việc bằng {way}: không đọc được tệp {path}: {}", reason(error, language)),
                        format!("reminders by {way}: the file {path} cannot be read: {error}"),
                    ),
                    FileFault::Exposed => pick(
                        format!("nhắc việc bằng {way}: người khác đọc được tệp bí mật {path}: chạy `chmod 600 {path}`"),
                        format!("reminders by {way}: others can read the secret in {path}: run `chmod 600 {path}`"),
                    ),
                    FileFault::NotLine => pick(
                        format!("nhắc việc bằng {way}: tệp {path} phải chứa đúng một dòng mật khẩu hoặc mã truy cập"),
                        format!("reminders by {way}: the file {path} must hold one line, the password or token"),
                    ),
                    FileFault::NotCertificates => pick(
                        format!("nhắc việc bằng {way}: tệp {path} không chứa chứng thư số dạng PEM dùng được"),
                        format!("reminders by {way}: the file {path} holds no certificates in PEM that can be used"),
                    ),
                }
            }
            Self::Login => pick(
                "nhắc việc bằng thư điện tử: `user` và `password_file` phải có đủ cả hai hoặc không có".into(),
                "reminders by e-mail: give both `user` and `password_file`, or neither".into(),
            ),
            Self::Mailbox(text) => pick(
                format!("nhắc việc bằng thư điện tử: {text:?} không phải địa chỉ thư (ví dụ: Văn phòng <a@b.vn>)"),
                format!("reminders by e-mail: {text:?} is not an address (for example: Office <a@b.vn>)"),
            ),
            Self::Recipients(count) => pick(
                format!("nhắc việc bằng thư điện tử: có {count} người nhận, phải từ 1 đến {MAX_RECIPIENTS}"),
                format!("reminders by e-mail: {count} recipients, it must be 1 to {MAX_RECIPIENTS}"),
            ),
            Self::Tls { channel, reason } => pick(
                format!("nhắc việc bằng {}: không lập được kết nối mã hóa: {reason}", channel.name(language)),
                format!("reminders by {}: no encrypted connection can be made: {reason}", channel.name(language)),
            ),
        }
    }
}
