//! The command line, as clap reads it.

use super::table::Format;
use clap::{Args, Parser, Subcommand, ValueEnum};
use proto::tls::Fingerprint;
use shared::language::Language;
use std::path::PathBuf;

/// Most files that are attached at once.
const MAX_FILES: usize = 100;

const EXIT_CODES: &str = "\
Mã thoát:
  0  thành công
  1  thất bại
  2  sai cú pháp lệnh
  3  số liệu, tệp, gói hoặc bản sao lưu bị từ chối vì trái quy tắc (không ghi gì)
  4  chưa liên lạc được với tỉnh, hãy thử lại sau
  5  tỉnh không chấp nhận danh tính của máy này, cần tham gia lại (join)";

/// Số liệu chuyển đổi số của xã: nhập, lưu trên máy, tự đồng bộ với tỉnh.
#[derive(Debug, Parser)]
#[command(name = "commune-agent", version, after_help = EXIT_CODES, max_term_width = 110)]
pub struct Arguments {
    /// Thư mục dữ liệu
    #[arg(long, global = true, env = "TIENDO_AGENT_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Ngôn ngữ của thông báo
    #[arg(long, global = true, env = "TIENDO_LANG", value_enum, default_value = "vi")]
    pub lang: Lang,
    /// Dạng in ra (csv chỉ cho danh sách)
    #[arg(long, global = true, value_enum, default_value = "table")]
    pub format: Format,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Lang {
    /// Tiếng Việt
    Vi,
    /// English
    En,
}

impl From<Lang> for Language {
    fn from(lang: Lang) -> Self {
        match lang {
            Lang::Vi => Language::Vi,
            Lang::En => Language::En,
        }
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Tham gia hệ thống bằng mã mời của tỉnh
    Join(Join),
    /// Chạy dịch vụ nền: tự đồng bộ, và trang của xã
    Run,
    /// Tự khám máy này: đồng hồ, ổ đĩa, mạng, chứng thư, kho dữ liệu, thiết lập
    Doctor,
    /// Cài, gỡ, xem dịch vụ nền của hệ điều hành (systemd)
    #[cfg(any(target_os = "linux", windows))]
    #[cfg_attr(windows, command(about = "Cài, gỡ, xem dịch vụ nền của Windows (chưa từng thử trên Windows)"))]
    #[command(subcommand)]
    Service(ServiceCommand),
    /// Thiết lập: kiểm tra
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Ghi một số liệu
    Record(Record),
    /// Báo cáo tiến độ và giải ngân của một nhiệm vụ
    Progress(Progress),
    /// Nhập nhiều số liệu từ tệp Excel hoặc CSV (tất cả hoặc không gì cả)
    Import(Import),
    /// Tạo mẫu Excel của xã cho một kỳ, kèm số liệu kỳ trước
    Template(Template),
    /// Xem kỳ này phải báo cáo gì, hạn ngày nào, còn thiếu gì
    Due(Due),
    /// Xem những số liệu nên kiểm tra lại trước khi hết hạn
    Checks(Checks),
    /// Xem đèn đỏ, đèn vàng của xã với lý do
    Alerts(Alerts),
    /// Xem các nhiệm vụ trong kế hoạch: tiến độ, thời hạn, giải ngân, đèn
    Tasks(Tasks),
    /// Xem ấp, phòng, đoàn thể: số liệu, cộng dồn, thứ hạng trong xã
    Units(Units),
    /// Lập báo cáo tháng của xã dạng văn bản hành chính (DOCX), kèm phụ lục Excel
    Report(Report),
    /// Gắn tệp minh chứng vào số liệu mới nhất của một kỳ
    Attach(Attach),
    /// Xem các tệp minh chứng và tình trạng gửi
    Evidence(Evidence),
    /// Xem các mục tiêu của xã và số liệu mới nhất
    Targets(Targets),
    /// Xem mọi phiên bản số liệu của một chỉ tiêu
    History(History),
    /// Xem thứ hạng và điểm của xã theo lần đồng bộ gần nhất
    Standing(Standing),
    /// Xem tình trạng đồng bộ: chờ gửi, đã nhận, bị từ chối và lý do
    Status,
    /// Gửi ngay nhắc việc về số liệu còn thiếu (mục reminders trong agent.toml)
    Remind(Remind),
    /// Đồng bộ với tỉnh ngay
    Sync,
    /// Xem các biên nhận có chữ ký của tỉnh, hoặc xuất ra tệp
    Receipts(Receipts),
    /// Kiểm tra biên nhận: chữ ký, và đúng với nhật ký trên máy này (không cần mạng)
    VerifyReceipts(VerifyReceipts),
    /// Xem các số liệu đã nhập ở hai nơi, và chọn bản đúng
    Conflicts(Conflicts),
    /// Tự kiểm tra kho dữ liệu: chuỗi, bản ghi, tổng kiểm
    Verify,
    /// Gửi bằng tệp khi mất mạng lâu ngày: tạo gói, nhận gói trả lời
    #[command(subcommand)]
    Bundle(Bundle),
    /// Tài khoản đăng nhập vào trang của xã: add, list, password, remove
    #[command(subcommand)]
    Account(Account),
    /// Sao lưu số liệu và minh chứng vào một thư mục (dịch vụ nền vẫn chạy)
    Backup(Backup),
    /// Khôi phục từ bản sao lưu; kho dữ liệu hiện có được giữ lại bên cạnh
    Restore(Restore),
}

impl Command {
    /// Whether it prints a list, which can be CSV.
    pub fn prints_a_list(&self) -> bool {
        matches!(
            self,
            Self::Evidence(_)
                | Self::Targets(_)
                | Self::Due(_)
                | Self::Checks(_)
                | Self::Alerts(_)
                | Self::Tasks(_)
                | Self::Units(_)
                | Self::History(_)
                | Self::Standing(_)
                | Self::Receipts(_)
                | Self::VerifyReceipts(_)
                | Self::Conflicts(Conflicts { keep: None, .. })
                | Self::Account(Account::List)
        )
    }
}

/// `service`
#[derive(Debug, Subcommand)]
pub enum ServiceCommand {
    /// Cài và chạy dịch vụ, từ nay tự chạy khi mở máy
    Install {
        /// Cho riêng tài khoản này, không cần quyền quản trị
        #[cfg(not(windows))]
        #[arg(long)]
        user: bool,
        /// Chỉ in ra những gì sẽ làm
        #[cfg(not(windows))]
        #[arg(long)]
        dry_run: bool,
    },
    /// Dừng và gỡ dịch vụ; số liệu giữ nguyên
    Uninstall {
        /// Của riêng tài khoản này
        #[cfg(not(windows))]
        #[arg(long)]
        user: bool,
        /// Chỉ in ra những gì sẽ làm
        #[cfg(not(windows))]
        #[arg(long)]
        dry_run: bool,
    },
    /// Xem dịch vụ có đang chạy không
    Status {
        /// Của riêng tài khoản này
        #[cfg(not(windows))]
        #[arg(long)]
        user: bool,
    },
    /// Do trình quản lý dịch vụ của Windows gọi
    #[cfg(windows)]
    #[command(hide = true)]
    Run,
}

/// `config`
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Kiểm tra thiết lập: in các giá trị đang dùng, hoặc từng lỗi với tệp, dòng, khóa và cách sửa
    Check,
}

/// `join`
#[derive(Debug, Args)]
pub struct Join {
    /// Địa chỉ máy chủ của tỉnh, https://máy-chủ:cổng
    #[arg(long, value_name = "URL")]
    pub server: String,
    /// Mã mời dùng một lần
    #[arg(long, value_name = "TOKEN")]
    pub token: String,
    /// Dấu vân tay SHA-256 của chứng thư gốc của tỉnh
    #[arg(long, value_name = "HEX")]
    pub authority: Fingerprint,
}

/// Where a figure belongs.
#[derive(Debug, Args)]
pub struct Place {
    /// Mã chỉ tiêu hoặc nhiệm vụ, ví dụ CDS-17, II.1
    #[arg(value_name = "CODE")]
    pub indicator: String,
    /// Kỳ báo cáo: 2026-10, 2026-Q4, 2026-H2 hoặc 2026
    #[arg(long, value_name = "P")]
    pub period: String,
    /// Mã đơn vị (ấp, phòng…); bỏ trống là cả xã
    #[arg(long, value_name = "U", default_value = "")]
    pub unit: String,
}

/// `record`
#[derive(Debug, Args)]
pub struct Record {
    /// Where it belongs.
    #[command(flatten)]
    pub place: Place,
    /// What is reported.
    #[command(flatten)]
    pub value: GivenValue,
    /// Ghi chú
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub note: String,
    /// Người nhập (mặc định: tài khoản máy tính)
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
}

/// Exactly one form of a value.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct GivenValue {
    /// Một số: số đếm, số thập phân (12,5) hoặc phần trăm
    #[arg(long, value_name = "V", allow_hyphen_values = true)]
    pub value: Option<String>,
    /// Tử số/mẫu số, ví dụ 45/60
    #[arg(long, value_name = "N/D", allow_hyphen_values = true)]
    pub ratio: Option<String>,
    /// Có / đạt
    #[arg(long)]
    pub yes: bool,
    /// Không / chưa đạt
    #[arg(long)]
    pub no: bool,
}

/// `progress`
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("reported").required(true).multiple(true).args(["done", "spent"])))]
pub struct Progress {
    /// Mã nhiệm vụ trong kế hoạch, ví dụ II.1
    #[arg(value_name = "CODE")]
    pub task: String,
    /// Kỳ báo cáo: 2026-10, 2026-Q4, 2026-H2 hoặc 2026
    #[arg(long, value_name = "P")]
    pub period: String,
    /// Đã làm được: phần trăm (60), hoặc bao nhiêu trên bao nhiêu (21/27)
    #[arg(long, value_name = "V", allow_hyphen_values = true)]
    pub done: Option<String>,
    /// Đã giải ngân từ đầu năm, triệu đồng
    #[arg(long, value_name = "V", allow_hyphen_values = true)]
    pub spent: Option<String>,
    /// Mã đơn vị (ấp, phòng…); bỏ trống là cả xã
    #[arg(long, value_name = "U", default_value = "")]
    pub unit: String,
    /// Kết quả, khó khăn, kiến nghị
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub note: String,
    /// Người nhập (mặc định: tài khoản máy tính)
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
}

/// `alerts`
#[derive(Debug, Args)]
pub struct Alerts {
    /// Chỉ của một đơn vị chủ trì: mã (CA) hoặc tên (không cần dấu)
    #[arg(long, value_name = "U")]
    pub unit: Option<String>,
    /// Chỉ đèn đỏ (red) hoặc chỉ đèn vàng (yellow)
    #[arg(long, value_name = "L", value_parser = ["red", "yellow"])]
    pub light: Option<String>,
    /// Kỳ báo cáo; mặc định là tháng này, hoặc tháng gần nhất phải nộp
    #[arg(long, value_name = "P")]
    pub period: Option<String>,
}

/// `due`
#[derive(Debug, Args)]
pub struct Due {
    /// Ấp, đơn vị nào phải gửi xã số liệu gì, cả số liệu không chấm điểm
    #[arg(long)]
    pub units: bool,
    /// Kỳ báo cáo; mặc định là tháng này, hoặc tháng gần nhất phải nộp
    #[arg(long, value_name = "P")]
    pub period: Option<String>,
}

/// `remind`
#[derive(Debug, Args)]
pub struct Remind {
    /// Chỉ in ra, không gửi
    #[arg(long)]
    pub dry_run: bool,
    /// Gửi một tin thử để kiểm tra kết nối
    #[arg(long)]
    pub trial: bool,
}

/// `report`
#[derive(Debug, Args)]
pub struct Report {
    /// Kỳ báo cáo: 2026-10, 2026-Q4, 2026-H2 hoặc 2026
    #[arg(long, value_name = "P")]
    pub period: String,
    /// Tệp ghi ra; không ghi đè
    #[arg(long, short, value_name = "FILE.docx")]
    pub out: PathBuf,
    /// Phụ lục Excel: các bảng đầy đủ
    #[arg(long, value_name = "FILE.xlsx")]
    pub annex: Option<PathBuf>,
}

/// `checks`
#[derive(Debug, Args)]
pub struct Checks {
    /// Kỳ báo cáo; mặc định là tháng này, hoặc tháng gần nhất phải nộp
    #[arg(long, value_name = "P")]
    pub period: Option<String>,
}

/// `tasks`
#[derive(Debug, Args)]
pub struct Tasks {
    /// Chỉ những nhiệm vụ có các từ này (không cần dấu)
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub search: String,
    /// Kỳ báo cáo; mặc định là tháng này, hoặc tháng gần nhất phải nộp
    #[arg(long, value_name = "P")]
    pub period: Option<String>,
}

/// `units`
#[derive(Debug, Args)]
pub struct Units {
    /// Một chỉ tiêu theo từng đơn vị; bỏ trống là thứ hạng các đơn vị
    #[arg(value_name = "CODE")]
    pub indicator: Option<String>,
    /// Kỳ báo cáo; mặc định là tháng này, hoặc tháng gần nhất phải nộp
    #[arg(long, value_name = "P")]
    pub period: Option<String>,
}

/// `import`
#[derive(Debug, Args)]
pub struct Import {
    /// Mẫu .xlsx của lệnh template, hoặc tệp CSV với các cột indicator, period, unit, numerator, denominator, value, note
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Chỉ kiểm tra và cho xem sẽ đổi gì, không ghi
    #[arg(long)]
    pub dry_run: bool,
    /// Lấy số trong tệp cả khi máy này đã có số mới hơn mẫu
    #[arg(long)]
    pub overwrite: bool,
    /// Người nhập (mặc định: tài khoản máy tính)
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
}

/// `template`
#[derive(Debug, Args)]
pub struct Template {
    /// Kỳ báo cáo: 2026-10, 2026-Q4, 2026-H2 hoặc 2026
    #[arg(long, value_name = "KỲ")]
    pub period: String,
    /// Cho một đơn vị; AP là mọi ấp, mỗi ấp một dòng cho từng chỉ tiêu
    #[arg(long, value_name = "U")]
    pub unit: Option<String>,
    /// Chỉ những chỉ tiêu này (lặp lại được); của đơn vị mặc định là các chỉ tiêu đơn vị chủ trì
    #[arg(long, value_name = "CODE")]
    pub indicator: Vec<String>,
    /// Tệp ghi ra; mặc định so-lieu-XÃ-KỲ.xlsx ở thư mục hiện tại
    #[arg(long, short, value_name = "FILE.xlsx")]
    pub out: Option<PathBuf>,
}

/// `attach`
#[derive(Debug, Args)]
pub struct Attach {
    /// Where the figure belongs.
    #[command(flatten)]
    pub place: Place,
    /// Các tệp minh chứng: PDF, PNG, JPEG, DOCX hoặc XLSX; tất cả hoặc không gì cả
    #[arg(value_name = "FILE", required = true, num_args = 1..=MAX_FILES)]
    pub files: Vec<PathBuf>,
    /// Người gắn (mặc định: tài khoản máy tính)
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
}

/// `evidence`
#[derive(Debug, Args)]
pub struct Evidence {
    /// Chỉ một chỉ tiêu
    #[arg(value_name = "CODE")]
    pub indicator: Option<String>,
    /// Chỉ một kỳ
    #[arg(long, value_name = "P")]
    pub period: Option<String>,
}

/// `receipts`
#[derive(Debug, Args)]
pub struct Receipts {
    /// Xuất mọi biên nhận kèm chứng thư ra tệp JSON, để ai cũng kiểm tra được
    #[arg(long, value_name = "FILE.json")]
    pub export: Option<PathBuf>,
}

/// `verify-receipts`
#[derive(Debug, Args)]
pub struct VerifyReceipts {
    /// Tệp do `receipts --export` ghi ra; bỏ trống là các biên nhận trên máy này
    #[arg(value_name = "FILE.json")]
    pub file: Option<PathBuf>,
}

/// `conflicts`
#[derive(Debug, Args)]
pub struct Conflicts {
    /// Bản đúng: earlier (bản tỉnh đang giữ) hoặc later (bản nhập trên máy này)
    #[arg(long, value_name = "WHICH", requires = "number")]
    pub keep: Option<Kept>,
    /// Số thứ tự trong danh sách
    #[arg(value_name = "N", requires = "keep")]
    pub number: Option<usize>,
    /// Người chọn (mặc định: tài khoản máy tính)
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
}

/// The version that is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kept {
    /// Bản tỉnh đang giữ
    Earlier,
    /// Bản nhập trên máy này
    Later,
}

/// `bundle`
#[derive(Debug, Subcommand)]
pub enum Bundle {
    /// Tạo gói có mọi số liệu mà tỉnh chưa xác nhận, có chữ ký và niêm phong cho tỉnh
    Make(BundleMake),
    /// Nhận gói trả lời của tỉnh
    Take(BundleTake),
}

/// `bundle make`
#[derive(Debug, Args)]
pub struct BundleMake {
    /// Gói sẽ ghi ra
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Kèm cả các tệp minh chứng chưa gửi
    #[arg(long)]
    pub with_evidence: bool,
}

/// `bundle take`
#[derive(Debug, Args)]
pub struct BundleTake {
    /// Gói trả lời của tỉnh
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// `account`
#[derive(Debug, Subcommand)]
pub enum Account {
    /// Tạo tài khoản; mật khẩu được hỏi, hoặc đọc một dòng từ đầu vào chuẩn
    Add {
        /// Tên đăng nhập: chữ thường không dấu, chữ số, . - _
        #[arg(value_name = "NAME")]
        name: String,
        /// Họ tên, ghi cùng số liệu như người nhập
        #[arg(long, value_name = "TEXT", default_value = "")]
        full_name: String,
    },
    /// Xem các tài khoản
    List,
    /// Đổi mật khẩu; mọi phiên đăng nhập của tài khoản kết thúc
    Password {
        /// Tên đăng nhập
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Xóa tài khoản
    Remove {
        /// Tên đăng nhập
        #[arg(value_name = "NAME")]
        name: String,
    },
}

/// `backup`
#[derive(Debug, Args)]
pub struct Backup {
    /// Thư mục mới, rỗng, hoặc có bản sao lưu cũ của chính xã này
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// Mỗi lần một thư mục con theo thời điểm, chỉ giữ N bản mới nhất (1–1000); tệp minh chứng chỉ nằm trên đĩa một lần
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub keep: Option<u16>,
}

/// `restore`
#[derive(Debug, Args)]
pub struct Restore {
    /// Thư mục có bản sao lưu
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
}

/// `targets`
#[derive(Debug, Args)]
pub struct Targets {
    /// Chỉ những mục có các từ này (không cần dấu)
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub search: String,
}

/// `history`
#[derive(Debug, Args)]
pub struct History {
    /// Mã chỉ tiêu
    #[arg(value_name = "CODE")]
    pub indicator: String,
    /// Chỉ một kỳ
    #[arg(long, value_name = "P")]
    pub period: Option<String>,
}

/// `standing`
#[derive(Debug, Args)]
pub struct Standing {
    /// Cách tính: own (kế hoạch của xã), common (chỉ tiêu chung), standard (chuẩn của tỉnh)
    #[arg(long, value_name = "S", value_parser = ["own", "common", "standard"], default_value = "own")]
    pub scheme: String,
    /// Kỳ (mặc định: kỳ mới nhất)
    #[arg(long, value_name = "P")]
    pub period: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_figure_has_exactly_one_form_of_value() {
        let read = |value: &[&str]| {
            let line = [&["commune-agent", "record", "CDS-1", "--period", "2026-10"], value].concat();
            Arguments::try_parse_from(line)
        };
        for good in [&["--value", "-5"][..], &["--ratio", "45/60"], &["--yes"], &["--no", "--unit", "ap-1"]] {
            read(good).unwrap();
        }
        for bad in [&[][..], &["--yes", "--no"], &["--value", "1", "--ratio", "1/2"]] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
    }
}
