//! Why a command did nothing, its exit code and its words: the one place where errors become exit codes.

#[cfg(target_os = "linux")]
use super::services::ServiceSetupError;
use super::{accounts::AccountError, words::plain_lines};
use crate::{
    backup::BackupError,
    bundle::BundleError,
    config::ConfigError,
    entry::EntryError,
    evidence::EvidenceError,
    folder::FolderError,
    import::ImportError,
    page::ListenError,
    service::ServiceError,
    store::StoreError,
    template::TemplateError,
    uplink::{join::JoinError, outcome::End},
};
use notification::SetupError;
use proto::connect::ConnectError;
use shared::{language::Language, observation::Refusal, period::Period, system_words::reason};
use std::{io, path::PathBuf};
use thiserror::Error;

/// It failed.
pub const FAILED: u8 = 1;
/// The command line makes no sense.
pub const USAGE: u8 = 2;
/// A rule of entry is broken.
pub const REFUSED: u8 = 3;
/// The province cannot be reached.
pub const UNREACHABLE: u8 = 4;
/// The province does not take this computer's identity.
pub const IDENTITY: u8 = 5;

/// Why a command did nothing.
#[derive(Debug, Error)]
pub enum Failure {
    /// Settings.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Entry of a figure.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// A file of figures.
    #[error("{}: {error}", file.display())]
    Import {
        /// The file.
        file: PathBuf,
        /// Why.
        error: ImportError,
    },
    /// An evidence file.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// A backup.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// A bundle.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// Joining.
    #[error(transparent)]
    Join(#[from] JoinError),
    /// The data folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The service.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// Installing the service.
    #[cfg(target_os = "linux")]
    #[error(transparent)]
    ServiceSetup(#[from] ServiceSetupError),
    /// An account.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The page.
    #[error(transparent)]
    Page(#[from] ListenError),
    /// A file of receipts cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The system.
    #[error(transparent)]
    System(#[from] io::Error),
    /// Another session is going on for too long.
    #[error("another session is going on")]
    SessionBusy,
    /// Not a period.
    #[error("not a period: {0:?}")]
    Period(String),
    /// Not a ratio.
    #[error("not a ratio: {0:?}")]
    Ratio(String),
    /// CSV of something that is no list.
    #[error("no list")]
    NoList,
    /// A file that holds no receipts.
    #[error("{}: no file of receipts: {reason}", file.display())]
    NotReceipts {
        /// The file.
        file: PathBuf,
        /// Why.
        reason: String,
    },
    /// No template could be made.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// Nothing was entered for the period.
    #[error("nothing is reported for {0} yet")]
    NothingReported(Period),
    /// The report does not fit into a document.
    #[error("the report cannot be written: {0}")]
    Document(#[from] document::Error),
    /// The ways of reminders are not set up as they should be.
    #[error("reminders: {0}")]
    Reminders(#[from] SetupError),
    /// No way for reminders is connected.
    #[error("no way for reminders is connected")]
    NoWay,
    /// No standing has come down yet.
    #[error("no standing yet")]
    NoStanding,
}

impl Failure {
    /// The exit code.
    #[must_use]
    pub fn code(&self) -> u8 {
        match self {
            Self::Entry(error) | Self::Import { error: ImportError::Entry(error), .. } if error.is_refusal() => REFUSED,
            Self::Import {
                error:
                    ImportError::Faults(_) | ImportError::TooLarge | ImportError::Workbook(_) | ImportError::Foreign(_),
                ..
            } => REFUSED,
            Self::Evidence(error) if error.is_refusal() => REFUSED,
            Self::Backup(error) if error.is_refusal() => REFUSED,
            Self::Bundle(error) if error.is_refusal() => REFUSED,
            Self::Account(error) if error.is_refusal() => REFUSED,
            Self::Join(JoinError::Connect(ConnectError::Unreachable(_))) | Self::SessionBusy => UNREACHABLE,
            Self::Backup(error) if error.is_momentary() => UNREACHABLE,
            Self::Join(JoinError::Connect(ConnectError::Url(_))) | Self::NoList | Self::Period(_) | Self::Ratio(_) => {
                USAGE
            }
            Self::Join(JoinError::Connect(_) | JoinError::Token(_)) => IDENTITY,
            _ => FAILED,
        }
    }

    /// What the person reads.
    #[must_use]
    pub fn explain(&self, language: Language) -> String {
        plain_lines(&self.words(language))
    }

    fn words(&self, language: Language) -> String {
        match self {
            Self::Config(error) => error.explain(language),
            Self::Store(error) => error.explain(language),
            Self::Entry(error) | Self::Import { error: ImportError::Entry(error), .. } => error.explain(language),
            Self::Import { file, error: ImportError::Faults(faults) } => {
                let head = language.pick(
                    format!("tệp có {} lỗi, chưa nhập gì cả:", faults.count),
                    format!("the file has {} faults, nothing was imported:", faults.count),
                );
                format!("{head}\n{}", faults.explain(file, language))
            }
            Self::Import { file, error: ImportError::TooLarge } => language.pick(
                format!("{} lớn hơn 8 MiB: chia nhỏ tệp", file.display()),
                format!("{} is larger than 8 MiB: split it", file.display()),
            ),
            Self::Import { file, error: ImportError::Workbook(error) } => {
                format!("{}: {}", file.display(), error.explain(language))
            }
            Self::Import { file, error: ImportError::Foreign(error) } => {
                format!("{}: {}", file.display(), error.explain(language))
            }
            Self::Template(error) => match error {
                TemplateError::Store(error) => error.explain(language),
                TemplateError::UnknownUnit(code) => Refusal::UnknownUnit(code.clone()).explain(language),
                TemplateError::UnknownIndicator(code) => Refusal::UnknownIndicator(code.clone()).explain(language),
                TemplateError::NothingToFillIn => language.pick(
                    "kế hoạch không giao chỉ tiêu nào cho đơn vị này: nêu chỉ tiêu bằng --indicator MÃ".to_owned(),
                    error.to_string(),
                ),
                TemplateError::Writing(error) => language.pick(
                    format!("không tạo được tệp mẫu: {error}"),
                    format!("the template cannot be made: {error}"),
                ),
            },
            Self::Import { file, error: ImportError::Unreadable(error) } => language.pick(
                format!("không đọc được {}: {}", file.display(), reason(error, language)),
                format!("{} cannot be read: {error}", file.display()),
            ),
            Self::Evidence(error) => error.explain(language),
            Self::Backup(error) => error.explain(language),
            Self::Bundle(error) => error.explain(language),
            Self::Join(error) => error.explain(language),
            Self::Folder(error) => error.explain(language),
            Self::Service(error) => error.explain(language),
            #[cfg(target_os = "linux")]
            Self::ServiceSetup(error) => error.explain(language),
            Self::Account(error) => error.explain(language),
            Self::Page(error) => error.explain(language),
            Self::File { path, source } => format!("{}: {}", path.display(), reason(source, language)),
            Self::System(error) => reason(error, language),
            Self::NotReceipts { file, reason } => language.pick(
                format!("{} không phải tệp biên nhận do `receipts --export` ghi ra: {reason}", file.display()),
                format!("{} is no file that `receipts --export` wrote: {reason}", file.display()),
            ),
            Self::SessionBusy => language
                .pick("một phiên đồng bộ khác đang chạy: thử lại sau", "another session is going on: try again")
                .into(),
            Self::Period(text) => language.pick(
                format!("{text:?} không phải kỳ báo cáo: viết 2026-10, 2026-Q4, 2026-H2 hoặc 2026"),
                format!("{text:?} is not a period: write 2026-10, 2026-Q4, 2026-H2 or 2026"),
            ),
            Self::Ratio(text) => language.pick(
                format!("{text:?} không phải tỷ lệ: viết TỬ/MẪU, ví dụ 45/60"),
                format!("{text:?} is not a ratio: write NUMERATOR/DENOMINATOR, as in 45/60"),
            ),
            Self::NoList => language
                .pick(
                    "--format csv chỉ dùng cho danh sách: evidence, targets, history, standing, receipts, verify-receipts, conflicts, account list",
                    "--format csv is for lists: evidence, targets, history, standing, receipts, verify-receipts, conflicts, account list",
                )
                .into(),
            Self::NothingReported(period) => language.pick(
                format!("chưa nhập gì cho kỳ {period}, không có gì để báo cáo; xem `commune-agent due --period {period}`"),
                format!("nothing is entered for {period} yet, there is nothing to report; see `commune-agent due --period {period}`"),
            ),
            Self::Reminders(error) => error.explain(language),
            Self::NoWay => language
                .pick(
                    "chưa nối cách nhắc nào: thêm [reminders.file], [reminders.webhook] hoặc [reminders.mail] vào agent.toml",
                    "no way for reminders is connected: add [reminders.file], [reminders.webhook] or [reminders.mail] to agent.toml",
                )
                .into(),
            Self::Document(error) => language.pick(
                format!("không lập được văn bản báo cáo: {error}"),
                format!("the report cannot be written: {error}"),
            ),
            Self::NoStanding => language
                .pick(
                    "chưa có xếp hạng cho lựa chọn này: chạy `commune-agent sync` trước",
                    "no standing for this choice yet: run `commune-agent sync` first",
                )
                .into(),
        }
    }
}

/// The exit code of a session's end.
#[must_use]
pub fn code_of(end: End) -> u8 {
    match end {
        End::Done | End::EvidencePending | End::NotCompared => 0,
        End::RetryLater | End::Unreachable | End::TimedOut => UNREACHABLE,
        End::NotTrusted | End::IdentityRefused => IDENTITY,
        End::WrongProvince | End::UpgradeRequired | End::AgentBehind | End::Fork | End::Protocol | End::Store => FAILED,
    }
}
