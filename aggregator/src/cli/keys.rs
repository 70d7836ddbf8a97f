//! `keys`: the keys of the province for another server on the same database.

use super::{Context, Failure, say, say_aside};
use crate::{
    authorities::{self, handing},
    config::{Config, DatabaseUrl, StorePlace},
    enrol::random,
    folder::Folder,
    keyring::issue_server,
    receipts,
    serve::{load_authority, open_chosen},
    store::{Store, StoreError},
};
use clap::{Args, Subcommand};
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

/// The commands.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Chép khóa của tỉnh ra một thư mục mới (chỉ chủ đọc được) để mang sang máy chủ khác
    Export {
        /// Thư mục mới hoặc rỗng; xóa sau khi dùng
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
    /// Nhận khóa của tỉnh: lập máy chủ thứ hai trên cùng cơ sở dữ liệu, hoặc thay khóa cũ sau khi đổi cơ quan chứng thực
    Import(Import),
}

/// `keys import`.
#[derive(Debug, Args)]
pub struct Import {
    /// Thư mục mà `keys export` đã ghi
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Cơ sở dữ liệu PostgreSQL của tỉnh, khi thư mục dữ liệu chưa có
    #[arg(long, value_name = "URL", env = STORE_VARIABLE, hide_env_values = true)]
    store: Option<String>,
    /// Tệp chứa mật khẩu của cơ sở dữ liệu (quyền 0600)
    #[arg(long, value_name = "FILE", env = "TIENDO_AGGREGATOR_STORE__PASSWORD_FILE", requires = "store")]
    store_password_file: Option<PathBuf>,
    /// Tên hoặc địa chỉ IP mà các xã dùng để kết nối tới máy chủ này (có thể lặp lại)
    #[arg(long = "host", value_name = "HOST")]
    hosts: Vec<String>,
    /// Địa chỉ và cổng lắng nghe; không có thì 127.0.0.1:8443
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
}

/// Names the database in the environment.
const STORE_VARIABLE: &str = "TIENDO_AGGREGATOR_STORE__URL";
/// What is said of a store in a file.
const ONE_SERVER: &str = "a store in a file has one server; several need a PostgreSQL database (`migrate`)";

impl KeysCommand {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            KeysCommand::Export { folder } => export(context, &folder).await,
            KeysCommand::Import(import) => import.run(context).await,
        }
    }
}

async fn export(context: &Context, to: &Path) -> Result<(), Failure> {
    let opened = context.open().await?;
    if !opened.store.is_shared() {
        return Err(StoreError::NotHere(ONE_SERVER).into());
    }
    let fingerprint = load_authority(&opened.folder)?.fingerprint();
    let draft = handing::export(&opened.folder, to)?;
    let act = context.act_at(opened.clock.real());
    // No copy is in its place that the history does not know of.
    opened.store.note("keys_exported", &fingerprint.to_string(), act).await?;
    draft.settle()?;
    let to = to.display();
    say(&context.pick(
        format!(
            "Đã chép khóa của tỉnh vào {to} (dấu vân tay {fingerprint}). Ai có thư mục này có thể giả làm tỉnh: mang đi bằng đường an toàn, `keys import` ở máy kia, rồi xóa."
        ),
        format!(
            "Copied the province's keys to {to} (fingerprint {fingerprint}). Whoever has this folder can pose as the province: carry it safely, `keys import` it on the other server, then delete it."
        ),
    ))
}

impl Import {
    async fn run(self, context: &Context) -> Result<(), Failure> {
        match Folder::at(&context.data).config().exists() {
            true => self.replace(context).await,
            false => self.found(context).await,
        }
    }

    /// Into a server that there is: after a step of a rotation.
    async fn replace(&self, context: &Context) -> Result<(), Failure> {
        let opened = context.open().await?;
        if !opened.store.is_shared() {
            return Err(StoreError::NotHere(ONE_SERVER).into());
        }
        let now = opened.clock.real();
        self.tell_ignored(context);
        let keys = handing::check(&self.folder, &opened.store, now, context.language).await?;
        handing::replace(&opened.folder, &self.folder, context.language)?;
        opened.store.note("keys_imported", &told(&keys), context.act_at(now)).await?;
        self.tell(context, &keys)?;
        super::authority::taken_over(context, &opened.folder).await
    }

    /// Says what was asked for and is not done: the settings of a server that there is stay as they are.
    fn tell_ignored(&self, context: &Context) {
        // In the environment it stands for every command of this server.
        let is_typed = self.store.is_some() && self.store != std::env::var(STORE_VARIABLE).ok();
        let given = [("--store", is_typed), ("--host", !self.hosts.is_empty()), ("--listen", self.listen.is_some())];
        let ignored: Vec<_> = given.into_iter().filter_map(|(name, is_given)| is_given.then_some(name)).collect();
        if !ignored.is_empty() {
            let (ignored, data) = (ignored.join(", "), context.data.display());
            say_aside(&context.pick(
                format!("Bỏ qua {ignored}: {data} đã có máy chủ, cấu hình giữ nguyên (sửa trong aggregator.toml)."),
                format!("{ignored}: ignored, there is a server in {data} already; its settings stay (change them in aggregator.toml)."),
            ));
        }
    }

    /// Into a new data folder.
    async fn found(self, context: &Context) -> Result<(), Failure> {
        let Some(url) = self.store.clone() else { return Err(Failure::StoreNeeded(context.data.clone())) };
        let mut hosts = self.hosts.clone();
        for host in Config::default().hosts {
            if !hosts.contains(&host) {
                hosts.push(host);
            }
        }
        let store = StorePlace { url: Some(DatabaseUrl(url)), password_file: self.store_password_file.clone() };
        let defaults = Config::default();
        let config = Config { listen: self.listen.unwrap_or(defaults.listen), hosts, store, ..defaults };
        config.check()?;
        let folder = Folder::prepare(&context.data, &hex::encode(random::<4>()))?;
        let keys = match self.fill(&folder, &config, context).await {
            Ok(keys) => keys,
            Err(failure) => {
                folder.discard();
                return Err(failure);
            }
        };
        let folder = folder.settle(&context.data)?;
        self.tell(context, &keys)?;
        let (root, evidence) = (folder.root().display(), folder.evidence());
        let evidence = evidence.display();
        say(&context.pick(
            format!(
                "Máy chủ mới ở {root}. Trước khi chạy `serve`: {evidence} phải là CÙNG một thư mục (dùng chung) với máy chủ kia, hoặc cả hai dùng chung một kho đối tượng ([evidence] url)."
            ),
            format!(
                "The new server is in {root}. Before `serve`: {evidence} has to be the SAME (shared) folder as the other server's, or both use one bucket ([evidence] url)."
            ),
        ))
    }

    async fn fill(
        &self,
        folder: &Folder,
        config: &Config,
        context: &Context,
    ) -> Result<authorities::Authorities, Failure> {
        let now = context.clock.now();
        let store = open_chosen(folder, &config.store).await?;
        let keys = handing::check(&self.folder, &store, now, context.language).await?;
        handing::bring(folder, &self.folder)?;
        issue_server(folder, &config.hosts, &keys.current, &*context.clock)?;
        receipts::make(folder, &store.founding().await?.province, &keys.current, &*context.clock)?;
        Folder::create_file(&folder.config(), config.to_toml().as_bytes())?;
        store.note("keys_imported", &told(&keys), context.act_at(now)).await?;
        Ok(keys)
    }

    fn tell(&self, context: &Context, keys: &authorities::Authorities) -> Result<(), Failure> {
        let (from, fingerprint) = (self.folder.display(), keys.current.fingerprint());
        say(&context.pick(
            format!("Đã nhận khóa của tỉnh, dấu vân tay {fingerprint}. Hãy xóa {from}."),
            format!("Took the province's keys, fingerprint {fingerprint}. Delete {from} now."),
        ))
    }
}

fn told(keys: &authorities::Authorities) -> String {
    keys.fingerprints().iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}
