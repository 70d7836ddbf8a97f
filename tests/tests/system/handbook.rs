//! The handbooks: what they call things, show and tell to type is what there is.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};
use system_tests::program;

/// Where the handbooks lie.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/handbook")
}

fn handbook(name: &str) -> String {
    fs::read_to_string(folder().join(name)).unwrap()
}

/// What stands between two of these marks.
fn marked<'a>(text: &'a str, mark: &str) -> BTreeSet<&'a str> {
    text.split(mark).skip(1).step_by(2).collect()
}

/// All of the pages' sources, as one text.
fn sources() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut folders: Vec<PathBuf> =
        ["agent/src", "aggregator/src", "deploy/pages/src", "shared/src"].map(|name| root.join(name)).into();
    let mut text = String::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                text += &fs::read_to_string(path).unwrap();
            }
        }
    }
    text
}

#[test]
fn what_they_call_pages_and_buttons_is_what_these_are_called() {
    let sources = sources();
    for name in ["clerk.md", "reviewer.md"] {
        let text = handbook(name);
        let words = marked(&text, "**");
        assert!(words.len() > 10, "{name}: {words:?}");
        let unknown: Vec<_> = words.iter().filter(|word| !sources.contains(**word)).collect();
        assert!(unknown.is_empty(), "{name} names what no page says: {unknown:?}");
    }
}

#[test]
fn what_they_show_and_lead_to_is_there() {
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            assert!(folder().join(link).exists(), "{}: {link}", path.display());
        }
    }
}

/// The commands of a handbook in order: what stands after `$ ` in its console blocks, with the lines that go on.
fn commands(text: &str) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    for block in text.split("```console\n").skip(1).filter_map(|rest| rest.split("```").next()) {
        for line in block.lines() {
            match line.strip_prefix("$ ") {
                Some(command) => commands.push(command.to_owned()),
                None if commands.last().is_some_and(|last| last.ends_with('\\')) => {
                    let last = commands.last_mut().unwrap();
                    last.push('\n');
                    last.push_str(line);
                }
                None => {}
            }
        }
    }
    commands
}

#[test]
fn every_command_of_the_administrator_works_one_after_the_other() {
    let desk = tempfile::tempdir().unwrap();
    let catalogue = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/catalogue/dong-nai-2026");
    let catalogue = catalogue.canonicalize().unwrap();
    let programs = program::path("commune-agent");
    let programs = programs.parent().unwrap();
    // Fails at the first command that fails; what serves goes on beside the others until the end.
    let mut script = String::from("set -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n");
    let text = handbook("administrator.md");
    let commands = commands(&text);
    assert!(commands.len() > 20, "{commands:?}");
    for command in &commands {
        let _ = writeln!(script, "printf '%s\\n' {}", quoted(command));
        if command.ends_with(" serve") {
            let _ = writeln!(script, "{command} > serve.log 2>&1 &");
            // Ends without a match when the server does.
            script += "server=$!\ngrep -qm1 '^pages on' <(tail -n +1 -f --pid=$server serve.log) || { cat serve.log; exit 1; }\n";
        } else {
            let _ = writeln!(script, "{command}");
        }
    }
    let mut shell = Command::new("bash");
    for (key, _) in std::env::vars_os().filter(|(key, _)| key.to_string_lossy().starts_with("TIENDO_")) {
        shell.env_remove(key);
    }
    let path = std::env::join_paths(
        [programs.to_owned()].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    let done = shell
        .arg("-c")
        .arg(&script)
        .env("PATH", path.unwrap())
        .env("CATALOGUE", catalogue)
        .current_dir(desk.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{out}\n{err}");
}

/// A word for the shell.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}
