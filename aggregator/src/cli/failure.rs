//! What goes wrong, in words for the one who typed the command. Logs have the English errors.

use crate::{
    authorities::{KeysError, handing::HandingError},
    authority::AuthorityError,
    backup::BackupError,
    bundle::TakeError,
    config::ConfigError,
    evidence::EvidenceError,
    evidence_shelf::ShelfError,
    exercise::ExerciseError,
    folder::FolderError,
    moving::MoveError,
    nation::NationError,
    objects::ObjectsError,
    publishing::PublishError,
    receipts::ReceiptsError,
    report::{asking::AskingError, cli::ReportError, figures::FiguresError, question::AskError},
    serve::ServeError,
    store::{StoreError, postgres::AddressError},
};
use chrono::NaiveDate;
use notification::{DeliveryError, SetupError};
use proto::{bundle::BundleError, identity::IdentityError, pem::PemError};
use shared::{
    catalogue::{read::Fault, standard::AdoptError},
    language::Language,
    period::Period,
    system_words::reason,
};
use std::{io, path::PathBuf};
use thiserror::Error;
use workbook::reading::ReadFault;

/// Why a command was not done.
#[derive(Debug, Error)]
pub enum Failure {
    /// The data folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// An examination found faults, and told them.
    #[error("{0} faults")]
    Faults(usize),
    /// The settings.
    #[error("aggregator.toml: {0}")]
    Config(#[from] ConfigError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The address of a database.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The keys were not handed over.
    #[error(transparent)]
    Handing(#[from] HandingError),
    /// A new data folder needs to know the database.
    #[error("{0} is no data folder yet: name the province's database with --store")]
    StoreNeeded(PathBuf),
    /// The province was not moved.
    #[error(transparent)]
    Move(#[from] MoveError),
    /// It is in a database already.
    #[error("the settings name a database already")]
    MovedBefore,
    /// The server.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The authority.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// The key that signs receipts.
    #[error(transparent)]
    Receipts(#[from] ReceiptsError),
    /// Key and certificate files.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// The authorities.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// Agents that would not trust the next authority's server yet.
    #[error("these communes have not reported that they trust the next authority: {}", .0.join(", "))]
    NotReported(Vec<String>),
    /// Nobody has a certificate under this name.
    #[error("{0} has no certificate")]
    NoCertificate(String),
    /// The name cannot stand in a certificate.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The clock of an exercise.
    #[error(transparent)]
    Exercise(#[from] ExerciseError),
    /// A command that asks.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// A provincial standard cannot be adopted.
    #[error(transparent)]
    Adopt(#[from] AdoptError),
    /// A backup.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// A file of evidence.
    #[error(transparent)]
    Shelf(#[from] ShelfError),
    /// A period is not published.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// The nation.
    #[error(transparent)]
    Nation(#[from] NationError),
    /// The object store of evidence.
    #[error(transparent)]
    Objects(#[from] ObjectsError),
    /// A commune's bundle is not taken.
    #[error(transparent)]
    Bundle(#[from] TakeError),
    /// A bundle was taken in part: what was confirmed stays, and the answer says so.
    #[error("the bundle was taken only in part: {0}")]
    BundleCutShort(String),
    /// No file of evidence was asked for that there is.
    #[error("there is no such evidence")]
    NoEvidence,
    /// A catalogue with faults.
    #[error("the catalogue has {} faults", .0.len())]
    Catalogue(Vec<Fault>),
    /// A catalogue of another province.
    #[error("the catalogue is of the province {found:?}, this folder is of {own:?}")]
    OtherProvince {
        /// Of the catalogue.
        found: String,
        /// Of the folder.
        own: String,
    },
    /// A catalogue of another plan year, while there are figures of this one.
    #[error("the catalogue is for {found}, the figures here are of {own}: found a folder of its own for the new year")]
    OtherYear {
        /// Of the catalogue.
        found: i32,
        /// Of the folder.
        own: i32,
    },
    /// The period is closed.
    #[error("period {0} is closed: reopen it first")]
    PeriodClosed(Period),
    /// The period is not closed.
    #[error("period {0} is not closed")]
    NotClosed(Period),
    /// A workbook for the screen.
    #[error("a workbook goes into a file: … --format xlsx > list.xlsx")]
    Terminal,
    /// A figure is returned without saying why.
    #[error("say why it is returned: --return WORDS or --reason CODE")]
    NoReason,
    /// A workbook cannot be read.
    #[error("{}: {source}", path.display())]
    Workbook {
        /// Which.
        path: PathBuf,
        /// Why.
        source: ReadFault,
    },
    /// The ways of reminders are not set up as they should be.
    #[error("reminders: {0}")]
    Reminders(#[from] SetupError),
    /// A reminder could not be delivered.
    #[error("reminders: {0}")]
    Delivery(#[from] DeliveryError),
    /// No way for reminders is connected.
    #[error(
        "no way for reminders is connected: add [reminders.file], [reminders.webhook] or [reminders.mail] to aggregator.toml"
    )]
    NoWay,
    /// The figures cannot be put together.
    #[error(transparent)]
    Figures(#[from] FiguresError),
    /// Nothing was reported for the period.
    #[error("nothing is reported for {0} yet")]
    NothingReported(Period),
    /// The report does not fit into a document.
    #[error("the report cannot be written: {0}")]
    Document(#[from] document::Error),
    /// The first day is after the last.
    #[error("--from {from} is after --until {until}")]
    DaysReversed {
        /// The first day asked for.
        from: chrono::NaiveDate,
        /// The last day asked for.
        until: chrono::NaiveDate,
    },
    /// The period lies in the future.
    #[error("period {0} has not begun")]
    NotBegun(Period),
    /// Somebody may still report in time.
    #[error("{commune} may report for {period} until the end of {day}: wait, or close with --early")]
    BeforeCutoff {
        /// The period.
        period: Period,
        /// The last cut-off day.
        day: NaiveDate,
        /// A commune that has it.
        commune: String,
    },
    /// Snapshots that do not agree with their digests or with what they compute to.
    #[error("{0} closings do not agree with what was closed: compare with a backup")]
    Snapshots(usize),
    /// A commune without a plan is given another day.
    #[error("{0} has no plan: nothing is expected of it")]
    NoPlan(String),
    /// A cut-off day before the usual one.
    #[error("the usual day is {usual}: an exception gives more time, not less")]
    CutoffEarlier {
        /// The usual one.
        usual: NaiveDate,
    },
    /// An exception is withdrawn that was not given.
    #[error("{commune} has no exception for {period}")]
    NoException {
        /// The commune.
        commune: String,
        /// The period.
        period: Period,
    },
    /// A completion without the evidence that it needs.
    #[error("version {version} claims completion without evidence: return it, or accept it with --without-evidence")]
    EvidenceNeeded {
        /// The version.
        version: u32,
    },
    /// A cut-off day that does not belong to the period.
    #[error("the cut-off day must lie between {0} and {1}")]
    CutoffOutside(NaiveDate, NaiveDate),
    /// No commune, or more than one, fits what was typed.
    #[error(transparent)]
    Commune(#[from] shared::catalogue::find::FindError),
    /// No such indicator.
    #[error("unknown indicator {0:?}")]
    UnknownIndicator(String),
    /// The period is not of the plan year.
    #[error("period {period} lies outside the plan year {year}")]
    OutsidePlanYear {
        /// The period.
        period: Period,
        /// The plan year.
        year: i32,
    },
    /// Evidence cannot be read.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// The store does not agree with itself.
    #[error(
        "{0} findings: restore from a backup, or let the agents send again what differs; for files of evidence: `verify --repair`"
    )]
    Findings(usize),
    /// The audit history does not agree with itself, or with an anchor.
    #[error("{0} places of the audit history do not fit: it was altered; compare with a backup")]
    History(usize),
    /// Receipts that prove nothing, or that the journal does not bear out.
    #[error("{bad} of {of} receipts are not borne out")]
    BadReceipts {
        /// How many.
        bad: usize,
        /// Of how many.
        of: usize,
    },
    /// A file that holds no receipts.
    #[error("{path} is not a file of receipts: {reason}")]
    NotReceipts {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// No such account.
    #[error("there is no account {0:?}")]
    NoAccount(String),
    /// Nobody would be left who can sign in as an administrator.
    #[error("this is the only administrator who can sign in: make another one first")]
    LastAdministrator,
    /// There is one of that name, or too many.
    #[error("there is an account {0:?} already, or as many as there can be")]
    AccountExists(String),
    /// No such token, or more than one.
    #[error("no token, or more than one, has an id that begins with {0:?}")]
    NoToken(String),
    /// The account has as many as it can have.
    #[error("{0} has as many tokens as an account can have")]
    TooManyTokens(String),
    /// A password that cannot be taken, and why, in the person's language.
    #[error("the password: {0}")]
    Password(String),
    /// No such figure.
    #[error("no such figure")]
    NoFigure,
    /// A newer version of the figure was reported.
    #[error("version {newest} was reported in the meantime")]
    Outdated {
        /// The newest version.
        newest: u32,
    },
    /// A file or folder.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is too large.
    #[error("{0} is too large")]
    TooLarge(PathBuf),
    /// A file is there already.
    #[error("{0} exists")]
    FileExists(PathBuf),
    /// Standard output cannot be written.
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
    /// The system has no signals to wait for.
    #[error("cannot wait for signals: {0}")]
    Signals(io::Error),
}

impl From<AskingError> for Failure {
    fn from(error: AskingError) -> Self {
        match error {
            AskingError::Ask(error) => error.into(),
            AskingError::Store(error) => error.into(),
            AskingError::Figures(error) => ReportError::from(error).into(),
        }
    }
}

impl From<AskError> for Failure {
    fn from(error: AskError) -> Self {
        ReportError::from(error).into()
    }
}

impl Failure {
    /// 2 for wrong usage that only shows when all arguments are read, else 1.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Failure::NoReason | Failure::Terminal => 2,
            _ => 1,
        }
    }

    /// What is wrong and what to do.
    #[must_use]
    pub fn explain(&self, language: Language) -> String {
        let en = self.to_string();
        let vi = match self {
            Failure::Folder(error) | Failure::Move(MoveError::Folder(error)) => return folder(error, language),
            Failure::Store(error)
            | Failure::Move(MoveError::Store(error))
            | Failure::Exercise(ExerciseError::Store(error))
            | Failure::Publish(PublishError::Store(error))
            | Failure::Figures(FiguresError::Store(error))
            | Failure::Report(ReportError::Store(error)) => return store(error, language),
            Failure::Handing(error) => return handing(error, language),
            Failure::StoreNeeded(data) => {
                format!("{} chưa phải thư mục dữ liệu: nêu cơ sở dữ liệu của tỉnh bằng --store", data.display())
            }
            Failure::Report(error) => return error.explain(language),
            Failure::Adopt(error) => return error.explain(language),
            Failure::Catalogue(faults) => return catalogue(faults, language),
            Failure::Backup(error) => return backup(error, language),
            Failure::Shelf(ShelfError::Place(error)) => return error.explain(language),
            Failure::Nation(error) => return error.explain(language),
            Failure::Publish(PublishError::NotClosed(period)) => {
                format!("kỳ {period} chưa chốt, hoặc không có lần chốt đó; xem lệnh `period list`")
            }
            Failure::Publish(PublishError::Unproved(period)) => {
                format!("bản chốt kỳ {period} không khớp với mã băm của nó, không công bố: xem lệnh `period verify`")
            }
            Failure::Publish(PublishError::Ask(error)) => return error.explain(language),
            Failure::Publish(PublishError::Pack(error)) => format!("không đóng gói được: {error}"),
            Failure::Objects(error)
            | Failure::Shelf(ShelfError::Objects(error))
            | Failure::Serve(ServeError::Objects(error))
            | Failure::Evidence(EvidenceError::Objects(error)) => return error.advise(language),
            Failure::Serve(error) | Failure::Publish(PublishError::Keys(error)) => return serve(error, language),
            Failure::Shelf(ShelfError::NotHeld { name, commune }) => {
                format!("tỉnh chưa nhận được tệp {name} của {commune}")
            }
            Failure::Shelf(ShelfError::Name(name)) => format!("{name:?} không phải tên tệp, không ghi ra"),
            Failure::Bundle(error) => return bundle(error, language),
            Failure::BundleCutShort(reason) => {
                format!("gói chỉ được nhận một phần ({reason}); phần đã xác nhận vẫn giữ, gói trả lời nói rõ đến đâu")
            }
            Failure::Faults(count) => format!("có {count} lỗi"),
            Failure::NoEvidence => "không có minh chứng này".into(),
            Failure::Config(error) => format!("cấu hình aggregator.toml không dùng được: {error}"),
            Failure::Authority(error) => format!("không cấp được chứng thư: {error}"),
            Failure::Receipts(error) => format!("khóa ký biên nhận không dùng được: {error}"),
            Failure::Keys(error) => return keys(error, language),
            Failure::NotReported(communes) => format!(
                "các xã sau chưa báo là đã tin cơ quan chứng thực mới, chờ phiên đồng bộ kế tiếp của họ hoặc dùng --force (khi đó họ phải tham gia lại): {}",
                communes.join(", ")
            ),
            Failure::NoCertificate(who) => format!("{who} không có chứng thư nào"),
            Failure::Identity(error) => {
                format!("tên không dùng được cho chứng thư (chỉ chữ thường không dấu, số và dấu gạch nối): {error}")
            }
            Failure::Exercise(ExerciseError::NotAnExercise) => {
                "đây là tỉnh có số liệu thật, không được chỉnh đồng hồ; chỉ tỉnh tạo bằng `init --exercise` mới chỉnh được".into()
            }
            Failure::Exercise(ExerciseError::TooFar) => "thời điểm cách hiện tại quá mười năm".into(),
            Failure::OtherProvince { found, own } => format!("danh mục của tỉnh {found}, thư mục này của tỉnh {own}"),
            Failure::OtherYear { found, own } => {
                format!("danh mục của năm {found}, ở đây đã có số liệu năm {own}: hãy tạo thư mục dữ liệu riêng cho năm mới")
            }
            Failure::PeriodClosed(period) => format!("kỳ {period} đã chốt; mở lại trước bằng lệnh `period reopen`"),
            Failure::NotClosed(period) => format!("kỳ {period} chưa chốt"),
            Failure::Workbook { path, source } => format!("{}: {}", path.display(), source.explain(language)),
            Failure::Reminders(error) => return error.explain(language),
            Failure::Delivery(error) => return error.explain(language),
            Failure::NoWay => {
                "chưa nối cách nhắc nào: thêm [reminders.file], [reminders.webhook] hoặc [reminders.mail] vào aggregator.toml".into()
            }
            Failure::Figures(error) => error.to_string(),
            Failure::NothingReported(period) => {
                format!("kỳ {period} chưa có số liệu nào, không có gì để báo cáo; xem lệnh `due --period {period}`")
            }
            Failure::Document(error) => format!("không lập được văn bản báo cáo: {error}"),
            Failure::Terminal => "tệp Excel phải ghi ra tệp: … --format xlsx > danh-sach.xlsx".to_owned(),
            Failure::NoReason => "trả lại thì phải nêu lý do: --return LỜI hoặc --reason MÃ".to_owned(),
            Failure::DaysReversed { from, until } => format!(
                "--from {} sau --until {}: ghi ngày đầu trước ngày cuối",
                from.format("%d/%m/%Y"),
                until.format("%d/%m/%Y")
            ),
            Failure::NotBegun(period) => format!("kỳ {period} chưa bắt đầu"),
            Failure::BeforeCutoff { period, day, commune } => format!(
                "{commune} còn được nộp kỳ {period} đến hết ngày {}; đợi hết hạn, hoặc thêm --early",
                day.format("%d/%m/%Y")
            ),
            Failure::Snapshots(count) => {
                format!("{count} lần chốt không khớp với lúc chốt: hãy so với bản sao lưu")
            }
            Failure::CutoffOutside(from, to) => {
                format!("hạn phải từ {} đến {}", from.format("%d/%m/%Y"), to.format("%d/%m/%Y"))
            }
            Failure::Commune(error) => error.explain(language),
            Failure::UnknownIndicator(code) => format!("không có chỉ tiêu {code:?} trong danh mục, cũng không có nhiệm vụ này trong kế hoạch của xã"),
            Failure::OutsidePlanYear { period, year } => format!("kỳ {period} nằm ngoài năm kế hoạch {year}"),
            Failure::NoPlan(name) => format!("{name} chưa có kế hoạch, không phải báo cáo gì"),
            Failure::CutoffEarlier { usual } => {
                format!("hạn thường lệ là hết ngày {}; chỉ gia hạn thêm, không rút ngắn", usual.format("%d/%m/%Y"))
            }
            Failure::NoException { commune, period } => format!("{commune} không có gia hạn nào cho kỳ {period}"),
            Failure::EvidenceNeeded { version } => {
                format!("phiên bản {version} báo cáo đạt, hoàn thành mà chưa có minh chứng bắt buộc: trả lại (--return), hoặc vẫn chấp nhận bằng --without-evidence")
            }
            Failure::Evidence(error) => format!("không đọc được minh chứng: {error}"),
            Failure::Findings(many) => {
                format!(
                    "{many} chỗ sai lệch: khôi phục từ bản sao lưu, hoặc để máy của các xã gửi lại phần khác nhau; với tệp minh chứng và mã tổng hợp hãy chạy `verify --repair`"
                )
            }
            Failure::History(many) => {
                format!("{many} chỗ của lịch sử không khớp: lịch sử đã bị sửa ngoài chương trình; so với bản sao lưu")
            }
            Failure::BadReceipts { bad, of } => format!("{bad}/{of} biên nhận không được xác nhận"),
            Failure::NotReceipts { path, reason } => format!("{} không phải tệp biên nhận: {reason}", path.display()),
            Failure::NoAccount(name) => format!("không có tài khoản {name:?}; xem lệnh `account list`"),
            Failure::LastAdministrator => {
                "đây là quản trị viên duy nhất đăng nhập được; hãy thêm một quản trị viên khác trước".into()
            }
            Failure::AccountExists(name) => format!("đã có tài khoản {name:?}, hoặc đã đủ số tài khoản tối đa"),
            Failure::NoToken(id) => {
                format!("không có khóa nào, hoặc có nhiều khóa, có mã bắt đầu bằng {id:?}; xem lệnh `token list`")
            }
            Failure::TooManyTokens(name) => format!("{name} đã có đủ số khóa tối đa; kết thúc bớt bằng lệnh `token remove`"),
            Failure::Password(why) => why.clone(),
            Failure::NoFigure => "không có số liệu này".into(),
            Failure::Outdated { newest } => {
                format!("xã đã báo cáo phiên bản {newest}; xem lại rồi thẩm định phiên bản đó")
            }
            Failure::File { path, source } | Failure::Pem(PemError::Io { path, source }) => format!("{}: {}", path.display(), reason(source, language)),
            Failure::Pem(error) => format!("tệp khóa hoặc chứng thư không dùng được: {error}"),
            Failure::TooLarge(path) => format!("{} quá lớn", path.display()),
            Failure::FileExists(path) => format!("{} đã có, không ghi đè", path.display()),
            Failure::Output(error) => format!("không ghi được kết quả: {}", reason(error, language)),
            Failure::Address(error) => address(error),
            Failure::Move(MoveError::Differs(what)) => {
                format!("bản chép không giống kho cũ, đừng dùng cơ sở dữ liệu này: {what}")
            }
            Failure::MovedBefore => "cấu hình đã chỉ tới một cơ sở dữ liệu".into(),
            Failure::Signals(error) => format!("không chờ được tín hiệu dừng: {error}"),
        };
        language.pick(vi, en)
    }
}

fn backup(error: &BackupError, language: Language) -> String {
    match error {
        BackupError::Folder(error) => folder(error, language),
        BackupError::Store(error) => store(error, language),
        BackupError::Serve(error) => serve(error, language),
        BackupError::Keys(error) => keys(error, language),
        _ => error.explain(language).unwrap_or_else(|| {
            language.pick(format!("không sao lưu hoặc khôi phục được: {}", with_sources(error)), with_sources(error))
        }),
    }
}

fn bundle(error: &TakeError, language: Language) -> String {
    let vi = match error {
        TakeError::Store(error) => return store(error, language),
        TakeError::Folder(error) => return folder(error, language),
        TakeError::Keys(error) => return keys(error, language),
        TakeError::Bundle(BundleError::NotABundle) => "tệp này không phải gói của `commune-agent bundle make`".into(),
        TakeError::Bundle(BundleError::TooLarge) => "gói quá lớn".into(),
        TakeError::Bundle(BundleError::Sealed) => {
            "gói bị hỏng trên đường đi hoặc niêm phong cho nơi khác; xin xã chép lại tệp".into()
        }
        TakeError::Bundle(error) => format!("gói không dùng được, xin xã làm lại: {error}"),
        TakeError::UnknownSigner => "gói ký bằng chứng thư mà tỉnh này không cấp".into(),
        TakeError::Revoked(commune) => format!("chứng thư của {commune} đã bị thu hồi: mời xã tham gia lại"),
        TakeError::Expired(commune, at) => {
            format!("chứng thư của {commune} hết hạn từ {}, quá lâu: mời xã tham gia lại", at.format("%d/%m/%Y"))
        }
        TakeError::Replaced(commune) => {
            format!(
                "chứng thư của {commune} đã hết hạn và đã có chứng thư mới thay: làm lại gói trên máy đang dùng của xã, hoặc mời xã tham gia lại"
            )
        }
        TakeError::OtherName => "gói mang tên xã hoặc tỉnh khác với chứng thư đã ký".into(),
        TakeError::Frame(number) => format!("phần {number} của gói không đọc được, xin xã làm lại"),
    };
    language.pick(vi, with_sources(error))
}

pub(super) fn folder(error: &FolderError, language: Language) -> String {
    let vi = match error {
        FolderError::Taken(path) => format!("{} đã có dữ liệu; chọn thư mục khác hoặc trống", path.display()),
        FolderError::NotFounded(path) => {
            format!(
                "{} chưa phải thư mục dữ liệu; tạo bằng lệnh `init`, hoặc chỉ đúng thư mục bằng --data",
                path.display()
            )
        }
        FolderError::Served => {
            "một máy chủ khác đang chạy trên thư mục này; dừng nó trước (systemctl stop province-aggregator)".into()
        }
        FolderError::Io { path, source } => format!("{}: {}", path.display(), reason(source, language)),
    };
    language.pick(vi, error.to_string())
}

fn address(error: &AddressError) -> String {
    match error {
        AddressError::Unreadable(why) => {
            format!("không phải địa chỉ cơ sở dữ liệu PostgreSQL (postgres://người-dùng@máy:cổng/tên): {why}")
        }
        AddressError::Open(mode) => format!("sslmode={mode} sẽ gửi số liệu và mật khẩu không mã hóa sang máy khác"),
        AddressError::File { path, reason } => format!("{}: {reason}", path.display()),
    }
}

pub(super) fn store(error: &StoreError, language: Language) -> String {
    let vi = match error {
        StoreError::Missing(path) => format!("không có kho dữ liệu ở {path}"),
        StoreError::Exists(path) => format!("đã có kho dữ liệu ở {path}"),
        StoreError::Newer { .. } => "kho dữ liệu do phiên bản mới hơn tạo ra; cập nhật chương trình".into(),
        StoreError::Older { .. } => "kho dữ liệu do phiên bản cũ hơn tạo ra; hãy chạy `serve` một lần rồi làm lại".into(),
        StoreError::EngineTooOld(version) => format!("SQLite {version} quá cũ, cần 3.51.3 trở lên"),
        StoreError::Busy => "kho dữ liệu đang bận; thử lại sau".into(),
        StoreError::Full => "ổ đĩa đã đầy; giải phóng dung lượng rồi thử lại".into(),
        StoreError::ReadOnly => "không ghi được vào kho dữ liệu; kiểm tra quyền của thư mục".into(),
        StoreError::Damaged(what) => format!("kho dữ liệu bị hỏng, khôi phục từ bản sao lưu: {what}"),
        StoreError::Unreachable(why) => format!("không kết nối được cơ sở dữ liệu: {why}"),
        StoreError::Refused(why) => format!("cơ sở dữ liệu từ chối: {why}"),
        StoreError::CommitUnknown => "mất kết nối khi đang ghi, chưa biết đã ghi hay chưa; xem lại rồi hãy thử lại".into(),
        StoreError::NotHere(_) => {
            "kho trên PostgreSQL được sao lưu và khôi phục bằng công cụ của PostgreSQL (pg_dump, khôi phục theo thời điểm)".into()
        }
        StoreError::Unreadable(_) | StoreError::Closed | StoreError::Engine(_) => format!("kho dữ liệu lỗi: {error}"),
    };
    language.pick(vi, with_sources(error))
}

fn keys(error: &KeysError, language: Language) -> String {
    let vi = match error {
        KeysError::Rotating => "đang đổi cơ quan chứng thực rồi; xem `authority status`".into(),
        KeysError::FormerNeeded => {
            "cơ quan chứng thực cũ vẫn còn chứng thư chưa hết hạn; xem `authority status`, rồi chạy lại `authority finish`".into()
        }
        KeysError::NotRotating => "chưa đổi cơ quan chứng thực; bắt đầu bằng `authority rotate`".into(),
        KeysError::Pem(_) | KeysError::Authority(_) | KeysError::Tls(_) | KeysError::Io { .. } => {
            format!("khóa hoặc chứng thư của cơ quan chứng thực không dùng được: {}", with_sources(error))
        }
    };
    language.pick(vi, with_sources(error))
}

fn handing(error: &HandingError, language: Language) -> String {
    match error {
        HandingError::Folder(error) => folder(error, language),
        HandingError::Keys(error) => keys(error, language),
        HandingError::Copy(error) => backup(error, language),
        HandingError::Store(error) => store(error, language),
        HandingError::Incomplete(path) => language.pick(
            format!("{} thiếu bundle.key: dùng thư mục mà `keys export` đã ghi", path.display()),
            format!("{error}: use a folder that `keys export` wrote"),
        ),
        HandingError::Foreign(issuer) => language.pick(
            format!("khóa này cũ hơn khóa của tỉnh (có chứng thư đang dùng do {issuer} cấp): chạy lại `keys export` trên máy chủ đã đổi cơ quan chứng thực"),
            format!("{error}: they are older than the province's; `keys export` on the server that rotated them"),
        ),
    }
}

fn serve(error: &ServeError, language: Language) -> String {
    match error {
        ServeError::Folder(error) => folder(error, language),
        ServeError::Store(error) => store(error, language),
        ServeError::Keys(error) => keys(error, language),
        ServeError::Listen { address, source } => {
            language.pick(format!("không lắng nghe được ở {address}: {}", reason(source, language)), error.to_string())
        }
        _ => language.pick(format!("máy chủ không chạy được: {}", with_sources(error)), with_sources(error)),
    }
}

fn catalogue(faults: &[Fault], language: Language) -> String {
    let mut text = String::new();
    for fault in faults {
        text.push_str(&fault.explain(language));
        text.push('\n');
    }
    text.push_str(&language.pick(
        format!("danh mục có {} lỗi, chưa có gì được ghi", faults.len()),
        format!("the catalogue has {} faults, nothing was written", faults.len()),
    ));
    text
}

/// An error with what caused it.
fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
