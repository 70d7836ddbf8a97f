//! Why something from the wire is refused.

use shared::observation::Refusal;
use thiserror::Error;

/// A message that cannot become a domain value. Nothing of it is used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum WireError {
    /// The bytes are not the message they should be.
    #[error("unreadable message: {0}")]
    Unreadable(String),
    /// A kind of change or feed item that this program does not know; a later version may, so the bytes can be kept for it.
    #[error("unknown kind")]
    UnknownKind,
    /// A change written under a newer schema than this program reads; as [`WireError::UnknownKind`].
    #[error("unknown schema {0}")]
    UnknownSchema(u32),
    /// A text is too long.
    #[error("{field}: longer than {limit} characters")]
    TooLong {
        /// The field, as in the definition.
        field: &'static str,
        /// Most characters.
        limit: usize,
    },
    /// A field is missing or does not hold what it should.
    #[error("{field}: {reason}")]
    Field {
        /// The field, as in the definition.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

impl WireError {
    #[allow(clippy::needless_pass_by_value)] // Callers hand over an error, a text or a made text alike.
    pub(crate) fn field(field: &'static str, reason: impl ToString) -> Self {
        WireError::Field { field, reason: reason.to_string() }
    }

    /// Whether a later version of this program may be able to read it.
    #[must_use]
    pub fn is_from_later_version(&self) -> bool {
        matches!(self, WireError::UnknownKind | WireError::UnknownSchema(_))
    }

    /// What the one who sent the change is told.
    #[must_use]
    pub fn refusal(&self) -> Refusal {
        match self {
            WireError::TooLong { field, .. } => Refusal::TextTooLong(field),
            _ => Refusal::Unreadable(self.to_string()),
        }
    }
}
