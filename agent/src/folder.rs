//! The agent's data folder: where each thing lies, and that nobody else can read it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The folder of the system service.
const SYSTEM_FOLDER: &str = "/var/lib/commune-agent";

/// Paths within one data folder.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// A data folder at a path; nothing is touched yet.
    #[must_use]
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The usual place: the system's folder for root or where it can be read, else the user's own.
    #[must_use]
    pub fn usual() -> Self {
        let system = Path::new(SYSTEM_FOLDER);
        if is_root() || fs::read_dir(system).is_ok() {
            return Self::at(system);
        }
        let home = std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE")).unwrap_or_else(|| ".".into());
        Self::at(PathBuf::from(home).join(".local/share/commune-agent"))
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }
    /// `agent.toml`
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.root.join("agent.toml")
    }
    /// `store.db`
    #[must_use]
    pub fn store(&self) -> PathBuf {
        self.root.join("store.db")
    }
    /// `identity/`
    #[must_use]
    pub fn identity(&self) -> PathBuf {
        self.root.join("identity")
    }
    /// `evidence/`
    #[must_use]
    pub fn evidence(&self) -> PathBuf {
        self.root.join("evidence")
    }
    /// Held during a session with the province.
    #[must_use]
    pub fn sync_lock(&self) -> PathBuf {
        self.root.join("sync.lock")
    }
    /// Held by the running service.
    #[must_use]
    pub fn service_lock(&self) -> PathBuf {
        self.root.join("service.lock")
    }
    /// Held while the store is made or brought up to date.
    #[must_use]
    pub fn store_lock(&self) -> PathBuf {
        self.root.join("store.lock")
    }

    /// Makes the folder, readable by its owner only.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn create(&self) -> io::Result<()> {
        private_folder(&self.root)
    }
}

/// Makes a folder that only its owner can read; an existing one is made so.
pub(crate) fn private_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if fs::metadata(path)?.permissions().mode() & 0o777 != 0o700 {
            fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
        }
    }
    Ok(())
}

/// Makes what was renamed within a folder durable.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) { fs::File::open(path)?.sync_all() } else { Ok(()) }
}

fn is_root() -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0)
    }
    #[cfg(not(unix))]
    {
        false
    }
}
