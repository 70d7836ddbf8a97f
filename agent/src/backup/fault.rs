//! Why nothing was backed up or restored, in words for the person who wanted it.

use crate::{folder::FolderError, store::StoreError};
use shared::{language::Language, manifest::ManifestError};
use std::{io, path::PathBuf};
use thiserror::Error;

/// Why nothing was backed up or restored. The last good backup, and the data folder, are as they were.
#[derive(Debug, Error)]
pub enum BackupError {
    /// The system refuses.
    #[error("{}: {source}", path.display())]
    Io {
        /// On what.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The folder for the backup holds something else.
    #[error("{}: neither empty nor a backup", .0.display())]
    Taken(PathBuf),
    /// Another backup is being written there.
    #[error("{}: another backup is being written", .0.display())]
    Busy(PathBuf),
    /// There is no backup, or its making was cut off.
    #[error("{}: no backup, or an unfinished one", .0.display())]
    Unfinished(PathBuf),
    /// The list of its parts says no.
    #[error("{}: {error}", path.display())]
    Manifest {
        /// The backup.
        path: PathBuf,
        /// Why.
        error: ManifestError,
    },
    /// A part is missing or not what was written.
    #[error("{}: missing or damaged", .0.display())]
    Damaged(PathBuf),
    /// A backup of somebody else.
    #[error("the backup is of {found}, not of {own}")]
    OtherOwner {
        /// Of the backup.
        found: String,
        /// Of this data folder.
        own: String,
    },
    /// The service runs on the data folder.
    #[error("the service runs on this data folder")]
    ServiceRunning,
    /// A session is going on.
    #[error("a session is going on")]
    SessionHeld,
    /// The data folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The present store, or the one of the backup.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl BackupError {
    /// Whether the backup itself is refused.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Taken(_) | Self::Unfinished(_) | Self::Manifest { .. } | Self::Damaged(_) | Self::OtherOwner { .. }
        )
    }

    /// For the person who wanted it.
    #[must_use]
    pub fn explain(&self, language: Language) -> String {
        let pick = |vi: String, en: String| language.pick(vi, en);
        match self {
            Self::Io { path, source } => pick(
                format!("không đọc hoặc ghi được {}: {source}", path.display()),
                format!("{} cannot be read or written: {source}", path.display()),
            ),
            Self::Taken(path) => pick(
                format!(
                    "thư mục {} đang chứa dữ liệu khác, không phải bản sao lưu: chọn thư mục mới hoặc rỗng",
                    path.display()
                ),
                format!(
                    "the folder {} holds something else and is no backup: choose a new or empty one",
                    path.display()
                ),
            ),
            Self::Busy(path) => pick(
                format!("một lệnh sao lưu khác đang ghi vào {}: thử lại sau", path.display()),
                format!("another backup is being written to {}: try again", path.display()),
            ),
            Self::Unfinished(path) => pick(
                format!("{} không có bản sao lưu hoàn chỉnh (thiếu manifest.json), chưa thay đổi gì", path.display()),
                format!("{} holds no finished backup (no manifest.json), nothing was changed", path.display()),
            ),
            Self::Manifest { path, error: ManifestError::Newer(_) } => pick(
                format!(
                    "bản sao lưu {} do phiên bản mới hơn tạo ra, chưa thay đổi gì: cập nhật chương trình",
                    path.display()
                ),
                format!(
                    "the backup {} was made by a later version, nothing was changed: update the program",
                    path.display()
                ),
            ),
            Self::Manifest { path, error: ManifestError::Damaged } => pick(
                format!("bản sao lưu {} bị hỏng (manifest.json), chưa thay đổi gì: dùng bản khác", path.display()),
                format!("the backup {} is damaged (manifest.json), nothing was changed: use another", path.display()),
            ),
            Self::Damaged(path) => pick(
                format!("bản sao lưu thiếu hoặc hỏng tệp {}, chưa thay đổi gì: dùng bản khác", path.display()),
                format!("in the backup {} is missing or damaged, nothing was changed: use another", path.display()),
            ),
            Self::OtherOwner { found, own } => pick(
                format!("bản sao lưu là của {found}, không phải của {own}: chưa thay đổi gì"),
                format!("the backup is of {found}, not of {own}: nothing was changed"),
            ),
            Self::ServiceRunning => pick(
                "dịch vụ nền đang chạy trên thư mục này: dừng dịch vụ rồi khôi phục".into(),
                "the service runs on this folder: stop it, then restore".into(),
            ),
            Self::SessionHeld => pick(
                "một phiên đồng bộ đang chạy: chờ xong rồi khôi phục".into(),
                "a session is going on: wait for its end, then restore".into(),
            ),
            Self::Folder(error) => error.explain(language),
            Self::Store(error) => error.explain(language),
        }
    }
}
