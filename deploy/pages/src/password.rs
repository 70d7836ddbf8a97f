//! Passwords: what is asked of them, and their Argon2id hashes.

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use shared::{language::Language, vietnamese};
use std::sync::LazyLock;
use thiserror::Error;
use tokio::sync::Semaphore;

/// Shortest password, in characters (NIST SP 800-63B asks for 8 at least, and for length before variety).
pub const MIN_CHARS: usize = 10;
/// Longest password, in characters; all of them count.
pub const MAX_CHARS: usize = 128;
/// Hashes made at once: each takes 19 MiB and a core for a moment.
static PLACES: Semaphore = Semaphore::const_new(2);
/// The hash of no password: what is compared where there is no such account, so that the answer takes as long.
static NOBODY: LazyLock<String> = LazyLock::new(|| hash_now("một người không có tài khoản").unwrap_or_default());

/// Words that passwords are often made of, folded.
const COMMON: [&str; 24] = [
    "password",
    "matkhau",
    "123456",
    "12345678",
    "123456789",
    "1234567890",
    "0123456789",
    "qwerty",
    "qwertyuiop",
    "abc123",
    "iloveyou",
    "anhyeuem",
    "vietnam",
    "dongnai",
    "tiendo",
    "chuyendoiso",
    "admin",
    "administrator",
    "letmein",
    "welcome",
    "111111",
    "000000",
    "xinchao",
    "hochiminh",
];

/// Why a password is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Weakness {
    /// Too short.
    #[error("shorter than {MIN_CHARS} characters")]
    Short,
    /// Too long.
    #[error("longer than {MAX_CHARS} characters")]
    Long,
    /// It holds the name of its account.
    #[error("made of the account's name")]
    Name,
    /// Hardly more than a common word, or one character again and again.
    #[error("too common")]
    Common,
}

impl Weakness {
    /// What is wrong and what to do, for the person who chose it.
    #[must_use]
    pub fn explain(self, language: Language) -> String {
        match self {
            Weakness::Short => language.pick(
                format!("Mật khẩu cần ít nhất {MIN_CHARS} ký tự. Một câu ngắn dễ nhớ là tốt."),
                format!("A password needs at least {MIN_CHARS} characters. A short sentence is good."),
            ),
            Weakness::Long => language.pick(
                format!("Mật khẩu dài nhất {MAX_CHARS} ký tự."),
                format!("A password has at most {MAX_CHARS} characters."),
            ),
            Weakness::Name => language
                .pick("Mật khẩu không được chứa tên tài khoản.", "A password must not hold the account's name.")
                .to_owned(),
            Weakness::Common => language
                .pick(
                    "Mật khẩu này quá dễ đoán. Hãy thêm vài từ khác.",
                    "This password is too easy to guess. Add a few other words.",
                )
                .to_owned(),
        }
    }
}

/// Whether a password can be taken for an account of this name.
///
/// # Errors
/// The first rule it breaks.
pub fn check(password: &str, account: &str) -> Result<(), Weakness> {
    let length = password.chars().count();
    if length < MIN_CHARS {
        return Err(Weakness::Short);
    }
    if length > MAX_CHARS {
        return Err(Weakness::Long);
    }
    let folded: String = vietnamese::folded(password).chars().filter(|c| !c.is_whitespace()).collect();
    let account = vietnamese::folded(account);
    if account.chars().count() >= 4 && folded.contains(&account) {
        return Err(Weakness::Name);
    }
    let distinct = folded.chars().collect::<std::collections::BTreeSet<_>>().len();
    let rest = COMMON.iter().map(|word| folded.replace(word, "").chars().count()).min().unwrap_or(length);
    if distinct < 5 || rest < 4 {
        return Err(Weakness::Common);
    }
    Ok(())
}

/// A password could not be hashed.
#[derive(Debug, Error)]
#[error("the password could not be hashed: {0}")]
pub struct HashError(String);

/// The hash of a password, with its salt and parameters (PHC string, Argon2id).
///
/// # Errors
/// [`HashError`]
pub async fn hash(password: String) -> Result<String, HashError> {
    let _place = PLACES.acquire().await.map_err(|error| HashError(error.to_string()))?;
    let hashed = tokio::task::spawn_blocking(move || hash_now(&password)).await;
    hashed.map_err(|error| HashError(error.to_string()))?
}

/// Whether a password is the one that was hashed; takes as long without a hash as with a wrong one.
pub async fn is_right(password: String, hashed: Option<String>) -> bool {
    let Ok(_place) = PLACES.acquire().await else { return false };
    let compared = tokio::task::spawn_blocking(move || {
        let known = hashed.is_some();
        let hashed = hashed.unwrap_or_else(|| NOBODY.clone());
        let parsed = PasswordHash::new(&hashed).ok();
        known & parsed.is_some_and(|parsed| Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok())
    });
    compared.await.unwrap_or(false)
}

fn hash_now(password: &str) -> Result<String, HashError> {
    let hashed = Argon2::default().hash_password(password.as_bytes());
    hashed.map(|hash| hash.to_string()).map_err(|error| HashError(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_same_password_is_right() {
        let hashed = hash("bốn con trâu trắng".into()).await.unwrap();
        assert!(hashed.starts_with("$argon2id$"));
        assert!(is_right("bốn con trâu trắng".into(), Some(hashed.clone())).await);
        assert!(!is_right("bốn con trâu đen".into(), Some(hashed)).await);
        assert!(!is_right("bốn con trâu trắng".into(), None).await);
        assert!(!is_right("một người không có tài khoản".into(), None).await);
        assert!(!is_right("x".into(), Some("not a hash".into())).await);
    }

    #[test]
    fn weak_passwords_are_named() {
        for (password, weakness) in [
            ("ngắn", Weakness::Short),
            ("nguyenlan2026", Weakness::Name),
            ("NGUYỄN LÂN 2026", Weakness::Name),
            ("mật khẩu 12", Weakness::Common),
            ("aaaaaaaaaaaa", Weakness::Common),
            ("password123", Weakness::Common),
        ] {
            assert_eq!(check(password, "nguyenlan"), Err(weakness), "{password}");
        }
        assert_eq!(check(&"ab cd ef gh ".repeat(11), "lan"), Err(Weakness::Long));
        assert_eq!(check("bốn con trâu trắng", "nguyenlan"), Ok(()));
    }
}
