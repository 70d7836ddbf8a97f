//! Why the demo ends early, for the person who started it.

use cluster::ClusterError;
use shared::language::Language;
use std::{
    io,
    path::{Path, PathBuf},
};
use thiserror::Error;

/// Why the demo ends early.
#[derive(Debug, Error)]
pub enum Failure {
    /// The folder asked for holds something.
    #[error("{0} is not empty")]
    FolderTaken(PathBuf),
    /// More communes asked for than the catalogue has.
    #[error("{asked} communes asked for, the catalogue has {known}")]
    TooManyCommunes {
        /// How many were asked for.
        asked: usize,
        /// How many there are.
        known: usize,
    },
    /// The period is not a month of the plan year.
    #[error("period {period} lies outside the plan year {year}")]
    OutsidePlanYear {
        /// As asked.
        period: String,
        /// The plan year.
        year: i32,
    },
    /// The catalogue folder cannot be read; the faults, one a line.
    #[error("catalogue:\n{0}")]
    Catalogue(String),
    /// The two programs could not be built.
    #[error("build failed:\n{0}")]
    Build(String),
    /// A program is not where it should be.
    #[error("{0} is missing")]
    ProgramMissing(PathBuf),
    /// The database of this run.
    #[error(transparent)]
    Database(#[from] ClusterError),
    /// Two servers of one province do not say the same.
    #[error("the servers {0} answer differently")]
    Unequal(String),
    /// A command failed.
    #[error("{command}: {ended}\n{words}")]
    Command {
        /// As it was given.
        command: String,
        /// Its exit code, or the signal.
        ended: String,
        /// What it said.
        words: String,
    },
    /// A background service ended by itself.
    #[error("{name} ended, see {log}:\n{tail}")]
    Service {
        /// Which.
        name: String,
        /// Its log.
        log: PathBuf,
        /// The end of it.
        tail: String,
    },
    /// Something did not happen in time.
    #[error("took longer than {limit_seconds} s: {what}")]
    TooLong {
        /// What was waited for.
        what: String,
        /// For how long.
        limit_seconds: u64,
    },
    /// A program printed something that this demo does not know.
    #[error("unexpected output of {0}")]
    Unreadable(&'static str),
    /// The system refuses.
    #[error("{path}: {source}")]
    Io {
        /// On what.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A service had to be ended by force, or ended with an error.
    #[error("a service did not end well when told to")]
    UncleanEnd,
    /// Someone pressed Ctrl-C.
    #[error("interrupted")]
    Interrupted,
}

impl Failure {
    /// For `map_err` on a path.
    pub fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }

    /// Whether the command line asked for what cannot be.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::FolderTaken(_) | Self::TooManyCommunes { .. } | Self::OutsidePlanYear { .. })
    }

    /// In the reader's words.
    #[must_use]
    pub fn explain(&self, language: Language) -> String {
        let vi = match self {
            Self::FolderTaken(path) => format!("{} không trống: chọn thư mục khác cho --dir", path.display()),
            Self::TooManyCommunes { asked, known } => format!("danh mục chỉ có {known} xã, phường, không đủ {asked}"),
            Self::OutsidePlanYear { period, year } => format!("kỳ {period} nằm ngoài năm kế hoạch {year}"),
            Self::Catalogue(faults) => format!("danh mục có lỗi:\n{faults}"),
            Self::Build(words) => format!("không biên dịch được hai chương trình:\n{words}"),
            Self::ProgramMissing(path) => format!("không tìm thấy {}", path.display()),
            Self::Database(ClusterError::Missing) => {
                "chưa cài máy chủ PostgreSQL; trên Debian: apt-get install postgresql".to_owned()
            }
            Self::Database(error) => format!("cơ sở dữ liệu của lần chạy này: {error}"),
            Self::Unequal(servers) => format!("các máy chủ {servers} trả lời khác nhau"),
            Self::Command { command, ended, words } => format!("lệnh không thành công ({ended}): {command}\n{words}"),
            Self::Service { name, log, tail } => {
                format!("{name} đã dừng ngoài ý muốn. Cuối nhật ký {}:\n{tail}", log.display())
            }
            Self::TooLong { what, limit_seconds } => format!("chờ quá {limit_seconds} giây: {what}"),
            Self::Unreadable(command) => format!("không hiểu kết quả của {command}"),
            Self::Io { path, source } => format!("{}: {source}", path.display()),
            Self::UncleanEnd => "có dịch vụ không kết thúc đúng cách khi được yêu cầu dừng".to_owned(),
            Self::Interrupted => "đã dừng theo yêu cầu".to_owned(),
        };
        language.pick(vi, self.to_string())
    }
}
