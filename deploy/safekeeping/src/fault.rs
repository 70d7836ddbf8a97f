//! Why there is no backup, or none that can be used, in words for the person who wanted it.

use shared::{language::Language, manifest::ManifestError, system_words::reason};
use std::{
    io,
    path::{Path, PathBuf},
};
use thiserror::Error;

/// Why a folder is no place for a backup, or holds none that can be used. Nothing in it was changed.
#[derive(Debug, Error)]
pub enum PlaceError {
    /// The system refuses.
    #[error("{}: {source}", path.display())]
    Io {
        /// On what.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The folder holds something else.
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
        /// Who asked.
        own: String,
    },
}

/// An error of the system on a path.
pub fn on(path: &Path) -> impl FnOnce(io::Error) -> PlaceError + '_ {
    |source| PlaceError::Io { path: path.to_owned(), source }
}

impl PlaceError {
    /// Whether the folder is refused for what is in it, rather than by the system or for the moment.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        !matches!(self, Self::Io { .. } | Self::Busy(_))
    }

    /// For the person who wanted it.
    #[must_use]
    pub fn explain(&self, language: Language) -> String {
        let pick = |vi: String, en: String| language.pick(vi, en);
        match self {
            Self::Io { path, source } => pick(
                format!("không đọc hoặc ghi được {}: {}", path.display(), reason(source, language)),
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
        }
    }
}
