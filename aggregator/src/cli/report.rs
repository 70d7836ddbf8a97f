//! `report`: the monthly report as a document for the office, with its annex.

use super::{Context, Failure, decide::in_plan_year, say};
use crate::{
    report::monthly::making::{MakingError, make},
    store::Store,
};
use clap::Args;
use shared::period::Period;
use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

/// The command `report`.
#[derive(Debug, Args)]
pub struct MonthlyReport {
    /// Kỳ báo cáo: 2026-10, 2026-Q4, 2026-H2 hoặc 2026
    #[arg(long)]
    period: Period,
    /// Tệp ghi ra (.docx); không ghi đè
    #[arg(long, short, value_name = "TỆP.docx")]
    out: PathBuf,
    /// Phụ lục Excel: mọi danh sách đầy đủ
    #[arg(long, value_name = "TỆP.xlsx")]
    annex: Option<PathBuf>,
}

impl MonthlyReport {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        for path in std::iter::once(&self.out).chain(&self.annex) {
            free(path)?;
        }
        let opened = context.open().await?;
        let (office, now) = (opened.config.report.clone(), opened.clock.now());
        let (_, catalogue) = opened.store.catalogue().await?;
        in_plan_year(&catalogue, self.period)?;
        let made = make(Arc::new(opened.store), office, self.period, now).await.map_err(|error| match error {
            MakingError::NothingReported(period) => Failure::NothingReported(period),
            MakingError::Report(error) => error.into(),
            MakingError::Document(error) => error.into(),
            MakingError::Workbook(error) => Failure::Output(error),
        })?;
        write_new(&self.out, &made.report)?;
        say(&context.pick(
            format!("Đã ghi báo cáo: {}", self.out.display()),
            format!("Wrote the report: {}", self.out.display()),
        ))?;
        if let Some(path) = &self.annex {
            write_new(path, &made.annex)?;
            say(&context
                .pick(format!("Đã ghi phụ lục: {}", path.display()), format!("Wrote the annex: {}", path.display())))?;
        }
        Ok(())
    }
}

/// Both files or none: a place that is taken is said before anything is written.
fn free(path: &Path) -> Result<(), Failure> {
    match path.try_exists() {
        Ok(false) => Ok(()),
        Ok(true) => Err(Failure::File { path: path.to_owned(), source: io::ErrorKind::AlreadyExists.into() }),
        Err(source) => Err(Failure::File { path: path.to_owned(), source }),
    }
}

/// A new file, whole on the disk; one that is there is left alone.
fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let fault = |source| Failure::File { path: path.to_owned(), source };
    let mut file: File = OpenOptions::new().write(true).create_new(true).open(path).map_err(fault)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(fault)
}
