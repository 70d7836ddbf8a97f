//! The aggregator's own program, in a process of its own.

use anyhow::{Context, Result, ensure};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};

const PROGRAM: &str = "province-aggregator";
const WORKSPACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml");

/// Builds the program as this one was built; where it is.
///
/// # Errors
/// When it cannot be built.
pub fn build() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let beside = own.parent().context("a program lies in a folder")?;
    let target = beside.parent().context("a folder of programs lies in the target folder")?;
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet", "--manifest-path", WORKSPACE, "-p", "aggregator", "--bin", PROGRAM]);
    cargo.arg("--target-dir").arg(target);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    ensure!(cargo.status()?.success(), "{PROGRAM} cannot be built");
    Ok(beside.join(format!("{PROGRAM}{}", std::env::consts::EXE_SUFFIX)))
}

/// A server that runs; it is ended with this value.
#[derive(Debug)]
pub struct Server {
    process: tokio::process::Child,
    /// Read to the end of its life, so that it never waits to be heard.
    _said: Lines<BufReader<tokio::process::ChildStdout>>,
    /// Where it listens.
    pub url: String,
}

impl Server {
    /// Starts it on a province's folder, on loopback.
    ///
    /// # Errors
    /// When it does not say where it listens.
    pub async fn start(program: &Path, data: &Path) -> Result<Self> {
        let mut command = tokio::process::Command::new(program);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("TIENDO_")) {
            command.env_remove(name);
        }
        // As its unit and its container have it.
        command.env("MIMALLOC_PURGE_DELAY", "10");
        command.arg("--data").arg(data).args(["serve", "--listen", "127.0.0.1:0", "--pages", "127.0.0.1:0"]);
        let mut process =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true).spawn()?;
        let mut said = BufReader::new(process.stdout.take().context("its output")?).lines();
        let line = said.next_line().await?.context("the server ended before it listened")?;
        let url = line.strip_prefix("listening on ").with_context(|| format!("not an address: {line}"))?.to_owned();
        Ok(Self { process, _said: said, url })
    }

    /// Resident memory now, in KiB.
    #[must_use]
    pub fn resident_kib(&self) -> u64 {
        self.of("VmRSS")
    }

    /// The largest it ever was.
    #[must_use]
    pub fn most_resident_kib(&self) -> u64 {
        self.of("VmHWM")
    }

    /// Processor time so far in seconds, user and system.
    #[must_use]
    pub fn processor_seconds(&self) -> f64 {
        const TICKS_A_SECOND: f64 = 100.0;
        let stat =
            self.process.id().and_then(|id| fs::read_to_string(format!("/proc/{id}/stat")).ok()).unwrap_or_default();
        // The name in brackets may have spaces.
        let after = stat.rsplit(')').next().unwrap_or_default();
        let ticks = after.split_whitespace().skip(11).take(2).filter_map(|word| word.parse::<f64>().ok());
        ticks.sum::<f64>() / TICKS_A_SECOND
    }

    fn of(&self, field: &str) -> u64 {
        let status = self.process.id().and_then(|id| fs::read_to_string(format!("/proc/{id}/status")).ok());
        let status = status.unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with(field));
        line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or_default()
    }
}
