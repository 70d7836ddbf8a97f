//! Which office issues reports, as a setting: what stands in the head, in the signature and among the recipients.

use serde::{Deserialize, Serialize};

/// The settings of an office. What is empty is filled in by the program that makes the report.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Office {
    /// The body above it: `ỦY BAN NHÂN DÂN TỈNH ĐỒNG NAI`.
    pub superior: String,
    /// The issuing body, line by line.
    pub issuer: String,
    /// What stands behind the number: `BC-SKHCN`.
    pub symbol: String,
    /// Where it is issued.
    pub place: String,
    /// By what authority it is signed, line by line.
    pub authority: Vec<String>,
    /// Name of the signer; empty leaves room for it.
    pub signer: String,
    /// To whom reports go.
    pub addressed_to: Vec<String>,
    /// Who gets a copy.
    pub recipients: Vec<String>,
}

impl Office {
    /// With defaults where nothing is set.
    #[must_use]
    pub fn or(self, defaults: Office) -> Office {
        let text = |set: String, default: String| if set.trim().is_empty() { default } else { set };
        let list = |set: Vec<String>, default: Vec<String>| if set.is_empty() { default } else { set };
        Office {
            superior: text(self.superior, defaults.superior),
            issuer: text(self.issuer, defaults.issuer),
            symbol: text(self.symbol, defaults.symbol),
            place: text(self.place, defaults.place),
            authority: list(self.authority, defaults.authority),
            signer: text(self.signer, defaults.signer),
            addressed_to: list(self.addressed_to, defaults.addressed_to),
            recipients: list(self.recipients, defaults.recipients),
        }
    }
}
