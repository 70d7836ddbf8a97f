//! Closed periods on their way from a province to the nation. See `tiendo/publication/v1/publication.proto`.
//!
//! All closings of a province form a chain, in the order in which they were made: each statement carries the SHA-256 of the one before. So
//! one that is left out, put in or changed later shows. It only makes and opens files; what is believed is decided by who pins authorities.

use crate::{
    publications::v1,
    receipt::{ReceiptError, ReceiptSigner, ReceiptVerifier},
};
use chrono::{DateTime, Utc};
use prost::Message;
use rustls::pki_types::CertificateDer;
use sha2::{Digest, Sha256};
use shared::{
    calendar::rfc3339,
    period::Period,
    snapshot::{HEAD_FILE, Head, HeadError, Snapshot, is_table},
};
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::{self, Read},
    str::FromStr,
};
use thiserror::Error;

/// Largest file of a publication, in bytes.
pub const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;
/// The most that it unpacks to, in bytes.
pub const MAX_UNPACKED_BYTES: u64 = 512 * 1024 * 1024;
/// Most tables.
const MAX_TABLES: usize = 32;
/// The first line of the file.
const MAGIC: &[u8] = b"TIENDO PUBLICATION 1\n";
/// What stands before the statement when it is signed.
const DOMAIN: &[u8] = b"tiendo publication 1\0";
/// The first line of a statement: what it is, and the version of this form.
const TITLE: &str = "tiendo-publication 1";

/// Why a file is no publication that can be believed.
#[derive(Debug, Error)]
pub enum PublicationError {
    /// Something else, or of a later version.
    #[error("not a publication that this program knows")]
    NotAPublication,
    /// Too large to be looked at.
    #[error("larger than {MAX_FILE_BYTES} bytes, or unpacks to more than {MAX_UNPACKED_BYTES}")]
    TooLarge,
    /// Damaged on the way.
    #[error("damaged: {0}")]
    Damaged(String),
    /// Nobody known signed it.
    #[error("the signature: {0}")]
    Signature(#[from] ReceiptError),
    /// A line of the statement.
    #[error("the statement, line {0}: not as it was written")]
    Statement(usize),
    /// The head of the snapshot.
    #[error(transparent)]
    Head(#[from] HeadError),
    /// What was frozen is not what the statement is about.
    #[error("{0} is not what was closed: its SHA-256 is another one")]
    Altered(String),
    /// A table that no closing has, or one twice.
    #[error("it holds the table {0:?}, which no closing has, or has once")]
    Table(String),
    /// The program could not make it.
    #[error("it cannot be packed: {0}")]
    Pack(io::Error),
}

/// What a province states of a closing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Province id.
    pub province: String,
    /// Whether it is a training province, with simulated figures.
    pub exercise: bool,
    /// Counts the province's closings from 1, in the order in which they were made.
    pub sequence: u32,
    /// SHA-256 of the statement before; zeros for the first.
    pub previous: [u8; 32],
    /// The period closed.
    pub period: Period,
    /// Which closing of the period, from 1.
    pub revision: u32,
    /// When, by the province's clock.
    pub closed_at: DateTime<Utc>,
    /// Digest of the snapshot.
    pub snapshot: [u8; 32],
}

impl Statement {
    /// As it is signed.
    #[must_use]
    pub fn to_text(&self) -> String {
        let Self { province, exercise, sequence, period, revision, .. } = self;
        let (previous, snapshot) = (hex::encode(self.previous), hex::encode(self.snapshot));
        let mut text = format!("{TITLE}\nprovince {province}\nexercise {exercise}\nsequence {sequence}\n");
        let _ = write!(text, "previous {previous}\nperiod {period}\nrevision {revision}\n");
        let _ = write!(text, "closed_at {}\nsnapshot {snapshot}\n", rfc3339(self.closed_at));
        text
    }

    /// Reads one; only a text that it would itself be written as.
    ///
    /// # Errors
    /// [`PublicationError::Statement`]
    pub fn read(text: &str) -> Result<Self, PublicationError> {
        fn fact<T: FromStr>(lines: &[&str], number: usize, word: &str) -> Result<T, PublicationError> {
            let value = lines.get(number - 1).and_then(|line| line.strip_prefix(word)?.strip_prefix(' '));
            value.and_then(|value| value.parse().ok()).ok_or(PublicationError::Statement(number))
        }
        let hash = |lines: &[&str], number, word| {
            let mut bytes = [0; 32];
            let hex: String = fact(lines, number, word)?;
            hex::decode_to_slice(hex, &mut bytes).map_err(|_| PublicationError::Statement(number))?;
            Ok::<_, PublicationError>(bytes)
        };
        let lines: Vec<&str> = text.lines().collect();
        if lines.first() != Some(&TITLE) {
            return Err(PublicationError::Statement(1));
        }
        let closed_at: DateTime<chrono::FixedOffset> = fact(&lines, 8, "closed_at")?;
        let statement = Self {
            province: fact(&lines, 2, "province")?,
            exercise: fact(&lines, 3, "exercise")?,
            sequence: fact(&lines, 4, "sequence")?,
            previous: hash(&lines, 5, "previous")?,
            period: fact(&lines, 6, "period")?,
            revision: fact(&lines, 7, "revision")?,
            closed_at: closed_at.to_utc(),
            snapshot: hash(&lines, 9, "snapshot")?,
        };
        if statement.to_text() == text { Ok(statement) } else { Err(PublicationError::Statement(lines.len())) }
    }

    /// What the next statement carries: SHA-256 of this one.
    #[must_use]
    pub fn link(&self) -> [u8; 32] {
        Sha256::digest(self.to_text()).into()
    }
}

/// A publication that was opened. Its tables are those that its statement is about; whether anybody known signed it is for
/// [`check`](Self::check) to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// What is stated.
    pub statement: Statement,
    /// What was frozen.
    pub snapshot: Snapshot,
    signature: Vec<u8>,
    certificate: CertificateDer<'static>,
}

fn signed(statement: &Statement) -> Vec<u8> {
    [DOMAIN, statement.to_text().as_bytes()].concat()
}

impl Publication {
    /// Signs what was frozen.
    #[must_use]
    pub fn sign(statement: Statement, snapshot: Snapshot, signer: &ReceiptSigner) -> Self {
        let signature = signer.sign_bytes(&signed(&statement));
        Self { statement, snapshot, signature, certificate: signer.certificate().clone() }
    }

    /// As a file.
    ///
    /// # Errors
    /// Nothing but a lack of memory.
    pub fn to_file(&self) -> Result<Vec<u8>, PublicationError> {
        let tables = self.snapshot.tables.iter();
        let message = v1::Publication {
            statement: self.statement.to_text().into_bytes(),
            signature: self.signature.clone(),
            certificate: self.certificate.to_vec(),
            head: self.snapshot.head_file(),
            tables: tables.map(|(name, content)| v1::Table { name: name.clone(), content: content.clone() }).collect(),
        };
        let packed = zstd::encode_all(message.encode_to_vec().as_slice(), 0).map_err(PublicationError::Pack)?;
        Ok([MAGIC, &packed].concat())
    }

    /// Opens a file, and compares what is in it with what the statement says.
    ///
    /// # Errors
    /// [`PublicationError`]
    pub fn open(file: &[u8]) -> Result<Self, PublicationError> {
        if file.len() as u64 > MAX_FILE_BYTES {
            return Err(PublicationError::TooLarge);
        }
        let damaged = |error: &dyn std::fmt::Display| PublicationError::Damaged(error.to_string());
        let packed = file.strip_prefix(MAGIC).ok_or(PublicationError::NotAPublication)?;
        let mut bytes = Vec::new();
        let unpacked =
            zstd::Decoder::new(packed).and_then(|from| from.take(MAX_UNPACKED_BYTES + 1).read_to_end(&mut bytes));
        unpacked.map_err(|error| damaged(&error))?;
        if bytes.len() as u64 > MAX_UNPACKED_BYTES {
            return Err(PublicationError::TooLarge);
        }
        let message = v1::Publication::decode(bytes.as_slice()).map_err(|error| damaged(&error))?;
        let statement = std::str::from_utf8(&message.statement).map_err(|_| PublicationError::Statement(1))?;
        let statement = Statement::read(statement)?;
        let (head, listed) = Head::read(std::str::from_utf8(&message.head).map_err(|_| HeadError(1))?)?;
        if listed.len() > MAX_TABLES || message.tables.len() > MAX_TABLES {
            return Err(PublicationError::TooLarge);
        }
        let mut tables = BTreeMap::new();
        for v1::Table { name, content } in message.tables {
            // Their names become names of files: those of the tables that closings have, and no others.
            if !is_table(&name) || tables.contains_key(&name) {
                return Err(PublicationError::Table(name));
            }
            tables.insert(name, content);
        }
        let snapshot = Snapshot { head, tables };
        // What the tables that are here amount to, whatever the head that came along says.
        if snapshot.digest() != statement.snapshot {
            let is_it = |name: &str, sha256: &[u8; 32]| {
                snapshot.tables.get(name).is_some_and(|bytes| Sha256::digest(bytes).as_slice() == sha256)
            };
            let table = listed.into_iter().find(|(name, _, sha256)| !is_it(name, sha256));
            return Err(PublicationError::Altered(table.map_or_else(|| HEAD_FILE.to_owned(), |(name, ..)| name)));
        }
        let is_of = (&snapshot.head.province, snapshot.head.period) == (&statement.province, statement.period);
        if !is_of || snapshot.head_file() != message.head {
            return Err(PublicationError::Altered(HEAD_FILE.into()));
        }
        Ok(Self { statement, snapshot, signature: message.signature, certificate: message.certificate.into() })
    }

    /// Whether a province signed it that one of these authorities (DER) vouches for.
    ///
    /// # Errors
    /// [`PublicationError::Signature`]
    pub fn check(&self, authorities: &[CertificateDer<'_>]) -> Result<(), PublicationError> {
        let verifier = ReceiptVerifier::new(&self.statement.province, &self.certificate, authorities)?;
        Ok(verifier.check_bytes(&signed(&self.statement), &self.signature)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement() -> Statement {
        Statement {
            province: "dong-nai".into(),
            exercise: false,
            sequence: 2,
            previous: [7; 32],
            period: "2026-10".parse().unwrap(),
            revision: 1,
            closed_at: DateTime::from_timestamp_millis(1_790_000_000_000).unwrap(),
            snapshot: [8; 32],
        }
    }

    #[test]
    fn a_statement_reads_as_it_was_written_and_in_no_other_form() {
        let text = statement().to_text();
        assert_eq!(Statement::read(&text).unwrap(), statement());
        let changed = [
            text.replace("revision 1", "revision 01"),
            text.replace("revision 1", "revision +1"),
            text.replace("exercise false", "exercise no"),
            text.replace("2026-10\n", "2026-13\n"),
            format!("{text}\n"),
            text.trim_end().to_owned(),
            text.replace("publication 1", "publication 2"),
            String::new(),
        ];
        for changed in changed {
            assert!(matches!(Statement::read(&changed), Err(PublicationError::Statement(_))), "{changed}");
        }
        assert_ne!(Statement { sequence: 3, ..statement() }.link(), statement().link());
    }

    #[test]
    fn tables_are_there_once_and_the_head_is_what_they_amount_to() {
        let head = Head {
            province: "dong-nai".into(),
            period: "2026-10".parse().unwrap(),
            rules: "2026.1".into(),
            as_of: "2026-11-02".parse().unwrap(),
        };
        let snapshot = Snapshot { head, tables: [("communes.csv".to_owned(), b"x".to_vec())].into() };
        let statement = Statement { snapshot: snapshot.digest(), ..statement() };
        let table = |name: &str| v1::Table { name: name.into(), content: b"x".to_vec() };
        let open = |head: Vec<u8>, names: &[&str]| {
            let message = v1::Publication {
                statement: statement.to_text().into_bytes(),
                signature: Vec::new(),
                certificate: Vec::new(),
                head,
                tables: names.iter().map(|name| table(name)).collect(),
            };
            let packed = zstd::encode_all(message.encode_to_vec().as_slice(), 0).unwrap();
            Publication::open(&[MAGIC, &packed].concat())
        };
        assert!(open(snapshot.head_file(), &["communes.csv"]).is_ok());
        for name in ["communes.csv", "../x.csv", "/x.csv", "x.csv"] {
            let refused = open(snapshot.head_file(), &["communes.csv", name]);
            assert!(matches!(&refused, Err(PublicationError::Table(told)) if told == name), "{refused:?}");
        }
        let other = String::from_utf8(snapshot.head_file()).unwrap().replace("2026.1", "2026.2");
        let refused = open(other.into_bytes(), &["communes.csv"]);
        assert!(matches!(&refused, Err(PublicationError::Altered(_))), "{refused:?}");
    }

    #[test]
    fn what_is_no_publication_is_not_opened() {
        let bomb = [MAGIC, &zstd::encode_all(io::repeat(0).take(MAX_UNPACKED_BYTES + 1), 1).unwrap()].concat();
        assert!(matches!(Publication::open(&bomb), Err(PublicationError::TooLarge)));
        for file in [&b"x"[..], b"", b"TIENDO BUNDLE 1\n"] {
            assert!(matches!(Publication::open(file), Err(PublicationError::NotAPublication)));
        }
        assert!(matches!(Publication::open(&[MAGIC, b"x"].concat()), Err(PublicationError::Damaged(_))));
    }
}
