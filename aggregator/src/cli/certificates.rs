//! `certificates` and `revoke`: who has a certificate, and who is not let in any more.

use super::{Context, Failure, commune, say, write_out};
use crate::{
    invitation::revoke,
    report::{
        certificate::{listed, newest},
        cli::{Format, render},
    },
    store::Store,
};
use clap::Args;
use proto::identity::Identity;
use shared::{calendar::rfc3339, observation::MAX_NAME_CHARS};

/// What a member of the staff is named by, where a commune could be meant.
const STAFF: &str = "staff:";
/// Longest reason, in characters.
const MAX_REASON_CHARS: usize = 10 * MAX_NAME_CHARS;

fn reason(text: &str) -> Result<String, String> {
    let fits = text.chars().count() <= MAX_REASON_CHARS && !text.chars().any(char::is_control);
    if fits { Ok(text.trim().to_owned()) } else { Err(format!("≤ {MAX_REASON_CHARS} ký tự, một dòng")) }
}

/// The command `revoke`.
#[derive(Debug, Args)]
pub struct Revoke {
    /// Mã, mã số hoặc tên xã, phường (không cần dấu); hoặc staff:TÊN cho cán bộ tỉnh
    who: String,
    /// Lý do, ghi vào nhật ký kiểm tra
    #[arg(long, default_value = "", value_parser = reason)]
    reason: String,
}

impl Revoke {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let opened = context.open().await?;
        let province = opened.store.founding().await?.province;
        let identity = match self.who.strip_prefix(STAFF) {
            Some(name) => Identity::staff(&province, name)?,
            None => {
                let (_, catalogue) = opened.store.catalogue().await?;
                Identity::commune(&province, &commune(&catalogue, &self.who)?.slug)?
            }
        };
        let uri = identity.to_uri();
        let act = context.act_at(opened.clock.real());
        let revoked = revoke(&opened.store, &identity, &self.reason, act).await?;
        let revoked = revoked.ok_or_else(|| Failure::NoCertificate(uri.clone()))?;
        say(&context.pick(
            format!("Đã thu hồi {revoked} chứng thư của {uri} và các mã mời chưa dùng; muốn cho vào lại thì mời lại."),
            format!(
                "Revoked {revoked} certificates of {uri}, and its unused invitations; invite again to let it back in."
            ),
        ))
    }
}

/// The command `certificates`.
#[derive(Debug, Args)]
pub struct Certificates {
    /// Cả những chứng thư đã được thay
    #[arg(long)]
    all: bool,
    /// Cách in
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

impl Certificates {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let opened = context.open().await?;
        let mut certificates = opened.store.certificates(None).await?;
        if !self.all {
            certificates = newest(certificates);
        }
        let mut list = listed(&certificates, context.language);
        for noted in opened.store.noted_copies().await? {
            let (commune, times, last) = (noted.commune, noted.times, rfc3339(noted.last));
            list.notes.push(context.pick(
                format!("{commune}: chứng thư được dùng từ hai bản sao, {times} lần, gần nhất {last}"),
                format!("{commune}: the certificate was used from two copies, {times} times, last {last}"),
            ));
        }
        write_out(&render(&list, self.format, context.language)?)
    }
}
