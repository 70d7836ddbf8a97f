//! Why a reminder did not arrive by one way, and what to do.

use crate::{notifier::Channel, reminder::Unfit};
use shared::{language::Language, system_words::reason};
use std::{io, time::Duration};
use thiserror::Error;

/// A reminder was not delivered by one way.
#[derive(Debug, Error)]
#[error("{channel}: {fault}")]
pub struct DeliveryError {
    /// By which way.
    pub channel: Channel,
    /// Why.
    pub fault: Fault,
}

/// Why.
#[derive(Debug, Error)]
pub enum Fault {
    /// The reminder itself.
    #[error("the reminder cannot be delivered: {0}")]
    Unfit(#[from] Unfit),
    /// The file cannot be written.
    #[error("the file cannot be written: {0}")]
    File(io::Error),
    /// No end within the time-out. It may have arrived all the same.
    #[error("no end within {} s", .0.as_secs_f32())]
    Silent(Duration),
    /// No connection.
    #[error("no connection to {host}: {source}")]
    Unreachable {
        /// Where to.
        host: String,
        /// Why.
        source: io::Error,
    },
    /// The server's certificate is not believed.
    #[error("the certificate of the server is not trusted: {0}")]
    Untrusted(String),
    /// The connection broke, or what was said is not understood.
    #[error("the conversation broke off: {0}")]
    Broken(String),
    /// The web service says no.
    #[error("the service answered {0}")]
    Status(u16),
    /// The mail server cannot do what the settings demand.
    #[error("the server does not offer {0}")]
    Missing(&'static str),
    /// The mail server refuses the user or the password.
    #[error("the server refused user and password ({0})")]
    Login(u16),
    /// The mail server refuses a recipient; nobody was sent anything.
    #[error("the server refused the recipient {recipient} ({code} {answer})")]
    Recipient {
        /// Whom.
        recipient: String,
        /// Its reply.
        code: u16,
        /// Its words.
        answer: String,
    },
    /// The mail server refuses something else.
    #[error("the server refused the mail ({code} {answer})")]
    Refused {
        /// Its reply.
        code: u16,
        /// Its words.
        answer: String,
    },
}

impl DeliveryError {
    /// Whether trying again is of no use before somebody changes something: a 5xx reply of a mail server, an answer of a web
    /// service that is neither success nor 408, 429 or 5xx, or a reminder that no way can carry.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        match &self.fault {
            Fault::Unfit(_) => true,
            Fault::Status(status) => (300..500).contains(status) && !matches!(status, 408 | 429),
            Fault::Login(code) | Fault::Recipient { code, .. } | Fault::Refused { code, .. } => *code >= 500,
            Fault::File(_)
            | Fault::Silent(_)
            | Fault::Unreachable { .. }
            | Fault::Untrusted(_)
            | Fault::Broken(_)
            | Fault::Missing(_) => false,
        }
    }

    /// For the person who keeps the program running.
    #[must_use]
    pub fn explain(&self, language: Language) -> String {
        let way = self.channel.name(language);
        let what = match &self.fault {
            Fault::Unfit(unfit) => language.pick(
                format!("lời nhắc không gửi được: {}", unfit.vietnamese()),
                format!("the reminder cannot be delivered: {unfit}"),
            ),
            Fault::File(error) => language.pick(
                format!("không ghi được tệp ({}): kiểm tra thư mục, quyền ghi và dung lượng", reason(error, language)),
                format!("the file cannot be written ({error}): look at the folder, its permissions and the disk"),
            ),
            Fault::Silent(after) => language.pick(
                format!("chưa xong sau {} giây: kiểm tra mạng và máy chủ", after.as_secs_f32()),
                format!("no end after {} seconds: look at the network and the server", after.as_secs_f32()),
            ),
            Fault::Unreachable { host, source } => language.pick(
                format!("không kết nối được {host} ({}): kiểm tra mạng, tên và cổng máy chủ", reason(source, language)),
                format!("no connection to {host} ({source}): look at the network, and the server's name and port"),
            ),
            Fault::Untrusted(detail) => language.pick(
                format!(
                    "chứng thư số của máy chủ không đáng tin ({detail}): kiểm tra tên máy chủ, hoặc đặt `ca_file` nếu \
                     máy chủ dùng cơ quan chứng thực riêng"
                ),
                format!(
                    "the certificate of the server is not trusted ({detail}): look at the server's name, or set `ca_file` \
                     if it has an authority of its own"
                ),
            ),
            Fault::Broken(detail) => language.pick(
                format!("kết nối bị ngắt giữa chừng ({detail}): kiểm tra cổng và cách mã hóa, rồi thử lại"),
                format!("the conversation broke off ({detail}): look at port and encryption, and try again"),
            ),
            Fault::Status(status @ (401 | 403)) => language.pick(
                format!("dịch vụ từ chối quyền truy cập (HTTP {status}): kiểm tra địa chỉ và `token_file`"),
                format!("the service refuses access (HTTP {status}): look at the address and `token_file`"),
            ),
            Fault::Status(status @ 300..=399) => language.pick(
                format!("dịch vụ chuyển sang địa chỉ khác (HTTP {status}), chương trình không đi theo: sửa `url`"),
                format!("the service points elsewhere (HTTP {status}), which is not followed: correct `url`"),
            ),
            Fault::Status(status) => language.pick(
                format!("dịch vụ trả lời HTTP {status}: kiểm tra địa chỉ, hoặc hỏi người quản trị dịch vụ"),
                format!("the service answered HTTP {status}: look at the address, or ask those who run it"),
            ),
            Fault::Missing(what) => language.pick(
                format!("máy chủ thư không có {what}: kiểm tra cổng và `security`"),
                format!("the mail server does not offer {what}: look at the port and `security`"),
            ),
            Fault::Login(code) => language.pick(
                format!("máy chủ thư từ chối đăng nhập ({code}): kiểm tra `user` và `password_file`"),
                format!("the mail server refuses the login ({code}): look at `user` and `password_file`"),
            ),
            Fault::Recipient { recipient, code, answer } => language.pick(
                format!("máy chủ thư từ chối người nhận {recipient} ({code} {answer}), chưa gửi cho ai: sửa `to`"),
                format!("the mail server refuses {recipient} ({code} {answer}), nobody was sent anything: correct `to`"),
            ),
            Fault::Refused { code, answer } => language.pick(
                format!("máy chủ thư không nhận thư ({code} {answer}): kiểm tra `from`, hoặc hỏi người quản trị thư"),
                format!("the mail server does not take the mail ({code} {answer}): look at `from`, or ask who runs it"),
            ),
        };
        language.pick(format!("nhắc việc bằng {way}: {what}"), format!("reminder by {way}: {what}"))
    }
}
