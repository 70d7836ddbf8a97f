//! Closed periods as data packages (Frictionless) for everybody: the tables of the closing in force, byte for byte as `period export` writes
//! them, with their columns described.

use crate::store::{Closing, Store, StoreError};
use chrono::NaiveDate;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use shared::{
    amount::Amount,
    calendar::rfc3339,
    period::Period,
    snapshot::{HEAD_FILE, Snapshot},
};
use std::sync::Arc;
use tokio::sync::Mutex;

/// Name of the description of a package.
pub const PACKAGE_FILE: &str = "datapackage.json";
/// How many packages are held ready.
const MAX_HELD: usize = 2;

/// A closed period as files.
#[derive(Debug)]
pub struct Package {
    /// The closing.
    pub closing: Closing,
    /// Its tables.
    pub snapshot: Snapshot,
    /// What each table is.
    pub resources: Vec<Value>,
}

/// Packages that were asked for last.
#[derive(Debug, Default)]
pub struct Packages {
    held: Mutex<Vec<Arc<Package>>>,
}

/// The closings in force that have a snapshot, newest period first.
///
/// # Errors
/// The store's.
pub async fn published(store: &dyn Store) -> Result<Vec<Closing>, StoreError> {
    let mut closings = store.closings().await?;
    closings.retain(|closing| closing.is_in_force() && closing.digest.is_some());
    closings.reverse();
    Ok(closings)
}

impl Packages {
    /// The package of a closing; none when it has no snapshot.
    ///
    /// # Errors
    /// The store's.
    pub async fn of(&self, store: &dyn Store, closing: &Closing) -> Result<Option<Arc<Package>>, StoreError> {
        let mut held = self.held.lock().await;
        if let Some(found) = held.iter().find(|one| one.closing == *closing) {
            return Ok(Some(found.clone()));
        }
        let Some(snapshot) = store.snapshot(closing.period, closing.revision).await? else { return Ok(None) };
        let resources = snapshot.tables.iter().map(|(name, bytes)| resource(name, bytes)).collect();
        let package = Arc::new(Package { closing: closing.clone(), snapshot, resources });
        held.truncate(MAX_HELD - 1);
        held.insert(0, package.clone());
        Ok(Some(package))
    }
}

/// The package described.
#[must_use]
pub fn description(package: &Package, province: &str, licence: &str, simulated: bool) -> Value {
    let Closing { period, revision, closed_at, .. } = &package.closing;
    let mark = if simulated { " · SỐ LIỆU MÔ PHỎNG / SIMULATED FIGURES" } else { "" };
    json!({
        "profile": "data-package",
        "name": format!("{}-{}", package.snapshot.head.province, period.to_string().to_lowercase()),
        "title": format!("{province}: {period}{mark}"),
        "description": format!(
            "Số liệu, mục tiêu và xếp hạng của kỳ {period} như khi chốt lần {revision}. Tính lại: province-aggregator recompute THƯ_MỤC rankings --period {period}. \
             The figures, targets and rankings of {period} as closed, revision {revision}.{mark}"
        ),
        "version": revision.to_string(),
        "created": rfc3339(*closed_at),
        "licenses": [{"name": licence}],
        "simulated": simulated,
        "digest": package.closing.digest.map(|digest| format!("sha256:{}", hex::encode(digest))),
        "digestOf": HEAD_FILE,
        "resources": package.resources,
    })
}

fn resource(name: &str, bytes: &[u8]) -> Value {
    json!({
        "name": name.trim_end_matches(".csv").to_lowercase(),
        "path": name,
        "profile": "tabular-data-resource",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": bytes.len(),
        "hash": format!("sha256:{}", hex::encode(Sha256::digest(bytes))),
        "schema": {"fields": fields(bytes)},
    })
}

/// The columns of a table; a type is one that every cell has.
fn fields(bytes: &[u8]) -> Vec<Value> {
    let mut reader = csv::Reader::from_reader(bytes);
    let names: Vec<String> =
        reader.headers().map(|names| names.iter().map(str::to_owned).collect()).unwrap_or_default();
    let mut fits = vec![[true; 3]; names.len()];
    let mut is_filled = vec![false; names.len()];
    for row in reader.records().map_while(Result::ok) {
        for (at, cell) in row.iter().enumerate().filter(|(at, cell)| *at < names.len() && !cell.is_empty()) {
            is_filled[at] = true;
            // Codes with leading zeros are no numbers.
            let plain = !(cell.len() > 1 && cell.starts_with('0') && !cell.starts_with("0."));
            fits[at][0] &= plain && cell.parse::<i64>().is_ok();
            fits[at][1] &= plain && cell.parse::<Amount>().is_ok();
            fits[at][2] &= cell.parse::<NaiveDate>().is_ok();
        }
    }
    let kind = |at: usize| match fits[at] {
        _ if !is_filled[at] => "string",
        [true, ..] => "integer",
        [_, true, _] => "number",
        [.., true] => "date",
        _ => "string",
    };
    names.iter().enumerate().map(|(at, name)| json!({"name": name, "type": kind(at)})).collect()
}

/// The closing in force of a period that is named in an address.
#[must_use]
pub fn named<'a>(closings: &'a [Closing], period: &str) -> Option<&'a Closing> {
    let period: Period = period.parse().ok()?;
    closings.iter().find(|closing| closing.period == period)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_one_that_every_cell_has() {
        let table = "code,count,share,day,mixed,empty\n001,3,0.50,2026-10-19,1,\n1234,-4,12,2026-10-20,yes,\n";
        let kinds: Vec<_> = fields(table.as_bytes()).into_iter().map(|field| field["type"].clone()).collect();
        assert_eq!(kinds, ["string", "integer", "number", "date", "string", "string"]);
    }
}
