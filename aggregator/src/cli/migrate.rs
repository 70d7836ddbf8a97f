//! `migrate`: moves a province from its file to a PostgreSQL database.

use super::{Context, Failure, say};
use crate::{config::Config, folder::Folder, moving, store::postgres::Address};
use clap::Args;
use std::path::PathBuf;

/// The command.
#[derive(Debug, Args)]
pub struct Migrate {
    /// Cơ sở dữ liệu PostgreSQL còn trống: postgres://người-dùng@máy:cổng/tên
    #[arg(long, value_name = "URL")]
    to: String,
    /// Tệp chứa mật khẩu của cơ sở dữ liệu (quyền 0600)
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

impl Migrate {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let folder = Folder::open(&context.data)?;
        if Config::read(&folder.config())?.store.url.is_some() {
            return Err(Failure::MovedBefore);
        }
        let address = Address::read(&self.to, self.password_file.as_deref())?;
        let moved = moving::move_to(&folder, &address).await?;
        say(&context.pick(
            format!(
                "Đã chép và đối chiếu: {} dòng, số liệu của {} xã, phường, {} dòng lịch sử. Kho cũ {} giữ nguyên.",
                moved.rows,
                moved.communes,
                moved.lines,
                folder.store().display()
            ),
            format!(
                "Copied and compared: {} rows, the records of {} communes, {} lines of the history. The file {} is as it was.",
                moved.rows,
                moved.communes,
                moved.lines,
                folder.store().display()
            ),
        ))?;
        if moved.findings > 0 {
            say(&context.pick(
                format!("Lưu ý: kho cũ có {} chỗ không khớp và kho mới cũng vậy; xem `verify`.", moved.findings),
                format!("Note: the file had {} flaws, and so has the copy; see `verify`.", moved.findings),
            ))?;
        }
        let config = folder.config();
        let file = self.password_file.map(|path| format!("\n  password_file = {path:?}")).unwrap_or_default();
        say(&context.pick(
            format!(
                "Để chuyển sang kho mới, thêm vào cuối {} rồi chạy `serve`:\n  [store]\n  url = \"{address}\"{file}\n(thêm người dùng và các tham số như đã gõ ở --to). Từ đó sao lưu bằng pg_dump hoặc khôi phục theo thời điểm, và tắt hẹn giờ sao lưu cũ (systemctl disable --now province-aggregator-backup.timer); tệp minh chứng vẫn ở thư mục dữ liệu.",
                config.display()
            ),
            format!(
                "To go over to it, add at the end of {} and run `serve`:\n  [store]\n  url = \"{address}\"{file}\n(with the user and the settings as typed in --to). From then on back up by pg_dump or point-in-time recovery, and turn the old timer off (systemctl disable --now province-aggregator-backup.timer); the files of evidence stay in the data folder.",
                config.display()
            ),
        ))
    }
}
