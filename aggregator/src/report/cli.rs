//! The commands that ask. They read the local folder, or a server with `--server`, and print the same.

pub use super::command::ReportCommand;
use super::{
    asking::AskingError,
    command::asked,
    figures::FiguresError,
    held::Held,
    question::{AskError, Subject},
    recompute::{self, RecomputeError, Recomputed},
    remote::{self, RemoteError},
};
use crate::store::{Store, StoreError};
use chrono::{DateTime, NaiveDate, Utc};
use shared::{
    calendar::local_day,
    language::Language,
    listing::{self, Listing},
    period::Period,
    ranking::Scheme,
};
use std::{
    io::{self, Cursor},
    sync::Arc,
};
use thiserror::Error;

/// How a list is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Format {
    /// Bảng cho người đọc
    #[default]
    Table,
    /// CSV
    Csv,
    /// JSON
    Json,
    /// Excel, ghi ra tệp: … --format xlsx > tệp.xlsx
    Xlsx,
}

/// Prints a list.
///
/// # Errors
/// A workbook that a sheet cannot hold.
pub fn render(list: &Listing, format: Format, language: Language) -> io::Result<Vec<u8>> {
    Ok(match format {
        Format::Csv => list.csv(),
        Format::Json => format!("{:#}\n", list.json()).into_bytes(),
        Format::Xlsx => {
            let mut file = Cursor::new(Vec::new());
            workbook::listing::write(list, language, &mut file).map_err(io::Error::other)?;
            file.into_inner()
        }
        Format::Table => {
            let terminal = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
            list.table(language, terminal.unwrap_or(listing::DEFAULT_WIDTH)).into_bytes()
        }
    })
}

/// Why a report could not be printed.
#[derive(Debug, Error)]
pub enum ReportError {
    /// What was asked does not exist.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// The figures could not be put together.
    #[error(transparent)]
    Figures(#[from] FiguresError),
    /// The server gave no answer.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// Files could not be recomputed.
    #[error(transparent)]
    Recompute(#[from] RecomputeError),
    /// It cannot be printed in that form.
    #[error(transparent)]
    Render(#[from] io::Error),
    /// The local folder cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<AskingError> for ReportError {
    fn from(error: AskingError) -> Self {
        match error {
            AskingError::Ask(error) => ReportError::Ask(error),
            AskingError::Store(error) => ReportError::Store(error),
            AskingError::Figures(error) => ReportError::Figures(error),
        }
    }
}

impl ReportError {
    /// For people.
    #[must_use]
    pub fn explain(&self, language: Language) -> String {
        match self {
            ReportError::Ask(error) => error.explain(language),
            ReportError::Recompute(error) => match error {
                RecomputeError::Table(error) => error.explain(language),
                RecomputeError::Head(error) => error.explain(language),
                RecomputeError::Altered(name) => {
                    language.pick(format!("{name} không phải bảng của lúc chốt: mã SHA-256 khác"), error.to_string())
                }
                RecomputeError::OtherPeriod(period) => {
                    language.pick(format!("thư mục này là bản chốt của kỳ {period}"), error.to_string())
                }
                _ => error.to_string(),
            },
            ReportError::Remote(RemoteError::Connect(_)) => {
                language.pick(format!("không kết nối được máy chủ: {self}"), self.to_string())
            }
            _ => self.to_string(),
        }
    }
}

/// What is printed: to standard output, and warnings to standard error.
#[derive(Debug, Default)]
pub struct Printed {
    /// Standard output.
    pub out: Vec<u8>,
    /// Standard error, one line each.
    pub warnings: Vec<String>,
}

/// Runs a command. `open` opens the local store and tells the province's time; it is called only when it is needed.
///
/// # Errors
/// [`ReportError`]
pub async fn run(
    command: ReportCommand,
    language: Language,
    now: DateTime<Utc>,
    open: impl AsyncFnOnce() -> Result<(Arc<dyn Store>, DateTime<Utc>), StoreError>,
) -> Result<Printed, ReportError> {
    let (question, format, server) = match command {
        ReportCommand::Recompute { folder, what, period, scheme, format, today } => {
            return recomputed(&folder, what, period, scheme, (today, local_day(now)), format, language);
        }
        other => asked(other, language)?,
    };
    let report = match server {
        Some(server) => remote::ask(&server, &question).await?,
        None => {
            let (store, now) = open().await?;
            let mut held = Held::load(store, now).await?;
            if let (Subject::Export(table), Format::Xlsx) = (&question.subject, format) {
                let out = held.workbook(&question, *table).await?;
                return Ok(Printed { out, warnings: Vec::new() });
            }
            held.ask(&question).await?
        }
    };
    Ok(Printed { out: render(&report, format, language)?, warnings: Vec::new() })
}

fn recomputed(
    folder: &std::path::Path,
    what: Recomputed,
    period: Period,
    scheme: Scheme,
    (today, now): (Option<NaiveDate>, NaiveDate),
    format: Format,
    language: Language,
) -> Result<Printed, ReportError> {
    let files = recompute::files(folder)?;
    let (report, ignored) = recompute::recompute(&files, what, period, scheme, today, now)?;
    let mut printed = Printed { out: render(&report, format, language)?, warnings: Vec::new() };
    if ignored > 0 {
        printed.warnings.push(language.pick(
            format!("{ignored} dòng nêu xã hoặc chỉ tiêu không có trong các tệp nên không tính"),
            format!("{ignored} rows name a commune or indicator that the files do not have and are left out"),
        ));
    }
    Ok(printed)
}
