//! What is delivered: composed by the caller, checked here.

use chrono::{DateTime, Datelike, Utc};
use shared::{calendar::local_day, language::Language};
use thiserror::Error;

/// Longest key, in bytes.
pub const MAX_KEY_BYTES: usize = 80;
/// Longest subject, in characters.
pub const MAX_SUBJECT_CHARS: usize = 200;
/// Longest text, in bytes.
pub const MAX_TEXT_BYTES: usize = 64 * 1024;

/// One reminder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reminder {
    /// What it is about: on one day, the same key is the same reminder. Letters without marks, digits, `.`, `-` and `_`.
    pub key: String,
    /// One line.
    pub subject: String,
    /// Plain text; lines end with `\n`.
    pub text: String,
    /// Of subject and text.
    pub language: Language,
    /// When it is sent, by the caller's clock.
    pub at: DateTime<Utc>,
}

/// Why a reminder cannot be delivered by any way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Unfit {
    /// The key.
    #[error("its key is not 1 to {MAX_KEY_BYTES} of A-Z a-z 0-9 . - _")]
    Key,
    /// The subject.
    #[error("its subject is not one line of 1 to {MAX_SUBJECT_CHARS} characters")]
    Subject,
    /// The text.
    #[error("its text is empty, longer than {MAX_TEXT_BYTES} bytes or has control characters")]
    Text,
    /// The time.
    #[error("its time is not between the years 1970 and 9998")]
    Time,
}

impl Unfit {
    pub(crate) fn vietnamese(self) -> String {
        match self {
            Self::Key => format!("khóa phải gồm 1 đến {MAX_KEY_BYTES} ký tự A-Z a-z 0-9 . - _"),
            Self::Subject => format!("tiêu đề phải là một dòng, 1 đến {MAX_SUBJECT_CHARS} ký tự"),
            Self::Text => format!("nội dung trống, dài quá {MAX_TEXT_BYTES} byte hoặc có ký tự điều khiển"),
            Self::Time => "thời điểm không nằm trong các năm 1970 đến 9998".into(),
        }
    }
}

impl Reminder {
    /// Whether every way can carry it.
    ///
    /// # Errors
    /// What it exceeds.
    pub fn check(&self) -> Result<(), Unfit> {
        let of_key = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        if self.key.is_empty() || self.key.len() > MAX_KEY_BYTES || !self.key.bytes().all(of_key) {
            return Err(Unfit::Key);
        }
        let too_long = self.subject.chars().nth(MAX_SUBJECT_CHARS).is_some();
        if self.subject.trim().is_empty() || too_long || self.subject.chars().any(char::is_control) {
            return Err(Unfit::Subject);
        }
        let disturbing = |letter: char| letter.is_control() && !matches!(letter, '\n' | '\t');
        if self.text.trim().is_empty() || self.text.len() > MAX_TEXT_BYTES || self.text.chars().any(disturbing) {
            return Err(Unfit::Text);
        }
        // Dates of letters know no other years; one is left for the time zone.
        if self.at.timestamp() < 0 || self.at.year() > 9_998 {
            return Err(Unfit::Time);
        }
        Ok(())
    }

    /// The local day and the key: what makes it the same reminder.
    pub(crate) fn name(&self) -> String {
        format!("{}-{}", local_day(self.at), self.key)
    }

    /// Its language, as in settings and in HTML.
    pub(crate) fn language_word(&self) -> &'static str {
        self.language.pick("vi", "en")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_way_could_not_carry_is_refused() {
        let good = Reminder {
            key: "due.2026-10_x".into(),
            subject: "Nhắc việc".into(),
            text: "Dòng một\n\tdòng hai".into(),
            language: Language::Vi,
            at: "2026-10-17T18:00:00Z".parse().unwrap(),
        };
        assert_eq!(good.check(), Ok(()));
        assert_eq!(good.name(), "2026-10-18-due.2026-10_x", "the local day");
        for key in ["", "a/b", "hạn", "a b", "a\n", &"k".repeat(MAX_KEY_BYTES + 1)] {
            assert_eq!(Reminder { key: key.into(), ..good.clone() }.check(), Err(Unfit::Key), "{key}");
        }
        for subject in ["", " ", "a\r\nBcc: b@c", &"ạ".repeat(MAX_SUBJECT_CHARS + 1)] {
            assert_eq!(Reminder { subject: subject.into(), ..good.clone() }.check(), Err(Unfit::Subject), "{subject}");
        }
        for text in ["", "\n", "a\u{0}", "a\r\n", &"x".repeat(MAX_TEXT_BYTES + 1)] {
            assert_eq!(Reminder { text: text.into(), ..good.clone() }.check(), Err(Unfit::Text));
        }
        for at in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
            assert_eq!(Reminder { at, ..good.clone() }.check(), Err(Unfit::Time));
        }
    }
}
