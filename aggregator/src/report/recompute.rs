//! A published month recomputed from its exported files alone: no database, no catalogue.

use chrono::NaiveDate;
use sha2::{Digest, Sha256};
use shared::{
    book::{Book, BookError},
    calendar::local_day,
    listing::Listing,
    period::Period,
    ranking::{self, Before, Scheme, Scope, board::Board, explain, rank},
    snapshot::{HEAD_FILE, Head, HeadError, INPUT_TABLES, PREVIOUS_TABLE},
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
    /// The head of a snapshot cannot be read.
    #[error(transparent)]
    Head(#[from] HeadError),
    /// A table of a snapshot is not the one that was closed.
    #[error("{0} is not the table that was closed: its SHA-256 is not the one in {HEAD_FILE}")]
    Altered(String),
    /// A snapshot of another period.
    #[error("the folder is the snapshot of {0}")]
    OtherPeriod(Period),
    /// The tables do not fit together.
    #[error(transparent)]
    Book(#[from] BookError),
}

/// Reads the five input tables of a folder; of a closed period's snapshot also its head and the ranks before.
///
/// # Errors
/// A file that cannot be read or is too large. A missing file is reported later, by name.
pub fn files(folder: &Path) -> Result<HashMap<String, Vec<u8>>, RecomputeError> {
    let mut files = HashMap::new();
    for name in INPUT_TABLES.into_iter().chain([PREVIOUS_TABLE, HEAD_FILE]) {
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
/// not have. `today` (none: the day of closing, else `now`) decides only whether the period's cut-off day has passed; a day on which
/// something was received has been in any case. The tables of a snapshot are compared with its head first.
///
/// # Errors
/// A fault in the tables.
pub fn recompute(
    files: &HashMap<String, Vec<u8>>,
    what: Recomputed,
    period: Period,
    scheme: Scheme,
    today: Option<NaiveDate>,
    now: NaiveDate,
) -> Result<(Listing, u64), RecomputeError> {
    let inputs = read::inputs(files)?;
    let head = files.get(HEAD_FILE).map(|text| checked_head(text, files)).transpose()?;
    if let Some(head) = head.as_ref().filter(|head| head.period != period) {
        return Err(RecomputeError::OtherPeriod(head.period));
    }
    let newest = inputs.observations.iter().map(|row| local_day(row.received_at)).max();
    let today = today.or(head.map(|head| head.as_of)).unwrap_or(now);
    let today = newest.map_or(today, |newest| newest.max(today));
    let book = Book::new(&inputs)?;
    let list = match what {
        Recomputed::Rankings => {
            let rows = match files.get(PREVIOUS_TABLE) {
                None => rank(&book, scheme, period, &Scope::default()),
                Some(previous) => {
                    let ranks = read::ranks(PREVIOUS_TABLE, previous, scheme)?;
                    let board = Board::new(&book, scheme, period, &Scope::default());
                    ranking::rows(&board, &Before::of_ranks(&book, &ranks))
                }
            };
            write::rankings(&book, scheme, period, &rows)
        }
        Recomputed::Explain => {
            let board = Board::new(&book, scheme, period, &Scope::default());
            let communes = 0..u32::try_from(book.members().len()).unwrap_or(u32::MAX);
            let rows: Vec<_> = communes.flat_map(|c| explain::explain(&book, &board, c, today)).collect();
            write::explain(&book, period, &rows)
        }
    };
    Ok((list, book.ignored()))
}

/// Reads a snapshot's head and compares the tables that are there with it.
fn checked_head(text: &[u8], files: &HashMap<String, Vec<u8>>) -> Result<Head, RecomputeError> {
    let text = std::str::from_utf8(text).map_err(|_| HeadError(1))?;
    let (head, tables) = Head::read(text)?;
    for (name, _, sha256) in tables {
        if files.get(&name).is_some_and(|bytes| <[u8; 32]>::from(Sha256::digest(bytes)) != sha256) {
            return Err(RecomputeError::Altered(name));
        }
    }
    Ok(head)
}
