//! What goes wrong with a nation's folder and with what provinces send, in English for the log and in words for people.

use proto::publication::PublicationError;
use shared::{book::BookError, language::Language, period::Period, system_words::reason, tables::read::TableError};
use std::{io, path::PathBuf};
use thiserror::Error;

/// Why something was not done. Nothing that was taken before is changed.
#[derive(Debug, Error)]
pub enum NationError {
    /// There is something in the folder already.
    #[error("{0} exists and is not empty")]
    Taken(PathBuf),
    /// The folder is no nation's.
    #[error("{0} is not the folder of a nation: run `nation init`")]
    NotFounded(PathBuf),
    /// Another command writes.
    #[error("another command is writing to this folder, try again")]
    Busy,
    /// The system refuses.
    #[error("{path}: {source}")]
    Io {
        /// On what.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is too large.
    #[error("{0} is too large")]
    TooLarge(PathBuf),
    /// A file that is not what it should be.
    #[error("{path}: {reason}")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// No code of a province.
    #[error("{0:?} is no code of a province, write it like dong-nai")]
    Code(String),
    /// A province has as many authorities as it can have.
    #[error("{0} is known by as many authorities as it can be")]
    TooManyAuthorities(String),
    /// A province that does not take part.
    #[error("{0} does not take part: `nation add-province` first, with the certificate of its authority")]
    Unknown(String),
    /// It cannot be believed, or not be read.
    #[error(transparent)]
    Publication(#[from] PublicationError),
    /// Simulated figures and real ones.
    #[error("{province} is {}, this nation is {}", if *.exercise { "an exercise" } else { "real" }, if *.exercise { "real" } else { "an exercise" })]
    OtherPurpose {
        /// Which.
        province: String,
        /// Whether the province is the exercise.
        exercise: bool,
    },
    /// A table does not come out of the frozen inputs.
    #[error("computed again, {0} comes out differently")]
    Computed(String),
    /// It was taken before.
    #[error("{province}: {period}, revision {revision}, was taken before; nothing is changed")]
    Replayed {
        /// Which province.
        province: String,
        /// Its period.
        period: Period,
        /// Which closing of it.
        revision: u32,
    },
    /// The province's chain has two continuations.
    #[error(
        "{province}: its closings differ from what it published before (number {sequence}, {held} here): its store was restored or altered; \
         nothing is taken until the province has explained it"
    )]
    Fork {
        /// Which province.
        province: String,
        /// Where the two part.
        sequence: u32,
        /// The period that is held there.
        held: Period,
    },
    /// Earlier closings were not published.
    #[error(
        "{province}: closings {from} to {until} of its chain are missing, publish them first (`period list` shows them)"
    )]
    Missing {
        /// Which province.
        province: String,
        /// The first that is missing.
        from: u32,
        /// The last.
        until: u32,
    },
    /// Not the next revision of its period.
    #[error("{province}: {period} came as revision {came}, held is {held}")]
    Revision {
        /// Which province.
        province: String,
        /// Its period.
        period: Period,
        /// What is held; 0 for none.
        held: u32,
        /// What came.
        came: u32,
    },
    /// A file lies where another belongs.
    #[error("{0} does not hold what its name says")]
    Misplaced(PathBuf),
    /// Nobody has published a period.
    #[error("no province has published {0}")]
    Nobody(Period),
    /// Provinces score by different rules.
    #[error("{province} closed under the rules {own}, others under {rules}: not ranked together")]
    OtherRules {
        /// Which province.
        province: String,
        /// Its rules.
        own: String,
        /// The others'.
        rules: String,
    },
    /// Catalogues that score an indicator in two ways.
    #[error(
        "{indicator} is scored otherwise in {province} (kind, direction, cycle, rule, points or standard): not ranked together"
    )]
    Differs {
        /// Which province.
        province: String,
        /// Which indicator.
        indicator: String,
    },
    /// Catalogues with different standards.
    #[error("the catalogue of {province} has no {indicator}: the scheme `standard` cannot be applied to all")]
    NoStandard {
        /// Which province.
        province: String,
        /// Which indicator.
        indicator: String,
    },
    /// No such indicator.
    #[error("there is no indicator {0:?}")]
    NoIndicator(String),
    /// A frozen table.
    #[error(transparent)]
    Table(#[from] TableError),
    /// Tables that do not fit together.
    #[error(transparent)]
    Book(#[from] BookError),
}

impl NationError {
    /// What is wrong and what to do.
    #[must_use]
    pub fn explain(&self, language: Language) -> String {
        match self {
            _ if language == Language::En => self.to_string(),
            Self::Taken(path) => format!("{} đã có, và không trống", path.display()),
            Self::NotFounded(path) => {
                format!("{} không phải thư mục cấp quốc gia: chạy `nation init` trước", path.display())
            }
            Self::Busy => "một lệnh khác đang ghi vào thư mục này, hãy thử lại".into(),
            Self::Io { path, source } => format!("{}: {}", path.display(), reason(source, language)),
            Self::TooLarge(path) => format!("{} quá lớn", path.display()),
            Self::Unreadable { path, reason } => format!("{}: {reason}", path.display()),
            Self::Code(code) => format!("{code:?} không phải mã tỉnh, viết như dong-nai"),
            Self::TooManyAuthorities(code) => format!("{code} đã có đủ số chứng thư được phép"),
            Self::Unknown(code) => {
                format!(
                    "tỉnh {code} chưa tham gia: chạy `nation add-province` trước, với chứng thư của cơ quan chứng thực của tỉnh"
                )
            }
            Self::Publication(error) => publication(error),
            Self::OtherPurpose { province, exercise: true } => {
                format!("{province} là tỉnh diễn tập (số liệu mô phỏng), ở đây là số liệu thật")
            }
            Self::OtherPurpose { province, exercise: false } => {
                format!("{province} là số liệu thật, ở đây là diễn tập (số liệu mô phỏng)")
            }
            Self::Computed(table) => format!("tính lại từ số liệu đã chốt thì {table} ra khác: không nhận"),
            Self::Replayed { province, period, revision } => {
                format!("{province}: kỳ {period}, lần chốt {revision} đã nhận từ trước, không thay đổi gì")
            }
            Self::Fork { province, sequence, held } => format!(
                "{province}: các lần chốt khác với những gì tỉnh đã công bố (từ số {sequence}, ở đây là kỳ {held}): kho của tỉnh đã được phục hồi hoặc bị sửa; \
                 chưa nhận gì cho đến khi tỉnh giải trình"
            ),
            Self::Missing { province, from, until } => format!(
                "{province}: thiếu các lần chốt từ số {from} đến số {until}, tỉnh phải công bố trước (`period list` cho biết những lần nào)"
            ),
            Self::Revision { province, period, held, came } => {
                format!("{province}: kỳ {period} gửi đến là lần chốt {came}, ở đây đang giữ lần {held}")
            }
            Self::Misplaced(path) => format!("{} không chứa đúng những gì tên tệp nói", path.display()),
            Self::Nobody(period) => format!("chưa tỉnh nào công bố kỳ {period}"),
            Self::OtherRules { province, own, rules } => {
                format!("{province} chốt theo quy tắc {own}, các tỉnh khác theo {rules}: không xếp hạng chung được")
            }
            Self::Differs { province, indicator } => {
                format!(
                    "{indicator} ở {province} được chấm cách khác (loại, chiều, chu kỳ, quy tắc, điểm hoặc chuẩn): không xếp hạng chung được"
                )
            }
            Self::NoStandard { province, indicator } => {
                format!("danh mục của {province} không có {indicator}: không áp dụng chung cách chấm `standard` được")
            }
            Self::NoIndicator(code) => format!("không có chỉ tiêu {code:?}"),
            Self::Table(_) | Self::Book(_) => format!("các bảng đã chốt không khớp nhau: {self}"),
        }
    }
}

fn publication(error: &PublicationError) -> String {
    match error {
        PublicationError::NotAPublication => "tệp không phải gói công bố kỳ đã chốt mà chương trình này hiểu".into(),
        PublicationError::TooLarge => "gói công bố quá lớn".into(),
        PublicationError::Signature(_) => {
            format!(
                "chữ ký không phải của tỉnh, theo chứng thư đã ghim ({error}); tỉnh vừa đổi cơ quan chứng thực thì chạy lại `nation add-province`"
            )
        }
        PublicationError::Altered(table) => format!("{table} đã bị thay đổi so với lúc ký: không nhận"),
        PublicationError::Table(table) => format!("gói công bố có bảng lạ hoặc bảng lặp {table:?}: không nhận"),
        PublicationError::Damaged(_) | PublicationError::Statement(_) | PublicationError::Head(_) => {
            format!("gói công bố bị hỏng hoặc bị sửa: {error}")
        }
        PublicationError::Pack(_) => format!("không đóng gói được: {error}"),
    }
}
