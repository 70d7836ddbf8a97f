//! Taking in a catalogue: its files out of a workbook and back, what is compared, and what stops it from becoming the one in force. The
//! commands `catalogue` and the pages do the same by it.

use crate::store::{Act, CatalogueFiles, CatalogueImport, Imported, Store, StoreError, StoredObservation};
use shared::{
    catalogue::{
        Catalogue,
        diff::{CatalogueChange, diff},
        read::{FILES, Fault, read as read_files},
    },
    task::Reported,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Cursor},
};
use thiserror::Error;
use workbook::{reading::ReadFault, tables};

/// Why a catalogue does not become the one in force.
#[derive(Debug, Error)]
pub enum IntakeError {
    /// It is of another province.
    #[error("the catalogue is of the province {found:?}, this folder is of {own:?}")]
    OtherProvince {
        /// Of the catalogue.
        found: String,
        /// Of the folder.
        own: String,
    },
    /// It is of another plan year, while there are figures of this one.
    #[error("the catalogue is for {found}, the figures here are of {own}")]
    OtherYear {
        /// Of the catalogue.
        found: i32,
        /// Of the folder.
        own: i32,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A catalogue that was read, ready to be compared and imported.
#[derive(Debug)]
pub struct Read {
    /// What it says.
    pub catalogue: Catalogue,
    /// Its files.
    pub import: CatalogueImport,
}

/// Reads the files of a catalogue, or names every fault in them.
///
/// # Errors
/// The faults.
pub fn read(files: CatalogueFiles) -> Result<Read, Vec<Fault>> {
    let catalogue = read_files(&files)?;
    let import = CatalogueImport {
        files,
        fingerprint: hex::encode(catalogue.fingerprint()),
        plan_year: catalogue.province.plan_year,
    };
    Ok(Read { catalogue, import })
}

/// The files of a workbook; a sheet that is missing is a fault that [`read`] names.
///
/// # Errors
/// [`ReadFault`]
pub fn files_of_workbook(bytes: &[u8]) -> Result<CatalogueFiles, ReadFault> {
    tables::read(bytes, &FILES)
}

/// The files as a workbook.
///
/// # Errors
/// What writing says.
pub fn workbook_of(files: &CatalogueFiles) -> io::Result<Vec<u8>> {
    let mut bytes = Cursor::new(Vec::new());
    tables::write(&sheets(files), &mut bytes).map_err(io::Error::other)?;
    Ok(bytes.into_inner())
}

/// The files as rows of cells: of a table its cells, of the settings a line each.
fn sheets(files: &CatalogueFiles) -> BTreeMap<String, Vec<Vec<String>>> {
    let rows = |name: &str, bytes: &[u8]| -> Vec<Vec<String>> {
        if !name.ends_with(".csv") {
            return String::from_utf8_lossy(bytes).lines().map(|line| vec![line.to_owned()]).collect();
        }
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
        let records = reader.records().filter_map(Result::ok);
        records.map(|record| record.iter().map(str::to_owned).collect()).collect()
    };
    files.iter().map(|(name, bytes)| (name.clone(), rows(name, bytes))).collect()
}

/// What importing a catalogue would do, or did.
#[derive(Debug)]
pub struct Effect {
    /// The version that it was compared with.
    pub version: u64,
    /// The differences to that one.
    pub changes: Vec<CatalogueChange>,
    /// What has figures and was asked for before, but is no longer: `commune indicator`.
    pub orphans: BTreeSet<String>,
}

/// What importing a catalogue would do.
///
/// # Errors
/// [`IntakeError`] where it cannot be imported.
pub async fn effect(store: &dyn Store, new: &Catalogue) -> Result<Effect, IntakeError> {
    let (version, old) = store.catalogue().await?;
    if new.province.id != old.province.id {
        return Err(IntakeError::OtherProvince { found: new.province.id.clone(), own: old.province.id.clone() });
    }
    let (found, own) = (new.province.plan_year, old.province.plan_year);
    let observations = store.observations().await?;
    if found != own && !observations.is_empty() {
        return Err(IntakeError::OtherYear { found, own });
    }
    Ok(Effect { version, changes: diff(&old, new), orphans: orphans(&old, new, &observations) })
}

/// Makes a catalogue the one in force.
///
/// # Errors
/// [`IntakeError`]
pub async fn import(store: &dyn Store, read: Read, act: Act) -> Result<(Imported, Effect), IntakeError> {
    let effect = effect(store, &read.catalogue).await?;
    Ok((store.import_catalogue(read.import, act).await?, effect))
}

/// What has figures and was asked for by the catalogue before, but is no longer: `commune indicator`.
fn orphans(old: &Catalogue, new: &Catalogue, observations: &[StoredObservation]) -> BTreeSet<String> {
    let (before, now) = (asked_of(old), asked_of(new));
    let reported = observations.iter().map(|one| {
        let code = one.key.indicator.as_str();
        (one.commune.as_str(), code, Reported::of(code).task().map_or((false, code), |task| (true, task)))
    });
    reported
        .filter(|(commune, _, what)| before.contains(&(*commune, *what)) && !now.contains(&(*commune, *what)))
        .map(|(commune, code, _)| format!("{commune} {code}"))
        .collect()
}

/// A commune, and what its plan has: whether it is a task, and its code.
type Asked<'a> = (&'a str, (bool, &'a str));

fn asked_of(catalogue: &Catalogue) -> BTreeSet<Asked<'_>> {
    let targets = catalogue.targets.iter().map(|target| (target.commune.as_str(), (false, target.indicator.as_str())));
    let tasks = catalogue.tasks.iter().map(|task| (task.commune.as_str(), (true, task.code.as_str())));
    targets.chain(tasks).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        sample::{self, batch, figure},
        store::Append,
    };
    use shared::change::LogPosition;

    #[tokio::test]
    async fn only_what_the_catalogue_had_before_is_missed() {
        let (_folder, store) = sample::store().await;
        // CDS-17 is in every plan; an lộc has none, and never had.
        let of = |commune| batch(commune, 1, LogPosition::START, vec![figure(1, "2026-10", 10)]);
        store.append(Append { batches: vec![of("tan-phu"), of("an-loc")], notes: Vec::new() }).await.unwrap();
        let (old, _) = sample::catalogue();
        let mut new = old.clone();
        let observations = store.observations().await.unwrap();
        assert_eq!(observations.len(), 2);
        assert!(orphans(&old, &new, &observations).is_empty());
        new.targets.retain(|target| target.indicator != "CDS-17");
        assert_eq!(orphans(&old, &new, &observations).into_iter().collect::<Vec<_>>(), ["tan-phu CDS-17"]);
    }
}
