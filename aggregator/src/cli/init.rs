//! `init`: founds a province's data folder, whole or not at all.

use super::{Context, Failure, catalogue, say};
use crate::{
    authority::Authority,
    bundle_key,
    config::{Config, DatabaseUrl, StorePlace},
    enrol::random,
    folder::Folder,
    keyring::issue_server,
    receipts,
    store::{Founding, postgres::PostgresStore, sqlite::SqliteStore},
};
use clap::Args;
use proto::pem;
use std::{net::SocketAddr, path::PathBuf};

/// The command.
#[derive(Debug, Args)]
pub struct Init {
    /// Thư mục danh mục (catalogue.toml và các tệp CSV)
    #[arg(long, value_name = "DIR")]
    catalogue: PathBuf,
    /// Tên hoặc địa chỉ IP mà các xã dùng để kết nối (có thể lặp lại)
    #[arg(long = "host", value_name = "HOST")]
    hosts: Vec<String>,
    /// Địa chỉ và cổng lắng nghe
    #[arg(long, default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
    /// Tỉnh diễn tập: mọi số liệu là mô phỏng, được chỉnh đồng hồ
    #[arg(long)]
    exercise: bool,
    /// Cơ sở dữ liệu PostgreSQL còn trống làm kho dữ liệu, thay cho tệp trong thư mục
    #[arg(long, value_name = "URL", env = "TIENDO_AGGREGATOR_STORE__URL", hide_env_values = true)]
    store: Option<String>,
    /// Tệp chứa mật khẩu của cơ sở dữ liệu (quyền 0600)
    #[arg(long, value_name = "FILE", env = "TIENDO_AGGREGATOR_STORE__PASSWORD_FILE", requires = "store")]
    store_password_file: Option<PathBuf>,
}

impl Init {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let (catalogue, import) = catalogue::read(&self.catalogue)?;
        let province = catalogue.province.id.clone();
        let mut hosts = self.hosts;
        // Commands on the same computer reach the server too.
        for host in Config::default().hosts {
            if !hosts.contains(&host) {
                hosts.push(host);
            }
        }
        let store = StorePlace { url: self.store.map(DatabaseUrl), password_file: self.store_password_file };
        let config = Config { listen: self.listen, hosts, store, ..Config::default() };
        config.check()?;
        let founding = Founding { province: province.clone(), exercise: self.exercise, clock_offset_ms: 0 };
        let folder = Folder::prepare(&context.data, &hex::encode(random::<4>()))?;
        let authority = match found(&folder, &config, founding, import, context).await {
            Ok(authority) => authority,
            Err(failure) => {
                folder.discard();
                return Err(failure);
            }
        };
        let folder = folder.settle(&context.data)?;
        let root = folder.root().display();
        say(&context.pick(
            format!("Đã tạo thư mục dữ liệu {root} cho {} ({province}).", catalogue.province.name),
            format!("Made the data folder {root} for {} ({province}).", catalogue.province.name),
        ))?;
        if self.exercise {
            say(&context.pick("SỐ LIỆU MÔ PHỎNG: đây là tỉnh diễn tập.", "SIMULATED FIGURES: this is an exercise."))?;
        }
        say(&context.pick(
            format!("Dấu vân tay của cơ quan chứng thực: {}", authority.fingerprint()),
            format!("Fingerprint of the authority: {}", authority.fingerprint()),
        ))
    }
}

async fn found(
    folder: &Folder,
    config: &Config,
    founding: Founding,
    import: crate::store::CatalogueImport,
    context: &Context,
) -> Result<Authority, Failure> {
    let now = context.clock.now();
    let (authority, key) = Authority::make(&founding.province, random(), now)?;
    pem::write_key(&folder.authority_key(), &key)?;
    pem::write_certificates(&folder.authority_certificate(), std::slice::from_ref(authority.certificate()))?;
    issue_server(folder, &config.hosts, &authority, &*context.clock)?;
    bundle_key::load_or_make(folder)?;
    receipts::make(folder, &founding.province, &authority, &*context.clock)?;
    Folder::create_file(&folder.config(), config.to_toml().as_bytes())?;
    let act = context.act_at(now);
    match config.store.database()? {
        Some(address) => drop(PostgresStore::create(&address, founding, import, act).await?),
        None => drop(SqliteStore::create(&folder.store(), founding, import, act).await?),
    }
    Ok(authority)
}
