//! A PostgreSQL of our own for the tests: one for each test process, in a folder that goes with it, reached by a socket file, and over TLS on the
//! loopback.
//! Without the server's programs the tests fail: a store that was not tried is not one that works.

use super::{Address, PostgresStore};
use crate::sample::{self, act, moment};
use std::{
    fs,
    io::{BufRead, BufReader},
    net::TcpListener,
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

const MISSING: &str =
    "these tests need PostgreSQL's server programs; on Debian: apt-get install postgresql (tests/run does it)";
/// Who owns everything in it.
pub(crate) const USER: &str = "tiendo";

/// Makes the cluster, starts it, says so, and ends it when nobody holds the other end of its input any more. Texts sort by a
/// language's rules here, so that whatever relies on the order of bytes shows.
const SCRIPT: &str = r#"
set -e
bin="$1" dir="$2" user="$3" port="$4"
"$bin/initdb" -D "$dir/data" -U "$user" -A trust -E UTF8 --locale=C.UTF-8 --locale-provider=icu --icu-locale=vi >"$dir/log" 2>&1
"$bin/pg_ctl" -D "$dir/data" -w -l "$dir/log" -o "-k '$dir' -p $port -c listen_addresses=127.0.0.1 -c max_connections=400 -c ssl=on -c ssl_cert_file='$dir/server.pem' -c ssl_key_file='$dir/server.key'" start >>"$dir/log" 2>&1
echo ready
cat >/dev/null || true
"$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1
rm -rf "$dir"
"#;

struct Cluster {
    folder: PathBuf,
    programs: PathBuf,
    port: u16,
    /// Its input is held open as long as this process lives.
    _child: Child,
}

static CLUSTER: OnceLock<Cluster> = OnceLock::new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

fn cluster() -> &'static Cluster {
    CLUSTER.get_or_init(|| {
        let programs = programs().expect(MISSING);
        let folder = tempfile::Builder::new().prefix("tiendo-pg-").tempdir().unwrap().keep();
        // Free now; whoever takes it in between makes the start fail.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let own = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
        let key = folder.join("server.key");
        fs::write(folder.join("server.pem"), own.cert.pem()).unwrap();
        fs::write(&key, own.signing_key.serialize_pem()).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        let mut command = match fs::metadata("/proc/self").unwrap().uid() {
            // The server does not run as root; Debian's package makes a user for it.
            0 => {
                let user = Command::new("id").args(["-u", "postgres"]).output().unwrap();
                let id = String::from_utf8(user.stdout).unwrap().trim().parse().expect(MISSING);
                for path in [&folder, &key, &folder.join("server.pem")] {
                    chown(path, Some(id), None).unwrap();
                }
                let mut command = Command::new("runuser");
                command.args(["-u", "postgres", "--", "sh"]);
                command
            }
            _ => Command::new("sh"),
        };
        command.args(["-c", SCRIPT, "sh"]).arg(&programs).arg(&folder).arg(USER).arg(port.to_string()).current_dir("/");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        if line != "ready\n" {
            panic!("PostgreSQL did not start: {}", fs::read_to_string(folder.join("log")).unwrap_or_default());
        }
        Cluster { folder, programs, port, _child: child }
    })
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

/// The address of a new database.
pub(crate) fn database() -> String {
    let cluster = cluster();
    let name = format!("db{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    run(cluster, "createdb", &[&name]);
    format!("postgres://{USER}@{}:{}/{name}", cluster.folder.display().to_string().replace('/', "%2F"), cluster.port)
}

/// The same database over the loopback, and the certificate that the server shows.
pub(crate) fn over_the_line(url: &str) -> (String, PathBuf) {
    let (cluster, name) = (cluster(), url.rsplit('/').next().unwrap());
    (format!("postgres://{USER}@localhost:{}/{name}", cluster.port), cluster.folder.join("server.pem"))
}

/// Does something in a database as somebody else would.
pub(crate) fn outside(url: &str, sql: &str) -> String {
    let name = url.rsplit('/').next().unwrap();
    run(cluster(), "psql", &["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", name, "-c", sql])
}

/// A program that goes on by itself, told what to do on its input.
pub(crate) fn console(url: &str) -> Child {
    let name = url.rsplit('/').next().unwrap();
    let mut command = command(cluster(), "psql", &["-X", "-q", "-A", "-t", "-d", name]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
}

fn command(cluster: &Cluster, program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(cluster.programs.join(program));
    command
        .args(["-h", cluster.folder.to_str().unwrap(), "-p", &cluster.port.to_string(), "-U", USER])
        .args(arguments)
        .current_dir(Path::new("/"));
    command
}

fn run(cluster: &Cluster, program: &str, arguments: &[&str]) -> String {
    let output = command(cluster, program, arguments).output().unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A new store in a database of its own, with its address.
pub(crate) async fn store() -> (String, PostgresStore) {
    let url = database();
    let address = Address::read(&url, None).unwrap();
    let made = PostgresStore::create(&address, sample::founding(), sample::catalogue().1, act(moment())).await;
    (url, made.unwrap())
}

/// Opens a store again.
pub(crate) async fn open(url: &str) -> PostgresStore {
    PostgresStore::open(&Address::read(url, None).unwrap()).await.unwrap()
}
