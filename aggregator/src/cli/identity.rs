//! `invite` and `credential`: who may connect.

use super::{Context, Failure, commune, say};
use crate::{
    authorities::Authorities,
    enrol::{random, record_of},
    invitation::{Invitation, MOST_HOURS, USUAL_HOURS, invite, server_address},
    report::cli::Format,
    store::Store,
};
use clap::Args;
use proto::{connect, identity::Identity, pem};
use serde_json::json;
use shared::calendar::rfc3339;
use std::{fs::DirBuilder, os::unix::fs::DirBuilderExt, path::PathBuf};

fn address(text: &str) -> Result<String, String> {
    if connect::is_address(text) { Ok(text.trim().to_owned()) } else { Err("https://HOST:PORT".to_owned()) }
}

/// The command `invite`.
#[derive(Debug, Args)]
pub struct Invite {
    /// Mã, mã số hoặc tên xã, phường (không cần dấu)
    commune: String,
    /// Số giờ mã có hiệu lực
    #[arg(long, default_value_t = USUAL_HOURS, value_parser = clap::value_parser!(i64).range(1..=MOST_HOURS))]
    hours: i64,
    /// Địa chỉ máy chủ ghi trong lệnh tham gia
    #[arg(long, value_name = "URL", value_parser = address)]
    server: Option<String>,
    /// Cách in
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

impl Invite {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let opened = context.open().await?;
        let (_, catalogue) = opened.store.catalogue().await?;
        let commune = commune(&catalogue, &self.commune)?;
        // Tokens and certificates live in real time, also in an exercise.
        let now = opened.clock.real();
        let server = self.server.unwrap_or_else(|| server_address(&opened.folder, &opened.config));
        let wanted = (&*commune.slug, self.hours);
        let Invitation { token, authority: fingerprint, server, expires_at, join } =
            invite(&opened.store, &opened.folder, wanted, server, context.act_at(now)).await?;
        let expires = rfc3339(expires_at);
        let (slug, name) = (&commune.slug, &commune.name);
        match self.format {
            Format::Json => say(&json!({
                "commune": slug, "name": name, "token": token, "authority": fingerprint, "server": server,
                "expires_at": expires, "join": join,
            }).to_string()),
            Format::Csv => say(&format!("commune,token,authority,server,expires_at\n{slug},{token},{fingerprint},{server},{expires}")),
            Format::Table | Format::Xlsx => say(&context.pick(
                format!(
                    "Mời {name} ({slug}), hiệu lực đến {expires}, dùng một lần:\n\n  Mã:          {token}\n  Dấu vân tay: {fingerprint}\n\n\
                     Chạy trên máy của xã:\n\n  {join}\n"
                ),
                format!(
                    "Invitation for {name} ({slug}), valid until {expires}, for one use:\n\n  Token:       {token}\n  Fingerprint: {fingerprint}\n\n\
                     Run on the commune's computer:\n\n  {join}\n"
                ),
            )),
        }
    }
}

/// The command `credential`.
#[derive(Debug, Args)]
pub struct Credential {
    /// Tên cán bộ: chữ thường không dấu, số, dấu gạch nối
    name: String,
    /// Thư mục mới cho khóa và chứng thư
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

impl Credential {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let opened = context.open().await?;
        let now = opened.clock.real();
        let identity = Identity::staff(&opened.store.founding().await?.province, &self.name)?;
        if self.out.exists() {
            return Err(Failure::FileExists(self.out));
        }
        let authorities = Authorities::open(&opened.folder)?;
        let made = authorities.issuing().issue_staff(&identity, random(), now)?;
        // Recorded before it is handed out: a certificate that the store does not know is refused.
        let record = record_of(&made.issued, &identity, now);
        opened.store.add_certificate(record, context.act_at(now)).await?;
        let file = |source| Failure::File { path: self.out.clone(), source };
        DirBuilder::new().mode(0o700).recursive(true).create(&self.out).map_err(file)?;
        pem::write_key(&self.out.join("key.pem"), &made.key_pem)?;
        pem::write_certificates(&self.out.join("certificate.pem"), &[made.issued.certificate])?;
        pem::write_certificates(&self.out.join("authority.pem"), &authorities.trusted())?;
        let (out, until) = (self.out.display(), rfc3339(made.issued.not_after));
        say(&context.pick(
            format!("Đã cấp chứng thư cho {} vào {out}, hiệu lực đến {until}.", self.name),
            format!("Issued a certificate for {} into {out}, valid until {until}.", self.name),
        ))
    }
}
