//! What lies in a backup: the list that makes it one. Written last, so a folder without it is no backup; every byte of it
//! counts, so a damaged one is no list. It touches no files.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// The form that this program writes.
pub const FORMAT: u32 = 1;
/// Largest list: more than a million files of evidence.
pub const MAX_MANIFEST_BYTES: u64 = 256 * 1024 * 1024;

/// Why a list cannot be used.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ManifestError {
    /// A later version of the program wrote it.
    #[error("the backup has form {0}, this program knows {FORMAT}")]
    Newer(u64),
    /// Not what was written.
    #[error("the manifest is damaged")]
    Damaged,
}

/// A SHA-256, in hexadecimal where people see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// Of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(self.0))
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut bytes = [0; 32];
        let text = String::deserialize(deserializer)?;
        hex::decode_to_slice(text, &mut bytes).map_err(de::Error::custom)?;
        Ok(Self(bytes))
    }
}

/// A file of a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Of its bytes.
    pub sha256: Hash,
    /// Its size.
    pub size_bytes: u64,
}

/// The end of a commune's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// Position; 0 is an empty log.
    pub seq: u64,
    /// Chain at that position.
    pub chain: Hash,
}

/// The list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: u32,
    /// `commune-agent` or `province-aggregator`.
    pub program: String,
    /// The program with its version.
    pub build: String,
    /// Province id.
    pub province: String,
    /// Commune slug; `None` in a backup of the province.
    pub commune: Option<String>,
    /// Of the commune or province, for people.
    pub name: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Version of the store's tables.
    pub schema: u64,
    /// Of the commune's log; `None` in a backup of the province.
    pub head: Option<Head>,
    /// `store.db`.
    pub store: Part,
    /// The settings, where they are part of a backup.
    pub settings: Option<Part>,
    /// Files of evidence, by hash.
    pub evidence: Vec<Part>,
}

impl Manifest {
    /// As text.
    ///
    /// # Errors
    /// Never for a list of this program; what the writer of JSON says.
    pub fn to_text(&self) -> Result<String, serde_json::Error> {
        let body = serde_json::to_string_pretty(self)?;
        let seal = hex::encode(Sha256::digest(&body));
        // The closing brace makes room for the seal.
        let open = body.strip_suffix("\n}").unwrap_or(&body);
        Ok(format!("{open},\n  \"seal\": \"{seal}\"\n}}\n"))
    }

    /// Reads [`to_text`](Self::to_text), to the byte.
    ///
    /// # Errors
    /// [`ManifestError`]
    pub fn read(bytes: &[u8]) -> Result<Self, ManifestError> {
        let text = std::str::from_utf8(bytes).map_err(|_| ManifestError::Damaged)?;
        let json: serde_json::Value = serde_json::from_str(text).map_err(|_| ManifestError::Damaged)?;
        if let Some(format) = json["format"].as_u64().filter(|format| *format > u64::from(FORMAT)) {
            return Err(ManifestError::Newer(format));
        }
        let mut json = json;
        let sealed = json.as_object_mut().and_then(|fields| fields.remove("seal"));
        let manifest: Self = serde_json::from_value(json).map_err(|_| ManifestError::Damaged)?;
        let same = sealed.is_some() && manifest.to_text().is_ok_and(|written| written == text);
        if same { Ok(manifest) } else { Err(ManifestError::Damaged) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let part = |byte| Part { sha256: Hash([byte; 32]), size_bytes: 17 };
        Manifest {
            format: FORMAT,
            program: "commune-agent".into(),
            build: "commune-agent/0.1.0".into(),
            province: "dong-nai".into(),
            commune: Some("dinh-quan".into()),
            name: "Xã Định Quán".into(),
            created_at: "2026-10-16T02:00:00.250Z".parse().unwrap(),
            schema: 2,
            head: Some(Head { seq: 9, chain: Hash([3; 32]) }),
            store: part(1),
            settings: None,
            evidence: vec![part(4), part(5)],
        }
    }

    #[test]
    fn it_comes_back_and_is_json() {
        let text = manifest().to_text().unwrap();
        assert_eq!(Manifest::read(text.as_bytes()).unwrap(), manifest());
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json["head"]["seq"], 9);
        assert_eq!(json["store"]["sha256"], "01".repeat(32));
        let province = Manifest { commune: None, head: None, settings: Some(manifest().store), ..manifest() };
        assert_eq!(Manifest::read(province.to_text().unwrap().as_bytes()).unwrap(), province);
    }

    #[test]
    fn every_byte_counts() {
        let text = manifest().to_text().unwrap().into_bytes();
        for end in 0..text.len() {
            assert_eq!(Manifest::read(&text[..end]), Err(ManifestError::Damaged), "cut at {end}");
        }
        for place in 0..text.len() {
            for flip in [0x01, 0x20, 0x80] {
                let mut damaged = text.clone();
                damaged[place] ^= flip;
                assert!(Manifest::read(&damaged).is_err(), "byte {place} ^ {flip}");
            }
        }
        assert_eq!(Manifest::read(&[&text[..], b"\n"].concat()), Err(ManifestError::Damaged));
    }

    #[test]
    fn a_later_form_is_told_apart_from_damage() {
        let later = br#"{ "format": 2, "what": ["ever"] }"#;
        assert_eq!(Manifest::read(later), Err(ManifestError::Newer(2)));
    }
}
