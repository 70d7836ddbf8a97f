//! Why nothing was backed up or restored, in words for the person who wanted it.

use crate::{folder::FolderError, store::StoreError};
use safekeeping::PlaceError;
use shared::language::Language;
use thiserror::Error;

/// Why nothing was backed up or restored. The last good backup, and the data folder, are as they were.
#[derive(Debug, Error)]
pub enum BackupError {
    /// The folder of the backup.
    #[error(transparent)]
    Place(#[from] PlaceError),
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
    /// Whether trying again later may do.
    #[must_use]
    pub fn is_momentary(&self) -> bool {
        matches!(self, Self::SessionHeld | Self::Place(PlaceError::Busy(_)))
    }

    /// Whether the backup itself is refused.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Place(error) if error.is_refusal())
    }

    /// For the person who wanted it.
    #[must_use]
    pub fn explain(&self, language: Language) -> String {
        match self {
            Self::Place(error) => error.explain(language),
            Self::ServiceRunning => language
                .pick(
                    "dịch vụ nền đang chạy trên thư mục này: dừng dịch vụ rồi khôi phục",
                    "the service runs on this folder: stop it, then restore",
                )
                .into(),
            Self::SessionHeld => language
                .pick(
                    "một phiên đồng bộ đang chạy: chờ xong rồi khôi phục",
                    "a session is going on: wait for its end, then restore",
                )
                .into(),
            Self::Folder(error) => error.explain(language),
            Self::Store(error) => error.explain(language),
        }
    }
}
