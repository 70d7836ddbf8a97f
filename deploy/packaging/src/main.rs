//! Writes man pages and shell completions of both programs into a folder: `cargo run -p packaging -- DIR`.
//!
//! From the same command lines that the programs read; in neither of them, so that an office computer need not carry them.

use anyhow::Context;
use clap::{Command, CommandFactory};
use clap_complete::{Shell, generate_to};
use std::{fs, path::Path};

fn main() -> anyhow::Result<()> {
    let folder = std::env::args_os().nth(1).context("packaging DIR")?;
    write(Path::new(&folder))
}

/// Both programs.
fn programs() -> [Command; 2] {
    [
        agent::cli::with_examples(agent::cli::Arguments::command()),
        aggregator::cli::with_examples(aggregator::cli::Cli::command()),
    ]
}

/// `man/`, and `completions/` for bash, zsh and fish.
fn write(folder: &Path) -> anyhow::Result<()> {
    let (man, completions) = (folder.join("man"), folder.join("completions"));
    for folder in [&man, &completions] {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    for mut program in programs() {
        let name = program.get_name().to_owned();
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            generate_to(shell, &mut program, &name, &completions)?;
        }
        clap_mangen::generate_to(program, &man)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page_and_every_shell_its_completions() {
        let place = tempfile::tempdir().unwrap();
        write(place.path()).unwrap();
        for program in programs() {
            let name = program.get_name();
            for file in [format!("{name}.bash"), format!("_{name}"), format!("{name}.fish")] {
                let text = fs::read_to_string(place.path().join("completions").join(&file)).unwrap();
                assert!(text.contains("doctor"), "{file}");
            }
            assert!(place.path().join(format!("man/{name}.1")).exists());
            for command in program.get_subcommands().filter(|one| one.get_name() != "help") {
                let page = place.path().join(format!("man/{name}-{}.1", command.get_name()));
                let text = fs::read_to_string(&page).unwrap_or_else(|_| panic!("{}", page.display()));
                assert!(text.contains("Ví dụ"), "{}", page.display());
            }
        }
    }
}
