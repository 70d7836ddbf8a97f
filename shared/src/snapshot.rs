//! What closing a period freezes: the tables of the exports as they were, inputs and results, under one digest.
//!
//! Source: scoring rules 2026.1, "Closed periods". The tables are those of the exports, so a snapshot is recomputed from itself by the
//! same code as any other export, here or elsewhere. No clock, no database.

mod head;
#[cfg(test)]
mod tests;

pub use head::{HEAD_FILE, Head, HeadError, ListedTable};

use crate::{
    book::{Book, BookError},
    listing::Listing,
    period::Period,
    ranking::{self, Before, RankingRow, Scheme, board::Board, explain},
    tables::{
        Inputs,
        read::{self, TableError},
        write,
    },
};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use thiserror::Error;

/// The frozen inputs.
pub const INPUT_TABLES: [&str; 5] =
    ["communes.csv", "indicators.csv", "targets.csv", "exceptions.csv", "observations.csv"];
/// The ranks of the period before that movement is measured against, in the columns of `rankings`.
pub const PREVIOUS_TABLE: &str = "previous.csv";

/// A closed period's frozen tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// What they are of.
    pub head: Head,
    /// By file name, as CSV.
    pub tables: BTreeMap<String, Vec<u8>>,
}

/// Ranks by commune slug, of one ranking.
pub type Ranks = HashMap<String, u32>;

/// Why a snapshot cannot be made or read.
#[derive(Debug, Error)]
pub enum SnapshotError {
    /// A table of it is not one of the exports.
    #[error(transparent)]
    Table(#[from] TableError),
    /// Its tables do not fit together.
    #[error(transparent)]
    Book(#[from] BookError),
    /// It was closed under rules that this program does not compute.
    #[error("closed under the rules {0:?}, which this program does not know")]
    OtherRules(String),
}

/// What of a snapshot is not as it was when the period was closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mismatch {
    /// Its digest is another one.
    Digest,
    /// This table, computed again from the frozen inputs, comes out differently; or it cannot be computed, and why.
    Table(String, Option<String>),
}

/// Name of the frozen ranking of a scheme.
#[must_use]
pub fn rankings_table(scheme: Scheme) -> String {
    format!("rankings-{}.csv", scheme.as_str())
}

/// Name of the frozen explanation of a scheme.
#[must_use]
pub fn explain_table(scheme: Scheme) -> String {
    format!("explain-{}.csv", scheme.as_str())
}

/// Whether a table of a closing has this name: one of those that [`Snapshot::freeze`] makes, and so always the plain name of a file.
#[must_use]
pub fn is_table(name: &str) -> bool {
    INPUT_TABLES.contains(&name)
        || name == PREVIOUS_TABLE
        || Scheme::ALL.into_iter().any(|scheme| name == rankings_table(scheme) || name == explain_table(scheme))
}

impl Snapshot {
    /// Freezes a period. `inputs` holds what the exports of the period hold; `previous` is the table of the rankings that movement is
    /// measured against, of all schemes (none: there is no period before).
    ///
    /// # Errors
    /// Tables that do not fit together.
    pub fn freeze(head: Head, inputs: &Inputs, previous: Option<Vec<u8>>) -> Result<Self, SnapshotError> {
        let book = Book::new(inputs)?;
        let mut tables = BTreeMap::new();
        let inputs_as = [
            write::communes(inputs),
            write::indicators(inputs),
            write::targets(inputs, &book),
            write::exceptions(inputs),
            write::observations(inputs),
        ];
        for (name, table) in INPUT_TABLES.into_iter().zip(inputs_as) {
            tables.insert(name.to_owned(), table.csv());
        }
        if let Some(previous) = previous {
            tables.insert(PREVIOUS_TABLE.to_owned(), previous);
        }
        let mut snapshot = Self { head, tables };
        // From the tables as they will be read, so that nothing counts that they do not say.
        let results = snapshot.computed()?;
        snapshot.tables.extend(results);
        Ok(snapshot)
    }

    /// The canonical form's head: what is frozen, and the SHA-256 of each table. The digest is the SHA-256 of these bytes.
    #[must_use]
    pub fn head_file(&self) -> Vec<u8> {
        self.head.to_text(&self.tables).into_bytes()
    }

    /// SHA-256 over the canonical form.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.head_file()).into()
    }

    /// The frozen inputs.
    ///
    /// # Errors
    /// A table that cannot be read.
    pub fn inputs(&self) -> Result<Inputs, TableError> {
        let of_inputs = |(name, bytes): (&String, &Vec<u8>)| {
            INPUT_TABLES.contains(&name.as_str()).then(|| (name.clone(), bytes.clone()))
        };
        read::inputs(&self.tables.iter().filter_map(of_inputs).collect())
    }

    /// The ranks that the frozen ranking's movement is measured against.
    ///
    /// # Errors
    /// A table that cannot be read.
    pub fn previous(&self, scheme: Scheme) -> Result<Option<Ranks>, TableError> {
        self.tables.get(PREVIOUS_TABLE).map(|bytes| read::ranks(PREVIOUS_TABLE, bytes, scheme)).transpose()
    }

    /// The frozen ranks of a scheme.
    ///
    /// # Errors
    /// A table that is missing or cannot be read.
    pub fn ranks(&self, scheme: Scheme) -> Result<Ranks, TableError> {
        let name = rankings_table(scheme);
        read::ranks(&name, self.tables.get(&name).map_or(&[][..], Vec::as_slice), scheme)
    }

    /// The frozen rankings of all schemes as one table.
    #[must_use]
    pub fn all_rankings(&self) -> Vec<u8> {
        let mut all = Vec::new();
        for scheme in Scheme::ALL {
            let table = self.tables.get(&rankings_table(scheme)).map_or(&[][..], Vec::as_slice);
            let head = table.iter().position(|byte| *byte == b'\n').map_or(table.len(), |end| end + 1);
            all.extend_from_slice(if all.is_empty() { table } else { &table[head..] });
        }
        all
    }

    /// The results, computed from the frozen inputs.
    fn computed(&self) -> Result<BTreeMap<String, Vec<u8>>, SnapshotError> {
        if !crate::catalogue::RULE_VERSIONS.contains(&self.head.rules.as_str()) {
            return Err(SnapshotError::OtherRules(self.head.rules.clone()));
        }
        let book = Book::new(&self.inputs()?)?;
        let mut tables = BTreeMap::new();
        for scheme in Scheme::ALL {
            let board = Board::new(&book, scheme, self.head.period, &ranking::Scope::default());
            let before = self.previous(scheme)?.map_or(Before::Nothing, |ranks| Before::of_ranks(&book, &ranks));
            let rows = ranking::rows(&board, &before);
            tables.insert(rankings_table(scheme), write::rankings(&book, scheme, self.head.period, &rows).csv());
            let communes = 0..u32::try_from(book.members().len()).unwrap_or(u32::MAX);
            let rows: Vec<_> = communes.flat_map(|c| explain::explain(&book, &board, c, self.head.as_of)).collect();
            tables.insert(explain_table(scheme), write::explain(&book, self.head.period, &rows).csv());
        }
        Ok(tables)
    }

    /// Computes everything again from the frozen inputs and compares. `digest` is what was noted when the period was closed.
    #[must_use]
    pub fn verify(&self, digest: &[u8; 32]) -> Vec<Mismatch> {
        let mut mismatches = Vec::new();
        if self.digest() != *digest {
            mismatches.push(Mismatch::Digest);
        }
        let strangers = self.tables.keys().filter(|name| !is_table(name));
        mismatches.extend(strangers.map(|name| Mismatch::Table(name.clone(), Some("no table of a closing".into()))));
        match self.computed() {
            Err(error) => mismatches.push(Mismatch::Table("rankings".into(), Some(error.to_string()))),
            Ok(computed) => {
                let differing = computed.into_iter().filter(|(name, bytes)| self.tables.get(name) != Some(bytes));
                mismatches.extend(differing.map(|(name, _)| Mismatch::Table(name, None)));
            }
        }
        mismatches
    }
}

/// The rankings of a period in all schemes as one table, for the next period's movement.
#[must_use]
pub fn all_schemes(book: &Book, period: Period, rows: impl Fn(Scheme) -> Vec<RankingRow>) -> Vec<u8> {
    let mut all = Listing::default();
    for scheme in Scheme::ALL {
        let list = write::rankings(book, scheme, period, &rows(scheme));
        all.columns = list.columns;
        all.rows.extend(list.rows);
    }
    all.csv()
}
