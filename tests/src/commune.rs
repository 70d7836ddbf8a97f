//! An agent with its folder.

use crate::{
    program::{self, Done},
    province::{Invitation, Province},
};
use std::{
    path::{Path, PathBuf},
    process::{Child, Stdio},
    sync::mpsc,
    time::Duration,
};
use tempfile::TempDir;

const PROGRAM: &str = "commune-agent";

/// A commune in a folder of its own.
#[derive(Debug)]
pub struct Commune {
    folder: TempDir,
}

impl Commune {
    /// A commune that has not joined.
    ///
    /// # Panics
    /// Without a temporary folder.
    #[must_use]
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    /// A commune that has joined a province, on another disk.
    ///
    /// # Panics
    /// Without a folder there.
    #[must_use]
    pub fn joined_in(disk: &Path, province: &Province, slug: &str) -> Self {
        let commune = Self { folder: tempfile::tempdir_in(disk).expect("a folder") };
        let _ = commune.join(province.url(), &province.invite(slug)).ok();
        commune
    }

    /// A commune that has joined a province.
    #[must_use]
    pub fn joined(province: &Province, slug: &str) -> Self {
        let commune = Self::new();
        let _ = commune.join(province.url(), &province.invite(slug)).ok();
        commune
    }

    /// Joins.
    pub fn join(&self, url: &str, invitation: &Invitation) -> Done {
        self.command(["join", "--server", url, "--token", &invitation.token, "--authority", &invitation.authority])
    }

    /// Its data folder.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("agent")
    }

    /// A folder for files of the test.
    #[must_use]
    pub fn desk(&self) -> &Path {
        self.folder.path()
    }

    fn arguments<const N: usize>(&self, args: [&str; N]) -> Vec<String> {
        let data = self.data();
        let all = ["--data", data.to_str().expect("UTF-8")].into_iter().chain(args);
        all.map(str::to_owned).collect()
    }

    /// Runs a command on its folder.
    pub fn command<const N: usize>(&self, args: [&str; N]) -> Done {
        program::run(PROGRAM, self.arguments(args))
    }

    /// Runs a command that reads these words, and tells what it said.
    ///
    /// # Panics
    /// When the words cannot be written down.
    pub fn told<const N: usize>(&self, args: [&str; N], words: &str) -> Done {
        let file = self.folder.path().join("words");
        std::fs::write(&file, words).expect("a file");
        let words = std::fs::File::open(&file).expect("the file");
        program::command(PROGRAM, self.arguments(args)).stdin(words).output().expect("the agent starts").into()
    }

    /// Starts a command and leaves it running.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start<const N: usize>(&self, args: [&str; N]) -> Running {
        let mut command = program::command(PROGRAM, self.arguments(args));
        Running(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the agent starts"))
    }

    /// Imports a CSV of figures.
    ///
    /// # Panics
    /// When the file cannot be written.
    pub fn import(&self, csv: &str) -> Done {
        let file = self.folder.path().join("figures.csv");
        std::fs::write(&file, csv).expect("a file");
        self.command(["import", file.to_str().expect("UTF-8")])
    }

    /// Its status as JSON.
    #[must_use]
    pub fn status(&self) -> serde_json::Value {
        self.command(["status", "--format", "json"]).json()
    }

    /// Sends its agent to an address from now on.
    ///
    /// # Panics
    /// When its settings cannot be written.
    pub fn point_at(&self, url: &str) {
        self.point_at_all(&[url]);
    }

    /// The same with the addresses of several servers.
    ///
    /// # Panics
    /// When its settings cannot be written.
    pub fn point_at_all(&self, urls: &[&str]) {
        std::fs::write(
            self.data().join("agent.toml"),
            format!("server = {urls:?}\nquiet_seconds = 1\n[page]\nlisten = \"127.0.0.1:0\"\n"),
        )
        .expect("settings");
    }
}

impl Default for Commune {
    fn default() -> Self {
        Self::new()
    }
}

/// A command that is running; it is killed with this value.
#[derive(Debug)]
pub struct Running(Child);

impl Running {
    /// Ends it at once, as a power cut would.
    ///
    /// # Panics
    /// When the system does not let it.
    pub fn kill(&mut self) {
        self.0.kill().expect("it can be killed");
        self.0.wait().expect("it ends");
    }

    /// Asks it to end and waits: its exit code.
    ///
    /// # Panics
    /// When the system does not let it.
    pub fn terminate(&mut self) -> Option<i32> {
        let asked = std::process::Command::new("kill").arg(self.0.id().to_string()).status();
        assert!(asked.expect("kill").success());
        self.0.wait().expect("it ends").code()
    }

    /// Whether it is over.
    ///
    /// # Panics
    /// When the system does not tell.
    pub fn has_ended(&mut self) -> bool {
        self.0.try_wait().expect("it can be asked").is_some()
    }

    /// Waits for its end, but not longer than this: its exit code, if it has ended with one.
    ///
    /// # Panics
    /// When the system does not let it.
    pub fn wait_at_most(&mut self, longest: Duration) -> Option<i32> {
        let (ended, end) = mpsc::channel::<()>();
        let step = longest.min(Duration::from_millis(10));
        for _ in 0..longest.as_micros() / step.as_micros().max(1) {
            if let Some(status) = self.0.try_wait().expect("it can be asked") {
                return status.code();
            }
            let _ = end.recv_timeout(step);
        }
        drop(ended);
        None
    }

    /// Stops it, does something, and lets it go on.
    ///
    /// # Panics
    /// When the system does not let it.
    pub fn pause(&mut self, meanwhile: impl FnOnce()) {
        program::pause(self.0.id(), meanwhile);
    }

    /// Waits for its end: its exit code.
    ///
    /// # Panics
    /// When the system does not let it.
    pub fn wait(&mut self) -> Option<i32> {
        self.0.wait().expect("it ends").code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
