//! What waits on the disk, looked through when the server starts and every day: parts that nobody goes on with are given up, and what has
//! come whole and is named by its commune goes on to where it belongs, without its agent asking.

use super::{Evidence, EvidenceError, Partial, Stands, partial};
use chrono::{DateTime, TimeDelta, Utc};
use partial::WholeFile;
use proto::sync::v1::FileState;
use std::collections::HashSet;

/// A file that nobody has gone on with for so long is given up.
pub(super) const PARTIAL_DAYS: i64 = 30;

impl Evidence {
    /// Gives up files that nobody goes on with, takes up again those that are whole, and says it in the log where the object store is
    /// somebody else's place; how many were given up.
    ///
    /// # Errors
    /// [`EvidenceError`]
    pub async fn tidy(&self, now: DateTime<Utc>) -> Result<usize, EvidenceError> {
        let mut is_foreign = false;
        if let Err(EvidenceError::Objects(error)) = self.place.check().await
            && error.is_of_the_place()
        {
            tracing::error!(%error, "no evidence is taken: look at evidence.url");
            is_foreign = true;
        }
        let named = self.named_and_whole().await?;
        if !is_foreign {
            for (commune, partial) in &named {
                if !self.storing.has_room() {
                    break;
                }
                self.take_up(commune, partial, now).await?;
            }
        }
        let (root, before) = (self.shelf.root().to_owned(), now - TimeDelta::days(PARTIAL_DAYS));
        let spared = named.iter().map(|(_, partial)| partial.coming().to_owned()).collect::<HashSet<_>>();
        self.work(move || partial::tidy(&root, before, &spared)).await
    }

    /// How many files have come whole and are not held yet, since their way into the object store is not over, and since when the first.
    ///
    /// # Errors
    /// [`EvidenceError`]
    pub async fn being_stored(&self) -> Result<Option<(usize, DateTime<Utc>)>, EvidenceError> {
        let root = self.shelf.root().to_owned();
        let (mut files, mut since) = (HashSet::new(), None);
        for WholeFile { sha256, size, came, .. } in self.work(move || partial::whole(&root)).await? {
            if self.store.evidence_file(sha256).await?.is_none_or(|held| held.size_bytes != size) {
                files.insert(sha256);
                since = Some(since.map_or(came, |since: DateTime<Utc>| since.min(came)));
            }
        }
        Ok(since.map(|since| (files.len(), since)))
    }

    /// The files that lie here whole and that their commune names with this size.
    async fn named_and_whole(&self) -> Result<Vec<(String, Partial)>, EvidenceError> {
        let root = self.shelf.root().to_owned();
        let mut named = Vec::new();
        for WholeFile { commune, sha256, size, .. } in self.work(move || partial::whole(&root)).await? {
            let claims = self.store.evidence_claims(&commune, vec![sha256]).await?;
            if claims.iter().any(|claim| claim.named_sizes.contains(&size)) {
                let partial = Partial::new(&self.shelf, &commune, sha256, size);
                named.push((commune, partial));
            }
        }
        Ok(named)
    }

    /// Does with a whole file what its agent's next offer would do, without waiting for what comes of it.
    async fn take_up(&self, commune: &str, partial: &Partial, now: DateTime<Utc>) -> Result<(), EvidenceError> {
        let (sha256, size) = partial.named();
        if self.storing.find((sha256, size)).is_some() {
            return Ok(());
        }
        let _alone = self.lock(sha256).await;
        let held = self.store.evidence_file(sha256).await?.filter(|held| held.size_bytes == size);
        let here = partial.clone();
        if held.is_some() && matches!(self.is_there(sha256, size).await, Ok(true)) {
            return self.work(move || here.forget()).await;
        }
        let written = self.work(move || here.look()).await?;
        if let Stands::So(answer) = self.written(partial, commune, (sha256, size), written, now).await?
            && answer.state() != FileState::Held
        {
            tracing::warn!(commune, file = %hex::encode(sha256), code = answer.code, "evidence that waited here is not whole");
        }
        Ok(())
    }
}
