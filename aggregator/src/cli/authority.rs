//! `authority`: changes the certificate authority without anyone having to join again. The next one is made and told to every agent;
//! when all trust it, the server's certificate comes from it too; the former one goes with the last certificate that it issued.

use super::{Context, Failure, Opened, say, say_aside, write_out};
use crate::{
    authorities::{self, Authorities, KeysError},
    authority::Authority,
    enrol::{LONGEST_ABSENCE, random},
    folder::Folder,
    keyring::{self, LOOK_INTERVAL},
    report::cli::{Format, render},
    store::{Act, CertificateRecord, Store},
};
use clap::Subcommand;
use proto::{identity::Validity, tls::Fingerprint};
use rustls::pki_types::CertificateDer;
use shared::{
    calendar::rfc3339,
    language::Language,
    listing::{Column, Form, Listing},
};

/// How often a running `serve` is asked whether it has taken a change over, before the command ends without its word.
const LOOKS: u32 = 10;

/// The commands.
#[derive(Debug, Subcommand)]
pub enum AuthorityCommand {
    /// Bắt đầu đổi: tạo cơ quan chứng thực mới, cả hai cùng được tin
    Rotate,
    /// Tình trạng: dấu vân tay, bao nhiêu xã đã tin cơ quan mới, còn bao nhiêu chứng thư cũ
    Status {
        /// Cách in
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Kết thúc: máy chủ dùng chứng thư của cơ quan mới; chạy lần nữa để bỏ cơ quan cũ
    Finish {
        /// Cả khi có xã chưa báo là đã tin cơ quan mới: các xã đó phải tham gia lại
        #[arg(long)]
        force: bool,
    },
}

impl AuthorityCommand {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let opened = context.open().await?;
        match self {
            AuthorityCommand::Rotate => {
                rotate(context, &opened).await?;
                tell_of_others(context, &opened)
            }
            AuthorityCommand::Status { format } => {
                let list = status(&opened, context.language).await?;
                write_out(&render(&list, format, context.language)?)
            }
            AuthorityCommand::Finish { force } => {
                finish(context, &opened, force).await?;
                tell_of_others(context, &opened)
            }
        }
    }
}

/// Where several servers may share the store, each needs the keys.
fn tell_of_others(context: &Context, opened: &Opened) -> Result<(), Failure> {
    if !opened.store.is_shared() {
        return Ok(());
    }
    say(context.language.pick(
        "Nếu còn máy chủ khác trên cùng cơ sở dữ liệu: `keys export` ở đây và `keys import` ở đó ngay bây giờ.",
        "If there are other servers on the same database: `keys export` here and `keys import` there, now.",
    ))
}

/// An act in real time: keys and certificates know no other.
fn act(context: &Context, opened: &Opened) -> Act {
    context.act_at(opened.clock.real())
}

async fn rotate(context: &Context, opened: &Opened) -> Result<(), Failure> {
    let before = Authorities::open(&opened.folder)?;
    match (&before.next, &before.former) {
        (Some(_), _) => return Err(KeysError::Rotating.into()),
        (None, Some(_)) => return Err(KeysError::FormerNeeded.into()),
        (None, None) => {}
    }
    let province = opened.store.founding().await?.province;
    let (next, key) = Authority::make(&province, random(), opened.clock.real())?;
    let fingerprint = next.fingerprint();
    opened.store.note("authority_rotated", &format!("next {fingerprint}"), act(context, opened)).await?;
    authorities::begin(&opened.folder, &next, &key)?;
    say(&context.pick(
        format!(
            "Đã tạo cơ quan chứng thực mới, dấu vân tay {fingerprint}.\nCác xã biết đến nó qua các phiên đồng bộ tới; mã mời vẫn dùng dấu vân tay cũ. Theo dõi bằng `authority status`, rồi `authority finish`."
        ),
        format!(
            "Made the next authority, fingerprint {fingerprint}.\nThe communes learn of it in their next sessions; invitations keep the old fingerprint. Watch `authority status`, then `authority finish`."
        ),
    ))?;
    taken_over(context, &opened.folder).await
}

async fn finish(context: &Context, opened: &Opened, force: bool) -> Result<(), Failure> {
    let before = Authorities::open(&opened.folder)?;
    if before.next.is_none() {
        return drop_former(context, opened, &before).await;
    }
    let missing = missing(opened, before.issuing().fingerprint()).await?;
    if !missing.is_empty() && !force {
        return Err(Failure::NotReported(missing));
    }
    let (from, to) = (before.current.fingerprint(), before.issuing().fingerprint());
    let detail = format!("from {from} to {to}, not reported: {}", missing.join(" "));
    opened.store.note("authority_switched", &detail, act(context, opened)).await?;
    authorities::switch(&opened.folder)?;
    say(&context.pick(
        format!("Máy chủ dùng cơ quan chứng thực mới, dấu vân tay {to}. Mã mời đã gửi mà chưa dùng phải gửi lại."),
        format!(
            "The server is of the next authority now, fingerprint {to}. Invitations not used yet must be given anew."
        ),
    ))?;
    if !missing.is_empty() {
        let communes = missing.join(", ");
        say_aside(
            &context.pick(format!("Phải tham gia lại: {communes}"), format!("These must join again: {communes}")),
        );
    }
    taken_over(context, &opened.folder).await?;
    let after = Authorities::open(&opened.folder)?;
    let left = keyring::of_others(&opened.store, &after, opened.clock.real()).await?;
    let staff: Vec<&str> = left.iter().filter(|one| one.commune.is_none()).map(|one| one.identity.as_str()).collect();
    if !staff.is_empty() {
        let staff = staff.join(", ");
        say_aside(&context.pick(
            format!("Chứng thư cán bộ cần cấp lại (lệnh credential): {staff}"),
            format!("Staff certificates to be issued anew (the command credential): {staff}"),
        ));
    }
    if keyring::former_is_needed(&opened.store, &after, opened.clock.real()).await? {
        return Ok(());
    }
    drop_former(context, opened, &after).await
}

/// The second half of `finish`.
async fn drop_former(context: &Context, opened: &Opened, authorities: &Authorities) -> Result<(), Failure> {
    let Some(former) = &authorities.former else { return Err(KeysError::NotRotating.into()) };
    if keyring::former_is_needed(&opened.store, authorities, opened.clock.real()).await? {
        return Err(KeysError::FormerNeeded.into());
    }
    let former = Fingerprint::of(former);
    opened.store.note("authority_dropped", &former.to_string(), act(context, opened)).await?;
    authorities::drop_former(&opened.folder)?;
    say(&context.pick(
        format!("Không còn tin cơ quan chứng thực cũ {former}: mọi chứng thư của nó đã hết hạn."),
        format!("The former authority {former} is not trusted any more: all its certificates have expired."),
    ))?;
    taken_over(context, &opened.folder).await
}

/// The communes that can still come back and have not reported that they trust an authority.
async fn missing(opened: &Opened, authority: Fingerprint) -> Result<Vec<String>, Failure> {
    let reports = opened.store.trust_reports(opened.clock.real() - LONGEST_ABSENCE).await?;
    let missing = reports.into_iter().filter(|report| !report.authorities.contains(&authority.0));
    Ok(missing.map(|report| report.commune).collect())
}

/// Waits a while for a running `serve` to work with what is on the disk.
pub(super) async fn taken_over(context: &Context, folder: &Folder) -> Result<(), Failure> {
    let wanted = keyring::noted(&Authorities::read(folder)?);
    let mut ticks = tokio::time::interval(LOOK_INTERVAL / 2);
    for _ in 0..LOOKS {
        ticks.tick().await;
        match folder.authorities_in_force() {
            None => return Ok(()),
            Some(noted) if noted == wanted => {
                return say(context
                    .language
                    .pick("Máy chủ đang chạy đã áp dụng.", "The running server has taken it over."));
            }
            Some(_) => {}
        }
    }
    say_aside(context.language.pick(
        "Máy chủ chưa xác nhận; nếu đang chạy, nó sẽ tự áp dụng trong vài giây.",
        "The server has not confirmed it; if it is running it takes it over within seconds.",
    ));
    Ok(())
}

async fn status(opened: &Opened, language: Language) -> Result<Listing, Failure> {
    let authorities = Authorities::open(&opened.folder)?;
    let now = opened.clock.real();
    let live = opened.store.certificates(Some(now)).await?;
    let reports = opened.store.trust_reports(now - LONGEST_ABSENCE).await?;
    let l = |vi, en| language.pick(vi, en);
    let mut list = Listing {
        title: l("Cơ quan chứng thực", "Certificate authorities").into(),
        columns: vec![
            Column::new("role", l("Vai trò", "Role"), Form::Text),
            Column::new("fingerprint", "", Form::Text),
            Column::new("since", l("Từ", "Since"), Form::Time),
            Column::new("until", l("Đến", "Until"), Form::Time),
            Column::new("trusted_by", l("Xã đã tin", "Communes trust"), Form::Number),
            Column::new("communes", l("Tổng số xã", "Communes"), Form::Number),
            Column::new("live", l("Chứng thư còn hạn", "Live certificates"), Form::Number),
            Column::new("last_expires", l("Hết hạn cuối", "Last expires"), Form::Time),
        ],
        ..Listing::default()
    };
    let current = authorities.current.certificate().clone();
    let next = authorities.next.as_ref().map(|next| next.certificate().clone());
    let roles = [("current", Some(current.clone())), ("next", next), ("former", authorities.former.clone())];
    for (role, certificate) in roles.into_iter().filter_map(|(role, certificate)| Some((role, certificate?))) {
        let fingerprint = Fingerprint::of(&certificate);
        // Before a rotation no issuer was noted: it was the one that there was.
        let oldest = authorities.former.as_ref().unwrap_or(&current);
        let issued = issued_by(&live, fingerprint, Fingerprint::of(oldest) == fingerprint);
        let trusted_by = reports.iter().filter(|report| report.authorities.contains(&fingerprint.0)).count();
        let [since, until] = span(&certificate)?;
        list.rows.push(vec![
            role.into(),
            fingerprint.to_string(),
            since,
            until,
            trusted_by.to_string(),
            reports.len().to_string(),
            issued.len().to_string(),
            issued.iter().map(|one| one.not_after).max().map_or_else(String::new, rfc3339),
        ]);
        list.notes.push(format!("{role}: {fingerprint}"));
    }
    if let Some(next) = &authorities.next {
        let missing = missing(opened, next.fingerprint()).await?;
        if !missing.is_empty() {
            list.notes.push(format!("{}: {}", l("Chưa báo đã tin", "Not reported yet"), missing.join(", ")));
        }
    }
    Ok(list)
}

fn issued_by(live: &[CertificateRecord], issuer: Fingerprint, also_unnoted: bool) -> Vec<&CertificateRecord> {
    live.iter().filter(|one| one.issuer.map_or(also_unnoted, |noted| noted == issuer.0)).collect()
}

fn span(certificate: &CertificateDer<'_>) -> Result<[String; 2], Failure> {
    let Validity { not_before, not_after } = Validity::of(certificate)?;
    Ok([rfc3339(not_before), rfc3339(not_after)])
}
