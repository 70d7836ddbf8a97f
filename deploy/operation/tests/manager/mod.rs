//! A program under a service manager, and the units that start it, as the tests of both programs look at them.

// A harness has nobody to hand an error to: a test that cannot be set up fails where it stands.
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    os::unix::net::UnixDatagram,
    path::{Path, PathBuf},
    process::{Child, Command},
    time::Duration,
};
use tempfile::TempDir;

/// Longest wait for a word.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The root of the sources.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A program that ends with this value.
pub struct Running(pub Child);

impl Running {
    pub fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.0), signal).unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A service manager that listens.
struct Manager {
    place: TempDir,
    socket: UnixDatagram,
}

impl Manager {
    fn listening() -> Self {
        let place = tempfile::tempdir().unwrap();
        let socket = UnixDatagram::bind(place.path().join("notify")).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { place, socket }
    }

    fn starts(&self, command: &mut Command) -> Running {
        command.env("NOTIFY_SOCKET", self.place.path().join("notify")).env("WATCHDOG_USEC", "100000");
        Running(command.spawn().unwrap())
    }

    /// Waits until a word comes.
    fn hears(&self, word: &str) {
        let mut buffer = [0; 256];
        loop {
            let length = self.socket.recv(&mut buffer).unwrap_or_else(|error| panic!("{word} did not come: {error}"));
            if String::from_utf8_lossy(&buffer[..length]).lines().any(|line| line == word) {
                return;
            }
        }
    }
}

/// Starts a service, hears that it is ready and alive, ends it, and hears that too.
pub fn hears_ready_alive_and_ending(service: &mut Command) {
    let manager = Manager::listening();
    let mut serving = manager.starts(service);
    manager.hears("READY=1");
    manager.hears("WATCHDOG=1");
    serving.signal(rustix::process::Signal::TERM);
    manager.hears("STOPPING=1");
    assert!(serving.0.wait().unwrap().success());
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join("deploy/systemd").join(name)).unwrap()
}

/// The values of a key in a unit.
pub fn values<'a>(unit: &'a str, key: &str) -> Vec<&'a str> {
    unit.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('=')).collect()
}

/// Looks at the units of a program that runs by this command: `data_of` reads a command line as the program does, and tells its data
/// folder. The unit of the service.
pub fn starts_what_there_is(program: &str, command: &str, data_of: impl Fn(&[&str]) -> PathBuf) -> String {
    let users = read(&format!("{program}.sysusers"));
    // A colon parts the fields of passwd.
    assert!(!users.contains(':'), "{users}");
    for (name, command) in [(format!("{program}.service"), command), (format!("{program}-backup.service"), "backup")] {
        let unit = read(&name);
        let line: Vec<&str> = values(&unit, "ExecStart")[0].split(' ').collect();
        assert_eq!(line[0], format!("/usr/bin/{program}"));
        assert!(line.contains(&command) && data_of(&line) == Path::new("/var/lib").join(program), "{line:?}");
        let user = values(&unit, "User")[0];
        assert!(users.contains(&format!("u {user} ")), "{name}: {user}");
        for hardening in ["ProtectSystem=strict", "NoNewPrivileges=yes", "PrivateTmp=yes", "MemoryDenyWriteExecute=yes"]
        {
            assert!(unit.lines().any(|line| line == hardening), "{name}: {hardening}");
        }
    }
    let unit = read(&format!("{program}.service"));
    assert_eq!((values(&unit, "Type"), values(&unit, "StateDirectory")), (vec!["notify"], vec![program]));
    assert!(!values(&unit, "WatchdogSec").is_empty());
    // A path that may be written to is one that is made.
    let made = read(&format!("{program}.tmpfiles"));
    let backup = read(&format!("{program}-backup.service"));
    for path in values(&backup, "ReadWritePaths").iter().flat_map(|paths| paths.split(' ')) {
        assert!(made.contains(&format!("d {path} ")), "{path}");
    }
    unit
}

/// Asks systemd itself, where it is there. `binary` is the program of this build.
pub fn systemd_finds_no_fault(program: &str, binary: &str) {
    let place = tempfile::tempdir().unwrap();
    let mut units = Vec::new();
    for kind in [".service", "-backup.service", "-backup.timer"] {
        let name = format!("{program}{kind}");
        let unit = place.path().join(&name);
        fs::write(&unit, read(&name).replace(&format!("/usr/bin/{program}"), binary)).unwrap();
        units.push(unit);
    }
    let Ok(answer) = Command::new("systemd-analyze").args(["verify", "--man=no"]).args(&units).output() else { return };
    let said = String::from_utf8_lossy(&answer.stderr);
    // Of other units of this computer it may say what it likes.
    let ours: Vec<&str> = said.lines().filter(|line| line.contains(program)).collect();
    assert!(ours.is_empty(), "{ours:#?}");
}
