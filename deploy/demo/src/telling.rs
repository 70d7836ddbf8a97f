//! What the demo says: short lines, and the output of the programs as it is.

use shared::language::Language;
use std::io::Write;

/// Speaks to the person who watches.
#[derive(Debug, Clone, Copy)]
pub struct Teller {
    language: Language,
}

impl Teller {
    /// Speaks a language.
    #[must_use]
    pub fn new(language: Language) -> Self {
        Self { language }
    }

    /// The language.
    #[must_use]
    pub fn language(self) -> Language {
        self.language
    }

    /// A line.
    pub fn say(self, vi: impl AsRef<str>, en: impl AsRef<str>) {
        self.print(&format!("{}\n", self.language.pick(vi.as_ref(), en.as_ref())));
    }

    /// A heading.
    pub fn head(self, vi: impl AsRef<str>, en: impl AsRef<str>) {
        self.print(&format!("\n── {}\n", self.language.pick(vi.as_ref(), en.as_ref())));
    }

    /// Text as it is.
    pub fn print(self, text: &str) {
        let mut out = std::io::stdout().lock();
        // A reader that has seen enough (`| head`) does not end the demo.
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }
}
