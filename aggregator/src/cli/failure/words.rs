//! What a failure says to the one who typed the command, and what to do; with the words for the errors behind it.

use super::Failure;
use crate::{
    authorities::{KeysError, handing::HandingError},
    backup::BackupError,
    bundle::TakeError,
    evidence::EvidenceError,
    evidence_shelf::ShelfError,
    exercise::ExerciseError,
    folder::FolderError,
    moving::MoveError,
    publishing::PublishError,
    report::{cli::ReportError, figures::FiguresError},
    serve::ServeError,
    store::{StoreError, postgres::AddressError},
};
use proto::{bundle::BundleError, pem::PemError};
use shared::{catalogue::read::Fault, language::Language, system_words::reason};

impl Failure {
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

pub(in crate::cli) fn folder(error: &FolderError, language: Language) -> String {
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

pub(in crate::cli) fn store(error: &StoreError, language: Language) -> String {
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
