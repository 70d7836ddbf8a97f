//! `account`: accounts for the pages. Passwords are chosen by the people themselves, by a one-time link.

use super::{Context, Failure, Opened, commune, person, say, write_out};
use crate::{
    invitation::pages_address,
    report::cli::{Format, render},
    site::LINK_TIME,
    store::{Account, AccountChange, Role, Store, is_account_name},
};
use chrono::{DateTime, Utc};
use clap::{
    Args, Subcommand,
    builder::{PossibleValuesParser, TypedValueParser},
};
use pages::{password, token};
use shared::{
    calendar::rfc3339,
    listing::{Column, Form, Listing, for_people},
};
use std::io::{self, BufRead, Read};

fn name(text: &str) -> Result<String, String> {
    let text = text.trim().to_lowercase();
    if is_account_name(&text) { Ok(text) } else { Err("2–40 ký tự: a-z, 0-9, . - _".to_owned()) }
}

fn roles() -> impl TypedValueParser<Value = Role> {
    PossibleValuesParser::new(Role::ALL.map(Role::as_str)).try_map(|word| Role::from_word(&word).ok_or(word))
}

/// The commands `account`.
#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// Thêm tài khoản; in liên kết dùng một lần để người đó tự đặt mật khẩu
    Add(Add),
    /// Các tài khoản
    List {
        /// Cách in
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Liên kết mới để đặt lại mật khẩu; mật khẩu cũ và các phiên hết hiệu lực
    Link {
        /// Tên tài khoản
        #[arg(value_parser = name)]
        name: String,
    },
    /// Đổi quyền
    Role {
        /// Tên tài khoản
        #[arg(value_parser = name)]
        name: String,
        /// Quyền
        #[arg(value_parser = roles())]
        role: Role,
    },
    /// Khóa tài khoản, có hiệu lực ngay
    Disable {
        /// Tên tài khoản
        #[arg(value_parser = name)]
        name: String,
    },
    /// Mở lại tài khoản đã khóa
    Enable {
        /// Tên tài khoản
        #[arg(value_parser = name)]
        name: String,
    },
    /// Tắt mã xác thực của người đã mất điện thoại
    ResetCodes {
        /// Tên tài khoản
        #[arg(value_parser = name)]
        name: String,
    },
    /// Kết thúc mọi phiên của tài khoản
    SignOut {
        /// Tên tài khoản
        #[arg(value_parser = name)]
        name: String,
    },
}

/// The command `account add`.
#[derive(Debug, Args)]
pub struct Add {
    /// Tên tài khoản: a-z, 0-9, . - _
    #[arg(value_parser = name)]
    name: String,
    /// Họ và tên, hiện trong nhật ký và cho các xã thấy khi thẩm định
    #[arg(long, value_parser = person)]
    person: String,
    /// Quyền: xem; thẩm định; kỳ báo cáo, danh mục, gia hạn; tài khoản, xã
    #[arg(long, value_parser = roles(), default_value = "viewer")]
    role: Role,
    /// Lãnh đạo của một xã, chỉ xem xã mình
    #[arg(long, conflicts_with = "role")]
    commune: Option<String>,
    /// Đọc mật khẩu từ đầu vào chuẩn thay vì in liên kết
    #[arg(long)]
    password_stdin: bool,
}

impl AccountCommand {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let opened = context.open().await?;
        let now = opened.clock.real();
        let act = context.act_at(now);
        let change = async |name: &str, change, vi: &str, en: &str| {
            if !opened.store.change_account(name, change, act.clone()).await? {
                let is_known = opened.store.account(name).await?.is_some();
                return Err(if is_known { Failure::LastAdministrator } else { Failure::NoAccount(name.to_owned()) });
            }
            say(&context.pick(format!("{name}: {vi}"), format!("{name}: {en}")))
        };
        match self {
            AccountCommand::Add(add) => add.run(context, &opened, now).await,
            AccountCommand::List { format } => {
                write_out(&render(&list(&opened, context).await?, format, context.language)?)
            }
            AccountCommand::Link { name } => {
                let secret = token::new_token(&mut rand::rng());
                let link = AccountChange::Link(token::hash(&secret), now + LINK_TIME);
                change(&name, link, "đã tạo liên kết đặt lại mật khẩu", "a link to choose a password was made").await?;
                say(&told(context, &opened, &secret, now))
            }
            AccountCommand::Role { name, role } => {
                change(&name, AccountChange::Role(role, None), role.as_str(), role.as_str()).await
            }
            AccountCommand::Disable { name } => {
                change(&name, AccountChange::Disabled(true), "đã khóa", "disabled").await
            }
            AccountCommand::Enable { name } => {
                change(&name, AccountChange::Disabled(false), "đã mở lại", "enabled").await
            }
            AccountCommand::ResetCodes { name } => {
                change(&name, AccountChange::Totp(None), "đã tắt mã xác thực", "codes are off").await
            }
            AccountCommand::SignOut { name } => {
                if opened.store.account(&name).await?.is_none() {
                    return Err(Failure::NoAccount(name));
                }
                let ended = opened.store.end_web_sessions(&name, None, act).await?;
                say(&context
                    .pick(format!("{name}: đã kết thúc {ended} phiên"), format!("{name}: {ended} sessions ended")))
            }
        }
    }
}

impl Add {
    async fn run(self, context: &Context, opened: &Opened, now: DateTime<Utc>) -> Result<(), Failure> {
        let (_, catalogue) = opened.store.catalogue().await?;
        let commune = self.commune.as_deref().map(|typed| commune(&catalogue, typed)).transpose()?;
        let password = if self.password_stdin { Some(read_password(&self.name, context)?) } else { None };
        let secret = token::new_token(&mut rand::rng());
        let account = Account {
            name: self.name.clone(),
            person: self.person,
            role: self.role,
            commune: commune.map(|commune| commune.slug.clone()),
            password: None,
            totp: None,
            totp_step: 0,
            link: Some((token::hash(&secret), now + LINK_TIME)),
            created_at: now,
            signed_in_at: None,
            disabled_at: None,
        };
        if !opened.store.add_account(account, context.act_at(now)).await? {
            return Err(Failure::AccountExists(self.name));
        }
        let Some(password) = password else { return say(&told(context, opened, &secret, now)) };
        let hash = password::hash(password).await.map_err(|error| Failure::Password(error.to_string()))?;
        opened.store.change_account(&self.name, AccountChange::Password(hash), context.act_at(now)).await?;
        say(&context
            .pick(format!("{}: đã tạo, dùng được ngay", self.name), format!("{}: made, ready for use", self.name)))
    }
}

/// A password from standard input, as far as it is one that can be taken.
fn read_password(account: &str, context: &Context) -> Result<String, Failure> {
    let mut line = String::new();
    let most = u64::try_from(password::MAX_CHARS * 4 + 2).unwrap_or(u64::MAX);
    let read = io::stdin().lock().take(most).read_line(&mut line);
    read.map_err(|error| Failure::Password(error.to_string()))?;
    let line = line.trim_end_matches(['\r', '\n']);
    password::check(line, account).map_err(|weakness| Failure::Password(weakness.explain(context.language)))?;
    Ok(line.to_owned())
}

/// The link, and until when.
fn told(context: &Context, opened: &Opened, secret: &str, now: DateTime<Utc>) -> String {
    let base = pages_address(&opened.folder, &opened.config);
    let until = for_people(Form::Time, &rfc3339(now + LINK_TIME), context.language);
    context.pick(
        format!("Mở liên kết này để đặt mật khẩu (dùng một lần, đến {until}):\n\n  {base}/welcome/{secret}\n"),
        format!("Open this link to choose a password (once, until {until}):\n\n  {base}/welcome/{secret}\n"),
    )
}

async fn list(opened: &Opened, context: &Context) -> Result<Listing, Failure> {
    let l = |vi: &'static str, en: &'static str| context.language.pick(vi, en);
    let time = |at: Option<DateTime<Utc>>| at.map_or_else(String::new, rfc3339);
    let rows = opened.store.accounts().await?.into_iter().map(|account| {
        let state = match (&account.disabled_at, &account.password) {
            (Some(_), _) => l("đã khóa", "disabled"),
            (None, None) => l("chưa đặt mật khẩu", "no password yet"),
            (None, Some(_)) => l("dùng được", "usable"),
        };
        let codes = if account.totp.is_some() { "yes" } else { "no" };
        vec![
            account.name,
            account.person,
            account.role.as_str().to_owned(),
            account.commune.unwrap_or_default(),
            state.to_owned(),
            codes.to_owned(),
            time(account.signed_in_at),
        ]
    });
    Ok(Listing {
        title: l("Tài khoản của các trang", "Accounts for the pages").to_owned(),
        notes: Vec::new(),
        columns: vec![
            Column::new("name", l("Tài khoản", "Account"), Form::Text),
            Column::new("person", l("Họ và tên", "Name"), Form::Text),
            Column::new("role", l("Quyền", "Role"), Form::Text),
            Column::new("commune", l("Xã, phường", "Commune"), Form::Text),
            Column::new("state", l("Tình trạng", "State"), Form::Text),
            Column::new("codes", l("Mã xác thực", "Codes"), Form::Text),
            Column::new("signed_in_at", l("Đăng nhập gần nhất", "Last sign-in"), Form::Time),
        ],
        rows: rows.collect(),
    })
}
