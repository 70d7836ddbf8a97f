//! `publish` at a province, and `nation` where provinces come together; `--data` names the folder of the nation there.

use super::{Context, Failure, say, write_out};
use crate::{
    folder::Folder,
    nation::{self, Nation, NationError, NationPlace},
    publishing,
    report::cli::{Format, render},
};
use clap::{Args, Subcommand};
use shared::{
    language::Language,
    listing::{Column, Form, Listing},
    observation::MAX_NAME_CHARS,
    period::Period,
    ranking::Scheme,
};
use std::path::PathBuf;

/// The command `publish`.
#[derive(Debug, Args)]
pub struct Publish {
    /// Kỳ đã chốt
    #[arg(long)]
    period: Period,
    /// Lần chốt thứ mấy; mặc định là lần đang có hiệu lực
    #[arg(long)]
    revision: Option<u32>,
    /// Tệp mới, để mang lên cấp quốc gia
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl Publish {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        if self.out.exists() {
            return Err(Failure::FileExists(self.out));
        }
        let opened = context.open().await?;
        let asked = (self.period, self.revision);
        let publication = publishing::publish(&opened.folder, &opened.store, asked, &*context.clock).await?;
        let file = publication.to_file().map_err(publishing::PublishError::from)?;
        Folder::create_file(&self.out, &file)?;
        let statement = &publication.statement;
        let (sequence, revision, place) = (statement.sequence, statement.revision, self.out.display());
        say(&context.pick(
            format!("Kỳ {}, lần chốt {revision}, số {sequence} trong chuỗi của tỉnh: {place}", self.period),
            format!("{}, revision {revision}, number {sequence} in the province's chain: {place}", self.period),
        ))?;
        say(&format!("SHA-256: {}", hex::encode(statement.snapshot)))
    }
}

/// The commands within `nation`.
#[derive(Debug, Subcommand)]
pub enum NationCommand {
    /// Tạo thư mục cấp quốc gia
    Init {
        /// Tên, ghi ở đầu các danh sách
        #[arg(long, value_parser = name, default_value = "Cả nước")]
        name: String,
        /// Chỉ nhận tỉnh diễn tập (số liệu mô phỏng)
        #[arg(long)]
        exercise: bool,
    },
    /// Cho một tỉnh tham gia, hoặc ghim thêm chứng thư khi tỉnh đổi cơ quan chứng thực
    AddProvince {
        /// Mã tỉnh, như trong danh mục của tỉnh
        code: String,
        /// Tên tỉnh
        #[arg(long, value_parser = name)]
        name: String,
        /// Chứng thư của cơ quan chứng thực của tỉnh (authority/certificate.pem), nhận qua đường tin cậy
        #[arg(long, value_name = "FILE")]
        authority: PathBuf,
    },
    /// Nhận một kỳ đã chốt do tỉnh công bố
    Accept {
        /// Tệp do `publish` tạo
        file: PathBuf,
    },
    /// Những gì đã nhận
    List {
        /// Cách in
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Xếp hạng xã, phường của tất cả các tỉnh đã công bố
    Ranking {
        /// Kỳ
        #[arg(long)]
        period: Period,
        /// Cách chấm: own, common hoặc standard
        #[arg(long, default_value = "own", value_parser = scheme)]
        scheme: Scheme,
        /// Cách in
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Các tỉnh đã công bố một kỳ, với những gì bản chốt ghi
    Provinces {
        /// Kỳ
        #[arg(long)]
        period: Period,
        /// Cách in
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Một chỉ tiêu của từng tỉnh và của cả nước
    Indicator {
        /// Mã chỉ tiêu
        code: String,
        /// Kỳ
        #[arg(long)]
        period: Period,
        /// Cách in
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Ghi các bảng của một kỳ ra thư mục mới, để ai cũng tính lại được bằng lệnh `recompute`
    Export {
        /// Kỳ
        #[arg(long)]
        period: Period,
        /// Thư mục mới
        #[arg(long)]
        out: PathBuf,
    },
    /// Kiểm chứng lại mọi thứ đã nhận: chữ ký, chuỗi, xếp hạng tính lại
    Verify {
        /// Cách in
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
}

fn name(typed: &str) -> Result<String, String> {
    let name = typed.trim();
    let fits = !name.is_empty() && name.chars().count() <= MAX_NAME_CHARS && !name.chars().any(char::is_control);
    if fits { Ok(name.to_owned()) } else { Err(format!("1–{MAX_NAME_CHARS} ký tự")) }
}

fn scheme(word: &str) -> Result<Scheme, String> {
    Scheme::from_word(word).ok_or_else(|| "own, common, standard".to_owned())
}

impl NationCommand {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        let language = context.language;
        let print = |list: Listing, format| write_out(&render(&list, format, language)?);
        if let Self::Init { name, exercise } = self {
            NationPlace::found(&context.data, &Nation { name, exercise })?;
            let place = context.data.display();
            return say(&context.pick(format!("Đã tạo thư mục {place}"), format!("Made the folder {place}")));
        }
        let (place, nation) = NationPlace::open(&context.data)?;
        match self {
            Self::Init { .. } => Ok(()),
            Self::AddProvince { code, name, authority } => {
                let fingerprint = nation::enrol(&place, &code, &name, &authority)?;
                say(&context.pick(
                    format!("{name} tham gia. Dấu vân tay của cơ quan chứng thực: {fingerprint}\nHãy gọi cho tỉnh để đối chiếu dấu vân tay này."),
                    format!("{name} takes part. Fingerprint of its authority: {fingerprint}\nCompare it with the province by telephone."),
                ))
            }
            Self::Accept { file } => {
                let statement = nation::accept(&place, &nation, &file)?;
                let (province, period, revision) = (&statement.province, statement.period, statement.revision);
                say(&context.pick(
                    format!("Đã nhận: {province}, kỳ {period}, lần chốt {revision}; chữ ký đúng, tính lại khớp."),
                    format!("Taken: {province}, {period}, revision {revision}; signed, and computed again."),
                ))
            }
            Self::List { format } => print(nation::publications(&place, language)?, format),
            Self::Ranking { period, scheme, format } => {
                print(nation::rankings(&place, &nation, (period, scheme), language)?, format)
            }
            Self::Provinces { period, format } => print(nation::provinces(&place, &nation, period, language)?, format),
            Self::Indicator { code, period, format } => {
                let code = code.trim().to_uppercase();
                print(nation::indicator(&place, &nation, (period, &code), language)?, format)
            }
            Self::Export { period, out } => {
                let provinces = nation::export(&place, period, &out)?;
                let out = out.display();
                say(&context.pick(
                    format!("Kỳ {period}, {provinces} tỉnh: {out}"),
                    format!("{period}, {provinces} provinces: {out}"),
                ))
            }
            Self::Verify { format } => verify(&place, &nation, format, context),
        }
    }
}

fn verify(place: &NationPlace, nation: &Nation, format: Format, context: &Context) -> Result<(), Failure> {
    let (count, flawed) = nation::verify(place, nation)?;
    let language: Language = context.language;
    let column = |name: &str, vi: &str, en: &str, form| Column::new(name, language.pick(vi, en), form);
    let row = |one: &nation::Flawed| {
        let name = one.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        vec![one.province.clone(), name, NationError::explain(&one.error, language)]
    };
    let list = Listing {
        title: context.pick("Kiểm chứng những gì đã nhận", "What was taken, proved"),
        notes: vec![context.pick(
            format!("{count} gói đã kiểm chứng, {} gói sai.", flawed.len()),
            format!("{count} publications proved, {} of them flawed.", flawed.len()),
        )],
        columns: vec![
            column("province", "Tỉnh", "Province", Form::Text),
            column("file", "Tệp", "File", Form::Text),
            column("detail", "Chi tiết", "Detail", Form::Words),
        ],
        rows: flawed.iter().map(row).collect(),
    };
    write_out(&render(&list, format, language)?)?;
    if flawed.is_empty() { Ok(()) } else { Err(Failure::Snapshots(flawed.len())) }
}
