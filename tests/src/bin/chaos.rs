//! `cargo chaos -- [--rounds N] [--seed S] [--sweep STEP]`: rounds of faults on real processes, a table of what was injected and found. Exit codes: 0
//! every promise was kept, 101 one was broken (it says which), 2 usage.

use clap::Parser;
use std::process::{Command, ExitCode};
use system_tests::{
    chaos::{self, Injected},
    sweep,
};

#[derive(Debug, Parser)]
#[command(name = "chaos", about = "Rounds of faults on real processes")]
struct Arguments {
    /// How many rounds
    #[arg(long, default_value_t = 30)]
    rounds: u32,
    /// Another seed, other bytes
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Instead of rounds: cut and alter sessions at every so many bytes, in both directions (1: at every byte)
    #[arg(long, value_name = "STEP", value_parser = clap::value_parser!(u64).range(1..))]
    sweep: Option<u64>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let built = Command::new(env!("CARGO")).args(["build", "--quiet", "--workspace", "--bins"]).status();
    if !built.is_ok_and(|status| status.success()) {
        eprintln!("chaos: the programs cannot be built");
        return ExitCode::FAILURE;
    }
    if let Some(step) = arguments.sweep {
        let sweep::Swept { session_bytes: [up, down], ends, found } = sweep::sweep(step);
        println!(
            "a session: {up} bytes from the agent, {down} from the province; cut and altered at every {step}. byte"
        );
        for (code, sessions) in ends {
            println!("{sessions:>9}  sessions that ended with exit code {code}");
        }
        println!("changes {}, figures at the province {}, promises broken 0", found.changes, found.figures);
        return ExitCode::SUCCESS;
    }
    let account = chaos::live(arguments.rounds, arguments.seed);
    println!("{:<20}{:>9}{:>9}", "fault", "injected", "skipped");
    for kind in Injected::ALL {
        let of = |counts: &std::collections::BTreeMap<Injected, u32>| counts.get(&kind).copied().unwrap_or_default();
        let name = format!("{kind:?}");
        println!("{name:<20}{:>9}{:>9}", of(&account.injected), of(&account.skipped));
    }
    if !account.skipped.is_empty() {
        println!("skipped: this machine gives no small disk (a tmpfs takes root)");
    }
    let found = account.found;
    println!(
        "rounds {}, sessions under faults {} ({} came to the byte), figures entered {}, changes {}, figures at the province {}, receipts {}, promises broken 0",
        arguments.rounds,
        account.sessions,
        account.reached,
        account.entered,
        found.changes,
        found.figures,
        found.receipts
    );
    ExitCode::SUCCESS
}
