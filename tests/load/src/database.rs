//! A PostgreSQL of the load's own instead of the file: what a founded province is moved to, and what it can do at most.

use crate::{
    limit::place_of,
    log::Log,
    province::{act, founding},
};
use aggregator::{
    clock::{Clock, SystemClock},
    folder::Folder,
    moving,
    store::{
        CatalogueImport,
        postgres::{Address, PostgresStore},
    },
};
use anyhow::Result;
use cluster::Cluster;
use shared::change::Deed;
use std::{
    fmt::Write as _,
    fs::{self, OpenOptions},
    io::Write as _,
    path::Path,
    time::{Duration, Instant},
};

/// See the module. It ends with this value.
#[derive(Debug)]
pub struct Database {
    cluster: Cluster,
}

impl Database {
    /// Starts one.
    ///
    /// # Errors
    /// PostgreSQL's programs are not installed, or it does not start.
    pub fn start() -> Result<Self> {
        Ok(Self { cluster: Cluster::start(None)? })
    }

    /// Moves a province there, as `migrate --to` does, and says so in its settings.
    ///
    /// # Errors
    /// It cannot be moved.
    pub async fn take(&self, folder: &Folder) -> Result<()> {
        let url = self.cluster.database()?;
        moving::move_to(folder, &Address::read(&url, None)?).await?;
        let mut settings = OpenOptions::new().create(true).append(true).open(folder.config())?;
        Ok(writeln!(settings, "[store]\nurl = {url:?}")?)
    }

    /// The rows of all logs by `COPY`, one statement for each table, nothing checked. `desk` has room for the files it reads.
    ///
    /// # Errors
    /// The database's.
    pub async fn rows(&self, desk: &Path, import: &CatalogueImport, logs: &[Log]) -> Result<Duration> {
        let url = self.cluster.database()?;
        drop(PostgresStore::create(&Address::read(&url, None)?, founding(), import.clone(), act()).await?);
        let at = SystemClock.now().timestamp_millis();
        let [mut journal, mut observations, mut heads] = [(); 3].map(|()| String::new());
        for (log, commune) in logs.iter().zip(1_000..) {
            let chains = log.chains();
            for (number, ((change, body), chain)) in log.changes.iter().zip(&log.bodies).zip(&chains).enumerate() {
                let (seq, body, chain) = (number + 1, hex::encode(body), hex::encode(chain));
                writeln!(journal, "{commune},{seq},\\x{body},\\x{chain},{at},")?;
                let Deed::Recorded(figure) = &change.deed else { continue };
                let ((indicator, month, version), id) = (place_of(number), hex::encode(change.id.as_bytes()));
                let (note, by) = (&figure.note, &change.entered_by);
                writeln!(
                    observations,
                    "{commune},{indicator},0,{month},{version},\\x{id},0,{}000000,10000000000,\"{note}\",\"{by}\",{at},{at},{seq}",
                    number + 1
                )?;
            }
            let last = chains.last().map(hex::encode).unwrap_or_default();
            writeln!(heads, "{commune},{commune},{},\\x{last},{at}", log.bodies.len())?;
        }
        let mut copies = Vec::new();
        for (table, columns, rows) in [
            ("journal", "log, seq, body, chain, received_at, refusal", journal),
            (
                "observation",
                "commune, indicator, unit, period, version, change_id, kind, amount, denominator, note, entered_by, entered_at, received_at, seq",
                observations,
            ),
            ("head", "commune, log, seq, chain, updated_at", heads),
        ] {
            let path = desk.join(format!("{table}.csv"));
            fs::write(&path, rows)?;
            copies.push(format!(
                "\\copy {table} ({columns}) FROM '{}' WITH (FORMAT csv, FORCE_NOT_NULL ({}))",
                path.display(),
                if table == "observation" { "note" } else { columns.split(',').next().unwrap_or_default() }
            ));
        }
        let began = Instant::now();
        for copy in &copies {
            self.cluster.sql(&url, copy)?;
        }
        Ok(began.elapsed())
    }
}
