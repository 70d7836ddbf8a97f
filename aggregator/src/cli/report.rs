//! `report`: the monthly report as a document for the office, with its annex.

use super::{Context, Failure, decide::in_plan_year, say};
use crate::{
    closing::Frozen,
    report::{
        answer::answer,
        cli::ReportError,
        held::Held,
        monthly::{Before, LISTS, Means, Sources, mean, province_values},
        question::{Edition, Question, QueueAsked, Subject, TasksAsked},
    },
    store::Store,
};
use clap::Args;
use shared::{
    language::Language,
    listing::Listing,
    period::{Cycle, Period},
    ranking::{Scheme, Scope, previous_in_year},
    task::Reported,
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
            lists.insert(name, held.ask(&asked(name, self.period)).await?);
        }
        let reported = |list: &Listing| {
            let at = list.columns.iter().position(|column| column.name == "reported");
            list.rows.iter().any(|row| at.and_then(|at| row.get(at)).is_some_and(|cell| cell != "0"))
        };
        if !lists.get("quality").is_some_and(reported) {
            return Err(Failure::NothingReported(self.period));
        }
        let (before, means) = self.as_closed(&mut held).await?;
        let period = self.period;
        let (report, annex) = match held.frozen(Some(period), Edition::InForce).await? {
            Some(frozen) => {
                closed_lists(frozen, period, &mut lists)?;
                let figures = &frozen.figures;
                made(&Sources { figures, lists, period, is_closed: true, before, means }, office)?
            }
            None => {
                let figures = &held.figures;
                made(&Sources { figures, lists, period, is_closed: false, before, means }, office)?
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

    /// What the closed months before it were closed with: the province's own figures of the period before, and the mean scores.
    async fn as_closed(&self, held: &mut Held) -> Result<(Option<Before>, Means), Failure> {
        let before = previous_in_year(self.period);
        let in_force = held.figures.closings.iter().filter(|closing| closing.is_in_force());
        let earlier = |period: &Period| {
            period.ends_by(self.period)
                && *period != self.period
                && (period.cycle() == Cycle::Monthly || Some(*period) == before)
        };
        let periods: Vec<Period> = in_force.map(|closing| closing.period).filter(earlier).collect();
        let (mut figures, mut means) = (None, Means::new());
        for period in periods {
            let Some(frozen) = held.frozen(Some(period), Edition::InForce).await? else { continue };
            means.insert(period, mean(&frozen.figures, period));
            if Some(period) == before {
                figures = Some(province_values(&frozen.figures, period));
            }
        }
        Ok((figures, means))
    }
}

/// Lights, due days and quality of a closed period are those of its closing. What is reported of tasks is not frozen: its lights stay.
fn closed_lists(frozen: &Frozen, period: Period, lists: &mut BTreeMap<&'static str, Listing>) -> Result<(), Failure> {
    for name in ["alerts", "due", "quality"] {
        let mut list =
            answer(&frozen.figures, Some(&frozen.inputs), &asked(name, period)).map_err(ReportError::from)?;
        if name == "alerts" {
            let code = list.columns.iter().position(|column| column.name == "indicator").unwrap_or_default();
            let is_task = |row: &Vec<String>| row.get(code).is_some_and(|code| Reported::of(code).is_task());
            list.rows.retain(|row| !is_task(row));
            let present = lists.get(name).into_iter().flat_map(|present| &present.rows);
            list.rows.extend(present.filter(|row| is_task(row)).cloned());
            list.notes.clear();
            list.notes.push("Mục tiêu: như khi chốt; nhiệm vụ: theo số liệu hiện tại.".to_owned());
        }
        lists.insert(name, list);
    }
    Ok(())
}

fn asked(list: &str, period: Period) -> Question {
    Question {
        subject: subject(list),
        period: Some(period),
        scheme: Scheme::Own,
        edition: Edition::InForce,
        // An official document is in Vietnamese.
        language: Language::Vi,
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
