//! The two programs as an operator uses them: commands that end, and services that run until they are told to end.

use crate::failure::Failure;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value as Json;
use shared::language::Language;
use std::{
    ffi::{OsStr, OsString},
    fs,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};
use tokio::{
    io::AsyncWriteExt,
    process::{Child, Command},
    time::timeout,
};

/// Longest that a command may take.
const LONGEST_COMMAND: Duration = Duration::from_secs(180);
/// How long a service has to end by itself.
const LONGEST_GOODBYE: Duration = Duration::from_secs(15);
/// Lines of a log that are shown when its service failed.
const TAIL_LINES: usize = 20;
/// Settings of the person's own installation begin like this; the demo must not take them over.
const OWN_SETTINGS: &str = "TIENDO_";

/// A command line from pieces of different types.
#[macro_export]
macro_rules! words {
    ($($word:expr),* $(,)?) => { [$(std::ffi::OsString::from($word)),*] };
}

/// One of the programs.
#[derive(Debug, Clone)]
pub struct Program {
    path: PathBuf,
    language: Language,
}

impl Program {
    /// The program at a path; it will speak this language.
    #[must_use]
    pub fn new(path: PathBuf, language: Language) -> Self {
        Self { path, language }
    }

    fn command(&self, language: Language, arguments: &[OsString]) -> Command {
        let mut command = Command::new(&self.path);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with(OWN_SETTINGS)) {
            command.env_remove(name);
        }
        command.args(arguments).args(["--lang", language.pick("vi", "en")]).stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// Carries out a command; gives what it prints.
    ///
    /// # Errors
    /// When it fails, with its own words.
    pub async fn run(&self, arguments: &[OsString]) -> Result<String, Failure> {
        self.run_in(self.language, arguments, None).await
    }

    /// The same with a line that the command reads: what must not stand in its arguments.
    ///
    /// # Errors
    /// As [`Program::run`].
    pub async fn run_told(&self, arguments: &[OsString], line: &str) -> Result<String, Failure> {
        self.run_in(self.language, arguments, Some(line)).await
    }

    /// Carries out a command and reads the JSON that it prints. Always asked in Vietnamese, so that what follows from the
    /// answer is the same in both languages.
    ///
    /// # Errors
    /// When it fails, or prints something else.
    pub async fn json(&self, name: &'static str, arguments: &[OsString]) -> Result<Json, Failure> {
        let arguments = [arguments, &words!["--format", "json"]].concat();
        let printed = self.run_in(Language::Vi, &arguments, None).await?;
        serde_json::from_str(&printed).map_err(|_| Failure::Unreadable(name))
    }

    async fn run_in(&self, language: Language, arguments: &[OsString], told: Option<&str>) -> Result<String, Failure> {
        let line = self.line(arguments);
        let mut command = self.command(language, arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        if told.is_some() {
            command.stdin(Stdio::piped());
        }
        let carried_out = async {
            let mut child = command.spawn()?;
            if let Some((told, mut stdin)) = told.zip(child.stdin.take()) {
                stdin.write_all(format!("{told}\n").as_bytes()).await?;
            }
            child.wait_with_output().await
        };
        let output = match timeout(LONGEST_COMMAND, carried_out).await {
            Ok(output) => output.map_err(Failure::io(&self.path))?,
            Err(_) => return Err(Failure::TooLong { what: line, limit_seconds: LONGEST_COMMAND.as_secs() }),
        };
        if !output.status.success() {
            // A session that failed is told on standard output: the command itself did its work.
            let said = if output.stderr.is_empty() { &output.stdout } else { &output.stderr };
            let words = String::from_utf8_lossy(said).trim().to_owned();
            return Err(Failure::Command { command: line, ended: output.status.to_string(), words });
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// As it would be typed in the current folder.
    #[must_use]
    pub fn line(&self, arguments: &[OsString]) -> String {
        let here = std::env::current_dir().unwrap_or_default();
        let quoted = |word: &OsStr| {
            let word = Path::new(word).strip_prefix(&here).unwrap_or(Path::new(word)).to_string_lossy();
            if word.is_empty() || word.contains([' ', '\'', '"', '$']) {
                format!("'{word}'")
            } else {
                word.into_owned()
            }
        };
        let words = std::iter::once(self.path.as_os_str()).chain(arguments.iter().map(OsString::as_os_str));
        words.map(quoted).collect::<Vec<_>>().join(" ")
    }

    /// Starts a service; what it prints goes to its log.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(&self, name: &str, arguments: &[OsString], log: PathBuf) -> Result<Service, Failure> {
        let file = fs::File::options().create(true).append(true).open(&log).map_err(Failure::io(&log))?;
        let copy = file.try_clone().map_err(Failure::io(&log))?;
        let mut command = self.command(self.language, arguments);
        // A group of its own: Ctrl-C reaches the demo alone, which ends the services in good order.
        let child = command.stdout(file).stderr(copy).process_group(0).spawn().map_err(Failure::io(&self.path))?;
        Ok(Service { name: name.to_owned(), child, log })
    }
}

/// A running service. It does not outlive this value.
#[derive(Debug)]
pub struct Service {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Service {
    /// What it has printed so far.
    ///
    /// # Errors
    /// When its log cannot be read.
    pub fn printed(&self) -> Result<String, Failure> {
        fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).map_err(Failure::io(&self.log))
    }

    /// Makes sure that it still runs.
    ///
    /// # Errors
    /// [`Failure::Service`] with the end of its log.
    pub fn check(&mut self) -> Result<(), Failure> {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => Err(self.failure(status)),
            Err(source) => Err(Failure::io(&self.log)(source)),
        }
    }

    fn failure(&self, status: ExitStatus) -> Failure {
        let printed = self.printed().unwrap_or_default();
        let lines: Vec<&str> = printed.lines().collect();
        let tail = lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n");
        Failure::Service { name: format!("{} ({status})", self.name), log: self.log.clone(), tail }
    }

    /// Tells it to end, without waiting.
    pub fn ask_to_end(&self) {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(id) = id {
            // It may have ended by itself.
            let _ = kill_process(id, Signal::TERM);
        }
    }

    /// Ends it at once, as a power cut would.
    ///
    /// # Errors
    /// When the system does not let it.
    pub async fn kill(mut self) -> Result<(), Failure> {
        self.child.kill().await.map_err(Failure::io(&self.log))
    }

    /// Waits until it has ended, and ends it by force when that takes too long. True when it ended by itself.
    pub async fn ended(mut self) -> bool {
        if let Ok(status) = timeout(LONGEST_GOODBYE, self.child.wait()).await {
            return status.is_ok_and(|status| status.success());
        }
        let _ = self.child.kill().await;
        false
    }
}
