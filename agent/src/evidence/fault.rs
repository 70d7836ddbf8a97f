//! Why files are not taken as evidence, in words for the person who attaches them.

use super::nature::Nature;
use shared::{language::Language, system_words::reason};
use std::{
    io,
    path::{Path, PathBuf},
};
use thiserror::Error;

const MIB: u64 = 1024 * 1024;

/// Why a file is not taken as evidence. None of the files given with it was.
#[derive(Debug, Error)]
pub enum EvidenceError {
    /// It cannot be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Not an ordinary file.
    #[error("{}: not a file", .0.display())]
    NotAFile(PathBuf),
    /// Larger than one file may be.
    #[error("{}: larger than {limit_bytes} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit.
        limit_bytes: u64,
    },
    /// All evidence together would be larger than it may be.
    #[error("{}: with it the evidence would take {needed_bytes} bytes of {limit_bytes}", path.display())]
    Full {
        /// The file with which it would be.
        path: PathBuf,
        /// All files together.
        needed_bytes: u64,
        /// The limit.
        limit_bytes: u64,
    },
    /// Nothing in it.
    #[error("{}: empty", .0.display())]
    Empty(PathBuf),
    /// Its content is of no kind that is taken.
    #[error("{}: {nature:?} is not taken as evidence", path.display())]
    Kind {
        /// The file.
        path: PathBuf,
        /// What it is.
        nature: Nature,
    },
    /// It was written to while it was read.
    #[error("{}: changed while it was read", .0.display())]
    Changed(PathBuf),
    /// Its name cannot be kept.
    #[error("{}: name too long, or with characters that cannot be kept", .0.display())]
    Name(PathBuf),
    /// The copy cannot be written.
    #[error("copy of evidence: {0}")]
    Copy(#[source] io::Error),
}

impl EvidenceError {
    /// Whether a rule says no, rather than the system.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::TooLarge { .. } | Self::Full { .. } | Self::Empty(_) | Self::Kind { .. } | Self::Name(_) => true,
            Self::Unreadable { .. } | Self::NotAFile(_) | Self::Changed(_) | Self::Copy(_) => false,
        }
    }

    /// The same with the file's name alone: where it lay for a moment is nothing to people.
    #[must_use]
    pub fn named(mut self) -> Self {
        let (Self::Unreadable { path, .. }
        | Self::NotAFile(path)
        | Self::TooLarge { path, .. }
        | Self::Full { path, .. }
        | Self::Empty(path)
        | Self::Kind { path, .. }
        | Self::Changed(path)
        | Self::Name(path)) = &mut self
        else {
            return self;
        };
        if let Some(name) = path.file_name().map(PathBuf::from) {
            *path = name;
        }
        self
    }

    /// For the person who attaches the file.
    #[must_use]
    pub fn explain(&self, language: Language) -> String {
        let pick = |vi: String, en: String| language.pick(vi, en);
        match self {
            Self::Unreadable { path, source } => pick(
                format!("không đọc được tệp {}: {}", path.display(), reason(source, language)),
                format!("the file {} cannot be read: {source}", path.display()),
            ),
            Self::NotAFile(path) => {
                pick(format!("{} không phải là tệp", path.display()), format!("{} is not a file", path.display()))
            }
            Self::TooLarge { path, limit_bytes } => pick(
                format!("{} lớn hơn {} MiB: nén hoặc chia nhỏ rồi gắn lại", path.display(), limit_bytes / MIB),
                format!("{} is larger than {} MiB: compress or split it", path.display(), limit_bytes / MIB),
            ),
            Self::Full { path, needed_bytes, limit_bytes } => pick(
                format!(
                    "thêm {} thì minh chứng của xã chiếm {} MiB, quá giới hạn {} MiB: chưa gắn gì cả",
                    path.display(),
                    needed_bytes.div_ceil(MIB),
                    limit_bytes / MIB
                ),
                format!(
                    "with {} the commune's evidence would take {} MiB of {} MiB: nothing was attached",
                    path.display(),
                    needed_bytes.div_ceil(MIB),
                    limit_bytes / MIB
                ),
            ),
            Self::Empty(path) => {
                pick(format!("{} là tệp rỗng", path.display()), format!("{} is empty", path.display()))
            }
            Self::Kind { path, nature } => kind(path, *nature, language),
            Self::Changed(path) => pick(
                format!("{} bị thay đổi trong lúc đọc, chưa gắn gì cả: lưu và đóng tệp rồi gắn lại", path.display()),
                format!("{} changed while it was read, nothing was attached: save and close it first", path.display()),
            ),
            Self::Name(path) => pick(
                format!(
                    "tên tệp {path:?} quá dài hoặc có ký tự không dùng được (\\, / hay ký tự điều khiển): đổi tên rồi gắn lại"
                ),
                format!(
                    "the file name of {path:?} is too long or holds a character that cannot be kept (\\, / or a control character): rename it"
                ),
            ),
            Self::Copy(error) => pick(
                format!("không lưu được bản sao minh chứng, chưa gắn gì cả: {error}"),
                format!("the copy could not be kept, nothing was attached: {error}"),
            ),
        }
    }
}

fn kind(path: &Path, nature: Nature, language: Language) -> String {
    let (path, what) = (path.display(), nature.words(language));
    language.pick(
        format!("{path} là {what}, chưa gắn gì cả: minh chứng chỉ nhận PDF, PNG, JPEG, DOCX, XLSX (không có macro)"),
        format!("{path} is {what}, nothing was attached: evidence is PDF, PNG, JPEG, DOCX or XLSX (without macros)"),
    )
}
