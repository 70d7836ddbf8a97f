//! Language and theme of a visitor, kept in cookies that say nothing else.

use crate::cookie::{self, cookie};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, request::Parts},
};
use shared::language::Language;
use std::convert::Infallible;

/// The cookie of the language.
const LANGUAGE: &str = "tiendo_lang";
/// The cookie of the theme.
const THEME: &str = "tiendo_theme";
/// A year.
const MAX_AGE_SECONDS: u64 = 365 * 24 * 60 * 60;

/// Which colours a visitor wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// As the system of the visitor has it.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// All of them.
    pub const ALL: [Theme; 3] = [Theme::System, Theme::Light, Theme::Dark];

    /// The word in the cookie and in the page's `data-theme`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Theme::System => "system",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.as_str() == word)
    }
}

/// What a visitor prefers. A language that was never chosen is the program's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Preferences {
    /// The language, if one was chosen.
    pub language: Option<Language>,
    /// The theme.
    pub theme: Theme,
}

impl Preferences {
    /// As the cookies of a request say.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        Self {
            language: cookie(headers, LANGUAGE).and_then(Language::from_word),
            theme: cookie(headers, THEME).and_then(Theme::from_word).unwrap_or_default(),
        }
    }

    /// The cookies that keep them.
    #[must_use]
    pub fn cookies(self, is_secure: bool) -> Vec<HeaderValue> {
        let language = self.language.map(|language| (LANGUAGE, language.pick("vi", "en")));
        let kept = language.into_iter().chain([(THEME, self.theme.as_str())]);
        kept.filter_map(|(name, value)| cookie::set(name, value, MAX_AGE_SECONDS, is_secure)).collect()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Preferences {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}
