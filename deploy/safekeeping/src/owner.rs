//! Whose backup it is.

use crate::PlaceError;
use shared::manifest::Manifest;

/// A commune's agent or a province's aggregator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner<'a> {
    /// `commune-agent` or `province-aggregator`.
    pub program: &'a str,
    /// Province id.
    pub province: &'a str,
    /// Commune slug; `None` for the province.
    pub commune: Option<&'a str>,
}

impl<'a> Owner<'a> {
    /// Whose backup a manifest lists.
    #[must_use]
    pub fn of(manifest: &'a Manifest) -> Self {
        Self { program: &manifest.program, province: &manifest.province, commune: manifest.commune.as_deref() }
    }

    /// Whether a backup is its own.
    ///
    /// # Errors
    /// [`PlaceError::OtherOwner`]
    pub fn check(self, manifest: &Manifest) -> Result<(), PlaceError> {
        let found = Owner::of(manifest);
        if found == self {
            return Ok(());
        }
        Err(PlaceError::OtherOwner { found: found.words(), own: self.words() })
    }

    fn words(self) -> String {
        let Self { program, province, .. } = self;
        self.commune
            .map_or_else(|| format!("{province} ({program})"), |commune| format!("{commune} ({province}, {program})"))
    }
}
