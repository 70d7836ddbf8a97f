//! `province-aggregator`: wires the command line to the library.

use aggregator::{
    cli::{self, Cli},
    clock::SystemClock,
};
use anyhow::Context;
use clap::{CommandFactory, FromArgMatches};
use std::{io::IsTerminal, process::ExitCode, sync::Arc};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let matches = cli::with_examples(Cli::command()).get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    match run(cli) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let filter = EnvFilter::try_from_env("TIENDO_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no runtime")?;
    let language = cli.lang;
    match runtime.block_on(cli::run(cli, Arc::new(SystemClock))) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(failure) => {
            eprintln!("{}", failure.explain(language));
            Ok(ExitCode::from(failure.exit_code()))
        }
    }
}
