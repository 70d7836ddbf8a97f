//! `token`: tokens by which other programs ask the API, with the rights of an account.

use super::{Context, Failure, Opened, say, write_out};
use crate::{
    api,
    report::cli::{Format, render},
    store::{ApiToken, Store, is_account_name},
};
use chrono::{DateTime, TimeDelta, Utc};
use clap::{Args, Subcommand};
use pages::token;
use shared::{
    calendar::rfc3339,
    listing::{Column, Form, Listing, for_people},
};

/// Characters of a token's id that are shown.
const ID_CHARS: usize = 12;

fn account(text: &str) -> Result<String, String> {
    let text = text.trim().to_lowercase();
    if is_account_name(&text) { Ok(text) } else { Err("2–40 ký tự: a-z, 0-9, . - _".to_owned()) }
}

fn label(text: &str) -> Result<String, String> {
    api::label(text).ok_or_else(|| format!("1–{} ký tự", api::MAX_LABEL_CHARS))
}

/// The commands `token`.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Tạo khóa API cho một tài khoản; khóa chỉ in ra một lần
    Add(Add),
    /// Các khóa API
    List {
        /// Cách in
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Kết thúc một khóa, có hiệu lực ngay
    Remove {
        /// Mã khóa trong `token list`, hoặc phần đầu của mã
        id: String,
    },
}

/// The command `token add`.
#[derive(Debug, Args)]
pub struct Add {
    /// Tài khoản mà khóa dùng quyền
    #[arg(value_parser = account)]
    account: String,
    /// Dùng để làm gì
    #[arg(long, value_parser = label)]
    label: String,
    /// Có hiệu lực bao nhiêu ngày
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=i64::from(api::MAX_TOKEN_DAYS)))]
    days: u32,
}

impl TokenCommand {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let opened = context.open().await?;
        let now = opened.clock.real();
        match self {
            TokenCommand::Add(add) => add.run(context, &opened, now).await,
            TokenCommand::List { format } => {
                let list = list(&opened.store.api_tokens().await?, now, context);
                write_out(&render(&list, format, context.language)?)
            }
            TokenCommand::Remove { id } => {
                let tokens = opened.store.api_tokens().await?;
                let mut fitting =
                    tokens.iter().filter(|token| !id.is_empty() && hex::encode(token.token).starts_with(&id));
                let (Some(found), None) = (fitting.next(), fitting.next()) else { return Err(Failure::NoToken(id)) };
                opened.store.remove_api_token(found.token, context.act_at(now)).await?;
                let (account, label) = (&found.account, &found.label);
                say(&context.pick(
                    format!("Đã kết thúc khóa “{label}” của {account}."),
                    format!("The token “{label}” of {account} is ended."),
                ))
            }
        }
    }
}

impl Add {
    async fn run(self, context: &Context, opened: &Opened, now: DateTime<Utc>) -> Result<(), Failure> {
        if opened.store.account(&self.account).await?.is_none() {
            return Err(Failure::NoAccount(self.account));
        }
        let held = opened.store.api_tokens().await?;
        if held.iter().filter(|token| token.account == self.account).count() >= api::MAX_TOKENS {
            return Err(Failure::TooManyTokens(self.account));
        }
        let secret = api::new_token(&mut rand::rng());
        let expires_at = now + TimeDelta::days(self.days.into());
        let token = ApiToken {
            token: token::hash(&secret),
            label: self.label,
            account: self.account,
            created_at: now,
            expires_at,
            used_at: None,
        };
        opened.store.add_api_token(token, context.act_at(now)).await?;
        let until = for_people(Form::Time, &rfc3339(expires_at), context.language);
        say(&context.pick(
            format!("Khóa API, có hiệu lực đến {until}. Chỉ hiện một lần, hãy cất kỹ:\n\n  {secret}\n"),
            format!("The token, good until {until}. It is shown this once, keep it safe:\n\n  {secret}\n"),
        ))
    }
}

fn list(tokens: &[ApiToken], now: DateTime<Utc>, context: &Context) -> Listing {
    let l = |vi: &'static str, en: &'static str| context.language.pick(vi, en);
    let rows = tokens.iter().map(|token| {
        let state =
            if token.expires_at <= now { l("đã hết hạn", "expired") } else { l("dùng được", "usable") };
        vec![
            hex::encode(token.token)[..ID_CHARS].to_owned(),
            token.account.clone(),
            token.label.clone(),
            rfc3339(token.created_at),
            rfc3339(token.expires_at),
            token.used_at.map_or_else(String::new, rfc3339),
            state.to_owned(),
        ]
    });
    Listing {
        title: l("Khóa API", "API tokens").to_owned(),
        notes: Vec::new(),
        columns: vec![
            Column::new("id", l("Mã", "Id"), Form::Text),
            Column::new("account", l("Tài khoản", "Account"), Form::Text),
            Column::new("label", l("Dùng cho", "For"), Form::Text),
            Column::new("created_at", l("Tạo lúc", "Made"), Form::Time),
            Column::new("expires_at", l("Đến", "Until"), Form::Time),
            Column::new("used_at", l("Dùng gần nhất", "Last used"), Form::Time),
            Column::new("state", l("Tình trạng", "State"), Form::Text),
        ],
        rows: rows.collect(),
    }
}
