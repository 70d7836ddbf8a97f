//! Where the database is, and how it is spoken to: in the open only within this computer.

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use std::{
    fmt, fs,
    net::IpAddr,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
    time::Duration,
};
use thiserror::Error;
use tokio_postgres::{
    Config,
    config::{Host, SslMode, TargetSessionAttrs},
};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(5);
/// How long sent bytes may stay unanswered on the way.
const UNANSWERED: Duration = Duration::from_secs(20);
/// Largest file with a password, in bytes.
const MAX_PASSWORD_BYTES: u64 = 4_096;

/// Why a database is not spoken to.
#[derive(Debug, Error)]
pub enum AddressError {
    /// Not readable as one. The address itself is not said: it may hold a password.
    #[error("not the address of a PostgreSQL database (postgres://user@host:port/database): {0}")]
    Unreadable(String),
    /// No encryption was wanted, beyond this computer.
    #[error("sslmode={0} would send figures and passwords in the open to another computer")]
    Open(&'static str),
    /// A file that it names.
    #[error("{path}: {reason}")]
    File {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// The address of a database.
#[derive(Clone)]
pub struct Address {
    config: Config,
    tls: MakeRustlsConnect,
    shown: String,
}

impl Address {
    /// Reads an address; with a password from a file where one is given.
    ///
    /// Beyond this computer the connection is encrypted and the server's certificate checked, by `sslrootcert` (PEM) or else by the
    /// authorities that browsers know.
    ///
    /// # Errors
    /// [`AddressError`]
    pub fn read(url: &str, password_file: Option<&Path>) -> Result<Self, AddressError> {
        let (mut config, roots) = parsed(url)?;
        if let Some(path) = password_file {
            config.password(password(path)?);
        }
        let shown = shown(&config);
        Ok(Self { config, tls: tls(roots.as_deref())?, shown })
    }

    /// Whether an address can be read; the files that it names are not looked at.
    ///
    /// # Errors
    /// [`AddressError`]
    pub fn check(url: &str) -> Result<(), AddressError> {
        parsed(url).map(drop)
    }

    /// What a connection is made by.
    pub(super) fn parts(&self) -> (Config, MakeRustlsConnect) {
        (self.config.clone(), self.tls.clone())
    }
}

/// What a connection is made by, and the file with the authorities.
fn parsed(url: &str) -> Result<(Config, Option<PathBuf>), AddressError> {
    let (url, roots, is_strict) = own_settings(url)?;
    let unreadable = |error: tokio_postgres::Error| {
        AddressError::Unreadable(std::error::Error::source(&error).unwrap_or(&error).to_string())
    };
    let mut config = Config::from_str(&url).map_err(unreadable)?;
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        return Err(AddressError::Unreadable("no host".into()));
    }
    let beyond = config.get_hosts().iter().any(is_beyond) || config.get_hostaddrs().iter().any(|ip| !ip.is_loopback());
    match config.get_ssl_mode() {
        SslMode::Disable if beyond => return Err(AddressError::Open("disable")),
        _ if beyond || is_strict => {
            config.ssl_mode(SslMode::Require);
        }
        // Within this computer nobody listens.
        SslMode::Prefer => {
            config.ssl_mode(SslMode::Disable);
        }
        _ => {}
    }
    config.connect_timeout(CONNECT).tcp_user_timeout(UNANSWERED).application_name("province-aggregator");
    // Of several hosts the one that writes.
    config.target_session_attrs(TargetSessionAttrs::ReadWrite);
    Ok((config, roots))
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Address").field(&self.shown).finish()
    }
}

/// Takes out what the driver does not read: `sslrootcert`, and the modes that check the certificate, which is always checked here.
fn own_settings(url: &str) -> Result<(String, Option<PathBuf>, bool), AddressError> {
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        return Err(AddressError::Unreadable("it does not begin with postgres://".into()));
    }
    let Some((base, query)) = url.split_once('?') else { return Ok((url.to_owned(), None, false)) };
    let (mut kept, mut roots, mut is_strict) = (Vec::new(), None, false);
    for pair in query.split('&') {
        match pair.split_once('=') {
            Some(("sslrootcert", path)) => roots = Some(PathBuf::from(path.replace("%2F", "/").replace("%2f", "/"))),
            Some(("sslmode", "verify-full" | "verify-ca" | "require")) => is_strict = true,
            Some(("sslmode", "allow")) => kept.push("sslmode=prefer"),
            _ => kept.push(pair),
        }
    }
    let query = if kept.is_empty() { String::new() } else { format!("?{}", kept.join("&")) };
    Ok((format!("{base}{query}"), roots, is_strict))
}

fn is_beyond(host: &Host) -> bool {
    match host {
        Host::Unix(_) => false,
        Host::Tcp(name) => match name.parse::<IpAddr>() {
            Ok(ip) => !ip.is_loopback(),
            Err(_) => name != "localhost",
        },
    }
}

/// Where it is, without who and by which password.
fn shown(config: &Config) -> String {
    let hosts = config.get_hosts().iter().zip(0..).map(|(host, at)| {
        let port = config.get_ports().get(at).or(config.get_ports().first()).copied().unwrap_or(5432);
        match host {
            Host::Tcp(name) => format!("{name}:{port}"),
            Host::Unix(path) => format!("{}:{port}", path.display()),
        }
    });
    format!("postgres://{}/{}", hosts.collect::<Vec<_>>().join(","), config.get_dbname().unwrap_or_default())
}

fn password(path: &Path) -> Result<String, AddressError> {
    let wrong = |reason: String| AddressError::File { path: path.to_owned(), reason };
    let meta = fs::metadata(path).map_err(|error| wrong(error.to_string()))?;
    if meta.permissions().mode() & 0o077 != 0 {
        return Err(wrong("others can read it; chmod 600".into()));
    }
    if meta.len() > MAX_PASSWORD_BYTES {
        return Err(wrong("too large for a password".into()));
    }
    let text = fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn tls(roots: Option<&Path>) -> Result<MakeRustlsConnect, AddressError> {
    let mut known = RootCertStore::empty();
    match roots {
        None => known.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(path) => {
            let wrong = |reason: String| AddressError::File { path: path.to_owned(), reason };
            let pem = fs::read(path).map_err(|error| wrong(error.to_string()))?;
            for certificate in CertificateDer::pem_slice_iter(&pem) {
                let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
                known.add(certificate).map_err(|error| wrong(error.to_string()))?;
            }
            if known.is_empty() {
                return Err(wrong("no certificate in it".into()));
            }
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| AddressError::Unreadable(error.to_string()))?
        .with_root_certificates(known)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(url: &str) -> Result<SslMode, AddressError> {
        Ok(Address::read(url, None)?.config.get_ssl_mode())
    }

    #[test]
    fn nothing_goes_to_another_computer_in_the_open() {
        for (url, expected) in [
            ("postgres://an@db.example.vn/tiendo", SslMode::Require),
            ("postgres://an@10.0.0.7/tiendo?sslmode=prefer", SslMode::Require),
            ("postgres://an@db.example.vn/tiendo?sslmode=verify-full", SslMode::Require),
            ("postgres://an@db.example.vn/tiendo?sslmode=allow", SslMode::Require),
            ("postgres://an@localhost,db.example.vn/tiendo", SslMode::Require),
            ("postgres://an@localhost/tiendo", SslMode::Disable),
            ("postgres://an@127.0.0.1:5433/tiendo?sslmode=disable", SslMode::Disable),
            ("postgres://an@[::1]/tiendo?sslmode=require", SslMode::Require),
            ("postgres://an@%2Fvar%2Frun%2Fpostgresql/tiendo", SslMode::Disable),
            ("postgres:///tiendo?host=/var/run/postgresql", SslMode::Disable),
        ] {
            assert_eq!(mode(url).unwrap(), expected, "{url}");
        }
        for url in
            ["postgres://an@db.example.vn/t?sslmode=disable", "postgres://an@localhost,10.0.0.1/t?sslmode=disable"]
        {
            assert!(matches!(mode(url), Err(AddressError::Open(_))), "{url}");
        }
        for url in ["mysql://a/b", "postgres://a:x:y/b", "postgres:///tiendo", "postgres://an@localhost/t?nothing=1"] {
            assert!(matches!(mode(url), Err(AddressError::Unreadable(_))), "{url}");
        }
    }

    #[test]
    fn a_password_is_read_from_its_file_and_never_shown() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("password");
        fs::write(&path, "bí mật\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let url = "postgres://an:khac@localhost:5433/tiendo";
        assert!(matches!(Address::read(url, Some(&path)), Err(AddressError::File { .. })));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let address = Address::read(url, Some(&path)).unwrap();
        assert_eq!(address.config.get_password(), Some("bí mật".as_bytes()));
        assert_eq!(format!("{address} {address:?}"), format!("{0} Address({0:?})", "postgres://localhost:5433/tiendo"));
    }
}
