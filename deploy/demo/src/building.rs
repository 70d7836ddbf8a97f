//! Builds the two programs in the profile of the demo itself, and finds them beside it.

use crate::failure::Failure;
use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tokio::{process::Command, time::timeout};

/// The agent's program.
const AGENT: &str = "commune-agent";
/// The aggregator's program.
const AGGREGATOR: &str = "province-aggregator";
/// Longest that the build may take.
const LONGEST_BUILD: Duration = Duration::from_secs(30 * 60);
/// The sources.
const WORKSPACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml");

/// Where the programs are.
#[derive(Debug, Clone)]
pub struct Built {
    /// `commune-agent`
    pub agent: PathBuf,
    /// `province-aggregator`
    pub aggregator: PathBuf,
}

/// Brings the programs up to date. Without cargo or sources, those beside the demo are taken as they are.
///
/// # Errors
/// When the build fails, or there is nothing to take.
pub async fn build() -> Result<Built, Failure> {
    let own = std::env::current_exe().map_err(Failure::io(Path::new("demo")))?;
    let beside = |name: &str| own.with_file_name(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    let built = Built { agent: beside(AGENT), aggregator: beside(AGGREGATOR) };
    if Path::new(WORKSPACE).exists() {
        compile(own.parent().unwrap_or(Path::new("."))).await?;
    }
    for path in [&built.agent, &built.aggregator] {
        if !path.exists() {
            return Err(Failure::ProgramMissing(path.clone()));
        }
    }
    Ok(built)
}

async fn compile(programs: &Path) -> Result<(), Failure> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(&cargo);
    command.args(["build", "--quiet", "--manifest-path", WORKSPACE, "-p", "agent", "-p", "aggregator"]);
    let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
    if profile == "release" {
        command.arg("--release");
    }
    // The demo may have been built into another folder than the usual one.
    if let Some(target) = programs.parent().filter(|_| programs.file_name().is_some_and(|name| name == profile)) {
        command.arg("--target-dir").arg(target);
    }
    command.stdin(Stdio::null()).kill_on_drop(true);
    match timeout(LONGEST_BUILD, command.output()).await {
        Ok(Ok(output)) if output.status.success() => Ok(()),
        Ok(Ok(output)) => Err(Failure::Build(String::from_utf8_lossy(&output.stderr).trim().to_owned())),
        Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Ok(Err(error)) => Err(Failure::io(Path::new(&cargo))(error)),
        Err(_) => Err(Failure::TooLong { what: "cargo build".into(), limit_seconds: LONGEST_BUILD.as_secs() }),
    }
}
