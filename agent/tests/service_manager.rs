//! `run` under a service manager, as a process of its own; and the units that start it.

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
    os::unix::net::UnixDatagram,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_commune-agent");
/// Longest wait for a word.
const PATIENCE: Duration = Duration::from_secs(60);

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits until a word comes.
fn hear(socket: &UnixDatagram, word: &str) {
    let mut buffer = [0; 256];
    loop {
        let length = socket.recv(&mut buffer).unwrap_or_else(|error| panic!("{word} did not come: {error}"));
        if String::from_utf8_lossy(&buffer[..length]).lines().any(|line| line == word) {
            return;
        }
    }
}

#[test]
fn the_service_manager_hears_ready_alive_and_ending() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("commune");
    let program = || {
        let mut command = Command::new(PROGRAM);
        command.arg("--data").arg(&data).stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
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
    let socket = UnixDatagram::bind(place.path().join("notify")).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut serve = program();
    serve.arg("run");
    serve.env("NOTIFY_SOCKET", place.path().join("notify")).env("WATCHDOG_USEC", "100000");
    let mut serving = Running(serve.spawn().unwrap());
    hear(&socket, "READY=1");
    hear(&socket, "WATCHDOG=1");
    let id = rustix::process::Pid::from_child(&serving.0);
    rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    hear(&socket, "STOPPING=1");
    assert!(serving.0.wait().unwrap().success());
}

/// The values of a key in a unit.
fn values<'a>(unit: &'a str, key: &str) -> Vec<&'a str> {
    unit.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('=')).collect()
}

#[test]
fn the_units_start_what_there_is() {
    let folder = root().join("deploy/systemd");
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let users = read("commune-agent.sysusers");
    // A colon parts the fields of passwd.
    assert!(!users.contains(':'), "{users}");
    for (name, command) in [("commune-agent.service", "run"), ("commune-agent-backup.service", "backup")] {
        let unit = read(name);
        let line: Vec<&str> = values(&unit, "ExecStart")[0].split(' ').collect();
        assert_eq!(line[0], "/usr/bin/commune-agent");
        let cli = Arguments::try_parse_from(&line).unwrap();
        assert!(
            line.contains(&command) && cli.data.as_deref() == Some(Path::new("/var/lib/commune-agent")),
            "{line:?}"
        );
        let user = values(&unit, "User")[0];
        assert!(users.contains(&format!("u {user} ")), "{name}: {user}");
        for hardening in ["ProtectSystem=strict", "NoNewPrivileges=yes", "PrivateTmp=yes", "MemoryDenyWriteExecute=yes"]
        {
            assert!(unit.lines().any(|line| line == hardening), "{name}: {hardening}");
        }
    }
    let unit = read("commune-agent.service");
    assert_eq!((values(&unit, "Type"), values(&unit, "StateDirectory")), (vec!["notify"], vec!["commune-agent"]));
    assert!(!values(&unit, "WatchdogSec").is_empty());
    // A path that may be written to is one that is made.
    let made = read("commune-agent.tmpfiles");
    let backup = read("commune-agent-backup.service");
    for path in values(&backup, "ReadWritePaths").iter().flat_map(|paths| paths.split(' ')) {
        assert!(made.contains(&format!("d {path} ")), "{path}");
    }
}

/// Asks systemd itself, where it is there.
#[test]
fn systemd_finds_no_fault_in_the_units() {
    let place = tempfile::tempdir().unwrap();
    let mut units = Vec::new();
    for name in ["commune-agent.service", "commune-agent-backup.service", "commune-agent-backup.timer"] {
        let text = fs::read_to_string(root().join("deploy/systemd").join(name)).unwrap();
        let unit = place.path().join(name);
        fs::write(&unit, text.replace("/usr/bin/commune-agent", PROGRAM)).unwrap();
        units.push(unit);
    }
    let Ok(answer) = Command::new("systemd-analyze").args(["verify", "--man=no"]).args(&units).output() else { return };
    let said = String::from_utf8_lossy(&answer.stderr);
    // Of other units of this computer it may say what it likes.
    let ours: Vec<&str> = said.lines().filter(|line| line.contains("commune-agent")).collect();
    assert!(ours.is_empty(), "{ours:#?}");
}
