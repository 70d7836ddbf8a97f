//! Accounts, sessions and tokens. What people change has a line in the audit history; that a session was used has none.

use super::{
    super::{
        Account, AccountChange, Act, ApiToken, MAX_ACCOUNTS, MAX_SESSIONS_OF_ACCOUNT, Role, StoreError, WebSession,
    },
    audit::note,
    columns,
};
use crate::store::engine::{Connection, Error, OptionalRow, Row, ToCell, params};
use chrono::{DateTime, Utc};

const COLUMNS: &str =
    "SELECT name, person, role, commune, password, totp, totp_step, link, link_until, created_at, signed_in_at,
  disabled_at FROM account";

fn read(row: Row<'_>) -> Result<Result<Account, StoreError>, Error> {
    let role: String = row.get(2)?;
    let step: i64 = row.get(6)?;
    let (link, until): (Option<[u8; 32]>, Option<i64>) = (row.get(7)?, row.get(8)?);
    let (name, person, commune) = (row.get(0)?, row.get(1)?, row.get(3)?);
    let (password, totp) = (row.get(4)?, row.get(5)?);
    let (created, signed_in, disabled): (i64, Option<i64>, Option<i64>) = (row.get(9)?, row.get(10)?, row.get(11)?);
    Ok((|| {
        Ok(Account {
            name,
            person,
            role: Role::from_word(&role).ok_or(StoreError::Unreadable("role"))?,
            commune,
            password,
            totp,
            totp_step: u64::try_from(step).map_err(|_| StoreError::Unreadable("one-time code"))?,
            link: link.zip(columns::to_optional_time(until)?),
            created_at: columns::to_time(created)?,
            signed_in_at: columns::to_optional_time(signed_in)?,
            disabled_at: columns::to_optional_time(disabled)?,
        })
    })())
}

pub(super) fn all(connection: &Connection) -> Result<Vec<Account>, StoreError> {
    let mut statement = connection.prepare_cached(&format!("{COLUMNS} ORDER BY name"))?;
    let rows: Vec<Result<Account, StoreError>> = statement.query_map(params![], read)?;
    rows.into_iter().collect()
}

pub(super) fn one(connection: &Connection, name: &str) -> Result<Option<Account>, StoreError> {
    let mut statement = connection.prepare_cached(&format!("{COLUMNS} WHERE name = ?1"))?;
    statement.query_row([name], read).optional()?.transpose()
}

pub(super) fn by_link(connection: &Connection, link: [u8; 32]) -> Result<Option<Account>, StoreError> {
    let mut statement = connection.prepare_cached(&format!("{COLUMNS} WHERE link = ?1"))?;
    statement.query_row([link], read).optional()?.transpose()
}

pub(super) fn add(connection: &Connection, account: &Account, act: &Act) -> Result<bool, StoreError> {
    let held: u32 = connection.query_row("SELECT count(*) FROM account", params![], |row| row.get(0))?;
    if held >= MAX_ACCOUNTS {
        return Ok(false);
    }
    let (link, until) = account.link.map(|(link, until)| (link, columns::time(until))).unzip();
    let added = connection
        .prepare_cached(
            "INSERT INTO account (name, person, role, commune, link, link_until, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (name) DO NOTHING",
        )?
        .execute(params![
            account.name,
            account.person,
            account.role.as_str(),
            account.commune,
            link,
            until,
            columns::time(account.created_at)
        ])?;
    if added == 1 {
        let of = account.commune.as_ref().map_or_else(String::new, |commune| format!(", {commune}"));
        let detail = format!("{}: {}, {}{of}", account.name, account.person, account.role.as_str());
        note(connection, act, "account_added", &detail)?;
    }
    Ok(added == 1)
}

/// Whether a change takes the rights of the only administrator who can sign in.
fn leaves_nobody(connection: &Connection, name: &str, change: &AccountChange) -> Result<bool, StoreError> {
    let takes = match change {
        AccountChange::Role(role, commune) => *role != Role::Administrator || commune.is_some(),
        AccountChange::Disabled(disabled) => *disabled,
        _ => false,
    };
    if !takes {
        return Ok(false);
    }
    let sql = "SELECT count(*), count(*) FILTER (WHERE name = ?2) FROM account
               WHERE role = ?1 AND commune IS NULL AND password IS NOT NULL AND disabled_at IS NULL";
    let mut statement = connection.prepare_cached(sql)?;
    let (all, own): (u32, u32) =
        statement.query_row([Role::Administrator.as_str(), name], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(all == 1 && own == 1)
}

pub(super) fn change(
    connection: &Connection,
    name: &str,
    change: &AccountChange,
    act: &Act,
) -> Result<bool, StoreError> {
    if leaves_nobody(connection, name, change)? {
        return Ok(false);
    }
    let execute = |sql: &str, values: &[&dyn ToCell]| -> Result<usize, StoreError> {
        Ok(match *values {
            [first] => connection.prepare_cached(sql)?.execute([first.cell()])?,
            [first, second] => connection.prepare_cached(sql)?.execute([first.cell(), second.cell()])?,
            [first, second, third, ..] => {
                connection.prepare_cached(sql)?.execute([first.cell(), second.cell(), third.cell()])?
            }
            [] => connection.prepare_cached(sql)?.execute(params![])?,
        })
    };
    let (changed, what, detail) = match change {
        AccountChange::Person(person) => {
            let changed = execute("UPDATE account SET person = ?2 WHERE name = ?1", &[&name, person])?;
            (changed, "account_renamed", format!("{name}: {person}"))
        }
        AccountChange::Role(role, commune) => {
            let sql = "UPDATE account SET role = ?2, commune = ?3 WHERE name = ?1";
            let of = commune.as_ref().map_or_else(String::new, |commune| format!(", {commune}"));
            let changed = execute(sql, &[&name, &role.as_str(), commune])?;
            (changed, "account_role_set", format!("{name}: {}{of}", role.as_str()))
        }
        AccountChange::Password(hash) => {
            let sql = "UPDATE account SET password = ?2, link = NULL, link_until = NULL WHERE name = ?1";
            (execute(sql, &[&name, hash])?, "account_password_set", name.to_owned())
        }
        AccountChange::Link(link, until) => {
            let sql = "UPDATE account SET link = ?2, link_until = ?3, password = NULL WHERE name = ?1";
            (execute(sql, &[&name, link, &columns::time(*until)])?, "account_link_made", name.to_owned())
        }
        AccountChange::Totp(secret) => {
            let what = if secret.is_some() { "account_codes_on" } else { "account_codes_off" };
            (
                execute("UPDATE account SET totp = ?2, totp_step = 0 WHERE name = ?1", &[&name, secret])?,
                what,
                name.to_owned(),
            )
        }
        AccountChange::Step(step) => {
            let step = i64::try_from(*step).unwrap_or(i64::MAX);
            // False when the same step, or a later one, was used before.
            return Ok(execute(
                "UPDATE account SET totp_step = ?2 WHERE name = ?1 AND totp_step < ?2",
                &[&name, &step],
            )? == 1);
        }
        AccountChange::Disabled(disabled) => {
            let at = disabled.then(|| columns::time(act.at));
            let what = if *disabled { "account_disabled" } else { "account_enabled" };
            (execute("UPDATE account SET disabled_at = ?2 WHERE name = ?1", &[&name, &at])?, what, name.to_owned())
        }
    };
    if changed == 0 {
        return Ok(false);
    }
    if !matches!(change, AccountChange::Person(_)) {
        execute("DELETE FROM web_session WHERE account = ?1", &[&name])?;
    }
    note(connection, act, what, &detail)?;
    Ok(true)
}

pub(super) fn open_session(connection: &Connection, session: &WebSession, act: &Act) -> Result<(), StoreError> {
    let at = columns::time(session.opened_at);
    connection
        .prepare_cached(
            "INSERT INTO web_session (token, account, opened_at, used_at, origin) VALUES (?1, ?2, ?3, ?3, ?4)",
        )?
        .execute(params![session.token, session.account, at, session.origin])?;
    connection
        .prepare_cached(
            "DELETE FROM web_session WHERE account = ?1 AND token NOT IN
               (SELECT token FROM web_session WHERE account = ?1 ORDER BY opened_at DESC LIMIT ?2)",
        )?
        .execute(params![session.account, MAX_SESSIONS_OF_ACCOUNT])?;
    connection
        .prepare_cached("UPDATE account SET signed_in_at = ?2 WHERE name = ?1")?
        .execute(params![session.account, at])?;
    note(connection, act, "signed_in", &session.account)
}

fn session_of(row: Row<'_>) -> Result<(WebSession, i64, i64), Error> {
    let session = WebSession {
        token: row.get(0)?,
        account: row.get(1)?,
        opened_at: DateTime::UNIX_EPOCH,
        used_at: DateTime::UNIX_EPOCH,
        origin: row.get(4)?,
    };
    Ok((session, row.get(2)?, row.get(3)?))
}

pub(super) fn session(connection: &Connection, token: [u8; 32]) -> Result<Option<(WebSession, Account)>, StoreError> {
    let sql = "SELECT token, account, opened_at, used_at, origin FROM web_session WHERE token = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let Some((session, opened, used)) = statement.query_row([token], session_of).optional()? else { return Ok(None) };
    let session = WebSession { opened_at: columns::to_time(opened)?, used_at: columns::to_time(used)?, ..session };
    Ok(one(connection, &session.account)?.map(|account| (session, account)))
}

pub(super) fn use_session(connection: &Connection, token: [u8; 32], at: DateTime<Utc>) -> Result<(), StoreError> {
    let sql = "UPDATE web_session SET used_at = ?2 WHERE token = ?1";
    connection.prepare_cached(sql)?.execute(params![token, columns::time(at)])?;
    Ok(())
}

pub(super) fn end_sessions(
    connection: &Connection,
    account: &str,
    token: Option<[u8; 32]>,
    act: &Act,
) -> Result<u32, StoreError> {
    let sql = "DELETE FROM web_session WHERE account = ?1 AND (token = ?2 OR ?2 IS NULL)";
    let ended = connection.prepare_cached(sql)?.execute(params![account, token])?;
    if ended > 0 {
        note(connection, act, "signed_out", account)?;
    }
    Ok(u32::try_from(ended).unwrap_or(u32::MAX))
}

pub(super) fn forget_sessions(
    connection: &Connection,
    used_before: DateTime<Utc>,
    opened_before: DateTime<Utc>,
) -> Result<(), StoreError> {
    let sql = "DELETE FROM web_session WHERE used_at < ?1 OR opened_at < ?2";
    connection.prepare_cached(sql)?.execute(params![columns::time(used_before), columns::time(opened_before)])?;
    Ok(())
}

pub(super) fn add_token(connection: &Connection, token: &ApiToken, act: &Act) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO api_token (token, label, account, created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            token.token,
            token.label,
            token.account,
            columns::time(token.created_at),
            columns::time(token.expires_at)
        ])?;
    note(connection, act, "token_added", &format!("{}: {}", token.account, token.label))
}

const TOKEN_COLUMNS: &str = "SELECT token, label, account, created_at, expires_at, used_at FROM api_token";

fn token_of(row: Row<'_>) -> Result<Result<ApiToken, StoreError>, Error> {
    let (token, label, account) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let (created, expires, used): (i64, i64, Option<i64>) = (row.get(3)?, row.get(4)?, row.get(5)?);
    Ok((|| {
        Ok(ApiToken {
            token,
            label,
            account,
            created_at: columns::to_time(created)?,
            expires_at: columns::to_time(expires)?,
            used_at: columns::to_optional_time(used)?,
        })
    })())
}

pub(super) fn tokens(connection: &Connection) -> Result<Vec<ApiToken>, StoreError> {
    let mut statement = connection.prepare_cached(&format!("{TOKEN_COLUMNS} ORDER BY account, created_at, token"))?;
    let rows: Vec<Result<ApiToken, StoreError>> = statement.query_map(params![], token_of)?;
    rows.into_iter().collect()
}

pub(super) fn token(connection: &Connection, token: [u8; 32]) -> Result<Option<(ApiToken, Account)>, StoreError> {
    let mut statement = connection.prepare_cached(&format!("{TOKEN_COLUMNS} WHERE token = ?1"))?;
    let Some(found) = statement.query_row([token], token_of).optional()?.transpose()? else { return Ok(None) };
    Ok(one(connection, &found.account)?.map(|account| (found, account)))
}

pub(super) fn use_token(connection: &Connection, token: [u8; 32], at: DateTime<Utc>) -> Result<(), StoreError> {
    let sql = "UPDATE api_token SET used_at = ?2 WHERE token = ?1";
    connection.prepare_cached(sql)?.execute(params![token, columns::time(at)])?;
    Ok(())
}

pub(super) fn remove_token(connection: &Connection, token: [u8; 32], act: &Act) -> Result<bool, StoreError> {
    let Some(found) = self::token(connection, token)? else { return Ok(false) };
    connection.prepare_cached("DELETE FROM api_token WHERE token = ?1")?.execute([token])?;
    note(connection, act, "token_removed", &format!("{}: {}", found.0.account, found.0.label))?;
    Ok(true)
}
