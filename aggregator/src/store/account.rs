//! Accounts of people who use the province's pages, their sessions, and tokens of programs.
//!
//! A password stands here as its Argon2id hash, sessions, links and tokens as their SHA-256: a copied store lets nobody in.

use chrono::{DateTime, Utc};

/// What somebody may do. Each may also do what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Reads.
    Viewer,
    /// Accepts and returns results.
    Reviewer,
    /// Periods, exceptions, the catalogue.
    Steward,
    /// Accounts, communes, tokens.
    Administrator,
}

impl Role {
    /// All of them.
    pub const ALL: [Role; 4] = [Role::Viewer, Role::Reviewer, Role::Steward, Role::Administrator];

    /// The word in the store, on the command line and in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Reviewer => "reviewer",
            Role::Steward => "steward",
            Role::Administrator => "administrator",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// What is typed to sign in; never changes. See [`is_account_name`].
    pub name: String,
    /// The person's name, as the audit history shows it.
    pub person: String,
    /// What the person may do.
    pub role: Role,
    /// A leader of this commune, who sees that commune alone.
    pub commune: Option<String>,
    /// Hash of the password; none until the person has chosen one.
    pub password: Option<String>,
    /// The shared secret of one-time codes, where the person has turned them on.
    pub totp: Option<Vec<u8>>,
    /// The last step of one-time codes that was used, so that none is used twice.
    pub totp_step: u64,
    /// SHA-256 of a link by which the person may choose a password, and until when.
    pub link: Option<([u8; 32], DateTime<Utc>)>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When the person signed in last.
    pub signed_in_at: Option<DateTime<Utc>>,
    /// Since when it cannot be used.
    pub disabled_at: Option<DateTime<Utc>>,
}

/// Longest name of an account, in characters.
pub const MAX_ACCOUNT_NAME: usize = 40;
/// Most accounts.
pub const MAX_ACCOUNTS: u32 = 2_000;
/// Most sessions of one account at once; the oldest ends when there are more.
pub const MAX_SESSIONS_OF_ACCOUNT: u32 = 10;

/// Whether a text can name an account: 2 to 40 of a-z, 0-9, dot, hyphen and underscore, beginning with a letter.
#[must_use]
pub fn is_account_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-_".contains(c);
    (2..=MAX_ACCOUNT_NAME).contains(&text.len())
        && text.chars().all(plain)
        && text.starts_with(|c: char| c.is_ascii_lowercase())
}

/// What changes about an account. All but [`AccountChange::Step`] and [`AccountChange::Person`] end its sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountChange {
    /// The person's name.
    Person(String),
    /// What the person may do.
    Role(Role, Option<String>),
    /// Another password; a link that was open is used up.
    Password(String),
    /// A link to choose a password by, until then.
    Link([u8; 32], DateTime<Utc>),
    /// One-time codes on or off.
    Totp(Option<Vec<u8>>),
    /// A one-time code of this step was used.
    Step(u64),
    /// It cannot be used any more, or can again.
    Disabled(bool),
}

/// A session of somebody who signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebSession {
    /// SHA-256 of its token.
    pub token: [u8; 32],
    /// Whose.
    pub account: String,
    /// Since when.
    pub opened_at: DateTime<Utc>,
    /// When it was used last, to the minute.
    pub used_at: DateTime<Utc>,
    /// From where it was opened.
    pub origin: String,
}

/// A token by which a program asks the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// SHA-256 of the token.
    pub token: [u8; 32],
    /// What it is for.
    pub label: String,
    /// Whose; it may do what the account may, and nothing while that is disabled.
    pub account: String,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Until when.
    pub expires_at: DateTime<Utc>,
    /// When it was used last, to the minute.
    pub used_at: Option<DateTime<Utc>>,
}
