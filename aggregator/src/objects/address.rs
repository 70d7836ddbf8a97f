//! Which bucket holds the files, where it is, and by which keys: read and checked before anything is asked of it.

use super::{Bucket, ObjectsError, transport::Transport};
use hyper::Uri;
use object_store::{
    BackoffConfig, RetryConfig,
    aws::AmazonS3Builder,
    path::{Path as Key, PathPart},
};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use std::{
    fmt,
    fs::{self, File},
    io::Read,
    net::IpAddr,
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::Arc,
    time::Duration,
};
use zeroize::Zeroizing;

/// What the address of a bucket begins with.
const SCHEME: &str = "s3://";
/// Where Amazon's own buckets are, as far as nothing else is said.
const REGION: &str = "us-east-1";
/// Largest file with keys, or certificates, in bytes.
const MAX_FILE_BYTES: u64 = 1024 * 1024;
/// Longest name in a prefix, and all of it.
const MAX_PREFIX_BYTES: usize = 200;
/// A request is tried so often more, and not after this time.
const TRIES: (usize, Duration) = (3, Duration::from_secs(15));

/// A bucket, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketAddress {
    bucket: String,
    prefix: String,
    endpoint: Option<String>,
    region: String,
}

/// The keys. They are never shown.
pub struct Credentials {
    id: String,
    secret: Zeroizing<String>,
    token: Option<Zeroizing<String>>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials")
    }
}

fn wrong(key: &'static str, reason: impl Into<String>) -> ObjectsError {
    ObjectsError::Setting { key, reason: reason.into() }
}

impl BucketAddress {
    /// Reads `s3://bucket/prefix`, the endpoint of a server that is not Amazon's, and the region.
    ///
    /// # Errors
    /// [`ObjectsError::Setting`], also for an endpoint beyond this computer that is not encrypted.
    pub fn read(url: &str, endpoint: Option<&str>, region: Option<&str>) -> Result<Self, ObjectsError> {
        let rest = url.strip_prefix(SCHEME).ok_or_else(|| wrong("evidence.url", "it does not begin with s3://"))?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let is_name = (3..=63).contains(&bucket.len())
            && bucket.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.'));
        if !is_name {
            return Err(wrong("evidence.url", format!("{bucket:?} is no name of a bucket")));
        }
        let prefix = prefix.trim_end_matches('/');
        let fits = |part: &str| PathPart::parse(part).is_ok() && !part.is_empty();
        if prefix.len() > MAX_PREFIX_BYTES || !(prefix.is_empty() || prefix.split('/').all(fits)) {
            return Err(wrong("evidence.url", format!("{prefix:?} cannot stand before the names of files")));
        }
        if let Some(endpoint) = endpoint {
            check_endpoint(endpoint)?;
        }
        let region = region.unwrap_or(REGION);
        if region.is_empty() || !region.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            return Err(wrong("evidence.region", format!("{region:?} is no region")));
        }
        Ok(Self {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
            endpoint: endpoint.map(|endpoint| endpoint.trim_end_matches('/').to_owned()),
            region: region.to_owned(),
        })
    }

    /// The bucket, by these keys; of further authorities, where a file names some. Nothing is asked of it yet.
    ///
    /// # Errors
    /// The file with authorities cannot be read.
    pub fn open(&self, keys: &Credentials, authorities: Option<&Path>) -> Result<Bucket, ObjectsError> {
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&self.bucket)
            .with_region(&self.region)
            .with_access_key_id(&keys.id)
            .with_secret_access_key(keys.secret.as_str())
            .with_allow_http(self.endpoint.as_deref().is_some_and(|endpoint| endpoint.starts_with("http://")))
            .with_http_connector(Transport(tls(authorities)?))
            .with_retry(RetryConfig {
                backoff: BackoffConfig {
                    init_backoff: Duration::from_millis(100),
                    max_backoff: Duration::from_secs(2),
                    base: 2.0,
                },
                max_retries: TRIES.0,
                retry_timeout: TRIES.1,
            });
        if let Some(endpoint) = &self.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        if let Some(token) = &keys.token {
            builder = builder.with_token(token.as_str());
        }
        let store = builder.build().map_err(|error| wrong("evidence.url", error.to_string()))?;
        Ok(Bucket { store: Arc::new(store), prefix: Key::from(self.prefix.as_str()), shown: self.to_string() })
    }
}

impl fmt::Display for BucketAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}", self.bucket)?;
        if !self.prefix.is_empty() {
            write!(f, "/{}", self.prefix)?;
        }
        if let Some(endpoint) = &self.endpoint {
            write!(f, " ({endpoint})")?;
        }
        Ok(())
    }
}

/// In the open only within this computer.
fn check_endpoint(endpoint: &str) -> Result<(), ObjectsError> {
    let wrong = |reason: &str| Err(wrong("evidence.endpoint", reason));
    let Ok(uri) = endpoint.parse::<Uri>() else { return wrong("it is no address, write https://s3.example.vn") };
    let Some(authority) = uri.authority().filter(|authority| !authority.as_str().contains('@')) else {
        return wrong("host and port alone are needed, write https://s3.example.vn");
    };
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
        return wrong("host and port alone are needed, write https://s3.example.vn");
    }
    match uri.scheme_str() {
        Some("https") => Ok(()),
        Some("http") if host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback()) => Ok(()),
        Some("http") => wrong("http:// would send the communes' files in the open to another computer, write https://"),
        _ => wrong("it begins neither with https:// nor, within this computer, with http://"),
    }
}

impl Credentials {
    /// Reads keys from a file of mode 0600 in the usual form: `aws_access_key_id = …`, `aws_secret_access_key = …`, perhaps
    /// `aws_session_token = …`, a line each.
    ///
    /// # Errors
    /// [`ObjectsError::File`]; what stands in it is not told.
    pub fn read(path: &Path) -> Result<Self, ObjectsError> {
        let wrong = |reason: &str| ObjectsError::File { path: path.to_owned(), reason: reason.to_owned() };
        let about = fs::metadata(path).map_err(|error| wrong(&error.to_string()))?;
        if about.permissions().mode() & 0o077 != 0 {
            return Err(wrong("others can read it; chmod 600"));
        }
        let text = Zeroizing::new(String::from_utf8(content(path)?).map_err(|_| wrong("it is no text"))?);
        let value = |name: &str| {
            let lines = text.lines().filter_map(|line| line.split_once('='));
            let mut found = lines.filter(|(key, _)| key.trim() == name).map(|(_, value)| value.trim().to_owned());
            found.next().filter(|value| !value.is_empty() && value.bytes().all(|b| b.is_ascii_graphic()))
        };
        let needed = |name: &str| value(name).ok_or_else(|| wrong(&format!("there is no line `{name} = …`")));
        Ok(Self {
            id: needed("aws_access_key_id")?,
            secret: Zeroizing::new(needed("aws_secret_access_key")?),
            token: value("aws_session_token").map(Zeroizing::new),
        })
    }
}

fn content(path: &Path) -> Result<Vec<u8>, ObjectsError> {
    let wrong = |reason: String| ObjectsError::File { path: path.to_owned(), reason };
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes));
    read.map_err(|error| wrong(error.to_string()))?;
    if bytes.len() as u64 > MAX_FILE_BYTES { Err(wrong("it is too large".into())) } else { Ok(bytes) }
}

/// Believes the authorities that browsers know, or those of a file alone.
fn tls(authorities: Option<&Path>) -> Result<ClientConfig, ObjectsError> {
    let mut known = RootCertStore::empty();
    match authorities {
        None => known.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(path) => {
            let wrong = |reason: String| ObjectsError::File { path: path.to_owned(), reason };
            for certificate in CertificateDer::pem_slice_iter(&content(path)?) {
                let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
                known.add(certificate).map_err(|error| wrong(error.to_string()))?;
            }
            if known.is_empty() {
                return Err(wrong("there is no certificate in it".into()));
            }
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong("evidence.endpoint", error.to_string()))?
        .with_root_certificates(known);
    Ok(config.with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_and_nothing_leaves_this_computer_in_the_open() {
        let read = |url, endpoint| BucketAddress::read(url, endpoint, None);
        for (url, endpoint, shown) in [
            ("s3://tiendo", None, "s3://tiendo"),
            ("s3://tiendo/dong-nai/", None, "s3://tiendo/dong-nai"),
            ("s3://tiendo/a/b", Some("https://s3.example.vn/"), "s3://tiendo/a/b (https://s3.example.vn)"),
            ("s3://tiendo", Some("http://127.0.0.1:9000"), "s3://tiendo (http://127.0.0.1:9000)"),
            ("s3://tiendo", Some("http://[::1]:9000"), "s3://tiendo (http://[::1]:9000)"),
            ("s3://tiendo", Some("http://localhost:9000"), "s3://tiendo (http://localhost:9000)"),
        ] {
            assert_eq!(read(url, endpoint).unwrap().to_string(), shown);
        }
        for (url, endpoint) in [
            ("tiendo", None),
            ("https://tiendo", None),
            ("s3://", None),
            ("s3://Tien_Do", None),
            ("s3://tiendo/a//b", None),
            ("s3://tiendo/../b", None),
            ("s3://tiendo", Some("http://s3.example.vn")),
            ("s3://tiendo", Some("http://10.0.0.7:9000")),
            ("s3://tiendo", Some("https://an:mat-khau@s3.example.vn")),
            ("s3://tiendo", Some("https://s3.example.vn/s3")),
            ("s3://tiendo", Some("s3.example.vn")),
            ("s3://tiendo", Some("ftp://s3.example.vn")),
        ] {
            assert!(matches!(read(url, endpoint), Err(ObjectsError::Setting { .. })), "{url} {endpoint:?}");
        }
        assert!(BucketAddress::read("s3://tiendo", None, Some("a b")).is_err());
    }

    #[test]
    fn keys_are_read_from_a_file_that_is_the_owners_alone_and_never_shown() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("keys");
        let text = "[default]\n# khóa\naws_access_key_id = AK1\naws_secret_access_key=bi/mat+=\n";
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(Credentials::read(&path).unwrap_err().to_string().contains("chmod 600"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let keys = Credentials::read(&path).unwrap();
        assert_eq!((keys.id.as_str(), keys.secret.as_str(), keys.token.is_none()), ("AK1", "bi/mat+=", true));
        let address = BucketAddress::read("s3://tiendo", None, None).unwrap();
        assert!(!format!("{keys:?} {:?}", address.open(&keys, None).unwrap()).contains("mat"));
        fs::write(&path, "aws_access_key_id = AK1\n").unwrap();
        let told = Credentials::read(&path).unwrap_err().to_string();
        assert!(told.contains("aws_secret_access_key") && !told.contains("AK1"), "{told}");
    }
}
