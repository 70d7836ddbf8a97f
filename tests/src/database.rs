//! A PostgreSQL of the test's own, which can be taken away and given back: in a folder that goes with it, on a loopback port.
//! Without the server's programs the test fails: what was not tried is not what works.

use std::{
    fs,
    io::{BufRead, BufReader, Lines, Write},
    net::{SocketAddr, TcpListener},
    os::unix::fs::chown,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};
use tempfile::TempDir;

const MISSING: &str =
    "these tests need PostgreSQL's server programs; on Debian: apt-get install postgresql (tests/run does it)";
/// Who owns everything in it.
const USER: &str = "tiendo";

/// Makes the cluster, then does what it is told, and removes everything when nobody holds the other end of its input any more.
const SCRIPT: &str = r#"
set -e
bin="$1" dir="$2" user="$3" port="$4"
start() {
  "$bin/pg_ctl" -D "$dir/data" -w -l "$dir/log" -o "-k '$dir' -p $port -c listen_addresses=127.0.0.1 -c max_connections=60" start >>"$dir/log" 2>&1
}
"$bin/initdb" -D "$dir/data" -U "$user" -A trust -E UTF8 --locale=C.UTF-8 >"$dir/log" 2>&1
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
rm -rf "$dir/data"
"#;

/// How a database goes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Going {
    /// In order: connections are closed.
    Stopped,
    /// At once, as by a power cut: it recovers at the next start.
    Crashed,
}

/// A database server with one database. It ends with this value.
#[derive(Debug)]
pub struct Database {
    // In this order: the keeper ends before its folder goes.
    input: Option<ChildStdin>,
    keeper: Child,
    answers: Lines<BufReader<ChildStdout>>,
    folder: TempDir,
    programs: PathBuf,
    port: u16,
}

impl Database {
    /// Starts one.
    ///
    /// # Panics
    /// Without PostgreSQL's programs.
    #[must_use]
    pub fn start() -> Self {
        let programs = programs().expect(MISSING);
        let folder = tempfile::Builder::new().prefix("tiendo-pg-").tempdir().expect("a temporary folder");
        // Free now; whoever takes it in between makes the start fail.
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
        let mut command = shell(folder.path());
        command.args(["-c", SCRIPT, "sh"]).arg(&programs).arg(folder.path()).arg(USER).arg(free.port().to_string());
        let command = command.current_dir("/").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut keeper = command.spawn().expect("a shell");
        let answers = BufReader::new(keeper.stdout.take().expect("piped")).lines();
        let input = keeper.stdin.take();
        let mut database = Self { input, keeper, answers, folder, programs, port: free.port() };
        database.wait();
        let _ = database.ask("CREATE DATABASE tiendo", "postgres");
        database
    }

    fn wait(&mut self) {
        let said = self.answers.next();
        let log = || fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        assert!(said.is_some_and(|said| said.is_ok_and(|said| said == "done")), "PostgreSQL: {}", log());
    }

    fn tell(&mut self, word: &str) {
        writeln!(self.input.as_mut().expect("a keeper"), "{word}").expect("the keeper listens");
        self.wait();
    }

    /// Takes it away.
    ///
    /// # Panics
    /// When it does not end.
    pub fn go(&mut self, going: Going) {
        self.tell(match going {
            Going::Stopped => "fast",
            Going::Crashed => "immediate",
        });
    }

    /// Gives it back, at the same address.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn come_back(&mut self) {
        self.tell("start");
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.port).into()
    }

    /// The address of its database, asked at this port of the loopback.
    #[must_use]
    pub fn url_at(&self, address: SocketAddr) -> String {
        format!("postgres://{USER}@{address}/tiendo?sslmode=disable")
    }

    /// The address of its database.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_at(self.address())
    }

    /// Asks something in the database as somebody else would: what `psql` prints.
    ///
    /// # Panics
    /// When it fails.
    #[must_use]
    pub fn psql(&self, sql: &str) -> String {
        self.ask(sql, "tiendo")
    }

    fn ask(&self, sql: &str, database: &str) -> String {
        let port = self.port.to_string();
        let mut command = Command::new(self.programs.join("psql"));
        command.args(["-h", "127.0.0.1", "-p", &port, "-U", USER, "-d", database]);
        command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql]).current_dir("/");
        let output = command.output().expect("psql");
        assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // The end of its input is what it waits for.
        drop(self.input.take());
        let _ = self.keeper.wait();
    }
}

/// A shell that may run the server, which does not run as root: Debian's package makes a user for it.
fn shell(folder: &Path) -> Command {
    use std::os::unix::fs::MetadataExt;
    if fs::metadata("/proc/self").expect("/proc").uid() != 0 {
        return Command::new("sh");
    }
    let user = Command::new("id").args(["-u", "postgres"]).output().expect("id");
    let id = String::from_utf8(user.stdout).ok().and_then(|text| text.trim().parse().ok()).expect(MISSING);
    chown(folder, Some(id), None).expect("the folder's owner");
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--", "sh"]);
    command
}

/// Where the server's programs are: the newest that Debian's packages brought, else beside whatever is on the path.
fn programs() -> Option<PathBuf> {
    let packaged = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().filter_map(|entry| {
        let entry = entry.ok()?;
        Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path().join("bin")))
    });
    let newest = packaged.filter(|(_, bin)| bin.join("postgres").exists()).max().map(|(_, bin)| bin);
    newest.or_else(|| {
        let paths = std::env::var_os("PATH")?;
        std::env::split_paths(&paths).find(|folder| folder.join("initdb").exists())
    })
}
