//! The commands. Each reads its arguments, calls one thing, and prints what came of it; none of them touches SQL.

mod account;
mod accounts;
mod alerts;
mod arguments;
mod bundle;
mod doctor;
mod due;
mod entering;
mod evidence;
mod examples;
mod failure;
mod looking;
mod month;
mod proving;
mod safekeeping;
#[cfg(target_os = "linux")]
mod services;
#[cfg(windows)]
#[path = "cli/services_windows.rs"]
mod services;
mod syncing;
mod table;
mod telling;

pub use arguments::Arguments;
pub use examples::with_examples;
pub use failure::Failure;

use crate::{clock::Clock, config::Config, folder::Folder, words};
use arguments::{Bundle, Command, ConfigCommand};
use shared::language::Language;
use table::Format;

/// What a command needs beside its own arguments.
struct Desk {
    folder: Folder,
    config: Config,
    clock: Clock,
    language: Language,
    format: Format,
}

/// What a command leaves: text for standard output, and a failure that is no error of the command itself.
#[derive(Debug)]
pub struct Printed {
    /// For standard output.
    pub text: String,
    /// The exit code.
    pub code: u8,
}

impl From<String> for Printed {
    fn from(text: String) -> Self {
        Self { text, code: 0 }
    }
}

/// Carries out a command.
///
/// # Errors
/// [`Failure`], with its exit code and its words.
pub fn carry_out(arguments: Arguments, clock: &Clock) -> Result<Printed, Failure> {
    let folder = arguments.data.map_or_else(Folder::usual, Folder::at);
    let language = arguments.lang.into();
    if arguments.format == Format::Csv && !arguments.command.prints_a_list() {
        // Known before anything is written.
        return Err(Failure::NoList);
    }
    match arguments.command {
        // Faulty settings are what they are asked about.
        Command::Doctor => return Ok(doctor::doctor(&folder, clock, language, arguments.format)),
        Command::Config(ConfigCommand::Check) => {
            return Ok(doctor::check_settings(&folder, language, arguments.format));
        }
        _ => {}
    }
    let config = Config::read(&folder.config())?;
    let desk = Desk { folder, config, clock: clock.clone(), language, format: arguments.format };
    match arguments.command {
        Command::Join(join) => syncing::join(&desk, &join),
        Command::Run => syncing::run(&desk),
        Command::Remind(asked) => syncing::remind(&desk, &asked),
        Command::Sync => syncing::sync(&desk),
        Command::Record(record) => entering::record(&desk, record),
        Command::Import(import) => entering::import(&desk, &import),
        Command::Progress(asked) => month::progress(&desk, asked),
        Command::Due(asked) => due::due(&desk, &asked),
        Command::Alerts(asked) => alerts::alerts(&desk, &asked),
        Command::Checks(asked) => month::checks(&desk, &asked),
        Command::Tasks(asked) => month::tasks(&desk, &asked),
        Command::Units(asked) => month::units(&desk, &asked),
        Command::Report(asked) => month::report(&desk, asked),
        Command::Template(template) => entering::template(&desk, template),
        Command::Attach(attach) => evidence::attach(&desk, &attach),
        Command::Evidence(asked) => evidence::evidence(&desk, &asked),
        Command::Targets(targets) => looking::targets(&desk, &targets),
        Command::History(history) => looking::history(&desk, &history),
        Command::Standing(standing) => looking::standing(&desk, &standing),
        Command::Receipts(receipts) => proving::receipts(&desk, &receipts),
        Command::VerifyReceipts(asked) => proving::verify_receipts(&desk, &asked),
        Command::Conflicts(conflicts) => proving::conflicts(&desk, conflicts),
        Command::Verify => proving::verify(&desk),
        Command::Bundle(Bundle::Make(asked)) => bundle::make(&desk, &asked),
        Command::Bundle(Bundle::Take(asked)) => bundle::take(&desk, &asked),
        Command::Backup(backup) => safekeeping::backup(&desk, &backup),
        Command::Restore(restore) => safekeeping::restore(&desk, &restore),
        Command::Account(asked) => accounts::account(&desk, &asked),
        #[cfg(any(target_os = "linux", windows))]
        Command::Service(asked) => services::service(&desk, &asked),
        Command::Status => looking::status(&desk),
        Command::Doctor | Command::Config(_) => Ok(String::new().into()),
    }
}

#[cfg(test)]
mod tests;
