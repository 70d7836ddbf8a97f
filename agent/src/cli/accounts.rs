//! `account`: who may sign in to the page. Passwords come from a prompt or from standard input, never from the command line.

use super::{
    Desk, Failure, Printed,
    arguments::Account as Asked,
    looking::print,
    syncing::wait_for,
    table::{Column, Format, list, text},
    words,
};
use crate::{
    entry::check_name,
    store::{
        Store,
        account::{Account, MAX_ACCOUNTS},
    },
};
use pages::password::{self, HashError, Weakness};
use shared::{calendar::rfc3339, language::Language};
use std::io::{self, BufRead, IsTerminal, Write};
use thiserror::Error;

/// Longest name of an account.
const MAX_NAME: usize = 40;
/// Longest line that is read as a password, in bytes.
const MAX_LINE_BYTES: u64 = 4_096;

/// Why an account is not made or changed.
#[derive(Debug, Error)]
pub enum AccountError {
    /// Not a name that can be signed in with.
    #[error("not a name of an account: {0:?}")]
    Name(String),
    /// The full name cannot sign figures.
    #[error("the full name cannot be kept")]
    FullName,
    /// There is one of this name.
    #[error("the account {0} exists already")]
    Exists(String),
    /// There is none of this name.
    #[error("there is no account {0}")]
    Unknown(String),
    /// There are as many as can be.
    #[error("there are {MAX_ACCOUNTS} accounts already")]
    Full,
    /// The password breaks a rule.
    #[error(transparent)]
    Weak(#[from] Weakness),
    /// The password was typed differently the second time.
    #[error("the two passwords are not the same")]
    NotTheSame,
    /// It could not be hashed.
    #[error(transparent)]
    Hash(#[from] HashError),
}

impl AccountError {
    /// Whether a rule says no, rather than the system.
    pub fn is_refusal(&self) -> bool {
        !matches!(self, Self::Hash(_))
    }

    /// For the person who asked.
    pub fn explain(&self, language: Language) -> String {
        match self {
            Self::Name(name) => language.pick(
                format!("{name:?} không dùng làm tên tài khoản được: chữ thường không dấu, chữ số, dấu . - _, dài nhất {MAX_NAME} ký tự"),
                format!("{name:?} cannot name an account: small letters without diacritics, digits, . - _, at most {MAX_NAME}"),
            ),
            Self::FullName => language
                .pick("họ tên dài nhất 200 ký tự, không có ký tự điều khiển", "the full name has at most 200 characters, none of control")
                .into(),
            Self::Exists(name) => language.pick(
                format!("đã có tài khoản {name}: đổi mật khẩu bằng `commune-agent account password {name}`"),
                format!("the account {name} exists already: change its password with `commune-agent account password {name}`"),
            ),
            Self::Unknown(name) => {
                language.pick(format!("không có tài khoản {name}"), format!("there is no account {name}"))
            }
            Self::Full => language
                .pick(format!("đã có {MAX_ACCOUNTS} tài khoản, nhiều nhất"), format!("there are {MAX_ACCOUNTS} accounts, the most")),
            Self::Weak(weakness) => weakness.explain(language),
            Self::NotTheSame => {
                language.pick("hai lần nhập mật khẩu không giống nhau", "the two passwords are not the same").into()
            }
            Self::Hash(error) => language.pick(format!("không tạo được mật khẩu: {error}"), error.to_string()),
        }
    }
}

/// `account`
pub fn account(desk: &Desk, asked: &Asked) -> Result<Printed, Failure> {
    let mut store = Store::open(&desk.folder)?;
    match asked {
        Asked::List => all(desk, &store),
        Asked::Add { name, full_name } => {
            let name = name_of(name)?;
            if check_name(full_name).is_err() {
                return Err(AccountError::FullName.into());
            }
            if store.view().account(&name)?.is_some() {
                return Err(AccountError::Exists(name).into());
            }
            let password = wait_for(password::hash(new_password(desk, &name)?))?.map_err(AccountError::from)?;
            let full_name = full_name.trim().to_owned();
            let made = Account { name: name.clone(), full_name, password, made_at: desk.clock.now() };
            store.write(|writing| {
                if writing.view().account_count()? >= MAX_ACCOUNTS {
                    return Err(Failure::from(AccountError::Full));
                }
                Ok(writing.keep_account(&made)?)
            })?;
            Ok(desk
                .language
                .pick(
                    format!("Đã tạo tài khoản {name}. Từ nay trang của xã cần đăng nhập.\n"),
                    format!("Made the account {name}. The commune's page asks to sign in from now on.\n"),
                )
                .into())
        }
        Asked::Password { name } => {
            let held = held(&store, name)?;
            let password = wait_for(password::hash(new_password(desk, &held.name)?))?.map_err(AccountError::from)?;
            let name = held.name.clone();
            store.write(|writing| {
                writing.keep_account(&Account { password, ..held })?;
                writing.end_visits(&name, None)
            })?;
            Ok(desk
                .language
                .pick(
                    format!("Đã đổi mật khẩu của {name}; ai đang đăng nhập bằng tài khoản này phải đăng nhập lại.\n"),
                    format!("Changed the password of {name}; whoever is signed in with it has to sign in again.\n"),
                )
                .into())
        }
        Asked::Remove { name } => {
            let name = held(&store, name)?.name;
            store.write(|writing| writing.drop_account(&name).map(drop))?;
            let left = store.view().account_count()?;
            let mut text =
                desk.language.pick(format!("Đã xóa tài khoản {name}.\n"), format!("Removed the account {name}.\n"));
            if left == 0 {
                text += desk.language.pick(
                    "Không còn tài khoản nào: trang chỉ mở trên máy này, không cần đăng nhập.\n",
                    "No account is left: the page is open on this computer alone, without signing in.\n",
                );
            }
            Ok(text.into())
        }
    }
}

const COLUMNS: [Column; 3] = [
    text("name", "Tài khoản", "Account"),
    text("full_name", "Họ tên", "Full name"),
    text("made_at", "Tạo lúc", "Made"),
];

fn all(desk: &Desk, store: &Store) -> Result<Printed, Failure> {
    let accounts = store.view().accounts()?;
    let made = |account: &Account| match desk.format {
        Format::Table => words::instant(account.made_at),
        _ => rfc3339(account.made_at),
    };
    let rows = accounts.iter().map(|one| vec![one.name.clone(), one.full_name.clone(), made(one)]).collect();
    let people = match accounts.len() {
        0 => desk.language.pick(
            "Chưa có tài khoản: trang chỉ mở trên máy này, không cần đăng nhập\n".to_owned(),
            "No account: the page is open on this computer alone, without signing in\n".to_owned(),
        ),
        count => desk.language.pick(format!("{count} tài khoản\n"), format!("{count} accounts\n")),
    };
    Ok(print(desk, &list(&COLUMNS, rows, desk.language), &people))
}

fn name_of(typed: &str) -> Result<String, AccountError> {
    let name = typed.trim().to_lowercase();
    let fits = (1..=MAX_NAME).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-_".contains(&b));
    if fits { Ok(name) } else { Err(AccountError::Name(typed.chars().take(MAX_NAME).collect())) }
}

fn held(store: &Store, typed: &str) -> Result<Account, Failure> {
    let name = name_of(typed)?;
    Ok(store.view().account(&name)?.ok_or(AccountError::Unknown(name))?)
}

/// Asks a person twice; of a program one line is read.
fn new_password(desk: &Desk, name: &str) -> Result<String, Failure> {
    let l = |vi, en| desk.language.pick(vi, en);
    let is_person = io::stdin().is_terminal();
    let password = match is_person {
        true => ask(l("Mật khẩu mới: ", "New password: "))?,
        false => line()?,
    };
    password::check(&password, name).map_err(AccountError::from)?;
    if is_person && ask(l("Nhập lại: ", "Again: "))? != password {
        return Err(AccountError::NotTheSame.into());
    }
    Ok(password)
}

fn line() -> io::Result<String> {
    let mut text = String::new();
    io::Read::take(io::stdin().lock(), MAX_LINE_BYTES).read_line(&mut text)?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// A line that is not shown while it is typed, where the terminal can do that.
fn ask(prompt: &str) -> io::Result<String> {
    let mut terminal = io::stderr();
    write!(terminal, "{prompt}")?;
    terminal.flush()?;
    let is_hidden = stty("-echo");
    let typed = line();
    if is_hidden {
        stty("echo");
        writeln!(terminal)?;
    }
    typed
}

#[cfg(unix)]
fn stty(mode: &str) -> bool {
    std::process::Command::new("stty").arg(mode).status().is_ok_and(|status| status.success())
}

#[cfg(not(unix))]
fn stty(_: &str) -> bool {
    false
}
