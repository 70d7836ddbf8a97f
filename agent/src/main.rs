//! commune-agent: reads the command line and hands over; see the library for what it does.

use agent::{
    cli::{self, Arguments},
    clock::Clock,
};
use clap::{CommandFactory, FromArgMatches};
use std::{
    io::{self, Write},
    process::ExitCode,
};

fn main() -> ExitCode {
    let matches = cli::with_examples(Arguments::command()).get_matches();
    let arguments = Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let language = arguments.lang.into();
    match cli::carry_out(arguments, &Clock::system()) {
        Ok(printed) => {
            // A reader that went away (`| head`) is no failure.
            let _ = io::stdout().write_all(printed.text.as_bytes());
            ExitCode::from(printed.code)
        }
        Err(failure) => {
            let _ = writeln!(io::stderr(), "{}", failure.explain(language));
            ExitCode::from(failure.code())
        }
    }
}
