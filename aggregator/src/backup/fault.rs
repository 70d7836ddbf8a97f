//! Why nothing was backed up or restored.

use crate::{
    authorities::KeysError, authority::AuthorityError, config::ConfigError, folder::FolderError, serve::ServeError,
    store::StoreError,
};
use proto::pem::PemError;
use safekeeping::PlaceError;
use shared::language::Language;
use std::path::PathBuf;
use thiserror::Error;

/// Why nothing was backed up or restored. The last good backup, and the data folder, are as they were.
#[derive(Debug, Error)]
pub enum BackupError {
    /// The folder of the backup.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// A new data folder needs the keys of the authority.
    #[error("{0} is new: its authority is needed")]
    AuthorityNeeded(PathBuf),
    /// The data folder has an authority of its own.
    #[error("{0} has an authority already")]
    AuthorityGiven(PathBuf),
    /// The folder of the authority holds a folder that is none of an authority's.
    #[error("{0} does not belong to an authority")]
    AuthorityStrange(PathBuf),
    /// A training province and a real one.
    #[error("one is an exercise and the other is not")]
    OtherPurpose,
    /// The data folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The settings.
    #[error("aggregator.toml: {0}")]
    Config(#[from] ConfigError),
    /// The authority.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// Keys and certificates.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// The keys of a running server.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The server's certificate.
    #[error(transparent)]
    Serve(#[from] ServeError),
}

impl BackupError {
    /// What is wrong and what to do, where it is not another part's to say.
    #[must_use]
    pub fn explain(&self, language: Language) -> Option<String> {
        Some(match self {
            Self::Place(error) => error.explain(language),
            Self::AuthorityNeeded(path) => language.pick(
                format!(
                    "{} là thư mục mới: bản sao lưu không chứa khóa, hãy thêm --authority với thư mục giữ key.pem và \
                     certificate.pem của cơ quan chứng thực, nếu không các xã sẽ không nhận ra máy chủ",
                    path.display()
                ),
                format!(
                    "{} is new: a backup holds no keys, so give --authority with the folder that keeps key.pem and \
                     certificate.pem of the authority, else no commune would know the server",
                    path.display()
                ),
            ),
            Self::AuthorityGiven(path) => language.pick(
                format!("{} đã có cơ quan chứng thực: bỏ --authority", path.display()),
                format!("{} has an authority already: leave out --authority", path.display()),
            ),
            Self::AuthorityStrange(path) => language.pick(
                format!("{} không thuộc thư mục của cơ quan chứng thực: kiểm tra lại --authority", path.display()),
                format!("{} does not belong in the folder of an authority: look at --authority again", path.display()),
            ),
            Self::OtherPurpose => language
                .pick(
                    "bản sao lưu và thư mục dữ liệu: một bên là tỉnh diễn tập, bên kia là số liệu thật; chưa thay đổi gì",
                    "of backup and data folder one is an exercise and the other is not; nothing was changed",
                )
                .into(),
            _ => return None,
        })
    }
}
