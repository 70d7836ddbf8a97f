//! `cargo sim -- --seeds N [--from S]`: real agents' and aggregator's code and real SQLite files, a simulated line between them,
//! faults at random; then everything heals, and the promises are checked.
//!
//! One process for each seed. The same seed gives the same trace, which is checked for every tenth seed. What is simulated is the line
//! and the clock; TLS and processes are the business of the system tests.
//!
//! | file | noun |
//! | --- | --- |
//! | `world.rs` | the province, the computers, and what happens to them |
//! | `province.rs` | the aggregator of a seed |
//! | `computer.rs` | one computer of a commune |
//! | `line.rs` | one session between the two, cut where the seed says |
//! | `promise.rs` | what must hold in the end |
//! | `tally.rs` | what was injected; the trace |
//! | `run.rs` | many seeds, each a process of its own |

mod computer;
mod line;
mod promise;
mod province;
mod run;
mod tally;
mod world;

use clap::{Parser, ValueEnum};
use std::{path::PathBuf, process::ExitCode};

/// A fault that is planted to see whether the promises notice it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Plant {
    /// The province confirms what it has not stored.
    AcknowledgeBeforeCommit,
    /// What came before is stored again.
    NoDuplicateCheck,
    /// A log that is not the one held is taken all the same.
    NoChainCheck,
}

impl Plant {
    #[cfg(feature = "planted-faults")]
    fn plant(self) -> anyhow::Result<()> {
        proto::plant::plant(match self {
            Self::AcknowledgeBeforeCommit => proto::plant::Plant::AcknowledgeBeforeCommit,
            Self::NoDuplicateCheck => proto::plant::Plant::NoDuplicateCheck,
            Self::NoChainCheck => proto::plant::Plant::NoChainCheck,
        });
        Ok(())
    }

    #[cfg(not(feature = "planted-faults"))]
    fn plant(self) -> anyhow::Result<()> {
        anyhow::bail!("{self:?} needs a build with faults: cargo run -p sim --features planted-faults -- --plant …")
    }
}

/// The simulation of faults. Exit codes: 0 all promises held, 1 one did not, 2 usage, 3 it could not run.
#[derive(Debug, Parser)]
#[command(name = "sim")]
pub struct Arguments {
    /// How many seeds
    #[arg(long, default_value_t = 100)]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// Steps of each seed before everything heals
    #[arg(long, default_value_t = 60)]
    steps: u32,
    /// A fault to plant; the simulation must fail then
    #[arg(long)]
    plant: Option<Plant>,
    /// Processes at once
    #[arg(long, default_value_t = 2)]
    at_once: usize,
    /// Only this seed, in this process, telling what happens
    #[arg(long)]
    one: Option<u64>,
    /// The founded province that each seed starts from; made when missing
    #[arg(long, hide = true)]
    template: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.one {
        Some(seed) => run::one(seed, &arguments),
        None => run::many(&arguments),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("sim: {error:#}");
            ExitCode::from(3)
        }
    }
}
