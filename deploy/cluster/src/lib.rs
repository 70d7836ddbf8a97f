//! A PostgreSQL of one's own, for tests and the demo: in a folder that goes with it and that only its owner can look into, reached by a
//! socket file there. It asks nobody for a password, so it listens on the loopback only where a test needs a line.
//!
//! PostgreSQL does not run as root: then it is started as the user `postgres`, whom Debian's package makes. It ends with the process that
//! started it, however that ends, since it reads from that process and stops when nobody is at the other end.

pub mod port;

use std::{
    fs,
    io::{self, BufRead, BufReader, Write},
    net::SocketAddr,
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};
use thiserror::Error;

/// Who owns everything in it.
pub const USER: &str = "tiendo";

/// Makes the cluster and starts it, then stops and starts it as it is told, saying so each time, and ends it when nobody holds the other
/// end of its input any more. Texts sort by a language's rules here, so that whatever relies on the order of bytes shows.
const SCRIPT: &str = r#"
set -e
bin="$1" dir="$2" user="$3" port="$4" ssl="$5" listen="$6"
"$bin/initdb" -D "$dir/data" -U "$user" -A trust -E UTF8 --locale=C.UTF-8 --locale-provider=icu --icu-locale=vi >"$dir/log" 2>&1
start() {
  "$bin/pg_ctl" -D "$dir/data" -w -l "$dir/log" -o "-k '$dir' -p $port -c listen_addresses='$listen' -c max_connections=400 -c ssl=$ssl -c ssl_cert_file='$dir/server.pem' -c ssl_key_file='$dir/server.key'" start >>"$dir/log" 2>&1
}
start
echo done
while read -r word; do
  case "$word" in
    start) start ;;
    *) "$bin/pg_ctl" -D "$dir/data" -m "$word" -w stop >>"$dir/log" 2>&1 ;;
  esac
  echo done
done
"$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1 || true
rm -rf "$dir"
"#;

/// Why there is no cluster.
#[derive(Debug, Error)]
pub enum ClusterError {
    /// The server's programs, or its user, are not installed.
    #[error("PostgreSQL's server is not installed; on Debian: apt-get install postgresql")]
    Missing,
    /// It was not started.
    #[error("PostgreSQL did not start: {0}")]
    NotStarted(String),
    /// One of its programs failed.
    #[error("{program}: {said}")]
    Program {
        /// Which.
        program: String,
        /// What it said.
        said: String,
    },
    /// The system refuses.
    #[error("{path}: {source}")]
    Io {
        /// On what.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A running cluster. It ends, and its folder goes away, with this value and with this process.
#[derive(Debug)]
pub struct Cluster {
    folder: PathBuf,
    programs: PathBuf,
    port: u16,
    databases: AtomicU32,
    /// Its input is held open as long as this value lives.
    child: Child,
    answers: BufReader<ChildStdout>,
}

/// How a cluster goes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Going {
    /// In order: connections are closed.
    Stopped,
    /// At once, as by a power cut: it recovers at the next start.
    Crashed,
}

/// A certificate and its key, PEM, with which it speaks TLS on the loopback.
pub struct Certificate {
    /// The certificate.
    pub certificate: String,
    /// Its key.
    pub key: String,
}

impl Cluster {
    /// Makes a cluster and starts it; returns when it answers. Only its owner (and root) reaches it, unless there is a certificate: then
    /// everybody on this computer does, over TLS.
    ///
    /// # Errors
    /// [`ClusterError`]
    pub fn start(tls: Option<&Certificate>) -> Result<Self, ClusterError> {
        Self::start_within(tls, tls.is_some())
    }

    /// The same on the loopback without TLS: everybody on this computer may do everything in it, so only for tests of the line.
    ///
    /// # Errors
    /// [`ClusterError`]
    pub fn start_on_the_loopback() -> Result<Self, ClusterError> {
        Self::start_within(None, true)
    }

    fn start_within(tls: Option<&Certificate>, is_on_the_loopback: bool) -> Result<Self, ClusterError> {
        let programs = programs().ok_or(ClusterError::Missing)?;
        let folder = tempfile::Builder::new().prefix("tiendo-pg-").tempdir();
        let folder = folder.map_err(at(&std::env::temp_dir()))?;
        let port = port::unclaimed().map_err(at(Path::new("127.0.0.1")))?.port();
        let mut own = vec![folder.path().to_owned()];
        if let Some(Certificate { certificate, key }) = tls {
            let paths = [folder.path().join("server.pem"), folder.path().join("server.key")];
            fs::write(&paths[0], certificate).map_err(at(&paths[0]))?;
            fs::write(&paths[1], key).map_err(at(&paths[1]))?;
            fs::set_permissions(&paths[1], fs::Permissions::from_mode(0o600)).map_err(at(&paths[1]))?;
            own.extend(paths);
        }
        let mut command = shell(&own)?;
        command.args(["-c", SCRIPT, "sh"]).arg(&programs).arg(folder.path()).arg(USER).arg(port.to_string());
        command.arg(if tls.is_some() { "on" } else { "off" }).current_dir("/");
        command.arg(if is_on_the_loopback { "127.0.0.1" } else { "" });
        let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0).spawn();
        let mut child = started.map_err(at(&programs))?;
        let Some(said) = child.stdout.take() else { return Err(ClusterError::NotStarted(String::new())) };
        let answers = BufReader::new(said);
        // The script removes the folder.
        let (folder, databases) = (folder.keep(), AtomicU32::new(0));
        let mut cluster = Self { folder, programs, port, databases, child, answers };
        cluster.heard()?;
        Ok(cluster)
    }

    /// Waits until what was told is done.
    fn heard(&mut self) -> Result<(), ClusterError> {
        let mut line = String::new();
        self.answers.read_line(&mut line).map_err(at(&self.programs))?;
        if line == "done\n" {
            return Ok(());
        }
        Err(ClusterError::NotStarted(fs::read_to_string(self.folder.join("log")).unwrap_or_default()))
    }

    fn tell(&mut self, word: &str) -> Result<(), ClusterError> {
        let input = self.child.stdin.as_mut().map(|input| writeln!(input, "{word}"));
        input.transpose().map_err(at(&self.programs))?;
        self.heard()
    }

    /// Takes it away.
    ///
    /// # Errors
    /// [`ClusterError::NotStarted`] when it does not end.
    pub fn go(&mut self, going: Going) -> Result<(), ClusterError> {
        self.tell(match going {
            Going::Stopped => "fast",
            Going::Crashed => "immediate",
        })
    }

    /// Gives it back, at the same address.
    ///
    /// # Errors
    /// [`ClusterError::NotStarted`]
    pub fn come_back(&mut self) -> Result<(), ClusterError> {
        self.tell("start")
    }

    /// Where it listens, if it was started on the loopback.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.port).into()
    }

    /// Makes a database; its address.
    ///
    /// # Errors
    /// [`ClusterError::Program`]
    pub fn database(&self) -> Result<String, ClusterError> {
        let name = format!("db{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.run("createdb", &[&name])?;
        let folder = self.folder.display().to_string().replace('/', "%2F");
        Ok(format!("postgres://{USER}@{folder}:{}/{name}", self.port))
    }

    /// The same database over the loopback, if it was started there.
    #[must_use]
    pub fn over_the_line(&self, url: &str) -> String {
        format!("postgres://{USER}@localhost:{}/{}", self.port, name(url))
    }

    /// The certificate that it shows there, if it has one.
    #[must_use]
    pub fn certificate(&self) -> PathBuf {
        self.folder.join("server.pem")
    }

    /// Does something in a database as somebody else would; what that says.
    ///
    /// # Errors
    /// [`ClusterError::Program`]
    pub fn sql(&self, url: &str, sql: &str) -> Result<String, ClusterError> {
        self.run("psql", &["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", name(url), "-c", sql])
    }

    /// A database as statements that make it again.
    ///
    /// # Errors
    /// [`ClusterError::Program`]
    pub fn dump(&self, url: &str) -> Result<String, ClusterError> {
        self.run("pg_dump", &["--no-owner", name(url)])
    }

    /// A program that goes on by itself, told what to do in a database on its input.
    ///
    /// # Errors
    /// [`ClusterError::Io`]
    pub fn console(&self, url: &str) -> Result<Child, ClusterError> {
        let mut command = self.command("psql", &["-X", "-q", "-A", "-t", "-d", name(url)]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(at(&self.programs))
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.arg("-h").arg(&self.folder).args(["-p", &self.port.to_string(), "-U", USER]).args(arguments);
        command.current_dir("/");
        command
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Result<String, ClusterError> {
        let output = self.command(program, arguments).stdin(Stdio::null()).output().map_err(at(&self.programs))?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        match output.status.success() {
            true => Ok(text(&output.stdout)),
            false => Err(ClusterError::Program { program: program.to_owned(), said: text(&output.stderr) }),
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // It stops at once, whatever goes on in it.
        let _ = self.child.wait();
        // Left where it did not start.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The name of a database in its address.
fn name(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or(url)
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> ClusterError {
    let path = path.to_owned();
    move |source| ClusterError::Io { path, source }
}

/// A shell as somebody who is not root, to whom these files belong then.
fn shell(own: &[PathBuf]) -> Result<Command, ClusterError> {
    let own_process = Path::new("/proc/self");
    if fs::metadata(own_process).map_err(at(own_process))?.uid() != 0 {
        return Ok(Command::new("sh"));
    }
    let user = Command::new("id").args(["-u", "postgres"]).output().map_err(at(Path::new("id")))?;
    let id = String::from_utf8_lossy(&user.stdout).trim().parse().map_err(|_| ClusterError::Missing)?;
    for path in own {
        chown(path, Some(id), None).map_err(at(path))?;
    }
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--", "sh"]);
    Ok(command)
}

/// Where the server's programs are: the newest that Debian's packages brought, else beside whatever is on the path.
fn programs() -> Option<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin")))
        })
        .filter(|(_, bin)| bin.join("postgres").exists())
        .collect();
    found.sort_unstable();
    let newest = found.pop().map(|(_, bin)| bin);
    newest.or_else(|| {
        let paths = std::env::var_os("PATH")?;
        std::env::split_paths(&paths).find(|folder| folder.join("initdb").exists())
    })
}
