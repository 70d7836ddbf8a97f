//! The province's receipts as a file that anyone can check.

use crate::store::{StoreError, View};
use serde::{Deserialize, Serialize};

/// Most receipts that are listed or exported at once.
pub const MOST_RECEIPTS: usize = 100_000;

/// Receipts with all that is needed to check them; everything in hexadecimal, certificates as DER.
#[derive(Debug, Serialize, Deserialize)]
pub struct Exported {
    /// The receipts, newest first.
    pub receipts: Vec<ExportedReceipt>,
    /// Certificates of the keys that signed.
    pub certificates: Vec<String>,
    /// The authorities that vouched for them.
    pub authorities: Vec<String>,
}

/// A receipt as it came.
#[derive(Debug, Serialize, Deserialize)]
pub struct ExportedReceipt {
    /// What it says.
    pub statement: String,
    /// The signature.
    pub signature: String,
    /// The key that signed.
    pub key: String,
}

/// All receipts that are kept.
///
/// # Errors
/// What the store says.
pub fn export(view: View<'_>) -> Result<Exported, StoreError> {
    let keys = view.receipt_keys()?;
    let receipts = view.receipts(MOST_RECEIPTS)?.into_iter().map(|kept| ExportedReceipt {
        statement: hex::encode(&kept.receipt.statement),
        signature: hex::encode(&kept.receipt.signature),
        key: hex::encode(&kept.receipt.key),
    });
    let mut authorities: Vec<String> = keys.iter().map(|(_, authority)| hex::encode(authority)).collect();
    authorities.sort_unstable();
    authorities.dedup();
    let certificates = keys.iter().map(|(certificate, _)| hex::encode(certificate)).collect();
    Ok(Exported { receipts: receipts.collect(), certificates, authorities })
}
