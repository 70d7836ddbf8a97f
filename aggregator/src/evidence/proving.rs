//! Whether every file that is held is there and what it was; what is not is asked for again when a person says so.

use super::{Evidence, EvidenceError, partial};
use crate::store::{Act, EvidenceFile, Finding, Flaw};

impl Evidence {
    /// Looks whether every file that is held is there and what it was.
    ///
    /// # Errors
    /// [`EvidenceError`]; an object store that does not answer is no missing file.
    pub async fn verify(&self) -> Result<Vec<Finding>, EvidenceError> {
        let mut findings = Vec::new();
        self.can_be_asked().await?;
        for file in self.store.evidence_files().await? {
            if !self.is_whole(file.sha256, file.size_bytes).await? {
                let place = hex::encode(file.sha256);
                findings.push(Finding { commune: String::new(), flaw: Flaw::File, place });
            }
        }
        Ok(findings)
    }

    /// Counts no file as held that is missing or not what it was: what lies in its place is put away, and the communes' agents are
    /// told to offer their files again. How many files.
    ///
    /// # Errors
    /// [`EvidenceError`]
    pub async fn repair(&self, act: &Act) -> Result<usize, EvidenceError> {
        let mut repaired = 0;
        self.can_be_asked().await?;
        for EvidenceFile { sha256, size_bytes, .. } in self.store.evidence_files().await? {
            let _alone = self.lock(sha256).await;
            if self.put_away_damaged(sha256, size_bytes).await? {
                self.store.lose_evidence(sha256, act.clone()).await?;
                repaired += 1;
            }
        }
        Ok(repaired)
    }

    /// A bucket that is not there at all, or not this one, must not be taken for one from which every file is missing.
    async fn can_be_asked(&self) -> Result<(), EvidenceError> {
        match self.shelf.bucket() {
            Some(bucket) => bucket.probe().await?,
            None => return Ok(()),
        }
        self.place.mark().await
    }

    /// Whether a file of this size with this checksum is on the shelf.
    async fn is_whole(&self, sha256: [u8; 32], size: u64) -> Result<bool, EvidenceError> {
        if let Some(bucket) = self.shelf.bucket()
            && let Some(is_whole) = bucket.is_whole(sha256, size).await?
        {
            return Ok(is_whole);
        }
        let path = self.shelf.path(sha256);
        self.work(move || partial::is_whole(&path, sha256, size)).await
    }

    /// Puts away what lies in the place of a file that is held, unless it is that file; whether it was.
    async fn put_away_damaged(&self, sha256: [u8; 32], size: u64) -> Result<bool, EvidenceError> {
        if let Some(bucket) = self.shelf.bucket() {
            match bucket.is_whole(sha256, size).await? {
                Some(true) => return Ok(false),
                Some(false) => bucket.set_aside(sha256).await?,
                None => {}
            }
        }
        let root = self.shelf.root().to_owned();
        self.work(move || partial::put_away_damaged(&root, sha256, size)).await
    }
}
