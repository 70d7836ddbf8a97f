//! `serve` under a service manager, as a process of its own; and the units that start it.

#[path = "../../deploy/operation/tests/manager/mod.rs"]
mod manager;

use aggregator::cli::Cli;
use clap::Parser;
use manager::{PATIENCE, Running, root, values};
use rustix::process::Signal;
use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    sync::mpsc,
    thread,
};

const NAME: &str = "province-aggregator";
const PROGRAM: &str = env!("CARGO_BIN_EXE_province-aggregator");

/// The program on a data folder.
fn program(data: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command.arg("--data").arg(data).env_remove("TIENDO_LOG").stdout(Stdio::null());
    command
}

/// Makes a province.
fn init(data: &Path) {
    let catalogue = root().join("deploy/catalogue/dong-nai-2026");
    let mut init = program(data);
    init.args(["init", "--exercise", "--catalogue"]).arg(catalogue).stderr(Stdio::null());
    assert!(init.status().is_ok_and(|status| status.success()));
}

#[test]
fn the_service_manager_hears_ready_alive_and_ending() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("province");
    init(&data);
    let mut serve = program(&data);
    serve.args(["serve", "--listen", "127.0.0.1:0", "--pages", "127.0.0.1:0"]).stderr(Stdio::null());
    manager::hears_ready_alive_and_ending(&mut serve);
}

/// Reads lines of the log until one holds all of these words.
fn read_until(lines: &mpsc::Receiver<String>, words: &[&str]) {
    let mut read = String::new();
    while let Ok(line) = lines.recv_timeout(PATIENCE) {
        if words.iter().all(|word| line.contains(word)) {
            return;
        }
        read += &format!("{line}\n");
    }
    panic!("{words:?} did not come: {read}");
}

#[test]
fn settings_are_read_anew_and_what_needs_a_restart_is_said() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("province");
    init(&data);
    let settings = data.join("aggregator.toml");
    let of_before = fs::read_to_string(&settings).unwrap();
    let mut serve = program(&data);
    serve.args(["serve", "--listen", "127.0.0.1:0", "--pages", "127.0.0.1:0"]).stdout(Stdio::piped());
    let mut serving = Running(serve.stderr(Stdio::piped()).spawn().unwrap());
    let out = BufReader::new(serving.0.stdout.take().unwrap()).lines();
    assert!(out.map(Result::unwrap).any(|line| line.starts_with("pages on ")));
    let errors = BufReader::new(serving.0.stderr.take().unwrap()).lines();
    let (heard, log) = mpsc::channel();
    // Ends with the program, or with the test.
    thread::spawn(move || errors.map_while(Result::ok).try_for_each(|line| heard.send(line)));
    let ask = |text: &str| {
        fs::write(&settings, text).unwrap();
        serving.signal(Signal::HUP);
    };
    let fewer = of_before.replace("max_sessions = 256", "max_sessions = 7");
    assert_ne!(fewer, of_before);
    ask(&format!("{fewer}\n[log]\nlevel = \"debug\"\n"));
    read_until(&log, &["settings were read anew", "debug"]);
    read_until(&log, &["need a restart", "max_sessions"]);
    ask("max_sesions = 7\n");
    read_until(&log, &["settings are faulty", "max_sesions"]);
    ask(&of_before);
    read_until(&log, &["settings were read anew", "info"]);
    serving.signal(Signal::TERM);
    read_until(&log, &["stopping"]);
    assert!(serving.0.wait().unwrap().success());
}

#[test]
fn the_units_start_what_there_is() {
    let unit = manager::starts_what_there_is(NAME, "serve", |line| Cli::try_parse_from(line).unwrap().data);
    // What `init` and `keys import` make, also where the store is a database.
    assert_eq!(values(&unit, "ConditionPathExists"), ["/var/lib/province-aggregator/aggregator.toml"]);
    assert_eq!(values(&unit, "ExecReload"), ["/bin/kill -HUP $MAINPID"]);
}

#[test]
fn systemd_finds_no_fault_in_the_units() {
    manager::systemd_finds_no_fault(NAME, PROGRAM);
}
