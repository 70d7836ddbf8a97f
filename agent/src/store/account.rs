//! Who may sign in to the page, and who is signed in.

use super::{StoreError, View, Writing, unsigned};
use crate::clock::instant_of_ms;
use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::OptionalExtension;

/// Most accounts.
pub const MAX_ACCOUNTS: u64 = 200;
/// A session ends when nothing was asked for so long.
pub const IDLE: TimeDelta = TimeDelta::hours(8);
/// A session ends after so long in any case.
pub const LONGEST: TimeDelta = TimeDelta::days(7);
/// How often it is noted that somebody is still there.
const NOTED: TimeDelta = TimeDelta::minutes(5);

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The name to sign in with.
    pub name: String,
    /// The person's name, as figures are signed.
    pub full_name: String,
    /// Hash of the password.
    pub password: String,
    /// When it was made.
    pub made_at: DateTime<Utc>,
}

impl Account {
    /// Who enters something with it.
    #[must_use]
    pub fn signature(&self) -> &str {
        if self.full_name.is_empty() { &self.name } else { &self.full_name }
    }
}

impl View<'_> {
    /// All accounts by name.
    ///
    /// # Errors
    /// What the store says.
    pub fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        let mut statement =
            self.0.prepare_cached("SELECT name, full_name, password, made_at_ms FROM account ORDER BY name")?;
        let accounts = statement.query_map([], |row| {
            Ok(Account {
                name: row.get(0)?,
                full_name: row.get(1)?,
                password: row.get(2)?,
                made_at: instant_of_ms(row.get(3)?),
            })
        })?;
        Ok(accounts.collect::<Result<_, _>>()?)
    }

    /// An account by its name.
    ///
    /// # Errors
    /// What the store says.
    pub fn account(&self, name: &str) -> Result<Option<Account>, StoreError> {
        Ok(self.accounts()?.into_iter().find(|account| account.name == name))
    }

    /// How many accounts there are.
    ///
    /// # Errors
    /// What the store says.
    pub fn account_count(&self) -> Result<u64, StoreError> {
        Ok(unsigned(self.0.query_row("SELECT count(*) FROM account", [], |row| row.get(0))?))
    }

    /// Whose session a token is, if it has not ended; and whether it is time to note that somebody is there.
    ///
    /// # Errors
    /// What the store says.
    pub fn visitor(&self, token: [u8; 32], now: DateTime<Utc>) -> Result<Option<(Account, bool)>, StoreError> {
        let sql = "SELECT account, begun_at_ms, seen_at_ms FROM visit WHERE token = ?1";
        let mut statement = self.0.prepare_cached(sql)?;
        let found = statement.query_row([token], |row| {
            Ok((row.get::<_, String>(0)?, instant_of_ms(row.get(1)?), instant_of_ms(row.get(2)?)))
        });
        let Some((name, begun, seen)) = found.optional()? else { return Ok(None) };
        if now - begun >= LONGEST || now - seen >= IDLE {
            return Ok(None);
        }
        Ok(self.account(&name)?.map(|account| (account, now - seen >= NOTED)))
    }
}

impl Writing<'_> {
    /// Makes an account, or changes the one of the same name.
    ///
    /// # Errors
    /// What the store says.
    pub fn keep_account(&self, account: &Account) -> Result<(), StoreError> {
        let sql = "INSERT INTO account (name, full_name, password, made_at_ms) VALUES (?1, ?2, ?3, ?4)
                   ON CONFLICT (name) DO UPDATE SET full_name = excluded.full_name, password = excluded.password";
        let made_at_ms = account.made_at.timestamp_millis();
        self.transaction.execute(sql, (&account.name, &account.full_name, &account.password, made_at_ms))?;
        Ok(())
    }

    /// Removes an account with its sessions; false when there is none.
    ///
    /// # Errors
    /// What the store says.
    pub fn drop_account(&self, name: &str) -> Result<bool, StoreError> {
        Ok(self.transaction.execute("DELETE FROM account WHERE name = ?1", [name])? > 0)
    }

    /// Begins a session, and forgets those that have ended.
    ///
    /// # Errors
    /// What the store says.
    pub fn begin_visit(&self, token: [u8; 32], account: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        let (oldest, idle) = ((now - LONGEST).timestamp_millis(), (now - IDLE).timestamp_millis());
        self.transaction.execute("DELETE FROM visit WHERE begun_at_ms <= ?1 OR seen_at_ms <= ?2", (oldest, idle))?;
        let sql = "INSERT INTO visit (token, account, begun_at_ms, seen_at_ms) VALUES (?1, ?2, ?3, ?3)";
        self.transaction.execute(sql, (token, account, now.timestamp_millis()))?;
        Ok(())
    }

    /// Notes that somebody is still there.
    ///
    /// # Errors
    /// What the store says.
    pub fn see_visit(&self, token: [u8; 32], now: DateTime<Utc>) -> Result<(), StoreError> {
        let sql = "UPDATE visit SET seen_at_ms = ?2 WHERE token = ?1";
        self.transaction.execute(sql, (token, now.timestamp_millis()))?;
        Ok(())
    }

    /// Ends a session.
    ///
    /// # Errors
    /// What the store says.
    pub fn end_visit(&self, token: [u8; 32]) -> Result<(), StoreError> {
        self.transaction.execute("DELETE FROM visit WHERE token = ?1", [token])?;
        Ok(())
    }

    /// Ends all sessions of an account but one.
    ///
    /// # Errors
    /// What the store says.
    pub fn end_visits(&self, account: &str, but: Option<[u8; 32]>) -> Result<(), StoreError> {
        let sql = "DELETE FROM visit WHERE account = ?1 AND (?2 IS NULL OR token <> ?2)";
        self.transaction.execute(sql, (account, but))?;
        Ok(())
    }
}
