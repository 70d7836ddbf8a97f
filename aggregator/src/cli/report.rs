//! `report`: the monthly report as a document for the office, with its annex.

use super::{Context, Failure, decide::in_plan_year, say};
use crate::{
    report::{
        held::Held,
        monthly::{LISTS, Sources},
        question::{Edition, Question, QueueAsked, Subject, TasksAsked},
    },
    store::Store,
};
use clap::Args;
use shared::{
    language::Language,
    listing::Listing,
    period::Period,
    ranking::{Scheme, Scope},
};
use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::{self, Cursor, Write},
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
        let mut held = Held::load(Arc::new(opened.store), now).await?;
        let mut lists: BTreeMap<&'static str, Listing> = BTreeMap::new();
        for (name, _) in LISTS {
            let question = Question {
                subject: subject(name),
                period: Some(self.period),
                scheme: Scheme::Own,
                edition: Edition::InForce,
                // An official document is in Vietnamese.
                language: Language::Vi,
            };
            lists.insert(name, held.ask(&question).await?);
        }
        let reported = |list: &Listing| {
            let at = list.columns.iter().position(|column| column.name == "reported");
            list.rows.iter().any(|row| at.and_then(|at| row.get(at)).is_some_and(|cell| cell != "0"))
        };
        if !lists.get("quality").is_some_and(reported) {
            return Err(Failure::NothingReported(self.period));
        }
        let is_closed = held.frozen(Some(self.period), Edition::InForce).await?.is_some();
        let (report, annex) = {
            let frozen = held.frozen(Some(self.period), Edition::InForce).await?.map(|frozen| &frozen.figures);
            match frozen {
                Some(figures) => made(&Sources { figures, lists, period: self.period, is_closed }, office)?,
                None => made(&Sources { figures: &held.figures, lists, period: self.period, is_closed }, office)?,
            }
        };
        write_new(&self.out, &report)?;
        say(&context.pick(
            format!("Đã ghi báo cáo: {}", self.out.display()),
            format!("Wrote the report: {}", self.out.display()),
        ))?;
        if let Some(path) = &self.annex {
            write_new(path, &annex)?;
            say(&context
                .pick(format!("Đã ghi phụ lục: {}", path.display()), format!("Wrote the annex: {}", path.display())))?;
        }
        Ok(())
    }
}

/// Both documents whole, before a file is made.
fn made(sources: &Sources<'_>, office: document::office::Office) -> Result<(Vec<u8>, Vec<u8>), Failure> {
    let mut report = Cursor::new(Vec::new());
    sources.compose(office)?.write(&mut report)?;
    let mut annex = Cursor::new(Vec::new());
    let annexes = sources.annexes();
    let sheets: Vec<(&str, &Listing)> = annexes.iter().map(|(name, list)| (*name, &**list)).collect();
    workbook::listing::write_sheets(&sheets, Language::Vi, &mut annex)
        .map_err(io::Error::other)
        .map_err(Failure::Output)?;
    Ok((report.into_inner(), annex.into_inner()))
}

fn subject(list: &str) -> Subject {
    match list {
        "rankings" => Subject::Rankings(Scope::default()),
        "alerts" => Held::alerts(),
        "due" => Subject::Due(None),
        "quality" => Subject::Quality,
        "reviews" => Subject::Reviews,
        "tasks" => Subject::Tasks(TasksAsked::default()),
        "checks" => Subject::Checks(None),
        _ => Subject::Queue(QueueAsked::default()),
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
