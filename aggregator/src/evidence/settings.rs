//! How much evidence is taken, and where it is kept: in the data folder, or in an object store.

use super::Limits;
use crate::objects::{Bucket, BucketAddress, Credentials, ObjectsError};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Largest file that can be allowed, in MiB: what a change can name.
const MAX_FILE_MIB: u64 = 1_024;
/// Most of one commune that can be allowed, in MiB.
const MAX_COMMUNE_MIB: u64 = 1_048_576;

/// The table `[evidence]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Largest file, in MiB.
    pub max_file_mib: u64,
    /// Most of one commune, in MiB.
    pub max_commune_mib: u64,
    /// The bucket, `s3://bucket/prefix`; none for the data folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The store's server, where it is not Amazon's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// The region, where the store has several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// A file with the keys (mode 0600).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credentials_file: Option<PathBuf>,
    /// The authorities that the store's certificate comes from (PEM), where browsers do not know them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        let Limits { max_file_mib, max_commune_mib } = Limits::default();
        Self {
            max_file_mib,
            max_commune_mib,
            url: None,
            endpoint: None,
            region: None,
            credentials_file: None,
            ca_file: None,
        }
    }
}

impl Settings {
    /// How much is taken.
    #[must_use]
    pub fn limits(&self) -> Limits {
        Limits { max_file_mib: self.max_file_mib, max_commune_mib: self.max_commune_mib }
    }

    /// What cannot be: the key, and why. The files that it names are not looked at.
    #[must_use]
    pub fn fault(&self) -> Option<(&'static str, String)> {
        let Self { max_file_mib, max_commune_mib, .. } = *self;
        if !(1..=MAX_FILE_MIB).contains(&max_file_mib) {
            return Some(("evidence.max_file_mib", format!("{max_file_mib} lies outside 1 to {MAX_FILE_MIB}")));
        }
        if !(max_file_mib..=MAX_COMMUNE_MIB).contains(&max_commune_mib) {
            let reason = format!("{max_commune_mib} lies outside {max_file_mib} to {MAX_COMMUNE_MIB}");
            return Some(("evidence.max_commune_mib", reason));
        }
        if self.url.is_some() && self.credentials_file.is_none() {
            return Some(("evidence.credentials_file", "a file with the keys of evidence.url is needed".to_owned()));
        }
        match self.address() {
            Ok(Some(_)) => None,
            Ok(None) => {
                let orphans = [
                    ("evidence.endpoint", self.endpoint.is_some()),
                    ("evidence.region", self.region.is_some()),
                    ("evidence.credentials_file", self.credentials_file.is_some()),
                    ("evidence.ca_file", self.ca_file.is_some()),
                ];
                let orphan = orphans.into_iter().find_map(|(key, is_set)| is_set.then_some(key))?;
                Some((orphan, "there is no evidence.url".to_owned()))
            }
            Err(ObjectsError::Setting { key, reason }) => Some((key, reason)),
            Err(error) => Some(("evidence.url", error.to_string())),
        }
    }

    /// The bucket's address.
    ///
    /// # Errors
    /// One that cannot be.
    pub fn address(&self) -> Result<Option<BucketAddress>, ObjectsError> {
        let read = |url: &String| BucketAddress::read(url, self.endpoint.as_deref(), self.region.as_deref());
        self.url.as_ref().map(read).transpose()
    }

    /// The bucket, by the keys in the file; none where files lie in the data folder. Nothing is asked of it yet.
    ///
    /// # Errors
    /// A setting that cannot be, or a file that cannot be read.
    pub fn bucket(&self) -> Result<Option<Bucket>, ObjectsError> {
        let (Some(address), Some(keys)) = (self.address()?, &self.credentials_file) else { return Ok(None) };
        Ok(Some(address.open(&Credentials::read(keys)?, self.ca_file.as_deref())?))
    }
}
