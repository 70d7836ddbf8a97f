//! A commune's side, through the commands of `commune-agent`.

use crate::{
    asked::Asked,
    cast::{Cast, Member},
    cell, document,
    failure::Failure,
    folder::Folder,
    program::{Program, Service},
    province::Invitation,
    simulation::Simulation,
    words,
};
use chrono::{DateTime, Utc};
use serde_json::Value as Json;
use shared::{observation::Value, period::Period};
use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    io::Write,
    path::{Path, PathBuf},
};

/// Who enters figures in a commune.
const CLERK: &str = "Cán bộ mô phỏng";
/// What every figure says of itself.
const NOTE: &str = "số liệu mô phỏng";
/// Figures go out this many seconds after the last entry; the usual minute is long for someone who watches.
const QUIET_SECONDS: u32 = 1;

/// A figure as it was entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entered {
    /// Indicator code.
    pub code: String,
    /// Its period.
    pub period: Period,
    /// Its value.
    pub value: Value,
    /// Whether it reaches the target.
    pub completed: bool,
    /// Whether it has evidence.
    pub evidenced: bool,
}

/// How much was entered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amounts {
    /// Figures.
    pub figures: usize,
    /// Pieces of evidence.
    pub evidence: usize,
}

impl std::iter::Sum for Amounts {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            figures: sum.figures + one.figures,
            evidence: sum.evidence + one.evidence,
        })
    }
}

/// A commune that takes part.
#[derive(Debug)]
pub struct Commune {
    /// Who it is.
    pub member: Member,
    program: Program,
    data: PathBuf,
    service: Option<Service>,
    asked: Vec<Asked>,
    /// The newest figure of each indicator.
    newest: BTreeMap<String, Entered>,
    changes: u64,
}

impl Commune {
    /// A commune whose agent's data will lie in `data`.
    #[must_use]
    pub fn new(member: Member, program: Program, data: PathBuf) -> Self {
        Self { member, program, data, service: None, asked: Vec::new(), newest: BTreeMap::new(), changes: 0 }
    }

    /// What was entered last for each indicator, in the order of the plan.
    pub fn newest(&self) -> impl Iterator<Item = &Entered> {
        self.asked.iter().filter_map(|asked| self.newest.get(&asked.code))
    }

    /// Whether its plan has an indicator.
    #[must_use]
    pub fn is_asked(&self, code: &str) -> bool {
        self.asked.iter().any(|asked| asked.code == code)
    }

    /// Changes entered so far: each figure and each piece of evidence is one.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// A command as it would be typed.
    #[must_use]
    pub fn line(&self, arguments: &[OsString]) -> String {
        self.program.line(&self.with_data(arguments))
    }

    fn with_data(&self, arguments: &[OsString]) -> Vec<OsString> {
        [&words!["--data", &self.data], arguments].concat()
    }

    async fn run(&self, arguments: &[OsString]) -> Result<String, Failure> {
        self.program.run(&self.with_data(arguments)).await
    }

    async fn json(&self, name: &'static str, arguments: &[OsString]) -> Result<Json, Failure> {
        self.program.json(name, &self.with_data(arguments)).await
    }

    /// Joins the province and learns what is asked.
    ///
    /// # Errors
    /// When a command fails.
    pub async fn join(&mut self, invitation: &Invitation, servers: &[String]) -> Result<(), Failure> {
        let Invitation { token, authority, server } = invitation;
        self.run(&words!["join", "--server", server, "--token", token, "--authority", authority]).await?;
        let file = self.data.join("agent.toml");
        let settings = fs::File::options().append(true).create(true).open(&file);
        let written = settings.and_then(|mut settings| {
            if servers.len() > 1 {
                write!(settings, "\nserver = {servers:?}\n")?;
            }
            write!(settings, "\nquiet_seconds = {QUIET_SECONDS}\n\n[page]\nlisten = \"127.0.0.1:0\"\n")
        });
        written.map_err(Failure::io(&file))?;
        self.asked = Asked::read_all(&self.json("commune-agent targets", &words!["targets"]).await?)?;
        Ok(())
    }

    /// Starts the background service.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(&mut self, log: PathBuf) -> Result<(), Failure> {
        let name = format!("commune-agent {}", self.member.slug);
        self.service = Some(self.program.start(&name, &self.with_data(&words!["run"]), log)?);
        Ok(())
    }

    /// Where its page is, while its service runs.
    #[must_use]
    pub fn page(&self) -> Option<String> {
        let noted = fs::read_to_string(self.data.join("page.address")).ok()?;
        Some(noted.trim().to_owned())
    }

    /// Whether its service was started.
    #[must_use]
    pub fn is_online(&self) -> bool {
        self.service.is_some()
    }

    /// Makes sure that its service still runs.
    ///
    /// # Errors
    /// With the end of its log.
    pub fn check(&mut self) -> Result<(), Failure> {
        self.service.as_mut().map_or(Ok(()), Service::check)
    }

    /// The service, to be ended.
    pub fn take_service(&mut self) -> Option<Service> {
        self.service.take()
    }

    /// Holds a session now.
    ///
    /// # Errors
    /// When the command fails.
    pub async fn sync(&self) -> Result<(), Failure> {
        self.run(&words!["sync"]).await.map(drop)
    }

    /// Changes that wait to be sent.
    ///
    /// # Errors
    /// When the command fails.
    pub async fn pending(&self) -> Result<u64, Failure> {
        let status = self.json("commune-agent status", &words!["status"]).await?;
        cell::number(&status, "pending").ok_or(Failure::Unreadable("commune-agent status"))
    }

    /// The status as the clerk reads it.
    ///
    /// # Errors
    /// When the command fails.
    pub async fn status(&self) -> Result<String, Failure> {
        self.run(&words!["status"]).await
    }

    /// The standing as the clerk reads it.
    ///
    /// # Errors
    /// When the command fails.
    pub async fn standing(&self, period: Period) -> Result<String, Failure> {
        self.run(&words!["standing", "--period", period.to_string()]).await
    }

    /// Rank, score and the province's time of the standing that came down last.
    ///
    /// # Errors
    /// When the command fails.
    pub async fn place(&self) -> Result<(Option<u64>, String, DateTime<Utc>), Failure> {
        let unreadable = || Failure::Unreadable("commune-agent standing");
        let standing = self.json("commune-agent standing", &words!["standing"]).await?;
        let text = |name: &str| cell::text(&standing, name).ok_or_else(unreadable);
        let computed_at = text("computed_at")?.parse().map_err(|_| unreadable())?;
        Ok((cell::number(&standing, "rank"), text("score")?, computed_at))
    }

    /// Enters what is due at the end of a month: the figures as a file, then evidence for most completed ones.
    ///
    /// # Errors
    /// When a command fails.
    pub async fn enter(
        &mut self,
        cast: &Cast,
        simulation: Simulation,
        month: Period,
        folder: &Folder,
    ) -> Result<Amounts, Failure> {
        let figures = self.figures(cast, simulation, month);
        if figures.is_empty() {
            return Ok(Amounts::default());
        }
        let file = folder.figures(&self.member.slug, &month.to_string());
        write_sheet(&file, &figures)?;
        self.run(&words!["import", &file, "--by", CLERK]).await?;
        let place = folder.evidence(&self.member.slug);
        fs::create_dir_all(&place).map_err(Failure::io(&place))?;
        let evidenced: Vec<&Entered> = figures.iter().filter(|figure| figure.evidenced).collect();
        for figure in &evidenced {
            self.attach(figure, &place).await?;
        }
        let spare = folder.spare_evidence(&self.member.slug);
        write_document(&spare, "BIEN BAN / MINUTES")?;
        let amounts = Amounts { figures: figures.len(), evidence: evidenced.len() };
        self.changes += (amounts.figures + amounts.evidence) as u64;
        self.newest.extend(figures.into_iter().map(|figure| (figure.code.clone(), figure)));
        Ok(amounts)
    }

    /// Reports how far the first tasks of the plan are, each with its share of the budget if it has one; answers how many.
    ///
    /// # Errors
    /// When a command fails.
    pub async fn report_tasks(&mut self, progress: &[(u32, u32)], period: Period) -> Result<usize, Failure> {
        let tasks = self.json("commune-agent tasks", &words!["tasks", "--period", period.to_string()]).await?;
        let mut reported = 0;
        for (task, (done, spent)) in tasks.as_array().into_iter().flatten().zip(progress) {
            let code = cell::text(task, "task").ok_or(Failure::Unreadable("commune-agent tasks"))?;
            let mut line =
                words!["progress", code, "--period", period.to_string(), "--done", done.to_string()].to_vec();
            if let Some(budget) = cell::number(task, "budget_million_vnd") {
                line.extend(words!["--spent", (budget * u64::from(*spent) / 100).to_string()]);
                self.changes += 1;
            }
            line.extend(words!["--note", NOTE, "--by", CLERK]);
            self.run(&line).await?;
            self.changes += 1;
            reported += 1;
        }
        Ok(reported)
    }

    /// Reports a figure once more, with evidence of its own.
    ///
    /// # Errors
    /// When a command fails.
    pub async fn again(&mut self, figure: &Entered, place: &Path) -> Result<(), Failure> {
        let Entered { code, period, .. } = figure;
        let [numerator, denominator, value] = cells(figure.value);
        let mut line = words!["record", code, "--period", period.to_string(), "--note", NOTE, "--by", CLERK].to_vec();
        line.extend(match figure.value {
            Value::Ratio { .. } => words!["--ratio", format!("{numerator}/{denominator}")].to_vec(),
            Value::Flag(true) => words!["--yes"].to_vec(),
            Value::Flag(false) => words!["--no"].to_vec(),
            _ => words!["--value", value].to_vec(),
        });
        self.run(&line).await?;
        let file = place.join(format!("{period}-{code}-nop-lai.pdf"));
        fs::create_dir_all(place).map_err(Failure::io(place))?;
        write_document(&file, &format!("{}: {code}, {period}, reported anew", self.member.slug))?;
        self.run(&words!["attach", code, "--period", period.to_string(), &file, "--by", CLERK]).await?;
        self.changes += 2;
        Ok(())
    }

    /// Writes the commune's own report of a period.
    ///
    /// # Errors
    /// When the command fails.
    pub async fn report(&self, period: Period, path: &Path) -> Result<String, Failure> {
        self.run(&words!["report", "--period", period.to_string(), "--out", path]).await
    }

    fn figures(&self, cast: &Cast, simulation: Simulation, month: Period) -> Vec<Entered> {
        let (slug, number) = (&self.member.slug, month.last_month());
        let figure = |asked: &Asked| {
            let period = cast.period_of(&self.member, &asked.code, month)?;
            let value = simulation.figure(slug, asked, number)?;
            let completed = asked.is_completed(value);
            let evidenced = completed && simulation.has_evidence(slug, &asked.code);
            Some(Entered { code: asked.code.clone(), period, value, completed, evidenced })
        };
        self.asked.iter().filter_map(figure).collect()
    }

    async fn attach(&self, figure: &Entered, place: &Path) -> Result<(), Failure> {
        let Entered { code, period, .. } = figure;
        let file = place.join(format!("{period}-{code}.pdf"));
        write_document(&file, &format!("{}: {code}, {period}", self.member.slug))?;
        self.run(&words!["attach", code, "--period", period.to_string(), &file, "--by", CLERK]).await.map(drop)
    }
}

/// A document that says what it is about, and that it is simulated.
fn write_document(path: &Path, about: &str) -> Result<(), Failure> {
    let lines = ["SO LIEU MO PHONG / SIMULATED FIGURES".to_owned(), about.to_owned()];
    fs::write(path, document::pdf("SỐ LIỆU MÔ PHỎNG", &lines)).map_err(Failure::io(path))
}

/// A file as a clerk would save it from a spreadsheet.
fn write_sheet(path: &Path, figures: &[Entered]) -> Result<(), Failure> {
    let io = |error: csv::Error| Failure::io(path)(error.into());
    let mut sheet = csv::Writer::from_path(path).map_err(io)?;
    sheet.write_record(["indicator", "period", "unit", "numerator", "denominator", "value", "note"]).map_err(io)?;
    for figure in figures {
        let [numerator, denominator, value] = cells(figure.value);
        let period = figure.period.to_string();
        sheet.write_record([&figure.code, &period, "", &numerator, &denominator, &value, NOTE]).map_err(io)?;
    }
    sheet.flush().map_err(Failure::io(path))
}

fn cells(value: Value) -> [String; 3] {
    let one = |text: String| [String::new(), String::new(), text];
    match value {
        Value::Ratio { numerator, denominator } => [numerator.to_string(), denominator.to_string(), String::new()],
        Value::Percent(amount) | Value::Decimal(amount) => one(amount.to_string()),
        Value::Count(count) => one(count.to_string()),
        Value::Flag(flag) => one(if flag { "yes" } else { "no" }.to_owned()),
    }
}
