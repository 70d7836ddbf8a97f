//! The language of what people read. Vietnamese first, English by setting; logs and identifiers are always English.

/// A language of pages and messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Language {
    /// Tiếng Việt.
    #[default]
    Vi,
    /// English.
    En,
}

impl Language {
    /// Reads `vi` or `en`.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "vi" => Some(Language::Vi),
            "en" => Some(Language::En),
            _ => None,
        }
    }

    /// Picks one of two texts.
    #[must_use]
    pub fn pick<T>(self, vi: T, en: T) -> T {
        match self {
            Language::Vi => vi,
            Language::En => en,
        }
    }
}
