//! The README names files and commands; a stranger who follows it must find them.

use std::{collections::BTreeSet, path::Path};
use system_tests::program::run;

fn readme() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")).unwrap()
}

/// What stands in backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.starts_with("```")).flat_map(|line| line.split('`').skip(1).step_by(2))
}

#[test]
fn every_file_that_it_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = readme();
    let rooms = ["shared/", "proto/", "safekeeping/", "agent/", "aggregator/", "deploy/", "tests/", ".ci/"];
    let named: BTreeSet<&str> =
        quoted(&text).filter(|word| rooms.iter().any(|room| word.starts_with(room)) && !word.contains(' ')).collect();
    assert!(named.len() > 25, "{named:?}");
    let missing: Vec<_> = named.iter().filter(|path| !root.join(path).exists()).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn it_names_every_command_and_no_other() {
    let text = readme();
    for program in ["commune-agent", "province-aggregator"] {
        let help = run(program, ["--help"]).ok();
        let commands: BTreeSet<&str> = help
            .lines()
            .skip_while(|line| !line.starts_with("Commands:"))
            .skip(1)
            .take_while(|line| !line.is_empty())
            .filter_map(|line| line.split_whitespace().next())
            .filter(|command| *command != "help")
            .collect();
        let table = text.split(&format!("`{program}` (its folder")).nth(1).unwrap();
        let named: BTreeSet<&str> = table
            .lines()
            .skip_while(|line| !line.starts_with("| `"))
            .take_while(|line| line.starts_with('|'))
            .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
            .collect();
        assert_eq!(named, commands, "{program}");
        for line in table.lines().skip_while(|line| !line.starts_with("| `")).take_while(|line| line.starts_with('|')) {
            let example = line.split('`').nth_back(1).unwrap();
            let command = line.strip_prefix("| `").and_then(|rest| rest.split('`').next()).unwrap();
            let help = run(program, [command, "--help"]).ok();
            // Long ones are wrapped.
            let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(help.contains(&format!("Ví dụ: {example}")), "{command}: {example} is not in its help");
        }
    }
}
