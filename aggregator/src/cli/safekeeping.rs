//! `backup`, `restore`: a copy of all that the province holds, and the way back.

use super::{Context, Failure, say};
use crate::{
    backup::{self, Made, Request, Restored},
    config::Config,
    enrol::random,
    folder::Folder,
    serve::load_authority,
    store::StoreError,
};
use clap::Args;
use shared::calendar::TIME_ZONE;
use std::path::{Path, PathBuf};

/// What is said of a store in a database.
const COPIES: &str = "a database is backed up and restored by its own means (pg_dump, point-in-time recovery)";

/// The command `backup`.
#[derive(Debug, Args)]
pub struct Backup {
    /// Thư mục mới, rỗng, hoặc có bản sao lưu cũ của chính tỉnh này
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Mỗi lần một thư mục con theo thời điểm, chỉ giữ N bản mới nhất (1–1000); tệp minh chứng chỉ nằm trên đĩa một lần
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    keep: Option<u16>,
}

impl Backup {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let opened = context.open().await?;
        if !opened.store.is_file() {
            return Err(StoreError::NotHere(COPIES).into());
        }
        let (now, root) = (context.clock.now(), &self.folder);
        let (made, place, gone) = match self.keep {
            Some(keep) => backup::make_beside(&opened.folder, &opened.store, root, keep.into(), now).await?,
            None => (backup::make(&opened.folder, &opened.store, root, now).await?, root.clone(), 0),
        };
        let Made { manifest, new_files, damaged_files } = made;
        let (name, place, files) = (manifest.name, place.display(), manifest.evidence.len());
        say(&context.pick(
            format!("Đã sao lưu {name} vào {place}: {files} tệp minh chứng ({new_files} tệp mới)."),
            format!("Backed up {name} to {place}: {files} evidence files ({new_files} new)."),
        ))?;
        if gone > 0 {
            say(&context
                .pick(format!("Đã bỏ {gone} bản sao lưu cũ nhất."), format!("Removed the {gone} oldest backups.")))?;
        }
        if damaged_files > 0 {
            say(&context.pick(
                format!("Cảnh báo: {damaged_files} tệp minh chứng trong thư mục dữ liệu đã hỏng, không có trong bản sao lưu."),
                format!("Warning: {damaged_files} evidence files of the data folder are damaged and not in the backup."),
            ))?;
        }
        if let Some(address) = opened.config.evidence.address()? {
            say(&context.pick(
                format!("Tệp minh chứng trong {address} KHÔNG có trong bản sao lưu: bật lưu phiên bản hoặc sao chép ở chính kho đó."),
                format!("Evidence in {address} is NOT in the backup: keep it by that store's own versions or replication."),
            ))?;
        }
        let keys =
            ["authority", "server", "receipts"].map(|name| opened.folder.root().join(name).display().to_string());
        say(&context.pick(
            format!(
                "Bản sao lưu KHÔNG chứa khóa. Hãy cất riêng, ở nơi an toàn: {} (thiếu thì các xã không nhận ra máy chủ mới, gói của xã không mở được); {} và {} có thể cấp lại.",
                keys[0], keys[1], keys[2]
            ),
            format!(
                "It holds NO keys. Keep apart, in a safe place: {} (without it no commune knows a new server, and the communes' bundles cannot be opened); {} and {} can be issued anew.",
                keys[0], keys[1], keys[2]
            ),
        ))
    }
}

/// The command `restore`.
#[derive(Debug, Args)]
pub struct Restore {
    /// Thư mục có bản sao lưu
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Thư mục có key.pem và certificate.pem của cơ quan chứng thực, khi thư mục dữ liệu là mới
    #[arg(long, value_name = "FOLDER")]
    authority: Option<PathBuf>,
}

impl Restore {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let settings = Folder::at(&context.data).config();
        if settings.exists() && Config::read(&settings)?.store.url.is_some() {
            return Err(StoreError::NotHere(COPIES).into());
        }
        let request = Request {
            data: &context.data,
            from: &self.folder,
            authority: self.authority.as_deref(),
            who: &context.who,
            clock: context.clock.clone(),
            epoch: random(),
        };
        let Restored { manifest, aside, is_new, carries } = backup::restore(request).await?;
        let (name, files, data) = (manifest.name, manifest.evidence.len(), context.data.display());
        let at = manifest.created_at.with_timezone(&TIME_ZONE).format("%d/%m/%Y %H:%M");
        say(&context.pick(
            format!("Đã khôi phục {name} vào {data} từ bản sao lưu lúc {at}: {files} tệp minh chứng."),
            format!("Restored {name} into {data} from the backup of {at}: {files} evidence files."),
        ))?;
        if let Some(aside) = aside.as_deref().map(Path::display) {
            say(&context.pick(
                format!("Kho dữ liệu trước đó được giữ lại ở {aside}"),
                format!("The store that was here is kept at {aside}"),
            ))?;
        }
        if is_new {
            let authority = load_authority(&Folder::open(&context.data)?)?;
            say(&context.pick(
                format!("Dấu vân tay của cơ quan chứng thực: {}", authority.fingerprint()),
                format!("Fingerprint of the authority: {}", authority.fingerprint()),
            ))?;
        }
        say(&if carries {
            context.pick(
                "Chứng thư đã cấp, đã thu hồi và mã mời đã dùng sau bản sao lưu được lấy lại từ kho dữ liệu trước đó.",
                "Certificates given and revoked and invitations used after the backup were taken over from the store that was here.",
            )
        } else {
            context.pick(
                "QUAN TRỌNG: không đọc được gì của kho dữ liệu sau bản sao lưu. Mọi lần thu hồi chứng thư (`revoke`) sau bản sao lưu phải làm lại TRƯỚC khi chạy `serve`, nếu không máy đã bị thu hồi sẽ vào lại được.",
                "IMPORTANT: nothing of the store after the backup could be read. Every revocation (`revoke`) of after the backup has to be given again BEFORE `serve` runs, else a computer that was revoked is let in again.",
            )
        })?;
        say(&context.pick(
            "Chạy `serve`: mỗi xã tự gửi lại những gì đã gửi sau bản sao lưu. Quyết định của tỉnh sau bản sao lưu (thẩm định, gia hạn, danh mục, mã mời) phải làm lại.",
            "Run `serve`: each commune sends again what it sent after the backup. What the province decided after it (verdicts, exceptions, catalogues, invitations) has to be decided again.",
        ))
    }
}
