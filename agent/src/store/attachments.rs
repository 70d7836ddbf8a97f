//! The files bound to figures, as a list for people.

use super::{StoreError, View, broken, figures::StoredRefusal, unsigned};
use crate::clock::instant_of_ms;
use chrono::{DateTime, Utc};
use shared::{observation::ObservationKey, period::Period};

/// Most files that are listed at once.
const MOST_LISTED: i64 = 10_000;
/// Most bindings of files that cannot be sent.
const MOST_STUCK: i64 = 1_000;

/// A file bound to a version of a figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// The figure.
    pub key: ObservationKey,
    /// Its version; `None` when the province refused the figure.
    pub version: Option<u32>,
    /// File name.
    pub name: String,
    /// Of its bytes.
    pub sha256: [u8; 32],
    /// Its size.
    pub size_bytes: u64,
    /// Who attached it.
    pub entered_by: String,
    /// When.
    pub entered_at: DateTime<Utc>,
    /// Where its bytes are.
    pub state: FileState,
}

/// Where the bytes of a file are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileState {
    /// Here alone, or on their way.
    Pending {
        /// What is still to be sent.
        left_bytes: u64,
        /// Why it is sent anew, empty when it is not.
        code: String,
    },
    /// The province holds them.
    Held,
    /// Neither here nor at the province.
    Missing {
        /// `missing`, or `damaged` when what is here is not the file.
        code: String,
    },
    /// The province does not take the file, or not its record.
    Refused(StoredRefusal),
}

/// Which files are listed.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Of this indicator alone.
    pub indicator: Option<String>,
    /// Of this period alone.
    pub period: Option<Period>,
}

/// A file whose bytes cannot be sent as things are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stuck {
    /// The figure.
    pub key: ObservationKey,
    /// File name.
    pub name: String,
    /// Of its bytes.
    pub sha256: [u8; 32],
    /// Whether it was lost here; otherwise the province refused it.
    pub is_lost: bool,
    /// Why: `missing`, `damaged`, or the province's code.
    pub code: String,
}

/// The code of a file that is not here as it was.
fn lost(code: &str) -> String {
    if code.is_empty() { "missing".into() } else { code.into() }
}

impl View<'_> {
    /// Files bound to figures, by figure and in the order in which they were attached; the first ten thousand.
    ///
    /// # Errors
    /// What the store says.
    pub fn attachments(&self, wanted: &Wanted) -> Result<Vec<Attachment>, StoreError> {
        let mut statement = self.0.prepare(
            "SELECT f.indicator, f.unit, f.period, f.version, e.name, e.sha256, e.size_bytes, e.entered_by, e.entered_at_ms,
                    coalesce(e.refusal_code, f.refusal_code), coalesce(e.refusal_detail, f.refusal_detail, '')
             FROM evidence e JOIN figure f ON f.change_id = e.observation
             WHERE (?1 IS NULL OR f.indicator = ?1) AND (?2 IS NULL OR f.period = ?2)
             ORDER BY f.indicator, f.period, f.unit, f.seq, e.seq LIMIT ?3",
        )?;
        let period = wanted.period.map(|period| period.to_string());
        let mut rows = statement.query(rusqlite::params![wanted.indicator, period, MOST_LISTED])?;
        let mut attachments = Vec::new();
        while let Some(row) = rows.next()? {
            let period = row.get::<_, String>(2)?.parse().map_err(|_| broken("period"))?;
            let (sha256, size_bytes) = (row.get(5)?, unsigned(row.get(6)?));
            let state = match row.get::<_, Option<String>>(9)? {
                Some(code) => FileState::Refused(StoredRefusal { code, detail: row.get(10)? }),
                None => self.file_state(sha256, size_bytes)?,
            };
            attachments.push(Attachment {
                key: ObservationKey { indicator: row.get(0)?, unit: row.get(1)?, period },
                version: row.get(3)?,
                name: row.get(4)?,
                sha256,
                size_bytes,
                entered_by: row.get(7)?,
                entered_at: instant_of_ms(row.get(8)?),
                state,
            });
        }
        Ok(attachments)
    }

    /// Files whose figures were taken but whose bytes cannot be sent as things are: lost here, or refused by the province. The first
    /// thousand bindings.
    ///
    /// # Errors
    /// What the store says.
    pub fn stuck_attachments(&self) -> Result<Vec<Stuck>, StoreError> {
        let mut statement = self.0.prepare(
            "SELECT f.indicator, f.unit, f.period, e.name, e.sha256, b.state, b.code
             FROM evidence_file b JOIN evidence e ON e.sha256 = b.sha256 JOIN figure f ON f.change_id = e.observation
             WHERE b.state IN ('missing', 'refused') AND e.refusal_code IS NULL AND f.refusal_code IS NULL
             ORDER BY f.indicator, f.period, f.unit, e.seq LIMIT ?1",
        )?;
        let mut rows = statement.query([MOST_STUCK])?;
        let mut stuck = Vec::new();
        while let Some(row) = rows.next()? {
            let period = row.get::<_, String>(2)?.parse().map_err(|_| broken("period"))?;
            let is_lost = row.get::<_, String>(5)? == "missing";
            let code: String = row.get(6)?;
            stuck.push(Stuck {
                key: ObservationKey { indicator: row.get(0)?, unit: row.get(1)?, period },
                name: row.get(3)?,
                sha256: row.get(4)?,
                is_lost,
                code: if is_lost { lost(&code) } else { code },
            });
        }
        Ok(stuck)
    }

    /// What the province said of the bytes of a file.
    fn file_state(&self, sha256: [u8; 32], size_bytes: u64) -> Result<FileState, StoreError> {
        let Some(file) = self.evidence_file(sha256)? else {
            return Ok(FileState::Pending { left_bytes: size_bytes, code: String::new() });
        };
        Ok(match file.state {
            super::file::FileState::Pending => {
                FileState::Pending { left_bytes: file.size_bytes.saturating_sub(file.held_bytes), code: file.code }
            }
            super::file::FileState::Held => FileState::Held,
            super::file::FileState::Missing => FileState::Missing { code: lost(&file.code) },
            super::file::FileState::Refused => {
                FileState::Refused(StoredRefusal { detail: file.code.clone(), code: file.code })
            }
        })
    }
}
