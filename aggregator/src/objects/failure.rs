//! Why an object store did not do what was asked: in English for the log, in words for people. Never with a key.

use shared::language::Language;
use std::{io, path::PathBuf, time::Duration};
use thiserror::Error;

/// Most characters of what the store itself says.
const MOST_CHARS: usize = 400;

/// Why an object store did not do what was asked.
#[derive(Debug, Error)]
pub enum ObjectsError {
    /// A setting that cannot be.
    #[error("{key}: {reason}")]
    Setting {
        /// Which.
        key: &'static str,
        /// Why.
        reason: String,
    },
    /// A file that the settings name.
    #[error("{path}: {reason}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The keys are wrong, or have no right to do this.
    #[error("{at} refuses these keys: {reason}")]
    Denied {
        /// Where.
        at: String,
        /// What it says.
        reason: String,
    },
    /// There is no such object, or no such bucket.
    #[error("{at} has no such bucket or object: {reason}")]
    Missing {
        /// Where.
        at: String,
        /// What it says.
        reason: String,
    },
    /// It did not answer in time.
    #[error("{at} did not answer within {} s", .longest.as_secs())]
    Silent {
        /// Where.
        at: String,
        /// How long.
        longest: Duration,
    },
    /// It cannot be reached, or fails.
    #[error("{at}: {reason}")]
    Failed {
        /// Where.
        at: String,
        /// What it says, or the system.
        reason: String,
    },
    /// It gives back something else than it was given.
    #[error("{at} gives back other bytes than it was given")]
    Strange {
        /// Where.
        at: String,
    },
    /// It is marked as the place of somebody else.
    #[error("{at} is the place of another province's evidence: its province.txt says {found:?}")]
    OtherProvince {
        /// Where.
        at: String,
        /// What its mark says.
        found: String,
    },
    /// It is marked as the place of another installation of this province.
    #[error(
        "{at} is the place of another installation of this province: its province.txt says {found:?}, and not {mark:?}; \
         if it is really this one's, put the object province.txt there with that line"
    )]
    OtherInstallation {
        /// Where.
        at: String,
        /// What its mark says.
        found: String,
        /// What its mark would say.
        mark: String,
    },
    /// It is not marked as this installation's, and does not have the files that it should.
    #[error(
        "{at} has no province.txt of this installation and lacks {missing} of {looked} files of evidence: is this the right bucket and prefix? \
         If the files are really lost, put the object province.txt there with the line {mark:?}"
    )]
    Unmarked {
        /// Where.
        at: String,
        /// Files that are not there.
        missing: usize,
        /// Files that were looked for.
        looked: usize,
        /// What its mark would say.
        mark: String,
    },
    /// As many files are read from it as can be at once.
    #[error("{at}: too many files are read at once")]
    Busy {
        /// Where.
        at: String,
    },
    /// The file that was to be put is not what its name says.
    #[error("{0} is not what its name says")]
    Differs(PathBuf),
    /// The disk.
    #[error("{path}: {source}")]
    Io {
        /// On what.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl ObjectsError {
    pub(super) fn of(at: &str, error: &object_store::Error) -> Self {
        use object_store::Error;
        let reason = error.to_string().chars().take(MOST_CHARS).map(|c| if c.is_control() { ' ' } else { c }).collect();
        let at = at.to_owned();
        match error {
            Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => Self::Denied { at, reason },
            Error::NotFound { .. } => Self::Missing { at, reason },
            _ => Self::Failed { at, reason },
        }
    }

    /// Whether it answers well and is not, or perhaps not, this province's place.
    #[must_use]
    pub fn is_of_the_place(&self) -> bool {
        matches!(self, Self::OtherProvince { .. } | Self::OtherInstallation { .. } | Self::Unmarked { .. })
    }

    /// What is wrong.
    #[must_use]
    pub fn explain(&self, language: Language) -> String {
        match self {
            _ if language == Language::En => self.to_string(),
            Self::Setting { key, reason } => format!("cấu hình {key}: {reason}"),
            Self::File { path, reason } => format!("{}: {reason}", path.display()),
            Self::Denied { at, .. } => format!("kho đối tượng {at} không nhận khóa truy cập này"),
            Self::Missing { at, .. } => format!("kho đối tượng {at} không có bucket hoặc tệp này"),
            Self::Silent { at, longest } => {
                format!("kho đối tượng {at} không trả lời trong {} giây", longest.as_secs())
            }
            Self::Failed { at, reason } => format!("kho đối tượng {at} không dùng được lúc này: {reason}"),
            Self::Strange { at } => format!("kho đối tượng {at} trả về khác với những gì đã ghi vào"),
            Self::OtherProvince { at, found } => {
                format!("kho đối tượng {at} là nơi để minh chứng của tỉnh khác: province.txt ở đó ghi {found:?}")
            }
            Self::OtherInstallation { at, found, mark } => format!(
                "kho đối tượng {at} là nơi để minh chứng của một bản cài đặt khác của tỉnh này: province.txt ở đó ghi {found:?}. \
                 Nếu đúng là của bản này, đặt vào đó đối tượng province.txt với dòng {mark:?}"
            ),
            Self::Unmarked { at, missing, looked, mark } => format!(
                "kho đối tượng {at} không có province.txt của bản cài đặt này và thiếu {missing} trong {looked} tệp minh chứng: có đúng bucket và tiền tố không? \
                 Nếu các tệp đã mất thật, đặt vào đó đối tượng province.txt với dòng {mark:?}"
            ),
            Self::Busy { at } => format!("kho đối tượng {at}: đang có quá nhiều người đọc tệp"),
            Self::Differs(path) => format!("{} không còn đúng nội dung như tên tệp", path.display()),
            Self::Io { path, source } => {
                format!("{}: {}", path.display(), shared::system_words::reason(source, language))
            }
        }
    }

    /// What is wrong and what to do.
    #[must_use]
    pub fn advise(&self, language: Language) -> String {
        let what = self.explain(language);
        self.todo(language).map_or(what.clone(), |todo| format!("{what}; {todo}"))
    }

    /// What to do.
    #[must_use]
    pub fn todo(&self, language: Language) -> Option<&'static str> {
        Some(match self {
            Self::Denied { .. } => language.pick(
                "xem lại evidence.credentials_file, và khóa phải có quyền GetObject, PutObject, DeleteObject, ListBucket",
                "look at evidence.credentials_file; the keys need GetObject, PutObject, DeleteObject and ListBucket",
            ),
            Self::Missing { .. } => {
                language.pick("tạo bucket trước, xem lại evidence.url", "make the bucket first, look at evidence.url")
            }
            Self::Silent { .. } | Self::Failed { .. } => language.pick(
                "xem máy chủ của kho, evidence.endpoint và đường mạng; các xã tự gửi tiếp khi kho trở lại",
                "look at the store's server, at evidence.endpoint and the network; agents go on when it is back",
            ),
            Self::OtherProvince { .. } | Self::OtherInstallation { .. } | Self::Unmarked { .. } => language.pick(
                "xem lại evidence.url và evidence.endpoint; chưa thay đổi gì",
                "look at evidence.url and evidence.endpoint; nothing was changed",
            ),
            Self::Busy { .. } => language.pick("thử lại sau ít phút", "try again in a few minutes"),
            Self::Strange { .. } => language.pick("không dùng kho này", "do not use this store"),
            Self::Differs(_) => language.pick(
                "xem ổ đĩa; `verify --repair` xin các xã gửi lại",
                "look at the disk; `verify --repair` asks the communes for it again",
            ),
            Self::Setting { .. } | Self::File { .. } | Self::Io { .. } => return None,
        })
    }
}
