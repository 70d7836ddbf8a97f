//! The command line: what people type, in Vietnamese; what they read, in Vietnamese or English.
//!
//! | file | commands |
//! | --- | --- |
//! | `init`, `serve` | `init`, `serve` |
//! | `identity` | `invite`, `credential` |
//! | `certificates` | `certificates`, `revoke` |
//! | `account` | `account add`, `list`, `link`, `role`, … |
//! | `token` | `token add`, `list`, `remove` |
//! | `authority` | `authority rotate`, `status`, `finish` |
//! | `keys` | `keys export`, `import` |
//! | `catalogue` | `catalogue check`, `import`, `diff`, `adopt-standard`, `export` |
//! | `examples` | an example for each command |
//! | `doctor`, `config` | `doctor`, `config check` |
//! | `decide` | `review`, `exercise` |
//! | `exception` | `exception` |
//! | `operator` | who runs the command, as the system knows it |
//! | `period` | closing periods |
//! | `nation` | `publish`; `nation init`, `add-province`, `accept`, `ranking`, … |
//! | `remind` | reminders to the staff |
//! | `report` | the monthly report as a document |
//! | `bundle` | `bundle take` |
//! | `prove` | `verify`, `verify-receipt`, `conflicts` |
//! | `audit` | `audit` |
//! | `evidence`, `safekeeping` | `evidence`, `backup`, `restore` |
//! | `failure` | what goes wrong, in words |
//!
//! The commands that ask (`rankings`, `explain`, …) live in `report::cli`.

mod account;
pub(crate) mod audit;
mod authority;
mod bundle;
mod catalogue;
mod certificates;
mod config;
mod decide;
mod doctor;
mod evidence;
mod examples;
pub(crate) mod exception;
mod failure;
mod identity;
mod init;
mod keys;
mod migrate;
mod nation;
mod operator;
mod period;
mod prove;
mod remind;
mod report;
mod safekeeping;
mod serve;
mod token;

pub use examples::with_examples;
pub use failure::Failure;

use crate::{
    clock::{Clock, ProvinceClock},
    config::Config,
    folder::Folder,
    report::cli::{Printed, ReportCommand},
    serve::open_chosen,
    store::{Act, ChosenStore, Store, StoreError},
};
use chrono::{DateTime, Utc};
use clap::{Parser, Subcommand};
use shared::{
    catalogue::{Catalogue, Commune},
    language::Language,
    observation::MAX_NAME_CHARS,
};
use std::{
    io::{IsTerminal, Write},
    path::PathBuf,
    sync::Arc,
};

const AFTER_HELP: &str = "Mã thoát: 0 xong, 1 không làm được, 2 sai cách dùng.\n\
    Exit codes: 0 done, 1 failed, 2 usage. English messages: --lang en";

/// Máy chủ tổng hợp của tỉnh: nhận số liệu từ các xã, xếp hạng và trả lời cán bộ tỉnh.
#[derive(Debug, Parser)]
#[command(name = "province-aggregator", version, after_help = AFTER_HELP)]
pub struct Cli {
    /// Thư mục dữ liệu
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "TIENDO_AGGREGATOR_DATA",
        default_value = "/var/lib/province-aggregator"
    )]
    pub data: PathBuf,
    /// Ngôn ngữ: vi hoặc en
    #[arg(long, global = true, value_name = "LANG", env = "TIENDO_LANG", default_value = "vi", value_parser = language)]
    pub lang: Language,
    /// Người thực hiện, ghi vào nhật ký kiểm tra; mặc định là tài khoản đang dùng
    #[arg(long, global = true, value_name = "TÊN", value_parser = person)]
    pub by: Option<String>,
    /// Lệnh
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Tạo thư mục dữ liệu, khóa chứng thực và danh mục phiên bản 1
    Init(init::Init),
    /// Chạy máy chủ
    Serve(serve::Serve),
    /// Tự khám: đồng hồ, ổ đĩa, mạng, chứng thư, kho dữ liệu, cấu hình; sai gì và làm gì
    Doctor(doctor::Doctor),
    /// Cấu hình: kiểm tra
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Mời một xã tham gia: in mã dùng một lần
    Invite(identity::Invite),
    /// Cấp chứng thư cho cán bộ tỉnh để hỏi máy chủ từ xa
    Credential(identity::Credential),
    /// Các chứng thư đã cấp
    Certificates(certificates::Certificates),
    /// Thu hồi chứng thư của một xã hoặc một cán bộ, có hiệu lực ngay
    Revoke(certificates::Revoke),
    /// Tài khoản dùng các trang của tỉnh
    #[command(subcommand)]
    Account(account::AccountCommand),
    /// Khóa API của các tài khoản, cho chương trình khác
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Đổi cơ quan chứng thực mà không xã nào phải tham gia lại
    #[command(subcommand)]
    Authority(authority::AuthorityCommand),
    /// Khóa của tỉnh cho máy chủ thứ hai trên cùng cơ sở dữ liệu
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Danh mục chỉ tiêu, mục tiêu, nhiệm vụ
    #[command(subcommand)]
    Catalogue(catalogue::CatalogueCommand),
    /// Cho một xã hạn báo cáo khác, rút lại, hoặc xem danh sách
    Exception(exception::ExceptionArgs),
    /// Báo cáo tháng dạng văn bản hành chính (DOCX), kèm phụ lục Excel
    Report(report::MonthlyReport),
    /// Nhắc cán bộ tỉnh những xã, phường còn thiếu số liệu (mục reminders của cấu hình)
    Remind(remind::Remind),
    /// Thẩm định một số liệu
    Review(decide::Review),
    /// Chốt kỳ báo cáo, kiểm chứng, mở lại, xem những gì đến sau
    #[command(subcommand)]
    Period(period::PeriodCommand),
    /// Công bố một kỳ đã chốt lên cấp quốc gia: ghi ra tệp có chữ ký của tỉnh
    Publish(nation::Publish),
    /// Cấp quốc gia: nhận kỳ đã chốt của các tỉnh, xếp hạng xã trong cả nước
    #[command(subcommand)]
    Nation(nation::NationCommand),
    /// Minh chứng của các xã: xem danh sách, lấy tệp ra
    Evidence(evidence::Evidence),
    /// Sao lưu dữ liệu của tỉnh vào một thư mục (máy chủ vẫn chạy)
    Backup(safekeeping::Backup),
    /// Khôi phục từ bản sao lưu; kho dữ liệu hiện có được giữ lại bên cạnh
    Restore(safekeeping::Restore),
    /// Chuyển kho dữ liệu từ tệp sang cơ sở dữ liệu PostgreSQL
    Migrate(migrate::Migrate),
    /// Nhận số liệu mà xã gửi bằng tệp khi mất mạng lâu ngày
    #[command(subcommand)]
    Bundle(bundle::BundleCommand),
    /// Tỉnh diễn tập (số liệu mô phỏng)
    #[command(subcommand)]
    Exercise(decide::ExerciseCommand),
    /// Kiểm tra kho dữ liệu: chuỗi băm, số liệu, mã tổng hợp, minh chứng
    Verify(prove::Verify),
    /// Kiểm tra biên nhận mà một xã đưa ra
    VerifyReceipt(prove::VerifyReceipt),
    /// Ai đã quyết định gì, lúc nào; kiểm tra lịch sử đó
    Audit(audit::Audit),
    /// Số liệu xã nhập ở hai nhánh, cần người xem lại
    Conflicts(prove::Conflicts),
    /// Xếp hạng, giải thích và xuất số liệu
    #[command(flatten)]
    Ask(ReportCommand),
}

fn language(word: &str) -> Result<Language, String> {
    Language::from_word(word).ok_or_else(|| "vi, en".to_owned())
}

fn person(name: &str) -> Result<String, String> {
    let name = name.trim();
    let fits = !name.is_empty() && name.chars().count() <= MAX_NAME_CHARS && !name.chars().any(char::is_control);
    if fits { Ok(name.to_owned()) } else { Err(format!("1–{MAX_NAME_CHARS} ký tự")) }
}

/// What every command has at hand.
pub struct Context {
    /// The data folder named.
    pub data: PathBuf,
    /// The language of what people read.
    pub language: Language,
    /// Who acts.
    pub who: String,
    /// Real time.
    pub clock: Arc<dyn Clock>,
}

/// The open data folder with its store.
pub(crate) struct Opened {
    pub(crate) folder: Folder,
    pub(crate) config: Config,
    pub(crate) store: ChosenStore,
    pub(crate) clock: ProvinceClock,
}

impl Context {
    /// Opens the data folder.
    pub(crate) async fn open(&self) -> Result<Opened, Failure> {
        let folder = Folder::open(&self.data)?;
        let config = Config::read(&folder.config())?;
        let store = open_chosen(&folder, &config.store).await?;
        let offset = store.founding().await?.clock_offset_ms;
        let clock = ProvinceClock::new(self.clock.clone(), offset);
        Ok(Opened { folder, config, store, clock })
    }

    /// An act of this person now, by the province's clock.
    pub(crate) fn act(&self, opened: &Opened) -> Act {
        self.act_at(opened.clock.now())
    }

    /// An act of this person at an instant.
    pub(crate) fn act_at(&self, at: DateTime<Utc>) -> Act {
        Act { origin: origin(), ..Act::of(self.who.clone(), at) }
    }

    /// One of two texts.
    pub(crate) fn pick(&self, vi: impl Into<String>, en: impl Into<String>) -> String {
        self.language.pick(vi.into(), en.into())
    }
}

/// Does what was typed.
///
/// # Errors
/// [`Failure`], to be explained to the one who typed it.
pub async fn run(cli: Cli, clock: Arc<dyn Clock>) -> Result<(), Failure> {
    let who = cli.by.unwrap_or_else(operator::name);
    let context = Context { data: cli.data, language: cli.lang, who, clock };
    match cli.command {
        Command::Init(command) => command.run(&context).await,
        Command::Serve(command) => command.run(&context).await,
        Command::Doctor(command) => command.run(&context).await,
        Command::Config(command) => command.run(&context),
        Command::Invite(command) => command.run(&context).await,
        Command::Credential(command) => command.run(&context).await,
        Command::Certificates(command) => command.run(&context).await,
        Command::Revoke(command) => command.run(&context).await,
        Command::Account(command) => command.run(&context).await,
        Command::Token(command) => command.run(&context).await,
        Command::Authority(command) => command.run(&context).await,
        Command::Keys(command) => command.run(&context).await,
        Command::Catalogue(command) => command.run(&context).await,
        Command::Exception(command) => command.run(&context).await,
        Command::Remind(command) => command.run(&context).await,
        Command::Report(command) => command.run(&context).await,
        Command::Review(command) => command.run(&context).await,
        Command::Period(command) => command.run(&context).await,
        Command::Publish(command) => command.run(&context).await,
        Command::Nation(command) => command.run(&context),
        Command::Evidence(command) => command.run(&context).await,
        Command::Backup(command) => command.run(&context).await,
        Command::Restore(command) => command.run(&context).await,
        Command::Migrate(command) => command.run(&context).await,
        Command::Bundle(command) => command.run(&context).await,
        Command::Exercise(command) => command.run(&context).await,
        Command::Verify(command) => command.run(&context).await,
        Command::VerifyReceipt(command) => command.run(&context).await,
        Command::Audit(command) => command.run(&context).await,
        Command::Conflicts(command) => command.run(&context).await,
        Command::Ask(command) => ask(command, &context).await,
    }
}

async fn ask(command: ReportCommand, context: &Context) -> Result<(), Failure> {
    let open = async || {
        let folder =
            Folder::open(&context.data).map_err(|_| StoreError::Missing(context.data.display().to_string()))?;
        let config = Config::read(&folder.config()).map_err(|error| StoreError::Engine(Box::new(error)))?;
        let store = open_chosen(&folder, &config.store).await?;
        let offset = store.founding().await?.clock_offset_ms;
        let now = ProvinceClock::new(context.clock.clone(), offset).now();
        Ok((Arc::new(store) as Arc<dyn Store>, now))
    };
    let Printed { out, warnings } =
        crate::report::cli::run(command, context.language, context.clock.now(), open).await?;
    for warning in warnings {
        say_aside(&warning);
    }
    write_out(&out)
}

/// From where something is done: the account and the computer, and the address of a line by which somebody is on it.
fn origin() -> String {
    let plain = |text: String| text.trim().chars().filter(|c| !c.is_control()).take(MAX_NAME_CHARS).collect::<String>();
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").or_else(|_| std::env::var("COMPUTERNAME"));
    let host = plain(host.unwrap_or_default());
    let line = std::env::var("SSH_CLIENT").ok().and_then(|line| line.split(' ').next().map(str::to_owned));
    match line.map(plain).filter(|address| !address.is_empty()) {
        Some(address) => format!("{}@{host} ({address})", operator::real()),
        None => format!("{}@{host}", operator::real()),
    }
}

/// Prints lines.
pub(crate) fn say(text: &str) -> Result<(), Failure> {
    write_out(format!("{text}\n").as_bytes())
}

/// Prints a line beside the output proper.
pub(crate) fn say_aside(text: &str) {
    // Nobody may be reading; the command goes on.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Prints bytes. A reader that has seen enough (`… | head`) is no failure.
pub(crate) fn write_out(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    if out.is_terminal() && workbook::reading::is_workbook(bytes) {
        return Err(Failure::Terminal);
    }
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::Output(error)),
        _ => Ok(()),
    }
}

/// The commune that was typed.
pub(crate) fn commune<'a>(catalogue: &'a Catalogue, text: &str) -> Result<&'a Commune, Failure> {
    Ok(catalogue.find_commune(text)?)
}
