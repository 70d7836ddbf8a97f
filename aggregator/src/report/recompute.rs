//! A published month recomputed from its exported files alone: no database, no catalogue.

use chrono::NaiveDate;
use shared::{
    book::{Book, BookError},
    calendar::local_day,
    listing::Listing,
    period::Period,
    ranking::{Scheme, Scope, board::Board, explain, rank},
    tables::{
        read::{self, TableError},
        write,
    },
};
use std::{collections::HashMap, path::Path};
use thiserror::Error;

/// Largest file that is read, in bytes.
pub const MAX_FILE_BYTES: u64 = 4 << 30;

/// What to recompute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Recomputed {
    /// The ranking.
    Rankings,
    /// What each line is made of.
    Explain,
}

/// Why it could not be recomputed.
#[derive(Debug, Error)]
pub enum RecomputeError {
    /// A file could not be read.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A file is too large.
    #[error("{0} is larger than {MAX_FILE_BYTES} bytes")]
    TooLarge(String),
    /// A fault in a table.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The tables do not fit together.
    #[error(transparent)]
    Book(#[from] BookError),
}

/// Reads the five input tables of a folder.
///
/// # Errors
/// A file that cannot be read or is too large. A missing file is reported later, by name.
pub fn files(folder: &Path) -> Result<HashMap<String, Vec<u8>>, RecomputeError> {
    let mut files = HashMap::new();
    for name in ["communes.csv", "indicators.csv", "targets.csv", "exceptions.csv", "observations.csv"] {
        let path = folder.join(name);
        let fault = |source| RecomputeError::File { path: path.display().to_string(), source };
        match std::fs::metadata(&path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => continue,
            Err(e) => return Err(fault(e)),
            Ok(meta) if meta.len() > MAX_FILE_BYTES => return Err(RecomputeError::TooLarge(name.into())),
            Ok(_) => files.insert(name.to_owned(), std::fs::read(&path).map_err(fault)?),
        };
    }
    Ok(files)
}

/// Recomputes a ranking or its explanation. Also answers how many rows named a commune or indicator that the files do
/// not have. `today` decides only whether the period's cut-off day has passed; a day on which something was received has
/// been in any case.
///
/// # Errors
/// A fault in the tables.
pub fn recompute(
    files: &HashMap<String, Vec<u8>>,
    what: Recomputed,
    period: Period,
    scheme: Scheme,
    today: NaiveDate,
) -> Result<(Listing, u64), RecomputeError> {
    let inputs = read::inputs(files)?;
    let newest = inputs.observations.iter().map(|row| local_day(row.received_at)).max();
    let today = newest.map_or(today, |newest| newest.max(today));
    let book = Book::new(&inputs)?;
    let list = match what {
        Recomputed::Rankings => write::rankings(&book, scheme, period, &rank(&book, scheme, period, &Scope::default())),
        Recomputed::Explain => {
            let board = Board::new(&book, scheme, period, &Scope::default());
            let communes = 0..u32::try_from(book.members().len()).unwrap_or(u32::MAX);
            let rows: Vec<_> = communes.flat_map(|c| explain::explain(&book, &board, c, today)).collect();
            write::explain(&book, period, &rows)
        }
    };
    Ok((list, book.ignored()))
}
