//! The province's side, through the commands of `province-aggregator`.

use crate::{
    cell,
    failure::Failure,
    folder::Folder,
    other::{Origin, Other},
    program::{Program, Service},
    timetable, waiting, words,
};
use chrono::NaiveDate;
use serde_json::Value as Json;
use shared::period::Period;
use std::{
    collections::HashMap,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

/// Who acts in the province.
const OFFICER: &str = "chuyen-vien-mo-phong";
/// What `serve` prints before its address.
const LISTENING: &str = "listening on ";
/// And before the address of its pages.
const PAGES: &str = "pages on ";
/// Longest until `serve` listens.
const LONGEST_START: Duration = Duration::from_secs(60);

/// An invitation as `invite` prints it.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// The token.
    pub token: String,
    /// The authority's fingerprint.
    pub authority: String,
    /// The address.
    pub server: String,
}

/// The province's aggregator.
#[derive(Debug)]
pub struct Province {
    program: Program,
    data: PathBuf,
    service: Option<Service>,
    address: String,
    pages: String,
    /// The database, where the store is not a file.
    store: Option<String>,
    others: Vec<Other>,
}

/// Where a server listens and where its pages are, as soon as it says so.
///
/// # Errors
/// When it does not come up.
pub async fn listening(service: &mut Service) -> Result<(String, String), Failure> {
    waiting::until("province-aggregator serve", LONGEST_START, async || {
        service.check()?;
        let printed = service.printed()?;
        let said = |word| printed.lines().find_map(|line| line.strip_prefix(word)).map(|text| text.trim().to_owned());
        Ok(said(LISTENING).zip(said(PAGES)))
    })
    .await
}

impl Province {
    /// A province whose data will lie in `data`.
    #[must_use]
    pub fn new(program: Program, data: PathBuf) -> Self {
        let (address, pages) = (String::new(), String::new());
        Self { program, data, service: None, address, pages, store: None, others: Vec::new() }
    }

    /// Where its pages are.
    #[must_use]
    pub fn pages(&self) -> &str {
        &self.pages
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
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

    async fn decide(&self, arguments: &[OsString]) -> Result<(), Failure> {
        self.run(&[arguments, &words!["--by", OFFICER]].concat()).await.map(drop)
    }

    /// Makes an account for the pages.
    ///
    /// # Errors
    /// When the command fails.
    pub async fn add_account(&self, (name, person, role): (&str, &str, &str), password: &str) -> Result<(), Failure> {
        let add =
            words!["account", "add", name, "--person", person, "--role", role, "--password-stdin", "--by", OFFICER];
        self.program.run_told(&self.with_data(&add), password).await.map(drop)
    }

    /// Takes over the standard targets for communes without a plan, in the files of a catalogue folder.
    ///
    /// # Errors
    /// When the command fails.
    pub async fn adopt_standard(&self, catalogue: &Path, communes: &[String]) -> Result<(), Failure> {
        if communes.is_empty() {
            return Ok(());
        }
        let communes: Vec<OsString> = communes.iter().map(OsString::from).collect();
        self.decide(&[&words!["catalogue", "adopt-standard", catalogue], communes.as_slice()].concat()).await
    }

    /// Founds the province as an exercise, in a database where one is given.
    ///
    /// # Errors
    /// When the command fails.
    pub async fn init(&mut self, catalogue: &Path, store: Option<String>) -> Result<(), Failure> {
        let init = words!["init", "--exercise", "--catalogue", catalogue];
        match &store {
            Some(store) => self.decide(&[&init[..], &words!["--store", store][..]].concat()).await?,
            None => self.decide(&init).await?,
        }
        self.store = store;
        Ok(())
    }

    /// Moves the province's clock.
    ///
    /// # Errors
    /// When the command fails.
    pub async fn set_clock(&self, day: NaiveDate) -> Result<(), Failure> {
        self.decide(&words!["exercise", "clock", timetable::morning(day)]).await
    }

    /// Starts the server on a free port and notes the port in its settings, so that a later `serve` is found by the same agents.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn serve(&mut self, log: PathBuf) -> Result<(), Failure> {
        let arguments = self.with_data(&words!["serve", "--listen", "127.0.0.1:0", "--pages", "127.0.0.1:0"]);
        let service = self.service.insert(self.program.start("province-aggregator", &arguments, log)?);
        let (address, pages) = listening(service).await?;
        let port_of = |address: &str| {
            let port = address.rsplit(':').next().and_then(|port| port.parse::<u16>().ok());
            port.ok_or(Failure::Unreadable("province-aggregator serve"))
        };
        // In the order in which the settings file has them.
        let mut ports = [port_of(&address)?, port_of(&pages)?].into_iter();
        (self.address, self.pages) = (address, pages);
        let file = self.data.join("aggregator.toml");
        let settings = fs::read_to_string(&file).map_err(Failure::io(&file))?;
        let mut with_port = |line: &str| match line.starts_with("listen ").then(|| ports.next()).flatten() {
            Some(port) => format!("listen = \"127.0.0.1:{port}\"\n"),
            None => format!("{line}\n"),
        };
        fs::write(&file, settings.lines().map(&mut with_port).collect::<String>()).map_err(Failure::io(&file))
    }

    /// Starts further servers on its database.
    ///
    /// # Errors
    /// When one does not come up.
    pub async fn serve_more(&mut self, servers: usize, folder: &Folder) -> Result<(), Failure> {
        let Some(store) = self.store.as_deref() else { return Ok(()) };
        for number in 2..=servers {
            let origin = Origin { program: &self.program, first: &self.data, store };
            let log = folder.log(&format!("province-aggregator-{number}"));
            let other = Other::start(origin, number, &folder.further_aggregator(number), log).await?;
            self.others.push(other);
        }
        Ok(())
    }

    /// The addresses of all servers, the first one's first.
    #[must_use]
    pub fn addresses(&self) -> Vec<String> {
        let others = self.others.iter().map(|other| other.address.clone());
        [self.address.clone()].into_iter().chain(others).collect()
    }

    /// The pages of the further servers.
    pub fn further_pages(&self) -> impl Iterator<Item = &str> {
        self.others.iter().map(|other| other.pages.as_str())
    }

    /// Ends the last of the further servers at once; its number and address.
    ///
    /// # Errors
    /// When the system does not let it.
    pub async fn kill_last(&mut self) -> Result<Option<(usize, String)>, Failure> {
        let Some(last) = self.others.pop() else { return Ok(None) };
        let told = (last.number, last.address.clone());
        last.kill().await?;
        Ok(Some(told))
    }

    /// What each server that runs answers to the same question, from afar.
    ///
    /// # Errors
    /// When one does not answer.
    pub async fn answers(&self, period: Period, credential: &Path) -> Result<Vec<String>, Failure> {
        if !credential.exists() {
            self.run(&words!["credential", OFFICER, "--out", credential, "--by", OFFICER]).await?;
        }
        let mut answers = Vec::new();
        for address in self.addresses() {
            let question = words!["rankings", "--period", period.to_string(), "--format", "csv"];
            let afar = words!["--server", address, "--credential", credential];
            answers.push(self.program.run(&[&question[..], &afar[..]].concat()).await?);
        }
        Ok(answers)
    }

    /// Makes sure that the servers still run.
    ///
    /// # Errors
    /// With the end of the log of one that does not.
    pub fn check(&mut self) -> Result<(), Failure> {
        self.service.as_mut().map_or(Ok(()), Service::check)?;
        self.others.iter_mut().try_for_each(Other::check)
    }

    /// The servers, to be ended.
    pub fn take_services(&mut self) -> Vec<Service> {
        self.service.take().into_iter().chain(self.others.drain(..).map(Other::into_service)).collect()
    }

    /// Invites a commune.
    ///
    /// # Errors
    /// When the command fails.
    pub async fn invite(&self, commune: &str) -> Result<Invitation, Failure> {
        let unreadable = || Failure::Unreadable("province-aggregator invite");
        let arguments = self.with_data(&words!["invite", commune, "--by", OFFICER]);
        let printed = self.program.json("province-aggregator invite", &arguments).await?;
        let word = |name: &str| cell::text(&printed, name).ok_or_else(unreadable);
        Ok(Invitation { token: word("token")?, authority: word("authority")?, server: word("server")? })
    }

    /// How many changes of each commune the province holds.
    ///
    /// # Errors
    /// When the command fails.
    pub async fn changes(&self) -> Result<HashMap<String, u64>, Failure> {
        let rows = self.program.json("province-aggregator communes", &self.with_data(&words!["communes"])).await?;
        let row = |row: &Json| Some((cell::text(row, "slug")?, cell::number(row, "changes")?));
        let rows = rows.as_array().and_then(|rows| rows.iter().map(row).collect());
        rows.ok_or(Failure::Unreadable("province-aggregator communes"))
    }

    /// Gives a commune another cut-off day.
    ///
    /// # Errors
    /// When the command fails.
    pub async fn except(&self, commune: &str, period: Period, until: NaiveDate, reason: &str) -> Result<(), Failure> {
        let (period, until) = (period.to_string(), until.to_string());
        let arguments = words!["exception", commune, "--period", period, "--cutoff", until, "--reason", reason];
        self.decide(&arguments).await
    }

    /// Accepts a version of a figure.
    ///
    /// # Errors
    /// When the command fails, also because another version came since.
    pub async fn accept(&self, commune: &str, indicator: &str, period: Period, version: u32) -> Result<(), Failure> {
        let (period, version) = (period.to_string(), version.to_string());
        let arguments = words!["review", commune, indicator, "--period", period, "--version", version, "--accept"];
        self.decide(&arguments).await
    }

    /// Returns the first version of a figure with a reason.
    ///
    /// # Errors
    /// When the command fails.
    pub async fn give_back(&self, commune: &str, indicator: &str, period: Period, reason: &str) -> Result<(), Failure> {
        let period = period.to_string();
        let arguments = words!["review", commune, indicator, "--period", period, "--version", "1", "--return", reason];
        self.decide(&arguments).await
    }

    /// Closes a period; answers what is said of it.
    ///
    /// # Errors
    /// When the command fails.
    pub async fn close(&self, period: Period) -> Result<String, Failure> {
        self.run(&words!["period", "close", period.to_string(), "--by", OFFICER]).await
    }

    /// Proves all closed periods.
    ///
    /// # Errors
    /// When the command fails.
    pub async fn verify_closed(&self) -> Result<String, Failure> {
        self.run(&words!["period", "verify"]).await
    }

    /// Writes the report of a period and its annex.
    ///
    /// # Errors
    /// When the command fails.
    pub async fn report(&self, period: Period, report: &Path, annex: &Path) -> Result<String, Failure> {
        self.run(&words!["report", "--period", period.to_string(), "--out", report, "--annex", annex]).await
    }

    /// The tasks of a commune that are red, as people read them.
    ///
    /// # Errors
    /// When the command fails.
    pub async fn red_tasks(&self, commune: &str, period: Period) -> Result<String, Failure> {
        self.run(&words!["tasks", commune, "--light", "red", "--period", period.to_string()]).await
    }

    /// The ranking as people read it.
    ///
    /// # Errors
    /// When the command fails.
    pub async fn rankings(&self, period: Period) -> Result<String, Failure> {
        self.run(&words!["rankings", "--period", period.to_string()]).await
    }

    /// A commune's rank and score, as programs read them.
    ///
    /// # Errors
    /// When the command fails, or does not have the commune.
    pub async fn place_of(&self, commune: &str, period: Period) -> Result<(Option<u64>, String), Failure> {
        let arguments = self.with_data(&words!["rankings", "--period", period.to_string()]);
        let rows = self.program.json("province-aggregator rankings", &arguments).await?;
        let own = |row: &&Json| cell::text(row, "commune").as_deref() == Some(commune);
        let row = rows.as_array().and_then(|rows| rows.iter().find(own));
        let row = row.ok_or(Failure::Unreadable("province-aggregator rankings"))?;
        let score = cell::text(row, "score").ok_or(Failure::Unreadable("province-aggregator rankings"))?;
        Ok((cell::number(row, "rank"), score))
    }

    /// A commune's line explained, as people read it.
    ///
    /// # Errors
    /// When the command fails.
    pub async fn explain(&self, commune: &str, period: Period) -> Result<String, Failure> {
        self.run(&words!["explain", commune, "--period", period.to_string()]).await
    }
}
