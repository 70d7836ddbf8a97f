//! `run` under a service manager, as a process of its own; and the units that start it.

#[path = "../../deploy/operation/tests/manager/mod.rs"]
mod manager;

use agent::{
    cli::Arguments,
    folder::Folder,
    store::{Store, meta::Belonging},
};
use chrono::DateTime;
use clap::Parser;
use shared::change::Incarnation;
use std::{
    fs,
    process::{Command, Stdio},
};

const NAME: &str = "commune-agent";
const PROGRAM: &str = env!("CARGO_BIN_EXE_commune-agent");

#[test]
fn the_service_manager_hears_ready_alive_and_ending() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("commune");
    let folder = Folder::at(&data);
    folder.create().unwrap();
    let belonging = Belonging {
        province: "dong-nai".into(),
        commune: "dinh-quan".into(),
        commune_name: "Xã Định Quán".into(),
        server: "https://127.0.0.1:1".into(),
        joined_at: DateTime::UNIX_EPOCH,
        incarnation: Incarnation([1; 16]),
    };
    Store::open_or_create(&folder).unwrap().write(|writing| writing.set_belonging(&belonging)).unwrap();
    fs::write(folder.config(), "[page]\nlisten = \"127.0.0.1:0\"\n").unwrap();
    let mut run = Command::new(PROGRAM);
    run.arg("--data").arg(&data).arg("run").stdout(Stdio::null()).stderr(Stdio::null());
    manager::hears_ready_alive_and_ending(&mut run);
}

#[test]
fn the_units_start_what_there_is() {
    let _ = manager::starts_what_there_is(NAME, "run", |line| Arguments::try_parse_from(line).unwrap().data.unwrap());
}

#[test]
fn systemd_finds_no_fault_in_the_units() {
    manager::systemd_finds_no_fault(NAME, PROGRAM);
}
