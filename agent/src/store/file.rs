//! The bytes of evidence on their way to the province. The bytes themselves lie in the folder `evidence`, by hash.

use super::{StoreError, View, Writing, broken, signed, unsigned};
use rusqlite::OptionalExtension;

/// Where a file stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileState {
    /// To be sent.
    Pending,
    /// Whole and verified at the province.
    Held,
    /// The province does not take it.
    Refused,
    /// Not on this computer any more.
    Missing,
}

impl FileState {
    const ALL: [FileState; 4] = [FileState::Pending, FileState::Held, FileState::Refused, FileState::Missing];

    /// The stable word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            FileState::Pending => "pending",
            FileState::Held => "held",
            FileState::Refused => "refused",
            FileState::Missing => "missing",
        }
    }
}

/// A file of evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceFile {
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
    /// Its size.
    pub size_bytes: u64,
    /// Where it stands.
    pub state: FileState,
    /// How much of it the province holds.
    pub held_bytes: u64,
    /// Why it is refused.
    pub code: String,
}

/// What is still to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outstanding {
    /// Files.
    pub files: u64,
    /// Bytes of them that the province does not hold yet.
    pub bytes: u64,
}

impl View<'_> {
    /// Files that are to be sent, behind a place in their order, at most so many.
    ///
    /// # Errors
    /// What the store says.
    pub fn pending_files(&self, after: Option<[u8; 32]>, most: usize) -> Result<Vec<EvidenceFile>, StoreError> {
        let sql = "SELECT sha256, size_bytes, state, held_bytes, code FROM evidence_file
                   WHERE state = 'pending' AND sha256 > ?1 AND EXISTS (SELECT 1 FROM evidence e
                     WHERE e.sha256 = evidence_file.sha256 AND e.refusal_code IS NULL) ORDER BY sha256 LIMIT ?2";
        let mut statement = self.0.prepare_cached(sql)?;
        let after = after.map_or_else(Vec::new, |after| after.to_vec());
        let mut rows = statement.query((after, signed(most as u64)))?;
        let mut files = Vec::new();
        while let Some(row) = rows.next()? {
            files.push(file_of(row)?);
        }
        Ok(files)
    }

    /// One file.
    ///
    /// # Errors
    /// What the store says.
    pub fn evidence_file(&self, sha256: [u8; 32]) -> Result<Option<EvidenceFile>, StoreError> {
        let sql = "SELECT sha256, size_bytes, state, held_bytes, code FROM evidence_file WHERE sha256 = ?1";
        self.0.prepare_cached(sql)?.query_row([sha256], |row| Ok(file_of(row))).optional()?.transpose()
    }

    /// Files that were not sent, but may be now: those that were not on this computer any more, and those that the province had no
    /// room for or knew no figure of.
    ///
    /// # Errors
    /// What the store says.
    pub fn files_to_reconsider(&self) -> Result<Vec<EvidenceFile>, StoreError> {
        // Limits are the province's to change, and what it knows grows; a kind is not allowed for ever.
        let sql = "SELECT sha256, size_bytes, state, held_bytes, code FROM evidence_file
                   WHERE state = 'missing' OR (state = 'refused' AND code IN ('commune_full', 'file_too_large', 'not_evidence'))
                   ORDER BY sha256";
        let mut statement = self.0.prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        let mut files = Vec::new();
        while let Some(row) = rows.next()? {
            files.push(file_of(row)?);
        }
        Ok(files)
    }

    /// What is still to be sent.
    ///
    /// # Errors
    /// What the store says.
    pub fn outstanding_files(&self) -> Result<Outstanding, StoreError> {
        let sql = "SELECT count(*), coalesce(sum(size_bytes - held_bytes), 0) FROM evidence_file WHERE state = 'pending'
                   AND EXISTS (SELECT 1 FROM evidence e WHERE e.sha256 = evidence_file.sha256 AND e.refusal_code IS NULL)";
        let (files, bytes): (i64, i64) = self.0.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(Outstanding { files: unsigned(files), bytes: unsigned(bytes) })
    }
}

impl Writing<'_> {
    /// Puts a file among those to be sent, if it is not known yet. One that was refused or lost, and is attached anew, is tried anew.
    pub(super) fn want_file(&self, sha256: [u8; 32], size_bytes: u64) -> Result<(), StoreError> {
        let sql =
            "INSERT INTO evidence_file (sha256, size_bytes, state, held_bytes, code) VALUES (?1, ?2, 'pending', 0, '')
                   ON CONFLICT (sha256) DO UPDATE SET state = 'pending', held_bytes = 0, code = ''
                   WHERE state IN ('refused', 'missing')";
        self.transaction.prepare_cached(sql)?.execute((sha256, signed(size_bytes)))?;
        Ok(())
    }

    /// Puts a file that was refused or lost among those to be sent; false when it is there already, or at the province.
    ///
    /// # Errors
    /// What the store says.
    pub fn want_file_again(&self, sha256: [u8; 32], size_bytes: u64) -> Result<bool, StoreError> {
        let file = self.view().evidence_file(sha256)?;
        let is_given_up = file.is_some_and(|file| matches!(file.state, FileState::Refused | FileState::Missing));
        if is_given_up {
            self.want_file(sha256, size_bytes)?;
        }
        Ok(is_given_up)
    }

    /// All files are offered again: another life of the province's store may hold less.
    ///
    /// # Errors
    /// What the store says.
    pub fn offer_all_files(&self) -> Result<(), StoreError> {
        let sql = "UPDATE evidence_file SET state = 'pending', held_bytes = 0 WHERE state = 'held'";
        self.transaction.execute(sql, [])?;
        Ok(())
    }

    /// Notes where a file stands.
    ///
    /// # Errors
    /// What the store says.
    pub fn note_file(&self, sha256: [u8; 32], state: FileState, held_bytes: u64, code: &str) -> Result<(), StoreError> {
        let sql = "UPDATE evidence_file SET state = ?2, held_bytes = min(?3, size_bytes), code = ?4 WHERE sha256 = ?1";
        self.transaction.prepare_cached(sql)?.execute((sha256, state.as_str(), signed(held_bytes), code))?;
        Ok(())
    }
}

fn file_of(row: &rusqlite::Row<'_>) -> Result<EvidenceFile, StoreError> {
    let word: String = row.get(2)?;
    let state = FileState::ALL.into_iter().find(|state| state.as_str() == word);
    Ok(EvidenceFile {
        sha256: row.get(0)?,
        size_bytes: unsigned(row.get(1)?),
        state: state.ok_or_else(|| broken("state of a file"))?,
        held_bytes: unsigned(row.get(3)?),
        code: row.get(4)?,
    })
}
