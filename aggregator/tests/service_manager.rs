//! `serve` under a service manager, as a process of its own; and the units that start it.

use aggregator::cli::Cli;
use clap::Parser;
use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::net::UnixDatagram,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_province-aggregator");
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
    let data = place.path().join("province");
    let program = || {
        let mut command = Command::new(PROGRAM);
        command.arg("--data").arg(&data).env_remove("TIENDO_LOG").stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let catalogue = root().join("deploy/catalogue/dong-nai-2026");
    assert!(program().args(["init", "--exercise", "--catalogue"]).arg(catalogue).status().unwrap().success());
    let socket = UnixDatagram::bind(place.path().join("notify")).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut serve = program();
    serve.args(["serve", "--listen", "127.0.0.1:0", "--pages", "127.0.0.1:0"]);
    serve.env("NOTIFY_SOCKET", place.path().join("notify")).env("WATCHDOG_USEC", "100000");
    let mut serving = Running(serve.spawn().unwrap());
    hear(&socket, "READY=1");
    hear(&socket, "WATCHDOG=1");
    let id = rustix::process::Pid::from_child(&serving.0);
    rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    hear(&socket, "STOPPING=1");
    assert!(serving.0.wait().unwrap().success());
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
    let program = || {
        let mut command = Command::new(PROGRAM);
        command.arg("--data").arg(&data).env_remove("TIENDO_LOG").stdout(Stdio::null());
        command
    };
    let catalogue = root().join("deploy/catalogue/dong-nai-2026");
    assert!(program().args(["init", "--exercise", "--catalogue"]).arg(catalogue).status().unwrap().success());
    let settings = data.join("aggregator.toml");
    let of_before = fs::read_to_string(&settings).unwrap();
    let mut serve = program();
    serve.args(["serve", "--listen", "127.0.0.1:0", "--pages", "127.0.0.1:0"]).stdout(Stdio::piped());
    let mut serving = Running(serve.stderr(Stdio::piped()).spawn().unwrap());
    let out = BufReader::new(serving.0.stdout.take().unwrap()).lines();
    assert!(out.map(Result::unwrap).any(|line| line.starts_with("pages on ")));
    let errors = BufReader::new(serving.0.stderr.take().unwrap()).lines();
    let (heard, log) = mpsc::channel();
    // Ends with the program, or with the test.
    thread::spawn(move || errors.map_while(Result::ok).try_for_each(|line| heard.send(line)));
    let id = rustix::process::Pid::from_child(&serving.0);
    let ask = |text: &str| {
        fs::write(&settings, text).unwrap();
        rustix::process::kill_process(id, rustix::process::Signal::HUP).unwrap();
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
    rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    read_until(&log, &["stopping"]);
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
    let users = read("province-aggregator.sysusers");
    // A colon parts the fields of passwd.
    assert!(!users.contains(':'), "{users}");
    for (name, command) in [("province-aggregator.service", "serve"), ("province-aggregator-backup.service", "backup")]
    {
        let unit = read(name);
        let line: Vec<&str> = values(&unit, "ExecStart")[0].split(' ').collect();
        assert_eq!(line[0], "/usr/bin/province-aggregator");
        let cli = Cli::try_parse_from(&line).unwrap();
        assert!(line.contains(&command) && cli.data == Path::new("/var/lib/province-aggregator"), "{line:?}");
        let user = values(&unit, "User")[0];
        assert!(users.contains(&format!("u {user} ")), "{name}: {user}");
        for hardening in ["ProtectSystem=strict", "NoNewPrivileges=yes", "PrivateTmp=yes", "MemoryDenyWriteExecute=yes"]
        {
            assert!(unit.lines().any(|line| line == hardening), "{name}: {hardening}");
        }
    }
    let unit = read("province-aggregator.service");
    // What `init` and `keys import` make, also where the store is a database.
    assert_eq!(values(&unit, "ConditionPathExists"), ["/var/lib/province-aggregator/aggregator.toml"]);
    assert_eq!((values(&unit, "Type"), values(&unit, "StateDirectory")), (vec!["notify"], vec!["province-aggregator"]));
    assert!(!values(&unit, "WatchdogSec").is_empty());
    assert_eq!(values(&unit, "ExecReload"), ["/bin/kill -HUP $MAINPID"]);
    // A path that may be written to is one that is made.
    let made = read("province-aggregator.tmpfiles");
    let backup = read("province-aggregator-backup.service");
    for path in values(&backup, "ReadWritePaths").iter().flat_map(|paths| paths.split(' ')) {
        assert!(made.contains(&format!("d {path} ")), "{path}");
    }
}

/// Asks systemd itself, where it is there.
#[test]
fn systemd_finds_no_fault_in_the_units() {
    let place = tempfile::tempdir().unwrap();
    let mut units = Vec::new();
    for name in
        ["province-aggregator.service", "province-aggregator-backup.service", "province-aggregator-backup.timer"]
    {
        let text = fs::read_to_string(root().join("deploy/systemd").join(name)).unwrap();
        let unit = place.path().join(name);
        fs::write(&unit, text.replace("/usr/bin/province-aggregator", PROGRAM)).unwrap();
        units.push(unit);
    }
    let Ok(answer) = Command::new("systemd-analyze").args(["verify", "--man=no"]).args(&units).output() else { return };
    let said = String::from_utf8_lossy(&answer.stderr);
    // Of other units of this computer it may say what it likes.
    let ours: Vec<&str> = said.lines().filter(|line| line.contains("province-aggregator")).collect();
    assert!(ours.is_empty(), "{ours:#?}");
}
