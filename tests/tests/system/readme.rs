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

/// The commands that a program's help names.
fn commands(help: &str) -> BTreeSet<&str> {
    help.lines()
        .skip_while(|line| !line.starts_with("Commands:"))
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .filter(|command| *command != "help")
        .collect()
}

#[test]
fn each_of_the_77_rules_of_the_plans_is_answered_with_commands_that_exist() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/catalogue/dong-nai-2026");
    let text = std::fs::read_to_string(folder.join("RULES.md")).unwrap();
    let rows: Vec<Vec<&str>> = text
        .lines()
        .filter(|line| line.starts_with("| 0"))
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect();
    let expected: Vec<String> = [("000", 23), ("001", 15), ("002", 17), ("003", 8), ("004", 14)]
        .into_iter()
        .flat_map(|(plan, rules)| (1..=rules).map(move |rule| format!("{plan}-{rule:02}")))
        .collect();
    assert_eq!(rows.iter().map(|row| row[0]).collect::<Vec<_>>(), expected);
    let of = |state: &str| rows.iter().filter(|row| row[3] == state).count();
    let (done, part, open, outside) = (of("done"), of("part"), of("open"), of("outside"));
    assert_eq!(done + part + open + outside, 77, "each has a state");
    let sum = format!("In all: {done} done, {part} in part, {open} open, {outside} outside.");
    assert!(text.contains(&sum), "{sum}");
    let helps = ["commune-agent", "province-aggregator"].map(|program| run(program, ["--help"]).ok());
    let known: BTreeSet<&str> = helps.iter().flat_map(|help| commands(help)).collect();
    let settings = ["every", "unspecified", "cutoff", "units_cutoff"];
    for row in rows {
        for quoted in quoted(row[4]) {
            let words = quoted.trim_start_matches("commune-agent ").trim_start_matches("province-aggregator ");
            let first = words.split_whitespace().next().unwrap_or_default();
            let is_known = known.contains(first)
                || settings.contains(&first)
                || first.starts_with("--")
                || (first.contains('.') && folder.join(first).exists())
                || first.starts_with("2026");
            assert!(is_known, "{}: {quoted:?} is no command, setting or file", row[0]);
        }
    }
}

#[test]
fn it_names_every_command_and_no_other() {
    let text = readme();
    for program in ["commune-agent", "province-aggregator"] {
        let help = run(program, ["--help"]).ok();
        let commands = commands(&help);
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
