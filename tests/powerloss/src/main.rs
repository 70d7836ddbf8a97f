//! `cargo powerloss -- [--every N]`: a session on a watched file system, the power cut at every N-th call of each end, a table of what
//! was tried. Exit codes: 0 every promise was kept, 1 one was broken, 2 usage.

use clap::Parser;
use powerloss::{Honesty, trial};
use std::process::ExitCode;

#[derive(Debug, Parser)]
#[command(name = "powerloss", about = "Cuts the power at the write and sync calls of a session")]
struct Arguments {
    /// Only every so many-th call
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    every: u16,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match trial(usize::from(arguments.every), Honesty::KeepsSyncs) {
        Ok(tried) => {
            println!("{:<10}{:>8}{:>10}{:>10}{:>12}", "end", "calls", "moments", "outages", "promises");
            for (end, tried) in tried {
                let end = format!("{end:?}");
                println!("{end:<10}{:>8}{:>10}{:>10}{:>12}", tried.calls, tried.moments, tried.outages, tried.promises);
            }
            println!("every promise was kept");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("powerloss: {error:#}");
            ExitCode::FAILURE
        }
    }
}
